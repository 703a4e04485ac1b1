"""What the reports say about a seal, counted and worded once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lacre.engine.project import Service
from lacre.report.text import seconds, size
from lacre.seal.model import Completeness, Seal, ServiceSeal, Setting, Tmpfs
from lacre.seccomp import DEFAULT_CAPABILITIES, share_refused

CONTROLS = {
    "user": "user",
    "capabilities": "capabilities",
    "filesystem": "file system",
    "syscalls": "system calls",
    "privileges": "privileges",
    "limits": "limits",
    "logging": "logging",
    "network": "network",
}
"""The controls of a service's seal, by field, with the words that a reader sees."""


@dataclass(frozen=True, slots=True)
class Off:
    """A control that a seal gives up, in one service."""

    service: str
    control: str
    reason: str


def settings(sealed: ServiceSeal) -> Iterator[tuple[str, Setting]]:
    """Every control's setting, by the words of `CONTROLS`."""
    for field, words in CONTROLS.items():
        yield words, getattr(sealed, field)


def controls_off(seal: Seal) -> tuple[Off, ...]:
    """Which controls are given up, and why."""
    return tuple(
        Off(name, words, setting.trouble)
        for name, sealed in sorted(seal.services.items())
        for words, setting in settings(sealed)
        if setting.trouble
    )


def refused_share(sealed: ServiceSeal) -> float | None:
    """The share of what Docker's default profile allows that this seal refuses; None: no allow-list."""
    if sealed.syscalls.base != "allow-list" or sealed.syscalls.off:
        return None
    return share_refused(sealed.syscalls.allowed)


def base_capabilities(service: Service) -> frozenset[str] | None:
    """The capabilities that the base gives the service; None: all of them."""
    if service.privileged or "ALL" in service.cap_add:
        return None
    kept = frozenset() if "ALL" in service.cap_drop else DEFAULT_CAPABILITIES - set(service.cap_drop)
    return kept | set(service.cap_add)


def user(sealed: ServiceSeal, service: Service | None) -> str:
    """Who the service runs as under the seal."""
    if sealed.user.user is not None:
        return sealed.user.user
    if sealed.user.root:
        return "root"
    return (service.user if service else None) or "not root"


def capabilities(sealed: ServiceSeal) -> str:
    """The capabilities left."""
    return "off" if sealed.capabilities.off else " ".join(sorted(sealed.capabilities.add)) or "none"


def capabilities_before(service: Service) -> str:
    """How many capabilities the base gives."""
    base = base_capabilities(service)
    return "(was all)" if base is None else f"(was {len(base)})"


def tmpfs(mount: Tmpfs) -> str:
    """One tmpfs: its path, its bound, and `exec` where code may run from it."""
    return f"{mount.path} {size(mount.size)}" + (" exec" if mount.exec else "")


def writable(sealed: ServiceSeal, service: Service | None) -> list[str]:
    """Every writable place: tmpfs, new volumes, and the base's own writable mounts."""
    setting = sealed.filesystem
    places = [tmpfs(mount) for mount in setting.tmpfs]
    places += [f"{volume.path} volume" for volume in setting.volumes]
    places += [
        f"{mount.target} {mount.kind}"
        for mount in (service.mounts if service else ())
        if not mount.read_only and mount.target not in setting.read_only_mounts
    ]
    places.sort()
    return [*(["everywhere (off)"] if not setting.read_only or setting.off else []), *places]


def system_calls(sealed: ServiceSeal) -> str:
    """How many system calls are allowed, and how much of Docker's default that refuses."""
    if sealed.syscalls.off:
        return "off"
    if sealed.syscalls.base == "docker-default":
        return "Docker's"
    if sealed.syscalls.base == "unchanged":
        return "as is"
    share = refused_share(sealed)
    return f"{len(sealed.syscalls.allowed)}" + ("" if share is None else f" (-{share:.0%})")


def completeness(said: Completeness) -> list[str]:
    """How complete the exercise was, in sentences."""
    if not said.observed_for:
        return ["not recorded"]
    quiet = said.observed_for - said.last_new_fact
    lines = [f"nothing new in the last {seconds(max(0.0, quiet))} of {seconds(said.observed_for)}"]
    if said.phases:
        lines.append(f"phases: {', '.join(said.phases)}")
    if said.untouched_ports:
        lines.append(f"never spoken to: {', '.join(said.untouched_ports)}")
    if said.unused_programs:
        lines.append(f"programs in the image that were never executed: {said.unused_programs}")
    return lines
