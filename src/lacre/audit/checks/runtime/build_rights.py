"""The build has no rights that the image does not need.

A build runs code from the internet. Privileged, with `security.insecure`, or in the host's network it can reach
the host and its loopback like any privileged container.

Mend: Take `privileged`, `entitlements` and `network: host` away from `build`; fetch what is needed as an own stage.

Example:

    services:
      web:
        build: {context: ., dockerfile: Dockerfile}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host, is_on
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, NotApplicable, Severity, Word


def service(service: Service) -> Iterator[Word]:
    build = service.build
    if build is None:
        yield NotApplicable("it is not built")
        return
    yield from is_on(build.privileged, "its build is privileged")
    yield from is_host(build.network, "its build is in the host's network")
    for text in build.entitlements:
        if text.text in ("security.insecure", "network.host", "device"):
            yield Finding(what=f"its build may ask for {text.text}", place=text.place, path=text.path)


CHECK = Check(
    id="LC554",
    name="build-rights",
    doc=__doc__,
    severity=Severity.HIGH,
    service=service,
)
