"""From what the engine shows and the host has to facts: pure, or on a tree of a test's own."""

from __future__ import annotations

import datetime
import errno
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.audit import programs
from lacre.audit.checks.files import plain_logins
from lacre.audit.checks.host import engine_watched
from lacre.audit.facts import acl, contents, daemon, host, sockets
from lacre.audit.facts.container import (
    Surroundings,
    bound_volumes,
    container,
    host_sources,
    published_protocols,
)
from lacre.audit.facts.host import Role
from lacre.audit.facts.image import Contents, image
from lacre.audit.facts.swarm import swarm
from lacre.audit.hiding import Hiding
from lacre.audit.kept import Kept
from lacre.audit.model import Answer, NotApplicable, Report, Unknown
from lacre.audit.registry import BY_ID, CHECKS
from lacre.audit.run import of_container, of_image
from lacre.engine import census, listening
from lacre.engine.inventory import EngineShown, SwarmShown
from lacre.engine.listening import Listener, inodes, listeners
from lacre.engine.project import Entry
from lacre.host.dockerd import EngineFacts
from lacre.host.files import Root
from lacre.report import audit_json, audit_junit, audit_sarif, audit_text
from lacre.report.text import Look
from tests.unit.audit import machines
from tests.unit.audit.machines import TODAY, process

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHOWN: dict[str, Any] = {
    "Id": "0" * 64,
    "Name": "/web",
    "Image": "sha256:1",
    "RestartCount": 2,
    "State": {"Running": True, "Status": "running", "Health": {"Status": "none"}},
    "Config": {"Image": "web:1", "User": "5", "Env": ["A=b=c", "B"], "Labels": {"x": "y"}},
    "HostConfig": {
        "RestartPolicy": {"Name": "no"},
        "CapAdd": ["CAP_NET_ADMIN", "sys_time"],
        "CpuQuota": 50000,
        "PidsLimit": -1,
        "Tmpfs": {"/tmp": "size=1m,noexec"},
        "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        "PortBindings": {"53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}]},
    },
    "Mounts": [
        {"Type": "bind", "Source": "/var/run", "Destination": "/r", "RW": False, "Propagation": "rprivate"},
        {"Type": "volume", "Source": "/var/lib/docker/volumes/v/_data", "Destination": "/v", "RW": True},
    ],
    "NetworkSettings": {"Ports": {}, "Networks": {"front": {}}},
}


def test_an_inspected_container_becomes_a_fact() -> None:
    found = container(SHOWN, Surroundings(), resolved={"/var/run": "/run"}, sockets={"/var/run": "a socket"})
    assert (found.name, found.user, found.restarts, found.restart, found.health) == ("web", "5", 2, "", "")
    assert found.cap_add == ("NET_ADMIN", "SYS_TIME")
    assert (found.cpus, found.pids, found.ulimits) == (0.5, 0, {"nofile": 2})
    assert found.environment == (("A", "b=c"), ("B", ""))
    bound, volume, tmpfs = found.mounts
    assert (bound.host, bound.read_only, bound.socket) == (("/run",), True, "a socket")
    assert (volume.host, volume.read_only) == ((), False)
    assert (tmpfs.kind, tmpfs.options) == ("tmpfs", ("size=1m", "noexec"))
    assert host_sources(SHOWN, {}) == ("/var/run",)
    # It has no ports in force, so those that were asked for count.
    assert [(p.address, p.published, p.target, p.protocol) for p in found.ports] == [
        ("127.0.0.1", "53", "53", "udp")
    ]
    assert published_protocols(SHOWN) == {"udp"}


def test_a_volume_that_is_a_directory_of_the_host_counts_as_one() -> None:
    options = {"type": "none", "o": "rw,bind", "device": "/run"}
    devices = bound_volumes(
        [
            {"Name": "v", "Driver": "local", "Options": options},
            {"Name": "plain", "Driver": "local", "Options": None},
            {"Name": "memory", "Options": {"type": "tmpfs", "o": "size=1m", "device": "tmpfs"}},
        ]
    )
    assert devices == {"v": "/run"}
    shown = {"Mounts": [{"Type": "volume", "Name": "v", "Source": "/data/v/_data", "Destination": "/v"}]}
    assert host_sources(shown, devices) == ("/run",)
    found = container(shown, Surroundings(), devices=devices, sockets={"/run": "a socket"})
    assert [(m.kind, m.source, m.host, m.socket) for m in found.mounts] == [
        ("bind", "/run", ("/run",), "a socket")
    ]


