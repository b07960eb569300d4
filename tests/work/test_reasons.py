"""The statement of reasons: complete in both languages, its numbers those of the evidence, its texts only text."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from tianping.assess.violation import Earlier
from tianping.periods import Period, to_wall
from tianping.policy.judging import SEVERITIES, EffectKind
from tianping.policy.model import Pack
from tianping.store.violations import STATES, VERBS
from tianping.work.closing.close import Asked
from tianping.work.docket import entering, measures
from tianping.work.docket.brief import brief
from tianping.work.docket.measures import Choice, MeasureRefused
from tianping.work.docket.proposing import Charge
from tianping.work.home import Home, open_home, set_scope
from tianping.work.judge import close_day
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer
from tianping.work.why.reasons import Statement, as_html, as_json, statement
from tianping.work.why.voice import Voice, readings
from tianping.work.why.why import of_violation
from tianping.work.why.wordbook import LANGS, Lang, t, words

from .accused import ANNA, BO, HOSTILE, MERCHANT, TITLE, T, accused, bad_product, entered, ids, office
from .homes import NOON, bring, copy, rules, table

BOTH = pytest.mark.parametrize("lang", LANGS)
SECOND = dt.timedelta(seconds=1)
LATIN = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return accused(tmp_path_factory, tmp_path_factory.mktemp("reasons") / "home")


@pytest.fixture(scope="module")
def market(demo: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market, which is judged as of T."""
    return copy(demo, tmp_path_factory.mktemp("market") / "home")


@pytest.fixture
def own(home: Home, tmp_path: Path) -> Home:
    """To be written into."""
    return copy(home, tmp_path / "home")


class Text(HTMLParser):
    """The text of a page and the tags in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.texts.append(data)


def told(home: Home, id_: int, lang: Lang = "zh", at: dt.datetime = NOON) -> Statement:
    return statement(home, rules(), id_, lang, at=at)


# Words


def test_every_word_is_there_in_both_languages() -> None:
    """No Latin words among the Chinese ones and no Chinese among the English; the same values are filled in."""
    for name, each in words().items():
        assert set(each) == {"zh", "en"}, name
        assert not LATIN.search(re.sub(r"\{.*?\}", "", each["zh"])), name
        assert not CHINESE.search(each["en"]), name
        filled = [set(re.findall(r"\{(\w+)\}", each[lang])) for lang in LANGS]
        assert filled[0] == filled[1], name


def test_every_state_verb_severity_and_effect_has_words() -> None:
    names = [*STATES, *SEVERITIES, *(f"v_{verb}" for verb in VERBS), *(f"effect_{kind}" for kind in get_args(EffectKind))]
    assert [name for name in names if name not in words()] == []


def test_nothing_is_left_in_english_on_a_chinese_statement(market: Home) -> None:
    """But for ids, the command of the rows, and what the pack's own Chinese words have."""
    for id_ in ids(market):
        known = brief(market, rules(), id_)
        assert known.pack is not None
        allowed = set(LATIN.findall(" ".join(zh_of(known.pack))))
        page = Text(as_html(told(market, id_)))
        text = " ".join(page.texts).replace(told(market, id_).rows, "")
        row = known.matter.row
        for own in (row.subject_id, row.shop_id, known.shop, known.product, str(row.evidence.get("pack"))[:12]):
            text = text.replace(own, "") if own else text
        assert set(LATIN.findall(text)) <= allowed, id_


def zh_of(pack: Pack) -> Iterator[str]:
    """Every Chinese text of a pack's judging part, and its labels of metrics."""
    yield from (metric.label.zh for metric in pack.metrics.values())
    yield from re.findall(r'"zh": "(.*?)(?<!\\)"', json.dumps(pack.judging.model_dump(mode="json"), ensure_ascii=False))


