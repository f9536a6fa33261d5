"""A stage for publishers: a loopback origin whose answers follow a simulated clock, asked by the real program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

from msgspec import Struct, field
from origin import Origin, Raw, Reply, Seen
from planet import Item, rss

from aggregator.app import opened
from aggregator.config import parse
from aggregator.pipeline.cycle import Orders
from aggregator.records import SourceReport

#: A Sunday, at midnight.
START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Publishers have something new so often.
NEWS = 6 * HOUR


class Ask(Struct, frozen=True):
    """A request as it came in, at the time of the simulated clock, and what it was answered."""

    at: datetime
    seen: Seen
    gave: Reply | None

    def header(self, name: str) -> str | None:
        found: str | None = self.seen.headers.get(name)
        return found


#: How a publisher answers: (how often it was asked before, the request, the simulated time) → the answer.
Answer = Callable[[int, Seen, datetime], Reply | Raw]


class Scene(Struct, frozen=True):
    """One address that a publisher serves; those that are ``subscribed`` stand in feeds.yaml as they are spelled."""

    path: str
    answer: Answer
    subscribed: bool = True


class Run(Struct):
    """All that was asked, by address without its query, and how the sources stood at the end."""

    asks: dict[str, list[Ask]] = field(default_factory=dict)
    reports: dict[str, SourceReport] = field(default_factory=dict)
    restarts: list[datetime] = field(default_factory=list)
    most_at_once: int = 0

    def __getitem__(self, path: str) -> list[Ask]:
        return self.asks.get(path, [])

    def times(self, path: str) -> list[datetime]:
        return [ask.at for ask in self[path]]

    def gaps(self, path: str) -> list[timedelta]:
        times = self.times(path)
        return [later - earlier for earlier, later in pairwise(times)]

    def all(self) -> Iterator[Ask]:
        for asks in self.asks.values():
            yield from asks


def perform(scenes: Sequence[Scene], folder: Path, ticks: Sequence[datetime], *, restart_every: int) -> Run:
    """Run a cycle at each of ``ticks`` over the subscribed ``scenes``; the program is opened anew again and again."""
    run, clock = Run(), [START]
    with Origin() as origin:
        for scene in scenes:
            origin.handle(scene.path, _recorder(run, clock, scene))
        lines = [
            f"  - {{url: '{origin.url(each.path)}', id: {_name(each.path)}}}" for each in scenes if each.subscribed
        ]
        settings = parse(_SETTINGS + "\n".join(lines) + "\n", folder / "feeds.yaml", {})
        for first in range(0, len(ticks), restart_every):
            run.restarts.append(ticks[first])
            with opened(settings, START) as app:
                for clock[0] in ticks[first : first + restart_every]:
                    app.cycle(Orders(now=clock[0]), "stage")
                run.reports = {report.id: report for report in app.sources(clock[0])}
        run.most_at_once = origin.most_at_once
        strangers = {seen.path for seen in origin.requests if seen.path.partition("?")[0] not in run.asks}
        run.asks |= {path: [] for path in strangers}
    return run


_SETTINGS = """
site: {title: Stage, url: 'https://planet.example.org/', subscribers: 42}
fetch: {allow_private: true}
output: {formats: [atom], entries: 5, archive: 0}
feeds:
"""


def _name(path: str) -> str:
    return path.partition("?")[0].strip("/").replace("/", "-")


def _recorder(run: Run, clock: list[datetime], scene: Scene) -> Callable[[Seen], Reply | Raw]:
    def record(seen: Seen) -> Reply | Raw:
        asks = run.asks.setdefault(scene.path.partition("?")[0], [])
        said = scene.answer(len(asks), seen, clock[0])
        asks.append(Ask(clock[0], seen, said if isinstance(said, Reply) else None))
        return said

    return record


def document(now: datetime, *, more: str = "", every: timedelta = NEWS) -> bytes:
    """Return a feed whose publisher says something new ``every`` so often; ``more`` stands in its channel."""
    latest = (now - START) // every
    items = (
        Item(guid=str(number), title=f"News {number}", date=http_date(START + number * every))
        for number in range(latest, latest - 6, -1)
    )
    return rss(*items, more=more).encode()


def http_date(moment: datetime) -> str:
    """Return ``moment`` as HTTP and RSS spell it."""
    return format_datetime(moment, usegmt=True)


def reply(seen: Seen, body: bytes, headers: Mapping[str, str] | None = None, *, status: int = 200) -> Reply:
    """Return ``body``, or 304 when the request already has it by the validators in ``headers``."""
    fields = dict(headers or {})
    if status == 200:
        same = seen.headers.get("If-None-Match") == fields.get("ETag", "none")
        fresh = seen.headers.get("If-Modified-Since") == fields.get("Last-Modified", "none")
        if same or (fresh and "If-None-Match" not in seen.headers):
            return Reply(status=304, headers=fields)
    return Reply(status=status, body=body, headers={"Content-Type": "application/rss+xml", **fields})


def slow(answer: Answer, seconds: float) -> Answer:
    """Return ``answer``, given after some real time."""

    def late(count: int, seen: Seen, now: datetime) -> Reply | Raw:
        time.sleep(seconds)
        return answer(count, seen, now)

    return late
