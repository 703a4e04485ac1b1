"""Every check of containers, images, engine, host and Swarm: a state that fails it and one that passes it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from lacre.audit.facts.container import Container, ContainerPort, Session, Surroundings
from lacre.audit.facts.daemon import Daemon
from lacre.audit.facts.host import File, Named, Role, Watched
from lacre.audit.facts.swarm import SwarmService
from lacre.audit.model import Answer, NotApplicable, Scope, Severity, Unknown, Verdict
from lacre.audit.registry import BY_ID, CHECKS
from lacre.audit.run import of_container, of_daemon, of_host, of_image, of_swarm
from lacre.engine.inside import Limited, Mounted
from lacre.host import dockerd
from lacre.host.model import KeyState, Kind, Profile, Setting, State, Wanted
from lacre.host.model import Severity as HostSeverity
from lacre.host.model import Verdict as HostVerdict
from tests.unit.audit import machines
from tests.unit.audit.machines import (
    ALL,
    AROUND,
    DEFAULT,
    TODAY,
    asked,
    bind,
    container,
    contents,
    daemon,
    file,
    host,
    image,
    inside,
    of_processes,
    process,
    swarm,
)

ASK: dict[Scope, Callable[..., Iterable[Answer]]] = {
    Scope.CONTAINER: of_container,
    Scope.IMAGE: of_image,
    Scope.DAEMON: of_daemon,
    Scope.HOST: of_host,
    Scope.SWARM: of_swarm,
}
GOOD: dict[Scope, Any] = {
    Scope.CONTAINER: container(),
    Scope.IMAGE: image(),
    Scope.DAEMON: daemon(),
    Scope.HOST: host(),
    Scope.SWARM: swarm(),
}


def ask(check: str, scope: Scope, fact: object) -> Answer:
    (answer,) = ASK[scope](fact, (BY_ID[check],))
    return answer


def state(now: HostVerdict, later: HostVerdict = HostVerdict.GOOD) -> State:
    wanted = Wanted(write="2")
    setting = Setting(
        id="kernel.x",
        kind=Kind.SYSCTL,
        key="kernel/x",
        title="x is closed",
        why="…",
        sources=(),
        severity=HostSeverity.HIGH,
        wanted={Profile.CONTAINER_HOST: wanted},
    )
    key = KeyState(key="kernel/x", now="0", now_verdict=now, later="2", later_verdict=later)
    return State(setting=setting, wanted=wanted, keys=(key,))


def limits(**changes: Any) -> Container:
    return container(
        inside=inside(limits=Limited(**{"memory": 1, "pids": 1, "cpus": 1.0, "nofile": 1, **changes}))
    )


def shared(kind: str) -> Container:
    return container(inside=inside(shared=frozenset({kind})))


def mount(**changes: Any) -> Container:
    return container(mounts=(bind("/srv/data", "/data", **changes),))


def port(address: str = "", published: str = "8080", target: str = "8080") -> Container:
    return container(
        ports=(ContainerPort(address=address, published=published, target=target, protocol="tcp"),)
    )


def mounted(path: str, options: Iterable[str], size: int | None = 1 << 26) -> tuple[Mounted, ...]:
    return (Mounted(path=path, filesystem="tmpfs", options=frozenset(options), size=size),)


def nofile(limit: object) -> dict[str, Any]:
    return {"default-ulimits": {"nofile": limit}}


def watched(first: str) -> Watched:
    """The good rules but for the first, which is about dockerd."""
    return Watched(there=True, rules=(first, *machines.RULES[1:]))


def syslog(address: str) -> dict[str, Any]:
    return {"log-opts": {"syslog-address": address}}


def made_of(**components: str) -> Daemon:
    return daemon(components={**machines.daemon().components, **components})


ANA = Named(name="ana", group=False, rights=6)
USERS = Named(name="users", group=True, rights=6)


def socket(*named: Named) -> File:
    return file("/run/docker.sock", 0o660, gid=999, group="docker", named=named)


OUTSIDE = process("sh", pid=200, inside=0, parent=9, uid=0, capabilities=ALL, bounding=ALL)
RUNTIMES = "system_u:system_r:container_runtime_t:s0"
ENGINES = "system_u:system_r:kernel_t:s0"  # the engine's own context, under Debian's policy
OVER = {"hosts": ["tcp://0.0.0.0:2375"]}


@dataclass(frozen=True)
class Case:
    check: str
    scope: Scope
    verdict: Verdict
    fact: object


def _cases(scope: Scope, verdict: Verdict, facts: Mapping[str, object]) -> list[Case]:
    """One case a fact; what stands behind the identifier only makes the key another."""
    return [Case(name.split()[0], scope, verdict, fact) for name, fact in facts.items()]


FAILS = [
    *_cases(
        Scope.CONTAINER,
        Verdict.FAILS,
        {
            "LC401": of_processes(process(uid=0)),
            "LC401 overridden": of_processes(process(uid=0), user="0"),
            "LC401 not running": container(running=False, inside=None, user="root:root"),
            "LC421": container(),
            "LC502": of_processes(process(apparmor="")),
            "LC502 paths": container(open_paths=True),
            "LC503": of_processes(process(selinux="")),
            "LC503 super": of_processes(process(), process(pid=101, selinux="system_u:system_r:spc_t:s0")),
            "LC503 not running": container(running=False, inside=None, process_label=""),
            "LC503 no label": container(
                process_label="", inside=inside(processes=(process(selinux=ENGINES),))
            ),
            "LC503 type asked for": container(
                process_label=RUNTIMES, inside=inside(processes=(process(selinux=RUNTIMES),))
            ),
            "LC503 permissive": container(around=replace(AROUND, permissive=True)),
            "LC504": of_processes(process(capabilities=DEFAULT, bounding=DEFAULT)),
            "LC504 by set-uid": of_processes(process(bounding=DEFAULT, no_new_privileges=False)),
            "LC504 not running": container(running=False, inside=None, cap_drop=()),
            "LC505": container(privileged=True),
            "LC506": container(mounts=(bind("/etc", "/host-etc", read_only=True),)),
            "LC506 home": container(mounts=(bind("/home/ana/.ssh", "/keys"),)),
            "LC507": of_processes(process(), process("sshd", pid=101, parent=100)),
            "LC507 port": port(target="22"),
            "LC508": port(published="25"),
            "LC509": port(target="9999"),
            "LC510": shared("net"),
            "LC510 not running": container(running=False, inside=None, network_mode="host"),
            "LC511": limits(memory=None),
            "LC511 no killer": container(oom_kill_disable=True),
            "LC512": limits(cpus=None),
            "LC513": container(
                inside=inside(
                    mounts=(Mounted(path="/", filesystem="overlay", options=frozenset({"rw"}), size=None),)
                )
            ),
            "LC514": port(),
            "LC514 six": port("::"),
            "LC514 public": port("8.8.8.8"),
            "LC515": container(restart="always"),
            "LC515 stopped": container(restart="unless-stopped"),
            "LC515 many": container(restart="on-failure", restart_most=10),
            "LC516": shared("pid"),
            "LC517": shared("ipc"),
            "LC518": container(devices=("/dev/sda",)),
            "LC518 rule": container(device_rules=("a *:* rwm",)),
            "LC519": limits(nofile=1 << 30),
            "LC520": mount(propagation="rshared"),
            "LC521": shared("uts"),
            "LC522": of_processes(process(), process("other", pid=101, parent=100, seccomp=False)),
            "LC522 filters itself": container(security_opt=("seccomp=unconfined",)),
            "LC522 refuses nothing": container(security_opt=('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}',)),
            "LC504 all": container(cap_add=("ALL",)),
            "LC504 privileged": container(running=False, inside=None, privileged=True),
            "LC553 told": container(words=("dockerd-entrypoint.sh", "dockerd", "--host=tcp://0.0.0.0:2375")),
            "LC517 asked": container(ipc="host"),
            "LC522 not running": container(running=False, inside=None, security_opt=("seccomp=unconfined",)),
            "LC523": container(sessions=(Session(user="", privileged=True, program="sh"),)),
            "LC523 more": of_processes(process(), OUTSIDE),
            "LC524": of_processes(process(), OUTSIDE),
            "LC525": shared("cgroup"),
            "LC525 parent": container(cgroup_parent="/mine"),
            "LC526": of_processes(process(no_new_privileges=False)),
            "LC527": container(health_test=()),
            "LC527 off": container(health_test=("NONE",)),
            "LC528": container(image_id="sha256:old"),
            "LC529": limits(pids=None),
            "LC530": container(networks=("bridge",)),
            "LC531": of_processes(process(host_users=True)),
            "LC532": container(mounts=(bind("/run/docker.sock", "/d.sock"),)),
            "LC540": of_processes(process(capabilities=1 << 21)),
            "LC540 all": of_processes(process(capabilities=ALL)),
            "LC541": container(image="web"),
            "LC543": container(environment=(("DB_PASSWORD", "correct-horse"),)),
            "LC545": container(environment=(("URL", "postgres://a:correct-horse@db/x"),)),
            "LC547": container(words=("web", "--password", "correct-horse")),
            "LC547 child": of_processes(
                process(), process("job", pid=101, parent=100, words=("job", "--token=s3cr3t-t0k3n"))
            ),
            "LC548": container(inside=inside(mounts=mounted("/tmp", {"rw", "nosuid", "nodev"}))),
            "LC549": container(log_driver="none"),
            "LC550": container(log_driver="json-file"),
            "LC551": container(environment=(("POSTGRES_HOST_AUTH_METHOD", "trust"),)),
            "LC553": container(environment=(("DOCKER_HOST", "tcp://10.0.0.5:2375"),)),
            "LC557": of_processes(process("supervisord"), process("nginx", pid=101, parent=100)),
            "LC557 two": of_processes(process("nginx"), process("php-fpm", pid=101, parent=100)),
            "LC557 cron": of_processes(process("web"), process("cron", pid=101, parent=100)),
            "LC563": container(health="unhealthy"),
            "LC564": container(restarts=6),
            "LC568": container(inside=inside(limits=Limited(), mounts=mounted("/tmp", {"rw"}, None))),
            "LC568 shm": container(inside=inside(limits=Limited()), shm=1 << 33),
            "LC569": container(read_only=False),
        },
    ),
    *_cases(
        Scope.IMAGE,
        Verdict.FAILS,
        {
            "LC401": image(user=""),
            "LC401 number": image(user="0:0"),
            "LC403": contents(tools={"shell": ("/bin/sh",)}),
            "LC404": image(created=TODAY - datetime.timedelta(days=400)),
            "LC408": contents(set_id=("/usr/bin/su",)),
            "LC410": image(environment=(("API_KEY", "correct-horse"),)),
            "LC410 history": image(history=("|1 TOKEN=correct-horse /bin/sh -c make",)),
            "LC410 file": contents(keys=("/root/.ssh/id_rsa",)),
            "LC410 layer": contents(buried=("/root/.netrc",)),
            "LC425": contents(empty_passwords=("root",)),
            "LC426": contents(writable=("/app",)),
            "LC427": contents(same_ids=("toor and root",)),
            "LC428": image(volumes=("/etc",)),
            "LC527": image(health_test=()),
        },
    ),
    *_cases(
        Scope.DAEMON,
        Verdict.FAILS,
        {
            "LC122": daemon(components={"runc": "1.1.11"}),
            "LC122 line": daemon(components={"runc": "1.2.5"}),
            "LC122 engine": daemon(components={"engine": "27.1.0"}),
            "LC122 copy": daemon(components={"engine": "29.5.0"}),
            "LC122 never mended": daemon(components={"engine": "28.5.2"}),
            "LC201": daemon(),
            "LC202": daemon(said=asked(icc=True)),
            "LC203": daemon({"log-level": "error"}),
            "LC203 debug": daemon({"debug": True}),
            "LC204": daemon({"iptables": False}),
            "LC204 six": daemon({"ip6tables": False}),
            "LC205": daemon(insecure=("registry.example:5000",)),
            "LC205 mirror": daemon(insecure=("http://mirror.example/",)),
            "LC206": daemon(storage="aufs"),
            "LC207": daemon(OVER, listening=("0.0.0.0:2375",)),
            "LC207 only said": daemon(OVER, listening=None),
            "LC207 no client": daemon({**OVER, "tls": True, "tlsverify": False}, listening=("0.0.0.0:2376",)),
            "LC208": daemon({"default-ulimits": {}}),
            "LC208 infinite": daemon(nofile({"Name": "nofile", "Soft": 1024, "Hard": -1})),
            "LC208 many": daemon(nofile({"Name": "nofile", "Soft": 1024, "Hard": 1_048_577})),
            "LC208 flag": daemon(nofile("1024:-1")),
            "LC208 flag, one number": daemon(nofile("2000000")),
            "LC209": daemon(remapped=False),
            "LC210": daemon({"cgroup-parent": "/mine"}),
            "LC211": daemon({"storage-opts": ["dm.basesize=50G"]}, storage="devicemapper"),
            "LC211 flag": daemon(
                storage="devicemapper",
                facts=replace(
                    machines.daemon().facts,
                    flags=dockerd.flags(("dockerd", "--storage-opt", "dm.basesize=50G")),
                ),
            ),
            "LC212": daemon(authorization=()),
            "LC213": daemon(logging_driver="json-file"),
            "LC214": daemon({"no-new-privileges": False}, asked(security=())),
            "LC215": daemon(said=asked(live_restore=False)),
            "LC216": daemon({"userland-proxy": True}),
            "LC217": daemon(said=asked(security=("name=seccomp,profile=unconfined",))),
            "LC217 none": daemon(said=asked(security=())),
            "LC218": daemon(said=asked(experimental=True)),
            "LC219": daemon(logging_driver="json-file"),
            "LC220": daemon({"ip": "0.0.0.0"}),
            "LC220 one address": daemon({"ip": "203.0.113.10"}),
            "LC220 inner": daemon({"ip": "10.0.0.5"}),
            "LC220 six": daemon({"ip": "0:0:0:0:0:0:0:0"}),
            "LC220 unset": daemon({"ip": None}),
            "LC221": machines.broken_daemon(),
            "LC221 stale": machines.stale_daemon(),
            "LC501": daemon(swarm=True, swarm_services=0),
            "LC601": daemon(images=50, unused=("a",) * 40),
            "LC602": daemon(containers=20, stopped=("a",) * 15),
        },
    ),
    *_cases(
        Scope.HOST,
        Verdict.FAILS,
        {
            "LC101": host(data_apart=False),
            "LC102": host(members=("ana",)),
            "LC102 access list": host({Role.SOCKET: (socket(ANA),)}),
            "LC102 access list of a group": host({Role.SOCKET: (socket(USERS),)}),
            "LC103": host(watched=Watched(there=True, rules=machines.RULES[1:])),
            "LC103 never": host(watched=watched("-a never,exit -F path=/usr/bin/dockerd -F perm=wa")),
            "LC103 reads alone": host(watched=watched("-w /usr/bin/dockerd -p r")),
            "LC103 no daemon": host(watched=Watched()),
            "LC103 switched off": host(watched=Watched(there=True, off=True, rules=machines.RULES)),
            "LC121": host(settings=(state(HostVerdict.BAD),)),
            "LC121 later": host(settings=(state(HostVerdict.GOOD, HostVerdict.BAD),)),
            "LC301": host({Role.SERVICE: (file("/etc/systemd/system/docker.service", 0o664),)}),
            "LC301 directory": host({Role.SERVICE: (file("/lib/x", 0o644, replaced_in="/lib"),)}),
            "LC303": host({Role.SOCKET_UNIT: (file("/s", 0o644, uid=5, owner="ana"),)}),
            "LC305": host({Role.CONFIG_DIRECTORY: (file("/etc/docker", 0o775),)}),
            "LC307": host({Role.REGISTRY_CERTIFICATES: (file("/etc/docker/certs.d/r/client.key", 0o644),)}),
            "LC309": host({Role.CA: (file("/ca", 0o644),)}),
            "LC311": host({Role.CERTIFICATE: (file("/cert", 0o664),)}),
            "LC313": host({Role.KEY: (file("/key", 0o440),)}),
            "LC315": host({Role.SOCKET: (file("/run/docker.sock", 0o666, gid=999, group="docker"),)}),
            "LC315 group": host({Role.SOCKET: (file("/run/docker.sock", 0o660, gid=100, group="users"),)}),
            "LC315 access list": host({Role.SOCKET: (socket(ANA),)}),
            "LC315 access list of a group": host({Role.SOCKET: (socket(USERS),)}),
            "LC313 access list": host({Role.KEY: (file("/key", 0o440, named=(replace(ANA, rights=4),)),)}),
            "LC317": host({Role.CONFIG: (file("/etc/docker/daemon.json", 0o646),)}),
            "LC319": host({Role.DEFAULTS: (file("/etc/default/docker", 0o664),)}),
            "LC321": host({Role.SYSCONFIG: (file("/etc/sysconfig/docker", 0o664),)}),
            "LC323": host({Role.CONTAINERD_SOCKET: (file("/run/containerd/containerd.sock", 0o666),)}),
            "LC325": host({Role.PROGRAMS: (file("/usr/bin/runc", 0o775),)}),
            "LC325 directory": host({Role.PROGRAMS: (file("/opt/runc", 0o755, replaced_in="/opt"),)}),
            "LC326": host({Role.DATA: (file("/var/lib/docker", 0o755),)}),
            "LC326 group": host({Role.DATA: (file("/var/lib/docker", 0o710, gid=5, group="5"),)}),
            "LC327": host({Role.CONTAINERD_CONFIG: (file("/etc/containerd/config.toml", 0o666),)}),
            "LC328": host(plain_logins=("/root/.docker/config.json",)),
            "LC405": host(trust=""),
        },
    ),
    *_cases(
        Scope.SWARM,
        Verdict.FAILS,
        {
            "LC701": swarm(managers=2),
            "LC701 alone": swarm(managers=1),
            "LC701 many": swarm(managers=9, nodes=20),
            "LC702": swarm(listening=("0.0.0.0",)),
            "LC702 six": swarm(listening=("::",)),
            "LC703": swarm(encrypted={"back": True, "front": False}),
            "LC704": swarm(
                services=(SwarmService(name="db", environment=(("DB_PASSWORD", "correct-horse"),)),)
            ),
            "LC705": swarm(autolock=False),
            "LC707": swarm(certificate_days=365.0),
        },
    ),
]

PASSES = [
    *_cases(
        Scope.CONTAINER,
        Verdict.PASSES,
        {
            "LC421": container(image="web:1.4@sha256:0"),
            "LC504 given": of_processes(
                process(capabilities=1 << 10, bounding=1 << 10), cap_add=("NET_BIND_SERVICE",)
            ),
            "LC506 at /lib": container(mounts=(bind("/srv/empty", "/lib"),)),
            "LC506 zone": container(mounts=(bind("/etc/localtime", "/etc/localtime", read_only=True),)),
            "LC509": port("127.0.0.1"),
            "LC512 shares": container(inside=inside(limits=Limited(memory=1, pids=1)), cpu_shares=512),
            "LC514": port("127.0.0.1"),
            "LC514 inner": port("192.168.1.5"),
            "LC523 shell": of_processes(process(bounding=DEFAULT), process("sh", pid=200, parent=9)),
            "LC524 shell": of_processes(process(), process("sh", pid=200, parent=9)),
            "LC532": container(mounts=(bind("/srv/app/docker.sock.d", "/x"),)),
            "LC543 of the image": container(
                environment=(("API_KEY", "k"),), of_image=image(environment=(("API_KEY", "k"),))
            ),
            "LC543 file": container(environment=(("DB_PASSWORD_FILE", "/run/secrets/db"),)),
            "LC550": container(log_driver="json-file", log_options={"max-size": "10m"}),
            "LC557 workers": of_processes(process("nginx"), process("nginx", pid=101, parent=100)),
            "LC557 shell": of_processes(process("nginx"), process("sshd", pid=200, parent=9)),
            "LC568 limited": container(inside=inside(mounts=mounted("/tmp", {"rw"}, None))),
            "LC569": container(read_only=False, disk="10G"),
        },
    ),
    *_cases(
        Scope.DAEMON,
        Verdict.PASSES,
        {
            "LC122 mended line": made_of(runc="1.2.8", containerd="1.7.27"),
            "LC201": daemon(rootless=True),
            "LC204 six": daemon({"ip6tables": True}),
            "LC207": daemon({**OVER, "tlsverify": True}, listening=("0.0.0.0:2376",)),
            "LC208 most": daemon(nofile({"Name": "nofile", "Soft": 1024, "Hard": 1_048_576})),
            "LC208 flag": daemon(nofile("1024:65536")),
            "LC209 rootless": daemon(remapped=False, rootless=True),
            "LC211": daemon(storage="devicemapper"),
            "LC213 sent": daemon(syslog("udp://[2001:db8::1]:514")),
            "LC213 other": daemon({"log-opts": {}}, logging_driver="awslogs"),
            "LC219 size": daemon({"log-opts": {"max-size": "10m"}}, logging_driver="json-file"),
            "LC220 loopback": daemon({"ip": "127.1.2.3"}),
            "LC220 six": daemon({"ip": "::1"}),
            "LC501 used": daemon(swarm=True, swarm_services=2),
        },
    ),
    *_cases(
        Scope.HOST,
        Verdict.PASSES,
        {
            "LC326 remapped": host(
                {Role.DATA: (file("/var/lib/docker/100000.5", 0o710, gid=5, group="5"),)},
                data_root="/var/lib/docker/100000.5",
            ),
            "LC103 all access": host(watched=watched("-w /usr/bin/dockerd -k docker")),
            "LC121 needed nowhere": host(settings=(state(HostVerdict.GOOD),)),
        },
    ),
    *_cases(
        Scope.SWARM,
        Verdict.PASSES,
        {
            "LC704": swarm(services=(SwarmService(name="db", secrets=("db",)),)),
            "LC701 one": swarm(managers=1, nodes=1),
        },
    ),
]

OTHER = [
    *_cases(
        Scope.CONTAINER,
        Verdict.UNKNOWN,
        {
            name: container(inside=None, unseen="it ended meanwhile")
            for name in (
                "LC401",
                "LC502",
                "LC504",
                "LC507",
                "LC522",
                "LC523",
                "LC524",
                "LC526",
                "LC540",
                "LC557",
            )
        }
        | {
            "LC502 unreadable": of_processes(process(apparmor=None)),
            "LC503 unreadable": of_processes(process(selinux=None)),
            "LC519 unreadable": limits(nofile=None),
            "LC509": container(inside=inside(listening=None), ports=port().ports),
            "LC563": container(health="starting"),
            "LC541": container(image="web", of_image=image(pulled=None)),
            "LC421": container(of_image=image(pulled=None)),
        },
    ),
    *_cases(
        Scope.CONTAINER,
        Verdict.NOT_APPLICABLE,
        {
            "LC502": container(around=Surroundings()),
            "LC503": container(around=Surroundings()),
            "LC531": container(around=Surroundings()),
            "LC541": container(image="web", of_image=image(pulled=False)),
            "LC421": container(of_image=image(pulled=False)),
            "LC509": container(),
            "LC524": of_processes(process(uid=0)),
            "LC528 digest": container(image="web@sha256:1"),
            "LC528 gone": container(image="other:1"),
            "LC557": container(inside=None, running=False),
            "LC563": container(health="", health_test=()),
        },
    ),
    *_cases(
        Scope.IMAGE,
        Verdict.UNKNOWN,
        {name: image(contents=None) for name in ("LC403", "LC408", "LC410", "LC425", "LC426", "LC427")}
        | {"LC404": image(created=None), "LC410 layers": contents(layers_read=False)},
    ),
    *_cases(
        Scope.DAEMON,
        Verdict.UNKNOWN,
        {
            "LC122": daemon(components={"runc": "1.1.5+ds1-1+deb12u1"}),
            "LC122 silent": daemon(components={}),
            "LC122 not available": made_of(containerd="N/A"),
            "LC122 another default runtime": daemon(
                components={"engine": "29.5.1", "containerd": "2.2.0", "nvidia": "1.4.0"}
            ),
            "LC203": machines.broken_daemon(),
            "LC205": daemon(insecure=None),
            "LC207": machines.far_daemon(),
            "LC204": machines.far_daemon(),
            "LC208": machines.far_daemon(),
            "LC208 odd": daemon(nofile("much")),
            "LC213": daemon(logging_driver="journald"),
            "LC213 no address": daemon({"log-opts": {}}),
            "LC213 socket": daemon(syslog("unix:///dev/log")),
            "LC213 loopback": daemon(syslog("udp://127.0.0.1:514")),
            "LC213 name": daemon(syslog("tcp://localhost:514")),
            "LC213 far": machines.far_daemon(),
            "LC216": machines.stale_daemon(),
            "LC501": daemon(swarm=True),
        },
    ),
    *_cases(
        Scope.DAEMON,
        Verdict.NOT_APPLICABLE,
        {
            "LC202": daemon({"bridge": "none"}, asked(icc=None)),
            "LC204": daemon(rootless=True),
            "LC207": daemon(),
            "LC207 metrics": daemon({"metrics-addr": "127.0.0.1:9323"}, listening=("127.0.0.1:9323",)),
            "LC207 swarm": daemon(swarm=True, listening=(":::2377", ":::7946")),
            "LC211": daemon(),
            "LC212": daemon(rootless=True, authorization=()),
            "LC215": daemon(swarm=True),
            "LC221": machines.fileless_daemon(),
        },
    ),
    *_cases(
        Scope.HOST,
        Verdict.UNKNOWN,
        {
            "LC101": host(data_apart=None),
            "LC102 group of another directory": host(group="far", members=None),
            "LC102": host(unreadable={Role.SOCKET: "/run/docker.sock: Input/output error"}),
            "LC103": host(watched=Watched(there=True, why="not permitted")),
            "LC103 files": host(watched=Watched(there=True, rules=machines.RULES, configured=True)),
            "LC121": host(settings=None),
            "LC319": host(
                {Role.DEFAULTS: ()}, unreadable={Role.DEFAULTS: "/etc/default/docker: not permitted"}
            ),
            "LC315": host(excuse=Unknown("far away")),
        },
    ),
    *_cases(
        Scope.HOST,
        Verdict.NOT_APPLICABLE,
        {
            "LC321": host({Role.SYSCONFIG: ()}),
            "LC102": host(rootless=True, members=("ana",)),
            "LC326": host(rootless=True),
        },
    ),
    *_cases(
        Scope.SWARM,
        Verdict.NOT_APPLICABLE,
        {check.id: swarm(excuse=NotApplicable("Swarm is off")) for check in CHECKS if check.swarm},
    ),
    *_cases(
        Scope.SWARM,
        Verdict.UNKNOWN,
        {
            "LC701": swarm(excuse=Unknown("no manager")),
            "LC702": swarm(listening=None),
            "LC702 nothing found": swarm(listening=()),
            "LC707": swarm(certificate_days=0),
        },
    ),
]
EVERY = [*FAILS, *PASSES, *OTHER]


@pytest.mark.parametrize(
    "case", EVERY, ids=[f"{c.check}-{c.scope.value}-{c.verdict.value}-{n}" for n, c in enumerate(EVERY)]
)
def test_a_check_answers_a_state(case: Case) -> None:
    answer = ask(case.check, case.scope, case.fact)
    assert answer.verdict is case.verdict, (answer.why, [found.what for found in answer.findings])


PAIRS = [(check.id, scope) for check in CHECKS for scope in check.scopes if scope.of_machine]


@pytest.mark.parametrize(("name", "scope"), PAIRS)
def test_a_check_has_a_state_that_fails_it_and_one_that_passes_it(name: str, scope: Scope) -> None:
    assert any((case.check, case.scope) == (name, scope) for case in FAILS)
    passes = any((case.check, case.scope) == (name, scope) for case in PASSES)
    assert passes or ask(name, scope, GOOD[scope]).verdict is Verdict.PASSES


def test_a_finding_of_a_machine_says_where_in_its_subject_it_is() -> None:
    for case in FAILS:
        for found in ask(case.check, case.scope, case.fact).findings:
            assert found.path, case.check
            assert found.place is None
            assert not found.what.endswith(".")


def test_the_same_fault_has_the_same_fingerprint_after_a_restart() -> None:
    first = ask("LC522", Scope.CONTAINER, of_processes(process(seccomp=False)))
    again = ask("LC522", Scope.CONTAINER, of_processes(process(seccomp=False, pid=999, inside=7)))
    assert [f.fingerprint for f in first.findings] == [f.fingerprint for f in again.findings]


def test_a_secret_never_stands_in_a_finding() -> None:
    secret = "-".join(("Tr0ub4dor", "and", "3"))
    key = "AKIA" + "Z" * 16
    facts = (
        (
            Scope.CONTAINER,
            container(environment=(("PASSWORD", secret), ("K", key)), labels=(("token", secret),)),
        ),
        (
            Scope.CONTAINER,
            container(words=("web", "--password", secret, f"--token={secret}", f"http://a:{secret}@b")),
        ),
        (
            Scope.CONTAINER,
            of_processes(process(), process("job", pid=101, parent=100, words=("job", "--token", secret))),
        ),
        (
            Scope.IMAGE,
            image(environment=(("API_KEY", secret),), history=(f"|1 TOKEN={secret} /bin/sh -c x {key}",)),
        ),
        (Scope.SWARM, swarm(services=(SwarmService(name="db", environment=(("DB_PASSWORD", secret),)),))),
    )
    for scope, fact in facts:
        answers = list(ASK[scope](fact, CHECKS))
        assert any(
            answer.findings for answer in answers if answer.check in ("LC410", "LC543", "LC547", "LC704")
        )
        for answer in answers:
            for text in (answer.why, *(f"{f.what} {f.path} {f.do}" for f in answer.findings)):
                assert secret not in text
                assert key not in text


# The known misses of the peers (../shared/audit-peers.md), one test each.


def test_a_sensitive_folder_counts_read_only_and_by_what_it_is_on_the_host() -> None:
    for source in ("/etc", "/etc/ssl", "/var/lib/docker/volumes"):
        answer = ask("LC506", Scope.CONTAINER, container(mounts=(bind(source, "/data", read_only=True),)))
        assert answer.verdict is Verdict.FAILS, source
    empty = container(mounts=(bind("/srv/empty", "/lib"),))
    assert ask("LC506", Scope.CONTAINER, empty).verdict is Verdict.PASSES


def test_always_and_unless_stopped_are_no_bounded_restart() -> None:
    for policy in ("always", "unless-stopped"):
        assert ask("LC515", Scope.CONTAINER, container(restart=policy)).verdict is Verdict.FAILS


@pytest.mark.parametrize(
    "source", ["/run/docker.sock", "/run", "/", "/var/run/docker.sock", "/run/containerd/containerd.sock"]
)
def test_the_socket_is_seen_through_each_folder_above_it(source: str) -> None:
    paths = (source.replace("/var/run", "/run"),)
    fact = container(mounts=(bind(source, "/x", host=paths),))
    assert ask("LC532", Scope.CONTAINER, fact).verdict is Verdict.FAILS


def test_the_socket_is_seen_by_its_inode_under_another_name() -> None:
    fact = container(mounts=(bind("/srv/s", "/x", socket="Docker's socket"),))
    assert ask("LC532", Scope.CONTAINER, fact).verdict is Verdict.FAILS


def test_a_container_with_all_default_capabilities_does_not_pass() -> None:
    fact = of_processes(process(uid=0, capabilities=DEFAULT, bounding=DEFAULT))
    assert ask("LC504", Scope.CONTAINER, fact).verdict is Verdict.FAILS


def test_a_security_option_of_another_kind_does_not_silence_the_check_of_apparmor() -> None:
    fact = of_processes(process(apparmor=""), security_opt=("no-new-privileges:true", "label=disable"))
    assert ask("LC502", Scope.CONTAINER, fact).verdict is Verdict.FAILS


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "8.8.8.8", "2606:4700::1111"])
def test_a_port_is_public_by_every_public_address(address: str) -> None:
    assert ask("LC514", Scope.CONTAINER, port(address)).verdict is Verdict.FAILS


def test_a_container_that_vanished_changes_no_other_answer() -> None:
    gone = container(inside=None, unseen="it ended meanwhile")
    answers = {answer.check: answer for answer in of_container(gone, CHECKS)}
    assert answers["LC522"].verdict is Verdict.UNKNOWN
    assert answers["LC522"].why == "it ended meanwhile"
    assert answers["LC505"].verdict is Verdict.PASSES


def test_an_access_list_that_gives_no_more_than_the_mode_may_is_none() -> None:
    readers = (replace(ANA, rights=4), replace(USERS, rights=4))
    fact = host(
        {
            Role.CONFIG: (file("/etc/docker/daemon.json", 0o644, named=readers),),
            Role.SOCKET: (socket(Named(name="docker", group=True, rights=6)),),
        }
    )
    assert ask("LC317", Scope.HOST, fact).verdict is Verdict.PASSES
    assert ask("LC315", Scope.HOST, fact).verdict is Verdict.PASSES
    assert ask("LC102", Scope.HOST, fact).verdict is Verdict.PASSES


def test_a_group_that_is_nowhere_matters_only_where_the_socket_is_of_one() -> None:
    fact = host({Role.SOCKET: (file("/run/docker.sock", 0o660),)}, members=None)
    assert ask("LC102", Scope.HOST, fact).verdict is Verdict.PASSES


def test_the_engines_group_may_be_told_by_its_number() -> None:
    assert ask("LC315", Scope.HOST, host(group="999")).verdict is Verdict.PASSES


def test_who_is_named_by_an_access_list_is_said() -> None:
    (found,) = ask("LC315", Scope.HOST, host({Role.SOCKET: (socket(ANA),)})).findings
    assert found.what == "/run/docker.sock has an access list, by which the user ana can read and write it"


def test_swarm_that_is_off_is_no_pass_and_lifts_no_score() -> None:
    off = swarm(excuse=NotApplicable("Swarm is off"))
    assert {answer.verdict for answer in of_swarm(off, CHECKS)} == {Verdict.NOT_APPLICABLE}


def test_what_is_new_is_not_guessed_from_the_day() -> None:
    assert ask("LC122", Scope.DAEMON, made_of(engine="99.0.0")).verdict is Verdict.PASSES
    assert ask("LC122", Scope.DAEMON, made_of(engine="24.0.8")).verdict is Verdict.FAILS


def test_a_mounted_socket_is_worse_than_all_boilerplate() -> None:
    plain = container(
        read_only=False,
        inside=inside(
            processes=(process(uid=0, capabilities=DEFAULT, bounding=DEFAULT, no_new_privileges=False),)
        ),
        health_test=(),
    )
    spoiled = container(mounts=(bind("/run/docker.sock", "/x"),))
    found = [f for fact in (plain, spoiled) for a in of_container(fact, CHECKS) for f in a.findings]
    worst = min(found, key=lambda f: f.order)
    assert worst.check == "LC532"
    assert worst.severity is Severity.CRITICAL
