"""What a forked child must not keep.

The lock of a run, and what PostgreSQL holds for it, end when the last process that has the file or the socket
open ends: a child that outlives a run that was killed would keep all others out.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Opened(Protocol):
    """Something with a file descriptor."""

    def fileno(self) -> int: ...


# Descriptors belong to the process as a whole, and so does this list of them.
_HELD: WeakSet[Opened] = WeakSet()


def keep_from_children(opened: Opened) -> None:
    """Take ``opened`` away from children forked from now on; programs that are started never had it."""
    _HELD.add(opened)


def _let_go() -> None:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for opened in list(_HELD):
        try:
            number = opened.fileno()
        except Exception:  # noqa: BLE001, S112 - it is closed; every driver has an exception of its own to say so
            continue
        # Not closed: the number would go to another file, which the object would then close or write to.
        os.dup2(null, number, inheritable=False)
    _HELD.clear()
    os.close(null)


os.register_at_fork(after_in_child=_let_go)