@pytest.mark.parametrize(
    ("host", "open_paths"),
    [({"MaskedPaths": [], "ReadonlyPaths": []}, True), ({"MaskedPaths": None}, False), ({}, False)],
)
def test_paths_without_the_engines_masks_are_seen(host: dict[str, Any], open_paths: bool) -> None:
    assert container({"HostConfig": host}, Surroundings()).open_paths is open_paths


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_LISTS = (
    "CapAdd",
    "CapDrop",
    "SecurityOpt",
    "Devices",
    "Ulimits",
    "Env",
    "Args",
    "Mounts",
    "ExecIDs",
    "Labels",
)


@given(st.sampled_from(["State", "Config", "HostConfig", "NetworkSettings", "Mounts", "Args"]), JSON)
def test_an_engine_that_shows_something_else_breaks_nothing(key: str, value: Any) -> None:
    found = container({**SHOWN, key: value}, Surroundings())
    list(of_container(found, CHECKS))


@given(st.sampled_from(_LISTS), JSON)
def test_a_list_that_is_none_breaks_nothing(key: str, value: Any) -> None:
    shown = {
        **SHOWN,
        "HostConfig": {**SHOWN["HostConfig"], key: value},
        "Config": {**SHOWN["Config"], key: value},
    }
    list(of_container(container(shown, Surroundings()), CHECKS))


@pytest.mark.parametrize(
    ("created", "day"),
    [
        ("2026-11-01T10:00:00.123456789Z", datetime.date(2026, 11, 1)),
        ("1970-01-01T00:00:00Z", None),
        ("1980-01-01T00:00:01Z", None),
        ("", None),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_the_day_of_an_image_is_only_believed_when_it_can_be_true(
    created: str, day: datetime.date | None
) -> None:
    assert image({"Id": "sha256:1", "Created": created}, "web", TODAY).created == day


PULLED = {"Identity": {"Pull": [{"Repository": "docker.io/library/web"}]}}
BUILT = {"Identity": {"Build": [{"Ref": "x"}]}}


@pytest.mark.parametrize(
    ("shown", "pulled"),
    [
        ({"RepoDigests": []}, False),
        ({"RepoDigests": None}, False),
        ({"RepoDigests": ["web@sha256:2"]}, True),
        # the containerd store before Docker 29
        ({"RepoDigests": ["web@sha256:1"]}, None),
        ({"RepoDigests": ["web@sha256:1"], "Identity": {}}, None),
        ({"RepoDigests": ["web@sha256:1"], **BUILT}, False),
        ({"RepoDigests": ["web@sha256:1"], **PULLED}, True),
        ({"RepoDigests": ["web@sha256:1"], "Identity": BUILT["Identity"] | PULLED["Identity"]}, True),
        ({"RepoDigests": 7, "Identity": "x"}, False),
    ],
)
def test_whether_a_registry_has_an_image(shown: dict[str, Any], pulled: bool | None) -> None:
    assert image({"Id": "sha256:1", **shown}, "web", TODAY).pulled is pulled


def entry(mode: int, kind: str = "file", **changes: Any) -> Entry:
    return Entry(kind=kind, mode=mode, **{"uid": 0, "gid": 0, "size": 1, **changes})  # type: ignore[arg-type]


TREE = {
    "/bin/sh": entry(0o777, "link", link="dash", size=0),
    "/usr/bin/su": entry(0o4755),
    "/usr/bin/crontab": entry(0o2755),
    "/data.bin": entry(0o4644),  # set-uid, and nobody can run it
    "/usr/share/doc/gcc": entry(0o755),
    "/usr/bin/gcc": entry(0o755),
    "/tmp": entry(0o1777, "directory", size=0),
    "/app": entry(0o777, "directory", size=0),
    "/app/log": entry(0o666),
    "/root/.ssh/id_ed25519": entry(0o600),
    "/usr/share/x/examples/id_rsa": entry(0o600),
    "/home/a/.netrc": entry(0o600, size=0),
}
ACCOUNTS = "root:x:0:0::/root:/bin/sh\ntoor::0:0::/:/bin/sh\na:x:5:5::/:\n"


def test_an_image_is_summed_up() -> None:
    layered = ("/root/.ssh/id_ed25519", "/root/.netrc", "/home/a/.netrc")
    found = contents.contents(TREE, ACCOUNTS, "root:*:1:::::\na::1::::::\n", layered)
    assert found.buried == ("/home/a/.netrc", "/root/.netrc")  # one emptied by a later layer, one removed
    assert found.set_id == ("/usr/bin/crontab", "/usr/bin/su")
    assert found.writable == ("/app", "/app/log")
    assert found.tools == {
        "shell": ("/bin/sh",),
        "program to become root": ("/usr/bin/su",),
        "compiler": ("/usr/bin/gcc",),
    }
    assert found.keys == ("/root/.ssh/id_ed25519",)
    assert found.empty_passwords == ("toor", "a")
    assert found.same_ids == ("toor and root",)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/root/.npmrc", True),
        ("/usr/lib/node_modules/npm/.npmrc", False),  # comes with a public package
        ("/app/.env", True),
        ("/app/.env.production", True),
        ("/app/.env.production.local", True),
        ("/app/.env.production.example", False),
        ("/usr/share/nginx/html/.env", True),
        ("/usr/share/doc/x/.env", False),
        ("/usr/share/man/x/.env", False),
        ("/usr/share/x/examples/.env", False),
        *((f"/app/.env.{word}", False) for word in ("example", "sample", "template", "dist")),
    ],
)
def test_a_file_is_a_key_by_its_path(path: str, key: bool) -> None:
    assert contents.is_key(path) is key


