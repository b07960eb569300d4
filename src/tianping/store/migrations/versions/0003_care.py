"""Versions that put files in order: compactions, erasures; and the settings of a home."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    comment = "paths of files that its own stand for from here on"
    with op.batch_alter_table("store_version") as table:
        table.add_column(sa.Column("replaces", sa.JSON, nullable=False, server_default="[]", comment=comment))
        table.drop_constraint(op.f("ck_store_version_kind"), type_="check")
        table.create_check_constraint(op.f("ck_store_version_kind"), "kind IN ('import', 'undo', 'compact', 'erase')")
    op.create_table(
        "setting",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
