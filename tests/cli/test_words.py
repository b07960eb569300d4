"""The words on pages for people: all there in both languages, and amounts as people read them."""

import re
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from tianping.cli import explain, morning
from tianping.cli.words import TEXT, word
from tianping.metrics.figure import Status
from tianping.metrics.proof import Role
from tianping.policy.model import Unit
from tianping.policy.saying import amount, say, span
from tianping.policy.words import Words

HAN = re.compile(r"[一-鿿]")


@pytest.mark.parametrize("name", TEXT)
def test_every_word_in_both_languages(name: str) -> None:
    """Chinese is Chinese, English is English, neither is empty."""
    assert HAN.search(word(name, "zh"))
    assert word(name, "en").strip()
    assert not HAN.search(word(name, "en"))


def test_every_word_that_pages_use() -> None:
    """Each status and role of a figure has its word, and so has each name that the pages ask for."""
    asked = {
        name
        for page in (explain, morning)
        for name in re.findall(r'word\("(\w+)"', Path(str(page.__file__)).read_text("utf-8"))
    }
    assert asked
    assert {*asked, *get_args(Status), *get_args(Role), "outside"} <= set(TEXT)


def test_say() -> None:
    """The same thing in the language asked for."""
    words = Words(zh="店铺", en="shop")
    assert (say(words, "zh"), say(words, "en")) == ("店铺", "shop")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "rate", "–"),
        (None, "count", "–"),
        (Fraction(0), "rate", "0.00 %"),
        (Fraction(98, 1276), "rate", "7.68 %"),
        (Fraction(1), "rate", "100.00 %"),
        (Fraction(13, 3), "stars", "4.33"),
        (Fraction(0), "count", "0"),
        (Fraction(1277), "count", "1\u2009277"),
        (Fraction(1234567), "count", "1\u2009234\u2009567"),
        (Fraction(0), "seconds", "00:00:00"),
        (Fraction(8123), "seconds", "02:15:23"),
        (Fraction(94508, 1), "seconds", "1 d 02:15:08"),
        (Fraction(86400 * 12 + 1), "seconds", "12 d 00:00:01"),
        (Fraction(-61), "seconds", "-00:01:01"),
        (Fraction(7, 2), "seconds", "00:00:04"),
        (Fraction(123456789), "fen", "¥1\u2009234\u2009567.89"),
        (Fraction(5), "fen", "¥0.05"),
        (Fraction(101, 2), "fen", "¥0.50"),
    ],
)
def test_amounts(value: Fraction | None, unit: Unit, text: str) -> None:
    """A rate in percent, a time in days and hours, stars with two decimals, counts in groups of three; a dash for none."""
    assert amount(value, unit) == text


def test_span_of_a_day_less_a_second() -> None:
    """A day begins at 24 hours."""
    assert (span(86399), span(86400)) == ("23:59:59", "1 d 00:00:00")
