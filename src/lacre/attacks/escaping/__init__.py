"""Leaving the container, up to the point where the kernel agrees."""
