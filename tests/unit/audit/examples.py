"""The examples of the checks: small files, with the answer that each must get.

`examples/LC505.txt` holds blocks. A block begins with `### ANSWER SCOPE [LINE:COLUMN]`; a further file of it with
`#### file NAME`. ANSWER is fails, passes, unknown or not applicable; SCOPE is service or stage.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

from lacre.audit.files import audit_target
from lacre.audit.find import Target
from lacre.audit.model import Answer, Scope, Verdict
from lacre.audit.registry import BY_ID

FOLDER = Path(__file__).parent / "examples"
TODAY = datetime.date(2026, 11, 25)
_HEAD = re.compile(r"^### (fails|passes|unknown|not applicable) (service|stage)(?: (\d+:\d+))?$")
VERDICTS = {
    "fails": Verdict.FAILS,
    "passes": Verdict.PASSES,
    "unknown": Verdict.UNKNOWN,
    "not applicable": Verdict.NOT_APPLICABLE,
}
SCOPES = {"service": Scope.SERVICE, "stage": Scope.STAGE}
NAMES = {Scope.SERVICE: "compose.yaml", Scope.STAGE: "Dockerfile"}


@dataclass(frozen=True)
class Example:
    check: str
    number: int
    verdict: Verdict
    scope: Scope
    place: str
    files: tuple[tuple[str, str], ...]

    def write(self, folder: Path) -> Path:
        """Write the files of the example; returns the one to audit."""
        for name, text in self.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return folder / self.files[0][0]

    def answers(self, folder: Path) -> tuple[Answer, ...]:
        """What the check says of the example."""
        file = self.write(folder)
        kind = "compose" if self.scope is Scope.SERVICE else "dockerfile"
        return audit_target(Target(kind, (file,)), (BY_ID[self.check],)).answers


def of(path: Path) -> list[Example]:
    """The examples of one file."""
    found: list[Example] = []
    head: re.Match[str] | None = None
    files: list[tuple[str, list[str]]] = []

    def close() -> None:
        if head:
            texts = tuple((name, "\n".join(lines) + "\n") for name, lines in files)
            scope = SCOPES[head[2]]
            found.append(Example(path.stem, len(found), VERDICTS[head[1]], scope, head[3] or "", texts))

    for line in path.read_text().splitlines():
        begun = _HEAD.match(line)
        if begun:
            close()
            head, files = begun, [(NAMES[SCOPES[begun[2]]], [])]
        elif line.startswith("#### file "):
            files.append((line.removeprefix("#### file "), []))
        else:
            assert head, f"{path.name}: {line!r} stands before the first block"
            files[-1][1].append(line)
    close()
    return found


EXAMPLES = [example for path in sorted(FOLDER.glob("*.txt")) for example in of(path)]
