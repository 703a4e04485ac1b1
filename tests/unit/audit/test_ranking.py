"""What comes first: realistic projects, and what an operator must see of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.hiding import Hiding
from lacre.audit.model import Report, Severity
from lacre.audit.registry import BY_ID, CHECKS
from lacre.audit.score import groups, most
from tests.unit.audit.examples import TODAY

PLAIN = """\
services:
  web:
    image: nginx:1.27.3
    ports: ["80:80"]
    restart: unless-stopped
    depends_on: [app]
  app:
    build: .
    environment: {DATABASE_URL: "postgres://app@db/app"}
    restart: unless-stopped
  db:
    image: postgres:16.4
    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db}
    volumes: ["data:/var/lib/postgresql/data"]
volumes: {data: {}}
"""
DOCKERFILE = 'FROM python:3.12.7-slim\nWORKDIR /app\nCOPY src/ src/\nCMD ["python", "-m", "app"]\n'


def audit(folder: Path, text: str, dockerfile: str = DOCKERFILE) -> Report:
    (folder / "compose.yaml").write_text(text)
    (folder / "Dockerfile").write_text(dockerfile)
    return audit_files(find([folder]), CHECKS, Hiding(TODAY))


def first(report: Report) -> list[str]:
    return [group.check.id for group in most(groups(report.open, BY_ID))]


def with_app(more: str) -> str:
    return PLAIN.replace("    build: .\n", f"    build: .\n{more}")


def test_of_a_plain_project_root_comes_first_and_nothing_that_all_have(
    tmp_path: Path,
) -> None:
    report = audit(tmp_path, PLAIN)
    assert first(report) == ["LC401"]
    assert not any(found.severity in (Severity.CRITICAL, Severity.HIGH) for found in report.open)


@pytest.mark.parametrize(
    ("more", "check"),
    [
        ("    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n", "LC532"),
        ("    privileged: true\n", "LC505"),
        ("    secrets: []\n    command: ['--api-key=s3cr3tw0rd']\n", "LC547"),
        ("    env_file: [app.env]\n    cap_add: [SYS_ADMIN]\n", "LC540"),
        ("    pid: host\n", "LC516"),
        ("    ports: ['5432:5432']\n", "LC514"),
        ("    volumes: ['/:/host']\n", "LC506"),
    ],
)
def test_what_opens_the_host_comes_before_all_that_every_project_has(
    more: str, check: str, tmp_path: Path
) -> None:
    assert first(audit(tmp_path, with_app(more)))[0] == check


def test_the_ports_of_the_web_are_mostly_meant_and_others_are_not(tmp_path: Path) -> None:
    def severity(port: str) -> Severity:
        report = audit(tmp_path, PLAIN.replace("80:80", port))
        (found,) = [found for found in report.open if found.check == "LC514"]
        return found.severity

    assert severity("443:8443") is Severity.LOW
    assert severity("8080:80") is Severity.MEDIUM
    assert severity("80:6379") is Severity.HIGH


def test_a_secret_in_the_environment_comes_first(tmp_path: Path) -> None:
    report = audit(tmp_path, PLAIN.replace("postgres://app@db", "postgres://app:hunter22@db"))
    assert first(report)[0] == "LC545"
    report = audit(
        tmp_path, PLAIN.replace("POSTGRES_PASSWORD_FILE: /run/secrets/db", "POSTGRES_PASSWORD: hunter22")
    )
    assert first(report)[0] == "LC543"


def test_a_filtering_proxy_without_a_port_counts_less_than_the_socket_itself(tmp_path: Path) -> None:
    proxy = """\
  proxy:
    image: example/docker-socket-proxy:0.3
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
"""
    text = PLAIN.replace("volumes: {data", f"{proxy}volumes: {{data")
    (found,) = [f for f in audit(tmp_path, text).open if f.check == "LC532"]
    assert found.severity is Severity.MEDIUM
    open_to_all = text.replace(
        "docker-socket-proxy:0.3\n", "docker-socket-proxy:0.3\n    ports: ['2375:2375']\n"
    )
    (found,) = [f for f in audit(tmp_path, open_to_all).open if f.check == "LC532"]
    assert found.severity is Severity.CRITICAL


def test_sudo_for_one_program_is_less_than_sudo_for_all(tmp_path: Path) -> None:
    def finding(line: str) -> tuple[Severity, str]:
        dockerfile = f"FROM debian:12.8\nUSER app\nRUN {line} >> /etc/sudoers.d/app\n"
        (found,) = [f for f in audit(tmp_path, PLAIN, dockerfile).open if f.check == "LC422"]
        return found.severity, found.what

    everything = (Severity.HIGH, "somebody may become root without a password")
    assert finding("echo 'app ALL=(ALL) NOPASSWD: ALL'") == everything
    assert finding('echo "app ALL=NOPASSWD:SETENV: ALL"') == everything
    assert finding("echo 'app ALL=(root) NOPASSWD: /usr/bin/a, ALL'") == everything
    assert finding("echo 'app ALL=(root) NOPASSWD: $COMMANDS'") == everything
    assert finding("echo 'app ALL=(root) NOPASSWD: /bin/bash'") == everything
    assert finding("echo 'app ALL=(root) NOPASSWD: /usr/sbin/*'") == everything
    one = (Severity.MEDIUM, "somebody may run /usr/sbin/smartctl as root without a password")
    assert finding("echo 'app ALL=(root) NOPASSWD: /usr/sbin/smartctl'") == one
    assert finding('echo "app ALL=(ALL:ALL) NOPASSWD:SETENV:/usr/sbin/smartctl -a"') == one


def test_a_sum_that_is_written_out_makes_up_for_a_certificate_that_is_not_checked(tmp_path: Path) -> None:
    def severity(then: str) -> Severity:
        dockerfile = f"FROM debian:12.8\nUSER app\nRUN curl -fk -o /a https://example.org/a{then}\n"
        (found,) = [f for f in audit(tmp_path, PLAIN, dockerfile).open if f.check == "LC423"]
        return found.severity

    assert severity("") is Severity.HIGH
    assert severity(f" && echo '{'0a' * 32}  /a' | sha256sum -c -") is Severity.LOW
    assert severity(f" && echo {'0a' * 64} /a | sha512sum --check") is Severity.LOW
    assert severity(" && sha256sum -c /a.sums") is Severity.HIGH
    assert severity(f"\nRUN echo '{'0a' * 32}  /a' | sha256sum -c -") is Severity.HIGH


@pytest.mark.parametrize("path", ["/etc/localtime", "/etc/timezone"])
def test_the_time_zone_for_writing_is_a_small_thing(path: str, tmp_path: Path) -> None:
    (found,) = [
        f for f in audit(tmp_path, with_app(f"    volumes: ['{path}:{path}']\n")).open if f.check == "LC506"
    ]
    assert found.severity is Severity.LOW
    assert "time zone" in found.what
