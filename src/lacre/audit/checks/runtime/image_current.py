"""The container runs the image that its name stands for now.

After a pull or a build the old container goes on with the old image, and with its holes, until somebody makes it
anew. `docker ps` shows the same name for both.

Mend: `docker compose up -d`, or remove the container and start it again.

Example:

    $ docker compose pull && docker compose up -d
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.images.references import reference
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, NotApplicable, Severity, Word


def container(container: Container) -> Iterator[Word]:
    found = reference(container.image)
    if found.digest or container.image.startswith("sha256:"):
        yield NotApplicable("it was made from an image by digest")
        return
    name = found.name.removeprefix("docker.io/").removeprefix("library/")
    now = container.around.tags.get(f"{name}:{found.tag or 'latest'}")
    if now is None:
        yield NotApplicable("no image has that name any more")
    elif now != container.image_id:
        yield Finding(what=f"{container.image} is another image by now", path="image")


CHECK = Check(
    id="LC528",
    name="image-current",
    doc=__doc__,
    severity=Severity.LOW,
    cis="5.28",
    container=container,
)
