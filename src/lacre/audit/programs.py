"""Programs by what they do in a container: a table of knowledge, with a reason for each kind.

Names are those of the process (proc_pid_comm(5), fifteen characters), of the file that runs, or of the script that an
interpreter runs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lacre.engine.census import Process


class Kind(StrEnum):
    """What a program does there, and so why it does not belong beside an application."""

    SUPERVISOR = "a supervisor"  # starts several servers, and hides it when one of them dies
    CRON = "a clock"  # starts programs that nobody sees, as root
    SSH = "an SSH server"  # a second way in, with accounts and keys of its own
    LOGGER = "a log server"  # keeps logs where an intruder reaches them
    MAIL = "a mail server"  # one that only delivers cron's mail is one more way to be attacked
    SERVER = "a server"  # what a container is for: one, and not two of different kinds


_NAMES: dict[Kind, tuple[str, ...]] = {
    Kind.SUPERVISOR: ("supervisord", "runsvdir", "s6-svscan", "systemd", "monit", "circusd", "runit", "openrc-init",
                      "multirun", "immortal", "perpd", "svscan", "god", "bluepill", "pm2", "forego", "honcho",
                      "foreman", "hivemind", "dinit"),
    Kind.CRON: ("cron", "crond", "anacron", "fcron", "atd", "supercronic", "go-crond", "jobber"),
    Kind.SSH: ("sshd", "dropbear", "tinysshd", "sshd-session"),
    Kind.LOGGER: ("rsyslogd", "syslogd", "syslog-ng", "busybox-syslogd"),
    Kind.MAIL: ("master", "qmgr", "exim4", "exim", "sendmail", "opensmtpd"),
}  # fmt: skip

_SERVERS: dict[str, tuple[str, ...]] = {
    "nginx": ("nginx", "openresty", "angie"),
    "Apache": ("apache2", "httpd"),
    "PHP": ("php-fpm", "php-fpm7", "php-fpm8", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4"),
    "MySQL": ("mysqld", "mariadbd", "mysqld_safe", "mariadbd-safe"),
    "PostgreSQL": ("postgres", "postmaster", "pgbouncer"),
    "Redis": ("redis-server", "valkey-server", "redis-sentinel"),
    "Memcached": ("memcached",),
    "MongoDB": ("mongod", "mongos"),
    "RabbitMQ": ("beam.smp", "rabbitmq-server"),
    "HAProxy": ("haproxy",),
    "Varnish": ("varnishd", "cache-main"),
    "Squid": ("squid",),
    "Caddy": ("caddy",),
    "Traefik": ("traefik",),
    "Gunicorn": ("gunicorn",),
    "uWSGI": ("uwsgi", "uwsgi-core"),
    "Celery": ("celery",),
    "DNS": ("named", "dnsmasq", "unbound", "coredns"),
    "FTP": ("vsftpd", "proftpd", "pure-ftpd"),
    "Mosquitto": ("mosquitto",),
    "LDAP": ("slapd",),
    "Samba": ("smbd", "nmbd"),
    "ClamAV": ("clamd", "freshclam"),
    "fail2ban": ("fail2ban-server",),
}
"""Servers by the application that they belong to: two of one application are its workers, two of different ones are
two applications."""

_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names}
_APPLICATION = {name: application for application, names in _SERVERS.items() for name in names}
_INTERPRETERS = ("python", "perl", "ruby", "node", "bash", "sh", "dash", "php")


def names(process: Process) -> tuple[str, ...]:
    """What a process may be known by."""
    program = posixpath.basename(process.program.removesuffix(" (deleted)"))
    found = [
        process.name,
        program,
        posixpath.basename(process.words[0].split(" ")[0]) if process.words else "",
    ]
    if program.startswith(_INTERPRETERS):
        found += [posixpath.basename(word) for word in process.words[1:3] if word.startswith(("/", "./"))]
    return tuple(dict.fromkeys(name for name in found if name))


def kind(process: Process) -> tuple[Kind, str] | None:
    """What a process is, and the name or application by which it is known; None: nothing that is known."""
    for name in names(process):
        if name in _BY_NAME and not (name == "master" and "postfix" not in process.program):
            return _BY_NAME[name], name
        if name in _APPLICATION:
            return Kind.SERVER, _APPLICATION[name]
        stem = name.split(":")[0]
        if stem in _APPLICATION:
            return Kind.SERVER, _APPLICATION[stem]
    return None


def started_inside(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Without what somebody started from outside by `docker exec`: such a process has its parent out of sight."""
    all_of_them = list(processes)
    if not all_of_them:
        return ()
    main = all_of_them[0]
    kept = {main.pid}
    below = {process.pid: process.parent for process in all_of_them}
    for process in all_of_them:
        pid, seen = process.pid, set()
        while pid in below and pid not in seen and pid not in kept:
            seen.add(pid)
            pid = below[pid]
        if pid in kept:
            kept |= seen
    return tuple(process for process in all_of_them if process.pid in kept)
