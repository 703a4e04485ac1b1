"""The sensor on Debian's own kernels, in a machine without an engine: QEMU, busybox and the sensor.

Debian's kernels have what the working machine's lacks (fentry, kprobes, overlay as a module) and lack what it
has (the trace point cap_capable).
"""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from lacre.sensor.facts import (
    AnyFact,
    CapabilityAsked,
    Counters,
    Executed,
    Identity,
    Listening,
    MappedExecutable,
    Origin,
    Peer,
    Refusal,
    RefusedBecause,
    SocketMade,
    Syscalls,
    Write,
)
from lacre.sensor.process import binary
from lacre.sensor.translate import Translator
from lacre.sensor.wire import Decoder, Kind
from tests.grounds.cache import tree

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
ACTS = HERE.parent / "integration" / "sensor_acts.c"
BUSYBOX = Path("/bin/busybox")  # Debian's busybox-static
CONTAINER = "0123456789abcdef" * 4
SECONDS = 300
F = TypeVar("F")


@dataclass(frozen=True)
class Shown:
    """What one kernel's machine printed."""

    kernel: str
    observed: list[AnyFact]
    proved: list[AnyFact]
    kprobes: list[AnyFact]
    probe: dict[str, object]
    lost: int


def cpio(entries: dict[str, tuple[int, bytes]]) -> bytes:
    """An initramfs ("newc", the kernel's Documentation/driver-api/early-userspace/buffer-format.rst)."""
    out = bytearray()
    for number, (name, (mode, data)) in enumerate([*entries.items(), ("TRAILER!!!", (0, b""))], 1):
        path = name.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def module(modules: Path, name: str) -> bytes | None:
    """A kernel module, unpacked; None if it is built in."""
    for path in modules.rglob(f"{name}.ko*"):
        data = path.read_bytes()
        return lzma.decompress(data) if path.suffix == ".xz" else data
    return None


def boot(suite: str, directory: Path) -> str:
    """Runs init.sh on the suite's kernel and returns what it printed."""
    kernel_tree = tree(f"kernel-{suite}", suite, ["linux-image-cloud-amd64"])
    (vmlinuz,) = (kernel_tree / "boot").glob("vmlinuz-*")
    acts = directory / "acts"
    subprocess.run(["cc", "-O1", "-static", "-pthread", "-o", acts, ACTS], check=True)
    program = 0o100755
    entries = {
        "bin": (0o40755, b""),
        "bin/busybox": (program, BUSYBOX.read_bytes()),
        "init": (program, (HERE / "init.sh").read_bytes()),
        "lacre-sensor": (program, Path(binary()).read_bytes()),
        "acts": (program, acts.read_bytes()),
    }
    overlay = module(kernel_tree / "lib" / "modules", "overlay")
    if overlay is not None:
        entries["overlay.ko"] = (0o100644, overlay)
    initrd = directory / "initrd.gz"
    initrd.write_bytes(gzip.compress(cpio(entries), 1))
    serial = directory / "serial.txt"
    command = [
        *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"),
        *("-display", "none", "-net", "none", "-no-reboot", "-serial", f"file:{serial}"),
        *("-kernel", str(vmlinuz), "-initrd", str(initrd), "-append", "console=ttyS0 quiet panic=-1"),
    ]
    subprocess.run(command, check=True, timeout=SECONDS, capture_output=True)
    return serial.read_text("utf-8", "replace").replace("\r", "")


def facts_of(shown: str, part: str) -> tuple[list[AnyFact], int]:
    found = re.search(rf"== records of {part}\n(.*?)== end", shown, re.DOTALL)
    assert found, shown
    errors = re.search(rf"== errors of {part}\n(.*?)==", shown, re.DOTALL)
    assert errors
    assert not errors[1], errors[1]
    translator, facts, lost = Translator("x86_64"), list[AnyFact](), 0
    for record in Decoder().feed(base64.b64decode(found[1])):
        if record.kind is Kind.DONE and record.value == 1:
            translator.begin_phase(record.epoch, CONTAINER, "start")
        elif record.kind is Kind.LOST:
            lost = record.value
        else:
            facts += translator.facts(record)
    return [*facts, *translator.totals()], lost


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    text = boot(request.param, tmp_path_factory.mktemp(request.param))
    kernel = re.search(r"== kernel (\S+)", text)
    assert kernel, text
    observed, lost = facts_of(text, "observed")
    proved, more = facts_of(text, "proved")
    kprobes, still_more = facts_of(text, "kprobes")
    probe = json.loads(text.partition("== probe\n")[2].partition("== done")[0])
    return Shown(kernel[1], observed, proved, kprobes, probe, lost + more + still_more)


