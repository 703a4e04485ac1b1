"""Only those who may be root can speak to the engine.

A member of the engine's group starts a container with the host's disk in it, and is root: no password is asked,
and no log of sudo tells of it. Whom an access list lets write the engine's socket is as good as a member.

Mend: Take out who need not be in it (`gpasswd -d USER docker`), and the access list (`setfacl -b`); give developers a
rootless engine each.

Example:

    $ gpasswd -d ana docker
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word

_WRITE = 2  # what connecting to a socket takes, unix(7)


def host(host: Host) -> Iterator[Word]:
    if host.rootless:
        yield NotApplicable("a rootless engine has no group")
        return
    if host.members is None and any(file.gid != 0 for file in host.of(Role.SOCKET)):
        yield Unknown(f"the group {host.group} is not in /etc/group, and who is in it is not known")
    for name in host.members or ():
        if name != "root":
            yield Finding(what=f"{name} is as good as root, by the group {host.group}", path=f"group {name}")
    if Role.SOCKET in host.unreadable:
        yield Unknown(host.unreadable[Role.SOCKET])
    for file in host.of(Role.SOCKET):
        for one in file.named:
            if one.rights & _WRITE and not (one.group and one.name == host.group):
                yield Finding(
                    what=f"{one} is as good as root, by the access list of {file.path}", path=file.path
                )


CHECK = Check(
    id="LC102",
    name="engine-group",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="1.1.2",
    peers=("docker-bench:1.1.2",),
    host=host,
)
