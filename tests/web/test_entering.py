"""Violations entered by hand through the console."""

import datetime as dt

import pytest

from tianping.store.audit import Wanted as Lines
from tianping.store.docket import Wanted
from tianping.store.violations import Present
from tianping.work.docket import hearing
from tianping.work.people import trail
from tianping.work.people.reach import EVERYTHING
from web.conftest import DATE, Site, csrf_of
from web.court import Court, Told, page, sits

SINCE = dt.date(2010, 1, 1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def court(own_site: Site) -> Court:
    return sits(own_site)


def entry(court: Court, **given: str) -> dict[str, str]:
    return {
        "violation": "kuaishou/late_shipment", "shop": court.mine, "severity": "serious", "date": str(DATE),
        "words": "38 orders late", **given,
    }  # fmt: skip


def enter(court: Court, role: str = "operator", lang: str = "zh", **given: str) -> Told:
    client = court.site.as_(role)
    client.get(f"/language/{lang}", follow_redirects=False)
    answer = client.post("/measures", data={"csrf": csrf_of(client), **entry(court, **given)}, follow_redirects=False)
    return Told(answer.status_code, answer.text, client)


def newest(court: Court) -> Present:
    return hearing.listing(court.site.console.home, Wanted(), EVERYTHING, limit=1).listed[0]


def test_a_violation_entered_by_hand(court: Court) -> None:
    """Proposed, with the words of who entered it as its evidence; the merchant reads them; somebody confirms it."""
    assert enter(court, words="38 orders <b>late</b>").status == 303
    made = newest(court)
    assert (made.row.violation, made.row.trigger, made.state, made.severity) == (
        "late_shipment",
        "by_hand",
        "proposed",
        "serious",
    )
    shown = court.site.as_("merchant").get(f"/measures/{made.row.id}").text
    assert "38 orders &lt;b&gt;late&lt;/b&gt;" in shown
    assert court.send("adjudicator", made.row.id, "confirm").status == 303
    told = trail.page(court.site.console.home, Lines(act="measure_new")).lines
    assert [each.entry.object for each in told] == [f"measure {made.row.id}"]


def test_repeats_weigh_more(court: Court) -> None:
    """KS-V16: for shipping, a repeat of a serious one is treated as the next."""
    enter(court, date=str(DATE - 30 * DAY))
    court.confirm(newest(court).row.id)
    enter(court)
    assert newest(court).severity == "especially_serious"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"violation": "kuaishou/quality_anomaly"}, "请选择一种要人工录入的违规"),
        ({"violation": "nothing"}, "请选择一种要人工录入的违规"),
        ({"shop": "S999"}, "该平台没有这家店铺"),
        ({"violation": "douyin/fake_logistics"}, "该平台没有这家店铺"),
        ({"severity": "extremely_serious"}, "处罚表没有这个情节"),
        ({"severity": "x"}, "处罚表没有这个情节"),
        ({"date": "2024-13-01"}, "日期不对"),
        ({"date": "2031-01-01"}, "日期不对"),
        ({"date": "1999-01-01"}, "日期不对"),
        ({"words": " "}, "请写明发生了什么"),
    ],
)
def test_entries_that_cannot_be(court: Court, given: dict[str, str], words: str) -> None:
    before = newest(court).row.id
    told = enter(court, **given)
    assert (told.status, words in told.text) == (409, True)
    assert newest(court).row.id == before


def test_the_same_entry_twice(court: Court) -> None:
    assert enter(court).status == 303
    told = enter(court, lang="en")
    assert (told.status, "was entered already" in told.text) == (409, True)


def test_what_was_entered_wrongly_is_entered_anew(court: Court) -> None:
    """Once the first was dismissed; then again only when that is over as well."""
    enter(court, severity="minor")
    first = newest(court).row.id
    court.send("adjudicator", first, "dismiss", why="the wrong severity")
    assert enter(court).status == 303
    made = newest(court)
    assert (made.row.id > first, made.row.trigger, made.severity) == (True, "by_hand/2", "serious")
    assert enter(court).status == 409
    assert "行为日期" in page(court, "merchant", made.row.id)


@pytest.mark.parametrize("role", ["merchant", "agency", "auditor"])
def test_who_does_not_enter(court: Court, role: str) -> None:
    assert enter(court, role).status == 403
    assert court.site.as_(role).get("/measures/new").status_code == 403


def test_four_eyes(court: Court) -> None:
    """Who entered it sees that somebody else confirms it, is refused where they try, and may dismiss it."""
    enter(court)
    id_ = newest(court).row.id
    shown = page(court, "operator", id_)
    assert "您已录入此案" in shown
    assert ('id="do-confirm"' in shown, 'id="do-dismiss"' in shown) == (False, True)
    told = court.send("operator", id_, "confirm")
    assert (told.status, "要由另一位有权裁定的人来确认" in told.text) == (409, True)
    assert court.send("adjudicator", id_, "confirm").status == 303
