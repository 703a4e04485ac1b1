"""What the controls know when they derive the seal of one service."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from lacre.engine import Entry, ImageInfo, Service
from lacre.observe import Owner, Profile
from lacre.seal.model import Margin
from lacre.sensor import Executed, MappedExecutable, Opened, Origin, Write, WriteKind

MOST_LINKS = 40  # path_resolution(7): the kernel follows no more either

# Mounted by the engine or the kernel in every container: never part of a service's own file system
ENGINE_PATHS = ("/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/.dockerenv")


@dataclass(frozen=True)
class Context:
    """One service of the target, what was seen of it, and how much room to leave.

    `names`: addresses of the twin's containers → service, to name peers. `volume_owners`: owner of each
    mounted directory of the base before the service ever started, where it is known.
    """

    service: Service
    image: ImageInfo
    profile: Profile
    margin: Margin
    logging_driver: str = "json-file"
    seccomp: str = "derived"
    read_only_refused: str = ""  # why Compose would not start this service with a read-only root
    host_memory: int = 0  # bytes; 0: unknown
    host_cpus: int = 1
    taken_volumes: frozenset[str] = frozenset()  # names of the project's own volumes
    external_volumes: frozenset[str] = frozenset()  # those of them that somebody else made and filled
    names: Mapping[str, str] = field(default_factory=dict)
    volume_owners: Mapping[str, Owner] = field(default_factory=dict)

    def entry(self, path: str) -> Entry | None:
        """What the image has at a path."""
        return self.image.tree.get(path)

    def children(self, directory: str) -> list[str]:
        """Paths of the image below a directory, at any depth."""
        prefix = directory.rstrip("/") + "/"
        return [path for path in self.image.tree if path.startswith(prefix)]

    def real(self, path: str) -> str:
        """A path with the symbolic links of the image resolved."""
        for _ in range(MOST_LINKS):
            for ancestor in (*reversed(PurePosixPath(path).parents[:-1]), path):
                entry = self.entry(str(ancestor))
                if entry is not None and entry.kind == "link":
                    target = posixpath.join(parent(str(ancestor)), entry.link)
                    path = posixpath.normpath(posixpath.join(target, path[len(str(ancestor)) + 1 :]))
                    break
            else:
                return path
        return path

    @cached_property
    def base_mounts(self) -> tuple[str, ...]:
        """Targets that the base or the image mounts something on."""
        targets = {mount.target for mount in self.service.mounts} | set(self.image.volumes)
        targets |= {path for path in (*self.service.secrets, *self.service.configs) if path.startswith("/")}
        return tuple(sorted({self.real(target) for target in targets}))

    def hidden_by(self, directory: str) -> str:
        """A secret or config that a mount would hide; or nothing.

        Compose copies it in before the start where it refuses `read_only`."""
        if not self.read_only_refused:
            return ""
        copied = sorted(map(self.real, (*self.service.secrets, *self.service.configs)))
        return next((path for path in copied if is_below(path, directory)), "")

    @cached_property
    def programs(self) -> frozenset[str]:
        """Files of the image that the baseline ran, loaded as code or named as a script."""
        paths = {fact.path for fact in self.profile.of(MappedExecutable)}
        for fact in self.profile.of(Executed):
            paths |= {fact.path, fact.script} if fact.origin is Origin.IMAGE else {fact.script}
        return frozenset(paths & self.image.tree.keys())

    @cached_property
    def content(self) -> tuple[str, ...]:
        """Files of the image that the baseline opened or changed, in order."""
        touched = {fact.path for fact in self.profile.of(Opened) if not fact.directory}
        touched |= {fact.path for fact in self.profile.of(Write) if fact.kind is WriteKind.MODIFY}
        return tuple(
            sorted(p for p in touched if (entry := self.entry(p)) is not None and entry.kind == "file")
        )

    def is_mounted(self, path: str) -> bool:
        """Whether a path lies on a mount of the base, of the image's VOLUMEs or of the engine."""
        return any(is_below(path, target) for target in (*self.base_mounts, *ENGINE_PATHS))


def is_below(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or lies below it (both absolute)."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def parent(path: str) -> str:
    """The directory that holds a path."""
    return str(PurePosixPath(path).parent)
