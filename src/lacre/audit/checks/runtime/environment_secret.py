"""No secret stands in the environment of a service.

A value in the file is in version control and in every copy of it for ever. In the environment it is also in
`docker inspect`, in child processes, in crash reports and in many a debug page.

Mend: Keep it in a file outside version control and hand it over as a `secret`; most images read `NAME_FILE`. Change
the secret that stood here.

Example:

    services:
      db:
        environment:
          POSTGRES_PASSWORD_FILE: /run/secrets/db_password
        secrets: [db_password]
    secrets:
      db_password: {file: ./db_password.txt}
"""

from collections.abc import Iterator
from dataclasses import replace

from lacre.audit.check import Check
from lacre.audit.checks.common import secret
from lacre.audit.checks.running import secrets_of
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service, Variable
from lacre.audit.model import Confidence, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from secrets_in(service.environment, "the environment")
    if service.build is not None:
        yield from secrets_in(service.build.arguments, "the build arguments")


def secrets_in(variables: tuple[Variable, ...], where: str) -> Iterator[Word]:
    """A finding for each variable whose value is written out and looks like a secret."""
    for variable in variables:
        value = variable.value
        found = secret(variable.name, value.raw or value.text, where) if value is not None else None
        if found is not None and value is not None:
            yield replace(found, place=value.place, path=variable.path)


def container(container: Container) -> Iterator[Word]:
    # What the image brings is a matter of the image, which says so itself.
    of_image = frozenset(container.of_image.environment) if container.of_image is not None else frozenset()
    own = (pair for pair in container.environment if pair not in of_image)
    yield from secrets_of(own, "the environment")


CHECK = Check(
    id="LC543",
    name="environment-secret",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    peers=("compose-lint:0020", "DockSec:plaintext secret env"),
    service=service,
    container=container,
)
