"""What nobody asks for: digests of the words of an edit, and whose a ruling was, which the ledger tells."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in ("words_before", "words_after"):
        op.drop_column("edit", column)
    for column in ("post_pk", "at"):
        op.drop_column("ruling", column)


def downgrade() -> None:
    for column in ("words_before", "words_after"):
        op.add_column("edit", sa.Column(column, sa.String(length=32), server_default="", nullable=False))
    op.add_column("ruling", sa.Column("post_pk", KEY, server_default="0", nullable=False))
    op.add_column("ruling", sa.Column("at", sa.BigInteger(), server_default="0", nullable=False))
