"""The versions of the store: one row per committed import or undo."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "store_version",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False, comment="the number of the import; knowledge time"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("undoes", sa.Integer, comment="an import is undone once"),
        sa.Column("mapping", sa.String, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("files", sa.JSON, nullable=False, comment="(table, shelf, path, kind, rows, bytes) of every file it brought"),
        sa.Column("counts", sa.JSON, nullable=False, comment="per table: read, new, changed, unchanged, waiting, quarantined"),
        sa.Column("inputs", sa.JSON, nullable=False, comment="per file: name, digest, rows, rows per table"),
        sa.Column("covers", sa.JSON, nullable=False, comment="first and last day, or null"),
        sa.CheckConstraint("kind IN ('import', 'undo')", name=op.f("ck_store_version_kind")),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name=op.f("ck_store_version_undoes")),
        sa.ForeignKeyConstraint(["undoes"], ["store_version.seq"], name="fk_store_version_undoes"),
        sa.PrimaryKeyConstraint("seq", name="pk_store_version"),
        sa.UniqueConstraint("undoes", name="uq_store_version_undoes"),
    )
