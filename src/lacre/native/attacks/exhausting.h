// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "exhausting". Each takes as much as its argument says and no more,
// holds it for no longer than it needs to count it, and gives it back when this process ends, however it ends:
// children have its end as their own, files have no name, and the alarm of main ends the rest.
#include <linux/magic.h>
#include <sched.h>
#include <sys/vfs.h>

enum {
	MIB = 1 << 20,
	MOST_CHILDREN = 8192,
	THREAD_STACK = 8192,
	FILL_PIECE = 4 * MIB,
	WRITE_PIECE = 1 << 16,
	TOUCH_PIECE = 16 * MIB,
	DISK_ROOM = 1024, // MiB that must stay free on a disk that is filled
	SWAPPED = 32,     // MiB
	LOOKS_WITHOUT_MORE = 800, // four seconds
	LINE = 8192,
};

static int stopped_at(const char *what, long number)
{
	char said[128];

	snprintf(said, sizeof(said), "%s, after %ld", what, number);
	return stopped(said);
}

static int worked_with(long number, const char *what)
{
	char said[128];

	snprintf(said, sizeof(said), "%ld %s", number, what);
	return worked(said);
}

// Never more than `most`, whatever the argument says.
static long bounded(const char *argument, long most)
{
	long number = atol(argument);

	return number < 0 ? 0 : number > most ? most : number;
}

// Makes this process the first to be killed when memory is short: never the application.
static bool first_to_be_killed(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	bool done = fd != -1 && write(fd, "1000", 4) == 4;

	if (fd != -1)
		close(fd);
	return done;
}

// NUMBER children that wait for the end of a pipe whose other end only this process keeps.
static int act_processes(int argc, char **argv)
{
	static pid_t children[MOST_CHILDREN];
	long wanted = bounded(argv[0], MOST_CHILDREN), made = 0;
	int line[2], refusal = 0;
	char byte;

	(void)argc;
	if (pipe2(line, O_CLOEXEC) == -1)
		return broken("pipe2(2)");
	first_to_be_killed(); // they take memory too
	while (made < wanted) {
		pid_t pid = child();

		if (pid == 0) {
			close(line[1]);
			_exit(read(line[0], &byte, 1) == 1);
		}
		if (pid == -1) {
			refusal = errno;
			break;
		}
		children[made++] = pid;
	}
	close(line[1]);
	for (long i = 0; i < made; i++)
		waitpid(children[i], NULL, 0);
	errno = refusal;
	return refusal ? stopped_at("fork(2)", made) : worked_with(made, "processes");
}

// A thread that waits for the end of a pipe: it ends with this process. Without the C library's help.
static int wait_for_end(void *argument)
{
	char byte;

	return (int)read(*(int *)argument, &byte, 1);
}

// NUMBER threads.
static int act_threads(int argc, char **argv)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	long wanted = bounded(argv[0], MOST_CHILDREN);
	int line[2];
	char *stacks;

	(void)argc;
	if (pipe2(line, O_CLOEXEC) == -1)
		return broken("pipe2(2)");
	first_to_be_killed(); // they take memory too
	stacks = mmap(NULL, (size_t)wanted * THREAD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED)
		return broken("mmap(2)");
	for (long made = 0; made < wanted; made++)
		if (clone(wait_for_end, stacks + (made + 1) * THREAD_STACK, flags, &line[0]) == -1)
			return stopped_at("clone(2)", made);
	return worked_with(wanted, "threads");
}

// MiB of this process that lie in swap.
static long in_swap(void)
{
	char text[4096];
	const char *found;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[got > 0 ? got : 0] = '\0';
	found = strstr(text, "\nVmSwap:");
	return found ? atol(found + strlen("\nVmSwap:")) / 1024 : 0;
}

struct taken {
	long mib;
	int refusal;
	bool unguarded;
	bool whole;
	bool hung;
};

