"""The tables of `lacre.seccomp` against the engine here: its default filter, and our profiles at work."""

from __future__ import annotations

import ctypes
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lacre.seal.model import Margin
from lacre.seccomp import DEFAULT_CAPABILITIES, derive, derive_sockets, profile
from lacre.seccomp.docker_default import (
    ALWAYS,
    FILTERED,
    LATER,
    THIRTY_TWO,
    WITH_CAPABILITY,
    WITHDRAWN,
    allowed_by_default,
    allowed_by_old_default,
)
from lacre.seccomp.table import union
from tests.integration import bpf

pytestmark = pytest.mark.docker

IMAGE = "lacre-test/seccomp-probe:latest"
NUMBERS = 480
ENOSYS, EPERM, EPROTONOSUPPORT, EAFNOSUPPORT = 38, 1, 93, 97
ONLY_ARM = {
    "arm_fadvise64_64",
    "arm_sync_file_range",
    "sync_file_range2",
    "breakpoint",
    "cacheflush",
    "set_tls",
}

Filter = dict[tuple[str, str], frozenset[bpf.Answer]]


def docker(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done


@pytest.fixture(scope="module")
def image(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("probe")
    source = Path(__file__).with_name("seccomp_probe.c")
    subprocess.run(["cc", "-static", "-Os", "-Wall", "-Werror", "-o", folder / "probe", source], check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(folder / "probe", "probe")
        tar.addfile(directory("work"))
    command = ["docker", "import", "--change", 'ENTRYPOINT ["/probe"]', "-", IMAGE]
    subprocess.run(command, input=archive.getvalue(), check=True, capture_output=True)
    yield IMAGE
    docker("rmi", "--force", IMAGE)


def directory(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info


Reader = Callable[..., Filter]


@pytest.fixture(scope="module")
def read_filter(image: str) -> Reader:
    """The filter of a container with these options, by (architecture, name)."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p

    def name_of(architecture: str, number: int) -> str | None:
        found = library.seccomp_syscall_resolve_num_arch(
            ctypes.c_uint32(bpf.AUDIT_ARCH[architecture]), number
        )
        return ctypes.string_at(found).decode() if found else None

    def read(*options: str) -> Filter:
        name = docker("run", "--detach", "--network", "none", *options, image, "wait").stdout.strip()
        try:
            pid = int(docker("inspect", "--format", "{{.State.Pid}}", name).stdout)
            (program,) = bpf.installed(pid)
        finally:
            docker("rm", "--force", name)
        return {
            (architecture, call): frozenset(bpf.answers(program, bpf.AUDIT_ARCH[architecture], number))
            for architecture in ("x86_64", "i386")
            for number in range(NUMBERS)
            if (call := name_of(architecture, number))
        }

    return read


def passing(filtered: Filter) -> frozenset[str]:
    return frozenset(
        name for (_, name), answers in filtered.items() if any(a.action == bpf.ALLOW for a in answers)
    )


def write(
    path: Path,
    allowed: frozenset[str],
    capabilities: frozenset[str] = frozenset(),
    sockets: frozenset[str] | None = None,
) -> str:
    path.write_text(json.dumps(profile(allowed, capabilities, ("amd64",), sockets)), encoding="utf-8")
    return str(path)


def test_the_table_of_dockers_default_is_what_this_engine_runs(read_filter: Reader) -> None:
    without = passing(read_filter("--cap-drop", "ALL"))
    always = union(ALWAYS) | union(THIRTY_TWO) - ONLY_ARM
    depends_on_version = union(LATER) | union(WITHDRAWN)
    assert always - without == set()
    assert without - always <= depends_on_version
    assert passing(read_filter()) == without | {"chroot"}


@pytest.mark.parametrize("capability", sorted(WITH_CAPABILITY.keys() - {"BPF", "PERFMON"}))
def test_what_a_capability_adds_is_what_this_engine_runs(read_filter: Reader, capability: str) -> None:
    without = passing(read_filter("--cap-drop", "ALL"))
    added = passing(read_filter("--cap-drop", "ALL", "--cap-add", capability)) - without
    # The names of newer kernels and of the 64-bit clock are in the profiles of newer engines only.
    later = {"set_mempolicy_home_node", "clock_settime64", *union(LATER)}
    assert added - later == WITH_CAPABILITY[capability].names - later


@pytest.mark.parametrize("margin", list(Margin))
@pytest.mark.parametrize("capabilities", [frozenset(), DEFAULT_CAPABILITIES, frozenset({"SYS_ADMIN"})])
def test_a_profile_is_never_wider_than_this_engines_default(
    read_filter: Reader, tmp_path: Path, margin: Margin, capabilities: frozenset[str]
) -> None:
    everything = allowed_by_old_default(frozenset(WITH_CAPABILITY)) | {"keyctl", "userfaultfd", "kexec_load"}
    allowed = derive(everything, margin, capabilities)
    options = ["--cap-drop", "ALL", *(word for name in sorted(capabilities) for word in ("--cap-add", name))]
    ours = read_filter(
        *options, "--security-opt", f"seccomp={write(tmp_path / 'p.json', allowed, capabilities)}"
    )
    theirs = read_filter(*options)
    wider = {
        key
        for key, answers in ours.items()
        if any(a.action == bpf.ALLOW for a in answers) and not any(a.action == bpf.ALLOW for a in theirs[key])
    }
    assert {name for _, name in wider} <= union(LATER) | {"set_mempolicy_home_node", "clock_settime64"}
    for name in ("clone", "personality"):
        for architecture in ("x86_64", "i386"):
            assert ours[architecture, name] == theirs[architecture, name]
    assert passing(ours) <= allowed


def test_what_is_allowed_passes_and_newer_calls_get_enosys(read_filter: Reader, tmp_path: Path) -> None:
    allowed = derive(frozenset({"read", "socket"}), Margin.NORMAL, frozenset())
    ours = read_filter("--security-opt", f"seccomp={write(tmp_path / 'p.json', allowed)}")
    for name in sorted(allowed - FILTERED.keys()):
        if ("x86_64", name) in ours:
            assert {a.action for a in ours["x86_64", name]} == {bpf.ALLOW}, name
    for name in ("clone3", "io_uring_setup", "landlock_create_ruleset", "memfd_secret", "pidfd_open"):
        assert {a.action for a in ours["x86_64", name]} == {bpf.ERRNO | ENOSYS}, name
    assert {a.action for a in ours["i386", "socketcall"]} == {bpf.ERRNO | ENOSYS}
    for name in ("semget", "mount", "ptrace", "keyctl"):
        assert {a.action for a in ours["x86_64", name]} == {bpf.ERRNO | EPERM}, name


SOCKETS_AND_THREADS = frozenset({"socket", "clone", "personality"})


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("clone", 0),
        ("clone-newuser", EPERM),
        ("clone3", ENOSYS),
        ("socket-inet", 0),
        ("socket-alg", EPERM),
        ("socket-alg-high-bits", EPERM),
        ("socket-vsock", EPERM),
        ("personality-ask", 0),
        ("personality-norandomize", EPERM),
        ("futex-waitv", 22),  # EINVAL: equivalent to futex, so it reaches the kernel
        ("future", ENOSYS),
        ("bpf", EPERM),
        ("semget", EPERM),
    ],
)
def test_a_program_under_the_profile_gets_these_answers(
    image: str, tmp_path: Path, action: str, answer: int
) -> None:
    path = write(tmp_path / "p.json", derive(SOCKETS_AND_THREADS, Margin.NORMAL, frozenset()))
    said = docker("run", "--rm", "--network", "none", "--security-opt", f"seccomp={path}", image, action)
    assert int(said.stdout) == answer


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("socket-inet", 0, 0),
        ("socket-netlink-route", 0, 0),
        ("socketpair-unix", 0, 0),
        ("socket-packet", 0, EAFNOSUPPORT),
        ("socket-packet-old", 0, EPERM),
        ("socket-netlink-audit", 0, EPROTONOSUPPORT),
        ("socket-mptcp", 0, EPROTONOSUPPORT),
        ("socketpair-tipc", EAFNOSUPPORT, EAFNOSUPPORT),  # this kernel may not have it
        ("socket-alg", EPERM, EAFNOSUPPORT),
        ("socket-alg-high-bits", EPERM, EAFNOSUPPORT),
        ("socket-vsock", EPERM, EAFNOSUPPORT),
    ],
)
def test_only_the_kinds_of_sockets_that_are_allowed_can_be_made(
    image: str, tmp_path: Path, action: str, before: int, after: int
) -> None:
    allowed = derive(SOCKETS_AND_THREADS, Margin.NORMAL, frozenset())
    for sockets, answer in ((None, before), (derive_sockets(frozenset(), Margin.NORMAL), after)):
        path = write(tmp_path / "p.json", allowed, frozenset(), sockets)
        said = docker("run", "--rm", "--network", "none", "--security-opt", f"seccomp={path}", image, action)
        assert int(said.stdout) == answer


@pytest.mark.parametrize(
    "kinds", [frozenset(), frozenset({"AF_PACKET", "AF_INET/sctp", "AF_NETLINK/audit", "AF_46"})]
)
def test_a_filter_of_sockets_is_taken_whole_and_hides_nothing_behind_socketcall(
    read_filter: Reader, tmp_path: Path, kinds: frozenset[str]
) -> None:
    allowed = derive(SOCKETS_AND_THREADS, Margin.NORMAL, frozenset())
    for margin in (Margin.EXACT, Margin.NORMAL):
        sockets = derive_sockets(kinds, margin)
        ours = read_filter(
            "--security-opt", f"seccomp={write(tmp_path / 'p.json', allowed, sockets=sockets)}"
        )
        assert {a.action for a in ours["i386", "socketcall"]} == {bpf.ERRNO | ENOSYS}
        for architecture in ("x86_64", "i386"):
            for name in ("socket", "socketpair"):
                actions = {a.action for a in ours[architecture, name]}
                assert actions >= {bpf.ERRNO | EPERM, bpf.ERRNO | EAFNOSUPPORT}
                assert (bpf.ALLOW in actions) == bool(sockets)


@pytest.mark.parametrize("no_new_privileges", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--init"],
        ["--tty", "--init"],
        ["--user", "1000:1000", "--group-add", "7", "--workdir", "/work"],
        ["--cap-drop", "ALL", "--read-only", "--tmpfs", "/tmp"],
        ["--cap-drop", "ALL", "--cap-add", "CHOWN", "--ulimit", "nofile=100"],
    ],
    ids=" ".join,
)
def test_a_program_that_needs_nothing_starts_under_the_exact_profile(
    image: str, tmp_path: Path, options: list[str], no_new_privileges: bool
) -> None:
    path = write(tmp_path / "p.json", derive(frozenset(), Margin.EXACT, frozenset()))
    more = ["--security-opt", "no-new-privileges"] if no_new_privileges else []
    for _ in range(3):  # the Go runtime in runc does not do the same each time
        said = docker(
            "run", "--rm", "--network", "none", "--security-opt", f"seccomp={path}", *more, *options, image
        )
        assert said.stdout.split() == ["ok"]


def test_exec_into_a_container_works_under_the_exact_profile(image: str, tmp_path: Path) -> None:
    path = write(tmp_path / "p.json", derive(frozenset({"pause"}), Margin.EXACT, frozenset()))
    name = docker(
        "run", "--detach", "--network", "none", "--init", "--security-opt", f"seccomp={path}", image, "wait"
    ).stdout.strip()
    try:
        for options in ([], ["--user", "5", "--workdir", "/work"], ["--tty"], ["--privileged=false"]):
            assert docker("exec", *options, name, "/probe").stdout.split() == ["ok"]
    finally:
        docker("rm", "--force", name)


def test_the_architectures_stand_there_in_the_engines_words() -> None:
    policy = profile(allowed_by_default(frozenset()), frozenset(), ("x86_64", "aarch64"))
    assert [entry["architecture"] for entry in policy["archMap"]] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]
