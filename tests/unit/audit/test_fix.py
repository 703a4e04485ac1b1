"""Mends of files: small, exact, once, and never more than was meant."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.fix import Left, Mended, mended, write
from lacre.audit.hiding import Hiding
from lacre.audit.registry import CHECKS
from lacre.errors import UsageError
from tests.unit.audit.examples import TODAY
from tests.unit.engine.real_compose import compose_environment

COMPOSE = """\
# what it is
x-log: &log
  driver: json-file   # kept
services:

  web:   {image:   "nginx:1.27", logging: {driver: json-file}}
  db:
    image: x   # odd  spacing
    logging:
        driver: "none"
  a: {image: x, logging: *log}
  b:
    image: x
    logging: *log
  c: {image: x, logging: {driver: syslog}}
  d: {image: x, logging: {driver: json-file, options: {tag: t}}}
  e: {image: x, logging: {driver: "${DRIVER:-none}"}}
"""

MENDED = """\
# what it is
x-log: &log
  options:
    max-size: "10m"
    max-file: "3"
  driver: json-file   # kept
services:

  web:   {image:   "nginx:1.27", logging: {options: {max-size: "10m", max-file: "3"}, driver: json-file}}
  db:
    image: x   # odd  spacing
    logging:
        driver: "local"
  a: {image: x, logging: *log}
  b:
    image: x
    logging: *log
  c: {image: x, logging: {driver: syslog}}
  d: {image: x, logging: {driver: json-file, options: {tag: t}}}
  e: {image: x, logging: {driver: "${DRIVER:-none}"}}
"""


def outcomes(path: Path) -> list[Mended | Left]:
    return list(mended(audit_files(find([path]), CHECKS, Hiding(TODAY)).open))


def mend(path: Path) -> str:
    """Mend all that can be mended; returns what the file says then."""
    for outcome in outcomes(path):
        if isinstance(outcome, Mended):
            write(outcome)
    return path.read_bytes().decode()


def config(folder: Path) -> dict[str, Any]:
    environment = compose_environment()
    command = [f"{environment['PATH']}/docker-compose", "config", "--format", "json"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_compose_file_is_mended_at_the_places_alone(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    assert mend(file) == MENDED


def test_a_mended_file_has_nothing_more_to_mend(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    mend(file)
    assert [outcome for outcome in outcomes(file) if isinstance(outcome, Mended)] == []


def test_compose_sees_the_same_project_but_for_logging(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    before = config(tmp_path)
    mend(file)
    after = config(tmp_path)
    assert after["services"]["web"]["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert after["services"]["b"]["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert after["services"]["db"]["logging"] == {"driver": "local"}
    for services in (before["services"], after["services"]):
        for name in ("web", "db", "a", "b"):
            services[name].pop("logging")
    before.pop("x-log"), after.pop("x-log")
    assert before == after


@pytest.mark.parametrize(("begin", "end"), [("", "\r\n"), ("\ufeff", "\n")])
def test_line_ends_and_byte_order_marks_are_kept(begin: str, end: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    text = "services:\n  a:\n    image: x\n    logging:\n      driver: json-file\n"
    text += "  b: {image: x, logging: {driver: none}}\n"
    file.write_bytes((begin + text.replace("\n", end)).encode())
    mended_text = mend(file)
    assert mended_text.startswith(begin + "services:" + end)
    assert f'      options:{end}        max-size: "10m"{end}' in mended_text
    assert mended_text.count("\n") == text.count("\n") + 3
    assert "driver: local" in mended_text


def with_checksum(header: bytes) -> bytes:
    """A tar's header with the checksum that it must have (tar(5)): the sum of its bytes, itself taken as blanks."""
    blank = header[:148] + b" " * 8 + header[156:]
    return header[:148] + b"%06o\0 " % sum(blank) + header[156:]


