"""One image of the engine, as checks look at it: what it declares, how it was built, and what is in it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lacre.audit.facts.shown import dicts, part, texts
from lacre.audit.model import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in the files of an image; paths are sorted. `empty_passwords` and `same_ids` are account names.

    `tools` are programs by kind ("shell", "compiler", "package manager", …), `keys` files that hold credentials
    by their name, `buried` those that a later layer removed or emptied and an earlier one still has (as far as
    the layers could be unpacked: `layers_read`), `writable` files and directories that everybody can write.
    """

    set_id: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    tools: Mapping[str, tuple[str, ...]]
    keys: tuple[str, ...] = ()
    buried: tuple[str, ...] = ()
    layers_read: bool = True
    empty_passwords: tuple[str, ...] = ()
    same_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image. `name` is how it is called here; `created` None where it says no time that can be true.

    `pulled`: whether a registry has it; None where the engine does not tell. `contents` is None where its files were
    not read, and `unread` says why. `today` is the day of the audit.
    """

    id: str
    name: str
    tags: tuple[str, ...] = ()
    pulled: bool | None = None
    created: datetime.date | None = None
    today: datetime.date
    user: str = ""
    health_test: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    contents: Contents | None = None
    unread: str = ""

    @property
    def untold(self) -> Unknown:
        """What a check says that needs the files where they were not read."""
        return Unknown(self.unread or "its files were not read")


def image(
    shown: Mapping[str, Any],
    name: str,
    today: datetime.date,
    *,
    contents: Contents | None = None,
    unread: str = "",
    used_by: tuple[str, ...] = (),
) -> Image:
    """What `docker image inspect` shows, with its `History`, as a fact."""
    config = part(shown, "Config")
    return Image(
        id=str(shown.get("Id") or ""),
        name=name,
        tags=texts(shown.get("RepoTags")),
        pulled=_pulled(shown),
        created=_day(str(shown.get("Created") or "")),
        today=today,
        user=str(config.get("User") or ""),
        health_test=texts(part(config, "Healthcheck").get("Test")),
        environment=tuple(
            (key, value) for key, _, value in (text.partition("=") for text in texts(config.get("Env")))
        ),
        labels=tuple((str(key), str(value)) for key, value in part(config, "Labels").items()),
        words=(*texts(config.get("Entrypoint")), *texts(config.get("Cmd"))),
        volumes=tuple(sorted(part(config, "Volumes"))),
        exposed=tuple(sorted(part(config, "ExposedPorts"))),
        history=tuple(str(layer.get("CreatedBy") or "") for layer in dicts(shown.get("History"))),
        used_by=used_by,
        contents=contents,
        unread=unread,
    )


def _pulled(shown: Mapping[str, Any]) -> bool | None:
    """Whether it came from a registry, or went to one.

    Docker 29 says so (`Identity`, since API 1.53). Before, only such an image has a digest in a repository; but the
    containerd store gives one to every image: that of its manifest, which is its id there too.
    """
    identity = part(shown, "Identity")
    if identity.get("Pull") or identity.get("Build"):
        return bool(identity.get("Pull"))
    digests = texts(shown.get("RepoDigests"))
    if any(digest.endswith(f"@{shown.get('Id')}") for digest in digests):
        return None
    return bool(digests)


def _day(text: str) -> datetime.date | None:
    """The day of an RFC 3339 time; builders that want repeatable images write 1970 or 1980, which says nothing."""
    try:
        day = datetime.date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if day.year > 2000 else None
