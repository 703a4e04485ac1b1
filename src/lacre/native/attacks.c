// SPDX-License-Identifier: Apache-2.0
// The native part of `lacre attack`: one action a run, inside the container that is attacked.
//
//   attacks ACTION [ARGUMENT...]
//
// prints one line, `RESULT TAB ERRNO TAB DETAIL`: worked, stopped, absent (nothing here to try it on) or error
// (could not try). It runs under whatever seal the container has, so it asks the kernel for as little as it
// can, makes its calls directly, removes what it makes and leaves no process behind.
//
// Harmless by construction: where success would change more than the container, an action goes to the point
// where the kernel has agreed and no further (opens and does not write; passes arguments that are refused for
// another reason than permission, where the kernel asks for permission first).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALARM_SECONDS = 20, WRONG_USE = 2 };

typedef int action_fn(int argc, char **argv);

struct action {
	const char *name;
	action_fn *run;
	int least; // arguments
	const char *arguments;
};

// The line that every action ends with; always 0, so that an action can return it.
static int say(const char *result, int number, const char *detail)
{
	char line[512];
	size_t length = (size_t)snprintf(line, sizeof(line), "%s\t%d\t", result, number);

	for (const char *c = detail; *c && length < sizeof(line) - 1; c++)
		line[length++] = (*c >= 0x20 && *c <= 0x7e) ? *c : '?';
	line[length++] = '\n';
	if (write(STDOUT_FILENO, line, length) != (ssize_t)length)
		_exit(1);
	return 0;
}

static int worked(const char *detail)
{
	return say("worked", 0, detail);
}

static int absent(const char *why)
{
	return say("absent", 0, why);
}

// Of a call that just failed.
static int stopped(const char *call)
{
	return say("stopped", errno, call);
}

static int broken(const char *call)
{
	return say("error", errno, call);
}

// Whether a system call filter may have answered in the kernel's place: ENOSYS is what one says of new calls.
static bool filtered(void)
{
	return prctl(PR_GET_SECCOMP) != 0;
}

// One way to an end: a call that changes nothing, and the errno that is a yes of the kernel to somebody who may.
struct way {
	const char *call;
	long (*take)(void);
	int agreed;
};

// It worked if one way does. Of several refusals the first counts that says more than "no such call".
static int by_any(const struct way *ways, size_t number)
{
	int refused = ENOSYS;
	const char *call = ways[0].call;

	for (size_t i = 0; i < number; i++) {
		if (ways[i].take() >= 0 || (ways[i].agreed && errno == ways[i].agreed))
			return worked(ways[i].call);
		if (refused == ENOSYS && errno != ENOSYS) {
			refused = errno;
			call = ways[i].call;
		}
	}
	if (refused == ENOSYS && !filtered())
		return absent("this kernel has no such call");
	errno = refused;
	return stopped(call);
}

#define BY_ANY(ways) by_any(ways, sizeof(ways) / sizeof((ways)[0]))

// What a call that changes nothing says: -1 with `agreed` is a yes of the kernel to somebody who may.
static int judged(long returned, const char *call, int agreed)
{
	if (returned >= 0 || errno == agreed)
		return worked(call);
	return stopped(call);
}

#include "attacks/writing.h"
#include "attacks/executing.h"
#include "attacks/exhausting.h"
#include "attacks/escaping.h"
#include "attacks/kernel.h"
#include "attacks/spying.h"
#include "attacks/as_root.h"
#include "attacks/neighbour.h"

static const struct action actions[] = {
	WRITING_ACTIONS EXECUTING_ACTIONS EXHAUSTING_ACTIONS ESCAPING_ACTIONS KERNEL_ACTIONS SPYING_ACTIONS
	AS_ROOT_ACTIONS NEIGHBOUR_ACTIONS
};

// Undoes what `inside` of attacks/stage.py did: \\ is a backslash, \xHH a byte.
static void unspell(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned byte;

		if (from[0] == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1) {
			*to = (char)byte;
			from += 4;
		} else {
			from += from[0] == '\\' && from[1] == '\\';
			*to = *from++;
		}
	}
	*to = '\0';
}

int main(int argc, char **argv)
{
	// what as-root executes undoes it, and what dropped a copy has done so
	if (argc >= 2 && strcmp(argv[1], "as-root") && strcmp(argv[1], "dropped"))
		for (int i = 2; i < argc; i++)
			unspell(argv[i]);
	if (argc >= 2)
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
			if (!strcmp(actions[i].name, argv[1]) && argc - 2 >= actions[i].least) {
				alarm(ALARM_SECONDS);
				return actions[i].run(argc - 2, argv + 2);
			}
	fprintf(stderr, "usage: attacks ACTION [ARGUMENT...], ACTION being one of\n");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		fprintf(stderr, "  %s %s\n", actions[i].name, actions[i].arguments);
	return WRONG_USE;
}
