"""Judgement: what was judged when; violations with all that happened to them, their effects, the money."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEPT = ("violation", "violation_event", "effect", "transfer")
_ONLY = "append-only: the database refuses to change or delete"
_SEVERITIES = "severity IN ('minor', 'serious', 'especially_serious', 'extremely_serious')"
_VERBS = (
    "verb IN ('propose', 'label', 'confirm', 'dismiss', 'withdraw', 'appeal', 'uphold', 'reduce', 'overturn', 'fulfil', "
    "'serve', 'revoke', 'rejudge')"
)
_STATES = "state IN ('proposed', 'in_force', 'served', 'revoked', 'dismissed', 'withdrawn', 'appealed', 'overturned')"
_KINDS = (
    "kind IN ('warning', 'study', 'exam', 'delist', 'ban', 'campaign', 'ads', 'points', 'money', 'right', 'remove', "
    "'freeze', 'exposure')"
)
_TRIGGER = {
    "sqlite": "CREATE TRIGGER {table}_{act} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "postgresql": (
        "CREATE TRIGGER {table}_{act} BEFORE {act} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()"
    ),
}
_REFUSED = {"sqlite": ("UPDATE", "DELETE"), "postgresql": ("UPDATE", "DELETE", "TRUNCATE")}
_FUNCTION = """
    CREATE FUNCTION append_only_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    for part in (_judgement, _violation, _event, _effect, _transfer):
        part()
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(_FUNCTION)
    for table in KEPT:
        for act in _REFUSED[dialect]:
            op.execute(_TRIGGER[dialect].format(table=table, act=act))


def downgrade() -> None:
    for table in (*reversed(KEPT), "judgement"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION append_only_refuse()")


def _judgement() -> None:
    op.create_table(
        "judgement",
        sa.Column("date", sa.Date, nullable=False, comment="T"),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False, comment="what was known"),
        sa.Column("definitions", sa.String(64), nullable=False, comment="those of the close"),
        sa.Column("rules", sa.String(64), nullable=False, comment="digest of what the packs say of judgement"),
        sa.Column("packs", sa.JSON, nullable=False, comment="platform: digest"),
        sa.Column("folder", sa.String, nullable=False, comment="scores, rights, levels …, relative to the home"),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["seq"], ["store_version.seq"], name="fk_judgement_seq"),
        sa.PrimaryKeyConstraint("date", "seq", "definitions", "rules", name="pk_judgement"),
    )


