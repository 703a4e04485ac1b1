"""No file gets a set-user-id bit.

A set-user-id program runs as its owner, whoever starts it: in an image that is nearly always root. One mistake in
it, and the user that the image was given means nothing.

Mend: Take the mode away; `RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +` also takes it from what the
base brought.

Example:

    FROM debian:12.8
    RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.images.modes import modes
from lacre.audit.checks.running import several
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.model import Finding, Mend, Severity, Word

_NUMERIC = re.compile(r"^0*[2-7][0-7]{3}$")
_SYMBOLIC = re.compile(r"(?:^|,)[ugoa]*[+=][rwxXt]*s[rwxXts]*(?:,|$)")


def stage(stage: Stage) -> Iterator[Word]:
    for mode, target, place, keyword in modes(stage):
        number = bool(_NUMERIC.match(mode)) and mode.lstrip("0")[0] in "234567"
        only_sticky_or_group_dir = mode.lstrip("0")[:1] == "2" and not target.strip()
        if (number and not only_sticky_or_group_dir) or _SYMBOLIC.search(mode):
            yield Finding(what=f"{target or 'a file'} gets the mode {mode}", place=place, path=keyword)


def image(image: Image) -> Iterator[Word]:
    if image.contents is None:
        yield image.untold
    elif image.contents.set_id:
        paths = image.contents.set_id
        # Every base brings some, and no-new-privileges stops them all.
        yield Finding(
            what=f"{len(paths)} programs have a set-uid or set-gid bit: {several(paths)}",
            path="files",
            severity=Severity.LOW,
        )


CHECK = Check(
    id="LC408",
    name="set-uid",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="4.8",
    peers=("dockle:CIS-DI-0008", "docker-bench:4.8"),
    stage=stage,
    image=image,
)
