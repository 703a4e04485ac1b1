"""The kernel's audit watches the engine's files.

Who changes the engine's programs, units or configuration owns the host. The kernel's audit writes down who did it
and when, where the change itself leaves no trace.

Mend: A rule for each in `/etc/audit/rules.d/docker.rules`, then `augenrules --load`. A rule for a directory covers
what is below it. It has to watch writing or attributes (`-p wa`; without `-p` it watches all). `auditctl -e 1` switches
the kernel's audit on, where the audit daemon does not.

Example:

    -w /usr/bin/dockerd -k docker
    -w /etc/docker -k docker
    -w /usr/lib/systemd/system/docker.service -k docker
"""

import itertools
import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Finding, Severity, Unknown, Word

_ROLES = (
    Role.PROGRAMS,
    Role.DATA,
    Role.CONFIG_DIRECTORY,
    Role.SERVICE,
    Role.SOCKET_UNIT,
    Role.CONTAINERD_SOCKET,
    Role.DEFAULTS,
    Role.CONFIG,
    Role.CONTAINERD_CONFIG,
    Role.SYSCONFIG,
)
_CLIENT = ("/docker", "/ctr")  # programs that only ask: what they do, the engine does
_WATCHES = re.compile(r"^(?:-w|-[aA]\s+(?:always,exit|exit,always))\s")
_ACCESS = re.compile(r"\s(?:-p\s*|-F\s+perm=)([rwxa]+)")


def host(host: Host) -> Iterator[Word]:
    watched = host.watched
    if not watched.there:
        yield Finding(what="nothing is watched: the audit daemon is not installed", path="auditd")
        return
    if watched.off:
        yield Finding(what="nothing is watched: the kernel's audit is switched off", path="auditd")
        return
    if watched.rules is None:
        yield Unknown(watched.why or "the rules cannot be read")
        return
    if watched.configured:
        yield Unknown(
            f"the rules of the files name them all; whether they are in force is not known ({watched.why})"
        )
    paths = sorted({path for rule in watched.rules if (path := path_of(rule))})
    for role in _ROLES:
        for file in host.of(role):
            if not file.path.endswith(_CLIENT) and not _covered(file.path, paths):
                yield Finding(what=f"{file.path} is not watched", path=file.path)


def path_of(rule: str) -> str:
    """What a rule watches for changes: `-w PATH`, or a field `path=` or `dir=` of `-a always,exit`; empty where it is
    about calls alone, about other access, or about what is not to be written down (auditctl(8)).
    """
    access = _ACCESS.search(rule)
    if not _WATCHES.search(rule) or (access and not {"w", "a"} & set(access[1])):
        return ""
    words = rule.split()
    for before, word in itertools.pairwise(words):
        if before == "-w":
            return _clean(word)
        if before == "-F" and word.startswith(("path=", "dir=")):
            return _clean(word.partition("=")[2])
    return ""


def _covered(path: str, watched: list[str]) -> bool:
    path = _clean(path)
    return any(path == one or path.startswith(f"{one}/") for one in watched)


def _clean(path: str) -> str:
    """Old names of directories are links on every system of today."""
    path = path.rstrip("/") or "/"
    for old, now in (
        ("/var/run/", "/run/"),
        ("/lib/", "/usr/lib/"),
        ("/bin/", "/usr/bin/"),
        ("/sbin/", "/usr/sbin/"),
    ):
        if path.startswith(old):
            return now + path.removeprefix(old)
    return path


CHECK = Check(
    id="LC103",
    name="engine-watched",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis=", ".join(f"1.1.{number}" for number in range(3, 19)),
    peers=tuple(f"docker-bench:1.1.{number}" for number in range(3, 19)),
    aside=True,
    host=host,
)
