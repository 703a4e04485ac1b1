"""Further engines and kernels to test on; each ends what it started.

| ground | what | how |
| --- | --- | --- |
| A | the machine's own engine | nothing to start |
| B | Docker 26 of Debian 13 beside it | `Engine26("overlay2")` |
| C | the same with the containerd image store | `Engine26("containerd")` |
| D | Debian 13 as a whole: cgroup v2, AppArmor, kernel 6.12 | `machine.Machine` (QEMU) |
| E | Docker 29, containerd 2.4 and runc 1.5 as their projects make them, beside A | `Engine29()` |
"""

from tests.grounds.cache import GroundError
from tests.grounds.engine26 import Engine26
from tests.grounds.engine29 import Engine29
from tests.grounds.machine import Machine

__all__ = ["Engine26", "Engine29", "GroundError", "Machine"]
