"""What the archive knows, and what is about to be written to it: frozen values between thinking and store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from aggregator.events import HealthEvent
from aggregator.models import Copy, Entry, Feed, FeedInfo, Hints
from aggregator.reasons import Reason

#: What a name of a copy is made of: the id or the address that its source gave it, or its words.
AliasKind = Literal["guid", "link", "text"]


class Alias(Struct, frozen=True, kw_only=True, eq=False):
    """A name of a copy within its source: ``value`` stands for it, ``said`` is what the source said, cut short."""

    value: str
    kind: AliasKind
    said: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alias) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


class Candidate(Struct, frozen=True, kw_only=True):
    """An entry of a document with its aliases, strongest first; the first one is the key of a new copy.

    ``page`` stands for the page that it links to, when no other entry of the document links there: sources
    that share one carry the same story.
    """

    entry: Entry
    aliases: tuple[Alias, ...]
    page: str | None

    @property
    def key(self) -> str:
        """What a copy made of it is known by within its source, for ever."""
        return self.aliases[0].value


class Known(Struct, frozen=True, kw_only=True):
    """A copy that the archive has, or had: as much of it as recognising takes.

    ``fingerprint`` stands for the entry as it came, ``words`` for those that a reader sees.  ``edits`` counts changes
    since its last rest, ``edited`` is the last one's time, ``waiting`` tells whether that one is not taken yet.
    ``dated`` is the date that its source gave last, where that is not the one it was ``published`` under.
    ``pruned`` copies have left the archive, or were turned away; they are known still, so that they do not come back as
    new.  ``verdict`` tells why a copy stands in no post.
    """

    pk: int
    key: str
    fingerprint: str
    words: str
    title: str
    guid: str | None
    published: datetime
    updated: datetime
    first_seen: datetime
    link: str | None = None
    edits: int = 0
    edited: datetime | None = None
    waiting: bool = False
    pruned: bool = False
    verdict: str | None = None
    dated: datetime | None = None

    def has_date(self, given: datetime | None) -> bool:
        """Tell whether ``given`` is a date of it: the one it was published under, or the last one."""
        return given is not None and given in (self.published, self.dated)


class SourceState(Struct, frozen=True, kw_only=True):
    """How a source stands after its last pull.

    ``etag`` and ``last_modified`` are the validators as they came, from ``validators_url``; ``body`` is a
    digest of the last body that was stored.  ``next_pull`` is None for a source that was never pulled, or
    that is ``gone``; ``because`` says why it is when it is.  ``failures`` counts those in a row; ``error`` is the
    last one's message.

    ``moved_to`` is where permanent redirects lead, for the ``moved_times``-th pull in a row since ``moved_since``;
    ``adopted`` the address that lasted and is asked instead of the one in feeds.yaml.  ``times`` are the latest
    occasions on which the source published, oldest first; it is watched since ``known_since``.
    """

    etag: str | None = None
    last_modified: str | None = None
    validators_url: str | None = None
    body: str | None = None
    next_pull: datetime | None = None
    because: str | None = None
    last_pull: datetime | None = None
    last_success: datetime | None = None
    failures: int = 0
    error: str | None = None
    gone: bool = False
    moved_to: str | None = None
    moved_since: datetime | None = None
    moved_times: int = 0
    adopted: str | None = None
    known_since: datetime | None = None
    times: tuple[datetime, ...] = ()
    info: FeedInfo = FeedInfo()
    hints: Hints = Hints()
    warnings: tuple[str, ...] = ()


class DomainState(Struct, frozen=True, kw_only=True):
    """How a domain stands with us: when it was ``asked`` of late, and until when it wants to be left alone.

    ``asked`` is in the order of time; ``refusals`` counts those in a row; ``because`` says why it is closed.
    """

    name: str
    asked: tuple[datetime, ...] = ()
    closed_until: datetime | None = None
    refusals: int = 0
    because: str | None = None


#: All that ``standing`` returns.
STATES = ("ok", "new", "failing", "gone", "disabled")


def standing(state: SourceState, *, enabled: bool) -> str:
    """Return a source's state in one word."""
    if not enabled:
        return "disabled"
    if state.gone:
        return "gone"
    if state.failures:
        return "failing"
    return "ok" if state.last_success else "new"


#: Verdicts on copies that are known still, but neither kept up to date nor published.
TURNED_AWAY = ("rejected", "retracted", "withdrawn")


class Verdict(Struct, frozen=True, kw_only=True):
    """Why a new copy becomes no post: it is ``held`` for the editor, or only ``archived``; ``detail`` gives figures.

    ``until`` is when a date to come will have come, and the copy is let in by itself.
    """

    kind: Literal["held", "archived"]
    code: Reason
    detail: str
    until: datetime | None = None


class Made(Struct, frozen=True, kw_only=True):
    """What an entry makes: a copy, and what stands for the words of its body and how many they are.

    ``fingerprint`` stands for the entry, ``words`` for those of the copy.
    """

    copy: Copy
    text: str
    length: int
    fingerprint: str
    words: str


class Reading(Struct, frozen=True, kw_only=True):
    """A document that was read: what it says, and those of its entries that are let in.

    ``made`` is what they make as new copies, one for each, where that was asked for; of the entries only ids, addresses
    and times are told then.
    """

    feed: Feed
    found: tuple[Candidate, ...]
    made: tuple[Made, ...] | None = None


