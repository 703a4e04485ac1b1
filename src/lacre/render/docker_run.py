"""A sealed service as a `docker run` line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from lacre.engine.project import Service
from lacre.render.sealed import sealed_service
from lacre.seal.model import ServiceSeal


def docker_run(seal: ServiceSeal, service: Service, seccomp_path: str = "") -> str:
    """The line, quoted for a shell, one option a line.

    Values of environment variables are not written: `--env NAME` takes them from the caller's environment.
    Networks and health checks are not carried over; named volumes go by the names that `docker volume` lists.
    """
    sealed = sealed_service(service.config, seal, seccomp_path or f"seccomp/{service.name}.json")
    options = [" ".join(map(shlex.quote, option)) for option in _options(service, sealed)]
    command = [service.image, *_arguments(sealed)]
    lines = ["docker run --detach", *options, " ".join(map(shlex.quote, command))]
    return " \\\n  ".join(lines) + "\n"


_VALUES = (
    ("user", "--user"),
    ("hostname", "--hostname"),
    ("working_dir", "--workdir"),
    ("network_mode", "--network"),
    ("pid", "--pid"),
    ("ipc", "--ipc"),
    ("restart", "--restart"),
    ("stop_signal", "--stop-signal"),
    ("shm_size", "--shm-size"),
    ("memswap_limit", "--memory-swap"),
)
_LISTS = (
    ("group_add", "--group-add"),
    ("cap_drop", "--cap-drop"),
    ("cap_add", "--cap-add"),
    ("security_opt", "--security-opt"),
    ("tmpfs", "--tmpfs"),
    ("dns", "--dns"),
    ("extra_hosts", "--add-host"),
)
_FLAGS = (("read_only", "--read-only"), ("init", "--init"), ("privileged", "--privileged"), ("tty", "--tty"))
_LIMITS = (
    ("memory", "mem_limit", "--memory"),
    ("pids", "pids_limit", "--pids-limit"),
    ("cpus", "cpus", "--cpus"),
)


def _options(service: Service, config: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield "--name", service.name
    for key, option in _FLAGS:
        if config.get(key):
            yield (option,)
    for key, option in _VALUES:
        if config.get(key):
            yield option, str(config[key])
    for key, option in _LISTS:
        for item in config.get(key) or ():
            yield option, str(item)
    yield from _resources(config)
    for name in config.get("environment") or {}:
        yield "--env", name
    for mount in config.get("volumes") or ():
        yield "--mount", _mount(mount)
    for port in config.get("ports") or ():
        yield "--publish", _port(port)
    if config.get("entrypoint"):
        yield "--entrypoint", config["entrypoint"][0]


def _resources(config: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    deploy = ((config.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    for deployed, flat, option in _LIMITS:
        value = config.get(flat, deploy.get(deployed))
        if value:
            yield option, str(value)
    for name, limit in (config.get("ulimits") or {}).items():
        spelled = f"{limit['soft']}:{limit['hard']}" if isinstance(limit, dict) else str(limit)
        yield "--ulimit", f"{name}={spelled}"
    for name, value in (config.get("sysctls") or {}).items():
        yield "--sysctl", f"{name}={value}"
    logging = config.get("logging") or {}
    if logging.get("driver"):
        yield "--log-driver", logging["driver"]
    for name, value in (logging.get("options") or {}).items():
        yield "--log-opt", f"{name}={value}"


def _mount(mount: dict[str, Any]) -> str:
    """`--mount` takes a line of CSV: a field with a comma or a quote is quoted."""
    fields = [f"type={mount['type']}"]
    if mount.get("source"):
        fields.append(f"source={mount['source']}")
    fields.append(f"target={mount['target']}")
    if mount.get("read_only"):
        fields.append("readonly")
    tmpfs = mount.get("tmpfs") or {}
    if tmpfs.get("size"):
        fields.append(f"tmpfs-size={tmpfs['size']}")
    if tmpfs.get("mode"):
        fields.append(f"tmpfs-mode={tmpfs['mode']:04o}")
    return ",".join(
        '"' + field.replace('"', '""') + '"' if set('",') & set(field) else field for field in fields
    )


def _port(port: dict[str, Any]) -> str:
    address = f"{port['host_ip']}:" if port.get("host_ip") else ""
    published = f"{port.get('published', '')}:" if port.get("published") or address else ""
    protocol = port.get("protocol", "tcp")
    return f"{address}{published}{port['target']}" + ("" if protocol == "tcp" else f"/{protocol}")


def _arguments(config: dict[str, Any]) -> list[str]:
    entrypoint = config.get("entrypoint") or []
    return [*entrypoint[1:], *(config.get("command") or [])]
