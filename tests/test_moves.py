"""When a source's new address becomes its address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from origin import Origin

from aggregator.app import opened
from aggregator.cadence import advice, failed, succeeded, twins
from aggregator.config import parse
from aggregator.errors import FetchError, HttpStatusError
from aggregator.fetch import Response
from aggregator.models import Hints, Source
from aggregator.pipeline.cycle import Orders
from aggregator.records import SourceState
from aggregator.web import sources

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW, OTHER = "https://new.example.org/feed?token=SECRET", "https://other.example.org/feed"
SOURCE = Source(id="a", url="https://old.example.org/feed")


def pulled(state: SourceState, target: str | None, now: datetime, source: Source = SOURCE) -> SourceState:
    """Return how ``source`` stands after a pull that was led to ``target`` for good."""
    answer = Response(
        status=304, url=target or source.url, body=b"", content_type="", etag=None, last_modified=None,
        moved_to=target, max_age=None,
    )  # fmt: skip
    return succeeded(source, state, answer, Hints(), now)


@pytest.mark.parametrize("every", [HOUR, 24 * HOUR])
def test_an_address_that_lasted_is_adopted(every: timedelta) -> None:
    """The fourth pull in a row that finds the feed there adopts it; the editor is told what to write."""
    state = SourceState()
    for number in range(3):
        state = pulled(state, NEW, NOW + number * every)
        assert (state.adopted, state.moved_to, state.moved_times) == (None, NEW, number + 1)
    state = pulled(state, NEW, NOW + 3 * every)
    assert (state.adopted, state.moved_to) == (NEW, None)
    said = advice(state, "feeds.yaml:12")
    assert said is not None
    assert "write in feeds.yaml:12: url: https://new.example.org/feed" in said
    assert "SECRET" not in said
    assert pulled(state, None, NOW + 4 * every).adopted == NEW


def test_what_lasts_for_minutes_is_not_believed() -> None:
    """Pulls that follow each other soon are no proof, however many they are."""
    state = SourceState()
    for number in range(10):
        state = pulled(state, NEW, NOW + number * timedelta(minutes=15))
    assert state.adopted is None


@pytest.mark.parametrize("other", [None, OTHER])
def test_a_change_of_mind_starts_the_count_anew(other: str | None) -> None:
    """One pull that was led elsewhere, or nowhere, ends what had lasted."""
    state = SourceState()
    for number, target in enumerate((NEW, NEW, NEW, other, NEW, NEW, NEW)):
        state = pulled(state, target, NOW + number * HOUR)
    assert state.adopted is None


def test_only_an_address_that_feeds_yaml_spells_out_is_replaced() -> None:
    """Where an rsshub address leads to follows from another setting."""
    rsshub, state = replace(SOURCE, url="rsshub://a/b"), SourceState()
    for number in range(9):
        state = pulled(state, NEW, NOW + number * HOUR, rsshub)
    assert (state.adopted, state.moved_to) == (None, NEW)


def test_lines_that_lead_to_one_feed_are_told() -> None:
    """Each source that is answered from another one's address is named with the first of them."""
    at = {"a": NEW, "b": OTHER, "c": NEW, "d": None, "e": None, "f": NEW}
    states = {name: SourceState(validators_url=address) for name, address in at.items()}
    assert twins(states) == {"c": "a", "f": "a"}


def test_an_adopted_address_that_fails_is_given_up() -> None:
    """After three failures in a row the address in feeds.yaml is asked again."""
    state = SourceState(adopted=NEW)
    for adopted in (NEW, NEW, None):
        state = failed(SOURCE, state, FetchError("no"), "no", NOW)
        assert state.adopted == adopted


@pytest.mark.parametrize(
    ("adopted", "redirected", "gone", "kept"),
    [(None, False, True, None), (None, True, False, None), (NEW, False, False, None), (NEW, True, False, NEW)],
)
def test_gone_is_said_of_the_address_that_says_it(
    adopted: str | None, redirected: bool, gone: bool, kept: str | None
) -> None:
    """410 stops a source that is asked where feeds.yaml has it; an adopted address is given up at once."""
    error = HttpStatusError("no", status=410, redirected=redirected)
    state = failed(SOURCE, SourceState(adopted=adopted), error, "no", NOW)
    assert (state.gone, state.adopted) == (gone, kept)
    assert ("it failed once" in (state.because or "")) is not gone


