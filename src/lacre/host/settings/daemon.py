"""Settings of the Docker engine: keys of daemon.json."""

from __future__ import annotations

from lacre.host.model import Default, Kind, Need, Profile, Setting, Severity, Wanted
from lacre.host.settings.profiles import container_host, everywhere, servers

_DOCS = "Docker documentation: dockerd, daemon configuration file"
_LOGS = "Docker documentation: configure logging drivers"
_CIS = "CIS Docker 1.6"

OPEN_FILES_SOFT = 65536
"""Open files of a process in a container, unless it asks for more itself: 64 times the old 1024."""
_OPEN_FILES_HARD = 524288  # what systemd gives every service


def _with(profiles: tuple[Profile, ...], wanted: Wanted) -> dict[Profile, Wanted]:
    return dict.fromkeys(profiles, wanted)


_SERVERS = (Profile.CONTAINER_HOST, Profile.BUILD_HOST)
_EVERY = tuple(Profile)

SETTINGS = (
    Setting(
        id="engine.hosts",
        kind=Kind.ENGINE,
        key="hosts",
        title="the engine is not reached over the network without a certificate",
        why="who reaches the engine is root on the host; ports of it are looked for all over the internet",
        sources=(_DOCS, f"{_CIS}: 2.7"),
        severity=Severity.HIGH,
        wanted=everywhere('"closed"'),
        default=Default(value='"closed"'),
        only_told="who needs it and has a certificate only you know: use tlsverify, or DOCKER_HOST=ssh://…, and take "
        "the tcp:// address out",
    ),
    Setting(
        id="engine.seccomp-profile",
        kind=Kind.ENGINE,
        key="seccomp-profile",
        title="containers have a filter of system calls unless one asks for none",
        why="some hundred system calls that no application needs are otherwise one bug away from the host",
        sources=(_DOCS, f"{_CIS}: 2.17"),
        severity=Severity.HIGH,
        wanted=_with(_EVERY, Wanted(write='"builtin"', never=('"unconfined"',))),
        default=Default(value='"builtin"'),
        only_told="somebody turned it off on purpose: take the key out of daemon.json, and give the container that "
        "needs it a profile of its own",
    ),
    Setting(
        id="engine.iptables",
        kind=Kind.ENGINE,
        key="iptables",
        title="the engine keeps its networks apart",
        why="without its rules neither icc nor internal networks stop anything",
        sources=(_DOCS, f"{_CIS}: 2.4"),
        severity=Severity.MEDIUM,
        wanted=everywhere("true"),
        default=Default(value="true"),
        only_told="somebody has rules of his own: take the key out of daemon.json once they are gone",
    ),
    Setting(
        id="engine.insecure-registries",
        kind=Kind.ENGINE,
        key="insecure-registries",
        title="every registry must prove who it is",
        why="images from a registry without TLS are whatever somebody on the way makes of them",
        sources=(_DOCS, f"{_CIS}: 2.5"),
        severity=Severity.MEDIUM,
        wanted=everywhere("[]", "null"),
        default=Default(value="[]"),
        only_told="give the registry a certificate, then take it out of daemon.json",
    ),
    Setting(
        id="engine.icc",
        kind=Kind.ENGINE,
        key="icc",
        title="containers on the default bridge do not reach each other",
        why="one that is broken into reaches every port of all others there; networks of Compose projects are not "
        "touched",
        sources=(_DOCS, f"{_CIS}: 2.2"),
        severity=Severity.MEDIUM,
        wanted=servers("false"),
        breaks="containers without a network of their own that talk to each other, with --link or by address",
        needs=(Need.DEFAULT_BRIDGE,),
        default=Default(value="true"),
        network=True,
    ),
    Setting(
        id="engine.no-new-privileges",
        kind=Kind.ENGINE,
        key="no-new-privileges",
        title="processes of containers gain no privileges by running a file",
        why="a set-uid program in any image is a way from the application's user to root",
        sources=(_DOCS, f"{_CIS}: 2.14"),
        severity=Severity.MEDIUM,
        wanted=servers("true"),
        breaks="sudo, programs with file capabilities, and mail queues inside containers started from then on",
        needs=(Need.PRIVILEGE_GAIN,),
        default=Default(value="false"),
    ),
    Setting(
        id="engine.userns-remap",
        kind=Kind.ENGINE,
        key="userns-remap",
        title="root in a container is nobody on the host",
        why="who gets out of a container as its root is root on the host otherwise",
        sources=("Docker documentation: isolate containers with a user namespace", f"{_CIS}: 2.9"),
        severity=Severity.LOW,
        wanted=_with((Profile.CONTAINER_HOST,), Wanted(write='"default"', never=('""', "null"))),
        breaks="the engine starts in a new data directory: images, containers and volumes are no longer seen; bind "
        "mounts have other owners; containers with the host's namespaces or --privileged are refused; the engine "
        "makes a user `dockremap`, which rollback does not take away",
        needs=(Need.UNMAPPED_USERS,),
        default=Default(value='""'),
    ),
    Setting(
        id="engine.live-restore",
        kind=Kind.ENGINE,
        key="live-restore",
        title="containers run on while the engine is restarted",
        why="an engine that cannot be restarted without an outage is not updated",
        sources=("Docker documentation: live restore", f"{_CIS}: 2.15"),
        severity=Severity.LOW,
        wanted=servers("true"),
        breaks="an engine in a swarm does not start with it",
        needs=(Need.SWARM,),
        default=Default(value="false"),
        reload=True,
    ),
    Setting(
        id="engine.userland-proxy",
        kind=Kind.ENGINE,
        key="userland-proxy",
        title="published ports need no process of root each",
        why="docker-proxy runs as root on the host for each port, and hides the caller's address from the container",
        sources=(_DOCS, f"{_CIS}: 2.16"),
        severity=Severity.LOW,
        wanted=container_host("false"),
        breaks="published ports by way of [::1], and IPv6 callers of containers that have only IPv4",
        needs=(Need.LOOPBACK_PUBLISHED,),
        default=Default(value="true"),
    ),
    Setting(
        id="engine.log-opts.max-size",
        kind=Kind.ENGINE,
        key="log-opts/max-size",
        title="a container's log does not fill the disk",
        why="json-file, the default, grows without end: one container that shouts stops all others",
        sources=(_LOGS,),
        severity=Severity.MEDIUM,
        wanted=_with(_EVERY, Wanted(write='"10m"', never=("null",))),
        breaks="older lines are gone; programs that read the files must follow their rotation; containers that are "
        "there keep what they had",
        needs=(Need.LOG_FILES,),
        default=Default(value="null"),
        given=("log-driver", ("null", '"json-file"')),
    ),
    Setting(
        id="engine.log-opts.max-file",
        kind=Kind.ENGINE,
        key="log-opts/max-file",
        title="a container keeps several log files",
        why="with one file alone everything is lost at each rotation",
        sources=(_LOGS,),
        severity=Severity.LOW,
        wanted=_with(_EVERY, Wanted(write='"3"', never=("null", '"1"'))),
        default=Default(value="null"),
        given=("log-driver", ("null", '"json-file"')),
    ),
    Setting(
        id="engine.log-driver",
        kind=Kind.ENGINE,
        key="log-driver",
        title="containers have logs",
        why="with `none` nothing of what happened in a container can be read afterwards",
        sources=(_LOGS,),
        severity=Severity.MEDIUM,
        wanted=_with(_EVERY, Wanted(write='"json-file"', never=('"none"',))),
        default=Default(value='"json-file"'),
        only_told="somebody turned logs off on purpose: choose a driver, `local` if there is no other wish",
    ),
    Setting(
        id="engine.default-ulimits.nofile",
        kind=Kind.ENGINE,
        key="default-ulimits/nofile",
        title="a container does not take all open files of the host",
        why="where the engine's own limit is infinity, a container may open a thousand million files, and programs "
        "that close all possible ones at their start take minutes",
        sources=(_DOCS, f"{_CIS}: 2.8"),
        severity=Severity.LOW,
        wanted=_with(
            _SERVERS,
            Wanted(
                write=f'{{"Hard":{_OPEN_FILES_HARD},"Name":"nofile","Soft":{OPEN_FILES_SOFT}}}',
                never=("null",),
            ),
        ),
        breaks="programs in containers that need more open files and do not ask for them",
        needs=(Need.OPEN_FILES,),
        default=Default(value="null"),
    ),
    Setting(
        id="engine.experimental",
        kind=Kind.ENGINE,
        key="experimental",
        title="the engine has no unfinished features on",
        why="what is not finished is not looked at for holes either",
        sources=(_DOCS, f"{_CIS}: 2.18"),
        severity=Severity.LOW,
        wanted=container_host("false"),
        breaks="what uses an experimental feature (checkpoints, metrics before 20.10)",
        default=Default(value="false"),
    ),
)
