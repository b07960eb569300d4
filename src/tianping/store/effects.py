"""The rows of `effect`: what penalties do to shops, from when to when. An effect is taken back by a row that reverses it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select

from tianping.policy.judging import EffectKind
from tianping.store.schema import effect, violation_event


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. `name` tells it from the others of its penalty; `amount` is days, points or fen; `reverses`: it takes that
    one back."""

    id: int
    violation_id: int
    n: int
    shop_id: str
    subject_id: str
    kind: EffectKind
    name: str
    lasts: str
    amount: int | None
    begins_at: dt.datetime
    ends_at: dt.datetime | None
    reverses: int | None
    at: dt.datetime


def add(connection: Connection, row: Mapping[str, Any]) -> int:
    """A new effect (its columns without `id`); its id."""
    return int(connection.execute(insert(effect).values(**row).returning(effect.c.id)).scalar_one())


def reverse(connection: Connection, taken: Effect, n: int, at: dt.datetime) -> int:
    """Take one back, by event `n` of its violation. Raises IntegrityError where it was."""
    row = {
        "violation_id": taken.violation_id, "n": n, "shop_id": taken.shop_id, "subject_id": taken.subject_id,
        "kind": taken.kind, "name": taken.name, "lasts": "once", "amount": taken.amount, "begins_at": at, "ends_at": at,
        "reverses": taken.id, "at": at,
    }  # fmt: skip
    return add(connection, row)


def of_violation(connection: Connection, id_: int) -> Sequence[Effect]:
    """All effects of a violation and what took them back, in order."""
    return _read(connection, effect.c.violation_id == id_)


def standing(connection: Connection, id_: int) -> Sequence[Effect]:
    """The effects of a violation that nobody has taken back, whether or not they have ended."""
    return _read(connection, effect.c.violation_id == id_, *_stands(None))


def in_force(connection: Connection, shop: str, at: dt.datetime) -> Sequence[Effect]:
    """The effects on a shop at `at`, as known then: begun, not ended, not taken back, and duties not fulfilled."""
    found = _read(connection, effect.c.shop_id == shop, *_at(at), *_stands(at))
    done = _fulfilled(connection, [each.violation_id for each in found if each.lasts == "duty"], at)
    return [each for each in found if (each.violation_id, each.name) not in done]


def points(connection: Connection, shop: str, at: dt.datetime, *, known_at: dt.datetime | None = None) -> int:
    """Σ of the points of a shop that count at `at`, as known then, or at another time."""
    known = known_at or at
    spans = and_(effect.c.begins_at <= at, effect.c.ends_at > at, effect.c.at <= known)
    query = select(func.sum(effect.c.amount)).where(effect.c.shop_id == shop, effect.c.kind == "points", spans, *_stands(known))
    return int(connection.execute(query).scalar() or 0)


def points_of_all(connection: Connection, at: dt.datetime) -> dict[str, int]:
    """Shop → Σ of its points that count at `at`; shops without any are left out."""
    query = (
        select(effect.c.shop_id, func.sum(effect.c.amount))
        .where(effect.c.kind == "points", *_at(at), *_stands(at))
        .group_by(effect.c.shop_id)
    )
    return {str(shop): int(total) for shop, total in connection.execute(query)}


def _at(at: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return (effect.c.begins_at <= at, effect.c.at <= at, or_(effect.c.ends_at.is_(None), effect.c.ends_at > at))


def _stands(at: dt.datetime | None) -> tuple[ColumnElement[bool], ...]:
    """Takes nothing back, and was not taken back by `at` (None: ever)."""
    taker = effect.alias("taker")
    taken = select(taker.c.id).where(taker.c.reverses == effect.c.id)
    return (effect.c.reverses.is_(None), ~(taken if at is None else taken.where(taker.c.at <= at)).exists())


def _fulfilled(connection: Connection, ids: Sequence[int], at: dt.datetime) -> set[tuple[int, str]]:
    """(violation, name of the effect) of the duties fulfilled by `at`."""
    event = violation_event
    query = select(event.c.violation_id, event.c.detail).where(
        event.c.violation_id.in_(ids), event.c.verb == "fulfil", event.c.at <= at
    )
    return {(id_, name) for id_, detail in connection.execute(query) for name in detail["spares"]} if ids else set()


def _read(connection: Connection, *tests: ColumnElement[bool]) -> Sequence[Effect]:
    query = select(effect).where(*tests).order_by(effect.c.id)
    return [Effect(**row) for row in connection.execute(query).mappings()]
