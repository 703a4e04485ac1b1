/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lacre-sensor: sees what watched containers do, and tells it as binary records on standard output.
 *
 * Commands come as lines on standard input: "NUMBER watch ID", "NUMBER phase ID", "NUMBER sync". Each is answered
 * by a record with that number when the kernel side has it. The end of standard input ends the program, and with
 * it all that it put into the kernel.
 *
 * Paths of system calls that name one are resolved here, at once, through /proc/PID/root. A container's mount
 * namespace is held while it has tasks, and let go when the last one ended.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "paths.h"
#include "wire.h"
#include "sensor.skel.h"

/* process.py knows these. */
enum exit_code {
	EXIT_USAGE = 2,
	EXIT_NO_BTF = 10,
	EXIT_NO_PERMISSION = 11,
	EXIT_NO_TRACEPOINT = 12,
	EXIT_NOT_LOADED = 13,
	EXIT_BROKEN = 14,
};

enum {
	LINE_BYTES = 256,
	ID_BYTES = 64,
	JOINED_BYTES = 2 * PATH_BYTES + 2,
	LOOK_MS = 5,                  /* between two looks at a container that is being started */
	LOOKS = 2000,                 /* ten seconds; a container that takes longer is held at its first fact */
	LINKS = 16,                   /* symbolic links followed at the end of one path */
	OUTPUT_LIMIT = 256 << 20,     /* unread output; past that the kernel's ring has to wait */
};

struct container {
	char id[ID_BYTES + 1];
	__u32 epochs;                 /* phases so far */
	/* Held while the container has tasks, so that what its last one did can still be resolved. */
	int mnt_ns_fd;
	__u32 mnt_ns;
	/* Where the runtime's processes are listed that become the container; how often we looked there. */
	char procs[PATH_BYTES];
	int looks;
};

static struct sensor *skel;
static struct ring_buffer *ring;
static struct container containers[MAX_SLOTS];
static struct stats told[MAX_SLOTS * MAX_EPOCHS];
static __u32 epoch_of[MAX_SLOTS * MAX_EPOCHS];
static __u64 told_lost;
static __u32 epoch_count, generation_count;
static int epoch_slots_size;
static __u16 *epoch_slots;            /* slot of each epoch, by epoch / MAX_EPOCHS */

static char *output;
static size_t output_size, output_start, output_end;

static char log_text[4096];

__attribute__((noreturn, format(printf, 2, 3))) static void die(enum exit_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(code);
}

/* --- output ------------------------------------------------------------------------------------------- */

static void flush(bool wait)
{
	while (output_start < output_end) {
		ssize_t n = write(STDOUT_FILENO, output + output_start, output_end - output_start);

		if (n > 0) {
			output_start += n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

			if (!wait)
				return;
			poll(&p, 1, -1);
			continue;
		}
		exit(0); /* nobody reads any more */
	}
	output_start = output_end = 0;
}

static void put(const void *bytes, size_t size)
{
	if (output_end + size > output_size) {
		if (output_start) {
			memmove(output, output + output_start, output_end - output_start);
			output_end -= output_start;
			output_start = 0;
		}
		if (output_end + size > output_size) {
			size_t bigger = output_size ? output_size * 2 : 1 << 20;

			while (bigger < output_end + size)
				bigger *= 2;
			output = realloc(output, bigger);
			if (!output)
				die(EXIT_BROKEN, "no memory for %zu bytes of output", bigger);
			output_size = bigger;
		}
	}
	memcpy(output + output_end, bytes, size);
	output_end += size;
}

static void tell(struct record *r, const void *first, size_t first_bytes, const char *second, const char *third)
{
	r->first = first_bytes;
	r->second = second ? strlen(second) : 0;
	r->third = third ? strlen(third) : 0;
	r->size = sizeof(*r) + r->first + r->second + r->third;
	put(r, sizeof(*r));
	put(first, r->first);
	put(second, r->second);
	put(third, r->third);
	if (output_end - output_start > OUTPUT_LIMIT)
		flush(true);
}

/* --- paths -------------------------------------------------------------------------------------------- */

/* include/uapi/linux/magic.h, under the names that /proc/filesystems has. */
static const struct { unsigned long magic; const char *name; } filesystems[] = {
	{ 0x794c7630, "overlay" }, { 0x01021994, "tmpfs" }, { 0xef53, "ext4" }, { 0x58465342, "xfs" },
	{ 0x9123683e, "btrfs" }, { 0x9fa0, "proc" }, { 0x62656572, "sysfs" }, { 0x63677270, "cgroup2" },
	{ 0x27e0eb, "cgroup" }, { 0x1cd1, "devpts" }, { 0x19800202, "mqueue" }, { 0x65735546, "fuse" },
	{ 0x2fc12fc1, "zfs" }, { 0x6969, "nfs" }, { 0xff534d42, "cifs" }, { 0xf2f52010, "f2fs" },
	{ 0x73717368, "squashfs" }, { 0xe0f5e1e2, "erofs" }, { 0x858458f6, "ramfs" }, { 0x01021997, "9p" },
	{ 0x6a656a63, "virtiofs" }, { 0x958458f6, "hugetlbfs" }, { 0xcafe4a11, "bpf" },
};

