"""What is under the containers: the engine's process and files, its host, its swarm; each read once."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lacre.audit.facts import daemon, host
from lacre.audit.facts.daemon import Daemon
from lacre.audit.facts.host import Host, Role, Watched
from lacre.audit.facts.shown import texts
from lacre.audit.facts.swarm import Swarm, swarm
from lacre.audit.model import Unknown
from lacre.engine import process
from lacre.engine.inventory import EngineShown
from lacre.engine.kernel import listener
from lacre.engine.listening import inodes, listeners
from lacre.engine.reader import Reader
from lacre.host import dockerd, jsontext
from lacre.host import facts as of_host
from lacre.host.daemon import engines, root_of
from lacre.host.dockerd import EngineFacts
from lacre.host.files import Root
from lacre.host.model import Profile
from lacre.host.processes import Process
from lacre.host.settings import SETTINGS
from lacre.host.states import states

if TYPE_CHECKING:
    from lacre.engine.daemon import DaemonFacts

_DATA = "/var/lib/docker"
_SOCKET = "/run/docker.sock"
_AUDITCTL_SECONDS = 10.0
_MANAGERS = 2377  # the port on which the managers of a swarm listen, dockerd(8)
_FAR = "the engine runs on another machine, or lacre runs in a container"


def beneath(reader: Reader, shown: EngineShown, *, local: bool, trust: str) -> tuple[Daemon, Host, Swarm]:
    """The engine, the host under it, and its swarm. `trust` is DOCKER_CONTENT_TRUST of this process."""
    asked = daemon.asked_from(shown, local=local)
    if not local:
        far = EngineFacts(there=True, asked=asked)
        return (
            daemon.daemon(shown, far, local=False, listening=None),
            Host(name=str(shown.info.get("Name") or "host"), excuse=Unknown(_FAR)),
            swarm(shown.swarm, None),
        )
    told = of_host.read(Root(), SETTINGS, lambda: asked)
    rootless = any(option.startswith("name=rootless") for option in texts(shown.info.get("SecurityOptions")))
    socket = reader.address.removeprefix("unix://")
    facts = _facts_of(told, socket, asked, rootless=rootless)
    every = listeners(facts.pid or "self")
    own = inodes(facts.pid) if facts.pid else frozenset()
    listening = managers = None
    if every is not None:
        tcp = [one for one in every if one.protocol == "tcp"]
        listening = tuple(f"{one.address}:{one.port}" for one in tcp if one.inode in own) if own else None
        managers = tuple(one.address for one in tcp if one.port == _MANAGERS)
    root = root_of(Root(), facts.pid)
    return (
        daemon.daemon(shown, facts, local=True, listening=listening),
        replace(
            _host(root, facts, socket, str(shown.info.get("DockerRootDir") or ""), trust),
            name=str(shown.info.get("Name") or "host"),
            rootless=rootless,
            settings=states(replace(told, engine=facts), Profile.CONTAINER_HOST, SETTINGS),
        ),
        swarm(shown.swarm, managers),
    )


def host_alone(trust: str) -> Host:
    """This host, where its engine does not answer."""
    root = Root()
    told = of_host.read(root, SETTINGS, None)
    return replace(
        _host(root, told.engine, _SOCKET, _DATA, trust),
        name=os.uname().nodename,
        settings=states(told, Profile.CONTAINER_HOST, SETTINGS),
    )


def _facts_of(told: of_host.Facts, socket: str, asked: DaemonFacts, *, rootless: bool) -> EngineFacts:
    """The engine that answers at `socket`: of several on one host it is the one that listens there, else, as systemd
    may have opened the socket for it, the one that was told to.

    A rootless one may know its place from its environment alone.
    """
    owner = _owner(socket) if rootless else 0
    running = engines(told.processes, owner)
    behind = listener(socket)
    found = next(
        (one for one in running if one.pid == behind),
        next((one for one in running if _listens(one, socket)), None),
    )
    if rootless:
        found = found or next(iter(running), None)
        return _of_process(found, f"{_home(owner)}/.config/docker/daemon.json", asked)
    if found is None or found.pid == told.engine.pid:
        return told.engine
    return _of_process(found, dockerd.CONFIG, asked)


def _listens(one: Process, socket: str) -> bool:
    hosts = jsontext.parse(dockerd.flags(one.command).get("hosts", "[]")).value
    return f"unix://{socket}" in hosts


def _of_process(found: Process | None, config: str, asked: DaemonFacts) -> EngineFacts:
    given = dockerd.flags(found.command) if found else {}
    if "config-file" in given:
        config = str(jsontext.parse(given["config-file"]).value)
    root = root_of(Root(), found.pid if found else 0)
    text, broken = of_host.configuration(root, config)
    return EngineFacts(
        there=True,
        running=found is not None,
        pid=found.pid if found else 0,
        config=config,
        text=text,
        broken=broken,
        stale=found is not None and of_host.stale(Root(), found.pid, root, config),
        flags=given,
        asked=asked,
    )


def _owner(socket: str) -> int:
    try:
        return Path(socket).stat().st_uid
    except OSError:
        return os.geteuid()


def _home(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return ""


def _host(root: Root, facts: EngineFacts, socket: str, data_root: str, trust: str) -> Host:
    group = _configured(facts, "group") or "docker"
    files, unreadable = host.files(
        root,
        socket=socket,
        data_root=data_root,
        config=facts.config,
        tls={
            role: path
            for role, key in ((Role.CA, "tlscacert"), (Role.CERTIFICATE, "tlscert"), (Role.KEY, "tlskey"))
            if (path := _configured(facts, key))
        },
    )
    logins, unread_logins = host.plain_logins(root, _homes(root))
    return Host(
        files=files,
        unreadable=unreadable,
        data_root=data_root,
        data_apart=host.data_apart(data_root, facts.pid),
        group=group,
        members=host.members(root, group),
        watched=_watched(root),
        trust=host.trust(root, trust),
        plain_logins=logins,
        unread_logins=unread_logins,
    )


def _configured(facts: EngineFacts, key: str) -> str:
    found = facts.configured(key)
    value = jsontext.parse(found[0]).value if found else ""
    return value if isinstance(value, str) else ""


def _homes(root: Root) -> Iterable[str]:
    return ("/root", *(f"/home/{name}" for name in root.names("/home")))


def _watched(root: Root) -> Watched:
    """The rules of the kernel's audit: those in force where `auditctl` tells them, else those of the files."""
    program = shutil.which("auditctl", path="/usr/sbin:/sbin:/usr/bin:/bin")
    configured = host.rules_of_files(root)
    if program is None:
        return Watched(
            there=configured is not None, rules=configured, configured=True, why="there is no auditctl"
        )
    asked = [process.run([program, what], seconds=_AUDITCTL_SECONDS) for what in ("-s", "-l")]
    for said in asked:
        if said.code != 0 or said.timed_out:
            why = (said.stderr.strip().splitlines() or ["it did not answer"])[0][:200]
            return Watched(there=True, rules=configured, configured=True, why=f"auditctl: {why}")
    status, rules = (said.stdout.splitlines() for said in asked)
    return Watched(
        there=True,
        off="enabled 0" in status,
        rules=tuple(line for line in rules if line.startswith("-")),
    )
