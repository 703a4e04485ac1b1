from __future__ import annotations

import json
from pathlib import Path

import pytest

from lacre.engine.compose import Compose, error_lines
from lacre.errors import GroundError, UsageError
from tests.unit.engine.real_compose import compose_environment, real_compose


@pytest.fixture
def compose() -> Compose:
    return real_compose()


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name.replace("__", ".").replace("DOT", ".")).write_text(text)
    return directory / "compose.yaml"


ONE = "services: {web: {image: nginx}}\n"


def test_without_any_compose_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(GroundError, match="neither"):
        Compose({"PATH": str(tmp_path), "HOME": str(tmp_path)})


def test_a_program_that_hides_its_failures_is_refused(tmp_path: Path) -> None:
    wrapper = tmp_path / "docker-compose"
    wrapper.write_text("#!/bin/sh\necho 2.40.3\nexit 0\n")
    wrapper.chmod(0o755)
    with pytest.raises(GroundError, match="even when it fails"):
        Compose({"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path)})


def test_the_version_has_no_letter(compose: Compose) -> None:
    assert compose.version[0].isdigit()


def test_features_of_compose_are_resolved_by_compose(compose: Compose) -> None:
    file = Path(__file__).parent / "data" / "full" / "compose.yaml"
    project = compose.resolve([file], ["*"])
    assert (project.name, project.directory, project.files) == ("shop", file.parent, (file,))
    assert set(project.services) == {"web", "app", "migrate", "monitor", "side", "old", "queue"}
    assert project.services["app"].config["working_dir"] == "/app"  # extends
    assert project.services["app"].config["environment"]["PORT"] == "8000"  # env_file
    assert project.services["app"].config["environment"]["QUOTED"] == "a$b"  # not Compose's a$$b
    assert project.config["configs"]["settings"]["content"].startswith("a=7")  # .env
    assert project.services["queue"].config["volumes"][1]["source"] == str(file.parent / "sub" / "q.conf")


def test_a_profiles_services_come_only_with_it(compose: Compose) -> None:
    file = Path(__file__).parent / "data" / "full" / "compose.yaml"
    assert "monitor" not in compose.resolve([file]).services
    assert "monitor" in compose.resolve([file], ["ops"]).services


def test_several_files_are_merged_and_paths_start_at_the_first(compose: Compose, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    file = write(tmp_path, compose__yaml=ONE)
    other = write(tmp_path / "more", compose__yaml="services: {web: {user: '7', volumes: ['./x:/x']}}\n")
    project = compose.resolve([file, other])
    assert project.services["web"].user == "7"
    assert project.services["web"].mounts[0].source == str(tmp_path / "x")


def test_the_environment_reaches_the_project(compose: Compose, tmp_path: Path) -> None:
    file = write(tmp_path, compose__yaml="services: {web: {image: 'nginx:${TAG}'}}\n")
    environment = compose_environment(TAG="9", COMPOSE_PROJECT_NAME="other")
    project = compose.resolve([file], env=environment)
    assert (project.services["web"].image, project.name) == ("nginx:9", "other")


def test_without_files_the_default_names_are_found_as_docker_does(compose: Compose, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    write(tmp_path, compose__yml=ONE, compose__override__yml="services: {web: {user: '8'}}\n")
    assert compose.default_files(tmp_path / "deep" / "er") == (
        tmp_path / "compose.yml",
        tmp_path / "compose.override.yml",
    )
    assert compose.resolve(project_directory=tmp_path).services["web"].user == "8"
    (tmp_path / ".env").write_text("COMPOSE_FILE=compose.yml\n")
    assert compose.default_files(tmp_path) == (tmp_path / "compose.yml",)
    environment = compose_environment(COMPOSE_FILE="a.yml:b.yml")
    assert compose.default_files(tmp_path, environment) == (tmp_path / "a.yml", tmp_path / "b.yml")


def test_files_named_in_an_env_file_are_read_as_compose_reads_them(compose: Compose, tmp_path: Path) -> None:
    write(tmp_path, compose__yml=ONE, prod__yml=ONE)
    (tmp_path / ".env").write_text('STAGE=prod\nexport COMPOSE_FILE="compose.yml:${STAGE:-dev}.yml" # both\n')
    assert compose.default_files(tmp_path) == (tmp_path / "compose.yml", tmp_path / "prod.yml")
    off = compose_environment(COMPOSE_DISABLE_ENV_FILE="1")
    assert compose.default_files(tmp_path, off) == (tmp_path / "compose.yml",)
    (tmp_path / "other.env").write_text("COMPOSE_FILE=prod.yml\n")
    others = compose_environment(COMPOSE_ENV_FILES="other.env")
    assert compose.default_files(tmp_path, others) == (tmp_path / "prod.yml",)


def test_a_dependency_in_no_active_profile_is_left_out_if_it_is_not_required(
    compose: Compose, tmp_path: Path
) -> None:
    text = """
        services:
          web:
            image: x
            depends_on:
              db: {condition: service_started}
              extra: {condition: service_started, required: false}
          db: {image: x}
          extra: {image: x, profiles: [more]}
    """
    file = write(tmp_path, compose__yaml=text)
    project = compose.resolve([file])
    assert [dependency.service for dependency in project.services["web"].depends_on] == ["db"]
    (tmp_path / "again.yaml").write_text(json.dumps(project.config))
    assert compose.config_of([tmp_path / "again.yaml"])["services"] == project.config["services"]
    whole = compose.resolve([file], ["more"])
    assert [dependency.service for dependency in whole.services["web"].depends_on] == ["db", "extra"]


def test_zeros_that_compose_leaves_out_of_its_json_are_there(compose: Compose, tmp_path: Path) -> None:
    limits = "{core: 0, nproc: {soft: 0, hard: 5}, nofile: 7}"
    project = compose.resolve(
        [write(tmp_path, compose__yaml=f"services: {{web: {{image: x, ulimits: {limits}}}}}")]
    )
    assert project.services["web"].config["ulimits"] == {
        "core": {"soft": 0, "hard": 0},
        "nproc": {"soft": 0, "hard": 5},
        "nofile": 7,
    }
    (tmp_path / "again.yaml").write_text(json.dumps(project.config))
    assert compose.config_of([tmp_path / "again.yaml"])["services"] == project.config["services"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {web: [\n", "yaml"),
        ("services: {web: {image: nginx, no_such_key: 1}}\n", "no_such_key"),
        ("services: {web: {image: nginx, depends_on: [nobody]}}\n", "nobody"),
        ("services: {web: {image: nginx, env_file: gone.env}}\n", "gone.env"),
        ("services: {web: {image: '${MUST:?is needed}'}}\n", "MUST"),
        ("services: {web: {}}\n", "image"),
        ("services: {}\n", "no service"),
        ("", "empty"),
    ],
)
def test_a_broken_project_is_refused_in_composes_words(
    compose: Compose, tmp_path: Path, text: str, said: str
) -> None:
    file = write(tmp_path, compose__yaml=text)
    with pytest.raises(UsageError) as caught:
        compose.resolve([file])
    assert said in caught.value.happened
    assert str(file) in caught.value.tried


def test_a_file_that_is_not_there_is_named(compose: Compose, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        compose.resolve([tmp_path / "gone.yaml"])
    assert "gone.yaml" in caught.value.tried
    with pytest.raises(UsageError, match="standard input"):
        compose.resolve([Path("-")])
    with pytest.raises(UsageError, match=r"no compose\.yaml"):
        compose.resolve(project_directory=tmp_path)


def test_progress_and_warnings_are_no_errors() -> None:
    stderr = (
        'time="2026" level=warning msg="x"\n Container lacre-x-1  Creating\n'
        " Network lacre_default  Created\nError response from daemon: no\n"
    )
    assert error_lines(stderr) == "Error response from daemon: no"
    assert len(error_lines("x" * 10000)) <= 600
