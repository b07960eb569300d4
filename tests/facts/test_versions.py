"""Versions against the plain rules: any rows, files, imports, undos, and any seq."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tianping.facts.schema import TABLES

from .hand import Row, Shop
from .plain import Plain

AT = dt.datetime(2024, 4, 1)
STAMPS = [AT + dt.timedelta(days=days) for days in range(1, 4)]
GONE = object()
TIDY = 0


def rows(**columns: list[Any]) -> st.SearchStrategy[Row]:
    """Rows with each column one of these, or not in the file (GONE), or given empty (None)."""
    made = st.fixed_dictionaries({column: st.sampled_from(values) for column, values in columns.items()})
    return made.map(lambda row: {column: value for column, value in row.items() if value is not GONE})


ORDERS = rows(
    order_id=["o1", "o1", "o2"],
    shop_id=["s1", "s1", "s1", "s2", GONE],
    product_id=["p1", "p1", "p2", GONE],
    created_at=[AT, AT, AT + dt.timedelta(days=40), GONE],
    amount_fen=[1, 2, None, GONE],
    updated_at=[*STAMPS, None, GONE, GONE],
)
CASES = rows(
    case_id=["c1", "c1", "c2"],
    order_id=["o1"],
    kind=["refund_only"],
    reason=["quality", "damaged", "other", GONE],
    reason_now=["other", "quality", None, GONE, GONE],
    requested_at=[AT],
    updated_at=[*STAMPS, GONE],
)


def steps(row: st.SearchStrategy[Row]) -> st.SearchStrategy[list[Any]]:
    """Imports of one or two files of rows, numbers that say which import to undo, and compactions (TIDY)."""
    files = st.lists(st.lists(row, max_size=4), min_size=1, max_size=2)
    return st.lists(st.one_of(files, files, st.integers(1, 4), st.just(TIDY)), min_size=1, max_size=6)


def run(table: str, todo: Sequence[Any], folder: Path) -> tuple[Shop, Plain]:
    """The steps on both; the counts must agree on the way."""
    shop, plain = Shop(folder), Plain(TABLES[table])
    for step in todo:
        if not isinstance(step, int):
            filed, counts = shop.bring({table: step}), plain.bring(step)
            if filed:
                tally = filed[table].tally
                assert {fate: getattr(tally, fate) for fate in counts} == counts or table == "cases"
                assert tally.quarantined == counts["quarantined"]
        elif step == TIDY:
            if shop.compact():
                plain.seq += 1
        elif step in plain.imports and step not in plain.undone:
            shop.undo(step)
            plain.undo(step)
    return shop, plain


def agree(table: str, todo: Sequence[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop, plain = run(table, todo, Path(folder))
        key = TABLES[table].key[0]
        for seq in range(plain.seq + 1):
            assert {row[key]: row for row in shop.state(table, seq)} == plain.state(seq), f"at {seq}"


@settings(max_examples=25)
@given(steps(ORDERS))
def test_orders_follow_the_plain_rules(todo: list[Any]) -> None:
    """Stamps, clears, patches, other shops, clashes, undos: every state at every seq, every count."""
    agree("orders", todo)


@settings(max_examples=25)
@given(steps(CASES))
def test_cases_follow_the_plain_rules(todo: list[Any]) -> None:
    """The first reason ever known, and the reason now."""
    agree("cases", todo)


WHOLE = rows(
    order_id=["o1", "o2"],
    shop_id=["s1"],
    product_id=["p1"],
    created_at=[AT],
    amount_fen=[1, 2, None, GONE],
    paid_at=[AT, None, GONE],
)


@settings(max_examples=10)
@given(st.lists(WHOLE, max_size=6), st.randoms(use_true_random=False), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_stamped_rows_in_any_order_and_split(listed: list[Row], chance: Any, places: list[int]) -> None:
    """Rows stamped with different times give one state, whatever file and import each came in."""
    stamped = [{**row, "updated_at": AT + dt.timedelta(hours=hour)} for hour, row in enumerate(listed)]
    mixed = chance.sample(stamped, len(stamped))
    with tempfile.TemporaryDirectory() as folder:
        together, apart = Shop(Path(folder) / "a"), Shop(Path(folder) / "b")
        together.bring({"orders": [stamped]})
        for place in range(0, 4, 2):
            apart.bring(
                {"orders": [[row for row, at in zip(mixed, places, strict=False) if at == file] for file in (place, place + 1)]}
            )
        assert together.state("orders") == apart.state("orders")


@settings(max_examples=10)
@given(st.lists(st.lists(WHOLE, max_size=3), min_size=1, max_size=4), st.data())
def test_undo_is_as_if_never_imported(imports: list[list[Row]], data: Any) -> None:
    """Whole rows of one shop: the state after an undo is that of a store that never saw the import."""
    gone = data.draw(st.integers(1, len(imports)))
    with tempfile.TemporaryDirectory() as folder:
        shop, other = Shop(Path(folder) / "a"), Shop(Path(folder) / "b")
        for seq, listed in enumerate(imports, start=1):
            shop.bring({"orders": [listed]})
            other.bring({"orders": [listed if seq != gone else []]})
        shop.undo(gone)
        assert shop.state("orders") == other.state("orders")
        assert shop.state("orders", len(imports)) == run("orders", [[one] for one in imports], Path(folder) / "c")[0].state(
            "orders"
        )