static const char *filesystem_name(int fd)
{
	struct statfs st;
	static char hex[32];

	if (fstatfs(fd, &st))
		return "";
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
		if (filesystems[i].magic == (unsigned long)(unsigned int)st.f_type)
			return filesystems[i].name;
	snprintf(hex, sizeof(hex), "0x%x", (unsigned int)st.f_type);
	return hex;
}

static __u32 mnt_ns_of(unsigned int pid)
{
	char name[64], text[64];
	unsigned int inode;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%u/ns/mnt", pid);
	n = readlink(name, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = 0;
	return sscanf(text, "mnt:[%u]", &inode) == 1 ? inode : 0;
}

/* The text that the kernel has for an open path; false if it does not fit. */
static bool path_of(int fd, char *text, size_t size)
{
	char name[64];
	ssize_t n;
	static const char deleted[] = " (deleted)";
	struct stat st;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, text, size - 1);
	if (n <= 0 || text[0] != '/' || (size_t)n >= size - 1)
		return false;
	text[n] = 0;
	if ((size_t)n > sizeof(deleted) && !strcmp(text + n - sizeof(deleted) + 1, deleted) && !fstat(fd, &st) &&
	    !st.st_nlink)
		text[n - sizeof(deleted) + 1] = 0;
	if (!strcmp(text, "/"))
		text[0] = 0;
	return true;
}

static int open_in(int root, const char *path, int flags)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | flags, .resolve = RESOLVE_IN_ROOT };

	return syscall(SYS_openat2, root, *path ? path : "/", &how, sizeof(how));
}

/*
 * Replaces `path`, which is below `root`, by the one that the kernel would have found: symbolic links of the
 * directory part resolved, the last one too if `follow`. Returns the file's or else its directory's
 * descriptor for a closer look, -1 if it cannot be found.
 */
static int resolve(int root, char *path, size_t size, bool follow, unsigned int ns_tgid)
{
	static char directory[JOINED_BYTES], target[PATH_BYTES], name[NAME_MAX + 1];

	for (int i = 0; i < LINKS; i++) {
		char *slash;
		size_t bytes;
		ssize_t n;
		int fd, last;

		name_self(path, size, ns_tgid);
		for (bytes = strlen(path); bytes > 1 && path[bytes - 1] == '/'; bytes--)
			path[bytes - 1] = 0;
		slash = strrchr(path, '/');
		if (!slash)
			return -1;
		if (!slash[1] || !strcmp(slash + 1, ".") || !strcmp(slash + 1, "..")) {
			fd = open_in(root, path, O_DIRECTORY);
			if (fd >= 0 && !path_of(fd, path, size)) {
				close(fd);
				return -1;
			}
			return fd;
		}
		if (strlen(slash + 1) > NAME_MAX)
			return -1;
		strcpy(name, slash + 1);
		bytes = slash - path;
		memcpy(directory, path, bytes);
		directory[bytes] = 0;
		fd = open_in(root, directory, O_DIRECTORY);
		if (fd < 0)
			return -1;
		n = follow ? readlinkat(fd, name, target, sizeof(target) - 1) : -1;
		if (n > 0 && strcmp(filesystem_name(fd), "proc")) {
			target[n] = 0;
			close(fd);
			if (target[0] == '/')
				snprintf(path, size, "%s", target);
			else if ((size_t)snprintf(path, size, "%s/%s", directory, target) >= size)
				return -1;
			continue;
		}
		if (!path_of(fd, directory, sizeof(directory)) ||
		    (size_t)snprintf(path, size, "%s/%s", directory, name) >= size) {
			close(fd);
			return -1;
		}
		last = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (last < 0)
			return fd;
		close(fd);
		return last;
	}
	return -1;
}

static struct slot *slot_at(int which)
{
	return &skel->bss->slots[which];
}

static void let_go(struct container *c)
{
	if (!c->mnt_ns)
		return;
	close(c->mnt_ns_fd);
	c->mnt_ns = 0;
}

static int open_root(unsigned int pid, __u32 mnt_ns)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/proc/%u/root", pid);
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Asked after opening: the number may belong to another process by now. */
	if (fd >= 0 && mnt_ns_of(pid) != mnt_ns) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void hold(struct container *c, unsigned int pid, __u32 mnt_ns)
{
	char name[64];
	int fd;

	if (c->mnt_ns || !mnt_ns)
		return;
	snprintf(name, sizeof(name), "/proc/%u/ns/mnt", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (mnt_ns_of(pid) != mnt_ns) {
		close(fd);
		return;
	}
	c->mnt_ns_fd = fd;
	c->mnt_ns = mnt_ns;
}

/* The root of a mount namespace: only one who is in it can open it. */
static int root_in(int mnt_ns_fd)
{
	int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int own_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), root = -1;

	if (own >= 0 && own_root >= 0 && !setns(mnt_ns_fd, CLONE_NEWNS)) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (setns(own, CLONE_NEWNS) || fchdir(own_root) || chroot("."))
			die(EXIT_BROKEN, "no way back from a container's mount namespace: %s", strerror(errno));
	}
	close(own);
	close(own_root);
	return root;
}

