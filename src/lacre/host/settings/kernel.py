"""Settings of the kernel itself: what it tells, and what of it an unprivileged process may reach."""

from __future__ import annotations

from lacre.host.model import Default, Kind, Need, Profile, Setting, Severity, Wanted
from lacre.host.settings.profiles import everywhere

_ADMIN = "kernel Documentation/admin-guide/sysctl/kernel.rst"
_NET = "kernel Documentation/admin-guide/sysctl/net.rst"
_KSPP = "KSPP recommended settings"

SETTINGS = (
    Setting(
        id="kernel.kptr_restrict",
        kind=Kind.SYSCTL,
        key="kernel/kptr_restrict",
        title="the kernel's addresses are hidden from everybody",
        why="an exploit of the kernel must first know where its code and data lie; /proc/kallsyms, /proc/modules "
        "and many other files print it",
        sources=(_ADMIN, _KSPP),
        severity=Severity.MEDIUM,
        wanted={
            Profile.CONTAINER_HOST: Wanted(write="2"),
            Profile.BUILD_HOST: Wanted(write="1", also=("2",)),
            Profile.DEV: Wanted(write="1", also=("2",)),
        },
        breaks="perf and BPF tools that read /proc/kallsyms see no addresses, even as root, while it is 2",
        default=Default(value="0"),
    ),
    Setting(
        id="kernel.dmesg_restrict",
        kind=Kind.SYSCTL,
        key="kernel/dmesg_restrict",
        title="only CAP_SYSLOG reads the kernel's log",
        why="the log holds addresses, names of devices and the traces of an exploit's failed tries",
        sources=(_ADMIN, _KSPP, "CIS Debian 12: 1.5.4"),
        severity=Severity.LOW,
        wanted=everywhere("1"),
        breaks="users without root no longer see dmesg",
        default=Default(value="0", configured={"CONFIG_SECURITY_DMESG_RESTRICT": "1"}),
    ),
    Setting(
        id="kernel.yama.ptrace_scope",
        kind=Kind.SYSCTL,
        key="kernel/yama/ptrace_scope",
        title="a process cannot take over another one",
        why="with ptrace one broken process reads the keys out of all others of its user, in the same container or "
        "on the host",
        sources=("kernel Documentation/admin-guide/LSM/Yama.rst", _KSPP, "CIS Debian 12: 1.5.2"),
        severity=Severity.MEDIUM,
        wanted={
            Profile.CONTAINER_HOST: Wanted(write="2", also=("3",)),
            Profile.BUILD_HOST: Wanted(write="1", also=("2", "3")),
            Profile.DEV: Wanted(write="1", also=("2", "3")),
        },
        breaks="debuggers, strace and crash reporters: at 1 they trace only what they started, at 2 only with "
        "CAP_SYS_PTRACE",
        needs=(Need.PTRACE_BY_RELATIVES, Need.PTRACE_BY_STRANGERS),
        default=Default(value="1"),
    ),
)
