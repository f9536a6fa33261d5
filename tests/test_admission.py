"""Which new entries are published at once, which are held for the editor, and which are only archived."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregator import admission
from aggregator.admission import Newcomer, Past, Record
from aggregator.models import Admission
from aggregator.records import Verdict

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OWN = "https://blog.example.org/{}"


def newcomers(number: int, *, dated: datetime | None = NOW - DAY, link: str = OWN) -> list[Newcomer]:
    return [Newcomer(key=str(n), link=link.format(n), dated=dated) for n in range(number)]


def record(number: int = 20, *, every: timedelta = DAY, links: Sequence[str] = (OWN,)) -> Record:
    """Return the record of a source that published ``number`` entries, and was pulled an hour ago."""
    recent = tuple(Past(link=links[n % len(links)].format(-n), published=NOW - (n + 1) * every) for n in range(number))
    return Record(last_success=NOW - timedelta(hours=1), recent=recent)


def judged(
    new: Sequence[Newcomer],
    before: Record,
    rules: Admission = Admission(),  # noqa: B008 - a frozen value
    *,
    document: Iterable[str] = (),
    whole: bool = True,
    familiar: Iterable[str] = (),
) -> dict[str, Verdict]:
    links = [each.link for each in new if each.link]
    shown = [*links, *document]
    return dict(admission.verdicts(new, before, rules, document=shown, whole=whole, familiar=familiar, now=NOW))


def codes(found: dict[str, Verdict]) -> set[tuple[str, str]]:
    return {(verdict.kind, verdict.code.value) for verdict in found.values()}


def test_the_first_sources_of_a_planet_bring_all_they_have() -> None:
    """Before the outputs have readers nothing can flood them."""
    assert judged(newcomers(500), Record(last_success=None)) == {}


def test_of_a_source_that_comes_later_the_newest_are_published() -> None:
    """The rest of its history is archived, those without a date first."""
    dated = [Newcomer(key=f"d{n}", link=None, dated=NOW - n * DAY) for n in range(30)]
    undated = [Newcomer(key="u", link=None, dated=None)]
    found = judged([*undated, *reversed(dated)], Record(last_success=None, latecomer=True))
    assert codes(found) == {("archived", "archived-history")}
    assert set(found) == {"u", *(f"d{n}" for n in range(20, 30))}
    assert found["u"].detail == "20 of 31 entries were published"
    everything = Admission(history=0)
    assert judged(undated + dated, Record(last_success=None, latecomer=True), everything) == {}


@pytest.mark.parametrize(
    ("ahead", "held"),
    [(timedelta(hours=5), False), (3 * DAY, True), (366 * DAY, True), (367 * DAY, False), (-DAY, False)],
)
def test_a_date_to_come_is_held_until_then(ahead: timedelta, held: bool) -> None:
    """A clock that is a little fast is forgiven, and a date beyond belief is none."""
    found = judged(newcomers(1, dated=NOW + ahead), Record(last_success=None))
    assert codes(found) == ({("held", "held-future")} if held else set())
    assert [each.until for each in found.values()] == ([NOW + ahead] if held else [])
    assert judged(newcomers(1, dated=NOW + ahead), record(), Admission(future=timedelta())) == {}


def test_far_more_than_usual_at_once_is_held() -> None:
    """Beyond a number that any pull may bring, a source's own rate counts."""
    daily, busy = record(), record(50, every=timedelta(minutes=30))
    assert judged(newcomers(50), daily) == {}
    assert codes(judged(newcomers(51), daily)) == {("held", "held-spike")}
    assert len(judged(newcomers(51), daily)) == 51
    assert judged(newcomers(300), busy) == {}
    assert judged(newcomers(51), daily, Admission(burst=0)) == {}
    assert judged(newcomers(51), daily, Admission(rate=60)) == {}
    assert judged(newcomers(51), daily, Admission(rate=0)) == {}


def test_a_long_silence_allows_more() -> None:
    """After a month in which nobody pulled, a month's entries are no spike."""
    before = Record(last_success=NOW - 30 * DAY, recent=record().recent)
    assert judged(newcomers(200), before) == {}


