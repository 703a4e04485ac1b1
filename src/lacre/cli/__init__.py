"""The `lacre` command, one file a command: each parses, calls one function, hands the result to `report`."""

from lacre.cli.entry import main

__all__ = ["main"]
