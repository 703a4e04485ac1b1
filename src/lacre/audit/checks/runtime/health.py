"""The engine can tell whether the service works.

A process that runs is not a service that works. Without a health check nothing restarts, replaces or reports one
that hangs, and dependants start against one that is not ready.

Mend: Give a `healthcheck` that does a little of the real work with a tool that the image has, or a HEALTHCHECK in
the Dockerfile.

Example:

    services:
      db:
        image: postgres:16
        healthcheck:
          test: ["CMD", "pg_isready", "-U", "postgres"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, NotApplicable, Place, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    off = service.health_off
    if off is not None and off.true:
        yield Finding(what="its health check is switched off", place=off.place, path="healthcheck.disable")
        return
    test = service.health_test
    if test and test[0].text.upper() == "NONE":
        yield Finding(what="its health check is switched off", place=test[0].place, path="healthcheck.test")
        return
    if test:
        return
    if service.excuse:
        yield service.excuse
    elif service.build is not None and service.build.stage is not None:
        state = _state(service.build.stage)
        if state is None:
            yield Unknown("whether its base image has a health check cannot be told from files")
        elif not state:
            yield Finding(what="it has no health check", place=service.at, path="healthcheck")
    else:
        yield Unknown("whether its image has a health check cannot be told from files")


def stage(stage: Stage) -> Iterator[Word]:
    if not stage.final:
        yield NotApplicable("it is not the stage that is built")
        return
    off = _off(stage)
    if off is not None:
        yield Finding(what="HEALTHCHECK NONE switches the health check off", place=off, path="HEALTHCHECK")
    elif _state(stage) is not True:
        yield Finding(what="it has no HEALTHCHECK", place=stage.at, path="HEALTHCHECK")


def _off(stage: Stage) -> Place | None:
    checks = [i for i in stage.whole if i.keyword == "HEALTHCHECK" and not i.onbuild]
    return checks[-1].place if checks and checks[-1].text.strip().upper() == "NONE" else None


def _state(stage: Stage) -> bool | None:
    """Whether a stage has a health check; None: its base image may have one."""
    if _off(stage) is not None:
        return False
    if any(i.keyword == "HEALTHCHECK" and not i.onbuild for i in stage.whole):
        return True
    return False if stage.scratch else None


def container(container: Container) -> Iterator[Word]:
    if container.health_test[:1] == ("NONE",):
        yield Finding(what="its health check is switched off", path="healthcheck")
    elif not container.health_test:
        yield Finding(what="it has no health check", path="healthcheck")


def image(image: Image) -> Iterator[Word]:
    if not image.health_test or image.health_test[0] == "NONE":
        yield Finding(what="it has no health check", path="healthcheck")


CHECK = Check(
    id="LC527",
    name="health",
    doc=__doc__,
    severity=Severity.LOW,
    cis="5.27, 4.6",
    peers=(
        "DockSec:missing healthcheck",
        "trivy:26",
        "dockle:CIS-DI-0006",
        "checkov:CKV_DOCKER_2",
        "dockerfile-hardener:DH005",
        "docker-bench:4.6",
        "docker-bench:5.27",
    ),
    aside=True,
    service=service,
    stage=stage,
    container=container,
    image=image,
)
