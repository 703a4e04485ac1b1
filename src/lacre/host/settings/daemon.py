"""Settings of the Docker engine: keys of daemon.json."""

from __future__ import annotations

from lacre.host.model import Default, Kind, Need, Setting, Severity
from lacre.host.settings.profiles import servers

_DOCS = "Docker documentation: dockerd, daemon configuration file"

SETTINGS = (
    Setting(
        id="engine.no-new-privileges",
        kind=Kind.ENGINE,
        key="no-new-privileges",
        title="processes of containers gain no privileges by running a file",
        why="a set-uid program in any image is a way from the application's user to root",
        sources=(_DOCS, "CIS Docker 1.6: 2.14"),
        severity=Severity.MEDIUM,
        wanted=servers("true"),
        breaks="sudo, ping with file capabilities, and mail queues inside containers started from then on",
        needs=(Need.PRIVILEGE_GAIN,),
        default=Default(value="false"),
    ),
)
