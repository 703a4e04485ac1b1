"""What Docker's default seccomp profile allows, as measured on engines 20.10.24 and 26.1.5.

Measured by reading the filter that the kernel runs (`tests/integration/bpf.py`: ptrace,
PTRACE_SECCOMP_GET_FILTER) in containers with the default capabilities, with none, and with each single one;
every answer of the filter was walked for every number of x86_64 and of i386. aarch64 has the same profile
less the calls that it does not know; the names that only 32-bit ARM has are from syscalls(2) and were not
measured. `tests/integration/test_seccomp.py` measures again and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

from lacre.seccomp.table import Row, row, union

ALWAYS: tuple[Row, ...] = (
    row(
        "read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 lseek sendfile splice tee"
        " copy_file_range close close_range dup dup2 dup3 pipe pipe2 fcntl flock ioctl fsync fdatasync sync"
        " syncfs"
        " sync_file_range truncate ftruncate fallocate fadvise64 readahead vmsplice",
        "data in and out of open files",
    ),
    row(
        "open openat openat2 creat stat lstat fstat newfstatat statx statfs fstatfs access faccessat"
        " faccessat2"
        " readlink readlinkat getdents getdents64 getcwd chdir fchdir umask",
        "looking up and opening files",
    ),
    row(
        "rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir mknod"
        " mknodat"
        " chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat",
        "changing names, modes, owners and times; what may be changed is decided by the file system",
    ),
    row(
        "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr"
        " removexattr"
        " lremovexattr fremovexattr",
        "extended attributes",
    ),
    row(
        "mmap munmap mprotect mremap brk madvise mincore msync mlock munlock mlockall munlockall mlock2"
        " remap_file_pages memfd_create memfd_secret membarrier",
        "own memory",
    ),
    row(
        "fork vfork execve execveat exit exit_group wait4 waitid set_tid_address gettid getpid getppid"
        " getpgid"
        " getpgrp setpgid getsid setsid kill tkill tgkill restart_syscall pidfd_open pidfd_send_signal"
        " process_mrelease rseq set_robust_list get_robust_list futex futex_waitv set_thread_area"
        " get_thread_area",
        "processes and threads",
    ),
    row(
        "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend"
        " rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause",
        "signals",
    ),
    row(
        "nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getitimer setitimer"
        " alarm"
        " timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create"
        " timerfd_settime"
        " timerfd_gettime adjtimex clock_adjtime",
        "clocks and timers; setting the clock needs SYS_TIME all the same",
    ),
    row(
        "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2"
        " epoll_ctl_old epoll_wait_old eventfd eventfd2 inotify_init inotify_init1 inotify_add_watch"
        " inotify_rm_watch fanotify_mark",
        "waiting for events",
    ),
    row(
        "socket socketpair bind listen accept accept4 connect shutdown getsockname getpeername setsockopt"
        " getsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg",
        "sockets; `socket` has a filter on the family, see `FILTERED`",
    ),
    row(
        "semget semop semctl semtimedop shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl mq_open"
        " mq_unlink"
        " mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
        "System V and POSIX IPC, in the container's own IPC namespace",
    ),
    row(
        "io_setup io_destroy io_submit io_getevents io_cancel io_pgetevents", "asynchronous I/O of Linux 2.6"
    ),
    row(
        "getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid"
        " setresuid"
        " setresgid setgroups setfsuid setfsgid capget capset prctl arch_prctl",
        "identity; to take on another one needs SETUID, SETGID or SETPCAP",
    ),
    row(
        "sched_yield sched_setparam sched_getparam sched_setscheduler sched_getscheduler"
        " sched_get_priority_max"
        " sched_get_priority_min sched_rr_get_interval sched_setaffinity sched_getaffinity sched_setattr"
        " sched_getattr getpriority setpriority ioprio_set ioprio_get getcpu",
        "scheduling",
    ),
    row(
        "uname sysinfo getrusage getrlimit setrlimit prlimit64 getrandom",
        "questions about the system, own limits, random numbers",
    ),
    row(
        "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
        "giving up rights of one's own",
    ),
    row("ptrace", "allowed since kernel 4.8, where it cannot escape a seccomp filter any more"),
    row("modify_ldt", "x86: 16-bit and old 32-bit programs"),
    row("clone", "filtered, see `FILTERED`"),
    row("personality", "filtered, see `FILTERED`"),
)

THIRTY_TWO: tuple[Row, ...] = (
    row(
        "_llseek _newselect chown32 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64 ftruncate64"
        " getegid32"
        " geteuid32 getgid32 getgroups32 getresgid32 getresuid32 getuid32 ipc lchown32 lstat64 mmap2"
        " sendfile64"
        " setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 setresgid32 setresuid32 setreuid32 setuid32"
        " sigprocmask sigreturn stat64 statfs64 truncate64 ugetrlimit waitpid",
        "the 32-bit ABI's own forms",
    ),
    row(
        "clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 futex_time64"
        " io_pgetevents_time64 mq_timedreceive_time64 mq_timedsend_time64 ppoll_time64 pselect6_time64"
        " recvmmsg_time64 rt_sigtimedwait_time64 sched_rr_get_interval_time64 semtimedop_time64"
        " timer_gettime64"
        " timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64",
        "the 32-bit ABI's forms with 64-bit times",
    ),
    row(
        "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
        "32-bit ARM's own; not measured",
    ),
)

LATER: tuple[Row, ...] = (
    row("pkey_alloc pkey_free pkey_mprotect", "allowed by 26.1, not by 20.10: memory protection keys"),
    row("cachestat fchmodat2 map_shadow_stack", "allowed by 26.1, not by 20.10: Linux 6.5 and 6.6"),
    row("futex_wait futex_wake futex_requeue", "allowed by 26.1, not by 20.10: Linux 6.7"),
    row("name_to_handle_at", "allowed by 26.1, by 20.10 only with SYS_ADMIN: names a file, opens nothing"),
    row("process_vm_readv process_vm_writev", "allowed by 26.1, by 20.10 only with SYS_PTRACE"),
)

WITHDRAWN: tuple[Row, ...] = (
    row(
        "io_uring_setup io_uring_enter io_uring_register",
        "allowed by 20.10, refused since 25.0 (moby pull request 46762: a series of kernel holes)",
    ),
    row(
        "socketcall",
        "32-bit x86: allowed by 20.10 and 26.1, refused since 29 (moby pull request 52494): hides the"
        " family from filters",
    ),
)

WITH_CAPABILITY: dict[str, Row] = {
    "DAC_READ_SEARCH": row("open_by_handle_at", "opens any file of a file system by its number"),
    "SYSLOG": row("syslog", "reads the kernel's log"),
    "SYS_ADMIN": row(
        "bpf clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr"
        " move_mount"
        " name_to_handle_at open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns"
        " syslog"
        " umount umount2 unshare",
        "mounts, namespaces and the kernel's inner life",
    ),
    "SYS_BOOT": row("reboot", "restarts the machine"),
    "SYS_CHROOT": row("chroot", "one of Docker's default capabilities"),
    "SYS_MODULE": row("delete_module init_module finit_module", "loads code into the kernel"),
    "SYS_NICE": row("get_mempolicy mbind set_mempolicy set_mempolicy_home_node", "NUMA placement"),
    "SYS_PACCT": row("acct", "process accounting"),
    "SYS_PTRACE": row(
        "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev", "reaches into other processes"
    ),
    "SYS_RAWIO": row("iopl ioperm", "x86: I/O ports"),
    "SYS_TIME": row("settimeofday stime clock_settime clock_settime64", "sets the host's clock"),
    "SYS_TTY_CONFIG": row("vhangup", "hangs up a terminal"),
    "BPF": row("bpf", "since engine 23 (documentation; this capability could not be given here)"),
    "PERFMON": row(
        "perf_event_open", "since engine 23 (documentation; this capability could not be given here)"
    ),
}

DEFAULT_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)


@dataclass(frozen=True, slots=True)
class ArgumentTest:
    """A test of the first argument: it is `value`, in all 64 bits or in those of `mask`."""

    mask: int | None
    value: int


# CLONE_NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWNS: see clone(2). NEWTIME shares its bit
# with the exit signal and cannot be asked for by clone.
NAMESPACE_FLAGS = 0x7E020000

# The kernel takes a socket family as 32 bits; so must a test, or high bits get past it.
_ALL = 0xFFFFFFFF

FILTERED: dict[str, tuple[ArgumentTest, ...]] = {
    # Each test is a rule of its own; a call passes if one holds.
    "clone": (ArgumentTest(NAMESPACE_FLAGS, 0),),
    # PER_LINUX, PER_LINUX32, UNAME26, UNAME26 with PER_LINUX32, and the question: personality(2).
    "personality": tuple(ArgumentTest(None, value) for value in (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)),
    # The families 0 to 47 but AF_ALG (38: kernel crypto, refused since 29) and AF_VSOCK (40: the hypervisor,
    # refused since 23): 0-31, 32-35, 36-37, 39, 41, 42-43, 44-47. Docker compares 64 bits, and 0x100000026
    # gets past that.
    "socket": (
        ArgumentTest(_ALL - 31, 0),
        ArgumentTest(_ALL - 3, 32),
        ArgumentTest(_ALL - 1, 36),
        ArgumentTest(_ALL, 39),
        ArgumentTest(_ALL, 41),
        ArgumentTest(_ALL - 1, 42),
        ArgumentTest(_ALL - 3, 44),
    ),
}

# libseccomp adds this one for 32-bit x86 by itself wherever `socket` is allowed, and then tests no family.
MULTIPLEXED = frozenset({"socketcall"})

_ALWAYS = union(ALWAYS) | union(THIRTY_TWO) | union(LATER)
_WITHDRAWN = union(WITHDRAWN)


def allowed_by_default(capabilities: frozenset[str]) -> frozenset[str]:
    """What every newer engine's default allows a container with these capabilities (names without CAP_)."""
    return _ALWAYS.union(*(WITH_CAPABILITY[name].names for name in capabilities if name in WITH_CAPABILITY))


def unlocking(name: str) -> frozenset[str]:
    """Capabilities with each of which the default allows a call; empty: it needs none, or none helps."""
    if name in allowed_by_default(frozenset()):
        return frozenset()
    return frozenset(capability for capability, calls in WITH_CAPABILITY.items() if name in calls.names)


def allowed_by_old_default(capabilities: frozenset[str]) -> frozenset[str]:
    """The same with what older engines allow and newer ones have withdrawn."""
    return allowed_by_default(capabilities) | _WITHDRAWN


def counted() -> frozenset[str]:
    """The calls of a 64-bit program that the default lets through with Docker's own capabilities.

    301 on x86_64: 298 without any condition (engine 26.1.5) and clone, personality and socket with a filter.
    """
    return union(ALWAYS) | union(LATER) | WITH_CAPABILITY["SYS_CHROOT"].names
