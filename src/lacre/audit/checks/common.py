"""What several checks say the same way."""

from __future__ import annotations

from collections.abc import Iterator

from lacre.audit.facts.text import Text
from lacre.audit.model import Confidence, Finding, Unknown, Word
from lacre.audit.secrets import Looks, has_form, looks_like, named_like_secret


def is_host(text: Text | None, what: str) -> Iterator[Word]:
    """A finding where a namespace is the host's; `what` says so."""
    if text is None:
        return
    if not text.known:
        yield Unknown(text.why_unknown)
    elif text.text.strip().lower() == "host":
        yield Finding(what=what, place=text.place, path=text.path)


def is_on(text: Text | None, what: str) -> Iterator[Word]:
    """A finding where a switch is on; `what` says so."""
    if text is None:
        return
    if not text.known:
        yield Unknown(text.why_unknown)
    elif text.true:
        yield Finding(what=what, place=text.place, path=text.path)


def options(texts: tuple[Text, ...]) -> Iterator[tuple[str, str, Text]]:
    """Security options as name and value: `seccomp=unconfined`, also with a colon, also in odd case."""
    for text in texts:
        name, mark, value = text.text.partition("=")
        if not mark:
            name, _, value = text.text.partition(":")
        yield name.strip().lower(), value.strip().strip("\"'"), text


def secret(name: str, value: str, where: str) -> Finding | None:
    """The fault of a variable or label whose value looks like a secret, or None. The value itself is never said."""
    form = has_form(value)
    looks = looks_like(value) if named_like_secret(name) else Looks.NOTHING
    if form or looks is Looks.SECRET:
        confidence = Confidence.HIGH if form else Confidence.MEDIUM
        return Finding(what=f"the value of {name} stands in {where}", confidence=confidence)
    if looks is Looks.PLACEHOLDER:
        return Finding(
            what=f"{name} in {where} has a value that everybody can guess", confidence=Confidence.LOW
        )
    return None


def capability(text: Text) -> str:
    """`cap_net_admin` and `NET_ADMIN` are one."""
    return text.text.strip().upper().removeprefix("CAP_")
