"""What is held, turned away or taken out: verdicts on copies, tombstones of posts, rulings of the editor."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("source", sa.Column("latecomer", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("source", sa.Column("dirty", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("copy", sa.Column("verdict", sa.String(length=16), nullable=True))
    op.add_column("copy", sa.Column("until", sa.BigInteger(), nullable=True))
    given = sa.text("verdict IS NOT NULL")
    op.create_index("ix_copy_verdict", "copy", ["verdict"], sqlite_where=given, postgresql_where=given)
    op.drop_index("ix_copy_post_pk", "copy")
    op.create_index("ix_copy_post_pk_verdict", "copy", ["post_pk", "verdict"])
    op.create_table(
        "tombstone",
        sa.Column("post_pk", KEY, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["post_pk"], ["post.pk"], name=op.f("fk_tombstone_post_pk")),
        sa.PrimaryKeyConstraint("post_pk", name=op.f("pk_tombstone")),
    )
    op.create_table(
        "ruling",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("post_pk", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_ruling")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("ruling")
    op.drop_table("tombstone")
    for index in ("ix_copy_post_pk_verdict", "ix_copy_verdict"):
        op.drop_index(index, "copy")
    op.create_index("ix_copy_post_pk", "copy", ["post_pk"])
    for column in ("until", "verdict"):
        op.drop_column("copy", column)
    for column in ("dirty", "latecomer"):
        op.drop_column("source", column)
