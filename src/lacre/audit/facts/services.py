"""From the nodes of a Compose project to the facts of its services: the many spellings become one.

The only things asked of the machine are what symbolic links stand for, and the files that a service names
(`env_file`, the Dockerfile of `build`).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lacre.audit.facts.service import Build, EnvFile, Mount, Port, Room, Service, Variable
from lacre.audit.facts.text import Text
from lacre.audit.model import NotApplicable, Unknown
from lacre.audit.read.compose import Context, Project, ServiceNode
from lacre.audit.read.files import UnreadableError, read_text
from lacre.audit.read.merge import LISTED, RESET, as_mapping, split_volume
from lacre.audit.read.tree import Entry, Mapping, Node, Scalar, Sequence
from lacre.audit.read.variables import dotenv, fill

if TYPE_CHECKING:
    from lacre.audit.facts.dockerfile import Stage

_WINDOWS = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\|//[.?]/)")
_PORT = re.compile(
    r"^(?:(?P<ip>\[[0-9A-Fa-f:.%\w]*\]|\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*):)?"
    r"(?:(?P<published>[0-9-]*):)?(?P<target>[0-9-]+)(?:/(?P<protocol>\w+))?$"
)
_HOME = frozenset({"HOME"})
_HERE = frozenset({"PWD"})
_MANY = 10_000  # items of one list that are looked at; no service has as many


def services(project: Project) -> list[Service]:
    """The facts of every service of a project, in the order of its files."""
    made = {name: _Maker(node).service(len(project.services) - 1) for name, node in project.services.items()}
    return [_with_borrowed(service, made, project.services[name]) for name, service in made.items()]


class _Maker:
    """Makes the facts of one service."""

    def __init__(self, found: ServiceNode) -> None:
        self._found = found
        self._node = found.node
        self._context: Context = found.context

    # -- pieces

    def text(self, node: Node | None, path: str) -> Text | None:
        if not isinstance(node, Scalar) or node.null:
            return None
        filled = fill(node.text, self._context.values)
        return Text(filled.text, node.place, path, node.text, filled.unset)

    def value(self, *keys: str) -> Text | None:
        """The text at `keys`, from the service down."""
        return self.text(self.find(*keys), ".".join(keys))

    def find(self, *keys: str) -> Node | None:
        node: Node | None = self._node
        for key in keys:
            entry = node.get(key) if isinstance(node, Mapping) else None
            node = None if entry is None or entry.value.tag == RESET else entry.value
        return node

    def texts(self, *keys: str) -> tuple[Text, ...]:
        """A list of texts, or one text that stands for a list of one."""
        return tuple(self._texts(self.find(*keys), ".".join(keys)))

    def _texts(self, node: Node | None, path: str) -> Iterator[Text]:
        if isinstance(node, Sequence):
            for number, item in enumerate(node.items[:_MANY]):
                text = self.text(item, f"{path}[{number}]")
                if text is not None:
                    yield text
        else:
            text = self.text(node, path)
            if text is not None:
                yield text

    def variables(self, *keys: str) -> tuple[Variable, ...]:
        """`KEY: value` pairs, or a list of `KEY=value`."""
        node = self.find(*keys)
        return () if node is None else self._variables(as_mapping(node, keys[-1]), ".".join(keys))

    def _variables(self, node: Node, path: str) -> tuple[Variable, ...]:
        if not isinstance(node, Mapping):
            return ()
        made = []
        for name, entry in node.entries.items():
            value = entry.value
            if value.tag == RESET:
                continue
            if entry.key.tag == LISTED and "$" in name:
                made.append(self._listed(entry, path))
                continue
            where = f"{path}.{name}"
            if isinstance(value, Mapping):  # ulimits: {nofile: {soft: …, hard: …}}
                value = next((e.value for e in value.entries.values()), value)
            empty = isinstance(value, Scalar) and value.quoted and not value.text
            text = Text("", value.place, where) if empty else self.text(value, where)
            made.append(Variable(name, text, entry.key.place, where))
        return tuple(made)

    def _listed(self, entry: Entry, path: str) -> Variable:
        """A variable of a list with variables in its name: they may bring the value too, as in `${X:-A=b}`."""
        name, value = fill(entry.key.text, self._context.values).text, entry.value
        text = self.text(value, f"{path}.{name}")
        if text is None and "=" in name and "${" not in name:
            name, _, rest = name.partition("=")
            text = Text(rest, value.place, f"{path}.{name}", rest)
        return Variable(name, text, entry.key.place, f"{path}.{name}")

    def _passed_on(self, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        """A variable that is named without a value has that of `.env`, where it stands there."""
        values = self._context.values
        return tuple(
            replace(v, value=Text(values[v.name], v.place, v.path, f"${{{v.name}}}"))
            if v.value is None and v.name in values
            else v
            for v in variables
        )

    # -- the whole

    def service(self, neighbours: int) -> Service:
        """All facts of the service."""
        name = self._found.name
        limits = ("deploy", "resources", "limits")
        restart = self.value("restart")
        condition, attempts = self.value("deploy", "restart_policy", "condition"), None
        if condition is not None:
            restart, attempts = condition, self.value("deploy", "restart_policy", "max_attempts")
        return Service(
            name=name.text,
            at=name.place,
            file=name.place.file,
            image=self.value("image"),
            build=self._build(),
            user=self.value("user"),
            privileged=self.value("privileged"),
            read_only=self.value("read_only"),
            network_mode=self.value("network_mode"),
            pid=self.value("pid"),
            ipc=self.value("ipc"),
            uts=self.value("uts"),
            userns_mode=self.value("userns_mode"),
            cgroup=self.value("cgroup"),
            cgroup_parent=self.value("cgroup_parent"),
            restart=restart,
            restart_attempts=attempts,
            runtime=self.value("runtime"),
            oom_kill_disable=self.value("oom_kill_disable"),
            api_socket=self.value("use_api_socket"),
            hooks_privileged=tuple(self._hooks("privileged")),
            memory=self.value("mem_limit") or self.value(*limits, "memory"),
            cpus=self.value("cpus") or self.value("cpu_quota") or self.value(*limits, "cpus"),
            pids=self.value("pids_limit") or self.value(*limits, "pids"),
            cap_add=self.texts("cap_add"),
            cap_drop=self.texts("cap_drop"),
            security_opt=self.texts("security_opt"),
            devices=tuple(self._devices()),
            device_rules=self.texts("device_cgroup_rules"),
            mounts=tuple(self._mounts()),
            ports=tuple(self._ports()),
            expose=self.texts("expose"),
            environment=self._passed_on(self.variables("environment")),
            env_files=tuple(self._env_files()),
            labels=(*self.variables("labels"), *self.variables("deploy", "labels")),
            command=self.texts("command"),
            entrypoint=self.texts("entrypoint"),
            sysctls=self.variables("sysctls"),
            ulimits=self.variables("ulimits"),
            networks=self._names("networks"),
            groups=self.texts("group_add"),
            health_test=self.texts("healthcheck", "test"),
            health_off=self.value("healthcheck", "disable"),
            log_driver=self.value("logging", "driver"),
            log_options=self.variables("logging", "options"),
            log_room=self._log_room(),
            neighbours=neighbours,
            excuse=self._excuse(),
        )

    def _excuse(self) -> NotApplicable | Unknown | None:
        if self._found.lacks:
            return Unknown(self._found.lacks)
        if not {"image", "build", "provider"} & self._node.entries.keys():
            return NotApplicable("it has neither image nor build: a piece that is laid over another file")
        if "provider" in self._node.entries:
            return NotApplicable("it is no container: a provider runs it")
        return None

    def _hooks(self, key: str) -> Iterator[Text]:
        """What the hooks of the life cycle say of `key`."""
        for name in ("post_start", "pre_stop"):
            node = self.find(name)
            for number, item in enumerate(node.items[:_MANY] if isinstance(node, Sequence) else ()):
                entry = item.get(key) if isinstance(item, Mapping) else None
                text = self.text(entry.value, f"{name}[{number}].{key}") if entry else None
                if text is not None:
                    yield text

    def _log_room(self) -> Room | None:
        logging = self.find("logging")
        driver = logging.get("driver") if isinstance(logging, Mapping) else None
        if driver is None or not isinstance(logging, Mapping) or logging.get("options"):
            return None
        return Room(driver.key.place, logging.flow)

    def _names(self, key: str) -> tuple[Text, ...]:
        node = self.find(key)
        mapping = None if node is None else as_mapping(node, key)
        if not isinstance(mapping, Mapping):
            return ()
        return tuple(self._name(entry.key, key) for entry in mapping.entries.values())

    def _name(self, name: Scalar, key: str) -> Text:
        filled = self.text(name, key) if name.tag == LISTED else None
        text = filled.text if filled else name.text
        return Text(text, name.place, f"{key}.{text}", name.text, filled.unset if filled else ())

    def _build(self) -> Build | None:
        node = self.find("build")
        if node is None:
            return None
        context = self.value("build") if isinstance(node, Scalar) else self.value("build", "context")
        dockerfile = self.value("build", "dockerfile")
        inline = self.find("build", "dockerfile_inline")
        where = self._build_files(context, dockerfile)
        if isinstance(inline, Scalar):
            stage, unread = self._stage(inline.text, inline.place.file)
        elif isinstance(where, str):
            stage, unread = None, where
        else:
            stage, unread = self._stage_of(where[1])
        target = self.value("build", "target")
        unknown = isinstance(where, str) or inline is not None or not (target is None or target.known)
        folder, file = (None, None) if unknown or isinstance(where, str) else where
        return Build(
            place=node.place,
            arguments=self._passed_on(self.variables("build", "args")),
            privileged=self.value("build", "privileged"),
            network=self.value("build", "network"),
            entitlements=self.texts("build", "entitlements"),
            dockerfile=dockerfile,
            folder=folder,
            file=file,
            target=_said(target),
            stage=stage,
            unread=unread,
        )

    def _build_files(self, context: Text | None, dockerfile: Text | None) -> tuple[Path, Path] | str:
        """The context's folder and the Dockerfile, or why they are not known."""
        if any(text is not None and not text.known for text in (context, dockerfile)):
            return "where its Dockerfile is depends on a variable"
        where = "." if context is None else context.text
        if "://" in where or where.startswith("git@"):
            return "its Dockerfile is not on this machine"
        base = self._context.base(context.place.file if context else self._found.name.place.file)
        folder = base / where
        return folder, folder / (dockerfile.text if dockerfile else "Dockerfile")

    def _stage_of(self, file: Path) -> tuple[Stage | None, str]:
        try:
            return self._stage(read_text(file), str(file))
        except UnreadableError as error:
            return None, f"its Dockerfile was not read: {error.why}"

    def _stage(self, text: str, file: str) -> tuple[Stage | None, str]:
        """The stage that is built of a Dockerfile's text, or why it is not known."""
        from lacre.audit.facts.stages import stages  # noqa: PLC0415 - few services are built
        from lacre.audit.read.dockerfile import parse  # noqa: PLC0415

        target = self.value("build", "target")
        if target is not None and not target.known:
            return None, target.why_unknown
        try:
            made = stages(parse(text, file))
        except UnreadableError as error:
            return None, f"its Dockerfile was not read: {error.why}"
        if target is not None:
            for stage in made:
                if stage.name.lower() == target.text.lower():
                    return stage, ""
            return None, f"its Dockerfile has no stage {target.text}"
        return made[-1], ""

    def _devices(self) -> Iterator[Text]:
        node = self.find("devices")
        for number, item in enumerate(node.items[:_MANY] if isinstance(node, Sequence) else ()):
            source = item.get("source") if isinstance(item, Mapping) else None
            text = self.text(source.value if source else item, f"devices[{number}]")
            if text is not None:
                yield text

    # -- mounts

    def _mounts(self) -> Iterator[Mount]:
        node = self.find("volumes")
        made = (
            self._mount(item, f"volumes[{number}]")
            for number, item in enumerate(node.items[:_MANY] if isinstance(node, Sequence) else ())
        )
        # What is mounted last at a place is what is there.
        yield from {mount.target or mount.path: mount for mount in made if mount is not None}.values()
        for text in self.texts("tmpfs"):
            target, _, options = text.text.partition(":")
            yield Mount(
                kind="tmpfs",
                target=target,
                place=text.place,
                path=text.path,
                options=tuple(filter(None, options.split(","))),
            )
        for kind in ("secrets", "configs"):
            yield from self._files(kind)

    def _mount(self, item: Node, path: str) -> Mount | None:
        if isinstance(item, Mapping):
            return self._long_mount(item, path)
        text = self.text(item, path)
        if text is None:
            return None
        parts = split_volume(text.text)
        if len(parts) == 1:
            return Mount(kind="volume", target=_target(parts[0]), place=text.place, path=path)
        options = tuple(parts[2].split(",")) if len(parts) > 2 else ()
        source = Text(parts[0], text.place, path, text.raw, text.unset if "${" in parts[0] else ())
        propagation = next((o for o in options if o.lstrip("r") in ("shared", "slave", "private")), "")
        return self._placed(
            source, parts[1], path, read_only="ro" in options, propagation=propagation, options=options
        )

    def _long_mount(self, item: Mapping, path: str) -> Mount:
        def say(*keys: str) -> Text | None:
            node: Node | None = item
            for key in keys:
                entry = node.get(key) if isinstance(node, Mapping) else None
                node = None if entry is None else entry.value
            return self.text(node, path)

        kind = say("type")
        target, source, read_only = say("target"), say("source"), say("read_only")
        propagation = say("bind", "propagation")
        # the mapping's place ends where the next item begins: its first key is what a reader looks for
        here = item.place
        place = source.place if source else here._replace(end_line=here.line, end_column=here.column + 1)
        bound = kind is not None and kind.text in ("bind", "npipe")
        if source is not None and (kind is None or kind.text in ("bind", "volume", "npipe")):
            return self._placed(
                source,
                target.text if target else "",
                path,
                read_only=read_only is not None and read_only.true,
                propagation=propagation.text if propagation else "",
                bound=bound,
            )
        return Mount(
            kind=kind.text if kind else "volume",
            target=target.text if target else "",
            place=place,
            path=path,
            read_only=read_only is not None and read_only.true,
        )

    def _placed(
        self,
        source: Text,
        target: str,
        path: str,
        *,
        read_only: bool = False,
        propagation: str = "",
        options: tuple[str, ...] = (),
        bound: bool = False,
    ) -> Mount:
        kind, via = "volume", ""
        host: tuple[str, ...] = ()
        text = _stood_for(source)
        if bound or text[:1] in ("/", ".", "~") or _WINDOWS.match(text):
            kind = "npipe" if _WINDOWS.match(text) and "pipe" in text else "bind"
            host = host_paths(text, self._context.base(source.place.file))
        elif "${" in text:
            kind = "bind" if text.startswith("${") else "volume"
        else:
            device = self._device_of_volume(text)
            if device is not None:
                kind, via = "bind", f"volume {text}"
                host = host_paths(_stood_for(device), self._context.base(device.place.file))
        return Mount(
            kind=kind,
            target=_target(target),
            place=source.place,
            path=path,
            source=source if text == source.text else Text(text, source.place, path, source.raw),
            host=host,
            read_only=read_only,
            propagation=propagation,
            options=options,
            via=via,
        )

    def _device_of_volume(self, name: str) -> Text | None:
        """The host path that a named volume of the local driver stands for, when it is a bind in disguise."""
        volumes = self._context.top.get("volumes")
        entry = volumes.get(name) if volumes else None
        options = entry.value.get("driver_opts") if entry and isinstance(entry.value, Mapping) else None
        if options is None or not isinstance(options.value, Mapping):
            return None
        o, device = options.value.get("o"), options.value.get("device")
        binds = o is not None and isinstance(o.value, Scalar) and "bind" in o.value.text.split(",")
        return self.text(device.value, f"volumes.{name}") if device and binds else None

    def _files(self, kind: str) -> Iterator[Mount]:
        """Secrets and configs that are files of the host: Compose mounts those, whatever they are."""
        node = self.find(kind)
        shared = self._context.top.get(kind)
        for number, item in enumerate(node.items[:_MANY] if isinstance(node, Sequence) and shared else ()):
            source = item.get("source") if isinstance(item, Mapping) else None
            name = source.value if source else item
            entry = shared.get(name.text) if shared and isinstance(name, Scalar) else None
            file = entry.value.get("file") if entry and isinstance(entry.value, Mapping) else None
            text = self.text(file.value, f"{kind}[{number}]") if file else None
            if text is not None:
                yield Mount(
                    kind="bind",
                    target=f"/run/secrets/{name.text}" if isinstance(name, Scalar) else "",
                    place=name.place,
                    path=f"{kind}[{number}]",
                    source=text,
                    host=host_paths(_stood_for(text), self._context.base(text.place.file)),
                    read_only=True,
                    via=kind[:-1],
                )

    # -- ports, env files

    def _ports(self) -> Iterator[Port]:
        node = self.find("ports")
        for number, item in enumerate(node.items[:_MANY] if isinstance(node, Sequence) else ()):
            path = f"ports[{number}]"
            if isinstance(item, Mapping):
                values = {
                    key: self.text(entry.value, path)
                    for key in ("host_ip", "published", "target", "protocol")
                    if (entry := item.get(key))
                }
                target = values.get("target")
                yield Port(
                    address=_said(values.get("host_ip")).strip("[]"),
                    published=_said(values.get("published")),
                    target=_said(target),
                    protocol=_said(values.get("protocol")) or "tcp",
                    place=target.place if target else item.place,
                    path=path,
                    unset=tuple(name for value in values.values() if value for name in value.unset),
                )
                continue
            text = self.text(item, path)
            if text is not None:
                yield _short_port(text)

    def _env_files(self) -> Iterator[EnvFile]:
        node = self.find("env_file")
        items = node.items[:_MANY] if isinstance(node, Sequence) else [] if node is None else [node]
        for number, item in enumerate(items):
            entry = item.get("path") if isinstance(item, Mapping) else None
            name = self.text(entry.value if entry else item, f"env_file[{number}]")
            if name is None:
                continue
            if not name.known:
                yield EnvFile(name, (), name.why_unknown)
                continue
            try:
                values = dotenv(read_text(self._context.base(name.place.file) / name.text))
            except UnreadableError as error:
                required = item.get("required") if isinstance(item, Mapping) else None
                wanted = self.text(required.value, name.path) if required else None
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


