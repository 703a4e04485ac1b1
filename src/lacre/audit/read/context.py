"""What of a build context would be sent to the builder although it is secret: names only, nothing is read but
`.dockerignore`.
"""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path

from lacre.audit.read.files import UnreadableError, read_text

_SECRET = re.compile(
    r"^(?:\.env(?:\.(?!example|sample|template|dist)[\w.-]+)?|\.git|\.ssh|\.aws|\.kube|\.gnupg|\.netrc|\.npmrc|\.pypirc|"
    r"\.git-credentials|\.htpasswd|\.pgpass|id_(?:rsa|dsa|ecdsa|ed25519)|[\w.-]+\.(?:pem|key|p12|pfx|jks|kdbx)|"
    r"credentials\.json|kubeconfig|terraform\.tfstate(?:\.backup)?|[\w.-]+\.tfvars)\Z",
    re.IGNORECASE,
)
_MOST = 10_000  # names of one folder


def exposed(dockerfile: Path, folder: Path) -> tuple[str, ...]:
    """Secret-looking names at the top of the context `folder` that no `.dockerignore` keeps out."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(_MOST), entries, strict=False)]
    except OSError:
        return ()
    secret = sorted(name for name in names if _SECRET.match(name))
    if not secret:
        return ()
    rules = _rules(dockerfile.with_name(f"{dockerfile.name}.dockerignore"))  # even when it is empty
    if rules is None:
        rules = _rules(folder / ".dockerignore") or []
    return tuple(name for name in secret if not ignored(name, rules))


def _rules(path: Path) -> list[str] | None:
    try:
        return read_text(path).splitlines()
    except UnreadableError:
        return None


def ignored(name: str, rules: list[str]) -> bool:
    """Whether `.dockerignore` rules keep a name of the context's top folder out; the last that fits decides."""
    out = False
    for rule in rules:
        pattern = rule.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip().removeprefix("./").lstrip("/")
        pattern = pattern.removeprefix("**/").removesuffix("/**").rstrip("/")
        if fnmatch.fnmatchcase(name, pattern):
            out = not kept
    return out
