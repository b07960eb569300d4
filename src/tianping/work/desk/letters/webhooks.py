"""Webhooks: who hears of cases at which address, and the sending of what the outbox holds for them.

Sent at least once: the receiver tells repeats by `Tianping-Delivery`. Signed: `Tianping-Signature: t=<seconds>,v1=<hex>`, the
HMAC-SHA256 of `<seconds>.<body>` under the webhook's secret. What fails is tried again after growing pauses, and given up after
the last; the webhook's own entry shows how many letters wait or were given up, and what the last failure said.
"""

import datetime as dt
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from tianping.errors import NotFound, TianpingError
from tianping.store import settings
from tianping.store.database import writing
from tianping.store.desk import outbox, webhooks
from tianping.store.desk.outbox import Row
from tianping.store.desk.webhooks import Post, Webhook
from tianping.work.desk.letters import calling
from tianping.work.desk.letters.calling import Told
from tianping.work.people.trail import Doer, leave

MOST = 20
"""Webhooks of an account."""
PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440, 1440))
"""After the first failure, the second …; after the last there is no further try."""
LONGEST = sum(PAUSES, dt.timedelta())
"""A letter older than this is not tried again either: behind a dead address many wait without a try of their own."""
LEASE = dt.timedelta(minutes=2)
"""Who died while sending is followed by another after this."""
AT_ONCE = 16
"""Addresses called at the same time."""
ROUND = 20.0
"""Seconds after which no further call of a batch begins: slow servers must not keep the worker."""
ALLOWED = "webhook_hosts"
"""The setting with the `host:port` that may be private and without TLS, one a line."""
Call = Callable[..., Told]
"""`calling.post`, or what stands in for it."""


class WebhookRefused(TianpingError):
    """A webhook that cannot be so."""


class Shown(NamedTuple):
    """A webhook as its owner sees it, and how its letters fare."""

    webhook: Webhook
    post: Post


class Sent(NamedTuple):
    """Letters that arrived, that were given up, and that wait for another try."""

    arrived: int = 0
    dropped: int = 0
    waiting: int = 0


def register(
    connection: Connection, doer: Doer, url: str, kinds: Sequence[str], allowed: Collection[str]
) -> tuple[Webhook, str]:
    """A new webhook of the doer's account, and its secret, shown this once. `allowed`: what may be private. Raises
    UrlRefused, WebhookRefused."""
    assert doer.account_id is not None
    calling.require(url, allowed)
    if len(webhooks.of_account(connection, doer.account_id)) >= MOST:
        raise WebhookRefused(f"an account has at most {MOST} webhooks; delete one first")
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    row = {
        "account_id": doer.account_id, "url": url, "secret": secret, "kinds": list(kinds), "active": True, "at": doer.at,
    }  # fmt: skip
    id_ = webhooks.add(connection, row)
    leave(connection, doer, "webhook_new", f"webhook {id_}", kinds=list(kinds))
    return Webhook(id_, doer.account_id, url, "", tuple(kinds), active=True, at=doer.at), secret


def listing(database: Engine, account_id: int) -> list[Shown]:
    """An account's webhooks, oldest first."""
    with database.connect() as connection:
        return [Shown(each, webhooks.post(connection, each.id)) for each in webhooks.of_account(connection, account_id)]


def drop(database: Engine, doer: Doer, id_: int) -> None:
    """Nothing is sent there any more. Raises NotFound."""
    assert doer.account_id is not None
    with database.begin() as connection:
        if not webhooks.drop(connection, doer.account_id, id_):
            raise NotFound(f"there is no webhook {id_} here")
        leave(connection, doer, "webhook_dropped", f"webhook {id_}")


def allowed_hosts(database: Engine) -> frozenset[str]:
    """`host:port` that whoever runs the home lets be called although they are private."""
    return frozenset(settings.get(database, ALLOWED, "").split())


