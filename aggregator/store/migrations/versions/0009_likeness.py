"""The time of bands: those of the last days alone are kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make(sa.Column("at", sa.BigInteger(), nullable=False))
    op.create_index("ix_band_at", "band", ["at"], unique=False)


def downgrade() -> None:
    _make()


def _make(*more: sa.Column[int]) -> None:
    # Nothing was ever in it.
    op.drop_table("band")
    op.create_table(
        "band",
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("copy_pk", KEY, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("value", "copy_pk", name=op.f("pk_band")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_band_copy_pk", "band", ["copy_pk"], unique=False)
