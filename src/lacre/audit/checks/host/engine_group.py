"""Only those who may be root can speak to the engine.

A member of the engine's group starts a container with the host's disk in it, and is root: no password is asked,
and no log of sudo tells of it.

Mend: Take out who need not be in it (`gpasswd -d USER docker`); give developers a rootless engine each.

Example:

    $ gpasswd -d ana docker
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host
from lacre.audit.model import Finding, NotApplicable, Severity, Word


def host(host: Host) -> Iterator[Word]:
    if host.rootless:
        yield NotApplicable("a rootless engine has no group")
        return
    for name in host.members:
        if name != "root":
            yield Finding(what=f"{name} is as good as root, by the group {host.group}", path=f"group {name}")


CHECK = Check(
    id="LC102",
    name="engine-group",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="1.1.2",
    peers=("docker-bench:1.1.2",),
    host=host,
)
