"""What a shop's money comes to, kept with each transfer; a case's own due time; indexes for lists, and for what is due."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_SIDES = (("to_account", ""), ("from_account", "-"))
_ADDED = """
    INSERT INTO balance (account, day, fen) SELECT NEW.{account}, {day}, {sign}NEW.amount_fen WHERE NEW.{account} LIKE 'shop/%'
    ON CONFLICT (account, day) DO UPDATE SET fen = balance.fen + excluded.fen;
"""
_DAY = {"sqlite": "date({at})", "postgresql": "CAST({at} AS date)"}
_FILL = """
    INSERT INTO balance (account, day, fen) SELECT account, day, SUM(fen) FROM (
      SELECT to_account AS account, {day} AS day, amount_fen AS fen FROM transfer
      UNION ALL SELECT from_account, {day}, -amount_fen FROM transfer
    ) AS each WHERE account LIKE 'shop/%' GROUP BY account, day
"""
_KEEP = {
    "sqlite": ("CREATE TRIGGER transfer_balance AFTER INSERT ON transfer BEGIN {added} END",),
    "postgresql": (
        "CREATE FUNCTION transfer_balance() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {added} RETURN NEW; END $$",
        "CREATE TRIGGER transfer_balance AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_balance()",
    ),
}
_DUE = """
    UPDATE desk_case SET due_at = (
      SELECT MIN(due_at) FROM desk_deadline WHERE desk_deadline.case_id = desk_case.id AND desk_deadline.state = 'running'
    ) WHERE ended_at IS NULL
"""
_RUNNING, _ALIVE, _OPEN = "state = 'running'", "state IN ('running', 'paused')", "ended_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "balance",
        sa.Column("account", sa.String, nullable=False, comment="of a shop: shop/S1/deposit, shop/S1/funds, shop/S1/own"),
        sa.Column("day", sa.Date, nullable=False, comment="of the transfers, in UTC"),
        sa.Column("fen", sa.BigInteger, nullable=False, comment="what came on that day less what went"),
        sa.PrimaryKeyConstraint("account", "day", name="pk_balance"),
        comment="kept by a trigger on transfer",
    )
    dialect = op.get_bind().dialect.name
    day = _DAY[dialect]
    op.execute(_FILL.format(day=day.format(at="at")))
    added = "".join(_ADDED.format(account=side, sign=sign, day=day.format(at="NEW.at")) for side, sign in _SIDES)
    for each in _KEEP[dialect]:
        op.execute(each.format(added=added))
    for side, _ in _SIDES:
        op.drop_index(f"ix_transfer_{side}", "transfer")
        op.create_index(f"ix_transfer_{side}", "transfer", [side, "at"])
    op.create_index("ix_transfer_cause", "transfer", ["cause"])
    _lists()


def _lists() -> None:
    op.add_column("desk_case", sa.Column("due_at", sa.DateTime, comment="of its deadline that runs out first; naive UTC"))
    op.execute(_DUE)
    op.drop_index("ix_desk_case_shop", "desk_case")
    op.create_index("ix_desk_case_shop", "desk_case", ["shop_id", "kind", "id"])
    op.create_index("ix_desk_case_kind", "desk_case", ["kind", "id"])
    _partial("ix_desk_case_heap", "desk_case", ["owner", "platform", "kind", "state", "shop_id", "due_at"], _OPEN)
    op.drop_index("ix_desk_deadline_next", "desk_deadline")
    op.drop_index("ix_desk_deadline_shop", "desk_deadline")
    _partial("ix_desk_deadline_next", "desk_deadline", ["next_at", "case_id"], _RUNNING)
    _partial("ix_desk_deadline_shop", "desk_deadline", ["shop_id", "due_at", "case_id", "n", "clock"], _RUNNING)
    _partial("ix_desk_deadline_due", "desk_deadline", ["due_at", "case_id", "n", "clock"], _RUNNING)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name in ("next", "shop", "due"):
        op.drop_index(f"ix_desk_deadline_{name}", "desk_deadline")
    _partial("ix_desk_deadline_next", "desk_deadline", ["next_at"], _RUNNING)
    _partial("ix_desk_deadline_shop", "desk_deadline", ["shop_id", "due_at"], _ALIVE)
    for name in ("shop", "kind", "heap"):
        op.drop_index(f"ix_desk_case_{name}", "desk_case")
    op.create_index("ix_desk_case_shop", "desk_case", ["shop_id", "kind", "state"])
    op.drop_column("desk_case", "due_at")
    op.drop_index("ix_transfer_cause", "transfer")
    for side, _ in _SIDES:
        op.drop_index(f"ix_transfer_{side}", "transfer")
        op.create_index(f"ix_transfer_{side}", "transfer", [side])
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER transfer_balance" + (" ON transfer" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION transfer_balance()")
    op.drop_table("balance")
