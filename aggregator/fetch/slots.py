"""How many requests may be under way to one domain: those of all processes count, and those a redirect led there.

Who wants to ask draws a ticket at a desk that all processes share.  The first few tickets of a domain may ask, the
others wait in the order in which they were drawn; so nobody starves, and nobody need tell anybody else to make room.
A desk costs a transaction, so tickets for what is about to be asked are drawn at once, and kept until it is; but
those of a domain where another process waits go back as soon as they are not in use, to the end of the line.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from types import TracebackType
from typing import Protocol, TypeVar

from msgspec import Struct, field

from aggregator.records import Ticket

T = TypeVar("T")

#: How long tickets may be asked on after they were renewed; they last for the time of a fetch longer, so that nothing
#: is under way when they end.
TRUSTED = timedelta(seconds=30)
#: Seconds after which tickets are renewed, between two looks whether others wait, and between two while we wait.
_RENEWED, _LOOK, _WAIT = 10.0, 1.0, 0.1


class Desk(Protocol):
    """Where tickets are drawn, given back and renewed."""

    def others(self) -> bool:
        """Tell whether another process has a ticket."""

    def exchange(self, held: Collection[int], lanes: Sequence[str]) -> Sequence[Ticket]:
        """Give back all of our tickets but those ``held``, renew these, and draw one for each of ``lanes``.

        Returns what we have then, those drawn now last and in the order of ``lanes``.  A ticket that is held and
        not returned has run out.
        """


class Alone:
    """The desk of a process that knows of no other."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def others(self) -> bool:
        return False

    def exchange(self, held: Collection[int], lanes: Sequence[str]) -> Sequence[Ticket]:
        numbers = (*sorted(held), *(next(self._numbers) for _ in lanes))
        return [Ticket(number=number, granted=True, wanted=False) for number in numbers]


