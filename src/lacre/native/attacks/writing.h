// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "writing". What is made has a name of its own, is empty, and is
// removed at once; what is there already is opened and not written.
#include <limits.h>
#include <sys/statvfs.h>

// Of a call that just failed on a path: where there is no such place, nothing was refused.
static int refused(const char *call)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return absent("there is no such place in this container");
	return stopped(call);
}

// `DIRECTORY/NAME`. What is too long for the kernel stays too long here.
static const char *joined(const char *directory, const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

// A name in `directory` that nobody else uses.
static const char *own_name(const char *directory)
{
	char name[32];

	snprintf(name, sizeof(name), ".lacre-%d", (int)getpid());
	return joined(directory, name);
}

// unlink(2) or rmdir(2), by whichever call a filter knows.
static int removed(const char *path, bool directory)
{
	if (!unlinkat(AT_FDCWD, path, directory ? AT_REMOVEDIR : 0))
		return 0;
	return directory ? rmdir(path) : unlink(path);
}

// Whether a filter lets this process remove anything: only a name that is looked for can be missing.
static bool removable(bool directory)
{
	return removed("/proc/self/lacre-none/none", directory) == 0 || errno == ENOENT;
}

// Whether a file of that kind might be made in `directory`, for somebody who could not remove it again.
static int only_asked(const char *directory)
{
	if (faccessat(AT_FDCWD, directory, W_OK | X_OK, 0) == -1)
		return refused("access(2)");
	return worked("access(2): nothing was made, since a filter refuses to remove it");
}

static int act_append(int argc, char **argv);

// An empty file, removed at once. A NAME that is there already is opened for appending instead.
static int act_create(int argc, char **argv)
{
	const char *path = argc > 1 ? joined(argv[0], argv[1]) : own_name(argv[0]);
	int fd;

	if (!removable(false))
		return only_asked(argv[0]);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 && errno == EEXIST)
		return act_append(1, (char *[]){ (char *)path });
	if (fd == -1)
		return refused("open(2), O_CREAT");
	close(fd);
	return removed(path, false) ? broken("unlink(2)") : worked("open(2), O_CREAT");
}

// A directory, removed at once.
static int act_hide(int argc, char **argv)
{
	const char *path = own_name(argv[0]);

	(void)argc;
	if (!removable(true))
		return only_asked(argv[0]);
	if (mkdir(path, 0700) == -1 && (errno == ENOENT || errno == ENOTDIR || mkdirat(AT_FDCWD, path, 0700) == -1))
		return refused("mkdir(2)");
	return removed(path, true) ? broken("rmdir(2)") : worked("mkdir(2)");
}

// Opened at its end and not written. A pipe without a reader must not hold us.
static int act_append(int argc, char **argv)
{
	(void)argc;
	if (open(argv[0], O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC) == -1)
		return refused("open(2), O_APPEND");
	return worked("open(2), O_APPEND");
}

// Whether the mount that holds `path` is read-only: 0, or -1 with the errno that a writer gets.
static int mount_writable(const char *path)
{
	struct statvfs fs;

	if (!faccessat(AT_FDCWD, path, W_OK, 0))
		return 0;
	if (errno != EPERM && errno != ENOSYS) // not a filter's
		return -1;
	if (statvfs(path, &fs) == -1)
		return -1;
	errno = EROFS;
	return fs.f_flag & ST_RDONLY ? -1 : 0;
}

// Opened without truncation and not written. ETXTBSY comes after the owner and mode were asked, and before the
// mount was (do_dentry_open in fs/open.c), so that is asked apart.
static int act_rewrite(int argc, char **argv)
{
	(void)argc;
	if (open(argv[0], O_WRONLY | O_NONBLOCK | O_CLOEXEC) != -1)
		return worked("open(2), O_WRONLY");
	if (errno != ETXTBSY || mount_writable(argv[0]))
		return refused("open(2), O_WRONLY");
	return worked("open(2), O_WRONLY: allowed, and busy only while the program runs");
}

#define WRITING_ACTIONS                             \
	{ "create", act_create, 1, "DIRECTORY [NAME]" }, \
	{ "hide", act_hide, 1, "DIRECTORY" },            \
	{ "append", act_append, 1, "FILE" },             \
	{ "rewrite", act_rewrite, 1, "FILE" },
