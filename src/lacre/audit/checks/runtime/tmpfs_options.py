"""A tmpfs holds data, not programs, and has a size.

A tmpfs that is `exec` lets an intruder run what he has just written; `suid` and `dev` let him make set-user-id
files and devices there. Docker mounts a tmpfs without all three unless asked.
Without a size, and where the memory of the service has no limit either, what is written there takes the host's memory.

Mend: Take `exec`, `suid` and `dev` away. Programs that compile at run time need `exec` on one directory: give it to
that one alone. `lacre seal` sees which one it is.

Example:

    services:
      web:
        tmpfs: ["/tmp:size=64m,mode=1777"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    for mount in service.mounts:
        if mount.kind == "tmpfs":
            loose = [option for option in ("exec", "suid", "dev") if option in mount.options]
            if loose:
                yield Finding(
                    what=f"the tmpfs at {mount.target} is mounted {', '.join(loose)}",
                    place=mount.place,
                    path=mount.path,
                )
            sized = any(option.startswith("size=") for option in mount.options) or not mount.path.startswith(
                "tmpfs"
            )
            if not sized and service.memory is None and service.excuse is None:
                yield Finding(
                    what=f"the tmpfs at {mount.target} has no size, and the memory that it takes no limit",
                    place=mount.place,
                    path=mount.path,
                )


def container(container: Container) -> Iterator[Word]:
    seen = {mount.path: mount.options for mount in container.inside.mounts} if container.inside else {}
    for mount in container.mounts:
        if mount.kind != "tmpfs":
            continue
        held = seen.get(mount.target)
        loose = [
            option
            for option in ("exec", "suid", "dev")
            if (f"no{option}" not in held if held is not None else option in mount.options)
        ]
        if loose:
            yield Finding(what=f"the tmpfs at {mount.target} is mounted {', '.join(loose)}", path=mount.path)


CHECK = Check(
    id="LC548",
    name="tmpfs-options",
    doc=__doc__,
    severity=Severity.LOW,
    mend=Mend.PROOF,
    peers=("compose-lint:0022",),
    service=service,
    container=container,
)
