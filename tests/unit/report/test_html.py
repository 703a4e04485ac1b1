import base64
import hashlib
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from lacre.report.html import Page, render
from lacre.report.text import visible
from lacre.seal.model import (
    Capabilities,
    Completeness,
    Exercise,
    FileSystem,
    Grant,
    Image,
    LeftRefused,
    Network,
    Seal,
)
from tests.unit.report import attack_samples, samples

DATE = "25 November 2026"

WHOLE = Page(
    title="demo",
    date=DATE,
    seal=samples.SEAL,
    project=samples.PROJECT,
    attacked=attack_samples.COMPARISON,
    warnings=samples.report().warnings,
    next_command="docker compose -f compose.yaml up -d\ndocker ps",
)
PAGES = {
    "sealed and attacked": WHOLE,
    "attacked alone": Page(title="nginx:1.27", date=DATE, attacked=attack_samples.BEFORE),
    "sealed alone": Page(title="demo", date=DATE, seal=samples.WHOLE),
    "nothing": Page(title="demo", date=DATE),
}
EACH = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)

VOID = {"meta", "br", "path"}


class Outline(HTMLParser):
    """The tags with their attributes' names, the text, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.values: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.values += attrs
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _without_style(text: str) -> str:
    return re.sub(r"(<style>).*?(</style>)|'sha256-[^']*'", r"\1\2", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", ["sealed and attacked", "attacked alone"])
def test_the_page(snapshot: SnapshotAssertion, name: str) -> None:
    assert _without_style(render(PAGES[name])) == snapshot


@EACH
def test_a_page_is_well_formed_and_its_headings_are_in_order(page: Page) -> None:
    outline = Outline(render(page))
    assert outline.open == []
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    ids = [value for name, value in outline.values if name == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for name, value in outline.values if name == "href" and value}
    assert links <= set(ids)
    assert {f"#{value}" for name, value in outline.values if name == "aria-labelledby"} <= {
        f"#{id}" for id in ids
    }


@EACH
def test_a_page_loads_nothing_and_runs_nothing(page: Page) -> None:
    text = render(page)
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'" in text
    outline = Outline(text)
    assert not {tag for tag, *_ in outline.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "base",
        "form",
    }
    assert not {name for name, _ in outline.values} & {"src", "srcset", "style", "action"}
    assert not [name for name, _ in outline.values if name.startswith("on")]
    assert not re.search(r"https?:|url\(|@import", text)


def test_the_template_never_switches_escaping_off() -> None:
    template = (resources.files("lacre.report.html") / "report.html.jinja").read_text("utf-8")
    assert not re.search(r"\|\s*safe|autoescape|Markup", template)


@EACH
def test_the_same_page_is_the_same_text(page: Page) -> None:
    assert render(page) == render(page)


def test_what_only_some_readers_see_is_said_in_words_too() -> None:
    text = render(WHOLE)
    assert 'aria-label="after: 11 of 11 stopped"' in text
    assert '<span class="worked">✗ worked</span>' in text
    assert '<span class="stopped">✓ EPERM, system call filter</span>' in text
    assert "(stopped before!)" in text


def test_a_whole_seal_is_called_whole_and_has_no_part_about_what_is_off() -> None:
    text = render(PAGES["sealed alone"])
    assert "Sealed whole" in text
    assert 'id="off"' not in text
    assert 'id="attacks"' not in text
    assert "Sealed, but not whole" in render(WHOLE)


def _odd_seal(text: str) -> Seal:
    """A seal in which every free text is `text`."""
    reason = text + "."
    grant = Grant(what=text, reason=reason, by=text, phase=text, run=text)
    left = LeftRefused(what=text, reason=reason, by=text, phase=text)
    service = samples.WEB.model_copy(
        update={
            "image": Image(reference=text, layers=(), architecture=text),
            "capabilities": Capabilities(grants=(grant,), left=(left,), off=reason),
            "filesystem": FileSystem(grants=(grant,), left=(left,), read_only_mounts=(text,)),
            "network": Network(listening=(text,), reaches=(text,)),
            "completeness": Completeness(phases=(text,), observed_for=1.0, untouched_ports=(text,)),
            "notes": (text,),
        }
    )
    return samples.SEAL.model_copy(
        update={
            "project": text,
            "exercises": (Exercise(command=text, service=text),),
            "files": (text,),
            "profiles": (text,),
            "services": {text: service},
        }
    )


def odd_page(text: str) -> Page:
    return Page(
        title=text,
        date=text,
        seal=_odd_seal(text),
        attacked=attack_samples.hostile(text),
        warnings=(text,),
        next_command=text,
    )


PLAIN = Outline(render(odd_page("x")))
NAMES = st.text(  # what surrogateescape makes of bytes, beside all that is text
    st.characters(exclude_categories=["Cs"]) | st.integers(0xDC80, 0xDCFF).map(chr), min_size=1, max_size=40
)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(NAMES)
@example(attack_samples.HOSTILE)
@example("</style><script>alert(1)</script>")
@example("\"><img src=x onerror=alert(1)>' onfocus='alert(1)")
@example("{{ 7 * 7 }}{% for x in y %}{# #}")
@example("<!-- --><![CDATA[")
@example("\udcff\udc80\x00\u2066\u2028")
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_text_from_a_container_becomes_anything_but_visible_text(text: str) -> None:
    page = render(odd_page(text))
    page.encode("utf-8")
    outline = Outline(page)
    assert outline.tags == PLAIN.tags
    assert visible(text) in "".join(outline.text)
    found = {unicodedata.category(character) for character in page.replace("\n", "")}
    assert not found & HIDDEN


def test_the_template_engine_is_imported_only_for_a_page() -> None:
    code = "import sys, lacre.report.html; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
