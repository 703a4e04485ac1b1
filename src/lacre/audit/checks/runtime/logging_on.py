"""What the service says is kept.

With the logging driver `none` nothing that the service writes is ever seen again: an attack leaves no trace, and
a fault no explanation.

Mend: Take `driver: none` away, or name a driver that sends the lines where an intruder cannot reach them.

Example:

    services:
      web:
        logging:
          driver: local
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Edit, Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    driver = service.log_driver
    if driver is None:
        return
    if not driver.known:
        yield Unknown(driver.why_unknown)
    elif driver.text.lower() == "none":
        edit = None if service.log_options or driver.raw != driver.text else Edit(driver.place, "local")
        yield Finding(what="nothing that it says is kept", place=driver.place, path=driver.path, edit=edit)


def container(container: Container) -> Iterator[Word]:
    if container.log_driver == "none":
        yield Finding(what="nothing that it says is kept", path="logging")


CHECK = Check(
    id="LC549",
    name="logging-on",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.SAFE,
    peers=("compose-lint:0014",),
    service=service,
    container=container,
)
