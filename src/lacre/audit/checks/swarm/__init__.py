"""Section 7: Swarm."""
