import io
from collections.abc import Iterator

from lacre.report.progress import Lines, Live


def ticking() -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += 1.0


def told(progress: Lines | Live) -> None:
    with progress:
        progress.stage("observing", ("web", "db"))
        progress.tell("web", "first work")
        progress.tell("web", "", done=True)
        progress.tell("", "second start")
        progress.tell("", "2 runs", done=True)
        progress.stage("proving", ("web", "db"))
        progress.tell("db", "CHOWN refused \x1b[2J", failed=True)


def test_plain_lines_say_stage_service_and_time() -> None:
    out = io.StringIO()
    clock = ticking()
    told(Lines(out, lambda: next(clock)))
    assert out.getvalue().splitlines() == [
        "observing   web db",
        "observing   web first work  [1 s]",
        "observing   web ✓  [2 s]",
        "observing   second start  [3 s]",
        "observing   ✓ 2 runs  [4 s]",
        "proving     web db",
        "proving     db ✗ CHOWN refused \\x1b[2J  [1 s]",
    ]


def test_the_live_picture_leaves_one_line_a_stage() -> None:
    out = io.StringIO()
    told(Live(out, lambda: 7.0, color=False))
    assert [line.rstrip() for line in out.getvalue().splitlines() if line.strip()] == [
        "observing   web ✓  db ✓  2 runs, 0 s",
        "proving     web ✓  db ✗  0 s",
    ]


def test_what_a_failing_run_was_at_is_marked() -> None:
    out = io.StringIO()
    try:
        with Live(out, lambda: 7.0, color=False) as live:
            live.stage("proving", ("web",))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert "web ✗" in out.getvalue()


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_is_gone_does_not_end_the_run() -> None:
    told(Lines(Gone(), lambda: 0.0))
    told(Live(Gone(), lambda: 0.0))


def test_a_message_stands_above_the_picture() -> None:
    out = io.StringIO()
    with Live(out, lambda: 0.0, color=False) as live:
        live.stage("observing", ("web",))
        assert live.running
        live.say("interrupted: removing the twin")
    assert not live.running
    lines = [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]
    assert lines[0] == "interrupted: removing the twin"
