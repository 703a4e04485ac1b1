"""Passwords of registries do not lie in plain files.

`docker login` without a keeper of secrets writes the password into `~/.docker/config.json`, where it is only
encoded. A backup, or a container with that home mounted, has it.

Mend: Set `credsStore` to the system's keeper (`pass`, `secretservice`), log in again, and use tokens that can only
read.

Example:

    {"credsStore": "pass"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host
from lacre.audit.model import Finding, Severity, Unknown, Word


def host(host: Host) -> Iterator[Word]:
    for path in host.plain_logins:
        yield Finding(what=f"{path} holds a registry's password", path=path)
    for why in host.unread_logins:
        yield Unknown(why)


CHECK = Check(
    id="LC328",
    name="plain-logins",
    doc=__doc__,
    severity=Severity.LOW,
    host=host,
)
