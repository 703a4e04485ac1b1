"""Seals to render, made by hand."""

from __future__ import annotations

from typing import Any

from lacre.seal.model import (
    Capabilities,
    FileSystem,
    Grant,
    Ground,
    Image,
    Limits,
    Logging,
    Margin,
    NamedVolume,
    Network,
    Privileges,
    Seal,
    ServiceSeal,
    Syscalls,
    Tmpfs,
    User,
)

TMP = Tmpfs(path="/tmp", size=64 << 20, mode=0o1777)

FULL = ServiceSeal(
    image=Image(reference="example:1", layers=("sha256:aa",), architecture="amd64"),
    user=User(
        user="33:33", group_add=("4",), root=False, grants=(Grant(what="33:33", reason="works as this"),)
    ),
    capabilities=Capabilities(
        add=frozenset({"CHOWN", "KILL"}),
        grants=(Grant(what="CHOWN", reason="chown failed without it", by="/usr/sbin/nginx", phase="start"),),
    ),
    filesystem=FileSystem(
        tmpfs=(TMP, Tmpfs(path="/var/lib/work", size=1000, mode=0o700, uid=33, gid=33, exec=True)),
        volumes=(NamedVolume(path="/var/cache/app", name="app-cache"),),
        grants=(
            Grant(what="/tmp", reason="temporary directory of the image"),
            Grant(what="/var/cache/app", reason="must last", by="/usr/bin/app", phase="work"),
        ),
    ),
    syscalls=Syscalls(observed=frozenset({"read"}), allowed=frozenset({"read", "write", "socket", "clone"})),
    privileges=Privileges(),
    limits=Limits(
        memory=512 << 20,
        pids=64,
        cpus=1.5,
        nofile=4096,
        grants=(Grant(what="memory", reason="4 times the peak"),),
    ),
    logging=Logging(driver="json-file", options={"max-size": "10m", "max-file": "3"}),
    network=Network(),
)

NOTHING = ServiceSeal(
    image=FULL.image,
    user=User(off="nobody knows"),
    capabilities=Capabilities(off="needs them all"),
    filesystem=FileSystem(off="writes into its own program"),
    syscalls=Syscalls(base="unchanged", off="privileged"),
    privileges=Privileges(no_new_privileges=False, off="runs a set-ID program"),
    limits=Limits(off="the base has them"),
    logging=Logging(),
    network=Network(),
)


def changed(seal: ServiceSeal = FULL, **settings: dict[str, Any]) -> ServiceSeal:
    """The seal with some fields of its settings replaced: `changed(filesystem={"tmpfs": ()})`."""
    update = {name: getattr(seal, name).model_copy(update=fields) for name, fields in settings.items()}
    return seal.model_copy(update=update)


def of_project(**services: ServiceSeal) -> Seal:
    return Seal(
        project="shop",
        margin=Margin.NORMAL,
        ground=Ground(engine="20.10.24", kernel="6.18.44", cgroup=1, apparmor=False, compose="2.40.3"),
        services=services,
    )