// Writes to a byte of each page of `mib` MiB.
static void take_memory(long mib, volatile struct taken *taken)
{
	if (!first_to_be_killed()) {
		taken->unguarded = true;
		return;
	}
	while (taken->mib < mib) {
		char *piece = mmap(NULL, TOUCH_PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (piece == MAP_FAILED) {
			taken->refusal = errno;
			return;
		}
		for (long at = 0; at < TOUCH_PIECE; at += 4096)
			((volatile char *)piece)[at] = 1;
		taken->mib += TOUCH_PIECE / MIB;
	}
	if (in_swap() > SWAPPED) // a limit held: the rest went to the disk
		taken->refusal = ENOMEM;
	else
		taken->whole = true;
}

// Waits for the end of `pid`, which is killed once it takes no more: where nobody is killed for want of memory
// (memory.oom_control), who wants some waits for ever, and the application with it.
static int wait_while_it_takes(pid_t pid, volatile struct taken *taken, int *status)
{
	static const struct timespec pause = { .tv_nsec = LOOK_NANOSECONDS };
	long before = -1;

	for (int looks = 0; looks < LOOKS_WITHOUT_MORE; looks++) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended)
			return ended == pid ? 0 : -1;
		if (taken->mib != before)
			looks = 0;
		before = taken->mib;
		if (nanosleep(&pause, NULL))
			return waitpid(pid, status, 0) == pid ? 0 : -1; // a filter that lets nobody sleep
	}
	taken->hung = true;
	kill(pid, SIGKILL);
	return waitpid(pid, status, 0) == pid ? 0 : -1;
}

// MIB of memory, in a child that is the first to be killed.
static int act_memory(int argc, char **argv)
{
	long wanted = bounded(argv[0], 1 << 16);
	volatile struct taken *taken =
		mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	(void)argc;
	if (taken == MAP_FAILED)
		return broken("mmap(2)");
	pid = child();
	if (pid <= 0)
		take_memory(wanted, taken); // where no process can be made, this one is killed
	if (pid == 0)
		_exit(0);
	if (pid > 0 && wait_while_it_takes(pid, taken, &status) == -1)
		return broken("wait4(2)");
	errno = 0;
	if (taken->unguarded)
		return broken("oom_score_adj cannot be raised: not tried, since the application might be killed");
	if (taken->hung)
		return broken("it got no more memory and was not killed for it either: ended after four seconds");
	errno = taken->refusal;
	if (errno)
		return stopped_at("no memory is left", taken->mib);
	if (taken->whole)
		return worked_with(taken->mib, "MiB");
	errno = ENOMEM;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
		       ? stopped_at("killed for want of memory, MiB", taken->mib)
		       : broken("the process that took memory ended before its time");
}

// Bytes of `fd` made to be there: allocated, or written where a filter or a file system refuses that.
static int put(int fd, long at, long bytes)
{
	static const char zeros[WRITE_PIECE];

	if (!fallocate(fd, 0, at, bytes))
		return 0;
	if (errno != EOPNOTSUPP && errno != EPERM && errno != ENOSYS)
		return -1;
	for (; bytes > 0; bytes -= WRITE_PIECE)
		if (write(fd, zeros, sizeof(zeros)) != (ssize_t)sizeof(zeros))
			return -1;
	return 0;
}

// MIB into a file of DIRECTORY that has no name.
static int act_fill(int argc, char **argv)
{
	long wanted = bounded(argv[1], 4096) * MIB, at = 0;
	struct statfs fs;
	int fd;

	(void)argc;
	signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is EFBIG
	fd = nameless(argv[0]);
	if (fd == -1)
		return refused("open(2), O_CREAT");
	if (fstatfs(fd, &fs) == 0 && fs.f_type != TMPFS_MAGIC &&
	    (long)fs.f_bavail * fs.f_bsize / MIB < DISK_ROOM + wanted / MIB)
		return absent("the disk below has too little room to take any of it without harm");
	if (!first_to_be_killed())
		return broken("oom_score_adj cannot be raised: not tried, since the application might be killed");
	for (; at < wanted; at += FILL_PIECE)
		if (put(fd, at, FILL_PIECE))
			return stopped_at("fallocate(2), MiB", at / MIB);
	return worked_with(at / MIB, "MiB");
}

