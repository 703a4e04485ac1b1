"""No folder of programs or settings is a VOLUME.

A VOLUME stays writable under a read-only root, and keeps what is written there beyond the container's end. On `/etc`
or `/usr` that means that settings and programs can be changed, and stay so.

Mend: Name only the folder that holds data.

Example:

    FROM debian:12.8
    VOLUME ["/var/lib/app"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.model import Finding, Mend, Severity, Word

_FOLDERS = (
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/sbin",
    "/sys",
    "/usr",
    "/run",
)
_BELOW = (
    "/bin",
    "/boot",
    "/dev",
    "/lib",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/lib",
    "/usr/sbin",
)


def stage(stage: Stage) -> Iterator[Word]:
    for instruction in stage.instructions:
        if instruction.keyword != "VOLUME":
            continue
        for word in instruction.json or tuple(instruction.text.split()):
            folder = "/" + word.strip("\"'").strip("/")
            if folder in (*_FOLDERS, *_BELOW) or folder.startswith(tuple(f"{below}/" for below in _BELOW)):
                yield Finding(what=f"{folder} is a VOLUME", place=instruction.place, path="VOLUME")


def image(image: Image) -> Iterator[Word]:
    for volume in image.volumes:
        folder = "/" + volume.strip("/")
        if folder in (*_FOLDERS, *_BELOW) or folder.startswith(tuple(f"{below}/" for below in _BELOW)):
            yield Finding(what=f"{folder} is a VOLUME", path="volumes")


CHECK = Check(
    id="LC428",
    name="volumes",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    peers=("dockle:DKL-DI-0002",),
    stage=stage,
    image=image,
)
