"""The tables.  ``migrations/`` makes them; a test holds the two together.

``source``    a line of feeds.yaml and how it stands; ``listed`` while it is in the file
``info``      what a feed said of itself at one time: copies keep the one that they came with
``copy``      one source's copy of a story
``alias``     every name a copy was ever seen under, within its source, and since when; pruned copies keep theirs
``pruned``    when a copy that left the archive had been published: with its words, that tells it from others
``post``      what is republished; ``dirty`` until its outputs were written
``edit``      what changed in a copy, and when: its last few edits
``band``      what copies that look alike have in common, in categories that ask for it, for a few days
``decision``  what was decided of a copy or a post, when and why (``aggregator.reasons``); rows are only ever added
``tombstone`` a post that was taken out: when, why, whose it was; ``shown`` while feeds tell readers of it
``ruling``    what the editor decided for good, asked when copies are bound
``event``     what the editor is told of the sources' health (``aggregator.health``)
``archive``   the archive documents of each feed that is published; ``dirty`` until they were written
``archived``  which posts stand in which of them, decided once
``domain``    what was asked of late of the domains of sources, and which want to be left alone
``slot``      who may ask a domain, or a machine of one's own, at once with others, and who waits for that
``file``      the files that we wrote, and so may replace and remove; ``gone`` are those that we removed
``meta``      single facts: the tagging authority, the digest of the settings that were published last

Times are whole seconds since 1970 in UTC: integers sort, index and compare alike on every database.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

# SQLite numbers rows itself only in a column of the very type INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_encoded = msgspec.msgpack.Encoder().encode
# What PostgreSQL cannot keep in a text (its manual, section 8.3), and what UTF-8 cannot say.
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole seconds; the part of a second is cut off."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        return _seconds

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        return _moment


class Words(TypeDecorator[str]):
    """A text; U+FFFD stands for what no database can keep, so that no feed can make a write fail."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        return _kept


def _seconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    since = value - _EPOCH
    return since.days * 86_400 + since.seconds  # divided by a second, in half the time


