"""No sensitive folder of the host is mounted.

A container that can write `/`, `/etc`, `/usr`, cron's or systemd's folders, `/proc` or `/sys` of the host is root
on it; one that can only read them gets password hashes, keys and other containers' secrets. What counts is the
folder of the host, not where it appears inside; a folder below a sensitive one counts too.

Mend: Mount only the file or folder that is needed, `read_only`, and keep the application's own data in a named
volume.

Example:

    services:
      web:
        volumes:
          - ./web.conf:/etc/web/web.conf:ro
          - data:/var/lib/web
"""

from collections.abc import Iterator
from dataclasses import replace

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Confidence, Finding, Severity, Unknown, Word

ROOT_EQUIVALENT = {
    "/": "the whole host",
    "/etc": "the host's accounts and services",
    "/usr": "the host's programs",
    "/bin": "the host's programs",
    "/sbin": "the host's programs",
    "/lib": "the host's libraries",
    "/lib64": "the host's libraries",
    "/boot": "the host's kernel",
    "/dev": "the host's devices",
    "/proc": "the host's processes and kernel settings",
    "/sys": "the host's kernel and devices",
    "/root": "root's home directory",
    "/var/lib/docker": "all images, containers and volumes",
    "/var/lib/containerd": "all images and containers",
    "/var/lib/kubelet": "all pods and their secrets",
    "/var/spool/cron": "what the host runs by the clock",
    "/var/lib": "all state of the host's services",
    "/var": "all state of the host's services",
    "/run": "the host's sockets",
    "/run/systemd": "the host's service manager",
    "/run/dbus": "the host's message bus",
}
"""Who can write here can become root on the host; `what` it is."""

PERSONAL = {
    "~": "a home directory",
    "~/.ssh": "somebody's keys",
    "~/.aws": "cloud credentials",
    "~/.kube": "cluster credentials",
    "~/.docker": "registry credentials",
    "~/.gnupg": "somebody's keys",
    "~/.config/gcloud": "cloud credentials",
    "/home": "all home directories",
}
"""Who can read here has somebody's credentials."""

HARMLESS = frozenset(
    {
        "/etc/localtime", "/etc/timezone", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/os-release",
        "/usr/share/zoneinfo", "/etc/machine-id", "/etc/ssl/certs", "/etc/pki/tls/certs",
        "/etc/ca-certificates", "/usr/share/ca-certificates", "/dev/null", "/dev/shm",  # noqa: S108 - a path of the host
        "/dev/urandom", "/dev/random", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/usr/lib/os-release",
        "/lib/modules", "/usr/lib/modules",
    }
)  # fmt: skip
"""Nothing secret, when read: time zone, names, public certificates, the kernel's modules."""

CLOCK = frozenset({"/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"})
"""Nearly always mounted to be read, without saying so; who writes them changes the host's time zone, and no more."""

_DEEP = frozenset({"/etc", "/boot", "/proc", "/sys", "/root", "/var/lib/docker", "/var/lib/containerd",
                   "/var/lib/kubelet", "/var/spool/cron", "/run/systemd", "/run/dbus", "/usr", "/bin", "/sbin",
                   "/lib", "/lib64", "/dev"})  # fmt: skip
"""Folders of which every part is sensitive; /var, /run and /home hold much that is the application's own."""


def service(service: Service) -> Iterator[Word]:
    for mount in service.mounts:
        if mount.kind != "bind" or mount.path.startswith(("secrets", "configs")):
            continue
        if mount.unknown:
            yield Unknown(mount.unknown)
        for path in mount.host:
            finding = _judged(path, mount.read_only, mount.via)
            if finding is not None:
                yield replace(finding, place=mount.place, path=mount.path)
                break


def _judged(path: str, read_only: bool, by: str) -> Finding | None:
    via = f" by {by}" if by else ""
    how = "read-only" if read_only else "for writing"
    path = _from_home(path)
    if read_only and _is_in(path, HARMLESS):
        return None
    if _is_in(path, CLOCK):
        return Finding(
            what=f"{path} (the host's time zone) is mounted {how}{via}",
            severity=Severity.LOW,
            do="mount it read-only",
        )
    what = PERSONAL.get(path)
    if what is None and path.startswith("~/."):
        what = next((PERSONAL[p] for p in PERSONAL if p != "~" and path.startswith(f"{p}/")), None)
    if what is not None:
        return Finding(what=f"{path} ({what}) is mounted {how}{via}")
    root, deep = _root_of(path)
    if root is None:
        return None
    severity = Severity.HIGH if read_only or deep else Severity.CRITICAL
    if read_only and (
        deep or path in ("/var/lib", "/var", "/run", "/usr", "/lib", "/lib64", "/bin", "/sbin")
    ):
        severity = Severity.MEDIUM
    return Finding(
        what=f"{path} ({ROOT_EQUIVALENT[root]}) is mounted {how}{via}",
        severity=severity,
        confidence=Confidence.MEDIUM if deep else None,
    )


def _is_in(path: str, places: frozenset[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _root_of(path: str) -> tuple[str | None, bool]:
    """The sensitive folder that a path is, or lies in; and whether it only lies in it."""
    if path in ROOT_EQUIVALENT:
        return path, False
    inside = [root for root in _DEEP if path.startswith(f"{root}/")]
    return (max(inside, key=len), True) if inside else (None, False)


def container(container: Container) -> Iterator[Word]:
    for mount in container.mounts:
        for path in mount.host if mount.kind == "bind" else ():
            found = _judged(path, mount.read_only, "")
            if found is not None:
                yield replace(found, path=mount.path)
                break


def _from_home(path: str) -> str:
    """`/home/NAME/.ssh` is somebody's `~/.ssh`."""
    parts = path.split("/", 3)
    home = len(parts) > 2 and parts[1] == "home"
    return "/".join(["~", *parts[3:]]) if home else path


CHECK = Check(
    id="LC506",
    name="host-paths",
    doc=__doc__,
    severity=Severity.HIGH,
    cis="5.6",
    peers=("compose-lint:0013", "compose-lint:0025", "DockSec:sensitive mount", "docker-bench:5.6"),
    service=service,
    container=container,
)
