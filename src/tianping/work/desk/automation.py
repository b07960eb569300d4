"""Rules act on cases, in the transaction of what happened to them. A rule never hinders anybody: what it cannot do is left to
people and the clock."""

import datetime as dt
import logging
from collections.abc import Iterator, Sequence

from tianping.cases import automation
from tianping.cases.case import Step
from tianping.cases.clocks import overdue
from tianping.errors import TianpingError
from tianping.policy.cases.casebook import Casebook
from tianping.store.desk import worklists
from tianping.store.desk.worklists import Wanted
from tianping.work.desk.sitting import Desk, Sitting, sitting

MOST = 5
"""Acts of rules on one case in a row."""
MANY = 100_000
"""Open cases of a kind that one call goes through."""
log = logging.getLogger("tianping.desk.rules")


def automate(sitting: Sitting, steps: Sequence[Step]) -> None:
    """Have rules act on the cases of these steps."""
    for id_ in dict.fromkeys(step.after.id for step in steps):
        for _ in range(MOST):
            if not once(sitting, id_):
                break


def once(sitting: Sitting, id_: str) -> bool:
    """Have the first rule that can act on a case; whether one did. What is overdue is the clock's."""
    case = sitting.cases[id_]
    if case.ended_at is not None or any(overdue(timer, sitting.at) for timer in case.timers):
        return False
    for act in automation.acts(sitting.desk.book(case.platform), case, sitting.known(case)):
        try:
            with sitting.attempt():
                sitting.act(id_, act, depth=1)
        except TianpingError as error:
            log.info("%s could not %s case %s: %s", act.doer.rule, act.verb, id_, error)
        else:
            return True
    return False


def over_shop(desk: Desk, shop: str, at: dt.datetime) -> int:
    """Have rules act on the open cases of a shop now, rather than at their next change: after a switch was turned, or a
    sanction began. On how many they did; each in a transaction of its own."""
    with desk.database.connect() as connection:
        kinds = {kind for book in desk.books.values() for kind in _kinds(book)}
        ids = [id_ for kind in sorted(kinds) for id_ in worklists.ids(connection, Wanted(kind, shop=shop, open=True), "", MANY)]
    return sum(_one(desk, id_, at) for id_ in ids)


def _kinds(book: Casebook) -> Iterator[str]:
    for rule in book.automation.values():
        yield from (kind for version in rule.versions for deed in version.does for kind in deed.kinds)


def _one(desk: Desk, id_: str, at: dt.datetime) -> bool:
    with sitting(desk, at) as sat:
        sat.bring([id_])
        return once(sat, id_)
