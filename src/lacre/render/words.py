"""A seal's settings in Docker's words, shared by the renderers."""

from __future__ import annotations

from lacre.seal.model import Grant, ServiceSeal, Setting, Tmpfs

_UNITS = (("g", 2**30), ("m", 2**20), ("k", 2**10))


def size(count: int) -> str:
    """Bytes as Docker reads them, exactly: `64m`, `1g`, `1000`."""
    return next(
        (f"{count // unit}{name}" for name, unit in _UNITS if count and count % unit == 0), str(count)
    )


def tmpfs_options(mount: Tmpfs) -> str:
    """The options of a tmpfs mount: all of them spelled out, defaults included."""
    options = [
        f"size={size(mount.size)}",
        f"mode={mount.mode:04o}",
        f"uid={mount.uid}",
        f"gid={mount.gid}",
        "exec" if mount.exec else "noexec",
        "nosuid",
        "nodev",
    ]
    return ",".join(options)


def tmpfs(mount: Tmpfs) -> str:
    """PATH:OPTIONS, as `--tmpfs` and Compose's `tmpfs:` take it."""
    return f"{mount.path}:{tmpfs_options(mount)}"


def capability(name: str) -> str:
    """`cap_chown`, `CAP_CHOWN` and `chown` are all CHOWN."""
    return name.upper().removeprefix("CAP_")


def printable(text: str) -> str:
    """Text from a container on one line, without anything that a terminal or a YAML comment would act on."""
    return "".join(c if c.isprintable() else "?" for c in text.replace("\n", " ")).strip()


def reason(setting: Setting, *what: str) -> str:
    """The evidence for a part of a setting, as one line; empty when the seal names none."""
    found = [grant for grant in setting.grants if grant.what in what]
    return printable("; ".join(_spell(grant) for grant in found[:2]))


def _spell(grant: Grant) -> str:
    source = ", ".join(part for part in (grant.by, grant.phase) if part)
    return f"{grant.reason} ({source})" if source else grant.reason


def off(seal: ServiceSeal) -> list[str]:
    """The controls that are given up, one line each: name and reason."""
    settings = ((name, getattr(seal, name)) for name in type(seal).model_fields)
    return [
        printable(f"{name}: {setting.trouble}")
        for name, setting in settings
        if isinstance(setting, Setting) and setting.trouble
    ]
