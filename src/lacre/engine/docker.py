"""The Docker engine: what it is, and what lacre asks of single containers and of its images.

With `connection` and `images` the only modules that import the Docker SDK (180 ms, so where it is used).
"""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from lacre.engine import images, kernel, upper
from lacre.engine.answers import ContainerState, EngineInfo, container_state, engine_info
from lacre.engine.connection import DEFAULT, absent_is_fine, connect, context_host, status_of, told
from lacre.engine.owner import OWNER_LABEL, this_process
from lacre.engine.process import run
from lacre.engine.project import ImageInfo
from lacre.engine.tree import BROKEN_TAR, ChunkReader
from lacre.errors import EngineError

if TYPE_CHECKING:
    from docker import APIClient

_LOG_BYTES = 4 << 20  # the last part of a log that is kept
_LOG_LINES = 20_000  # likewise, asked of the engine: the SDK takes 10 s for a million
_EXECUTED_BYTES = 4096  # of what an executed program says
_PIECE_BYTES = 1 << 16  # of it that are read at once
_FILE_BYTES = 16 << 20  # the largest file that `get_file` returns
_DEFAULT_GRACE = 10  # seconds, the engine's own (docker stop)
_TAR_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Executed:
    """What a program left that was run in a container. `code` None: the engine does not know it."""

    code: int | None
    output: str


