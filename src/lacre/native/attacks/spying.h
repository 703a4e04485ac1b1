// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "spying and moving". Nothing is read but what proves that it
// can be, and nothing of that is told; no packet leaves but the handshake with a neighbour of the same project.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

enum { CONNECT_MILLISECONDS = 1000 };

// A process that ended meanwhile is no refusal.
static int gone_or_stopped(const char *call)
{
	if (errno == ESRCH)
		return absent("the process has ended");
	return stopped(call);
}

// Attaches to PID without stopping it; the end of this process lets it go.
static int act_trace(int argc, char **argv)
{
	(void)argc;
	if (ptrace(PTRACE_SEIZE, (pid_t)atoi(argv[0]), NULL, NULL) == -1)
		return gone_or_stopped("ptrace(2), PTRACE_SEIZE");
	return worked("ptrace(2), PTRACE_SEIZE");
}

// Asks for a byte of PID's memory where nothing is ever mapped: EFAULT comes after the kernel has agreed.
static int act_read_memory(int argc, char **argv)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x1000, 1 };

	(void)argc;
	if (process_vm_readv((pid_t)atoi(argv[0]), &here, 1, &there, 1, 0) == -1 && errno != EFAULT)
		return gone_or_stopped("process_vm_readv(2)");
	return worked("process_vm_readv(2)");
}

// Reads one byte of PID's environment and forgets it.
static int act_environment(int argc, char **argv)
{
	char path[64], byte;
	int fd;

	(void)argc;
	snprintf(path, sizeof(path), "/proc/%d/environ", atoi(argv[0]));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return refused("open(2)");
	if (read(fd, &byte, 1) == -1)
		return gone_or_stopped("read(2)");
	return worked("read(2)");
}

// Opened and not read.
static int act_open(int argc, char **argv)
{
	(void)argc;
	if (open(argv[0], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) == -1)
		return refused("open(2), O_RDONLY");
	return worked("open(2), O_RDONLY");
}

static int act_raw(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP) == -1)
		return stopped("socket(2), SOCK_RAW");
	return worked("socket(2), SOCK_RAW");
}

// Bound to no protocol, so that it receives nothing.
static int act_packet(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) == -1)
		return errno == EAFNOSUPPORT && !filtered() ? absent("this kernel has no packet sockets")
							   : stopped("socket(2), AF_PACKET");
	return worked("socket(2), AF_PACKET");
}

// ADDRESS and PORT as the kernel wants them; the length, or 0 where it is no address.
static socklen_t address_of(const char *address, const char *port, struct sockaddr_storage *to)
{
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)atoi(port));
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)atoi(port));
		return sizeof(*six);
	}
	return 0;
}

// A TCP connection to ADDRESS PORT, closed at once.
static int act_connect(int argc, char **argv)
{
	struct sockaddr_storage to;
	socklen_t length = address_of(argv[0], argv[1], &to);
	struct pollfd wait = { .events = POLLOUT };
	int number = 0;
	socklen_t size = sizeof(number);

	(void)argc;
	if (!length)
		return broken("no address");
	wait.fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wait.fd == -1)
		return stopped("socket(2)");
	if (connect(wait.fd, (struct sockaddr *)&to, length) == -1) {
		if (errno == EINPROGRESS) {
			if (poll(&wait, 1, CONNECT_MILLISECONDS) == 0)
				number = ETIMEDOUT;
			else if (getsockopt(wait.fd, SOL_SOCKET, SO_ERROR, &number, &size) == -1)
				number = errno;
		} else {
			number = errno;
		}
	}
	errno = number;
	if (number == ECONNREFUSED)
		return absent("nobody listens there now");
	return number ? stopped("connect(2)") : worked("connect(2)");
}

// Whether there is a way to ADDRESS: connect(2) of a datagram socket only asks for the route. No packet is sent.
static int act_route(int argc, char **argv)
{
	struct sockaddr_storage to;
	socklen_t length = address_of(argv[0], "9", &to);
	int fd;

	(void)argc;
	if (!length)
		return broken("no address");
	fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return stopped("socket(2)");
	if (connect(fd, (struct sockaddr *)&to, length) == -1)
		return stopped("connect(2)");
	return worked("connect(2) of a datagram socket: there is a route");
}

// Listens on a port that the kernel chooses, and closes it at once.
static int act_listen(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)argc, (void)argv;
	if (fd == -1)
		return stopped("socket(2)");
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1)
		return stopped("bind(2)");
	if (listen(fd, 1) == -1)
		return stopped("listen(2)");
	return worked("listen(2)");
}

#define SPYING_ACTIONS                                 \
	{ "trace", act_trace, 1, "PID" },                  \
	{ "read-memory", act_read_memory, 1, "PID" },      \
	{ "environment", act_environment, 1, "PID" },      \
	{ "open", act_open, 1, "FILE" },                   \
	{ "raw", act_raw, 0, "" },                         \
	{ "packet", act_packet, 0, "" },                   \
	{ "connect", act_connect, 2, "ADDRESS PORT" },     \
	{ "route", act_route, 1, "ADDRESS" },              \
	{ "listen", act_listen, 0, "" },
