"""What several formats say of a post or a feed, found once."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from aggregator import credit, text
from aggregator.models import Attribution, Copy, Link, Person, Post, Publication
from aggregator.publish import safe

_EXCERPT = 280
#: Markup that an excerpt is cut from: most articles say enough in the first part, and cleaning all of a long one
#: takes 1 ms.
_BEGINNINGS = (1_000, 8_000)
#: Characters that a tag or a reference which was cut through may leave.
_SPARE = 20
#: RFC 2046, section 4.5.1: bytes of which nothing is known.
UNKNOWN_TYPE = "application/octet-stream"


class Rendered(NamedTuple):
    """A post as it stands in every document of a format; it follows from the publication and the post alone."""

    published: datetime
    updated: datetime
    body: bytes


def rendered(posts: Sequence[Post], bodies: Sequence[bytes]) -> list[Rendered]:
    """Return ``posts`` with the ``bodies`` that were made of them."""
    return [Rendered(post.published, post.updated, body) for post, body in zip(posts, bodies, strict=True)]


def updated(publication: Publication, made: Sequence[Rendered]) -> datetime:
    """Return the newest post's time; the publication's own where there is none."""
    return second(max((each.updated for each in made), default=publication.created))


def credited(publication: Publication, post: Post) -> Post:
    """Return ``post`` with the line on its sources above its body, where the editor wants one."""
    return credit.shown(post, publication.credit, publication.site.language)


def second(moment: datetime) -> datetime:
    """Return ``moment`` in UTC, to the second: what every format can say."""
    return moment.astimezone(UTC).replace(microsecond=0)


def title(post: Post) -> str:
    """Return the post's title, which is never empty: all formats ask for one."""
    said = (post.copy.title, post.copy.link, post.source.title)
    return next((words for words in said if words and words.strip()), post.id)


def authors(post: Post) -> tuple[Person, ...]:
    """Return who wrote it: the entry's authors, else the feed's, else the source itself (RFC 4287, section 4.1.2)."""
    given = named(post.copy.authors) or named(post.copy.feed.authors)
    return given or (Person(name=post.source.title.strip() or title(post)),)


def named(people: tuple[Person, ...]) -> tuple[Person, ...]:
    """Return those of ``people`` that have a name; no format takes the others."""
    return tuple(person for person in people if person.name.strip())


def enclosures(copy: Copy) -> list[tuple[str, str, Link]]:
    """Return each enclosure's address and media type, which RSS and JSON Feed ask for, and the link itself."""
    return [
        (href, safe.media_type(link.type) or UNKNOWN_TYPE, link)
        for link in copy.links
        if link.rel == "enclosure" and (href := safe.web(link.href))
    ]


def place(source: Attribution) -> str | None:
    """Return the best address that a source gave for a story: the entry, else the site, else the feed."""
    return safe.web(source.link) or safe.web(source.url) or safe.web(source.feed)


def lead(copy: Copy) -> str:
    """Return the first words of the story, as plain text."""
    return _beginning(copy.summary) or _beginning(copy.content)


def _beginning(markup: str) -> str:
    words = ""
    for length in _BEGINNINGS:
        words = _words(markup[:length])
        if len(markup) <= length or len(words) > _EXCERPT + _SPARE:
            break
    return text.cut(words, _EXCERPT)


@lru_cache(maxsize=256)  # RSS asks for those of a hundred posts, then the pages do
def _words(beginning: str) -> str:
    return text.plain(beginning)


def as_html(words: str) -> str:
    """Return plain ``words`` as HTML that shows them."""
    return html.escape(words, quote=False)
