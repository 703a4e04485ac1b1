"""Nothing speaks to an engine over a network without TLS.

The engine's port is root on its host for whoever reaches it. `tcp://…:2375` has neither password nor encryption; a
Docker-in-Docker service with an empty `DOCKER_TLS_CERTDIR` opens just that port.

Mend: Leave TLS on (`DOCKER_TLS_CERTDIR: /certs`, port 2376), or put a proxy in between that lets only the needed
requests through.

Example:

    services:
      ci:
        environment:
          DOCKER_HOST: tcp://docker:2376
          DOCKER_TLS_VERIFY: "1"
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Severity, Word


def service(service: Service) -> Iterator[Word]:
    verified = any(
        v.name == "DOCKER_TLS_VERIFY" and v.value and v.value.text not in ("", "0")
        for v in service.environment
    )
    for variable in service.environment:
        if variable.value is None:
            continue
        value = variable.value.text
        if variable.name == "DOCKER_HOST" and _in_the_clear(value) and not verified:
            yield Finding(
                what="it speaks to an engine over TCP without TLS",
                place=variable.value.place,
                path=variable.path,
            )
        if variable.name == "DOCKER_TLS_CERTDIR" and value == "":
            yield Finding(
                what="the engine in it listens without TLS", place=variable.value.place, path=variable.path
            )
    words = (*service.entrypoint, *service.command)
    engine = any("dockerd" in word.text or "dind" in word.text for word in words)
    image = service.image is not None and "dind" in service.image.text
    for text in words:
        if _open(text.text) and (engine or image):
            yield Finding(what="the engine in it listens without TLS", place=text.place, path=text.path)


def _in_the_clear(host: str) -> bool:
    """Whether an engine at this address is spoken to without TLS: whoever answers on 2376 speaks nothing else, and a
    proxy is there to filter.
    """
    return host.startswith("tcp://") and not host.rstrip("/").endswith(":2376") and "proxy" not in host


def _open(word: str) -> bool:
    return "tcp://" in word and "2375" in word


def container(container: Container) -> Iterator[Word]:
    said = dict(container.environment)
    if _in_the_clear(said.get("DOCKER_HOST", "")) and said.get("DOCKER_TLS_VERIFY", "") in ("", "0"):
        yield Finding(what="it speaks to an engine over TCP without TLS", path="variable DOCKER_HOST")
    if any("dockerd" in word for word in container.words):
        if said.get("DOCKER_TLS_CERTDIR") == "":
            yield Finding(what="the engine in it listens without TLS", path="variable DOCKER_TLS_CERTDIR")
        elif any(map(_open, container.words)):
            yield Finding(what="the engine in it listens without TLS", path="command")


CHECK = Check(
    id="LC553",
    name="engine-over-tcp",
    doc=__doc__,
    severity=Severity.HIGH,
    service=service,
    container=container,
)
