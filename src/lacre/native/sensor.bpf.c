/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sensor does in the kernel.
 *
 * A task of a watched container carries a mark (task storage). It gets one when it executes its first program
 * in the container's cgroup and in a mount namespace of its own, or when a marked task forks it. So the
 * container runtime's own work before that is never counted, and everybody else costs three memory reads.
 *
 * On every system call of a marked task: one bit. All else is on the slow path: a fact is put together in a
 * scratch buffer, hashed, and sent once (`seen`).
 *
 * The functions that are not `static` are verified once each, apart from their callers: this keeps the
 * verifier's work small. They take and return plain numbers because older kernels demand it.
 */
#include "vmlinux.h"

#include <asm/unistd.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "wire.h"
#include "calls.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Numbers from the kernel's headers, of which BPF programs cannot include the real ones. */
enum {
	EPERM = 1, EAGAIN = 11, EACCES = 13, EEXIST = 17, EMFILE = 24, ENOSPC = 28, EROFS = 30,
	EINPROGRESS = 115,
	MAX_ERRNO = 4095,                 /* include/linux/err.h */
	AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100,
	S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFREG = 0100000, S_IFDIR = 0040000,
	S_ISUID = 04000, S_ISGID = 02000,
	FMODE_WRITE = 0x2, FMODE_PATH = 0x4000, FMODE_CREATED = 0x100000, /* include/linux/fs.h */
	O_ACCMODE = 3, O_CREAT = 0100, O_TRUNC = 01000, O_TMPFILE_BIT = 020000000, W_OK = 2,
	MNT_NOEXEC = 0x04,                /* include/linux/mount.h */
	SB_KERNMOUNT = 1 << 22,
	PROT_EXEC = 4,
	AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_MAX = 63, /* a bound above the real one */
	PROTO_TCP = 6, PROTO_UDP = 17, PROTO_MAX = 511, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_TYPE_MASK = 0xf,
	CAP_SYS_ADMIN = 21,               /* include/uapi/linux/capability.h */
	TS_COMPAT = 0x0002,               /* arch/x86/include/asm/thread_info.h */
};
#define OVERLAY_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define PROC_MAGIC 0x9fa0

enum {
	DEPTH = 2048,                     /* directories and mounts above a file */
	WALK_BYTES = PATH_BYTES,
	DATA_BYTES = 2 * PATH_BYTES,
	CGROUP_DEPTH = 4,                 /* how far below its container's cgroup a task may be */
	MESSAGES = 8,                     /* of one sendmmsg */
};

const volatile __u32 host_mnt_ns = 0;
const volatile __u64 seed1 = 0;           /* random: a container must not be able to hide a fact by a collision */
const volatile __u64 seed2 = 0;

struct slot slots[MAX_SLOTS];
struct stats stats[MAX_SLOTS][MAX_EPOCHS];
__u64 lost;
__u32 preexisting_tasks;
/* Whether oom/mark_victim's first argument is a task (Linux 6.8) or a number. */
const volatile __u32 oom_victim_is_task = 0;

struct mark {
	__u32 slot;
	__u32 generation;
	__u64 exe;
	__u64 refused;     /* capabilities refused in this system call */
	__u64 asked[2];    /* capabilities already told in this phase: refused, granted */
	__u32 asked_epoch;
	__u32 entered;     /* a sys_enter was seen, or must not be missed */
	__s32 asking;      /* kprobe: capability + 1 */
	__u32 asking_hint;
	__u64 asking_cred;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SLOTS * 8);
	__type(key, struct cgroup_name);
	__type(value, __u32);
} wanted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct preexisting);
} preexisting SEC(".maps");

struct fact_key {
	__u64 hash[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct fact_key);
	__type(value, __u8);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20);
} events SEC(".maps");

/*
 * One per CPU for the programs on trace points, which run with preemption off. Another for those that are asked
 * for a capability: as fexit they run with migration off only (kernel/bpf/trampoline.c, __bpf_prog_enter_recur),
 * so that with full preemption another task's system call may come in between. Not another capability program:
 * while one runs, the kernel skips its like on the same CPU (and counts that in recursion_misses, of all tasks).
 */
enum { SCRATCH_TRACE, SCRATCH_CAPABILITY, SCRATCHES };

/* What the slow path is about. */
struct now {
	__u64 args[8];
	__s64 ret;
	__u64 exe;
	__u64 refused;
	__s32 nr;
	__u32 epoch;
	__u32 slot;
	__u32 seccomp;
};

struct scratch {
	struct now now;
	__u32 walk_at;
	__u32 walk_bytes;
	__u64 self[2];                    /* own tgid and pid in digits, for /proc */
	char walk[WALK_BYTES + 256];      /* filled from the end */
	struct event event;
	char data[DATA_BYTES + 16];       /* directly after event: sent as one */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Two dimensions, since 6.1's verifier loses the bounds of one index made of two. */
static __always_inline struct stats *stats_of(__u32 slot, __u32 epoch)
{
	return &stats[slot & (MAX_SLOTS - 1)][epoch & (MAX_EPOCHS - 1)];
}

static __always_inline struct scratch *scratch_of(__u32 whose)
{
	return bpf_map_lookup_elem(&scratches, &whose);
}

static __always_inline struct scratch *scratch(void)
{
	return scratch_of(SCRATCH_TRACE);
}

static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ (hash >> 29);
}

static __always_inline __u32 ns_number(struct pid *pid)
{
	__u32 level = BPF_CORE_READ(pid, level);
	int number = 0;

	if (level > 32) /* MAX_PID_NS_LEVEL */
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid));
	return number;
}

static __always_inline __u64 digits(__u32 number)
{
	__u64 text = 0;

	for (int i = 0; i < 7; i++) {
		if (!number)
			break;
		text = text << 8 | ('0' + number % 10);
		number /= 10;
	}
	return text;
}

struct step {
	struct dentry *dentry;
	struct dentry *root; /* of the mount */
	struct mount *mount;
	__u32 at;
	__u32 proc;
	__u32 whose;
};

