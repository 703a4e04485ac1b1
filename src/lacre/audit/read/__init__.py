"""Reads files for their places: YAML, Compose, `.env`, Dockerfiles. Bounded in size, depth and time."""
