"""Settings of files: links, pipes and core dumps."""

from __future__ import annotations

from lacre.host.model import Setting

SETTINGS: tuple[Setting, ...] = ()
