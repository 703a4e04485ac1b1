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
    folders = frozenset(_made_folders(stage))
    for mode, target, place, keyword in modes(stage):
        number = bool(_NUMERIC.match(mode)) and mode.lstrip("0")[0] in "234567"
        if (number or _SYMBOLIC.search(mode)) and target not in folders:
            yield Finding(what=f"{target or 'a file'} gets the mode {mode}", place=place, path=keyword)


def _made_folders(stage: Stage) -> Iterator[str]:
    """Folders that the stage makes: there the bit only says to whom new files belong."""
    for run in stage.runs:
        for command in run.commands:
            if command.program == "mkdir":
                yield from command.arguments


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