class Slot:
    """Leave to ask a lane once, until the ``with`` statement ends."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()


class _Lane(Struct):
    tickets: dict[int, Ticket] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    expected: int = 0  # requests that were announced and have not begun
    waiting: int = 0  # threads

    def free(self) -> int | None:
        return next((number for number, each in self.tickets.items() if each.granted and number not in self.busy), None)

    def queued(self) -> bool:
        return not all(each.granted for each in self.tickets.values())

    def wanted(self) -> bool:
        return any(each.wanted for each in self.tickets.values())

    def spare(self) -> list[int]:
        """Return the tickets that are of no use to us now, or of more use to another process that waits."""
        idle = [number for number in self.tickets if number not in self.busy]
        return [] if self.expected and not self.wanted() else idle[self.waiting :]

    def lacking(self, limit: int, *, ahead: bool = False) -> int:
        asked = len(self.busy) + self.waiting + (self.expected if ahead else 0)
        return max(min(limit, asked) - len(self.tickets.keys() | self.busy), 0)


class Slots:
    """At most ``limit`` requests at once in each lane; who finds no slot free waits up to ``patience``.

    For many threads at once.  Raises what ``desk`` raises; without one no other process counts.
    """

    def __init__(
        self,
        limit: int,
        *,
        patience: timedelta,
        desk: Desk | None = None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._patience = patience.total_seconds()
        self._desk: Desk = desk or Alone()
        self._stopwatch = stopwatch
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)
        self._busy = self._expected = 0
        self._renewed = self._looked = stopwatch()
        self._at_desk = self._once_more = self._closed = False
        self.stopped = False
        self._changed = threading.Condition()

    @contextmanager
    def expecting(self, lanes: Iterable[str]) -> Iterator[None]:
        """Draw tickets for what is to be asked in the block, in one go: ``lanes`` has one for each request."""
        with self._changed:
            for name, requests in Counter(lanes).items():
                self._lanes[name].expected += requests
                self._expected += requests
            self._exchange(ahead=True)
        try:
            yield
        finally:
            with self._changed:
                for lane in self._lanes.values():
                    lane.expected = 0
                self._expected = 0
                self._exchange()

    def take(self, name: str, patience: float | None = None) -> Slot | None:
        """Return a slot of the lane ``name``; None when none came free within ``patience`` seconds, or once stopped."""
        ends = self._stopwatch() + (self._patience if patience is None else patience)
        with self._changed:
            lane = self._lanes[name]
            lane.waiting += 1
            try:
                number = self._awaited(lane, ends)
            finally:
                lane.waiting -= 1
                if lane.expected:
                    lane.expected -= 1
                    self._expected -= 1
            if number is None:
                self._tend(lane)
                return None
            lane.busy.add(number)
            self._busy += 1
        return Slot(lambda: self._done(lane, number))

    def stop(self) -> None:
        """Let nothing wait any longer; for any thread to call."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        """Give all tickets back, also those of requests that were broken off."""
        self.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._at_desk)
            self._closed = True
            held = any(lane.tickets for lane in self._lanes.values())
            self._lanes.clear()
        if held:
            self._desk.exchange((), ())

    def _awaited(self, lane: _Lane, ends: float) -> int | None:
        while True:
            now = self._stopwatch()
            trusted = now - self._renewed < TRUSTED.total_seconds()
            number = lane.free() if trusted else None
            if number is not None:
                return number
            if self.stopped or now >= ends:
                return None
            waited = lane.queued() and now - self._renewed >= _WAIT
            if not self._at_desk and (waited or not trusted or lane.lacking(self._limit)):
                self._exchange()
            else:
                self._changed.wait(min(_WAIT, ends - now))

    def _done(self, lane: _Lane, number: int) -> None:
        with self._changed:
            lane.busy.discard(number)
            self._busy -= 1
            if lane.waiting:
                self._changed.notify_all()
            self._tend(lane)

    def _tend(self, lane: _Lane) -> None:
        quiet = not self._busy and not self._expected
        if self._closed:
            return
        if quiet or lane.wanted():
            self._exchange()
        elif not self._at_desk and self._stopwatch() - self._looked >= _LOOK:
            self._look()

    def _look(self) -> None:
        self._looked = self._stopwatch()
        others = self._away(self._desk.others)
        if others or self._once_more or self._looked - self._renewed >= _RENEWED:
            self._exchange()

    def _exchange(self, *, ahead: bool = False) -> None:
        self._once_more = True  # whoever is at the desk already goes there once more
        while self._once_more and not self._at_desk and not self._closed:
            self._once_more = False
            self._visit(ahead=ahead)
            self._once_more |= any(lane.wanted() and lane.spare() for lane in self._lanes.values())

    def _visit(self, *, ahead: bool) -> None:
        for lane in self._lanes.values():
            for number in lane.spare():
                del lane.tickets[number]
        held = {number: lane for lane in self._lanes.values() for number in lane.tickets}
        drawn = [
            (name, lane) for name, lane in self._lanes.items() for _ in range(lane.lacking(self._limit, ahead=ahead))
        ]
        begun = self._stopwatch()
        tickets = self._away(lambda: self._desk.exchange(held.keys(), [name for name, _ in drawn]))
        self._renewed = begun
        for lane in held.values():
            lane.tickets = {}
        old = len(tickets) - len(drawn)
        for ticket in tickets[:old]:
            held[ticket.number].tickets[ticket.number] = ticket
        for ticket, (_, lane) in zip(tickets[old:], drawn, strict=True):
            lane.tickets[ticket.number] = ticket
        for name, lane in list(self._lanes.items()):
            if not (lane.tickets or lane.busy or lane.expected or lane.waiting):
                del self._lanes[name]
        self._changed.notify_all()

    def _away(self, ask: Callable[[], T]) -> T:
        # Others go on with the tickets they have while one thread is at the desk.
        self._at_desk = True
        self._changed.release()
        try:
            return ask()
        finally:
            self._changed.acquire()
            self._at_desk = False
            self._changed.notify_all()
