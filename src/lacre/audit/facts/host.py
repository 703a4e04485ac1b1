"""The host under an engine: owners and modes of the engine's files, who may use it, what is watched."""

from __future__ import annotations

import grp
import json
import posixpath
import pwd
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lacre.audit.facts import acl
from lacre.audit.facts.container import run
from lacre.audit.model import NotApplicable, Unknown
from lacre.engine.remapped import first_ids

if TYPE_CHECKING:
    from lacre.host.files import Root
    from lacre.host.model import State

_UNITS = ("/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
          "/run/systemd/generator.early", "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system",
          "/run/systemd/system.attached", "/run/systemd/generator", "/usr/local/lib/systemd/system",
          "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late")  # fmt: skip
"""Where systemd looks for units, the first that has one wins (systemd.unit(5)); /lib is a place of its own where it is
no link to /usr/lib.
"""
_PROGRAMS = ("dockerd", "docker-proxy", "docker-init", "containerd", "containerd-shim", "containerd-shim-runc-v1",
             "containerd-shim-runc-v2", "ctr", "runc", "crun", "docker")  # fmt: skip
_DIRECTORIES = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/libexec/docker")
_MANY = 500


class Role(StrEnum):
    """What a file is to the engine."""

    SERVICE = "the engine's unit"
    SOCKET_UNIT = "the socket's unit"
    CONFIG_DIRECTORY = "the engine's configuration directory"
    REGISTRY_CERTIFICATES = "certificates of registries"
    CA = "the certificate that clients are checked with"
    CERTIFICATE = "the engine's certificate"
    KEY = "the engine's private key"
    SOCKET = "the engine's socket"
    CONFIG = "the engine's configuration"
    DEFAULTS = "the engine's options in /etc/default"
    SYSCONFIG = "the engine's options in /etc/sysconfig"
    CONTAINERD_SOCKET = "containerd's socket"
    CONTAINERD_CONFIG = "containerd's configuration"
    PROGRAMS = "the engine's programs"
    DATA = "the engine's data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A user or group other than root's that an access list names. `rights`: 4 read, 2 write, 1 run, as the mask
    leaves them.
    """

    name: str
    group: bool
    rights: int

    def __str__(self) -> str:
        return f"the group {self.name}" if self.group else f"the user {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, with links followed. `kind` is "file", "directory", "socket" or "other"; names are numbers where
    nobody has that number. `named` are those to whom its access list gives rights, which the mode does not show.
    `replaced_in` is a directory above it in which others than root may put another in its place; empty: none.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    owner: str
    group: str
    named: tuple[Named, ...] = ()
    replaced_in: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the kernel's audit watches. `rules` are those in force (`auditctl -l`), or of the files where
    `configured`; None: unknown, and `why`. `there`: the host has the audit daemon. `off`: the kernel heeds no rule.
    """

    there: bool = False
    off: bool = False
    rules: tuple[str, ...] | None = None
    configured: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host. `excuse` is set where it cannot be looked at: an engine on another machine.

    `data_apart` tells whether the engine's data has a file system of its own, None: unknown. `trust` is where
    content trust is switched on. `members` are those of `group`, None: it is kept where lacre does not read.
    `plain_logins` are client configurations that hold a registry's password, `unread_logins` those that could not be
    looked at, each with its reason.
    """

    name: str = "host"
    excuse: Unknown | None = None
    rootless: bool = False
    files: Mapping[Role, tuple[File, ...]] = field(default_factory=dict)
    unreadable: Mapping[Role, str] = field(default_factory=dict)
    data_root: str = ""
    data_apart: bool | None = None
    group: str = "docker"
    members: tuple[str, ...] | None = ()
    watched: Watched = field(default_factory=Watched)
    trust: str = ""
    plain_logins: tuple[str, ...] = ()
    unread_logins: tuple[str, ...] = ()
    settings: tuple[State, ...] | None = None

    @property
    def data_groups(self) -> tuple[str, ...]:
        """The groups that the engine's data may belong to: where users are remapped, it is of theirs."""
        remapped = first_ids(self.data_root)
        return ("root", str(remapped[1])) if remapped else ("root",)

    def of(self, role: Role) -> tuple[File, ...]:
        """The files of one role that are there."""
        return self.files.get(role, ())

    @property
    def absent(self) -> NotApplicable:
        """What a check says where the file that it is about is not there."""
        return NotApplicable("it is not here")


