"""Kernel surface: calls that open much of the kernel, and that hardly any server needs.

Never allowed by a margin, a family or a default: only where the application was seen to make the call, and
then only as far as Docker's default lets it.
"""

from __future__ import annotations

from lacre.seccomp.table import Row, row, union

SURFACE: tuple[Row, ...] = (
    row("bpf", "programs in the kernel: a history of verifier holes"),
    row("perf_event_open", "a large interface with a history of holes; reads other programs' timing"),
    row("userfaultfd", "stops the kernel in the middle of a copy: makes races exploitable"),
    row(
        "io_uring_setup io_uring_enter io_uring_register",
        "a second system call interface that no filter sees into",
    ),
    row("add_key request_key keyctl", "the kernel's keyrings are not namespaced"),
    row(
        "mount umount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree open_tree_attr"
        " mount_setattr statmount listmount",
        "mounts: the way out of a container's file system",
    ),
    row("ptrace", "reads and changes every process of the same user"),
    row(
        "process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd", "reaches into other processes"
    ),
    row("setns unshare", "other and new namespaces: a user namespace opens the whole kernel to root in it"),
    row("clone3", "its flags lie in memory where no filter sees them, so namespaces cannot be masked"),
    row("memfd_create memfd_secret execveat", "programs that were never a file; hidden memory"),
    row("kexec_load kexec_file_load reboot", "another kernel"),
    row(
        "init_module finit_module delete_module create_module query_module get_kernel_syms",
        "code in the kernel",
    ),
    row(
        "open_by_handle_at name_to_handle_at",
        "opens files by number, past every directory (the Shocker escape)",
    ),
    row("iopl ioperm", "the machine's I/O ports"),
    row("swapon swapoff acct quotactl quotactl_fd", "the host's disks"),
    row(
        "settimeofday stime clock_settime clock_settime64 adjtimex clock_adjtime clock_adjtime64",
        "the host's clock",
    ),
    row("syslog lookup_dcookie", "the kernel's log and addresses"),
    row("fanotify_init fanotify_mark", "watches and stops other programs' file accesses"),
    row(
        "mbind set_mempolicy get_mempolicy migrate_pages move_pages set_mempolicy_home_node",
        "NUMA: holes, few users",
    ),
    row("modify_ldt vm86 vm86old", "x86: descriptor tables and 16-bit code; a history of holes"),
    row("personality", "turns address randomisation off; refused in part by Docker already"),
    row("remap_file_pages vmsplice", "rare, with a history of holes"),
    row("epoll_ctl_old epoll_wait_old", "never implemented on x86_64"),
    row("chroot", "leaves the root directory; a classic way out when root"),
    row("sethostname setdomainname vhangup", "the container's names and terminal"),
    row("socketcall", "32-bit x86: hides the socket family from a filter"),
    row("nfsservctl uselib ustat sysfs _sysctl", "obsolete"),
)

KERNEL_SURFACE = union(SURFACE)
