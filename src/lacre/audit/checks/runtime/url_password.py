"""No connection string carries its password.

`postgres://app:password@db/app` is a secret in a variable whose name does not say so. It ends up in logs whenever
a connection fails.

Mend: Give the password apart, from a secret; most drivers read it from a file or a variable of their own.

Example:

    services:
      app:
        environment:
          DATABASE_URL: postgres://app@db/app
          PGPASSFILE: /run/secrets/pgpass
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Confidence, Finding, Severity, Word
from lacre.audit.secrets import password_in_url


def service(service: Service) -> Iterator[Word]:
    build = service.build.arguments if service.build else ()
    for variable in (*service.environment, *service.labels, *build):
        if variable.value is not None and password_in_url(variable.value.raw or variable.value.text):
            yield Finding(
                what=f"{variable.name} holds a URL with its password",
                place=variable.value.place,
                path=variable.path,
            )
    for text in (*service.command, *service.entrypoint, *service.health_test):
        if password_in_url(text.raw or text.text):
            yield Finding(
                what=f"a URL with its password is in the {text.path}", place=text.place, path=text.path
            )


def container(container: Container) -> Iterator[Word]:
    for name, value in (*container.environment, *container.labels):
        if password_in_url(value):
            yield Finding(what=f"{name} holds a URL with its password", path=f"variable {name}")
    for words, where in ((container.words, "command"), (container.health_test, "health check")):
        if any(map(password_in_url, words)):
            yield Finding(what=f"a URL with its password is in the {where}", path=where)
    for process in container.processes[1:]:
        if any(map(password_in_url, process.words)):
            yield Finding(
                what=f"a URL with its password is in the command line of {process.name}", path="processes"
            )


CHECK = Check(
    id="LC545",
    name="url-password",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    peers=("compose-lint:0021",),
    service=service,
    container=container,
)
