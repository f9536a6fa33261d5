"""How many requests may be under way to one host, those included that a redirect led there."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aggregator.fetch.watchdog import Watch


class Slots:
    """At most ``limit`` at once for each host; who finds none free waits for one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, host: str, watch: Watch) -> Iterator[None]:
        """Take a slot of ``host`` for the body of the ``with`` statement; FetchError when the fetch ends first."""
        watch.hold(self._wake)
        with self._changed:
            self._changed.wait_for(lambda: watch.ended or self._taken[host] < self._limit)
            watch.check()
            self._taken[host] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[host] -= 1
                if not self._taken[host]:
                    del self._taken[host]
                self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
