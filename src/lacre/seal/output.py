"""The files that a proved seal becomes, and the check that they say what was proved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lacre import render
from lacre.attacks import Comparison
from lacre.engine import Compose, Project
from lacre.errors import NotProvedError
from lacre.seal import file as seal_file
from lacre.seal.model import CONTROLS, Seal


@dataclass(frozen=True)
class Sealed:
    """A proved seal. `seconds`: wall time by stage; "orchestration" is what lacre itself added."""

    seal: Seal
    project: Project
    warnings: tuple[str, ...] = ()
    trials: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    attacks: Comparison | None = None

    @property
    def whole(self) -> bool:
        """Whether no control is off in any service."""
        return not any(
            getattr(service, control).trouble
            for service in self.seal.services.values()
            for control in CONTROLS
        )


def render_files(compose: Compose, sealed: Sealed, output: Path) -> dict[str, str]:
    """The files of an output directory, by path relative to it.

    Raises NotProvedError if Compose would read the override as anything else than what was proved.
    """
    project, seal = sealed.project, sealed.seal
    files = {"lacre.yaml": seal_file.dump(seal)}
    for name, service in seal.services.items():
        if service.syscalls.base == "allow-list":
            files[f"seccomp/{name}.json"] = render.seccomp(service)
    if not project.files:
        for name, service in seal.services.items():
            files["run.sh"] = "#!/bin/sh\n" + render.docker_run(
                service, project.services[name], str(output / "seccomp" / f"{name}.json")
            )
        return files
    files["compose.sealed.yaml"] = render.override(project, seal, output, compose.version)
    for name, content in render.inline_configs(project.config, seal.services).items():
        files[f"configs/{name}"] = content
    _check_override(compose, sealed, output, files["compose.sealed.yaml"])
    return files


def _check_override(compose: Compose, sealed: Sealed, output: Path, override: str) -> None:
    """What is proved is what is written: the base with the override must be the sealed project."""
    project = sealed.project
    place = Path(os.path.relpath(output, project.directory))
    expected = render.sealed_project(project.config, sealed.seal.services, place, project.directory)
    with tempfile.TemporaryDirectory(prefix="lacre-") as scratch:
        file = Path(scratch) / "compose.sealed.yaml"
        file.write_text(override, encoding="utf-8")
        merged = compose.config_of([*project.files, file], project.profiles, project.directory)
    for name, service in expected["services"].items():
        if merged["services"].get(name) != service:
            raise NotProvedError(
                f"writing the override to {output}",
                f"with it Compose {compose.version} reads service {name} as something else than was proved",
                "nothing was written; please report this with the output of docker compose config",
            )
