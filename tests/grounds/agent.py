#!/usr/bin/python3
"""Runs inside ground D: takes commands from a virtio port and answers with their output.

A request is a line of JSON, {"command": …, "timeout": seconds, "input": N}, and N bytes for its standard
input; an answer is a line of JSON, {"code": …, "output": N}, and N bytes of standard output and error.
"""

import json
import subprocess

with open("/dev/virtio-ports/agent", "r+b", buffering=0) as port:  # noqa: PTH123

    def take(number: int) -> bytes:
        got = b""
        while len(got) < number:
            got += port.read(min(number - len(got), 1 << 16)) or b""
        return got

    def line() -> bytes:
        got = b""
        while not got.endswith(b"\n"):
            got += port.read(1) or b""
        return got

    def give(data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[port.write(view[: 1 << 16]) or 0 :]

    give(b'{"ready": true}\n')
    while True:
        request = json.loads(line())
        try:
            done = subprocess.run(
                ["sh", "-c", request["command"]],
                input=take(request["input"]),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=request["timeout"],
                check=False,
            )
            code, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired as error:
            code, output = 124, (error.stdout or b"") + b"\nended: it took too long\n"
        give(json.dumps({"code": code, "output": len(output)}).encode() + b"\n" + output)
