"""A seal as text: one file a format, pure functions."""

from lacre.render.compose import override
from lacre.render.docker_run import docker_run
from lacre.render.sealed import (
    inline_configs,
    is_read_only,
    refuses_read_only,
    sealed_project,
    sealed_service,
    seccomp_path,
)
from lacre.render.seccomp import seccomp

__all__ = [
    "docker_run",
    "inline_configs",
    "is_read_only",
    "override",
    "refuses_read_only",
    "sealed_project",
    "sealed_service",
    "seccomp",
    "seccomp_path",
]
