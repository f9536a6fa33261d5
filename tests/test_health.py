"""The health of the sources: what the editor is told, when, and how it looks in a reader of feeds."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from io import BytesIO

import feedparser
import pytest
from msgspec.structs import replace
from origin import Origin
from planet import Item, Planet, rss
from posts import PUBLICATION

from aggregator import health
from aggregator.events import HealthEvent, HealthKind, HealthReport
from aggregator.models import Source
from aggregator.publish import health as feed
from aggregator.records import SourceState

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WELL = SourceState(last_success=NOW, last_pull=NOW)
MOVED = "https://new.example.org/feed"
SOURCE = Source(id="a", url="https://old.example.org/feed")


def told(*states: SourceState) -> list[tuple[str, int]]:
    """Return kind and day of all events of a source that goes through ``states``, pulled at their ``last_pull``."""
    known: dict[HealthKind, datetime] = {}
    found: list[tuple[str, int]] = []
    for before, after in itertools.pairwise(states):
        assert after.last_pull
        for event in health.events(SOURCE, before, after, known, after.last_pull):
            assert health.concerns(before, after)
            known[event.kind] = event.at
            found.append((event.kind.value, (event.at - NOW) // DAY))
    return found


def failing(days: float, failures: int, *, last_success: datetime | None = NOW) -> SourceState:
    return SourceState(
        last_success=last_success, last_pull=NOW + days * DAY, failures=failures, error="the server answers 500"
    )


def well(days: float, adopted: str | None = None) -> SourceState:
    return SourceState(last_success=NOW + days * DAY, last_pull=NOW + days * DAY, adopted=adopted)


def test_a_source_that_is_well_is_no_news() -> None:
    """A pull that changes nothing costs no look at what was told."""
    assert not health.concerns(WELL, well(1))
    assert told(WELL, well(1), well(2)) == []


def test_one_failure_is_no_news() -> None:
    """What is over at the next pull is not told, and neither is its end."""
    assert told(WELL, failing(1, 1), failing(1.1, 2), well(2), well(3)) == []


def test_failures_and_recovery_are_told_once() -> None:
    """The third failure in a row is told, the end of it, and the next time again."""
    states = [failing(1, 1), failing(2, 2), failing(3, 3), failing(4, 4), well(5), well(6)]
    again = [failing(7, 1), failing(8, 2), replace(failing(9, 3), last_success=NOW + 6 * DAY)]
    assert told(WELL, *states) == [("failing", 3), ("recovered", 5)]
    assert told(WELL, *states, *again)[2:] == [("failing", 9)]


def test_a_source_that_never_answered_is_told_at_once() -> None:
    """An address that was mistyped shows at the first pull."""
    states = [failing(day, day + 1, last_success=None) for day in range(3)]
    assert told(SourceState(), *states, well(4)) == [("failing", 0), ("recovered", 4)]


def test_what_lasts_is_told_again_after_a_week_a_month_and_a_quarter() -> None:
    """Each once, whenever the pull after it comes."""
    states = [failing(day, day) for day in range(1, 100)]
    assert told(WELL, *states) == [("failing", 3), ("lasting", 7), ("lasting", 30), ("lasting", 90)]


def test_a_source_that_is_gone_is_told_once() -> None:
    """410 is told at once, and a return, too."""
    gone = replace(failing(1, 1), gone=True)
    assert told(WELL, gone, replace(gone, last_pull=NOW + 2 * DAY), well(3)) == [("gone", 1), ("recovered", 3)]


def test_a_move_is_told_and_after_two_weeks_that_the_line_is_still_there() -> None:
    """Once each; an editor who changed the line hears no more."""
    states = [well(day, MOVED) for day in range(1, 30)]
    assert told(WELL, *states) == [("moved", 1), ("unchanged", 15)]
    assert told(WELL, *states[:5], *(well(day) for day in range(6, 30))) == [("moved", 1)]


def report(kind: HealthKind, detail: str, since: datetime | None = NOW) -> HealthReport:
    event = HealthEvent(source_id="a", at=NOW + DAY, kind=kind, detail=detail, since=since)
    return HealthReport(
        event=event, source_pk=1, title="A <b>feed</b> & more", feed="https://old.example.org/feed?a=1&b=2"
    )


@pytest.mark.parametrize("kind", HealthKind)
def test_each_kind_of_event_says_what_happened_and_what_to_do(kind: HealthKind) -> None:
    """The entry is of its own, names the source as words, and has the same bytes each time."""
    told_of = report(kind, MOVED if kind in (HealthKind.MOVED, HealthKind.UNCHANGED) else "it is broken")
    document = feed.render(PUBLICATION, [told_of])
    assert document == feed.render(PUBLICATION, [told_of])
    parsed = feedparser.parse(BytesIO(document.body))
    assert not parsed.bozo
    (entry,) = parsed.entries
    assert entry.title.startswith("A &lt;b&gt;feed&lt;/b&gt; &amp; more ")
    assert entry.title_detail.type == "text/html"
    assert (entry.updated, entry.link) == ("2026-11-25T08:00:00+00:00", "https://old.example.org/feed?a=1&b=2")
    assert entry.id.startswith("tag:planet.example.org,2024:feed::health:")
    assert [tag.term for tag in entry.tags] == [kind.value]
    assert len(entry.content[0].value) > 40


@pytest.mark.parametrize(
    ("place", "said"), [("my feeds.yaml:12", "my feeds.yaml:12"), (None, "its line in feeds.yaml")]
)
def test_a_move_names_the_line_to_change(place: str | None, said: str) -> None:
    """Its number is told where it is known; the old line and the new one stand there as in the file."""
    (event,) = health.events(replace(SOURCE, place=place), WELL, well(1, MOVED), {}, NOW)
    moved = HealthReport(event=event, source_pk=1, title="A", feed="https://old.example.org/feed?a=1&b=2")
    (entry,) = feedparser.parse(BytesIO(feed.render(PUBLICATION, [moved]).body)).entries
    words = entry.content[0].value
    assert f"Change {said}:" in words
    assert "-  url: https://old.example.org/feed?a=1&amp;b=2\n+  url: https://new.example.org/feed<" in words


def test_an_empty_feed_is_a_feed() -> None:
    """An editor can subscribe before anything happens."""
    parsed = feedparser.parse(BytesIO(feed.render(PUBLICATION, []).body))
    assert (parsed.bozo, parsed.entries, parsed.feed.title) == (False, [], "Planet Example: health of the sources")


def test_the_feed_is_published_and_no_reader_sees_it(planet: Planet, origin: Origin) -> None:
    """A source that never answers stands in health.xml without its secrets, and in no other output; it recovers."""
    origin.put("/a.xml", rss(Item(title="Alpha", guid="1")))
    secret = origin.url("/lost.xml?token=s3cr3t")
    planet.configure([f"{{url: '{origin.url('/a.xml')}', id: a}}", f"{{url: '{secret}', id: lost, title: Lost}}"])
    planet.run()
    public = planet.folder / "public"
    (entry,) = feedparser.parse(BytesIO((public / "health.xml").read_bytes())).entries
    assert entry.title.startswith("Lost fails: ")
    assert "s3cr3t" not in (public / "health.xml").read_text("utf-8")
    for name in ("index.html", "atom.xml", "sources.html", "opml.xml"):
        assert "health.xml" not in (public / name).read_text("utf-8")
    before = planet.snapshot()
    planet.run()
    assert planet.snapshot() == before
    origin.put("/lost.xml", rss(Item(title="Found", guid="2")))
    planet.run(at="2026-11-24T10:00:00Z")
    titles = [entry.title for entry in feedparser.parse(BytesIO((public / "health.xml").read_bytes())).entries]
    assert titles == ["Lost answers again", entry.title]


@pytest.fixture
def planet(tmp_path_factory: pytest.TempPathFactory) -> Planet:
    return Planet(tmp_path_factory.mktemp("health"))
