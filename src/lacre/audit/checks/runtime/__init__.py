"""Section 5: how containers run."""
