"""Rights on Taobao and Tmall: TB-V01, TB-V02, TM-M01."""

from collections.abc import Mapping

import pytest

from assess.hand import Hand, Key, shipped, shipped_right
from tianping.assess.finding import Subject
from tianping.assess.right import held

Counts = tuple[int, int]
REFUNDS, DISPUTES = ("refund_rate", 28), ("dispute_refund_rate", 28)
BOTH = [("taobao", "campaigns"), ("taobao", "default_search"), ("tmall", "campaigns"), ("tmall", "search_rank")]
SPEC = {"taobao": "TB-V02", "tmall": "TM-M01"}
RIGHTS = [pytest.param(*each, marks=pytest.mark.spec(SPEC[each[0]])) for each in BOTH]


def has(platform: str, name: str, seen: Mapping[Key, Counts]) -> bool:
    return held(shipped_right(platform, name), Subject(platform, "S1"), Hand(seen)).holds


@pytest.mark.spec("TB-V01")
@pytest.mark.parametrize(("disputes", "expected"), [(0, True), (5, True), (6, False), (60, False)])
def test_more_than_five_disputes_in_a_month(disputes: int, expected: bool) -> None:
    """Five disputes in 30 days are borne, six are not, however many orders there are; search does not ask."""
    seen: Mapping[Key, Counts] = {"dispute_refund_rate": (disputes, 10**6)}
    assert has("taobao", "campaigns", seen) is expected
    assert has("taobao", "campaigns", {"dispute_refund_rate": (disputes, 0)}) is expected
    assert has("taobao", "default_search", seen)


@pytest.mark.spec("TB-V01")
def test_a_month_is_30_days() -> None:
    """Six disputes in 28 days of a large shop, and none in 30, are not more than five."""
    assert has("taobao", "campaigns", {DISPUTES: (6, 10**6), "dispute_refund_rate": (5, 10**6)})


@pytest.mark.parametrize(("platform", "name"), RIGHTS)
@pytest.mark.parametrize(("metric", "line"), [(REFUNDS, 2000), (DISPUTES, 50)])
def test_the_set_lines(platform: str, name: str, metric: Key, line: int) -> None:
    """At most 20 % refunds and 0.5 % disputes of the orders paid in 28 days; one of the two missed is enough."""
    for more, expected in ((-1, True), (0, True), (1, False)):
        assert has(platform, name, {REFUNDS: (0, 10000), DISPUTES: (0, 10000), metric: (line + more, 10000)}) is expected
    assert has(platform, name, {metric[0]: (4, 10)})  # of 30 days: not asked


@pytest.mark.parametrize(("platform", "name"), RIGHTS)
@pytest.mark.parametrize(("paid", "expected"), [(29, True), (30, False)])
def test_small_shops_keep_their_rights(platform: str, name: str, paid: int, expected: bool) -> None:
    """Seven refunds of 29 orders say nothing yet; of 30 they do."""
    assert has(platform, name, {REFUNDS: (7, paid), DISPUTES: (1, paid)}) is expected


@pytest.mark.spec("TB-V02")
@pytest.mark.parametrize("name", ["campaigns", "default_search"])
@pytest.mark.parametrize(("metric", "reviews", "line"), [("review_praise", 1000, 900), ("shop_rating", 1000, 4500)])
def test_lines_of_reviews(name: str, metric: str, reviews: int, line: int) -> None:
    """Praise from 90 % and a rating from 4.5 of 28 days, looked at from 30 reviews on."""
    for more, expected in ((-1, False), (0, True), (1, True)):
        assert has("taobao", name, {(metric, 28): (line + more, reviews)}) is expected
    assert has("taobao", name, {(metric, 28): (0, 29)})
    assert not has("taobao", name, {(metric, 28): (0, 30)})


@pytest.mark.parametrize(("platform", "name"), RIGHTS)
def test_the_lines_are_said_to_be_ours(platform: str, name: str) -> None:
    """The sources only speak of set lines: the numbers are marked assumed, with a note, and told to the shop."""
    version = shipped_right(platform, name)
    assert version.assumed
    assert version.note
    assert version.shown
    assert "来源未给数值" in version.note.zh.replace("设定标准", "") or "同活动准入" in version.note.zh


@pytest.mark.parametrize(
    ("platform", "names"), [("taobao", {"campaigns", "default_search"}), ("tmall", {"campaigns", "search_rank"})]
)
def test_what_rights_there_are(platform: str, names: set[str]) -> None:
    assert set(shipped(platform).judging.rights) == names
