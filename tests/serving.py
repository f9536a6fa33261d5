"""The service at work as a process of its own: its log, its signals, its web server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self


def until(holds: Callable[[], bool], what: str) -> None:
    """Return as soon as ``holds``; fail with ``what`` when it does not within a minute: the machine may be busy."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Running:
    """``aggregator`` with ``arguments`` in ``folder``; a context manager that leaves no process behind."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._file = folder / f"{arguments[0]}.log"
        self._seen = 0
        with self._file.open("a") as log:
            self._seen = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aggregator", *arguments],
                cwd=folder,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self._file.read_bytes()[self._seen :].decode()

    def said(self, pattern: str, times: int = 1) -> re.Match[str]:
        """Wait until the log holds ``pattern`` so many times; return the last of its matches."""
        until(lambda: len(re.findall(pattern, self.log)) >= times, f"no {times} × {pattern!r} in:\n{self.log}")
        return list(re.finditer(pattern, self.log))[-1]

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stopped(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.send(number)
        return self.process.wait(60)

    @property
    def address(self) -> tuple[str, int]:
        found = self.said(r"serving http://([^:/]+):(\d+)/")
        return found[1], int(found[2])


class Answer(NamedTuple):
    """A response, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(address: tuple[str, int], path: str, method: str = "GET", **headers: str) -> Answer:
    """Ask for ``path``, sent as it is, with ``headers`` whose names have _ for - ; nothing is added or decoded."""
    connection = HTTPConnection(*address, timeout=60)
    try:
        return read(begun(connection, path, method, **headers))
    finally:
        connection.close()


def begun(connection: HTTPConnection, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
    """Send a request on ``connection`` and return the response, its body unread."""
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    return connection.getresponse()


def read(response: HTTPResponse) -> Answer:
    """Return ``response`` with its body."""
    body = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
