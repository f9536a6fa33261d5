"""The tables.  ``migrations/`` makes them; a test holds the two together.

``source``    a line of feeds.yaml and how it stands; ``listed`` while it is in the file
``info``      what a feed said of itself at one time: copies keep the one that they came with
``copy``      one source's copy of a story
``alias``     every name a copy was ever seen under, within its source; pruned copies keep theirs
``post``      what is republished; ``dirty`` until its outputs were written
``file``      the files that we wrote, and so may replace and remove
``meta``      single facts: the tagging authority, the digest of the settings that were published last

Times are whole seconds since 1970 in UTC: integers sort, index and compare alike on every database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
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


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return None if value is None else int(value.timestamp())

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


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
    Column("id", Text, nullable=False, unique=True),
    Column("position", Integer, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("category", Text, nullable=False),
    Column("title", Text),
    Column("feed", Text, nullable=False),
    Column("settings", String(32), nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body", String(32)),
    Column("next_pull", Moment),
    Column("last_pull", Moment),
    Column("last_success", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    Column("moved_to", Text),
    Column("info", Text, nullable=False, server_default="{}"),
    Column("hints", Text, nullable=False, server_default="{}"),
    Column("warnings", Text, nullable=False, server_default="[]"),
)

info = Table(
    "info",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("source_pk", _Key, ForeignKey("source.pk"), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("data", Text, nullable=False),
    UniqueConstraint("source_pk", "digest"),
)

post = Table(
    "post",
    metadata,
    Column("pk", _Key, primary_key=True),
    Column("id", Text, nullable=False),
    # Ids may be longer than an index row of PostgreSQL (2,704 bytes): the digest stands in.
    Column("id_digest", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
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
    Column("version", String(32), nullable=False),
    Column("words", String(32), nullable=False),
    Column("page", String(32)),
    Column("published", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("guid", Text),
    Column("link", Text),
    Column("title", Text, nullable=False),
    Column("info_pk", _Key, ForeignKey("info.pk"), nullable=False),
    Column("via_pk", _Key, ForeignKey("info.pk")),
    Column("more", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("content", Text, nullable=False),
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
    sqlite_with_rowid=False,
)

file = Table(
    "file",
    metadata,
    Column("folder", String(16), primary_key=True),
    Column("path", String(4096), primary_key=True),
    Column("post_pk", _Key),
    sqlite_with_rowid=False,
)

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

Index("ix_source_next_pull", source.c.next_pull)
Index("ix_post_published", post.c.published.desc(), post.c.pk.desc())
Index("ix_post_dirty", post.c.pk, sqlite_where=post.c.dirty, postgresql_where=post.c.dirty)
Index("ix_copy_post_pk", copy.c.post_pk)
Index("ix_copy_page", copy.c.page)
Index("ix_copy_listed", copy.c.source_pk, copy.c.listed_at.desc(), copy.c.post_pk.desc())
Index("ix_file_post_pk", file.c.post_pk)
