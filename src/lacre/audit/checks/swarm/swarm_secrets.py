"""Services get their secrets as secrets.

A secret of the swarm is encrypted where it is kept, and a file in memory where it is used. In the environment of a
service every manager, every `docker service inspect`, and every child process has it.

Mend: `docker secret create`, and `--secret` in place of `--env`.

Example:

    $ docker service update --secret-add db_password --env-rm DB_PASSWORD db
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.running import secrets_of
from lacre.audit.facts.swarm import Swarm
from lacre.audit.model import Confidence, NotApplicable, Severity, Word


def swarm(swarm: Swarm) -> Iterator[Word]:
    if not swarm.services:
        yield NotApplicable("it has no service")
    for service in swarm.services:
        yield from secrets_of(service.environment, f"the environment of service {service.name}")


CHECK = Check(
    id="LC704",
    name="swarm-secrets",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    cis="7.4",
    peers=("docker-bench:7.4",),
    swarm=swarm,
)
