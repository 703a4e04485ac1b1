"""What the tests of attacks share: verdicts out of what a command printed, the least that a seal stops, a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.sealing import SealedServer

ABSENT_WITH_EVERYTHING = frozenset({"set-id", "file-capabilities", "root-reach", "ways-out", "host-root"})
"""There it runs as root with a process namespace of its own, and a twin's networks lead nowhere."""

STOPPED_AT_LEAST = 0.95


def verdicts(result: dict[str, Any], side: str, service: str) -> dict[str, dict[str, Any]]:
    """Of one side of `--format json`: attack → verdict."""
    found: dict[str, dict[str, Any]] = result["sides"][side]["services"][service]["verdicts"]
    return found


def outcomes(result: dict[str, Any], side: str, service: str) -> dict[str, str]:
    return {id: verdict["result"] for id, verdict in verdicts(result, side, service).items()}


def counted(result: dict[str, Any], side: str, service: str) -> tuple[int, int]:
    """Stopped, and applicable."""
    tally = result["sides"][side]["services"][service]["tally"]
    return tally["stopped"], tally["stopped"] + tally["worked"]


def explained(result: dict[str, Any], side: str) -> str:
    """The verdicts in words, for a test that fails."""
    return "\n".join(
        f"{service} {id}: {verdict['result']} {verdict['errno']} {verdict['by']} {verdict['reason']}"
        for service in result["sides"][side]["services"]
        for id, verdict in verdicts(result, side, service).items()
    )


def check_stopped(sealed: SealedServer) -> None:
    """At least 95 % of what is applicable is stopped by each service's seal, more than before, and no error."""
    result = sealed.result
    ATTACKED.add(sealed, sealed.server.name)
    for service in result["sides"]["after"]["services"]:
        before, after = counted(result, "before", service), counted(result, "after", service)
        assert after[0] >= STOPPED_AT_LEAST * after[1], explained(result, "after")
        assert after[0] / after[1] > before[0] / before[1]
        assert "error" not in outcomes(result, "after", service).values(), explained(result, "after")
        stopped = {id for id, outcome in outcomes(result, "after", service).items() if outcome == "stopped"}
        assert set(sealed.seal.services[service].stopped) == stopped


@dataclass
class Attacked:
    """The rows of this session: project and service, with its counts."""

    rows: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, sealed: SealedServer, name: str) -> None:
        result = sealed.result
        for service in result["sides"]["after"]["services"]:
            before, after = (counted(result, side, service) for side in ("before", "after"))
            open_still = [
                f"{id} ({verdict['reason']})"
                for id, verdict in verdicts(result, "after", service).items()
                if verdict["result"] == "worked" and not result["attacks"][id]["by_design"]
            ]
            seconds = result["sides"]["after"]["services"][service]["seconds"]
            self.rows[f"{name}/{service}"] = (
                f"{name}/{service}",
                f"{before[0]}/{before[1]}",
                f"{after[0]}/{after[1]}",
                f"{seconds:.1f}",
                "; ".join(open_still) or "-",
            )

    def text(self) -> str:
        """The table, one line a service."""
        lines = [("service", "before", "after", "seconds", "open"), *self.rows.values()]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join(
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )


ATTACKED = Attacked()
