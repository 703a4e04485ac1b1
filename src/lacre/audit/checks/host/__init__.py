"""Section 1: the host."""
