"""No limit of the processes is lifted.

`ulimits` of a service override the engine's defaults. Unlimited descriptors, processes or locked memory let one
service take what the whole host has.

Mend: Give a number that the application needs: servers rarely need more than 65536 descriptors.

Example:

    services:
      web:
        ulimits:
          nofile: {soft: 8192, hard: 65536}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.running import UNREADABLE
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word

BOUNDED = {"nofile": 1_048_576, "nproc": 1_048_576}
"""What is still a limit; more, or -1, is none."""


def service(service: Service) -> Iterator[Word]:
    for limit in service.ulimits:
        if limit.name not in BOUNDED or limit.value is None:
            continue
        text = limit.value.text.strip()
        number = int(text) if text.lstrip("-").isdigit() else 0
        if text in ("-1", "unlimited", "infinity") or number > BOUNDED[limit.name]:
            yield Finding(
                what=f"{limit.name} has no limit ({text})", place=limit.value.place, path=limit.path
            )


def container(container: Container) -> Iterator[Word]:
    most = BOUNDED["nofile"]
    held = (
        container.ulimits.get("nofile", most) if container.inside is None else container.inside.limits.nofile
    )
    if held is None:  # the kernel always has a number for it (proc_sys_fs(5), nr_open)
        yield Unknown(UNREADABLE)
    elif held > most or held < 0:
        yield Finding(what="nofile has no limit", path="ulimit nofile")
    processes = container.ulimits.get("nproc", 0)
    if processes < 0 or processes > BOUNDED["nproc"]:
        yield Finding(what="nproc has no limit", path="ulimit nproc")


CHECK = Check(
    id="LC519",
    name="descriptor-limit",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    mend=Mend.PROOF,
    cis="5.19",
    peers=("docker-bench:5.19",),
    service=service,
    container=container,
)
