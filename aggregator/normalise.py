"""Entry → Copy: plain titles, clean bodies, absolute addresses, dates that can be believed.

All that a copy says comes from its entry, its feed and the time of its first sight; nothing from the clock.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import msgpack
from msgspec.structs import replace

from aggregator import keys, text, urls
from aggregator.models import Copy, Entry, FeedInfo, Link, Person, Source, Tag, Text
from aggregator.records import Known

#: Raised when a rule below changes what an unchanged entry turns into, so that known entries are read anew.
RULES = 4
_RULES_BEFORE = b"%d " % RULES

#: Feeds of software without a date say the epoch; nobody published a feed entry before it.
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
#: An entry without a title is called by its first words, at most so many characters.
TITLE_LENGTH = 80
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\)]+")
#: Longer bodies are cut: fifty of them are all that a reader's program can be asked to take.
_LONGEST_BODY = 1_000_000
#: So are longer titles, and longer lists of tags, links and people: each output of each level repeats them.
_LONGEST_TITLE = 10_000
_MOST = 500
_CUT = "<p>[…]</p>"
_TAG = re.compile(r"<[^>]*>")
#: Links that belong to the source's feed, not to the article (RFC 5023, RFC 5005, WebSub).
_FEED_RELS = frozenset(
    {"self", "edit", "edit-media", "hub", "first", "last", "next", "previous", "prev", "service", "search"}
    | {"current", "next-archive", "prev-archive"}
)
_encoded = msgpack.Encoder().encode


def fingerprint(entry: Entry) -> str:
    """Return a digest of all that ``entry`` said: equal as long as its source did not touch it."""
    try:
        said = _encoded(entry)
    except UnicodeEncodeError:  # half a surrogate pair
        said = repr(entry).encode()
    return text.digest_bytes(_RULES_BEFORE + said)


def essence(copy: Copy) -> str:
    """Return all of ``copy`` that is published, as something to be compared.

    Neither its guid nor what its source's own feed said of itself counts, and addresses of one page are the same
    (``urls.canonical``).
    """
    said = repr(replace(copy, guid=None, via=None, feed=copy.feed if copy.via else FeedInfo()))
    return _ADDRESS.sub(lambda found: urls.canonical(html.unescape(found[0])), said)


def words(title: str, content: str) -> str:
    """Return a digest of the words that a reader sees; markup, addresses and white space do not count."""
    return text.digest(text.without_blanks(title), text.without_blanks(_TAG.sub("", content)))


def normalise(entry: Entry, feed: FeedInfo, source: Source, *, key: str, now: datetime, known: Known | None) -> Copy:
    """Return the copy that ``entry`` makes.

    ``feed`` is what the feed said of itself, ``now`` the time of the pull (UTC).  A new entry gets ``key``
    as its identity within ``source`` and ``now`` as its first sight; a new version of a ``known`` copy keeps
    both, its ``published``, and its link as long as that is of the same page.  ``updated`` moves only when the words
    changed (RFC 4287, section 4.2.15): to the time that the entry gives where that is later, else to ``now``.
    """
    entry, feed = keys.without(entry, feed, source.url)
    own = _own_feed(feed, source.public_url or source.url, now)
    given = _link(entry)
    link = _kept(known.link if known else None, given)
    content = _body(entry.content, link, own)
    title = _title(entry, content, link)
    published = known.published if known else _published(entry, now)
    return Copy(
        source_id=source.id,
        key=known.key if known else key,
        guid=text.legal(entry.guid or "") or None,
        link=link,
        title=title,
        content=content,
        summary=_body(entry.summary, link, own),
        published=published,
        updated=_updated(entry, title, content, published, now, known),
        first_seen=known.first_seen if known else now,
        feed=_claimed(entry.source, now) if entry.source else own,
        via=own if entry.source else None,
        links=tuple(_links(entry, link, given))[:_MOST],
        authors=_people(entry.authors),
        contributors=_people(entry.contributors),
        tags=_tags(entry.tags),
        image=entry.image or _pictured(content),
        rights=_line(entry.rights),
        language=text.language_tag(entry.language) or text.language_tag(feed.language),
    )


def given_date(entry: Entry) -> datetime | None:
    """Return the date that ``entry`` gives itself: when it was published, else when it was changed."""
    return _believable(entry.published or entry.updated, _EARLIEST, _LATEST)


def _updated(
    entry: Entry, title: str, content: str, published: datetime, now: datetime, known: Known | None
) -> datetime:
    if known is None:
        return _believable(entry.updated, published, now) or published
    if words(title, content) == known.words:
        return known.updated
    given = _believable(entry.updated, known.updated, now)
    return given if given and given > known.updated else max(now, known.updated)


def _published(entry: Entry, first_seen: datetime) -> datetime:
    # A date in the future would sit on top of every feed until then: the first sight is the latest it can be.
    return (
        _believable(entry.published, _EARLIEST, first_seen)
        or _believable(entry.updated, _EARLIEST, first_seen)
        or first_seen
    )


def _believable(given: datetime | None, earliest: datetime, latest: datetime) -> datetime | None:
    return given if given is not None and earliest <= given <= latest else None


def _link(entry: Entry) -> str | None:
    if entry.link:
        return entry.link
    return next((link.href for link in entry.links if link.rel == "alternate"), None)


def _kept(before: str | None, now: str | None) -> str | None:
    return before if before and now and urls.canonical(before) == urls.canonical(now) else now


def _body(body: Text | None, link: str | None, feed: FeedInfo) -> str:
    if body is None:
        return ""
    from aggregator import prose  # when there is something to clean: most runs find nothing new
    from aggregator.sanitise import clean, from_text

    value = prose.once_escaped(body.value) if body.html else body.value
    if not body.html:
        made = from_text(value)
    elif prose.is_plain(value):
        made = from_text(html.unescape(value))
    else:
        made = clean(prose.with_paragraphs(value), body.base or link or feed.link or feed.url)
    return made if len(made) <= _LONGEST_BODY else clean(made[:_LONGEST_BODY], None) + _CUT


def _pictured(content: str) -> str | None:
    from aggregator.sanitise import first_image

    return first_image(content)


def _title(entry: Entry, content: str, link: str | None) -> str:
    given = entry.title
    if given:
        title = text.plain(given.value) if given.html else text.one_line(given.value)
        if title:
            return text.cut(title, _LONGEST_TITLE)
    return text.excerpt(content, TITLE_LENGTH) or link or "Untitled"


def _links(entry: Entry, *own: str | None) -> list[Link]:
    seen = {("alternate", link) for link in own}
    kept = []
    for candidate in entry.links:
        identity = (candidate.rel, candidate.href)
        if candidate.rel not in _FEED_RELS and identity not in seen:
            seen.add(identity)
            kept.append(_cleaned(candidate))
    return kept


def _cleaned(link: Link) -> Link:
    return Link(
        href=link.href,
        rel=_line(link.rel) or "related",
        type=_line(link.type),
        title=_line(link.title),
        hreflang=text.language_tag(link.hreflang),
        length=link.length,
    )


def _people(people: tuple[Person, ...]) -> tuple[Person, ...]:
    if not people:
        return ()
    cleaned = [Person(name=text.one_line(each.name), uri=each.uri, email=_line(each.email)) for each in people]
    return tuple(dict.fromkeys(person for person in cleaned if person.name))[:_MOST]


def _tags(tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    if not tags:
        return ()
    # WordPress has a category "Education" and a tag "education": one address on most sites.
    found: dict[tuple[str, str | None], Tag] = {}
    for tag in map(_tag, tags):
        if tag.term:
            found.setdefault((tag.term.casefold(), tag.scheme), tag)
    return tuple(found.values())[:_MOST]


def _tag(tag: Tag) -> Tag:
    return Tag(term=text.one_line(tag.term), scheme=_line(tag.scheme), label=_line(tag.label))


def _line(value: str | None) -> str | None:
    return text.one_line(value) or None if value else None


@lru_cache(maxsize=64)
def _own_feed(feed: FeedInfo, url: str, now: datetime) -> FeedInfo:
    # The same for each entry of a document.  The address that we pull is the one that is known to work; the feed's
    # word on its id stands.
    return replace(_claimed(feed, now), url=urls.absolute(urls.public(url)) or _shown(feed.url))


def _claimed(feed: FeedInfo, now: datetime) -> FeedInfo:
    return FeedInfo(
        id=feed.id if urls.valid_id(feed.id) else None,
        title=_line(feed.title),
        url=_shown(feed.url),
        link=feed.link,
        updated=_believable(feed.updated, _EARLIEST, now),
        authors=_people(feed.authors),
        rights=_line(feed.rights),
        language=text.language_tag(feed.language),
    )


def _shown(url: str | None) -> str | None:
    # A feed for one reader names itself with that reader's key.
    return urls.public(url) or None if url else None
