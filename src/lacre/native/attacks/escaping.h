// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "escaping". What would reach the host goes to the point where
// the kernel has agreed: files of the host are opened and not written, disks are opened and not read, namespaces
// are those of this process, mounts are taken away at once. The order of the kernel's checks was read in its
// source (the function is named).
#include <dirent.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>

// Nothing is ever there: a name below /proc/self is the kernel's to give.
#define NOWHERE "/proc/self/lacre-none"

// A directory that is no mount point and that every process has.
#define NO_MOUNT "/proc/self/fd"

enum { MOST_TEXT = 16384, MOST_PATH = 4096, MOST_DISKS = 8, MOST_PROCESSES = 1024 };

// path_mount: may_mount, then do_reconfigure_mnt: only a mount's root can be remounted.
static long take_remount(void)
{
	return mount(NULL, NO_MOUNT, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

// can_umount: may_mount, then whether it is a mount point.
static long take_umount(void)
{
	return umount2(NO_MOUNT, UMOUNT_NOFOLLOW);
}

static bool agrees(long (*take)(void), int agreed)
{
	return take() >= 0 || errno == agreed;
}

// Only what can be taken away again is mounted: a mount that stayed would hide this program. True if nothing
// can, which has been said then, and `said` is what to return.
static bool cannot_mount(int *said)
{
	if (!agrees(take_remount, EINVAL))
		*said = stopped("mount(2)");
	else if (!agrees(take_umount, EINVAL))
		*said = say("error", errno, "may mount, but not unmount again: not tried");
	else
		return false;
	return true;
}

// A tmpfs of one page over `argv[0]`, unmounted at once; only asked for where it could not be.
static int act_mount(int argc, char **argv)
{
	(void)argc;
	if (agrees(take_remount, EINVAL) && !agrees(take_umount, EINVAL))
		return worked("mount(2), asked only");
	if (mount("lacre", argv[0], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") == -1)
		return stopped("mount(2)");
	umount2(argv[0], MNT_DETACH);
	return worked("mount(2)");
}

static int act_remount(int argc, char **argv)
{
	static const struct way ways[] = { { "mount(MS_REMOUNT)", take_remount, EINVAL } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// The same by the calls of Linux 5.2, which AppArmor asks about only when the mount is put in its place (move_mount).
// What could not be taken away again is made and put nowhere: it ends with this process.
static int act_mount_api(int argc, char **argv)
{
	enum { SET_STRING = 1, CREATE = 6, CLOSE_ON_EXEC = 1, NOSUID_NODEV_NOEXEC = 0xe, EMPTY_PATH = 4 };
	long context = syscall(SYS_fsopen, "tmpfs", CLOSE_ON_EXEC), tree;

	(void)argc;
	if (context == -1)
		return errno == ENOSYS && !filtered() ? absent("this kernel has no such call") : stopped("fsopen(2)");
	if (syscall(SYS_fsconfig, context, SET_STRING, "size", "4k", 0) == -1 ||
	    syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) == -1)
		return stopped("fsconfig(2)");
	tree = syscall(SYS_fsmount, context, CLOSE_ON_EXEC, NOSUID_NODEV_NOEXEC);
	if (tree == -1)
		return stopped("fsmount(2)");
	if (!agrees(take_umount, EINVAL))
		return worked("fsmount(2), put nowhere");
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, argv[0], EMPTY_PATH) == -1)
		return stopped("move_mount(2)");
	umount2(argv[0], MNT_DETACH);
	return worked("move_mount(2)");
}

static int act_umount(int argc, char **argv)
{
	static const struct way ways[] = { { "umount2(2)", take_umount, EINVAL } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// pivot_root: may_mount, then the new root, which is not there.
static long take_pivot_root(void)
{
	return syscall(SYS_pivot_root, NOWHERE, NOWHERE);
}

static int act_pivot_root(int argc, char **argv)
{
	static const struct way ways[] = { { "pivot_root(2)", take_pivot_root, ENOENT } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// To where we are, of this process alone.
static long take_chroot(void)
{
	return chroot("/");
}

static int act_chroot(int argc, char **argv)
{
	static const struct way ways[] = { { "chroot(2)", take_chroot, 0 } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// CLONE_NEW... of the namespace that is asked for; three calls make one, and a filter may have forgotten two.
static unsigned long new_namespace;

static long take_unshare(void)
{
	return syscall(SYS_unshare, new_namespace);
}

// The child in the new namespace ends at once, and is waited for.
static long child_of(long child)
{
	if (child == 0)
		syscall(SYS_exit_group, 0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	return child;
}

static long take_clone(void)
{
	return child_of(syscall(SYS_clone, new_namespace | SIGCHLD, NULL, NULL, NULL, NULL));
}

static long take_clone3(void)
{
	uint64_t arguments[8] = { [0] = new_namespace, [4] = SIGCHLD }; // struct clone_args, first version

	return child_of(syscall(SYS_clone3, arguments, sizeof(arguments)));
}

// unshare comes last: the other two are tried by a process that is as it was.
static int act_namespace(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "clone(2)", take_clone, 0 },
		{ "clone3(2)", take_clone3, 0 },
		{ "unshare(2)", take_unshare, 0 },
	};
	static const struct {
		const char *name;
		unsigned long flag;
	} kinds[] = { { "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS }, { "net", CLONE_NEWNET } };

	(void)argc;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[0], kinds[i].name))
			new_namespace = kinds[i].flag;
	return new_namespace ? BY_ANY(ways) : say("error", EINVAL, "no such kind of namespace");
}

// Into the network namespace that we are in already.
static int act_setns(int argc, char **argv)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	(void)argc, (void)argv;
	if (own == -1)
		return stopped("open(2)");
	if (syscall(SYS_setns, own, CLONE_NEWNET) == -1)
		return stopped("setns(2)");
	return worked("setns(2)");
}

// The whole of a small file as a string; -1 with errno.
static int slurp(const char *path, char text[MOST_TEXT])
{
	ssize_t got, length = 0;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file == -1)
		return -1;
	while (length < MOST_TEXT - 1 && (got = read(file, text + length, (size_t)(MOST_TEXT - 1 - length))) > 0)
		length += got;
	text[length] = 0;
	close(file);
	return 0;
}

// A block device node of nobody's name in `directory`; its path is left in `path`. 0, or -1 with errno.
static int make_node(const char *directory, dev_t device, char path[MOST_PATH])
{
	int length = snprintf(path, MOST_PATH, "%s/.lacre-node-%d", strcmp(directory, "/") ? directory : "",
			      (int)getpid());

	if (length < 0 || length >= MOST_PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mknod(path, S_IFBLK | 0600, device);
}

// How far an attempt came before it was refused: the refusal that came latest tells the most.
struct refusal {
	int rank, number;
	const char *call;
};

static void note(struct refusal *most, int rank, const char *call)
{
	if (rank > most->rank)
		*most = (struct refusal){ rank, errno, call };
}

// mknod asks for the file system, then the directory's owner, then CAP_MKNOD, then the control group.
static void note_node(struct refusal *most)
{
	note(most, errno == EPERM ? 3 : errno == ENOTDIR || errno == ENOENT ? 1 : 2, "mknod(2)");
}

// The node of a first RAM disk, never opened, in any of the directories `argv`; removed at once.
static int act_device_node(int argc, char **argv)
{
	struct refusal most = { 0 };
	char path[MOST_PATH], detail[MOST_PATH + 32];

	for (int i = 0; i < argc; i++) {
		if (make_node(argv[i], makedev(1, 0), path) == 0) {
			unlink(path);
			snprintf(detail, sizeof(detail), "mknod(2) in %s", argv[i]);
			return worked(detail);
		}
		note_node(&most);
	}
	errno = most.number;
	return stopped(most.call);
}

// A disk opens for reading without being read, and O_NONBLOCK waits for no medium.
static int opens_disk(const char *path)
{
	struct stat is;
	int disk = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (disk == -1)
		return -1;
	bool block = fstat(disk, &is) == 0 && S_ISBLK(is.st_mode);
	close(disk);
	errno = ENOTBLK;
	return block ? 0 : -1;
}

static bool is_disk(const char *name)
{
	static const char *const others[] = { "loop", "ram", "zram", "sr", "fd", "nbd" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strncmp(name, others[i], strlen(others[i])))
			return false;
	return true;
}

// One disk, by the node that /dev has already or by one made in any of `directories` and removed at once.
static bool reaches_disk(const char *name, dev_t device, int number, char **directories, struct refusal *most)
{
	char path[MOST_PATH];
	int opened;

	snprintf(path, sizeof(path), "/dev/%s", name);
	if (opens_disk(path) == 0)
		return true;
	if (errno != ENOENT && errno != ENOTBLK)
		note(most, 4, "open(2)");
	for (int i = 0; i < number; i++) {
		if (make_node(directories[i], device, path) == -1) {
			note_node(most);
			continue;
		}
		opened = opens_disk(path);
		int refused = errno;
		unlink(path);
		if (opened == 0)
			return true;
		errno = refused;
		note(most, errno == EACCES ? 4 : 5, "open(2)"); // EACCES: only this mount is nodev
	}
	return false;
}

// The host's disks as /proc/partitions has them, by way of the directories `argv`.
static int act_raw_disk(int argc, char **argv)
{
	static char text[MOST_TEXT];
	struct refusal most = { 0 };
	char name[64], detail[128];
	unsigned major, minor;
	int disks = 0;

	if (slurp("/proc/partitions", text) == -1)
		return stopped("open(/proc/partitions)");
	for (char *line = strtok(text, "\n"); line && disks < MOST_DISKS; line = strtok(NULL, "\n")) {
		if (sscanf(line, " %u %u %*u %63s", &major, &minor, name) != 3 || !is_disk(name))
			continue;
		disks++;
		if (reaches_disk(name, makedev(major, minor), argc, argv, &most)) {
			snprintf(detail, sizeof(detail), "open(2) of disk %s", name);
			return worked(detail);
		}
	}
	if (!disks)
		return absent("this machine has no disk");
	if (!most.rank)
		return absent("no node of a disk is there, and nowhere is a place for one");
	errno = most.number;
	return stopped(most.call);
}

// A file of the host opened for writing and not written; 1 if it is masked by another file.
static int opens_to_write(const char *path)
{
	struct stat is;
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file == -1)
		return -1;
	bool masked = fstat(file, &is) == 0 && !S_ISREG(is.st_mode);
	close(file);
	return masked;
}

// Any of the files `argv`; what this kernel has not, or what is masked, is passed over.
static int act_open_to_write(int argc, char **argv)
{
	int refused = 0;
	char detail[256];

	for (int i = 0; i < argc; i++) {
		int opened = opens_to_write(argv[i]);

		if (opened == 0) {
			snprintf(detail, sizeof(detail), "open(2) of %s", argv[i]);
			return worked(detail);
		}
		if (opened == -1 && errno != ENOENT && !refused)
			refused = errno;
	}
	if (!refused)
		return absent("this kernel has no such file, or it is masked");
	errno = refused;
	return stopped("open(2)");
}

// `argv[2]` of a kernel file system `argv[0]` that is mounted over `argv[1]`, where nothing is masked, and
// unmounted at once. The sysfs of a network namespace is read-only for all once it is for one, so that a new
// namespace, which ends with this process, is tried too.
static int act_open_in_mount(int argc, char **argv)
{
	char path[MOST_PATH];
	int opened, said;

	(void)argc;
	if (cannot_mount(&said))
		return said;
	snprintf(path, sizeof(path), "%s/%s", argv[1], argv[2]);
	for (bool again = false;; again = true) {
		if (mount("lacre", argv[1], argv[0], MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == -1)
			return stopped("mount(2)");
		opened = opens_to_write(path);
		int refused = errno;
		umount2(argv[1], MNT_DETACH);
		errno = refused;
		if (opened == 0)
			return worked("mount(2) and open(2)");
		if (again || errno != EROFS || syscall(SYS_unshare, CLONE_NEWNET) == -1)
			break;
	}
	return errno == ENOENT ? absent("this kernel has no such file") : stopped("open(2)");
}

// The controllers of a hierarchy that is mounted on the host, as /proc/self/cgroup has it ("4:memory:/path"); to
// mount any others would make a new one.
static char *mounted_controllers(char *text)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *controllers = strchr(line, ':'), *end = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!end || line[0] == '0' || end == controllers + 1 || !strncmp(controllers + 1, "name=", 5))
			continue;
		*end = 0;
		return controllers + 1;
	}
	return NULL;
}

// The control groups of version `argv[0]` mounted over `argv[1]`; the file that decides is opened for writing,
// not written, and all is unmounted at once.
static int act_control_groups(int argc, char **argv)
{
	static char text[MOST_TEXT];
	bool first = !strcmp(argv[0], "1");
	const char *options = NULL, *file = first ? "release_agent" : "cgroup.procs";
	char path[MOST_PATH];
	int said;

	(void)argc;
	if (cannot_mount(&said))
		return said;
	if (first) {
		if (slurp("/proc/self/cgroup", text) == -1)
			return stopped("open(/proc/self/cgroup)");
		options = mounted_controllers(text);
		if (!options)
			return absent("no hierarchy of version 1 is mounted");
	}
	if (mount("lacre", argv[1], first ? "cgroup" : "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == -1)
		return stopped("mount(2)");
	snprintf(path, sizeof(path), "%s/%s", argv[1], file);
	int opened = opens_to_write(path), refused = errno;
	umount2(argv[1], MNT_DETACH);
	errno = refused;
	return opened == 0 ? worked(file) : stopped("open(2)");
}

// do_syslog: check_syslog_permissions, then the text into a buffer that nobody looks at.
static long take_kernel_log(void)
{
	static char unread[64];

	return syscall(SYS_syslog, 3, unread, sizeof(unread)); // SYSLOG_ACTION_READ_ALL
}

static int act_kernel_log(int argc, char **argv)
{
	static const struct way ways[] = { { "syslog(2)", take_kernel_log, 0 } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// The socket `argv[0]`: the question that every engine answers to everybody and that changes nothing.
static int act_engine_socket(int argc, char **argv)
{
	static const char question[] = "GET /_ping HTTP/1.0\r\n\r\n";
	const struct timeval wait = { .tv_sec = 2 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char answer[16] = "";
	int engine;

	(void)argc;
	if (strlen(argv[0]) >= sizeof(address.sun_path))
		return say("error", ENAMETOOLONG, "the socket's path");
	strcpy(address.sun_path, argv[0]);
	engine = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (engine == -1)
		return stopped("socket(2)");
	if (connect(engine, (struct sockaddr *)&address, sizeof(address)) == -1)
		return errno == ECONNREFUSED ? absent("nobody listens there") : stopped("connect(2)");
	setsockopt(engine, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (send(engine, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0)
		(void)!read(engine, answer, sizeof(answer) - 1);
	return worked(!strncmp(answer, "HTTP/", 5) ? "connect(2): the engine answers" : "connect(2)");
}

// The root directory of another process, as a name only (O_PATH): nothing is read there. 1 if it is our own.
static int opens_root(const char *process, const struct stat *ours)
{
	struct stat theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.32s/root", process);
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return -1;
	bool same = fstat(root, &theirs) == -1 ||
		    (theirs.st_dev == ours->st_dev && theirs.st_ino == ours->st_ino);
	close(root);
	return same;
}

// The first process of the host, then others until one lets us in: some kernels guard the first.
static int act_host_root(int argc, char **argv)
{
	struct stat ours;
	char detail[64];
	int left = MOST_PROCESSES, opened, refused = 0;
	struct dirent *entry;
	DIR *processes;

	(void)argc, (void)argv;
	if (stat("/", &ours) == -1)
		return stopped("stat(2)");
	opened = opens_root("1", &ours);
	if (opened == 0)
		return worked("open(/proc/1/root)");
	if (opened == -1)
		refused = errno;
	processes = opendir("/proc");
	while (processes && left && (entry = readdir(processes))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		left--;
		if (opens_root(entry->d_name, &ours) == 0) {
			snprintf(detail, sizeof(detail), "open(/proc/%.32s/root)", entry->d_name);
			return worked(detail);
		}
	}
	if (!refused)
		return absent("the processes that can be seen have the same root directory");
	errno = refused;
	return stopped("open(/proc/1/root)");
}

// A key of one byte in the keyring of this process, which ends with it.
static long take_add_key(void)
{
	return syscall(SYS_add_key, "user", "lacre", "x", 1UL, KEY_SPEC_PROCESS_KEYRING);
}

// The number of the user's keyring, which all containers of one uid share; a question.
static long take_keyctl(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
}

static int act_keyring(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "add_key(2)", take_add_key, 0 },
		{ "keyctl(2)", take_keyctl, 0 },
	};

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// handle_to_path: CAP_DAC_READ_SEARCH, then the handle. It is our own program's, or, where a filter or the file
// system gives none, one of no file: ESTALE.
static long take_file_handle(void)
{
	static union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} own;
	int mount_id, program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	own.handle.handle_bytes = MAX_HANDLE_SZ;
	if (program == -1 || name_to_handle_at(program, "", &own.handle, &mount_id, AT_EMPTY_PATH) == -1) {
		own.handle.handle_bytes = 8;
		own.handle.handle_type = 1; // FILEID_INO32_GEN
		memset(own.handle.f_handle, 0xff, 8);
	}
	return syscall(SYS_open_by_handle_at, program == -1 ? AT_FDCWD : program, &own.handle, O_RDONLY | O_CLOEXEC);
}

static int act_file_handle(int argc, char **argv)
{
	static const struct way ways[] = { { "open_by_handle_at(2)", take_file_handle, ESTALE } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

#define ESCAPING_ACTIONS                                                                                       \
	{ "mount", act_mount, 1, "DIRECTORY" }, { "mount-api", act_mount_api, 1, "DIRECTORY" },                         \
		{ "remount", act_remount, 0, "" }, { "umount", act_umount, 0, "" },                            \
		{ "pivot-root", act_pivot_root, 0, "" }, { "chroot", act_chroot, 0, "" },                      \
		{ "namespace", act_namespace, 1, "user|mnt|net" }, { "setns", act_setns, 0, "" },              \
		{ "device-node", act_device_node, 1, "DIRECTORY..." },                                         \
		{ "raw-disk", act_raw_disk, 0, "[DIRECTORY...]" },                                             \
		{ "open-to-write", act_open_to_write, 1, "FILE..." },                                          \
		{ "open-in-mount", act_open_in_mount, 3, "FSTYPE DIRECTORY FILE" },                            \
		{ "control-groups", act_control_groups, 2, "1|2 DIRECTORY" },                                  \
		{ "kernel-log", act_kernel_log, 0, "" }, { "engine-socket", act_engine_socket, 1, "SOCKET" },  \
		{ "host-root", act_host_root, 0, "" }, { "keyring", act_keyring, 0, "" },                      \
		{ "file-handle", act_file_handle, 0, "" },
