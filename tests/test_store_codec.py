"""Values ⇄ JSON: what goes into a column comes out of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from stored import copy

from aggregator.models import Copy, FeedInfo, Hints, Link, Person, Tag
from aggregator.store import codec

words = st.text(max_size=8)
maybe = st.none() | words
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))
people = st.lists(st.builds(Person, name=words, uri=maybe, email=maybe), max_size=2).map(tuple)
links = st.builds(
    Link, href=words, rel=words, type=maybe, title=maybe, hreflang=maybe, length=st.none() | st.integers()
)
tags = st.builds(Tag, term=words, scheme=maybe, label=maybe)
infos = st.builds(
    FeedInfo,
    id=maybe,
    title=maybe,
    url=maybe,
    link=maybe,
    updated=st.none() | moments,
    authors=people,
    rights=maybe,
    language=maybe,
)
hints = st.builds(
    Hints,
    interval=st.none() | st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds)),
    fresh=st.none() | st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds)),
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.integers(0, 6)),
)
mores = st.fixed_dictionaries(
    {
        "links": st.lists(links, max_size=2).map(tuple),
        "authors": people,
        "contributors": people,
        "tags": st.lists(tags, max_size=2).map(tuple),
        "image": maybe,
        "rights": maybe,
        "language": maybe,
    }
)


@given(infos)
def test_what_a_feed_says_of_itself_survives(info: FeedInfo) -> None:
    """Every value comes back equal, empty strings and the times of all centuries too."""
    assert codec.load_info(codec.dump_info(info)) == info


@given(hints)
def test_hints_survive(given: Hints) -> None:
    """Every value comes back equal."""
    assert codec.load_hints(codec.dump_hints(given)) == given


@given(mores)
def test_the_rest_of_a_copy_survives(more: dict[str, Any]) -> None:
    """Every value comes back equal; what is as by default is not written at all."""
    before = Copy(**{**_bare(), **more})
    after = Copy(**{**_bare(), **codec.load_more(codec.dump_more(before))})
    assert after == before


def test_nothing_is_written_of_nothing() -> None:
    """A feed that says nothing of itself, and a copy without further parts, take two bytes."""
    assert codec.dump_info(FeedInfo()) == codec.dump_hints(Hints()) == codec.dump_more(Copy(**_bare())) == "{}"


def test_what_is_written_stays_as_it_is() -> None:
    """The form is fixed: databases hold it, and digests are made of it."""
    info = FeedInfo(title="标题", updated=datetime(1970, 1, 2, tzinfo=UTC), authors=(Person(name="Ada"),))
    assert codec.dump_info(info) == '{"authors":[{"name":"Ada"}],"title":"标题","updated":86400}'
    assert codec.dump_more(copy("a", "1")) == (
        '{"authors":[{"name":"Grace"}],"contributors":[{"email":"alan@example.org","name":"Alan"}],'
        '"image":"https://site.example.org/a.png","language":"zh",'
        '"links":[{"href":"https://media.example.org/a.mp3","length":1,"rel":"enclosure","type":"audio/mpeg"}],'
        '"rights":"CC0","tags":[{"label":"News","scheme":"https://site.example.org/tags","term":"news"}]}'
    )


def _bare() -> dict[str, Any]:
    full = copy("a", "1")
    names = ("source_id", "key", "guid", "link", "title", "content", "summary", "published", "updated", "first_seen")
    return {name: getattr(full, name) for name in (*names, "feed")}
