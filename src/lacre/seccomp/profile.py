"""A set of allowed names as the seccomp profile that `--security-opt seccomp=FILE` takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lacre.errors import UsageError
from lacre.seccomp.docker_default import FILTERED, MULTIPLEXED, ArgumentTest
from lacre.seccomp.newer import FALLS_BACK
from lacre.seccomp.sockets import SOCKET_CALLS, SocketTest, socket_tests, tests_of_others

ENOSYS = 38
EPERM = 1
EPROTONOSUPPORT = 93
EAFNOSUPPORT = 97

# The architecture that the engine runs on decides which entry counts; its older ABIs come with it, as in
# Docker's own.
_ARCHITECTURES = {
    "amd64": ("SCMP_ARCH_X86_64", ("SCMP_ARCH_X86", "SCMP_ARCH_X32")),
    "arm64": ("SCMP_ARCH_AARCH64", ("SCMP_ARCH_ARM",)),
}
_ALIASES = {"x86_64": "amd64", "aarch64": "arm64"}


def profile(
    allowed: frozenset[str],
    capabilities: frozenset[str] = frozenset(),
    architectures: tuple[str, ...] = ("amd64",),
    sockets: frozenset[str] | None = None,
) -> dict[str, Any]:
    """The profile in Docker's own format. `architectures` are Docker's words (amd64, arm64) or the kernel's.

    `sockets`: the kinds that may be made where the calls are allowed at all; None: as Docker's default has it.

    `defaultErrnoRet` is written for engines that know it; 20.10 does not and answers EPERM all the same.
    Raises UsageError for an architecture that lacre has no table for.
    """
    told_apart = frozenset() if sockets is None else SOCKET_CALLS & allowed
    rules = [
        {"names": sorted(allowed - FILTERED.keys() - told_apart), "action": "SCMP_ACT_ALLOW"},
        # Before those for sockets: libseccomp makes rules for socketcall of these, and then takes no other answer.
        {
            "names": sorted((FALLS_BACK | MULTIPLEXED) - allowed),
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": ENOSYS,
        },
        *(
            {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [_argument(test)]}
            for name, tests in sorted(FILTERED.items())
            if name in allowed - told_apart
            for test in (() if _unfiltered(name, capabilities) else tests)
        ),
        *(
            {"names": [name], "action": "SCMP_ACT_ALLOW"}
            for name in sorted(FILTERED.keys() & allowed)
            if _unfiltered(name, capabilities)
        ),
        *(_of_sockets(sorted(told_apart), sockets) if sockets is not None and told_apart else ()),
    ]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": EPERM,
        "archMap": [
            _architecture(name) for name in sorted({_ALIASES.get(name, name) for name in architectures})
        ],
        "syscalls": rules,
    }


def _unfiltered(name: str, capabilities: frozenset[str]) -> bool:
    """Docker's default lifts the mask on clone's namespace flags for SYS_ADMIN."""
    return name == "clone" and "SYS_ADMIN" in capabilities


def _of_sockets(calls: list[str], kinds: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Rules for these kinds, and for all others the errno of a kernel that does not have them.

    Programs know that one and do without (IPv6, auditing), where EPERM would be an error to them.
    """
    allowed = [test for kind in sorted(kinds) for test in socket_tests(kind)]
    families, protocols = tests_of_others(kinds)
    for test in dict.fromkeys(allowed):
        yield {"names": calls, "action": "SCMP_ACT_ALLOW", "args": _arguments(test)}
    for tests, errno in ((families, EAFNOSUPPORT), (protocols, EPROTONOSUPPORT)):
        for test in tests:
            if test not in allowed:
                yield {
                    "names": calls,
                    "action": "SCMP_ACT_ERRNO",
                    "errnoRet": errno,
                    "args": _arguments(test),
                }


def _arguments(test: SocketTest) -> list[dict[str, Any]]:
    return [
        {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
        for index, mask, value in test.arguments
    ]


def _architecture(name: str) -> dict[str, Any]:
    if name not in _ARCHITECTURES:
        raise UsageError(
            "writing a seccomp profile",
            f"lacre has no system call table for the architecture {name}",
            f"use one of {', '.join(_ARCHITECTURES)}, or keep Docker's own profile with --seccomp default",
        )
    architecture, older = _ARCHITECTURES[name]
    return {"architecture": architecture, "subArchitectures": list(older)}


def _argument(test: ArgumentTest) -> dict[str, Any]:
    if test.mask is None:
        return {"index": 0, "value": test.value, "op": "SCMP_CMP_EQ"}
    # Docker's words: `value` is the mask, `valueTwo` what the masked bits must be.
    return {"index": 0, "value": test.mask, "valueTwo": test.value, "op": "SCMP_CMP_MASKED_EQ"}
