"""Ground D: Debian 13 as a whole under QEMU, with Docker 26, cgroup v2, systemd, AppArmor and kernel 6.12.

The disk is made once: a Debian tree with an agent and the dependencies of lacre, booted, test images loaded,
and a snapshot taken while the engine answers. Every start is from that snapshot and takes seconds. TCG is
used, since a nested KVM often cannot carry the kernel; so everything inside is some ten times slower. The emulator is
Debian 13's QEMU 10, on Debian 12 too: under QEMU 7.2, the guest's kernel was seen to panic on two processors of a
thread each when it patches its own text (int3 in `__schedule`, and where the sensor attaches to a trace point), which
it does for every BPF program. Two halve the time of all that is done there.

`python -m tests.grounds D COMMAND...` runs commands in it by hand, with this checkout in /work/lacre.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.grounds.cache import CACHE, ROOT, GroundError, layers, take, tree
from tests.grounds.engine20 import Engine20

PACKAGES = (
    "linux-image-cloud-amd64", "systemd-sysv", "udev", "dbus", "kmod", "docker.io", "docker-cli",
    "docker-compose", "apparmor", "iptables", "nftables", "ca-certificates", "python3", "iproute2", "procps",
    "curl", "auditd", "selinux-policy-default",
)  # fmt: skip
# The kernel's audit costs time, and the other one has a system that starts with SELinux relabelled for minutes.
MASKED = ("auditd.service", "selinux-autorelabel-mark.service")
IMAGES = (
    "debian:bookworm-slim", "lacre-test/nginx", "lacre-test/nginx-upstream", "lacre-test/redis", "lacre-test/memcached",
    "lacre-demo/web", "lacre-demo/app", "lacre-demo/db",
)  # fmt: skip
PYTHON = "3.13"
TEST_DEPENDENCIES = ("pytest>=8.2", "pytest-timeout>=2.3")
DISK_SIZE = "8G"
MEMORY_MB = 3072
EMULATOR = ("qemu-system-x86", "seabios")
# The features left out cost a flush of all translated addresses at each word between kernel and program.
PROCESSOR = ("-accel", "tcg,thread=multi", "-cpu", "max,-la57,-smap,-smep,-umip,-pku", "-smp", "2")
KERNEL_LINE = "console=ttyS0 root=/dev/vda rw quiet panic=-1 mitigations=off nokaslr"
BOOT_SECONDS = 300
SNAPSHOT = "up"
# Seconds for a command. It tells a hang from work, no more: one start of a container takes ten to fifteen seconds here.
COMMAND_SECONDS = 3000

UNIT = """[Unit]
Description=Commands of the tests
After=docker.service
Wants=docker.service
[Service]
ExecStart=/usr/bin/python3 /opt/lacre-agent.py
StandardOutput=journal+console
[Install]
WantedBy=multi-user.target
"""
LACRE = """#!/bin/sh
PYTHONPATH=/work/lacre/src:/opt/lacre-deps${PYTHONPATH:+:$PYTHONPATH} exec python3 -c \
    'import sys; from lacre.cli import main; sys.exit(main())' "$@"
