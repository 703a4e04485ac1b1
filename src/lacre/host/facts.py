"""Everything about this host that the rest of the package thinks about, read once. Reads only."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacre.host import dockerd, jsontext, processes, sysctl
from lacre.host.daemon import hosts_own, installed, runnable
from lacre.host.dockerd import EngineFacts
from lacre.host.files import MOST, Root
from lacre.host.model import Kind, Place, Setting
from lacre.host.network import NetworkFacts, network_facts
from lacre.host.processes import Process
from lacre.host.sysctl import Assignment, Bad, Order

if TYPE_CHECKING:
    from lacre.engine.daemon import DaemonFacts

PROC_SYS = "/proc/sys"
DROP_IN = "/etc/sysctl.d/90-lacre.conf"
"""The one file of sysctl.d that lacre writes."""
_FIRST_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, include/uapi/linux/nsfs.h and proc_ns.h
_FIRST_USER_NAMESPACE = "user:[4026531837]"  # PROC_USER_INIT_INO
_LOADERS = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")
_GRUB = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
_CONFIG_LINE = re.compile(r"^(CONFIG_\w+)=(\S+)", re.MULTILINE)
_CONFIG_BYTES = 4 << 20

AskDaemon = Callable[[], "DaemonFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """The parameters of this start, and those of the next one as far as they are known (`next_place`)."""

    now: Mapping[str, str]
    next: Mapping[str, str] | None
    next_place: Place | None
    configuration: Mapping[str, str] | None  # the kernel's: CONFIG_… to its value; None: not found


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """This host. `keys` are the concrete sysctls of each setting, `values` what they hold (None: unreadable);
    `unwritable` those that cannot be written here. `loader`: something reads sysctl.d at the start.
    `not_a_host` says why this is none.
    """

    not_a_host: str
    root_user: bool
    values: Mapping[str, str | None]
    keys: Mapping[str, tuple[str, ...]]
    unwritable: frozenset[str]
    order: Order
    bad_lines: tuple[Bad, ...]
    loader: bool
    drop_in: str | None  # what lacre's own file holds; None: it is not there
    boot: Boot
    engine: EngineFacts
    processes: tuple[Process, ...]
    network: NetworkFacts
    crash_kernel: bool
    core_pattern: str


def warnings(told: Facts) -> tuple[str, ...]:
    """What a reader should know of these facts before he trusts them."""
    bad = [f"{bad.place}: no program understands this line: {bad.text}" for bad in told.bad_lines]
    if not told.root_user:
        bad.append("only root sees what all processes use: not everybody who needs a setting is named")
    return tuple(bad)


def read(root: Root, settings: Iterable[Setting], ask: AskDaemon | None) -> Facts:
    """Reads this host; `ask` asks the engine (its errors mean that it does not answer), None: it is not asked."""
    keys = {
        setting.id: tuple(
            path.removeprefix(f"{PROC_SYS}/") for path in root.glob(f"{PROC_SYS}/{setting.key}")
        )
        for setting in settings
        if setting.kind is Kind.SYSCTL
    }
    every = [key for found in keys.values() for key in found]
    order, bad = read_order(root)
    running = processes.read(root)
    return Facts(
        not_a_host=_not_a_host(root),
        root_user=os.geteuid() == 0,
        values={key: value(root, key) for key in every},
        keys=keys,
        unwritable=frozenset(key for key in every if not _writable(root, key)),
        order=order,
        bad_lines=bad,
        loader=any(root.there(path) for path in _LOADERS),
        drop_in=root.text(DROP_IN),
        boot=_boot(root),
        engine=_engine(root, running, ask),
        processes=running,
        network=network_facts(root),
        core_pattern=(root.text(f"{PROC_SYS}/kernel/core_pattern") or "").strip(),
        crash_kernel=(root.text("/sys/kernel/kexec_crash_loaded") or "").strip() == "1",
    )


def value(root: Root, key: str) -> str | None:
    """What a sysctl holds, as the kernel prints it; None where it cannot be read."""
    return root.text(f"{PROC_SYS}/{key}")


def _writable(root: Root, key: str) -> bool:
    """Whether root could write it here; others plan for root."""
    place = root.name(f"{PROC_SYS}/{key}")
    if os.geteuid() == 0:
        return os.access(place, os.W_OK)  # EROFS for root too
    try:
        return not os.statvfs(place).f_flag & os.ST_RDONLY
    except OSError:
        return False


def read_order(root: Root) -> tuple[Order, tuple[Bad, ...]]:
    """The files of sysctl.d in their order, and the lines that are none."""
    lines: list[Assignment] = []
    bad: list[Bad] = []
    for file in sysctl.in_order({directory: root.names(directory) for directory in sysctl.DIRECTORIES}):
        found, wrong = sysctl.parse(file, root.text(file) or "")
        lines += found
        bad += wrong
    return Order(lines), tuple(bad)


def _not_a_host(root: Root) -> str:
    """Why this is a container; empty on a host."""
    pid, user = root.link("/proc/self/ns/pid"), root.link("/proc/self/ns/user")
    if user and user != _FIRST_USER_NAMESPACE:
        return f"this process is in a user namespace of its own ({user})"
    if pid and pid != _FIRST_PID_NAMESPACE:
        return f"this process is in a process id namespace of its own ({pid})"
    try:
        here, first = root.at("/").stat(), root.at("/proc/1/root").stat()
    except OSError:
        return ""
    if root.at("/proc/1/root").is_symlink() and (here.st_dev, here.st_ino) != (first.st_dev, first.st_ino):
        return "the root directory of this process is not that of the first process"
    return ""


def _boot(root: Root) -> Boot:
    configuration = _configuration(root)
    for path in _GRUB:
        for number, line in enumerate((root.text(path) or "").split("\n"), 1):
            words = line.split()
            if len(words) > 1 and words[0] in ("linux", "linux16", "linuxefi"):
                return Boot(
                    now=parameters(root.text("/proc/cmdline") or ""),
                    next=parameters(" ".join(words[2:])),
                    next_place=Place(path, number),
                    configuration=configuration,
                )
    return Boot(
        now=parameters(root.text("/proc/cmdline") or ""),
        next=None,
        next_place=None,
        configuration=configuration,
    )


def parameters(line: str) -> dict[str, str]:
    """Boot parameters by name; one without `=` is "present". What follows `--` is for init."""
    found = {}
    for word in line.split():
        if word == "--":
            break
        name, equals, text = word.partition("=")
        found[name.replace("-", "_")] = text.strip('"') if equals else "present"
    return found


def _configuration(root: Root) -> Mapping[str, str] | None:
    release = (root.text(f"{PROC_SYS}/kernel/osrelease") or "").strip()
    text = root.text(f"/boot/config-{release}")
    if not text:
        packed = root.data("/proc/config.gz")
        if not packed:
            return None
        try:
            # The kernel's own file, but read from a tree that a test made: bounded all the same.
            text = zlib.decompressobj(wbits=31).decompress(packed, _CONFIG_BYTES).decode("ascii", "replace")
        except (zlib.error, gzip.BadGzipFile):
            return None
    return dict(_CONFIG_LINE.findall(text))


def _engine(root: Root, running: tuple[Process, ...], ask: AskDaemon | None) -> EngineFacts:
    daemon = hosts_own(root, running)
    given = dockerd.flags(daemon.command) if daemon else {}
    config = str(jsontext.parse(given["config-file"]).value) if "config-file" in given else dockerd.CONFIG
    text, broken = configuration(root, config)
    asked, silent = None, ""
    there = bool(daemon or installed(root) or text is not None)
    if ask is not None and there:
        from lacre.errors import LacreError  # noqa: PLC0415 - beside its only use

        try:
            asked = ask()
            if not asked.local:
                asked, silent = None, "the engine that answers is not this host's"
        except LacreError as error:
            silent = error.happened
    return EngineFacts(
        there=there,
        running=daemon is not None,
        pid=daemon.pid if daemon else 0,
        program=runnable(root, daemon),
        config=config,
        text=text,
        broken=broken,
        flags=given,
        stale=daemon is not None and stale(root, daemon.pid, root, config),
        asked=asked,
        silent=silent,
    )


def configuration(root: Root, config: str) -> tuple[str | None, str]:
    """The text of a daemon.json, None where there is none, and what is wrong with it."""
    data = root.data(config)
    if data is None:
        return None, ""
    text = data.decode("utf-8", "surrogateescape")
    if len(data) >= MOST:
        return text, "it is larger than a megabyte"
    try:
        node = jsontext.parse(text)
    except ValueError as problem:  # BrokenJsonError, and a number of more digits than Python takes
        return text, str(problem)
    return text, "" if isinstance(node.value, dict) else "line 1: it is not an object"


def stale(root: Root, pid: int, of_engine: Root, config: str) -> bool:
    """Whether the file, as the engine has it, was written after the daemon had started; `root` has /proc."""
    after_name = (root.text(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    booted = re.search(r"^btime (\d+)$", root.text("/proc/stat") or "", re.MULTILINE)
    try:
        modified = of_engine.at(of_engine.resolved(config)).stat().st_mtime
    except OSError:
        return False
    if len(after_name) < 20 or not booted:
        return False
    started = int(booted[1]) + int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    return modified > started + 1  # btime is in whole seconds
