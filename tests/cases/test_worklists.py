"""Lists found by indexes hold what a look at every case would find."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from tianping.cases.case import Case
from tianping.cases.flow import flow_of
from tianping.store.desk import cases, worklists
from tianping.store.desk.worklists import Heap, Wanted
from tianping.work.desk import clock
from tianping.work.desk.sitting import Desk
from tianping.work.desk.worklists import OWNERS

from .market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, order

NOW = T + 49 * HOUR
SOON = NOW + DAY
WANTED = [
    Wanted(),
    Wanted(leave_out=("order",)),
    Wanted(kind="order"),
    Wanted(kind="refund_only", state="requested"),
    Wanted(owner="merchant", leave_out=("order",)),
    Wanted(owner="adjudicator"),
    Wanted(shop="S1"),
    Wanted(shops=frozenset({"S0", "S2"}), leave_out=("order",)),
    Wanted(shops=frozenset()),
    Wanted(shop="S1", shops=frozenset({"S1", "S2"}), open=True),
    Wanted(open=False),
    Wanted(due_before=SOON),
    Wanted(known="answered_at"),
    Wanted(order="O4"),
]


@pytest.fixture
def busy(any_desk: Desk) -> Desk:
    """Thirty orders of three shops on two platforms, their cases in many states; some clocks stand still, some are over."""
    for n in range(30):
        platform = "kuaishou" if n % 2 else "tmall"
        at = T + n * HOUR
        order(any_desk, at, id_=f"O{n}", shop=f"S{n % 3}", platform=platform, shipped_at=at, signed_at=at)
        case = ask(any_desk, "return_refund" if n % 4 < 2 else "refund_only", at, of=f"O{n}", quantity=1)
        if n % 5 == 1:
            do(any_desk, case, "agree", "merchant", at + SECOND)
        if n % 5 == 2:
            do(any_desk, case, "refuse", "merchant", at + SECOND, **REFUSAL)
    clock.run_down(any_desk, T + 48 * HOUR)
    return any_desk


def every(desk: Desk) -> list[Case]:
    with desk.database.connect() as connection:
        ids = connection.execute(text("SELECT id FROM desk_case")).scalars().all()
        return list(cases.load(connection, ids).values())


def owner(desk: Desk, case: Case) -> str:
    return flow_of(desk.book(case.platform), case).states[case.state].owner or ""


def due(case: Case) -> dt.datetime | None:
    return min((each.due_at for each in case.timers if each.state == "running"), default=None)


def fits(desk: Desk, case: Case, wanted: Wanted) -> bool:
    first = due(case)
    return all(
        (
            wanted.kind in ("", case.kind) and not (case.kind in wanted.leave_out and not wanted.kind),
            wanted.state in ("", case.state),
            wanted.owner in ("", owner(desk, case)),
            wanted.shop in ("", case.shop_id) and (wanted.shops is None or case.shop_id in wanted.shops),
            wanted.order in ("", case.order_id),
            not wanted.known or case.facts.get(wanted.known) is not None,
            wanted.open is None or wanted.open == (case.ended_at is None),
            wanted.due_before is None or (first is not None and first < wanted.due_before),
        )
    )


def pages(desk: Desk, wanted: Wanted, limit: int) -> list[str]:
    found: list[str] = []
    with desk.database.connect() as connection:
        while page := worklists.ids(connection, wanted, found[-1] if found else "", limit):
            found += page
    return found


def test_a_case_holds_when_its_first_deadline_is_due(busy: Desk) -> None:
    with busy.database.connect() as connection:
        kept = {row.id: row.due_at for row in connection.execute(text("SELECT id, due_at FROM desk_case"))}
    told = {id_: None if at is None else str(at)[:19] for id_, at in kept.items()}
    assert told == {case.id: str(first)[:19] if (first := due(case)) else None for case in every(busy)}
    assert 20 < sum(at is not None for at in told.values()) < len(told)


@pytest.mark.parametrize("wanted", WANTED)
def test_ids_are_all_that_fit_the_last_opened_first(busy: Desk, wanted: Wanted) -> None:
    fitting = {case.id for case in every(busy) if fits(busy, case, wanted)}
    found = pages(busy, wanted, 7)
    assert (sorted(found), len(found)) == (sorted(fitting), len(fitting))
    assert [*found] == pages(busy, wanted, 1_000)
    ours = [id_ for id_ in found if not id_.startswith("order/")]
    assert ours == sorted(ours, reverse=True)


@pytest.mark.parametrize("shops", [None, frozenset({"S1"}), frozenset({"S0", "S2"}), frozenset({"S9"}), frozenset()])
@pytest.mark.parametrize("owners", [OWNERS, ("merchant",)])
def test_heaps_are_what_a_count_finds(busy: Desk, shops: frozenset[str] | None, owners: Sequence[str]) -> None:
    counted: defaultdict[tuple[str, str, str, str], list[dt.datetime | None]] = defaultdict(list)
    for case in every(busy):
        if owner(busy, case) in owners and (shops is None or case.shop_id in shops):
            counted[case.platform, case.kind, case.state, owner(busy, case)].append(due(case))
    wanted = {
        Heap(
            *alike, len(dues), sum(each <= NOW for each in known), sum(NOW < each <= SOON for each in known),
            min(known, default=None),
        )
        for alike, dues in counted.items()
        for known in [[each for each in dues if each is not None]]
    }  # fmt: skip
    with busy.database.connect() as connection:
        found = worklists.heaps(connection, Wanted(shops=shops), owners, NOW, SOON)
    assert (set(found), len(found)) == (wanted, len(wanted))
    firsts = [heap.first_due for heap in found]
    assert firsts == sorted(firsts, key=lambda each: each or dt.datetime.max)
