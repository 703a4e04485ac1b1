"""The native programs: C and BPF sources, and the binaries built from them in bin/."""
