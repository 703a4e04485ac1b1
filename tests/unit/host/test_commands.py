"""The command line on a made-up host: what it prints, and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from lacre.cli.app import app
from lacre.errors import LacreError
from lacre.host.files import Root
from tests.unit.host import trees

SCHEMA = Path(__file__).parents[1] / "audit" / "data" / "sarif-2.1.0.json"


def run(root: Root, *words: str) -> Result:
    return CliRunner().invoke(app, ["host", *words], obj=root)


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def failed(result: Result) -> LacreError:
    assert isinstance(result.exception, LacreError), result.output
    return result.exception


def test_audit_names_what_decides_and_ends_with_1(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/99-x.conf": "kernel.kptr_restrict = 0\n"})
    found = run(root, "audit")
    assert found.exit_code == 1
    assert "/etc/sysctl.d/99-x.conf:1" in found.output and "next: lacre host plan" in found.output


def test_audit_json_has_every_setting_with_file_and_line(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/99-x.conf": "kernel.kptr_restrict = 0\n"})
    states = {state["id"]: state for state in told(run(root, "audit", "--format", "json"))["states"]}
    key = states["kernel.kptr_restrict"]["keys"][0]
    assert (key["file"], key["line"], key["later"]) == ("/etc/sysctl.d/99-x.conf", 1, "0")


def test_plan_apply_audit_rollback(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    assert run(root, "plan").exit_code == 1
    assert trees.snapshot(tmp_path) == before
    applied = run(root, "apply")
    assert applied.exit_code == 3, applied.output  # users are never remapped unasked
    assert "engine.userns-remap" in applied.output and "the way back: lacre host rollback" in applied.output
    again = run(root, "apply", "--skip", "engine.userns-remap")
    assert again.exit_code == 0 and "nothing to change" in again.output
    back = run(root, "rollback")
    assert back.exit_code == 0 and "/etc/docker/daemon.json" in back.output
    assert trees.snapshot(tmp_path) == before
    assert "nothing to roll back" in run(root, "rollback").output


def test_what_is_overruled_ends_with_3_and_names_the_place(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/99-x.conf": "kernel.kptr_restrict = 0\n"})
    applied = run(root, "apply", "--skip", "engine.userns-remap")
    assert applied.exit_code == 3
    assert "kernel.kptr_restrict is lost at the next start: /etc/sysctl.d/99-x.conf:1" in applied.output


def test_what_was_left_ends_with_3(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    run(root, "apply")
    trees.put(root, "/etc/sysctl.d/90-lacre.conf", "# mine\n")
    back = run(root, "rollback")
    assert back.exit_code == 3 and "90-lacre.conf was left" in back.output
    assert run(root, "rollback", "--force").exit_code == 0


def test_an_unknown_setting_and_a_broken_file_are_wrong_use_or_ground(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon="{\n")
    assert failed(run(root, "plan", "--skip", "nonsense")).exit_code == 2
    broken = failed(run(root, "plan"))
    assert broken.exit_code == 2 and "line 2" in broken.happened
    audit = run(root, "audit")
    assert audit.exit_code == 1 and "cannot be read: line 2" in " ".join(audit.output.split())


def test_a_line_that_nobody_understands_is_warned_of(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/50-x.conf": "kernel.kptr_restrict 2\n"})
    assert "/etc/sysctl.d/50-x.conf:1: no program understands this line" in run(root, "audit").output


@pytest.mark.parametrize("profile", ["container-host", "build-host", "dev"])
def test_sarif_is_valid_and_points_at_the_deciding_line(profile: str, tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/99-x.conf": "\nkernel.kptr_restrict = 0\n"})
    sarif = told(run(root, "audit", "--profile", profile, "--format", "sarif"))
    jsonschema.validate(sarif, json.loads(SCHEMA.read_text(encoding="utf-8")))
    results = {result["ruleId"]: result for result in sarif["runs"][0]["results"]}
    place = results["kernel.kptr_restrict"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "file:///etc/sysctl.d/99-x.conf"
    assert place["region"]["startLine"] == 2
