"""Holding less memory, and giving it back to the system."""

from __future__ import annotations

import gc
from contextlib import suppress

#: SQLAlchemy's statements go in circles and hold the values that were asked for, a kilobyte for each new object.
_YOUNG = 10_000


def hoard_less() -> None:
    """Search for garbage more often from now on: for who has much to do."""
    gc.set_threshold(_YOUNG)


def give_back() -> None:
    """Give back what is free, where the C library can: glibc keeps what threads that ended had, and more."""
    import ctypes  # by who has taken much: most runs find nothing new

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
