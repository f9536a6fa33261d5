"""An entry becomes a copy; what is said of single feeds stands in the golden pairs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from properties import ANY, steady
from stored import DAY, NOW, source

from aggregator import text, urls
from aggregator.models import Copy, Entry, FeedInfo, Link, Person, Tag, Text
from aggregator.normalise import essence, fingerprint, normalise, words
from aggregator.records import Known

SOURCE = source("a")
FEED = FeedInfo(id="urn:ex:feed", title="A feed", link="https://site.example.org/", language="en")
ENTRY = Entry(
    guid="1",
    title=Text(value="A title"),
    content=Text(value="<p>Some words.</p>", html=True),
    link="https://site.example.org/1",
    published=NOW - 2 * DAY,
)

_MAYBE = st.none() | ANY
_TIMES = st.none() | st.datetimes(timezones=st.just(UTC))
_TEXTS = st.none() | st.builds(
    Text,
    value=ANY | st.text(alphabet="<>/ab &;=\"'imgscrhef:\n", max_size=60),
    html=st.booleans(),
    base=st.none() | st.just("https://base.example.org/a/"),
)
#: Addresses are the parsers' work; they leave absolute ones only.
_ADDRESSES = st.none() | st.sampled_from(("https://site.example.org/1", "http://site.example.org/?a=%20#b"))
_PEOPLE = st.lists(st.builds(Person, name=ANY, uri=_ADDRESSES, email=_MAYBE), max_size=2).map(tuple)
_LINKS = st.builds(
    Link,
    href=st.just("https://cdn.example.org/1"),
    rel=st.sampled_from(("alternate", "enclosure", "self", "hub", "next")) | ANY,
    type=_MAYBE,
    title=_MAYBE,
    hreflang=_MAYBE,
)
_INFOS = st.builds(
    FeedInfo, id=_MAYBE, title=_MAYBE, url=_ADDRESSES, link=_ADDRESSES, updated=_TIMES, authors=_PEOPLE, language=_MAYBE
)
_ENTRIES = st.builds(
    Entry,
    guid=_MAYBE,
    title=_TEXTS,
    summary=_TEXTS,
    content=_TEXTS,
    link=_ADDRESSES,
    links=st.lists(_LINKS, max_size=3).map(tuple),
    authors=_PEOPLE,
    tags=st.lists(st.builds(Tag, term=ANY, scheme=_MAYBE, label=_MAYBE), max_size=2).map(tuple),
    published=_TIMES,
    updated=_TIMES,
    rights=_MAYBE,
    language=_MAYBE,
    source=st.none() | _INFOS,
)


def made(entry: Entry, now: datetime = NOW, known: Known | None = None) -> Copy:
    """Return the copy that ``entry`` makes."""
    return normalise(entry, FEED, SOURCE, key="k", now=now, known=known)


def again(copy: Copy) -> Known:
    """Return what the archive knows of ``copy`` once it is stored."""
    return Known(
        pk=1,
        key=copy.key,
        fingerprint="f",
        words=words(copy.title, copy.content),
        title=copy.title,
        guid=copy.guid,
        published=copy.published,
        updated=copy.updated,
        first_seen=copy.first_seen,
    )


@steady
@given(_ENTRIES, _INFOS)
def test_a_copy_is_fit_to_be_published(entry: Entry, feed: FeedInfo) -> None:
    """The same input gives the same copy: lines legal and single, a title always, times that can be believed."""
    copy = normalise(entry, feed, SOURCE, key="k", now=NOW, known=None)
    assert copy == normalise(entry, feed, SOURCE, key="k", now=NOW, known=None)
    lines = [copy.title, copy.rights, *(each.name for each in copy.authors)]
    lines += [part for each in copy.tags for part in (each.term, each.scheme, each.label)]
    lines += [part for each in copy.links for part in (each.rel, each.type, each.title)]
    for line in filter(None, lines):
        assert line == text.one_line(line)
    assert copy.title
    assert all(text.legal(part) == part for part in (copy.content, copy.summary, copy.guid or ""))
    assert datetime(1970, 1, 2, tzinfo=UTC) <= copy.published <= copy.updated <= NOW
    for info in filter(None, (copy.feed, copy.via)):
        assert info.id is None or urls.valid_id(info.id)
        assert info.updated is None or info.updated <= NOW
    assert not {link.rel for link in copy.links} & {"self", "hub", "next"}


@steady
@given(_ENTRIES)
def test_a_later_pull_changes_nothing_of_an_unchanged_entry(entry: Entry) -> None:
    """The clock goes on; what is published of an entry does not."""
    first = made(entry)
    later = made(entry, NOW + 400 * DAY, again(first))
    assert replace(later, feed=first.feed, via=first.via) == first
    assert essence(later) == essence(first) or entry.source is not None


def test_tags_that_differ_in_case_alone_are_one() -> None:
    """The first is kept; those of another scheme mean something else."""
    tags = (Tag(term="Éducation"), Tag(term="éducation"), Tag(term="a"), Tag(term="A", scheme="https://e.example/"))
    assert made(replace(ENTRY, tags=tags)).tags == (tags[0], *tags[2:])


def test_updated_moves_with_the_words_alone() -> None:
    """A new address, markup or tag is no news to a reader; other words are, from the time that the entry gives."""
    first, now = made(ENTRY), NOW + DAY
    known = again(first)
    same = replace(ENTRY, content=Text(value="<p>Some <b>words</b>.</p> ", html=True), tags=(Tag(term="x"),))
    assert made(same, now, known).updated == first.updated
    edited = replace(ENTRY, content=Text(value="<p>Other words.</p>", html=True))
    assert made(edited, now, known).updated == now
    assert made(replace(edited, updated=NOW + timedelta(hours=1)), now, known).updated == NOW + timedelta(hours=1)
    for unbelievable in (NOW - 9 * DAY, NOW + 9 * DAY):
        assert made(replace(edited, updated=unbelievable), now, known).updated == now
    assert made(edited, NOW - 9 * DAY, known).updated == first.updated


def test_what_a_known_copy_has_for_ever() -> None:
    """Key, first sight and publication stay, whatever the entry says later."""
    known = replace(again(made(ENTRY)), key="first")
    changed = made(replace(ENTRY, guid="2", published=NOW), NOW + DAY, known)
    assert (changed.key, changed.first_seen, changed.published) == ("first", NOW, NOW - 2 * DAY)


def test_who_said_it() -> None:
    """An entry's own source is kept, and names the feed it was pulled from beside it; else its feed said it."""
    own = made(ENTRY)
    assert (own.feed.title, own.feed.url, own.via) == ("A feed", "https://a.example.org/feed", None)
    claimed = made(replace(ENTRY, source=FeedInfo(title="First", url="https://first.example.org/feed?token=s3cret")))
    assert claimed.feed == FeedInfo(title="First", url="https://first.example.org/feed")
    assert claimed.via == own.feed


