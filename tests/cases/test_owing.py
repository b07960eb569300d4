"""What a shop owes for advances is asked for again and again, in growing pauses: an abandoned shop leaves no event a day."""

from tianping.cases.case import Act, Doer
from tianping.work.desk import clock
from tianping.work.desk.sitting import Desk, sitting

from .market import DAY, SECOND, T, events, order, read


def test_the_pause_between_two_tries_grows(desk: Desk) -> None:
    """Every day within thirty days of the notice, every week within 180, then every thirty days."""
    order(desk, paid_at=None)
    with sitting(desk, T) as sat:
        advanced = Act("advance", Doer("system"), {"advance_fen": 1_000})
        case = sat.open("advance", advanced, platform="kuaishou", shop_id="S1", order_id="O1").after
    tried: list[int] = []
    while (due := read(desk, case.id).timers[0].due_at) <= T + 365 * DAY:
        counts = []
        for at in (due - SECOND, due):
            clock.run_down(desk, at)
            counts.append(read(desk, case.id).n)
        assert counts == [len(tried) + 1, len(tried) + 2]
        tried.append((due - T) // DAY)
    assert tried == [*range(5, 32), *range(38, 186, 7), *range(215, 366, 30)]
    assert len(events(desk, case)) == 1 + len(tried) == 56
