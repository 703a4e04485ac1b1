// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "executing". What is dropped is a copy of this program; when it
// is executed it removes itself and says so. No program of the image runs but interpreters, on a line that ends them.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U // Linux 6.3: wanted where vm.memfd_noexec is 1
#endif

enum { FORTY_TWO = 42, NOT_EXECUTED = 127, LOOKS = 400, LOOK_NANOSECONDS = 5000000 };

// A process that dies here leaves no core: 1 is too little for a file, and the number by which the kernel knows not to
// start a core handler, which would run on the host (core(5) and fs/coredump.c).
static void leave_no_core(void)
{
	struct rlimit core;

	if (getrlimit(RLIMIT_CORE, &core) || !core.rlim_max)
		return;
	core.rlim_cur = 1;
	setrlimit(RLIMIT_CORE, &core);
}

// A child that ends with its parent, and by itself if that is refused too. 0: this is the child.
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(ALARM_SECONDS);
		leave_no_core();
	}
	return pid;
}

// This program's bytes into `to`; the call that failed, or NULL.
static const char *copy_self(int to)
{
	static char bytes[1 << 16];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (from == -1)
		return "open(2), /proc/self/exe";
	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)got) != got)
			return "write(2)";
	close(from);
	return got ? "read(2)" : NULL;
}

// Executes the copy at `path`, which removes itself. Returns only if that is refused.
static void execute(const char *path)
{
	execve(path, (char *[]){ "lacre", "dropped", (char *)path, NULL }, (char *[]){ NULL });
}

// What a dropped copy does.
static int act_dropped(int argc, char **argv)
{
	(void)argc;
	if (strncmp(argv[0], "/proc/", 6) && removed(argv[0], false))
		return broken("unlink(2)");
	return worked("execve(2)");
}

// A file without a name in `directory`: it goes with its descriptor, whatever becomes of this process.
static int nameless(const char *directory)
{
	const char *path = own_name(directory);
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);

	if (fd != -1 || !removable(false)) // an older overlay file system knows no O_TMPFILE
		return fd;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1)
		removed(path, false);
	return fd;
}

// Drops a copy into a file without a name, for somebody who could not remove another. Returns only if that fails.
static int drop_nameless(const char *directory)
{
	int fd = nameless(directory), only_read;
	char path[32];
	const char *failed;

	if (fd == -1)
		return errno == EOPNOTSUPP ? broken("a filter refuses to remove what would be dropped")
					   : refused("open(2), O_TMPFILE");
	failed = copy_self(fd);
	if (failed)
		return stopped(failed);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	only_read = open(path, O_RDONLY);
	close(fd); // a program that is open for writing is not executed (ETXTBSY)
	snprintf(path, sizeof(path), "/proc/self/fd/%d", only_read);
	execute(path);
	return stopped("execve(2)");
}

// A copy of this program in DIRECTORY, executed.
static int act_drop(int argc, char **argv)
{
	const char *path = own_name(argv[0]), *failed;
	int fd, number;

	(void)argc;
	if (!removable(false))
		return drop_nameless(argv[0]);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700);
	if (fd == -1)
		return refused("open(2), O_CREAT");
	failed = copy_self(fd);
	if (!failed) {
		close(fd); // as above
		execute(path);
		failed = "execve(2)";
	}
	number = errno;
	removed(path, false);
	errno = number;
	return stopped(failed);
}

// A copy of this program that was never a file.
static int act_memfd(int argc, char **argv)
{
	char path[32];
	const char *failed;
	int fd;

	(void)argc, (void)argv;
	fd = (int)syscall(SYS_memfd_create, "lacre", MFD_EXEC);
	if (fd == -1 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, "lacre", 0);
	if (fd == -1)
		return stopped("memfd_create(2)");
	failed = copy_self(fd);
	if (failed)
		return stopped(failed);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	execute(path);
	syscall(SYS_execveat, fd, "", (char *[]){ "lacre", "dropped", path, NULL }, (char *[]){ NULL }, AT_EMPTY_PATH);
	return stopped("execveat(2)");
}

