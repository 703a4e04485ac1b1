"""What the peers get wrong (as seen by running or reading them), each with the answer that lacre gives.

Here is what concerns files. What concerns machines stands beside the checks of machines, and is tested against real
Docker; `MISSES` names the tests of both.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from lacre.audit import checks, pages
from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.fix import mended
from lacre.audit.hiding import Hiding
from lacre.audit.model import FileState, Mend, Report, Verdict
from lacre.audit.peers import LEFT, PEERS
from lacre.audit.registry import BY_ID, CHECKS
from lacre.audit.score import groups, most, sections
from tests.unit.audit.examples import TODAY

MISSES: dict[str, tuple[str, ...]] = {
    "docker-bench: /etc read-only and folders below it pass": (
        "test_etc_and_folders_below_it_are_sensitive_read_only_too",
        "test_a_sensitive_folder_counts_read_only_and_by_what_it_is_on_the_host",
    ),
    "docker-bench: an empty folder of the host mounted at /lib fails": (
        "test_an_empty_folder_mounted_at_lib_is_not",
        "test_a_sensitive_folder_counts_read_only_and_by_what_it_is_on_the_host",
    ),
    "docker-bench: restarting for ever passes": (
        "test_restarting_for_ever_fails_the_restart_check",
        "test_always_and_unless_stopped_are_no_bounded_restart",
    ),
    "docker-bench: the socket inside a mounted /var/run is not seen": (
        "test_the_socket_is_seen_inside_a_mounted_var_run",
        "test_the_socket_is_seen_through_each_folder_above_it",
        "test_the_socket_is_found_under_each_of_its_names",
    ),
    "docker-bench: all default capabilities pass": (
        "test_default_capabilities_fail_the_capability_check",
        "test_a_container_with_all_default_capabilities_does_not_pass",
    ),
    "docker-bench: any security option silences AppArmor and SELinux": (
        "test_any_security_option_does_not_silence_the_profile_checks",
        "test_a_security_option_of_another_kind_does_not_silence_the_check_of_apparmor",
    ),
    "docker-bench: only 0.0.0.0 is public": (
        "test_every_public_address_counts",
        "test_a_port_is_public_by_every_public_address",
        "test_ports_are_judged_by_the_address_that_the_engine_gave_them",
    ),
    "docker-bench: a container that vanishes flips other checks": (
        "test_a_container_that_vanished_changes_no_other_answer",
        "test_a_container_that_goes_away_between_list_and_look_is_missing",
    ),
    "docker-bench: the current version is today minus 30 days": (
        "test_what_is_new_is_not_guessed_from_the_day",
    ),
    "docker-bench: checks that test nothing": (
        "test_a_check_has_an_example_that_fails_and_one_that_passes_for_each_scope",
        "test_a_check_has_a_state_that_fails_it_and_one_that_passes_it",
    ),
    "docker-bench: Swarm passes because it is off": ("test_swarm_that_is_off_is_no_pass_and_lifts_no_score",),
    "docker-bench: audits itself in its container": (
        "test_from_inside_a_container_nothing_is_said_of_processes_that_it_cannot_see",
    ),
    "docker-bench: a rootless engine's own daemon.json is ignored": (
        "test_a_rootless_engine_has_its_users_own_file",
    ),
    "docker-bench: exclusions do not count for images": ("test_an_exclusion_counts_for_images_too",),
    "docker-bench: JSON is broken with some options": ("test_json_fits_its_schema",),
    "docker-bench: an inspect for each check and container": (
        "test_no_check_asks_the_engine_or_the_machine",
        "test_an_image_is_read_once_in_its_life",
    ),
    "compose-lint: nothing is ranked": (
        "test_what_matters_is_not_lost_in_what_everybody_has",
        "test_a_mounted_socket_is_worse_than_all_boilerplate",
        "test_what_opens_the_host_comes_before_all_that_every_project_has",
    ),
    "compose-lint: extends across files is not resolved": ("test_extends_across_files_is_resolved",),
    "compose-harden: a file of version 1 has no services": (
        "test_a_file_of_the_first_version_has_its_services",
    ),
    "compose-harden: mends blindly, the same for every image": ("test_what_may_break_is_never_mended",),
    "compose-harden: duplicate keys are accepted": ("test_duplicate_keys_are_not_accepted",),
    "semgrep: only files with a version": ("test_files_with_and_without_a_version_are_the_same",),
    "trivy, checkov: no checks of Compose files": ("test_a_check_answers_its_example",),
    "hadolint: valid Dockerfiles do not parse": (
        "test_valid_dockerfiles_that_a_peer_does_not_parse_are_read",
    ),
    "all: facts come from the configuration, not from the process": (
        "test_a_container_as_docker_makes_it_fails_what_docker_leaves_open",
        "test_a_container_with_everything_closed_passes_it_all",
        "test_a_user_of_the_image_that_is_overridden_is_named",
    ),
    "all: nothing says which mend is safe": ("test_every_finding_says_who_may_mend_it",),
    "all: absent, not in force, not testable and not applicable are one": (
        "test_what_does_not_apply_does_not_lift_the_score",
        "test_a_container_that_ends_in_the_middle_could_not_be_tested",
    ),
}
"""Each thing that a peer gets wrong, and the tests that show lacre getting it right."""


def test_each_known_miss_has_its_tests() -> None:
    tests = Path(__file__).parents[2]
    defined = {
        name
        for folder in (tests / "unit", tests / "integration")
        for file in folder.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for miss, names in MISSES.items():
        assert names, miss
        assert set(names) <= defined, miss


def audit(folder: Path, **files: str) -> Report:
    for name, text in files.items():
        path = folder / name.replace("__", ".").replace("_SLASH_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return audit_files(find([folder]), CHECKS, Hiding(TODAY))


def verdict(report: Report, check: str, subject: str = "a") -> Verdict:
    (answer,) = [a for a in report.answers if (a.check, a.subject.name) == (check, subject)]
    return answer.verdict


def test_no_check_asks_the_engine_or_the_machine() -> None:
    asking = {"os", "pathlib", "subprocess", "socket", "docker", "io", "shutil", "httpx", "urllib"}
    for file in Path(str(checks.__path__[0])).rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in tree.body:  # what stands under TYPE_CHECKING is never imported
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in asking, f"{file.name}: {name}"
                assert not name.startswith("lacre.engine"), f"{file.name}: {name}"
        calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        assert not any(isinstance(call, ast.Name) and call.id == "open" for call in calls), file.name


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


EVERYTHING_OPEN = """\
services:
  a:
    image: x
    privileged: true
    user: root
    pid: host
    network_mode: host
    volumes: ["/:/host", "/var/run/docker.sock:/s"]
    cap_add: [ALL]
    security_opt: ["seccomp=unconfined", "apparmor=unconfined"]
    environment: {DB_PASSWORD: hunter22}
    restart: always
    tmpfs: ["/tmp:exec"]
"""


def test_what_may_break_is_never_mended(tmp_path: Path) -> None:
    assert list(mended(audit(tmp_path, compose__yaml=EVERYTHING_OPEN).open)) == []


def test_every_finding_says_who_may_mend_it(tmp_path: Path) -> None:
    report = audit(
        tmp_path, compose__yaml=EVERYTHING_OPEN, Dockerfile="FROM x\nADD a /a\nENV TOKEN=hunter22\n"
    )
    by_check = {found.check: found.mend for found in report.findings}
    assert by_check["LC504"] is Mend.PROOF  # all capabilities dropped: may break it
    assert by_check["LC543"] is Mend.HAND  # a secret: somebody has to change it
    assert by_check["LC409"] is Mend.SAFE  # COPY for ADD
    for found in report.findings:
        assert found.edit is None or found.mend is Mend.SAFE
        assert (found.mend is Mend.SAFE) is (found.edit is not None), found


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
