"""Indexes that tell which posts have a page, or a text, first and last."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index("ix_copy_page", "copy")
    op.drop_index("ix_copy_text", "copy")
    op.create_index("ix_copy_page", "copy", ["page", "post_pk"], unique=False)
    op.create_index("ix_copy_text", "copy", ["text", "post_pk"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_copy_page", "copy")
    op.drop_index("ix_copy_text", "copy")
    present = sa.text("text IS NOT NULL")
    op.create_index("ix_copy_text", "copy", ["text"], unique=False, sqlite_where=present, postgresql_where=present)
    op.create_index("ix_copy_page", "copy", ["page"], unique=False)