/* One step of walk() up; 1 ends it. A callback of bpf_loop, since the verifier follows a plain loop to its end. */
static long step_up(__u32 unused, struct step *step)
{
	struct scratch *s = scratch_of(step->whose);
	struct dentry *dentry = step->dentry; /* BPF_CORE_READ must not see our own struct */
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = step->mount;
	const unsigned char *name;
	__u32 bytes, at = step->at;

	if (!s)
		return 1;
	if (dentry == step->root || dentry == parent) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount || dentry != step->root)
			return 1;
		step->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		step->mount = above;
		step->root = BPF_CORE_READ(above, mnt.mnt_root);
		step->proc = 0;
		return 0;
	}
	bytes = BPF_CORE_READ(dentry, d_name.len);
	name = BPF_CORE_READ(dentry, d_name.name);
	if (bytes > 255)
		bytes = 255;
	if (at < bytes + 1)
		return 1;
	if (step->proc && bytes < 8) {
		__u64 word = 0;

		bpf_probe_read_kernel(&word, bytes & 7, name);
		if (word && (word == s->self[0] || word == s->self[1])) {
			name = (const unsigned char *)"self";
			bytes = 4;
		}
	}
	at -= bytes;
	if (bpf_probe_read_kernel(&s->walk[at & (WALK_BYTES - 1)], bytes & 255, name))
		return 1;
	at -= 1;
	s->walk[at & (WALK_BYTES - 1)] = '/';
	step->at = at;
	step->dentry = parent;
	return 0;
}

/*
 * Writes the path of `dentry` in `mount` into scratch->walk: up to the top of the mount namespace, through all
 * mounts, whatever the task's root is. A process's own directory in /proc is called self.
 */
__noinline int walk_of(__u64 dentry, __u64 vfsmount, __u32 whose)
{
	struct scratch *s = scratch_of(whose);
	struct mount *mount = (void *)(vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct step step = { .dentry = (void *)dentry, .mount = mount, .at = WALK_BYTES - 1,
			     .whose = whose };

	if (!s)
		return -1;
	step.root = BPF_CORE_READ(mount, mnt.mnt_root);
	step.proc = BPF_CORE_READ(mount, mnt.mnt_sb, s_magic) == PROC_MAGIC;
	if (step.proc) {
		struct task_struct *task = (void *)bpf_get_current_task();

		s->self[0] = digits(ns_number(BPF_CORE_READ(task, group_leader, thread_pid)));
		s->self[1] = digits(ns_number(BPF_CORE_READ(task, thread_pid)));
	}
	bpf_loop(DEPTH, step_up, &step, 0);
	s->walk_at = step.at;
	s->walk_bytes = WALK_BYTES - 1 - step.at;
	return 0;
}

static __always_inline int walk(__u64 dentry, __u64 vfsmount)
{
	return walk_of(dentry, vfsmount, SCRATCH_TRACE);
}

/* Appends what walk() found to the event's `first`. */
static __always_inline int take_walk(struct scratch *s)
{
	__u32 bytes = s->walk_bytes & (WALK_BYTES - 1);

	if (bpf_probe_read_kernel(s->data, bytes, &s->walk[s->walk_at & (WALK_BYTES - 1)]))
		return -1;
	s->event.first = bytes;
	s->event.second = 0;
	return 0;
}

/* Sends the event in the scratch buffer, if it was not sent before. */
__noinline int send_of(__u32 whose)
{
	struct scratch *s = scratch_of(whose);
	struct fact_key key = { { seed1, seed2 } };
	__u32 bytes, size;
	__u8 one = 1;
	int error;

	if (!s)
		return -1;
	bytes = (__u32)s->event.first + s->event.second;
	if (bytes > DATA_BYTES)
		return -1;
	*(__u64 *)&s->data[bytes] = 0; /* the last word is hashed whole */
	/* The fixed part from `kind` on: 9 words. */
	for (int i = 2; i < (int)(sizeof(struct event) / 8); i++) {
		__u64 word = ((__u64 *)&s->event)[i];

		key.hash[0] = mix(key.hash[0], word);
		key.hash[1] = mix(key.hash[1], ~word);
	}
	for (int i = 0; i < DATA_BYTES / 8; i++) {
		__u64 word;

		if (i * 8 >= (int)bytes)
			break;
		word = *(__u64 *)&s->data[i * 8];
		key.hash[0] = mix(key.hash[0], word);
		key.hash[1] = mix(key.hash[1], ~word);
	}
	if (bpf_map_lookup_elem(&seen, &key))
		return 0;
	error = bpf_map_update_elem(&seen, &key, &one, BPF_NOEXIST);
	if (error == -EEXIST)
		return 0;
	if (error) {
		__sync_fetch_and_add(&lost, 1);
		return -1;
	}
	size = sizeof(struct event) + bytes;
	if (size > sizeof(struct event) + DATA_BYTES)
		return -1;
	if (bpf_ringbuf_output(&events, &s->event, size, 0)) {
		bpf_map_delete_elem(&seen, &key);
		__sync_fetch_and_add(&lost, 1);
		return -1;
	}
	return 1;
}

static __always_inline int send(void)
{
	return send_of(SCRATCH_TRACE);
}

static __always_inline void begin(struct scratch *s, __u32 kind)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, real_cred); /* not that of overlay's mounter */

	__builtin_memset(&s->event, 0, sizeof(s->event));
	s->event.tgid = bpf_get_current_pid_tgid() >> 32;
	s->event.ns_tgid = ns_number(BPF_CORE_READ(task, group_leader, thread_pid));
	s->event.mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	s->event.kind = kind;
	s->event.epoch = s->now.epoch;
	s->event.exe = s->now.exe;
	s->event.uid = BPF_CORE_READ(cred, euid.val);
	s->event.gid = 0;
	s->event.nr = s->now.nr;
}

