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

// Into the control group whose directory it is: its limits hold, and the sensor knows whose process this is.
static int join(const char *group)
{
	char path[4096];
	int procs;
	bool joined;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	procs = open(path, O_WRONLY | O_CLOEXEC);
	joined = procs != -1 && write(procs, "0", 1) == 1;
	close(procs);
	return joined ? 0 : -1;
}

enum { SPACES = 7, MOUNTS = SPACES - 1 };

// Descriptors of the namespaces of PID that are not this process's own, -1 for the others. The user namespace comes
// first (what the others ask for is asked there), and to enter one's own is refused (setns(2)).
static int open_spaces(pid_t pid, int spaces[SPACES])
{
	static const char *const kinds[SPACES] = { "user", "cgroup", "ipc", "uts", "net", "pid", "mnt" };
	struct stat own, its;
	char path[64];

	for (int i = 0; i < SPACES; i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i]);
		spaces[i] = open(path, O_RDONLY | O_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		if (spaces[i] == -1 || fstat(spaces[i], &its) || stat(path, &own))
			return -1;
		if (its.st_ino == own.st_ino)
			spaces[i] = -1;
	}
	return 0;
}

// GROUPS (as many as the second argument says), then PROGRAM with its arguments as root of the container of PID.
// execve(2) gives root what is left in the bounding set. The child alone enters the mounts: a process that executes
// where its parent is not is what the sensor takes for the container's.
static int act_as_root(int argc, char **argv)
{
	int spaces[SPACES], groups = atoi(argv[1]), status;
	unsigned long long allowed;
	pid_t pid = (pid_t)atoi(argv[0]), entered;

	if (groups < 0 || argc < 3 + groups)
		return broken("too few arguments");
	if (!bounding_set(pid, &allowed) || open_spaces(pid, spaces))
		return broken("the process is gone");
	for (int i = 0; i < groups; i++)
		if (join(argv[2 + i]))
			return broken("cgroup.procs");
	for (int i = 0; i < MOUNTS; i++)
		if (spaces[i] != -1 && setns(spaces[i], 0))
			return broken("setns(2)");
	for (int capability = 0; capability < CAPABILITIES; capability++)
		if (!(allowed >> capability & 1))
			prctl(PR_CAPBSET_DROP, capability); // what this kernel has not is not there either
	entered = child();
	if (entered == 0) {
		if (spaces[MOUNTS] == -1 || !setns(spaces[MOUNTS], 0))
			execve(argv[2 + groups], argv + 2 + groups, (char *[]){ NULL });
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

#define AS_ROOT_ACTIONS                                                       \
	{ "as-root", act_as_root, 3, "PID NUMBER GROUP... PROGRAM [ARGUMENT...]" }, \
	{ "signal", act_signal, 1, "PID" },
