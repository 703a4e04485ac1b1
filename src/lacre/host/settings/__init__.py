"""The table of settings: one list for `lacre host` and for the host section of `lacre audit`.

A new setting is a row in one of the files beside this one.
"""

from __future__ import annotations

from lacre.host.settings import boot, daemon, filesystem, kernel, network

SETTINGS = (
    *kernel.SETTINGS,
    *filesystem.SETTINGS,
    *network.SETTINGS,
    *daemon.SETTINGS,
    *boot.SETTINGS,
)

BY_ID = {setting.id: setting for setting in SETTINGS}
