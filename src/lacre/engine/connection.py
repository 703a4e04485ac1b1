"""The connection to the engine, and what goes wrong with it in lacre's words.

Whatever the SDK or the connection raises becomes an EngineError, and a GroundError when there is no engine to talk to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lacre.errors import EngineError, GroundError, LacreError

if TYPE_CHECKING:
    from docker import APIClient

DEFAULT = "unix:///var/run/docker.sock"
"""Where the `docker` command looks when nothing else is said."""

ANSWER_SECONDS = 60.0
"""How long the engine may take for one request."""


def connect(environment: Mapping[str, str]) -> APIClient:
    """A client of the engine that the `docker` command would choose; GroundError when none answers."""
    from docker import APIClient  # noqa: PLC0415
    from docker.context import ContextAPI  # noqa: PLC0415
    from docker.errors import DockerException  # noqa: PLC0415
    from docker.utils import kwargs_from_env  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    tried = "connecting to the Docker engine"
    host = environment.get("DOCKER_HOST", "")
    try:
        parameters: dict[str, Any] = {}
        if host:
            parameters = dict(kwargs_from_env(environment=dict(environment)))
        else:
            name = environment.get("DOCKER_CONTEXT")
            context = ContextAPI.get_context(name)
            if context is None:
                raise GroundError(
                    tried,
                    f"there is no Docker context named {name or 'as the current one'}",
                    "choose one with `docker context use`, or set DOCKER_HOST",
                )
            host = str(context.Host or "")
            if host:
                parameters["base_url"] = host
            if context.TLSConfig is not None:
                parameters["tls"] = context.TLSConfig
        client = APIClient(
            version="auto",
            timeout=int(ANSWER_SECONDS),
            use_ssh_client=True,
            max_pool_size=16,
            **parameters,
        )
        if str(parameters.get("base_url", DEFAULT)).startswith("unix:"):
            # A proxy is looked for in each question otherwise, and none is between us and a socket.
            client.trust_env = False
    except (DockerException, RequestException, OSError, ValueError) as problem:
        raise no_engine(tried, host or DEFAULT, problem) from problem
    return client


def context_host(environment: Mapping[str, str]) -> str:
    """The address in the Docker context in force; "" where it names none."""
    from docker.context import ContextAPI  # noqa: PLC0415

    context = ContextAPI.get_context(environment.get("DOCKER_CONTEXT"))
    return str(context.Host or "") if context is not None else ""


@contextlib.contextmanager
def told(tried: str) -> Iterator[None]:
    """What the SDK and the connection raise inside becomes an EngineError about `tried`."""
    from docker.errors import DockerException  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except LacreError:
        raise
    except DockerException as problem:
        raise EngineError(tried, _first_words(problem), "see the engine's own log for more") from problem
    except (RequestException, HTTPError, OSError) as problem:
        raise EngineError(
            tried,
            f"the engine did not answer: {_first_words(problem)}",
            "check that it runs (docker info), then run `lacre clean` and try again",
        ) from problem


@contextlib.contextmanager
def absent_is_fine() -> Iterator[None]:
    """To remove what is gone, or what somebody else is removing, is no error."""
    from docker.errors import APIError  # noqa: PLC0415

    try:
        yield
    except APIError as problem:
        # 404: gone; 409 "removal … is already in progress": somebody else is at it
        if problem.status_code == 404 or "already in progress" in str(problem.explanation):
            return
        raise


def status_of(problem: BaseException | None) -> int | None:
    """The HTTP status of the engine's refusal; None where there was no answer."""
    response = getattr(problem, "response", None)
    return getattr(response, "status_code", None)


def no_engine(tried: str, host: str, problem: Exception) -> GroundError:
    """Why nobody answers at `host`, told from what went wrong."""
    path = Path(host.partition("unix://")[2]) if host.startswith("unix://") else None
    text = str(problem)
    if path is not None and ("PermissionError" in text or "Permission denied" in text):
        return GroundError(
            tried, f"this user may not use {path}", "run lacre as root, or as a member of the group docker"
        )
    if path is not None and not _there(path):
        return GroundError(
            tried,
            f"there is no {path}: Docker is not installed, or its engine is not running",
            "install Docker and start dockerd, or point DOCKER_HOST at an engine",
        )
    if path is not None:
        return GroundError(tried, f"nothing answers at {path}", "start dockerd (systemctl start docker)")
    return GroundError(tried, f"{host} does not answer: {_first_words(problem)}", "check DOCKER_HOST")


def _there(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _first_words(problem: Exception) -> str:
    text = str(getattr(problem, "explanation", None) or problem)
    return " ".join(text.split())[:500]
