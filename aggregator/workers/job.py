"""What goes between a pool and its workers: jobs as pickles one way, answers the other way as what cannot hurt.

Before each goes its length in eight bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple, get_type_hints

from msgspec import Struct, msgpack

LENGTH = struct.Struct("!Q")


class Limits(Struct, frozen=True, kw_only=True):
    """What one job may take.

    ``cpu`` and ``wall`` are seconds, ``memory`` bytes of address space of its process, ``answer`` bytes of what comes
    back.
    """

    cpu: int = 10
    wall: float = 60.0
    memory: int = 512 * 2**20
    answer: int = 64 * 2**20


class Job(NamedTuple):
    """A call that a worker is to do, and what that may take."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    limits: Limits


class Result(IntEnum):
    """What a job came to."""

    VALUE = 0
    REFUSED = 1  # a ParseError with a message
    BUG = 2  # another exception
    NO_MEMORY = 3  # more memory was needed than is allowed; the worker leaves
    TOO_LARGE = 4  # the answer is larger than is allowed; the worker leaves


class Answer(NamedTuple):
    """What a worker answers: ``value`` is what the function returned, in other results words."""

    result: Result
    value: Any


def packed(answer: Answer) -> bytes:
    """Return ``answer`` as it is sent; raises TypeError, ValueError or OverflowError for a value that cannot be."""
    said = _encoded(answer.value) if answer.result is Result.VALUE else str(answer.value).encode(errors="replace")
    return bytes([answer.result]) + said


def unpacked(received: bytes, function: Callable[..., Any]) -> Answer:
    """Return the answer of a worker that was to call ``function``.

    Raises ValueError for what is none, and for a value that is not of the type that ``function`` says it returns: a
    worker that a document has taken over gets no further.
    """
    result = Result(received[0] if received else -1)
    said = received[1:]
    return Answer(result, _decoder(function)(said) if result is Result.VALUE else said.decode())


@cache
def _decoder(function: Callable[..., Any]) -> Callable[[bytes], Any]:
    return msgpack.Decoder(get_type_hints(function)["return"]).decode


_encoded = msgpack.Encoder().encode
