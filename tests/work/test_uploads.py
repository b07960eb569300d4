"""Imports of people who are limited to some shops: what they may bring, and that nothing tells them of other shops."""

import datetime as dt
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tianping.errors import ImportRefused, NotFound
from tianping.facts.beyond import BEYOND, MOVED
from tianping.work import holdings
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports, quarantine
from tianping.work.people.reach import EVERYTHING, Reach

from .homes import NOON, bring, copy, table

MINE, AGENCY = Reach(frozenset({"S1"})), Reach(frozenset({"S1", "S3"}))
DAY = "2024-05-01T10:00:00+08:00"
SHOPS, PRODUCTS = "shop_id,platform,name", "product_id,shop_id,title"
ORDERS = "order_id,shop_id,product_id,created_at,paid_at"
CASES = "case_id,order_id,kind,reason,requested_at"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two shops with a product and an order each, brought by those who see all; and a third without."""
    made = open_home(tmp_path_factory.mktemp("uploads") / "home", create=True)
    bring(made, {
        "shops": table(SHOPS, ("S1", "kuaishou", "mine"), ("S2", "kuaishou", "other"), ("S3", "douyin", "also mine")),
        "products": table(PRODUCTS, ("P1", "S1", "one"), ("P2", "S2", "two")),
        "orders": table(ORDERS, ("O1", "S1", "P1", DAY, DAY), ("O2", "S2", "P2", DAY, DAY)),
        "cases": table(CASES, ("C2", "O2", "refund_only", "quality", DAY), ("C9", "O9", "refund_only", "quality", DAY)),
    })  # fmt: skip
    made.database.dispose()
    return made


@pytest.fixture
def home(shared: Home, tmp_path: Path) -> Home:
    """The same, to be written into."""
    return copy(shared, tmp_path / "home")


def mine(home: Home, files: dict[str, str], reach: Reach = MINE, **more: Any) -> imports.Report:
    return bring(home, files, reach=reach, **{"hour": 1} | more)


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    con, _ = facts(home)
    with con:
        return con.execute(query).fetchall()


def others(home: Home, *, waiting: bool = True) -> list[Any]:
    """Everything known of shops that are not theirs, and of nobody's; with the cases whose order is not known, where asked."""
    kinds = "LEFT" if waiting else "INNER"
    con, _ = facts(home)
    with con:
        return [
            con.execute(query).fetchall()
            for query in (
                "SELECT * FROM facts.shops WHERE shop_id = 'S2'",
                "SELECT * FROM facts.products WHERE shop_id = 'S2' ORDER BY ALL",
                "SELECT * FROM facts.orders WHERE shop_id = 'S2' ORDER BY ALL",
                f"SELECT c.* FROM facts.cases c {kinds} JOIN facts.orders o USING (order_id) "  # noqa: ISC004
                "WHERE coalesce(o.shop_id, '') NOT IN ('S1', 'S3') ORDER BY ALL",
                "SELECT * FROM facts.messages WHERE shop_id NOT IN ('S1', 'S3') ORDER BY ALL",
                "SELECT * FROM facts.shops WHERE shop_id NOT IN ('S1', 'S3') ORDER BY ALL",
                "SELECT * FROM facts.exemptions WHERE coalesce(shop_id, '') NOT IN ('S1', 'S3') ORDER BY ALL",
                "SELECT * FROM facts.benchmarks ORDER BY ALL",
                "SELECT * FROM facts.coverage WHERE shop_id NOT IN ('S1', 'S3') ORDER BY ALL",
            )
        ]


def reasons(home: Home, reach: Reach = MINE) -> list[tuple[str, str, str]]:
    """The quarantine as they see it: table, key, reason."""
    with holdings.quarantine(home, reach=reach, whole=True) as found:
        columns = [column[0] for column in found.description or ()]
        listed = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return [(row["table"], row["key"], row["reason"]) for row in listed]


def test_rows_of_an_own_shop_come_and_change(home: Home) -> None:
    """Whoever is limited to a shop brings that shop's rows, new and changed, and what hangs on them."""
    files = {
        "orders": table(ORDERS, ("O1", "S1", "P1", DAY, None), ("O3", "S1", "P9", DAY, DAY)),
        "cases": table(CASES, ("C1", "O1", "refund_only", "quality", DAY), ("C3", "O3", "refund_only", "quality", DAY)),
    }
    report = mine(home, files)
    assert {name: (one.new, one.changed, one.quarantined) for name, one in report.counts.items()} == {
        "orders": (1, 1, 0),
        "cases": (2, 0, 0),
    }