@BOTH
def test_every_part_is_there(home: Home, lang: Lang) -> None:
    """What, the rule, the figures, the statistics, the rows, the effects, what can be done, what happened."""
    found = told(home, bad_product(home), lang)
    page = " ".join(Text(as_html(found)).texts)
    for name in ("h_what", "h_rule", "h_figures", "h_chance", "h_rows", "h_effects", "h_remedy", "h_history", "a_person"):
        assert t(name, lang) in page
    assert t("stays_open", lang) in found.remedy
    rule = rules()["kuaishou"].judging.violations["quality_anomaly"].at(T)
    assert rule is not None
    assert rule.note is not None
    spoken = getattr(rule.words, lang), getattr(rule.note, lang), rule.since.isoformat(), "S1 品质指标异常"
    assert all(any(each in value for _, value in found.rule) for each in spoken)
    assert f"tianping explain violation {found.id} --rows csv" == found.rows


# Numbers


@BOTH
def test_the_numbers_are_those_of_the_evidence(market: Home, lang: Lang) -> None:
    """Of every violation: the exact ones, and the fractions and times as people read them."""
    for id_ in ids(market):
        evidence = brief(market, rules(), id_).matter.row.evidence
        kept = [each for data in (evidence, *evidence.get("others", ())) for each in readings(data)]
        found = told(market, id_, lang)
        assert [(each.exact["taken"], each.exact["figure"], each.exact["line"]) for each in found.figures] == [
            (each["taken"], each["figure"], each.get("line")) for each in kept
        ]
        for line, each in zip(found.figures, kept, strict=True):
            if each["take"] == "ratio":
                own, whole = each["figure"], each["benchmark"]
                ratio = Fraction(own["numerator"], own["denominator"]) / Fraction(whole["rate"])
                assert ratio == Fraction(each["taken"])
                assert plain(f"{own['numerator']}/{own['denominator']} ÷ ") in line.calculation.replace("\u2009", "")
                assert f"{float(ratio):.2f}".rstrip("0").rstrip(".") in line.line.replace("\u2009", "")
        assert as_json(found)["data"]["evidence"] == evidence


def plain(text: str) -> str:
    return text.replace("\u2009", "")


def test_the_calculation_in_words(home: Home) -> None:
    """20/40 = 50 %, of the category 21/440 = 4.77 %: 10.48 times, held against 10."""
    line = next(each for each in told(home, bad_product(home), "en").figures if each.exact["place"] == "line")
    assert line.calculation == "20/40 = 50.00 %; 20/40 ÷ 21/440 = 10.48 ×"
    assert line.benchmark == "The level-3 category's mean (服饰/女装/连衣裙): 21/440 = 4.77 %"
    assert (line.line, line.result, line.exact["taken"]) == ("10.48 × ≥ 10 ×", "holds", "220/21")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "参与排名 21 个，从最差数起排第 2；最差的 10 % 为 2 个"),
        ("en", "number 2 from the worst of 21 ranked; the worst 10 % are 2"),
    ],
)
def test_the_place_in_a_weekly_tail(tmp_path: Path, lang: Lang, said: str) -> None:
    """Frozen, in the statement, in the tree and in its JSON: of how many, how many are the tail, which of them this one is."""
    made = ranked(tmp_path / "home")
    second = next(id_ for id_ in ids(made, "quality_anomaly") if brief(made, rules(), id_).matter.row.subject_id == "P19")
    known = brief(made, rules(), second)
    place = {"rank": 2, "ranked": 21, "size": 2, "share": "1/10"}
    assert known.matter.row.evidence["reached"]["tail"] == place
    found = told(made, second, lang)
    [line] = [each for each in found.figures if each.exact["place"] == "line"]
    assert line.result == f"{t('holds', lang)}{t('semicolon', lang)}{said}"
    assert line.exact["tail"] == place
    node = of_violation(Voice(lang, known.pack), known).plain()
    [tail] = [part for trigger in node["parts"] for part in trigger["parts"] if part["kind"] == "line"]
    assert said in tail["lines"]
    assert tail["data"]["tail"] == place