/* Names that engines give to a container's cgroup: cgroupfs and systemd drivers. */
static const char *const cgroup_forms[] = {
	"%s", "docker-%s.scope", "libpod-%s.scope", "libpod-%s", "cri-containerd-%s.scope", "crio-%s.scope",
	"nerdctl-%s.scope",
};
#define CGROUP_FORMS (sizeof(cgroup_forms) / sizeof(cgroup_forms[0]))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void cgroup_name(struct cgroup_name *name, size_t form, const char *id)
{
	memset(name, 0, sizeof(*name));
	snprintf(name->text, sizeof(name->text), cgroup_forms[form], id);
}
#pragma GCC diagnostic pop

/* Whether a line of /proc/PID/cgroup has one of the container's names as one of its directories. */
static bool names_container(char *line, const char *id)
{
	char *save, *part = strtok_r(line, "/\n", &save);

	for (; part; part = strtok_r(NULL, "/\n", &save)) {
		struct cgroup_name name;

		for (size_t form = 0; form < CGROUP_FORMS; form++) {
			cgroup_name(&name, form, id);
			if (!strcmp(part, name.text))
				return true;
		}
	}
	return false;
}

/* The name of cgroup.procs for a line of /proc/PID/cgroup, "number:controllers:path"; false if it is not there. */
static bool procs_of(const char *line, char *name, size_t size)
{
	const char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
	int bytes;

	if (!path++)
		return false;
	controllers++;
	bytes = path - 1 - controllers;
	if (!strncmp(controllers, "name=", 5)) {
		controllers += 5;
		bytes -= 5;
	}
	if (bytes > 0) {
		snprintf(name, size, "/sys/fs/cgroup/%.*s%s/cgroup.procs", bytes, controllers, path);
		return !access(name, R_OK);
	}
	snprintf(name, size, "/sys/fs/cgroup%s/cgroup.procs", path);
	if (!access(name, R_OK))
		return true;
	snprintf(name, size, "/sys/fs/cgroup/unified%s/cgroup.procs", path);
	return !access(name, R_OK);
}

/* The runtime put a process into the cgroup of a container that has no program yet. */
static void is_starting(struct container *c, unsigned int pid)
{
	char name[64], line[PATH_BYTES / 2], copy[PATH_BYTES / 2];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	file = fopen(name, "re");
	if (!file)
		return;
	while (!c->procs[0] && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		strcpy(copy, line);
		if (names_container(copy, c->id) && !procs_of(line, c->procs, sizeof(c->procs)))
			c->procs[0] = 0;
	}
	fclose(file);
	c->looks = 0;
}

/*
 * The runtime makes the container's mounts and then waits to be told to start it: what we see last before
 * that is what the container has. To be called again every LOOK_MS until then; false if there is no need.
 */
static bool look_at_starting(void)
{
	bool any = false;

	for (int i = 0; i < MAX_SLOTS; i++) {
		struct container *c = &containers[i];
		unsigned int pid;
		FILE *file;

		if (!c->procs[0])
			continue;
		file = ++c->looks > LOOKS ? NULL : fopen(c->procs, "re");
		if (!file) {
			c->procs[0] = 0;
			if (slot_at(i)->tasks <= 0)
				let_go(c);
			continue;
		}
		any = true;
		while (fscanf(file, "%u", &pid) == 1) {
			__u32 mnt_ns = mnt_ns_of(pid);

			if (!mnt_ns || mnt_ns == skel->rodata->host_mnt_ns)
				continue;
			let_go(c);
			hold(c, pid, mnt_ns);
		}
		fclose(file);
	}
	return any;
}

static struct container *container_of_event(const struct event *e)
{
	__u32 index = e->epoch / MAX_EPOCHS;

	if (!e->mnt_ns && e->kind == KIND_PROGRAM)
		return NULL;
	return index < epoch_count && epoch_slots[index] < MAX_SLOTS ? &containers[epoch_slots[index]] : NULL;
}

