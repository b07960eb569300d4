"""People and what they do: accounts, sessions, tokens, the audit trail; uploads, jobs, views, reports."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TRIGGER = {
    "sqlite": "CREATE TRIGGER audit_{act} BEFORE {act} ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    "postgresql": "CREATE TRIGGER audit_{act} BEFORE {act} ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
}
_REFUSED = {"sqlite": ("UPDATE", "DELETE"), "postgresql": ("UPDATE", "DELETE", "TRUNCATE")}
_FUNCTION = """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
"""


def upgrade() -> None:
    for part in (_account, _session, _token, _audit, _upload, _job, _kept):
        part()
    _keep_audit(op.get_bind().dialect.name)


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(60), nullable=False, comment="as it is shown; what one signs in with"),
        sa.Column("folded", sa.String(120), nullable=False, comment="the name without regard to case"),
        sa.Column("label", sa.String(120), nullable=False, comment="whose account it is"),
        sa.Column("password", sa.String(200), nullable=False, comment="argon2id"),
        sa.Column("one_time", sa.Boolean, nullable=False, comment="to be changed before anything else"),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("all_shops", sa.Boolean, nullable=False, comment="else those of account_shop alone"),
        sa.Column("demo", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("lang", sa.String(2), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.CheckConstraint(
            "role IN ('merchant', 'agency', 'adjudicator', 'operator', 'administrator', 'auditor')",
            name=op.f("ck_account_role"),
        ),
        sa.CheckConstraint("NOT all_shops OR role NOT IN ('merchant', 'agency')", name=op.f("ck_account_all_shops")),
        sa.CheckConstraint("lang IN ('zh', 'en')", name=op.f("ck_account_lang")),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("folded", name="uq_account_folded"),
    )
    op.create_table(
        "account_shop",
        sa.Column("account_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("shop_id", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_shop_account_id"),
        sa.PrimaryKeyConstraint("account_id", "shop_id", name="pk_account_shop"),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the key, which only the browser has"),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("seen_at", sa.DateTime, nullable=False, comment="naive UTC, to the minute or so"),
        sa.Column("expires_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_session_account_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"])
    op.create_table(
        "login_try",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False, comment="SHA-256 of the name tried: people type passwords there"),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_login_try"),
    )
    op.create_index("ix_login_try_address", "login_try", ["address"])
    op.create_index("ix_login_try_at", "login_try", ["at"])


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the token, which was shown once"),
        sa.Column("created_at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("used_at", sa.DateTime, comment="naive UTC, to the minute or so"),
        sa.Column("revoked_at", sa.DateTime, comment="naive UTC"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_token_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("digest", name="uq_token_digest"),
    )
    op.create_index("ix_token_account_id", "token", ["account_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("account_id", sa.Integer, comment="null: nobody known"),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("object", sa.String, nullable=False, comment="kind and id: account 3, import 12, close 2024-05-01"),
        sa.Column("detail", sa.JSON, nullable=False, comment="never a buyer, a row of facts, a password or a key"),
        sa.Column("address", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_audit_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        comment="append-only: the database refuses to change or delete",
    )
    op.create_index("ix_audit_account_id", "audit", ["account_id"])
    op.create_index("ix_audit_act", "audit", ["act"])


def _upload() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("files", sa.JSON, nullable=False, comment="per file: name, bytes, and what else is known of it"),
        sa.Column("options", sa.JSON, nullable=False, comment="shop, mapping, covers and so on, as the uploader said"),
        sa.Column("seq", sa.Integer, comment="the import it became"),
        sa.Column("report", sa.JSON, nullable=False, comment="what the import said of itself"),
        sa.Column("said", sa.String, nullable=False, comment="why it was refused or failed"),
        sa.CheckConstraint(
            "state IN ('received', 'asking', 'queued', 'running', 'done', 'failed', 'dropped')", name=op.f("ck_upload_state")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_upload_account_id"),
        sa.ForeignKeyConstraint(["seq"], ["store_version.seq"], name="fk_upload_seq"),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    op.create_index("ix_upload_account_id", "upload", ["account_id"])


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account_id", sa.Integer, comment="null: by itself"),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("progress", sa.Float, nullable=False, comment="0 to 1"),
        sa.Column("said", sa.String, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_job_state")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_job_progress")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_job_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_state", "job", ["state"])


def _kept() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("page", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("query", sa.String, nullable=False, comment="the page's query string"),
        sa.UniqueConstraint("account_id", "page", "name", name="uq_saved_view_account_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_saved_view_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
    )
    op.create_table(
        "figure_report",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False, comment="naive UTC"),
        sa.Column("figure", sa.JSON, nullable=False, comment="the figure as it was shown"),
        sa.Column("definition", sa.JSON, nullable=False, comment="the definition it was counted by"),
        sa.Column("words", sa.String, nullable=False, comment="what the user says is wrong"),
        sa.Column(
            "rows_path", sa.String, nullable=False, comment="the rows kept, relative to the home; empty: not kept, or erased"
        ),
        sa.Column("state", sa.String(10), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_figure_report_state")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_figure_report_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_figure_report"),
    )
    op.create_index("ix_figure_report_account_id", "figure_report", ["account_id"])


def _keep_audit(dialect: str) -> None:
    """Whatever happens, what was written in the trail stays."""
    if dialect == "postgresql":
        op.execute(_FUNCTION)
    for act in _REFUSED[dialect]:
        op.execute(_TRIGGER[dialect].format(act=act))
