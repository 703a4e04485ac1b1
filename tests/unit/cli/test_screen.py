import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import lacre
from lacre.cli import screen
from lacre.report.progress import Lines, Live
from lacre.report.text import Look

ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "CI"}},
    "PYTHONPATH": str(Path(lacre.__file__).parents[1]),
    "TERM": "xterm-256color",
}
MAIN = "import sys\nfrom lacre.cli import main\nmain(sys.argv[1:])"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on(stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch, **environment: str) -> screen.Screen:
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    # In the test itself: pytest puts its own streams back between a fixture and the test.
    monkeypatch.setattr(sys, "stdout", stream())
    monkeypatch.setattr(sys, "stderr", stream())
    return screen.Screen()


def test_a_terminal_has_colour_and_a_live_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    there = on(Terminal, monkeypatch)
    assert there.look.color
    assert isinstance(there.progress(), Live)


def test_no_color_takes_the_colour_away(monkeypatch: pytest.MonkeyPatch) -> None:
    there = on(Terminal, monkeypatch, NO_COLOR="1")
    assert not there.look.color
    assert not there.error_look.color
    assert isinstance(there.progress(), Live)


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_in_ci_and_on_a_dumb_terminal_progress_is_plain_lines(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert isinstance(on(Terminal, monkeypatch, **{name: value}).progress(), Lines)


def test_a_pipe_has_neither_and_a_fixed_width(monkeypatch: pytest.MonkeyPatch) -> None:
    there = on(io.StringIO, monkeypatch, COLUMNS="300")
    assert there.look == Look(width=100, color=False)
    assert isinstance(there.progress(), Lines)


def lacre_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_what_a_terminal_s_encoding_lacks_is_spelled_out_instead_of_ending_the_run(tmp_path: Path) -> None:
    done = lacre_command("show", str(tmp_path / "añ√.yaml"), PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert done.returncode == 2
    assert b"a\xf1\\u221a.yaml" in done.stderr


def test_a_shell_gets_the_commands_to_complete() -> None:
    done = lacre_command(_LACRE_COMPLETE="complete_bash", COMP_WORDS="lacre s", COMP_CWORD="1")
    assert done.stdout.split() == [b"seal", b"show"]


def test_help_on_a_terminal_is_plain() -> None:
    main, other = pty.openpty()
    with os.fdopen(main, "rb", buffering=0) as reader:
        done = subprocess.Popen([sys.executable, "-c", MAIN, "--help"], env=ENVIRONMENT, stdout=other)
        os.close(other)
        said = b""
        while True:
            try:
                part = reader.read(4096)
            except OSError:  # EIO: the other end is closed
                break
            if not part:
                break
            said += part
        assert done.wait(60) == 0
    assert b"Usage: lacre" in said
    assert b"\x1b" not in said
