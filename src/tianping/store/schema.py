"""The operational database: its tables. `migrations/` builds the same; a test holds that."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
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

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(60), nullable=False, comment="as it is shown; what one signs in with"),
    Column("folded", String(120), nullable=False, unique=True, comment="the name without regard to case"),
    Column("label", String(120), nullable=False, comment="whose account it is"),
    Column("password", String(200), nullable=False, comment="argon2id"),
    Column("one_time", Boolean, nullable=False, comment="to be changed before anything else"),
    Column("role", String(20), nullable=False),
    Column("all_shops", Boolean, nullable=False, comment="else those of account_shop alone"),
    Column("demo", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("lang", String(2), nullable=False),
    Column("created_at", DateTime, nullable=False, comment="naive UTC"),
    CheckConstraint("role IN ('merchant', 'agency', 'adjudicator', 'operator', 'administrator', 'auditor')", name="role"),
    CheckConstraint("NOT all_shops OR role NOT IN ('merchant', 'agency')", name="all_shops"),
    CheckConstraint("lang IN ('zh', 'en')", name="lang"),
)

account_shop = Table(
    "account_shop",
    metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("shop_id", String, primary_key=True),
)

session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True, comment="SHA-256 of the key, which only the browser has"),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("begun_at", DateTime, nullable=False, comment="naive UTC"),
    Column("seen_at", DateTime, nullable=False, comment="naive UTC, to the minute or so"),
    Column("expires_at", DateTime, nullable=False, comment="naive UTC"),
)

token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("label", String(120), nullable=False),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of the token, which was shown once"),
    Column("created_at", DateTime, nullable=False, comment="naive UTC"),
    Column("used_at", DateTime, comment="naive UTC, to the minute or so"),
    Column("revoked_at", DateTime, comment="naive UTC"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("account_id", Integer, ForeignKey("account.id"), index=True, comment="null: nobody known"),
    Column("act", String(40), nullable=False, index=True),
    Column("object", String, nullable=False, comment="kind and id: account 3, import 12, close 2024-05-01"),
    Column("detail", JSON, nullable=False, comment="never a buyer, a row of facts, a password or a key"),
    Column("address", String(64), nullable=False),
    comment="append-only: the database refuses to change or delete",
)

login_try = Table(
    "login_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, comment="SHA-256 of the name tried: people type passwords there"),
    Column("address", String(64), nullable=False, index=True),
    Column("at", DateTime, nullable=False, index=True, comment="naive UTC"),
)

upload = Table(
    "upload",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("state", String(10), nullable=False),
    Column("files", JSON, nullable=False, comment="per file: name, bytes, and what else is known of it"),
    Column("options", JSON, nullable=False, comment="shop, mapping, covers and so on, as the uploader said"),
    Column("seq", Integer, ForeignKey("store_version.seq"), comment="the import it became"),
    Column("report", JSON, nullable=False, comment="what the import said of itself"),
    Column("said", String, nullable=False, comment="why it was refused or failed"),
    CheckConstraint("state IN ('received', 'asking', 'queued', 'running', 'done', 'failed', 'dropped')", name="state"),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("account_id", Integer, ForeignKey("account.id"), comment="null: by itself"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("state", String(10), nullable=False, index=True),
    Column("progress", Float, nullable=False, comment="0 to 1"),
    Column("said", String, nullable=False),
    Column("detail", JSON, nullable=False),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
    CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("page", String(40), nullable=False),
    Column("name", String(120), nullable=False),
    Column("query", String, nullable=False, comment="the page's query string"),
    UniqueConstraint("account_id", "page", "name"),
)

figure_report = Table(
    "figure_report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("figure", JSON, nullable=False, comment="the figure as it was shown"),
    Column("definition", JSON, nullable=False, comment="the definition it was counted by"),
    Column("words", String, nullable=False, comment="what the user says is wrong"),
    Column("rows_path", String, nullable=False, comment="the rows kept, relative to the home; empty: not kept, or erased"),
    Column("state", String(10), nullable=False),
    CheckConstraint("state IN ('open', 'closed')", name="state"),
)

judgement = Table(
    "judgement",
    metadata,
    Column("date", Date, primary_key=True, comment="T"),
    Column("seq", Integer, ForeignKey("store_version.seq"), primary_key=True, autoincrement=False, comment="what was known"),
    Column("definitions", String(64), primary_key=True, comment="those of the close"),
    Column("rules", String(64), primary_key=True, comment="digest of what the packs say of judgement"),
    Column("packs", JSON, nullable=False, comment="platform: digest"),
    Column("folder", String, nullable=False, comment="scores, rights, levels …, relative to the home"),
    Column("counts", JSON, nullable=False),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
)

violation = Table(
    "violation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String, nullable=False),
    Column("violation", String, nullable=False, comment="its name in the pack"),
    Column("version", String(10), nullable=False, comment="the day that the rule came into force"),
    Column("trigger", String, nullable=False, comment="the pack's, or what a person or the clock entered it for"),
    Column("subject_kind", String(10), nullable=False),
    Column("subject_id", String, nullable=False),
    Column("shop_id", String, nullable=False, index=True),
    Column("date", Date, nullable=False, index=True, comment="T"),
    Column("seq", Integer, nullable=False, comment="what was known; 0 where no facts were read"),
    Column("severity", String(20), nullable=False, comment="as found; the present one is that of the last event"),
    Column("immediate", Boolean, nullable=False),
    Column("records", Boolean, nullable=False, comment="recorded, no penalty proposed"),
    Column("evidence", JSON, nullable=False, comment="frozen: figures, fractions, benchmarks"),
    Column("proposal", JSON, nullable=False, comment="frozen: what it rests on, what is offered"),
    Column("account_id", Integer, ForeignKey("account.id"), comment="null: found by the close"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    UniqueConstraint("platform", "violation", "version", "subject_id", "date", "seq", "trigger"),
    CheckConstraint("subject_kind IN ('shop', 'product', 'video')", name="subject_kind"),
    CheckConstraint("severity IN ('minor', 'serious', 'especially_serious', 'extremely_serious')", name="severity"),
    comment="append-only: the database refuses to change or delete",
)

violation_event = Table(
    "violation_event",
    metadata,
    Column("violation_id", Integer, ForeignKey("violation.id"), primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 …: two people at once want the same"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("account_id", Integer, ForeignKey("account.id"), comment="null: the clock"),
    Column("verb", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("chosen", JSON(none_as_null=True), comment="the penalty from here on, where the event set it"),
    Column("why", String, nullable=False),
    Column("detail", JSON, nullable=False),
    CheckConstraint(
        "verb IN ('propose', 'label', 'confirm', 'dismiss', 'withdraw', 'appeal', 'uphold', 'reduce', 'overturn', 'fulfil', "
        "'serve', 'revoke', 'rejudge')",
        name="verb",
    ),
    CheckConstraint(
        "state IN ('proposed', 'in_force', 'served', 'revoked', 'dismissed', 'withdrawn', 'appealed', 'overturned')",
        name="state",
    ),
    CheckConstraint("severity IN ('minor', 'serious', 'especially_serious', 'extremely_serious')", name="severity"),
    comment="append-only: the database refuses to change or delete",
)

effect = Table(
    "effect",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("violation_id", Integer, nullable=False),
    Column("n", Integer, nullable=False, comment="the event that dealt it"),
    Column("shop_id", String, nullable=False, index=True),
    Column("subject_id", String, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("name", String, nullable=False, comment="what tells it from the others of its penalty: ban, right/live"),
    Column("lasts", String(4), nullable=False, comment="once, days, until a duty is fulfilled, ever"),
    Column("amount", BigInteger, comment="days, points or fen"),
    Column("begins_at", DateTime, nullable=False, comment="naive UTC"),
    Column("ends_at", DateTime, comment="naive UTC; null: not by itself"),
    Column("reverses", Integer, ForeignKey("effect.id"), unique=True, comment="an effect is reversed once"),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    ForeignKeyConstraint(["violation_id", "n"], ["violation_event.violation_id", "violation_event.n"]),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("ends_at >= begins_at", name="ends_at"),
    CheckConstraint("lasts IN ('once', 'days', 'duty', 'ever')", name="lasts"),
    CheckConstraint(
        "kind IN ('warning', 'study', 'exam', 'delist', 'ban', 'campaign', 'ads', 'points', 'money', 'right', 'remove', "
        "'freeze', 'exposure')",
        name="kind",
    ),
    comment="append-only: the database refuses to change or delete",
)
Index("ix_effect_violation_id", effect.c.violation_id)

transfer = Table(
    "transfer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, comment="naive UTC"),
    Column("from_account", String, nullable=False, comment="shop/S1/deposit, shop/S1/funds, platform/fines"),
    Column("to_account", String, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("cause", String, nullable=False, index=True, comment="violation 12 event 3"),
    Column("effect_id", Integer, ForeignKey("effect.id"), index=True),
    Column("reverses", Integer, ForeignKey("transfer.id"), unique=True, comment="a transfer is reversed once"),
    CheckConstraint("amount_fen > 0", name="amount_fen"),
    CheckConstraint("from_account <> to_account", name="accounts"),
    Index("ix_transfer_from_account", "from_account", "at"),
    Index("ix_transfer_to_account", "to_account", "at"),
    comment="append-only: the database refuses to change or delete",
)

balance = Table(
    "balance",
    metadata,
    Column("account", String, primary_key=True, comment="of a shop: shop/S1/deposit, shop/S1/funds, shop/S1/own"),
    Column("day", Date, primary_key=True, comment="of the transfers, in UTC"),
    Column("fen", BigInteger, nullable=False, comment="what came on that day less what went"),
    comment="kept by a trigger on transfer",
)

erasure = Table(
    "erasure",
    metadata,
    Column("seq", Integer, ForeignKey("store_version.seq"), primary_key=True, autoincrement=False, comment="its version"),
    Column("pseudonym", String(40), nullable=False, comment="what every word changed by it holds"),
    Column(
        "ended",
        Integer,
        ForeignKey("erasure.seq", deferrable=True, initially="DEFERRED"),
        nullable=False,
        comment="seq; -seq while it runs, which no commit lets pass",
    ),
    CheckConstraint("seq > 0 AND ended IN (seq, -seq)", name="ended"),
    comment="append-only: the database refuses to change or delete",
)
"""While one runs, words in tables that only grow may take its pseudonym in."""
