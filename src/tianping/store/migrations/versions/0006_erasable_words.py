"""Words in tables that only grow: an erasure, and nothing else, may put a pseudonym in them. The erasure's own row stays."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

FIXED: Mapping[str, Sequence[str]] = {
    "violation": (
        "id", "platform", "violation", "version", "trigger", "subject_kind", "subject_id", "shop_id", "date", "seq", "severity",
        "immediate", "records", "proposal", "account_id", "at",
    ),
    "violation_event": ("violation_id", "n", "at", "account_id", "verb", "state", "severity", "chosen"),
}  # fmt: skip
WORDS: Mapping[str, Sequence[str]] = {"violation": ("evidence",), "violation_event": ("why", "detail")}
_OPEN = "SELECT 1 FROM erasure WHERE ended <> seq"
_ENDS = "OLD.ended = OLD.seq OR NEW.seq <> OLD.seq OR NEW.pseudonym <> OLD.pseudonym"
_DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}
_REFUSED = {"sqlite": ("DELETE",), "postgresql": ("DELETE", "TRUNCATE")}
_PLAIN = {
    "sqlite": "CREATE TRIGGER {table}_{act} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "postgresql": (
        "CREATE TRIGGER {table}_{act} BEFORE {act} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()"
    ),
}
_TRIGGER = {
    "sqlite": (
        "CREATE TRIGGER {table}_UPDATE BEFORE UPDATE ON {table} WHEN {refused} "
        "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    ),
    "postgresql": "CREATE TRIGGER {table}_UPDATE BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
}
_FUNCTION = """
    CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF {refused} THEN RAISE EXCEPTION '{table} is append-only'; END IF; RETURN NEW; END $$
"""


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False, comment="its version"),
        sa.Column("pseudonym", sa.String(40), nullable=False, comment="what every word changed by it holds"),
        sa.Column("ended", sa.Integer, nullable=False, comment="seq; -seq while it runs, which no commit lets pass"),
        sa.CheckConstraint("seq > 0 AND ended IN (seq, -seq)", name=op.f("ck_erasure_ended")),
        sa.ForeignKeyConstraint(["seq"], ["store_version.seq"], name="fk_erasure_seq"),
        sa.ForeignKeyConstraint(["ended"], ["erasure.seq"], name="fk_erasure_ended", deferrable=True, initially="DEFERRED"),
        sa.PrimaryKeyConstraint("seq", name="pk_erasure"),
        comment="append-only: the database refuses to change or delete",
    )
    dialect = op.get_bind().dialect.name
    for act in _REFUSED[dialect]:
        op.execute(_PLAIN[dialect].format(table="erasure", act=act))
    _refuse(dialect, "erasure", _ENDS)
    for table in WORDS:
        _drop(dialect, table)
        _refuse(dialect, table, _refused(dialect, table))


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in WORDS:
        _drop(dialect, table)
        op.execute(_PLAIN[dialect].format(table=table, act="UPDATE"))
    op.drop_table("erasure")
    if dialect == "postgresql":
        for table in ("erasure", *WORDS):
            op.execute(f"DROP FUNCTION {table}_refuse()")


def _drop(dialect: str, table: str) -> None:
    op.execute(f"DROP TRIGGER {table}_UPDATE" + (f" ON {table}" if dialect == "postgresql" else ""))


def _refuse(dialect: str, table: str, refused: str) -> None:
    if dialect == "postgresql":
        op.execute(_FUNCTION.format(table=table, refused=refused))
    op.execute(_TRIGGER[dialect].format(table=table, refused=refused))


def _refused(dialect: str, table: str) -> str:
    """SQL: no erasure runs, or something else than words changes, or words that then do not hold its pseudonym."""

    def changes(column: str) -> str:
        return f"CAST(NEW.{column} AS TEXT) {_DIFFERS[dialect]} CAST(OLD.{column} AS TEXT)"

    marked = "NOT EXISTS ({open} AND CAST(NEW.{column} AS TEXT) LIKE '%' || pseudonym || '%')"
    words = [f"({changes(column)} AND {marked.format(open=_OPEN, column=column)})" for column in WORDS[table]]
    return " OR ".join([f"NOT EXISTS ({_OPEN})", *map(changes, FIXED[table]), *words])
