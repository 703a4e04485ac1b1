"""Memory, processes, CPU and descriptors: to protect the host and the neighbours, not to fit the application.

So they are generous and stated: at least four times the peak, and never below a floor. What the user set
himself is kept. tmpfs pages count as memory, so the memory limit covers the tmpfs sizes too.
"""

from __future__ import annotations

from collections.abc import Iterable

from lacre.observe.model import WORK, Phase
from lacre.seal.context import Context
from lacre.seal.model import FileSystem, Grant, Limits, Margin
from lacre.seal.prove import ServiceOutcome
from lacre.sensor import Counters, Opened, Refusal, RefusedBecause

NAME = "limits"

MIB = 1024 * 1024
TIMES = {Margin.EXACT: 4, Margin.NORMAL: 4, Margin.WIDE: 8}
LEAST_MEMORY = 256 * MIB  # beside tmpfs
LEAST_TASKS = 64  # of who works alone
LEAST_TASKS_AT_WORK = 512  # of who has processes or threads: one a client, one a worker, and they come late
LEAST_CPUS = 1.0
MOST_TASKS = 32768  # pid_max of a small host (proc_sys_kernel(5))
LEAST_DESCRIPTORS = 65536  # connections come late: 2**16 of Docker's own 2**20, a sixteenth of what it was
MOST_DESCRIPTORS = 1048576  # fs.nr_open of the kernel (proc_sys_fs(5)): what Docker gives without a limit
# where the engine mounts its init (moby, daemon/oci_linux.go); /sbin is a link in merged images
INIT_PROGRAMS = frozenset({"/sbin/docker-init", "/usr/sbin/docker-init"})
NO_INIT = "no init"
RAISING = frozenset({"prlimit64", "setrlimit"})  # ask for SYS_RESOURCE when they go beyond the hard limit