/* Names the program of the current task: sets now.exe, tells its path once. */
__noinline int program_of(__u32 whose)
{
	struct scratch *s = scratch_of(whose);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file;
	__u64 hash = seed1;

	if (!s)
		return -1;
	s->now.exe = 0;
	file = BPF_CORE_READ(task, mm, exe_file);
	if (!file)
		return 0;
	if (walk_of((__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt), whose))
		return -1;
	__builtin_memset(&s->event, 0, sizeof(s->event));
	if (take_walk(s))
		return -1;
	*(__u64 *)&s->data[s->event.first & (WALK_BYTES - 1)] = 0;
	for (int i = 0; i < PATH_BYTES / 8; i++) {
		if (i * 8 >= s->event.first)
			break;
		hash = mix(hash, *(__u64 *)&s->data[i * 8]);
	}
	s->now.exe = hash;
	s->event.kind = KIND_PROGRAM;
	s->event.exe = hash;
	return send_of(whose);
}

static __always_inline __u64 file_of(__s32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return (__u64)file;
}

/* Puts path and file system of `file` into the event; -1 if it is neither a file nor a directory of a mount. */
__noinline int file_path(__u64 pointer)
{
	struct scratch *s = scratch();
	struct file *file = (void *)pointer;
	struct super_block *sb;
	__u32 type;

	if (!s || !file)
		return -1;
	type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type != S_IFREG && type != S_IFDIR)
		return -1;
	if (walk((__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt)))
		return -1;
	if (take_walk(s))
		return -1;
	sb = BPF_CORE_READ(file, f_inode, i_sb);
	bpf_probe_read_kernel_str(s->event.filesystem, FILESYSTEM_BYTES, BPF_CORE_READ(sb, s_type, name));
	if (type == S_IFDIR)
		s->event.flags |= FLAG_DIRECTORY;
	return (BPF_CORE_READ(sb, s_flags) & SB_KERNMOUNT) ? 1 : 0;
}

/* Puts the directory that the path at user address `text` starts from, and that text, into the event. */
__noinline int argument_path(__s32 at, __u64 text)
{
	struct scratch *s = scratch();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	__u32 first;
	long bytes;
	char c = 0;

	if (!s)
		return -1;
	if (!text || (!bpf_probe_read_user(&c, 1, (void *)text) && !c))
		/* AT_EMPTY_PATH, or utimensat without a path. */
		return at == AT_FDCWD ? -1 : file_path(file_of(at));
	if (c == '/') {
		walk((__u64)BPF_CORE_READ(fs, root.dentry), (__u64)BPF_CORE_READ(fs, root.mnt));
	} else if (at == AT_FDCWD) {
		walk((__u64)BPF_CORE_READ(fs, pwd.dentry), (__u64)BPF_CORE_READ(fs, pwd.mnt));
	} else {
		struct file *file = (void *)file_of(at);

		if (!file)
			return -1;
		walk((__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt));
	}
	if (take_walk(s))
		return -1;
	first = s->event.first & (PATH_BYTES - 1);
	bytes = bpf_probe_read_user_str(&s->data[first], PATH_BYTES, (void *)text);
	if (bytes < 1)
		return -1;
	s->event.second = bytes - 1;
	s->event.flags |= FLAG_RESOLVE;
	return 0;
}

/* The path of a UNIX socket's address; -1 if it has none. */
static __always_inline int unix_path(__u64 address)
{
	__u16 family = 0;
	char c = 0;

	bpf_probe_read_user(&family, sizeof(family), (void *)address);
	bpf_probe_read_user(&c, 1, (void *)address + 2);
	if (family != AF_UNIX || !c)
		return -1;
	return argument_path(AT_FDCWD, address + 2);
}

static __always_inline __u64 user_word(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word;
}

static __always_inline __u64 argument(struct scratch *s, __u32 which)
{
	/* `which` comes from the table: 1 to 6. */
	return s->now.args[(which - 1) & 7];
}

static __always_inline bool nofollow(struct scratch *s, const volatile struct call *call)
{
	return (call->flags & CALL_NOFOLLOW) ||
	       (call->at_flags && (argument(s, call->at_flags) & AT_SYMLINK_NOFOLLOW));
}

/* Puts the path of one of the call's two path arguments into the event. */
static __always_inline int call_path(struct scratch *s, const volatile struct call *call, bool second)
{
	__u32 at = second ? call->at2 : call->at;
	__u32 path = second ? call->path2 : call->path;

	if (!nofollow(s, call))
		s->event.flags |= FLAG_FOLLOW;
	return argument_path(at ? (__s32)argument(s, at) : AT_FDCWD, argument(s, path));
}

/* Whether a failed call meant to change something. */
static __always_inline bool writes(struct scratch *s, const volatile struct call *call)
{
	__u64 mode;

	if (call->op == OP_CHANGE || call->op == OP_CHANGE_FD || call->op == OP_BIND || call->flags & CALL_WRITES)
		return true;
	if (!call->mode)
		return false;
	mode = argument(s, call->mode);
	if (call->op == OP_LOOK)
		return mode & W_OK;
	if (call->flags & CALL_HOW)
		mode = user_word(mode);
	return mode & (O_ACCMODE | O_CREAT | O_TRUNC);
}

/*
 * Puts what kind of socket was asked for into the event. Of the numbers only those are kept by which profiles tell
 * kinds apart (seccomp/sockets.py): the others are the caller's to choose, and each would be a fact of its own.
 */
static __always_inline void asked_socket(struct scratch *s)
{
	__u32 family = s->now.args[0], type = s->now.args[1] & SOCK_TYPE_MASK, protocol = s->now.args[2];
	bool internet = family == AF_INET || family == AF_INET6;

	if (!internet)
		type = 0;
	if ((!internet && family != AF_NETLINK) || type == SOCK_RAW)
		protocol = 0;
	if (family > AF_MAX)
		family = AF_MAX;
	if (protocol > PROTO_MAX)
		protocol = PROTO_MAX;
	s->event.port = type;
	s->event.value = (__u64)protocol << 32 | family;
}