def test_a_summary_is_kept_by_the_images_id_and_by_nothing_else(tmp_path: Path) -> None:
    kept, found, id = Kept(tmp_path / "k"), contents.contents(TREE, ACCOUNTS, ""), f"sha256:{'a' * 64}"
    assert kept.get(id) is None
    kept.put(id, found)
    assert kept.get(id) == found
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o700
    assert kept.get(f"sha256:{'b' * 64}") is None
    for other in ("sha256:../../x", "latest", ""):
        kept.put(other, found)
        assert kept.get(other) is None
    assert [file.name for file in (tmp_path / "k").iterdir()] == [f"{'a' * 64}.json"]
    file = next((tmp_path / "k").iterdir())
    for text in ("", "[]", '{"version": 0}', '{"version": 3}', '{"version": 3, "tools": 5}'):
        file.write_text(text)
        assert kept.get(id) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_summary_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    kept, id = Kept(tmp_path), f"sha256:{'a' * 64}"
    kept.put(id, Contents(tools={}))
    os.chown(tmp_path / f"{'a' * 64}.json", 12345, 0)
    assert kept.get(id) is None


def test_a_directory_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Kept(tmp_path / "file" / "below").put(f"sha256:{'a' * 64}", Contents(tools={}))
    Kept(None).put(f"sha256:{'a' * 64}", Contents(tools={}))


def make(root: Path, files: dict[str, tuple[str, int]]) -> Root:
    for path, (text, mode) in files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
    return Root(root)


def of_host(root: Root) -> tuple[dict[Role, tuple[host.File, ...]], dict[Role, str]]:
    return host.files(
        root, socket="/run/docker.sock", data_root="/var/lib/docker", config="/etc/docker/daemon.json", tls={}
    )


def test_the_unit_that_counts_and_what_adds_to_it_are_found(tmp_path: Path) -> None:
    root = make(
        tmp_path,
        {
            "/etc/systemd/system/docker.service": ("", 0o664),
            "/usr/lib/systemd/system/docker.service": ("", 0o644),
            "/etc/systemd/system/docker.service.d/10-tcp.conf": ("", 0o666),
            "/etc/systemd/system/docker.service.d/readme.txt": ("", 0o666),
            "/etc/docker/certs.d/r:5000/ca.crt": ("", 0o600),
            "/usr/bin/runc": ("", 0o755),
        },
    )
    found, unreadable = of_host(root)
    assert [(file.path, f"{file.mode:o}") for file in found[Role.SERVICE]] == [
        ("/etc/systemd/system/docker.service", "664"),
        ("/etc/systemd/system/docker.service.d/10-tcp.conf", "666"),
    ]
    assert [file.path for file in found[Role.REGISTRY_CERTIFICATES]] == ["/etc/docker/certs.d/r:5000/ca.crt"]
    assert [file.path for file in found[Role.PROGRAMS]] == ["/usr/bin/runc"]
    assert found[Role.CONFIG] == ()
    assert unreadable == {}


