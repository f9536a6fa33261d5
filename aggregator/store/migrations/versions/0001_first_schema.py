"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "file",
        sa.Column("folder", sa.String(length=16), nullable=False),
        sa.Column("path", sa.String(length=4096), nullable=False),
        sa.Column("post_pk", KEY, nullable=True),
        sa.PrimaryKeyConstraint("folder", "path", name=op.f("pk_file")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_file_post_pk", "file", ["post_pk"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "post",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("id_digest", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("copy_pk", KEY, nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_post")),
        sa.UniqueConstraint("id_digest", name=op.f("uq_post_id_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_post_dirty",
        "post",
        ["pk"],
        unique=False,
        sqlite_where=sa.text("dirty = 1"),
        postgresql_where=sa.text("dirty"),
    )
    op.create_index(
        "ix_post_published", "post", [sa.literal_column("published DESC"), sa.literal_column("pk DESC")], unique=False
    )
    op.create_table(
        "source",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("id", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("settings", sa.String(length=32), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("validators_url", sa.Text(), nullable=True),
        sa.Column("body", sa.String(length=32), nullable=True),
        sa.Column("next_pull", sa.BigInteger(), nullable=True),
        sa.Column("last_pull", sa.BigInteger(), nullable=True),
        sa.Column("last_success", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("gone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("info", sa.Text(), server_default="{}", nullable=False),
        sa.Column("hints", sa.Text(), server_default="{}", nullable=False),
        sa.Column("warnings", sa.Text(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_source")),
        sa.UniqueConstraint("id", name=op.f("uq_source_id")),
    )
    op.create_index("ix_source_next_pull", "source", ["next_pull"], unique=False)
    op.create_table(
        "alias",
        sa.Column("source_pk", KEY, nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("copy_pk", KEY, nullable=False),
        sa.ForeignKeyConstraint(["source_pk"], ["source.pk"], name=op.f("fk_alias_source_pk")),
        sa.PrimaryKeyConstraint("source_pk", "value", name=op.f("pk_alias")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "info",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("source_pk", KEY, nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_pk"], ["source.pk"], name=op.f("fk_info_source_pk")),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_info")),
        sa.UniqueConstraint("source_pk", "digest", name=op.f("uq_info_source_pk_digest")),
    )
    op.create_table(
        "copy",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("source_pk", KEY, nullable=False),
        sa.Column("post_pk", KEY, nullable=True),
        sa.Column("listed_at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("words", sa.String(length=32), nullable=False),
        sa.Column("page", sa.String(length=32), nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("info_pk", KEY, nullable=False),
        sa.Column("via_pk", KEY, nullable=True),
        sa.Column("more", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["info_pk"], ["info.pk"], name=op.f("fk_copy_info_pk")),
        sa.ForeignKeyConstraint(["post_pk"], ["post.pk"], name=op.f("fk_copy_post_pk")),
        sa.ForeignKeyConstraint(["source_pk"], ["source.pk"], name=op.f("fk_copy_source_pk")),
        sa.ForeignKeyConstraint(["via_pk"], ["info.pk"], name=op.f("fk_copy_via_pk")),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_copy")),
        sa.UniqueConstraint("source_pk", "key", name=op.f("uq_copy_source_pk_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_copy_listed",
        "copy",
        ["source_pk", sa.literal_column("listed_at DESC"), sa.literal_column("post_pk DESC")],
        unique=False,
    )
    op.create_index("ix_copy_info_pk", "copy", ["info_pk"], unique=False)
    op.create_index("ix_copy_via_pk", "copy", ["via_pk"], unique=False)
    op.create_index("ix_copy_page", "copy", ["page"], unique=False)
    op.create_index("ix_copy_post_pk", "copy", ["post_pk"], unique=False)


def downgrade() -> None:
    op.drop_table("copy")
    op.drop_table("info")
    op.drop_table("alias")
    op.drop_table("source")
    op.drop_table("post")
    op.drop_table("meta")
    op.drop_table("file")
