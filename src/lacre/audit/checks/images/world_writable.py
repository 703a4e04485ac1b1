"""No file can be written by everybody.

A mode such as 777 lets every user of the container change the file: an intruder who is nobody replaces a program or
a script that root runs later.

Mend: Give the file to the user that writes it (`--chown`), and the mode 755 or 644. A directory like /tmp has 1777.

Example:

    FROM debian:12.8
    COPY --chown=10001:10001 --chmod=0750 data/ /var/lib/app/
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.images.modes import modes
from lacre.audit.checks.running import several
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.model import Finding, Mend, Severity, Word

_NUMERIC = re.compile(r"^[0-7]{0,2}[0-7][0-7][2367]$")
_SYMBOLIC = re.compile(r"(?:^|,)[ugoa]*[oa][ugoa]*[+=][rxXst]*w[rwxXst]*(?:,|$)")
"""Others are named: where nobody is, the umask keeps the write bit from them (chmod(1)), and a build's is 022."""


def stage(stage: Stage) -> Iterator[Word]:
    for mode, target, place, keyword in modes(stage):
        sticky = len(mode.lstrip("0")) == 4 and mode.lstrip("0")[0] in "1357"
        if (_NUMERIC.match(mode) and not sticky) or _SYMBOLIC.search(mode):
            yield Finding(
                what=f"everybody can write {target or 'a file'} (mode {mode})", place=place, path=keyword
            )


def image(image: Image) -> Iterator[Word]:
    if image.contents is None:
        yield image.untold
    elif image.contents.writable:
        paths = image.contents.writable
        yield Finding(what=f"everybody can write {several(paths)}", path="files")


CHECK = Check(
    id="LC426",
    name="world-writable",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    stage=stage,
    image=image,
)
