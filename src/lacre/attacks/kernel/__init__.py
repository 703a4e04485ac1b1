"""Reaching kernel code that an ordinary server never needs."""
