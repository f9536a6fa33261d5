"""A year of 1,000 publishers: how many requests learnt intervals cost, and how late entries are seen.

`python -m benchmarks.cadence` prints both beside a fixed hour, and beside the fixed interval that costs as many
requests.  Publishers are made up, always the same ones; nothing is fetched and no clock is read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from msgspec import Struct

from aggregator.cadence.rhythm import Rhythm, heard
from aggregator.cadence.schedule import Wishes, after_success
from aggregator.models import Source

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Kind(Struct, frozen=True):
    """A kind of publisher: ``share`` of 1,000, mean ``gap`` between entries, and when it is awake.

    ``hours`` of the day and ``days`` of the week limit when it publishes; ``even`` ones keep to their gap.
    """

    name: str
    share: int
    gap: timedelta
    hours: range = range(24)
    days: range = range(7)
    even: bool = False


KINDS = (
    Kind("news site, by day", 60, timedelta(minutes=40), hours=range(6, 23)),
    Kind("wire, day and night", 20, timedelta(minutes=25)),
    Kind("magazine, on workdays", 120, 5 * HOUR, hours=range(8, 18), days=range(5)),
    Kind("daily, at its hour", 120, DAY, even=True),
    Kind("blog, some a week", 200, 3 * DAY, hours=range(7, 24)),
    Kind("podcast, weekly", 120, 7 * DAY, even=True),
    Kind("blog, some a year", 240, 40 * DAY),
    Kind("silent", 120, 4000 * DAY),
)


class Cost(Struct):
    """What one way to pull came to: requests made, and how late each entry was seen."""

    requests: int
    late: list[timedelta]

    def add(self, other: Cost) -> None:
        self.requests += other.requests
        self.late += other.late

    def __str__(self) -> str:
        late = sorted(self.late) or [timedelta(0)]
        mean = sum(late, timedelta(0)) / len(late)
        figures = (mean, late[len(late) // 2], late[len(late) * 9 // 10])
        return f"{self.requests:>10,} {' '.join(f'{figure / HOUR:>7.2f}' for figure in figures)}"


def published(kind: Kind, number: int) -> list[datetime]:
    """Return when the publisher ``number`` of ``kind`` published, from a quarter before the year to its end."""
    return list(_times(kind, Random(f"{kind.name} {number}")))  # always the same year


def _times(kind: Kind, chance: Random) -> Iterator[datetime]:
    moment = START - YEAR / 4 + kind.gap * chance.random()
    awake = kind.gap * len(kind.hours) / 24 * len(kind.days) / 7
    while moment < START + YEAR:
        if kind.even:
            yield moment
            moment += kind.gap + timedelta(minutes=chance.gauss(0, 10))
        elif moment.hour not in kind.hours or moment.weekday() not in kind.days:
            moment += timedelta(minutes=17)
        else:
            yield moment
            moment += awake * chance.expovariate(1)


def learnt(source: Source, times: list[datetime]) -> list[datetime]:
    """Return when ``source``, which published at ``times``, is pulled; at first its feed has ten entries."""
    pulls, now, known = [], START, Rhythm((), START)
    told = max(0, bisect_left(times, START) - 10)
    while now < START + YEAR:
        until = bisect_left(times, now)
        if until > told:
            known = Rhythm(heard(known.times, times[told:until]), START)
            told = until
        pulls.append(now)
        now = after_success(source, Wishes(), now, known).at
    return pulls


def fixed(interval: timedelta) -> list[datetime]:
    """Return the pulls of a year, ``interval`` apart."""
    return [START + number * interval for number in range(int(YEAR / interval) + 1)]


def cost(pulls: list[datetime], times: list[datetime]) -> Cost:
    """Return what ``pulls`` cost a source that published at ``times``."""
    late = []
    for earlier, later in pairwise(pulls):
        late += [later - moment for moment in times[bisect_left(times, earlier) : bisect_left(times, later)]]
    return Cost(len(pulls), late)


def main() -> None:
    """Print the trade, kind by kind."""
    totals = {"learnt": Cost(0, []), "hour": Cost(0, []), "same": Cost(0, [])}
    everyone = []
    hourly = fixed(HOUR)
    print(f"{'':22} {'requests and hours late: mean, median, 9 of 10':>34}")
    print(f"{'publishers':22} {'learnt':>34}   {'every hour':>34}")
    for kind in KINDS:
        mine, hour = Cost(0, []), Cost(0, [])
        for number in range(kind.share):
            times = published(kind, number)
            everyone.append(times)
            source = Source(id=f"{kind.name} {number}", url="https://example.org/", longest=DAY)
            mine.add(cost(learnt(source, times), times))
            hour.add(cost(hourly, times))
        totals["learnt"].add(mine)
        totals["hour"].add(hour)
        print(f"{kind.share:>4} {kind.name:22} {mine}   {hour}")
    print(f"{len(everyone):>4} {'together':22} {totals['learnt']}   {totals['hour']}")
    interval = YEAR * len(everyone) / totals["learnt"].requests
    pulls = fixed(interval)
    for times in everyone:
        totals["same"].add(cost(pulls, times))
    print(f"\nas many requests at a fixed interval ({interval / HOUR:.1f} h): {totals['same']}")
    share = totals["learnt"].requests / totals["hour"].requests
    print(f"learnt intervals make {share:.0%} of the requests that a fixed hour makes")


if __name__ == "__main__":
    main()
