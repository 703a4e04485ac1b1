"""`report.html` as a reader meets it: in Chromium, at every width, by keyboard, in the dark and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lacre.report.html import Page, render
from tests.integration.browser import Browser, Scheme, browser
from tests.unit.report import attack_samples
from tests.unit.report.test_html import PAGES, odd_page

NARROW = 400

LONG = "/".join(("a-name-of-a-directory-that-is-longer-than-most",) * 8)

ALL: dict[str, Page] = {
    **PAGES,
    "long names": odd_page(LONG),
    "hostile names": odd_page(attack_samples.HOSTILE),
    "one long word": odd_page("m" * 300),
}
EACH = pytest.mark.parametrize("name", ALL)
WHOLE = "sealed and attacked"

# All that can be reached, in order: links and the summaries of parts that open and close.
REACHABLE = "[...document.querySelectorAll('a[href], summary')].filter(e => e.getClientRects().length > 0)"

# The lowest contrast of any text against what is behind it (WCAG 2.1, 1.4.3), and that text.
CONTRAST = """(() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).map(n => n / 255)
      .map(n => n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (numbers(colour).length < 4 || numbers(colour)[3] > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  let worst = [99, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim()) continue;
    const [a, b] = [light(getComputedStyle(node.parentElement).color), light(behind(node.parentElement))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < worst[0]) worst = [contrast, node.data];
  }
  return worst;
})()"""

BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("there is no chromium, run scripts/setup.sh tests", pytrace=False)
    with browser(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("pages")
    written = {}
    for name, page in ALL.items():
        written[name] = directory / f"{name}.html"
        written[name].write_text(render(page), encoding="utf-8")
    return written


@EACH
def test_the_console_stays_empty_and_nothing_is_loaded(
    chromium: Browser, files: dict[str, Path], name: str
) -> None:
    chromium.look()
    chromium.problems.clear()
    chromium.requested.clear()
    chromium.open(files[name])
    assert chromium.run("document.readyState") == "complete"
    assert chromium.problems == []
    assert chromium.requested == [files[name].as_uri()]


def test_the_style_sheet_is_in_force_and_a_script_would_not_be(chromium: Browser, tmp_path: Path) -> None:
    """The policy of the page: with a script smuggled in, the style holds, the script does not run, and it is told."""
    page = tmp_path / "page.html"
    smuggled = "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x'></main>"
    page.write_text(render(ALL[WHOLE]).replace("</main>", smuggled), encoding="utf-8")
    chromium.look()
    chromium.problems.clear()
    chromium.open(page)
    assert chromium.run("getComputedStyle(document.querySelector('.skip')).position") == "absolute"
    assert chromium.run("document.title").startswith("demo")
    assert len(chromium.problems) == 2
    assert all("Content Security Policy" in text for text in chromium.problems)


@EACH
@pytest.mark.parametrize("width", [320, NARROW, 865, 1200])
def test_a_page_is_never_wider_than_the_window(
    chromium: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    chromium.look(width)
    chromium.open(files[name])
    chromium.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert chromium.run("document.documentElement.scrollWidth") == width
    over = chromium.run(
        "[...document.querySelectorAll('main *, header *')].filter(e => !e.closest('thead') && "
        "e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 200))"
    )
    assert over == []


@pytest.mark.parametrize("width", [NARROW, 1200])
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    chromium: Browser, files: dict[str, Path], width: int
) -> None:
    chromium.look(width)
    chromium.open(files[WHOLE])
    number = chromium.run(f"{REACHABLE}.length")
    assert number > 10
    reached = []
    for _ in range(number):
        chromium.press("Tab")
        reached.append(chromium.run(f"{REACHABLE}.indexOf(document.activeElement)"))
        assert chromium.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        box: dict[str, Any] = chromium.run("document.activeElement.getBoundingClientRect().toJSON()")
        assert box["top"] >= 0
        assert box["left"] >= 0
    assert reached == list(range(number))


def test_the_keyboard_skips_to_the_report_and_opens_its_parts(
    chromium: Browser, files: dict[str, Path]
) -> None:
    chromium.look()
    chromium.open(files[WHOLE])
    chromium.press("Tab")
    chromium.press("Enter")
    assert chromium.run("document.activeElement.id") == "main"
    closed = "document.querySelectorAll('details:not([open])').length"
    before = chromium.run(closed)
    chromium.run("document.querySelector('details:not([open]) summary').focus()")
    chromium.press("Enter")
    assert chromium.run(closed) == before - 1


@pytest.mark.parametrize("width", [NARROW, 1200])
def test_tables_stay_tables_for_a_screen_reader(
    chromium: Browser, files: dict[str, Path], width: int
) -> None:
    chromium.look(width)
    chromium.open(files[WHOLE])
    chromium.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    nodes = chromium.ask("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    tables = chromium.run("document.querySelectorAll('table').length")
    assert roles.count("table") == tables
    assert roles.count("columnheader") == chromium.run("document.querySelectorAll('thead th').length")
    assert roles.count("rowheader") == chromium.run("document.querySelectorAll('tbody th').length")
    assert roles.count("cell") == chromium.run("document.querySelectorAll('td').length")
    assert {"banner", "main", "navigation", "contentinfo"} <= set(roles)
    pictures = [node["name"]["value"] for node in nodes if node["role"]["value"] == "image"]
    assert "after: 11 of 11 stopped" in pictures


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_differ_and_both_can_be_read(
    chromium: Browser, files: dict[str, Path], scheme: Scheme
) -> None:
    chromium.look(scheme=scheme)
    chromium.open(files[WHOLE])
    background = chromium.run(BACKGROUND)
    assert (sum(map(int, background[4:-1].split(", "))) > 600) == (scheme == "light")
    contrast, text = chromium.run(CONTRAST)
    assert contrast >= 4.5, text


@EACH
def test_paper_shows_every_part_in_dark_ink(chromium: Browser, files: dict[str, Path], name: str) -> None:
    chromium.look(scheme="dark", media="print")
    chromium.open(files[name])
    assert chromium.run(BACKGROUND) == "rgb(255, 255, 255)"
    assert chromium.run(CONTRAST)[0] >= 4.5
    hidden = (
        "[...document.querySelectorAll('details')].filter(e => e.lastElementChild.offsetHeight === 0).length"
    )
    assert chromium.run(hidden) == 0
    chromium.look(media="")
    printed = chromium.pdf()
    assert printed.startswith(b"%PDF-")
    assert b"%%EOF" in printed[-16:]
