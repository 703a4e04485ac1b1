"""Registries are spoken to with TLS.

Without TLS, or with certificates that are not checked, whoever sits between the host and the registry hands out
the images that run here. A mirror hands them out too.

Mend: Give the registry a certificate, put its authority into `/etc/docker/certs.d/NAME/ca.crt`, and take it from
`insecure-registries`; a mirror is written `https://` in `registry-mirrors`.

Example:

    /etc/docker/certs.d/registry.example:5000/ca.crt
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Unknown, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.insecure is None:
        yield Unknown("the engine does not say how it speaks to registries")
        return
    for name in daemon.insecure:
        key = "registry-mirrors" if "://" in name else "insecure-registries"
        yield Finding(
            what=f"the registry {name} is spoken to without TLS that is checked",
            path=f"{key} {name}",
        )


CHECK = Check(
    id="LC205",
    name="insecure-registries",
    doc=__doc__,
    severity=Severity.HIGH,
    cis="2.5",
    peers=("docker-bench:2.5",),
    daemon=daemon,
)
