"""Which line decides: rules by example, then the same trees given to the real systemd-sysctl."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lacre.host import facts, sysctl
from lacre.host.files import Root
from lacre.host.model import Place
from lacre.host.sysctl import Order

KEY = "kernel/kptr_restrict"


def order(**files: str) -> Order:
    """An order of files by name alone, in the order given."""
    return Order(line for file, text in files.items() for line in sysctl.parse(file, text)[0])


def decided(found: Order, key: str = KEY) -> tuple[str | None, str] | None:
    one = found.decides(key)
    return None if one is None else (one.value, str(one.place))


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("kernel.kptr_restrict", KEY),
        ("kernel/kptr_restrict", KEY),
        ("/kernel/kptr_restrict", KEY),
        (".kernel.kptr_restrict", KEY),
        ("net.ipv4.conf.enp3s0/200.forwarding", "net/ipv4/conf/enp3s0.200/forwarding"),
        ("net/ipv4/conf/enp3s0.200/forwarding", "net/ipv4/conf/enp3s0.200/forwarding"),
        ("net//ipv4/./ip_forward", "net/ipv4/ip_forward"),
    ],
)
def test_dots_and_slashes_change_places_after_a_dot(typed: str, key: str) -> None:
    assert sysctl.normalised(typed) == key


def test_the_last_line_wins_and_its_place_is_told() -> None:
    found = order(a="kernel.kptr_restrict=1\n", b="# x\nkernel/kptr_restrict = 2\n kernel.kptr_restrict=0")
    assert decided(found) == ("0", "b:3")


def test_a_name_beats_a_glob_however_early_and_the_later_glob_beats_the_earlier() -> None:
    found = order(a="kernel.kptr_restrict=1\n", b="kernel.*=2\nkernel.k*=3\n")
    assert decided(found) == ("1", "a:1")
    assert decided(found, "kernel/kexec") == ("3", "b:2")
    assert decided(found, "kernel/sysrq") == ("2", "b:1")


def test_a_key_without_a_value_is_taken_out_of_the_globs() -> None:
    assert decided(order(a="kernel.*=2\n-kernel.kptr_restrict\n")) is None


def test_a_line_without_an_assignment_is_told() -> None:
    lines, bad = sysctl.parse("f", "kernel.a=1\nnonsense\n; comment\n-kernel.b = 2\n")
    assert [(line.key, line.value) for line in lines] == [
        ("kernel/a", "1"),
        ("kernel/b", "2"),
    ]
    assert [(str(b.place), b.text) for b in bad] == [("f:2", "nonsense")]


def test_files_are_read_by_their_names_and_the_first_directory_masks() -> None:
    names = {
        "/usr/lib/sysctl.d": ["10-a.conf", "50-b.conf", "99-c.conf"],
        "/etc/sysctl.d": ["50-b.conf", "60-d.conf", "README", ".60.conf"],
        "/run/sysctl.d": ["60-d.conf", "55-e.conf"],
    }
    assert sysctl.in_order(names) == (
        "/usr/lib/sysctl.d/10-a.conf",
        "/etc/sysctl.d/50-b.conf",
        "/run/sysctl.d/55-e.conf",
        "/etc/sysctl.d/60-d.conf",
        "/usr/lib/sysctl.d/99-c.conf",
    )


def test_a_link_to_dev_null_masks_a_file(tmp_path: Path) -> None:
    root = Root(tmp_path)
    for directory in ("etc", "usr/lib"):
        (tmp_path / directory / "sysctl.d").mkdir(parents=True)
    (tmp_path / "usr/lib/sysctl.d/50-a.conf").write_text("kernel.kptr_restrict = 1\n")
    (tmp_path / "etc/sysctl.d/50-a.conf").symlink_to("/dev/null")
    assert facts.read_order(root)[0].decides(KEY) is None


# The real program, in a tree whose /proc/sys is made of ordinary files: what it writes there is the truth.

PROGRAMS = [Path("/usr/lib/systemd/systemd-sysctl")]
KEYS = ("kernel/a", "kernel/b", "net/x/conf/all/f", "net/x/conf/eth0.1/f", "net/x/conf/default/f")


@pytest.fixture(scope="module")
def jail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory to chroot into, with systemd-sysctl and the libraries that it needs."""
    program = next((path for path in PROGRAMS if path.exists()), None)
    if program is None or os.geteuid() != 0:
        pytest.skip("systemd-sysctl in a chroot needs systemd and root")
    directory = tmp_path_factory.mktemp("jail")
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    needed = [word for line in told.splitlines() for word in line.split() if word.startswith("/")]
    for path in (str(program), *needed):
        target = directory / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    (directory / "dev").mkdir()
    return directory


