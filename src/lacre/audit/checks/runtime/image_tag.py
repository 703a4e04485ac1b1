"""The image is of a stated version.

Without a tag, and with `latest` and its like, the next pull brings whatever was pushed last: a new major version,
or what somebody put there who should not have been able to.

Mend: Name the version that was tried.

Example:

    services:
      web:
        image: nginx:1.27.3
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.images.references import UNTOLD, Reference, moving, reference
from lacre.audit.facts.container import Container
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.service import Service
from lacre.audit.facts.text import Text
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    if service.image is None:
        yield NotApplicable("it names no image")
    elif service.build is not None:
        yield NotApplicable("its image is built here: the name is only what it is called")
    else:
        yield from _judged(service.image, "image")


def stage(stage: Stage) -> Iterator[Word]:
    for borrowed in stage.borrowed:
        yield from _judged(borrowed, "--from")
    if stage.parent is not None or stage.base.text.lower() == "scratch":
        yield NotApplicable("it stands on another stage, or on nothing")
    else:
        yield from _judged(stage.base, "FROM")


def _judged(text: Text, path: str) -> Iterator[Word]:
    found = reference(text.text)
    if found.digest:
        return
    if "${" in found.name or "${" in found.tag:
        yield Unknown(text.why_unknown)
    elif moving(found):
        yield Finding(what=_what(found), place=text.place, path=path)


def _what(found: Reference) -> str:
    return (
        f"the image {found.name} is of {f'the moving tag {found.tag}' if found.tag else 'no stated version'}"
    )


def container(container: Container) -> Iterator[Word]:
    if container.pulled is False:
        yield NotApplicable("its image was built here: the name is only what it is called")
        return
    found = reference(container.image)
    if container.image.startswith("sha256:") or not container.image or not moving(found):
        return
    if container.pulled is None:
        yield UNTOLD
    else:
        yield Finding(what=_what(found), path="image")


CHECK = Check(
    id="LC541",
    name="image-tag",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="5.28",
    peers=(
        "compose-lint:0004",
        "compose-harden:unpinned_image",
        "dclint:service-image-require-explicit-tag",
        "DockSec:latest tag",
        "trivy:01",
        "dockle:DKL-DI-0006",
        "checkov:CKV_DOCKER_7",
        "dockerfile-hardener:DH002",
        "docker-bench:5.28",
    ),
    service=service,
    stage=stage,
    container=container,
)
