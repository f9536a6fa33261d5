"""What a tick does: a cycle, and saying what came of it, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event

from aggregator.errors import LockedError, StorageError
from aggregator.pipeline.cycle import Orders, Summary
from aggregator.pipeline.update import Outcome
from aggregator.service.configuration import Current
from aggregator.service.log import Log
from aggregator.service.metrics import Metrics
from aggregator.service.pulse import Pulse

#: Failures of one cycle that get a line of their own: a network that is down is one piece of news.
_MOST_TOLD = 20


class Cycles:
    """Runs a cycle at each call, and outlives whatever goes wrong in it.

    A trouble is logged when it begins or changes, and when it is over, however many ticks it lasts.
    ``report`` is given the news in one line, for the service manager.
    """

    def __init__(
        self,
        current: Current,
        *,
        clock: Callable[[], datetime],
        holder: str,
        stop: Event,
        pulse: Pulse,
        metrics: Metrics,
        log: Log,
        report: Callable[[str], None],
    ) -> None:
        self._current = current
        self._clock = clock
        self._holder = holder
        self._stop = stop
        self._pulse = pulse
        self._metrics = metrics
        self._log = log
        self._report = report
        self._troubles: dict[str, str] = {}
        self._failures: dict[str, str | None] = {}
        self._waiting = 0

    def __call__(self) -> None:
        if self._stop.is_set():
            return
        self._pulse.working()
        try:
            self._renew()
            self._cycle()
        except Exception as exc:  # noqa: BLE001 - a bug met by one tick must not end the service
            self._metrics.cycle("failed")
            if self._is_news("tick", repr(exc)):
                self._log.error("a tick failed unexpectedly; the next one tries again", exc_info=True)
        finally:
            self._pulse.resting()

    def _renew(self) -> None:
        try:
            if self._current.renew(self._clock()):
                self._log.info("configuration taken", sources=len(self._current.app.settings.sources))
        except StorageError as exc:
            if self._is_news("configuration", str(exc)):
                self._log.error("the new configuration cannot be used yet; the last good one stays", reason=str(exc))
        else:
            self._troubles.pop("configuration", None)

    def _cycle(self) -> None:
        orders = Orders(now=self._clock(), stop=self._stop, begun=self._begun, done=self._done)
        try:
            summary = self._current.app.cycle(orders, self._holder)
        except LockedError as exc:
            self._metrics.cycle("locked")
            if self._is_news("tick", str(exc)):
                self._log.info("another run holds the lock; the next tick tries again", holder=exc.holder)
        except StorageError as exc:
            self._metrics.cycle("failed")
            if self._is_news("tick", str(exc)):
                self._log.error("the cycle was broken off; the next tick tries again", reason=str(exc))
                self._report(f"trouble: {exc}")
        else:
            self._tell(summary)

    def _begun(self, total: int) -> None:
        self._waiting = total
        self._beat()

    def _done(self, outcome: Outcome) -> None:
        self._waiting -= 1
        self._beat()
        if outcome.result != "failed":
            self._failures.pop(outcome.source_id, None)

    def _beat(self) -> None:
        if self._waiting:
            self._pulse.pulling(self._current.app.settings.fetch.timeout)
        else:
            self._pulse.working()

    def _tell(self, done: Summary) -> None:
        self._metrics.cycle("done")
        self._metrics.summary(done)
        if self._troubles.pop("tick", None):
            self._log.info("cycles work again")
        if done.pulled or done.written or done.removed:
            self._log.info("cycle", **_figures(done))
            self._report(_in_words(done))
        for folder in done.left:
            self._log.warning(
                "outputs are left as they stand; remove them when nothing serves them", folder=str(folder)
            )
        self._tell_failures(done.failures)

    def _tell_failures(self, failures: Sequence[Outcome]) -> None:
        news = [each for each in failures if self._failures.get(each.source_id) != each.error]
        for outcome in news[:_MOST_TOLD]:
            self._log.warning("source failed", source=outcome.source_id, reason=outcome.error)
        if len(news) > _MOST_TOLD:
            self._log.warning("more sources failed; 'aggregator sources' lists them", more=len(news) - _MOST_TOLD)
        self._failures |= {each.source_id: each.error for each in failures}

    def _is_news(self, about: str, said: str) -> bool:
        before, self._troubles[about] = self._troubles.get(about), said
        return before != said


def _figures(done: Summary) -> dict[str, int | float]:
    return {
        "pulled": done.pulled,
        "ok": done.ok,
        "not_modified": done.not_modified,
        "failed": len(done.failures),
        "new": done.new,
        "updated": done.updated,
        "duplicate": done.duplicate,
        "held": done.held,
        "written": done.written,
        "removed": done.removed,
        "seconds": round(sum(done.seconds.values()), 2),
    }


def _in_words(done: Summary) -> str:
    sources = f"{done.pulled} sources pulled, {len(done.failures)} failed"
    return f"{done.at:%Y-%m-%d %H:%M:%SZ}: {sources}; {done.new} posts new, {done.updated} updated"