"""


@dataclass(frozen=True)
class Done:
    """A command that ran in the machine: its exit code and what it printed."""

    code: int
    output: str


class Machine:
    """A Debian 13 of its own; `with` starts it from its snapshot, and ends it."""

    def __init__(self, images: Sequence[str] = IMAGES, wait_seconds: float = 1800) -> None:
        self.name = "D"
        self._images = images
        self._wait_seconds = wait_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._port: socket.socket | None = None
        self._run = Path(tempfile.gettempdir())
        self._given = 0

    def __enter__(self) -> Machine:
        self._lock = take(self.name, self._wait_seconds)
        try:
            self._begin(load=True)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def run(self, command: str, timeout: float = COMMAND_SECONDS, stdin: bytes = b"") -> Done:
        """Run a command by `sh -c` as root in the machine."""
        assert self._port is not None
        request = {"command": command, "timeout": timeout, "input": len(stdin)}
        self._port.settimeout(timeout + 60)
        self._port.sendall(json.dumps(request).encode() + b"\n" + stdin)
        answer = json.loads(self._line())
        return Done(answer["code"], self._take(answer["output"]).decode(errors="replace"))

    def reboot(self, line: str = KERNEL_LINE) -> None:
        """Restart it from its disk as it is now, not from the snapshot; answers once the agent does."""
        assert self._process is not None
        self.run("sync; systemd-run --on-active=1 systemctl poweroff")
        self._process.wait(BOOT_SECONDS)
        self._end()
        self._begin(load=False, line=line)

    def fresh(self) -> None:
        """Throw away all that was done in it."""
        self._end()
        self._begin(load=True)

    def put(self, directory: Path, where: str, skip: Sequence[str] = ()) -> None:
        """Copy the content of a directory into the machine; `skip` are names of files or directories."""
        left_out = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", *skip}
        with tempfile.NamedTemporaryFile(dir=self._run) as packed:
            with tarfile.open(fileobj=packed, mode="w") as tar:
                tar.add(directory, ".", filter=lambda i: None if Path(i.name).name in left_out else i)
            packed.flush()
            self._give(Path(packed.name), f"mkdir -p {where} && tar -C {where} -xf")

    def _give(self, file: Path, command: str) -> None:
        """Run a command there that ends with the name of a file: this one, as a disk that is plugged in meanwhile.

        Its size must be a multiple of 512 bytes, as that of a tar is. The agent's port takes a minute for what a
        disk hands over at once.
        """
        self._given += 1
        name = f"given{self._given}"
        device = f"/dev/disk/by-id/virtio-{name}"
        self._monitor(f"drive_add 0 if=none,id={name},format=raw,readonly=on,file={file}")
        self._monitor(f"device_add virtio-blk-pci,drive={name},id={name},serial={name}")
        done = self.run(f"until [ -e {device} ]; do sleep 0.1; done; {command} {device}")
        self._monitor(f"device_del {name}")
        if done.code != 0:
            raise GroundError(f"ground D: {command}: {done.output}")

    def put_lacre(self) -> None:
        """Copy the source (with the sensor), tests and demo to /work/lacre, and `lacre` to the PATH."""
        for part in ("src", "tests", "demo"):
            self.put(ROOT / part, f"/work/lacre/{part}", skip=("build", "sealed"))
        self.run("cat > /work/lacre/pyproject.toml", stdin=(ROOT / "pyproject.toml").read_bytes())
        self.run("cat > /usr/local/bin/lacre && chmod 755 /usr/local/bin/lacre", stdin=LACRE.encode())

    def stop(self) -> None:
        """End it; nothing of what was done in it stays."""
        self._end()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _begin(self, *, load: bool, line: str = KERNEL_LINE) -> None:
        self._start(self._disk(), load, line)
        self.run(f"date -s @{int(time.time())}")

    def _end(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            shutil.rmtree(self._run, ignore_errors=True)

    def _disk(self) -> Path:
        """The directory with kernel, initrd and the disk with its snapshot, made when it is not there."""
        root = tree("machine", "trixie", PACKAGES)
        recipe = [
            root.name, UNIT, (Path(__file__).parent / "agent.py").read_text(), DISK_SIZE, str(MEMORY_MB), *PROCESSOR,
            KERNEL_LINE, *MASKED, _qemu().name, *_dependencies(),
            *(json.dumps(layers(image)) for image in self._images),
        ]  # fmt: skip
        key = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:16]
        made = CACHE / f"machine-disk-{key}"
        if made.exists():
            return made
        print("==> ground D: making the virtual machine (some minutes)", file=sys.stderr, flush=True)
        for old in CACHE.glob("machine-disk-*"):
            shutil.rmtree(old)
        new = CACHE / "machine-disk-new"
        new.mkdir()
        shutil.copyfile(next((root / "boot").glob("vmlinuz-*")), new / "vmlinuz")
        shutil.copyfile(next((root / "boot").glob("initrd.img-*")), new / "initrd")
        _make_disk(root, self._images, new / "disk.qcow2")
        self._start(new, load=False)
        there = self.run(f"docker image inspect {shlex.join(self._images)} > /dev/null && sync")
        if there.code != 0:
            raise GroundError(f"ground D: its engine has not the images: {there.output}")
        self._monitor(f"savevm {SNAPSHOT}")
        assert self._process is not None
        self._monitor("quit")
        self._process.wait(60)
        self._end()
        return new.rename(made)

    def _start(self, made: Path, load: bool, line: str = KERNEL_LINE) -> None:
        self._run = Path(tempfile.mkdtemp(prefix="lacre-ground-d-"))
        log = CACHE / "log" / "ground-D.log"
        log.parent.mkdir(exist_ok=True)
        command: list[str] = [
            "setpriv", "--pdeathsig", "KILL", *_emulator(),
            *PROCESSOR, "-m", str(MEMORY_MB),
            "-nic", "none", "-display", "none", "-no-reboot",
            "-kernel", str(made / "vmlinuz"), "-initrd", str(made / "initrd"),
            "-append", line,
            "-drive", f"file={made}/disk.qcow2,if=virtio,format=qcow2,cache=unsafe",
            "-serial", f"file:{log}", "-monitor", f"unix:{self._run}/monitor,server,nowait",
            "-chardev", f"socket,path={self._run}/agent,server=on,wait=off,id=agent",
            "-device", "virtio-serial", "-device", "virtserialport,chardev=agent,name=agent",
        ]  # fmt: skip
        errors = (log.parent / "ground-D-qemu.log").open("w")
        with errors:
            self._process = subprocess.Popen(
                command + (["-loadvm", SNAPSHOT] if load else []), stdin=subprocess.DEVNULL, stderr=errors
            )
        deadline = time.monotonic() + BOOT_SECONDS
        self._port = self._connect("agent", deadline)
        if not load:
            self._port.settimeout(BOOT_SECONDS)
            self._line()

    def _connect(self, name: str, deadline: float) -> socket.socket:
        assert self._process is not None
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._run / name))
            except OSError:
                connection.close()
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = CACHE / "log" / "ground-D-qemu.log"
                    raise GroundError(f"ground D does not start: {log.read_text().strip()}") from None
                time.sleep(0.05)
            else:
                return connection

    def _monitor(self, command: str) -> None:
        """Give a command to QEMU's monitor and wait for its prompt."""
        with self._connect("monitor", time.monotonic() + 10) as monitor:
            monitor.settimeout(300)
            prompts = 0
            monitor.sendall(command.encode() + b"\n")
            got = b""
            while prompts < 2:
                block = monitor.recv(1 << 16)
                if not block:
                    return
                got += block
                prompts = got.count(b"(qemu) ")
            if b"Error" in got:
                raise GroundError(f"ground D: {command}: {got.decode(errors='replace')}")

    def _line(self) -> bytes:
        got = b""
        while not got.endswith(b"\n"):
            got += self._take(1)
        return got

    def _take(self, number: int) -> bytes:
        assert self._port is not None
        got = bytearray()
        while len(got) < number:
            block = self._port.recv(min(number - len(got), 1 << 20))
            if not block:
                raise GroundError("ground D ended; its console is in the log directory of the cache")
            got += block
        return bytes(got)


