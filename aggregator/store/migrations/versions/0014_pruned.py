"""The dates of what was pruned, from now on: an entry that comes back under other names is known by words and date."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "pruned",
        sa.Column("copy_pk", KEY, autoincrement=False, nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("copy_pk", name=op.f("pk_pruned")),
    )


def downgrade() -> None:
    op.drop_table("pruned")