def _violation() -> None:
    op.create_table(
        "violation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("violation", sa.String, nullable=False, comment="its name in the pack"),
        sa.Column("version", sa.String(10), nullable=False, comment="the day that the rule came into force"),
        sa.Column("trigger", sa.String, nullable=False, comment="the pack's, or what a person or the clock entered it for"),
        sa.Column("subject_kind", sa.String(10), nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("shop_id", sa.String, nullable=False),
        sa.Column("date", sa.Date, nullable=False, comment="T"),
        sa.Column("seq", sa.Integer, nullable=False, comment="what was known; 0 where no facts were read"),
        sa.Column("severity", sa.String(20), nullable=False, comment="as found; the present one is that of the last event"),
        sa.Column("immediate", sa.Boolean, nullable=False),
        sa.Column("records", sa.Boolean, nullable=False, comment="recorded, no penalty proposed"),
        sa.Column("evidence", sa.JSON, nullable=False, comment="frozen: figures, fractions, benchmarks"),
        sa.Column("proposal", sa.JSON, nullable=False, comment="frozen: what it rests on, what is offered"),
        sa.Column("account_id", sa.Integer, comment="null: found by the close"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.CheckConstraint("subject_kind IN ('shop', 'product', 'video')", name=op.f("ck_violation_subject_kind")),
        sa.CheckConstraint(_SEVERITIES, name=op.f("ck_violation_severity")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_violation_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_violation"),
        sa.UniqueConstraint(
            "platform", "violation", "version", "subject_id", "date", "seq", "trigger", name="uq_violation_platform"
        ),
        comment=_ONLY,
    )
    op.create_index("ix_violation_shop_id", "violation", ["shop_id"])
    op.create_index("ix_violation_date", "violation", ["date"])


def _event() -> None:
    op.create_table(
        "violation_event",
        sa.Column("violation_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False, autoincrement=False, comment="1, 2, 3 …: two people at once want the same"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("account_id", sa.Integer, comment="null: the clock"),
        sa.Column("verb", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("chosen", sa.JSON, comment="the penalty from here on, where the event set it"),
        sa.Column("why", sa.String, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.CheckConstraint(_VERBS, name=op.f("ck_violation_event_verb")),
        sa.CheckConstraint(_STATES, name=op.f("ck_violation_event_state")),
        sa.CheckConstraint(_SEVERITIES, name=op.f("ck_violation_event_severity")),
        sa.ForeignKeyConstraint(["violation_id"], ["violation.id"], name="fk_violation_event_violation_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_violation_event_account_id"),
        sa.PrimaryKeyConstraint("violation_id", "n", name="pk_violation_event"),
        comment=_ONLY,
    )


def _effect() -> None:
    op.create_table(
        "effect",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("violation_id", sa.Integer, nullable=False),
        sa.Column("n", sa.Integer, nullable=False, comment="the event that dealt it"),
        sa.Column("shop_id", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String, nullable=False, comment="what tells it from the others of its penalty: ban, right/live"),
        sa.Column("lasts", sa.String(4), nullable=False, comment="once, days, until a duty is fulfilled, ever"),
        sa.Column("amount", sa.BigInteger, comment="days, points or fen"),
        sa.Column("begins_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("ends_at", sa.DateTime, comment="naive UTC; null: not by itself"),
        sa.Column("reverses", sa.Integer, comment="an effect is reversed once"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_effect_amount")),
        sa.CheckConstraint("ends_at >= begins_at", name=op.f("ck_effect_ends_at")),
        sa.CheckConstraint("lasts IN ('once', 'days', 'duty', 'ever')", name=op.f("ck_effect_lasts")),
        sa.CheckConstraint(_KINDS, name=op.f("ck_effect_kind")),
        sa.ForeignKeyConstraint(
            ["violation_id", "n"], ["violation_event.violation_id", "violation_event.n"], name="fk_effect_violation_id"
        ),
        sa.ForeignKeyConstraint(["reverses"], ["effect.id"], name="fk_effect_reverses"),
        sa.PrimaryKeyConstraint("id", name="pk_effect"),
        sa.UniqueConstraint("reverses", name="uq_effect_reverses"),
        comment=_ONLY,
    )
    op.create_index("ix_effect_shop_id", "effect", ["shop_id"])
    op.create_index("ix_effect_violation_id", "effect", ["violation_id"])


def _transfer() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("from_account", sa.String, nullable=False, comment="shop/S1/deposit, shop/S1/funds, platform/fines"),
        sa.Column("to_account", sa.String, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("cause", sa.String, nullable=False, comment="violation 12 event 3"),
        sa.Column("effect_id", sa.Integer),
        sa.Column("reverses", sa.Integer, comment="a transfer is reversed once"),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_transfer_amount_fen")),
        sa.CheckConstraint("from_account <> to_account", name=op.f("ck_transfer_accounts")),
        sa.ForeignKeyConstraint(["effect_id"], ["effect.id"], name="fk_transfer_effect_id"),
        sa.ForeignKeyConstraint(["reverses"], ["transfer.id"], name="fk_transfer_reverses"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("reverses", name="uq_transfer_reverses"),
        comment=_ONLY,
    )
    for column in ("from_account", "to_account", "effect_id"):
        op.create_index(f"ix_transfer_{column}", "transfer", [column])
