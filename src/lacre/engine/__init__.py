"""Docker and Compose as lacre sees them: engines, images, projects, twins. Knows nothing of seals.

Importing it costs pydantic; the Docker SDK is imported when an Engine is made.
"""

from lacre.engine.compose import Compose
from lacre.engine.docker import Changed, ContainerState, Engine, EngineInfo, Executed
from lacre.engine.egress import Egress, egress_to
from lacre.engine.kernel import Peaks
from lacre.engine.leftovers import Cleaned, Leftover, clean, leftovers
from lacre.engine.normalise import completed, project_from_config
from lacre.engine.project import Dependency, Entry, ImageInfo, Mount, Project, Service
from lacre.engine.run_options import project_from_run_options
from lacre.engine.twin import Container, Started, Stopped, Twin
from lacre.engine.twin_config import HostThing, TwinOptions, TwinPlan, Warned, twin_config

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
    "twin_config",
]