@dataclass(frozen=True, slots=True, order=True)
class Changed:
    """One line of `docker diff`."""

    path: str
    kind: Literal["added", "modified", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStat:
    """What the archive API says about one path of a container: permission bits and owner."""

    mode: int
    uid: int
    gid: int
    modified: float
    directory: bool


class Engine:
    """One connection to one engine; may be used by several threads.

    Chosen as the `docker` command does: DOCKER_HOST, else DOCKER_CONTEXT, else the current context, else the
    local socket. Raises GroundError when there is none that answers.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._client: APIClient = connect(self._environment)
        self._images: dict[str, ImageInfo] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    @property
    def address(self) -> str:
        """Where the engine listens, `unix:///var/run/docker.sock` or `tcp://…`."""
        base = str(self._client.base_url)
        if base.startswith("http+docker"):
            host = self._environment.get("DOCKER_HOST") or context_host(self._environment)
            return host or DEFAULT
        return base

    @property
    def api(self) -> APIClient:
        """The SDK's low-level client, for this package only."""
        return self._client

    def ping(self) -> None:
        """Returns once the engine answers."""
        with told("asking whether the engine answers"):
            self._client.ping()

    def gateway(self, network: str) -> str:
        """The host's address on a network; empty where the engine gave it none."""
        with told(f"looking at network {network}"):
            found = self._client.inspect_network(network)
        configs = (found.get("IPAM") or {}).get("Config") or ()
        return next((str(entry["Gateway"]) for entry in configs if entry.get("Gateway")), "")

    def info(self) -> EngineInfo:
        """What the engine is and can."""
        tried = "asking the Docker engine what it is"
        with told(tried):
            told_info, told_version = self._client.info(), self._client.version()
        try:
            return engine_info(told_info, told_version, self.address)
        except (AttributeError, TypeError, ValueError) as problem:
            raise EngineError(
                tried,
                f"its answer is none that an engine gives: {problem}",
                "check what listens at DOCKER_HOST",
            ) from problem

    # Images

    def image(self, reference: str, *, pull: bool = True) -> ImageInfo:
        """The image, pulled when it is absent (and `pull`), with all its files; kept in memory by id."""
        told_image = images.inspected(self._client, reference, pull=pull)
        identity = str(told_image["Id"])
        with self._lock:
            known = self._images.get(identity)
        if known is None:
            known = self._with_files(images.declared(reference, told_image))
            with self._lock:
                self._images[identity] = known
        return known.model_copy(update={"reference": reference})

    def declared(self, reference: str, *, pull: bool = True) -> ImageInfo:
        """The image as `image` gives it but without its files and accounts, which take seconds to read."""
        return images.declared(reference, images.inspected(self._client, reference, pull=pull))

    def require_image(self, reference: str, *, pull: bool = True) -> str:
        """The id of an image, pulled when it is absent (and `pull`); EngineError when it cannot be had."""
        return str(images.inspected(self._client, reference, pull=pull)["Id"])

    def _with_files(self, image: ImageInfo) -> ImageInfo:
        with self.parked(image.id) as container, told(f"reading the files of image {image.reference}"):
            passwd, group = (self._text(container, path) for path in ("/etc/passwd", "/etc/group"))
            return images.with_files(image, iter(self._client.export(container)), passwd, group)

    def _text(self, container: str, path: str) -> str:
        return (self.get_file(container, path) or b"").decode("utf-8", "replace")

    @contextlib.contextmanager
    def parked(self, image: str, *, host_config: Any = None, labels: Mapping[str, str] = {}) -> Iterator[str]:
        """A container of `image` that is made and never started, removed at the end; gives its id."""
        with told(f"making a container of image {image}, not to be started"):
            container = str(
                self._client.create_container(
                    image,
                    command=["lacre-never-started"],
                    entrypoint=["lacre-never-started"],
                    network_disabled=True,
                    labels={**labels, OWNER_LABEL: this_process()},
                    host_config=host_config or self._client.create_host_config(network_mode="none"),
                )["Id"]
            )
        try:
            yield container
        finally:
            self.remove_container(container)

    # Containers

    def inspect(self, container: str) -> dict[str, Any]:
        """All that the engine knows about a container."""
        with told(f"looking at container {container[:12]}"):
            found: dict[str, Any] = self._client.inspect_container(container)
            return found

    def state(self, container: str) -> ContainerState:
        """How it is now."""
        return container_state(self.inspect(container))

    def logs(self, container: str, since: float | None = None) -> str:
        """Both streams since `since` (seconds since 1970): the last 20,000 lines, of them the last 4 MiB.

        Empty where the logging driver cannot be read.
        """
        kept = bytearray()
        try:
            with told(f"reading the log of container {container[:12]}"):
                for chunk in self._client.logs(
                    container,
                    stream=True,
                    follow=False,
                    since=float(since) if since else None,
                    tail=_LOG_LINES,
                ):
                    kept += chunk
                    if len(kept) > 2 * _LOG_BYTES:
                        del kept[:-_LOG_BYTES]
        except EngineError as problem:
            if "does not support reading" not in problem.happened:
                raise
        return bytes(kept[-_LOG_BYTES:]).decode("utf-8", "replace")

    def signal_from_host(self, container: str, name: str) -> bool:
        """Sends `name` ("HUP") to the main process; False when it does not run (any more).

        Not by `docker kill`: after that no restart policy works until the next start (moby, 20.10).
        """
        pid = self.state(container).pid
        return pid > 0 and kernel.send(pid, name, lambda: self.state(container).pid == pid)

    def application_pid(self, container: str) -> int:
        """The application's main process by the host's number, below the engine's init if used; 0: none."""
        told_container = self.inspect(container)
        pid = int((told_container.get("State") or {}).get("Pid") or 0)
        if pid and (told_container.get("HostConfig") or {}).get("Init"):
            below = kernel.children(pid)
            return below[0] if below else pid
        return pid

    def caught_signals(self, pid: int) -> frozenset[str]:
        """Signals that the process handles itself, without SIG."""
        return kernel.caught_signals(pid)

    def execute(self, container: str, command: Sequence[str], *, user: str, seconds: float) -> Executed:
        """Runs `command` in a running container as `user` ("UID:GID"), and reads the first 4 KiB of what it says.

        As `docker exec`: in its namespaces and control groups, under its capabilities and filters. After
        `seconds` it is killed. Raises EngineError when the engine cannot start it.
        """
        with told(f"running {command[0]} in container {container[:12]}"):
            made = str(self._client.exec_create(container, list(command), user=user, stdin=False)["Id"])
            watchdog = threading.Timer(seconds, self._kill_executed, (made,))
            watchdog.start()
            try:
                kept = _said(self._client.exec_start(made, socket=True), _EXECUTED_BYTES)
            finally:
                watchdog.cancel()
            code = self._client.exec_inspect(made).get("ExitCode")
        return Executed(code if code is None else int(code), kept.decode("utf-8", "replace"))

    def execute_as_root(
        self, container: str, enter: Path, command: Sequence[str], *, seconds: float
    ) -> Executed:
        """Runs `command` in a container as its root would be who became it by a flaw, whoever the container runs as.

        `enter` is a program of this host that enters the container of a process and executes what follows, within
        its bounding set (`native/attacks/as_root.h`). No `docker exec` does that: root has no capability there once
        the container has another user and no-new-privileges.
        """
        pid = self.application_pid(container)
        groups = [str(group) for group in kernel.control_groups(pid)]
        done = run([str(enter), "as-root", str(pid), str(len(groups)), *groups, *command], seconds=seconds)
        return Executed(done.code, done.stdout[:_EXECUTED_BYTES])

    def _kill_executed(self, made: str) -> None:
        with contextlib.suppress(EngineError), told("ending a program that took too long"):
            pid = int(self._client.exec_inspect(made).get("Pid") or 0)
            if pid:
                kernel.send(pid, "KILL", lambda: bool(self._client.exec_inspect(made).get("Running")))

    def log_size(self, container: str) -> int | None:
        """Bytes of the file that the engine writes the container's log to now; None where there is no such file.

        The engine counts the path from its own root directory.
        """
        path = str(self.inspect(container).get("LogPath") or "")
        if not path or not self.address.startswith("unix://"):
            return None
        root = kernel.root_of_listener(self.address.removeprefix("unix://"))
        with contextlib.suppress(OSError):
            return Path(root + path).stat().st_size
        return None

    def peaks(self, container: str) -> kernel.Peaks:
        """Memory peak and kills of a running container (its control group goes when it ends)."""
        pid = self.state(container).pid
        return kernel.peaks(pid) if pid else kernel.Peaks(None, None)

    def changed(self, container: str) -> tuple[Changed, ...]:
        """What differs from the image, mounts left out."""
        with contextlib.suppress(OSError, upper.NotPlainError):
            if layers := self._layers(container):
                return tuple(sorted(Changed(path, kind) for path, kind in upper.changes(*layers)))
        kinds: tuple[Literal["modified", "added", "deleted"], ...] = ("modified", "added", "deleted")
        with told(f"comparing container {container[:12]} with its image"):
            lines = self._client.diff(container) or ()
        return tuple(sorted(Changed(str(line["Path"]), kinds[int(line["Kind"])]) for line in lines))

    def _layers(self, container: str) -> tuple[Path, list[Path]] | None:
        """The upper layer and the lower ones of a container where this process can reach them; None: it cannot.

        The engine counts paths from its own root directory, and has no such paths with containerd's image store.
        """
        if not self.address.startswith("unix://"):
            return None
        driver = self.inspect(container).get("GraphDriver") or {}
        data = driver.get("Data") or {}
        if driver.get("Name") != "overlay2" or not (data.get("UpperDir") and data.get("LowerDir")):
            return None
        root = kernel.root_of_listener(self.address.removeprefix("unix://"))
        if not root:
            return None
        return Path(root + data["UpperDir"]), [Path(root + lower) for lower in data["LowerDir"].split(":")]

    def put_archive(self, container: str, directory: str, archive: bytes | Iterable[bytes]) -> None:
        """Unpacks a tar archive in `directory` of a container, which need not run."""
        with told(f"writing into {directory} of container {container[:12]}"):
            data = archive if isinstance(archive, bytes) else io.BufferedReader(ChunkReader(iter(archive)))
            self._client.put_archive(container, directory, data)

    def get_archive(self, container: str, path: str) -> Iterator[bytes]:
        """`path` of a container, which need not run, as the chunks of a tar archive."""
        with told(f"reading {path} of container {container[:12]}"):
            chunks, _ = self._client.get_archive(container, path)
            yield from chunks

    def get_file(self, container: str, path: str, *, most: int = _FILE_BYTES) -> bytes | None:
        """The content of one regular file, at most `most` bytes of it; None when it is not there."""
        try:
            reader = io.BufferedReader(ChunkReader(self.get_archive(container, path)))
            with tarfile.open(fileobj=reader, mode="r|") as tar:
                member = tar.next()
                source = tar.extractfile(member) if member is not None and member.isreg() else None
                return source.read(most) if source is not None else None
        except EngineError as problem:
            if status_of(problem.__cause__) == 404:
                return None
            raise
        except BROKEN_TAR:
            return None

    def stat(self, container: str, path: str) -> FileStat | None:
        """Mode and owner of one path; None when it is not there. Reads only the archive's first block."""
        block = b""
        try:
            for chunk in self.get_archive(container, path):
                block += chunk
                if len(block) >= _TAR_BLOCK:
                    break
        except EngineError as problem:
            if status_of(problem.__cause__) == 404:
                return None
            raise
        try:
            member = tarfile.TarInfo.frombuf(block[:_TAR_BLOCK], "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            return None
        return FileStat(
            mode=member.mode & 0o7777,
            uid=member.uid,
            gid=member.gid,
            modified=float(member.mtime),
            directory=member.isdir(),
        )

    def grace(self, container: str) -> int:
        """Seconds between its stop signal and KILL."""
        own = (self.inspect(container).get("Config") or {}).get("StopTimeout")
        return int(own) if own is not None else _DEFAULT_GRACE

    def stop(self, container: str, grace: int) -> None:
        """Stops it as `docker stop` does: its own stop signal, `grace` seconds, then KILL."""
        with told(f"stopping container {container[:12]}"):
            self._client.stop(container, timeout=grace)

    def remove_container(self, container: str) -> None:
        """Ends and removes it with its anonymous volumes; fine when it is gone already."""
        with told(f"removing container {container[:12]}"), absent_is_fine():
            self._client.remove_container(container, v=True, force=True)

    def remove_network(self, network: str) -> None:
        """Removes it; fine when it is gone already."""
        with told(f"removing network {network[:12]}"), absent_is_fine():
            self._client.remove_network(network)

    def remove_volume(self, name: str, *, force: bool = True) -> None:
        """Removes it; fine when it is gone already, refused by the engine while a container has it."""
        with told(f"removing volume {name}"), absent_is_fine():
            self._client.remove_volume(name, force=force)


def _said(stream: Any, most: int) -> bytes:
    """What comes out of an executed program, both outputs as they come; of it the first `most` bytes.

    Read from the response and not from its socket, as the SDK itself would: what came together with the headers lies
    in the response's buffer already, and the whole word of a short program may.
    """
    response = stream._response
    reader, kept = response.raw._fp.fp, bytearray()
    try:
        # docs.docker.com/engine/api, "Attach to a container": a header of 8 bytes, of which 4 are the length
        while len(header := reader.read(8)) == 8:
            length = int.from_bytes(header[4:], "big")
            while length and (chunk := reader.read(min(length, _PIECE_BYTES))):
                kept += chunk[: most - len(kept)]
                length -= len(chunk)
    finally:
        response.close()
    return bytes(kept)
