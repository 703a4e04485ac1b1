"""Section 3: the files of the engine."""