def test_a_feed_that_dates_its_archive_as_of_now_is_held() -> None:
    """More than ten entries of this very hour, from a source of one a day; the others of the pull are let in."""
    assert judged(newcomers(10, dated=NOW), record()) == {}
    dump, honest = newcomers(11, dated=NOW - timedelta(minutes=5)), Newcomer(key="h", link=None, dated=NOW - DAY)
    found = judged([*dump, honest], record())
    assert codes(found) == {("held", "held-redated")}
    assert "h" not in found
    assert codes(judged(newcomers(12, dated=None), record())) == {("held", "held-redated")}
    assert judged(newcomers(12, dated=None), record(50, every=timedelta(hours=2))) == {}


def test_a_feed_whose_links_turn_to_another_site_is_held() -> None:
    """A domain that was sold: what leads elsewhere is held, what leads to the old site is not."""
    spam = newcomers(4, link="https://casino.example.com/{}")
    found = judged([*spam, Newcomer(key="own", link=OWN.format(1), dated=NOW)], record())
    assert codes(found) == {("held", "held-elsewhere")}
    assert set(found) == {each.key for each in spam}
    assert found["0"].detail == "leads to example.com; all before led to example.org"
    assert judged(spam, record(), Admission(links=False)) == {}


def test_one_link_to_elsewhere_is_a_recommendation() -> None:
    """As long as the document leads to the source's own site as well."""
    guest = newcomers(1, link="https://friend.example.com/{}")
    assert judged(guest, record(), document=[OWN.format(n) for n in range(9)]) == {}
    assert codes(judged(guest, record())) == {("held", "held-elsewhere")}


def test_a_delta_that_leads_elsewhere_may_be_recommendations() -> None:
    """Of one or two entries nobody can tell, since it shows none of the source's own; three are as many as ever."""
    delta = newcomers(3, link="https://friend.example.com/{}")
    assert [len(judged(delta[:number], record(), whole=False)) for number in (1, 2, 3)] == [0, 0, 3]


def test_a_site_that_moves_takes_its_entries_along() -> None:
    """Where entries that are known lead to the new site under their old titles, new ones may."""
    moved = newcomers(3, link="https://new.example.com/{}")
    assert judged(moved, record(), familiar=["https://new.example.com/old"]) == {}


def test_a_feed_of_links_may_lead_anywhere() -> None:
    """A source that always pointed at more than three sites is not held for one more, nor one that never had links."""
    few, many = (record(links=[f"https://site{n}.example{n}.com/{{}}" for n in range(sites)]) for sites in (3, 4))
    other = newcomers(5, link="https://other.example.net/{}")
    assert len(judged(other, few)) == 5
    assert judged(other, many) == {}
    without = Record(last_success=NOW, recent=tuple(replace(each, link=None) for each in few.recent))
    assert judged(other, without) == {}


def test_without_a_record_nothing_is_suspicious() -> None:
    """Ten entries make a record; one whose line of feeds.yaml the editor has just changed begins anew."""
    spam = newcomers(100, link="https://casino.example.com/{}", dated=NOW)
    assert judged(spam, record(9)) == {}
    renewed = Record(last_success=NOW - DAY, renewed=True, recent=record().recent)
    assert judged(spam, renewed) == {}
    assert judged(spam, record(10))


@given(
    st.lists(
        st.builds(
            Newcomer,
            key=st.integers(0, 10_000).map(str),
            link=st.sampled_from([None, OWN.format(1), "https://casino.example.com/1"]),
            dated=st.none() | st.integers(-500, 500).map(lambda hours: NOW + timedelta(hours=hours)),
        ),
        unique_by=lambda each: each.key,
        max_size=70,
    ),
    st.booleans(),
    st.booleans(),
)
def test_verdicts_follow_the_order_only_between_equal_dates(new: list[Newcomer], first: bool, latecomer: bool) -> None:
    """A verdict needs no newcomer of its own, and the same are held whichever way round a dated document is written."""
    before = Record(last_success=None, latecomer=latecomer) if first else record()
    forwards, backwards = judged(new, before), judged(new[::-1], before)
    assert forwards.keys() <= {each.key for each in new}
    if len({each.dated for each in new}) == len(new):
        assert forwards == backwards
