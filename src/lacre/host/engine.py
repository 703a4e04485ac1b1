"""The daemon itself: asked whether it would take a file, told to read it again, or restarted when that is wanted."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from lacre.engine import process
from lacre.host.files import Root

_VALIDATE_SECONDS = 30.0
_RESTART_SECONDS = 180.0  # systemd's own limit for docker.service is none; containers take 10 s each to stop
_UNKNOWN_FLAG = "unknown flag"


def against(root: Root, program: str, file: str) -> str:
    """What dockerd has against a daemon.json; empty: nothing, or it is not asked, or cannot say (before 23.0).

    It is not asked where it would change the host by looking: with remapped users, `--validate` already makes
    their user in /etc/passwd and /etc/subuid (seen with 26.1).
    """
    try:
        if "userns-remap" in Path(file).read_text(encoding="utf-8") and not _remapped_user(root):
            return ""
        done = process.run([program, "--validate", "--config-file", file], seconds=_VALIDATE_SECONDS)
    except OSError:
        return ""
    if done.code == 0 or _UNKNOWN_FLAG in done.stderr:
        return ""
    return done.stderr.strip().replace(file, "the file") or f"dockerd --validate ended with {done.code}"


def _remapped_user(root: Root) -> bool:
    return "\ndockremap:" in "\n" + (root.text("/etc/passwd") or "")


def reload(root: Root, pid: int) -> str:
    """Sends SIGHUP to the daemon; why not, else empty. It logs, and never says, what it did not take."""
    try:
        handle = os.pidfd_open(pid)
    except OSError as problem:
        return problem.strerror or str(problem)
    try:
        if (root.text(f"/proc/{pid}/comm") or "").strip() != "dockerd":
            return f"process {pid} is no longer dockerd"
        signal.pidfd_send_signal(handle, signal.SIGHUP)
    except OSError as problem:
        return problem.strerror or str(problem)
    finally:
        os.close(handle)
    return ""


def restart() -> str:
    """Restarts the engine by systemd; why not, else empty."""
    try:
        done = process.run(["systemctl", "restart", "docker.service"], seconds=_RESTART_SECONDS)
    except OSError as problem:
        return f"systemctl: {problem.strerror}"
    if done.timed_out:
        return f"systemctl restart docker.service has not ended after {_RESTART_SECONDS:.0f} s"
    return "" if done.code == 0 else done.stderr.strip() or f"systemctl ended with {done.code}"
