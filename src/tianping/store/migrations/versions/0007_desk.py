"""The desk: cases, their events and deadlines, what goes out, evidence, shops and their rules, webhooks, requests."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = (
    "desk_case",
    "desk_event",
    "desk_deadline",
    "desk_outbox",
    "desk_evidence",
    "desk_rule",
    "desk_shop",
    "webhook",
    "idempotency",
)
_FIXED = ("case_id", "n", "at", "actor", "account_id", "rule", "verb", "before", "state")
_OPEN = "EXISTS (SELECT 1 FROM erasure WHERE ended <> seq)"
_REFUSED = {"sqlite": ("DELETE",), "postgresql": ("DELETE", "TRUNCATE")}
_PLAIN = {
    "sqlite": (
        "CREATE TRIGGER desk_event_{act} BEFORE {act} ON desk_event BEGIN SELECT RAISE(ABORT, 'desk_event is append-only'); END"
    ),
    "postgresql": (
        "CREATE TRIGGER desk_event_{act} BEFORE {act} ON desk_event FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()"
    ),
}
_ONLY_WORDS = {
    "sqlite": (
        (
            "CREATE TRIGGER desk_event_UPDATE BEFORE UPDATE ON desk_event WHEN {refused} "
            "BEGIN SELECT RAISE(ABORT, 'desk_event is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION desk_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF {refused} THEN RAISE EXCEPTION 'desk_event is append-only'; END IF; RETURN NEW; END $$"
        ),
        "CREATE TRIGGER desk_event_UPDATE BEFORE UPDATE ON desk_event FOR EACH ROW EXECUTE FUNCTION desk_event_refuse()",
    ),
}


def upgrade() -> None:
    for part in (_case, _event, _deadline, _outbox, _evidence, _rule, _shop, _webhook, _idempotency):
        part()
    dialect = op.get_bind().dialect.name
    for act in _REFUSED[dialect]:
        op.execute(_PLAIN[dialect].format(act=act))
    differs = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}[dialect]
    refused = " OR ".join([f"NOT {_OPEN}", *(f"NEW.{column} {differs} OLD.{column}" for column in _FIXED)])
    for each in _ONLY_WORDS[dialect]:
        op.execute(each.format(refused=refused))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION desk_event_refuse()")


def _case() -> None:
    op.create_table(
        "desk_case",
        sa.Column("id", sa.String, nullable=False, comment="order/O1 for an order; else given, or made by us"),
        sa.Column("kind", sa.String(length=40), nullable=False, comment="the flow: refund_only, dispute, order, payment …"),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("shop_id", sa.String, nullable=False),
        sa.Column("order_id", sa.String, comment="of an order's case: its own"),
        sa.Column("parent_id", sa.String, comment="the case it came from"),
        sa.Column("began", sa.Date, nullable=False, comment="the day that chooses the versions of its rules"),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=False, comment="whose turn it is; empty: it has ended"),
        sa.Column("n", sa.Integer, nullable=False, comment="how many events; two people at once want the same next one"),
        sa.Column("opened_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("changed_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("ended_at", sa.DateTime, comment="naive UTC"),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column(
            "fed", sa.Integer, server_default="0", nullable=False, comment="how many of its events the facts have taken up"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["desk_case.id"], name="fk_desk_case_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_case"),
    )
    op.create_index(
        "ix_desk_case_fed", "desk_case", ["id"], sqlite_where=sa.text("fed < n"), postgresql_where=sa.text("fed < n")
    )
    op.create_index("ix_desk_case_order_id", "desk_case", ["order_id"])
    op.create_index("ix_desk_case_parent_id", "desk_case", ["parent_id"])
    op.create_index("ix_desk_case_shop", "desk_case", ["shop_id", "kind", "state"])


def _event() -> None:
    op.create_table(
        "desk_event",
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("n", sa.Integer, autoincrement=False, nullable=False, comment="1, 2, 3 …"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("actor", sa.String(length=20), nullable=False, comment="as what: buyer, merchant, clock, rule …"),
        sa.Column("account_id", sa.Integer, comment="null: nobody signed in"),
        sa.Column("rule", sa.String, nullable=False, comment="by which rule, clock or table"),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("before", sa.String(length=40), nullable=False, comment="empty: it opened"),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("why", sa.String, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False, comment="those it changed"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_desk_event_account_id"),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name="fk_desk_event_case_id"),
        sa.PrimaryKeyConstraint("case_id", "n", name="pk_desk_event"),
        comment="append-only: the database refuses to change or delete",
    )


def _deadline() -> None:
    op.create_table(
        "desk_deadline",
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("n", sa.Integer, autoincrement=False, nullable=False, comment="the event that started it"),
        sa.Column("clock", sa.String(length=40), nullable=False),
        sa.Column("passes", sa.String(length=40), nullable=False, comment="the verb that the clock does when it is due"),
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("shop_id", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("due_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("next_at", sa.DateTime, nullable=False, comment="when the clock looks at it: reminder, due, or next try"),
        sa.Column("version", sa.String(length=10), nullable=False, comment="since when its rule is in force"),
        sa.Column("calendar", sa.String, nullable=False, comment="the extension that gave it more time; empty: none"),
        sa.Column("remind_at", sa.DateTime, comment="naive UTC"),
        sa.Column("reminded", sa.Boolean, nullable=False),
        sa.Column("paused_at", sa.DateTime, comment="naive UTC"),
        sa.Column("pauses", sa.JSON, nullable=False, comment="spans it stood still: [from, to]"),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, comment="failed tries of its verb"),
        sa.Column("said", sa.String, nullable=False, comment="what the last failed try said"),
        sa.CheckConstraint("state IN ('running', 'paused', 'met', 'lapsed')", name=op.f("ck_desk_deadline_state")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name="fk_desk_deadline_case_id"),
        sa.PrimaryKeyConstraint("case_id", "n", "clock", name="pk_desk_deadline"),
    )
    op.create_index(
        "ix_desk_deadline_next",
        "desk_deadline",
        ["next_at"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_desk_deadline_shop",
        "desk_deadline",
        ["shop_id", "due_at"],
        sqlite_where=sa.text("state IN ('running', 'paused')"),
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    )


def _outbox() -> None:
    op.create_table(
        "desk_outbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("topic", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String, nullable=False, comment="idempotency key: kept across every try"),
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("n", sa.Integer, nullable=False, comment="the event that caused it"),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("said", sa.String, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'dropped')", name=op.f("ck_desk_outbox_state")),
        sa.CheckConstraint("topic IN ('gateway', 'webhook', 'notice')", name=op.f("ck_desk_outbox_topic")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name="fk_desk_outbox_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_outbox"),
        sa.UniqueConstraint("key", name="uq_desk_outbox_key"),
    )
    op.create_index("ix_desk_outbox_case_id", "desk_outbox", ["case_id"])
    op.create_index(
        "ix_desk_outbox_next",
        "desk_outbox",
        ["topic", "next_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _evidence() -> None:
    op.create_table(
        "desk_evidence",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("party", sa.String(length=20), nullable=False, comment="buyer, merchant, platform"),
        sa.Column("account_id", sa.Integer),
        sa.Column("kind", sa.String(length=40), nullable=False, comment="what it shows: photo, report, chat, waybill …"),
        sa.Column("name", sa.String(length=200), nullable=False, comment="the file's name as its owner called it"),
        sa.Column("media_type", sa.String(length=60), nullable=False, comment="as its content says, not its name"),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256; the file lies under this name"),
        sa.Column("says", sa.String, nullable=False, comment="words beside it"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_desk_evidence_account_id"),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name="fk_desk_evidence_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_evidence"),
        sa.UniqueConstraint("case_id", "party", "digest", name="uq_desk_evidence_case_id"),
    )
    op.create_index("ix_desk_evidence_case_id", "desk_evidence", ["case_id"])


def _rule() -> None:
    op.create_table(
        "desk_rule",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("shop_id", sa.String, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("rule", sa.JSON, nullable=False, comment="what it does to which cases, as data"),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("changed_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_desk_rule_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_rule"),
        sa.UniqueConstraint("shop_id", "name", name="uq_desk_rule_shop_id"),
    )
    op.create_index("ix_desk_rule_shop_id", "desk_rule", ["shop_id"])


def _shop() -> None:
    op.create_table(
        "desk_shop",
        sa.Column("shop_id", sa.String, nullable=False),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False, comment="its switches and what else tests may ask of it"),
        sa.Column("changed_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.PrimaryKeyConstraint("shop_id", name="pk_desk_shop"),
    )


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False, comment="it hears of this account's shops"),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("secret", sa.String, nullable=False, comment="signs what is sent"),
        sa.Column("kinds", sa.JSON, nullable=False, comment="kinds of cases; empty: all"),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_webhook_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
    )
    op.create_index("ix_webhook_account_id", "webhook", ["account_id"])
    # ### end Alembic commands ###


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("account_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False, comment="SHA-256 of method, path and body"),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_idempotency_account_id"),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_idempotency"),
    )
