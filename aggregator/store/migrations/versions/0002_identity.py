"""Names with kind, words and time; what was decided and why; edits; fingerprints of words."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("copy", sa.Column("text", sa.String(length=32), nullable=True))
    op.add_column("copy", sa.Column("length", sa.Integer(), server_default="0", nullable=False))
    op.add_column("copy", sa.Column("edits", sa.Integer(), server_default="0", nullable=False))
    op.add_column("copy", sa.Column("edited", sa.BigInteger(), nullable=True))
    op.add_column("copy", sa.Column("waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("alias", sa.Column("kind", sa.String(length=8), server_default="unknown", nullable=False))
    op.add_column("alias", sa.Column("said", sa.Text(), nullable=True))
    op.add_column("alias", sa.Column("first_seen", sa.BigInteger(), nullable=True))
    present = sa.text("text IS NOT NULL")
    op.create_index("ix_copy_text", "copy", ["text"], unique=False, sqlite_where=present, postgresql_where=present)
    op.create_table(
        "edit",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("copy_pk", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("title_before", sa.Text(), nullable=False),
        sa.Column("title_after", sa.Text(), nullable=False),
        sa.Column("words_before", sa.String(length=32), nullable=False),
        sa.Column("words_after", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_edit")),
    )
    op.create_index("ix_edit_copy_pk", "edit", ["copy_pk"], unique=False)
    op.create_table(
        "band",
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("copy_pk", KEY, nullable=False),
        sa.PrimaryKeyConstraint("value", "copy_pk", name=op.f("pk_band")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_band_copy_pk", "band", ["copy_pk"], unique=False)
    op.create_table(
        "decision",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("post_pk", KEY, nullable=True),
        sa.Column("copy_pk", KEY, nullable=True),
        sa.Column("source_pk", KEY, nullable=True),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_post_pk", "decision", ["post_pk"], unique=False)
    op.create_index("ix_decision_copy_pk", "decision", ["copy_pk"], unique=False)


def downgrade() -> None:
    op.drop_table("decision")
    op.drop_table("band")
    op.drop_table("edit")
    op.drop_index("ix_copy_text", "copy")
    for column in ("first_seen", "said", "kind"):
        op.drop_column("alias", column)
    for column in ("waiting", "edited", "edits", "length", "text"):
        op.drop_column("copy", column)
