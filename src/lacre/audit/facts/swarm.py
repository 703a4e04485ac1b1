"""The swarm that an engine is part of, as a manager tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lacre.audit.facts.shown import dicts, part, texts
from lacre.audit.model import NotApplicable, Unknown

if TYPE_CHECKING:
    from lacre.engine.inventory import SwarmShown

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmService:
    """A service of the swarm. `ports` as `mode tcp/8080`; `secrets` the names of those that it is given."""

    name: str
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swarm:
    """A swarm. `excuse` is set where there is nothing to judge: Swarm is off, or this node does not know.

    `encrypted` tells of each overlay network whether its data plane is; `certificate_days` how long a node's
    certificate lives; `listening` the addresses on which this node listens for managers (port 2377), None: unknown.
    """

    name: str = "swarm"
    excuse: NotApplicable | Unknown | None = None
    managers: int = 0
    nodes: int = 0
    autolock: bool = False
    certificate_days: float = 0.0
    encrypted: Mapping[str, bool] = field(default_factory=dict)
    services: tuple[SwarmService, ...] = ()
    listening: tuple[str, ...] | None = None


def swarm(shown: SwarmShown, listening: tuple[str, ...] | None) -> Swarm:
    """A manager's words as a fact."""
    if shown.why:
        return Swarm(excuse=Unknown(shown.why))
    if shown.swarm is None:
        return Swarm(excuse=NotApplicable("Swarm is off"))
    spec = part(shown.swarm, "Spec")
    return Swarm(
        name=str(spec.get("Name") or "swarm"),
        managers=sum(part(node, "Spec").get("Role") == "manager" for node in shown.nodes),
        nodes=len(shown.nodes),
        autolock=bool(part(spec, "EncryptionConfig").get("AutoLockManagers")),
        certificate_days=int(part(spec, "CAConfig").get("NodeCertExpiry") or 0) / _NANOSECONDS / 86400,
        encrypted={
            str(network.get("Name")): "encrypted" in part(network, "Options") for network in shown.networks
        },
        services=tuple(map(_service, shown.services)),
        listening=listening,
    )


def _service(shown: Mapping[str, Any]) -> SwarmService:
    spec = part(shown, "Spec")
    of_containers = part(part(spec, "TaskTemplate"), "ContainerSpec")
    return SwarmService(
        name=str(spec.get("Name") or ""),
        environment=tuple(
            (name, value)
            for name, _, value in (text.partition("=") for text in texts(of_containers.get("Env")))
        ),
        secrets=tuple(str(secret.get("SecretName")) for secret in dicts(of_containers.get("Secrets"))),
        ports=tuple(
            f"{port.get('PublishMode')} {port.get('Protocol')}/{port.get('PublishedPort')}"
            for port in dicts(part(shown, "Endpoint").get("Ports"))
        ),
    )