def ranked(folder: Path) -> Home:
    """21 products of one category with 20, 21, … 40 quality refunds of 200 orders each, judged on a Monday."""
    monday = T + dt.timedelta(days=2)
    home = open_home(folder, create=True)
    set_scope(home, "market")
    paid, goods = monday - dt.timedelta(days=15), [f"P{n}" for n in range(21)]
    lines = [(f"O{product}-{n}", "A", product) for product in goods for n in range(200)]
    refunded = [f"O{product}-{n}" for more, product in enumerate(goods) for n in range(20 + more)]
    bring(home, {
        "shops": table("shop_id,platform", ("A", "kuaishou")),
        "products": table("product_id,shop_id,category_l1,category_l2,category_l3",
                          *((product, "A", "服饰", "女装", "连衣裙") for product in goods)),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel,quantity,amount_fen",
                        *((*line, f"{paid} 10:00:00", f"{paid} 11:00:00", "self_built", 1, 1000) for line in lines)),
        "cases": table("case_id,order_id,kind,reason,requested_at",
                       *((f"R{order}", order, "refund_only", "quality", f"{paid} 20:00:00") for order in refunded)),
    }, covers=Period(monday - dt.timedelta(days=200), monday))  # fmt: skip
    close_day(home, rules(), Asked(monday), at=NOON)
    return home


# Untrusted text


@BOTH
def test_hostile_names_stay_text(own: Home, lang: Lang) -> None:
    """Of the shop, the product, and what people write."""
    entered_id = entered(own, why="<b>bold</b>")
    measures.dismiss(office(own), BO, entered_id, f"no: {HOSTILE}")
    for id_ in (bad_product(own), entered_id):
        raw = as_html(told(own, id_, lang))
        page = Text(raw)
        assert "<script" not in raw
        assert set(page.tags).isdisjoint({"script", "img", "b", "iframe", "object"})
        assert [name for name in page.attributes if name.startswith("on") or name == "style"] == []
        assert HOSTILE in " ".join(page.texts)
    assert TITLE in " ".join(Text(as_html(told(own, bad_product(own), lang))).texts)
    assert f"no: {HOSTILE}" in str(told(own, entered_id, lang).history)


def test_the_consoles_page_has_no_style_of_its_own(home: Home) -> None:
    page = Text(as_html(told(home, bad_product(home)), stylesheet="/static/app.css"))
    assert "style" not in page.tags
    assert "link" in page.tags
    alone = as_html(told(home, bad_product(home)))
    assert "link" not in Text(alone).tags, "a page kept as a file asks for nothing"


def test_a_link_to_the_rows(home: Home) -> None:
    """On the console: every figure's own page and the way back to the measure, and no command line."""
    id_ = bad_product(home)
    found = statement(
        home, rules(), id_, "zh", at=NOON, rows=lambda said: f"/figures/{said['metric']}", measure=f"/measures/{id_}"
    )
    page = as_html(found)
    assert {each.rows for each in found.figures} == {f"/figures/{each.exact['metric']}" for each in found.figures}
    assert all(f'<a href="{each.rows}">' in page for each in found.figures)
    assert f'<a href="/measures/{id_}">' in page
    assert "tianping explain" not in page
    assert "tianping explain" not in json.dumps(as_json(found))


# Not found in figures


@BOTH
def test_what_a_person_entered_is_the_ground(own: Home, lang: Lang) -> None:
    """The words stand as the ground; there is no section of statistics or of rows, and the numbers of the others follow on."""
    found = told(own, typed(own, "papers of another shop"), lang)
    page = " ".join(Text(as_html(found)).texts)
    assert any("papers of another shop" in each for each in found.grounds)
    assert len(found.grounds) == 1, "not what is told elsewhere"
    assert dict(found.rule)[t("f_trigger", lang)] == t("entered_by_person", lang)
    assert dict(found.what)[t("f_deed", lang)] == T.isoformat()
    assert found.rows == ""
    assert t("h_rows", lang) not in page
    assert t("h_chance", lang) not in page
    assert t("h_part", lang, n="四" if lang == "zh" else 4, words=t("h_effects", lang)) in page


def typed(home: Home, said: str) -> int:
    """What a person entered on the console."""
    who, entry = office(home), entering.Entry("kuaishou", "qualification", "A", "minor", T, said)
    return entering.enter(home, who, rules(), entry, Reach(None), BO)


