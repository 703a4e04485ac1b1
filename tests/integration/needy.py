"""A program that needs one thing of the kernel that a setting takes away.

    python3 needy.py THING [hold]

Does it once as an unprivileged user and prints `works` or the name of the error; with `hold` it then keeps what
it got until its standard input ends. Needs nothing but Python, so that it runs on any ground.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
import sys
from pathlib import Path

NOBODY = 65534
IO_URING_SETUP, PERF_EVENT_OPEN, USERFAULTFD, BPF = 425, 298, 323, 321  # x86_64
PTRACE_ATTACH, PTRACE_DETACH, CLONE_NEWUSER, PR_SET_DUMPABLE = 16, 17, 0x10000000, 4

libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: object) -> int:
    got = int(libc.syscall(number, *arguments))
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got


def io_uring() -> None:
    call(IO_URING_SETUP, 4, ctypes.create_string_buffer(256))


def perf() -> None:
    # PERF_TYPE_SOFTWARE, size, PERF_COUNT_SW_TASK_CLOCK, and exclude_kernel | exclude_hv among the flags
    attributes = struct.pack("IIQQQQQ", 1, 112, 1, 0, 0, 0, 0b1100000) + bytes(64)
    call(PERF_EVENT_OPEN, attributes, 0, -1, -1, 0)


def userfaultfd() -> None:
    call(USERFAULTFD, 0)


def bpf() -> None:
    # BPF_MAP_CREATE of an array of one element
    call(BPF, 0, struct.pack("IIIII", 2, 4, 8, 1, 0) + bytes(100), 120)


def userns() -> None:
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ptrace() -> None:
    """Traces a process of the same user that it did not start itself: its parent's other child."""
    pid = int(os.environ["NEEDY_VICTIM"])
    if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.waitpid(pid, 0)


THINGS = {each.__name__: each for each in (io_uring, perf, userfaultfd, bpf, userns, ptrace)}


def drop() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as if it had been started by that user


def main() -> None:
    thing, hold = sys.argv[1], sys.argv[2:] == ["hold"]
    Path("/proc/self/comm").write_text(f"needy-{thing}"[:15])
    if thing == "ptrace":
        ready, say = os.pipe()
        victim = os.fork()
        if victim == 0:
            drop()
            os.write(say, b"!")
            signal.pause()
        os.read(ready, 1)
        os.environ["NEEDY_VICTIM"] = str(victim)
        tracer = os.fork()  # a sister of the victim
        if tracer != 0:
            _, status = os.waitpid(tracer, 0)
            os.kill(victim, signal.SIGKILL)
            sys.exit(os.waitstatus_to_exitcode(status))
    drop()
    try:
        THINGS[thing]()
    except OSError as error:
        print(errno.errorcode.get(error.errno or 0, "?"), flush=True)
        sys.exit(1)
    print("works", flush=True)
    if hold:
        sys.stdin.read()


if __name__ == "__main__":
    main()
