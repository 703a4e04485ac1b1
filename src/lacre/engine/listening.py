"""Sockets that listen, as the kernel lists them for one network namespace (proc_pid_net(5))."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_UNCONNECTED = "07"  # TCP_CLOSE: what a UDP socket that waits for anybody shows
_MOST_DESCRIPTORS = 65536


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """One socket; `address` as text, `inode` tells whose it is."""

    protocol: str
    address: str
    port: int
    inode: int

    @property
    def loopback(self) -> bool:
        """Whether only this namespace itself reaches it."""
        return ipaddress.ip_address(self.address).is_loopback


def listeners(pid: int | str, protocols: Collection[str] = ("tcp", "udp")) -> tuple[Listener, ...] | None:
    """All of the network namespace of `pid`; None where it cannot be read.

    The kernel walks the sockets of the whole machine for each answer: some 4 ms a protocol with 24 GB.
    """
    found: set[Listener] = set()
    for name, state in (("tcp", _LISTEN), ("tcp6", _LISTEN), ("udp", _UNCONNECTED), ("udp6", _UNCONNECTED)):
        if name[:3] not in protocols:
            continue
        path = _PROC / str(pid) / "net" / name
        try:
            lines = path.read_text(encoding="ascii").splitlines()[1:]
        except (OSError, UnicodeDecodeError):
            if not name.endswith("6"):
                return None
            continue  # a kernel without IPv6
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == state:
                address, _, port = fields[1].rpartition(":")
                found.add(Listener(name[:3], _address(address), int(port, 16), int(fields[9])))
    return tuple(sorted(found))


def inodes(pid: int) -> frozenset[int]:
    """The sockets that a process holds."""
    found = set()
    with contextlib.suppress(OSError), os.scandir(_PROC / str(pid) / "fd") as entries:
        for number, entry in enumerate(entries):
            if number >= _MOST_DESCRIPTORS:
                break
            with contextlib.suppress(OSError):
                target = os.readlink(entry.path)  # noqa: PTH115 - thousands of them
                if target.startswith("socket:["):
                    found.add(int(target[8:-1]))
    return frozenset(found)


def _address(text: str) -> str:
    """The kernel prints each 32-bit word in the byte order of the machine."""
    words = [struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
