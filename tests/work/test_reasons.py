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

from tianping.policy.judging import SEVERITIES, EffectKind
from tianping.policy.model import Pack
from tianping.store.violations import STATES, VERBS
from tianping.work import measures
from tianping.work.brief import brief
from tianping.work.close import Asked
from tianping.work.home import Home
from tianping.work.judge import close_day
from tianping.work.measures import MeasureRefused
from tianping.work.reasons import Statement, as_html, as_json, statement
from tianping.work.trail import Doer
from tianping.work.voice import readings
from tianping.work.wordbook import LANGS, Lang, t, words

from .accused import BO, HOSTILE, MERCHANT, TITLE, T, accused, bad_product, entered, ids, office
from .homes import NOON, copy, rules

BOTH = pytest.mark.parametrize("lang", LANGS)
SECOND = dt.timedelta(seconds=1)
LATIN = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return accused(tmp_path_factory.mktemp("reasons"))


@pytest.fixture(scope="module")
def market(demo: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = copy(demo, tmp_path_factory.mktemp("market") / "home")
    close_day(made, rules(), Asked(T), at=NOON)
    return made


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
    assert line.benchmark == "The level-3 category's mean: 21/440 = 4.77 %"
    assert (line.line, line.result, line.exact["taken"]) == ("10.48 × ≥ 10 ×", "holds", "220/21")


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
    found = statement(home, rules(), bad_product(home), "zh", at=NOON, rows="/violations/1/rows.csv")
    assert '<a href="/violations/1/rows.csv">' in as_html(found)


# What can be done


def test_the_last_moment_of_an_appeal(own: Home) -> None:
    """To the second, in words as in deed: still open at the end of the seventh day, over a second later."""
    id_ = entered(own)
    assert t("appeal_later", "en", days=7) in told(own, id_, "en").remedy
    measures.confirm(office(own), BO, id_)
    until = BO.at + dt.timedelta(days=7)
    assert told(own, id_, "en").data["appeal_until"] == f"{until.isoformat()}Z"
    shown = "2024-06-12 12:00:00"
    assert told(own, id_, "zh", until).remedy[0] == t("appeal_open", "zh", until=shown)
    assert told(own, id_, "zh", until + SECOND).remedy[0] == t("appeal_over", "zh", until=shown)
    with pytest.raises(MeasureRefused):
        measures.appeal(office(own), Doer(3, until + SECOND), id_, "too late")
    measures.appeal(office(own), Doer(3, until), id_, "in time")
    assert told(own, id_, "en", until).remedy[0] == t("appeal_pending", "en")
    for lang in LANGS:
        assert t("a_person", lang) in told(own, id_, lang, until).remedy
        assert t("stays_open", lang) in told(own, id_, lang, until).remedy


def test_what_became_of_it(own: Home) -> None:
    """Confirmed, appealed, overturned: nothing stands, and each effect says when it was taken back."""
    id_ = entered(own, "serious")
    measures.confirm(office(own), BO, id_)
    standing = told(own, id_, "en")
    exam = next(each for each in standing.effects if each.exact["effect"] == "exam")
    assert "until it is done" in exam.span
    assert any("Exam" in each for each in standing.remedy)
    measures.appeal(office(own), MERCHANT, id_, "our papers are here")
    third = Doer(3, MERCHANT.at + SECOND)
    with pytest.raises(MeasureRefused):
        measures.overturn(office(own), third, id_, "our own")
    measures.overturn(office(own), Doer(1, MERCHANT.at + SECOND), id_, "they are in order")
    found = told(own, id_, "en")
    assert t("penalty_gone", "en") in found.effects_said
    assert {each.span for each in found.effects} == {"taken back at 2024-06-06 12:00:01"}
    assert found.remedy[0] == t("appeal_none", "en")
    assert [each[2] for each in found.history] == ["proposed", "confirmed", "appealed", "overturned"]
    assert found.history[2][3] == "our papers are here"


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