/* Finds a root to resolve the event's path in, and the path of that root; -1 if all who had it are gone. */
static int root_of(const struct event *e, const char *data, char *prefix, size_t size)
{
	struct container *c = container_of_event(e);
	int fd = e->mnt_ns ? open_root(e->tgid, e->mnt_ns) : -1;

	if (fd < 0 && c && c->mnt_ns && c->mnt_ns == e->mnt_ns) {
		fd = root_in(c->mnt_ns_fd);
		/* An absolute path starts from the root of its task: in a chroot that is `first`. */
		if (fd >= 0 && e->first && e->second && data[e->first] == '/') {
			int inner;

			snprintf(prefix, size, "%.*s", e->first, data);
			inner = open_in(fd, prefix, O_DIRECTORY);
			close(fd);
			fd = inner;
		}
	}
	if (fd >= 0 && !path_of(fd, prefix, size)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_exec(const struct event *e)
{
	return e->nr == SYS_execve || e->nr == SYS_execveat;
}

/* Whether the last symbolic link of the path belongs to what is told. Where access was denied it may be a
 * directory before the link that did so: then the path as the program said it names the reason. */
static bool follows(const struct event *e)
{
	if (e->kind == KIND_REFUSAL && (e->detail == BECAUSE_PERMISSION || e->detail == BECAUSE_CAPABILITY) &&
	    !is_exec(e)) /* there the mount of the program itself may be why */
		return false;
	return e->flags & FLAG_FOLLOW;
}

/* Puts the path that the event speaks of into `path`; its file system into `filesystem` if found here. */
static void event_path(const struct event *e, const char *data, char *path, size_t size, char *filesystem,
		       bool *noexec)
{
	char prefix[PATH_BYTES], joined[JOINED_BYTES];
	size_t prefix_bytes;
	int root, fd = -1;

	if (!(e->flags & FLAG_RESOLVE)) {
		snprintf(path, size, "%.*s%s", e->first, data, e->flags & FLAG_TMPFILE ? "/#tmpfile" : "");
		if (!*path)
			snprintf(path, size, "/");
		return;
	}
	snprintf(path, size, "%.*s/%.*s", e->first, data, e->second, data + e->first);
	root = root_of(e, data, prefix, sizeof(prefix));
	if (root >= 0) {
		prefix_bytes = strlen(prefix);
		if (!strncmp(path, prefix, prefix_bytes) && path[prefix_bytes] == '/') {
			snprintf(joined, sizeof(joined), "%s", path + prefix_bytes);
			fd = resolve(root, joined, sizeof(joined), follows(e), e->ns_tgid);
		}
		close(root);
	}
	if (fd >= 0) {
		struct statvfs st;

		snprintf(path, size, "%s", *joined ? joined : "/");
		snprintf(filesystem, FILESYSTEM_BYTES, "%s", filesystem_name(fd));
		*noexec = !fstatvfs(fd, &st) && (st.f_flag & ST_NOEXEC);
		close(fd);
	} else {
		tidy(path);
	}
	unname_self(path, size, e->ns_tgid);
}

static int on_event(void *unused, void *data, size_t size)
{
	static char path[JOINED_BYTES];
	const struct event *e = data;
	struct container *c;
	char filesystem[FILESYSTEM_BYTES] = "";
	bool noexec = false;
	struct record r = {
		.kind = e->kind, .flags = e->flags, .epoch = e->epoch, .uid = e->uid, .gid = e->gid, .nr = e->nr,
		.error = e->error, .port = e->port, .detail = e->detail, .exe = e->exe, .value = e->value,
	};

	(void)unused;
	if (size < sizeof(*e) || size < sizeof(*e) + e->first + e->second)
		return 0;
	c = container_of_event(e);
	if (e->kind == KIND_ENDED) {
		if (c && slot_at(c - containers)->tasks <= 0 && !c->procs[0])
			let_go(c);
		return 0;
	}
	if (e->kind == KIND_STARTING) {
		/* `docker exec` comes here too. */
		if (c && slot_at(c - containers)->tasks <= 0 && !c->procs[0])
			is_starting(c, e->tgid);
		return 0;
	}
	if (c && e->kind == KIND_EXECUTED)
		c->procs[0] = 0;
	if (c && slot_at(c - containers)->tasks > 0)
		hold(c, e->tgid, e->mnt_ns);
	memcpy(r.address, e->address, sizeof(r.address));
	memcpy(filesystem, e->filesystem, sizeof(filesystem));
	filesystem[FILESYSTEM_BYTES - 1] = 0;
	path[0] = 0;
	switch (e->kind) {
	case KIND_EXECUTED:
		/* Without a script there is no second part, and the directory alone means nothing. */
		if (e->second)
			event_path(e, (const char *)(e + 1), path, sizeof(path), filesystem, &noexec);
		break;
	case KIND_REFUSAL:
		if (e->detail == BECAUSE_MEMORY || e->first || e->second)
			event_path(e, (const char *)(e + 1), path, sizeof(path), filesystem, &noexec);
		if (is_exec(e) && e->detail == BECAUSE_PERMISSION && noexec)
			r.detail = BECAUSE_NO_EXEC;
		break;
	case KIND_PROGRAM:
	case KIND_WRITE:
	case KIND_OPENED:
	case KIND_MAPPED:
		event_path(e, (const char *)(e + 1), path, sizeof(path), filesystem, &noexec);
		break;
	}
	tell(&r, path, strlen(path), filesystem, NULL);
	return 0;
}

/* --- commands ----------------------------------------------------------------------------------------- */

static void set_bits(__u64 *bits, const int *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bits[numbers[i] / 64] |= 1ULL << (numbers[i] % 64);
}

/* Calls that every program makes and that never show at sys_exit, because they do not return there. */
static const int native_unseen[] = { SYS_rt_sigreturn, SYS_exit, SYS_exit_group };
/* i386: exit, sigreturn, rt_sigreturn, exit_group (arch/x86/entry/syscalls/syscall_32.tbl) */
static const int compat_unseen[] = { 1, 119, 173, 252 };

static bool any(const __u64 *bits)
{
	for (int i = 0; i < MAX_CALLS / 64; i++)
		if (bits[i])
			return true;
	return false;
}

static void tell_stats(int which, __u32 index)
{
	__u32 at = which * MAX_EPOCHS + index;
	struct stats now;
	struct record r = { .kind = KIND_SYSCALLS, .epoch = epoch_of[at] };

	memcpy(&now, (struct stats *)skel->bss->stats + at, sizeof(now));
	if (!memcmp(&now, &told[at], sizeof(now)))
		return;
	told[at] = now;
	if (any(now.native)) {
		set_bits(now.native, native_unseen, sizeof(native_unseen) / sizeof(int));
		tell(&r, now.native, sizeof(now.native), NULL, NULL);
	}
	if (any(now.compat)) {
		set_bits(now.compat, compat_unseen, sizeof(compat_unseen) / sizeof(int));
		r.flags = FLAG_COMPAT;
		tell(&r, now.compat, sizeof(now.compat), NULL, NULL);
	}
	r = (struct record){ .kind = KIND_COUNTERS, .epoch = epoch_of[at], .value = now.forks,
			     .gid = now.tasks_peak, .nr = now.fds_peak, .error = now.oom_kills };
	tell(&r, NULL, 0, NULL, NULL);
}

static void tell_all_stats(int which)
{
	__u32 kept = containers[which].epochs < MAX_EPOCHS ? containers[which].epochs : MAX_EPOCHS;

	for (__u32 i = 0; i < kept; i++)
		tell_stats(which, (containers[which].epochs - kept + i) % MAX_EPOCHS);
}

/* Starts the container's next phase; returns its epoch. */
static __u32 next_epoch(int which)
{
	__u32 index = containers[which].epochs % MAX_EPOCHS, at = which * MAX_EPOCHS + index, epoch;
	struct stats fresh = { 0 };
	__s32 tasks = slot_at(which)->tasks;

	if (containers[which].epochs >= MAX_EPOCHS)
		tell_stats(which, index); /* for the last time */
	if ((int)epoch_count >= epoch_slots_size) {
		epoch_slots_size = epoch_slots_size ? epoch_slots_size * 2 : 1024;
		epoch_slots = realloc(epoch_slots, epoch_slots_size * sizeof(*epoch_slots));
		if (!epoch_slots)
			die(EXIT_BROKEN, "no memory for %d phases", epoch_slots_size);
	}
	epoch_slots[epoch_count] = which;
	epoch = epoch_count++ * MAX_EPOCHS + index;
	fresh.tasks_peak = tasks > 0 ? tasks : 0;
	memcpy((struct stats *)skel->bss->stats + at, &fresh, sizeof(fresh));
	memset(&told[at], 0, sizeof(told[at]));
	epoch_of[at] = epoch;
	containers[which].epochs++;
	__atomic_store_n(&slot_at(which)->epoch, epoch, __ATOMIC_SEQ_CST);
	return epoch;
}

static int find(const char *id)
{
	for (int i = 0; i < MAX_SLOTS; i++)
		if (!strcmp(containers[i].id, id))
			return i;
	return -1;
}

static bool in_container(unsigned int pid, const char *id)
{
	char name[64], line[PATH_BYTES];
	bool found = false;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	file = fopen(name, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = names_container(line, id);
	fclose(file);
	return found;
}

/* The runtime's own process before it executes the application is not the application. */
static bool is_runtime(unsigned int pid)
{
	static const char *const runtimes[] = { "runc", "crun", "youki" };
	char name[64], comm[32] = "";
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/comm", pid);
	file = fopen(name, "re");
	if (file) {
		if (!fgets(comm, sizeof(comm), file))
			comm[0] = 0;
		fclose(file);
	}
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (!strncmp(comm, runtimes[i], strlen(runtimes[i])))
			return true;
	return false;
}

static int count_threads(unsigned int pid)
{
	char name[64];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%u/task", pid);
	dir = opendir(name);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* One look at all processes; returns how many of the container were new. */
static int scan(int which)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int found = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		unsigned int pid = strtoul(entry->d_name, NULL, 10);
		struct preexisting p = { .slot = which, .generation = slot_at(which)->generation }, old;
		int threads;

		if (!pid || !in_container(pid, containers[which].id) || is_runtime(pid))
			continue;
		p.mnt_ns = mnt_ns_of(pid);
		if (!p.mnt_ns || p.mnt_ns == skel->rodata->host_mnt_ns)
			continue;
		if (!bpf_map_lookup_elem(bpf_map__fd(skel->maps.preexisting), &pid, &old) &&
		    old.generation == p.generation)
			continue;
		/* Before it is in the map: from then on its end is counted. */
		threads = count_threads(pid);
		__atomic_fetch_add(&slot_at(which)->tasks, threads, __ATOMIC_SEQ_CST);
		__atomic_store_n(&skel->bss->preexisting_tasks, 1, __ATOMIC_SEQ_CST);
		if (bpf_map_update_elem(bpf_map__fd(skel->maps.preexisting), &pid, &p, BPF_ANY))
			__atomic_fetch_add(&skel->bss->lost, 1, __ATOMIC_SEQ_CST);
		hold(&containers[which], pid, p.mnt_ns);
		found++;
	}
	closedir(dir);
	return found;
}

static const char *watch(const char *id, __u32 *epoch)
{
	int which = find(id);
	__u32 value;
	struct stats *st;

	if (which >= 0)
		return "already watched";
	for (which = 0; which < MAX_SLOTS && containers[which].id[0]; which++)
		;
	if (which == MAX_SLOTS)
		return "256 containers are watched already";
	value = which;
	snprintf(containers[which].id, sizeof(containers[which].id), "%s", id);
	containers[which].epochs = 0;
	memset(slot_at(which), 0, sizeof(struct slot));
	*epoch = next_epoch(which);
	__atomic_store_n(&slot_at(which)->generation, ++generation_count, __ATOMIC_SEQ_CST);
	for (size_t form = 0; form < CGROUP_FORMS; form++) {
		struct cgroup_name name;

		cgroup_name(&name, form, id);
		if (bpf_map_update_elem(bpf_map__fd(skel->maps.wanted), &name, &value, BPF_ANY))
			return "the kernel takes no more names";
	}
	/* Those that a process forked between our look and its entry are found by the next look. */
	for (int i = 0; i < 10 && scan(which) > 0; i++)
		;
	st = (struct stats *)skel->bss->stats + which * MAX_EPOCHS;
	if (slot_at(which)->tasks > (__s32)st->tasks_peak)
		st->tasks_peak = slot_at(which)->tasks;
	return NULL;
}

static void sync_all(void)
{
	__u64 lost;

	ring_buffer__consume(ring);
	for (int i = 0; i < MAX_SLOTS; i++)
		if (containers[i].id[0])
			tell_all_stats(i);
	lost = __atomic_load_n(&skel->bss->lost, __ATOMIC_SEQ_CST);
	if (lost != told_lost) {
		struct record r = { .kind = KIND_LOST, .value = lost };

		told_lost = lost;
		tell(&r, NULL, 0, NULL, NULL);
	}
}

static void command(const char *line)
{
	struct record r = { .kind = KIND_DONE };
	unsigned long long number;
	char verb[16], id[ID_BYTES + 1] = "";
	const char *failed = NULL;
	int words = sscanf(line, "%llu %15s %64[0-9A-Za-z_.-]", &number, verb, id);
	int which;

	if (words < 2)
		die(EXIT_USAGE, "not a command: %s", line);
	r.value = number;
	if (!strcmp(verb, "sync")) {
		sync_all();
	} else if (words < 3) {
		failed = "a container's id is missing";
	} else if (!strcmp(verb, "watch")) {
		failed = watch(id, &r.epoch);
	} else if (!strcmp(verb, "phase")) {
		which = find(id);
		if (which < 0)
			failed = "not watched";
		else
			r.epoch = next_epoch(which);
	} else {
		failed = "no such command";
	}
	if (failed)
		r.kind = KIND_FAILED;
	tell(&r, failed, failed ? strlen(failed) : 0, NULL, NULL);
}

/* Takes what is there of standard input; false at its end. */
static bool take_commands(void)
{
	static char line[LINE_BYTES];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, line + used, sizeof(line) - 1 - used);
	char *end;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	used += n;
	line[used] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		command(line);
		used -= end + 1 - line;
		memmove(line, end + 1, used + 1);
	}
	if (used == sizeof(line) - 1)
		die(EXIT_USAGE, "a command of more than %d bytes", LINE_BYTES - 1);
	return true;
}