def test_what_adds_to_a_unit_is_found_in_every_place_where_systemd_looks(tmp_path: Path) -> None:
    added = (
        "/etc/systemd/system.control/docker.service.d/50-x.conf",
        "/run/systemd/system.control/docker.service.d/50-x.conf",
        "/etc/systemd/system/service.d/all.conf",
        "/usr/lib/systemd/system/service.d/all.conf",
        "/lib/systemd/system/docker.service.d/old.conf",
    )
    other = ("/etc/systemd/system/socket.d/all.conf", "/etc/systemd/system/ssh.service.d/x.conf")
    root = make(tmp_path, dict.fromkeys((*added, *other), ("", 0o666)))
    (tmp_path / "etc/systemd/system/service.d/masked.conf").symlink_to("/dev/null")
    found, _ = of_host(root)
    assert sorted(file.path for file in found[Role.SERVICE]) == sorted(added)
    assert [file.path for file in found[Role.SOCKET_UNIT]] == [other[0]]


def test_lib_that_is_a_link_is_no_place_of_its_own(tmp_path: Path) -> None:
    root = make(tmp_path, {"/usr/lib/systemd/system/docker.service.d/x.conf": ("", 0o666)})
    (tmp_path / "lib").symlink_to("usr/lib")
    found, _ = of_host(root)
    assert [file.path for file in found[Role.SERVICE]] == ["/usr/lib/systemd/system/docker.service.d/x.conf"]


def test_links_are_followed_inside_the_tree_and_loops_are_named(tmp_path: Path) -> None:
    root = make(tmp_path, {"/opt/docker.json": ("{}", 0o640)})
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").symlink_to("/opt/docker.json")
    (tmp_path / "etc/default").mkdir()
    (tmp_path / "etc/default/docker").symlink_to("docker")
    found, unreadable = of_host(root)
    assert [f"{file.mode:o}" for file in found[Role.CONFIG]] == ["640"]
    assert found[Role.DEFAULTS] == ()
    assert {role: text.partition(":")[0] for role, text in unreadable.items()} == {
        Role.DEFAULTS: "/etc/default/docker"
    }


def test_a_file_below_a_directory_that_others_can_write_can_be_replaced(tmp_path: Path) -> None:
    root = make(tmp_path, {"/opt/docker.json": ("{}", 0o644), "/usr/bin/runc": ("", 0o755)})
    for place in ("", "etc", "etc/docker", "usr", "usr/bin", "opt"):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place).chmod(0o777 if place == "opt" else 0o755)
    (tmp_path / "etc/docker/daemon.json").symlink_to("/opt/docker.json")
    found, _ = of_host(root)
    assert [file.replaced_in for file in found[Role.CONFIG]] == ["/opt"]
    assert [file.replaced_in for file in found[Role.PROGRAMS]] == [""]


