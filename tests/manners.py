"""The score of manners: every point that publishers judge feed readers by, played over simulated days.

`python tests/manners.py` prints it.  The points are those of the strictest observers of feed readers: Rachel Kroll's
feed reader tests, Chris Siebenmann's notes, and RFC 9110, 9111, 6585 and 3229.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from publishers import HOURS, MANY, SCENES
from stage import DAY, HOUR, MINUTE, START, Ask, Run, perform

DAYS = 4
#: Five minutes apart while the feeds of one host spread, then half an hour.
TICKS = [START + number * 5 * MINUTE for number in range(72)]
TICKS += [START + 6 * HOUR + number * 30 * MINUTE for number in range((DAYS * 24 - 6) * 2)]

Verdict = tuple[bool, str]


class Point(Struct, frozen=True):
    """One point: its number and weight, what is expected, and the check, which also tells what was sent."""

    id: str
    weight: int
    expected: str
    check: Callable[[Run], Verdict]


def sent(asks: Iterable[Ask], *names: str) -> str:
    """Return what ``asks`` had in the headers ``names``, each once, in order, with the middle left out."""
    said = list(dict.fromkeys(" ".join(ask.header(name) or "-" for name in names) for ask in asks))
    return " → ".join(said if len(said) < 4 else [*said[:2], "…", said[-1]])


def validators(asks: list[Ask]) -> Verdict:
    """Tell whether each request had the validators that the answers before left (RFC 9111, sections 3.2 and 4.3.4)."""
    etag = modified = None
    right = len(asks) > 2
    for ask in asks:
        right &= (ask.header("If-None-Match"), ask.header("If-Modified-Since")) == (etag, modified)
        if ask.gave and ask.gave.status in (200, 304) and b"<html>" not in ask.gave.body:
            kept = (etag, modified) if ask.gave.status == 304 else (None, None)
            etag = ask.gave.headers.get("ETag") or kept[0]
            modified = ask.gave.headers.get("Last-Modified") or kept[1]
    return right, sent(asks, "If-None-Match", "If-Modified-Since")


def echo(path: str) -> Callable[[Run], Verdict]:
    return lambda run: validators(run[path])


def spaced(*paths: str, least: timedelta, most: timedelta = DAYS * DAY, skip: int = 0) -> Callable[[Run], Verdict]:
    """Check that from the request number ``skip`` on, all gaps lie between ``least`` and ``most``."""

    def check(run: Run) -> Verdict:
        gaps = [gap for path in paths for gap in run.gaps(path)[skip:]]
        right = bool(gaps) and least <= min(gaps) and max(gaps) <= most
        return right, shown(gaps)

    return check


def shown(gaps: list[timedelta]) -> str:
    if not gaps:
        return "no second request"
    return f"{len(gaps) + 1} requests, {min(gaps) / HOUR:.1f} to {max(gaps) / HOUR:.1f} h apart"


def never(*names: str) -> Callable[[Run], Verdict]:
    """Check that no request at all had one of the headers ``names``."""

    def check(run: Run) -> Verdict:
        found = {f"{name}: {ask.header(name)}" for ask in run.all() for name in names if ask.header(name)}
        return not found, ", ".join(sorted(found)) or "none in any request"

    return check


def pause(path: str, least: timedelta) -> Callable[[Run], Verdict]:
    """Check that ``least`` passed after the second request."""

    def check(run: Run) -> Verdict:
        times = run.times(path)
        if len(times) < 3:
            return False, f"{len(times)} requests"
        return times[2] - times[1] >= least, f"asked again after {(times[2] - times[1]) / HOUR:.1f} h"

    return check


def first_requests(run: Run) -> Verdict:
    firsts = [asks[0] for asks in run.asks.values() if asks]
    names = ("If-None-Match", "If-Modified-Since", "A-IM")
    return not any(name in ask.seen.headers for ask in firsts for name in names), sent(firsts, *names)


def restarted(run: Run) -> Verdict:
    after = [next((ask for ask in run["/a03"] if ask.at >= restart), None) for restart in run.restarts[1:]]
    asks = [ask for ask in after if ask]
    both = all(ask.header("If-None-Match") and ask.header("If-Modified-Since") for ask in asks)
    return both and len(asks) > 3, f"{len(run.restarts)} starts; {sent(asks, 'If-None-Match')}"


def hourly(run: Run) -> Verdict:
    gaps = [gap for path in run.asks if path != "/d06" for gap in run.gaps(path)]
    return min(gaps) >= HOUR, f"least gap of {len(run.asks)} addresses: {min(gaps) / HOUR:.2f} h"


def avoided(path: str, forbidden: Callable[[datetime], bool]) -> Callable[[Run], Verdict]:
    def check(run: Run) -> Verdict:
        times = run.times(path)[1:]
        wrong = [moment for moment in times if forbidden(moment)]
        return len(times) > 2 and not wrong, f"{len(times)} requests, {len(wrong)} of them then"

    return check


def growing(run: Run) -> Verdict:
    gaps = run.gaps("/c03")[1:]
    right = len(gaps) > 2 and min(gaps) > HOUR and all(a <= b * 1.1 for a, b in pairwise(gaps))
    return right, ", ".join(f"{gap / HOUR:.1f} h" for gap in gaps)


def few(path: str, most: int, within: timedelta, least: int = 2) -> Callable[[Run], Verdict]:
    def check(run: Run) -> Verdict:
        times = {moment for moment in run.times(path) if moment < START + within}
        return least <= len(times) <= most, f"pulled {len(times)} times in {within / HOUR:.0f} h"

    return check


def gone(run: Run) -> Verdict:
    error = run.reports["c07"].state.error or ""
    return len(run["/c07"]) == 2 and "410" in error, f"{len(run['/c07'])} requests; {error.partition(' ')[2]}"


def slowly(run: Run) -> Verdict:
    gaps = run.gaps("/c08")
    return bool(gaps) and gaps[-1] >= DAY and run.times("/c08")[-1] > START + 2 * DAY, shown(gaps)


def doubted(run: Run) -> Verdict:
    state = run.reports["c09"].state
    return state.failures > 1 and state.last_success is None, f"{state.failures} failures: {state.error}"


def adopted(old: str) -> Callable[[Run], Verdict]:
    def check(run: Run) -> Verdict:
        olds, news = len(run[old]), len(run[f"{old}-new"])
        return 1 < olds <= 5 < news, f"the old address {olds} times, the new one {news} times"

    return check


def not_adopted(old: str, new: str) -> Callable[[Run], Verdict]:
    def check(run: Run) -> Verdict:
        olds, news = len(run[old]), len(run[new])
        return olds == news > 3, f"the old address {olds} times, the new one {news} times"

    return check


def circle(run: Run) -> Verdict:
    pulls = [len([at for at in run.times("/d06") if at == moment]) for moment in sorted(set(run.times("/d06")))]
    right = max(pulls) <= 10 and few("/d06", 8, 2 * DAY)(run)[0]
    return right, f"{max(pulls)} hops at most, {len(pulls)} pulls in {DAYS} days"


def kept_apart(run: Run) -> Verdict:
    old, new = sent(run["/d07"][1:], "If-None-Match"), sent(run["/d07-new"], "If-None-Match")
    right = "steady" not in old and "theirs" not in new and len(run["/d07-new"]) > 2
    return right, f"old: {old}; new: {new}"


def agent(run: Run) -> Verdict:
    agents = {ask.header("User-Agent") or "" for ask in run.all()}
    right = len(agents) == 1 and re.fullmatch(r"aggregator/\S+ \(\+https://\S+; 42 subscribers\)", next(iter(agents)))
    return bool(right), ", ".join(agents)


def as_given(run: Run) -> Verdict:
    asked = {ask.seen.path for path in run.asks for ask in run[path]} | {path for path in run.asks if not run[path]}
    known = {scene.path for scene in SCENES}
    strange = {path for path in asked if path not in known and not path.startswith("/d06?")}
    methods = {ask.seen.method for ask in run.all()}
    return methods == {"GET"} and not strange, f"{', '.join(methods)}; strangers: {strange or 'none'}"


def unzipped(run: Run) -> Verdict:
    offered = sent(run["/e05"], "Accept-Encoding")
    return "gzip" in offered and run.reports["e05"].entries > 5, f"{offered}; {run.reports['e05'].entries} entries"


def accepts(run: Run) -> Verdict:
    said = sent(run["/a01"], "Accept")
    return "application/atom+xml" in said and "application/rss+xml" in said, said


def side_by_side(run: Run) -> Verdict:
    return 1 <= run.most_at_once <= 2, f"{run.most_at_once} at once at most"


def scattered(run: Run) -> Verdict:
    rounds = [[run.times(path)[number] for path in MANY] for number in range(1, min(map(len, map(run.times, MANY))))]
    spans = [max(times) - min(times) for times in rounds]
    return len(spans) > 3 and min(spans) > 5 * MINUTE, ", ".join(f"{span / MINUTE:.0f} min" for span in spans[:6])


def deltas(run: Run) -> Verdict:
    pairs = {("A-IM" in ask.seen.headers, "If-None-Match" in ask.seen.headers) for ask in run.all()}
    got, entries = (
        sum(ask.gave is not None and ask.gave.status == 226 for ask in run["/m03"]),
        run.reports["m03"].entries,
    )
    right = (True, False) not in pairs and got > 2 and run.reports["m03"].state.failures == 0
    return right, f"{got} deltas taken, {entries} entries kept"


POINTS = [
    Point("A01", 3, "the ETag comes back byte for byte", echo("/a01")),
    Point("A02", 3, "Last-Modified comes back as an opaque string", echo("/a02")),
    Point("A03", 2, "both validators come back", echo("/a03")),
    Point("A04", 3, "no validators are made up", echo("/a04")),
    Point("A05", 2, "the first request is unconditional", first_requests),
    Point("A06", 2, "a weak ETag keeps its W/", echo("/a06")),
    Point("A07", 1, "an ETag without quotes comes back so", echo("/a07")),
    Point("A08", 3, "a new ETag under an old Last-Modified is taken", echo("/a08")),
    Point("A09", 3, "the same body's new validators are taken", echo("/a09")),
    Point("A10", 2, "a 304's new ETag is taken", echo("/a10")),
    Point("A11", 1, "validators that are gone are dropped", echo("/a11")),
    Point("A12", 2, "an error's ETag is not taken", echo("/a12")),
    Point("A13", 2, "a page's validators are not taken", echo("/a13")),
    Point("A14", 2, "a cut body's validators are not taken", echo("/a14")),
    Point(
        "A15",
        2,
        "a hostile ETag stops nothing",
        lambda run: (
            len(run["/a15"]) > 2
            and not run.reports["a15"].state.error
            and "x" not in sent(run["/a15"], "If-None-Match"),
            f"{len(run['/a15'])} requests, {sent(run['/a15'], 'If-None-Match')}",
        ),
    ),
    Point("A16", 3, "validators survive restarts", restarted),
    Point("B01", 4, "never more often than once an hour", hourly),
    Point("B02", 3, "without validators: once in 24 h", spaced("/a04", least=DAY)),
    Point("B03", 4, "max-age of 12 h, of a 304 too", spaced("/b03", least=12 * HOUR, most=15 * HOUR)),
    Point("B03b", 1, "a 304 without one leaves it standing", spaced("/b03-terse", least=12 * HOUR)),
    Point("B04", 2, "max-age of 10 years is capped", spaced("/b04", least=HOUR)),
    Point("B05", 2, "no-cache is no hammering", spaced("/b05", least=HOUR)),
    Point("B06", 2, "Expires in 8 h", spaced("/b06", least=8 * HOUR, most=10 * HOUR)),
    Point("B07", 2, "ttl of 6 h", spaced("/b07", least=6 * HOUR, most=8 * HOUR)),
    Point("B08", 1, "not in skipHours", avoided("/b08", lambda moment: moment.hour in HOURS)),
    Point("B09", 1, "not on skipDays", avoided("/b09", lambda moment: moment.weekday() == 1)),
    Point("B10", 1, "twice daily: 12 h", spaced("/b10", least=12 * HOUR, most=15 * HOUR)),
    Point(
        "B11",
        2,
        "nonsense hints neither hammer nor freeze",
        spaced("/b11-minus", "/b11-huge", "/b11-hours", least=HOUR, most=DAY),
    ),
    Point(
        "B12",
        3,
        "restarts ask nothing more",
        lambda run: (min(run.gaps("/a01")) >= HOUR, f"{len(run.restarts)} starts; {shown(run.gaps('/a01'))}"),
    ),
    Point("C01", 4, "429 with Retry-After: silent for 5 h", pause("/c01", 5 * HOUR)),
    Point("C02", 3, "503 with Retry-After as a date: silent for 5 h", pause("/c02", 5 * HOUR)),
    Point("C03", 3, "429 without Retry-After: growing gaps", growing),
    Point("C04", 2, "senseless Retry-After: the usual back-off", spaced("/c04", least=2 * HOUR, skip=1)),
    Point("C05", 2, "Retry-After of 10 years is capped", spaced("/c05", least=HOUR)),
    Point("C06", 2, "500: at most 8 pulls in 48 h", few("/c06", 8, 2 * DAY)),
    Point("C07", 2, "410 ends it", gone),
    Point("C08", 2, "404: a day or more, not for ever", slowly),
    Point("C09", 2, "304 that was not asked for is an error", doubted),
    Point("D01", 3, "301 is adopted after 5 times at most", adopted("/d01")),
    Point("D02", 3, "308 is adopted after 5 times at most", adopted("/d02")),
    Point("D03", 2, "302 is not", not_adopted("/d03", "/d03-new")),
    Point("D04", 2, "307 is not", not_adopted("/d04", "/d04-new")),
    Point("D05", 2, "303 is not", not_adopted("/d05", "/d05-new")),
    Point("D06", 2, "a circle: 10 hops at most, and back-off", circle),
    Point("D07", 2, "validators stay with their address", kept_apart),
    Point("E01", 3, "User-Agent with name, version, address", agent),
    Point("E02", 2, "no Referer", never("Referer")),
    Point("E03", 3, "no Cookie", never("Cookie")),
    Point("E04", 2, "the address as given, nothing else", as_given),
    Point("E05", 2, "gzip is offered and undone", unzipped),
    Point("E06", 1, "caches are not defeated", never("Cache-Control", "Pragma")),
    Point("E07", 1, "Accept names feeds", accepts),
    Point("E08", 1, "no If-Range, Range, Expect", never("If-Range", "Range", "Expect")),
    Point("E09", 2, "at most 2 at once to a host", side_by_side),
    Point("E10", 2, "30 feeds of a host are spread, every time", scattered),
    Point("M03", 1, "deltas with an ETag only, and taken", deltas),
    Point("M06", 1, "the number of subscribers is told", agent),
    Point("M08", 1, "silent for a year: once a day", spaced("/m08", least=DAY)),
    Point("M11", 1, "301 to what is no feed is not adopted", not_adopted("/m11", "/m11-page")),
    Point("M12", 1, "Age is subtracted from max-age", spaced("/m12", least=2 * HOUR, most=6 * HOUR)),
]


def score(folder: Path) -> list[tuple[Point, Verdict]]:
    """Play all scenes in ``folder`` and return the verdict on each point."""
    run = perform(SCENES, folder, TICKS, restart_every=17)
    return [(point, point.check(run)) for point in POINTS]


def lines(verdicts: list[tuple[Point, Verdict]]) -> Iterable[str]:
    """Yield the score as a table: number, weight, verdict, what was expected and what was sent."""
    for point, (passed, said) in verdicts:
        yield f"{point.id}  {point.weight}  {'ok' if passed else 'NO'}  {point.expected:<50} {said[:150]}"
    reached = sum(point.weight for point, (passed, _) in verdicts if passed)
    most = sum(point.weight for point, _ in verdicts)
    yield f"{reached} of {most}: {100 * reached / most:.0f} %, {DAYS} simulated days, {len(TICKS)} cycles"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.stdout.writelines(f"{line}\n" for line in lines(score(Path(place))))
