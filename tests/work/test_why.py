"""Explanations: down to figures, clauses and rows, with the numbers that decided."""

import datetime as dt
import shlex
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tianping.assess.penalty import plain
from tianping.errors import NotFound, TianpingError
from tianping.metrics.proof import Scope
from tianping.periods import Period
from tianping.store import violations
from tianping.store.violations import Event
from tianping.work.closing.close import Asked
from tianping.work.docket import entering, measures
from tianping.work.docket.brief import brief
from tianping.work.docket.matter import deal_anew, open_matter
from tianping.work.figures.explain import Named, explain, totals
from tianping.work.home import Home, open_home, set_scope
from tianping.work.judge import close_day
from tianping.work.judgement import judged
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer
from tianping.work.why import why, whyjudged
from tianping.work.why.asknown import rows_of_violation
from tianping.work.why.reasons import statement
from tianping.work.why.voice import Voice
from tianping.work.why.why import Node
from tianping.work.why.wordbook import LANGS, Lang

from .accused import BO, T, accused, bad_product, entered, facts, ids, office
from .homes import NOON, bring, copy, rules, table

BOTH = pytest.mark.parametrize("lang", LANGS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return accused(tmp_path_factory, tmp_path_factory.mktemp("why") / "home")


@pytest.fixture(scope="module")
def market(demo: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market, which is judged as of T."""
    return copy(demo, tmp_path_factory.mktemp("market") / "home")


def every(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from every(part)


def of_kind(node: Node, kind: str) -> list[Node]:
    return [each for each in every(node) if each.kind == kind]


def tree(home: Home, id_: int, lang: Lang = "zh", penalty: bool = False) -> Node:
    known = brief(home, rules(), id_)
    voice = why.voice_of(rules(), known.matter.row.platform, lang)
    return why.of_penalty(voice, known) if penalty else why.of_violation(voice, known)


def test_a_violation_down_to_its_figures(home: Home) -> None:
    """20 of 40 beside 21 of 440 of its category: 10.48 times, the line of 10; its figures have clause, version and rows."""
    found = tree(home, bad_product(home), "en")
    assert [each.kind for each in found.parts] == ["rule", "trigger", "chance"]
    [line] = of_kind(found, "line")
    assert "10.48 × ≥ 10 ×" in line.title
    assert line.lines[0] == "20/40 ÷ 21/440 = 10.48 ×"
    assert line.data is not None
    assert (line.data["taken"], line.data["line"]) == ("220/21", "10")
    [figure] = of_kind(line, "figure")
    assert figure.title.endswith("20/40 = 50.00 %")
    assert any("S1" in each for each in figure.lines)
    [benchmark] = of_kind(figure, "benchmark")
    assert benchmark.title.endswith("21/440 = 4.77 %")
    [gate] = of_kind(found, "condition")
    assert "20 ≥ 10" in gate.title


def test_the_rows_of_a_violation_add_up_to_its_evidence(home: Home) -> None:
    """Of the product and of its shop: 20/40 each, every row with its figure."""
    found = rows_of_violation(home, rules(), bad_product(home))
    assert [(each.rows.scope.by, each.rows.counts) for each in found.figures] == [("product", (20, 40)), ("shop", (20, 40))]
    rows = list(found.rows())
    assert {row["by"] for row in rows} == {"product", "shop"}
    assert sum(row["role"] == "numerator" and row["by"] == "product" for row in rows) == 20
    assert set(rows[0]) <= set(found.columns)


def test_the_rows_are_those_known_then(home: Home, tmp_path: Path) -> None:
    """A case that came later is not among the rows of a violation found before, though a newer close counts it."""
    made = copy(home, tmp_path / "home")
    late = table("case_id,order_id,kind,reason,requested_at", ("RA20", "A20", "refund_only", "quality", "2024-05-18 12:00:00"))
    bring(made, {"cases": late}, hour=5)
    first = bad_product(made)
    close_day(made, rules(), Asked(T), at=NOON)
    scope = Scope("kuaishou", "product", "PA", T, 7)
    proof = explain(made, rules(), Named("product_quality_refund_rate"), scope)
    assert totals(proof.definition, proof.parts) == (21, 40)
    assert rows_of_violation(made, rules(), first).figures[0].rows.counts == (20, 40)


def test_rows_that_the_track_leaves_out(tmp_path: Path) -> None:
    """Cases that the platform opened count in the figure as measured, not in the violation: they are shown, left out."""
    made = open_home(tmp_path / "home", create=True)
    set_scope(made, "market")
    given = facts()
    asked = ("refund_only", "quality", "2024-05-18 12:00:00", "platform")
    rows = ((f"RA{n}", f"A{n}", *asked) for n in (0, 1))
    opened = table("case_id,order_id,kind,reason,requested_at,opened_by", *rows)
    bring(made, given, covers=Period(T - dt.timedelta(days=200), T))
    bring(made, {"cases": opened}, hour=1)
    close_day(made, rules(), Asked(T), at=NOON)
    found = rows_of_violation(made, rules(), bad_product(made))
    reading = brief(made, rules(), bad_product(made)).matter.row.evidence["reached"]["reading"]
    product = found.figures[0].rows
    assert product.counts == (reading["figure"]["numerator"], reading["figure"]["denominator"]) != (20, 40)
    assert [row["order_id"] for row in product.rows() if row["rule"] == "opened_by_platform"] == ["A0", "A1"]
    proof = explain(made, rules(), Named("product_quality_refund_rate"), Scope("kuaishou", "product", "PA", T, 7))
    assert totals(proof.definition, proof.parts) == (20, 40)


def test_a_row_of_the_shop_where_a_formula_held(home: Home) -> None:
    """Missing contact numbers rest on no figure: the row of the shop is shown as it was known."""
    [id_] = ids(home, "contact_numbers")
    [row] = rows_of_violation(home, rules(), id_).rows()
    assert (row["shop_id"], row["phone_service"]) == ("A", None)
    assert "不依据指标" in str([each.lines for each in every(tree(home, id_))])
    assert "负责人电话：未填写" in str([each.lines for each in every(tree(home, id_))])


def test_a_changed_pack_is_said(home: Home) -> None:
    """Explained from the kept evidence, with a word about it; its rows cannot be got any more."""
    pack = rules()["kuaishou"].model_copy(update={"judging_digest": "other", "digest": "other"})
    known = brief(home, {"kuaishou": pack}, bad_product(home))
    assert "规则包此后有改动" in str(why.of_violation(Voice("zh", pack), known).lines)
    with pytest.raises(TianpingError, match="the pack kuaishou has changed since violation"):
        rows_of_violation(home, {"kuaishou": pack}, bad_product(home))
    assert "20/40" in str(why.of_violation(Voice("zh", None), brief(home, {}, bad_product(home))))


def test_what_a_person_entered(home: Home, tmp_path: Path) -> None:
    """The evidence as it was written, and what the penalty would be: the low end of every range at the first time."""
    made = copy(home, tmp_path / "home")
    id_ = entered(made, "serious", "papers of another shop")
    found = tree(made, id_, "en", penalty=True)
    assert "papers of another shop" in str(found)
    ban = next(each for each in of_kind(found, "effect") if each.data and each.data["effect"] == "ban")
    assert ban.data is not None
    assert (ban.data["low"], ban.data["high"], ban.data["amount"]) == (11, 14, 11)
    assert "range 11 days to 14 days; the first at this severity: the low end" in ban.lines
    with pytest.raises(NotFound, match="it has no rows"):
        rows_of_violation(made, rules(), id_)
    typed = entering.enter(
        made,
        office(made),
        rules(),
        entering.Entry("kuaishou", "qualification", "B", "serious", T, "no papers"),
        Reach(None),
        BO,
    )
    assert [each.title.endswith("no papers") for each in of_kind(tree(made, typed), "kept")] == [True]
    with pytest.raises(NotFound, match="was entered by a person, whose words are its ground; it has no rows"):
        rows_of_violation(made, rules(), typed)


def test_amounts_say_who_chose_them(home: Home, tmp_path: Path) -> None:
    """As a person picked; the middle at the second time."""
    made = copy(home, tmp_path / "home")
    first = entered(made, "serious")
    measures.confirm(office(made), BO, first, measures.Choice(0, {"ban": 13}))
    shown = {each.data["effect"]: each for each in of_kind(tree(made, first, "en", penalty=True), "effect") if each.data}
    assert "chosen by a person within the range (the rule proposed 11 days)" in str(shown["ban"].lines)
    assert "the low end" in str(shown["campaign"].lines)
    assert "¥3\u2009000.00" in shown["money"].title
    assert any(line.startswith("2024-06-05 12:00:00 to 2024-06-18") for line in shown["ban"].lines)


# Scores, rights, levels


@BOTH
def test_every_score_and_level_of_the_market(market: Home, lang: Lang) -> None:
    """Each is explained as it was judged: the same points of the total and of every item."""
    done = judged.find(market, T)
    rows = judged.read(market, done, "scores", {"track": ["measured"], "shop_id": ["S001", "S004"]})
    for top in (row for row in rows if row["part"] == "total"):
        pack = rules()[top["platform"]]
        found = whyjudged.of_score(Voice(lang, pack), market, pack, top["name"], top["shop_id"], T)
        own = [row for row in rows if (row["name"], row["shop_id"]) == (top["name"], top["shop_id"])]
        assert found.data is not None
        assert found.data["points"] == top["points"]
        points = [each.data["points"] for each in of_kind(found, "item") if each.data]
        assert points == [row["points"] for row in own if row["part"] == "item"]
        assert len(of_kind(found, "item")) == len([each for each in own if each["part"] == "item"])
    pack = rules()["douyin"]
    level = whyjudged.of_level(Voice(lang, pack), market, pack, "S004", T)
    [row] = judged.read(market, done, "levels", {"shop_id": ["S004"]})
    assert level.data is not None
    assert level.data["level"] == row["level"]


def test_a_right_withdrawn_shows_what_broke(market: Home) -> None:
    pack, done = rules()["kuaishou"], judged.find(market, T)
    broken = judged.read(market, done, "rights", {"platform": ["kuaishou"], "subject_kind": ["shop"], "held": [False]})
    for row in broken[:4]:
        found = whyjudged.of_right(Voice("zh", pack), market, pack, row["name"], row["shop_id"], T)
        assert found.title.endswith("已收回")
        assert {each.data["holds"] for each in found.parts if each.data} == {False}
    held = judged.read(market, done, "rights", {"platform": ["kuaishou"], "subject_kind": ["shop"], "held": [True]})[0]
    found = whyjudged.of_right(Voice("en", pack), market, pack, held["name"], held["shop_id"], T)
    assert found.title.endswith("held")


def test_numbers_that_read_alike_show_their_difference() -> None:
    said = {"metric": "timely_shipment", "days": 30, "take": "value", "taken": "5009/5014", "line": "999/1000"}
    voice = Voice("en", rules()["douyin"])
    assert voice.compared(said) == "99.90 % (5009/5014) ≥ 99.90 %"
    assert voice.compared(said | {"taken": "999/1000"}) == "99.90 % ≥ 99.90 %"


def test_a_score_that_nothing_adjusts(market: Home) -> None:
    """It is said to be as measured."""
    pack = rules()["douyin"]
    found = whyjudged.of_score(Voice("en", pack), market, pack, "experience", "S004", T, track="adjusted")
    assert found.data is not None
    assert (found.data["track"] == "measured") == any("as measured" in line for line in found.lines)


def test_the_shares_of_a_score_sum_to_one(market: Home) -> None:
    pack = rules()["kuaishou"]
    found = whyjudged.of_score(Voice("zh", pack), market, pack, "merchant_grade", "S001", T)
    assert sum(Fraction(each.data["share"]) for each in of_kind(found, "item") if each.data) == 1


@BOTH
def test_every_violation_of_the_market(market: Home, lang: Lang) -> None:
    """All of them are explained; the rows of one of each kind are those of its evidence (which is checked as they are read)."""
    one_of_each: dict[str, int] = {}
    for id_ in ids(market):
        found = tree(market, id_, lang, penalty=True)
        assert of_kind(found, "rule") != []
        one_of_each[brief(market, rules(), id_).matter.row.trigger] = id_
    for id_ in one_of_each.values() if lang == "zh" else ():
        assert rows_of_violation(market, rules(), id_).columns != []


def test_how_to_get_the_rows_is_a_command(market: Home) -> None:
    """It names the figure just as `explain metric` asks for it."""
    id_ = next(each for each in ids(market) if of_kind(tree(market, each), "figure"))
    for each in of_kind(tree(market, id_), "figure"):
        assert each.data is not None
        words = shlex.split(each.data["rows"])
        given = dict(zip(words[4::2], words[5::2], strict=True))
        scope = Scope(given["--platform"], given["--by"], given["--subject"], T, int(given["--days"]))
        proof = explain(market, rules(), Named.parse(words[3]), scope)
        counted = totals(proof.definition, proof.parts)
        assert counted == (each.data["figure"]["numerator"], each.data["figure"]["denominator"])


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda voice, home, pack: whyjudged.of_score(voice, home, pack, "servic", "S001", T), 'did you mean "service"'),
        (lambda voice, home, pack: whyjudged.of_score(voice, home, pack, "service", "S999", T), 'the shop "S999" has no score'),
        (lambda voice, home, pack: whyjudged.of_right(voice, home, pack, "distributio", "S001", T), "did you mean"),
        (lambda voice, home, pack: whyjudged.of_right(voice, home, pack, "distribution", "S999", T), "nothing is said"),
        (lambda voice, home, pack: whyjudged.of_level(voice, home, pack, "S001", T), "has no levels"),
        (lambda voice, home, pack: whyjudged.of_score(voice, home, pack, "service", "S001", dt.date(2020, 1, 1)), "not judged"),
    ],
)
def test_asked_in_vain(market: Home, ask: object, sentence: str) -> None:
    pack = rules()["kuaishou"]
    assert callable(ask)
    with pytest.raises(NotFound, match=sentence):
        ask(Voice("zh", pack), market, pack)


def test_no_such_violation(home: Home) -> None:
    with pytest.raises(NotFound, match="no violation 999"):
        brief(home, rules(), 999)


def test_what_an_earlier_build_wrote_is_read(home: Home, tmp_path: Path) -> None:
    """Its events do not say which amounts were picked."""
    own = copy(home, tmp_path / "home")
    id_ = entered(own, "serious")
    known = brief(own, rules(), id_).matter
    assert known.offer is not None
    chosen = {"option": 0, "effects": plain(known.offer.options[0])}
    with own.database.begin() as connection:
        violations.append(connection, Event(id_, 2, BO.at, 1, "confirm", "in_force", "serious", chosen, "", {}))
        after = open_matter(office(own), connection, id_)
        deal_anew(connection, [(after, each) for each in known.offer.options[0]])
    for lang in LANGS:
        assert of_kind(tree(own, id_, lang, penalty=True), "effect")
        assert statement(own, rules(), id_, lang, at=NOON).effects


def test_the_repeats_are_told(home: Home, tmp_path: Path) -> None:
    """The second time of one kind names the first, and takes the middle of each range."""
    made = copy(home, tmp_path / "home")
    first = entered(made, "serious")
    measures.confirm(office(made), BO, first)
    charge = measures.Charge(
        "kuaishou", "qualification", dt.date(2010, 1, 1), "by hand", "shop", "A", "A", T + dt.timedelta(days=9),
        "serious", "serious", table="qualification", evidence={},
    )  # fmt: skip
    second = measures.propose(office(made), Doer(1, NOON + dt.timedelta(days=9)), charge)
    found = tree(made, second, "en", penalty=True)
    assert f"({first})" in str([each.lines for each in of_kind(found, "repeats")])
    assert "the second at this severity: the middle" in str([each.lines for each in of_kind(found, "effect")])
