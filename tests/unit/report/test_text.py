import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacre.report.text import Look, count, seconds, size, table, visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("/plain/päth", "/plain/päth"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc\r", r"a\x0ab\x09c\x0d"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\u2066x\u2069\u200b", r"\u2066x\u2069\u200b"),
        ("\x9b31m", r"\x9b31m"),
        ("\udcff", r"\xff"),
        ("\U000e0041", r"\U000e0041"),
        ("\u2028", r"\u2028"),
    ],
)
def test_what_a_terminal_obeys_or_a_reader_cannot_see_is_spelled_out(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_comes_out_can_be_printed_and_holds_no_control(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or all(c.isprintable() or c.isspace() for c in shown)
    assert "\n" not in shown
    assert "\x1b" not in shown
    shown.encode()


def test_a_line_break_in_a_cell_cannot_forge_a_row() -> None:
    text = table(["what", "why"], [["/a\n  all is well", "x"]], Look())
    assert len(text.splitlines()) == 2


def test_a_cell_of_several_texts_has_them_below_each_other() -> None:
    text = table(["what", "where"], [["x", ("/a", "/b")]], Look())
    assert [line.split()[-1] for line in text.splitlines()] == ["where", "/a", "/b"]


def test_markup_in_a_cell_is_text() -> None:
    assert "[red]x[/red] :warning:" in table(["a"], [["[red]x[/red] :warning:"]], Look(color=True))


def test_without_colour_no_escape_sequence_is_written() -> None:
    assert "\x1b" not in table(["a"], [["x"]], Look(color=False), bold_first=True)
    assert "\x1b" in table(["a"], [["x"]], Look(color=True), bold_first=True)


def test_no_line_is_wider_than_the_screen() -> None:
    text = table(["a", "b"], [["x" * 20, "word " * 100]], Look(width=60))
    assert max(map(len, text.splitlines())) <= 60


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0B"), (1023, "1023B"), (64 << 20, "64M"), (1536 << 20, "1.5G"), (1 << 30, "1G"), (2048, "2K")],
)
def test_sizes_read_as_docker_writes_them(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.04, "0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (21.04, "21 s"), (187, "3 min 7 s")]
)
def test_spans_of_time_are_as_exact_as_they_are_long(number: float, text: str) -> None:
    assert seconds(number) == text


def test_a_count_has_the_right_noun() -> None:
    assert [count(1, "trial"), count(2, "trial"), count(0, "entry", "entries")] == [
        "1 trial",
        "2 trials",
        "0 entries",
    ]


@settings(deadline=None)  # the first example imports rich
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"]), max_size=90)] * 4)
    ),
    st.integers(20, 140),
)
def test_nothing_in_a_table_is_ever_cut_off(rows: list[tuple[str, ...]], width: int) -> None:
    text = table(["one", "two", "three", "four"], rows, Look(width=width))
    for row in rows:
        for cell in row:
            for character in set(cell) - {" "}:
                assert text.count(character) >= cell.count(character)
    assert sum(map(len, "".join(text.split()))) == sum(
        len("".join(cell.split())) for row in [("one", "two", "three", "four"), *rows] for cell in row
    )


def test_a_path_stays_in_one_piece_while_other_columns_can_give_way() -> None:
    text = table(["a", "b"], [["/var/lib/postgresql/data", "word " * 40]], Look(width=60))
    assert "/var/lib/postgresql/data" in text
