"""The indexes of the tables, for those who make or compare them: the migrations.

Apart from the tables, since to name a setting of PostgreSQL imports all that SQLAlchemy knows of it, 25 ms.
"""

from __future__ import annotations

from sqlalchemy import Index, text

from aggregator.store.schema import archive, archived, band, copy, decision, edit, event, file, metadata, post, source

__all__ = ["metadata"]

Index("ix_source_next_pull", source.c.next_pull)
Index("ix_post_published", post.c.published.desc(), post.c.pk.desc())
# SQLite uses a partial index only where a query says its condition word for word.
Index("ix_post_dirty", post.c.pk, sqlite_where=text("dirty = 1"), postgresql_where=text("dirty"))
# What is neither bound nor held has neither: the second column finds it among all that is in no post.
Index("ix_copy_post_pk_verdict", copy.c.post_pk, copy.c.verdict)
# Without these two, each row of info that is removed costs a look at every copy.
Index("ix_copy_info_pk", copy.c.info_pk)
Index("ix_copy_via_pk", copy.c.via_pk)
# With the posts behind them: which post has a page, or a text, first and last is read from the ends.
Index("ix_copy_page", copy.c.page, copy.c.post_pk)
Index("ix_copy_text", copy.c.text, copy.c.post_pk)
Index("ix_copy_listed", copy.c.source_pk, copy.c.listed_at.desc(), copy.c.post_pk.desc())
_GIVEN = text("verdict IS NOT NULL")
Index("ix_copy_verdict", copy.c.verdict, sqlite_where=_GIVEN, postgresql_where=_GIVEN)
Index("ix_edit_copy_pk", edit.c.copy_pk)
Index("ix_band_copy_pk", band.c.copy_pk)
Index("ix_band_at", band.c.at)
Index("ix_decision_post_pk", decision.c.post_pk)
Index("ix_decision_copy_pk", decision.c.copy_pk)
Index("ix_event_source_pk", event.c.source_pk)
Index("ix_event_at", event.c.at)
Index("ix_event_waiting", event.c.pk, sqlite_where=text("published = 0"), postgresql_where=text("NOT published"))
Index("ix_file_post_pk", file.c.post_pk)
Index("ix_archive_dirty", archive.c.folder, sqlite_where=text("dirty = 1"), postgresql_where=text("dirty"))
Index("ix_archived_archive_pk", archived.c.archive_pk)
