// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "kernel surface". Each call either makes something that ends
// with this process, or has an argument that the kernel refuses after it has agreed that we may; the order was
// read in the kernel's source (the function is named).
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif


static long take_bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

// A socket filter that drops everything, attached to no socket.
static long take_bpf_program(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)nothing,
		.insn_cnt = sizeof(nothing) / sizeof(nothing[0]),
		.license = (uintptr_t)"",
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int act_bpf(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "bpf(BPF_MAP_CREATE)", take_bpf_map, 0 },
		{ "bpf(BPF_PROG_LOAD)", take_bpf_program, 0 },
	};

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// A software counter of this process, never started.
static long take_perf_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = PERF_ATTR_SIZE_VER0,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static int act_perf_event(int argc, char **argv)
{
	static const struct way ways[] = { { "perf_event_open(2)", take_perf_event, 0 } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// Handles no fault of the kernel, which is open to everybody since Linux 5.11.
static long take_userfaultfd_user(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
}

static long take_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC);
}

static int act_userfaultfd(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "userfaultfd(2)", take_userfaultfd, 0 },
		{ "userfaultfd(UFFD_USER_MODE_ONLY)", take_userfaultfd_user, 0 },
	};

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

static long take_io_uring(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 1, &params);
}

static int act_io_uring(int argc, char **argv)
{
	static const struct way ways[] = { { "io_uring_setup(2)", take_io_uring, 0 } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// kexec_load_check: CAP_SYS_BOOT, then the flags. Too many segments besides, should a flag ever get a meaning.
static long take_kexec_load(void)
{
	return syscall(SYS_kexec_load, 0UL, ~0UL, NULL, 0x0000ff00UL);
}

#ifdef SYS_kexec_file_load
// kexec_file_load: CAP_SYS_BOOT, then the flags; there is no such descriptor either.
static long take_kexec_file_load(void)
{
	return syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, ~0UL);
}
#endif

static int act_kexec(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "kexec_load(2)", take_kexec_load, EINVAL },
#ifdef SYS_kexec_file_load
		{ "kexec_file_load(2)", take_kexec_file_load, EINVAL },
#endif
	};

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// may_init_module: CAP_SYS_MODULE; then a module of no bytes has no ELF header.
static long take_init_module(void)
{
	return syscall(SYS_init_module, NULL, 0UL, "");
}

// may_init_module; then there is no such descriptor.
static long take_finit_module(void)
{
	return syscall(SYS_finit_module, -1, "", 0);
}

// delete_module: CAP_SYS_MODULE; then the name cannot be read.
static long take_delete_module(void)
{
	return syscall(SYS_delete_module, NULL, O_NONBLOCK);
}

static int act_modules(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "init_module(2)", take_init_module, ENOEXEC },
		{ "finit_module(2)", take_finit_module, EBADF },
		{ "delete_module(2)", take_delete_module, EFAULT },
	};

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// do_sys_settimeofday64: security_settime64 (CAP_SYS_TIME), then zones beyond 15 hours are refused. No time is given.
static long take_settimeofday(void)
{
	static const struct timezone beyond = { .tz_minuteswest = 0x7fff };

	return syscall(SYS_settimeofday, NULL, &beyond);
}

static int act_clock(int argc, char **argv)
{
	static const struct way ways[] = { { "settimeofday(2)", take_settimeofday, EINVAL } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// sethostname: CAP_SYS_ADMIN over the UTS namespace, then the length.
static long take_sethostname(void)
{
	return syscall(SYS_sethostname, NULL, -1);
}

static int act_hostname(int argc, char **argv)
{
	static const struct way ways[] = { { "sethostname(2)", take_sethostname, EINVAL } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// reboot: CAP_SYS_BOOT over the process namespace, then the magic numbers.
static long take_reboot(void)
{
	return syscall(SYS_reboot, 0, 0, 0, NULL);
}

static int act_reboot(int argc, char **argv)
{
	static const struct way ways[] = { { "reboot(2)", take_reboot, EINVAL } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// swapon: the flags (none), CAP_SYS_ADMIN, then the file.
static long take_swapon(void)
{
	return syscall(SYS_swapon, NOWHERE, 0);
}

static int act_swapon(int argc, char **argv)
{
	static const struct way ways[] = { { "swapon(2)", take_swapon, ENOENT } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// acct: CAP_SYS_PACCT, then the file.
static long take_acct(void)
{
	return syscall(SYS_acct, NOWHERE);
}

static int act_acct(int argc, char **argv)
{
	static const struct way ways[] = { { "acct(2)", take_acct, ENOENT } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// Of this process alone, which ends at once.
static long take_personality(void)
{
	return syscall(SYS_personality, ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC);
}

static int act_personality(int argc, char **argv)
{
	static const struct way ways[] = { { "personality(READ_IMPLIES_EXEC)", take_personality, 0 } };

	(void)argc, (void)argv;
	return BY_ANY(ways);
}

// A socket of any of `argv`, each FAMILY:TYPE:PROTOCOL in numbers; nothing is bound or sent. The kernel's own name
// for a family that it has not, or for a type that a newer one dropped, says nothing about permission.
static int act_family(int argc, char **argv)
{
	int family, type, protocol, refused = 0;
	char detail[64];

	for (int i = 0; i < argc; i++) {
		if (sscanf(argv[i], "%d:%d:%d", &family, &type, &protocol) != 3)
			return say("error", EINVAL, "FAMILY:TYPE:PROTOCOL");
		if (socket(family, type | SOCK_CLOEXEC, protocol) != -1) {
			snprintf(detail, sizeof(detail), "socket(2) of family %d", family);
			return worked(detail);
		}
		if (errno != EAFNOSUPPORT && errno != ESOCKTNOSUPPORT && errno != EPROTONOSUPPORT && !refused)
			refused = errno;
	}
	if (!refused)
		return absent("this kernel has no such protocol");
	errno = refused;
	return stopped("socket(2)");
}

#define KERNEL_ACTIONS                                                                                         \
	{ "bpf", act_bpf, 0, "" }, { "perf-event", act_perf_event, 0, "" },                                    \
		{ "userfaultfd", act_userfaultfd, 0, "" }, { "io-uring", act_io_uring, 0, "" },                \
		{ "kexec", act_kexec, 0, "" }, { "modules", act_modules, 0, "" }, { "clock", act_clock, 0, "" }, \
		{ "hostname", act_hostname, 0, "" }, { "reboot", act_reboot, 0, "" },                          \
		{ "swapon", act_swapon, 0, "" }, { "acct", act_acct, 0, "" },                                  \
		{ "personality", act_personality, 0, "" }, { "family", act_family, 1, "FAMILY:TYPE:PROTOCOL..." },