/* --- loading ------------------------------------------------------------------------------------------ */

/* Keeps the end of what libbpf says: the verifier's verdict comes last. */
static int keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
	static char text[1 << 20];
	int bytes;

	if (level != LIBBPF_WARN)
		return 0;
	bytes = vsnprintf(text, sizeof(text), format, args);
	if (bytes >= (int)sizeof(text))
		bytes = sizeof(text) - 1;
	if (bytes > (int)sizeof(log_text) - 1)
		memcpy(log_text, text + bytes - (sizeof(log_text) - 1), sizeof(log_text));
	else if (strlen(log_text) + bytes < sizeof(log_text))
		strcat(log_text, text);
	return 0;
}

enum capability_way { WAY_FEXIT, WAY_TRACEPOINT, WAY_KPROBE, WAY_NONE };
static const char *const way_names[] = { "fexit", "tracepoint", "kprobe", "none" };

/* Loads and attaches a program that does nothing; 0 or -errno. */
static int try_tracing(const struct btf *btf, const char *name, enum bpf_attach_type type)
{
	/* r0 = 0; exit */
	const struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	char full[64];
	int id, fd, link;

	snprintf(full, sizeof(full), "%s%s", type == BPF_TRACE_RAW_TP ? "btf_trace_" : "", name);
	id = btf__find_by_name_kind(btf, full, type == BPF_TRACE_RAW_TP ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	if (id < 0)
		return -ENOENT;
	options.attach_btf_id = id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "lacre_try", "GPL", insns, 2, &options);
	if (fd < 0)
		return fd;
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link >= 0)
		close(link);
	close(fd);
	return link < 0 ? link : 0;
}

