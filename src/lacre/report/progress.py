"""How a long run shows itself: plain lines for logs, a calm live picture for a terminal.

Both have the two methods of `lacre.seal.pipeline.Progress` and may be called from several threads.
"""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from lacre.report.text import seconds, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

_STAGE_WIDTH = 11  # "observing", "deriving", "proving", "writing", and two blanks


@dataclass
class _Row:
    text: str = ""
    mark: str = ""


@dataclass
class _Stage:
    name: str
    began: float
    rows: dict[str, _Row] = field(default_factory=dict)


def _mark(done: bool, failed: bool) -> str:
    return "✗" if failed else "✓" if done else ""


class Lines:
    """One line for each thing told; for pipes, logs and CI."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()
        self._stage = _Stage("", clock())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def stage(self, name: str, services: tuple[str, ...]) -> None:
        """A new part of the run begins."""
        with self._lock:
            self._stage = _Stage(name, self._clock())
            self._line(" ".join(map(visible, services)))

    def tell(self, service: str, text: str, *, done: bool = False, failed: bool = False) -> None:
        """Something happened to one service (or, with "", to the project)."""
        with self._lock:
            words = [visible(service)] if service else []
            words += [word for word in (_mark(done, failed), visible(text)) if word]
            self._line(f"{' '.join(words)}  [{seconds(self._clock() - self._stage.began)}]")

    def _line(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more: the work goes on
            self._stream.write(f"{visible(self._stage.name):<{_STAGE_WIDTH}} {text}\n")
            self._stream.flush()


class Live:
    """The present stage as a few lines that change in place; ended stages stay as one line each."""

    def __init__(self, stream: TextIO, clock: Callable[[], float], *, color: bool = True) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._clock = clock
        self._lock = threading.Lock()
        self._stage: _Stage | None = None
        self._console = Console(file=stream, no_color=not color, markup=False, emoji=False, highlight=False)
        self._live = RichLive(
            get_renderable=self._picture,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            ended, self._stage = self._stage, None
        self._keep(ended, failed=kind is not None)
        with contextlib.suppress(OSError):  # the terminal may be gone
            self._live.stop()

    @property
    def running(self) -> bool:
        """Whether the picture is on the terminal."""
        return self._live.is_started

    def say(self, text: str) -> None:
        """Print a message above the picture; `text` may be styled, and is safe to print."""
        from rich.text import Text

        self._console.print(Text.from_ansi(text))

    def stage(self, name: str, services: tuple[str, ...]) -> None:
        """A new part of the run begins; the one before stays as a line."""
        with self._lock:
            ended = self._stage
            self._stage = _Stage(name, self._clock(), {service: _Row() for service in services})
        self._keep(ended, failed=False)

    def tell(self, service: str, text: str, *, done: bool = False, failed: bool = False) -> None:
        """Something happened to one service (or, with "", to the project)."""
        with self._lock:
            if self._stage is not None:
                self._stage.rows[service] = _Row(text, _mark(done, failed))

    def _keep(self, stage: _Stage | None, *, failed: bool) -> None:
        if stage is None:
            return
        from rich.text import Text

        line = Text(f"{visible(stage.name):<{_STAGE_WIDTH}} ")
        for service, row in stage.rows.items():
            if service:
                mark = row.mark or ("✗" if failed else "✓")
                line.append(f"{visible(service)} ")
                line.append(f"{mark}  ", style="red" if mark == "✗" else "green")
        project = stage.rows.get("")
        said = f"{visible(project.text)}, " if project and project.text and project.mark else ""
        line.append(f"{said}{seconds(self._clock() - stage.began)}", style="dim")
        with contextlib.suppress(OSError):
            self._console.print(line)

    def _picture(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        with self._lock:
            stage = self._stage
            if stage is None:
                return Text("")
            rows = [(service, row) for service, row in stage.rows.items() if service]
            project = stage.rows.get("", _Row())
            began = stage.began
        title = f"{visible(stage.name):<{_STAGE_WIDTH - 1}}"
        elapsed = seconds(self._clock() - began)
        grid.add_row(Text(title), Text(elapsed, style="dim"), Text(visible(project.text), no_wrap=True))
        for service, row in rows:
            text = Text(f"{row.mark} " if row.mark else "", style="red" if row.mark == "✗" else "green")
            text.append(visible(row.text), style="default")
            text.no_wrap = True
            grid.add_row(Text(""), Text(visible(service)), text)
        return grid
