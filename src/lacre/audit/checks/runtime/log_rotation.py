"""Logs cannot fill the disk.

Docker's own default, `json-file`, keeps every line for ever. A service that is made to complain fills the disk of
the host, and with it stops every other service.

Mend: `driver: local` rotates by itself; `json-file` needs `max-size` and `max-file`.

Example:

    services:
      web:
        image: web:1.4
        logging:
          driver: json-file
          options: {max-size: 10m, max-file: "3"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Room, Service
from lacre.audit.model import Edit, Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    if service.excuse:
        yield service.excuse
        return
    driver = service.log_driver
    named = {option.name for option in service.log_options}
    if driver is not None and driver.text.lower() != "json-file":
        return
    if "max-size" in named:
        return
    if driver is None:
        yield Unknown("the engine's default driver decides, which no file says")
        return
    yield Finding(
        what="its log grows without end",
        place=driver.place,
        path="logging.options",
        edit=_edit(service.log_room),
    )


def container(container: Container) -> Iterator[Word]:
    if container.log_driver == "json-file" and container.log_options.get("max-size", "-1") in ("-1", "0"):
        yield Finding(what="its log grows without end", path="logging")


def _edit(room: Room | None) -> Edit | None:
    """`options` right before `driver`, in the style that is there."""
    if room is None:
        return None
    if room.flow:
        text = 'options: {max-size: "10m", max-file: "3"}, '
    else:
        indent = "\n" + " " * (room.place.column - 1)
        text = f'options:{indent}  max-size: "10m"{indent}  max-file: "3"{indent}'
    return Edit(room.place._replace(end_line=room.place.line, end_column=room.place.column), text)


CHECK = Check(
    id="LC550",
    name="log-rotation",
    doc=__doc__,
    severity=Severity.LOW,
    mend=Mend.SAFE,
    aside=True,
    service=service,
    container=container,
)
