// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "escaping".
#include <sys/mount.h>

// A tmpfs of one page over `argv[0]`, unmounted at once.
static int act_mount(int argc, char **argv)
{
	(void)argc;
	if (mount("lacre", argv[0], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") == -1)
		return stopped("mount(2)");
	umount2(argv[0], MNT_DETACH);
	return worked("mount(2)");
}

#define ESCAPING_ACTIONS { "mount", act_mount, 1, "DIRECTORY" },
