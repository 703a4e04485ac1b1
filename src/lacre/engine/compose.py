"""The user's own Docker Compose: found, asked for the resolved project, and told to bring twins up.

Compose is never imitated: what a project means is what its `config` says (see docs/decisions/0030).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

from lacre.engine.normalise import double, project_from_config, readable, undouble
from lacre.engine.process import Finished, run
from lacre.engine.project import Project
from lacre.errors import EngineError, GroundError, UsageError

_CANDIDATES = (("docker", "compose"), ("docker-compose",))
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_CONFIG_SECONDS = 60.0
_PROGRESS = re.compile(
    r"^(Container|Network|Volume|Image) \S+ +"
    r"(Creat|Start|Stopp|Stop|Remov|Recreat|Wait|Exit|Healthy|Runn|Kill)"
)
# What a twin must not inherit: it has a name, files and profiles of its own.
_NOT_FOR_TWINS = ("COMPOSE_PROJECT_NAME", "COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_REMOVE_ORPHANS")


class Compose:
    """A Compose program that reports its failures: how it is called, and which version it says it is.

    Raises GroundError when there is none.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self.command, self.version = self._find()

    def _find(self) -> tuple[tuple[str, ...], str]:
        seen = []
        for command in _CANDIDATES:
            # A wrapper that drops the exit code of the real program (there is one on PyPI) would tell us
            # that every failed start went well.
            questions = (["version", "--short"], ["-f", os.devnull + "/none.yaml", "config", "--quiet"])
            try:
                with ThreadPoolExecutor() as pool:
                    said, wrong = pool.map(
                        lambda words, command=command: self._ask(command, words), questions
                    )
            except OSError:
                continue
            if said.code != 0:
                continue
            if wrong.code != 0:
                return command, said.stdout.strip().removeprefix("v")
            seen.append(" ".join(command))
        if seen:
            raise GroundError(
                "looking for Docker Compose",
                f"{' and '.join(seen)} ends with 0 even when it fails",
                "install the Compose plugin of Docker (docker-compose-plugin)",
            )
        raise GroundError(
            "looking for Docker Compose",
            "neither `docker compose` nor `docker-compose` works here",
            "install the Compose plugin of Docker (docker-compose-plugin)",
        )

    def _ask(self, command: Sequence[str], words: Sequence[str]) -> Finished:
        return run([*command, *words], seconds=_CONFIG_SECONDS, environment=self._environment)

    # Reading

    def resolve(
        self,
        files: Sequence[Path] = (),
        profiles: Sequence[str] = (),
        project_directory: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Project:
        """The project of `files` (or of Docker's default names, looked for from `project_directory` upward).

        Raises UsageError with Compose's own words when it cannot be read.
        """
        environment = {**self._environment, **(env or {})}
        chosen = tuple(files) or self.default_files(project_directory, environment)
        for file in chosen:
            if str(file) == "-":
                raise UsageError(
                    "reading the Compose project", "it comes from standard input", "give a file with -f"
                )
        chosen = tuple(file.absolute() for file in chosen)
        directory = (project_directory or chosen[0].parent).absolute()
        config = self.config_of(chosen, profiles, directory if project_directory else None, environment)
        return project_from_config(config, directory=directory, files=chosen, profiles=profiles)

    def config_of(
        self,
        files: Iterable[Path],
        profiles: Iterable[str] = (),
        project_directory: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The resolved configuration of `files`, as Compose merges them, `$` not doubled."""
        files = list(files)
        command = [*self.command]
        for file in files:
            command += ["-f", str(file)]
        for profile in profiles:
            command += ["--profile", profile]
        if project_directory is not None:
            command += ["--project-directory", str(project_directory)]
        said = run(
            [*command, "config", "--format", "json"],
            seconds=_CONFIG_SECONDS,
            environment=self._environment if env is None else env,
        )
        names = ", ".join(str(file) for file in files)
        if said.code != 0:
            _refused(f"reading the Compose project {names}", said)
        try:
            config = undouble(json.loads(said.stdout))
        except ValueError as problem:
            raise EngineError(
                f"reading the Compose project {names}",
                f"{' '.join(self.command)} {self.version} gave no JSON",
                "install a newer Docker Compose (2.24.4 or later)",
            ) from problem
        if not isinstance(config, dict) or not config.get("services"):
            raise UsageError(
                f"reading the Compose project {names}",
                "it has no service" + (" in these profiles" if profiles else ""),
                "name services in the file, or the profile that they are in with --profile",
            )
        return readable(config)

    def default_files(
        self, directory: Path | None = None, env: Mapping[str, str] | None = None
    ) -> tuple[Path, ...]:
        """What Compose reads without -f: COMPOSE_FILE, else the default names, here or above."""
        environment = self._environment if env is None else env
        start = (directory or Path.cwd()).absolute()
        if not environment.get("COMPOSE_FILE") and _names_files(start, environment):
            environment = self._from_env_files(start, environment)
        named = environment.get("COMPOSE_FILE")
        if named:
            separator = environment.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
            return tuple(start / part for part in named.split(separator) if part)
        for place in (start, *start.parents):
            for name in _NAMES:
                if (place / name).is_file():
                    more = next((place / o for o in _OVERRIDES if (place / o).is_file()), None)
                    return (place / name,) if more is None else (place / name, more)
        raise UsageError(
            "looking for a Compose file",
            f"there is no {_NAMES[0]} in {start} or above",
            "name it with -f, or go to the project's directory",
        )

    def _from_env_files(self, directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
        """`environment` with what the env files say: quotes, comments and `${X}` are Compose's to read."""
        said = run(
            [*self.command, "config", "--environment"],
            seconds=_CONFIG_SECONDS,
            directory=directory,
            environment=environment,
        )
        if "unknown flag" in said.stderr:
            raise UsageError(
                f"looking for the Compose files of {directory}",
                f"an env file sets COMPOSE_FILE, and Docker Compose {self.version} cannot tell to what",
                "name the files with -f",
            )
        if said.code != 0:
            _refused(f"reading the environment of the Compose project in {directory}", said)
        pairs = (line.partition("=") for line in said.stdout.splitlines())
        return {**environment, **{name: value for name, _, value in pairs if name.startswith("COMPOSE_")}}

    # Running twins

    def on(
        self,
        config: Mapping[str, Any],
        arguments: Sequence[str],
        *,
        name: str,
        directory: Path,
        seconds: float,
    ) -> Finished:
        """Runs Compose with `arguments` on a configuration (`$` not doubled), handed over by standard input.

        So it is on no disk: it holds the project's secrets. Relative paths in it start at `directory`.
        """
        environment = {key: v for key, v in self._environment.items() if key not in _NOT_FOR_TWINS}
        environment["COMPOSE_ANSI"] = "never"
        environment["COMPOSE_IGNORE_ORPHANS"] = "true"
        return run(
            [*self.command, "-p", name, "--project-directory", str(directory), "-f", "-", *arguments],
            seconds=seconds,
            stdin=json.dumps(double(config)),
            environment=environment,
        )


def _refused(tried: str, said: Finished) -> NoReturn:
    """Compose's own words, with what can be done about the ones that are common."""
    if said.timed_out:
        raise EngineError(tried, f"Compose did not end within {_CONFIG_SECONDS:.0f} s", "try again")
    words = error_lines(said.stderr)
    lower = words.lower()
    if "no such file" in lower and "env file" in lower:
        next_step = "create that env file, or mark it `required: false`"
    elif "no such file" in lower or "not found" in lower:
        next_step = "check the path given with -f, and the files that it includes"
    elif "yaml" in lower or "mapping" in lower or "unmarshal" in lower:
        next_step = "mend the YAML; `docker compose config` shows the same message"
    elif "variable" in lower and ("required" in lower or "missing" in lower):
        next_step = "set the variable in the environment or in the project's .env"
    else:
        next_step = "mend the file until `docker compose config` accepts it"
    raise UsageError(tried, words or f"Compose ended with {said.code}", next_step)


def error_lines(stderr: str, *, most: int = 600) -> str:
    """The telling part of what Compose printed: no progress, no warnings, at most `most` characters."""
    lines = []
    for line in stderr.splitlines():
        text = line.strip()
        if text and not (text.startswith("time=") and "level=warning" in text) and not _PROGRESS.match(text):
            lines.append(text)
    return " / ".join(lines[-6:])[:most]


def _names_files(directory: Path, environment: Mapping[str, str]) -> bool:
    """Whether an env file that Compose reads in `directory` may set COMPOSE_FILE."""
    if environment.get("COMPOSE_DISABLE_ENV_FILE", "").lower() in {"1", "t", "true"}:
        return False
    for name in (environment.get("COMPOSE_ENV_FILES") or ".env").split(","):
        try:
            if "COMPOSE_FILE" in (directory / name).read_text(encoding="utf-8", errors="replace"):
                return True
        except OSError:
            continue
    return False
