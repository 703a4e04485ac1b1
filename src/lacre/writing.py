"""Files written whole or not at all, several as one, in the place of others' as these were."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from lacre.errors import GroundError, UsageError


def write_atomically(directory: Path, files: Mapping[str, str]) -> None:
    """Writes the texts to their paths below `directory`, which is made if need be; other files there stay.

    They are written and synced in a hidden directory beside their places first; only then the old ones are
    moved away and the new ones in, and on any failure (Ctrl-C included) back again. No symbolic link below
    `directory` is followed, nor one that is laid there meanwhile: a linked file is replaced, a linked directory
    refused with UsageError, as is what is neither a file nor a link. A file that is replaced keeps its owner, group
    and mode, as far as this user may give them: root writes into the projects of others. Raises GroundError when
    the file system does not do it.
    """
    for path in files:
        _check(directory, path)
    made = _missing(directory, files)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write(directory, files)
    except BaseException as error:
        for place in reversed(made):
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
        if isinstance(error, OSError):
            raise GroundError(
                f"writing to {directory}",
                error.strerror or str(error),
                "nothing was changed there: mend that and run it again, or write elsewhere",
            ) from error
        raise


def check_file(path: Path) -> None:
    """Raises UsageError where `write_file` will not write: before the work is done that it is to tell of."""
    directory = path.absolute().parent
    wrong = _no_file(path)
    if not wrong and not os.access(directory, os.W_OK | os.X_OK):
        wrong = f"lies where nothing can be written: {directory}"
    if wrong:
        raise UsageError(f"writing {path}", f"it {wrong}", "name a file that can be written")


def write_file(path: Path, text: str) -> None:
    """Writes one file that the user named, as `write_atomically` does; a link there is refused, since following it
    could change any file for whoever laid it, and replacing it is not what was asked. Raises UsageError, GroundError.
    """
    check_file(path)
    write_atomically(path.absolute().parent, {path.name: text})


def _no_file(path: Path) -> str:
    """What is at `path`, if it is no ordinary file; empty where nothing is."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "is a symbolic link"
    return "is a directory" if stat.S_ISDIR(mode) else "is no regular file"


def _check(directory: Path, path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or "\0" in path:
        raise UsageError(
            f"writing to {directory}", f"{path!r} is not a path below it", "this is a defect of lacre"
        )
    here = directory
    for part in parts[:-1]:
        here = here / part
        if here.is_symlink() or (here.exists() and not here.is_dir()):
            raise UsageError(
                f"writing to {directory}",
                f"{here} is a symbolic link, or no directory",
                "take it away, or write elsewhere",
            )
    target = directory / path
    if not target.is_symlink() and (wrong := _no_file(target)):
        raise UsageError(f"writing to {directory}", f"{target} {wrong}", "take it away, or write elsewhere")


def _missing(directory: Path, files: Mapping[str, str]) -> list[Path]:
    """The directories that will have to be made, outermost first."""
    wanted = {directory, *directory.parents}
    for path in files:
        wanted |= {directory / parent for parent in PurePosixPath(path).parents}
    return sorted((path for path in wanted if not path.exists()), key=lambda path: len(path.parts))


def _write(directory: Path, files: Mapping[str, str]) -> None:
    with contextlib.ExitStack() as stack:
        held: dict[PurePosixPath, Path] = {PurePosixPath(): _hold(stack, directory, follow=True)}
        targets = [_target(stack, held, PurePosixPath(path)) for path in files]
        made = Path(tempfile.mkdtemp(prefix=".lacre-", dir=held[PurePosixPath()]))
        try:
            _swap(_hold(stack, made), list(zip(targets, files.values(), strict=True)))
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _hold(stack: contextlib.ExitStack, directory: Path, *, follow: bool = False) -> Path:
    """A name of a directory that stays its name, whoever moves it or lays a link in its place meanwhile."""
    descriptor = os.open(
        directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    )
    stack.callback(os.close, descriptor)
    return Path(f"/proc/self/fd/{descriptor}")


def _target(stack: contextlib.ExitStack, held: dict[PurePosixPath, Path], path: PurePosixPath) -> Path:
    """Where a file belongs, below directories that are made and held."""
    for parent in reversed(path.parents):
        if parent not in held:
            place = held[parent.parent] / parent.name
            place.mkdir(exist_ok=True)
            held[parent] = _hold(stack, place)
    return held[path.parent] / path.name


def _swap(staging: Path, files: Sequence[tuple[Path, str]]) -> None:
    """Puts the texts in their places; on any failure all is as it was."""
    moved: list[tuple[Path, Path]] = []  # where an old file is kept, where it belongs
    placed: list[Path] = []
    try:
        for number, (target, text) in enumerate(files):
            _write_synced(staging / f"{number}.new", text, target)
        for number, (target, _) in enumerate(files):
            if _there(target):
                kept = staging / f"{number}.old"
                moved.append((kept, target))
                os.link(target, kept, follow_symlinks=False)
            placed.append(target)
            (staging / f"{number}.new").replace(target)
        for place in {target.parent for target, _ in files}:
            _sync(place)
    except BaseException:
        old = {target for _, target in moved}
        for kept, target in moved:
            if _there(kept):
                kept.replace(target)
        for number, target in enumerate(placed):
            if target not in old and not _there(staging / f"{number}.new"):
                target.unlink(missing_ok=True)
        raise


def _there(path: Path) -> bool:
    try:
        return bool(stat.S_IFMT(path.lstat().st_mode))
    except FileNotFoundError:
        return False


def _write_synced(path: Path, text: str, target: Path) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        _make_like(file.fileno(), target)
        os.fsync(file.fileno())


def _make_like(descriptor: int, target: Path) -> None:
    """Gives a new file the owner, group and mode of the ordinary file at `target`, which it will replace."""
    try:
        told = target.lstat()
    except OSError:
        return
    if not stat.S_ISREG(told.st_mode):
        return
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (told.st_uid, told.st_gid):
        with contextlib.suppress(PermissionError):  # only root gives files away
            os.fchown(descriptor, told.st_uid, told.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(told.st_mode) & 0o777)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
