"""The engine as checks look at it: what it says of itself, and what its process and file say."""

# ruff: noqa: PLC0415 - every audit imports the checks, and with them this: what is heavy is imported where used

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lacre.audit.facts.shown import dicts, part, texts

if TYPE_CHECKING:
    from lacre.engine.daemon import DaemonFacts
    from lacre.engine.inventory import EngineShown
    from lacre.host.dockerd import EngineFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """An engine. `facts` is its process, flags and file; `listening` the TCP addresses on which it really
    listens, None: not readable. `host_listening` the ports of the host on which anything does. `insecure` are
    registries by name or network, and mirrors by their address; None: it does not tell.

    `unused` are images that no container uses, `dangling` those among them without a name, `stopped` containers
    that do not run; all by name or short id.
    """

    name: str
    local: bool
    rootless: bool = False
    remapped: bool = False
    version: str = ""
    components: Mapping[str, str] = field(default_factory=dict)
    storage: str = ""
    storage_status: Mapping[str, str] = field(default_factory=dict)
    insecure: tuple[str, ...] | None = ()
    authorization: tuple[str, ...] = ()
    logging_driver: str = ""
    swarm: bool = False
    swarm_services: int | None = None
    listening: tuple[str, ...] | None = None
    images: int = 0
    unused: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()
    containers: int = 0
    stopped: tuple[str, ...] = ()
    facts: EngineFacts

    def value(self, key: str) -> tuple[Any, str]:
        """The value of a key of daemon.json that is in force, and why it is not known where that is not empty.

        None with no reason: nobody says, and the engine's default holds.
        """
        from lacre.host import dockerd

        found, why = dockerd.in_force(self.facts, key)
        if found is None:
            return None, why if self.local else "the engine runs on another machine, and does not say"
        return json.loads(found), ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where it is told to listen, by its command line and its file."""
        from lacre.host import jsontext

        of_file = jsontext.find(self.facts.node, ["hosts"])
        listed = [json.loads(self.facts.flags.get("hosts", "[]")), of_file.value if of_file else []]
        return tuple(str(host) for some in listed if isinstance(some, list) for host in some)


def asked_from(shown: EngineShown, *, local: bool) -> DaemonFacts:
    """What `lacre.host` wants to know of the engine, from what was asked already; without its containers."""
    from lacre.engine.daemon import DaemonFacts

    info = shown.info
    icc = next(
        (
            part(network, "Options").get("com.docker.network.bridge.enable_icc")
            for network in shown.networks
            if network.get("Name") == "bridge"
        ),
        None,
    )
    return DaemonFacts(
        version=str(info.get("ServerVersion") or ""),
        root_dir=str(info.get("DockerRootDir") or ""),
        local=local,
        live_restore=bool(info.get("LiveRestoreEnabled")),
        experimental=bool(info.get("ExperimentalBuild")),
        logging_driver=str(info.get("LoggingDriver") or ""),
        swarm=part(info, "Swarm").get("LocalNodeState") not in ("", "inactive", None),
        security=texts(info.get("SecurityOptions")),
        icc=None if icc is None else icc == "true",
        containers=(),
    )


def daemon(
    shown: EngineShown, facts: EngineFacts, *, local: bool, listening: tuple[str, ...] | None
) -> Daemon:
    """The engine's words as a fact."""
    info = shown.info
    security = texts(info.get("SecurityOptions"))
    used = {str(one.get("ImageID") or "") for one in shown.containers}
    unused = [image for image in shown.images if str(image.get("Id")) not in used]
    return Daemon(
        name=str(info.get("Name") or "engine"),
        local=local,
        rootless=any(option.startswith("name=rootless") for option in security),
        remapped=any(option.startswith("name=userns") for option in security),
        version=str(info.get("ServerVersion") or ""),
        components={
            str(one.get("Name") or "").lower(): _version(one)
            for one in dicts(shown.version.get("Components"))
        },
        storage=str(info.get("Driver") or ""),
        storage_status={
            str(pair[0]): str(pair[1]) for pair in info.get("DriverStatus") or () if len(pair) == 2
        },
        insecure=_insecure(part(info, "RegistryConfig")),
        authorization=texts(part(info, "Plugins").get("Authorization")),
        logging_driver=str(info.get("LoggingDriver") or ""),
        swarm=part(info, "Swarm").get("LocalNodeState") not in ("", "inactive", None),
        swarm_services=len(shown.swarm.services) if shown.swarm.swarm is not None else None,
        listening=listening,
        images=len(shown.images),
        unused=tuple(image_name(image) for image in unused),
        dangling=tuple(image_name(image) for image in unused if not image_tags(image)),
        containers=len(shown.containers),
        stopped=tuple(
            str((one.get("Names") or ["?"])[0]).lstrip("/")
            for one in shown.containers
            if str(one.get("State")) in ("exited", "created", "dead")
        ),
        facts=facts,
    )


def image_tags(image: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that an image has here; those without a tag are none."""
    return tuple(tag for tag in texts(image.get("RepoTags")) if not tag.endswith(":<none>"))


def image_name(image: Mapping[str, Any]) -> str:
    """What an image is called: its first name, else its short id."""
    tags = image_tags(image)
    return min(tags) if tags else str(image.get("Id") or "").removeprefix("sha256:")[:12]


def _version(component: Mapping[str, Any]) -> str:
    """A distribution's own number, where it has one, tells more than the one of the program."""
    commit = str(part(component, "Details").get("GitCommit") or "")
    version = str(component.get("Version") or "")
    number = commit.partition("-")[0].partition("+")[0]
    return commit if "-" in commit and number in version else version


def _insecure(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Registries and mirrors that are spoken to without TLS; loopback left out, which the engine always adds.

    None where there is no configuration: an engine has at least those networks in it.
    """
    if not config:
        return None
    networks = [text for text in texts(config.get("InsecureRegistryCIDRs")) if text not in _LOOPBACK]
    indexes = part(config, "IndexConfigs")
    names = [str(name) for name in indexes if part(indexes, name).get("Secure") is False]
    mirrors = [
        url
        for url in texts(config.get("Mirrors"))
        if url.lower().startswith("http://") and not is_loopback(host_of(url))
    ]
    return tuple(sorted({*networks, *names, *mirrors}))


_LOOPBACK = ("127.0.0.0/8", "::1/128")


def host_of(url: str) -> str:
    """The host in a URL; empty where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether only the host itself is meant by this name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