OWN = (0x01, 6, 0xFFFFFFFF), (0x04, 6, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)  # owner, group, others


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """What `setfacl` has the kernel keep, of (tag, rights, number)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in sorted((*OWN, *entries)))


def test_whom_an_access_list_names_has_what_its_mask_leaves() -> None:
    data = access_list((0x02, 6, 1000), (0x02, 1, 1001), (0x08, 7, 100), (0x10, 6, 0xFFFFFFFF))
    assert acl.parsed(data) == (((1000, 6),), ((100, 6),))
    assert acl.parsed(access_list()) == ((), ())
    for broken in (b"", data[:-1], b"\x03" + data[1:]):
        with pytest.raises(OSError, match="unknown form"):
            acl.parsed(broken)


def test_an_access_list_of_a_file_is_read_and_root_in_it_is_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = access_list((0x02, 6, 0), (0x02, 6, 77777), (0x08, 4, 88888), (0x10, 6, 0xFFFFFFFF))
    monkeypatch.setattr(os, "getxattr", lambda *_: data)
    found, _ = of_host(make(tmp_path, {"/run/docker.sock": ("", 0o660)}))
    assert [(str(one), one.rights) for one in found[Role.SOCKET][0].named] == [
        ("the user 77777", 6),
        ("the group 88888", 4),
    ]


@pytest.mark.parametrize("number", [errno.ENODATA, errno.ENOTSUP, errno.EIO])
def test_a_list_that_cannot_be_read_is_untold_and_one_that_is_not_there_is_none(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "getxattr", refused)
    found, unreadable = of_host(make(tmp_path, {"/run/docker.sock": ("", 0o660)}))
    if number == errno.EIO:
        assert unreadable == {Role.SOCKET: "/run/docker.sock: Input/output error"}
    else:
        assert [file.named for file in found[Role.SOCKET]] == [()]
        assert unreadable == {}


MOUNTS = """22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 254:0 /d /var/lib/docker rw - ext4 /dev/vda rw
31 22 254:16 / /srv/my\\040data rw - ext4 /dev/vdb rw
32 31 254:16 /d /srv/my\\040data/docker rw - ext4 /dev/vdb rw
33 22 0:40 / /mnt rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("directory", "wanted"),
    [
        ("/srv/my data", True),
        ("/mnt/", True),
        ("/mnt/100000.100000", True),  # users remapped
        ("/mnt/docker", False),
        ("/var/lib/docker", False),  # bound over itself, as the engine does where mounts are private
        ("/srv/my data/docker", False),
        ("/nowhere", False),
    ],
)
def test_a_file_system_of_its_own_is_one_that_is_not_around_it_too(directory: str, wanted: bool) -> None:
    assert host.apart(directory, MOUNTS) is wanted
    assert host.apart(directory, "") is None


def test_members_of_the_group_are_found_by_both_files(tmp_path: Path) -> None:
    root = make(
        tmp_path,
        {
            "/etc/group": ("root:x:0:\ndocker:x:999:ana,bo\nbroken\n", 0o644),
            "/etc/passwd": (
                "root:x:0:0::/root:/bin/sh\nci:x:8:999::/:/bin/sh\nana:x:9:9::/:/bin/sh\n",
                0o644,
            ),
        },
    )
    assert host.members(root, "docker") == ("ana", "bo", "ci")
    assert host.members(root, "999") == ("ana", "bo", "ci")
    assert host.members(root, "root") == ("root",)
    assert host.members(root, "9") == ("ana",)
    assert host.members(root, "other") is None
    assert host.members(root, "8") is None


def test_content_trust_is_found_where_shells_read_it(tmp_path: Path) -> None:
    root = make(tmp_path, {"/etc/profile.d/x.sh": ("#DOCKER_CONTENT_TRUST=1\n", 0o644)})
    assert host.trust(root, "") == ""
    assert host.trust(root, "1").endswith("environment")
    make(tmp_path, {"/etc/profile.d/y.sh": ("export DOCKER_CONTENT_TRUST=1\n", 0o644)})
    assert host.trust(root, "0") == "/etc/profile.d/y.sh"


def test_a_plain_login_is_found_and_a_kept_one_is_not(tmp_path: Path) -> None:
    texts = {
        "a": {"auths": {"r": {"auth": "YTpi"}}},
        "b": {"auths": {"r": {}}, "credsStore": "pass"},
        "c": {"auths": []},
    }
    root = make(
        tmp_path, {f"/home/{n}/.docker/config.json": (json.dumps(t), 0o600) for n, t in texts.items()}
    )
    make(tmp_path, {"/home/d/.docker/config.json": ("{", 0o600)})
    found, unread = host.plain_logins(root, [f"/home/{name}" for name in "abcde"])
    assert found == ("/home/a/.docker/config.json",)
    assert [one.partition(": ")[0] for one in unread] == ["/home/d/.docker/config.json"]


