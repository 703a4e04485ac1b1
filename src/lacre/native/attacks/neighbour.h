// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: no attack, but the neighbour that has to answer all the while.
#include <netinet/in.h>
#include <sys/socket.h>

static void end(int number)
{
	(void)number;
	_exit(0);
}

// Sends one byte to whoever connects to port `argv[0]`, until it is told to end.
static int act_answer(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[0])) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	(void)argc;
	alarm(0);
	signal(SIGTERM, end);
	signal(SIGPIPE, SIG_IGN);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener == -1 || bind(listener, (struct sockaddr *)&here, sizeof(here)) == -1 || listen(listener, 16) == -1)
		return broken("listen(2)");
	for (;;) {
		int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (caller == -1)
			continue;
		if (write(caller, ".", 1) != 1)
			errno = 0; // it went away: its own affair
		close(caller);
	}
}

#define NEIGHBOUR_ACTIONS { "answer", act_answer, 1, "PORT" },