def _target(text: str) -> str:
    """Where something is mounted, as Compose says it: one slash at the beginning, none at the end."""
    return "/" + text.strip("/") if text.startswith("/") else text


def _said(text: Text | None) -> str:
    return "" if text is None else text.text


def _stood_for(source: Text) -> str:
    """A source whose only unknown variable is one with a meaning: `$HOME` and `$PWD`."""
    text = source.text
    for names, meaning in ((_HOME, "~"), (_HERE, ".")):
        for name in names:
            text = text.replace(f"${{{name}}}", meaning) if text.startswith(f"${{{name}}}") else text
    return text


def host_paths(text: str, directory: Path) -> tuple[str, ...]:
    """The host paths that a bind source may mean, clean and absolute; `~` is kept, as nobody's in particular.

    The path as written, with `/var/run` as `/run`, and what it is here when links are followed.
    """
    if "${" in text or _WINDOWS.match(text):
        return (text.replace("\\", "/"),) if _WINDOWS.match(text) else ()
    if text.startswith("~"):
        return (posixpath.normpath(text),)
    whole = posixpath.normpath(posixpath.join(os.path.abspath(directory), text))  # noqa: PTH100 - no links yet
    whole = "/" + whole.lstrip("/")
    try:
        real = os.path.realpath(whole)
    except (OSError, ValueError):
        real = whole
    return tuple(dict.fromkeys((_run(whole), _run(real))))


def _run(path: str) -> str:
    return path.removeprefix("/var") if path == "/var/run" or path.startswith("/var/run/") else path


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