/* A system call failed. */
__noinline int refused(void)
{
	struct scratch *s = scratch();
	const volatile struct call *call;
	__u32 error, why = 0, nr;

	if (!s)
		return -1;
	nr = s->now.nr;
	if (nr >= MAX_CALLS)
		return -1;
	call = &calls[nr];
	error = -s->now.ret;
	begin(s, KIND_REFUSAL);
	s->event.error = error;
	if (s->now.seccomp) {
		s->event.detail = BECAUSE_SYSCALL;
		if (call->op == OP_SOCKET || call->op == OP_SOCKETPAIR)
			asked_socket(s);
		return send();
	}
	/*
	 * Every growth of memory asks whether SYS_ADMIN may go past the limit (mm/util.c, __vm_enough_memory), as a
	 * hint. Where the mechanism does not tell hints, this one must not explain another failure.
	 */
	if (call->op == OP_MAP || call->op == OP_PROTECT || call->op == OP_EXEC)
		s->now.refused &= ~(1ULL << CAP_SYS_ADMIN);
	if (s->now.refused && (error == EPERM || error == EACCES)) {
		why = BECAUSE_CAPABILITY;
		s->event.value = s->now.refused;
	} else if (error == EROFS) {
		why = BECAUSE_READ_ONLY;
	} else if (error == EPERM || error == EACCES) {
		why = BECAUSE_PERMISSION;
	} else if (error == ENOSPC) {
		why = BECAUSE_FULL;
	} else if (error == EMFILE) {
		why = BECAUSE_FILES;
	} else if (error == EAGAIN && call->op == OP_FORK) {
		why = BECAUSE_PROCESSES;
	} else {
		return 0;
	}
	s->event.detail = why;
	if (call->flags & CALL_QUESTION)
		s->event.flags |= FLAG_QUESTION;
	if (writes(s, call))
		s->event.flags |= FLAG_WRITING;
	if (why == BECAUSE_FILES || why == BECAUSE_PROCESSES)
		return send();
	if (call->op == OP_PROTECT && why == BECAUSE_PERMISSION) {
		if (error != EACCES || !(s->now.args[2] & PROT_EXEC))
			return 0;
		/* The file is not among the arguments: which one is not told. */
		s->event.detail = BECAUSE_NO_EXEC;
		return send();
	}
	if (call->op == OP_MAP) {
		struct file *file = (void *)file_of(s->now.args[4]);

		if (why != BECAUSE_PERMISSION || error != EPERM || !(s->now.args[2] & PROT_EXEC) || !file)
			return 0;
		if (!(BPF_CORE_READ(file, f_path.mnt, mnt_flags) & MNT_NOEXEC))
			return 0;
		s->event.detail = BECAUSE_NO_EXEC;
		if (file_path((__u64)file) < 0)
			return 0;
		s->event.flags &= ~FLAG_DIRECTORY;
		return send();
	}
	if (call->op == OP_BIND || call->op == OP_CONNECT) {
		if (unix_path(s->now.args[1]) < 0 && why != BECAUSE_CAPABILITY)
			return 0;
		return send();
	}
	if (call->path2) {
		if (call_path(s, call, true) == 0)
			send();
		s->event.flags &= ~(FLAG_RESOLVE | FLAG_DIRECTORY);
	}
	if (call->path) {
		if (call_path(s, call, false) < 0 && why != BECAUSE_CAPABILITY)
			return 0;
		return send();
	}
	if (call->fd && file_path(file_of(argument(s, call->fd))) >= 0)
		return send();
	return why == BECAUSE_CAPABILITY ? send() : 0;
}

static __always_inline struct sock *socket_of(__s32 fd)
{
	struct file *file = (void *)file_of(fd);
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* Puts protocol and one of the socket's two addresses into the event; -1 if it is not an internet socket. */
static __always_inline int socket_address(struct scratch *s, struct sock *sk, bool peer)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	s->event.detail = BPF_CORE_READ(sk, sk_protocol);
	if (family == AF_INET6) {
		s->event.flags |= FLAG_IPV6;
		if (peer)
			BPF_CORE_READ_INTO(&s->event.address, sk, __sk_common.skc_v6_daddr);
		else
			BPF_CORE_READ_INTO(&s->event.address, sk, __sk_common.skc_v6_rcv_saddr);
	} else if (family == AF_INET) {
		if (peer)
			*(__u32 *)s->event.address = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		else
			*(__u32 *)s->event.address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	} else {
		return -1;
	}
	if (peer)
		s->event.port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	else
		s->event.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	return 0;
}

/* The address that a datagram was sent to, from the caller's memory. */
__noinline int sent_to(__s32 fd, __u64 address)
{
	struct scratch *s = scratch();
	struct sock *sk;
	__u16 family = 0, port = 0;

	if (!s || !address)
		return -1;
	sk = socket_of(fd);
	if (!sk)
		return -1;
	begin(s, KIND_PEER);
	s->event.detail = BPF_CORE_READ(sk, sk_protocol);
	bpf_probe_read_user(&family, sizeof(family), (void *)address);
	bpf_probe_read_user(&port, sizeof(port), (void *)address + 2);
	s->event.port = bpf_ntohs(port);
	if (family == AF_INET6) {
		s->event.flags |= FLAG_IPV6;
		bpf_probe_read_user(s->event.address, 16, (void *)address + 8);
	} else if (family == AF_INET) {
		bpf_probe_read_user(s->event.address, 4, (void *)address + 4);
	} else {
		return -1;
	}
	return send();
}

static __always_inline void handed_out(struct scratch *s, __u32 above)
{
	struct stats *st = stats_of(s->now.slot, s->now.epoch);

	if (st->fds_peak < above)
		st->fds_peak = above;
}

__noinline int identity(void)
{
	struct scratch *s = scratch();
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!s)
		return -1;
	begin(s, KIND_IDENTITY);
	s->event.gid = BPF_CORE_READ(task, real_cred, egid.val);
	s->event.nr = 0; /* which call it was makes no difference */
	if (s->event.ns_tgid == 1)
		s->event.flags |= FLAG_MAIN;
	return send();
}

