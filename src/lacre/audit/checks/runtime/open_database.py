"""No database lets everybody in.

Some images have a switch that starts a database without any password: made for tests, copied into production.
Everything on the same network then owns the data.

Mend: Take the switch away and give a password as a secret.

Example:

    services:
      db:
        environment:
          POSTGRES_PASSWORD_FILE: /run/secrets/db_password
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Severity, Word

_SWITCHES = {
    "POSTGRES_HOST_AUTH_METHOD": frozenset({"trust"}),
    "MYSQL_ALLOW_EMPTY_PASSWORD": frozenset({"yes", "true", "1", "on", "y"}),
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": frozenset({"yes", "true", "1", "on", "y"}),
    "MARIADB_ALLOW_EMPTY_PASSWORD": frozenset({"yes", "true", "1", "on", "y"}),
    "ALLOW_EMPTY_PASSWORD": frozenset({"yes", "true", "1", "on", "y"}),
    "ALLOW_ANONYMOUS_LOGIN": frozenset({"yes", "true", "1", "on", "y"}),
    "ALLOW_PLAINTEXT_LISTENER": frozenset({"yes", "true", "1", "on", "y"}),
    "xpack.security.enabled": frozenset({"false"}),
    "DISABLE_SECURITY_PLUGIN": frozenset({"true"}),
    "ME_CONFIG_BASICAUTH": frozenset({"false"}),
    "NEO4J_AUTH": frozenset({"none"}),
}
"""Variables of common images, and the values that mean "no password"."""


def service(service: Service) -> Iterator[Word]:
    for variable in service.environment:
        if variable.value is not None and variable.value.text.lower() in _SWITCHES.get(variable.name, ()):
            yield Finding(
                what=f"{variable.name}={variable.value.text} lets everybody in",
                place=variable.value.place,
                path=variable.path,
            )


def container(container: Container) -> Iterator[Word]:
    for name, value in container.environment:
        if value.lower() in _SWITCHES.get(name, ()):
            yield Finding(what=f"{name}={value} lets everybody in", path=f"variable {name}")


CHECK = Check(
    id="LC551",
    name="open-database",
    doc=__doc__,
    severity=Severity.HIGH,
    service=service,
    container=container,
)