ATTACKS = {
    "an order of another shop": {"orders": table(ORDERS, ("O7", "S2", "P7", DAY, DAY))},
    "an order of a shop there is none of": {"orders": table(ORDERS, ("O7", "S7", "P7", DAY, DAY))},
    "another's order changed": {"orders": table(ORDERS, ("O2", "S2", "P2", DAY, None))},
    "another's order taken over": {"orders": table(ORDERS, ("O2", "S1", "P1", DAY, DAY))},
    "another's order without its shop": {"orders": table("order_id,paid_at", ("O2", DAY))},
    "an order nobody knows, without its shop": {"orders": table("order_id,paid_at", ("O7", DAY))},
    "an own order given away": {"orders": table(ORDERS, ("O1", "S2", "P1", DAY, DAY))},
    "an order of another's product": {"orders": table(ORDERS, ("O7", "S1", "P2", DAY, DAY))},
    "an order for which another's rows wait": {"orders": table(ORDERS, ("O9", "S1", "P1", DAY, DAY))},
    "a case of another's order": {"cases": table(CASES, ("C7", "O2", "refund_only", "quality", DAY))},
    "a case of an order nobody knows": {"cases": table(CASES, ("C7", "O7", "refund_only", "quality", DAY))},
    "another's case taken over": {"cases": table(CASES, ("C2", "O1", "refund_only", "quality", DAY))},
    "another's case without its order": {"cases": table("case_id,outcome", ("C2", "closed"))},
    "a waiting case taken over": {"cases": table(CASES, ("C9", "O1", "refund_only", "quality", DAY))},
    "another's product changed": {"products": table(PRODUCTS, ("P2", "S2", "mine now"))},
    "another's product taken over": {"products": table(PRODUCTS, ("P2", "S1", "mine now"))},
    "an own product given away": {"products": table(PRODUCTS, ("P1", "S2", "theirs"))},
    "another shop": {"shops": table(SHOPS, ("S2", "kuaishou", "renamed"))},
    "a new shop": {"shops": table(SHOPS, ("S8", "kuaishou", "another"))},
    "an exemption of nobody's shop": {"exemptions": table("exemption_id,from,to", ("E1", "2024-05-01", "2024-05-02"))},
    "an exemption of another's order": {
        "exemptions": table("exemption_id,from,to,shop_id,order_id", ("E1", "2024-05-01", "2024-05-02", "S1", "O2"))
    },
    "a benchmark": {
        "benchmarks": table(
            "platform,metric,by,subject,date,days,numerator,denominator",
            ("kuaishou", "quality_refund_rate", "platform", "kuaishou", "2024-05-01", 30, 1, 2),
        )
    },
}


@pytest.mark.parametrize("what", ATTACKS)
def test_what_is_not_theirs_stays_as_it_was(home: Home, what: str) -> None:
    """It goes to quarantine, in the same words whether another shop knows it or nobody does."""
    before = others(home)
    report = mine(home, ATTACKS[what])
    assert [one.quarantined for one in report.counts.values()] == [1]
    assert others(home) == before
    [(_, _, why)] = reasons(home)
    assert why == BEYOND


def test_two_files_do_not_make_it_theirs(home: Home) -> None:
    """Nor does an order of the same import, under whichever shop, in whichever file."""
    before = others(home)
    files = {
        "orders": table(ORDERS, ("O2", "S1", "P1", DAY, DAY), ("O7", "S1", "P7", DAY, DAY)),
        "orders-2": table("order_id,paid_at", ("O2", DAY), ("O7", DAY), ("O8", DAY)),
        "cases": table(CASES, ("C2", "O7", "refund_only", "quality", DAY), ("C7", "O2", "refund_only", "quality", DAY)),
        "products": table(PRODUCTS, ("P2", "S1", "mine"), ("P7", "S1", "seven")),
    }
    mine(home, files)
    assert others(home) == before
    assert sorted((kind, key) for kind, key, why in reasons(home) if why == BEYOND) == [
        ("cases", "C2"), ("cases", "C7"), ("orders", "O2"), ("orders", "O2"), ("orders", "O8"), ("products", "P2"),
    ]  # fmt: skip
    assert rows(home, "SELECT shop_id FROM facts.orders WHERE order_id = 'O7'") == [("S1",)]