/* open, openat, openat2 or creat returned a descriptor. */
__noinline int opened(void)
{
	struct scratch *s = scratch();
	struct file *file;
	__u32 mode;
	int found;

	if (!s)
		return -1;
	handed_out(s, s->now.ret + 1);
	file = (void *)file_of(s->now.ret);
	if (!file)
		return -1;
	mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_PATH)
		return 0;
	if (!(mode & FMODE_WRITE)) {
		begin(s, KIND_OPENED);
		s->event.nr = 0;
		found = file_path((__u64)file);
		return found == 0 ? send() : 0;
	}
	begin(s, KIND_WRITE);
	if (BPF_CORE_READ(file, f_flags) & O_TMPFILE_BIT) {
		struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

		/* The name is a number of its own for each: the directory is what counts. */
		found = file_path((__u64)file);
		walk((__u64)BPF_CORE_READ(dentry, d_parent), (__u64)BPF_CORE_READ(file, f_path.mnt));
		if (take_walk(s))
			return -1;
		s->event.flags |= FLAG_TMPFILE;
		s->event.detail = WRITE_CREATE;
	} else {
		found = file_path((__u64)file);
		s->event.detail = mode & FMODE_CREATED ? WRITE_CREATE : WRITE_MODIFY;
	}
	return found == 0 ? send() : 0;
}

__noinline int changed(void)
{
	struct scratch *s = scratch();
	const volatile struct call *call;
	__u32 nr;

	if (!s)
		return -1;
	nr = s->now.nr;
	if (nr >= MAX_CALLS)
		return -1;
	call = &calls[nr];
	begin(s, KIND_WRITE);
	s->event.detail = call->kind;
	if (call->op == OP_CHANGE_FD) {
		if (file_path(file_of(argument(s, call->fd))) != 0)
			return 0;
		s->event.flags &= ~FLAG_DIRECTORY;
		return send();
	}
	if (call_path(s, call, false) >= 0) {
		s->event.flags &= ~FLAG_DIRECTORY;
		send();
	}
	if (!call->path2)
		return 0;
	s->event.detail = call->kind2;
	s->event.flags = 0;
	if (call_path(s, call, true) >= 0)
		send();
	return 0;
}

__noinline int sockets(void)
{
	struct scratch *s = scratch();
	const volatile struct call *call;
	struct sock *sk;
	__u32 nr;

	if (!s)
		return -1;
	nr = s->now.nr;
	if (nr >= MAX_CALLS)
		return -1;
	call = &calls[nr];
	if (call->op == OP_SENDTO)
		return sent_to(s->now.args[0], s->now.args[4]);
	if (call->op == OP_SENDMSG)
		return sent_to(s->now.args[0], user_word(s->now.args[1])); /* msghdr.msg_name */
	if (call->op == OP_SENDMMSG) {
		for (int i = 0; i < MESSAGES; i++) {
			if (i >= s->now.ret)
				break;
			/* struct mmsghdr has 64 bytes and starts with msg_name on 64-bit architectures. */
			sent_to(s->now.args[0], user_word(s->now.args[1] + 64 * i));
		}
		return 0;
	}
	if (call->op == OP_ACCEPT) {
		handed_out(s, s->now.ret + 1);
		sk = socket_of(s->now.ret);
		if (!sk)
			return 0;
		begin(s, KIND_PEER);
		if (socket_address(s, sk, true))
			return 0;
		s->event.port = BPF_CORE_READ(sk, __sk_common.skc_num);
		s->event.flags |= FLAG_IN;
		return send();
	}
	sk = socket_of(s->now.args[0]);
	if (!sk)
		return 0;
	if (call->op == OP_CONNECT) {
		begin(s, KIND_PEER);
		if (socket_address(s, sk, true) || !s->event.port)
			return 0;
		return send();
	}
	if (call->op == OP_BIND && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX) {
		begin(s, KIND_WRITE);
		s->event.detail = WRITE_CREATE;
		return unix_path(s->now.args[1]) < 0 ? 0 : send();
	}
	/* A bound TCP socket is nothing yet; a bound datagram socket receives. */
	if (call->op == OP_BIND && BPF_CORE_READ(sk, sk_type) != SOCK_DGRAM)
		return 0;
	begin(s, KIND_LISTENING);
	s->event.nr = 0;
	return socket_address(s, sk, false) ? 0 : send();
}

/* A system call succeeded that the table marks as one that tells something then. */
__noinline int succeeded(void)
{
	struct scratch *s = scratch();
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 nr, op;

	if (!s)
		return -1;
	nr = s->now.nr;
	if (nr >= MAX_CALLS)
		return -1;
	op = calls[nr].op;
	if (op == OP_OPEN)
		return opened();
	if (op == OP_CHANGE || op == OP_CHANGE_FD)
		return changed();
	if (op == OP_SETID)
		return identity();
	if (op == OP_NEW_FD || op == OP_SOCKET)
		handed_out(s, s->now.ret + 1);
	if (op == OP_NEW_FDS || op == OP_SOCKETPAIR)
		handed_out(s, BPF_CORE_READ(task, files, next_fd));
	if (op == OP_SOCKET || op == OP_SOCKETPAIR) {
		begin(s, KIND_SOCKET);
		asked_socket(s);
		return send();
	}
	if (op == OP_MAP) {
		if (!(s->now.args[2] & PROT_EXEC) || (__s32)s->now.args[4] < 0)
			return 0;
		begin(s, KIND_MAPPED);
		s->event.nr = 0;
		return file_path(file_of(s->now.args[4])) < 0 ? 0 : send();
	}
	if (op >= OP_BIND && op <= OP_SENDMMSG)
		return sockets();
	return 0;
}

