"""Where a run's time goes, by stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import perf_counter


class Stopwatch:
    """Adds up the seconds spent in each stage: ``with watch("parse"): …``; for many threads at once.

    What several threads spend side by side is added up, too.
    """

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.add({stage: perf_counter() - start})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add what was spent elsewhere, in seconds by stage."""
        with self._lock:
            for stage, spent in seconds.items():
                self._spent[stage] += spent

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage, in the order in which they first ran, to the tenth of a millisecond."""
        return {stage: round(spent, 4) for stage, spent in self._spent.items()}
