"""How often each domain was asked, and whether it may be asked now: one account for all requests of a process."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from aggregator.cadence import budget
from aggregator.domains import Domains
from aggregator.errors import PostponedError
from aggregator.records import DomainState

#: What became of a domain: how it stands, and when it was asked since that was told before.
Change = tuple[DomainState, tuple[datetime, ...]]


class Account:
    """Lets requests through while their domain's budget lasts.  For many threads at once.

    ``states`` are the domains as they stood at ``now``, which goes on by itself from then; ``per_minute`` is the
    most requests to one domain within any minute, 0 for no limit.  A request waits for its turn when that comes
    before ``patience`` is over.  Machines of one's own, which belong to no domain, are let through always.
    """

    def __init__(
        self,
        states: Mapping[str, DomainState],
        domains: Domains,
        *,
        per_minute: int,
        now: datetime,
        patience: timedelta = timedelta(0),
        share: timedelta | None = None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._states = dict(states)
        self._domains = domains
        self._per_minute = per_minute
        self._opened = now
        self._patience_ends = now + patience
        self._share = float("inf") if share is None else share.total_seconds()
        self._stopwatch = stopwatch
        self._begun = stopwatch()
        self._asked: dict[str, list[datetime]] = {}
        self._taken: defaultdict[str, float] = defaultdict(float)  # seconds
        self._changed: set[str] = set()
        self._stopped = False
        self._turn = threading.Condition()

    def lane(self, host: str) -> str:
        """Return the name that ``host`` shares with all hosts of its domain."""
        return self._domains.of(host) or host

    def admit(self, host: str, *, wait: bool) -> None:
        """Count a request to ``host``; raises PostponedError when its domain may not be asked, or not soon."""
        name = self._domains.of(host)
        self._check_pace(name or host)
        if name is None:
            return
        with self._turn:
            while True:
                now, state = self.now(), self._state(name)
                free = budget.free_at(state, self._per_minute, now)
                if free <= now:
                    self._states[name] = budget.asked(state, now)
                    self._asked.setdefault(name, []).append(now)
                    self._changed.add(name)
                    return
                if self._stopped or not wait or free > self._patience_ends:
                    raise PostponedError(self._reason(state, now), until=free)
                self._turn.wait((free - now).total_seconds())

    @contextmanager
    def timed(self, host: str) -> Iterator[None]:
        """Count how long the block takes, in which ``host`` is asked."""
        begun = self._stopwatch()
        try:
            yield
        finally:
            with self._turn:
                self._taken[self.lane(host)] += self._stopwatch() - begun

    def answered(self, host: str) -> None:
        """Note a good answer of ``host``."""
        self._note(host, budget.answered)

    def refused(self, host: str, status: int, retry_after: datetime | None) -> None:
        """Note an error of ``host``, which may close its domain to all further requests."""
        self._note(host, lambda state: budget.refused(state, status, retry_after, self.now()))

    def changes(self) -> dict[str, Change]:
        """Return the domains that changed since this was called before, or since the account was opened."""
        with self._turn:
            told = {name: (self._states[name], tuple(self._asked.pop(name, ()))) for name in sorted(self._changed)}
            self._changed.clear()
            return told

    def now(self) -> datetime:
        """Return the time: what it was when the account was opened, and what has passed since."""
        return self._opened + timedelta(seconds=self._stopwatch() - self._begun)

    def stop(self) -> None:
        """Let nothing wait any longer."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def _check_pace(self, lane: str) -> None:
        if self._taken.get(lane, 0.0) >= self._share and (now := self.now()) >= self._patience_ends:
            raise PostponedError(f"{lane} answers too slowly for all that is due of it", until=now + budget.MINUTE)

    def _note(self, host: str, judged: Callable[[DomainState], DomainState]) -> None:
        name = self._domains.of(host)
        if name is None:
            return
        with self._turn:
            before = self._state(name)
            after = self._states[name] = judged(before)
            if after is not before:
                self._changed.add(name)

    def _state(self, name: str) -> DomainState:
        return self._states.get(name) or DomainState(name=name)

    def _reason(self, state: DomainState, now: datetime) -> str:
        if state.because and budget.closed_until(state, now):
            return state.because
        return f"{state.name} was asked {self._per_minute} times within a minute, which is the most"