static int try_way(const struct btf *btf, enum capability_way way)
{
	switch (way) {
	case WAY_FEXIT:
		return try_tracing(btf, "cap_capable", BPF_TRACE_FEXIT);
	case WAY_TRACEPOINT:
		return try_tracing(btf, "cap_capable", BPF_TRACE_RAW_TP);
	case WAY_KPROBE:
		return access("/sys/bus/event_source/devices/kprobe/type", F_OK) ? -errno : 0;
	case WAY_NONE:
		break;
	}
	return 0;
}

static const char *const tracepoints[] = {
	"sys_enter", "sys_exit", "sched_process_exec", "sched_process_fork", "sched_process_exit",
	"cgroup_attach_task",
};
#define TRACEPOINTS (sizeof(tracepoints) / sizeof(tracepoints[0]))

/* oom/mark_victim(int pid) became (struct task_struct *, uid_t) in Linux 6.8; parameter 0 is the hidden one. */
static bool oom_has_task(const struct btf *btf, bool *there)
{
	int id = btf__find_by_name_kind(btf, "btf_trace_mark_victim", BTF_KIND_TYPEDEF);
	const struct btf_type *t;

	*there = id > 0;
	if (id <= 0)
		return false;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type); /* pointer */
	t = btf__type_by_id(btf, t->type);                        /* prototype */
	if (!btf_is_func_proto(t) || btf_vlen(t) < 2)
		return false;
	t = btf__type_by_id(btf, btf_params(t)[1].type);
	return btf_is_ptr(t);
}