def test_a_row_of_an_own_key_that_clears_its_shop(home: Home) -> None:
    """An own exemption does not become everybody's."""
    own = "exemption_id,from,to,shop_id"
    mine(home, {"exemptions": table(own, ("E1", "2024-05-01", "2024-05-02", "S1"))})
    report = mine(home, {"exemptions": table(own, ("E1", "2024-05-01", "2024-05-02", None))})
    assert report.counts["exemptions"].quarantined == 1
    assert rows(home, "SELECT shop_id FROM facts.exemptions") == [("S1",)]


def test_an_own_shop_stays_on_its_platform(home: Home) -> None:
    """Its name is theirs to change, its platform is not."""
    mine(home, {"shops": table(SHOPS, ("S1", "kuaishou", "new name"))})
    mine(home, {"shops": table(SHOPS, ("S1", "douyin", "new name"))})
    assert rows(home, "SELECT platform, name FROM facts.shops WHERE shop_id = 'S1'") == [("kuaishou", "new name")]
    assert [why for _, _, why in reasons(home)] == [MOVED]


def test_files_said_to_be_of_another_shop(home: Home) -> None:
    """They are refused, whether there is such a shop or not; no days count for it."""
    for shop in ("S2", "S7"):
        with pytest.raises(ImportRefused, match=f'shop "{shop}", which is none of yours'):
            mine(home, {"orders": table("order_id,product_id,created_at", ("O7", "P7", DAY))}, shop=shop)


def test_an_agency_moves_nothing_between_its_shops_unseen(home: Home) -> None:
    """Within reach the words name the shops."""
    mine(home, {"orders": table(ORDERS, ("O1", "S3", "P1", DAY, DAY))}, AGENCY)
    [(_, _, why)] = reasons(home, AGENCY)
    assert why == "this order_id is known under shop S1, this row is of shop S3"
    assert reasons(home) == []


def test_waiting_rows_come_again_once_their_order_is_there(home: Home) -> None:
    """A case before its order goes to quarantine; after the order it comes by a retry."""
    mine(home, {"cases": table(CASES, ("C7", "O7", "refund_only", "quality", DAY))})
    mine(home, {"orders": table(ORDERS, ("O7", "S1", "P1", DAY, DAY))})
    quarantine.retry(home, NOON + dt.timedelta(hours=2), reach=MINE)
    assert reasons(home) == []
    assert rows(home, "SELECT order_id FROM facts.cases WHERE case_id = 'C7'") == [("O7",)]


def test_a_retry_brings_no_more_than_an_upload(home: Home, tmp_path: Path) -> None:
    """A row mended into another shop's goes back to quarantine; rows of others' imports are not theirs to retry."""
    bring(home, {"orders": table(ORDERS, ("O5", "S2", "P2", "rubbish", DAY))}, hour=1)
    before = others(home)
    assert reasons(home) == []
    with pytest.raises(NotFound):
        quarantine.retry(home, NOON + dt.timedelta(hours=2), reach=MINE)
    mine(home, {"orders": table(ORDERS, ("O7", "S1", "P1", "rubbish", DAY))}, hour=2)
    [(sheet, _)] = quarantine.export(home, tmp_path / "bad.csv", reach=MINE)
    sheet.write_text(sheet.read_text("utf-8-sig").replace("O7,S1", "O2,S1").replace("rubbish", DAY), "utf-8")
    quarantine.retry(home, NOON + dt.timedelta(hours=3), paths=[sheet], reach=MINE)
    assert others(home) == before
    assert [(key, why) for _, key, why in reasons(home)] == [("O2", BEYOND)]
    foreign = sheet.read_text("utf-8").replace("3/orders", "2/orders")
    sheet.write_text(foreign, "utf-8")
    with pytest.raises(ImportRefused, match="names no row that is open"):
        quarantine.retry(home, NOON + dt.timedelta(hours=3), paths=[sheet], reach=MINE)


def test_only_own_imports_are_taken_back(home: Home) -> None:
    """An import of others, or of more shops, is not there for them."""
    mine(home, {"orders": table(ORDERS, ("O7", "S1", "P1", DAY, DAY))})
    mine(home, {"orders": table(ORDERS, ("O8", "S3", "P8", DAY, DAY))}, AGENCY, hour=2)
    assert [one.seq for one in imports.within(home.versions(), MINE)] == [2]
    for seq in (1, 3, 9):
        with pytest.raises(NotFound, match=f"there is no import {seq}"):
            imports.undo(home, seq, at=NOON + dt.timedelta(hours=3), reach=MINE)
    imports.undo(home, 2, at=NOON + dt.timedelta(hours=3), reach=MINE)
    assert rows(home, "SELECT order_id FROM facts.orders WHERE shop_id = 'S1'") == [("O1",)]