def truth(jail: Path, files: dict[tuple[str, str], str]) -> dict[str, str]:
    """What the program writes to each key; "-" where it leaves it alone."""
    for directory in ("etc", "run", "usr/local/lib", "usr/lib"):
        shutil.rmtree(jail / directory / "sysctl.d", ignore_errors=True)
    for (directory, name), text in files.items():
        place = jail / directory.lstrip("/") / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, newline="")
    for key in KEYS:
        place = jail / "proc/sys" / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("-")
    done = subprocess.run(
        ["/usr/sbin/chroot", jail, PROGRAMS[0]], check=False, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stderr  # 1: a line that it does not understand
    return {key: (jail / "proc/sys" / key).read_text().strip() for key in KEYS}


keys = st.sampled_from(
    [
        "kernel.a", "kernel/a", "kernel.b", "/kernel/b", "kernel.*", "kernel.[ab]", "net.x.conf.all.f",
        "net.x.conf.*.f", "net/x/conf/*/f", "net.x.conf.eth0/1.f", "net/x/conf/eth0.1/f", "net.x.conf.e*.f",
        "net.x.conf.default.f", "net.x.*.all.f", "kernel.missing",
    ]
)  # fmt: skip
blank = st.sampled_from(["", " ", "\t", "  "])
assignments = st.builds(
    lambda dash, before, key, a, b, value, after: f"{before}{dash}{key}{a}={b}{value}{after}",
    st.sampled_from(["", "", "-"]), blank, keys, blank, blank, st.sampled_from("123456789"), blank,
)  # fmt: skip
lines = st.one_of(
    assignments,
    assignments,
    assignments,
    st.builds(lambda key: f"-{key}", keys),
    st.sampled_from(["", "# comment", "; comment = 1", "nonsense", "kernel.a 1"]),
)
texts = st.builds(
    lambda every, end: end.join(every) + end, st.lists(lines, max_size=6), st.sampled_from(["\n", "\r\n"])
)
places = st.tuples(
    st.sampled_from(sysctl.DIRECTORIES),
    st.sampled_from(["10-a.conf", "50-b.conf", "90-lacre.conf", "99-z.conf", "A.conf", "z", ".50.conf"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(files=st.dictionaries(places, texts, max_size=6))
def test_what_decides_is_what_the_real_program_writes(jail: Path, files: dict[tuple[str, str], str]) -> None:
    wrote = truth(jail, files)
    found = facts.read_order(Root(jail))[0]
    for key in KEYS:
        one = found.decides(key)
        assert wrote[key] == ("-" if one is None else one.value), (key, files)


@given(files=st.dictionaries(st.sampled_from("abc"), texts, max_size=3))
def test_the_line_that_is_told_holds_the_value(files: dict[str, str]) -> None:
    found = Order(line for name in sorted(files) for line in sysctl.parse(name, files[name])[0])
    for key in KEYS:
        one = found.decides(key)
        if one is not None:
            text = files[one.place.file].replace("\r\n", "\n").split("\n")[one.place.line - 1]
            assert one.value is not None and text.rstrip().endswith(one.value)
            assert isinstance(one.place, Place)
