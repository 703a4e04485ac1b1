"""What the peers get wrong (as seen by running or reading them), each with the answer that lacre gives.

Only what concerns files; what concerns running containers is tested against real Docker.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lacre.audit import pages
from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.hiding import Hiding
from lacre.audit.model import FileState, Report, Verdict
from lacre.audit.peers import LEFT, PEERS
from lacre.audit.registry import BY_ID, CHECKS
from lacre.audit.score import groups, most, sections
from tests.unit.audit.examples import TODAY


def audit(folder: Path, **files: str) -> Report:
    for name, text in files.items():
        path = folder / name.replace("__", ".").replace("_SLASH_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return audit_files(find([folder]), CHECKS, Hiding(TODAY))


def verdict(report: Report, check: str, subject: str = "a") -> Verdict:
    (answer,) = [a for a in report.answers if (a.check, a.subject.name) == (check, subject)]
    return answer.verdict


@pytest.mark.parametrize("source", ["/etc:/x:ro", "/etc/ssl:/x", "/etc/ssl:/x:ro"])
def test_etc_and_folders_below_it_are_sensitive_read_only_too(source: str, tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml=f"services: {{a: {{image: 'x:1', volumes: ['{source}']}}}}")
    assert verdict(report, "LC506") is Verdict.FAILS


def test_an_empty_folder_mounted_at_lib_is_not(tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml="services: {a: {image: 'x:1', volumes: ['./empty:/lib']}}")
    assert verdict(report, "LC506") is Verdict.PASSES


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_restarting_for_ever_fails_the_restart_check(policy: str, tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml=f"services: {{a: {{image: 'x:1', restart: {policy}}}}}")
    assert verdict(report, "LC515") is Verdict.FAILS


def test_the_socket_is_seen_inside_a_mounted_var_run(tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml="services: {a: {image: 'x:1', volumes: ['/var/run:/x']}}")
    assert verdict(report, "LC532") is Verdict.FAILS


def test_the_socket_is_seen_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "innocent").symlink_to("/var/run/docker.sock")
    (tmp_path / "folder").symlink_to("/run")
    for source in ("./innocent", "./folder"):
        report = audit(tmp_path, compose__yaml=f"services: {{a: {{image: 'x:1', volumes: ['{source}:/x']}}}}")
        assert verdict(report, "LC532") is Verdict.FAILS


def test_default_capabilities_fail_the_capability_check(tmp_path: Path) -> None:
    assert verdict(audit(tmp_path, compose__yaml="services: {a: {image: 'x:1'}}"), "LC504") is Verdict.FAILS


def test_any_security_option_does_not_silence_the_profile_checks(tmp_path: Path) -> None:
    text = "services: {a: {image: 'x:1', security_opt: ['no-new-privileges', 'apparmor=unconfined', 'label=disable']}}"
    report = audit(tmp_path, compose__yaml=text)
    assert verdict(report, "LC502") is Verdict.FAILS
    assert verdict(report, "LC503") is Verdict.FAILS
    assert verdict(report, "LC526") is Verdict.PASSES


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]", "93.184.216.34"])
def test_every_public_address_counts(address: str, tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml=f"services: {{a: {{image: 'x:1', ports: ['{address}:80:80']}}}}")
    assert verdict(report, "LC514") is Verdict.FAILS


def test_what_does_not_apply_does_not_lift_the_score(tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml="services: {a: {environment: {A: b}}}")
    asked = [answer for answer in report.answers if answer.verdict is Verdict.NOT_APPLICABLE]
    assert asked
    (score,) = [score for score in sections(report, BY_ID) if score.section.value.startswith("5")]
    assert score.passes + score.fails + score.not_applicable + score.unknown == len(
        [answer for answer in report.answers if BY_ID[answer.check].section is score.section]
    )
    assert score.share == score.passes * 100 // (score.passes + score.fails)


def test_what_matters_is_not_lost_in_what_everybody_has(tmp_path: Path) -> None:
    services = "".join(f"  s{number}: {{image: 'x:1'}}\n" for number in range(40))
    text = f"services:\n{services}  a: {{image: 'x:1', volumes: ['/run/docker.sock:/s']}}\n"
    first = most(groups(audit(tmp_path, compose__yaml=text).open, BY_ID))
    assert first[0].check.id == "LC532"
    assert not any(group.check.aside for group in first)


def test_extends_across_files_is_resolved(tmp_path: Path) -> None:
    report = audit(
        tmp_path,
        compose__yaml="services: {a: {extends: {file: base/common.yml, service: b}}}",
        base_SLASH_common__yml="services: {b: {image: 'x:1', privileged: true, cap_drop: [ALL]}}",
    )
    assert verdict(report, "LC505") is Verdict.FAILS
    assert verdict(report, "LC504") is Verdict.PASSES
    (found,) = [f for f in report.findings if f.check == "LC505" and f.subject.name == "a"]
    assert found.place is not None
    assert found.place.file.endswith("base/common.yml")


def test_a_service_that_is_included_and_found_counts_once(tmp_path: Path) -> None:
    report = audit(
        tmp_path,
        compose__yaml="include: [sub/compose.yaml]\nservices: {b: {image: 'x:1'}}\n",
        sub_SLASH_compose__yaml="services: {a: {image: 'x:1', privileged: true}}\n",
    )
    assert len(report.files) == 2
    assert [found.check for found in report.findings if found.severity.value == "critical"] == ["LC505"]


def test_a_file_of_the_first_version_has_its_services(tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml="a:\n  image: x\n  privileged: true\nb:\n  build: .\n")
    assert verdict(report, "LC505") is Verdict.FAILS
    assert {answer.subject.name for answer in report.answers} == {"a", "b"}


def test_duplicate_keys_are_not_accepted(tmp_path: Path) -> None:
    report = audit(
        tmp_path, compose__yaml="services:\n  a:\n    image: x\n    privileged: true\n    privileged: false\n"
    )
    assert report.files[0].state is FileState.UNTESTABLE
    assert report.files[0].place is not None
    assert report.files[0].place[1:3] == (5, 5)


@pytest.mark.parametrize("top", ["", "version: '3.8'\n", "name: x\n"])
def test_files_with_and_without_a_version_are_the_same(top: str, tmp_path: Path) -> None:
    report = audit(tmp_path, compose__yaml=f"{top}services: {{a: {{image: x, privileged: true}}}}\n")
    assert verdict(report, "LC505") is Verdict.FAILS


HARD_DOCKERFILES = {
    "here-documents": "FROM x\nRUN <<-'A' cat >/a && <<B cat\n\tUSER root\n\tA\nFROM y\nB\nUSER 1\n",
    "comments in a continuation": "FROM x\nRUN a \\\n# FROM y\n\n  && b \\\n  # c\n  && d\nUSER 1\n",
    "the other escape": "# escape=`\nFROM x\nRUN dir C:\\ `\n  && b\nUSER 1\n",
    "windows lines": "FROM x\r\nRUN a \\\r\n && b\r\nUSER 1\r\n",
    "a byte order mark": "\ufeffFROM x\nUSER 1\n",
    "lower case": "from x as a\nuser 1\n",
    "continued to the end": "FROM x\nUSER 1\nRUN a \\",
    "blanks after the escape": "FROM x\nRUN a \\  \n  && b\nUSER 1\n",
    "an argument before FROM": "ARG A=x\n\nFROM ${A}\nUSER 1\n",
    "empty values": "FROM x\nENV A= B=''\nLABEL a=\"\\\"\" b='c d'\nUSER 1\n",
    "onbuild": "FROM x\nONBUILD USER root\nONBUILD RUN <<A\nUSER root\nA\nUSER 1\n",
    "a here-string": 'FROM x\nRUN cat <<< "FROM y"\nUSER 1\n',
    "shifts": "FROM x\nRUN echo $((1<<2))\nUSER 1\n",
    "exec form over lines": 'FROM x\nCMD ["a", \\\n  "b"]\nUSER 1\n',
    "flags": "FROM --platform=linux/amd64 x\nRUN --mount=type=cache,target=/a --network=none a\nUSER 1\n",
    "tabs": "FROM\tx\nUSER\t1\n",
}


@pytest.mark.parametrize("name", HARD_DOCKERFILES)
def test_valid_dockerfiles_that_a_peer_does_not_parse_are_read(name: str, tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(HARD_DOCKERFILES[name], newline="")
    report = audit_files(find([file]), CHECKS, Hiding(TODAY))
    assert report.files[0].state is FileState.TESTED, report.files[0].why
    assert report.files[0].notes == ()
    (user,) = [answer for answer in report.answers if answer.check == "LC401"]
    assert user.verdict is Verdict.PASSES
    assert report.files[0].subjects == 1


def test_every_check_of_every_peer_is_asked_or_left_with_a_reason() -> None:
    for peer, names in PEERS.items():
        for name in names:
            whole = f"{peer}:{name}"
            covered = bool(pages.covering(whole))
            assert covered or whole in LEFT, f"{whole} is neither asked nor left"
            if covered:
                assert whole not in LEFT, f"{whole} is asked, so it is not left"


def test_no_check_names_a_peer_that_is_not_known_and_nothing_unknown_is_left() -> None:
    assert list(pages.unknown_peers()) == []
    assert set(LEFT) <= {f"{peer}:{name}" for peer, names in PEERS.items() for name in names}


def test_reasons_that_name_a_check_name_one_that_is_there() -> None:
    for reason in LEFT.values():
        assert set(re.findall(r"LC\d{3}", reason)) <= set(BY_ID)
