"""The twin that is attacked: the project with the native program on a read-only volume, and a neighbour beside it.

The neighbour is a container that only answers: whether it still does while an attack exhausts what it can.
"""

from __future__ import annotations

import copy
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from lacre.attacks.scene import TOOL, tool_path
from lacre.engine import Project, Service
from lacre.errors import GroundError

VOLUME: Final = "lacre-attacks"
NEIGHBOUR: Final = "lacre-neighbour"
NEIGHBOUR_PORT: Final = 7227
_PROGRAM = "lacre-attacks"


def program() -> Path:
    """The native program; GroundError if the package was installed without it."""
    path = Path(str(files("lacre.native").joinpath("bin", _PROGRAM)))
    if not path.is_file():
        raise GroundError(
            "looking for the native program of the attacks",
            f"{path} is not there",
            "build it with: make -C src/lacre/native",
        )
    return path


def inside(*arguments: str) -> list[str]:
    """The command that runs the native program in a container."""
    return [tool_path(_PROGRAM), *arguments]


def staged(project: Project, config: dict[str, Any]) -> tuple[Project, dict[str, Any]]:
    """The project and its configuration with the tool in every service, and with the neighbour."""
    config = copy.deepcopy(config)
    services: dict[str, Any] = config["services"]
    image = next(iter(project.services.values())).image
    services[NEIGHBOUR] = {
        "image": image,
        "entrypoint": inside("answer", str(NEIGHBOUR_PORT)),
        "command": [],
        "user": "65534:65534",
        "cap_drop": ["ALL"],
        "healthcheck": {"disable": True},
        "networks": dict.fromkeys(sorted(config.get("networks") or {})[:1]) or None,
    }
    for service in services.values():
        mount = {"type": "volume", "source": VOLUME, "target": TOOL, "read_only": True}
        service["volumes"] = [*(service.get("volumes") or []), {**mount, "volume": {"nocopy": True}}]
    config["volumes"] = {**(config.get("volumes") or {}), VOLUME: {}}
    neighbour = Service(
        name=NEIGHBOUR,
        image=image,
        built=True,  # it is there already, as the other service has it
        config=services[NEIGHBOUR],
        ports=(f"tcp/{NEIGHBOUR_PORT}",),
        healthcheck_disabled=True,
    )
    update = {"config": config, "services": {**project.services, NEIGHBOUR: neighbour}}
    return project.model_copy(update=update), config
