/* SPDX-License-Identifier: Apache-2.0 */
/* Puts one BPF program that does nothing on tp_btf/sys_enter and one on sys_exit, until standard input ends. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	/* r0 = 0; exit */
	const struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	const char *const names[] = { "btf_trace_sys_enter", "btf_trace_sys_exit" };
	struct btf *btf = btf__load_vmlinux_btf();
	char c;

	for (int i = 0; i < 2; i++) {
		LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP,
			    .attach_btf_id = btf__find_by_name_kind(btf, names[i], BTF_KIND_TYPEDEF));
		int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "GPL", insns, 2, &options);

		if (fd < 0 || bpf_raw_tracepoint_open(NULL, fd) < 0) {
			perror(names[i]);
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	return read(0, &c, 1) != 0;
}
