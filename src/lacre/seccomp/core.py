"""The harmless core: what any program on a libc may come to need under load, in an error or in a crash.

An exercise of a minute does not see the queue fill, the disk fill or an assertion fail. These calls work on
what the process has anyway (its files, memory, threads, sockets); to refuse them saves no kernel surface
worth naming and breaks the application at its worst moment. Added at margin `normal`, never at `exact`.
"""

from __future__ import annotations

from lacre.seccomp.table import Row, row

CORE: tuple[Row, ...] = (
    row("read write readv writev pread64 pwrite64 lseek close", "any file, once it is open"),
    row("open openat stat fstat lstat newfstatat statx access faccessat", "a file not asked for before"),
    row(
        "readlink readlinkat getcwd getdents64 chdir fchdir",
        "walking directories: libraries, locales, time zones",
    ),
    row("fcntl flock dup dup2 dup3 pipe2 ioctl", "locks, close-on-exec, a terminal or not"),
    row(
        "fsync fdatasync ftruncate fallocate fadvise64",
        "saving data: often only at a checkpoint or a full buffer",
    ),
    row(
        "mkdir rename unlink rmdir link symlink chmod fchmod umask utimensat",
        "temporary files, pid files, rotation",
    ),
    row("sendfile splice copy_file_range statfs fstatfs", "big files go another way than small ones"),
    row("mmap munmap mprotect mremap brk madvise mincore msync", "the allocator under pressure"),
    row(
        "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack rt_sigsuspend rt_sigtimedwait rt_sigpending"
        " pause",
        "signals",
    ),
    row("kill tgkill", "abort, raise, and the signals between own processes"),
    row("gettid getpid getppid getpgrp getsid setpgid setsid", "who one is, and daemons"),
    row("getuid geteuid getgid getegid getresuid getresgid getgroups", "who one is"),
    row("clone fork vfork execve wait4 waitid exit exit_group", "workers and helpers come late"),
    row(
        "set_tid_address set_robust_list get_robust_list rseq futex sched_yield restart_syscall membarrier",
        "threads",
    ),
    row(
        "sched_getaffinity sched_setaffinity getcpu getpriority sched_getscheduler",
        "the size of a pool, its threads",
    ),
    row("sched_get_priority_max sched_get_priority_min sched_getparam", "thread attributes"),
    row(
        "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times",
        "time where the vDSO fails",
    ),
    row("getitimer setitimer alarm timer_create timer_settime timer_gettime timer_delete", "time-outs"),
    row("timerfd_create timerfd_settime timerfd_gettime", "time-outs"),
    row("poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_pwait eventfd2 signalfd4", "event loops"),
    row(
        "socket socketpair bind listen accept4 connect shutdown",
        "a peer not met before: name service, syslog",
    ),
    row("getsockname getpeername setsockopt getsockopt sendto recvfrom sendmsg recvmsg", "sockets"),
    row("sendmmsg recvmmsg", "the resolver asks for both address families in one call"),
    row("getxattr lgetxattr fgetxattr listxattr", "cp, install and access lists ask for attributes"),
    row(
        "uname sysinfo getrusage getrlimit prlimit64 getrandom prctl arch_prctl",
        "questions at start and in a crash",
    ),
)
