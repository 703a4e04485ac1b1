/* Static, needs nearly nothing: `probe` says ok; `probe ACTION` makes one call and prints its errno; `probe wait`. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static long attempt(const char *what)
{
	if (!strcmp(what, "clone"))
		return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!strcmp(what, "clone-newuser"))
		return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (!strcmp(what, "clone3")) {
		struct clone_args arguments = { .exit_signal = SIGCHLD };
		return syscall(SYS_clone3, &arguments, sizeof(arguments));
	}
	if (!strcmp(what, "socket-inet"))
		return socket(AF_INET, SOCK_STREAM, 0);
	if (!strcmp(what, "socket-alg"))
		return socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (!strcmp(what, "socket-alg-high-bits")) /* the kernel looks at 32 bits, a filter sees 64 */
		return syscall(SYS_socket, 0x100000000UL | AF_ALG, SOCK_SEQPACKET, 0);
	if (!strcmp(what, "socket-vsock"))
		return socket(AF_VSOCK, SOCK_STREAM, 0);
	if (!strcmp(what, "socket-packet"))
		return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (!strcmp(what, "socket-packet-old"))
		return socket(AF_INET, SOCK_PACKET, 0x300);
	if (!strcmp(what, "socket-netlink-audit"))
		return socket(AF_NETLINK, SOCK_RAW, 9);
	if (!strcmp(what, "socket-netlink-route"))
		return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (!strcmp(what, "socket-mptcp"))
		return socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 262);
	if (!strcmp(what, "socketpair-unix")) {
		int pair[2];
		return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	}
	if (!strcmp(what, "socketpair-tipc")) {
		int pair[2];
		return socketpair(AF_TIPC, SOCK_SEQPACKET, 0, pair);
	}
	if (!strcmp(what, "personality-ask"))
		return personality(0xffffffff);
	if (!strcmp(what, "personality-norandomize"))
		return personality(ADDR_NO_RANDOMIZE);
	if (!strcmp(what, "futex-waitv"))
		return syscall(449, 0, 0, 0, 0, 0);
	if (!strcmp(what, "future"))
		return syscall(600);
	if (!strcmp(what, "bpf"))
		return syscall(SYS_bpf, 0, 0, 0);
	if (!strcmp(what, "semget"))
		return syscall(SYS_semget, 0, 1, 0);
	return -2;
}

int main(int count, char **words)
{
	if (count > 1 && !strcmp(words[1], "wait"))
		for (;;)
			pause();
	if (count > 1) {
		errno = 0;
		long result = attempt(words[1]);
		if (result == 0 && !strncmp(words[1], "clone", 5))
			_exit(0); /* the child */
		char text[32];
		int length = snprintf(text, sizeof(text), "%d\n", result < 0 ? errno : 0);
		return write(1, text, length) != length || result == -2;
	}
	return write(1, "ok\n", 3) != 3;
}