def allow(database: Engine, hosts: Collection[str]) -> None:
    """Let these be called, each as `host:port`, and no other private ones. Raises WebhookRefused."""
    for each in hosts:
        if not each.rpartition(":")[2].isdecimal() or not each.rpartition(":")[0]:
            raise WebhookRefused(f'"{each}" names no port, and every port would be too much; write 10.0.0.5:8443')
    settings.put(database, ALLOWED, "\n".join(sorted({each.lower() for each in hosts})))


def signature(secret: str, at: dt.datetime, body: bytes) -> str:
    """What the receiver checks."""
    seconds = int(at.replace(tzinfo=dt.UTC).timestamp())
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def deliver(database: Engine, at: dt.datetime, *, most: int = 200, call: Call = calling.post) -> Sent:
    """Send a batch of what is due by `at`. Several may do so at once; nothing is held while somebody's server thinks."""
    with writing(database) as connection:
        due = outbox.due(connection, "webhook", at, most)
        outbox.put_off(connection, [row.id for row in due], at + LEASE)
    allowed = allowed_hosts(database)
    groups: dict[int, list[Row]] = {}
    for row in due:
        groups.setdefault(int(row.payload["webhook"]), []).append(row)
    if not groups:
        return Sent()
    until = time.monotonic() + ROUND
    with ThreadPoolExecutor(min(AT_ONCE, len(groups)), "tianping webhook") as pool:
        sent = list(pool.map(lambda id_: _group(database, id_, groups[id_], at, until, partial(call, allowed=allowed)), groups))
    return Sent(*map(sum, zip(*sent, strict=True)))


def _group(database: Engine, id_: int, rows: Sequence[Row], at: dt.datetime, until: float, call: Call) -> Sent:
    """The letters of one webhook, in turn; after a failure the others wait as long, so that a dead address costs one try."""
    arrived = 0
    for place, row in enumerate(rows):
        if time.monotonic() > until:
            _write(database, partial(outbox.put_off, ids=[each.id for each in rows[place:]], next_at=at))
            return Sent(arrived, waiting=len(rows) - place)
        with database.connect() as connection:  # what was allowed when it happened may not be now
            webhook = webhooks.hearing(connection, id_, row.payload["says"]["shop_id"])
        if webhook is None:
            _write(database, partial(outbox.dropped, id_=row.id, said="nobody listens any more"))
            continue
        told = call(webhook.url, *_letter(webhook, row, at))
        if not told.arrived:
            dropped, waiting = _put_back(database, rows[place:], at, told)
            return Sent(arrived, dropped, waiting)
        _write(database, partial(outbox.done, id_=row.id))
        arrived += 1
    return Sent(arrived=arrived)


def _letter(webhook: Webhook, row: Row, at: dt.datetime) -> tuple[bytes, Mapping[str, str]]:
    said = {"id": row.key, **row.payload["says"]}
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8", "User-Agent": "tianping", "Tianping-Delivery": row.key,
        "Tianping-Signature": signature(webhook.secret, at, body),
    }  # fmt: skip
    return body, headers


def _put_back(database: Engine, rows: Sequence[Row], at: dt.datetime, told: Told) -> tuple[int, int]:
    """The first of these failed: it and the others wait, or are given up; how many are, and how many wait."""
    over = [row.id for row in rows if row.tries >= len(PAUSES) or at - row.at >= LONGEST]
    again = at + PAUSES[min(rows[0].tries, len(PAUSES) - 1)]
    with writing(database) as connection:
        for id_ in over:
            outbox.dropped(connection, id_, f"given up: {told.said}")
        if rows[0].id not in over:
            outbox.failed(connection, rows[0].id, again, told.said)
        outbox.put_off(connection, [row.id for row in rows[1:] if row.id not in over], again)
    return len(over), len(rows) - len(over)


def _write(database: Engine, write: Callable[[Connection], None]) -> None:
    with writing(database) as connection:
        write(connection)
