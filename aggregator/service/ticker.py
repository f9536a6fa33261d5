"""The one dull job: a tick every 15 seconds.  What is due stands in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

TICK = timedelta(seconds=15)

_JOB = "tick"


class _Tick(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """At once, then ``every`` so often, counted from now.

    APScheduler's own interval trigger counts on from the last run: a clock that was 1970 until the network came
    makes it list a hundred million runs, to keep the last of them.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now if previous_fire_time is None else now + self._every


class Ticker:
    """Calls ``work`` every tick, never twice at once, in another thread."""

    def __init__(self, work: Callable[[], None], every: timedelta = TICK) -> None:
        self._work = work
        self._every = every
        self._at_work = Lock()
        self._again = False
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._tick, _Tick(every), id=_JOB, max_instances=1, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.start()

    def soon(self) -> None:
        """Let the next tick come at once, or when the one at work has ended."""
        # APScheduler would leave it out while it believes another to be at work, which may just have ended.
        Thread(target=self._tick, name="tick", daemon=True).start()

    def keep_time(self) -> None:
        """Tick at once when the next tick is further away than one is: the clock was set back.

        To be called now and then.  APScheduler waits for a time of day, which may be years ahead then.
        """
        if self._scheduler.get_job(_JOB).next_run_time > datetime.now(UTC) + self._every:
            self._scheduler.modify_job(_JOB, next_run_time=datetime.now(UTC))

    def stop(self, patience: float) -> bool:
        """Begin no more ticks and wait up to ``patience`` seconds for the one at work; return whether it ended."""
        self._scheduler.shutdown(wait=False)
        return self._at_work.acquire(timeout=patience)  # for good: what is begun now finds it taken

    def _tick(self) -> None:
        self._again = True
        # Who finds another at work leaves it to that one, which looks once more after it has let go.
        while self._again and self._at_work.acquire(blocking=False):
            try:
                self._again = False
                self._work()
            finally:
                self._at_work.release()
