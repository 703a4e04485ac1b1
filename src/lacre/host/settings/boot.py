"""Parameters that only a restart can change: told, never written."""

from __future__ import annotations

from lacre.host.model import Setting

SETTINGS: tuple[Setting, ...] = ()