static bool has_overlay(const struct btf *vmlinux, const char **why)
{
	struct btf *module;
	bool found;

	if (btf__find_by_name_kind(vmlinux, "ovl_inode", BTF_KIND_STRUCT) > 0)
		return true;
	module = btf__load_module_btf("overlay", (struct btf *)vmlinux);
	if (!module) {
		*why = "the overlay module is not loaded, or has no BTF";
		return false;
	}
	found = btf__find_by_name_kind(module, "ovl_inode", BTF_KIND_STRUCT) > 0;
	btf__free(module);
	*why = "the overlay module's BTF has no ovl_inode";
	return found;
}

static struct btf *load_btf(void)
{
	struct btf *btf;

	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		if (errno == EACCES)
			die(EXIT_NO_PERMISSION, "/sys/kernel/btf/vmlinux cannot be read: the sensor needs root");
		die(EXIT_NO_BTF, "this kernel has no BTF (/sys/kernel/btf/vmlinux): CONFIG_DEBUG_INFO_BTF is off, or "
				 "/sys is not mounted");
	}
	btf = btf__load_vmlinux_btf();
	if (!btf)
		die(EXIT_NO_BTF, "this kernel's BTF cannot be read: %s", strerror(errno));
	return btf;
}

static enum capability_way choose_way(const struct btf *btf)
{
	enum capability_way way = WAY_FEXIT;

	while (way < WAY_NONE && try_way(btf, way))
		way++;
	return way;
}

/* Loads and attaches everything for one capability mechanism; returns 0 or -errno. */
static int start(const struct btf *btf, bool refusals, enum capability_way way)
{
	bool oom;
	int error;

	skel = sensor__open();
	if (!skel)
		return -errno;
	skel->rodata->host_mnt_ns = mnt_ns_of(getpid());
	skel->rodata->oom_victim_is_task = oom_has_task(btf, &oom);
	if (getrandom((void *)&skel->rodata->seed1, 8, 0) != 8 || getrandom((void *)&skel->rodata->seed2, 8, 0) != 8)
		return -EIO;
	bpf_program__set_autoload(skel->progs.observe_exit, !refusals);
	bpf_program__set_autoload(skel->progs.prove_exit, refusals);
	bpf_program__set_autoload(skel->progs.prove_enter, refusals);
	bpf_program__set_autoload(skel->progs.capability_fexit, way == WAY_FEXIT);
	bpf_program__set_autoload(skel->progs.capability_tp, way == WAY_TRACEPOINT);
	bpf_program__set_autoload(skel->progs.capability_kprobe, way == WAY_KPROBE);
	bpf_program__set_autoload(skel->progs.capability_kretprobe, way == WAY_KPROBE);
	bpf_program__set_autoload(skel->progs.on_oom, oom);
	error = sensor__load(skel);
	if (!error)
		error = sensor__attach(skel);
	if (error) {
		sensor__destroy(skel);
		skel = NULL;
	}
	return error;
}

static const char *needed_tracepoints(const struct btf *btf)
{
	for (size_t i = 0; i < TRACEPOINTS; i++) {
		int error = try_tracing(btf, tracepoints[i], BPF_TRACE_RAW_TP);

		if (error == -EPERM || error == -EACCES)
			die(EXIT_NO_PERMISSION, "BPF programs may not be loaded: the sensor needs root on the host "
						"(CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE) and a kernel that is not locked down");
		if (error)
			return tracepoints[i];
	}
	return NULL;
}

static void load(bool refusals, const char *wanted_way, enum capability_way *way)
{
	struct btf *btf = load_btf();
	const char *missing = needed_tracepoints(btf);
	int error;

	if (missing)
		die(EXIT_NO_TRACEPOINT, "this kernel has no usable trace point %s", missing);
	*way = choose_way(btf);
	for (enum capability_way i = WAY_FEXIT; wanted_way && i <= WAY_NONE; i++)
		if (!strcmp(way_names[i], wanted_way))
			*way = i;
	error = start(btf, refusals, *way);
	btf__free(btf);
	if (error)
		die(error == -EPERM ? EXIT_NO_PERMISSION : EXIT_NOT_LOADED, "the kernel refuses the sensor (%s): %s",
		    strerror(-error), log_text);
}

/* --- probing ------------------------------------------------------------------------------------------ */

static void probe_item(const char *name, int error, const char *why, const char *more)
{
	printf("  \"%s\": {\"available\": %s, \"why\": \"%s\"%s}", name, error ? "false" : "true",
	       error ? (why ? why : strerror(-error)) : "", more);
}

