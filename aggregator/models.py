"""The words of the program: frozen values that the stages hand to each other.

``Source``       a line of feeds.yaml
``Feed``         one document as its publisher sent it: ``FeedInfo`` and ``Entry`` values
``Copy``         one source's copy of a story, normalised: what the archive keeps
``Post``         what we republish: one story, its primary copy, and the copies of other sources
``OutputFeed``   a feed that we publish: the whole site, or one level of a category path
``Document``     bytes with a name, ready to be written

Every time is an aware ``datetime`` in UTC.  Every address is an absolute IRI.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from aggregator.categories import folder_of


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who wrote something (RFC 4287, section 3.2)."""

    name: str
    uri: str | None = None
    email: str | None = None


class Link(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reference from an entry or a feed (RFC 4287, section 4.2.7); an enclosure is one of them."""

    href: str
    rel: str = "alternate"
    type: str | None = None
    title: str | None = None
    hreflang: str | None = None
    length: int | None = None


class Tag(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A category that the entry itself names (RFC 4287, section 4.2.2)."""

    term: str
    scheme: str | None = None
    label: str | None = None


class Text(Struct, frozen=True, kw_only=True):
    """A text construct as it came: plain, or markup with the base of its relative references."""

    value: str
    html: bool = False
    base: str | None = None
    language: str | None = None


class FeedInfo(Struct, frozen=True, kw_only=True):
    """What a feed says of itself: the stuff of ``atom:source`` (RFC 4287, section 4.2.11).

    ``url`` is the feed's own address (link ``self``), ``link`` the site that it belongs to
    (link ``alternate``).  Credentials are in neither.
    """

    id: str | None = None
    title: str | None = None
    url: str | None = None
    link: str | None = None
    updated: datetime | None = None
    authors: tuple[Person, ...] = ()
    rights: str | None = None
    language: str | None = None


class Hints(Struct, frozen=True, kw_only=True):
    """What a feed says about when to come back (RSS 2.0 ``ttl``, ``skipHours``, ``skipDays``; ``sy:``).

    ``fresh`` is the max-age of the answer that it came in, or of a later one that confirmed it.
    """

    interval: timedelta | None = None
    fresh: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


class Entry(Struct, frozen=True, kw_only=True):
    """What a feed said: one item, before any rule of ours was applied to it."""

    guid: str | None = None
    title: Text | None = None
    summary: Text | None = None
    content: Text | None = None
    link: str | None = None
    links: tuple[Link, ...] = ()
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    tags: tuple[Tag, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    image: str | None = None
    rights: str | None = None
    language: str | None = None
    source: FeedInfo | None = None


class Deletion(Struct, frozen=True, kw_only=True):
    """An entry that is no more (RFC 6721): its id, since when, and what is said of it."""

    ref: str
    at: datetime
    comment: str | None = None


class Feed(Struct, frozen=True, kw_only=True):
    """One parsed document.  ``warnings`` names what was left out or repaired, for the editor."""

    info: FeedInfo
    entries: tuple[Entry, ...]
    deleted: tuple[Deletion, ...] = ()
    hints: Hints = Hints()
    warnings: tuple[str, ...] = ()
    format: str = ""


#: The fields of an entry that ``include`` and ``exclude`` of feeds.yaml look at.
FilterField = Literal["title", "content", "link", "author", "tag"]


class Admission(Struct, frozen=True, kw_only=True):
    """The bounds within which new entries of a source are published at once; ``admission`` applies them.

    ``history`` is how many entries of a source that joins later are published, ``burst`` how many new ones a pull may
    always bring, ``rate`` how many times its own rate a source may exceed; ``future`` is how far ahead a date may be.
    0 takes a bound away.  With ``links``, entries that lead to a site where none before did are held.
    """

    history: int = 20
    burst: int = 50
    rate: int = 10
    future: timedelta = timedelta(days=1)
    links: bool = True


class Likeness(Struct, frozen=True, kw_only=True):
    """How much alike texts must be to be one story, from 0 to 1, among the sources of the category path ``level``."""

    level: tuple[str, ...]
    least: float


#: What decides which copy of a story is the primary one: declared ranks, whose page it is, the earliest, the longest.
PrimaryRule = Literal["rank", "site", "earliest", "longest"]
#: All of them, in the order that counts where the editor gives none.
PRIMARY_RULES: tuple[PrimaryRule, ...] = ("rank", "site", "earliest", "longest")


class Source(Struct, frozen=True, kw_only=True):
    """A line of feeds.yaml, with its defaults filled in.

    ``url`` and ``headers`` may hold secrets and are for the network alone; whatever is shown, logged or
    published uses ``urls.public(url)``, and outputs ``public_url`` where there is one: readers' programs know no
    ``rsshub:``.  ``include`` and ``exclude`` map a field to a regular expression.
    ``keep`` is the number of entries taken per pull, newest first; 0 takes all.  ``interval`` is the time between two
    pulls; with ``longest`` it is the shortest, and the source's rhythm decides between the two.  ``rank`` decides which
    of several sources a story is credited to, 1 being the first; ``alike`` is set where its category asks for that.
    ``place`` is where its address stands, to be looked up by people: ``feeds.yaml:12``.
    """

    id: str
    url: str
    category: tuple[str, ...] = ()
    title: str | None = None
    interval: timedelta = timedelta(hours=1)
    longest: timedelta | None = None
    keep: int = 0
    include: Mapping[FilterField, str] = field(default_factory=dict)
    exclude: Mapping[FilterField, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    admission: Admission = Admission()
    rank: int | None = None
    alike: Likeness | None = None
    enabled: bool = True
    place: str | None = None
    public_url: str | None = None

    def __repr__(self) -> str:  # its address and headers may hold secrets
        return f"Source(id={self.id!r})"


class Copy(Struct, frozen=True, kw_only=True):
    """One source's copy of a story, normalised.

    ``key`` is its identity within its source, for ever.  ``feed`` is who said it: the entry's own
    ``atom:source`` when it brought one, else the feed it stood in; in the first case ``via`` is the feed
    that we pulled it from, so that a false claim can be seen.  ``published`` never changes after the first
    sight; ``updated`` moves only when the words did.
    """

    source_id: str
    key: str
    guid: str | None
    link: str | None
    title: str
    content: str
    summary: str
    published: datetime
    updated: datetime
    first_seen: datetime
    feed: FeedInfo
    via: FeedInfo | None = None
    links: tuple[Link, ...] = ()
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    tags: tuple[Tag, ...] = ()
    image: str | None = None
    rights: str | None = None
    language: str | None = None


class Attribution(Struct, frozen=True, kw_only=True):
    """Who carried a story, and where: a copy seen from the post that it belongs to.

    ``title`` is the source's name for readers: the one that feeds.yaml gives, else the feed's own.
    ``url`` is the site, ``feed`` the feed's address without credentials, ``link`` the entry there.
    """

    source_id: str
    title: str
    url: str | None
    feed: str | None
    link: str | None
    author: str | None


class Post(Struct, frozen=True, kw_only=True):
    """What we republish: one story under one id, for ever.

    ``id`` is its ``atom:id`` in every output, ``name`` the stem of its file; both were decided at first
    sight.  ``category`` is the path of the primary copy's source, outermost first.  ``source`` credits the
    primary copy, ``also_in`` the other sources that carried the same story.  When the entry claimed a source
    of its own, ``source`` is that claim and ``via`` the source that we pulled it from.
    """

    id: str
    name: str
    copy: Copy
    category: tuple[str, ...]
    source: Attribution
    also_in: tuple[Attribution, ...] = ()
    via: Attribution | None = None

    @property
    def published(self) -> datetime:
        return self.copy.published

    @property
    def updated(self) -> datetime:
        return self.copy.updated


class Level(Struct, frozen=True, kw_only=True):
    """One level of a category path: its name as the editor wrote it, its slug as the outputs' folder."""

    name: str
    slug: str


class OutputFeed(Struct, frozen=True, kw_only=True):
    """A feed that we publish: the whole site (no levels) or one level of a category path.

    ``id`` is its ``atom:id``, for ever.  ``limit`` is the number of entries; 0 means all.  ``query`` makes it a
    feed on demand, which stands in no folder: what follows ``?`` in its address, "" where nothing does.
    ``complete`` says that every entry it has stands in one document (RFC 5005, section 2), ``last_archive`` is the
    number of its newest archive document (section 4), ``older_page`` that of the newest one with a post that the feed
    does not show.  ``deleted`` are entries that stood in it, for readers to forget.
    """

    id: str
    title: str
    levels: tuple[Level, ...]
    limit: int
    query: str | None = None
    complete: bool = False
    last_archive: int | None = None
    older_page: int | None = None
    deleted: tuple[Deletion, ...] = ()

    @property
    def category(self) -> tuple[str, ...]:
        return tuple(level.name for level in self.levels)

    @property
    def folder(self) -> str:
        """Where its documents stand below ``output.path``: "" for the whole site."""
        return folder_of(level.slug for level in self.levels)


class Archive(Struct, frozen=True, kw_only=True):
    """The place of an archive document in its feed (RFC 5005, section 4): its number, and its neighbours'."""

    number: int
    previous: int | None = None
    following: int | None = None


class Site(Struct, frozen=True, kw_only=True):
    """What every output says of the place it is published at.  ``url`` ends with a slash."""

    title: str
    url: str
    author: str | None = None
    language: str | None = None


class Publication(Struct, frozen=True, kw_only=True):
    """All that renderers know besides the posts.

    ``feeds`` starts with the whole site; ``formats`` are the names of ``FORMATS`` that are made.
    ``authority`` names us in the ids that we mint.  ``created`` stands in for the newest entry's time where a feed has
    no entry.  ``templates`` is the folder whose templates stand in for ours, ``credit`` the line above stories of
    several sources (``credit.shown``).
    """

    site: Site
    formats: tuple[str, ...]
    feeds: tuple[OutputFeed, ...]
    authority: str
    created: datetime
    templates: Path | None = None
    credit: str | None = None

    @property
    def has_pages(self) -> bool:
        """Whether each feed has a page, and the site one on its sources."""
        return "html" in self.formats


class Subscription(Struct, frozen=True, kw_only=True):
    """A source as the outputs list it: ``feed`` is its address without credentials, ``url`` its site.

    ``newest`` is the time of its newest post; ``gone`` says that its server took it away for good, ``enabled`` is
    false where feeds.yaml has it wait.
    """

    title: str
    feed: str
    url: str | None
    category: tuple[str, ...]
    newest: datetime | None = None
    gone: bool = False
    enabled: bool = True


class Document(Struct, frozen=True, kw_only=True):
    """Bytes with a name: ``path`` is relative to its output folder, with ``/`` between its parts."""

    path: str
    body: bytes
