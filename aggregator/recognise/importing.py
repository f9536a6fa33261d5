"""What the files of posts make: copies of the sources that they name, under the names that pulls will know them by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec.structs import replace

from aggregator import credit, normalise, sanitise, text, urls
from aggregator.models import Attribution, Copy, Entry, FeedInfo, Person, Post, Source, Tag, Text
from aggregator.postfile import PostFile
from aggregator.recognise import changes, making
from aggregator.recognise.entries import alias
from aggregator.records import TURNED_AWAY, Alias, CopyWrite, Known, Made
from aggregator.times import LONG_AGO

_SECOND = timedelta(seconds=1)
# An id of ours (``minting``) names the source and the key of the copy that it was made for.
_OURS = re.compile(r"tag:[^,]+,2026:([^:]+):([0-9a-f]{32})")


def carriers(post: PostFile) -> tuple[Attribution, ...]:
    """Return who carried the story: the feed that it was pulled from first, then the others in their order."""
    nobody = Attribution(source_id="", title="", url=None, feed=None, link=None, author=None)
    return replace(post.pulled or nobody, link=post.link), *post.also_in


def named(post: PostFile) -> str | None:
    """Return what the id of ``post`` tells of the source that it was made for: the source's id, percent-encoded."""
    ours = _OURS.match(post.id or "")
    return ours[1] if ours else None


def made(
    post: PostFile, sources: Sequence[Source], is_alone: Callable[[Attribution], bool], *, now: datetime
) -> tuple[tuple[str, CopyWrite], ...]:
    """Return what is to be written of ``post``, each with the id of its source, the primary copy first.

    ``sources`` are those of its ``carriers``; ``is_alone`` tells whether no other post leads to a carrier's page, so
    that this can be a name.
    """
    keys = _keys(post, sources)
    copies = (
        _primary(post, sources[0], keys[0], now),
        *(
            # Copies stand in the order of their dates.
            replace(_other(post, each, source, key, now), published=(post.date or now) + place * _SECOND)
            for place, (each, source, key) in enumerate(zip(post.also_in, sources[1:], keys[1:], strict=True))
        ),
    )
    return tuple(
        (source.id, _write(post, copy, is_alone(each)))
        for source, copy, each in zip(sources, copies, carriers(post), strict=True)
    )


def without_credit(post: PostFile, template: str | None, language: str | None) -> PostFile:
    """Return ``post`` without the line on its sources that ``credit.shown`` puts above the body."""
    said = post.source
    if said is None or not post.also_in or not template:
        return post
    shown = credit.shown(_bare(post, said), template, language)
    body, line = sanitise.clean(post.body, post.link), sanitise.clean(shown.copy.content, None)
    return replace(post, body=body.removeprefix(line))


def is_known(write: CopyWrite, known: Mapping[str, Known]) -> bool:
    """Tell whether the archive has the entry already, or turned it away; ``known`` are its names there.

    What retention rules removed is not known: who imports it wants it back.
    """
    if write.copy is None:
        return False
    by_key = known.get(write.copy.key)
    if by_key is not None and (not by_key.pruned or by_key.verdict):
        return True
    return any(
        found.verdict in TURNED_AWAY
        or (not found.pruned and (found.published == write.copy.published or found.title == write.copy.title))
        for name in write.aliases
        # Words alone tell nothing: a column may say the same each week.
        if name.kind != "text" and (found := known.get(name.value))
    )


def _keys(post: PostFile, sources: Sequence[Source]) -> list[str]:
    identity = (post.id,) if post.id else (post.title, post.dated, *post.categories)
    keys = [text.digest("imported", str(place), *identity) for place in range(len(sources))]
    ours = _OURS.fullmatch(post.id or "")
    if ours:
        named = (place for place, source in enumerate(sources) if quote(source.id) == ours[1])
        keys[next(named, 0)] = ours[2]
    elif post.id:
        keys[0] = text.digest("guid", post.id)
    return keys


def _primary(post: PostFile, source: Source, key: str, now: datetime) -> Copy:
    said = post.source
    entry = Entry(
        title=Text(value=post.title),
        content=Text(value=post.body, html=True),
        link=post.link,
        authors=_people(said.author if said else None),
        tags=tuple(Tag(term=tag) for tag in post.tags),
        published=post.date,
        updated=post.updated,
        image=post.picture,
    )
    copy = _normalised(entry, source, key, now)
    if said is None:
        return replace(copy, feed=FeedInfo(title=post.author))
    feed = _info(said)
    if said.author is None and post.author and post.author != said.title:
        feed = replace(feed, authors=_people(post.author))
    return replace(copy, feed=feed, via=_info(post.via) if post.via else None)


def _other(post: PostFile, carrier: Attribution, source: Source, key: str, now: datetime) -> Copy:
    # Nobody knows what words it had.
    entry = Entry(title=Text(value=post.title), link=carrier.link, authors=_people(carrier.author), published=post.date)
    return replace(_normalised(entry, source, key, now), feed=_info(carrier))


def _normalised(entry: Entry, source: Source, key: str, now: datetime) -> Copy:
    if source.url.startswith(urls.NOWHERE):
        source = replace(source, url="")  # nothing is relative to that
    return normalise.normalise(entry, FeedInfo(), source, key=key, now=now, known=None)


def _info(said: Attribution) -> FeedInfo:
    return FeedInfo(title=said.title or None, url=said.feed, link=said.url)


def _people(name: str | None) -> tuple[Person, ...]:
    return (Person(name=name),) if name else ()


def _bare(post: PostFile, said: Attribution) -> Post:
    copy = Copy(
        source_id="",
        key="",
        guid=None,
        link=post.link,
        title=post.title,
        content="",
        summary="",
        published=LONG_AGO,
        updated=LONG_AGO,
        first_seen=LONG_AGO,
        feed=FeedInfo(),
    )
    credited = replace(said, link=post.link)
    return Post(id="", name="", copy=copy, category=post.categories, source=credited, also_in=post.also_in)


def _write(post: PostFile, copy: Copy, is_alone: bool) -> CopyWrite:
    page = urls.page(copy.link) if is_alone else None
    # No entry has that fingerprint: the next pull brings what the file does not say.
    measured = making.measured(copy, fingerprint="")
    return changes.new(measured, page and text.digest(page), tuple(_aliases(post, measured, page)))


def _aliases(post: PostFile, made: Made, page: str | None) -> Iterator[Alias]:
    copy = made.copy
    yield alias("text", copy.title, copy.key)
    if post.id and copy.key != (by_id := text.digest("guid", post.id)):
        yield alias("guid", post.id, by_id)
    if page:
        yield alias("link", copy.link or page, text.digest("link", page))
    if copy.content:
        yield changes.by_words(made)
