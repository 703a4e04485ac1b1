/* SPDX-License-Identifier: Apache-2.0 */
/* Does one thing that the sensor must see: acts NAME ARGUMENT… A failed call is printed, never fatal. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *argument;
static char *second;

static void said(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
}

static void nothing(void)
{
}

static void hold(void)
{
	puts("holding");
	fflush(stdout);
	for (;;)
		pause();
}

/* Does refused things over and over, for a container that runs before its sensor. */
static void beat(void)
{
	for (;;) {
		mkdir(argument, 0700);
		rmdir(argument);
		usleep(100000);
	}
}

static void storm(void)
{
	for (long n = atol(argument); n > 0; n--)
		mkdir("/usr/refused", 0700);
}

static void files(void)
{
	char name[64];

	for (int i = 0; i < atoi(argument); i++) {
		snprintf(name, sizeof(name), "%s/file%d", second, i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
}

static void deep(void)
{
	said("chdir", chdir(argument));
	for (int i = 0; i < 300; i++) {
		mkdir("deeper", 0700);
		said("chdir", chdir("deeper"));
	}
	close(open("bottom", O_CREAT | O_WRONLY, 0600));
}

static void memfd(void)
{
	char *argv[] = { "acts", "nothing", NULL }, *envp[] = { NULL };
	int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("dropped", 0);
	struct stat st;

	fstat(from, &st);
	for (off_t at = 0; at < st.st_size;) {
		char buffer[65536];
		ssize_t n = pread(from, buffer, sizeof(buffer), at);

		if (n <= 0 || write(to, buffer, n) != n)
			break;
		at += n;
	}
	said("fexecve", fexecve(to, argv, envp));
}

static void map(void)
{
	int fd = open(argument, O_CREAT | O_RDWR, 0700);

	said("write", write(fd, "code", 4));
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		said("mmap", -1);
}

static void tmpfile_in(void)
{
	said("open", open(argument, O_TMPFILE | O_WRONLY, 0600));
}

static void tcp(void)
{
	int family = strchr(second, ':') ? AF_INET6 : AF_INET, server = socket(family, SOCK_STREAM, 0);
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(atoi(argument)) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(argument)) };
	struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6;
	socklen_t bytes = family == AF_INET ? sizeof(a4) : sizeof(a6);

	inet_pton(family, second, family == AF_INET ? (void *)&a4.sin_addr : (void *)&a6.sin6_addr);
	said("bind", bind(server, address, bytes));
	said("listen", listen(server, 5));
	if (!fork()) {
		said("connect", connect(socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0), address, bytes));
		exit(0);
	}
	said("accept", accept(server, NULL, NULL));
	wait(NULL);
}

static void udp(void)
{
	int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argument)) };
	struct sockaddr_in b = { .sin_family = AF_INET, .sin_port = htons(atoi(argument) + 1) };
	struct sockaddr_in c = { .sin_family = AF_INET, .sin_port = htons(atoi(argument) + 2) };
	struct iovec word = { "word", 4 };
	struct msghdr message = { .msg_name = &b, .msg_namelen = sizeof(b), .msg_iov = &word, .msg_iovlen = 1 };
	struct mmsghdr messages = { .msg_hdr = { .msg_name = &c, .msg_namelen = sizeof(c), .msg_iov = &word,
						 .msg_iovlen = 1 } };

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	b.sin_addr = c.sin_addr = a.sin_addr;
	said("bind", bind(server, (void *)&a, sizeof(a)));
	said("sendto", sendto(client, "word", 4, 0, (void *)&a, sizeof(a)));
	said("sendmsg", sendmsg(client, &message, 0));
	said("sendmmsg", sendmmsg(client, &messages, 1, 0));
	c.sin_port = htons(atoi(argument) + 3);
	said("connect", connect(client, (void *)&c, sizeof(c)));
}

