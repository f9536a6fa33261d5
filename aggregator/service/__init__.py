"""The service: the scheduler, the watch on feeds.yaml, and signals; the web server stands beside it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Event
from types import FrameType
from typing import Literal, Protocol

from aggregator.app import App
from aggregator.config import Settings
from aggregator.errors import ConfigError, DatabaseError
from aggregator.records import SourceState, standing
from aggregator.service.configuration import Current, File, Watcher
from aggregator.service.cycles import Cycles
from aggregator.service.log import Log
from aggregator.service.metrics import Metrics
from aggregator.service.notify import Notifier
from aggregator.service.pulse import Pulse
from aggregator.service.ticker import TICK, Ticker
from aggregator.store import pulls, upkeep

Order = Literal["stop", "reload", "failed"]

_SIGNALS: Mapping[signal.Signals, Order] = {
    signal.SIGTERM: "stop",
    signal.SIGINT: "stop",
    signal.SIGHUP: "reload",
}
#: Seconds that a cycle gets to end early when the service stops: with those of the web server, less than ten.
_PATIENCE = 5.0
#: Mistakes of feeds.yaml that are logged.
_MOST_MISTAKES = 20


class Side(Protocol):
    """What runs beside the scheduler.

    ``start`` returns when it works, and calls its argument if it should ever end by itself.
    """

    def start(self, ended: Callable[[], None]) -> None: ...

    def stop(self) -> None: ...


class Service:
    """All that runs until a signal comes.

    ``clock`` tells the time, ``holder`` names this process to others that wait for the lock.  A service begins
    with a configuration that works: the constructor raises ConfigError or DatabaseError.
    """

    def __init__(self, file: File, *, clock: Callable[[], datetime], holder: str, notifier: Notifier, log: Log) -> None:
        self.clock = clock
        self.metrics = Metrics()
        self._file = file
        self._notifier = notifier
        self._log = log
        self._inbox: SimpleQueue[Order] = SimpleQueue()
        self._stop = Event()
        self._pulse = Pulse()
        self._current = Current(file.load(), clock())
        self._ticker = Ticker(
            Cycles(
                self._current,
                clock=clock,
                holder=holder,
                stop=self._stop,
                pulse=self._pulse,
                metrics=self.metrics,
                log=log,
                report=notifier.status,
            )
        )

    @property
    def app(self) -> App:
        """The program with the settings that hold now."""
        return self._current.app

    def trouble(self) -> str | None:
        """Return why the service is not healthy, or None."""
        stuck = self._pulse.trouble()
        if stuck:
            return stuck
        try:
            with self.app.store.reading() as transaction:
                known = upkeep.fact(transaction, "created")
        except DatabaseError as exc:
            return str(exc)
        return None if known else "the database is not the one that was opened"

    def standings(self) -> list[str]:
        """Return how every source of feeds.yaml stands; one that was never looked at is new.  Raises DatabaseError."""
        with self.app.store.reading() as transaction:
            states = pulls.states(transaction)
        never = SourceState()
        return [standing(states.get(each.id, never), enabled=each.enabled) for each in self.app.settings.sources]

    def run(self, side: Side | None = None) -> int:
        """Work until a signal comes, with ``side`` beside; return the exit code."""
        watcher = Watcher(self._file, lambda: self._inbox.put("reload"), self._log)
        with self._signals():
            try:
                if side is not None:
                    side.start(lambda: self._inbox.put("failed"))
                watcher.start()
                self._ticker.start()
                self._log.info("started", sources=len(self.app.settings.sources))
                self._notifier.ready("waiting for the first cycle")
                return self._obey()
            finally:
                self._notifier.stopping()
                self._log.info("stopping")
                self._end(side)
                watcher.stop()
                self._current.close()

    def _obey(self) -> int:
        beat = min(TICK.total_seconds(), self._notifier.interval or TICK.total_seconds())
        while True:
            order = self._next_order(beat)
            if order == "stop":
                return 0
            if order == "failed":
                return 1
            if order == "reload":
                self._reload()
            self._ticker.keep_time()
            # The database is not asked: being started again would not bring it back.
            if self._pulse.trouble() is None:
                self._notifier.alive()

    def _next_order(self, beat: float) -> Order | None:
        try:
            return self._inbox.get(timeout=beat)
        except Empty:
            return None

    def _reload(self) -> None:
        self._notifier.reloading()
        try:
            self._current.offer(self._wanted())
        except ConfigError as exc:
            told = [str(mistake) for mistake in exc.mistakes] or [str(exc)]
            for mistake in told[:_MOST_MISTAKES]:
                self._log.error("feeds.yaml is wrong; the last good configuration stays", mistake=mistake)
            self._notifier.ready("feeds.yaml is wrong; the last good configuration stays")
        else:
            self._ticker.soon()
            self._notifier.ready("feeds.yaml was read again")

    def _wanted(self) -> Settings:
        wanted = self._file.load()
        if self.app.settings.sources and not wanted.sources:
            # Half of a file that is being saved looks so, and all outputs would go.
            raise ConfigError("there are no feeds any more; if that is meant, start the service again")
        return wanted

    def _end(self, side: Side | None) -> None:
        self._stop.set()
        if side is not None:
            side.stop()
        if not self._ticker.stop(_PATIENCE):
            self._log.warning("the cycle at work is cut off; the next start does the rest")
            os._exit(0)  # whatever a crash interrupts is done again; a thread cannot be ended alone

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def note(number: int, frame: FrameType | None) -> None:
            # The queue is made for this: its put may interrupt a get of the same thread.
            self._inbox.put(_SIGNALS[signal.Signals(number)])

        before = {number: signal.signal(number, note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
