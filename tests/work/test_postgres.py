"""A home whose operational database is PostgreSQL: facts, figures, errors and judgement as with SQLite."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.periods import Period
from tianping.store.docket import Wanted
from tianping.work.closing.close import Asked
from tianping.work.docket import hearing, measures, verdicts
from tianping.work.docket.brief import brief
from tianping.work.docket.hearing import Post
from tianping.work.erase import erase
from tianping.work.figures import boards
from tianping.work.home import Home, facts, open_home, set_scope
from tianping.work.intake.imports import undo
from tianping.work.judge import close_day
from tianping.work.people.reach import EVERYTHING
from tianping.work.why import why
from tianping.work.why.reasons import statement

from . import accused
from .accused import ANNA, BO, MERCHANT
from .homes import NOON, bring, closed, counts, rules, table

T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
FILES = {
    "shops": table("shop_id,platform", ("S1", "kuaishou")),
    "products": table("product_id,shop_id", ("p", "S1")),
    "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel",
                    ("o1", "S1", "p", "2024-05-30", "2024-05-30", "flash"),
                    ("o2", "S1", "p", "2024-05-31", "2024-05-31", "flash")),
    "cases": table("case_id,order_id,kind,reason,requested_at,answered_at,answer",
                   ("c1", "o1", "refund_only", "quality", "2024-05-31", "2024-05-31", "refused")),
}  # fmt: skip
MORE = table(
    "case_id,order_id,kind,reason,requested_at,answered_at,answer",
    ("c2", "o2", "refund_only", "quality", "2024-05-31", "2024-05-31", "agreed"),
)


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_made")
    return open_home(tmp_path / "home", create=True, url=url)


def test_import_undo_close(home: Home) -> None:
    """Each close has the figures of what was known; what was known before an undo can still be asked for."""
    assert bring(home, FILES).seq == 1
    assert bring(home, FILES).seq is None
    assert bring(home, {"cases": MORE}, hour=1).seq == 2
    both = counts(home, closed(home, T), "refusal_rate")
    undo(home, 2, at=NOON + dt.timedelta(hours=2))
    one = counts(home, closed(home, T), "refusal_rate")
    again = counts(home, closed(home, T, known_at=2), "refusal_rate")
    assert (both, one, again) == ({"S1": (1, 2)}, {"S1": (1, 1)}, {"S1": (1, 2)})
    with pytest.raises(ImportRefused, match="already undone, by 3"):
        undo(home, 2, at=NOON + dt.timedelta(hours=3))


def test_another_process_finds_it(home: Home) -> None:
    """All that it knows is in the database and the lake."""
    bring(home, FILES)
    url = home.database.url.render_as_string(hide_password=False)
    con, seq = facts(open_home(home.path, url=url))
    assert seq == 1
    assert con.execute("select count(*) from facts.orders").fetchall() == [(2,)]


@pytest.fixture
def judged(home: Home) -> Home:
    """The market with a bad product, closed and judged."""
    set_scope(home, "market")
    bring(home, accused.facts(), covers=Period(T - 200 * DAY, T))
    close_day(home, rules(), Asked(T), at=NOON)
    return home


def test_judged_listed_and_explained(judged: Home) -> None:
    """Found, shown in lists and on the page of a measure, with a tree and a statement; closed again, nothing is doubled."""
    home, office = judged, accused.office(judged)
    close_day(home, rules(), Asked(T), at=NOON + DAY)
    listing = hearing.listing(home, Wanted(shop="A"), EVERYTHING, limit=9)
    found = {each.row.violation: each.row.id for each in listing.listed}
    assert listing.counts == {("proposed", False): len(found)}
    assert {"quality_anomaly", "contact_numbers"} <= set(found)
    id_ = found["quality_anomaly"]
    told = hearing.hear(office, id_, Post(1, EVERYTHING, judges=True, appeals=False), NOON)
    assert (told.may, told.row.subject_id) == (("confirm", "dismiss"), "PA")
    assert hearing.texts(home, rules(), told.row) is not None
    look = boards.look(home, rules(), closed(home, T))
    shown = verdicts.of_shop(look, "kuaishou", "A", at=NOON)
    assert shown is not None
    assert (shown.counts, shown.measures) == (listing.counts, [])
    voice = why.voice_of(rules(), "kuaishou", "en")
    assert "PA" in str(why.of_violation(voice, brief(home, rules(), id_)))
    assert statement(home, rules(), id_, "zh", at=NOON).figures


def test_decided_appealed_served(judged: Home) -> None:
    """Two are confirmed; one is given back on appeal, the other served; both databases say what runs until when."""
    home, office = judged, accused.office(judged)
    bad, phones = accused.ids(home, "quality_anomaly")[0], accused.ids(home, "contact_numbers")[0]
    for id_ in (bad, phones):
        measures.confirm(office, ANNA, id_)
    afoot = hearing.afoot(office, EVERYTHING, ANNA.at)
    assert afoot is not None
    assert (afoot.counts["in_force"], afoot.appealable) == (2, 2)
    measures.appeal(office, MERCHANT, bad, "no")
    measures.overturn(office, BO._replace(at=MERCHANT.at), bad, "right")
    for duty in hearing.hear(office, phones, Post(1, EVERYTHING, judges=True, appeals=False), MERCHANT.at).duties:
        measures.fulfil(office, MERCHANT, phones, duty)
    assert measures.serve_due(office, MERCHANT.at + 400 * DAY) == (phones,)
    shown = verdicts.in_force(boards.look(home, rules(), closed(home, T)), "A", MERCHANT.at + 400 * DAY)
    assert shown == []


def test_an_erasure_reaches_what_people_wrote(judged: Home) -> None:
    office = accused.office(judged)
    bring(judged, {"orders": table("order_id,shop_id,product_id,buyer_id,created_at", ("X", "A", "PA", "U-7", "2024-05-01"))})
    [id_] = accused.ids(judged, "quality_anomaly")
    measures.dismiss(office, ANNA, id_, "U-7 wrote to U-70,U-7")
    name = erase(judged, "U-7", at=NOON + 3 * DAY).pseudonym
    told = hearing.hear(office, id_, Post(1, EVERYTHING, judges=True, appeals=False), NOON + 4 * DAY)
    assert told.last.why == f"{name} wrote to U-70,{name}"
