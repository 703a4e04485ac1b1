"""What a twin gets of the host's files and the original's volumes: overlays and copies, made by the engine.

lacre mounts nothing itself. A writable host directory becomes a volume of the `local` driver that *is* an
overlay over it: the engine mounts it for as long as a container of the twin runs, so that a killed lacre
leaves no mount (docs/decisions/0032). All paths are the engine's; data goes through its archive API.
"""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lacre.engine import kernel
from lacre.engine.connection import told
from lacre.engine.docker import Engine, FileStat
from lacre.engine.twin_config import BindCopy, Host, HostPath, TwinPlan, VolumeClone, Warned
from lacre.errors import EngineError

MOST_COPIED = 8 << 30  # bytes of one copy: more is not a thing to copy for a trial
_WELL_KNOWN_SOCKETS = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
)
_FROM = "/lacre-from/data"
_TO = "/lacre-to/data"
_BASE = "/lacre-base"


def look(sources: Iterable[str], engine_address: str, *, copies: str = "") -> Host:
    """What the host has at the sources of bind mounts, and where engines' sockets are."""
    paths = {source: _host_path(source) for source in sources}
    sockets = [os.path.realpath(path) for path in _WELL_KNOWN_SOCKETS if os.access(path, os.F_OK)]
    if engine_address.startswith("unix://"):
        sockets.append(os.path.realpath(engine_address.removeprefix("unix://")))
    mounts = [
        mount
        for path in paths.values()
        if path.kind == "directory"
        for mount in kernel.mounts_below(path.real)
    ]
    return Host(
        paths=paths,
        sockets=tuple(dict.fromkeys(sockets)),
        mounts=tuple(dict.fromkeys(mounts)),
        copies=copies,
        port_start=kernel.unprivileged_port_start(),
    )


def _host_path(source: str) -> HostPath:
    real = os.path.realpath(source)
    path = Path(real)
    if path.is_dir():
        return HostPath("directory", real)
    if path.is_file():
        return HostPath("file", real)
    if path.is_socket():
        return HostPath("socket", real)
    return HostPath("other" if path.exists() else "absent", real)


