// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: what comes after an intruder became root by a flaw. `as-root` is the one action that runs on
// the host: it enters a container as the kernel would leave such an intruder, root within the container's bounding set.
#include <sched.h>

enum { CAPABILITIES = 64 };

// CapBnd of PID's /proc/PID/status: what its root could ever have.
static bool bounding_set(pid_t pid, unsigned long long *set)
{
	char path[64], line[256];
	bool found = false;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	while (status && !found && fgets(line, sizeof(line), status))
		found = sscanf(line, "CapBnd: %llx", set) == 1;
	if (status)
		fclose(status);
	return found;
}

// All namespaces that PID has, the user namespace (if it is another) first: what the others ask for is asked there.
static int enter(pid_t pid)
{
	static const char *const kinds[] = { "user", "cgroup", "ipc", "uts", "net", "pid", "mnt" };
	int spaces[sizeof(kinds) / sizeof(kinds[0])];
	struct stat own, its;
	char path[64];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i]);
		spaces[i] = open(path, O_RDONLY | O_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		if (spaces[i] == -1 || fstat(spaces[i], &its) || stat(path, &own))
			return -1;
		if (its.st_ino == own.st_ino)
			spaces[i] = -1; // to enter one's own user namespace is refused (setns(2))
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (spaces[i] != -1 && setns(spaces[i], 0))
			return -1;
	return 0;
}

// PROGRAM with its arguments as root of the container of PID. execve(2) gives root what is left in the bounding set.
static int act_as_root(int argc, char **argv)
{
	unsigned long long allowed;
	pid_t pid = (pid_t)atoi(argv[0]), entered;
	int status;

	(void)argc;
	if (!bounding_set(pid, &allowed) || enter(pid))
		return broken("setns(2)");
	for (int capability = 0; capability < CAPABILITIES; capability++)
		if (!(allowed >> capability & 1))
			prctl(PR_CAPBSET_DROP, capability); // what this kernel has not is not there either
	entered = child();
	if (entered == 0) {
		execve(argv[1], argv + 1, (char *[]){ NULL });
		_exit(broken("execve(2)"));
	}
	return waitpid(entered, &status, 0) == entered && WIFEXITED(status) ? 0 : broken("wait4(2)");
}

// Signal 0 asks whether a signal may be sent, and sends none (kill(2)).
static int act_signal(int argc, char **argv)
{
	(void)argc;
	return judged(kill((pid_t)atoi(argv[0]), 0), "kill(2)", 0);
}

#define AS_ROOT_ACTIONS                                                  \
	{ "as-root", act_as_root, 2, "PID PROGRAM [ARGUMENT...]" },          \
	{ "signal", act_signal, 1, "PID" },
