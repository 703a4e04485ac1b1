"""Planting what is run later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import is_image_directory, is_image_file

# What is in these directories runs by itself: who reads them.
DIRECTORIES: Final = {
    "/etc/cron.d": "cron",
    "/var/spool/cron/crontabs": "cron, and busybox crond",
    "/etc/profile.d": "every login shell",
    "/etc/ld.so.conf.d": "the dynamic linker",
    "/docker-entrypoint.d": "entry points of web server images",
    "/docker-entrypoint-initdb.d": "entry points of database images",
    "/etc/init.d": "init scripts",
}
FILES: Final = {
    "/docker-entrypoint.sh": "the engine at every start",
    "/usr/local/bin/docker-entrypoint.sh": "the engine at every start",
    "/root/.profile": "root's login shell",
}
_MOST: Final = 5


@attack(
    "startup",
    "Plant something that runs at the next start",
    group=Group.WRITING,
    technique="T1053.003",
    control="filesystem",
    sign="EROFS from open(2): the root file system is read-only; EACCES for anybody but root",
    mend="read_only: true",
)
def startup(scene: Scene) -> Sequence[Step] | Nothing:
    """What lies in cron's directories, in a profile, in the entry point or in /etc/ld.so.preload comes back by itself.

    So an intruder survives the restart of the service. The attack makes an empty file under a name of its own in
    those directories that the image has, and removes it at once; opens entry points for appending without writing;
    and makes an empty /etc/ld.so.preload, which the dynamic linker reads and finds nothing in, for as long as it
    takes to remove it.

    A read-only root file system stops it.
    """
    steps = [Step("append", (path,)) for path in FILES if is_image_file(scene, path)]
    steps += [Step("create", (path,)) for path in DIRECTORIES if is_image_directory(scene, path)]
    if is_image_directory(scene, "/etc"):
        steps.insert(0, Step("create", ("/etc", "ld.so.preload")))
    return steps[:_MOST] or Nothing("the image has no place from which something starts by itself")
