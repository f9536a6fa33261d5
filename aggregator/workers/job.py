"""What goes between a pool and its workers: a length of eight bytes and a pickle, in both directions."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

LENGTH = struct.Struct("!Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one job may take.

    ``cpu`` and ``wall`` are seconds, ``memory`` bytes of address space of its process, ``answer`` bytes of what comes
    back.
    """

    cpu: int = 10
    wall: float = 60.0
    memory: int = 512 * 2**20
    answer: int = 64 * 2**20


class Job(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    limits: Limits


class Result(Enum):
    """What a job came to."""

    VALUE = "a value"
    REFUSED = "a ParseError with a message"
    BUG = "another exception"
    NO_MEMORY = "more memory was needed than is allowed; the worker leaves"
    TOO_LARGE = "the answer is larger than is allowed; the worker leaves"


class Answer(NamedTuple):
    result: Result
    value: Any


def packed(value: Job | Answer) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def answer(packed_answer: bytes) -> Answer:
    """Return the answer that a worker packed.

    Raises pickle.UnpicklingError for one that holds anything but values of ours: a worker that a document has
    taken over must not get any further.
    """
    found: Answer = _Values(io.BytesIO(packed_answer)).load()
    return found


class _Values(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NAMES:
            return super().find_class(module, name)
        # Only classes that the module makes itself, by their plain names: through what it imports all else is reached.
        if module in _MODULES and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value")


_MODULES = frozenset({"aggregator.models", "aggregator.records"})
_NAMES = frozenset({(__name__, "Answer"), (__name__, "Result"), ("builtins", "frozenset")}) | {
    ("datetime", name) for name in ("datetime", "timedelta", "timezone")
}
