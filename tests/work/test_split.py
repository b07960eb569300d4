"""What changed between two closes: the rows are those of both proofs, and the parts sum to the change."""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tianping.assess.split import Counts, Moved, Rows, Split
from tianping.errors import NotFound, TianpingError
from tianping.facts.views import VIEWS
from tianping.metrics.proof import Scope
from tianping.periods import Period
from tianping.work.closing.close import Asked
from tianping.work.closing.closed import find
from tianping.work.figures.explain import Named, Proof, explain, totals
from tianping.work.home import Home, open_home, set_scope
from tianping.work.judge import close_day
from tianping.work.why.scoresplit import changed_score
from tianping.work.why.split import Change, changed

from .homes import NOON, bring, closed, copy, rules, table

T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
METRICS = (
    "quality_refund_rate", "liable_dispute_rate", "refund_only_time", "service_satisfaction", "timely_shipment", "review_count",
    "product_rating", "response_3min",
)  # fmt: skip


@pytest.fixture(scope="module")
def market(demo: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market with another close, of three days before."""
    made = copy(demo, tmp_path_factory.mktemp("split") / "home")
    closed(made, T - 3 * DAY)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home", create=True)
    set_scope(made, "market")
    return made


def sums(split: Split) -> Fraction:
    return sum((each.part for each in split.steps if each.part is not None), Fraction(0))


def sound(change: Change) -> None:
    """The parts of every split sum to its change."""
    for split in (change.value, change.ratio):
        if split and split.change is not None:
            assert sums(split) == split.change
    assert (change.value.before, change.value.after) == (change.counts[0].value, change.counts[1].value)


def adds(proof: Proof) -> dict[tuple[object, ...], tuple[int, int]]:
    """What every row of a proof adds, read one by one."""
    found: dict[tuple[object, ...], tuple[int, int]] = {}
    keys = {side.tally.view: [key for key in VIEWS[side.tally.view].key if key != "day"] for side in proof.definition.sides}
    for row in proof.rows():
        key = (row["side"], *(row.get(name) for names in keys.values() for name in names), *day_of(proof, row))
        number = int(str(row["adds"])) if row["side"] != "denominator" else 0
        whole = {"denominator": int(str(row["adds"])), "numerator": 0}.get(str(row["side"]), int(row["role"] != "left_out"))
        before = found.get(key, (0, 0))
        found[key] = before[0] + number, before[1] + whole
    return found


def day_of(proof: Proof, row: object) -> Iterator[object]:
    """The day of a buyer's day is part of its key, but where a buyer counts once a window."""
    side = proof.definition.sides[0].tally
    if "day" in VIEWS[side.view].key and not side.once_per:
        assert isinstance(row, dict)
        yield row["day"]


def joined(before: dict[tuple[object, ...], tuple[int, int]], after: dict[tuple[object, ...], tuple[int, int]]) -> Rows:
    """Rows by what became of them; those that never count are none."""
    kinds: dict[str, list[tuple[tuple[int, int], tuple[int, int]]]] = {"same": [], "left": [], "rejudged": [], "came": []}
    for key in before | after:
        was, now = before.get(key, (0, 0)), after.get(key, (0, 0))
        if any((*was, *now)):
            kind = "left" if key not in after else "came" if key not in before else "same" if was == now else "rejudged"
            kinds[kind].append((was, now))
    return Rows(**{
        kind: Moved(len(rows), *(Counts(*(sum(row[side][n] for row in rows) for n in (0, 1))) for side in (0, 1)))
        for kind, rows in kinds.items()
    })  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
def test_the_rows_of_both_closes(market: Home, metric: str) -> None:
    """Joined in SQL as they are joined one by one."""
    before, named = T - 3 * DAY, Named(metric)
    change = changed(market, rules(), named, Scope("kuaishou", "shop", "S001", T, 30), before)
    sound(change)
    proofs = [explain(market, rules(), named, Scope("kuaishou", "shop", "S001", day, 30)) for day in (before, T)]
    assert list(change.counts) == [totals(proof.definition, proof.parts) for proof in proofs]
    assert change.rows == joined(*(adds(proof) for proof in proofs))


@pytest.mark.parametrize(
    ("by", "subject", "days"), [("product", "P10001", 7), ("platform", "kuaishou", 1), ("shop", "S004", 7)]
)
def test_other_subjects_and_days(market: Home, by: str, subject: str, days: int) -> None:
    platform = "douyin" if subject == "S004" else "kuaishou"
    metric = "timely_shipment" if by != "product" else "quality_refund_rate"
    sound(changed(market, rules(), Named(metric), Scope(platform, by, subject, T, days), T - 3 * DAY))


def at(day: dt.date) -> str:
    return f"{day} 12:00:00"


def orders(shop: str, *days: dt.date) -> list[tuple[object, ...]]:
    return [(f"{shop}{n}", shop, f"P{shop}", at(day), at(day), "self_built") for n, day in enumerate(days)]


def facts(*answers: str) -> dict[str, str]:
    """Shop A: a refund asked on each of the days before T, answered so; shop B's two refunds, one refused."""
    days = [T - n * DAY for n in range(len(answers), 0, -1)]
    lines = [*orders("A", *days), *orders("B", T - 20 * DAY, T - 20 * DAY)]
    asked = [
        *zip(orders("A", *days), answers, strict=True),
        *zip(orders("B", *[T - 20 * DAY] * 2), ("refused", "agreed"), strict=True),
    ]
    return {
        "shops": table("shop_id,platform", ("A", "kuaishou"), ("B", "kuaishou")),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel", *lines),
        "cases": table("case_id,order_id,kind,reason,requested_at,answered_at,answer",
                       *((f"R{line[0]}", line[0], "refund_only", "other", line[3], line[3], answer) for line, answer in asked)),
    }  # fmt: skip


WANTED = Scope("kuaishou", "shop", "A", T, 30)


def test_a_row_judged_anew_and_one_that_came(home: Home) -> None:
    """1/2 the day before; then one answer turns out refused (2/2), and another refund comes, agreed (2/3).

    Beside the benchmark: 2/4 before, 3/5 after.
    """
    bring(home, facts("refused", "agreed"))
    closed(home, T)
    bring(home, {"cases": facts("refused", "refused")["cases"]}, hour=1)
    later = [("A2", "A", "PA", at(T), at(T), "self_built")]
    bring(home, {
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel", *later),
        "cases": table("case_id,order_id,kind,reason,requested_at,answered_at,answer",
                       ("RA2", "A2", "refund_only", "other", at(T), at(T), "agreed")),
    }, hour=2)  # fmt: skip
    closed(home, T + DAY)
    change = changed(home, rules(), Named("refusal_rate"), Scope("kuaishou", "shop", "A", T + DAY, 30), T)
    sound(change)
    parts = {each.name: (each.rows, each.part) for each in change.value.steps}
    assert parts == {
        "left": (0, 0),
        "rejudged": (1, Fraction(1, 2)),
        "came": (1, Fraction(-1, 3)),
        "benchmark": (0, 0),
        "rule": (0, 0),
    }
    assert change.benchmarks == (Fraction(1, 2), Fraction(3, 5))
    assert change.ratio is not None
    assert [each.part for each in change.ratio.steps] == [0, 1, Fraction(-2, 3), Fraction(-2, 9), 0]


def test_a_row_leaves_its_window(home: Home) -> None:
    """Of 1 day: the one of the day before left, another came."""
    bring(home, facts("refused", "agreed"))
    closed(home, T)
    closed(home, T - DAY)
    change = changed(home, rules(), Named("refusal_rate"), Scope("kuaishou", "shop", "A", T, 1), T - DAY)
    assert (change.rows.left.rows, change.rows.came.rows) == (1, 1)
    assert [each.part for each in change.value.steps[:3]] == [0, 0, -1], "nothing in between keeps the value before"


def test_a_rule_that_came_into_force(home: Home) -> None:
    """Quality refunds count anew from 2023 on: what the new rule alone changes stands by itself."""
    day = dt.date(2023, 1, 1)
    paid = day - 20 * DAY
    lines = orders("A", *[paid] * 4)
    parcels = table("parcel_id,order_id,shipped_at,signed_at", *((f"K{n}", f"A{n}", at(paid), at(paid + DAY)) for n in (0, 1)))
    cases = table("case_id,order_id,kind,reason,requested_at", ("R", "A0", "refund_only", "quality", at(paid + 2 * DAY)))
    bring(home, {
        "shops": table("shop_id,platform", ("A", "kuaishou")),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel", *lines), "parcels": parcels, "cases": cases,
    })  # fmt: skip
    for each in (day - DAY, day):
        closed(home, each)
    change = changed(home, rules(), Named("quality_refund_rate"), Scope("kuaishou", "shop", "A", day, 30), day - DAY)
    sound(change)
    assert [each.name for each in change.versions] == ["2010-01-01", "2023-01-01"]
    steps = {each.name: each.part for each in change.value.steps}
    assert steps["rule"] == change.value.change != 0
    assert {steps[name] for name in ("left", "rejudged", "came")} == {0}


def test_each_close_by_what_it_knew(home: Home) -> None:
    """Facts that came after the close before are not among its rows: they came with the next close."""
    bring(home, facts("refused", "agreed"))
    closed(home, T)
    more = table("case_id,order_id,kind,reason,requested_at,answered_at,answer",
                 ("LATE", "A0", "refund_only", "other", at(T - 2 * DAY), at(T - 2 * DAY), "agreed"))  # fmt: skip
    bring(home, {"cases": more}, hour=1)
    closed(home, T + DAY)
    change = changed(home, rules(), Named("refusal_rate"), Scope("kuaishou", "shop", "A", T + DAY, 30), T)
    assert (change.counts, change.rows.came.rows) == ((Counts(1, 2), Counts(1, 3)), 1)


def test_asked_in_vain(market: Home) -> None:
    with pytest.raises(NotFound, match="2024-05-28 is not closed"):
        changed(market, rules(), Named("refusal_rate"), Scope("kuaishou", "shop", "S001", T, 30), T - 4 * DAY)
    with pytest.raises(NotFound, match='no metric "refusal"'):
        changed(market, rules(), Named("refusal"), Scope("kuaishou", "shop", "S001", T, 30), T - 3 * DAY)
    other = {"kuaishou": rules()["kuaishou"].model_copy(update={"digest": "other"})}
    with pytest.raises(TianpingError, match="has changed since 2024-05-29 was closed"):
        changed(market, other, Named("refusal_rate"), Scope("kuaishou", "shop", "S001", T, 30), T - 3 * DAY)
    assert find(market, T).date == T


# Scores


def test_the_items_of_a_score(market: Home, tmp_path: Path) -> None:
    """Of every score of the demo market, three days apart."""
    made = copy(market, tmp_path / "home")
    for day in (T - 3 * DAY, T):
        close_day(made, rules(), Asked(day), at=NOON)
    for platform, shop in (("kuaishou", "S001"), ("douyin", "S004")):
        pack = rules()[platform]
        for name in pack.judging.scores:
            found = changed_score(made, pack, name, shop, T, T - 3 * DAY)
            assert found.split.change is None or sums(found.split) == found.split.change
            assert found.split.steps[-1].name == "rule"
            assert not found.split.steps[-1].part


def test_new_weights_are_the_rule(home: Home) -> None:
    """The experience score weighs otherwise from 2022-06-21 on: with the same facts all of the change is the rule's."""
    day = dt.date(2022, 6, 21)
    lines = orders("D", *[day - 20 * DAY] * 20)
    reviews = table("review_id,order_id,reviewed_at,quality,logistics,service",
                    *((f"V{n}", f"D{n}", at(day - 10 * DAY), 5 if n > 3 else 1, 5, 5) for n in range(20)))  # fmt: skip
    parcels = table("parcel_id,order_id,shipped_at,signed_at",
                    *((f"K{n}", f"D{n}", at(day - 20 * DAY), at(day - 18 * DAY)) for n in range(19)))  # fmt: skip
    whole = Period(day - 200 * DAY, day + DAY)
    bring(home, {
        "shops": table("shop_id,platform", ("D", "douyin")),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel", *lines), "parcels": parcels,
        "reviews": reviews,
    }, covers=whole)  # fmt: skip
    for each in (day - DAY, day):
        close_day(home, rules(), Asked(each), at=NOON)
    found = changed_score(home, rules()["douyin"], "experience", "D", day, day - DAY)
    assert [str(each.since) for each in found.versions] == ["2010-01-01", "2022-06-21"]
    assert found.split.change == sums(found.split)
    assert found.split.steps[-1].part == found.split.change != 0
