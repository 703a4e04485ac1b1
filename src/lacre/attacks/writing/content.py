"""Writing among what the image serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import is_image_directory, parents

# Where the official images and Debian's packages of web servers keep what they serve.
WEB_ROOTS: Final = (
    "/var/www/html",
    "/var/www",
    "/srv",
    "/srv/www",
    "/usr/share/nginx/html",
    "/usr/local/apache2/htdocs",
    "/usr/share/caddy",
    "/usr/local/tomcat/webapps",
    "/usr/share/httpd",
    "/app",
    "/usr/src/app",
    "/opt/app",
)
_MOST: Final = 4


@attack(
    "content",
    "Plant a file in the web root or beside the program",
    group=Group.WRITING,
    technique="T1505.003",
    control="filesystem",
    sign="EROFS from open(2): the root file system is read-only; EACCES where the directory is somebody else's",
    mend="read_only: true; what the application must write there goes to a volume of its own",
)
def content(scene: Scene) -> Sequence[Step] | Nothing:
    """A file in the web root is a web shell: the server runs it for whoever asks. It also defaces the site.

    The attack makes an empty file under a name of its own in the working directory, beside the program and in the
    web roots that the image has, and removes it at once.

    A read-only root file system stops it.
    """
    wanted = (scene.directory, *parents(scene.program), *WEB_ROOTS)
    found = [path for path in dict.fromkeys(wanted) if is_image_directory(scene, path)]
    if not found:
        return Nothing("the working directory lies in a mount, and the image has no web root")
    return [Step("create", (path,)) for path in found[:_MOST]]
