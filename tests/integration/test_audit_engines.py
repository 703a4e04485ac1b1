"""The checks of engine, host and Swarm against engines that are really so: one with everything open, one closed.

Each is an engine of the test's own beside the machine's; see `engines_beside`.
"""

from __future__ import annotations

import json
import shlex
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from lacre.audit.model import Answer, Scope, Verdict
from tests.integration.engines_beside import ROOTLESS, Beside

Answers = dict[tuple[str, Scope], Answer]

OPEN = {
    "icc": True, "log-level": "error", "debug": True, "iptables": False, "experimental": True,
    "insecure-registries": ["registry.example:5000"], "cgroup-parent": "/lacre-test", "storage-driver": "overlay",
}  # fmt: skip
OPEN_FILES = {
    "/etc/docker/certs.d/registry.example/ca.crt": ("k", 0o666),
    "/etc/systemd/system/docker.service": ("[Service]\n", 0o664),
    "/etc/systemd/system/docker.socket": ("[Socket]\n", 0o664),
    "/etc/default/docker": ("", 0o666),
    "/etc/sysconfig/docker": ("", 0o664),
    "/etc/containerd/config.toml": ("", 0o666),
    "/etc/environment": ("", 0o644),
    "/usr/local/bin/ctr": ("", 0o775),
    "/root/.docker/config.json": (json.dumps({"auths": {"registry.example": {"auth": "YTpi"}}}), 0o600),
}
FAIL_OPEN = {
    "LC101", "LC102", "LC103", "LC201", "LC202", "LC203", "LC204", "LC205", "LC206", "LC207", "LC208", "LC209", "LC210",
    "LC212", "LC213", "LC214", "LC215", "LC216", "LC218", "LC219", "LC220", "LC301", "LC303", "LC305", "LC307", "LC309",
    "LC311", "LC313", "LC315", "LC317", "LC319", "LC321", "LC323", "LC325", "LC326", "LC327", "LC328", "LC405", "LC601",
    "LC602",
}  # fmt: skip
"""What the open engine fails. Missing: LC121 (the kernel's), LC122, LC211, LC217 and LC221, LC501 and 7xx."""

CLOSED = {
    "icc": False, "live-restore": True, "no-new-privileges": True, "userland-proxy": False, "ip": "127.0.0.1",
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 8192, "Hard": 65536}}, "userns-remap": "lacre-test",
    "log-driver": "syslog", "log-opts": {"syslog-address": "udp://192.0.2.1:514"},
    "authorization-plugins": ["lacre-test"], "tlsverify": True, "tlscacert": "/etc/docker/tls/ca.pem",
    "tlscert": "/etc/docker/tls/cert.pem", "tlskey": "/etc/docker/tls/key.pem",
}  # fmt: skip
CLOSED_FILES = {
    "/etc/docker/certs.d/registry.example/ca.crt": ("k", 0o444),
    "/etc/systemd/system/docker.service": ("[Service]\n", 0o644),
    "/etc/systemd/system/docker.socket": ("[Socket]\n", 0o644),
    "/etc/default/docker": ("", 0o644),
    "/etc/sysconfig/docker": ("", 0o644),
    "/etc/containerd/config.toml": ("", 0o644),
    "/etc/environment": ("DOCKER_CONTENT_TRUST=1\n", 0o644),
    "/usr/local/bin/ctr": ("", 0o755),
    "/root/.docker/config.json": (json.dumps({"credsStore": "pass", "auths": {"r": {}}}), 0o600),
}
NOT_CLOSED = {"LC201", "LC103", "LC121", "LC122", "LC211", "LC221", "LC501"}
"""What the closed engine of the same list does not pass; other tests show those that can be had."""

SOCKET = "import socket,os; s=socket.socket(socket.AF_UNIX); s.bind('/run/containerd/containerd.sock'); os.chmod('/run/containerd/containerd.sock', 0o{})"  # noqa: E501 - one program
PROGRAM = "/run/containerd/containerd.sock"