// A page of a new file mapped as code, as a loader maps a shared object. Nothing of it runs.
static int act_map(int argc, char **argv)
{
	static const char page[4096];
	int fd = nameless(argv[0]);

	(void)argc;
	if (fd == -1)
		return refused("open(2), O_CREAT");
	if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page))
		return stopped("write(2)");
	if (mmap(NULL, sizeof(page), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return stopped("mmap(2), PROT_EXEC");
	return worked("mmap(2), PROT_EXEC");
}

// PROGRAM with its arguments, silent; it worked if the program ends with 42, as it was told.
static int act_interpret(int argc, char **argv)
{
	char said[32];
	int refusal[2], status = 0, number = 0;
	pid_t pid;

	(void)argc;
	if (pipe2(refusal, O_CLOEXEC) == -1)
		return stopped("pipe2(2)");
	pid = child();
	if (pid == -1)
		return stopped("fork(2)");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		execve(argv[0], argv, environ);
		number = errno;
		if (write(refusal[1], &number, sizeof(number)) == -1)
			_exit(1);
		_exit(NOT_EXECUTED);
	}
	close(refusal[1]);
	if (read(refusal[0], &number, sizeof(number)) == (ssize_t)sizeof(number)) {
		waitpid(pid, NULL, 0);
		errno = number;
		return refused("execve(2)");
	}
	if (waitpid(pid, &status, 0) == -1)
		return broken("wait4(2)");
	if (WIFEXITED(status) && WEXITSTATUS(status) == FORTY_TWO)
		return worked("execve(2)");
	errno = 0;
	snprintf(said, sizeof(said), WIFSIGNALED(status) ? "killed by signal %d" : "ended with %d",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return stopped(said);
}

// What a process may do, of its /proc/PID/status.
struct powers {
	unsigned euid, egid;
	unsigned long long capabilities;
	char state;
	bool no_new_privileges;
};

static bool read_powers(const char *process, struct powers *powers)
{
	char path[64], text[4096];
	const char *found;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/status", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	found = strstr(text, "\nState:\t");
	powers->state = found ? found[8] : '?';
	found = strstr(text, "\nNoNewPrivs:\t");
	powers->no_new_privileges = found && found[13] == '1';
	found = strstr(text, "\nUid:\t");
	if (!found || sscanf(found, "\nUid:\t%*u\t%u", &powers->euid) != 1)
		return false;
	found = strstr(text, "\nGid:\t");
	if (!found || sscanf(found, "\nGid:\t%*u\t%u", &powers->egid) != 1)
		return false;
	found = strstr(text, "\nCapPrm:\t");
	return found && sscanf(found, "\nCapPrm:\t%llx", &powers->capabilities) == 1;
}

// Executes `file` with no room for its memory: the kernel gives the new program its credentials, then finds that
// it cannot map its stack (begin_new_exec and setup_arg_pages in fs/exec.c) and kills it before its first
// instruction. So no program of the image runs with more privileges, and the dead child tells what it had.
// A refusal of the limit is told as a negative number.
static void execute_without_memory(char *file, int refusal)
{
	static const struct rlimit none = { 0, 0 };
	int number;

	if (setrlimit(RLIMIT_AS, &none)) {
		number = -errno;
	} else {
		execve(file, (char *[]){ file, NULL }, (char *[]){ NULL });
		number = errno;
	}
	if (write(refusal, &number, sizeof(number)) == -1)
		_exit(1);
	_exit(NOT_EXECUTED);
}

// What the dead child `pid` had, before it is reaped: a process keeps its credentials until then.
static bool last_powers(pid_t pid, struct powers *powers)
{
	static const struct timespec pause = { .tv_nsec = LOOK_NANOSECONDS };
	char name[16];
	bool told = false;

	snprintf(name, sizeof(name), "%d", (int)pid);
	for (int look = 0; look < LOOKS; look++) {
		told = read_powers(name, powers);
		if (!told || powers->state == 'Z')
			break;
		nanosleep(&pause, NULL);
	}
	return told && powers->state == 'Z';
}

// Why a file that gives privileges gave none; errno 0, since nothing was refused.
static int given_nothing(const char *file, const struct powers *own)
{
	struct statvfs fs;

	errno = 0;
	if (own->no_new_privileges)
		return stopped("NoNewPrivs");
	if (!statvfs(file, &fs) && fs.f_flag & ST_NOSUID)
		return errno = 0, stopped("nosuid");
	return absent("executing this file gives nothing that the process has not");
}

// Whether `file`, as far as it can be read, is one for an interpreter: set-id bits are not for those (execve(2)).
static bool is_script(const char *file)
{
	char start[2] = "";
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool script = fd != -1 && read(fd, start, sizeof(start)) == 2 && !memcmp(start, "#!", 2);

	if (fd != -1)
		close(fd);
	return script;
}

// Executes FILE (set-id, or with capabilities of its own) and compares what the process then may with before.
static int act_gains(int argc, char **argv)
{
	struct powers own, its;
	char said[128];
	int refusal[2], number;
	bool told;
	pid_t pid;

	(void)argc;
	if (!read_powers("self", &own))
		return broken("/proc/self/status");
	if (is_script(argv[0]))
		return absent("a script, and the kernel gives scripts nothing");
	if (pipe2(refusal, O_CLOEXEC) == -1)
		return broken("pipe2(2)");
	pid = child();
	if (pid == -1)
		return own.no_new_privileges ? given_nothing(argv[0], &own) : broken("fork(2)");
	if (pid == 0)
		execute_without_memory(argv[0], refusal[1]);
	close(refusal[1]);
	if (read(refusal[0], &number, sizeof(number)) == (ssize_t)sizeof(number)) {
		waitpid(pid, NULL, 0);
		errno = number > 0 ? number : -number;
		if (number == ENOEXEC)
			return absent("this file is no program");
		return number > 0 ? refused("execve(2)") : broken("setrlimit(2): not tried, since the program would run");
	}
	told = last_powers(pid, &its);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!told)
		return broken("the program that was executed told nothing");
	if (its.euid == own.euid && its.egid == own.egid && !(its.capabilities & ~own.capabilities))
		return given_nothing(argv[0], &own);
	snprintf(said, sizeof(said), "execve(2): uid %u gid %u capabilities %llx", its.euid, its.egid, its.capabilities);
	return worked(said);
}

#define EXECUTING_ACTIONS                                             \
	{ "drop", act_drop, 1, "DIRECTORY" },                          \
	{ "dropped", act_dropped, 1, "FILE" },                         \
	{ "memfd", act_memfd, 0, "" },                                 \
	{ "map", act_map, 1, "DIRECTORY" },                            \
	{ "interpret", act_interpret, 1, "PROGRAM [ARGUMENT...]" },    \
	{ "gains", act_gains, 1, "FILE" },
