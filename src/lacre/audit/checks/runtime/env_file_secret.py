"""Secrets of a service are not kept in an env_file.

An env_file keeps secrets out of the Compose file, but what it says still becomes environment: in `docker inspect`,
in child processes, in crash reports. And such files are committed by mistake more than any others.

Mend: Hand the secret over as a `secret`, and keep the env_file for what may be seen.

Example:

    services:
      app:
        env_file: app.env          # names, addresses, switches
        secrets: [session_key]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.service import Service
from lacre.audit.model import Confidence, Finding, Severity, Unknown, Word
from lacre.audit.secrets import Looks, has_form, looks_like, named_like_secret


def service(service: Service) -> Iterator[Word]:
    for file in service.env_files:
        if file.unread:
            yield Unknown(f"{file.name.raw} was not read: {file.unread}")
        names = [
            variable.name
            for variable in file.variables
            if variable.value is not None
            and (
                has_form(variable.value.text)
                or (named_like_secret(variable.name) and looks_like(variable.value.text) is Looks.SECRET)
            )
        ]
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield Finding(
                what=f"{file.name.raw} brings {names[0]}{more} into the environment",
                place=file.name.place,
                path=file.name.path,
            )


CHECK = Check(
    id="LC546",
    name="env-file-secret",
    doc=__doc__,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    level=2,
    peers=("DockSec:env_file secret risk",),
    service=service,
)
