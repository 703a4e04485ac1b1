"""One project and its seal, small but with every kind of thing that a report has to say."""

from __future__ import annotations

from pathlib import Path

from lacre.engine.project import Mount, Project, Service
from lacre.report.sealed import SealedReport
from lacre.seal.model import (
    Capabilities,
    Completeness,
    Exercise,
    FileSystem,
    Grant,
    Ground,
    Image,
    LeftRefused,
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

HOSTILE = "/tmp/\x1b[2J\u202egpj.exe\udcff\n[red]"

WEB = ServiceSeal(
    image=Image(reference="nginx:1.27", layers=("sha256:aa",), architecture="amd64"),
    user=User(
        user="33:33",
        root=False,
        grants=(
            Grant(what="33:33", reason="all its workers run as it", by="/usr/sbin/nginx", phase="start"),
        ),
    ),
    capabilities=Capabilities(),
    filesystem=FileSystem(
        tmpfs=(
            Tmpfs(path="/run", size=64 << 20, uid=33, gid=33),
            Tmpfs(path="/tmp", size=1536 << 20, mode=0o1777, exec=True),
        ),
        volumes=(NamedVolume(path="/var/lib/nginx", name="lacre-web-nginx"),),
        grants=(
            Grant(
                what="tmpfs /run",
                reason="creates /run/nginx.pid",
                by="/usr/sbin/nginx",
                phase="start",
                run="baseline 1",
            ),
        ),
        left=(
            LeftRefused(
                what=HOSTILE,
                reason="program files are never writable, and every phase works without it",
                by="/usr/sbin/nginx",
                phase="first work",
            ),
        ),
    ),
    syscalls=Syscalls(observed=frozenset({"read", "write"}), allowed=frozenset({"read", "write", "openat"})),
    privileges=Privileges(),
    limits=Limits(memory=1 << 30, pids=64, cpus=1.0, nofile=4096),
    logging=Logging(driver="json-file", options={"max-size": "10m", "max-file": "3"}),
    network=Network(listening=("tcp/80",), reaches=("app:tcp/8000",)),
    completeness=Completeness(
        phases=("start", "first work", "stop"),
        observed_for=60.0,
        last_new_fact=20.0,
        untouched_ports=("tcp/443",),
        unused_programs=212,
    ),
)

DB = ServiceSeal(
    image=Image(reference="demo-db", layers=("sha256:bb",), architecture="amd64"),
    user=User(),
    capabilities=Capabilities(
        add=frozenset({"SETUID", "SETGID", "DAC_READ_SEARCH"}),
        grants=(
            Grant(
                what="DAC_READ_SEARCH",
                reason="reads a directory of another owner",
                by="/usr/bin/find",
                phase="second start",
                run="trial 1",
            ),
        ),
    ),
    filesystem=FileSystem(read_only=False, off="it writes into its own program directory /opt/db/bin"),
    syscalls=Syscalls(base="docker-default"),
    privileges=Privileges(),
    limits=Limits(),
    logging=Logging(),
    network=Network(),
    notes=("chown the bind mount /srv/data to 999 before a seal without root can run on it",),
)

SEAL = Seal(
    project="demo",
    margin=Margin.NORMAL,
    exercises=(Exercise(command="sh smoke.sh"), Exercise(command='psql -c "select 1"', service="db")),
    files=("compose.yaml",),
    profiles=("full",),
    source="ab" * 32,
    ground=Ground(engine="26.1.5", kernel="6.12.9", cgroup=2, apparmor=True, compose="2.40.3"),
    trials=3,
    services={"web": WEB, "db": DB},
)

PROJECT = Project(
    name="demo",
    directory=Path("/srv/demo"),
    files=(Path("/srv/demo/compose.yaml"),),
    config={},
    services={
        "web": Service(name="web", image="nginx:1.27", config={}, cap_drop=("MKNOD",)),
        "db": Service(
            name="db",
            image="demo-db",
            config={},
            privileged=True,
            mounts=(Mount(kind="volume", target="/var/lib/db", source="data"),),
        ),
    },
)

WHOLE = SEAL.model_copy(update={"services": {"web": WEB}})

FILES = ("lacre.yaml", "compose.sealed.yaml", "seccomp/db.json", "seccomp/web.json")


def report(seal: Seal = SEAL, *, written: bool = True) -> SealedReport:
    """The report of `lacre seal` on that project."""
    return SealedReport(
        seal=seal,
        project=PROJECT,
        warnings=("db is privileged: sealed as far as it goes",),
        trials=seal.trials,
        spent={"observing": 21.04, "proving": 187.0, "orchestration": 2.5},
        files=FILES,
        written=written,
        next_command="docker compose -f compose.yaml -f compose.sealed.yaml up -d",
    )
