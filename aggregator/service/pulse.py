"""Whether the scheduler is alive, by monotonic time: a clock that is set does not matter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

#: The longest time between the end of a tick and the next one: 20 ticks.
_LONGEST_REST = 300.0
#: What a tick may take, besides the time-out of a fetch, until its next outcome: parsing, and a database that is busy.
_LONGEST_STEP = 600.0
#: Other work shows no steps: a million posts that are published to a slow disk, an archive that gets a new schema.
_LONGEST_WORK = 3600.0


class Pulse:
    """Told by the tick what it is at; asked by others whether that takes too long.  ``clock`` counts seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._state = ("resting", clock(), _LONGEST_REST)

    def resting(self) -> None:
        """A tick has ended, or none has begun."""
        self._state = ("resting", self._clock(), _LONGEST_REST)

    def pulling(self, timeout: timedelta) -> None:
        """A tick waits for its next outcome; ``timeout`` is the longest that a fetch may take."""
        self._state = ("pulling", self._clock(), timeout.total_seconds() + _LONGEST_STEP)

    def working(self) -> None:
        """A tick is at anything else."""
        self._state = ("working", self._clock(), _LONGEST_WORK)

    def trouble(self) -> str | None:
        """Return what takes too long, or None."""
        doing, since, patience = self._state
        seconds = self._clock() - since
        return f"the scheduler is stuck: {doing} for {seconds:.0f} s" if seconds > patience else None
