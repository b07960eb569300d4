"""The operational database: the tables of the desk. `migrations/` builds the same; a test holds that."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from tianping.store.schema import metadata

__all__ = [
    "desk_case",
    "desk_deadline",
    "desk_event",
    "desk_evidence",
    "desk_outbox",
    "desk_rule",
    "desk_shop",
    "idempotency",
    "metadata",
    "webhook",
]

desk_case = Table(
    "desk_case",
    metadata,
    Column("id", String, primary_key=True, comment="order/O1 for an order; else given, or made by us"),
    Column("kind", String(40), nullable=False, comment="the flow: refund_only, dispute, order, payment …"),
    Column("platform", String, nullable=False),
    Column("shop_id", String, nullable=False),
    Column("order_id", String, index=True, comment="of an order's case: its own"),
    Column("parent_id", String, ForeignKey("desk_case.id"), index=True, comment="the case it came from"),
    Column("began", Date, nullable=False, comment="the day that chooses the versions of its rules"),
    Column("state", String(40), nullable=False),
    Column("owner", String(20), nullable=False, comment="whose turn it is; empty: it has ended"),
    Column("n", Integer, nullable=False, comment="how many events; two people at once want the same next one"),
    Column("opened_at", DateTime, nullable=False, comment="naive UTC"),
    Column("changed_at", DateTime, nullable=False, comment="naive UTC"),
    Column("ended_at", DateTime, comment="naive UTC"),
    Column("zone", String(40), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("fed", Integer, nullable=False, server_default="0", comment="how many of its events the facts have taken up"),
    Column("due_at", DateTime, comment="of its deadline that runs out first; naive UTC"),
    Index("ix_desk_case_shop", "shop_id", "kind", "id"),
    Index("ix_desk_case_kind", "kind", "id"),
    Index(
        "ix_desk_case_heap", "owner", "platform", "kind", "state", "shop_id", "due_at",
        sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
    ),
    Index("ix_desk_case_fed", "id", sqlite_where=text("fed < n"), postgresql_where=text("fed < n")),
)  # fmt: skip

desk_event = Table(
    "desk_event",
    metadata,
    Column("case_id", String, ForeignKey("desk_case.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 …"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("actor", String(20), nullable=False, comment="as what: buyer, merchant, clock, rule …"),
    Column("account_id", Integer, ForeignKey("account.id"), comment="null: nobody signed in"),
    Column("rule", String, nullable=False, comment="by which rule, clock or table"),
    Column("verb", String(40), nullable=False),
    Column("before", String(40), nullable=False, comment="empty: it opened"),
    Column("state", String(40), nullable=False),
    Column("why", String, nullable=False),
    Column("facts", JSON, nullable=False, comment="those it changed"),
    comment="append-only: the database refuses to change or delete",
)

desk_deadline = Table(
    "desk_deadline",
    metadata,
    Column("case_id", String, ForeignKey("desk_case.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False, comment="the event that started it"),
    Column("clock", String(40), primary_key=True),
    Column("passes", String(40), nullable=False, comment="the verb that the clock does when it is due"),
    Column("owner", String(20), nullable=False),
    Column("shop_id", String, nullable=False),
    Column("started_at", DateTime, nullable=False, comment="naive UTC"),
    Column("due_at", DateTime, nullable=False, comment="naive UTC"),
    Column("next_at", DateTime, nullable=False, comment="when the clock looks at it: reminder, due, or next try"),
    Column("version", String(10), nullable=False, comment="since when its rule is in force"),
    Column("calendar", String, nullable=False, comment="the extension that gave it more time; empty: none"),
    Column("remind_at", DateTime, comment="naive UTC"),
    Column("reminded", Boolean, nullable=False),
    Column("paused_at", DateTime, comment="naive UTC"),
    Column("pauses", JSON, nullable=False, comment="spans it stood still: [from, to]"),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False, comment="failed tries of its verb"),
    Column("said", String, nullable=False, comment="what the last failed try said"),
    CheckConstraint("state IN ('running', 'paused', 'met', 'lapsed')", name="state"),
    Index(
        "ix_desk_deadline_next", "next_at", "case_id",
        sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'"),
    ),
    Index(
        "ix_desk_deadline_shop", "shop_id", "due_at", "case_id", "n", "clock",
        sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'"),
    ),
    Index(
        "ix_desk_deadline_due", "due_at", "case_id", "n", "clock",
        sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'"),
    ),
)  # fmt: skip

desk_outbox = Table(
    "desk_outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(10), nullable=False),
    Column("key", String, nullable=False, unique=True, comment="idempotency key: kept across every try"),
    Column("case_id", String, ForeignKey("desk_case.id"), nullable=False, index=True),
    Column("n", Integer, nullable=False, comment="the event that caused it"),
    Column("payload", JSON, nullable=False),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", DateTime, nullable=False, comment="naive UTC"),
    Column("said", String, nullable=False),
    CheckConstraint("topic IN ('gateway', 'webhook', 'notice')", name="topic"),
    CheckConstraint("state IN ('waiting', 'done', 'dropped')", name="state"),
    Index(
        "ix_desk_outbox_next", "topic", "next_at",
        sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'"),
    ),
)  # fmt: skip

desk_evidence = Table(
    "desk_evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", String, ForeignKey("desk_case.id"), nullable=False, index=True),
    Column("party", String(20), nullable=False, comment="buyer, merchant, platform"),
    Column("account_id", Integer, ForeignKey("account.id")),
    Column("kind", String(40), nullable=False, comment="what it shows: photo, report, chat, waybill …"),
    Column("name", String(200), nullable=False, comment="the file's name as its owner called it"),
    Column("media_type", String(60), nullable=False, comment="as its content says, not its name"),
    Column("bytes", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False, comment="SHA-256; the file lies under this name"),
    Column("says", String, nullable=False, comment="words beside it"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    UniqueConstraint("case_id", "party", "digest"),
)

desk_rule = Table(
    "desk_rule",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("shop_id", String, nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("rule", JSON, nullable=False, comment="what it does to which cases, as data"),
    Column("active", Boolean, nullable=False),
    Column("account_id", Integer, ForeignKey("account.id")),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("changed_at", DateTime, nullable=False, comment="naive UTC"),
    UniqueConstraint("shop_id", "name"),
)

desk_shop = Table(
    "desk_shop",
    metadata,
    Column("shop_id", String, primary_key=True),
    Column("platform", String, nullable=False),
    Column("zone", String(40), nullable=False),
    Column("facts", JSON, nullable=False, comment="its switches and what else tests may ask of it"),
    Column("changed_at", DateTime, nullable=False, comment="naive UTC"),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "account_id", Integer, ForeignKey("account.id"), nullable=False, index=True, comment="it hears of this account's shops"
    ),
    Column("url", String, nullable=False),
    Column("secret", String, nullable=False, comment="signs what is sent"),
    Column("kinds", JSON, nullable=False, comment="kinds of cases; empty: all"),
    Column("active", Boolean, nullable=False),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("key", String(200), primary_key=True),
    Column("request", String(64), nullable=False, comment="SHA-256 of method, path and body"),
    Column("status", Integer, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
)
