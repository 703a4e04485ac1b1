"""What is in an image: the few things about its files that checks ask, from the whole tree. Pure.

The tree has a hundred thousand files and is read in seconds; what is kept of it is small, and is kept on disk by the
image's id, which never means anything else.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from lacre.audit.facts.image import Contents

if TYPE_CHECKING:
    from lacre.engine.project import Entry

VERSION = 3
"""Of what is kept: a summary that an older lacre made is made again."""

_SET_ID = 0o6000
_STICKY = 0o1000
_EVERYBODY = 0o002
_MANY = 200  # of one kind; an image made by an enemy has millions
_PROGRAMS = re.compile(
    r"^/(?:usr/)?(?:local/)?s?bin/[^/]+$|^/busybox/[^/]+$|^/usr/local/go/bin/[^/]+$|^/opt/[^/]+/bin/[^/]+$"
)

TOOLS: dict[str, tuple[str, ...]] = {
    "shell": ("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "busybox", "toybox"),
    "compiler": ("gcc", "g++", "cc", "c++", "clang", "tcc", "rustc", "go", "javac", "as", "ld", "make", "cmake"),
    "package manager": ("apt", "apt-get", "dpkg", "aptitude", "apk", "yum", "dnf", "microdnf", "tdnf", "zypper",
                        "rpm", "pacman", "pip", "pip3", "npm", "gem", "cargo", "composer"),
    "download tool": ("curl", "wget", "fetch", "ftp", "aria2c"),
    "network tool": ("nc", "ncat", "netcat", "socat", "nmap", "masscan", "tcpdump", "tshark", "telnet", "ssh"),
    "debugger": ("gdb", "gdbserver", "strace", "ltrace", "perf", "bpftrace"),
    "remote shell server": ("sshd", "dropbear", "telnetd"),
    "program to become root": ("sudo", "su", "doas", "pkexec"),
}  # fmt: skip
"""Programs by what an intruder does with them: he types into a shell, builds his tools with a compiler, installs
them with a package manager or fetches them, looks at the neighbours with network tools, reads the memory of other
processes with a debugger, comes back through a remote shell, and becomes root."""

_KEYS = re.compile(
    r"(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.git-credentials|\.netrc|\.npmrc|\.pypirc|\.pgpass|\.my\.cnf|\.htpasswd|"
    r"\.env(?:\.[\w.-]+)?(?<!\.example)(?<!\.sample)(?<!\.template)(?<!\.dist)|"
    r"\.aws/credentials|\.docker/config\.json|\.kube/config|\.azure/accessTokens\.json|"
    r"\.config/gcloud/(?:credentials\.db|application_default_credentials\.json)|terraform\.tfstate|"
    r"[^/]+\.(?:p12|pfx|ppk)|ssh_host_[a-z0-9]+_key)$"
)
"""Files that hold a credential by their very name. `.pem` and `.key` are left out: most are public, or examples."""
_EXAMPLES = re.compile(r"/(?:tests?|testdata|examples?|fixtures|doc|share/man)/|/node_modules/.*\.npmrc$")
"""What is public: examples, and the settings for npm that its packages bring along."""


def is_key(path: str) -> bool:
    """Whether a file of this path holds a credential."""
    return bool(_KEYS.search(path)) and not _EXAMPLES.search(path)


def contents(
    tree: Mapping[str, Entry], passwd: str, shadow: str, layered: Collection[str] | None = ()
) -> Contents:
    """The summary of a tree and of its accounts; `layered` are files with credentials of any layer,
    None: unknown.
    """
    files = [(path, entry) for path, entry in sorted(tree.items()) if entry.kind == "file"]
    keys = [path for path, entry in files if entry.size and is_key(path)]
    return Contents(
        set_id=tuple(path for path, entry in files if entry.mode & _SET_ID and entry.mode & 0o111)[:_MANY],
        writable=tuple(path for path, entry in sorted(tree.items()) if _writable(entry))[:_MANY],
        tools=_tools(tree),
        keys=tuple(keys)[:_MANY],
        buried=tuple(sorted(set(layered or ()).difference(keys)))[:_MANY],
        layers_read=layered is not None,
        empty_passwords=tuple(_empty(passwd, shadow))[:_MANY],
        same_ids=tuple(_same(passwd))[:_MANY],
    )


def _writable(entry: Entry) -> bool:
    if entry.kind == "directory":
        return bool(entry.mode & _EVERYBODY) and not entry.mode & _STICKY
    return entry.kind == "file" and bool(entry.mode & _EVERYBODY)


def _tools(tree: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    kinds = {name: kind for kind, names in TOOLS.items() for name in names}
    found: dict[str, list[str]] = {}
    for path in sorted(tree):
        kind = kinds.get(posixpath.basename(path))
        if kind is not None and _PROGRAMS.match(path) and tree[path].kind in ("file", "link"):
            found.setdefault(kind, []).append(path)
    return {kind: tuple(paths[:_MANY]) for kind, paths in found.items()}


def _empty(passwd: str, shadow: str) -> Iterator[str]:
    """Accounts that anybody may log into: the second field of passwd(5) or shadow(5) is empty."""
    for text in (passwd, shadow):
        for line in text.splitlines():
            fields = line.split(":")
            if len(fields) >= 7 and fields[0] and not fields[1]:
                yield fields[0]


def _same(passwd: str) -> Iterator[str]:
    first: dict[str, str] = {}
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[2].isdecimal():
            other = first.setdefault(str(int(fields[2])), fields[0])
            if other != fields[0]:
                yield f"{fields[0]} and {other}"


def as_text(found: Contents) -> str:
    """The summary for the disk."""
    return json.dumps({"version": VERSION, **asdict(found)})


def from_text(text: str) -> Contents | None:
    """What `as_text` wrote; None where it is of another version, or broken."""
    try:
        data = json.loads(text)
        if data.pop("version") != VERSION:
            return None
        tools = {str(kind): tuple(map(str, paths)) for kind, paths in data.pop("tools").items()}
        read = bool(data.pop("layers_read"))
        return Contents(
            tools=tools, layers_read=read, **{key: tuple(map(str, value)) for key, value in data.items()}
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
