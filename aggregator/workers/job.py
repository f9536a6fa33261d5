"""What goes between a pool and its workers: a length of eight bytes and a pickle, in both directions."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple

from aggregator import models, records

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
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(value)
    return written.getvalue()


def answer(packed_answer: bytes) -> Answer:
    """Return the answer that a worker packed.

    Raises pickle.UnpicklingError for one that holds anything but values of ours: a worker that a document has
    taken over must not get any further.
    """
    found: Answer = _Values(io.BytesIO(packed_answer)).load()
    return found


def built(kind: type, values: tuple[object, ...]) -> object:
    """Return the value of ``kind``, one of ours, whose fields are ``values``.

    Raises pickle.UnpicklingError.
    """
    names = _NAMES_OF.get(kind, ())
    if len(values) != len(names):
        raise pickle.UnpicklingError(f"{kind} is no value")
    return kind(**dict(zip(names, values)))  # noqa: B905 - as many as was just seen


def _taken_apart(value: Struct) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    # Without the fields' names, which Struct's own way brings with each value.
    return built, (value.__class__, astuple(value))


def _ours() -> Iterator[type[Struct]]:
    kinds = (kind for module in (models, records) for kind in vars(module).values())
    return (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct)


#: The fields of each of our values.
_NAMES_OF: dict[type, tuple[str, ...]] = {kind: kind.__struct_fields__ for kind in _ours()}
_REDUCERS = dict.fromkeys(_NAMES_OF, _taken_apart)


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
_NAMES = frozenset({(__name__, name) for name in ("Answer", "Result", "built")}) | {
    *(("datetime", name) for name in ("datetime", "timedelta", "timezone")),
    ("builtins", "frozenset"),
}
