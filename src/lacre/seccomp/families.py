"""Equivalent calls: the libc and the architecture choose among them, not the program.

A seal that was observed with one libc must hold with the next image's. So one member brings the whole row, as
far as Docker's default allows it and the kernel-surface table does not hold it back.
"""

from __future__ import annotations

from lacre.seccomp.table import Row, row, union

FAMILIES: tuple[Row, ...] = (
    row("open openat openat2 creat", "opening a file"),
    row("close close_range", "closing: fork servers close ranges where the libc knows how"),
    row("read readv pread64 preadv preadv2", "reading"),
    row("write writev pwrite64 pwritev pwritev2", "writing"),
    row("stat lstat fstat newfstatat statx", "asking for a file's attributes"),
    row("statfs fstatfs", "asking for a file system's attributes"),
    row("access faccessat faccessat2", "asking for access"),
    row("readlink readlinkat", "reading a symbolic link"),
    row("getdents getdents64", "listing a directory"),
    row("mkdir mkdirat", "making a directory"),
    row("mknod mknodat", "making a node"),
    row("unlink unlinkat rmdir", "removing a name; unlinkat also removes directories"),
    row("rename renameat renameat2", "renaming"),
    row("link linkat", "a second name"),
    row("symlink symlinkat", "a symbolic link"),
    row("chmod fchmod fchmodat fchmodat2", "changing the mode"),
    row("chown fchown lchown fchownat", "changing the owner"),
    row("utime utimes utimensat futimesat", "changing the times"),
    row("truncate ftruncate", "changing the size"),
    row("getxattr lgetxattr fgetxattr", "reading an extended attribute"),
    row("listxattr llistxattr flistxattr", "listing extended attributes"),
    row("setxattr lsetxattr fsetxattr", "setting an extended attribute"),
    row("removexattr lremovexattr fremovexattr", "removing an extended attribute"),
    row("dup dup2 dup3", "a second descriptor"),
    row("pipe pipe2", "a pipe"),
    row("fork vfork clone clone3", "a new process or thread"),
    row("wait4 waitid", "waiting for a child"),
    row("kill tkill tgkill", "a signal to a process or thread"),
    row("rt_sigqueueinfo rt_tgsigqueueinfo", "a signal with a value"),
    row("signalfd signalfd4", "signals as a file"),
    row("eventfd eventfd2", "events as a file"),
    row("inotify_init inotify_init1", "watching files"),
    row("poll ppoll", "waiting with poll"),
    row("select pselect6", "waiting with select"),
    row("epoll_create epoll_create1", "waiting with epoll"),
    row("epoll_wait epoll_pwait epoll_pwait2", "waiting with epoll"),
    row("nanosleep clock_nanosleep", "sleeping"),
    row("gettimeofday time clock_gettime", "the time, where the vDSO does not tell it"),
    row("getitimer setitimer alarm", "interval timers"),
    row("accept accept4", "taking a connection"),
    row("sendto sendmsg sendmmsg", "sending"),
    row("recvfrom recvmsg recvmmsg", "receiving"),
    row("getrlimit setrlimit prlimit64", "limits"),
    row("setuid setreuid setresuid", "taking on a user"),
    row("setgid setregid setresgid", "taking on a group"),
    row("getpgrp getpgid", "the process group"),
    row("semop semtimedop", "System V semaphores"),
    row(
        "io_setup io_destroy io_submit io_getevents io_pgetevents io_cancel io_uring_setup io_uring_enter"
        " io_uring_register",
        "asynchronous I/O: a program that is refused io_uring falls back to the calls of Linux 2.6",
    ),
    row("mlock mlock2 munlock", "locking memory"),
    row("mlockall munlockall", "locking all memory"),
    row("sched_setscheduler sched_setparam sched_setattr", "setting the scheduling policy"),
    row("sched_getscheduler sched_getparam sched_getattr", "asking for the scheduling policy"),
    row("futex futex_waitv futex_wait futex_wake futex_requeue", "waiting for a word of memory"),
    row("umount umount2", "taking a mount away"),
    row("sync_file_range sync_file_range2 arm_sync_file_range", "writing back a part of a file"),
    row("mprotect pkey_mprotect", "changing the protection of memory"),
    row("pkey_alloc pkey_free", "memory protection keys"),
)

