/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the three parts of the sensor say to each other: BPF program, its loader, and Python (wire.py).
 *
 * `struct event` goes from the kernel to the loader, `struct record` from the loader to Python.
 * Numbers are in the machine's own byte order: both ends are on one machine.
 */
#ifndef LACRE_WIRE_H
#define LACRE_WIRE_H

#define WIRE_VERSION 2

enum {
	PATH_BYTES = 4096,   /* PATH_MAX */
	MAX_SLOTS = 256,     /* containers watched at the same time */
	MAX_EPOCHS = 16,     /* phases of one container whose bitmaps are kept in the kernel */
	MAX_CALLS = 512,     /* system call numbers; Linux 6.18 ends at 470 */
	NAME_BYTES = 96,     /* longest cgroup name: cri-containerd-<64 digits>.scope */
	FILESYSTEM_BYTES = 16,
};

enum kind {
	KIND_PROGRAM = 1,    /* exe → path, before or soon after the first fact that names exe */
	KIND_EXECUTED = 2,   /* value: the new program's exe; detail: origin */
	KIND_IDENTITY = 3,
	KIND_WRITE = 4,      /* detail: what was done */
	KIND_OPENED = 5,
	KIND_MAPPED = 6,
	KIND_CAPABILITY = 7, /* value: the capability's number */
	KIND_LISTENING = 8,  /* detail: IP protocol */
	KIND_PEER = 9,       /* detail: IP protocol */
	KIND_REFUSAL = 10,   /* detail: why; value: capabilities as bits; of socket calls as KIND_SOCKET */
	KIND_ENDED = 11,     /* to the loader only: the container's last task ended */
	KIND_STARTING = 12,  /* to the loader only: the runtime put its process `tgid` into the cgroup */
	KIND_SOCKET = 13,    /* value: protocol << 32 | family, port: type, as asked for; 0 where nobody tells apart by it */
	/* From the loader only. */
	KIND_SYSCALLS = 32,  /* first: numbers as bits */
	KIND_COUNTERS = 33,  /* value: forks; gid: tasks_peak; nr: fds_peak; error: oom_kills */
	KIND_LOST = 34,      /* value: how many so far */
	KIND_DONE = 35,      /* value: the command's number; epoch: the container's new epoch */
	KIND_FAILED = 36,    /* value: the command's number; first: why */
	KIND_READY = 37,     /* value: WIRE_VERSION; first: capability mechanism */
};

enum write_kind { WRITE_CREATE = 1, WRITE_MODIFY, WRITE_REMOVE, WRITE_ATTRIBUTES };

enum origin { ORIGIN_UNKNOWN = 0, ORIGIN_IMAGE, ORIGIN_WRITTEN, ORIGIN_TMPFS, ORIGIN_MEMFD, ORIGIN_MOUNT };

enum because {
	BECAUSE_READ_ONLY = 1,
	BECAUSE_PERMISSION,
	BECAUSE_FULL,
	BECAUSE_NO_EXEC,
	BECAUSE_CAPABILITY,
	BECAUSE_SYSCALL,
	BECAUSE_PROCESSES,
	BECAUSE_FILES,
	BECAUSE_MEMORY,
};

enum {
	FLAG_DIRECTORY = 1 << 0,
	FLAG_SETID = 1 << 1,
	FLAG_MAIN = 1 << 2,
	FLAG_QUESTION = 1 << 3,
	FLAG_GRANTED = 1 << 4,
	FLAG_HINT_KNOWN = 1 << 5,
	FLAG_HINT = 1 << 6,
	FLAG_COMPAT = 1 << 7,   /* a 32-bit system call */
	FLAG_IPV6 = 1 << 8,
	FLAG_IN = 1 << 9,
	FLAG_RESOLVE = 1 << 10, /* first: directory as the kernel has it; second: what the program said, below it */
	FLAG_FOLLOW = 1 << 11,  /* the last symbolic link is followed */
	FLAG_TMPFILE = 1 << 12, /* a nameless file in the directory `first` */
	FLAG_WRITING = 1 << 13, /* the refused call meant to change something */
};

struct event {
	/* Who to ask about paths; not part of what makes a fact distinct. */
	__u32 tgid;
	__u32 ns_tgid;
	__u32 mnt_ns;
	__u32 reserved;
	/* What makes a fact distinct starts here; whole 8-byte words. */
	__u16 kind;
	__u16 flags;
	__u32 epoch;
	__u64 exe;
	__u32 uid;
	__u32 gid;
	__s32 nr;
	__u32 error;
	__u64 value;
	__u8 address[16];
	__u16 port;
	__u16 detail;
	__u16 first;  /* bytes of data, without a closing zero */
	__u16 second; /* bytes of data after these */
	char filesystem[FILESYSTEM_BYTES];
};

/* Followed by `first`, `second` and `third` bytes of text; `size` counts all. */
struct record {
	__u32 size;
	__u16 kind;
	__u16 flags;
	__u32 epoch;
	__u32 uid;
	__u32 gid;
	__s32 nr;
	__u32 error;
	__u16 port;
	__u16 detail;
	__u64 exe;
	__u64 value;
	__u8 address[16];
	__u32 first;
	__u32 second;
	__u32 third;
	__u32 reserved;
};

/* Shared memory of BPF program and loader. */
struct slot {
	__u32 generation; /* 0: free; changes when the slot is given up, so that old marks count no more */
	__u32 epoch;      /* low 4 bits: index into stats; the rest counts phases of all containers */
	__s32 tasks;
	__u32 reserved;
};

struct stats {
	__u64 native[MAX_CALLS / 64];
	__u64 compat[MAX_CALLS / 64];
	__u64 forks;
	__u32 tasks_peak;
	__u32 fds_peak;
	__u32 oom_kills;
	__u32 reserved;
};

struct preexisting {
	__u32 slot;
	__u32 generation;
	__u32 mnt_ns;
};

struct cgroup_name {
	char text[NAME_BYTES];
};

#endif
