"""The entry point: runs the command line, and turns every failure into words and an exit code."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import NoReturn

from lacre.errors import LacreError

DEFECT = 70
"""Exit code of a defect in lacre itself (EX_SOFTWARE of sysexits.h)."""


_UNCOLLECTED = 100_000
"""Objects made between two looks for cycles (gc). With Python's own 700, an audit of a hundred containers spends a
tenth of its time looking: nearly all that it makes it keeps to the end."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `lacre` with `arguments` (those of the process by default) and exit."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal that is not UTF-8 must not end a run of minutes
            reconfigure(errors="backslashreplace")
    gc.set_threshold(_UNCOLLECTED)
    from lacre.cli.app import app

    try:
        app(args=None if arguments is None else list(arguments), prog_name="lacre")
    except LacreError as error:
        _explain(error)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:  # the one place: what arrives here nobody expected
        _confess(error)
        raise SystemExit(DEFECT) from None
    finally:
        gc.freeze()  # else Python looks for cycles once more before it ends: 20 ms after such an audit
    raise SystemExit(0)


def _explain(error: LacreError) -> None:
    """The three parts of a failure: what was tried, what happened, what to do next."""
    from lacre.cli.screen import Screen
    from lacre.report.text import styled, visible

    screen = Screen()
    label = styled("lacre:", "1;31", screen.error_look)
    # Each part may carry several lines (what Compose said); they stay lines.
    happened = "\n       ".join(visible(line) for line in error.happened.splitlines())
    screen.say(f"{label} {visible(error.tried)}")
    screen.say(f"       {happened}")
    screen.say(f" next: {visible(error.next_step)}")


def _confess(error: Exception) -> None:
    """A defect: the traceback goes to a file, for the report that the user may send."""
    import tempfile
    import traceback

    from lacre import __version__
    from lacre.cli.screen import Screen
    from lacre.report.text import visible

    screen = Screen()
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="lacre-defect-", suffix=".txt", delete=False, errors="backslashreplace"
        ) as file:
            file.write(f"lacre {__version__}, Python {sys.version}\n\n")
            traceback.print_exception(error, file=file)
        where = f"the traceback is in {file.name}"
    except OSError as refusal:
        where = f"the traceback could not be kept ({refusal})"
    screen.say(f"lacre: this is a defect in lacre: {type(error).__name__}: {visible(str(error))}")
    screen.say(f"       {where}")
    screen.say(" next: please report it with that file; `lacre clean` removes what this run left behind")