@pytest.mark.parametrize("odd", ["pipe", "device", "nested", "number", "huge"])
def test_what_a_user_lays_in_the_place_of_his_logins_is_said_to_be_untested(odd: str, tmp_path: Path) -> None:
    kept = {"/home/b/.docker/config.json": (json.dumps({"auths": {"r": {"auth": "YTpi"}}}), 0o600)}
    make(tmp_path, kept)
    place = tmp_path / "home/a/.docker/config.json"
    place.parent.mkdir(parents=True)
    match odd:
        case "pipe":
            os.mkfifo(place)
        case "device":
            place.symlink_to("/dev/zero")
        case "nested":
            place.write_text("[" * 200_000)
        case "number":
            place.write_text("9" * 5000)
        case _:
            place.write_text(json.dumps({"auths": {"r" * (1 << 20): {"auth": "YTpi"}}}))
    found, unread = host.plain_logins(Root(), [f"{tmp_path}/home/a", f"{tmp_path}/home/b"])
    assert found == (f"{tmp_path}/home/b/.docker/config.json",)
    assert len(unread) == 1
    assert unread[0].startswith(f"{tmp_path}/home/a/.docker/config.json: it ")


def test_logins_that_could_not_be_looked_at_are_unknown_and_no_pass() -> None:
    fact = host.Host(unread_logins=("/home/a/.docker/config.json: it is nested too deeply",))
    assert list(plain_logins.host(fact)) == [Unknown("/home/a/.docker/config.json: it is nested too deeply")]


def test_the_rules_of_files_are_read_and_comments_are_none(tmp_path: Path) -> None:
    root = make(tmp_path, {"/etc/audit/rules.d/d.rules": ("-D\n# -w /x\n -w /etc/docker -k d\n", 0o640)})
    assert host.rules_of_files(root) == ("-w /etc/docker -k d",)
    assert host.rules_of_files(Root(tmp_path / "none")) is None


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("-w /etc/docker/ -p wa -k d", "/etc/docker"),
        ("-w /etc/docker", "/etc/docker"),
        ("-w /etc/docker -p r", ""),
        ("-w /etc/docker -pxr -k d", ""),
        ("-a always,exit -F path=/bin/runc -F perm=wx", "/usr/bin/runc"),
        ("-a always,exit -F path=/bin/runc -F perm=x", ""),
        ("-a exit,always -F path=/bin/runc -F perm=a -k d", "/usr/bin/runc"),
        ("-a never,exit -F path=/bin/runc", ""),
        ("-a exit,never -F path=/bin/runc -F perm=wa", ""),
        ("-d always,exit -F path=/bin/runc -F perm=wa", ""),
        ("-a always,exit -F dir=/lib/systemd -k d", "/usr/lib/systemd"),
        ("-a always,exit -S mount", ""),
        ("-w", ""),
    ],
)
def test_what_a_rule_watches(rule: str, path: str) -> None:
    assert engine_watched.path_of(rule) == path


def test_a_socket_is_known_by_its_inode(tmp_path: Path) -> None:
    real = tmp_path / "run" / "docker.sock"
    real.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(real))
        (tmp_path / "app.sock").symlink_to(real)
        (tmp_path / "hard").mkdir()
        os.link(real, tmp_path / "hard" / "other.sock")
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / "docker.sock").symlink_to(real)
        (tmp_path / "file").write_text("")
        (tmp_path / "above").mkdir()
        (tmp_path / "run").rename(tmp_path / "above" / "run")
        (tmp_path / "run").symlink_to(tmp_path / "above" / "run")
        names = (
            "run/docker.sock",
            "run",
            "above",
            "app.sock",
            "hard",
            "hard/other.sock",
            "links",
            "file",
            "none",
        )
        found = sockets.held([str(tmp_path / name) for name in names], {str(real): "Docker's socket"})
    assert {str(Path(path).relative_to(tmp_path)): what for path, what in found.items()} == {
        "run/docker.sock": "Docker's socket",
        "run": "Docker's socket as docker.sock",
        "above": "Docker's socket",
        "app.sock": "Docker's socket",
        "hard": "Docker's socket as other.sock",
        "hard/other.sock": "Docker's socket",
    }


def test_a_process_that_can_become_root_again_counts_as_root() -> None:
    """ProFTPD and the like change only their effective user: seteuid(2)."""
    script = "import os, sys; os.seteuid(65534); print(flush=True); sys.stdin.read()"
    if os.geteuid() != 0:
        pytest.skip("only root can give itself away")
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = census._process(str(process.pid), "")
        process.communicate()
    assert seen is not None
    assert seen.uid == 0
    assert seen.capabilities


def test_who_listens_is_told_with_address_and_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as near, socket.create_server(("", 0)) as far:
        own = inodes(os.getpid())
        found = {one.port: one for one in listeners("self") or () if one.inode in own}
        assert found[near.getsockname()[1]].loopback
        assert found[far.getsockname()[1]].address == "0.0.0.0"
        assert not found[far.getsockname()[1]].loopback
    assert listeners(0) is None


