import json
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lacre.cli.app import app
from lacre.cli.seal import JOBS
from lacre.errors import EngineError, UsageError
from lacre.seal.model import Exercise, Margin
from tests.unit.cli.fakes import FakeWork, chosen
from tests.unit.report import samples


def run(*arguments: str, work: FakeWork | None = None) -> Result:
    return CliRunner().invoke(app, ["seal", *arguments], obj=work or FakeWork(), prog_name="lacre")


def test_a_whole_seal_ends_with_0_and_is_written_to_the_directory_that_was_named(tmp_path: Path) -> None:
    work = FakeWork()
    result = run("-o", str(tmp_path / "new"), work=work)
    assert result.exit_code == 0, result.output
    assert work.written_to == tmp_path / "new"
    assert list(work.written) == [*samples.FILES, "report.html"]
    assert f"wrote {tmp_path}/new/lacre.yaml" in result.stdout
    assert f"-f {tmp_path}/new/compose.sealed.yaml up -d" in result.stdout


def test_a_seal_with_a_control_off_ends_with_3(tmp_path: Path) -> None:
    result = run("-o", str(tmp_path), work=FakeWork(seal=samples.SEAL))
    assert result.exit_code == 3
    assert "it writes into its own program directory /opt/db/bin" in result.stdout


def test_a_dry_run_writes_nothing() -> None:
    work = FakeWork()
    result = run("--dry-run", work=work)
    assert result.exit_code == 0
    assert work.written_to is None
    assert "nothing written" in result.stdout


def test_json_alone_is_on_standard_output() -> None:
    result = run("--dry-run", "--format", "json", "--exercise", "PGPASSWORD=hunter2 psql")
    said = json.loads(result.stdout)
    assert said["whole"] is True
    assert len(said["warnings"]) == 2
    assert "observing   web" in result.stderr
    assert "warning: an exercise seems to contain a password" in result.stderr
    assert "hunter2" not in result.stderr


def test_every_option_reaches_the_pipeline() -> None:
    work = FakeWork()
    result = run(
        *("-f", "a.yaml", "-f", "b.yaml", "--profile", "full", "-p", "shop", "--project-directory", "/srv"),
        *("--service", "web", "--exercise", "web=curl x", "--exercise", "PGPASSWORD=$P psql"),
        *("--margin", "exact", "--ready-timeout", "3", "--exercise-timeout", "4"),
        *("--allow-egress", "one.example", "--allow-egress", "two.example", "--allow-host", "socket,pid"),
        *("--allow-host", "net", "--seccomp", "default", "--keep-twin", "--dry-run"),
        work=work,
    )
    assert result.exit_code == 0, result.output
    options = chosen(work)
    assert options.exercises == (
        Exercise(command="curl x", service="web"),
        Exercise(command="PGPASSWORD=$P psql"),
    )
    assert options.margin is Margin.EXACT
    assert options.services == ("web",)
    assert (options.ready_timeout, options.exercise_timeout) == (3.0, 4.0)
    assert options.allow_egress == ("one.example", "two.example")
    assert options.allow_host == {"socket", "pid", "net"}
    assert (options.seccomp, options.keep_twin) == ("default", True)
    assert work.source is not None
    assert work.source.files == (Path("a.yaml"), Path("b.yaml"))
    assert (work.source.profiles, work.source.name) == (("full",), "shop")
    assert work.source.directory == Path("/srv")


@pytest.mark.parametrize(
    ("arguments", "jobs"),
    [
        ((), JOBS),
        (("--exercise", "true"), 1),
        (("--keep-twin",), 1),
        (("--exercise", "true", "--jobs", "3"), 3),
        (("--keep-twin", "--jobs", "1"), 1),
    ],
)
def test_twins_run_side_by_side_where_no_script_could_be_in_its_own_way(
    arguments: tuple[str, ...], jobs: int
) -> None:
    work = FakeWork()
    assert run("--dry-run", *arguments, work=work).exit_code == 0
    assert chosen(work).jobs == jobs


def test_the_last_of_twins_at_the_same_time_is_not_one() -> None:
    result = run("--dry-run", "--keep-twin", "--jobs", "2")
    assert isinstance(result.exception, UsageError)


def test_an_image_takes_run_options_after_two_dashes() -> None:
    work = FakeWork()
    result = run("nginx:1.27", "--dry-run", "--", "-p", "80:80", "-e", "A=b", work=work)
    assert result.exit_code == 0, result.output
    assert work.image == ("nginx:1.27", ("-p", "80:80", "-e", "A=b"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--", "-p", "80:80"), "are run options without an image"),
        (("nginx", "-f", "compose.yaml"), "together with Compose files"),
        (("--service", "nobody"), "the project has no service nobody"),
        (("-o", "/dev/null/x"), "is not a directory"),
    ],
)
def test_wrong_use_is_said_before_anything_is_done(arguments: tuple[str, ...], words: str) -> None:
    work = FakeWork()
    result = run(*arguments, work=work)
    assert isinstance(result.exception, UsageError)
    assert words in str(result.exception)
    assert work.options is None


@pytest.mark.parametrize(
    "arguments",
    [("--allow-host", "disk"), ("--margin", "none"), ("--ready-timeout", "0"), ("--nope",)],
)
def test_an_option_that_cannot_be_is_wrong_use(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_unwinds_once_writes_nothing_and_ends_with_130(number: signal.Signals) -> None:
    unwound = []

    def interrupted() -> None:
        try:
            os.kill(os.getpid(), number)
            raise AssertionError("the signal did not arrive")
        finally:
            os.kill(os.getpid(), number)  # a second one, while the twin is removed
            unwound.append(True)

    work = FakeWork(during=interrupted)
    before = signal.getsignal(number)
    result = run(work=work)
    assert result.exit_code == 130
    assert unwound == [True]
    assert work.written_to is None
    assert "still putting things in order" in result.stderr
    assert "nothing was written" in result.stderr
    assert signal.getsignal(number) == before


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = run("--dry-run", work=FakeWork(during=lambda: os.kill(os.getpid(), signal.SIGHUP)))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert result.exit_code == 0


def test_a_run_that_was_interrupted_and_left_something_says_what() -> None:
    def interrupted() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            raise EngineError("removing the twin", "network lacre-x (in use)", "run `lacre clean` later")

    result = run(work=FakeWork(during=interrupted))
    assert result.exit_code == 130
    assert "network lacre-x (in use)" in result.stderr
    assert "run `lacre clean` later" in result.stderr


def test_the_image_s_next_step_is_its_docker_run_line() -> None:
    result = run("nginx:1.27", "--dry-run", "--format", "json", work=FakeWork(of_image=True))
    assert json.loads(result.stdout)["next"].startswith("docker run ")
