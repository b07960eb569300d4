"""A penalty takes effect: of one violation, or of many that a close found, in the same way."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from tianping.store import effects, ledger, violations
from tianping.work.docket import points
from tianping.work.docket.matter import Matter, deal_anew, write
from tianping.work.docket.rejudge import LIVE, REMOVAL, follow_points


def impose(confirmed: Sequence[Matter]) -> None:
    """Write down what was just confirmed, in order: the last event of each, its effects, the money they move, and what follows
    for the shop's points. All of one transaction. As if each were done before the next; those of which nothing can follow are
    written together."""
    fined = {each.row.shop_id for each in confirmed if any(dealt.unit == "fen" for dealt in each.deal)}
    if confirmed:
        ledger.alone_with(confirmed[0].connection, *fined)  # at once, and so in order
    near = {confirmed[0].row.shop_id} if len(confirmed) == 1 else _near(confirmed)
    for follows, group in groupby(confirmed, key=lambda each: each.row.shop_id in near):
        for each in ([one] for one in group) if follows else [list(group)]:
            _impose(each)
            if follows:
                follow_points(each[0])


def _impose(confirmed: Sequence[Matter]) -> None:
    connection = confirmed[0].connection
    write(connection, confirmed)
    deal_anew(connection, [(each, dealt) for each in confirmed for dealt in each.deal])


def _near(confirmed: Sequence[Matter]) -> set[str]:
    """The shops whose points reach the line with these, and those with a removal to look at again."""
    if not confirmed:
        return set()
    connection = confirmed[0].connection
    near, ats = set(violations.shops_with(connection, REMOVAL, LIVE)), Counter(each.last.at for each in confirmed)
    at, _ = ats.most_common(1)[0]
    total = Counter(effects.points_of_all(connection, at))
    for each in confirmed:
        total[each.row.shop_id] += sum(dealt.amount or 0 for dealt in each.deal if dealt.unit == "points")
    return near | {each.row.shop_id for each in confirmed if each.last.at != at or _reaches(each, total, at)}


def _reaches(matter: Matter, total: Counter[str], at: dt.datetime) -> bool:
    rule, shop = points.rule(matter.office.rules, matter.row.platform, matter.row.date), matter.row.shop_id
    return rule is not None and total[shop] + points.of_past(matter.office.past(shop), shop, at, days=rule.days) >= rule.line
