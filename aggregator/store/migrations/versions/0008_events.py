"""What the editor is told of the sources' health."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("pk", KEY, nullable=False),
        sa.Column("source_pk", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_pk"], ["source.pk"], name=op.f("fk_event_source_pk")),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_event")),
    )
    op.create_index("ix_event_source_pk", "event", ["source_pk"], unique=False)
    op.create_index("ix_event_at", "event", ["at"], unique=False)
    op.create_index(
        "ix_event_waiting",
        "event",
        ["pk"],
        unique=False,
        sqlite_where=sa.text("published = 0"),
        postgresql_where=sa.text("NOT published"),
    )


def downgrade() -> None:
    op.drop_table("event")
