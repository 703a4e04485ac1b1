"""Sockets that listen, as the kernel tells them of one network namespace: sock_diag(7), proc_pid_net(5)."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import ipaddress
import os
import socket
import struct
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_LISTEN, _UNCONNECTED = 10, 7  # include/net/tcp_states.h; TCP_CLOSE: a UDP socket that waits for anybody
_STATES = {"tcp": _LISTEN, "tcp6": _LISTEN, "udp": _UNCONNECTED, "udp6": _UNCONNECTED}
_PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}

# include/uapi/linux/netlink.h, sock_diag.h, inet_diag.h and sched.h
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_ERROR, _DONE = 2, 3
_HEAD = struct.Struct("=IHHII")  # nlmsghdr
_STATUS = struct.Struct("=i")
_DIAG = struct.Struct("=4x2s2x16s44xI")  # inet_diag_msg: port and address as the network orders them, inode
_CLONE_NEWNET = 0x40000000
_ANSWER_BYTES = 1 << 16
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

    For the text in /proc the kernel walks the sockets of the whole machine: some 4 ms a protocol with 24 GB. Root asks
    it by sock_diag(7), as ss(8) does, which looks only at those that listen.
    """
    asked = [(name, state) for name, state in _STATES.items() if name[:3] in protocols]
    found = _diagnosed(pid, asked)
    return found if found is not None else _listed(pid, asked)


def _diagnosed(pid: int | str, asked: Sequence[tuple[str, int]]) -> tuple[Listener, ...] | None:
    """From the kernel's own answers; None where it gives none to this process."""
    found: set[Listener] = set()
    try:
        with _in_namespace(pid) as asking:
            for name, state in asked:
                found |= set(_answers(asking, name, state))
    except OSError:
        return None
    return tuple(sorted(found))


def _in_namespace(pid: int | str) -> socket.socket:
    """A socket to the kernel that sees the network namespace of `pid`. OSError where this process may not go there.

    A socket keeps to the namespace that it was made in: a thread goes there, makes it, and ends.
    """

    def make() -> socket.socket:
        with (_PROC / str(pid) / "ns/net").open("rb") as namespace:
            if _libc().setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _answers(asking: socket.socket, name: str, state: int) -> Iterator[Listener]:
    """The sockets of one protocol in one state; OSError where the kernel has no such module."""
    family, protocol = (socket.AF_INET6 if name.endswith("6") else socket.AF_INET), _PROTOCOLS[name[:3]]
    request = struct.pack("=BBBxI48x", family, protocol, 0, 1 << state)  # inet_diag_req_v2
    head = _HEAD.pack(_HEAD.size + len(request), _SOCK_DIAG_BY_FAMILY, _DUMP, 0, 0)
    asking.send(head + request)
    while True:
        data = asking.recv(_ANSWER_BYTES)
        at = 0
        while at < len(data):
            length, kind, *_ = _HEAD.unpack_from(data, at)
            if kind in (_ERROR, _DONE):
                (status,) = _STATUS.unpack_from(data, at + _HEAD.size)
                if status < 0:
                    raise OSError(-status, "sock_diag")
                return
            port, address, inode = _DIAG.unpack_from(data, at + _HEAD.size)
            size = 16 if family == socket.AF_INET6 else 4
            yield Listener(name[:3], _text(address[:size]), int.from_bytes(port, "big"), inode)
            at += (length + 3) & ~3


def _listed(pid: int | str, asked: Sequence[tuple[str, int]]) -> tuple[Listener, ...] | None:
    """From the text in /proc, which anybody may read."""
    found: set[Listener] = set()
    for name, state in asked:
        path = _PROC / str(pid) / "net" / name
        try:
            lines = path.read_bytes().decode("ascii").splitlines()[1:]
        except (OSError, UnicodeDecodeError):
            if not name.endswith("6"):
                return None
            continue  # a kernel without IPv6
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == f"{state:02X}":
                address, _, port = fields[1].rpartition(":")
                # The kernel prints each 32-bit word in the byte order of the machine.
                words = [struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8)]
                found.add(Listener(name[:3], _text(b"".join(words)), int(port, 16), int(fields[9])))
    return tuple(sorted(found))


def _text(address: bytes) -> str:
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


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