def _qemu() -> Path:
    """The tree that holds the emulator; a snapshot is for the one that made it."""
    return tree("qemu", "trixie", EMULATOR)


def _emulator() -> list[str]:
    """QEMU of Debian 13, by the loader and the libraries of a tree of its own."""
    root = _qemu()
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return [
        "env", f"QEMU_MODULE_DIR={libraries}/qemu",
        str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", str(libraries),
        str(root / "usr/bin/qemu-system-x86_64"),
        "-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios"),
    ]  # fmt: skip


def _dependencies() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: list[str] = tomllib.load(file)["project"]["dependencies"]
    return [*found, *TEST_DEPENDENCIES]


def _fill(data_root: Path, images: Sequence[str]) -> None:
    """Makes a data directory of Docker with these images; its own engine would take a quarter of an hour, emulated."""
    with Engine20("fill", "10.230", {"storage-driver": "overlay2"}) as engine:
        shutil.rmtree(data_root, ignore_errors=True)
        engine.load(images)
        made = engine.data
    subprocess.run(["cp", "-a", str(made), str(data_root)], check=True)
    shutil.rmtree(made)


def _make_disk(root: Path, images: Sequence[str], disk: Path) -> None:
    """A disk with the tree, the agent, the dependencies for its Python and the images in its engine."""
    work = CACHE / "machine-root"
    shutil.rmtree(work, ignore_errors=True)
    try:
        # Hard links: nothing below is changed in place, only added or replaced.
        subprocess.run(["cp", "-al", str(root), str(work)], check=True)
        shutil.copyfile(Path(__file__).parent / "agent.py", work / "opt/lacre-agent.py")
        unit = work / "etc/systemd/system/lacre-agent.service"
        unit.write_text(UNIT)
        wanted = work / "etc/systemd/system/multi-user.target.wants/lacre-agent.service"
        wanted.parent.mkdir(exist_ok=True)
        wanted.symlink_to("../lacre-agent.service")
        for masked in MASKED:
            (work / "etc/systemd/system" / masked).symlink_to("/dev/null")
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--target", str(work / "opt/lacre-deps"), "--python-version", PYTHON, "--implementation", "cp",
             "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64",
             "--only-binary", ":all:", *_dependencies()],
            check=True,
        )  # fmt: skip
        _fill(work / "var/lib/docker", images)
        raw = disk.with_suffix(".raw")
        subprocess.run(
            ["mke2fs", "-q", "-t", "ext4", "-d", str(work), "-F", str(raw), DISK_SIZE],
            check=True,
            env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
        )
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(disk)], check=True)
        raw.unlink()
    finally:
        shutil.rmtree(work, ignore_errors=True)
