"""Files in memory are bounded.

A tmpfs without a size may take half of the host's memory, and shared memory that was made large likewise. With a
memory limit on the container they count against it; without one they count against everybody.

Mend: `size=` for each tmpfs, and a memory limit that covers them. `lacre seal` measures both.

Example:

    services:
      web:
        mem_limit: 512m
        tmpfs: ["/tmp:size=64m"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, Mend, Severity, Word

_SHM = 1 << 30
"""Bytes of /dev/shm that need a memory limit beside them; Docker gives 64 MiB."""


def container(container: Container) -> Iterator[Word]:
    inside = container.inside
    limit = (container.memory or None) if inside is None else inside.limits.memory
    wanted = {mount.target: mount.options for mount in container.mounts if mount.kind == "tmpfs"}
    if limit is not None:
        return
    sizes = {mount.path: mount.size for mount in inside.mounts} if inside is not None else {}
    for target, options in wanted.items():
        bounded = sizes[target] if target in sizes else any(word.startswith("size=") for word in options)
        if not bounded:
            yield Finding(
                what=f"the tmpfs at {target} has no size, and the container no memory limit",
                path=f"mount {target}",
            )
    if container.shm > _SHM:
        yield Finding(what="its shared memory is large, and it has no memory limit", path="shm_size")


CHECK = Check(
    id="LC568",
    name="memory-files",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    container=container,
)
