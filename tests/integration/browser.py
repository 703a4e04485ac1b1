"""A headless Chromium over its debugging pipe (the DevTools protocol), for tests that look at a page.

Debian's package `chromium` is all it needs: messages are JSON, ended by a zero byte, on descriptors 3 and 4.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

_ANSWER = 60.0  # seconds for one answer; the machine may be busy
_CHUNK = 1 << 16

Scheme = Literal["light", "dark"]


class Browser:
    """One page in one browser. `problems`: what came to the console; `requested`: every address asked for."""

    def __init__(self, to: int, answers: int) -> None:
        self.problems: list[str] = []
        self.requested: list[str] = []
        self._to = to
        self._answers = answers
        self._rest = b""
        self._number = 0
        self._loaded = False
        self._session = ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result. Raises AssertionError when the browser refuses it or does not answer."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        found: dict[str, Any] = {}

        def answered(said: dict[str, Any]) -> bool:
            found.update(said)
            return said.get("id") == number

        self._until(answered, method)
        assert "error" not in found, f"{method}: {found['error']}"
        result: dict[str, Any] = found["result"]
        return result

    def look(self, width: int = 1200, scheme: Scheme = "light", media: str = "screen") -> None:
        """How wide the window is, in CSS pixels, and what the reader prefers."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=preferred)

    def open(self, page: Path) -> None:
        """Load a file and wait until all of it is there."""
        self._loaded = False
        self.ask("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._until(lambda said: said.get("method") == "Page.loadEventFired", "loading")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        said = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def press(self, key: Literal["Tab", "Enter"]) -> None:
        """Press a key and let it go."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text
            )

    def picture(self) -> bytes:
        """The whole page as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True)["data"])

    def _until(self, holds: Callable[[dict[str, Any]], bool], what: str) -> None:
        deadline = time.monotonic() + _ANSWER
        while True:
            while b"\0" in self._rest:
                line, _, self._rest = self._rest.partition(b"\0")
                said = json.loads(line)
                self._note(said)
                if holds(said):
                    return
            left = deadline - time.monotonic()
            assert left > 0, f"the browser did not answer: {what}"
            if select.select([self._answers], [], [], left)[0]:
                chunk = os.read(self._answers, _CHUNK)
                assert chunk, f"the browser ended: {what}"
                self._rest += chunk

    def _note(self, said: dict[str, Any]) -> None:
        parameters = said.get("params", {})
        match said.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.problems.append(parameters["entry"]["text"])
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                self.problems.append(json.dumps(parameters))
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])


@contextmanager
def browser(program: str, home: Path) -> Iterator[Browser]:
    """Start `program` with a profile of its own below `home`, and end it with all its children."""
    read_commands, to = os.pipe()
    answers, write_answers = os.pipe()
    options = [
        "--headless",
        "--remote-debugging-pipe",
        f"--user-data-dir={home}",
        "--no-first-run",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-dev-shm-usage",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium refuses to start as root otherwise
    ]
    # bash, since dash knows no descriptor above 9
    moved = f'exec "$0" "$@" 3<&{read_commands} 4>&{write_answers}'
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", moved, program, *options],
            pass_fds=(read_commands, write_answers),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Browser(to, answers)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(to)
        os.close(answers)
