"""What the real `docker compose config` says of a project, beside what the light reader of the audit says."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lacre.audit.facts.service import Mount, Service
from lacre.audit.facts.text import Text
from tests.unit.engine.real_compose import compose_environment

SECONDS = 60
_NUMBER = re.compile(r"[0-9]+(?:_[0-9]+)+$")
_SHELL = ";&|<>"


class RefusedError(Exception):
    """Compose does not take the files; its words."""


def config(folder: Path, files: Sequence[str | Path]) -> dict[str, Any]:
    """The whole project as Compose sees it, all profiles in it; raises RefusedError."""
    environment = compose_environment()
    command = [f"{environment['PATH']}/docker-compose", *(w for file in files for w in ("-f", str(file)))]
    done = subprocess.run(
        [*command, "--profile", "*", "config", "--format", "json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode != 0 or not done.stdout:
        raise RefusedError(done.stderr.strip())
    found: dict[str, Any] = json.loads(done.stdout)
    for service in found.get("services", {}).values():
        for volume in service.get("volumes") or ():
            _bound(volume, found.get("volumes") or {})
    return found


def _bound(volume: dict[str, Any], named: dict[str, Any]) -> None:
    """A named volume that is a directory of the host by its driver's options is one for the reader, too."""
    options = (named.get(volume.get("source", "")) or {}).get("driver_opts") or {}
    if volume["type"] == "volume" and "bind" in options.get("o", "").split(","):
        volume.update(type="bind", source=options["device"])


def differences(theirs: dict[str, Any], mine: Service) -> Iterator[str]:
    """Of one service, in what matters for security: where the two views differ."""
    for key, (wanted, seen) in _views(theirs, mine).items():
        if wanted != seen:
            yield f"{mine.name}: {key}: Compose says {wanted!r}, the reader {seen!r}"


def _views(theirs: dict[str, Any], mine: Service) -> dict[str, tuple[object, object]]:
    """What Compose says and what the reader does, in one spelling."""
    restart = theirs.get("deploy", {}).get("restart_policy", {}).get("condition") or theirs.get("restart")
    views: dict[str, tuple[object, object]] = {
        "privileged": (theirs.get("privileged", False), bool(mine.privileged and mine.privileged.true)),
        "read_only": (theirs.get("read_only", False), bool(mine.read_only and mine.read_only.true)),
        "restart": (restart, _said(mine.restart)),
        "command": (_listed(theirs.get("command")), _words(mine.command)),
        "entrypoint": (_listed(theirs.get("entrypoint")), _words(mine.entrypoint)),
        "devices": (
            _devices(theirs.get("devices") or ()),
            [(_said(text) or "").partition(":")[0] for text in mine.devices],
        ),
        "logging": (
            (theirs.get("logging", {}).get("driver"), _pairs(theirs.get("logging", {}).get("options"))),
            (_said(mine.log_driver), {v.name: _said(v.value) or "" for v in mine.log_options}),
        ),
        "sysctls": (_pairs(theirs.get("sysctls")), {v.name: _said(v.value) or "" for v in mine.sysctls}),
        "labels": (_pairs(theirs.get("labels")), {v.name: _said(v.value) or "" for v in mine.labels}),
        "volumes": (
            sorted(_volumes(theirs.get("volumes") or (), {m.target for m in mine.mounts if not m.host})),
            sorted(_mounts(mine.mounts)),
        ),
        "tmpfs": (
            [text.partition(":")[0] for text in theirs.get("tmpfs") or ()],
            [m.target for m in mine.mounts if m.path.startswith("tmpfs")],
        ),
    }
    for key in (
        "image",
        "user",
        "network_mode",
        "pid",
        "ipc",
        "uts",
        "userns_mode",
        "cgroup",
        "cgroup_parent",
        "runtime",
    ):
        said = theirs.get(key)
        views[key] = said and _undoubled(said), _said(getattr(mine, key))
    for key in ("cap_add", "cap_drop", "security_opt", "device_cgroup_rules", "group_add"):
        name = {"device_cgroup_rules": "device_rules", "group_add": "groups"}.get(key, key)
        views[key] = theirs.get(key) or [], [_said(text) for text in getattr(mine, name)]
    test = theirs.get("healthcheck", {}).get("test")
    if test != ["NONE"]:
        shell = ["CMD-SHELL"] if _one_text(mine.health_test) else []
        views["healthcheck"] = _listed(test), shell + [_said(text) or "" for text in mine.health_test]
    if not any(file.unread for file in mine.env_files):
        of_files = [variable for file in mine.env_files for variable in file.variables]
        seen = {v.name: v.value and (_said(v.value) or "") for v in (*of_files, *mine.environment)}
        views["environment"] = _pairs(theirs.get("environment")), seen
    if "networks" in theirs:
        views["networks"] = set(theirs["networks"]), {name.text for name in mine.networks} or {"default"}
    # A range of ports is many in the one view, and one in the other.
    ports = {
        (p.address, p.published, p.target, p.protocol)
        for p in mine.ports
        if "-" not in p.target and not p.unset
    }
    published = {
        (p.get("host_ip", ""), p.get("published", ""), str(p["target"]), p["protocol"])
        for p in theirs.get("ports") or ()
    }
    views["ports"] = ports & published, ports
    return views


