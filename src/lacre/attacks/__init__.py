"""Harmless attacks on a twin, before and after sealing: what a seal stops, and what it leaves open."""