def test_add_becomes_copy_only_where_nothing_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.tar").write_bytes(b"x")
    (tmp_path / "plain").write_text("x")
    for name, how in (("tar", "w"), ("packed", "w:gz")):
        with tarfile.open(tmp_path / name, how) as archive:  # type: ignore[call-overload]
            archive.add(tmp_path / "plain", "plain")
    old = tarfile.TarInfo("plain").tobuf(tarfile.USTAR_FORMAT).replace(b"ustar\x0000", bytes(8))
    (tmp_path / "old").write_bytes(with_checksum(old) + bytes(1024))
    file = tmp_path / "Dockerfile"
    lines = {
        "ADD plain /a": "COPY plain /a",
        "  add --chown=1:1 folder plain \\\n    /b/": "  COPY --chown=1:1 folder plain \\\n    /b/",
        'ADD ["plain", "/a b"]': 'COPY ["plain", "/a b"]',
        "ADD tar /c": "ADD tar /c",
        "ADD packed /d": "ADD packed /d",
        "ADD old /d": "ADD old /d",
        "ADD gone /e": "ADD gone /e",
        "ADD pl* /f": "ADD pl* /f",
        "ADD $X /g": "ADD $X /g",
        "ADD --keep-git-dir=true plain /h": "ADD --keep-git-dir=true plain /h",
        "ONBUILD ADD plain /i": "ONBUILD ADD plain /i",
        "ADD https://example.org/a /j": "ADD https://example.org/a /j",
    }
    file.write_text("FROM x:1\n" + "\n".join(lines) + "\n")
    assert mend(file) == "FROM x:1\n" + "\n".join(lines.values()) + "\n"


def test_what_is_hidden_is_not_mended(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    text = "services: {a: {image: x, logging: {driver: none}}}  # lacre: ignore[LC549]: too much of it\n"
    file.write_text(text)
    assert outcomes(file) == []


def test_a_mended_file_stays_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {image: x, logging: {driver: none}}}\n")
    if os.geteuid() == 0:
        os.chown(file, 65534, 65533)
    file.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to("compose.yaml")
    before = file.stat()
    assert "local" in mend(tmp_path / "link.yaml")
    after = file.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert (tmp_path / "link.yaml").is_symlink()


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {image: x, logging: {driver: none}}}\n")
    (outcome,) = outcomes(file)
    assert isinstance(outcome, Mended)
    file.write_text("services: {a: {image: y, logging: {driver: none}}}\n")
    with pytest.raises(UsageError, match="changed in the meantime"):
        write(outcome)
    assert "image: y" in file.read_text()


def test_mode_and_links_are_kept_and_nothing_is_left_behind(tmp_path: Path) -> None:
    real = tmp_path / "real" / "stack.yaml"
    real.parent.mkdir()
    real.write_text("services: {a: {image: x, logging: {driver: none}}}\n")
    real.chmod(0o640)
    link = tmp_path / "compose.yaml"
    link.symlink_to(real)
    assert "driver: local" in mend(link)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert list(real.parent.iterdir()) == [real]


def test_the_diff_shows_the_change_and_no_more(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services:\n  a:\n    image: x\n    logging: {driver: none}")
    (outcome,) = outcomes(file)
    assert isinstance(outcome, Mended)
    assert outcome.checks == ("LC549",)
    changed = [
        line for line in outcome.diff().splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert changed == ["-    logging: {driver: none}", "+    logging: {driver: local}"]


_LOGGING = st.one_of(
    st.fixed_dictionaries({"driver": st.sampled_from(["json-file", "none", "local", "syslog"])}),
    st.just({"driver": "json-file", "options": {"tag": "t"}}),
    st.just({"options": {"max-size": "1m"}}),
)
_SERVICES = st.dictionaries(
    st.sampled_from([f"s{number}" for number in range(9)]),
    st.fixed_dictionaries(
        {"image": st.just("x:1")},
        optional={
            "logging": _LOGGING,
            "environment": st.just({"A": "# none", "driver": "none"}),
            "labels": st.just(["driver=none"]),
        },
    ),
    min_size=4,
)


# Each example starts Compose twice, which costs more than nine services in it.
@settings(max_examples=6, deadline=None)
@given(_SERVICES, st.sampled_from([True, False, None]), st.sampled_from([2, 3, 8]), st.booleans())
def test_any_file_stays_the_same_for_compose_but_for_logging(
    services: Any, flow: bool | None, indent: int, folded: bool
) -> None:
    text = yaml.safe_dump(
        {"x-driver": "none", "services": services},
        default_flow_style=flow,
        indent=indent,
        width=20 if folded else 1000,
        sort_keys=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        file.write_text(text)
        before = config(Path(folder))
        after_text = mend(file)
        after = config(Path(folder))
    for found in (before, after):
        found.pop("name")
        for name in found["services"]:
            found["services"][name].pop("logging", None)
    assert before == after
    mendable = [
        s for s in services.values() if s.get("logging") in ({"driver": "json-file"}, {"driver": "none"})
    ]
    assert (after_text != text) == bool(mendable)
