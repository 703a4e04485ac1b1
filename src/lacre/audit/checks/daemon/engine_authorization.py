"""Who may speak to the engine may not do everything.

Without an authorization plugin there are two kinds of users: those that cannot speak to the engine, and root. A
plugin refuses single requests: privileged containers, mounts of the host.

Mend: Where several people use one engine, add a plugin (`authorization-plugins`), or give each a rootless engine.
On a host that one person runs it buys little, so this is level 2.

Example:

    {"authorization-plugins": ["openpolicyagent/opa-docker-authz-v2:0.9"]}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, NotApplicable, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.rootless:
        yield NotApplicable("a rootless engine can do no more than its user")
    elif not daemon.authorization:
        yield Finding(what="whoever speaks to the engine may do everything", path="authorization-plugins")


CHECK = Check(
    id="LC212",
    name="engine-authorization",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.12",
    peers=("docker-bench:2.12",),
    aside=True,
    daemon=daemon,
)
