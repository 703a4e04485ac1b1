"""What a start leaves out in silence when it is not root's: `if [ "$(id -u)" = 0 ]` in many an entrypoint.

Nothing is refused there, so only the comparison with the baseline shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lacre.seal.context import ENGINE_PATHS, Context, is_below, parent
from lacre.seal.directories import NOT_STORED, is_byte_code, vanishes
from lacre.seal.prove import ServiceOutcome
from lacre.sensor import Executed, MappedExecutable, Opened, Write, WriteKind

# Where an entrypoint renames or renumbers the user that it then becomes (passwd(5), group(5), shadow(5), subuid(5));
# a trailing - is the copy that shadow-utils keep
_ACCOUNTS = re.compile(r"/etc/(passwd|group|g?shadow|sub[ug]id)-?")
# Names that are others in each container: UUIDs, container ids and hashes, numbers
_CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,}|[0-9]{4,}")


def skipped(outcome: ServiceOutcome, context: Context) -> frozenset[str]:
    """Lasting files that root alone made without a seal, and that nobody wrote, or was refused, in this trial.

    What is new in this trial and has the same name, or the same directory, is the same file for another user or in
    another container: `~/.pgpass`, `ssl/CONTAINER.key`.
    """
    made = {context.real(fact.path) for fact in _made(context)}
    by_others = {context.real(fact.path) for fact in _made(context) if fact.uid != 0}
    refused = {refusal.what for refusal in (*outcome.refusals, *outcome.questions)}
    tried = {context.real(path) for path in refused | outcome.wrote}
    known = {_CHANGING.sub("#", path) for path in tried}
    new = {_CHANGING.sub("#", path) for path in tried - made}
    elsewhere = {path.rpartition("/")[2] for path in new} | {parent(path) for path in new}
    return frozenset(
        path
        for path in _lasting_of_root(context) - by_others
        if not {same := _CHANGING.sub("#", path)} & known
        and not {same.rpartition("/")[2], parent(same)} & elsewhere
        and not vanishes(path)
        and not is_byte_code(path)
        and not any(is_below(path, known) for known in ENGINE_PATHS)
    )


def missed(outcome: ServiceOutcome, context: Context) -> dict[str, str]:
    """Those of the skipped files that are used: path → by whom.

    By who is not root, or by a program that did not write it and runs in this trial too: what the skipped part of an
    entrypoint reads itself, nobody misses without that part.
    """
    paths = {path for path in skipped(outcome, context) if not _ACCOUNTS.fullmatch(path)}
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
        runs = fact.by in outcome.executed and (path, fact.by) not in writers
        if path in paths and (fact.uid != 0 or runs):
            users[path] = min(fact.by, users.get(path, fact.by))
    return users


def _made(context: Context) -> Iterator[Write]:
    return (
        fact
        for fact in context.profile.of(Write)
        if fact.kind in {WriteKind.CREATE, WriteKind.MODIFY} and fact.filesystem not in NOT_STORED
    )


def _lasting_of_root(context: Context) -> set[str]:
    """Files that root made and that were there at the end; of mounts only what was removed is known."""
    removed = {fact.path for fact in context.profile.of(Write) if fact.kind is WriteKind.REMOVE}
    lasting = set()
    for fact in _made(context):
        path = context.real(fact.path)
        there = fact.path not in removed if context.is_mounted(path) else fact.path in context.profile.lasting
        if fact.uid == 0 and there:
            lasting.add(path)
    return lasting
