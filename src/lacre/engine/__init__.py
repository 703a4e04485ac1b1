"""Docker and Compose as lacre sees them: engines, images, projects, twins. Knows nothing of seals.

Each name is imported when it is first asked for: pydantic, the Docker SDK and the twins cost half a second together,
and the audit needs none of them (docs/decisions/0061-the-audit-asks-the-engine-itself.md). So no name here is that of
a module.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lacre.engine.answers import ContainerState, EngineInfo
    from lacre.engine.compose import Compose
    from lacre.engine.docker import Changed, Engine, Executed
    from lacre.engine.egress import Egress, egress_to
    from lacre.engine.kernel import Peaks
    from lacre.engine.leftover import Cleaned, Leftover, clean, leftovers
    from lacre.engine.normalise import completed, project_from_config
    from lacre.engine.project import Dependency, Entry, ImageInfo, Mount, Project, Service
    from lacre.engine.run_options import project_from_run_options
    from lacre.engine.twin import Container, Started, Stopped, Twin
    from lacre.engine.twin_config import HostThing, TwinOptions, TwinPlan, Warned

__all__ = [
    "Changed",
    "Cleaned",
    "Compose",
    "Container",
    "ContainerState",
    "Dependency",
    "Egress",
    "Engine",
    "EngineInfo",
    "Entry",
    "Executed",
    "HostThing",
    "ImageInfo",
    "Leftover",
    "Mount",
    "Peaks",
    "Project",
    "Service",
    "Started",
    "Stopped",
    "Twin",
    "TwinOptions",
    "TwinPlan",
    "Warned",
    "clean",
    "completed",
    "egress_to",
    "leftovers",
    "project_from_config",
    "project_from_run_options",
]

_NAMES = {
    "answers": ("ContainerState", "EngineInfo"),
    "compose": ("Compose",),
    "docker": ("Changed", "Engine", "Executed"),
    "egress": ("Egress", "egress_to"),
    "kernel": ("Peaks",),
    "leftover": ("Cleaned", "Leftover", "clean", "leftovers"),
    "normalise": ("completed", "project_from_config"),
    "project": ("Dependency", "Entry", "ImageInfo", "Mount", "Project", "Service"),
    "run_options": ("project_from_run_options",),
    "twin": ("Container", "Started", "Stopped", "Twin"),
    "twin_config": ("HostThing", "TwinOptions", "TwinPlan", "Warned"),
}
_MODULE = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A name of `__all__`, from its module (PEP 562)."""
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)
    globals()[name] = found
    return found
