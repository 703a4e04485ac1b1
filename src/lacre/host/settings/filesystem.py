"""Settings of files: links, pipes and core dumps."""

from __future__ import annotations

from lacre.host.model import Default, Kind, Need, Profile, Setting, Severity, Wanted
from lacre.host.settings.profiles import everywhere

_FS = "kernel Documentation/admin-guide/sysctl/fs.rst"
_KSPP = "KSPP recommended settings"

SETTINGS = (
    Setting(
        id="fs.protected_symlinks",
        kind=Kind.SYSCTL,
        key="fs/protected_symlinks",
        title="nobody follows a link that somebody else left in /tmp",
        why="a link in a directory for everybody makes a program of root write where the attacker wants",
        sources=(_FS, _KSPP),
        severity=Severity.MEDIUM,
        wanted=everywhere("1"),
    ),
    Setting(
        id="fs.protected_hardlinks",
        kind=Kind.SYSCTL,
        key="fs/protected_hardlinks",
        title="nobody gives a further name to a file that he may not write",
        why="a second name keeps a set-uid program with a hole after its update, or moves root's files into /tmp",
        sources=(_FS, _KSPP),
        severity=Severity.MEDIUM,
        wanted=everywhere("1"),
    ),
    Setting(
        id="fs.protected_fifos",
        kind=Kind.SYSCTL,
        key="fs/protected_fifos",
        title="nobody is made to open a pipe that somebody else left in /tmp",
        why="a program that means to create a file would write its secrets into the attacker's pipe",
        sources=(_FS, _KSPP),
        severity=Severity.LOW,
        wanted={
            Profile.CONTAINER_HOST: Wanted(write="2"),
            Profile.BUILD_HOST: Wanted(write="2", also=("1",)),
            Profile.DEV: Wanted(write="1", also=("2",)),
        },
        breaks="programs of several users that meet at a pipe in /tmp and open it with O_CREAT",
    ),
    Setting(
        id="fs.protected_regular",
        kind=Kind.SYSCTL,
        key="fs/protected_regular",
        title="nobody is made to write a file that somebody else left in /tmp",
        why="a program that means to create a file would write into one that the attacker made and can read",
        sources=(_FS, _KSPP),
        severity=Severity.LOW,
        wanted={
            Profile.CONTAINER_HOST: Wanted(write="2"),
            Profile.BUILD_HOST: Wanted(write="2", also=("1",)),
            Profile.DEV: Wanted(write="1", also=("2",)),
        },
        breaks="programs of several users that share a file in /tmp and open it with O_CREAT, root's too",
    ),
    Setting(
        id="fs.suid_dumpable",
        kind=Kind.SYSCTL,
        key="fs/suid_dumpable",
        title="set-uid programs leave no core dumps",
        why="a core dump of a program that ran with more rights than its user holds what only those rights read",
        sources=(_FS, _KSPP, "CIS Distribution Independent Linux 2.0: 1.5.1"),
        severity=Severity.MEDIUM,
        wanted={
            Profile.CONTAINER_HOST: Wanted(write="0"),
            Profile.BUILD_HOST: Wanted(write="0"),
            Profile.DEV: Wanted(write="0", also=("2",)),
        },
        breaks="core dumps of set-uid programs, which systemd-coredump collects at 2",
        needs=(Need.CORE_DUMPS,),
        default=Default(value="0"),
    ),
)