/* The slot of the container in whose cgroup `pointer` (a task) is, plus one; 0 if none is wanted. */
__noinline int cgroup_slot(__u64 pointer)
{
	struct task_struct *task = (void *)pointer;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_name name;

	for (int hierarchy = 0; hierarchy < 5; hierarchy++) {
		struct cgroup *cgroup = NULL;
		struct cgroup_subsys_state *css = NULL;

		/* v2 first; then those of v1 that engines always mount. */
		if (hierarchy == 0)
			cgroup = BPF_CORE_READ(set, dfl_cgrp);
		else if (hierarchy == 1 && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
			bpf_probe_read_kernel(&css, sizeof(css),
				&set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)]);
		else if (hierarchy == 2 && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
			bpf_probe_read_kernel(&css, sizeof(css),
				&set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)]);
		else if (hierarchy == 3 && bpf_core_enum_value_exists(enum cgroup_subsys_id, devices_cgrp_id))
			bpf_probe_read_kernel(&css, sizeof(css),
				&set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, devices_cgrp_id)]);
		else if (hierarchy == 4 && bpf_core_enum_value_exists(enum cgroup_subsys_id, freezer_cgrp_id))
			bpf_probe_read_kernel(&css, sizeof(css),
				&set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, freezer_cgrp_id)]);
		if (css)
			cgroup = BPF_CORE_READ(css, cgroup);
		for (int depth = 0; depth < CGROUP_DEPTH; depth++) {
			__u32 *slot;

			if (!cgroup)
				break;
			__builtin_memset(&name, 0, sizeof(name));
			bpf_probe_read_kernel_str(name.text, sizeof(name.text), BPF_CORE_READ(cgroup, kn, name));
			slot = bpf_map_lookup_elem(&wanted, &name);
			if (slot)
				return *slot + 1;
			css = BPF_CORE_READ(cgroup, self.parent);
			if (!css)
				break;
			cgroup = BPF_CORE_READ(css, cgroup);
		}
	}
	return 0;
}

static __always_inline void one_more_task(struct slot *slot, __u32 which)
{
	struct stats *st = stats_of(which, slot->epoch);
	__s32 now = __sync_fetch_and_add(&slot->tasks, 1) + 1;

	if (now > 0 && st->tasks_peak < (__u32)now)
		st->tasks_peak = now;
}

static __always_inline void about(struct scratch *s, struct mark *m, struct slot *slot)
{
	s->now.exe = m->exe;
	s->now.refused = m->refused;
	s->now.epoch = slot->epoch;
	s->now.slot = m->slot;
	s->now.nr = 0;
	s->now.seccomp = 0;
}

/* A process that ran before the sensor came gets its mark when it is first seen. */
static __always_inline struct mark *mark_preexisting(struct task_struct *task, __u32 whose)
{
	struct mark *m;
	struct preexisting *p;
	struct scratch *s = scratch_of(whose);
	__u32 tgid = task->tgid, which;

	p = bpf_map_lookup_elem(&preexisting, &tgid);
	if (!p || !s)
		return NULL;
	which = p->slot & (MAX_SLOTS - 1);
	if (slots[which].generation != p->generation || task->nsproxy->mnt_ns->ns.inum != p->mnt_ns)
		return NULL;
	m = bpf_task_storage_get(&marks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!m) {
		__sync_fetch_and_add(&lost, 1);
		return NULL;
	}
	__builtin_memset(m, 0, sizeof(*m));
	m->slot = which;
	m->generation = p->generation;
	m->entered = 1; /* its sys_enter may have been before us */
	about(s, m, &slots[which]);
	program_of(whose);
	m->exe = s->now.exe;
	return m;
}

static __always_inline struct mark *mark_found(struct task_struct *task, __u32 whose)
{
	struct mark *m = bpf_task_storage_get(&marks, task, 0, 0);

	if (m && slots[m->slot & (MAX_SLOTS - 1)].generation == m->generation)
		return m;
	return preexisting_tasks ? mark_preexisting(task, whose) : NULL;
}

static __always_inline struct mark *mark_of(struct task_struct *task)
{
	return mark_found(task, SCRATCH_TRACE);
}

static __always_inline bool on_host(struct task_struct *task)
{
	return task->nsproxy->mnt_ns->ns.inum == host_mnt_ns;
}

#ifdef __TARGET_ARCH_x86
static __always_inline bool compat(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}
#define SYSCALL_NR(regs) ((__s32)(regs)->orig_ax)
#else
static __always_inline bool compat(struct task_struct *task)
{
	return false;
}
#define SYSCALL_NR(regs) ((regs)->syscallno)
#endif

static __always_inline void take_arguments(struct scratch *s, struct pt_regs *regs)
{
#ifdef __TARGET_ARCH_x86
	s->now.args[0] = regs->di;
	s->now.args[1] = regs->si;
	s->now.args[2] = regs->dx;
	s->now.args[3] = regs->r10;
	s->now.args[4] = regs->r8;
	s->now.args[5] = regs->r9;
#else
	struct user_pt_regs *user = (void *)regs;

	s->now.args[0] = regs->orig_x0;
	for (int i = 1; i < 6; i++)
		s->now.args[i] = BPF_CORE_READ(user, regs[i]);
#endif
}

