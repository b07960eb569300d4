"""The audit trail: every act that changes something, every sign-in, refusal and download leaves a line that stays."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from sqlalchemy import Connection

from tianping.store import audit
from tianping.store.audit import Entry, Wanted, Written
from tianping.work.home import Home

Act = Literal[
    "sign_in", "sign_in_refused", "sign_out", "refused", "password",
    "account_new", "account_edit", "account_off", "account_on", "password_reset", "token_new", "token_revoked",
    "upload", "upload_dropped", "import", "undo", "retry", "close", "report", "report_closed", "download",
    "view", "view_dropped", "measure", "measure_new", "webhook_new", "webhook_dropped",
    "switch", "rule_new", "rule_switch",
]  # fmt: skip
ACTS: tuple[Act, ...] = get_args(Act)
MOST = 100
"""Lines of a page."""


class Doer(NamedTuple):
    """Who does something (None: the program itself, or nobody known), when (naive UTC), from which network address."""

    account_id: int | None
    at: dt.datetime
    address: str = ""


def leave(connection: Connection, doer: Doer, act: Act, thing: str, **detail: object) -> None:
    """Write one act down, in the transaction that does it. `thing` is a kind and an id (`account 3`); neither it nor `detail`
    names a buyer, shows a row of facts, or holds a password or key: this is never erased."""
    audit.write(connection, Entry(doer.at, doer.account_id, act, thing, detail, doer.address))


def record(
    home: Home,
    account_id: int | None,
    act: Act,
    thing: str,
    at: dt.datetime,
    *,
    address: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """The same in a transaction of its own."""
    with home.database.begin() as connection:
        leave(connection, Doer(account_id, at, address), act, thing, **(detail or {}))


class Page(NamedTuple):
    """Lines of the trail, newest first; `before` asks for the next page, None where there is none."""

    lines: Sequence[Written]
    before: int | None


def page(home: Home, wanted: Wanted, *, most: int = MOST) -> Page:
    """A page of the trail."""
    with home.database.connect() as connection:
        found = audit.page(connection, wanted, most + 1)
    return Page(found[:most], found[most - 1].id if len(found) > most else None)
