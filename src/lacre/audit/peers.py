"""What other tools check, by their own identifiers, and what of it is left to whom and why.

Sources: their documentation and code as of 2026-06 to 2026-10. A check of lacre that asks the same names it in
`peers`; a test keeps both sides whole.
"""

from __future__ import annotations

_HADOLINT = "left to hadolint: style, caching or image size"
_BUILD = "left to the builder: it refuses or warns itself"
_MANUAL = "a question for people: nothing on a machine answers it"

PEERS: dict[str, tuple[str, ...]] = {
    "compose-lint": (
        "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0013", "0014",
        "0016", "0017", "0018", "0019", "0020", "0021", "0022", "0024", "0025", "0026", "0027", "0028", "0029",
        "0030",
    ),
    "compose-harden": (
        "cap_drop", "no_new_privileges", "read_only", "tmpfs", "privileged", "unpinned_image", "root_user",
        "host_network", "seccomp_disabled",
    ),
    "semgrep": (
        "exposing-docker-socket-volume", "no-new-privileges", "privileged-service",
        "seccomp-confinement-disabled", "selinux-separation-disabled", "writable-filesystem-service",
    ),
    "dclint": (
        "no-unbound-port-interfaces", "service-image-require-explicit-tag", "no-duplicate-exported-ports",
    ),
    "DockSec": (
        "socket mount", "privileged", "host network", "host namespace", "dangerous caps", "sensitive mount",
        "plaintext secret env", "port bound all", "disabled security-opt", "no non-root user", "latest tag",
        "no limits", "env_file secret risk", "writable root fs", "nnp", "no network segmentation",
        "missing healthcheck",
    ),
    "trivy": (
        "01", "02", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "19", "20",
        "21", "22", "23", "24", "25", "26", "27", "29", "30", "31",
    ),
    "dockle": (
        "CIS-DI-0001", "CIS-DI-0002", "CIS-DI-0003", "CIS-DI-0004", "CIS-DI-0005", "CIS-DI-0006", "CIS-DI-0007",
        "CIS-DI-0008", "CIS-DI-0009", "CIS-DI-0010", "CIS-DI-0011", "DKL-DI-0001", "DKL-DI-0002", "DKL-DI-0003",
        "DKL-DI-0004", "DKL-DI-0005", "DKL-DI-0006", "DKL-LI-0001", "DKL-LI-0002", "DKL-LI-0003",
    ),
    "checkov": (
        *(f"CKV_DOCKER_{number}" for number in range(1, 12)),
        *(f"CKV2_DOCKER_{number}" for number in range(1, 18)),
    ),
    "dockerfile-hardener": tuple(f"DH{number:03}" for number in range(1, 11)),
    "docker-bench": (
        *(f"1.1.{number}" for number in range(1, 19)),
        "1.2.1", "1.2.2",
        *(f"2.{number}" for number in range(1, 18)),
        *(f"3.{number}" for number in range(1, 25)),
        *(f"4.{number}" for number in range(1, 13)),
        *(f"5.{number}" for number in range(1, 33)),
        "6.1", "6.2",
        *(f"7.{number}" for number in range(1, 10)),
    ),
}  # fmt: skip
"""Every check of each peer, in its own words."""

LEFT: dict[str, str] = {
    "dclint:no-duplicate-exported-ports": "left to Compose: the second service does not start",
    "trivy:06": _BUILD,
    "trivy:07": _HADOLINT,
    "trivy:08": _BUILD,
    "trivy:09": _HADOLINT,
    "trivy:11": _BUILD,
    "trivy:12": _BUILD,
    "trivy:13": _HADOLINT,
    "trivy:14": _HADOLINT,
    "trivy:15": _HADOLINT,
    "trivy:16": _HADOLINT,
    "trivy:19": _HADOLINT,
    "trivy:20": _HADOLINT,
    "trivy:21": _HADOLINT,
    "trivy:22": _HADOLINT,
    "trivy:23": _HADOLINT,
    "trivy:24": "left to hadolint: an upgrade brings patches; what is not repeatable is no hole",
    "trivy:25": _HADOLINT,
    "trivy:27": _HADOLINT,
    "trivy:29": _HADOLINT,
    "trivy:30": _HADOLINT,
    "dockle:CIS-DI-0002": "a question for people: which publishers are trusted; lacre checks that a base is pinned",
    "dockle:DKL-DI-0003": "left to hadolint: an upgrade brings patches; what is not repeatable is no hole",
    "dockle:DKL-DI-0004": _HADOLINT,
    "dockle:DKL-DI-0005": _HADOLINT,
    "dockle:DKL-LI-0003": "left to dive: what only takes room is no hole; LC410 finds credentials by their names",
    "checkov:CKV_DOCKER_6": _HADOLINT,
    "checkov:CKV_DOCKER_9": _HADOLINT,
    "checkov:CKV_DOCKER_10": _HADOLINT,
    "checkov:CKV_DOCKER_11": _BUILD,
    "checkov:CKV2_DOCKER_3": "wget without options checks certificates; with the wrong ones LC423 finds it",
    "dockerfile-hardener:DH004": "one stage is no fault by itself; LC403 finds compilers in what is shipped",
    "dockerfile-hardener:DH008": _HADOLINT,
    "dockerfile-hardener:DH009": "no fault: on a bridge Docker lets every user bind low ports",
    "dockerfile-hardener:DH010": "no fault: program files of root are what an intruder cannot change",
    "docker-bench:4.2": "a question for people: which publishers are trusted; lacre checks that a base is pinned",
    "docker-bench:4.12": _MANUAL,
    "docker-bench:7.6": "nothing tells when the key was last changed: `docker swarm unlock-key --rotate`",
    "docker-bench:7.8": "nothing tells when the authority was last changed: `docker swarm ca --rotate`",
    "docker-bench:7.9": "the engine does not tell its data path: `docker swarm init --data-path-addr`",
}
"""What no check of lacre asks, and why."""
