"""Section 2: the engine."""
