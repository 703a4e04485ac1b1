/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each system call's arguments mean to the sensor: where its paths and descriptors are.
 *
 * Source: the man pages of section 2. Arguments are counted from 1; 0 means that there is none.
 * A call that is not here only counts in the bitmap.
 */
#ifndef LACRE_CALLS_BPF_H
#define LACRE_CALLS_BPF_H

enum op {
	OP_NONE,
	OP_LOOK,      /* a path is named and nothing changed */
	OP_USE,       /* a descriptor is written to */
	OP_EXEC,
	OP_PROTECT,
	OP_FORK,
	OP_OPEN,      /* from here on success tells something too, before here only a refusal */
	OP_CHANGE,    /* paths are changed */
	OP_CHANGE_FD, /* the file of a descriptor is changed */
	OP_MAP,
	OP_BIND,      /* from here to OP_SENDMMSG: sockets */
	OP_LISTEN,
	OP_CONNECT,
	OP_ACCEPT,
	OP_SENDTO,
	OP_SENDMSG,
	OP_SENDMMSG,
	OP_SETID,
	OP_NEW_FD,    /* returns a descriptor */
	OP_NEW_FDS,   /* makes descriptors and returns 0 */
	OP_SOCKET,    /* returns a descriptor of a new socket */
	OP_SOCKETPAIR,
};

enum {
	CALL_NOFOLLOW = 1, /* the last symbolic link is not followed */
	CALL_QUESTION = 2, /* asks and attempts nothing */
	CALL_WRITES = 4,   /* whatever its arguments */
	CALL_HOW = 8,      /* `mode` points to a struct open_how */
};

struct call {
	__u8 op;
	__u8 at;       /* directory descriptor of `path` */
	__u8 path;
	__u8 fd;
	__u8 kind;     /* enum write_kind */
	__u8 at2;
	__u8 path2;
	__u8 kind2;
	__u8 at_flags; /* where AT_SYMLINK_NOFOLLOW would be */
	__u8 mode;     /* of open and access: where the flags are that tell reading from writing */
	__u8 flags;
};

#define CREATES(p) { .op = OP_CHANGE, .path = (p), .kind = WRITE_CREATE, .flags = CALL_NOFOLLOW }
#define CREATES_AT(a, p) { .op = OP_CHANGE, .at = (a), .path = (p), .kind = WRITE_CREATE, .flags = CALL_NOFOLLOW }
#define REMOVES(p) { .op = OP_CHANGE, .path = (p), .kind = WRITE_REMOVE, .flags = CALL_NOFOLLOW }
#define ATTRIBUTES(p) { .op = OP_CHANGE, .path = (p), .kind = WRITE_ATTRIBUTES }
#define LATTRIBUTES(p) { .op = OP_CHANGE, .path = (p), .kind = WRITE_ATTRIBUTES, .flags = CALL_NOFOLLOW }
#define ATTRIBUTES_AT(a, p, f) { .op = OP_CHANGE, .at = (a), .path = (p), .kind = WRITE_ATTRIBUTES, .at_flags = (f) }
#define FATTRIBUTES(f) { .op = OP_CHANGE_FD, .fd = (f), .kind = WRITE_ATTRIBUTES }
#define RENAMES { .op = OP_CHANGE, .at = 1, .path = 2, .kind = WRITE_REMOVE, .at2 = 3, .path2 = 4, .kind2 = WRITE_CREATE, \
		  .flags = CALL_NOFOLLOW }
#define LOOKS(p) { .op = OP_LOOK, .path = (p) }
#define LOOKS_AT(a, p) { .op = OP_LOOK, .at = (a), .path = (p) }
#define USES(f) { .op = OP_USE, .fd = (f), .flags = CALL_WRITES }

/* New numbers are the same on every architecture, but not in every libc's header yet. */
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463
#define __NR_removexattrat 466
#endif

