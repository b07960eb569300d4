"""`explain score / right / level / violation / penalty / change` as a person or a program runs them."""

import csv
import datetime as dt
import io
import json
from fractions import Fraction
from typing import Any

import pytest

from shell import Tianping
from tianping.work.closing.close import Asked
from tianping.work.home import Home
from tianping.work.judge import close_day
from work.accused import HOSTILE, T, accused, bad_product
from work.homes import NOON, rules

BEFORE = T - dt.timedelta(days=1)
BOTH = pytest.mark.parametrize(("lang", "word"), [("zh", "规则"), ("en", "The rule")])
SHOP = ("--subject", "A", "--date", T)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The accused market, judged the day before too."""
    made = accused(tmp_path_factory, tmp_path_factory.mktemp("explain") / "home")
    close_day(made, rules(), Asked(BEFORE), at=NOON)
    return made


def told(tianping: Tianping, home: Home, *words: object) -> str:
    said = tianping("explain", *words, home=home.path)
    assert said.status == 0, said.err
    return said.out


def data(tianping: Tianping, home: Home, *words: object) -> Any:
    """What a program reads."""
    return json.loads(told(tianping, home, *words, "--format", "json"))


@BOTH
def test_a_violation(tianping: Tianping, home: Home, lang: str, word: str) -> None:
    out = told(tianping, home, "violation", bad_product(home), "--lang", lang)
    assert word in out
    assert "220/21" not in out, "people read it rounded"
    assert "20/40 ÷ 21/440" in out
    tree = data(tianping, home, "violation", bad_product(home), "--lang", lang)
    assert tree["kind"] == "violation"
    assert tree["data"]["evidence"]["reached"]["reading"]["taken"] == "220/21"


def test_its_rows(tianping: Tianping, home: Home) -> None:
    """CSV and nothing else: 40 orders of the product and 40 of its shop."""
    rows = list(csv.DictReader(io.StringIO(told(tianping, home, "violation", bad_product(home), "--rows", "csv"))))
    counted = [row["role"] for row in rows if row["by"] == "product"]
    assert (len(rows), counted.count("numerator"), counted.count("denominator")) == (80, 20, 20)
    assert len(json.loads(told(tianping, home, "violation", bad_product(home), "--rows", "json"))) == 80


@pytest.mark.parametrize(("lang", "title"), [("zh", "理由说明书"), ("en", "Statement of reasons")])
def test_its_statement(tianping: Tianping, home: Home, lang: str, title: str) -> None:
    page = told(tianping, home, "violation", bad_product(home), "--format", "html", "--lang", lang)
    assert page.lstrip().startswith("<!doctype html>")
    assert title in page
    assert HOSTILE not in page
    said = json.loads(told(tianping, home, "violation", bad_product(home), "--format", "statement", "--lang", lang))
    assert said["data"]["violation"] == bad_product(home)
    assert HOSTILE in str(said["what"])


@BOTH
def test_a_penalty(tianping: Tianping, home: Home, lang: str, word: str) -> None:
    assert word in told(tianping, home, "penalty", bad_product(home), "--lang", lang)
    tree = data(tianping, home, "penalty", bad_product(home), "--lang", lang)
    assert tree["parts"][-1]["kind"] == "violation"
    assert any(each["kind"] == "effect" for each in tree["parts"])


@BOTH
def test_a_score_and_a_right(tianping: Tianping, home: Home, lang: str, word: str) -> None:
    for asked in (("score", "merchant_grade"), ("right", "distribution")):
        assert word in told(tianping, home, *asked, *SHOP, "--lang", lang)
        assert data(tianping, home, *asked, *SHOP, "--lang", lang)["data"]["shop"] == "A"


def test_a_level(tianping: Tianping, home: Home) -> None:
    """Where there are none, one sentence says so."""
    said = tianping("explain", "level", *SHOP, home=home.path)
    assert (said.status, said.out) == (1, "")
    assert "the pack kuaishou has no levels" in said.err


@pytest.mark.parametrize(("lang", "word"), [("zh", "新进统计期的行"), ("en", "rows that came")])
def test_a_change_of_a_figure(tianping: Tianping, home: Home, lang: str, word: str) -> None:
    """The parts that a program reads sum exactly to the change."""
    asked = ("change", "dispute_rate", *SHOP, "--from", BEFORE, "--lang", lang)
    assert word in told(tianping, home, *asked)
    tree = data(tianping, home, *asked)
    value = tree["parts"][0]
    parts = [Fraction(each["data"]["part"]) for each in value["parts"][:-1] if each["data"]["part"]]
    assert sum(parts) == Fraction(value["data"]["change"])


def test_a_change_of_a_score(tianping: Tianping, home: Home) -> None:
    tree = data(tianping, home, "change", "dispute_experience", *SHOP, "--from", BEFORE)
    assert tree["data"]["score"] == "dispute_experience"
    assert tree["parts"][0]["parts"][-1]["kind"] == "sum"
    assert "规则变动" in told(tianping, home, "change", "dispute_experience", *SHOP, "--from", BEFORE)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("violation", 999), "no violation 999"),
        (("score", "servic", *SHOP), 'no score "servic"'),
        (("score", "service", "--subject", "A", "--date", "2020-01-01"), "2020-01-01 is not judged"),
        (("score", "service", "--platform", "kuaisho", *SHOP), 'no pack for the platform "kuaisho"'),
        (("change", "nothing", *SHOP, "--from", BEFORE), 'no metric "nothing"'),
    ],
)
def test_asked_in_vain(tianping: Tianping, home: Home, words: tuple[object, ...], sentence: str) -> None:
    """One sentence on stderr, nothing on stdout."""
    said = tianping("explain", *words, home=home.path)
    assert (said.status, said.out) == (1, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_the_other_explanations_are_still_there(tianping: Tianping) -> None:
    out = tianping("explain", "--help").out
    for name in ("metric", "difference", "score", "right", "level", "violation", "penalty", "change"):
        assert f"\n  {name} " in out
