"""The lines of Douyin's levels as the pack says them: DY-L05 to DY-L11, each to the order, second, review or complaint."""

import pytest

from assess.ladder import UP, Counts, Given, judged, shown

HALF_UP: Given = {**UP, "order_count": (1, 1)}  # at every upgrade value, with too few orders


def outcome(level: str = "lv1", month: Given = UP, /, **changes: Counts) -> str:
    """What happens at the first evaluation."""
    return judged(shown(month, **changes), level).happened


@pytest.mark.parametrize(
    ("metric", "at", "short"),
    [
        pytest.param("timely_shipment", (3996, 4000), (3995, 4000), marks=pytest.mark.spec("DY-L05")),
        pytest.param("timely_shipment", (999, 1000), (998, 1000), marks=pytest.mark.spec("DY-L05")),
        pytest.param("timely_shipment", (999_000, 10**6), (998_999, 10**6), marks=pytest.mark.spec("DY-L05")),
        pytest.param("fake_shipment_rate", (40, 4000), (41, 4000), marks=pytest.mark.spec("DY-L06")),
        pytest.param("im_first_response", (180 * 400, 400), (180 * 400 + 1, 400), marks=pytest.mark.spec("DY-L07")),
        pytest.param("service_praise", (90, 100), (89, 100), marks=pytest.mark.spec("DY-L08")),
        pytest.param("service_praise", (100, 100), (99, 99), marks=pytest.mark.spec("DY-L08")),
        pytest.param("review_rate", (200, 4000), (199, 4000), marks=pytest.mark.spec("DY-L08", "DY-L10")),
        pytest.param("complaint_rate", (4, 4000), (5, 4000), marks=pytest.mark.spec("DY-L09")),
        pytest.param("product_praise", (90, 100), (89, 100), marks=pytest.mark.spec("DY-L10")),
        pytest.param("product_praise", (100, 100), (99, 99), marks=pytest.mark.spec("DY-L10")),
    ],
)  # fmt: skip
def test_upgrade_values(metric: str, at: Counts, short: Counts) -> None:
    """DY-L05 to DY-L10: at the value is enough; one order, second, review or complaint short of it is not."""
    assert (outcome(**{metric: at}), outcome(**{metric: short})) == ("up", "none")


@pytest.mark.parametrize(
    ("metric", "at", "worse"),
    [
        pytest.param("timely_shipment", (3960, 4000), (3959, 4000), marks=pytest.mark.spec("DY-L05")),
        pytest.param("fake_shipment_rate", (160, 4000), (161, 4000), marks=pytest.mark.spec("DY-L06")),
        pytest.param("im_first_response", (300 * 400, 400), (300 * 400 + 1, 400), marks=pytest.mark.spec("DY-L07")),
        pytest.param("service_praise", (83, 100), (82, 100), marks=pytest.mark.spec("DY-L08")),
        pytest.param("service_praise", (0, 0), (0, 1), marks=pytest.mark.spec("DY-L08")),
        pytest.param("complaint_rate", (8, 4000), (9, 4000), marks=pytest.mark.spec("DY-L09")),
        pytest.param("complaint_rate", (1, 10), (2, 10), marks=pytest.mark.spec("DY-L09")),
        pytest.param("product_praise", (83, 100), (82, 100), marks=pytest.mark.spec("DY-L10")),
        pytest.param("product_praise", (0, 0), (0, 1), marks=pytest.mark.spec("DY-L10")),
        pytest.param("order_count", (1, 1), (0, 1), marks=pytest.mark.spec("DY-L11")),
    ],
)  # fmt: skip
def test_downgrade_values(metric: str, at: Counts, worse: Counts) -> None:
    """DY-L05 to DY-L11: at the value one stays, worse by one is down, whatever else is good; one review, or more than one
    complaint, is needed."""
    assert (outcome("lv1", HALF_UP, **{metric: at}), outcome("lv1", HALF_UP, **{metric: worse})) == ("none", "down")
    down = judged(shown(HALF_UP, **{metric: at})).looked.down
    assert down is not None
    assert down.holds is False


@pytest.mark.spec("DY-L09")
def test_complaints_without_orders() -> None:
    """DY-L09: two complaints of old orders, and no order placed in the period: there is no rate, and nothing can be said."""
    found = judged(shown(HALF_UP, complaint_rate=(2, 0)))
    assert (found.happened, found.why) == ("none", "complaint_rate: undefined")


@pytest.mark.spec("DY-L08")
@pytest.mark.spec("DY-L10")
def test_few_reviews_take_down_but_not_up() -> None:
    """DY-L08, DY-L10: the hundred reviews and the review rate are asked for going up only."""
    assert outcome(service_praise=(9, 9), product_praise=(9, 9), review_rate=(9, 4000)) == "none"
    assert outcome(service_praise=(7, 9), review_rate=(9, 4000)) == "down"
    assert outcome(product_praise=(7, 9), review_rate=(9, 4000)) == "down"


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        pytest.param("timely_shipment", "up", marks=pytest.mark.spec("DY-L05")),
        pytest.param("fake_shipment_rate", "up", marks=pytest.mark.spec("DY-L06")),
        pytest.param("im_first_response", "up", marks=pytest.mark.spec("DY-L07")),
        pytest.param("service_praise", "none", marks=pytest.mark.spec("DY-L08")),
        pytest.param("complaint_rate", "none", marks=pytest.mark.spec("DY-L09")),
        pytest.param("product_praise", "none", marks=pytest.mark.spec("DY-L10")),
        pytest.param("order_count", "down", marks=pytest.mark.spec("DY-L11")),
    ],
)  # fmt: skip
def test_where_nothing_happened(metric: str, expected: str) -> None:
    """DY-L05 to DY-L11: no messages is as good as three minutes; nothing due or shipped likewise (assumed); without reviews
    nobody rises, without orders one goes down. A figure without rows and one of 0/0 are the same."""
    month = {name: counts for name, counts in UP.items() if name != metric}
    assert [judged(shown(each)).happened for each in (month, {**month, metric: (0, 0)})] == [expected, expected]


@pytest.mark.spec("DY-L11")
@pytest.mark.parametrize(
    ("level", "orders"),
    [("lv0", 400), ("lv1", 4_000), ("lv2", 16_000), ("lv3", 48_000), ("lv4", 120_000), ("lv5", 240_000), ("lv6", 400_000)],
)
def test_valid_orders_needed_to_leave_a_level(level: str, orders: int) -> None:
    """DY-L11: eight times the daily cap; one order short is not enough."""
    assert outcome(level, order_count=(orders, 1)) == "up"
    assert outcome(level, order_count=(orders - 1, 1)) == "none"
