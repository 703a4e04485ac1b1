"""The twin that is attacked: the project with the native program on a read-only volume, and a neighbour beside it.

The neighbour is a container that only answers: whether it still does while an attack exhausts what it can.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from lacre.engine import Project, Service
from lacre.errors import GroundError, TargetError

TOOL: Final = "/.lacre"
"""Where the twin that is attacked has the native program, read-only."""

VOLUME: Final = "lacre-attacks"
NEIGHBOUR: Final = "lacre-neighbour"
NEIGHBOUR_PORT: Final = 7227
PROGRAM: Final = "lacre-attacks"


def program() -> Path:
    """The native program; GroundError if the package was installed without it."""
    path = Path(str(files("lacre.native").joinpath("bin", PROGRAM)))
    if not path.is_file():
        raise GroundError(
            "looking for the native program of the attacks",
            f"{path} is not there",
            "build it with: make -C src/lacre/native",
        )
    return path


def inside(*arguments: str) -> list[str]:
    """The command that runs the native program in a container.

    The engine takes words in JSON, and files may be called anything: a byte that is no UTF-8 is spelled `\\xHH`, and
    a backslash as two (`unspell` of native/attacks.c).
    """
    return [posixpath.join(TOOL, PROGRAM), *(_spelled(argument) for argument in arguments)]


def _spelled(argument: str) -> str:
    return "".join(
        f"\\x{ord(letter) & 0xFF:02x}" if "\udc80" <= letter <= "\udcff" else letter
        for letter in argument.replace("\\", "\\\\")
    )


def staged(project: Project, config: dict[str, Any]) -> tuple[Project, dict[str, Any]]:
    """The project and its configuration with the tool in every service, and with the neighbour.

    Raises TargetError where the project has something of its own in their place.
    """
    if taken := _taken(config):
        raise TargetError(
            "making a twin to attack it",
            f"the project has {taken}, which is the name of something that lacre puts there",
            "give it another name",
        )
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


def _taken(config: Mapping[str, Any]) -> str:
    """What of the project lies where the tool or the neighbour would; empty: nothing."""
    if NEIGHBOUR in config["services"]:
        return f"a service {NEIGHBOUR}"
    if VOLUME in (config.get("volumes") or {}):
        return f"a volume {VOLUME}"
    for name, service in config["services"].items():
        targets = [str(mount.get("target")) for mount in service.get("volumes") or ()]
        targets += [str(entry).partition(":")[0] for entry in service.get("tmpfs") or ()]
        if any(posixpath.normpath(target) == TOOL for target in targets):
            return f"a mount on {TOOL} in service {name}"
    return ""
