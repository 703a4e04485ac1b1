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

from lacre.audit.check import Check
from lacre.audit.checks.running import secrets_of
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service, Variable
from lacre.audit.model import Confidence, Finding, Severity, Word
from lacre.audit.secrets import Looks, has_form, looks_like, named_like_secret


def service(service: Service) -> Iterator[Word]:
    yield from secrets_in(service.environment, "the environment")
    if service.build is not None:
        yield from secrets_in(service.build.arguments, "the build arguments")


def secrets_in(variables: tuple[Variable, ...], where: str) -> Iterator[Word]:
    """A finding for each variable whose value is written out and looks like a secret."""
    for variable in variables:
        if variable.value is None:
            continue
        raw = variable.value.raw or variable.value.text
        form = has_form(raw)
        looks = looks_like(raw) if named_like_secret(variable.name) else Looks.NOTHING
        if form or looks is Looks.SECRET:
            yield Finding(
                what=f"the value of {variable.name} is written out in {where}",
                place=variable.value.place,
                path=variable.path,
                confidence=Confidence.HIGH if form else Confidence.MEDIUM,
            )
        elif looks is Looks.PLACEHOLDER:
            yield Finding(
                what=f"{variable.name} in {where} has a value that everybody can guess",
                place=variable.value.place,
                path=variable.path,
                confidence=Confidence.LOW,
            )


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