class CopyWrite(Struct, frozen=True, kw_only=True):
    """A copy to be written: a new one, or a new version of the ``known`` one.

    ``copy`` is None when nothing that is published changed: only the ``fingerprint``, the ``aliases`` or the count
    of edits are news.  ``aliases`` are those that the archive does not have yet; ``text`` and ``length`` stand for the
    words of the body, ``text`` only where they are enough to tell a story.  ``reason`` goes to the ledger.
    A new copy with a ``verdict`` is bound to no post.  ``dated`` is as in ``Known``.
    """

    copy: Copy | None
    known: Known | None
    fingerprint: str
    words: str
    aliases: tuple[Alias, ...]
    page: str | None
    verdict: Verdict | None = None
    text: str | None = None
    length: int = 0
    edits: int = 0
    edited: datetime | None = None
    waiting: bool = False
    dated: datetime | None = None
    reason: Reason | None = None


class Pull(Struct, frozen=True, kw_only=True):
    """All that one pull of one source leaves behind: written in one transaction, or not at all.

    ``at`` is the time of the pull: since then its aliases are known, and its edits count.  ``withdrawn`` are the
    numbers of the copies that the source takes back, with what it says of that.  ``relisted`` tells that what lists the
    sources is to say something else of it now.
    """

    source_id: str
    at: datetime
    state: SourceState
    writes: tuple[CopyWrite, ...] = ()
    withdrawn: Mapping[int, str | None] = field(default_factory=dict)
    events: tuple[HealthEvent, ...] = ()
    relisted: bool = False


class SourceReport(Struct, frozen=True, kw_only=True):
    """A source as the editor sees it; ``weekly`` is posts a week over the last four weeks.

    ``twin`` is the id of an earlier source that is the same feed, by the address that answered.  ``place`` is where its
    address stands, as ``feeds.yaml:12``.
    """

    id: str
    title: str
    feed: str
    category: tuple[str, ...]
    enabled: bool
    state: SourceState
    entries: int
    weekly: float
    twin: str | None = None
    place: str | None = None

    @property
    def standing(self) -> str:
        """Its state in one word."""
        return standing(self.state, enabled=self.enabled)

    @property
    def is_asked(self) -> bool:
        """Whether it is ever asked again, as things are."""
        return self.enabled and not self.state.gone


class ArchiveState(Struct, frozen=True, kw_only=True):
    """An archive document of the feed in ``folder``.

    ``filled`` posts were ever put into it; it is ``empty`` when none of them is published any more.
    """

    pk: int
    folder: str
    number: int
    filled: int
    empty: bool = False


class Placed(Struct, frozen=True):
    """What decides where the file of the post numbered ``pk`` stands."""

    pk: int
    name: str
    published: datetime
    category: tuple[str, ...]


class Filing(Struct, frozen=True, kw_only=True):
    """Posts to be put into the archive document ``number`` of ``folder``, which has ``before`` already."""

    folder: str
    number: int
    before: int
    posts: tuple[int, ...]


class Line(Struct, frozen=True, kw_only=True):
    """A source as far as deciding looks at it: its ``feed``'s address without secrets, the site that it claims."""

    feed: str
    link: str | None = None


class Unbound(Struct, frozen=True, kw_only=True):
    """A new copy that belongs to no post yet: as much of it as binding takes.

    ``page_posts`` and ``text_posts`` are the numbers of posts that have its page, or its text, already: the first and
    the last one.
    """

    pk: int
    source_id: str
    key: str
    guid: str | None
    page: str | None
    title: str
    published: datetime
    first_seen: datetime
    link: str | None = None
    words: str = ""
    text: str | None = None
    length: int = 0
    page_posts: tuple[int, ...] = ()
    text_posts: tuple[int, ...] = ()


class PostRef(Struct, frozen=True, kw_only=True):
    """A post, named, the sources whose copies it has, and what its primary copy says: of ``source_id``."""

    pk: int
    id: str
    sources: frozenset[str]
    source_id: str
    title: str
    words: str
    text: str | None


class Resembling(Struct, frozen=True, kw_only=True):
    """A copy whose words are compared with those of others; ``post_pk`` is None while it belongs to no post."""

    pk: int
    post_pk: int | None
    source_id: str
    title: str
    body: str


class Minted(Struct, frozen=True, kw_only=True):
    """A post to be made for ``copy``: its id and the stem of its file, decided once and for ever."""

    id: str
    name: str
    copy: Unbound


class Binding(Struct, frozen=True, kw_only=True):
    """A copy and the post that it comes to belong to, with the reasons: what was decided, and what was not."""

    copy_pk: int
    post_id: str
    reasons: tuple[Reason, ...]


class Bound(Struct, frozen=True, kw_only=True):
    """What becomes of new copies.  ``credited`` maps ids of posts to the copies that are their primary ones now."""

    minted: tuple[Minted, ...]
    bindings: tuple[Binding, ...]
    credited: Mapping[str, int]


class Decision(Struct, frozen=True, kw_only=True):
    """A line of the ledger: what was decided, when and why; the numbers tell of which post, copy and source.

    ``detail`` is whatever helps to understand it: names and ids, in words.
    """

    code: Reason
    at: datetime
    post_pk: int | None = None
    copy_pk: int | None = None
    source_pk: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


class Edit(Struct, frozen=True, kw_only=True):
    """A change that readers see, and the titles before and after."""

    copy_pk: int
    at: datetime
    title_before: str
    title_after: str


class Ticket(Struct, frozen=True, kw_only=True):
    """A place in the line of those who want to ask a domain.

    ``granted`` is whether it may be asked now, ``wanted`` whether another process waits for that.
    """

    number: int
    granted: bool
    wanted: bool
