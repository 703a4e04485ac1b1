"""All attacks, in the order in which they are tried and shown: the harmless first, the exhausting last."""

from __future__ import annotations

from lacre.attacks.escaping.mount import mount
from lacre.attacks.model import Attack

ATTACKS: tuple[Attack, ...] = (mount,)
