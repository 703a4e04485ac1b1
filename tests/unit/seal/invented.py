"""An invented service to derive seals for: a small image, and facts that a sensor could have seen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lacre.engine import Entry, ImageInfo, Service
from lacre.observe import Owner, Peaks, Phase, Profile, Run
from lacre.seal.context import Context
from lacre.seal.model import Margin
from lacre.sensor import (
    AnyFact,
    Executed,
    Identity,
    MappedExecutable,
    Opened,
    Origin,
    Refusal,
    RefusedBecause,
    SocketMade,
    Write,
    WriteKind,
)

APP = "/usr/sbin/served"


def directory(uid: int = 0, gid: int = 0, mode: int = 0o755) -> Entry:
    return Entry(kind="directory", mode=mode, uid=uid, gid=gid)


def file(uid: int = 0, gid: int = 0, mode: int = 0o644) -> Entry:
    return Entry(kind="file", mode=mode, uid=uid, gid=gid, size=10)


def link(target: str) -> Entry:
    return Entry(kind="link", mode=0o777, uid=0, gid=0, link=target)


TREE = {
    "/": directory(),
    "/etc": directory(),
    "/etc/served": directory(),
    "/etc/served/served.conf": file(),
    "/run": directory(),
    "/run/lock": directory(mode=0o1777),
    "/tmp": directory(mode=0o1777),
    "/usr": directory(),
    "/usr/sbin": directory(),
    APP: file(mode=0o755),
    "/var": directory(),
    "/var/run": link("/run"),
    "/var/lib": directory(),
    "/var/lib/served": directory(33, 33),
    "/var/lib/served/data.bin": file(33, 33),
    "/var/spool": directory(),
    "/var/spool/served": directory(33, 33, 0o700),
    "/srv": directory(),
    "/srv/app": directory(),
    "/srv/app/main.py": file(),
    "/var/log": directory(),
    "/var/log/served": directory(0, 4, 0o750),
    "/var/log/served/error.log": link("/dev/stderr"),
}


def image(tree: dict[str, Entry] | None = None, **more: Any) -> ImageInfo:
    return ImageInfo(
        reference="served",
        id="sha256:1",
        layers=("sha256:2",),
        architecture="amd64",
        accounts={0: 0, 33: 33, 1000: 1000},
        tree=TREE if tree is None else tree,
        **more,
    )


def context(
    facts: Iterable[AnyFact] = (),
    *,
    service: dict[str, Any] | None = None,
    tree: dict[str, Entry] | None = None,
    margin: Margin = Margin.NORMAL,
    peaks: Peaks | None = None,
    owners: dict[str, Owner] | None = None,
    host_memory: int = 0,
    lasting: Iterable[str] = (),
    **of_image: Any,
) -> Context:
    return Context(
        service=Service(**{"name": "web", "image": "served", "config": {}, **(service or {})}),
        image=image(tree, **of_image),
        profile=Profile("web", frozenset(facts), peaks or Peaks(), lasting=frozenset(lasting)),
        margin=margin,
        volume_owners=owners or {},
        host_memory=host_memory,
    )


def _common(phase: Phase, uid: int) -> dict[str, Any]:
    return {"container": "c", "phase": phase, "by": APP, "uid": uid}


def wrote(path: str, uid: int = 33, phase: Phase = Phase.FIRST, kind: WriteKind = WriteKind.CREATE) -> Write:
    return Write(**_common(phase, uid), path=path, kind=kind, filesystem="overlay", syscall="openat")


def opened(path: str, uid: int = 33, phase: Phase = Phase.FIRST) -> Opened:
    return Opened(**_common(phase, uid), path=path, filesystem="overlay", directory=False)


def mapped(path: str, uid: int = 33) -> MappedExecutable:
    return MappedExecutable(**_common(Phase.START, uid), path=path, filesystem="overlay")


def executed(path: str, origin: Origin = Origin.IMAGE, *, setid: bool = False, script: str = "") -> Executed:
    return Executed(**_common(Phase.START, 0), path=path, script=script, origin=origin, setid=setid)


def ran_as(uid: int, gid: int, phase: Phase = Phase.FIRST) -> Identity:
    return Identity(**_common(phase, uid), gid=gid, main=False)


def made(kind: str, phase: Phase = Phase.FIRST) -> SocketMade:
    return SocketMade(**_common(phase, 33), kind=kind)


def refused(because: RefusedBecause, what: str, **more: Any) -> Refusal:
    said: dict[str, Any] = {
        **_common(Phase.FIRST, 33),
        "because": because,
        "what": what,
        "syscall": "openat",
        "errno": 30,
        "question": False,
        "writing": True,
        **more,
    }
    return Refusal(**said)


def run(name: str = "trial 1", facts: Iterable[AnyFact] = (), **more: Any) -> Run:
    return Run(
        name=name,
        facts={"web": frozenset(facts)},
        phases=tuple(Phase),
        failures=more.pop("failures", ()),
        stopped={},
        signals={},
        responses={},
        peaks={},
        written={},
        **more,
    )


PROJECT = Path("/project")
