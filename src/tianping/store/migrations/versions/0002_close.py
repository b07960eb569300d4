"""The closes: which figures were computed, from what was known, by which packs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "close",
        sa.Column("date", sa.Date, nullable=False, comment="T"),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False, comment="what was known"),
        sa.Column(
            "definitions", sa.String(64), nullable=False, comment="digest of the packs and of the days asked for besides"
        ),
        sa.Column("packs", sa.JSON, nullable=False, comment="platform: digest"),
        sa.Column("days", sa.JSON, nullable=False, comment="numbers of days asked for besides the usual ones"),
        sa.Column("path", sa.String, nullable=False, comment="the figures, relative to the home"),
        sa.Column("figures", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["seq"], ["store_version.seq"], name="fk_close_seq"),
        sa.PrimaryKeyConstraint("date", "seq", "definitions", name="pk_close"),
    )
