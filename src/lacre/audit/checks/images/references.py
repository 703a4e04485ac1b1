"""Names of images taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from lacre.audit.model import Unknown

UNTOLD = Unknown("the engine does not tell whether its image was built here or comes from a registry")
MOVING = frozenset(
    {"latest", "stable", "edge", "nightly", "dev", "develop", "master", "main", "testing", "unstable", "rolling",
     "canary", "beta", "alpha", "release", "prod", "production", "staging", "head", "snapshot", "mainline", "lts"}
)  # fmt: skip
"""Tags that mean another image tomorrow."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`registry/name:tag@digest`; `name` with the registry. `tag` and `digest` are empty where not given."""

    name: str
    tag: str
    digest: str


def reference(text: str) -> Reference:
    """An image reference taken apart; a colon before the last slash is a registry's port."""
    rest, _, digest = text.strip().partition("@")
    head, slash, last = rest.rpartition("/")
    if "${" in last and "}" in last:  # a colon inside ${X:-y} is none; variables that are known are put in
        close = last.rindex("}")
        name, colon, tag = last[: close + 1], *last[close + 1 :].partition(":")[1:]
        if not colon and ":" in last[: last.index("${")]:
            name, _, tag = last.partition(":")
    else:
        name, _, tag = last.partition(":")
    return Reference(f"{head}{slash}{name}", tag, digest)


def moving(found: Reference) -> bool:
    """Whether what it names may be another image tomorrow, by intent."""
    return not found.digest and (not found.tag or found.tag.lower() in MOVING)
