"""The image was built lately.

Packages get security fixes every week, and an image gets them only by being built again. One that is a year old
has a year of known holes, whatever its application.

Mend: Build again, with the base pulled anew (`docker build --pull`), on a schedule; let trivy or grype say which
holes are in it.

Example:

    $ docker build --pull --no-cache -t web:1.4.1 .
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.image import Image
from lacre.audit.model import Finding, Severity, Unknown, Word

OLD, VERY_OLD = 90, 365
"""Days."""


def image(image: Image) -> Iterator[Word]:
    if image.created is None:
        yield Unknown("it says no day on which it was built")
        return
    days = (image.today - image.created).days
    if days > OLD:
        yield Finding(
            what=f"it was built {days} days ago",
            path="created",
            severity=Severity.MEDIUM if days > VERY_OLD else None,
        )


CHECK = Check(
    id="LC404",
    name="image-age",
    doc=__doc__,
    severity=Severity.LOW,
    cis="4.4",
    peers=(
        "docker-bench:4.4",
        "dockle:CIS-DI-0004",
    ),
    image=image,
)
