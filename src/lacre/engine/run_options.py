"""The options of `docker run`, as a Compose project of one service.

The words are those of docker(1) run; an option that is not in the tables is refused by name, so that
nothing is silently left out of what gets sealed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lacre.engine.normalise import project_from_config
from lacre.engine.project import Project
from lacre.errors import UsageError

_Config = dict[str, Any]
_TRIED = "reading the options of `docker run`"

_SHORT = {
    "c": "cpu-shares",
    "d": "detach",
    "e": "env",
    "h": "hostname",
    "i": "interactive",
    "l": "label",
    "m": "memory",
    "P": "publish-all",
    "p": "publish",
    "q": "quiet",
    "t": "tty",
    "u": "user",
    "v": "volume",
    "w": "workdir",
}
# One value that Compose takes under another name, as it is.
_VALUES = {
    "cgroup-parent": "cgroup_parent",
    "cgroupns": "cgroup",
    "cpu-shares": "cpu_shares",
    "cpuset-cpus": "cpuset",
    "domainname": "domainname",
    "hostname": "hostname",
    "ipc": "ipc",
    "isolation": "isolation",
    "mac-address": "mac_address",
    "memory": "mem_limit",
    "memory-reservation": "mem_reservation",
    "memory-swap": "memswap_limit",
    "memory-swappiness": "mem_swappiness",
    "name": "container_name",
    "oom-score-adj": "oom_score_adj",
    "pid": "pid",
    "pids-limit": "pids_limit",
    "platform": "platform",
    "restart": "restart",
    "runtime": "runtime",
    "shm-size": "shm_size",
    "stop-signal": "stop_signal",
    "user": "user",
    "userns": "userns_mode",
    "uts": "uts",
    "workdir": "working_dir",
}
_NUMBERS = frozenset(("cpu-shares", "memory-swappiness", "oom-score-adj", "pids-limit"))
# Values that add up.
_LISTS = {
    "cap-add": "cap_add",
    "cap-drop": "cap_drop",
    "device-cgroup-rule": "device_cgroup_rules",
    "dns": "dns",
    "dns-option": "dns_opt",
    "dns-search": "dns_search",
    "expose": "expose",
    "group-add": "group_add",
    "security-opt": "security_opt",
    "tmpfs": "tmpfs",
    "volumes-from": "volumes_from",
}
# KEY=VALUE pairs.
_PAIRS = {"env": "environment", "label": "labels", "sysctl": "sysctls"}
_FLAGS = {
    "init": "init",
    "interactive": "stdin_open",
    "oom-kill-disable": "oom_kill_disable",
    "privileged": "privileged",
    "read-only": "read_only",
    "tty": "tty",
}
_HEALTH = {
    "health-interval": "interval",
    "health-retries": "retries",
    "health-start-interval": "start_interval",
    "health-start-period": "start_period",
    "health-timeout": "timeout",
}
# How the original is run by hand; of no meaning for what it does.
_IGNORED_FLAGS = frozenset(("detach", "disable-content-trust", "publish-all", "quiet", "rm", "sig-proxy"))
_IGNORED_VALUES = frozenset(("attach", "cidfile", "detach-keys", "pull"))
_NAME = re.compile(r"[^a-zA-Z0-9._-]")


def service_name(image: str) -> str:
    """The last path component of an image reference: `nginx` of `a.b:5000/c/nginx:1@sha256:…`."""
    last = image.partition("@")[0].rstrip("/").rpartition("/")[2].partition(":")[0]
    return _NAME.sub("-", last).strip("-.") or "service"


def project_from_run_options(
    image: str,
    arguments: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str] | None = None,
) -> Project:
    """A project with one service, as `docker run ARGUMENTS… IMAGE COMMAND…` would run it from `directory`.

    `environment`: where `-e NAME` without a value takes it from. UsageError names what is not known.
    """
    name = service_name(image)
    parser = _Parser(directory, os.environ if environment is None else environment)
    command = parser.read(list(arguments))
    service: _Config = {"image": image, **parser.service}
    if command:
        service["command"] = command
    config: _Config = {"name": _project_name(name), "services": {name: service}}
    if parser.volumes:
        config["volumes"] = {key: {"name": key, "external": True} for key in parser.volumes}
    if parser.networks:
        service["networks"] = dict.fromkeys(parser.networks, parser.attachment or None)
        config["networks"] = {key: {"name": key, "external": True} for key in parser.networks}
    elif "network_mode" not in service:
        service["networks"] = {"default": parser.attachment or None}
        config["networks"] = {"default": {"name": f"{config['name']}_default"}}
    return project_from_config(config, directory=directory)


def _project_name(service: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", service.lower()).lstrip("_-") or "service"


class _Parser:
    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        self.environment = environment
        self.service: _Config = {}
        self.volumes: list[str] = []
        self.networks: list[str] = []
        self.attachment: _Config = {}
        self.special: dict[str, Callable[[str], None]] = {
            "add-host": self._add_host,
            "cpus": self._cpus,
            "device": self._device,
            "entrypoint": self._entrypoint,
            "env-file": self._env_file,
            "gpus": self._gpus,
            "health-cmd": lambda value: self._health("test", ["CMD-SHELL", value]),
            "ip": lambda value: self.attachment.update(ipv4_address=value),
            "ip6": lambda value: self.attachment.update(ipv6_address=value),
            "label-file": self._label_file,
            "log-driver": lambda value: self._logging("driver", value),
            "log-opt": self._log_option,
            "mount": self._mount,
            "network": self._network,
            "net": self._network,
            "network-alias": lambda value: self.attachment.setdefault("aliases", []).append(value),
            "net-alias": lambda value: self.attachment.setdefault("aliases", []).append(value),
            "publish": self._publish,
            "stop-timeout": lambda value: self.service.update(stop_grace_period=f"{_whole(value)}s"),
            "ulimit": self._ulimit,
            "volume": self._volume,
        }

    def read(self, words: list[str]) -> list[str]:
        """Takes the options off the front; what is left is the command."""
        while words and words[0].startswith("-") and words[0] != "-":
            word = words.pop(0)
            if word == "--":
                break
            if word.startswith("--"):
                option, equals, value = word[2:].partition("=")
                self._take(option, value if equals else None, words)
            else:
                self._take_short(word[1:], words)
        return words

    def _take_short(self, letters: str, words: list[str]) -> None:
        while letters:
            option = _SHORT.get(letters[0])
            if option is None:
                raise _unknown("-" + letters[0])
            letters = letters[1:]
            if _is_flag(option):
                if letters.startswith("="):
                    self._take(option, letters[1:], words)
                    return
                self._take(option, None, words)
                continue
            self._take(option, letters.removeprefix("=") if letters else None, words)
            return

    def _take(self, option: str, value: str | None, words: list[str]) -> None:
        if _is_flag(option):
            self._flag(option, value)
            return
        if not self._takes_value(option):
            raise _unknown("--" + option)
        if value is None:
            if not words:
                raise UsageError(_TRIED, f"--{option} needs a value", "add it, as for `docker run`")
            value = words.pop(0)
        if option in _VALUES:
            self.service[_VALUES[option]] = _whole(value) if option in _NUMBERS else value
        elif option in _LISTS:
            self.service.setdefault(_LISTS[option], []).append(value)
        elif option in _PAIRS:
            self._pair(_PAIRS[option], value)
        elif option in _HEALTH:
            self._health(_HEALTH[option], _whole(value) if option == "health-retries" else value)
        elif option in self.special:
            self.special[option](value)

    def _takes_value(self, option: str) -> bool:
        return (
            option in _VALUES
            or option in _LISTS
            or option in _PAIRS
            or option in _HEALTH
            or option in self.special
            or option in _IGNORED_VALUES
        )

    def _flag(self, option: str, value: str | None) -> None:
        if value is not None and value.lower() not in ("true", "false", "1", "0", "t", "f"):
            raise UsageError(_TRIED, f"--{option}={value} is neither true nor false", "write true or false")
        on = value is None or value.lower() in ("true", "1", "t")
        if option == "no-healthcheck":
            self.service["healthcheck"] = {"disable": on}
        elif option in _FLAGS:
            self.service[_FLAGS[option]] = on

    def _pair(self, key: str, spelled: str) -> None:
        name, equals, value = spelled.partition("=")
        pairs = self.service.setdefault(key, {})
        if equals:
            pairs[name] = value
        elif key != "environment":
            pairs[name] = ""
        elif name in self.environment:
            pairs[name] = self.environment[name]

    def _health(self, key: str, value: Any) -> None:
        self.service.setdefault("healthcheck", {})[key] = value

    def _logging(self, key: str, value: Any) -> None:
        self.service.setdefault("logging", {})[key] = value

    def _log_option(self, spelled: str) -> None:
        key, _, value = spelled.partition("=")
        self.service.setdefault("logging", {}).setdefault("options", {})[key] = value

    def _lines(self, file: str) -> Iterator[str]:
        path = self.directory / file
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except (OSError, ValueError) as problem:  # ValueError: a null byte in the path
            raise UsageError(_TRIED, f"{path} cannot be read: {problem}", "check the path") from problem
        for line in text.splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield line.lstrip()

    def _env_file(self, file: str) -> None:
        given = dict(self.service.get("environment") or {})
        for line in self._lines(file):
            self._pair("environment", line)
        self.service.setdefault("environment", {}).update(given)  # -e wins, wherever it stands

    def _label_file(self, file: str) -> None:
        for line in self._lines(file):
            self._pair("labels", line)

    def _entrypoint(self, value: str) -> None:
        self.service["entrypoint"] = [value] if value else [""]

    def _cpus(self, value: str) -> None:
        try:
            self.service["cpus"] = float(value)
        except ValueError:
            raise UsageError(_TRIED, f"--cpus {value} is no number", "write one, as 1.5") from None

    def _device(self, value: str) -> None:
        source, _, rest = value.partition(":")
        target, _, permissions = rest.partition(":")
        self.service.setdefault("devices", []).append(
            {"source": source, "target": target or source, "permissions": permissions or "rwm"}
        )

    def _gpus(self, value: str) -> None:
        count: Any = -1 if value == "all" else _whole(value)
        self.service["gpus"] = [{"count": count}]

    def _add_host(self, value: str) -> None:
        self.service.setdefault("extra_hosts", []).append(
            value.replace(":", "=", 1) if "=" not in value else value
        )

    def _network(self, value: str) -> None:
        if value in ("host", "none") or value.startswith("container:"):
            self.service["network_mode"] = value
        elif value not in ("bridge", "default"):
            self.networks.append(value.removeprefix("name=").partition(",")[0])

    def _publish(self, value: str) -> None:
        address_and_ports, _, protocol = value.partition("/")
        host, _, target = address_and_ports.rpartition(":")
        address, _, published = host.rpartition(":")
        first, _, last = target.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise UsageError(_TRIED, f"-p {value} names no port", "write HOST_PORT:CONTAINER_PORT")
        if last and not int(first) <= int(last) <= 65535:
            raise UsageError(_TRIED, f"-p {value} is no range of ports", "write FIRST-LAST")
        start, _, _ = published.partition("-")
        for step, number in enumerate(range(int(first), int(last or first) + 1)):
            port: _Config = {"mode": "ingress", "target": number, "protocol": protocol or "tcp"}
            if start.isdecimal():
                port["published"] = str(int(start) + step)
            if address:
                port["host_ip"] = address.strip("[]")
            self.service.setdefault("ports", []).append(port)

    def _ulimit(self, value: str) -> None:
        name, equals, limits = value.partition("=")
        soft, _, hard = limits.partition(":")
        if not equals:
            raise UsageError(_TRIED, f"--ulimit {value} has no limit", "write NAME=SOFT[:HARD]")
        self.service.setdefault("ulimits", {})[name] = {
            "soft": _whole(soft),
            "hard": _whole(hard) if hard else _whole(soft),
        }

    def _volume(self, value: str) -> None:
        parts = value.split(":")
        if len(parts) == 1:
            self._add_mount({"type": "volume", "target": value})
            return
        source, target = parts[0], parts[1]
        words = parts[2].split(",") if len(parts) > 2 else []
        mount: _Config = {"type": "bind", "source": source, "target": target}
        if source.startswith(("/", ".")):
            mount["source"] = os.path.normpath(self.directory / source)
            mount["bind"] = {"create_host_path": True}
        else:
            mount["type"] = "volume"
            if "nocopy" in words:
                mount["volume"] = {"nocopy": True}
        if "ro" in words or "readonly" in words:
            mount["read_only"] = True
        self._add_mount(mount)

    def _add_mount(self, mount: _Config) -> None:
        if mount["type"] == "volume" and mount.get("source"):
            self.volumes.append(mount["source"])
        self.service.setdefault("volumes", []).append(mount)

    def _mount(self, value: str) -> None:
        words = {}
        for part in value.split(","):
            key, equals, text = part.partition("=")
            words[key.strip().lower()] = text if equals else "true"
        kind = words.pop("type", "volume")
        target = words.pop("target", "") or words.pop("destination", "") or words.pop("dst", "")
        source = words.pop("source", "") or words.pop("src", "")
        if kind not in ("volume", "bind", "tmpfs") or not target:
            raise UsageError(
                _TRIED, f"--mount {value} is not understood", "write type=volume|bind|tmpfs,source=…,target=…"
            )
        mount: _Config = {"type": kind, "target": target}
        if source:
            mount["source"] = os.path.normpath(self.directory / source) if kind == "bind" else source
        for key, text in words.items():
            self._mount_word(mount, kind, key, text)
        self._add_mount(mount)

    def _mount_word(self, mount: _Config, kind: str, key: str, text: str) -> None:
        match key:
            case "readonly" | "ro":
                if text.lower() in ("true", "1"):
                    mount["read_only"] = True
            case "tmpfs-size":
                mount.setdefault("tmpfs", {})["size"] = text
            case "tmpfs-mode":
                mount.setdefault("tmpfs", {})["mode"] = int(text, 8) if text.isdecimal() else 0o1777
            case "volume-nocopy":
                mount.setdefault("volume", {})["nocopy"] = True
            case "volume-subpath":
                mount.setdefault("volume", {})["subpath"] = text
            case "bind-propagation":
                mount.setdefault("bind", {})["propagation"] = text
            case _:
                raise UsageError(_TRIED, f"{key} of --mount type={kind} is not understood", "leave it out")


def _is_flag(option: str) -> bool:
    return option in _FLAGS or option in _IGNORED_FLAGS or option == "no-healthcheck"


def _whole(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise UsageError(_TRIED, f"{value!r} is no whole number", "write one") from None


def _unknown(option: str) -> UsageError:
    return UsageError(
        _TRIED,
        f"{shlex.quote(option)} is not an option of `docker run` that lacre knows",
        "leave it out, or describe the container in a Compose file",
    )
