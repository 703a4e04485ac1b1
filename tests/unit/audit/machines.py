"""Machines of paper: facts for checks, good ones that a test spoils in one place."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lacre.audit.facts.container import Container, ContainerMount, Inside, Surroundings
from lacre.audit.facts.daemon import Daemon
from lacre.audit.facts.host import File, Host, Role, Watched
from lacre.audit.facts.image import Contents, Image
from lacre.audit.facts.swarm import Swarm
from lacre.engine.census import Process
from lacre.engine.daemon import DaemonFacts
from lacre.engine.inside import Limited, Mounted
from lacre.host import jsontext
from lacre.host.dockerd import EngineFacts

TODAY = datetime.date(2026, 11, 25)
ALL = (1 << 41) - 1
DEFAULT = 0xA80425FB  # Docker's fourteen
NOEXEC = frozenset({"rw", "noexec", "nosuid", "nodev"})


def process(name: str = "web", **changes: Any) -> Process:
    """A process that may nothing."""
    good = Process(
        pid=100,
        inside=1,
        parent=1,
        name=name,
        program=f"/usr/bin/{name}",
        words=(f"/usr/bin/{name}",),
        uid=1000,
        gid=1000,
        capabilities=0,
        bounding=0,
        no_new_privileges=True,
        seccomp=True,
        apparmor="docker-default",
        selinux="system_u:system_r:container_t:s0:c1,c2",
        host_users=False,
    )
    return replace(good, **changes)


GOOD_INSIDE = Inside(
    processes=(process(),),
    limits=Limited(memory=1 << 28, pids=100, cpus=1.0, nofile=65536),
    mounts=(
        Mounted(path="/", filesystem="overlay", options=frozenset({"ro"}), size=None),
        Mounted(path="/tmp", filesystem="tmpfs", options=NOEXEC, size=1 << 26),
    ),
    shared=frozenset(),
    listening=frozenset({"tcp/8080"}),
)
TMP = ContainerMount(kind="tmpfs", source="", target="/tmp", read_only=False, options=("size=64m",))
AROUND = Surroundings(apparmor=True, selinux=True, remapped=True, tags={"web:1.4": "sha256:1"})


def inside(**changes: Any) -> Inside:
    """What the kernel says of a good container, but for `changes`."""
    return replace(GOOD_INSIDE, **changes)


def image(**changes: Any) -> Image:
    """A good image, read."""
    good = Image(
        id="sha256:1",
        name="web:1.4",
        tags=("web:1.4",),
        pulled=True,
        created=TODAY - datetime.timedelta(days=10),
        today=TODAY,
        user="1000:1000",
        health_test=("CMD", "true"),
        words=("/usr/bin/web",),
        contents=Contents(tools={}),
    )
    return replace(good, **changes)


def contents(**changes: Any) -> Image:
    """A good image but for what its files are."""
    return image(contents=Contents(**{"tools": {}, **changes}))


def container(**changes: Any) -> Container:
    """A good container that runs."""
    good = Container(
        id="0" * 64,
        name="web",
        image="web:1.4",
        image_id="sha256:1",
        running=True,
        status="running",
        health="healthy",
        health_test=("CMD", "true"),
        restart="on-failure",
        restart_most=3,
        user="1000:1000",
        read_only=True,
        cap_drop=("ALL",),
        security_opt=("no-new-privileges:true",),
        apparmor_profile="docker-default",
        process_label="system_u:system_r:container_t:s0:c1,c2",
        mounts=(TMP,),
        network_mode="front",
        networks=("front",),
        memory=1 << 28,
        cpus=1.0,
        pids=100,
        log_driver="local",
        words=("/usr/bin/web",),
        inside=GOOD_INSIDE,
        of_image=image(),
        around=AROUND,
    )
    return replace(good, **changes)


def of_processes(*processes: Process, **changes: Any) -> Container:
    """A good container in which these processes run."""
    return container(inside=inside(processes=processes), **changes)


def bind(source: str, target: str, **changes: Any) -> ContainerMount:
    """A bind mount for writing."""
    good = ContainerMount(kind="bind", source=source, target=target, read_only=False, host=(source,))
    return replace(good, **changes)


def asked(**changes: Any) -> DaemonFacts:
    """What a good engine says of itself."""
    good = DaemonFacts(
        version="29.0.0",
        root_dir="/var/lib/docker",
        local=True,
        live_restore=True,
        experimental=False,
        logging_driver="local",
        swarm=False,
        security=("name=seccomp,profile=builtin", "name=userns", "name=no-new-privileges"),
        icc=False,
        containers=(),
    )
    return replace(good, **changes)


GOOD_FILE: Mapping[str, Any] = {
    "userland-proxy": False,
    "no-new-privileges": True,
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 8192, "Hard": 65536}},
    "ip": "127.0.0.1",
    "log-opts": {"syslog-address": "tcp+tls://logs.example:6514"},
}


def daemon(file: Mapping[str, Any] | None = None, said: DaemonFacts | None = None, **changes: Any) -> Daemon:
    """A good engine, but for keys of its file, what it says, and `changes`."""
    facts = EngineFacts(
        there=True,
        running=True,
        pid=7,
        text=jsontext.compact({**GOOD_FILE, **(file or {})}),
        asked=said or asked(),
    )
    good = Daemon(
        name="far",
        local=True,
        rootless=False,
        remapped=True,
        version="29.0.0",
        components={"engine": "29.5.1", "containerd": "2.2.0", "runc": "1.4.0"},
        storage="overlay2",
        authorization=("opa",),
        logging_driver="syslog",
        listening=(),
        facts=facts,
    )
    return replace(good, **changes)


def file(path: str, mode: int, **changes: Any) -> File:
    """A file of root."""
    good = File(path=path, kind="file", mode=mode, uid=0, gid=0, owner="root", group="root")
    return replace(good, **changes)


GOOD_FILES = {
    Role.SERVICE: (file("/usr/lib/systemd/system/docker.service", 0o644),),
    Role.SOCKET_UNIT: (file("/usr/lib/systemd/system/docker.socket", 0o644),),
    Role.CONFIG_DIRECTORY: (file("/etc/docker", 0o755),),
    Role.REGISTRY_CERTIFICATES: (file("/etc/docker/certs.d/r/ca.crt", 0o444),),
    Role.CA: (file("/etc/docker/tls/ca.pem", 0o444),),
    Role.CERTIFICATE: (file("/etc/docker/tls/cert.pem", 0o444),),
    Role.KEY: (file("/etc/docker/tls/key.pem", 0o400),),
    Role.SOCKET: (file("/run/docker.sock", 0o660, gid=999, group="docker"),),
    Role.CONFIG: (file("/etc/docker/daemon.json", 0o644),),
    Role.DEFAULTS: (file("/etc/default/docker", 0o644),),
    Role.SYSCONFIG: (file("/etc/sysconfig/docker", 0o644),),
    Role.CONTAINERD_SOCKET: (file("/run/containerd/containerd.sock", 0o660),),
    Role.CONTAINERD_CONFIG: (file("/etc/containerd/config.toml", 0o644),),
    Role.PROGRAMS: (file("/usr/bin/dockerd", 0o755),),
    Role.DATA: (file("/var/lib/docker", 0o710),),
}
RULES = (
    "-w /usr/bin/dockerd -p rwxa -k docker",
    "-a always,exit -F dir=/var/lib/docker -F perm=rwxa",
    "-w /etc -p wa",
    "-w /lib/systemd/system -p wa",
    "-w /run/containerd -p wa",
)


def host(spoiled: Mapping[Role, tuple[File, ...]] | None = None, **changes: Any) -> Host:
    """A good host, but for some of its files, and `changes`."""
    good = Host(
        name="far",
        files={**GOOD_FILES, **(spoiled or {})},
        data_root="/var/lib/docker",
        data_apart=True,
        watched=Watched(there=True, rules=RULES),
        trust="/etc/environment",
        settings=(),
    )
    return replace(good, **changes)


def swarm(**changes: Any) -> Swarm:
    """A good swarm."""
    good = Swarm(
        managers=3,
        nodes=5,
        autolock=True,
        certificate_days=30.0,
        encrypted={"back": True},
        listening=("10.0.0.5",),
    )
    return replace(good, **changes)


def broken_daemon() -> Daemon:
    """An engine whose file is no JSON."""
    return replace(daemon(), facts=replace(daemon().facts, text="{", broken="line 1: it ends too soon"))


def stale_daemon() -> Daemon:
    """An engine whose file was changed after it had started."""
    return replace(daemon(), facts=replace(daemon().facts, stale=True))


def fileless_daemon() -> Daemon:
    """An engine without a file."""
    return replace(daemon(), facts=replace(daemon().facts, text=None))


def far_daemon() -> Daemon:
    """An engine on another machine: only its own words are had."""
    facts = EngineFacts(there=True, asked=asked())
    return replace(daemon(), local=False, listening=None, facts=facts)
