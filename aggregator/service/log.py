"""The log of the service: one event a line, ``key=value``, on standard error."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from threading import Lock
from typing import IO, Any

import structlog
from structlog.typing import FilteringBoundLogger

__all__ = ["Log", "libraries_through", "opened"]

Log = FilteringBoundLogger

#: The libraries whose errors tell of the service itself.  Those that see addresses and headers are not among them.
_LIBRARIES = ("apscheduler", "asyncio", "uvicorn")


def opened(stream: IO[bytes] | FileIO | None = None) -> Log:
    """Return a log that writes to ``stream``, standard error when there is none."""
    log: Log = structlog.wrap_logger(
        _Lines(stream or _standard_error()),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True, key="time"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["time", "level", "event"]),
            _escaped,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return log


def _escaped(logger: object, method: str, line: Any) -> str:
    # What a feed or a client sent cannot begin a line of its own, nor speak to the terminal.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _standard_error() -> FileIO:
    # Without a buffer: what cannot be written is lost, and does not pile up.
    return FileIO(sys.stderr.fileno() if sys.stderr else os.open(os.devnull, os.O_WRONLY), "w", closefd=False)


class _Lines:
    """Writes lines, each in one piece whatever thread it comes from."""

    def __init__(self, stream: IO[bytes] | FileIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def write(self, line: str) -> None:
        with self._lock, suppress(OSError):
            # When the log is full or its reader left there is no other place to say so; the work goes on.
            self._stream.write(f"{line}\n".encode())

    info = warning = error = write


@contextmanager
def libraries_through(log: Log) -> Iterator[None]:
    """Let the errors of libraries that the service runs on go through ``log`` for the block."""
    handler = _Handler(log)
    levels = {name: logging.getLogger(name).level for name in _LIBRARIES}
    logging.getLogger().addHandler(handler)
    for name in _LIBRARIES:
        # Their warnings are about clients that send nonsense, and ticks that wait for the one before.
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


class _Handler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in _LIBRARIES:
            self._log.error(record.getMessage().strip(), logger=record.name, exc_info=record.exc_info)
