"""The image is pinned by its digest.

A tag can be moved by whoever controls the registry's account; a digest cannot. What was tried and proved is then
what runs, everywhere.

Mend: Add the digest to the tag, and let a bot renew both: `docker buildx imagetools inspect NAME:TAG` shows it.

Example:

    services:
      web:
        image: nginx:1.27.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.images.references import UNTOLD, reference
from lacre.audit.facts.container import Container
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.service import Service
from lacre.audit.facts.text import Text
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    if service.image is None or service.build is not None:
        yield NotApplicable("its image is built here, or it names none")
    else:
        yield from _judged(service.image, "image")


def stage(stage: Stage) -> Iterator[Word]:
    if stage.parent is not None or stage.base.text.lower() == "scratch":
        yield NotApplicable("it stands on another stage, or on nothing")
    else:
        yield from _judged(stage.base, "FROM")


def _judged(text: Text, path: str) -> Iterator[Word]:
    found = reference(text.text)
    if found.digest.startswith("sha256:") and "${" not in found.digest:
        return
    if not text.known:
        yield Unknown(text.why_unknown)
        return
    yield Finding(what=f"the image {found.name} is not pinned by digest", place=text.place, path=path)


def container(container: Container) -> Iterator[Word]:
    if container.pulled is False:
        yield NotApplicable("its image was built here, and no registry has it")
    elif container.image.startswith("sha256:") or reference(container.image).digest:
        return
    elif container.pulled is None:
        yield UNTOLD
    else:
        yield Finding(
            what=f"the image {reference(container.image).name} is not pinned by digest", path="image"
        )


CHECK = Check(
    id="LC421",
    name="image-digest",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    peers=("compose-lint:0019",),
    aside=True,
    service=service,
    stage=stage,
    container=container,
)
