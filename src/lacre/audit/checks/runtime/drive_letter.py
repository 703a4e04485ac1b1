"""A named volume is not taken for a Windows drive.

Compose reads `v:/v:ro` as the drive `v:` with the path `/v`, mounted at `ro`: without a word, the data is somewhere
else, and the mount is not read-only.

Mend: Give the volume a name of two letters or more.

Example:

    services:
      web:
        volumes: ["vol:/v:ro"]
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Severity, Word

_DRIVE = re.compile(r"^[A-Za-z]:/")


def service(service: Service) -> Iterator[Word]:
    for mount in service.mounts:
        drive = mount.source is not None and _DRIVE.match(mount.source.text)
        if mount.source is not None and drive and not mount.target.startswith(("/", "C:", "c:")):
            name = mount.source.text[0]
            yield Finding(
                what=f"the volume {name} is taken for a drive, and mounted at {mount.target}",
                place=mount.place,
                path=mount.path,
            )


CHECK = Check(
    id="LC555",
    name="drive-letter",
    doc=__doc__,
    severity=Severity.MEDIUM,
    service=service,
)