# For programs of the 32-bit ABI: the 64-bit name, and what it is called there. Only used where such a name
# was seen.
THIRTY_TWO: tuple[Row, ...] = (
    row("lseek _llseek", "seeking"),
    row("mmap mmap2", "mapping"),
    row("fcntl fcntl64", "descriptor flags and locks"),
    row("stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx", "attributes"),
    row("statfs statfs64 fstatfs fstatfs64", "file system attributes"),
    row("truncate truncate64 ftruncate ftruncate64", "size"),
    row("sendfile sendfile64", "sendfile"),
    row("fadvise64 fadvise64_64 arm_fadvise64_64", "read-ahead advice"),
    row("chown chown32 fchown fchown32 lchown lchown32 fchownat", "owner"),
    row("getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32", "own ids"),
    row("getresuid getresuid32 getresgid getresgid32 getgroups getgroups32", "own ids"),
    row("setuid setuid32 setreuid setreuid32 setresuid setresuid32", "taking on a user"),
    row("setgid setgid32 setregid setregid32 setresgid setresgid32", "taking on a group"),
    row("setgroups setgroups32", "taking on groups"),
    row("setfsuid setfsuid32 setfsgid setfsgid32", "file system ids"),
    row("select _newselect pselect6 pselect6_time64", "select"),
    row("poll ppoll ppoll_time64", "poll"),
    row("rt_sigprocmask sigprocmask rt_sigreturn sigreturn", "signal masks"),
    row("rt_sigtimedwait rt_sigtimedwait_time64", "waiting for a signal"),
    row("waitpid wait4 waitid", "waiting for a child"),
    row("getrlimit ugetrlimit setrlimit prlimit64", "limits"),
    row("clock_gettime clock_gettime64 gettimeofday time", "time"),
    row("clock_getres clock_getres_time64", "time"),
    row("clock_nanosleep clock_nanosleep_time64 nanosleep", "sleeping"),
    row("clock_adjtime clock_adjtime64", "time"),
    row("futex futex_time64", "futex"),
    row("recvmmsg recvmmsg_time64", "receiving"),
    row("utimensat utimensat_time64", "times"),
    row("timer_gettime timer_gettime64 timer_settime timer_settime64", "timers"),
    row("timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64", "timers"),
    row("mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64", "message queues"),
    row("sched_rr_get_interval sched_rr_get_interval_time64", "scheduling"),
    row("semtimedop semtimedop_time64 ipc", "System V IPC"),
    row("io_pgetevents io_pgetevents_time64", "asynchronous I/O"),
    row("set_thread_area get_thread_area set_tls cacheflush", "thread-local storage"),
)

# A name that only a 32-bit program calls: seen once, the rows above count.
ONLY_THIRTY_TWO = frozenset(
    name
    for name in union(THIRTY_TWO)
    if name.endswith(("32", "_time64")) or name in {"mmap2", "_llseek", "fcntl64"}
) | frozenset({"stat64", "lstat64", "fstat64", "fstatat64", "clock_gettime64", "waitpid", "_newselect"})


def closure(names: frozenset[str]) -> frozenset[str]:
    """The names with all their equivalents. Idempotent and monotone."""
    result = _close(names, FAMILIES)
    if not result & ONLY_THIRTY_TWO:
        return result
    while True:
        wider = _close(_close(result, THIRTY_TWO), FAMILIES)
        if wider == result:
            return result
        result = wider


def _close(names: frozenset[str], rows: tuple[Row, ...]) -> frozenset[str]:
    while True:
        wider = names.union(*(each.names for each in rows if each.names & names))
        if wider == names:
            return names
        names = wider