static __always_inline int on_exit(struct pt_regs *regs, long ret, bool proving)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mark *m;
	struct stats *st;
	struct scratch *s;
	__u64 bit;
	__u32 nr, which;
	bool failed, is_compat, seccomp = false, had_refused;

	if (on_host(task))
		return 0;
	m = mark_of(task);
	if (!m)
		return 0;
	which = m->slot & (MAX_SLOTS - 1);
	if (proving) {
		seccomp = !m->entered;
		m->entered = 0;
	}
	nr = SYSCALL_NR(regs);
	if (nr >= MAX_CALLS) /* rt_sigreturn has -1 by now */
		return 0;
	is_compat = compat(task);
	st = stats_of(which, slots[which].epoch);
	bit = 1ULL << (nr & 63);
	if (is_compat) {
		if (!(st->compat[nr >> 6] & bit))
			__sync_fetch_and_or(&st->compat[nr >> 6], bit);
		return 0;
	}
	if (!(st->native[nr >> 6] & bit))
		__sync_fetch_and_or(&st->native[nr >> 6], bit);
	failed = ret < 0 && ret >= -MAX_ERRNO;
	had_refused = m->refused != 0;
	if (failed) {
		/* EAGAIN is what every non-blocking read returns. */
		if (ret == -EAGAIN ? calls[nr].op != OP_FORK && !(proving && seccomp) :
				     ret != -EPERM && ret != -EACCES && ret != -EROFS && ret != -ENOSPC &&
				     ret != -EMFILE && !(ret == -EINPROGRESS && calls[nr].op == OP_CONNECT) &&
				     !(proving && seccomp)) {
			if (had_refused)
				m->refused = 0;
			return 0;
		}
	} else if (calls[nr].op < OP_OPEN) {
		if (had_refused)
			m->refused = 0;
		return 0;
	}
	s = scratch();
	if (!s)
		return 0;
	about(s, m, &slots[which]);
	m->refused = 0;
	s->now.nr = nr;
	s->now.ret = ret;
	s->now.seccomp = proving && seccomp;
	take_arguments(s, regs);
	if (failed && ret != -EINPROGRESS)
		refused();
	else
		succeeded();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(observe_exit, struct pt_regs *regs, long ret)
{
	return on_exit(regs, ret, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(prove_exit, struct pt_regs *regs, long ret)
{
	return on_exit(regs, ret, true);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(prove_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mark *m;

	if (on_host(task))
		return 0;
	m = mark_of(task);
	if (m)
		m->entered = 1;
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *unused, int old_pid, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch();
	struct mark *m;
	struct slot *slot;
	struct inode *inode;
	struct super_block *sb, *root;
	unsigned long magic;
	const char *filename;
	__u64 before;
	__u32 mode, which;

	if (on_host(task) || !s)
		return 0;
	m = mark_of(task);
	if (!m) {
		int found;

		/*
		 * The runtime may execute itself (runc's memfd copy) after it went into the cgroup, but not
		 * after it made the mount namespace: until then it shares its parent's.
		 */
		if (task->nsproxy->mnt_ns == BPF_CORE_READ(task, real_parent, nsproxy, mnt_ns))
			return 0;
		found = cgroup_slot((__u64)bpf_get_current_task());
		if (found < 1 || found > MAX_SLOTS)
			return 0;
		m = bpf_task_storage_get(&marks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!m) {
			__sync_fetch_and_add(&lost, 1);
			return 0;
		}
		__builtin_memset(m, 0, sizeof(*m));
		which = (found - 1) & (MAX_SLOTS - 1);
		m->slot = which;
		m->generation = slots[which].generation;
		one_more_task(&slots[which], which);
	}
	which = m->slot & (MAX_SLOTS - 1);
	slot = &slots[which];
	m->entered = 1; /* of this execve, possibly before the mark */
	about(s, m, slot);
	before = m->exe;
	program_of(SCRATCH_TRACE);
	m->exe = s->now.exe;
	m->asked_epoch = 0;

	begin(s, KIND_EXECUTED);
	s->event.exe = before;
	s->event.value = m->exe;
	inode = BPF_CORE_READ(bprm, file, f_inode);
	mode = BPF_CORE_READ(inode, i_mode);
	if ((mode & S_ISUID && BPF_CORE_READ(task, cred, euid.val) != BPF_CORE_READ(task, cred, uid.val)) ||
	    (mode & S_ISGID && BPF_CORE_READ(task, cred, egid.val) != BPF_CORE_READ(task, cred, gid.val)))
		s->event.flags |= FLAG_SETID;
	sb = BPF_CORE_READ(inode, i_sb);
	root = BPF_CORE_READ(task, fs, root.mnt, mnt_sb);
	magic = BPF_CORE_READ(sb, s_magic);
	if (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) {
		s->event.detail = BPF_CORE_READ(sb, s_flags) & SB_KERNMOUNT ? ORIGIN_MEMFD : ORIGIN_TMPFS;
	} else if (sb != root) {
		s->event.detail = ORIGIN_MOUNT;
	} else if (magic == OVERLAY_MAGIC && bpf_core_field_exists(struct ovl_inode, __upperdentry)) {
		struct ovl_inode *ovl = (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);

		s->event.detail = BPF_CORE_READ(ovl, __upperdentry) ? ORIGIN_WRITTEN : ORIGIN_IMAGE;
	}
	filename = BPF_CORE_READ(bprm, filename);
	if (filename != BPF_CORE_READ(bprm, interp)) {
		long bytes;

		walk((__u64)BPF_CORE_READ(task, fs, pwd.dentry), (__u64)BPF_CORE_READ(task, fs, pwd.mnt));
		if (take_walk(s) == 0) {
			__u32 first = s->event.first & (PATH_BYTES - 1);

			bytes = bpf_probe_read_kernel_str(&s->data[first], PATH_BYTES, filename);
			if (bytes > 1) {
				/* An absolute name starts from the task's root, which is the container's but for a chroot. */
				s->event.second = bytes - 1;
				s->event.flags |= FLAG_RESOLVE | FLAG_FOLLOW;
			}
		}
	}
	send();
	identity();
	return 0;
}

/* Early word of a container, so that the loader has its mounts before a short-lived program is gone again. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	struct event starting = { .kind = KIND_STARTING, .tgid = task->tgid };
	struct cgroup_name name = {};
	__u32 *slot;

	bpf_probe_read_kernel_str(name.text, sizeof(name.text), BPF_CORE_READ(cgroup, kn, name));
	slot = bpf_map_lookup_elem(&wanted, &name);
	if (!slot)
		return 0;
	starting.epoch = slots[*slot & (MAX_SLOTS - 1)].epoch;
	bpf_ringbuf_output(&events, &starting, sizeof(starting), 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct mark *m, *c;
	struct slot *slot;
	struct stats *st;
	__u32 which;

	if (on_host(parent))
		return 0;
	m = mark_of(parent);
	if (!m)
		return 0;
	which = m->slot & (MAX_SLOTS - 1);
	slot = &slots[which];
	one_more_task(slot, which);
	st = stats_of(which, slot->epoch);
	if (child->tgid != parent->tgid)
		__sync_fetch_and_add(&st->forks, 1);
	c = bpf_task_storage_get(&marks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!c) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	__builtin_memset(c, 0, sizeof(*c));
	c->slot = m->slot;
	c->generation = m->generation;
	c->exe = m->exe;
	c->entered = 1; /* it returns from a clone that it did not enter */
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_task_exit, struct task_struct *task)
{
	struct mark *m;
	struct slot *slot;

	m = mark_of(task);
	if (!m)
		return 0;
	slot = &slots[m->slot & (MAX_SLOTS - 1)];
	if (__sync_fetch_and_add(&slot->tasks, -1) == 1) {
		/* If this does not fit, the loader lets go of the container at its next event. */
		struct event ended = { .kind = KIND_ENDED, .epoch = slot->epoch };

		bpf_ringbuf_output(&events, &ended, sizeof(ended), 0);
	}
	if (preexisting_tasks && task->pid == task->tgid) {
		__u32 tgid = task->tgid;

		bpf_map_delete_elem(&preexisting, &tgid);
	}
	return 0;
}

static __always_inline __u64 capability_set(const struct cred *cred, __u32 offset)
{
	__u64 set = 0;

	/* Two words before Linux 6.3, one long word since: the same bytes. */
	bpf_probe_read_kernel(&set, sizeof(set), (void *)cred + offset);
	return set;
}

/*
 * overlay asks with the credentials of who mounted it, which is no question about the task. access(2) asks
 * with borrowed ones too, but these have no more than the task itself may have.
 */
static __always_inline bool borrowed(struct task_struct *task, const struct cred *cred)
{
	const struct cred *own = BPF_CORE_READ(task, real_cred);

	return cred != own && (capability_set(cred, bpf_core_field_offset(struct cred, cap_effective)) &
			       ~capability_set(own, bpf_core_field_offset(struct cred, cap_permitted)));
}

/* hint: -1 if this kernel does not tell. */
static __always_inline int asked(const struct cred *cred, int capability, bool granted, int hint)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s;
	struct mark *m;
	struct slot *slot;
	__u64 bit = 1ULL << (capability & 63);

	if (on_host(task))
		return 0;
	m = mark_found(task, SCRATCH_CAPABILITY);
	if (!m)
		return 0;
	if (borrowed(task, cred))
		return 0;
	slot = &slots[m->slot & (MAX_SLOTS - 1)];
	if (!granted && hint != 1)
		m->refused |= bit;
	if (m->asked_epoch != slot->epoch) {
		m->asked_epoch = slot->epoch;
		m->asked[0] = m->asked[1] = 0;
	}
	/* Hints are not remembered here: they would hide the real question after them. */
	if (hint != 1) {
		if (m->asked[granted] & bit)
			return 0;
		m->asked[granted] |= bit;
	}
	s = scratch_of(SCRATCH_CAPABILITY);
	if (!s)
		return 0;
	about(s, m, slot);
	begin(s, KIND_CAPABILITY);
	s->event.value = capability;
	s->event.flags = (granted ? FLAG_GRANTED : 0) | (hint >= 0 ? FLAG_HINT_KNOWN : 0) |
			 (hint == 1 ? FLAG_HINT : 0);
	return send_of(SCRATCH_CAPABILITY);
}

SEC("tp_btf/cap_capable")
int BPF_PROG(capability_tp, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *capable, int capability, int ret)
{
	asked(cred, capability, ret == 0, -1);
	return 0;
}

#define CAP_OPT_NOAUDIT 2 /* include/linux/security.h */

SEC("fexit/cap_capable")
int BPF_PROG(capability_fexit, const struct cred *cred, struct user_namespace *target, int capability,
	     unsigned int options, int ret)
{
	asked(cred, capability, ret == 0, !!(options & CAP_OPT_NOAUDIT));
	return 0;
}

SEC("kprobe/cap_capable")
int BPF_KPROBE(capability_kprobe, const struct cred *cred, struct user_namespace *target, int capability,
	       unsigned int options)
{
	struct mark *m = bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0, 0);

	if (m) {
		m->asking = capability + 1;
		m->asking_cred = (__u64)cred;
		m->asking_hint = !!(options & CAP_OPT_NOAUDIT);
	}
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(capability_kretprobe, int ret)
{
	struct mark *m = bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0, 0);
	int capability;

	if (!m || !m->asking)
		return 0;
	capability = m->asking - 1;
	m->asking = 0;
	asked((const struct cred *)m->asking_cred, capability, ret == 0, m->asking_hint);
	return 0;
}

SEC("raw_tp/mark_victim")
int on_oom(struct bpf_raw_tracepoint_args *ctx)
{
	struct scratch *s = scratch();
	__u64 victim = bpf_get_current_task();
	struct task_struct *task;
	struct file *file;
	__u32 which;
	int found;

	if (oom_victim_is_task)
		victim = ctx->args[0];
	/* Before that only a number: with a memory limit the victim is of the same container as who asked. */
	found = cgroup_slot(victim);
	if (found < 1 || found > MAX_SLOTS || !s)
		return 0;
	which = found - 1;
	task = (void *)victim;
	__sync_fetch_and_add(&stats_of(which, slots[which].epoch)->oom_kills, 1);
	s->now.epoch = slots[which].epoch;
	s->now.exe = 0;
	s->now.nr = 0;
	begin(s, KIND_REFUSAL);
	s->event.detail = BECAUSE_MEMORY;
	s->event.error = 12; /* ENOMEM */
	s->event.uid = BPF_CORE_READ(task, real_cred, euid.val);
	file = BPF_CORE_READ(task, mm, exe_file);
	if (file && !walk((__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt)))
		take_walk(s);
	send();
	return 0;
}