def _said(text: Text | None) -> str | None:
    """A value. The reader keeps a variable that nothing says, which is empty for Compose, and a number as it is
    written, which Compose counts.
    """
    found = text.text if text else ""
    for name in text.unset if text else ():
        found = found.replace(f"${{{name}}}", "")
    return (found.replace("_", "") if _NUMBER.match(found) else found) or None


def _words(command: tuple[Text, ...]) -> list[str]:
    """A command; one that is written as a text is taken apart by Compose, up to what only a shell would obey."""
    words = [_said(word) or "" for word in command]
    if _one_text(command):
        parts = shlex.shlex(words[0], posix=True, punctuation_chars=_SHELL)
        parts.whitespace_split, parts.commenters = True, ""
        return list(itertools.takewhile(lambda part: not part or part[0] not in _SHELL, parts))
    return words


def _one_text(texts: tuple[Text, ...]) -> bool:
    """Whether it was written as one text, not as a list."""
    return len(texts) == 1 and not texts[0].path.endswith("]")


def _listed(words: list[str] | None) -> list[str]:
    return [_undoubled(word) for word in words or ()]


def _devices(devices: Iterable[dict[str, str]]) -> list[str]:
    return [device["source"] for device in devices]


def _pairs(said: dict[str, str | None] | None) -> dict[str, str | None]:
    return {_undoubled(key): value and _undoubled(value) for key, value in (said or {}).items()}


def _undoubled(text: str) -> str:
    return text.replace("$$", "$")


def _volumes(volumes: Iterable[dict[str, Any]], unknown: set[str]) -> Iterator[tuple[str, str, bool, str]]:
    """The mounts; where the reader says that it does not know the source, Compose shall not tell it either."""
    for volume in volumes:
        known = volume["type"] == "bind" and volume["target"] not in unknown
        source = str(volume.get("source", "")) if known else ""
        yield volume["target"], volume["type"], volume.get("read_only", False), _path(source)


def _mounts(mounts: Iterable[Mount]) -> Iterator[tuple[str, str, bool, str]]:
    for mount in mounts:
        if mount.path.startswith("volumes["):
            source = "".join(mount.host[:1]) if mount.kind == "bind" and not mount.unknown else ""
            yield mount.target, mount.kind, mount.read_only, _path(source)


def _path(source: str) -> str:
    """A path of the host in one spelling: of a home the reader knows nothing."""
    path = source.removeprefix("/var") if f"{source}/".startswith("/var/run/") else source
    home = compose_environment()["HOME"]
    return (f"~{path.removeprefix(home)}" if path.startswith(home) else path).rstrip("/")
