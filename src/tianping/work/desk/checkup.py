"""What a person must see to at the desk: clocks that nobody runs, verbs that fail, money that hangs, evidence that is gone."""

import datetime as dt
from collections.abc import Iterator
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, func, select

from tianping.store import ledger
from tianping.store.desk import cases
from tianping.store.desk.schema import desk_case, desk_deadline, desk_evidence
from tianping.work.desk.effects import PAYMENT
from tianping.work.desk.evidence import path
from tianping.work.home import Home

LATE = dt.timedelta(minutes=10)
"""A clock overdue for longer: no worker runs, or it cannot keep up."""
OFTEN = 3
"""Failures after which an operator is shown a verb of the clock."""


class Sign(NamedTuple):
    """One thing looked at, and whether it needs somebody."""

    what: str
    state: Literal["ok", "look", "fault"]
    told: str


def signs(home: Home, at: dt.datetime) -> Iterator[Sign]:
    """Nothing of a home without cases."""
    with home.database.connect() as connection:
        open_ = connection.execute(_OPEN).scalar_one()
        if not connection.execute(select(desk_case.c.id).limit(1)).first():
            return
        late = connection.execute(_LATE, {"before": at - LATE}).scalar_one()
        failing = cases.failing(connection, OFTEN)
        money = {row.state: row.many for row in connection.execute(_MONEY)}
        shown = connection.execute(_SHOWN).all()
        wrong = ledger.unbalanced(connection)
    told = f"{open_} cases open"
    yield Sign("desk", "look", f"{told}, {late} clocks overdue; run `tianping work`") if late else Sign("desk", "ok", told)
    if failing:
        shop, timer = failing[0]
        said = f"case {timer.case_id} of shop {shop}: {timer.passes} failed {timer.tries} times ({timer.said})"
        yield Sign("clocks", "look", f"{len(failing)} verbs fail again and again, first {said}")
    if money:
        hangs = ", ".join(f"{count} {state}" for state, count in sorted(money.items()))
        yield Sign("payments", "look", f"{hangs}: an operator is to see to them")
    if wrong:
        account, kept, moved = wrong[0]
        said = f"{account} is kept as {kept} fen, its transfers come to {moved}"
        yield Sign("books", "fault", f"{len(wrong)} balances are not what was moved, first {said}: restore a backup")
    gone = [row.id for row in shown if not path(home.path, row.digest).exists()]
    if gone:
        yield Sign("evidence", "fault", f"{len(gone)} files gone, that of evidence {gone[0]} first: bring them from a backup")


_OPEN = select(func.count()).select_from(desk_case).where(desk_case.c.ended_at.is_(None))
_LATE = (
    select(func.count())
    .select_from(desk_deadline)
    .where(desk_deadline.c.state == "running", desk_deadline.c.tries == 0, desk_deadline.c.due_at < bindparam("before"))
)
_MONEY = (
    select(desk_case.c.state, func.count().label("many"))
    .where(desk_case.c.kind == PAYMENT, desk_case.c.owner == "operator", desk_case.c.ended_at.is_(None))
    .group_by(desk_case.c.state)
)
_SHOWN = select(desk_evidence.c.id, desk_evidence.c.digest)
