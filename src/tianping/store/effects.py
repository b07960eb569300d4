"""The rows of `effect`: what penalties do to shops, from when to when. An effect is taken back by a row that reverses it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, or_, select

from tianping.policy.judging import EffectKind
from tianping.store.schema import effect, violation, violation_event
from tianping.store.violations import NOW


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
    return add_all(connection, [row])[0]


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """The same of many; their ids, in order."""
    return connection.execute(_ADD, rows).scalars().all() if rows else ()


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
    return _read(connection, _OF_VIOLATION, {"id": id_})


def standing(connection: Connection, id_: int) -> Sequence[Effect]:
    """The effects of a violation that nobody has taken back, whether or not they have ended."""
    return _read(connection, _STANDING, {"id": id_})


def in_force(connection: Connection, shop: str, at: dt.datetime) -> Sequence[Effect]:
    """The effects on a shop at `at`, as known then: begun, not ended, not taken back, and duties not fulfilled."""
    found = _read(connection, _IN_FORCE, {"shop": shop, "at": at, "known": at})
    done = _fulfilled(connection, [each.violation_id for each in found if each.lasts == "duty"], at)
    return [each for each in found if (each.violation_id, each.name) not in done]


def points(connection: Connection, shop: str, at: dt.datetime, *, known_at: dt.datetime | None = None) -> int:
    """Σ of the points of a shop that count at `at`, as known then, or at another time."""
    return int(connection.execute(_POINTS, {"shop": shop, "at": at, "known": known_at or at}).scalar() or 0)


def points_of_all(connection: Connection, at: dt.datetime) -> dict[str, int]:
    """Shop → Σ of its points that count at `at`; shops without any are left out."""
    return {str(shop): int(total) for shop, total in connection.execute(_POINTS_OF_ALL, {"at": at, "known": at})}


def maybe_over(connection: Connection, at: dt.datetime) -> Sequence[tuple[int, str]]:
    """(violation, shop) of those in force that may be served, oldest first: nothing of them runs on but points, and where there
    is a duty, something was fulfilled."""
    return [(id_, shop) for id_, shop in connection.execute(_MAYBE_OVER, {"at": at})]


def _fulfilled(connection: Connection, ids: Sequence[int], at: dt.datetime) -> set[tuple[int, str]]:
    """(violation, name of the effect) of the duties fulfilled by `at`."""
    found = connection.execute(_FULFILLED, {"ids": ids, "at": at}) if ids else ()
    return {(id_, name) for id_, detail in found for name in detail["spares"]}


def _read(connection: Connection, query: Select[Any], asked: Mapping[str, Any]) -> Sequence[Effect]:
    return [Effect(*row) for row in connection.execute(query, asked)]


def _stands(*, known: bool) -> tuple[ColumnElement[bool], ...]:
    """Takes nothing back, and was not taken back: ever, or by `known`. Not `IS NULL`: SQLite would go through all such rows by
    the index of `reverses`, rather than through those of one violation."""
    taker = effect.alias("taker")
    taken = select(taker.c.id).where(taker.c.reverses == effect.c.id)
    return (
        func.coalesce(effect.c.reverses, 0) == 0,
        ~(taken.where(taker.c.at <= bindparam("known")) if known else taken).exists(),
    )


# The statements are made once: making them costs more than running them.

_ADD = insert(effect).returning(effect.c.id, sort_by_parameter_order=True)
_ALL = select(*(effect.c[field.name] for field in fields(Effect))).order_by(effect.c.id)
_OF_VIOLATION = _ALL.where(effect.c.violation_id == bindparam("id"))
_STANDING = _OF_VIOLATION.where(*_stands(known=False))
_RUNS_ON = or_(effect.c.ends_at.is_(None), effect.c.ends_at > bindparam("at"))
_AT = (effect.c.begins_at <= bindparam("at"), effect.c.at <= bindparam("known"), *_stands(known=True))
_IN_FORCE = _ALL.where(effect.c.shop_id == bindparam("shop"), _RUNS_ON, *_AT)
_COUNTS = (effect.c.kind == "points", effect.c.ends_at > bindparam("at"), *_AT)
_POINTS = select(func.sum(effect.c.amount)).where(effect.c.shop_id == bindparam("shop"), *_COUNTS)
_POINTS_OF_ALL = select(effect.c.shop_id, func.sum(effect.c.amount)).where(*_COUNTS).group_by(effect.c.shop_id)
_FULFILLED = select(violation_event.c.violation_id, violation_event.c.detail).where(
    violation_event.c.violation_id.in_(bindparam("ids", expanding=True)),
    violation_event.c.verb == "fulfil",
    violation_event.c.at <= bindparam("at"),
)
_DID = violation_event.alias("did")
_SOMETHING_FULFILLED = select(_DID.c.n).where(_DID.c.violation_id == violation.c.id, _DID.c.verb == "fulfil").exists()
_OWN = select(effect.c.id).where(effect.c.violation_id == violation.c.id, *_stands(known=False))
_GOING = or_(effect.c.lasts == "ever", effect.c.ends_at > bindparam("at"))
_MAYBE_OVER = (
    select(violation.c.id, violation.c.shop_id)
    .select_from(NOW)
    .where(
        violation_event.c.state == "in_force",
        ~_OWN.where(effect.c.kind != "points", _GOING).exists(),
        or_(~_OWN.where(effect.c.lasts == "duty").exists(), _SOMETHING_FULFILLED),
    )
    .order_by(violation.c.date, violation.c.id)
)