static const volatile struct call calls[MAX_CALLS] = {
#ifdef __NR_open /* x86_64 has these beside their *at forms; newer architectures do not */
	[__NR_open] = { .op = OP_OPEN, .path = 1, .mode = 2 },
	[__NR_creat] = { .op = OP_OPEN, .path = 1, .flags = CALL_WRITES },
	[__NR_mkdir] = CREATES(1),
	[__NR_mknod] = CREATES(1),
	[__NR_symlink] = CREATES(2),
	[__NR_link] = CREATES(2),
	[__NR_unlink] = REMOVES(1),
	[__NR_rmdir] = REMOVES(1),
	[__NR_rename] = { .op = OP_CHANGE, .path = 1, .kind = WRITE_REMOVE, .path2 = 2, .kind2 = WRITE_CREATE,
			  .flags = CALL_NOFOLLOW },
	[__NR_chmod] = ATTRIBUTES(1),
	[__NR_chown] = ATTRIBUTES(1),
	[__NR_lchown] = LATTRIBUTES(1),
	[__NR_utime] = ATTRIBUTES(1),
	[__NR_utimes] = ATTRIBUTES(1),
	[__NR_futimesat] = ATTRIBUTES_AT(1, 2, 0),
	[__NR_access] = { .op = OP_LOOK, .path = 1, .mode = 2, .flags = CALL_QUESTION },
	[__NR_stat] = LOOKS(1),
	[__NR_lstat] = LOOKS(1),
	[__NR_readlink] = LOOKS(1),
	[__NR_dup2] = { .op = OP_NEW_FD },
	[__NR_pipe] = { .op = OP_NEW_FDS },
	[__NR_epoll_create] = { .op = OP_NEW_FD },
	[__NR_eventfd] = { .op = OP_NEW_FD },
	[__NR_signalfd] = { .op = OP_NEW_FD },
	[__NR_inotify_init] = { .op = OP_NEW_FD },
	[__NR_fork] = { .op = OP_FORK },
	[__NR_vfork] = { .op = OP_FORK },
#endif
	[__NR_openat] = { .op = OP_OPEN, .at = 1, .path = 2, .mode = 3 },
	[__NR_openat2] = { .op = OP_OPEN, .at = 1, .path = 2, .mode = 3, .flags = CALL_HOW },
	[__NR_mkdirat] = CREATES_AT(1, 2),
	[__NR_mknodat] = CREATES_AT(1, 2),
	[__NR_symlinkat] = CREATES_AT(2, 3),
	[__NR_linkat] = CREATES_AT(3, 4),
	[__NR_unlinkat] = { .op = OP_CHANGE, .at = 1, .path = 2, .kind = WRITE_REMOVE, .flags = CALL_NOFOLLOW },
#ifdef __NR_renameat
	[__NR_renameat] = RENAMES,
#endif
	[__NR_renameat2] = RENAMES,
	[__NR_truncate] = { .op = OP_CHANGE, .path = 1, .kind = WRITE_MODIFY },
	[__NR_ftruncate] = { .op = OP_CHANGE_FD, .fd = 1, .kind = WRITE_MODIFY },
	[__NR_fchmod] = FATTRIBUTES(1),
	[__NR_fchmodat] = ATTRIBUTES_AT(1, 2, 0),
	[__NR_fchmodat2] = ATTRIBUTES_AT(1, 2, 4),
	[__NR_fchown] = FATTRIBUTES(1),
	[__NR_fchownat] = ATTRIBUTES_AT(1, 2, 5),
	[__NR_utimensat] = ATTRIBUTES_AT(1, 2, 4),
	[__NR_setxattr] = ATTRIBUTES(1),
	[__NR_lsetxattr] = LATTRIBUTES(1),
	[__NR_fsetxattr] = FATTRIBUTES(1),
	[__NR_setxattrat] = ATTRIBUTES_AT(1, 2, 3),
	[__NR_removexattr] = ATTRIBUTES(1),
	[__NR_lremovexattr] = LATTRIBUTES(1),
	[__NR_fremovexattr] = FATTRIBUTES(1),
	[__NR_removexattrat] = ATTRIBUTES_AT(1, 2, 3),
	[__NR_faccessat] = { .op = OP_LOOK, .at = 1, .path = 2, .mode = 3, .flags = CALL_QUESTION },
	[__NR_faccessat2] = { .op = OP_LOOK, .at = 1, .path = 2, .mode = 3, .flags = CALL_QUESTION },
	[__NR_newfstatat] = LOOKS_AT(1, 2),
	[__NR_statx] = LOOKS_AT(1, 2),
	[__NR_statfs] = LOOKS(1),
	[__NR_readlinkat] = LOOKS_AT(1, 2),
	[__NR_chdir] = LOOKS(1),
	[__NR_chroot] = LOOKS(1),
	[__NR_getxattr] = LOOKS(1),
	[__NR_lgetxattr] = LOOKS(1),
	[__NR_listxattr] = LOOKS(1),
	[__NR_write] = USES(1),
	[__NR_pwrite64] = USES(1),
	[__NR_writev] = USES(1),
	[__NR_pwritev] = USES(1),
	[__NR_pwritev2] = USES(1),
	[__NR_fallocate] = USES(1),
	[__NR_fsync] = USES(1),
	[__NR_fdatasync] = USES(1),
	[__NR_sendfile] = USES(1),
	[__NR_copy_file_range] = USES(3),
	[__NR_splice] = USES(3),
	[__NR_fchdir] = { .op = OP_USE, .fd = 1 },
	[__NR_execve] = { .op = OP_EXEC, .path = 1 },
	[__NR_execveat] = { .op = OP_EXEC, .at = 1, .path = 2 },
	[__NR_mmap] = { .op = OP_MAP, .fd = 5 },
	[__NR_mprotect] = { .op = OP_PROTECT },
	[__NR_pkey_mprotect] = { .op = OP_PROTECT },
	[__NR_bind] = { .op = OP_BIND, .fd = 1 },
	[__NR_listen] = { .op = OP_LISTEN, .fd = 1 },
	[__NR_connect] = { .op = OP_CONNECT, .fd = 1 },
	[__NR_accept] = { .op = OP_ACCEPT },
	[__NR_accept4] = { .op = OP_ACCEPT },
	[__NR_sendto] = { .op = OP_SENDTO, .fd = 1 },
	[__NR_sendmsg] = { .op = OP_SENDMSG, .fd = 1 },
	[__NR_sendmmsg] = { .op = OP_SENDMMSG, .fd = 1 },
	[__NR_setuid] = { .op = OP_SETID },
	[__NR_setgid] = { .op = OP_SETID },
	[__NR_setreuid] = { .op = OP_SETID },
	[__NR_setregid] = { .op = OP_SETID },
	[__NR_setresuid] = { .op = OP_SETID },
	[__NR_setresgid] = { .op = OP_SETID },
	[__NR_clone] = { .op = OP_FORK },
	[__NR_clone3] = { .op = OP_FORK },
	[__NR_socket] = { .op = OP_SOCKET },
	[__NR_dup] = { .op = OP_NEW_FD },
	[__NR_dup3] = { .op = OP_NEW_FD },
	[__NR_epoll_create1] = { .op = OP_NEW_FD },
	[__NR_eventfd2] = { .op = OP_NEW_FD },
	[__NR_signalfd4] = { .op = OP_NEW_FD },
	[__NR_timerfd_create] = { .op = OP_NEW_FD },
	[__NR_inotify_init1] = { .op = OP_NEW_FD },
	[__NR_memfd_create] = { .op = OP_NEW_FD },
	[__NR_pidfd_open] = { .op = OP_NEW_FD },
	[__NR_pipe2] = { .op = OP_NEW_FDS },
	[__NR_socketpair] = { .op = OP_SOCKETPAIR },
};

#endif
