"""Where a run's time goes, by stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Adds up the seconds spent in each stage: ``with watch("parse"): …``."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self._spent[stage] += perf_counter() - start

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage, in the order in which they first ran, to the tenth of a millisecond."""
        return {stage: round(spent, 4) for stage, spent in self._spent.items()}
