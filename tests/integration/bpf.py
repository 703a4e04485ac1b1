"""Reads the seccomp filters that a process runs under and tells, for each system call, what they answer.

The kernel hands out an installed filter (`ptrace(2)`, PTRACE_SECCOMP_GET_FILTER) to a tracer with
CAP_SYS_ADMIN. It is classic BPF over `struct seccomp_data`; it is walked here with the number and the
architecture fixed and the arguments open, so that a call that depends on its arguments shows every answer
it can get, each with the comparisons on the way.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

AUDIT_ARCH = {"x86_64": 0xC000003E, "i386": 0x40000003, "aarch64": 0xC00000B7, "arm": 0x40000028}

ALLOW = 0x7FFF0000
ERRNO = 0x00050000

_SEIZE, _INTERRUPT, _DETACH, _GET_FILTER = 0x4206, 0x4207, 17, 0x420C

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of classic BPF."""

    code: int
    jt: int
    jf: int
    k: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a filter returns, and the tests on arguments that lead there: (argument, comparison, value)."""

    action: int
    tests: tuple[tuple[str, str, int], ...]


def _ptrace(request: int, pid: int, addr: int = 0, data: ctypes.c_void_p | None = None) -> int:
    ctypes.set_errno(0)
    result: int = _libc.ptrace(request, pid, ctypes.c_void_p(addr), data)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"ptrace {request:#x}")
    return result


def installed(pid: int) -> list[list[Instruction]]:
    """The filters of a process of another seccomp state than ours, the last one installed first."""
    _ptrace(_SEIZE, pid)
    try:
        _ptrace(_INTERRUPT, pid)
        os.waitpid(pid, 0x40000000)  # __WALL
        filters: list[list[Instruction]] = []
        while True:
            try:
                length = _ptrace(_GET_FILTER, pid, len(filters))
            except OSError as error:
                if error.errno == 2:  # no such filter: that was the last
                    return filters
                raise
            buffer = ctypes.create_string_buffer(length * 8)
            _ptrace(_GET_FILTER, pid, len(filters), ctypes.cast(buffer, ctypes.c_void_p))
            filters.append([Instruction(*fields) for fields in struct.iter_unpack("<HBBI", buffer.raw)])
    finally:
        _ptrace(_DETACH, pid)


def answers(program: list[Instruction], architecture: int, number: int) -> set[Answer]:
    """Every answer of a filter to one system call, whatever its arguments."""
    return set(_walk(program, architecture, number))


_JUMPS = {0x10: "==", 0x20: ">", 0x30: ">=", 0x40: "&"}


def _walk(program: list[Instruction], architecture: int, number: int) -> Iterator[Answer]:
    # (program counter, accumulator: a number or the name of an argument's half with a mask, tests so far)
    Accumulator = int | tuple[str, int]  # noqa: N806
    todo: list[tuple[int, Accumulator, tuple[tuple[str, str, int], ...]]] = [(0, 0, ())]
    while todo:
        at, value, tests = todo.pop()
        step = program[at]
        kind, operand = step.code & 0x07, step.k
        if kind == 0x00:  # load a word of seccomp_data
            loaded: Accumulator
            if operand == 0:
                loaded = number
            elif operand == 4:
                loaded = architecture
            else:
                half = "" if (operand - 16) % 8 == 0 else ".high"
                loaded = (f"{(operand - 16) // 8}{half}", 0xFFFFFFFF)
            todo.append((at + 1, loaded, tests))
        elif kind == 0x04:  # arithmetic: libseccomp only masks
            assert step.code == 0x54, hex(step.code)
            masked = value & operand if isinstance(value, int) else (value[0], value[1] & operand)
            todo.append((at + 1, masked, tests))
        elif kind == 0x05:
            if step.code == 0x05:
                todo.append((at + 1 + operand, value, tests))
                continue
            comparison = _JUMPS[step.code & 0xF0]
            if isinstance(value, int):
                holds = {
                    "==": value == operand,
                    ">": value > operand,
                    ">=": value >= operand,
                    "&": bool(value & operand),
                }[comparison]
                todo.append((at + 1 + (step.jt if holds else step.jf), value, tests))
            else:
                name = value[0] if value[1] == 0xFFFFFFFF else f"{value[0]}&{value[1]:#x}"
                todo.append((at + 1 + step.jt, value, (*tests, (name, comparison, operand))))
                todo.append((at + 1 + step.jf, value, (*tests, (name, f"not {comparison}", operand))))
        elif kind == 0x06:
            assert step.code == 0x06, hex(step.code)
            yield Answer(operand, tests)
        else:
            raise AssertionError(f"unknown instruction {step}")
