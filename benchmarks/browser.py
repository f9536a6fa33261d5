"""A real Chromium without a window, driven through its DevTools protocol.

The protocol: chromedevtools.github.io/devtools-protocol
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from msgspec import Struct

PROGRAM = shutil.which("chromium")
#: Nothing is asked of the browser's maker, and nothing kept.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_PATIENCE = 60.0
#: The protocol is spoken on descriptors 3 and 4.
_START = """
import os, sys
ends = [os.dup(int(each)) for each in sys.argv[1:3]]
spare = [os.dup(each) for each in ends]
os.dup2(spare[0], 3)
os.dup2(spare[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class View(Struct, frozen=True, kw_only=True):
    """Who looks at a page: the size of the window in CSS pixels, and what the reader likes."""

    width: int = 1200
    height: int = 900
    scale: float = 1.0
    dark: bool = False
    zone: str = "UTC"
    scripts: bool = True


_SCREEN = View()


class Browser:
    """A running browser with one tab."""

    def __init__(self, process: subprocess.Popen[bytes], to_browser: int, from_browser: int) -> None:
        self._process = process
        self._out, self._in = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def open(self, url: str, view: View = _SCREEN) -> None:
        """Show ``url`` to who looks like ``view``, and wait until it is there; ``events`` begin anew."""
        size = {"width": view.width, "height": view.height, "deviceScaleFactor": view.scale}
        self.call("Emulation.setDeviceMetricsOverride", **size, mobile=view.width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if view.dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setTimezoneOverride", timezoneId=view.zone)
        self.call("Emulation.setScriptExecutionDisabled", value=not view.scripts)
        self.events.clear()
        self.call("Page.navigate", url=url)
        self._wait("Page.loadEventFired")

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def press(self, key: str) -> None:
        """Press and let go of ``key``, as "Tab"."""
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, *, height: int | None = None) -> bytes:
        """Return what is seen as PNG: the window, or its width and so much of the page."""
        clip: dict[str, Any] = {}
        if height:
            width = self.ask("innerWidth")
            clip = {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
            }
        return b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"])

    def call(self, method: str, **parameters: Any) -> Any:
        """Return the result of a command of the protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def _wait(self, event: str) -> None:
        while not any(each.get("method") == event for each in self.events):
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        end = monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - monotonic()))
            piece = os.read(self._in, 1 << 20) if ready else b""
            assert piece, "the browser does not answer"
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser for the block."""
    assert PROGRAM, "there is no chromium on this machine"
    its_in, to_browser = os.pipe()
    from_browser, its_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [PROGRAM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(its_in), str(its_out), *command],
            pass_fds=(its_in, its_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_in)
        os.close(its_out)
        try:
            yield Browser(process, to_browser, from_browser)
        finally:
            os.close(to_browser)
            os.close(from_browser)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