static int probe(void)
{
	struct btf *btf = load_btf();
	struct utsname u;
	const char *why = NULL;
	char mechanism[64];
	enum capability_way way;
	bool oom, task;
	int error = 0;

	uname(&u);
	printf("{\n  \"kernel\": \"%s\",\n  \"machine\": \"%s\",\n", u.release, u.machine);
	for (size_t i = 0; i < TRACEPOINTS; i++) {
		int one = try_tracing(btf, tracepoints[i], BPF_TRACE_RAW_TP);

		probe_item(tracepoints[i], one, one == -ENOENT ? "this kernel has no such trace point" : NULL, "");
		printf(",\n");
		error = error ? error : one;
	}
	for (way = WAY_FEXIT; way < WAY_NONE; way++) {
		int one = try_way(btf, way);

		snprintf(mechanism, sizeof(mechanism), "capabilities_%s", way_names[way]);
		probe_item(mechanism, one,
			   one != -ENOENT ? NULL : way == WAY_KPROBE ? "this kernel has no kprobes" :
			   way == WAY_TRACEPOINT ? "this kernel has no trace point cap_capable (Linux 6.14 has)" :
			   "cap_capable is not in BTF", "");
		printf(",\n");
	}
	way = choose_way(btf);
	probe_item("capabilities", way == WAY_NONE, "no mechanism works", "");
	printf(",\n");
	probe_item("capability_hints", way == WAY_NONE || way == WAY_TRACEPOINT,
		   "the trace point does not show which questions are only hints", "");
	printf(",\n");
	task = oom_has_task(btf, &oom);
	probe_item("oom_kills", !oom, "this kernel has no trace point mark_victim",  "");
	printf(",\n");
	probe_item("oom_victim", !task, "the trace point has the victim's number only", "");
	printf(",\n");
	error = error ? error : start(btf, true, way);
	probe_item("refusals", error, NULL, "");
	printf(",\n");
	if (skel)
		sensor__destroy(skel);
	skel = NULL;
	probe_item("file_origin", !has_overlay(btf, &why), why, "");
	printf(",\n  \"capability_mechanism\": \"%s\"\n}\n", way_names[way]);
	btf__free(btf);
	return 0;
}

/* --- start -------------------------------------------------------------------------------------------- */

/* One record of each kind, for the test of the decoder. */
static int selftest_wire(void)
{
	for (int kind = KIND_PROGRAM; kind <= KIND_READY; kind++) {
		struct record r = {
			.kind = kind, .flags = FLAG_RESOLVE, .epoch = 17, .uid = 33, .gid = 34, .nr = -2, .error = 30,
			.port = 8080, .detail = 2, .exe = 0x1122334455667788, .value = 0xfedcba9876543210,
		};

		if (kind == KIND_ENDED || kind == KIND_STARTING || (kind > KIND_SOCKET && kind < KIND_SYSCALLS))
			continue;
		for (int i = 0; i < 16; i++)
			r.address[i] = i;
		tell(&r, "/a\xff\nb", 5, "tmpfs", "third");
	}
	flush(true);
	return 0;
}

static void run(void)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = ring_buffer__epoll_fd(ring), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	for (;;) {
		fds[2].events = output_start < output_end ? POLLOUT : 0;
		if (poll(fds, 3, look_at_starting() ? LOOK_MS : -1) < 0 && errno != EINTR)
			die(EXIT_BROKEN, "poll: %s", strerror(errno));
		if (fds[2].revents & (POLLERR | POLLHUP))
			return;
		if (fds[1].revents)
			ring_buffer__consume(ring);
		if (fds[0].revents && !take_commands())
			return;
		flush(false);
	}
}

int main(int argc, char **argv)
{
	struct record ready = { .kind = KIND_READY, .value = WIRE_VERSION };
	enum capability_way way;
	bool refusals = false;
	const char *wanted_way = NULL; /* of the mechanisms, for the test of one that would not be chosen */

	libbpf_set_print(keep_log);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (argc == 2 && !strcmp(argv[1], "--probe"))
		return probe();
	if (argc == 2 && !strcmp(argv[1], "--selftest-wire"))
		return selftest_wire();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--refusals"))
			refusals = true;
		else if (!strcmp(argv[i], "--capabilities") && i + 1 < argc)
			wanted_way = argv[++i];
		else
			die(EXIT_USAGE, "usage: lacre-sensor [--refusals] [--capabilities fexit|tracepoint|kprobe]\n"
					"       lacre-sensor --probe | --selftest-wire");
	}
	signal(SIGPIPE, SIG_IGN);
	/* What a container did must be looked at before it ends; the work itself is little. */
	if (setpriority(PRIO_PROCESS, 0, -20))
		fprintf(stderr, "no priority: %s\n", strerror(errno));
	load(refusals, wanted_way, &way);
	ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, NULL, NULL);
	if (!ring)
		die(EXIT_BROKEN, "the event ring cannot be mapped: %s", strerror(errno));
	fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	tell(&ready, way_names[way], strlen(way_names[way]), NULL, NULL);
	flush(true);
	run();
	flush(true); /* what commands before the end of standard input asked for; a reader that died ends this */
	return 0;
}
