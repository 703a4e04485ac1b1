"""The four formats of lacre audit, on a report that holds hostile names, hidden findings and broken files."""

import datetime
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from syrupy.assertion import SnapshotAssertion

from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.hiding import Hiding
from lacre.audit.model import Report
from lacre.audit.registry import BY_ID, CHECKS
from lacre.report import audit_json, audit_junit, audit_sarif, audit_text
from lacre.report.text import Look

DATA = Path(__file__).parents[1] / "audit" / "data"
SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "audit.schema.json"
TODAY = datetime.date(2026, 11, 25)

HOSTILE = r"""
services:
  "web\e[31m<b>&\n[x](http://evil)\u202e":
    image: "nginx\e]0;owned\a"
    privileged: true
    volumes: ["/var/run/docker.sock:/s"]  # lacre: ignore[LC532] until 2027-01-01: "the <agent>"
    cap_add: ["SYS_ADMIN"]
    environment:
      "DB_PASSWORD": "f81b9cd2-do-not-print"
      "X]]>": "AKIAIOSFODNN7EXAMPLE"
    command: ["server", "--password", "f81b9cd2-do-not-print"]
    logging: {driver: none}
"""


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(HOSTILE, encoding="utf-8")
    Path("Dockerfile").write_text(
        "FROM debian\nENV API_TOKEN=f81b9cd2-do-not-print\nRUN curl -k https://example.org\n"
    )
    Path("ok").mkdir()
    Path("ok/a b.Dockerfile").write_text('FROM scratch\nUSER 1\nHEALTHCHECK CMD ["/a"]\n')
    Path("broken.yml").write_text("services: [}\n")
    targets = find([Path("compose.yaml"), Path("Dockerfile"), Path("broken.yml"), Path("ok")])
    return audit_files(targets, CHECKS, Hiding(TODAY))


def _formats(report: Report) -> dict[str, str]:
    return {
        "text": audit_text.render(report, BY_ID, Look(), every=True),
        "json": audit_json.render(report, BY_ID),
        "sarif": audit_sarif.render(report, BY_ID, "1.2.3"),
        "junit": audit_junit.render(report, BY_ID),
    }


def test_sarif_fits_the_official_schema(report: Report) -> None:
    schema = json.loads((DATA / "sarif-2.1.0.json").read_text())
    document = json.loads(audit_sarif.render(report, BY_ID, "1.2.3"))
    jsonschema.Draft4Validator(schema).validate(document)
    (run,) = document["runs"]
    first = run["results"][0]
    assert first["locations"][0]["physicalLocation"]["region"]["startLine"] > 0
    assert "LC532" not in {result["ruleId"] for result in run["results"]}  # hidden by a comment
    assert run["invocations"][0]["toolExecutionNotifications"][0]["level"] == "error"
    assert {a["location"]["uri"] for a in run["artifacts"]} == {
        "compose.yaml",
        "Dockerfile",
        "ok/a%20b.Dockerfile",
    }
    (fixed,) = [result["fixes"] for result in run["results"] if "fixes" in result]
    (replacement,) = fixed[0]["artifactChanges"][0]["replacements"]
    assert replacement["deletedRegion"] == {
        "startLine": 12,
        "startColumn": 23,
        "endLine": 12,
        "endColumn": 27,
    }
    assert replacement["insertedContent"] == {"text": "local"}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_junit_fits_its_schema_and_counts_right(report: Report) -> None:
    text = audit_junit.render(report, BY_ID)
    xmlschema.XMLSchema(str(DATA / "junit-10.xsd")).validate(text)
    for suite in ET.fromstring(text):  # noqa: S314 - made here
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))


def test_json_fits_its_schema(report: Report) -> None:
    document = json.loads(audit_json.render(report, BY_ID))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["first"][0] == "LC505"
    assert [file["state"] for file in document["files"]].count("could not be tested") == 1


@pytest.mark.parametrize("format", ["text", "json", "sarif", "junit"])
def test_no_format_repeats_a_secret_or_a_control_character(report: Report, format: str) -> None:
    text = _formats(report)[format]
    assert "do-not-print" not in text
    assert "AKIAIOSFODNN7EXAMPLE" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


def test_sarif_messages_hold_no_link(report: Report) -> None:
    for result in json.loads(audit_sarif.render(report, BY_ID, "1"))["runs"][0]["results"]:
        assert not re.search(r"(?<!\\)\[", result["message"]["text"])


def test_the_text_says_what_matters_most_first(report: Report, snapshot: SnapshotAssertion) -> None:
    assert audit_text.render(report, BY_ID, Look()) == snapshot


def test_the_socket_comes_before_the_boilerplate(tmp_path: Path) -> None:
    services = "".join(f"  s{number}: {{image: 'x:1'}}\n" for number in range(30))
    file = tmp_path / "compose.yaml"
    file.write_text(f"services:\n{services}  agent: {{image: 'x:1', volumes: ['/run:/host/run:ro']}}\n")
    text = audit_text.render(audit_files(find([file]), CHECKS, Hiding(TODAY)), BY_ID, Look())
    screen = text.splitlines()[:24]
    assert "LC532" in screen[1]


def test_of_many_broken_files_and_notes_the_first_few_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    for number in range(14):
        (tmp_path / f"compose.{number}.yaml").write_text("services: [}\n")
        (tmp_path / f"Dockerfile.{number}").write_text("FROM x\nWHAT is this\n")
    report = audit_files(find([tmp_path]), CHECKS, Hiding(TODAY))
    text = audit_text.render(report, BY_ID, Look())
    assert text.count("it is no YAML") == text.count("WHAT is no instruction") == 10
    assert "4 more files could not be tested: --verbose\n" in text
    assert "4 more notes: --verbose\n" in text
    whole = audit_text.render(report, BY_ID, Look(), every=True)
    assert whole.count("it is no YAML") == whole.count("WHAT is no instruction") == 14
    assert "more" not in whole.partition("could not be tested")[2].partition("section")[0]


def test_a_report_without_findings_says_so(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text('FROM scratch\nCOPY a /a\nUSER 1\nHEALTHCHECK CMD ["/a"]\n')
    report = audit_files(find([file]), CHECKS, Hiding(TODAY))
    assert "1 file, 1 stage: no findings" in audit_text.render(report, BY_ID, Look())


@pytest.mark.parametrize("name", sorted(BY_ID))
def test_every_check_can_be_explained(name: str) -> None:
    text = audit_text.explained(BY_ID[name], Look())
    assert text.startswith(f"{name} ")
    assert "\nMend: " in text
    assert "\nExample:\n" in text
