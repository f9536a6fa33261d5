"""Archive documents of the published feeds, and the memory of files that were removed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("folder", NAME, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Integer(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_archive")),
        sa.UniqueConstraint("folder", "number", name=op.f("uq_archive_folder_number")),
    )
    op.create_index(
        "ix_archive_dirty",
        "archive",
        ["folder"],
        unique=False,
        sqlite_where=sa.text("dirty = 1"),
        postgresql_where=sa.text("dirty"),
    )
    op.create_table(
        "archived",
        sa.Column("post_pk", KEY, nullable=False),
        sa.Column("archive_pk", KEY, nullable=False),
        sa.ForeignKeyConstraint(["archive_pk"], ["archive.pk"], name=op.f("fk_archived_archive_pk")),
        sa.ForeignKeyConstraint(["post_pk"], ["post.pk"], name=op.f("fk_archived_post_pk"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_pk", "archive_pk", name=op.f("pk_archived")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_archived_archive_pk", "archived", ["archive_pk"], unique=False)
    op.add_column("file", sa.Column("gone", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("file", "gone")
    op.drop_table("archived")
    op.drop_table("archive")