def files(
    root: Root, *, socket: str, data_root: str, config: str, tls: Mapping[Role, str]
) -> tuple[dict[Role, tuple[File, ...]], dict[Role, str]]:
    """The engine's files by role, and of those that could not be looked at the first path with its reason."""
    wanted: dict[Role, Iterable[str]] = {
        Role.SERVICE: _unit(root, "docker.service"),
        Role.SOCKET_UNIT: _unit(root, "docker.socket"),
        Role.CONFIG_DIRECTORY: ("/etc/docker",),
        Role.REGISTRY_CERTIFICATES: list(_below(root, "/etc/docker/certs.d")),
        Role.SOCKET: (socket,) if socket else (),
        Role.CONFIG: (config,),
        Role.DEFAULTS: ("/etc/default/docker",),
        Role.SYSCONFIG: ("/etc/sysconfig/docker",),
        Role.CONTAINERD_SOCKET: ("/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock"),
        Role.CONTAINERD_CONFIG: ("/etc/containerd/config.toml",),
        Role.PROGRAMS: [f"{directory}/{name}" for directory in _DIRECTORIES for name in _PROGRAMS],
        Role.DATA: (data_root,) if data_root else (),
        **{role: (path,) for role, path in tls.items()},
    }
    found: dict[Role, tuple[File, ...]] = {}
    unreadable: dict[Role, str] = {}
    for role, paths in wanted.items():
        some = []
        for path in paths:
            try:
                one = file(root, path)
            except OSError as error:
                unreadable.setdefault(role, f"{path}: {error.strerror or error}")
                continue
            if one is not None:
                some.append(one)
        found[role] = tuple({(f.path): f for f in some}.values())
    return found, unreadable


def file(root: Root, path: str) -> File | None:
    """One file; None where there is none. OSError where it cannot be told."""
    place = root.at(root.resolved(path))
    try:
        seen = place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    users, groups = acl.named(place)
    from lacre.host.daemon import replaceable  # noqa: PLC0415 - only an audit of the host needs it

    return File(
        path=path,
        kind=next((name for name, is_kind in _KINDS if is_kind(seen.st_mode)), "other"),
        mode=stat.S_IMODE(seen.st_mode),
        uid=seen.st_uid,
        gid=seen.st_gid,
        owner=_name(seen.st_uid, _user),
        group=_name(seen.st_gid, _group),
        named=(
            *(Named(name=_name(one, _user), group=False, rights=rights) for one, rights in users if one),
            *(Named(name=_name(one, _group), group=True, rights=rights) for one, rights in groups if one),
        ),
        replaced_in=replaceable(root, path),
    )


_KINDS = (("file", stat.S_ISREG), ("directory", stat.S_ISDIR), ("socket", stat.S_ISSOCK))


def _user(number: int) -> str:
    return pwd.getpwuid(number).pw_name


def _group(number: int) -> str:
    return grp.getgrgid(number).gr_name


def _name(number: int, ask: Callable[[int], str]) -> str:
    try:
        return str(ask(number))
    except KeyError:
        return str(number)


def _unit(root: Root, name: str) -> list[str]:
    """The file that is the unit, and those that add to it, or to all units of its kind (`service.d`).

    A unit masked by a link to nowhere is none, and what is masked by a link to /dev/null adds nothing.
    """
    places = [one for one in _UNITS if not (one.startswith("/lib/") and root.link("/lib"))]
    main = next((f"{directory}/{name}" for directory in places if root.there(f"{directory}/{name}")), None)
    added = [
        path
        for directory in places
        for unit in (name, name.rpartition(".")[2])
        for extra in root.names(f"{directory}/{unit}.d")
        if extra.endswith(".conf") and root.link(path := f"{directory}/{unit}.d/{extra}") != "/dev/null"
    ]
    return [*([main] if main else []), *added]


def _below(root: Root, directory: str) -> Iterator[str]:
    for host in root.names(directory)[:_MANY]:
        for name in root.names(f"{directory}/{host}")[:_MANY]:
            yield f"{directory}/{host}/{name}"


