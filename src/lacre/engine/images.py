"""Images: what the engine says about one, and what its files say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lacre.engine import accounts
from lacre.engine.connection import told
from lacre.engine.project import ImageInfo
from lacre.engine.tree import read_tree
from lacre.errors import EngineError

if TYPE_CHECKING:
    from docker import APIClient

_SAVED_SECONDS = 600.0  # the engine writes them to its disk before it begins to answer
_PIECE_BYTES = 1 << 20


def inspected(client: APIClient, reference: str, *, pull: bool) -> dict[str, Any]:
    """What the engine says about an image, pulled when it is absent (and `pull`); EngineError when it cannot be had."""
    from docker.errors import ImageNotFound  # noqa: PLC0415

    with told(f"looking for image {reference}"):
        try:
            found: dict[str, Any] = client.inspect_image(reference)  # type: ignore[no-untyped-call]
            return found
        except ImageNotFound:
            if not pull:
                raise EngineError(
                    f"looking for image {reference}",
                    "it is not there",
                    "build it first: docker compose build",
                ) from None
    repository, tag = repository_and_tag(reference)
    try:
        with told(f"pulling image {reference}"):
            client.pull(repository, tag=tag)
            pulled: dict[str, Any] = client.inspect_image(reference)  # type: ignore[no-untyped-call]
            return pulled
    except EngineError as problem:
        raise EngineError(
            f"looking for image {reference}",
            f"it is not there and cannot be pulled ({problem.happened})",
            "check the name, log in to its registry, or build it (docker compose build)",
        ) from problem


def declared(reference: str, told_image: Mapping[str, Any]) -> ImageInfo:
    """What an image says about itself, without its files and accounts."""
    config: Mapping[str, Any] = told_image.get("Config") or {}
    check: Mapping[str, Any] = config.get("Healthcheck") or {}
    health = check.get("Test") or []
    environment = {}
    for line in config.get("Env") or ():
        key, _, value = str(line).partition("=")
        environment[key] = value
    exposed = []
    for port in config.get("ExposedPorts") or {}:
        number, _, protocol = str(port).partition("/")
        exposed.append(f"{protocol or 'tcp'}/{number}")
    return ImageInfo(
        reference=reference,
        id=str(told_image["Id"]),
        layers=tuple((told_image.get("RootFS") or {}).get("Layers") or ()),
        architecture=str(told_image.get("Architecture") or ""),
        user=str(config.get("User") or ""),
        volumes=tuple(sorted(config.get("Volumes") or {})),
        exposed=tuple(exposed),
        environment=environment,
        entrypoint=_words(config.get("Entrypoint")),
        command=_words(config.get("Cmd")),
        directory=str(config.get("WorkingDir") or "/"),
        stop_signal=str(config.get("StopSignal") or ""),
        healthcheck=bool(health) and health[0] != "NONE",
        health_interval=int(check.get("Interval") or 0) / 1e9,
        health_retries=int(check.get("Retries") or 0),
        tree={},
    )


def with_files(image: ImageInfo, exported: Iterator[bytes], passwd: str, group: str) -> ImageInfo:
    """The image with its files, from the chunks of `docker export`, and its accounts, from /etc/passwd and group."""
    return image.model_copy(
        update={
            "tree": read_tree(exported),
            "names": accounts.names(passwd),
            "accounts": accounts.primary_groups(passwd),
            "memberships": accounts.memberships(passwd, group),
        }
    )


def saved(client: APIClient, ids: Iterable[str]) -> Iterator[bytes]:
    """The stream of `docker save` of several images: a layer that they share stands once in it. Raises EngineError."""
    with told("reading the layers of images"):
        answer = client.get(
            f"{client.base_url}/images/get", params={"names": list(ids)}, timeout=_SAVED_SECONDS, stream=True
        )
        with answer:
            if not answer.ok:
                raise EngineError(
                    "reading the layers of images",
                    f"the engine answered {answer.status_code}",
                    "see the engine's own log for more",
                )
            yield from answer.iter_content(_PIECE_BYTES)


def repository_and_tag(reference: str) -> tuple[str, str | None]:
    """What to pull: a name without its tag, and the tag or digest."""
    name, at, digest = reference.partition("@")
    if at:
        return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name, digest
    if ":" in reference.rpartition("/")[2]:
        repository, _, tag = reference.rpartition(":")
        return repository, tag
    return reference, "latest"


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(word) for word in value or ())
