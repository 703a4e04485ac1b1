"""The engine has the fixes of known escapes.

Holes in runc, containerd and the engine let a container, or an image that is only built, become root on the host.
Their fixes are years old, and much that runs is older. What is newest today cannot be told without asking outside;
what is too old can.

Mend: Update the packages of the engine and restart it; with `live-restore` containers go on.

Example:

    $ apt-get update && apt-get install --only-upgrade docker-ce containerd.io
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Confidence, Finding, Severity, Unknown, Word

_Version = tuple[int, ...]
FIXED: dict[str, tuple[tuple[tuple[_Version, ...], str], ...]] = {
    "runc": (
        (
            ((1, 2, 8), (1, 3, 3)),
            "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881: out of the container by masked paths",
        ),
        (((1, 1, 12),), "CVE-2024-21626: out of the container by a leaked directory"),
    ),
    "containerd": (
        (((1, 6, 38), (1, 7, 27), (2, 0, 4)), "CVE-2024-40635: a large user number becomes root"),
    ),
    "engine": (
        (
            ((25, 0, 16), (29, 5, 1)),
            "CVE-2026-41567: copying an archive into a container runs its programs as root of the host",
        ),
        (((23, 0, 15), (25, 0, 6), (26, 1, 5), (27, 1, 1)), "CVE-2024-41110: past authorization plugins"),
    ),
}
"""The first good version of each line of releases, the newest last; a line before the first one was never mended.

Read in the projects' own words, as of August 2026: runc's CHANGELOG.md (1.2.8, 1.3.3 and 1.4.0-rc.3, and 1.1.12);
containerd's advisory GHSA-265r-hfxg-fhmg; Docker's release notes (29.5.1, 27.1.1, 25.0.6); for 26.1.5 and 23.0.15 the
advisory database (GHSA-v23v-6jw2-98fq), and moby's issue 48270 for no release of 24.0. Not verified: that 25.0.16 is
the first with moby's pull request 52647, which was merged in May 2026.

Left out on purpose: CVE-2026-41579 (runc before 1.3.6 and 1.4.3), which its authors call too limited to matter, and
containerd's of 2026 in its interface for Kubernetes, which this engine does not use.
"""


def daemon(daemon: Daemon) -> Iterator[Word]:
    if not daemon.components:
        yield Unknown("the engine does not say of what it is made")
        return
    for name, faults in FIXED.items():
        said = daemon.components.get(name, "")
        version = _parsed(said)
        if not version:  # "N/A", or runc is not the default runtime, which alone is told
            yield Unknown(f"{name}: the engine tells no version that can be read")
            continue
        missing = next((what for lines, what in faults if not _has(version, lines)), "")
        if missing and _of_distribution(said):
            yield Unknown(
                f"{name} {said}: the distribution puts fixes into old versions, and its changelog knows"
            )
        elif missing:
            yield Finding(what=f"{name} {said} lacks the fix of {missing}", path=name)


def _parsed(text: str) -> _Version:
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else ()


def _has(version: _Version, lines: tuple[_Version, ...]) -> bool:
    """Whether a version is of a later line than all, or at least the first good one of its own line."""
    own = [line for line in lines if line[:2] == version[:2]] or [line for line in lines if len(lines) == 1]
    return version >= own[0] if own else version > lines[-1]


def _of_distribution(text: str) -> bool:
    return bool(re.search(r"[~+-](?:dfsg|ds|deb|ubuntu|el|fc|amzn|\d)", text))


CHECK = Check(
    id="LC122",
    name="engine-version",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    cis="1.2.2",
    peers=("docker-bench:1.2.2",),
    daemon=daemon,
)
