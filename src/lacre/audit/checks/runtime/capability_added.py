"""No capability is added that opens the host.

Some capabilities are as good as root on the host, others reach the host's network, clock, kernel log or memory.
Each finding says what the one at hand allows.

Mend: Take it away, or find another way to the same end: a device, a group, a sysctl of the container, a file
with the right owner. `lacre seal` proves whether the application works without it.

Example:

    services:
      probe:
        cap_drop: [ALL]
        cap_add: [NET_RAW]   # what it needs, and no more
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import capability
from lacre.audit.checks.running import every_capability, in_reach, names_of
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word

DANGEROUS = {
    "ALL": (Severity.CRITICAL, "every capability there is"),
    "SYS_ADMIN": (Severity.CRITICAL, "mounts, namespaces, and most ways out of a container"),
    "SYS_MODULE": (Severity.CRITICAL, "loads code into the host's kernel"),
    "SYS_RAWIO": (Severity.CRITICAL, "reaches the host's memory and disks directly"),
    "DAC_READ_SEARCH": (Severity.HIGH, "opens files of the host by their handle"),
    "SYS_PTRACE": (Severity.HIGH, "reads and changes other processes; with the host's pids, the host's"),
    "SYS_BOOT": (Severity.HIGH, "restarts the host, or loads another kernel"),
    "SYS_TIME": (Severity.HIGH, "sets the host's clock: certificates and logs stop meaning anything"),
    "NET_ADMIN": (Severity.HIGH, "changes routes and firewall; with the host's network, the host's"),
    "BPF": (Severity.HIGH, "loads programs into the host's kernel"),
    "PERFMON": (Severity.HIGH, "watches the whole host, secrets in memory too"),
    "SYSLOG": (Severity.HIGH, "reads the kernel's log and its addresses"),
    "MAC_ADMIN": (Severity.HIGH, "changes the host's AppArmor or SELinux policy"),
    "MAC_OVERRIDE": (Severity.HIGH, "passes over the host's security policy"),
    "LINUX_IMMUTABLE": (Severity.MEDIUM, "makes files that nobody can remove, logs that can be changed"),
    "AUDIT_CONTROL": (Severity.MEDIUM, "switches the host's audit off"),
    "CHECKPOINT_RESTORE": (Severity.MEDIUM, "looks into other processes"),
    "SYS_RESOURCE": (Severity.MEDIUM, "passes over limits of processes, memory and disk"),
    "SYS_PACCT": (Severity.MEDIUM, "writes the host's process accounting to any file"),
    "SYS_TTY_CONFIG": (Severity.MEDIUM, "takes over terminals of the host"),
    "SYS_NICE": (Severity.MEDIUM, "takes processor time and memory nodes from everybody else"),
    "IPC_LOCK": (Severity.MEDIUM, "locks memory past its limit, until the host has none"),
    "IPC_OWNER": (Severity.MEDIUM, "reads and writes shared memory of others"),
    "LEASE": (Severity.LOW, "delays others that open its files"),
    "AUDIT_READ": (Severity.MEDIUM, "reads the host's audit log"),
    "BLOCK_SUSPEND": (Severity.LOW, "keeps the host from sleeping"),
    "WAKE_ALARM": (Severity.LOW, "wakes the host"),
}
"""What each capability beyond Docker's default set allows in a container: capabilities(7), Linux 6.x."""


def service(service: Service) -> Iterator[Word]:
    for text in service.cap_add:
        if not text.known:
            yield Unknown(text.why_unknown)
            continue
        name = capability(text)
        if name in DANGEROUS:
            severity, why = DANGEROUS[name]
            yield Finding(
                what=f"the capability {name} is added: {why}" if name != "ALL" else f"cap_add is ALL: {why}",
                place=text.place,
                path=text.path,
                severity=severity,
            )


def container(container: Container) -> Iterator[Word]:
    if container.inside is None:
        names = set(container.cap_add) | ({"ALL"} if container.privileged else set())
    else:
        reach = [in_reach(process) for process in container.processes]
        whole = any(map(every_capability, reach))
        names = {"ALL"} if whole else {name for mask in reach for name in names_of(mask)}
    for name in sorted(names & DANGEROUS.keys()):
        severity, why = DANGEROUS[name]
        what = f"it holds {why}" if name == "ALL" else f"it holds the capability {name}: {why}"
        yield Finding(what=what, path=f"capability {name}", severity=severity)
    if container.inside is None and container.running:
        yield container.untold


CHECK = Check(
    id="LC540",
    name="capability-added",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.4",
    peers=(
        "compose-lint:0011",
        "compose-lint:0024",
        "compose-lint:0027",
        "compose-lint:0028",
        "compose-lint:0029",
        "compose-lint:0030",
        "DockSec:dangerous caps",
    ),
    service=service,
    container=container,
)
