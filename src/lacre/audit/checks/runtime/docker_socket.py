"""The engine's socket is not mounted.

Whoever can speak to the socket of Docker, containerd, CRI-O or Podman can start a container with the host's
whole file system in it: that is root on the host. Mounting it read-only changes nothing, since speaking is no
write to the file. It is found under each of its names: through a folder above it, `/run` and `/var/run`, a
symbolic link, a named volume that is a bind in disguise, `volumes_from`, and `use_api_socket`. An image that calls
itself a socket proxy and publishes no port is what the mend asks for: that counts less, and still fails, since
nothing here knows what it lets through.

Mend: Take the mount away. Where a program has to see containers, put a proxy between them that lets only the
needed reading requests through, on a network that nobody else is on.

Example:

    services:
      dashboard:
        environment:
          DOCKER_HOST: tcp://socket-proxy:2375   # a filtering proxy, not the socket
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lacre.audit.check import Check
from lacre.audit.checks.images.references import reference
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word

SOCKETS = {
    "/run/docker.sock": "Docker's socket",
    "/run/docker/containerd/containerd.sock": "containerd's socket",
    "/run/containerd/containerd.sock": "containerd's socket",
    "/run/crio/crio.sock": "CRI-O's socket",
    "/run/podman/podman.sock": "Podman's socket",
}
_PROXY = "see that this proxy lets only the needed requests through, and that only those who need it are on its network"
_NAMES = frozenset(path.rpartition("/")[2] for path in SOCKETS)


def service(service: Service) -> Iterator[Word]:
    image = service.image.text if service.image is not None else ""
    yield from _weighed(_of_service(service), image, published=bool(service.ports))


def _weighed(words: Iterable[Word], image: str, *, published: bool) -> Iterator[Word]:
    """A filtering proxy that nobody outside reaches is there to hold the socket."""
    proxy = not published and "socket-proxy" in reference(image).name.rpartition("/")[2]
    for word in words:
        yield (
            replace(word, severity=Severity.MEDIUM, do=_PROXY)
            if proxy and isinstance(word, Finding)
            else word
        )


def _of_service(service: Service) -> Iterator[Word]:
    for mount in service.mounts:
        if mount.unknown:
            yield Unknown(mount.unknown)
        for path in mount.host:
            what = _socket_at(path)
            if what:
                via = f" (by {mount.via})" if mount.via else ""
                yield Finding(
                    what=f"{what} is in reach: {path} is mounted{via}", place=mount.place, path=mount.path
                )
                break
    if service.api_socket is not None and service.api_socket.true:
        yield Finding(
            what="Docker's socket is in reach: use_api_socket mounts it",
            place=service.api_socket.place,
            path="use_api_socket",
        )


def _socket_at(path: str) -> str | None:
    """Which socket a host path is, or holds."""
    name = path.rpartition("/")[2]
    if path.startswith("//./pipe/") and "docker" in path:
        return "Docker's named pipe"
    if name in _NAMES:
        return next(what for socket, what in SOCKETS.items() if socket.endswith(f"/{name}"))
    folder = path.rstrip("/") + "/"
    inside = [what for socket, what in SOCKETS.items() if socket.startswith(folder)]
    if folder.startswith("/run/user/") and folder.count("/") <= 4:
        return "the socket of a rootless engine"
    return inside[0] if inside else None


def container(container: Container) -> Iterator[Word]:
    yield from _weighed(_of_container(container), container.image, published=bool(container.ports))


def _of_container(container: Container) -> Iterator[Word]:
    for mount in container.mounts:
        known = next((f"{what} is in reach: {path}" for path in mount.host if (what := _socket_at(path))), "")
        if not known and mount.socket:
            known = f"{mount.socket} is in reach: {mount.source}"
        if known:
            yield Finding(what=f"{known} is mounted at {mount.target}", path=mount.path)


CHECK = Check(
    id="LC532",
    name="docker-socket",
    doc=__doc__,
    severity=Severity.CRITICAL,
    mend=Mend.HAND,
    cis="5.32",
    peers=(
        "compose-lint:0001",
        "semgrep:exposing-docker-socket-volume",
        "DockSec:socket mount",
        "docker-bench:5.32",
    ),
    service=service,
    container=container,
)
