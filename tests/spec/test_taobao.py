"""Taobao and Tmall: dispute_refund_rate (TB-M01)."""

import pytest

from .facts import AT_T, BEFORE_T, LAST_DAYS, Counts, Row, case, counts, figure, order, product, shop, subjects

PLATFORMS = ("taobao", "tmall")
OWN = [(28, "06-02 00:00:00", 1), (28, "06-01 23:59:59", 0), (28, BEFORE_T, 1), (28, AT_T, 0)]

pytestmark = [pytest.mark.spec("TB-M01"), pytest.mark.parametrize("platform", PLATFORMS)]


def rate(platform: str, *cases: Row, paid_at: str | None = "06-29 09:00", days: int = 1, **more: object) -> Counts:
    """dispute_refund_rate of the one order o1."""
    facts = {"orders": [order("o1", paid_at, **more)], "cases": cases}
    return counts("dispute_refund_rate", facts, days=days, platform=platform)


def disputed(case_id: str = "c1", escalated_at: str | None = "06-29 12:00", **more: object) -> Row:
    """A refund of 1 April in which customer service stepped in on 29 June."""
    return case(case_id, "o1", "04-01 12:00", escalated_at=escalated_at, **more)


def test_disputes_over_deals_each_under_its_own_day(platform: str) -> None:
    """One refund of an order of May escalated, two orders paid: 1 / 2."""
    orders = [order("o1", "05-01 12:00"), order("o2", "06-29 12:00"), order("o3", "06-29 13:00")]
    facts = {"orders": orders, "cases": [case("c1", "o1", "05-02 12:00", escalated_at="06-29 12:00")]}
    assert counts("dispute_refund_rate", facts, platform=platform) == (1, 2)


@pytest.mark.parametrize(("days", "escalated_at", "counted"), [*LAST_DAYS, *OWN, (28, None, 0)])
def test_refunds_count_under_the_day_customer_service_stepped_in(
    platform: str, days: int, escalated_at: str | None, counted: int
) -> None:
    """Not under the day of the request, the judgement or the end; at T nobody stepped in yet."""
    one = disputed(escalated_at=escalated_at, judged_at="06-29 13:00", liability="seller", ended_at="06-29 13:00")
    assert rate(platform, one, days=days) == (counted, 1)


@pytest.mark.parametrize(("days", "paid_at", "counted"), [*LAST_DAYS, *OWN, (28, None, 0)])
def test_deals_count_under_the_day_of_payment(platform: str, days: int, paid_at: str | None, counted: int) -> None:
    """Orders not paid, or paid at T, are no deals."""
    assert rate(platform, paid_at=paid_at, created_at="04-01 12:00", days=days) == (0, counted)


@pytest.mark.parametrize(
    ("kind", "counted"), [("refund_only", 1), ("return_refund", 1), ("exchange", 0), ("reissue", 0), ("repair", 0)]
)
def test_disputes_are_of_refunds(platform: str, kind: str, counted: int) -> None:
    """An escalated exchange is no refund."""
    assert rate(platform, disputed(kind=kind)) == (counted, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"escalated_by": "seller"},
        {"escalated_by": "buyer"},
        {"judged_at": "06-29 13:00", "liability": "buyer"},
        {"ended_at": "06-20 12:00", "outcome": "closed"},
        {"reason": "not_wanted"},
        {"handled_by": "rule"},
        {"opened_by": "platform"},
    ],
)
def test_every_refund_with_customer_service_in_it(platform: str, change: dict[str, str]) -> None:
    """Whoever called it in, whatever came of it, in sale and after sale, ended before or not (rules 9 and 13)."""
    assert rate(platform, disputed(**change)) == (1, 1)
    assert rate(platform, disputed(**change), succeeded_at="06-10 12:00") == (1, 1)


def test_cases_count_each(platform: str) -> None:
    """Rule 9: two escalated refunds of one order are two; one never escalated is none."""
    assert rate(platform, disputed("c1"), disputed("c2"), disputed("c3", None)) == (2, 1)


@pytest.mark.parametrize(("paid_at", "denominator"), [(None, 0), ("05-01 12:00", 0), (AT_T, 0), (BEFORE_T, 1)])
def test_the_refund_does_not_ask_when_its_order_was_paid(platform: str, paid_at: str | None, denominator: int) -> None:
    """Rule 3; without a deal in the window the rate is undefined, not 0."""
    facts = {"orders": [order("o1", paid_at)], "cases": [disputed()]}
    found = figure("dispute_refund_rate", facts, platform=platform)
    assert found is not None
    assert (found.numerator, found.denominator) == (1, denominator)


@pytest.mark.parametrize("channel", ["self_built", "flash", "auction", "distribution", "other", None])
def test_all_channels(platform: str, channel: str | None) -> None:
    """Nothing is said of channels; presale, risk and cash on delivery change nothing either: paid is paid."""
    assert rate(platform, disputed(), channel=channel, presale=True, risk_flagged=True, cod=True) == (1, 1)


def test_cash_on_delivery_is_a_deal_when_paid(platform: str) -> None:
    """Rule 3: created on 29 June and not paid yet is no deal paid."""
    assert rate(platform, paid_at=None, cod=True, created_at="06-29 12:00") == (0, 0)


def test_rule_11_subjects(platform: str) -> None:
    """Product, its categories by path, shop and platform."""
    facts = {
        "products": [product("P1", "Shoes/Women"), product("P2")],
        "orders": [order("o1", "06-29 09:00"), order("o2", "06-29 09:00", product_id="P2")],
        "cases": [disputed()],
    }
    assert subjects("dispute_refund_rate", facts, platform=platform) == {
        ("platform", platform), ("shop", "S1"), ("product", "P1"), ("product", "P2"),
        ("category_l1", "Shoes"), ("category_l2", "Shoes/Women"),
        ("shop_category_l1", "S1/Shoes"), ("shop_category_l2", "S1/Shoes/Women"),
    }  # fmt: skip
    for by, subject, expected in (("product", "P2", (0, 1)), ("product", "P1", (1, 1)), ("platform", platform, (1, 2))):
        assert counts("dispute_refund_rate", facts, by=by, subject=subject, platform=platform) == expected


def test_rule_10_each_pack_its_platform(platform: str) -> None:
    """Taobao's figure holds no Tmall shop and the other way round."""
    shops = [shop(f"S{n}", one) for n, one in enumerate((*PLATFORMS, "kuaishou", "jd"), start=1)]
    orders = [order(f"o{n}", "06-29 09:00", shop_id=f"S{n}", product_id=f"P{n}") for n in (1, 2, 3, 4)]
    facts = {"shops": shops, "orders": orders, "cases": [disputed()]}
    found = counts("dispute_refund_rate", facts, by="platform", subject=platform, platform=platform)
    assert found == {"taobao": (1, 1), "tmall": (0, 1)}[platform]
