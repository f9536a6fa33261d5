"""What a document of ours says as we wrote it, so that the next one can take entries over from it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("file", sa.Column("digest", sa.String(length=32)))


def downgrade() -> None:
    op.drop_column("file", "digest")