def data_apart(data_root: str, pid: int = 0) -> bool | None:
    """Whether a directory has a file system of its own, as `pid` has it (0: here); None where mounts cannot be read."""
    from lacre.engine import kernel  # noqa: PLC0415 - every audit imports the checks, and with them this

    return apart(data_root, kernel.text(Path(f"/proc/{pid or 'self'}/mountinfo")))


def apart(directory: str, mountinfo: str) -> bool | None:
    """Whether a directory is where a file system is mounted that lies not around it too (proc_pid_mountinfo(5)).

    The engine binds its data over itself where mounts are not shared, and that is no file system of its own. Where
    users are remapped, its data is the folder of the users below what was mounted for it.
    """
    from lacre.engine import kernel  # noqa: PLC0415 - as above

    mounts = [fields for line in mountinfo.splitlines() if len(fields := line.split(" ")) > 4]
    if not mounts:
        return None
    device = {number: device for number, _, device, *_ in mounts}
    directory = posixpath.normpath(directory)
    places = (directory, posixpath.dirname(directory)) if first_ids(directory) else (directory,)
    return any(
        kernel.unescaped(fields[4]) in places and fields[2] != device.get(fields[1]) for fields in mounts
    )


def members(root: Root, group: str) -> tuple[str, ...] | None:
    """Who is in a group, as its first one too; it may be told by its number, as to the engine. None: it is in neither
    file, and another directory (nsswitch.conf(5)) may know it.
    """
    number, known, found = group if group.isdecimal() else "", False, set()
    for line in (root.text("/etc/group") or "").splitlines():
        fields = line.split(":")
        if len(fields) == 4 and group in (fields[0], fields[2]):
            number, known = fields[2], True
            found |= {word for word in fields[3].split(",") if word}
    for line in (root.text("/etc/passwd") or "").splitlines() if number else ():
        fields = line.split(":")
        if len(fields) == 7 and fields[3] == number:
            found.add(fields[0])
    return tuple(sorted(found)) if known or found else None


_TRUST = re.compile(r"^\s*(?:export\s+)?DOCKER_CONTENT_TRUST=[\"']?(1|true)[\"']?\s*$", re.MULTILINE)


def trust(root: Root, own: str) -> str:
    """Where content trust is switched on; `own` is the variable in this process. Empty: nowhere."""
    if own.lower() in ("1", "true"):
        return "DOCKER_CONTENT_TRUST in this environment"
    for path in (
        "/etc/environment",
        "/etc/profile",
        *(f"/etc/profile.d/{n}" for n in root.names("/etc/profile.d")),
    ):
        if _TRUST.search(root.text(path) or ""):
            return path
    return ""


def plain_logins(root: Root, homes: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Client configurations that hold a registry's password, in no keeper of secrets; the values are not kept.

    And those that could not be looked at, each with its reason: a user may have put anything there.
    """
    found, unread = [], []
    for home in homes:
        path = run(f"{home}/.docker/config.json")
        try:
            root.status(path)
        except OSError:
            continue  # it is not there
        text = root.text(path)
        if text is None:
            unread.append(f"{path}: it cannot be read, or is no regular file")
            continue
        try:
            config = json.loads(text or "{}")
        except (ValueError, RecursionError) as problem:
            why = "it is nested too deeply" if isinstance(problem, RecursionError) else "it is no JSON"
            unread.append(f"{path}: {why}")
            continue
        logins = config.get("auths") if isinstance(config, dict) else None
        if isinstance(logins, dict) and any(
            isinstance(one, dict) and one.get("auth") for one in logins.values()
        ):
            found.append(path)
    return tuple(found), tuple(unread)


def rules_of_files(root: Root) -> tuple[str, ...] | None:
    """The rules that auditd loads at its start; None where there are no such files."""
    paths = [f"/etc/audit/rules.d/{n}" for n in root.names("/etc/audit/rules.d") if n.endswith(".rules")]
    texts = [text for path in (*paths, "/etc/audit/audit.rules") if (text := root.text(path)) is not None]
    if not texts:
        return None
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return tuple(dict.fromkeys(line for line in lines if line.startswith(("-w", "-a", "-A"))))
