"""Everything that this program raises on purpose.

AggregatorError
├── ConfigError            feeds.yaml or the command line is wrong; nothing was touched        (exit 2)
├── StorageError           the database or the output folder cannot be used; nothing was lost  (exit 3)
│   ├── DatabaseError
│   │   └── UnavailableError   it is held, full, failing or out of reach: nothing can be written for now
│   └── OutputError
├── LockedError            another run is at work                                              (exit 4)
├── StoppedError           the program was told to stop; what was under way is left for the next run
├── ListenError            the web server's address cannot be had; nothing was touched         (exit 3)
└── SourceError            one source failed; all the others go on
    ├── FetchError         no usable answer came
    │   ├── ForbiddenError     a rule of ours forbids to ask (scheme, private address, redirect)
    │   ├── TooLargeError      the answer is larger than ``fetch.max_size``
    │   ├── PostponedError     it was not asked: its domain is to be left alone for now
    │   ├── DeadlineError      the answer took longer than ``fetch.timeout``
    │   └── HttpStatusError    the server answered with an error
    └── ParseError         the answer is no feed that can be read

BugError is none of these: another process met an exception that nobody expected.

A message says what failed and what to do; it never holds a secret.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from msgspec import Struct

#: As many characters of what a bug says as telling of it takes.
_SAID = 500


class AggregatorError(Exception):
    """The root of all errors that the user can do something about."""

    exit_code = 1


class Mistake(Struct, frozen=True, order=True):
    """One mistake in a configuration file; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigError(AggregatorError):
    """The configuration is wrong; ``mistakes`` are all that were found, in the order of the file."""

    exit_code = 2

    def __init__(self, message: str, mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes


class StorageError(AggregatorError):
    """The database or the output folder cannot be used; nothing was lost."""

    exit_code = 3


class DatabaseError(StorageError):
    """The database cannot be opened, read or written; ``reason`` tells why without naming it, where that is known."""

    def __init__(self, said: str, reason: str | None = None) -> None:
        super().__init__(said)
        self.reason = said if reason is None else reason


class UnavailableError(DatabaseError):
    """The database is held, full, failing or out of reach, whatever it is asked."""


class OutputError(StorageError):
    """A file of the outputs cannot be written."""


class LockedError(AggregatorError):
    """Another run holds the lock; ``holder`` says which."""

    exit_code = 4

    def __init__(self, holder: str) -> None:
        super().__init__(f"another run holds the lock: {holder}; try again when it is done")
        self.holder = holder


class StoppedError(AggregatorError):
    """The program was told to stop; what was under way is left for the next run."""


class ListenError(AggregatorError):
    """The address cannot be listened at; nothing was touched."""

    exit_code = 3


class SourceError(AggregatorError):
    """One source failed; all the others go on."""


class FetchError(SourceError):
    """No usable answer came from the source's server."""


class ForbiddenError(FetchError):
    """A rule of ours forbids to ask this address."""


class PostponedError(FetchError):
    """The source was not asked, as its domain is to be left alone ``until`` then."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class TooLargeError(FetchError):
    """The answer is larger than ``fetch.max_size``."""


class DeadlineError(FetchError):
    """The answer took longer than ``fetch.timeout``."""


class HttpStatusError(FetchError):
    """The server answered with an error; ``retry_after`` is when it asked us to come back (UTC).

    ``redirected`` tells whether it is an answer of another address than the one that was to be asked.
    """

    def __init__(
        self, message: str, *, status: int, retry_after: datetime | None = None, redirected: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.redirected = redirected


class ParseError(SourceError):
    """The answer is no feed that can be read."""


class BugError(Exception):
    """Another process met an exception that nobody expected, which is told as by ``bug``."""


def bug(error: Exception) -> str:
    """Return what an unexpected ``error`` says, and where it was raised: ``KeyError: 'x' (reader.py:120)``."""
    if isinstance(error, BugError):
        return str(error)
    place, at = "", error.__traceback__
    while at is not None:
        place, at = f" ({Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno})", at.tb_next
    return f"{type(error).__name__}: {str(error)[:_SAID]}{place}"
