"""The streams of the process: where they cannot be used, what is told is lost, and nothing else."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


class _Lossy(io.FileIO):
    """Takes what it is given whether or not it can be written."""

    def write(self, told: object) -> int:
        try:
            return super().write(told)  # type: ignore[arg-type]  # as BufferedWriter calls it
        except OSError:
            return len(told)  # type: ignore[arg-type]


def secure() -> None:
    """Let streams that are closed lead nowhere, and no error of standard error out.

    The next file that is opened would take the place of a closed one.  A log that is full, or that nobody reads any
    more, must not change the exit code.
    """
    # In this order each takes the lowest number that is free, which is its own.
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    told = sys.stderr or _nowhere("w")
    raw = _Lossy(told.fileno(), "w", closefd=False)
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=told.encoding, errors="backslashreplace", line_buffering=True
    )


def _nowhere(mode: str) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode)  # type: ignore[return-value]  # a text mode
