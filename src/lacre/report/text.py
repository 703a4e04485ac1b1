"""The pieces that every report is made of: hostile strings made visible, sizes and times, one table."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a terminal obeys, or that a reader cannot see: controls, bidi marks, surrogates."""

_INDENT = "  "
_GAP = 2  # blanks between columns
_LONG_WORD = 40  # a path longer than this may be broken where room is short
_WORD = re.compile(r"\s*\S+\s*")

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
    texts = [
        tuple("\n".join(map(visible, (cell,) if isinstance(cell, str) else cell)) for cell in row)
        for row in rows
    ]
    widths = _widths(columns, texts, max(40, look.width - len(_INDENT)))
    head = _row(columns, widths, look, bold=len(widths)) if any(columns) else ""
    return head + "".join(_row(row, widths, look, bold=int(bold_first)) for row in texts)


def _row(cells: Sequence[str], widths: Sequence[int], look: Look, *, bold: int) -> str:
    """One row, of as many lines as its highest cell has; the first `bold` cells are bold."""
    from rich.cells import cell_len

    laid = [
        [piece for line in cell.split("\n") for piece in _wrapped(line, width)]
        for cell, width in zip(cells, widths, strict=True)
    ]
    out = ""
    for line in itertools.zip_longest(*laid, fillvalue=""):
        text, blanks = "", len(_INDENT)
        for number, (piece, width) in enumerate(zip(line, widths, strict=True)):
            if piece:
                text += " " * blanks + (styled(piece, "1", look) if number < bold else piece)
                blanks = 0
            blanks += width - cell_len(piece) + _GAP
        out += f"{text or _INDENT}\n"
    return out


def _wrapped(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width` columns, words whole where they fit in one."""
    from rich.cells import cell_len, chop_cells

    line = ""
    for word in _WORD.findall(text):
        long = cell_len(word.rstrip())
        if cell_len(line) + long > width:
            if line:
                yield line.rstrip()
            *full, word = chop_cells(word, width) if long > width else [word]  # noqa: PLW2901
            yield from full
            line = ""
        line += word
    yield line.rstrip()


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
