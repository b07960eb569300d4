"""A figure called wrong is kept as it was: figure, definition, rows and words, without any buyer, for those who may see it."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.errors import NotFound, TianpingError
from tianping.metrics.proof import Scope
from tianping.store import audit
from tianping.store.reports import Report
from tianping.work.figures import reports
from tianping.work.figures.explain import Named
from tianping.work.home import Home, open_home, set_scope
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.reach import EVERYTHING, Reach
from tianping.work.people.trail import Doer

from .homes import NOON, bring, closed, rules, table

T = dt.date(2024, 6, 1)
ORDERS = "order_id,shop_id,product_id,buyer_id,created_at,paid_at,channel"
MINE, OTHERS = Reach(frozenset({"a"})), Reach(frozenset({"b"}))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two shops; a's buyer x asks twice and rates once."""
    home = open_home(tmp_path / "home", create=True)
    orders = [(f"{shop}{n}", shop, f"p{shop}", "x", "2024-05-30", "2024-05-30", "flash") for shop in "ab" for n in range(3)]
    said = [(f"m{n}", "a", buyer, f"2024-05-30T10:0{n}:00", "buyer") for n, buyer in enumerate(("x", "y"))]
    bring(
        home,
        {
            "shops": table("shop_id,platform", ("a", "kuaishou"), ("b", "kuaishou")),
            "products": table("product_id,shop_id", ("pa", "a"), ("pb", "b")),
            "orders": table(ORDERS, *orders),
            "messages": table("message_id,shop_id,buyer_id,sent_at,sender", *said),
            "chat_ratings": table("rating_id,shop_id,buyer_id,rated_at,score", ("r", "a", "x", "2024-05-30T11:00:00", "bad")),
        },
    )
    closed(home, T)
    return home


def sender(home: Home, name: str = "someone") -> Doer:
    account, _ = accounts.create(
        home, name, Draft(name, "merchant", frozenset({"a"})), doer=Doer(None, NOON), password="long enough 1"
    )
    return Doer(account.id, NOON, "127.0.0.1")


def sent(
    home: Home, doer: Doer, metric: str = "dispute_rate/all_channels", by: str = "shop", subject: str = "a", reach: Reach = MINE
) -> Report:
    """A report, as the store has it."""
    wanted = Scope("kuaishou", by, subject, T, 30)
    made = reports.report(home, rules(), Named.parse(metric), wanted, "  too many \n", reach=reach, doer=doer)
    return reports.one(home, made, doer.account_id, reach)


def test_all_is_kept(home: Home) -> None:
    """The figure, its definition in both languages, each side's SQL, every row as text, and the words."""
    found = sent(home, sender(home))
    assert (found.words, found.state, found.at) == ("too many", "open", NOON)
    assert (found.figure["numerator"], found.figure["denominator"], found.figure["subject"]) == (0, 3, "a")
    metric = rules()["kuaishou"].metrics["dispute_rate", "all_channels"]
    assert found.definition["words"] == metric.versions[-1].words.model_dump()
    assert [side for side, _ in found.definition["sql"]] == ["numerator", "denominator"]
    rows = list(reports.rows_of(home, found, MINE))
    assert sorted(str(row["order_id"]) for row in rows) == ["a0", "a1", "a2"]
    assert list(rows[0]) == reports.columns_of(home, found)
    with home.database.connect() as connection:
        [line] = audit.page(connection, audit.Wanted(act="report"), 10)
    assert (line.entry.object, line.entry.detail) == (f"figure_report {found.id}", {})


def test_it_stays_as_it_was(home: Home) -> None:
    """What is imported and closed later changes the figure, not the report."""
    found = sent(home, sender(home))
    bring(home, {"orders": table(ORDERS, ("a9", "a", "pa", "x", "2024-05-30", "2024-05-30", "flash"))}, hour=1)
    closed(home, T)
    again = reports.one(home, found.id, None, MINE)
    assert again == found
    assert len(list(reports.rows_of(home, again, MINE))) == 3


def test_no_buyer_is_kept(home: Home) -> None:
    """Buyers are numbered: rows of one buyer still belong together, and the id is nowhere."""
    found = sent(home, sender(home), "service_dissatisfaction")
    rows = list(reports.rows_of(home, found, MINE))
    assert {row["buyer_id"] for row in rows} <= {"buyer 1", "buyer 2"}
    assert len(rows) == 2
    assert not {"x", "y"} & {value for row in rows for value in row.values()}


def test_of_others_there_is_nothing(home: Home) -> None:
    """Out of reach and not there are refused in the same words, for shops and products alike; nothing is written."""
    doer = sender(home)
    for by, subject in (("shop", "b"), ("shop", "zz"), ("product", "pb"), ("product", "zz")):
        with pytest.raises(NotFound, match=f'^there is no {by} "{subject}" here$'):
            sent(home, doer, by=by, subject=subject)
    assert reports.listed(home, None, EVERYTHING) == ([], None)
    assert not (home.path / reports.FOLDER).exists()


def test_of_a_market_the_figure_is_kept_without_rows(home: Home) -> None:
    """The industry's figure is everybody's in a market, its rows are not."""
    doer = sender(home)
    with pytest.raises(NotFound):
        sent(home, doer, by="platform", subject="kuaishou")
    set_scope(home, "market")
    found = sent(home, doer, by="platform", subject="kuaishou")
    assert (found.figure["denominator"], found.rows_path, list(reports.rows_of(home, found, MINE))) == (6, "", [])
    whole = sent(home, doer, by="platform", subject="kuaishou", reach=EVERYTHING)
    assert len(list(reports.rows_of(home, whole, EVERYTHING))) == 6
    assert list(reports.rows_of(home, whole, MINE)) == []


def test_who_sees_it(home: Home) -> None:
    """One's own, or all; and never one whose figure is out of reach, not even one's own after a shop was taken away."""
    one, other = sender(home), sender(home, "other")
    found = sent(home, one)
    assert [each.id for each in reports.listed(home, None, EVERYTHING)[0]] == [found.id]
    assert [each.id for each in reports.listed(home, one.account_id, MINE)[0]] == [found.id]
    for account, reach in ((other.account_id, MINE), (one.account_id, OTHERS), (None, OTHERS)):
        assert reports.listed(home, account, reach)[0] == []
        with pytest.raises(NotFound, match=f"there is no report {found.id} here"):
            reports.one(home, found.id, account, reach)


def test_pages(home: Home) -> None:
    """Newest first; the last page says it is the last."""
    doer = sender(home)
    ids = [sent(home, doer).id for _ in range(3)]
    first, after = reports.listed(home, None, EVERYTHING, limit=2)
    rest, end = reports.listed(home, None, EVERYTHING, before=after, limit=2)
    assert ([each.id for each in first], [each.id for each in rest], end) == (ids[:0:-1], ids[:1], None)


@pytest.mark.parametrize("words", ["", " \n", "x" * (reports.MOST_WORDS + 1)])
def test_something_must_be_said(home: Home, words: str) -> None:
    with pytest.raises(TianpingError, match="say what is wrong"):
        reports.report(
            home, rules(), Named("dispute_rate"), Scope("kuaishou", "shop", "a", T, 30), words, reach=MINE, doer=sender(home)
        )


def test_closed(home: Home) -> None:
    """Looked into: the rows stay."""
    doer = sender(home)
    found = sent(home, doer)
    reports.close_report(home, found, doer=doer)
    again = reports.one(home, found.id, None, MINE)
    assert (again.state, len(list(reports.rows_of(home, again, MINE)))) == ("closed", 3)
    assert reports.senders(home, {found.account_id, 999}) == {found.account_id: "someone"}
