"""What a start leaves out in silence when it is not root's: `if [ "$(id -u)" = 0 ]` in many an entrypoint.

Nothing is refused there, so only the comparison with the baseline shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lacre.seal.context import ENGINE_PATHS, Context, is_below
from lacre.seal.directories import NOT_STORED, is_byte_code, vanishes
from lacre.seal.judge import volatile
from lacre.seal.prove import ServiceOutcome
from lacre.sensor import Executed, MappedExecutable, Opened, Write, WriteKind


def skipped(outcome: ServiceOutcome, context: Context) -> frozenset[str]:
    """Lasting files that root alone made without a seal, and that nobody wrote, or was refused, in this trial."""
    refused = {refusal.what for refusal in (*outcome.refusals, *outcome.questions)}
    tried = {volatile(context.real(path)) for path in refused | outcome.wrote}
    by_others = {context.real(fact.path) for fact in _made(context) if fact.uid != 0}
    by_root = {context.real(fact.path) for fact in _made(context) if fact.uid == 0 and _lasts(fact, context)}
    return frozenset(
        path
        for path in by_root - by_others
        if volatile(path) not in tried
        and not vanishes(path)
        and not is_byte_code(path)
        and not any(is_below(path, known) for known in ENGINE_PATHS)
    )


def missed(outcome: ServiceOutcome, context: Context) -> dict[str, str]:
    """Those of the skipped files that are used: path → who reads or runs it, another program or not as root."""
    paths = skipped(outcome, context)
    writers = {(context.real(fact.path), fact.by) for fact in _made(context)}
    users: dict[str, str] = {}
    for fact in context.profile.facts:
        match fact:
            case Opened() if not fact.directory:
                path = context.real(fact.path)
            case Executed() | MappedExecutable():
                path = context.real(fact.path)
            case _:
                continue
        if path in paths and (fact.uid != 0 or (path, fact.by) not in writers):
            users[path] = min(fact.by, users.get(path, fact.by))
    return users


def _made(context: Context) -> Iterator[Write]:
    return (
        fact
        for fact in context.profile.of(Write)
        if fact.kind in {WriteKind.CREATE, WriteKind.MODIFY} and fact.filesystem not in NOT_STORED
    )


def _lasts(fact: Write, context: Context) -> bool:
    """Whether a file was there at the end; of mounts only what was removed is known."""
    if not context.is_mounted(context.real(fact.path)):
        return fact.path in context.profile.lasting
    removed = (other.path for other in context.profile.of(Write) if other.kind is WriteKind.REMOVE)
    return fact.path not in removed