def test_the_line_of_an_address_is_known(tmp_path: Path) -> None:
    """However the address is written, the editor is told the line where it stands; that makes no other source of it."""
    text = """site: {title: T, url: 'https://planet.example.net/'}
feeds:
  - url: https://a.example.org/feed
  # a comment
  - title: B
    url: 'https://b.example.org/feed'
  - {title: C,
     url: https://c.example.org/feed}
"""
    settings = parse(text, tmp_path / "feeds.yaml", {})
    assert [source.place for source in settings.sources] == ["feeds.yaml:3", "feeds.yaml:6", "feeds.yaml:8"]
    moved = parse(f"# one line more\n{text}", tmp_path / "feeds.yaml", {})
    assert [source.id for source in moved.sources] == [source.id for source in settings.sources]


def test_who_shows_a_move_names_the_line(tmp_path: Path, origin: Origin) -> None:
    """The run that adopts an address says which line to change, and so do the reports and the page of the sources."""
    feed = "<rss version='2.0'><channel><title>t</title><item><title>i</title><guid>g</guid></item></channel></rss>"
    origin.put("/new", feed)
    origin.put("/old", "", status=301, headers={"Location": origin.url("/new")})
    site = "site: {title: T, url: 'https://planet.example.net/'}\nfetch: {allow_private: true}\n"
    settings = parse(f"{site}feeds:\n  - url: {origin.url('/old')}\n", tmp_path / "feeds.yaml", {})
    with opened(settings, NOW) as app:
        said = [app.cycle(Orders(now=NOW + hours * HOUR, force=True), "test").warnings for hours in range(4)]
        reports = app.sources(NOW)
    words = f"write in feeds.yaml:4: url: {origin.url('/new')}"
    assert [bool(each) for each in said] == [False, False, False, True]
    assert words in said[-1][0].warnings[0]
    assert words.encode() in sources.render("T", reports, NOW)
    assert "feeds.yaml:4" in (tmp_path / "public" / "health.xml").read_text("utf-8")


def test_a_new_address_that_fails_is_asked_again_as_soon_as_a_new_source(tmp_path: Path, origin: Origin) -> None:
    """What the old one gave and how often it published says nothing of it; one that answered waits, and tells why."""
    feed = "<rss version='2.0'><channel><title>t</title><item><title>i</title><guid>g</guid></item></channel></rss>"
    origin.put("/old", feed, validators=False)
    origin.put("/new", "", status=500)
    site = "site: {title: T, url: 'https://planet.example.net/'}\nfetch: {allow_private: true}\nfeeds:\n"
    answers = (("/old", NOW), ("/new", NOW + HOUR), ("/old", NOW + 2 * HOUR), ("/old", NOW + 3 * HOUR))
    after = []
    for path, now in answers:
        settings = parse(f"{site}  - {{id: a, url: '{origin.url(path)}'}}\n", tmp_path / "feeds.yaml", {})
        with opened(settings, now) as app:
            app.cycle(Orders(now=now, force=True), "test")
            after += [report.state for report in app.sources(now)]
        if now > NOW + HOUR:
            origin.put("/old", "", status=500)
    bare = "its server gives neither ETag nor Last-Modified"
    assert [state.because for state in after] == [bare, "it failed once", bare, f"it failed once, and {bare}"]
    waits = [(state.next_pull or now) - now for state, (_, now) in zip(after, answers, strict=True)]
    assert waits[0] == waits[2] == waits[3] == 24 * HOUR
    assert waits[1] <= 2.25 * HOUR


def test_validators_that_were_not_kept_do_not_make_a_failure_wait_longer() -> None:
    """Where a change waits to be taken, the document is asked for anew, whatever its server gave."""
    learning = replace(SOURCE, longest=24 * HOUR)
    state = SourceState(validators_url=SOURCE.url, body="", last_success=NOW)
    assert failed(learning, state, FetchError("no"), "no", NOW).because == "it failed once"


def test_a_rhythm_holds_for_the_address_that_it_was_learnt_from() -> None:
    """An address that never answered is asked as a new source's, however long the one before was silent."""
    learning = replace(SOURCE, longest=24 * HOUR)
    state = SourceState(times=(NOW - 9000 * HOUR,), known_since=NOW - 9000 * HOUR, last_success=NOW)
    assert failed(learning, state, FetchError("no"), "no", NOW).because == "it failed once"
    said = failed(learning, replace(state, validators_url=SOURCE.url, etag='"a"'), FetchError("no"), "no", NOW).because
    assert said == "it failed once, and it has been silent for a year"