def test_an_entry_by_a_route_names_the_address_behind_it() -> None:
    """Readers are told where the feed is asked for, whatever it says itself; else that, or nothing."""
    route = replace(SOURCE, url="rsshub://a/1")
    feeds = (FeedInfo(), FeedInfo(url="https://own.example.org/feed"))
    told = [
        normalise(ENTRY, feed, source, key="1", now=NOW, known=None).feed.url
        for source in (replace(route, public_url="https://rsshub.app/a/1"), route)
        for feed in feeds
    ]
    assert told == ["https://rsshub.app/a/1", "https://rsshub.app/a/1", None, "https://own.example.org/feed"]


def test_what_every_output_repeats_of_an_entry_has_a_bound() -> None:
    """The first tags, links and people of very many are told, and the beginning of a very long title."""
    many = range(40_000)
    entry = Entry(
        title=Text(value="word " * 40_000, html=False),
        tags=tuple(Tag(term=f"tag {number}") for number in many),
        authors=tuple(Person(name=f"person {number}") for number in many),
        contributors=tuple(Person(name=f"person {number}") for number in many),
        links=tuple(Link(href=f"https://e.example/{number}", rel="enclosure") for number in many),
    )
    copy = made(entry)
    assert copy.title.startswith("word word")
    assert copy.title.endswith("…")
    assert len(copy.title) <= 10_000
    for told in (copy.tags, copy.authors, copy.contributors, copy.links):
        assert len(told) == 500
    assert copy.tags[0].term == "tag 0"


def test_secrets_of_our_own_address_are_not_published() -> None:
    """User name, password and key of the address in feeds.yaml stay with the network."""
    secret = replace(SOURCE, url="https://me:pw@a.example.org/feed?key=s3cret&x=1")
    copy = normalise(ENTRY, FEED, secret, key="k", now=NOW, known=None)
    assert copy.feed.url == "https://a.example.org/feed?x=1"


@pytest.mark.parametrize("change", [{"title": Text(value="B")}, {"rights": "CC"}, {"updated": NOW}, {"guid": "2"}])
def test_a_fingerprint_tells_any_change(change: dict[str, object]) -> None:
    """It is equal for an entry that says the same, and for no other."""
    assert fingerprint(ENTRY) == fingerprint(replace(ENTRY))
    assert fingerprint(ENTRY) != fingerprint(replace(ENTRY, **change))


def test_an_essence_tells_what_is_published() -> None:
    """What the feed says of itself, and a guid, which are published otherwise, make no new version."""
    copy = made(ENTRY)
    assert essence(replace(copy, guid="2", feed=FeedInfo(title="Renamed"))) == essence(copy)
    assert essence(replace(copy, image="https://site.example.org/x.png")) != essence(copy)