def test_ipv6_is_read_too() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as near:
        found = {one.port: one for one in listeners("self", ("tcp",)) or ()}
        assert found[near.getsockname()[1]].address == "::1"
        assert all(one.protocol == "tcp" for one in found.values())


def test_who_may_not_ask_the_kernel_reads_the_same_from_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int | str) -> socket.socket:
        raise PermissionError(pid)

    def own() -> set[Listener]:
        return {one for one in listeners("self") or () if one.inode in inodes(os.getpid())}

    with (
        socket.create_server(("127.0.0.1", 0)) as near,
        socket.create_connection(near.getsockname()),
        socket.create_server(("::", 0), family=socket.AF_INET6),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.2", 0))
        asked = own()
        monkeypatch.setattr(listening, "_in_namespace", refused)
        assert asked == own()
        assert {(one.protocol, one.address) for one in asked} >= {
            ("tcp", "127.0.0.1"),
            ("tcp", "::"),
            ("udp", "127.0.0.2"),
        }


def shown(**info: Any) -> EngineShown:
    return EngineShown(
        info={"Name": "far", "Driver": "overlay2", **info},
        version={
            "Components": [
                {"Name": "Engine", "Version": "20.10.24+dfsg1", "Details": {"GitCommit": "5d6db84"}},
                {"Name": "runc", "Version": "1.1.5+ds1", "Details": {"GitCommit": "1.1.5+ds1-1+deb12u1"}},
            ]
        },
        containers=(
            {"Id": "c1", "ImageID": "sha256:1", "State": "running", "Names": ["/a"]},
            {"Id": "c2", "ImageID": "sha256:1", "State": "exited", "Names": ["/b"]},
        ),
        images=(
            {"Id": "sha256:1", "RepoTags": ["web:1"]},
            {"Id": f"sha256:{'2' * 64}", "RepoTags": ["<none>:<none>"]},
            {"Id": "sha256:3", "RepoTags": None},
        ),
        networks=({"Name": "bridge", "Options": {"com.docker.network.bridge.enable_icc": "true"}},),
    )


def test_what_the_engine_says_becomes_a_fact() -> None:
    told = shown(
        SecurityOptions=["name=seccomp,profile=default", "name=rootless"],
        RegistryConfig={
            "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128", "10.0.0.0/8"],
            "IndexConfigs": {"docker.io": {"Secure": True}, "r:5000": {"Secure": False}},
        },
        Plugins={"Authorization": None},
        Swarm={"LocalNodeState": "inactive"},
    )
    found = daemon.daemon(told, EngineFacts(there=True), local=True, listening=None)
    assert found.insecure == ("10.0.0.0/8", "r:5000")
    assert (found.rootless, found.remapped, found.swarm, found.authorization) == (True, False, False, ())
    assert found.components == {"engine": "20.10.24+dfsg1", "runc": "1.1.5+ds1-1+deb12u1"}
    assert (found.images, found.unused, found.dangling) == (3, ("2" * 12, "3"), ("2" * 12, "3"))
    assert (found.containers, found.stopped) == (2, ("b",))
    assert daemon.asked_from(told, local=True).icc is True


@pytest.mark.parametrize(
    ("config", "insecure"),
    [
        (None, None),
        ({}, None),
        ({"InsecureRegistryCIDRs": ["127.0.0.0/8"], "Mirrors": None}, ()),
        ({"Mirrors": ["https://m.example/", "http://127.0.0.1:5000/", "http://localhost:5000/"]}, ()),
        ({"Mirrors": ["HTTP://10.0.0.5:5000/", "http://m.example/", "http://[broken/"]},
         ("HTTP://10.0.0.5:5000/", "http://[broken/", "http://m.example/")),
    ],
)  # fmt: skip
def test_a_mirror_without_tls_is_an_insecure_registry(config: Any, insecure: tuple[str, ...] | None) -> None:
    told = shown(RegistryConfig=config)
    found = daemon.daemon(told, EngineFacts(there=True), local=True, listening=None)
    assert found.insecure == insecure


