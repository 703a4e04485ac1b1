"""No device of the host is handed over without need.

A disk device is the whole file system under it; `/dev/mem` and `/dev/kmem` are all memory; a rule `a *:* rwm`
is every device there is. Others give less: a GPU, a serial line, a tunnel.

Mend: Hand over the one device that is needed, by its own name, with only the access that is needed.

Example:

    services:
      gateway:
        devices: ["/dev/ttyUSB0:/dev/ttyUSB0:rw"]
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Severity, Unknown, Word

_CRITICAL = re.compile(
    r"^/dev(?:/?|/(?:mem|kmem|port|kcore|sd[a-z]\w*|nvme\w*|vd[a-z]\w*|xvd[a-z]\w*|hd[a-z]\w*|md\d+\w*|mapper(?:/.*)?|"
    r"dm-\d+|loop[\w-]*|disk(?:/.*)?|mmcblk\w*|root|block(?:/.*)?))$"
)
_HIGH = re.compile(
    r"^/dev/(?:kmsg|kvm|vfio(?:/.*)?|uinput|input(?:/.*)?|console|tty\d*|fuse|cpu/.*|bus(?:/.*)?|vhost-.*|snapshot|watchdog\d*|hpet|nvram|btrfs-control|mcelog)$"
)
_LOW = re.compile(
    r"^/dev/(?:null|zero|full|u?random|net/tun|snd(?:/.*)?|dri(?:/.*)?|video\d+|tty(?:USB|ACM|S)\d+|nvidia.*|kfd|rtc\d*|shm)$"
)


def service(service: Service) -> Iterator[Word]:
    for text in service.devices:
        if not text.known:
            yield Unknown(text.why_unknown)
            continue
        device = text.text.partition(":")[0]
        if not device.startswith("/dev"):
            continue  # a CDI name such as vendor.com/class=name: not a path of the host
        severity = _severity(device)
        yield Finding(what=f"it has the host's {device}", place=text.place, path=text.path, severity=severity)
    for rule in service.device_rules:
        words = rule.text.split()
        wide = len(words) >= 2 and (words[0] == "a" or "*:" in words[1])
        yield Finding(
            what=f"a rule opens {'every device' if wide else 'devices'} ({rule.text})",
            place=rule.place,
            path=rule.path,
            severity=Severity.CRITICAL if wide else Severity.MEDIUM,
        )


def _severity(device: str) -> Severity:
    if _CRITICAL.match(device):
        return Severity.CRITICAL
    if _HIGH.match(device):
        return Severity.HIGH
    return Severity.LOW if _LOW.match(device) else Severity.MEDIUM


def container(container: Container) -> Iterator[Word]:
    if container.privileged:
        yield Finding(
            what="it has every device of the host (it is privileged)",
            path="devices",
            severity=Severity.CRITICAL,
        )
    for device in container.devices:
        if device.startswith("/dev"):
            yield Finding(
                what=f"it has the host's {device}", path=f"device {device}", severity=_severity(device)
            )
    for rule in container.device_rules:
        words = rule.split()
        wide = len(words) >= 2 and (words[0] == "a" or "*:" in words[1])
        yield Finding(
            what=f"a rule opens {'every device' if wide else 'devices'} ({rule})",
            path=f"device rule {rule}",
            severity=Severity.CRITICAL if wide else Severity.MEDIUM,
        )


CHECK = Check(
    id="LC518",
    name="devices",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="5.18",
    peers=("compose-lint:0016", "docker-bench:5.18"),
    service=service,
    container=container,
)
