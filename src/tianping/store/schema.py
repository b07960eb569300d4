"""The operational database: its tables. `migrations/` builds the same; a test holds that."""

from sqlalchemy import JSON, CheckConstraint, Column, Date, DateTime, ForeignKey, Integer, MetaData, String, Table

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

store_version = Table(
    "store_version",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False, comment="the number of the import; knowledge time"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("kind", String(10), nullable=False),
    Column("undoes", Integer, ForeignKey("store_version.seq"), unique=True, comment="an import is undone once"),
    Column("mapping", String, nullable=False),
    Column("options", JSON, nullable=False),
    Column("files", JSON, nullable=False, comment="(table, shelf, path, kind, rows, bytes) of every file it brought"),
    Column("counts", JSON, nullable=False, comment="per table: read, new, changed, unchanged, waiting, quarantined"),
    Column("inputs", JSON, nullable=False, comment="per file: name, digest, rows, rows per table"),
    Column("covers", JSON, nullable=False, comment="first and last day, or null"),
    Column("replaces", JSON, nullable=False, server_default="[]", comment="paths of files that its own stand for from here on"),
    CheckConstraint("kind IN ('import', 'undo', 'compact', 'erase')", name="kind"),
    CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="undoes"),
)

close = Table(
    "close",
    metadata,
    Column("date", Date, primary_key=True, comment="T"),
    Column("seq", Integer, ForeignKey("store_version.seq"), primary_key=True, autoincrement=False, comment="what was known"),
    Column("definitions", String(64), primary_key=True, comment="digest of the packs and of the days asked for besides"),
    Column("packs", JSON, nullable=False, comment="platform: digest"),
    Column("days", JSON, nullable=False, comment="numbers of days asked for besides the usual ones"),
    Column("path", String, nullable=False, comment="the figures, relative to the home"),
    Column("figures", Integer, nullable=False),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String, nullable=False),
)
