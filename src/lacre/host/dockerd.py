"""The daemon as the host sees it: its process, its flags, its file. Pure but for what `facts` hands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lacre.host import jsontext
from lacre.host.model import Place

if TYPE_CHECKING:
    from lacre.engine.daemon import DaemonFacts

_LOOPBACK = ("tcp://127.", "tcp://localhost", "tcp://[::1]")

CONFIG = "/etc/docker/daemon.json"
COMMAND_LINE = "dockerd's command line"

_PLURAL = {  # flags whose key in the file has another name (dockerd(8))
    "host": "hosts",
    "H": "hosts",
    "log-opt": "log-opts",
    "default-ulimit": "default-ulimits",
    "label": "labels",
    "storage-opt": "storage-opts",
    "exec-opt": "exec-opts",
    "insecure-registry": "insecure-registries",
    "registry-mirror": "registry-mirrors",
    "authorization-plugin": "authorization-plugins",
    "l": "log-level",
    "D": "debug",
    "b": "bridge",
    "s": "storage-driver",
    "G": "group",
    "p": "pidfile",
}
_SWITCHES = frozenset(
    {
        "icc", "live-restore", "no-new-privileges", "userland-proxy", "experimental", "iptables", "ip6tables",
        "ip-forward", "ip-masq", "ipv6", "selinux-enabled", "debug", "tls", "tlsverify", "init", "rootless",
        "raw-logs", "ip-forward-no-drop", "allow-direct-routing", "validate", "version", "help",
    }
)  # fmt: skip


_EMPTY = jsontext.Node({}, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """The engine of this host. `there`: it is installed, or has a file.

    `program` is what root may run to ask it about a file, empty: nothing. `text` is daemon.json, None where there
    is none; `broken` what is wrong with it. `stale`: the file is newer than the running daemon. `asked` is what the
    daemon itself says, None with `silent` why not. `node` is the file parsed, an empty object where there is none
    or it is broken.
    """

    there: bool
    running: bool = False
    pid: int = 0
    program: str = ""
    config: str = CONFIG
    text: str | None = None
    broken: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    stale: bool = False
    asked: DaemonFacts | None = None
    silent: str = ""
    node: jsontext.Node = field(init=False, repr=False)

    def __post_init__(self) -> None:
        readable = self.text is not None and not self.broken
        object.__setattr__(self, "node", jsontext.parse(self.text or "") if readable else _EMPTY)

    def flagged(self, key: str) -> bool:
        """Whether the command line speaks of the first name of `key`: dockerd refuses it in both places."""
        first = key.partition("/")[0]
        return any(flag.partition("/")[0] == first for flag in self.flags)

    def configured(self, key: str) -> tuple[str, Place] | None:
        """The value that will hold after a restart of the daemon, and where it stands; None: nobody says."""
        if key == "hosts":
            return self._hosts()
        if key in self.flags:
            return self.flags[key], Place(COMMAND_LINE)
        path = key.split("/")
        node = self.node
        found = jsontext.find(node, path)
        if found is None or self.text is None:
            return None
        return jsontext.compact(found.value), Place(self.config, jsontext.line_of(self.text, node, path))

    def _hosts(self) -> tuple[str, Place] | None:
        """Whether an address of the engine is open to the network: "open" or "closed", not the list itself."""
        place = Place(COMMAND_LINE)
        if "hosts" in self.flags:
            listed = jsontext.parse(self.flags["hosts"]).value
        else:
            found = jsontext.find(self.node, ["hosts"])
            if found is None or self.text is None:
                return None
            listed = found.value if isinstance(found.value, list) else [found.value]
            place = Place(self.config, jsontext.line_of(self.text, self.node, ["hosts"]))
        verified = self.configured("tlsverify")
        bare = [h for h in map(str, listed) if h.startswith("tcp://") and not h.startswith(_LOOPBACK)]
        is_open = bare and (verified is None or verified[0] != "true")
        return '"open"' if is_open else '"closed"', place


def flags(command: Sequence[str]) -> dict[str, str]:
    """The options of a command line as keys of the file with JSON values: `{"log-opts/max-size": '"10m"'}`."""
    found: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    words = list(command[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            break
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--"):
            # pflag takes `-Dl debug` and `-ldebug`; an equals sign may stand behind the letter.
            while name[:1] in ("D", "v") and len(name) > 1:
                found |= _switched(name[0], "true")
                name = name[1:]
            if len(name) > 1:
                name, equals, value = name[0], "=", name[1:] + equals + value
        following = bool(words) and not words[0].startswith("-")
        if name in _SWITCHES or _PLURAL.get(name) in _SWITCHES or not (equals or following):
            found |= _switched(name, value if equals else "true")
            continue
        if not equals:
            value = words.pop(0)
        key = _PLURAL.get(name, name)
        if key in ("log-opts", "default-ulimits"):
            inner, _, value = value.partition("=")
            found[f"{key}/{inner}"] = jsontext.compact(value)
        elif key != name and key.endswith("s"):
            lists.setdefault(key, []).append(value)
        else:
            found[key] = jsontext.compact(value)
    return found | {key: jsontext.compact(values) for key, values in lists.items()}


def _switched(name: str, value: str) -> dict[str, str]:
    """A switch as a key of the file; Go's strconv.ParseBool takes more words than two."""
    return {_PLURAL.get(name, name): "true" if value.lower() in ("1", "t", "true") else "false"}


def in_force(engine: EngineFacts, key: str) -> tuple[str | None, str]:
    """The value of a key in the running daemon, and why it is not known where it is None.

    An absent key is "null": the daemon's default holds, which the table knows.
    """
    said = _said(engine.asked, key)
    if said is not None:
        return said, ""
    if not engine.running:
        return None, "no dockerd runs"
    if engine.broken:
        return None, f"{engine.config} cannot be read: {engine.broken}"
    if engine.stale and key not in engine.flags:
        return None, f"{engine.config} is newer than the running dockerd"
    found = engine.configured(key)
    return ("null" if found is None else found[0]), ""


def _said(asked: DaemonFacts | None, key: str) -> str | None:
    """What the engine itself says of a key; None where it says nothing of it."""
    if asked is None:
        return None
    options = [dict(part.partition("=")[::2] for part in option.split(",")) for option in asked.security]
    named = {option.get("name", ""): option for option in options}
    said: dict[str, object] = {
        "live-restore": asked.live_restore,
        "experimental": asked.experimental,
        "log-driver": asked.logging_driver,
        "icc": asked.icc,
        "userns-remap": "default" if "userns" in named else "",
        "no-new-privileges": True if "no-new-privileges" in named else None,
        # Without seccomp in the kernel the engine does not name it at all.
        "seccomp-profile": named.get("seccomp", {}).get("profile", "unconfined"),
    }
    value = said.get(key)
    return None if value is None else jsontext.compact(value)
