"""The pieces that every report is made of: hostile strings made visible, sizes and times, one table."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a terminal obeys, or that a reader cannot see: controls, bidi marks, surrogates."""

_BINARY_UNITS = ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))


@dataclass(frozen=True, slots=True)
class Look:
    """How a report may look: `width` in columns, `color` whether escape sequences are welcome."""

    width: int = 100
    color: bool = False


def visible(text: str) -> str:
    r"""Make `text` safe to print on a terminal: whatever it could obey becomes `\xNN` or `\uNNNN`.

    Paths, program names and log lines come out of containers, where a file may be called anything.
    Bytes that were no UTF-8 (decoded with `surrogateescape`) are shown as the byte that they were.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def size(number: int) -> str:
    """Bytes as Docker writes them: 64M, 1.5G."""
    for unit, letter in _BINARY_UNITS:
        if number >= unit:
            return f"{number / unit:.1f}".removesuffix(".0") + letter
    return f"{number}B"


def seconds(number: float) -> str:
    """A span of time: 0.4 s, 21 s, 3 min 5 s."""
    if number < 9.95:
        return f"{number:.1f} s".replace(".0 s", " s")
    whole = round(number)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 trial, 3 trials."""
    return f"{number} {one if number == 1 else many or one + 's'}"


Cell = str | tuple[str, ...]
"""What stands in one place of a table: a text, or several that stand below each other."""


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], look: Look, *, bold_first: bool = False
) -> str:
    """Columns side by side, cells wrapped to `look.width`, indented by two; cells are made visible here."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(
        box=None, show_header=any(columns), header_style="bold", pad_edge=False, padding=(0, 2, 0, 0)
    )
    for number, column in enumerate(columns):
        style = "bold" if bold_first and number == 0 else None
        grid.add_column(Text(column), style=style, no_wrap=number == 0, overflow="fold")
    for row in rows:
        lines = ((cell,) if isinstance(cell, str) else cell for cell in row)
        grid.add_row(*(Text("\n".join(map(visible, cell))) for cell in lines))
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(40, look.width - 2),
        force_terminal=look.color,
        no_color=not look.color,
        color_system="standard" if look.color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(grid)
    return "".join(f"  {line.rstrip()}\n" for line in out.getvalue().splitlines())


def styled(text: str, code: str, look: Look) -> str:
    """`text` in an ANSI style (`code` is the number, e.g. "1;33") where colour is welcome."""
    return f"\x1b[{code}m{text}\x1b[0m" if look.color else text


def heading(text: str, look: Look) -> str:
    """The title of a part of a report."""
    return styled(text, "1", look)


def warning(text: str, look: Look) -> str:
    """A warning, loud, as one line."""
    return f"{styled('warning:', '1;33', look)} {visible(text)}"