/* Makes a socket of each FAMILY:TYPE:PROTOCOL of the argument, in numbers, and a pair of the UNIX family. */
static void sockets(void)
{
	char *save, *one = strtok_r((char *)argument, ",", &save);
	int family, type, protocol, pair[2];

	for (; one; one = strtok_r(NULL, ",", &save)) {
		if (sscanf(one, "%d:%d:%d", &family, &type, &protocol) == 3)
			said(one, socket(family, type | SOCK_CLOEXEC, protocol));
	}
	said("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static void unix_socket(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path, argument, sizeof(a.sun_path) - 1);
	said("bind", bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}

static void chrooted(void)
{
	said("chroot", chroot(argument));
	said("chdir", chdir("/"));
	said("mkdir", mkdir("/inside", 0700));
	said("symlink", symlink("/inside", "/link"));
	said("mkdir", mkdir("/link/below", 0700));
	close(open("/inside/file", O_CREAT | O_WRONLY, 0600));
}

static void relative(void)
{
	int fd = open(argument, O_RDONLY | O_DIRECTORY);

	said("mkdirat", mkdirat(fd, "one", 0700));
	said("mkdirat", mkdirat(fd, "one/../two/", 0700));
	said("chdir", chdir(argument));
	said("mkdir", mkdir("./three", 0700));
	said("unlinkat", unlinkat(fd, "three", AT_REMOVEDIR));
	said("fchmod", fchmod(fd, 0711));
	said("utimensat", syscall(SYS_utimensat, fd, NULL, NULL, 0));
	said("truncate", truncate("none", 0));
}

static void identity(void)
{
	said("setgid", setresgid(34, 34, 34));
	said("setuid", setresuid(33, 33, 33));
	close(open(argument, O_CREAT | O_WRONLY, 0600));
}

static void eat(void)
{
	for (int i = 0; i < atoi(argument); i++)
		memset(malloc(1 << 20), 1, 1 << 20);
	puts("not killed");
}

static void fds(void)
{
	struct rlimit limit = { 50, 50 };

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 100; i++)
		if (dup(1) < 0)
			break;
}

static void *thread(void *unused)
{
	usleep(300000);
	return unused;
}

static void threads(void)
{
	pthread_t ids[64];
	int n = atoi(argument);

	for (int i = 0; i < n && i < 64; i++)
		pthread_create(&ids[i], NULL, thread, NULL);
	for (int i = 0; i < n && i < 64; i++)
		pthread_join(ids[i], NULL);
}

static void on_alarm(int unused)
{
	(void)unused;
}

/* System calls that fail, restart or return from a handler, and children: nothing of it a refusal. */
static void innocent(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	char c;

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	said("pause", pause());
	alarm(1);
	said("read", read(fcntl(0, F_GETFD) < 0 ? -1 : open("/dev/ptmx", O_RDWR), &c, 1));
	for (int i = 0; i < 20; i++) {
		if (!fork()) {
			said("open", open("/nowhere", O_RDONLY));
			_exit(0);
		}
		if (!vfork())
			_exit(0);
	}
	syscall(9999);
	while (wait(NULL) > 0)
		;
	argument = "8";
	threads();
}

static char **rest;

/* mkdir returns EPERM, everything else works. */
static void refuse_mkdir(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	said("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/*
 * contain CGROUP ROOT COMMAND…: what a container runtime does, for a kernel that has none. READ_ONLY, NO_CHOWN
 * and NO_MKDIR in the environment narrow the container.
 */
static void contain(void)
{
	char name[256];
	FILE *procs;
	pid_t child;

	snprintf(name, sizeof(name), "%s/cgroup.procs", argument);
	procs = fopen(name, "w");
	if (!procs || fprintf(procs, "%d", getpid()) < 0 || fclose(procs))
		said(name, -1);
	said("unshare", unshare(CLONE_NEWPID));
	child = fork();
	if (child) {
		waitpid(child, NULL, 0);
		return;
	}
	said("unshare", unshare(CLONE_NEWNS));
	said("private", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	said("chdir", chdir(second));
	said("pivot_root", syscall(SYS_pivot_root, ".", "."));
	said("umount", umount2(".", MNT_DETACH));
	said("proc", mount("proc", "/proc", "proc", 0, NULL));
	said("tmpfs", mount("tmpfs", "/t", "tmpfs", MS_NOEXEC, "size=4m"));
	if (getenv("READ_ONLY"))
		said("read-only", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	if (getenv("NO_CHOWN"))
		said("capbset", prctl(PR_CAPBSET_DROP, 0, 0, 0, 0));
	if (getenv("NO_MKDIR"))
		refuse_mkdir();
	execv(rest[0], rest);
	said("execv", -1);
	_exit(1);
}

static const struct { const char *name; void (*act)(void); } acts[] = {
	{ "nothing", nothing }, { "hold", hold }, { "beat", beat }, { "storm", storm }, { "files", files },
	{ "deep", deep }, { "memfd", memfd }, { "map", map }, { "tmpfile", tmpfile_in }, { "tcp", tcp },
	{ "udp", udp }, { "unix", unix_socket }, { "sockets", sockets }, { "chroot", chrooted }, { "relative", relative },
	{ "identity", identity }, { "eat", eat }, { "fds", fds }, { "threads", threads }, { "innocent", innocent },
	{ "contain", contain },
};

int main(int argc, char **argv)
{
	argument = argc > 2 ? argv[2] : "";
	second = argc > 3 ? argv[3] : "";
	rest = argv + 4;
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (!strcmp(acts[i].name, argv[1])) {
			acts[i].act();
			return 0;
		}
	}
	return 2;
}