def test_after_an_undo_the_same_file_comes_again(home: Home) -> None:
    """Also where those who see all have meanwhile brought what hangs on its rows."""
    files = {"orders": table(ORDERS, ("O7", "S1", "P1", DAY, DAY))}
    mine(home, files)
    bring(home, {"cases": table(CASES, ("C7", "O7", "refund_only", "quality", DAY))}, hour=2)
    imports.undo(home, 2, at=NOON + dt.timedelta(hours=3), reach=MINE)
    report = mine(home, files, hour=4)
    assert report.counts["orders"].new == 1


def test_a_file_that_others_brought_is_read_again(home: Home) -> None:
    """Nothing says that somebody else has imported the very same file."""
    files = {"orders": table(ORDERS, ("O1", "S1", "P1", DAY, DAY), ("O2", "S2", "P2", DAY, DAY))}
    bring(home, files, hour=1)
    report = mine(home, files, hour=2)
    assert report.known == ()
    assert (report.counts["orders"].unchanged, report.counts["orders"].quarantined) == (1, 1)


def test_what_is_held_is_said_of_own_shops_alone(home: Home) -> None:
    """And another shop is not there, in the very words for one that does not exist."""
    with holdings.held(home, reach=MINE) as found:
        assert {row[0] for row in found.fetchall()} == {"S1"}
    said = []
    for shop in ("S2", "S7"):
        with pytest.raises(NotFound) as refused, holdings.held(home, reach=MINE, shop=shop):
            pass
        said.append(str(refused.value).replace(shop, ""))
    assert said[0] == said[1]


TIMES = ("2024-05-01T10:00:00+08:00", "2024-05-02T10:00:00+08:00", "")
KEYS = st.integers(1, 9)
SHOP = st.sampled_from(["S1", "S1", "S1", "S2", "S8", ""])
TIME = st.sampled_from(TIMES)
ANY_ROWS = st.fixed_dictionaries({
    "orders": st.lists(st.tuples(KEYS.map("O{}".format), SHOP, KEYS.map("P{}".format), TIME, TIME), max_size=12),
    "products": st.lists(st.tuples(KEYS.map("P{}".format), SHOP, st.sampled_from(["x", "y", ""])), max_size=8),
    "cases": st.lists(
        st.tuples(
            KEYS.map("C{}".format), st.one_of(KEYS.map("O{}".format), st.just("")), st.just("refund_only"),
            st.just("quality"), TIME,
        ),
        max_size=12,
    ),
    "shops": st.lists(st.tuples(SHOP.filter(bool), st.sampled_from(["kuaishou", "douyin"]), st.just("n")), max_size=3),
    "messages": st.lists(st.tuples(KEYS.map("M{}".format), SHOP, st.just("B1"), st.just(DAY), st.just("buyer")), max_size=8),
})  # fmt: skip
COLUMNS = {
    "orders": ORDERS, "products": PRODUCTS, "cases": CASES, "shops": SHOPS,
    "messages": "message_id,shop_id,buyer_id,sent_at,sender",
}  # fmt: skip


def written(rows: dict[str, list[tuple[str, ...]]]) -> dict[str, str]:
    return {name: table(COLUMNS[name], *some) for name, some in rows.items() if some}


@settings(max_examples=5, phases=[Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ANY_ROWS, all_of=ANY_ROWS, second=ANY_ROWS)
def test_whatever_they_bring_nothing_of_others_changes(
    shared: Home, tmp_path_factory: pytest.TempPathFactory, first: Any, all_of: Any, second: Any
) -> None:
    """Any rows, brought by them, by those who see all, by them again, retried, undone: each act of theirs leaves all that is
    not theirs as it was, and every reason they read names no shop."""
    home = copy(shared, tmp_path_factory.mktemp("any") / "home")
    for hour, (rows_of, reach) in enumerate([(first, MINE), (all_of, EVERYTHING), (second, MINE)], start=1):
        if not (files := written(rows_of)):
            continue
        before = others(home)
        bring(home, files, hour=hour, reach=reach)
        assert reach.everything or others(home) == before
    before = others(home)
    with suppress(NotFound):
        quarantine.retry(home, NOON + dt.timedelta(hours=4), reach=MINE)
    assert others(home) == before
    settled = others(home, waiting=False)  # what hangs on an order of theirs waits again once that is undone
    for version in imports.within(home.versions(), MINE):
        if version.kind == "import":
            imports.undo(home, version.seq, at=NOON + dt.timedelta(hours=5), reach=MINE)
    assert others(home, waiting=False) == settled
    assert not any("S2" in why for _, _, why in reasons(home))
