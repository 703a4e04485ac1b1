"""Health checks of a twin run more often: most projects ask every 30 s, and a twin lives for seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from lacre.engine import ImageInfo, Project

INTERVAL = 1.0  # seconds between two checks in a twin
DEFAULT_INTERVAL = 30.0  # Docker's own (docs.docker.com, HEALTHCHECK)
DEFAULT_RETRIES = 3

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def with_quick_health_checks(
    project: Project, images: Mapping[str, ImageInfo], longest_start: float = math.inf
) -> dict[str, Any]:
    """The project's configuration with shorter intervals and more retries: unhealthy as late as before.

    `images`: by service. `longest_start`: seconds after which a failed check counts at the latest."""
    services = dict(project.config.get("services") or {})
    for name, service in project.services.items():
        if not service.has_healthcheck:
            continue
        check = dict(services[name].get("healthcheck") or {})
        image = images[name]
        interval = seconds(str(check.get("interval") or "")) or image.health_interval or DEFAULT_INTERVAL
        if interval <= INTERVAL:
            continue
        retries = int(check.get("retries") or image.health_retries or DEFAULT_RETRIES)
        check["interval"] = f"{INTERVAL:g}s"
        check["retries"] = math.ceil(retries * interval / INTERVAL)
        if seconds(str(check.get("start_period") or "")) > longest_start:
            check["start_period"] = f"{math.ceil(longest_start)}s"
        services[name] = {**services[name], "healthcheck": check}
    return {**project.config, "services": services}


def seconds(duration: str) -> float:
    """Seconds of a Go duration ("1m30s"); 0 for what is none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)", duration)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
