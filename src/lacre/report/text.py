"""The pieces that every report is made of: hostile strings made visible, sizes and times, one table."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a terminal obeys, or that a reader cannot see: controls, bidi marks, surrogates."""

_INDENT = "  "
_GAP = 2  # blanks between columns
_LONG_WORD = 40  # a path longer than this may be broken where room is short

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
    """Columns side by side, indented by two; cells are made visible here, wrapped, and never cut off."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    texts = [
        tuple("\n".join(map(visible, (cell,) if isinstance(cell, str) else cell)) for cell in row)
        for row in rows
    ]
    width = max(40, look.width - len(_INDENT))
    grid = Table(
        box=None, show_header=any(columns), header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0)
    )
    for number, (column, wide) in enumerate(zip(columns, _widths(columns, texts, width), strict=True)):
        style = "bold" if bold_first and number == 0 else None
        grid.add_column(Text(column), style=style, width=wide, overflow="fold")
    for row in texts:
        grid.add_row(*map(Text, row))
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=look.color,
        no_color=not look.color,
        color_system="standard" if look.color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(grid)
    return "".join(f"{_INDENT}{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """How wide each column is: as its text wants, else the widest give way, words whole while that goes."""
    from rich.cells import cell_len

    texts = [[column, *(row[number] for row in rows)] for number, column in enumerate(columns)]
    lines = [[line for text in column for line in text.split("\n")] for column in texts]
    wanted = [max(1, *map(cell_len, column)) for column in lines]
    words = [max(1, *(cell_len(word) for line in column for word in line.split(" "))) for column in lines]
    least = [min(word, _LONG_WORD) for word in words]
    room = width - _GAP * (len(columns) - 1)
    while sum(wanted) > room:
        shrinkable = [n for n, wide in enumerate(wanted) if wide > least[n]] or range(len(wanted))
        widest = max(shrinkable, key=lambda n: wanted[n])
        if wanted[widest] <= 1:
            break
        wanted[widest] -= 1
    return wanted


def styled(text: str, code: str, look: Look) -> str:
    """`text` in an ANSI style (`code` is the number, e.g. "1;33") where colour is welcome."""
    return f"\x1b[{code}m{text}\x1b[0m" if look.color else text


def heading(text: str, look: Look) -> str:
    """The title of a part of a report."""
    return styled(text, "1", look)


def warning(text: str, look: Look) -> str:
    """A warning, loud, as one line."""
    return f"{styled('warning:', '1;33', look)} {visible(text)}"
