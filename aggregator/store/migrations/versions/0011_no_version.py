"""A copy's version, which its content tells itself."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.drop_column("copy", "version")


def downgrade() -> None:
    op.add_column("copy", sa.Column("version", sa.String(length=32), server_default="", nullable=False))