// NUMBER further names of one descriptor. Nothing but this process's own table grows.
static int act_descriptors(int argc, char **argv)
{
	long wanted = bounded(argv[0], 1 << 20), made = 0;
	struct rlimit limit;

	(void)argc;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (; made < wanted; made++)
		if (dup(STDOUT_FILENO) == -1)
			return stopped_at("dup(2)", made);
	return worked_with(made, "descriptors");
}

// Until a second has passed, or the clock is refused.
static void spin(void)
{
	struct timespec began, now;

	if (clock_gettime(CLOCK_MONOTONIC, &began))
		return;
	do {
		if (clock_gettime(CLOCK_MONOTONIC, &now))
			return;
	} while (now.tv_sec - began.tv_sec - (now.tv_nsec < began.tv_nsec) < 1);
}

// NUMBER processes that do nothing but work for one second. Whether that was too much only the host can count.
static int act_cpu(int argc, char **argv)
{
	long wanted = bounded(argv[0], MOST_CHILDREN), made = 1;
	struct rusage own = { 0 }, children = { 0 };
	char said[64];

	(void)argc;
	for (; made < wanted; made++) {
		pid_t pid = child();

		if (pid == -1)
			break;
		if (pid == 0) {
			spin();
			_exit(0);
		}
	}
	spin();
	while (waitpid(-1, NULL, 0) > 0)
		;
	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	snprintf(said, sizeof(said), "%ld processes used %.2f CPU seconds in one", made,
		 (double)(own.ru_utime.tv_sec + children.ru_utime.tv_sec) +
			 (double)(own.ru_utime.tv_usec + children.ru_utime.tv_usec) / 1e6);
	return worked(said);
}

// What the engine reads as the log: standard output or error of its own process in the container, if it is a pipe or
// a terminal.
static int open_log(int process)
{
	int refusal = 0;

	for (int output = STDOUT_FILENO; output <= STDERR_FILENO; output++) {
		struct stat file;
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", process, output);
		fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (fd != -1 && !fstat(fd, &file) && (S_ISFIFO(file.st_mode) || isatty(fd)))
			return fd;
		if (fd == -1)
			refusal = errno;
		else
			close(fd);
	}
	errno = refusal;
	return -1;
}

// MIB of lines into the container's log, by the outputs of its first process PID.
static int act_log(int argc, char **argv)
{
	static char lines[8 * LINE];
	long wanted = bounded(argv[1], 256) * MIB, written = 0;
	int fd = open_log(atoi(argv[0]));

	(void)argc;
	if (fd == -1)
		return absent(errno ? "this user can open the log of no other process, only the application its own"
				    : "the first process writes to no log of the engine");
	memset(lines, '.', sizeof(lines));
	for (size_t at = 0; at < sizeof(lines); at += LINE) {
		memcpy(lines + at, "lacre attack log-flood ", 23);
		lines[at + LINE - 1] = '\n';
	}
	while (written < wanted) {
		ssize_t got = write(fd, lines, sizeof(lines));

		if (got == -1)
			return stopped_at("write(2), bytes", written);
		written += got;
	}
	return worked_with(written / MIB, "MiB of lines");
}

#define EXHAUSTING_ACTIONS                           \
	{ "processes", act_processes, 1, "NUMBER" },     \
	{ "threads", act_threads, 1, "NUMBER" },         \
	{ "memory", act_memory, 1, "MIB" },              \
	{ "fill", act_fill, 2, "DIRECTORY MIB" },        \
	{ "descriptors", act_descriptors, 1, "NUMBER" }, \
	{ "cpu", act_cpu, 1, "NUMBER" },                 \
	{ "log", act_log, 2, "PID MIB" },
