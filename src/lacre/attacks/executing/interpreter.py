"""Running a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import may_execute

# Names of each kind, the first found is taken, and what makes it end with 42.
INTERPRETERS: Final = (
    (("sh", "dash", "ash", "bash"), ("-c", "exit 42")),
    (("busybox",), ("sh", "-c", "exit 42")),
    (("perl",), ("-e", "exit 42")),
    (("python3", "python", "python2"), ("-c", "raise SystemExit(42)")),
    (("php",), ("-r", "exit(42);")),
    (("ruby",), ("-e", "exit 42")),
    (("node", "nodejs"), ("-e", "process.exit(42)")),
    (("awk", "mawk", "gawk"), ("BEGIN { exit 42 }",)),
    (("lua", "lua5.4", "lua5.3", "luajit"), ("-e", "os.exit(42)")),
)
_DIRECTORIES: Final = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
_SECONDS: Final = 10.0  # a large runtime under a CPU limit


@attack(
    "interpreter",
    "Run a script through an interpreter of the image",
    group=Group.EXECUTING,
    technique="T1059",
    sign="EACCES or ENOENT from execve(2): the interpreter is not there or not for this user",
    mend="an image without a shell or an interpreter that the application does not need",
    by_design="an interpreter that is in the image may be executed like any program of it, and reads its script from"
    " an argument, a pipe or any file, executable or not",
)
def interpreter(scene: Scene) -> Sequence[Step] | Nothing:
    """With a shell, Perl or Python at hand nothing has to be dropped: the script comes as an argument.

    The attack has each interpreter of the image that it knows end with a number that it was told, and looks whether
    it did. Input and output are /dev/null.

    No mount, capability or filter tells one execve from another; only a rule inside the container (Landlock) or an
    image without interpreters does.
    """
    steps = []
    for names, arguments in INTERPRETERS:
        paths = (f"{directory}/{name}" for name in names for directory in _DIRECTORIES)
        if path := next((path for path in paths if _is_there(scene, path)), ""):
            steps.append(Step("interpret", (path, *arguments), seconds=_SECONDS))
    return steps or Nothing("the image has no interpreter that lacre knows")


def _is_there(scene: Scene, path: str) -> bool:
    entry = scene.image.get(path)
    return entry is not None and (
        entry.kind == "link" or (entry.kind == "file" and may_execute(scene, entry))
    )
