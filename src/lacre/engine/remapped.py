"""Engines that give containers other users than the host's (userns-remap)."""

from __future__ import annotations

import re

_DATA = re.compile(r"/(\d{1,10})\.(\d{1,10})$")


def first_ids(data_root: str) -> tuple[int, int] | None:
    """The host's numbers of a container's user 0 and group 0; None: users are not remapped.

    An engine that remaps users keeps its data in a directory named for them (dockerd(8), --userns-remap).
    """
    found = _DATA.search(data_root)
    return (int(found[1]), int(found[2])) if found else None