@BOTH
def test_the_row_that_a_formula_read_is_told(home: Home, lang: Lang) -> None:
    """Which numbers are missing, and what to do; the numbers themselves are not kept."""
    [id_] = ids(home, "contact_numbers")
    found = told(home, id_, lang)
    phones = ("phone_manager", "phone_return", "phone_service", "phone_shipping")
    assert found.data["evidence"]["row"] == dict.fromkeys(phones, "missing")
    for phone in phones:
        assert f"{t(f'col_{phone}', lang)}{t('colon', lang)}{t('cell_missing', lang)}" in found.grounds
        assert any(t(f"col_{phone}", lang) in each for each in found.remedy)


def test_numbers_of_people_are_not_frozen(market: Home) -> None:
    """Only whether they are there."""
    kept = [brief(market, rules(), id_).matter.row.evidence["row"] for id_ in ids(market, "contact_numbers")]
    assert {value for row in kept for value in row.values()} == {"given", "missing"}


def test_what_the_row_of_a_video_says(market: Home) -> None:
    """When it was graded, and how; it needs a person, as its day was closed late."""
    [id_, *_] = ids(market, "poor_video")
    kept = brief(market, rules(), id_).matter.row.evidence["row"]
    found = told(market, id_, "zh")
    assert kept["look_grade"] == "poor"
    at = to_wall(dt.datetime.fromisoformat(kept["look_reviewed_at"][:-1]))
    assert f"画风审核时间：{at:%Y-%m-%d %H:%M:%S}" in found.grounds
    assert "画风审核结论：差" in found.grounds
    assert t("held_back", "zh", why=t("why_late", "zh")) in found.effects_said or found.data["state"] == "in_force"


def test_what_is_only_recorded_waits_for_nobody(market: Home) -> None:
    recorded = [id_ for id_ in ids(market) if brief(market, rules(), id_).matter.row.records]
    assert recorded
    for id_ in recorded[:5]:
        found = told(market, id_, "en")
        assert "person confirms" not in str(found)
        assert dict(found.what)["State"] == "recorded only"


# What happened


def test_the_repeats_and_what_they_raise(own: Home) -> None:
    """The line stays as the rule says it, though a person then chose a milder severity."""
    first = entered(own, "serious")
    measures.confirm(office(own), BO, first)
    charge = Charge(
        "kuaishou", "qualification", dt.date(2010, 1, 1), "by hand", "shop", "A", "A", T + dt.timedelta(days=9),
        "especially_serious", "serious", up_to="especially_serious", table="qualification", evidence={},
        repeats=(Earlier(first, "serious", T),),
    )  # fmt: skip
    second = measures.propose(office(own), Doer(1, NOON + dt.timedelta(days=9)), charge)
    assert "Raised from serious to especially serious by repeats" in told(own, second, "en").grounds


def test_the_history_tells_severities_and_amounts(own: Home) -> None:
    """From what to what; and why an amount is another than proposed."""
    id_ = entered(own, "serious")
    measures.confirm(office(own), ANNA, id_, measures.Choice(0, {"ban": 13}), why="the papers were forged")
    assert "the reason given: the papers were forged" in str(told(own, id_, "en").effects)
    measures.appeal(office(own), MERCHANT, id_, "no")
    measures.reduce(office(own), Doer(2, MERCHANT.at + SECOND), id_, "a first time", choice=measures.Choice(0, {"ban": 11}))
    found = told(own, id_, "en")
    proposed, confirmed, appealed, reduced = (each[3] for each in found.history)
    assert proposed == "Severity: serious"
    assert "No new listings 13 days" in confirmed
    assert appealed == ""
    assert reduced == "No new listings 13 days → 11 days"
    assert "the reason given: a first time" in str(found.effects)


def test_a_number_does_not_break(own: Home) -> None:
    """The space within an amount is one at which no line breaks."""
    page = as_html(told(own, entered(own, "serious")))
    assert "¥3\u202f000.00" in page
    assert "\u2009" not in page


# What can be done