def test_where_it_is_told_to_listen_is_read_from_both_places() -> None:
    facts = EngineFacts(there=True, text='{"hosts": ["tcp://1.2.3.4:1"]}', flags={"hosts": '["fd://"]'})
    found = daemon.daemon(shown(), facts, local=True, listening=None)
    assert found.hosts == ("fd://", "tcp://1.2.3.4:1")


def test_the_swarm_is_told_by_its_manager_only() -> None:
    assert isinstance(swarm(SwarmShown(), None).excuse, NotApplicable)
    assert isinstance(swarm(SwarmShown(why="no manager"), None).excuse, Unknown)
    found = swarm(
        SwarmShown(
            swarm={
                "Spec": {
                    "Name": "default",
                    "EncryptionConfig": {"AutoLockManagers": True},
                    "CAConfig": {"NodeCertExpiry": 90 * 86400 * 10**9},
                }
            },
            nodes=({"Spec": {"Role": "manager"}}, {"Spec": {"Role": "worker"}}),
            services=(
                {
                    "Spec": {
                        "Name": "db",
                        "TaskTemplate": {"ContainerSpec": {"Env": ["A=b"], "Secrets": [{"SecretName": "s"}]}},
                    }
                },
            ),
            networks=({"Name": "a", "Options": {"encrypted": ""}}, {"Name": "b", "Options": {}}),
        ),
        ("10.0.0.5",),
    )
    assert (found.managers, found.nodes, found.autolock, found.certificate_days) == (1, 2, True, 90.0)
    assert found.encrypted == {"a": True, "b": False}
    assert [(one.name, one.environment, one.secrets) for one in found.services] == [
        ("db", (("A", "b"),), ("s",))
    ]


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (process("nginx"), "nginx"),
        (process("php-fpm8.2", program="/usr/sbin/php-fpm8.2"), "PHP"),
        (
            process(
                "python3", program="/usr/bin/python3.11", words=("python3", "/usr/bin/supervisord", "-n")
            ),
            "supervisord",
        ),
        (process("sh", program="/bin/dash", words=("sh", "/x/mysqld_safe")), "MySQL"),
        (process("postgres", words=("postgres: walwriter ",)), "PostgreSQL"),
        (process("sshd (deleted)", program="/usr/sbin/sshd (deleted)"), "sshd"),
        (process("master", program="/usr/lib/postfix/sbin/master"), "master"),
        (process("master", program="/app/master"), None),
        (process("app", words=()), None),
    ],
)
def test_a_program_is_known_by_its_name_its_file_or_its_script(seen: Any, kind: str | None) -> None:
    found = programs.kind(seen)
    assert (found and found[1]) == kind


def test_what_came_in_from_outside_is_told_apart_with_all_below_it() -> None:
    own = process(pid=10, parent=1)
    child = process(pid=11, parent=10)
    shell = process(pid=20, parent=1)
    below = process(pid=21, parent=20)
    found = programs.started_inside((own, below, child, shell))
    assert [one.pid for one in found] == [10, 11]
    assert programs.started_inside(()) == ()


def test_hostile_names_reach_no_reader_raw() -> None:
    bad = "x\x1b[31m\n<script>&\u202e"
    fact = machines.of_processes(
        process(bad, uid=0, seccomp=False), environment=((f"{bad}_PASSWORD", "correct-horse"),)
    )
    of_image_ = machines.image(name=bad, labels=((f"{bad}_TOKEN", "correct-horse"),), history=(bad,))
    answers: list[Answer] = [*of_container(fact, CHECKS), *of_image(of_image_, CHECKS)]
    report = Report((), tuple(Hiding(TODAY).over(answer) for answer in answers))
    texts = [
        audit_text.render(report, BY_ID, Look(), every=True),
        audit_json.render(report, BY_ID),
        audit_sarif.render(report, BY_ID, "1"),
        audit_junit.render(report, BY_ID),
    ]
    for text in texts:
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script>" not in texts[3]
    jsonschema.validate(
        json.loads(texts[1]), json.loads((ROOT / "docs/schema/audit.schema.json").read_text())
    )
    jsonschema.validate(json.loads(texts[2]), json.loads((HERE / "data/sarif-2.1.0.json").read_text()))
    for found in json.loads(texts[2])["runs"][0]["results"]:
        assert "\x1b" not in found["message"]["text"]