def propose(context: Context, filesystem: FileSystem) -> Limits:
    """Limits from the peaks, where the base has none."""
    times, service, peaks = TIMES[context.margin], context.service, context.profile.peaks
    shm = service.shm_size or 64 * MIB
    tmpfs = sum(mount.size for mount in filesystem.tmpfs) + shm
    memory = max(LEAST_MEMORY, times * (peaks.memory or 0)) + tmpfs
    grows = any(
        (fact.forks or fact.tasks_peak > 1) and fact.phase in {*WORK, Phase.SIGNALS}
        for fact in context.profile.of(Counters)
    )
    least = LEAST_TASKS_AT_WORK if grows else LEAST_TASKS
    reads_limit = sorted({fact.by for fact in context.profile.of(Opened) if _tells_limit(fact.path)})
    if reads_limit:
        # who sizes itself from the limit (a virtual machine's heap) must not be sized from a short exercise
        memory = max(memory, context.host_memory // 2)
    # a limit below the base's reservation is refused by the engine (docker run reference, --memory-reservation)
    memory = max(memory, service.memory_reserved or 0)
    tasks = max(least, times * peaks.tasks)
    descriptors = _rounded(max(LEAST_DESCRIPTORS, times * peaks.descriptors), 1024)
    # never above what it had: raising the hard limit needs SYS_RESOURCE, and would be no limit
    had = peaks.descriptor_limit
    lower = had is not None and descriptors < had
    kept = "set in the project, kept"
    # a limit above the base's memswap_limit is refused by the engine (docker run reference, --memory-swap)
    kept_memory = bool(service.memory or service.config.get("memswap_limit"))
    # the engine takes cpus or these, not both (docker run reference, --cpus)
    kept_cpus = bool(service.cpus or service.config.get("cpu_quota") or service.config.get("cpu_period"))
    init = bool(context.profile.zombies) and service.init is None and not service.pid
    reaped = (_reaped(context),) if init else ()
    peak_memory = "unknown" if peaks.memory is None else f"{-(-peaks.memory // MIB)}M"
    return Limits(
        memory=None if kept_memory else _rounded(memory, 64 * MIB),
        pids=None if service.pids else _rounded(tasks, 16),
        cpus=None if kept_cpus else max(LEAST_CPUS, context.host_cpus / 2),
        nofile=descriptors if lower and not service.nofile else None,
        init=True if init else None,
        grants=(
            Grant(
                what="memory",
                reason=kept
                if kept_memory
                else f"half of the host's: {reads_limit[0]} sizes itself from the limit"
                if reads_limit
                else f"{times} times the peak of {peak_memory}, and all tmpfs and /dev/shm",
            ),
            Grant(
                what="pids",
                reason=kept
                if service.pids
                else f"{times} times the peak of {peaks.tasks} tasks, at least {least}",
            ),
            Grant(
                what="cpus",
                reason=kept
                if kept_cpus
                else f"half of the host's {context.host_cpus} cores, at least one: room for the neighbours",
            ),
            Grant(
                what="nofile",
                reason=kept
                if service.nofile
                else f"left at {had or 'what the engine gives'}: no lower limit would leave room enough"
                if not lower
                else f"2**16 or {times} times the highest descriptor, {peaks.descriptors}",
            ),
            *reaped,
        ),
    )


def _tells_limit(path: str) -> bool:
    """The files by which a process learns its memory limit (cgroups(7), version 1 and 2)."""
    return path.startswith("/sys/fs/cgroup") and path.endswith(("/memory.limit_in_bytes", "/memory.max"))


def mend(setting: Limits, refusals: Iterable[Refusal], context: Context) -> Limits:
    """Double whatever limit was hit, up to what a host bears.

    Descriptors eightfold where the application asks for more than there are."""
    refusals = tuple(refusals)
    hit = {refusal.because for refusal in refusals}
    larger: dict[str, int] = {}
    if RefusedBecause.MEMORY in hit and setting.memory:
        larger["memory"] = min(setting.memory * 2, max(setting.memory, context.host_memory // 2))
    if RefusedBecause.PROCESSES in hit and setting.pids:
        larger["pids"] = min(setting.pids * 2, MOST_TASKS)
    if RefusedBecause.FILES in hit and setting.nofile:
        larger["nofile"] = min(setting.nofile * 2, MOST_DESCRIPTORS)
    if any(r.what == "SYS_RESOURCE" and r.syscall in RAISING for r in refusals) and setting.nofile:
        larger["nofile"] = min(setting.nofile * 8, MOST_DESCRIPTORS)
    return setting.model_copy(update=larger) if larger else setting


def _reaped(context: Context) -> Grant:
    lying = f"{context.profile.zombies} ended processes that the main process left lying about"
    return Grant(what="init", reason=f"{lying}, each of which counts against the limit on processes")


def of_the_application(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Refusals but for those of the engine's init: it gets no grant, it goes (`reaping`)."""
    return tuple(refusal for refusal in refusals if refusal.by not in INIT_PROGRAMS)


def reaping(setting: Limits, outcome: ServiceOutcome) -> Limits:
    """Without the init where it is of no use, or is refused what it would have to do."""
    if not setting.init:
        return setting
    if outcome.zombies:
        return without_init(setting, "they are the application's own children, which no init can reap")
    refused = [r.what or r.syscall for r in outcome.refusals if r.by in INIT_PROGRAMS]
    return without_init(setting, f"it needs {refused[0]} itself") if refused else setting


def without_init(setting: Limits, reason: str, *, guessed: bool = False) -> Limits:
    """No init, and why: not a limit that is off, since the base has none either."""
    others = tuple(grant for grant in setting.grants if grant.what != "init")
    grant = Grant(what=NO_INIT, reason=f"processes are left lying about; {reason}", guessed=guessed)
    return setting.model_copy(update={"init": None, "grants": (*others, grant)})


def with_init(setting: Limits, context: Context) -> Limits:
    """The init tried once more."""
    others = tuple(grant for grant in setting.grants if grant.what != NO_INIT)
    return setting.model_copy(update={"init": True, "grants": (*others, _reaped(context))})


def covering(setting: Limits, filesystem: FileSystem, before: FileSystem) -> Limits:
    """The memory limit after tmpfs mounts were added or enlarged."""
    more = sum(m.size for m in filesystem.tmpfs) - sum(m.size for m in before.tmpfs)
    if setting.memory is None or more <= 0:
        return setting
    return setting.model_copy(update={"memory": setting.memory + _rounded(more, MIB)})


def given_up(reason: str) -> Limits:
    """No limits: the engine refuses them, or the application fails although none was seen to be hit."""
    return Limits(off=reason)


def _rounded(number: int, step: int) -> int:
    return -(-number // step) * step