def test_the_last_moment_of_an_appeal(own: Home) -> None:
    """To the second, in words as in deed: still open at the end of the seventh day, over a second later."""
    id_ = entered(own)
    assert t("appeal_later", "en", days=7) in told(own, id_, "en").remedy
    measures.confirm(office(own), BO, id_)
    until = BO.at + dt.timedelta(days=7)
    assert told(own, id_, "en").data["appeal_until"] == f"{until.isoformat()}Z"
    shown = "2024-06-12 12:00:00"
    assert told(own, id_, "zh", until).remedy[0] == t("appeal_open", "zh", until=shown, n=1)
    assert told(own, id_, "zh", until + SECOND).remedy[0] == t("appeal_over", "zh", until=shown)
    with pytest.raises(MeasureRefused):
        measures.appeal(office(own), Doer(3, until + SECOND), id_, "too late")
    measures.appeal(office(own), Doer(3, until), id_, "in time")
    assert told(own, id_, "en", until).remedy[0] == t("appeal_pending", "en")
    for lang in LANGS:
        assert t("a_person", lang) in told(own, id_, lang, until).remedy
        assert t("stays_open", lang) in told(own, id_, lang, until).remedy


@BOTH
def test_an_appeal_that_was_decided_is_not_offered_again(own: Home, lang: Lang) -> None:
    """Nor are its ways, or what it would give back; after a reduction they are."""
    id_ = entered(own, "serious")
    measures.confirm(office(own), ANNA, id_, Choice(0, {"money": 4_000_00}), why="much")
    third, fourth = (Doer(who, MERCHANT.at + SECOND) for who in (2, 1))
    open_ = t("appeal_how", lang, id=id_)
    assert open_ in told(own, id_, lang, MERCHANT.at).remedy
    measures.appeal(office(own), MERCHANT, id_, "our papers are here")
    measures.uphold(office(own), third, id_, "they are not ours")
    said = told(own, id_, lang, third.at)
    assert said.remedy[0] == t("appeal_used", lang, n=1)
    assert not {open_, t("evidence", lang), t("remedy", lang)} & set(said.remedy)
    assert said.data["appeal_until"] is None
    with pytest.raises(MeasureRefused, match="so many times: 1"):
        measures.appeal(office(own), fourth, id_, "again")


def test_what_became_of_it(own: Home) -> None:
    """Confirmed, appealed, overturned: nothing stands, and each effect says when it was taken back."""
    id_ = entered(own, "serious")
    measures.confirm(office(own), ANNA, id_)
    standing = told(own, id_, "en")
    exam = next(each for each in standing.effects if each.exact["effect"] == "exam")
    assert "until it is done" in exam.span
    assert any("Exam" in each for each in standing.remedy)
    measures.appeal(office(own), MERCHANT, id_, "our papers are here")
    third = Doer(3, MERCHANT.at + SECOND)
    with pytest.raises(MeasureRefused):
        measures.overturn(office(own), third, id_, "our own")
    measures.overturn(office(own), Doer(2, MERCHANT.at + SECOND), id_, "they are in order")
    found = told(own, id_, "en")
    assert t("penalty_gone", "en") in found.effects_said
    assert {each.span for each in found.effects} == {"taken back at 2024-06-06 12:00:01"}
    assert found.remedy[0] == t("appeal_none", "en")
    assert not any("Still to be done" in each for each in found.remedy), "nothing is owed any more"
    assert "taken back" in found.history[3][3]
    assert [each[2] for each in found.history] == ["proposed", "confirmed", "appealed", "overturned"]
    assert found.history[2][4] == "our papers are here"


def test_both_languages_say_the_same(market: Home) -> None:
    """The same parts with the same exact numbers, as JSON that says everything."""
    for id_ in ids(market):
        zh, en = (told(market, id_, lang) for lang in LANGS)
        assert zh.data == en.data
        assert [each.exact for each in zh.figures] == [each.exact for each in en.figures]
        assert [each.exact for each in zh.effects] == [each.exact for each in en.effects]
        for name in ("what", "rule", "grounds", "chance", "effects_said", "remedy", "history"):
            assert len(getattr(zh, name)) == len(getattr(en, name)), name
        assert json.loads(json.dumps(as_json(zh)))["id"] == id_
