"""Why a source is due when it is, how often it publishes, and where it moved to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("source", sa.Column("because", sa.Text(), nullable=True))
    op.add_column("source", sa.Column("moved_since", sa.BigInteger(), nullable=True))
    op.add_column("source", sa.Column("moved_times", sa.Integer(), server_default="0", nullable=False))
    op.add_column("source", sa.Column("adopted", sa.Text(), nullable=True))
    op.add_column("source", sa.Column("known_since", sa.BigInteger(), nullable=True))
    op.add_column("source", sa.Column("times", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    for column in ("times", "known_since", "adopted", "moved_times", "moved_since", "because"):
        op.drop_column("source", column)
