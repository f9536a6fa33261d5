"""Questions to the database: a few at once, in threads of their own, and nobody waits for one for ever."""

from __future__ import annotations

import asyncio
from asyncio import Semaphore, Task
from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

_Answer = TypeVar("_Answer")


class Turns:
    """Lets up to ``most`` questions be asked at once; each has ``patience`` seconds, the wait for its turn included."""

    def __init__(self, most: int, patience: float) -> None:
        self.patience = patience
        self._free = Semaphore(most)

    async def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Return what ``question`` returns; raises TimeoutError when its time is over.

        A thread cannot be ended: one that hangs keeps its turn, so that no more than ``most`` of them ever do.
        """
        async with asyncio.timeout(self.patience):
            await self._free.acquire()
            # A limit of its own: threads that hang are missing nowhere else.
            asked = asyncio.ensure_future(to_thread.run_sync(question, limiter=CapacityLimiter(1)))
            asked.add_done_callback(self._done)
            await asyncio.wait({asked})
        return asked.result()

    def _done(self, asked: Task[Any]) -> None:
        self._free.release()
        if not asked.cancelled():
            asked.exception()  # asyncio complains of errors that nobody took, and who asked may have gone
