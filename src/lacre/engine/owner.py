"""Whose a container, network or volume is: the lacre process that made it, said in a label."""

from __future__ import annotations

import os

from lacre.engine import kernel

TWIN_LABEL = "lacre.twin"  # the twin's id
OWNER_LABEL = "lacre.owner"  # machine / boot / process id namespace / pid / start time of its maker


def this_process() -> str:
    """The label's value for this process."""
    pid = os.getpid()
    return f"{kernel.machine()}/{kernel.boot_id()}/{kernel.pid_namespace()}/{pid}/{kernel.started_at(pid)}"


def may_live(owner: str) -> bool:
    """Whether the process that `owner` names may still run.

    Of an earlier boot of this machine: no. Of another machine (a shared, remote engine), or of this boot but
    another process id namespace: cannot be told from here, so yes.
    """
    machine, _, rest = owner.partition("/")
    boot, _, rest = rest.partition("/")
    namespace, _, rest = rest.partition("/")
    pid, _, started = rest.partition("/")
    if not rest:
        return False
    if machine != kernel.machine():
        return True
    if boot != kernel.boot_id():
        return False
    if namespace != kernel.pid_namespace():
        return True
    return pid.isdecimal() and bool(started) and kernel.started_at(int(pid)) == started
