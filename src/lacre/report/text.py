"""The pieces that every report is made of: hostile strings made visible, sizes and times, one table."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
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
    texts = [
        tuple("\n".join(map(visible, (cell,) if isinstance(cell, str) else cell)) for cell in row)
        for row in rows
    ]
    widths = _widths(columns, texts, max(40, look.width - len(_INDENT)))
    head = _cells(columns, widths, head=True) if any(columns) else []
    lines = list(_laid(head, widths, range(len(columns)), look))
    for row in texts:
        lines += _laid(_cells(row, widths), widths, (0,) if bold_first else (), look)
    return "".join(f"{_INDENT}{line.rstrip()}\n" for line in lines)


def _cells(row: Sequence[str], widths: Sequence[int], *, head: bool = False) -> list[list[str]]:
    """The lines of each cell of a row, as many of each; the titles of columns stand at the bottom."""
    cells = [
        [part for line in text.split("\n") for part in _wrapped(line, width)]
        for text, width in zip(row, widths, strict=True)
    ]
    high = max(map(len, cells), default=0)
    return [[""] * (high - len(cell)) + cell if head else cell + [""] * (high - len(cell)) for cell in cells]


def _laid(
    cells: Sequence[Sequence[str]], widths: Sequence[int], bold: Collection[int], look: Look
) -> Iterator[str]:
    """The lines of a row."""
    for lines in zip(*cells, strict=True):
        yield (" " * _GAP).join(
            styled(padded, "1", look) if number in bold and line else padded
            for number, (line, width) in enumerate(zip(lines, widths, strict=True))
            for padded in [line + " " * (width - _columns(line))]
        )


def _wrapped(line: str, width: int) -> Iterator[str]:
    """A line in parts of at most `width` columns: between words where that goes, else in the middle of one."""
    if _columns(line) <= width:
        yield line
        return
    part = ""
    for word in _WORD.findall(line):
        if _columns(part) + _columns(word.rstrip()) <= width:
            part += word
            continue
        if part.strip():
            yield part.rstrip()
        part = word.lstrip() if part.strip() else word
        while _columns(part.rstrip()) > width:
            head = part[:width]
            while _columns(head) > width:
                head = head[:-1]
            head = head or part[0]
            yield head
            part = part[len(head) :]
    if part:
        yield part.rstrip()


_WORD = re.compile(r"\s*\S+\s*")


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: those of the far East are two wide."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """How wide each column is: as its text wants, else the widest give way, words whole while that goes."""
    texts = [[column, *(row[number] for row in rows)] for number, column in enumerate(columns)]
    lines = [[line for text in column for line in text.split("\n")] for column in texts]
    wanted = [max(1, *map(_columns, column)) for column in lines]
    words = [max(1, *(_columns(word) for line in column for word in line.split(" "))) for column in lines]
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
