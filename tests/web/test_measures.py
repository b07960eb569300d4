"""Measures through their pages: who may do what, in which words it is refused, and that nothing is lost on the way."""

import datetime as dt
import html
import re
from dataclasses import replace
from typing import get_args

import pytest

from tianping.policy.judging import SEVERITIES, EffectKind
from tianping.store import effects, ledger, violations
from tianping.store.audit import Wanted as Lines
from tianping.store.docket import Wanted
from tianping.store.violations import Event
from tianping.web.judging import clock_words
from tianping.web.pages import measures as pages
from tianping.web.wording import words
from tianping.work.closing.closed import find, rows
from tianping.work.docket import hearing
from tianping.work.docket import measures as verbs
from tianping.work.docket.deciding import DEEDS, LABELS
from tianping.work.docket.deciding import Why as DeedWhy
from tianping.work.docket.entering import Why as EntryWhy
from tianping.work.docket.measures import Charge, Why
from tianping.work.people import trail
from tianping.work.people.reach import EVERYTHING
from tianping.work.people.trail import Doer
from web.conftest import DATE, NOW, Site
from web.court import Court, page, sits

SINCE = dt.date(2010, 1, 1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def court(own_site: Site) -> Court:
    return sits(own_site)


def test_a_measure_is_confirmed_within_its_ranges(court: Court) -> None:
    """With the amounts that the adjudicator chose: money in yuan on the page, in fen in the ledger. And it is in the trail."""
    id_ = court.propose()
    shown = page(court, "adjudicator", id_)
    assert 'min="300" max="2000"' in shown
    assert 'name="amount-0-ban" type="number" inputmode="decimal" min="3" max="5" step="1" value="3"' in shown
    sent = {"amount-0-ban": "4", "amount-0-money": "512.5", "amount-0-points": "7", "why": "38 buyers"}
    assert court.send("adjudicator", id_, "confirm", **sent).status == 303
    assert court.state(id_) == "in_force"
    dealt = {each.effect.name: each.effect.amount for each in court.told(id_).dealings}
    assert (dealt["ban"], dealt["money"], dealt["points"], dealt["campaign"]) == (4, 51_250, 7, 3)
    with court.site.console.home.database.connect() as connection:
        assert ledger.balance(connection, ledger.FINES) == 51_250
    lines = trail.page(court.site.console.home, Lines(act="measure")).lines
    assert [(each.entry.object, dict(each.entry.detail)) for each in lines] == [(f"measure {id_}", {"verb": "confirm"})]
    assert "¥512.50" in page(court, "merchant", id_)


@pytest.mark.parametrize(
    "sent",
    [
        {"amount-0-ban": "6"}, {"amount-0-ban": "2"}, {"amount-0-money": "2000.01"}, {"amount-0-money": "300.005"},
        {"amount-0-ban": "x"}, {"amount-0-ban": "nan"}, {"amount-0-ban": "1e99"}, {"amount-0-ban": "3.5"},
        {"amount-0-points": "-5"},
    ],
)  # fmt: skip
def test_amounts_outside_the_rule_are_refused(court: Court, sent: dict[str, str]) -> None:
    """In the reader's language, with what was typed still there; nothing has happened."""
    id_ = court.propose()
    for lang, said in (("zh", "数额超出规则允许的范围"), ("en", "An amount is outside what the rule allows")):
        told = court.send("adjudicator", id_, "confirm", lang=lang, why="because", **sent)
        assert (told.status, court.state(id_)) == (409, "proposed")
        assert said in told.text
        assert "because" in told.text
        assert all(f'value="{value}"' in told.text for value in sent.values())


def test_what_somebody_else_did_meanwhile_is_told(court: Court) -> None:
    id_ = court.propose()
    assert court.send("operator", id_, "dismiss", why="no").status == 303
    told = court.send("adjudicator", id_, "confirm", seen=1)
    assert told.status == 409
    assert "别人已经处理过" in told.text
    assert "不予处罚" in told.text
    told = court.send("adjudicator", court.propose(date=DATE - DAY), "confirm", seen="")
    assert (told.status, "别人已经处理过" in told.text) == (409, True)


def test_an_appeal_goes_its_way(court: Court) -> None:
    """The merchant appeals; who confirmed may not decide; somebody else overturns, and the money is back."""
    id_ = court.propose()
    court.send("adjudicator", id_, "confirm")
    assert court.send("merchant", id_, "appeal", why="收据 <script>alert(1)</script>").status == 303
    assert court.state(id_) == "appealed"
    shown = court.site.as_("adjudicator").get(f"/measures/{id_}").text
    assert "<script>alert" not in shown
    assert "要由另一人来决定" in shown
    told = court.send("adjudicator", id_, "overturn", why="mine")
    assert told.status == 409
    assert "要由另一人来决定" in told.text
    assert "nobody else" not in court.send("adjudicator", id_, "uphold", lang="en", why="x").text
    assert court.send("operator", id_, "overturn", why="right").status == 303
    assert court.state(id_) == "overturned"
    with court.site.console.home.database.connect() as connection:
        assert ledger.balance(connection, ledger.FINES) == 0
        assert not effects.standing(connection, id_)


def test_a_reduction_is_milder(court: Court) -> None:
    id_ = court.propose()
    court.send("adjudicator", id_, "confirm", why="38 buyers", **{"amount-0-ban": "5"})
    court.send("merchant", id_, "appeal", why="please")
    told = court.send("operator", id_, "reduce", why="no change")
    assert (told.status, "减轻后要比现在轻" in told.text) == (409, True)
    assert court.send("operator", id_, "reduce", why="first time", severity="minor").status == 303
    found = court.told(id_)
    assert (found.last.state, found.last.severity) == ("in_force", "minor")
    assert {each.effect.name for each in found.dealings if not each.taken_back} == {"warning", "study"}


def test_what_a_milder_severity_brings_was_not_picked(court: Court) -> None:
    """The amounts are those of the milder cell: nobody chose them."""
    id_ = court.propose(severity="especially_serious")
    court.send("adjudicator", id_, "confirm")
    court.send("merchant", id_, "appeal", why="please")
    assert court.send("operator", id_, "reduce", why="in part", severity="serious").status == 303
    found = court.told(id_)
    assert {each.effect.name: each.effect.amount for each in found.dealings if not each.taken_back}["ban"] == 3
    assert found.picked == []
    assert "由人选定" not in page(court, "operator", id_)


def test_less_of_the_same(court: Court) -> None:
    id_ = court.propose()
    court.send("adjudicator", id_, "confirm", why="38 buyers", **{"amount-0-ban": "5"})
    court.send("merchant", id_, "appeal", why="please")
    assert court.send("operator", id_, "reduce", why="shorter", **{"amount-0-ban": "3"}).status == 303
    now = {each.effect.name: each.effect.amount for each in court.told(id_).dealings if not each.taken_back}
    assert (now["ban"], now["money"]) == (3, 30_000)


def test_more_than_the_rule_proposes_needs_a_reason(court: Court) -> None:
    """And the page says what was proposed, what was chosen, and why."""
    id_ = court.propose()
    for lang, said in (("zh", "数额高于规则所拟，请写明理由"), ("en", "above what the rule proposes: say why")):
        told = court.send("adjudicator", id_, "confirm", lang=lang, **{"amount-0-ban": "5"})
        assert (told.status, said in told.text, 'value="5"' in told.text) == (409, True, True)
    assert court.state(id_) == "proposed"
    assert court.send("adjudicator", id_, "confirm", why="38 buyers", **{"amount-0-ban": "5"}).status == 303
    shown = page(court, "merchant", id_)
    assert "规则所拟 3 天，由人选定 5 天" in shown
    assert "选定的理由：38 buyers" in shown


def test_amounts_do_not_vanish_with_another_severity(court: Court) -> None:
    """They are those of the present one: whoever changes both is told so, and nothing happens."""
    id_ = court.propose(severity="especially_serious")
    told = court.send("adjudicator", id_, "confirm", severity="extremely_serious", why="x", **{"amount-0-points": "25"})
    assert (told.status, "请只改一样" in told.text, court.state(id_)) == (409, True, "proposed")
    court.send("adjudicator", id_, "confirm")
    court.send("merchant", id_, "appeal", why="please")
    assert "换情节时数额" in page(court, "operator", id_)
    before = {each.effect.name: each.effect.amount for each in court.told(id_).dealings}
    sent = {"severity": "minor", "amount-0-points": str((before["points"] or 0) - 1)}
    told = court.send("operator", id_, "reduce", why="x", **sent)
    assert (told.status, "请只改一样" in told.text, court.state(id_)) == (409, True, "appealed")
    sent["amount-0-points"] = str(before["points"])
    assert court.send("operator", id_, "reduce", why="x", **sent).status == 303


def test_the_end_of_the_time_to_appeal_stands_on_top(court: Court) -> None:
    """With the days left; once appealed, that somebody else decides; and the morning tells of both."""
    id_ = court.propose()
    court.confirm(id_, days_ago=2)
    shown = page(court, "merchant", id_)
    assert re.search(r"申诉截止</dt><dd>[^<]+ <span[^>]*>(<[^>]+>)*还有 5 天", shown)
    assert shown.index("申诉截止") < shown.index('id="evidence"')
    morning = html.unescape(court.site.as_("merchant").get("/morning").text)
    stood, open_ = re.findall(r"(\d+) 项生效中 · (\d+) 项可申诉，最早 [-0-9: ]+ 截止（还有 5 天）", morning)[0]
    assert "可申诉" not in court.site.as_("operator").get("/morning").text
    court.send("merchant", id_, "appeal", why="please")
    assert "裁决前处罚继续执行" in page(court, "merchant", id_)
    morning = court.site.as_("merchant").get("/morning").text
    assert "1 项申诉中" in morning
    assert re.findall(r"(\d+) 项生效中", morning) == ([str(int(stood) - 1)] if stood != "1" else [])
    assert re.findall(r"(\d+) 项可申诉", morning) == ([str(int(open_) - 1)] if open_ != "1" else [])


def test_words_are_not_lost_with_a_verb_that_is_over(court: Court) -> None:
    id_ = court.propose()
    court.confirm(id_)
    told = court.send("operator", id_, "dismiss", seen=1, why="long <reasons>")
    assert told.status == 409
    assert '<blockquote class="words">long &lt;reasons&gt;</blockquote>' in told.text
    back = told.client.get(f"/measures/{id_}/events", follow_redirects=False)
    assert (back.status_code, back.headers["location"]) == (303, f"/measures/{id_}")


def test_what_is_only_recorded_waits_for_nobody(court: Court) -> None:
    """It has a word and a tab of its own, and is not counted among those to be confirmed."""
    path = f"/measures?state=proposed&shop={court.mine}"
    before = re.search(r'待确认 <span class="count">(\d+)', court.site.as_("merchant").get(path).text)
    charge = Charge(
        "kuaishou", "quality_anomaly", SINCE, "category", "product", court.product, court.mine, DATE, "minor", "minor",
        seq=1, records=True,
    )  # fmt: skip
    id_ = verbs.propose(court.office, Doer(None, NOW), charge)
    told = court.site.as_("merchant").get(path).text
    after = re.search(r'待确认 <span class="count">(\d+)', told)
    assert before is not None
    assert after is not None
    assert (after[1], f'/measures/{id_}"' in told) == (before[1], False)
    assert f'/measures/{id_}"' in court.site.as_("merchant").get("/measures?state=recorded").text
    shown = page(court, "merchant", id_)
    assert f"记录 {id_}" in shown
    assert "待确认" not in shown.split('id="history"')[0].split("<main")[1]


def test_an_appeal_comes_in_time_or_not_at_all(court: Court) -> None:
    """Seven days after it took effect, to the second; the form is there so long and no longer."""
    in_time, late = court.propose(), court.propose(date=DATE - DAY)
    court.confirm(in_time, days_ago=7)
    account = court.account("adjudicator")
    verbs.confirm(court.office, Doer(account, NOW - 7 * DAY - dt.timedelta(seconds=1)), late)
    assert 'value="appeal"' in page(court, "merchant", in_time)
    assert 'value="appeal"' not in page(court, "merchant", late)
    assert court.send("merchant", in_time, "appeal", why="in time").status == 303
    told = court.send("merchant", late, "appeal", why="late")
    assert (told.status, "申诉期已过" in told.text) == (409, True)


@pytest.mark.parametrize(
    ("role", "verb"),
    [
        *((role, verb) for role in ("merchant", "agency") for verb in ("confirm", "dismiss", "revoke", "label", "overturn")),
        *(("auditor", verb) for verb in ("confirm", "appeal", "fulfil", "dismiss")),
        *((role, "appeal") for role in ("adjudicator", "operator", "administrator")),
    ],
)
def test_who_may_not(court: Court, role: str, verb: str) -> None:
    """Sellers do not judge, judges do not appeal, the auditor does nothing. Of an agency it is not even there."""
    id_ = court.propose()
    told = court.send(role, id_, verb, why="x")
    assert told.status == (404 if role == "agency" else 403)
    assert court.state(id_) == "proposed"


def test_the_clocks_verbs_are_nobodys(court: Court) -> None:
    id_ = court.propose()
    for verb in ("serve", "withdraw", "propose", "rejudge", "", "x"):
        assert court.send("adjudicator", id_, verb, why="x").status == 404


def test_another_shops_measure_is_not_there(court: Court) -> None:
    id_ = court.propose(name="negative_reviews", table="negative_reviews", shop=court.other, kind="shop")
    client = court.site.as_("merchant")
    assert client.get(f"/measures/{id_}").status_code == 404
    assert court.send("merchant", id_, "appeal", why="x").status == 404
    assert f'/measures/{id_}"' not in client.get("/measures?state=all").text
    assert f'/measures/{id_}"' in court.site.as_("operator").get("/measures?state=all").text


def test_duties(court: Court) -> None:
    """Who holds the exam says that it was passed. What is not a seller's to say stays."""
    id_ = court.propose()
    court.send("adjudicator", id_, "confirm")
    assert court.told(id_).duties == ("exam",)
    told = court.send("merchant", id_, "fulfil", duty="ban")
    assert (told.status, "没有这项待完成的义务" in told.text) == (409, True)
    assert court.send("merchant", id_, "fulfil", duty="exam").status == 409
    assert court.send("operator", id_, "fulfil", duty="exam").status == 303
    assert court.told(id_).duties == ()
    assert [each.fulfilled for each in court.told(id_).dealings if each.effect.name == "exam"] == [True]


def test_a_frozen_shop_does_not_thaw_itself(court: Court) -> None:
    """What lasts until a fault is remedied ends when a judge says so, not the shop."""
    id_ = court.propose("contact_numbers", "minor", "contact_numbers", kind="shop", date=DATE - 99 * DAY)
    assert court.send("adjudicator", id_, "confirm", option="2").status == 303  # one of three, not the one proposed
    told = court.send("merchant", id_, "fulfil", duty="freeze")
    assert (told.status, "不由您来确认" in told.text) == (409, True)
    assert 'value="fulfil"' not in page(court, "merchant", id_)
    assert court.send("operator", id_, "fulfil", duty="freeze").status == 303
    assert [each.fulfilled for each in court.told(id_).dealings] == [True]


def test_texts_are_read_first(court: Court) -> None:
    """KS-V05: without labels no confirmation; each label is one of ours."""
    id_ = court.propose(name="negative_reviews", table="negative_reviews", kind="shop")
    told = court.send("adjudicator", id_, "confirm")
    assert (told.status, "要先阅读并标注文本" in told.text) == (409, True)
    assert court.send("adjudicator", id_, "label", **{"label-V1": "rubbish"}).status == 409
    assert court.send("adjudicator", id_, "label").status == 409
    assert court.send("adjudicator", id_, "label", **{"label-V1": "product", "label-V2": ""}).status == 303
    assert court.told(id_).last.detail == {"labels": {"V1": "product"}}
    assert court.send("adjudicator", id_, "confirm").status == 303


def test_the_worst_is_only_a_persons_to_say(court: Court) -> None:
    """It needs all sales of the shop; the money is half of them where that is more."""
    id_ = court.propose(severity="especially_serious")
    told = court.send("adjudicator", id_, "confirm", severity="extremely_serious", why="toys that burn")
    assert (told.status, "全部销售额" in told.text) == (409, True)
    told = court.send("adjudicator", id_, "confirm", severity="extremely_serious", sales="300000")
    assert (told.status, "请写明理由" in told.text) == (409, True)
    sent = {"severity": "extremely_serious", "sales": "300000", "why": "toys that burn"}
    assert court.send("adjudicator", id_, "confirm", **sent).status == 303
    dealt = {each.effect.name: each.effect.amount for each in court.told(id_).dealings}
    assert (dealt["money"], dealt["points"]) == (15_000_000, 100)
    removal = hearing.listing(court.site.console.home, Wanted(violation="points_line"), EVERYTHING, limit=5).listed
    assert [each.state for each in removal] == ["proposed"]
    assert "清退（扣分满线）" in page(court, "merchant", removal[0].row.id)
    assert f"处罚 {id_} 使扣分满线" in page(court, "merchant", removal[0].row.id)


def test_merchants_are_not_told_who_judged(court: Court) -> None:
    id_ = court.propose()
    court.send("adjudicator", id_, "confirm", why="clear")
    label = "示例判责员 Adjudicator"
    assert label in page(court, "operator", id_)
    shown = page(court, "merchant", id_)
    assert label not in shown
    assert "判责员" in shown
    assert "clear" in shown


def test_reasons_must_be_given(court: Court) -> None:
    id_ = court.propose()
    for lang, said in (("zh", "请写明理由"), ("en", "Say why")):
        told = court.send("adjudicator", id_, "dismiss", lang=lang, why="  ")
        assert (told.status, said in told.text) == (409, True)


# The list


def test_every_measure_stands_on_one_page(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, newest first, each once; what is new meanwhile moves nothing."""
    monkeypatch.setattr(pages, "SIZE", 3)
    made = [court.propose(date=DATE - n * DAY) for n in range(1, 9)]
    client, found = court.site.as_("merchant"), list[int]()
    path = f"/measures?state=proposed&violation=quality_anomaly&shop={court.mine}"
    while path:
        text = html.unescape(client.get(path).text)
        found += [int(each) for each in re.findall(r'<th scope="row"><a href="/measures/(\d+)"', text)]
        court.propose(date=DATE - (20 + len(found)) * DAY)
        more = re.search(r'rel="next" href="([^"]+)"', text)
        path = more[1] if more else ""
    assert sorted(found, reverse=True) == found
    assert set(made) <= set(found)
    assert len(found) == len(set(found))


def test_tabs_count(court: Court) -> None:
    ids = [court.propose(date=DATE - n * DAY) for n in range(1, 4)]
    court.confirm(ids[0])
    court.send("operator", ids[1], "dismiss", why="no")
    client = court.site.as_("merchant")
    text = html.unescape(client.get("/measures?state=done&violation=quality_anomaly").text)
    assert f'/measures/{ids[1]}"' in text
    assert f'/measures/{ids[0]}"' not in text
    assert re.search(r"已结束 <span class=\"count\">1</span>", text)


def test_a_great_many_are_not_counted(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all shops: counting would take longer than the page. Of one's own it does not."""
    monkeypatch.setattr(hearing, "MOST_COUNTED", 0)
    assert 'class="count"' not in court.site.as_("operator").get("/measures").text
    assert 'class="count"' in court.site.as_("merchant").get("/measures").text


# Words


def test_every_verb_state_and_effect_has_its_words() -> None:
    """Whatever the database can hold is said in both languages."""
    known = words()
    for beginning, names in {
        "verb": violations.VERBS, "state": violations.STATES, "severity": SEVERITIES, "effect": get_args(EffectKind),
        "refused": (*get_args(Why), *get_args(DeedWhy)), "new_refused": get_args(EntryWhy), "tab": pages.STANDS,
        "label": LABELS, "done": DEEDS, "do": DEEDS,
    }.items():  # fmt: skip
        assert [each for each in names if f"judgement.{beginning}_{each}" not in known] == []


@pytest.mark.parametrize(
    "why",
    [
        "found anew with newer facts", "not found any more with newer facts", "found again", "by the rule, without a person",
        "level", "violation 3 event 2", "violation 3, which was counted here: overturn",
        "the points at the time would have been 90: violation 3 event 4",
    ],
)  # fmt: skip
def test_what_the_clock_says_is_said_in_words(why: str) -> None:
    """Its reasons, as the code writes them."""
    event = Event(1, 2, NOW, None, "rejudge", "proposed", "minor", None, why, {})
    assert not re.search("[a-z]", clock_words(event, "zh"))
    assert clock_words(event, "en")
    assert clock_words(replace(event, account_id=1), "zh") == why


# The statement of reasons, and the texts to read


def test_the_statement_of_reasons(court: Court) -> None:
    """In the reader's language, without scripts or styles of its own; for another shop it is not there."""
    id_ = court.propose()
    client = court.site.as_("merchant")
    for lang, title in (("zh", "理由说明书"), ("en", "Statement of reasons")):
        client.get(f"/language/{lang}", follow_redirects=False)
        told = client.get(f"/measures/{id_}/reasons")
        assert (told.status_code, title in told.text) == (200, True)
        assert not re.search(r"<script|<style|style=", told.text)
    assert client.get(f"/measures/{id_}/reasons.json").json()["id"] == id_
    other = court.propose(name="negative_reviews", table="negative_reviews", shop=court.other, kind="shop")
    for path in ("reasons", "reasons.json"):
        assert client.get(f"/measures/{other}/{path}").status_code == 404


def test_the_texts_are_listed_to_be_read(court: Court) -> None:
    """Those that the figure counts, with the buyers' words: as many as its numerator."""
    home = court.site.console.home
    given: dict[str, list[object]] = {"metric": ["negative_review_rate"], "variant": [""], "by": ["shop"], "days": [30]}
    most = max(rows(home, find(home, DATE), given), key=lambda row: int(str(row["numerator"])))
    reading = {"metric": "negative_review_rate", "days": 30, "take": "ratio", "against": "platform"}
    charge = Charge(
        "kuaishou", "negative_reviews", SINCE, "daily", "shop", str(most["subject"]), str(most["subject"]), DATE, "minor",
        "minor", table="negative_reviews", evidence={"reached": {"severity": "minor", "line": "2", "reading": reading}},
    )  # fmt: skip
    id_ = verbs.propose(court.office, Doer(None, NOW), charge)
    found = hearing.texts(home, court.site.console.packs, court.told(id_).row)
    assert found is not None
    assert len(found) == min(int(str(most["numerator"])), hearing.TEXTS) > 0
    shown = court.site.as_("adjudicator").get(f"/measures/{id_}").text
    assert all(f'name="label-{each.order}"' in shown for each in found)


@pytest.mark.parametrize(
    ("lang", "place", "of"),
    [
        ("zh", "参与排名 1 234 个，从最差数起排第 7；最差的 10 % 为 123 个", "类目大盘（服饰/女装） 100/10 000 = 1.00"),
        ("en", "number 7 from the worst of 1 234 ranked; the worst 10 % are 123", "category 服饰/女装 100/10 000 = 1.00"),
    ],
)
def test_what_a_figure_was_held_against(court: Court, lang: str, place: str, of: str) -> None:
    """The place in the tail and the category of the benchmark stand beside the figures, in both languages."""
    whole = {"rate": "1/100", "numerator": 100, "denominator": 10_000, "shops": None, "of": "服饰/女装"}
    figure = {"numerator": 41, "denominator": 1_277, "status": "ok", "why": ""}
    reading = {
        "metric": "quality_refund_rate", "days": 7, "take": "ratio", "against": "category_l2", "taken": "4100/1277",
        "figure": figure, "benchmark": whole,
    }  # fmt: skip
    tail = {"rank": 7, "ranked": 1_234, "size": 123, "share": "1/10"}
    reached = {"severity": "minor", "line": "2", "reading": reading, "tail": tail}
    charge = Charge(
        "kuaishou", "quality_anomaly", SINCE, "tail", "product", court.product, court.mine, DATE, "minor", "minor",
        table="sensory_quality", evidence={"reached": reached},
    )  # fmt: skip
    id_ = verbs.propose(court.office, Doer(None, NOW), charge)
    client = court.site.as_("merchant")
    client.get(f"/language/{lang}", follow_redirects=False)
    text = html.unescape(client.get(f"/measures/{id_}").text).replace("\u2009", " ")
    assert place in text
    assert of in text