def of(kind: type[F], facts: list[AnyFact]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


def test_writes_have_full_paths(shown: Shown) -> None:
    found = {(w.kind.value, w.path, w.filesystem) for w in of(Write, shown.observed)}
    assert {
        ("create", "/tmp/a", "overlay"),
        ("create", "/tmp/a/f", "overlay"),
        ("remove", "/tmp/a/f", "overlay"),
        ("attributes", "/tmp/a", "overlay"),
        ("create", "/t/code", "tmpfs"),
        ("create", "/tmp" + "/deeper" * 300 + "/bottom", "overlay"),
    } <= found
    assert {f"/t/file{n}" for n in range(2000)} <= {path for _, path, _ in found}
    assert not shown.lost


def test_programs_have_an_origin(shown: Shown) -> None:
    origins = {e.path: e.origin for e in of(Executed, shown.observed)}
    assert origins["/bin/busybox"] is Origin.IMAGE
    assert origins["/tmp/dropped"] is Origin.WRITTEN
    assert Origin.MEMFD in origins.values()


def test_capabilities_and_hints_are_told(shown: Shown) -> None:
    asked = {(c.name, c.granted, c.hint) for c in of(CapabilityAsked, shown.observed)}
    assert ("CHOWN", True, False) in asked
    refused = {(c.name, c.granted, c.hint) for c in of(CapabilityAsked, shown.proved)}
    assert ("CHOWN", False, False) in refused
    assert {hint for _, _, hint in asked | refused} <= {True, False}
    assert shown.probe["capability_mechanism"] in {"fexit", "kprobe"}


def test_kprobes_tell_the_same(shown: Shown) -> None:
    assert ("CHOWN", False, False) in {
        (c.name, c.granted, c.hint) for c in of(CapabilityAsked, shown.kprobes)
    }
    refused = {(r.because.value, r.what, r.path) for r in of(Refusal, shown.kprobes)}
    assert refused == {("capability", "CHOWN", "/t"), ("syscall", "mkdir", "")}


def test_identities_and_sockets_are_told(shown: Shown) -> None:
    assert {(0, 0, True), (33, 34, False)} <= {(i.uid, i.gid, i.main) for i in of(Identity, shown.observed)}
    listening = {(i.protocol, i.address, i.port) for i in of(Listening, shown.observed)}
    assert listening == {("tcp", "127.0.0.1", 4321), ("udp", "127.0.0.1", 5000)}
    peers = {(p.direction.value, p.protocol, p.port) for p in of(Peer, shown.observed)}
    assert {("out", "tcp", 4321), ("in", "tcp", 4321), ("out", "udp", 5003)} <= peers
    made = {fact.kind for fact in of(SocketMade, shown.observed) if fact.by == "/bin/acts"}
    assert made == {"AF_INET/tcp", "AF_INET/udp", "AF_NETLINK/route", "AF_UNIX"}


def test_refusals_are_told(shown: Shown) -> None:
    observed = {(r.because.value, r.what, r.by) for r in of(Refusal, shown.observed)}
    assert ("noexec", "/t/code", "/bin/acts") in observed
    assert ("memory", "", "/bin/acts") in observed
    proved = {(r.because.value, r.what) for r in of(Refusal, shown.proved)}
    assert proved == {
        ("read-only", "/tmp/refused"),
        ("read-only", "/etc/last"),
        ("capability", "CHOWN"),
        ("syscall", "mkdir"),
    }


def test_calls_and_tasks_are_counted(shown: Shown) -> None:
    (calls,) = of(Syscalls, shown.observed)
    assert {"mkdir", "execve", "rt_sigreturn", "setresuid"} <= calls.names
    assert not {"pivot_root", "unshare", "mount", "umount2"} & calls.names
    (counters,) = of(Counters, shown.observed)
    assert counters.oom_kills == 1
    assert counters.forks > 10
    assert not [r for r in of(Refusal, shown.observed) if r.because is RefusedBecause.SYSCALL]
    assert of(MappedExecutable, shown.observed) == []  # all programs here are static, and /t is noexec


def test_the_probe_says_what_this_kernel_has(shown: Shown) -> None:
    available: Callable[[str], bool] = lambda name: bool(shown.probe[name]["available"])  # type: ignore[index]  # noqa: E731
    assert available("refusals")
    assert available("file_origin")
    assert available("capability_hints")
    assert not available("capabilities_tracepoint")