def keys(folder: Path, modes: dict[str, int]) -> None:
    """An authority, and a certificate and a key of the engine."""
    folder.mkdir(parents=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
         folder / "cert.pem", "-subj", "/CN=localhost", "-days", "2"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    for name, mode in modes.items():
        (folder / name).chmod(mode)


@pytest.fixture(scope="module")
def opened(engine: str) -> Iterator[Answers]:
    """The engine with everything open, and a TCP port that checks no client."""
    files = dict(OPEN_FILES)
    group = Path("/etc/group").read_text() + "lacre-open:x:64999:root,ana\n"
    files["/etc/group"] = (group, 0o644)
    beside = Beside(
        {**OPEN, "group": "lacre-open", "tlscacert": "/etc/docker/tls/ca.pem", "tlscert": "/etc/docker/tls/cert.pem",
         "tlskey": "/etc/docker/tls/key.pem", "tls": True},
        "-H", "tcp://0.0.0.0:2375", files=files,
    )  # fmt: skip
    keys(beside.place / "up/etc/docker/tls", {"ca.pem": 0o666, "cert.pem": 0o664, "key.pem": 0o644})
    (beside.place / "up/etc/docker").chmod(0o777)
    beside.file.chmod(0o666)
    with beside:
        (beside.place / "docker.sock").chmod(0o666)
        (beside.place / "data").chmod(0o755)
        beside.run("python3", "-c", SOCKET.format("666"))
        for number in range(22):
            beside.docker("import", "-", f"lacre-test/empty:{number}", input="\0" * 1024)
        for _ in range(11):
            beside.docker("create", "lacre-test/empty:0", "/nothing")
        yield beside.answers()


def test_an_open_engine_fails_what_is_open(opened: Answers) -> None:
    passed = {check for (check, _), answer in opened.items() if answer.verdict is not Verdict.FAILS}
    assert not FAIL_OPEN & passed, {
        c: opened[k].why for k in opened for c in [k[0]] if c in FAIL_OPEN & passed
    }


class Allows(BaseHTTPRequestHandler):
    """An authorization plugin that allows everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = {"Implements": ["authz"]} if self.path == "/Plugin.Activate" else {"Allow": True}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "engine"

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class _Plugin(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def closed(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """The engine with everything closed, its data on a file system of its own."""
    files = dict(CLOSED_FILES)
    account = "lacre-test:x:64998:64998::/:/bin/false\n"
    files["/etc/passwd"] = (Path("/etc/passwd").read_text() + account, 0o644)
    files["/etc/group"] = (Path("/etc/group").read_text() + "lacre-test:x:64998:\n", 0o644)
    files["/etc/subuid"] = files["/etc/subgid"] = ("lacre-test:100000:65536\n", 0o644)
    beside = Beside(
        CLOSED, "-H", "tcp://127.0.0.1:2376", files=files,
        more="mkdir -p {place}/data /run/docker/plugins; mount -t tmpfs tmpfs {place}/data\n"
        "mount --bind {place}/plugins /run/docker/plugins",
    )  # fmt: skip
    keys(beside.place / "up/etc/docker/tls", {"ca.pem": 0o444, "cert.pem": 0o444, "key.pem": 0o400})
    (beside.place / "up/etc/docker").chmod(0o755)
    (beside.place / "plugins").mkdir()
    with _Plugin(str(beside.place / "plugins/lacre-test.sock"), Allows) as plugin:
        threading.Thread(target=plugin.serve_forever, daemon=True).start()
        with beside:
            beside.run("python3", "-c", SOCKET.format("660"))
            yield beside.answers()
        plugin.shutdown()


def test_a_closed_engine_passes_what_the_open_one_fails(closed: Answers) -> None:
    verdicts = {check: answer.verdict for (check, _), answer in closed.items()}
    wrong = {
        check: verdicts[check] for check in FAIL_OPEN - NOT_CLOSED if verdicts[check] is not Verdict.PASSES
    }
    assert not wrong, [
        (a.check, a.why, [f.what for f in a.findings]) for a in closed.values() if a.check in wrong
    ]
    assert verdicts["LC217"] is Verdict.PASSES


def test_the_kernels_audit_is_told_by_the_rules_of_the_files(engine: str) -> None:
    """Without auditctl nothing says that the rules are in force: files that name everything are no pass."""
    every = ("/usr/bin", "/usr/sbin", "/usr/local", "/etc", "/run/containerd", "/usr/lib/systemd/system")
    files = {"/etc/systemd/system/docker.service": ("", 0o644)}
    with Beside({"iptables": False, "bridge": "none"}, files=files) as beside:
        rules = "".join(f"-w {path} -k docker\n" for path in (*every, beside.place))
        assert beside.answers()["LC103", Scope.HOST].verdict is Verdict.FAILS
        folder = beside.place / "up/etc/audit/rules.d"
        beside.run(
            "sh",
            "-c",
            f"mkdir -p /etc/audit/rules.d; printf %s {shlex.quote(rules)} > /etc/audit/rules.d/d.rules",
        )
        assert folder.is_dir()
        assert beside.answers()["LC103", Scope.HOST].verdict is Verdict.UNKNOWN
        beside.run("sh", "-c", "sed -i '/containerd/d; /usr.bin/d' /etc/audit/rules.d/d.rules")
        assert beside.answers()["LC103", Scope.HOST].verdict is Verdict.FAILS


AUDITED = """
from lacre.audit.beneath import host_alone
from lacre.audit.registry import BY_ID
from lacre.audit.run import of_host
(answer,) = of_host(host_alone(""), (BY_ID["LC103"],))
print(answer.verdict, *(found.what for found in answer.findings), sep="|", end="")
"""


def test_rules_that_the_kernel_does_not_heed_watch_nothing(tmp_path: Path) -> None:
    """Asked of this kernel by Debian's auditctl, laid over /usr/sbin where nobody else sees it. No rule is ever set,
    nor the kernel's audit switched on: what starts later would pay for it until the machine is started again.
    """
    subprocess.run(["apt-get", "download", "auditd", "libauparse0"], cwd=tmp_path, check=True)
    for package in tmp_path.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "root"], check=True)
    (library,) = tmp_path.glob("root/**/libauparse.so.0")
    script = (
        f"mount -t overlay overlay -o lowerdir={tmp_path}/root/sbin:/usr/sbin /usr/sbin\n"
        f"export LD_LIBRARY_PATH={library.parent}\n"
        'auditctl -s && exec "$0" -c "$1"'
    )
    words = ["unshare", "--mount", "sh", "-ec", script, sys.executable, AUDITED]
    status, _, said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.rpartition(
        "\n"
    )
    if "enabled 0" not in status.splitlines():
        pytest.skip("this kernel's audit is switched on")
    assert said == "fails|nothing is watched: the kernel's audit is switched off"


def test_a_file_that_cannot_be_read_any_more_is_told(engine: str) -> None:
    with Beside({"iptables": False, "bridge": "none"}) as beside:
        told = beside.answers()
        assert told["LC221", Scope.DAEMON].verdict is Verdict.PASSES
        assert told["LC202", Scope.DAEMON].verdict is Verdict.NOT_APPLICABLE
        beside.run("sh", "-c", "echo '{' > /etc/docker/daemon.json")
        told = beside.answers()
        assert told["LC221", Scope.DAEMON].verdict is Verdict.FAILS
        assert told["LC216", Scope.DAEMON].verdict is Verdict.UNKNOWN


def test_an_engine_of_an_ordinary_user_is_told(engine: str) -> None:
    words = ("--bridge=none", "--iptables=false")
    with Beside(
        {}, *words, script=ROOTLESS, unshare=("--user", "--map-root-user", "--mount", "--net")
    ) as beside:
        told = beside.answers()
    assert told["LC201", Scope.DAEMON].verdict is Verdict.PASSES
    assert told["LC209", Scope.DAEMON].verdict is Verdict.PASSES
    assert told["LC212", Scope.DAEMON].verdict is Verdict.NOT_APPLICABLE
    assert told["LC102", Scope.HOST].verdict is Verdict.NOT_APPLICABLE


def test_a_swarm_of_two_managers_is_told(engine: str) -> None:
    with Beside({"iptables": False}) as one, Beside({"iptables": False}) as two:
        link = f"ip link add peer0 type veth peer name peer0 netns {two.pid}"
        one.run(*link.split())
        for beside, address in ((one, "192.0.2.1"), (two, "192.0.2.2")):
            beside.run("ip", "address", "add", f"{address}/24", "dev", "peer0")
            beside.run("ip", "link", "set", "peer0", "up")
        one.docker("swarm", "init", "--advertise-addr=192.0.2.1")
        token = one.docker("swarm", "join-token", "--quiet", "manager").strip()
        two.docker("swarm", "join", "--advertise-addr=192.0.2.2", f"--token={token}", "192.0.2.1:2377")
        told = one.answers()["LC701", Scope.SWARM]
    assert [found.what for found in told.findings] == ["2 managers bear no more losses than 1"]
