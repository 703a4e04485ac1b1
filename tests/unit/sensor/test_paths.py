"""What the native sensor does to paths as text (native/paths.h), in a program of its own that the compiler makes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import lacre

NATIVE = Path(lacre.__file__).parent / "native"

# argv: what to do, the path, the bytes of its buffer, the number of the process. What follows the buffer is looked at.
PROGRAM = """
#define _GNU_SOURCE
#include <stdlib.h>
#include "paths.h"

int main(int argc, char **argv)
{
	size_t size = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	char *path = malloc(size + 16);

	if (!path || !size || strlen(argv[2]) >= size)
		return 2;
	memset(path, '#', size + 16);
	strcpy(path, argv[2]);
	if (!strcmp(argv[1], "name"))
		name_self(path, size, atoi(argv[4]));
	else if (!strcmp(argv[1], "unname"))
		unname_self(path, size, atoi(argv[4]));
	else
		tidy(path);
	printf("%s", path);
	for (int i = 0; i < 16; i++)
		if (path[size + i] != '#')
			return 1;
	return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    directory = tmp_path_factory.mktemp("paths")
    (directory / "paths.c").write_text(PROGRAM)
    command = [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{NATIVE}", "-o", "paths", "paths.c"]
    subprocess.run(command, cwd=directory, check=True)
    return directory / "paths"


def said(program: Path, what: str, path: str, size: int = 64, process: int = 1) -> str:
    command = [str(program), what, path, str(size), str(process)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "it wrote past its buffer" if done.returncode == 1 else "the test is wrong"
    return done.stdout


@pytest.mark.parametrize(
    ("path", "process", "expected"),
    [
        ("/proc/1", 1, "/proc/self"),
        ("/proc/1/oom_score", 1, "/proc/self/oom_score"),
        ("/proc/12/oom_score", 1, "/proc/12/oom_score"),
        ("/proc/1234567/oom_score", 1234567, "/proc/self/oom_score"),
        ("/srv/proc/1", 1, "/srv/proc/1"),
    ],
)
def test_a_processs_own_directory_is_called_self(
    program: Path, path: str, process: int, expected: str
) -> None:
    assert said(program, "unname", path, process=process) == expected


def test_a_name_that_does_not_fit_stays_as_it_is(program: Path) -> None:
    path = "/proc/1/" + "x" * 20
    assert said(program, "unname", path, size=len(path) + 4) == "/proc/self/" + "x" * 20
    for room in (1, 2, 3):
        assert said(program, "unname", path, size=len(path) + room) == path
    own = "/proc/self/x"
    assert said(program, "name", own, size=len(own) + 1, process=12345) == own


@pytest.mark.parametrize(
    ("path", "expected"), [("//a/./b/../c/", "/a/c"), ("/../..", "/"), ("/a/..b", "/a/..b")]
)
def test_a_path_is_made_tidy(program: Path, path: str, expected: str) -> None:
    assert said(program, "tidy", path) == expected
