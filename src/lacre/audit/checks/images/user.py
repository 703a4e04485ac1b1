"""The application does not run as root.

Root in a container is root on the host but for namespaces and capabilities: every hole in those is then a hole to
root, and every file of the image is the intruder's to change. The last USER counts, and a service's `user:` before
that.

Mend: Give the image a user that owns only what it writes, and name it by number: `USER 10001:10001`. By a number
everything can see that it is not 0. `lacre seal` tries which user an existing image can run as.

Example:

    FROM debian:12.8
    RUN useradd --uid 10001 --no-create-home app
    COPY --chown=root:root app /usr/local/bin/app
    USER 10001:10001
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.running import called
from lacre.audit.facts.container import Container
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.facts.service import Service
from lacre.audit.facts.text import Text
from lacre.audit.model import Finding, Mend, NotApplicable, Severity, Unknown, Word

_NO_ROOT = "it is for Windows, where no user is root"
_NON_ROOT_BASES = ("nonroot", "non-root", "unprivileged", "rootless")


def service(service: Service) -> Iterator[Word]:
    if service.user is not None:
        yield from _judged(service.user, "user")
    elif service.excuse:
        yield service.excuse
    elif service.build is not None and service.build.stage is not None:
        yield from _of_built(service, service.build.stage)
    else:
        yield Unknown("as whom its image runs cannot be told from files")


def _of_built(service: Service, stage: Stage) -> Iterator[Word]:
    if stage.user is None:
        if stage.windows:
            yield NotApplicable(_NO_ROOT)
            return
        if _base_says(stage):
            return
        yield Finding(what="neither it nor its Dockerfile names a user", place=service.at, path="user")
    elif not stage.user.known:
        yield Unknown("the USER of its Dockerfile depends on a build argument")
    elif _is_root(stage.user.text):
        yield Finding(what="its Dockerfile ends as root, and it names no user", place=service.at, path="user")


def stage(stage: Stage) -> Iterator[Word]:
    if not stage.final:
        yield NotApplicable("it is not the stage that is built")
    elif stage.user is not None:
        yield from _judged(stage.user, "USER")
    elif stage.windows:
        yield NotApplicable(_NO_ROOT)
    elif not _base_says(stage):
        yield Finding(
            what="no USER is named: it runs as root unless the base says otherwise",
            place=stage.at,
            path="USER",
        )


def _judged(user: Text, path: str) -> Iterator[Word]:
    if not user.known:
        yield Unknown(f"{path} depends on {', '.join(user.unset)}, which only the environment says")
    elif _is_root(user.text):
        yield Finding(what=f"it runs as root ({path} {user.text})", place=user.place, path=path)


def _is_root(text: str) -> bool:
    name = text.strip().strip("\"'").partition(":")[0].lower()
    return (
        name == "root"
        or (name.isdecimal() and int(name) == 0)
        or name.endswith("\\administrator")
        or name == "containeradministrator"
    )


def _base_says(stage: Stage) -> bool:
    """Whether the base's own name promises a user that is not root."""
    while stage.parent is not None:
        stage = stage.parent
    return any(word in stage.base.text.lower() for word in _NON_ROOT_BASES)


def container(container: Container) -> Iterator[Word]:
    said = container.of_image.user if container.of_image is not None else ""
    over = f", over the image's user {said}" if said and not _is_root(said) and container.user != said else ""
    if container.inside is None:
        if not container.user or _is_root(container.user):
            yield Finding(what=f"it runs as root{over}", path="user")
        elif container.running:
            yield container.untold
        return
    root = [process for process in container.processes if process.uid == 0]
    if root:
        share = "" if len(root) == len(container.processes) else ", others do not"
        yield Finding(what=f"{called(root)} runs as root{share}{over}", path="user")


def image(image: Image) -> Iterator[Word]:
    if not image.user or _is_root(image.user):
        yield Finding(what="it runs as root unless it is told otherwise", path="user")


CHECK = Check(
    id="LC401",
    name="user",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="4.1",
    peers=(
        "compose-lint:0018",
        "compose-harden:root_user",
        "DockSec:no non-root user",
        "trivy:02",
        "dockle:CIS-DI-0001",
        "checkov:CKV_DOCKER_3",
        "checkov:CKV_DOCKER_8",
        "dockerfile-hardener:DH001",
        "docker-bench:4.1",
    ),
    service=service,
    stage=stage,
    container=container,
    image=image,
)