def _moment(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + value * _SECOND


def _kept(value: str | None) -> str | None:
    # Nearly all can be kept, and are told quicker than each character of them is looked at.
    if value is None or (value.isascii() and "\x00" not in value) or _is_keepable(value):
        return value
    return _UNKEEPABLE.sub("\ufffd", value)


def _is_keepable(value: str) -> bool:
    # Python keeps what msgspec encodes with the text, and SQLite's driver takes it from there.
    try:
        return "\x00" not in value and bool(_encoded(value))
    except UnicodeEncodeError:
        return False


# What is sorted by sorts by code point, whatever language the server was set up for.
_Name = Words().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

source = Table(
    "source",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("id", _Name, nullable=False, unique=True),
    Column("position", Integer, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("category", Words, nullable=False),
    Column("title", Words),
    Column("feed", Words, nullable=False),
    Column("settings", String(32), nullable=False),
    Column("etag", Words),
    Column("last_modified", Words),
    Column("validators_url", Words),
    Column("body", String(32)),
    Column("next_pull", Moment),
    Column("because", Words),
    Column("last_pull", Moment),
    Column("last_success", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Words),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    Column("moved_to", Words),
    Column("moved_since", Moment),
    Column("moved_times", Integer, nullable=False, server_default="0"),
    Column("adopted", Words),
    Column("known_since", Moment),
    Column("times", Words, nullable=False, server_default="[]"),
    Column("info", Words, nullable=False, server_default="{}"),
    Column("hints", Words, nullable=False, server_default="{}"),
    Column("warnings", Words, nullable=False, server_default="[]"),
    # Whether it was added when the outputs had been published already.
    Column("latecomer", Boolean, nullable=False, server_default=text("false")),
    # Until what lists the sources, and the feeds that it stands in, were written with what became of it.
    Column("dirty", Boolean, nullable=False, server_default=text("false")),
)

info = Table(
    "info",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("source_pk", _Key, ForeignKey("source.pk"), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("data", Words, nullable=False),
    UniqueConstraint("source_pk", "digest"),
)

post = Table(
    "post",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("id", Words, nullable=False),
    # Ids may be longer than an index row of PostgreSQL (2,704 bytes): the digest stands in.
    Column("id_digest", String(32), nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("copy_pk", _Key, nullable=False),
    Column("published", Moment, nullable=False),
    Column("dirty", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

copy = Table(
    "copy",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("source_pk", _Key, ForeignKey("source.pk"), nullable=False),
    Column("post_pk", _Key, ForeignKey("post.pk")),
    # The post's published: what a source's part of an output is sorted by, without a look at the post.
    Column("listed_at", Moment, nullable=False),
    Column("key", String(32), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("words", String(32), nullable=False),
    Column("page", String(32)),
    # The words of the body in any dress, where there are enough of them to tell a story; how many there are.
    Column("text", String(32)),
    Column("length", Integer, nullable=False, server_default="0"),
    Column("published", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("guid", Words),
    Column("link", Words),
    Column("title", Words, nullable=False),
    Column("info_pk", _Key, ForeignKey("info.pk"), nullable=False),
    Column("via_pk", _Key, ForeignKey("info.pk")),
    # Changes taken since it last was at rest, the last one's time, and whether one waits.
    Column("edits", Integer, nullable=False, server_default="0"),
    Column("edited", Moment),
    Column("waiting", Boolean, nullable=False, server_default=text("false")),
    # Why it stands in no post: held, archived, rejected, retracted, withdrawn; a date to come ends it by itself.
    Column("verdict", String(16)),
    Column("until", Moment),
    # The date that its source gave last, where that is not the one above.
    Column("dated", Moment),
    # What is long stands last: SQLite reads a row from its beginning.
    Column("more", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("content", Words, nullable=False),
    UniqueConstraint("source_pk", "key"),
    # The aliases of a pruned copy still hold its number: no other copy may get it.
    sqlite_autoincrement=True,
)

alias = Table(
    "alias",
    metadata,
    Column("source_pk", _Key, ForeignKey("source.pk"), primary_key=True),
    Column("value", String(32), primary_key=True),
    Column("copy_pk", _Key, nullable=False),
    Column("kind", String(8), nullable=False, server_default="unknown"),
    Column("said", Words),
    Column("first_seen", Moment),
    sqlite_with_rowid=False,
)

pruned = Table(
    "pruned",
    metadata,
    Column("copy_pk", _Key, primary_key=True, autoincrement=False),
    Column("published", Moment, nullable=False),
)

edit = Table(
    "edit",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("copy_pk", _Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("title_before", Words, nullable=False),
    Column("title_after", Words, nullable=False),
)

band = Table(
    "band",
    metadata,
    Column("value", String(32), primary_key=True),
    Column("copy_pk", _Key, primary_key=True),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

decision = Table(
    "decision",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("code", String(32), nullable=False),
    # Numbers that outlive what they stood for: a decision is told of what is gone, too.
    Column("post_pk", _Key),
    Column("copy_pk", _Key),
    Column("source_pk", _Key),
    Column("detail", Words, nullable=False, server_default="{}"),
)

event = Table(
    "event",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("source_pk", _Key, ForeignKey("source.pk"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("detail", Words, nullable=False),
    Column("since", Moment),
    Column("published", Boolean, nullable=False),
)

archive = Table(
    "archive",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("folder", _Name, nullable=False),
    Column("number", Integer, nullable=False),
    # How many posts were ever put into it: one that lost some is not filled up again.
    Column("filled", Integer, nullable=False),
    Column("dirty", Boolean, nullable=False),
    UniqueConstraint("folder", "number"),
)

archived = Table(
    "archived",
    metadata,
    Column("post_pk", _Key, ForeignKey("post.pk", ondelete="CASCADE"), primary_key=True),
    Column("archive_pk", _Key, ForeignKey("archive.pk"), primary_key=True),
    sqlite_with_rowid=False,
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("post_pk", _Key, ForeignKey("post.pk"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("code", String(32), nullable=False),
    Column("comment", Words),
    Column("sources", Words, nullable=False),
    Column("shown", Boolean, nullable=False),
)

ruling = Table(
    "ruling",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("value", String(32), primary_key=True),
    sqlite_with_rowid=False,
)

file = Table(
    "file",
    metadata,
    Column("folder", String(16), primary_key=True),
    Column("path", String(4096), primary_key=True),
    Column("post_pk", _Key),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    # Of its bytes, as we wrote them.
    Column("digest", String(32)),
    sqlite_with_rowid=False,
)

domain = Table(
    "domain",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("asked", Words, nullable=False),
    Column("closed_until", Moment),
    Column("refusals", Integer, nullable=False),
    Column("because", Words),
    sqlite_with_rowid=False,
)

slot = Table(
    "slot",
    metadata,
    # The place in the line; numbers are given out by who writes, alone.
    Column("pk", _Key, primary_key=True, autoincrement=False),
    Column("domain", Words, nullable=False),
    Column("holder", String(32), nullable=False),
    Column("until", Moment, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Words, nullable=False),
)
