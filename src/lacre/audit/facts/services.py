"""From the nodes of a Compose project to the facts of its services: the many spellings become one.

The only things asked of the machine are what symbolic links stand for, and the files that a service names
(`env_file`, the Dockerfile of `build`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lacre.audit.facts.build import build
from lacre.audit.facts.mounts import mounts
from lacre.audit.facts.pieces import Pieces, said
from lacre.audit.facts.service import EnvFile, Mount, Port, Room, Service, Variable
from lacre.audit.facts.text import Text
from lacre.audit.model import NotApplicable, Unknown
from lacre.audit.read.compose import Context, Project, ServiceNode
from lacre.audit.read.files import UnreadableError, read_text
from lacre.audit.read.merge import split_volume
from lacre.audit.read.tree import Entry, Mapping, Scalar, Sequence
from lacre.audit.read.variables import dotenv, raw

_PORT = re.compile(
    r"^(?:(?P<ip>\[[0-9A-Fa-f:.%\w]*\]|\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*):)?"
    r"(?:(?P<published>[0-9-]*):)?(?P<target>[0-9-]+)(?:/(?P<protocol>\w+))?$"
)


def services(project: Project) -> list[Service]:
    """The facts of every service of a project, in the order of its files."""
    made = {name: _service(node, len(project.services) - 1) for name, node in project.services.items()}
    return [_with_borrowed(service, made, project.services[name]) for name, service in made.items()]


def _service(found: ServiceNode, neighbours: int) -> Service:
    pieces = Pieces(found)
    name = found.name
    limits = ("deploy", "resources", "limits")
    restart = pieces.value("restart")
    condition, attempts = pieces.value("deploy", "restart_policy", "condition"), None
    if condition is not None:
        restart, attempts = condition, pieces.value("deploy", "restart_policy", "max_attempts")
    return Service(
        name=name.text,
        at=name.place,
        file=name.place.file,
        image=pieces.value("image"),
        build=build(pieces),
        user=pieces.value("user"),
        privileged=pieces.value("privileged"),
        read_only=pieces.value("read_only"),
        network_mode=pieces.value("network_mode"),
        pid=pieces.value("pid"),
        ipc=pieces.value("ipc"),
        uts=pieces.value("uts"),
        userns_mode=pieces.value("userns_mode"),
        cgroup=pieces.value("cgroup"),
        cgroup_parent=pieces.value("cgroup_parent"),
        restart=restart,
        restart_attempts=attempts,
        runtime=pieces.value("runtime"),
        oom_kill_disable=pieces.value("oom_kill_disable"),
        api_socket=pieces.value("use_api_socket"),
        hooks_privileged=tuple(_hooks(pieces, "privileged")),
        memory=pieces.value("mem_limit") or pieces.value(*limits, "memory"),
        cpus=pieces.value("cpus") or pieces.value("cpu_quota") or pieces.value(*limits, "cpus"),
        pids=pieces.value("pids_limit") or pieces.value(*limits, "pids"),
        cap_add=pieces.texts("cap_add"),
        cap_drop=pieces.texts("cap_drop"),
        security_opt=pieces.texts("security_opt"),
        devices=tuple(_devices(pieces)),
        device_rules=pieces.texts("device_cgroup_rules"),
        mounts=tuple(mounts(pieces)),
        ports=tuple(_ports(pieces)),
        expose=pieces.texts("expose"),
        environment=pieces.passed_on(pieces.variables("environment")),
        env_files=tuple(_env_files(pieces)),
        labels=(*pieces.variables("labels"), *pieces.variables("deploy", "labels")),
        command=pieces.texts("command"),
        entrypoint=pieces.texts("entrypoint"),
        sysctls=pieces.variables("sysctls"),
        ulimits=pieces.variables("ulimits"),
        networks=pieces.names("networks"),
        groups=pieces.texts("group_add"),
        health_test=pieces.texts("healthcheck", "test"),
        health_off=pieces.value("healthcheck", "disable"),
        log_driver=pieces.value("logging", "driver"),
        log_options=pieces.variables("logging", "options"),
        log_room=_log_room(pieces),
        neighbours=neighbours,
        excuse=_excuse(pieces),
    )


def _excuse(pieces: Pieces) -> NotApplicable | Unknown | None:
    if pieces.found.lacks:
        return Unknown(pieces.found.lacks)
    if not {"image", "build", "provider"} & pieces.found.node.entries.keys():
        return NotApplicable("it has neither image nor build: a piece that is laid over another file")
    if "provider" in pieces.found.node.entries:
        return NotApplicable("it is no container: a provider runs it")
    return None


def _hooks(pieces: Pieces, key: str) -> Iterator[Text]:
    """What the hooks of the life cycle say of `key`."""
    for name in ("post_start", "pre_stop"):
        for number, item in enumerate(pieces.items(name)):
            entry = item.get(key) if isinstance(item, Mapping) else None
            text = pieces.text(entry.value, f"{name}[{number}].{key}") if entry else None
            if text is not None:
                yield text


def _log_room(pieces: Pieces) -> Room | None:
    logging = pieces.find("logging")
    driver = logging.get("driver") if isinstance(logging, Mapping) else None
    if driver is None or not isinstance(logging, Mapping) or logging.get("options"):
        return None
    return Room(driver.key.place, logging.flow)


def _devices(pieces: Pieces) -> Iterator[Text]:
    for number, item in enumerate(pieces.items("devices")):
        source = item.get("source") if isinstance(item, Mapping) else None
        text = pieces.text(source.value if source else item, f"devices[{number}]")
        if text is not None:
            yield text


def _ports(pieces: Pieces) -> Iterator[Port]:
    for number, item in enumerate(pieces.items("ports")):
        path = f"ports[{number}]"
        if isinstance(item, Mapping):
            values = {
                key: pieces.text(entry.value, path)
                for key in ("host_ip", "published", "target", "protocol")
                if (entry := item.get(key))
            }
            target = values.get("target")
            yield Port(
                address=said(values.get("host_ip")).strip("[]"),
                published=said(values.get("published")),
                target=said(target),
                protocol=said(values.get("protocol")) or "tcp",
                place=target.place if target else item.place,
                path=path,
                unset=tuple(name for value in values.values() if value for name in value.unset),
            )
            continue
        text = pieces.text(item, path)
        if text is not None:
            yield _short_port(text)


def _env_files(pieces: Pieces) -> Iterator[EnvFile]:
    one = pieces.find("env_file")
    items = pieces.items("env_file") if isinstance(one, Sequence) or one is None else (one,)
    for number, item in enumerate(items):
        entry = item.get("path") if isinstance(item, Mapping) else None
        name = pieces.text(entry.value if entry else item, f"env_file[{number}]")
        if name is None:
            continue
        if not name.known:
            yield EnvFile(name, (), name.why_unknown)
            continue
        format = item.get("format") if isinstance(item, Mapping) else None
        parsed = raw if said(pieces.text(format.value, name.path) if format else None) == "raw" else dotenv
        try:
            values = parsed(read_text(pieces.context.base(name.place.file) / name.text))
        except UnreadableError as error:
            required = item.get("required") if isinstance(item, Mapping) else None
            wanted = pieces.text(required.value, name.path) if required else None
            if wanted is None or not wanted.false:
                yield EnvFile(name, (), error.why)
            continue
        yield EnvFile(
            name,
            tuple(
                Variable(key, Text(value, name.place, name.path, value), name.place, name.path)
                for key, value in values.items()
            ),
        )


def _short_port(text: Text) -> Port:
    """`[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]`; what does not fit is a port of which only the text is known."""
    found = _PORT.match(text.text)
    if found:
        return Port(
            address=(found["ip"] or "").strip("[]"),
            published=found["published"] or "",
            target=found["target"],
            protocol=found["protocol"] or "tcp",
            place=text.place,
            path=text.path,
            unset=text.unset,
        )
    parts = split_volume(text.text)  # the same colons, the same variables
    return Port(
        address=":".join(parts[:-2]).strip("[]"),
        published=parts[-2] if len(parts) > 1 else "",
        target=parts[-1].partition("/")[0],
        protocol=parts[-1].partition("/")[2] or "tcp",
        place=text.place,
        path=text.path,
        unset=text.unset,
    )


def _with_borrowed(service: Service, made: dict[str, Service], found: ServiceNode) -> Service:
    """`service` with the mounts that `volumes_from` brings, and what its networks are."""
    borrowed: list[Mount] = []
    entry = found.node.get("volumes_from")
    for item in entry.value.items if entry and isinstance(entry.value, Sequence) else ():
        if not isinstance(item, Scalar):
            continue
        name, _, mode = item.text.removeprefix("container:").partition(":")
        other = made.get(name)
        if other is None or other is service:
            continue
        borrowed += [
            replace(
                mount,
                place=item.place,
                path=f"volumes_from.{name}",
                via=f"volumes_from {name}",
                read_only=mount.read_only or mode == "ro",
            )
            for mount in other.mounts
            if mount.kind in ("bind", "volume") and not mount.path.startswith(("secrets", "configs"))
        ]
    external = _external(found.context, service.networks)
    if not borrowed and not external:
        return service
    return replace(service, mounts=(*service.mounts, *borrowed), external_networks=external)


def _external(context: Context, names: Iterable[Text]) -> tuple[str, ...]:
    networks = context.top.get("networks")
    if networks is None:
        return ()

    def is_external(entry: Entry | None) -> bool:
        value = entry.value.get("external") if entry and isinstance(entry.value, Mapping) else None
        return value is not None and not (isinstance(value.value, Scalar) and value.value.text == "false")

    return tuple(name.text for name in names if is_external(networks.get(name.text)))
