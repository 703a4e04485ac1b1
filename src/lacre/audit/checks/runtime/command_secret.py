"""No secret stands in a command line, a label or a health check.

Command lines are seen by every user of the host in `ps`; labels and health checks are in `docker inspect`, and in
everything that collects it.

Mend: Let the program read the secret from a file: most take `--password-file`, or a variable that names one.

Example:

    services:
      cache:
        command: ["redis-server", "/run/secrets/redis.conf"]
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.running import secrets_of
from lacre.audit.checks.runtime.environment_secret import secrets_in
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.facts.text import Text
from lacre.audit.model import Confidence, Finding, Severity, Word
from lacre.audit.secrets import Looks, has_form, looks_like

_OPTION = re.compile(
    r"--?(?:require|master)?(?:pass(?:word|wd|phrase)?|requirepass|secret|token|api-?key)$", re.IGNORECASE
)
_INLINE = re.compile(
    r"(?:^|\s)--?(?:require|master)?(?:password|passwd|pass|secret|token|api-?key)[= ]+"
    r"(?P<value>[^\s'\"]+|\"[^\"]+\"|'[^']+')",
    re.IGNORECASE,
)


def service(service: Service) -> Iterator[Word]:
    for texts in (service.command, service.entrypoint, service.health_test):
        yield from _in_words(texts)
    yield from secrets_in(service.labels, "the labels")


def _in_words(texts: tuple[Text, ...]) -> Iterator[Word]:
    before = ""
    for text in texts:
        raw = text.raw or text.text
        if _is_secret(before, raw):
            yield Finding(
                what=f"a secret is written out in the {text.path}", place=text.place, path=text.path
            )
        before = raw


def container(container: Container) -> Iterator[Word]:
    for words, where in ((container.words, "command"), (container.health_test, "health check")):
        if any(_is_secret(before, word) for before, word in _pairs(words)):
            yield Finding(what=f"a secret is written out in the {where}", path=where)
    for process in container.processes[1:]:
        if any(_is_secret(before, word) for before, word in _pairs(process.words)):
            yield Finding(
                what=f"a secret is written out in the command line of {process.name}", path="processes"
            )
    yield from secrets_of(container.labels, "the labels")


def _pairs(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(("", *words), words, strict=False)


def _is_secret(before: str, raw: str) -> bool:
    found = _INLINE.search(raw)
    after_option = bool(_OPTION.match(before)) and looks_like(raw) is not Looks.NOTHING
    return has_form(raw) or after_option or bool(found and looks_like(found["value"]) is not Looks.NOTHING)


CHECK = Check(
    id="LC547",
    name="command-secret",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    service=service,
    container=container,
)