class TwinData:
    """The volumes that have to be there before Compose sees the twin."""

    def __init__(self, engine: Engine, name: str, labels: Mapping[str, str], image: str) -> None:
        """`image`: any image that the engine has; its containers are made, never started."""
        self._engine = engine
        self._name = name
        self._labels = dict(labels)
        self._image = image
        self._base = f"{name}_lacre"

    def directory(self) -> str:
        """Makes the volume for upper layers and single files; its directory on the engine's host."""
        with told(f"making volume {self._base}"):
            made: dict[str, Any] = self._engine.api.create_volume(
                self._base, driver="local", labels=self._labels
            )
        return str(made["Mountpoint"])

    def fill(self, plan: TwinPlan, directory: str) -> tuple[Warned, ...]:
        """Makes all overlays, copies and clones of `plan`; what had to be copied instead is told."""
        warnings = []
        for copy in plan.copies:
            if copy.kind == "file":
                self._copy_file(copy)
            elif not self._overlay(copy, directory):
                self._volume(copy.volume)
                self._copy_directory(copy)
                warnings.append(Warned("", f"{copy.source} is a copy: no overlay can be mounted over it"))
        for clone in plan.clones:
            self._clone(clone)
        return tuple(warnings)

    def bring(self, name: str, path: Path) -> None:
        """Puts a file of this host, with its mode, into the volume `name`."""
        with self._parked(volume(name, _BASE)) as container:
            self._engine.put_archive(container, _BASE, tar_stream(path, path.name))

    def _volume(self, name: str, options: Mapping[str, str] | None = None) -> None:
        with told(f"making volume {name}"):
            self._engine.api.create_volume(
                name, driver="local", driver_opts=dict(options) if options else None, labels=self._labels
            )

    def _overlay(self, copy: BindCopy, directory: str) -> bool:
        """Whether an overlay over the host's directory can be had; made and tried, if so."""
        if "," in copy.source:  # the local driver parts options at each comma
            return False
        try:
            with self._parked(bind(copy.source, _FROM), volume(self._base, _BASE)) as container:
                owner = self._engine.stat(container, _FROM)
                if owner is None:
                    return False
                layers = tar_of(
                    (f"upper-{copy.number}", owner), (f"work-{copy.number}", replace(owner, uid=0, gid=0))
                )
                self._engine.put_archive(container, _BASE, layers)
            lower = copy.source.replace("\\", "\\\\").replace(":", "\\:")
            layer = f"upperdir={directory}/upper-{copy.number},workdir={directory}/work-{copy.number}"
            options = {"type": "overlay", "device": "overlay", "o": f"lowerdir={lower},{layer}"}
            self._volume(copy.volume, options)
        except EngineError:
            return False
        try:
            with self._parked(volume(copy.volume, _TO)) as container:
                if self._engine.stat(container, _TO) is not None:
                    return True
        except EngineError:
            pass
        with told(f"removing volume {copy.volume}"):
            self._engine.api.remove_volume(copy.volume, force=True)
        return False

    def _copy_directory(self, copy: BindCopy) -> None:
        try:
            self._pour(bind(copy.source, _FROM), copy.source, copy.volume)
            return
        except EngineError as problem:
            if "does not exist" not in problem.happened:
                raise
        # The engine does not see that path: what lacre sees goes to it.
        with self._parked(volume(copy.volume, _TO)) as container:
            chunks = _at_most(tar_stream(Path(copy.source), posixpath.basename(_TO)), copy.source)
            self._engine.put_archive(container, posixpath.dirname(_TO), chunks)

    def _pour(self, mount: Any, source: str, target: str) -> None:
        """Copies what `mount` has at _FROM into the volume `target`.

        By two containers: the engine holds one for as long as it reads or writes an archive.
        """
        with self._parked(mount) as giver, self._parked(volume(target, _TO)) as taker:
            chunks = _at_most(self._engine.get_archive(giver, _FROM), source)
            self._engine.put_archive(taker, posixpath.dirname(_TO), chunks)

    def _copy_file(self, copy: BindCopy) -> None:
        chunks = _at_most(tar_stream(Path(copy.source), posixpath.basename(copy.path)), copy.source)
        with self._parked(volume(self._base, _BASE)) as container:
            self._engine.put_archive(container, _BASE, chunks)

    def _clone(self, clone: VolumeClone) -> None:
        self._volume(clone.volume)
        if self._has_volume(clone.original):  # else the original was never started
            self._pour(volume(clone.original, _FROM, read_only=True), clone.original, clone.volume)

    def _has_volume(self, name: str) -> bool:
        with told(f"looking for volume {name}"):
            found = self._engine.api.volumes(filters={"name": name}).get("Volumes") or ()
        return any(entry.get("Name") == name for entry in found)

    def _parked(self, *mounts: Any) -> Any:
        config = self._engine.api.create_host_config(network_mode="none", mounts=list(mounts))
        return self._engine.parked(self._image, host_config=config, labels=self._labels)


def bind(source: str, target: str) -> Any:
    """A read-only bind mount that never makes its source."""
    from docker.types import Mount  # noqa: PLC0415

    return Mount(target, source, type="bind", read_only=True)


def volume(name: str, target: str, *, read_only: bool = False) -> Any:
    """A volume that takes no content from the image."""
    from docker.types import Mount  # noqa: PLC0415

    return Mount(target, name, type="volume", no_copy=True, read_only=read_only)


def tar_of(*directories: tuple[str, FileStat]) -> bytes:
    """An archive of empty directories with their modes, owners and times."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, stat in directories:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, stat.mode, stat.uid, stat.gid
            entry.mtime = stat.modified
            tar.addfile(entry)
    return out.getvalue()


def tar_stream(path: Path, name: str) -> Iterator[bytes]:
    """`path` (and all below it) as a tar archive under the name `name`, without holding it in memory."""
    reading, writing = os.pipe()
    problems: list[OSError] = []

    def fill() -> None:
        try:
            with os.fdopen(writing, "wb") as out, tarfile.open(fileobj=out, mode="w|") as tar:
                tar.add(path, arcname=name)
        except OSError as problem:
            problems.append(problem)

    filler = threading.Thread(target=fill, daemon=True)
    filler.start()
    try:
        with os.fdopen(reading, "rb") as source:
            while chunk := source.read(1 << 18):
                yield chunk
    finally:
        filler.join(timeout=5)
    for problem in problems:
        raise EngineError(f"copying {path}", str(problem), "make it readable, or leave it out") from problem


def _at_most(chunks: Iterable[bytes], what: str) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        count += len(chunk)
        if count > MOST_COPIED:
            raise EngineError(
                f"copying {what} for the twin",
                f"it holds more than {MOST_COPIED >> 30} GiB",
                "mount a smaller directory, or read-only, in a file given with a further -f",
            )
        yield chunk
