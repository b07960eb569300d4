"""Refund cases: KS-M17 to KS-M24, with the reading rules 1, 3, 9 and 13 where they decide these."""

from decimal import Decimal

import pytest

from .facts import Counts, Row, case, counts, figure, order

S_F_A = [("self_built", 1), ("flash", 1), ("auction", 1), ("distribution", 0), ("other", 0), (None, 0)]
BEFORE_T, AT_T = "06-29 23:59:59", "06-30 00:00:00"
EVENT_DAYS = [
    (1, "06-29 00:00:00", 1), (1, BEFORE_T, 1), (1, "06-28 23:59:59", 0), (1, AT_T, 0),
    (7, "06-23 00:00:00", 1), (7, "06-22 23:59:59", 0), (30, "05-31 00:00:00", 1), (30, "05-30 23:59:59", 0),
]  # fmt: skip


def of(metric: str, *cases: Row, variant: str = "", days: int = 1, paid_at: str | None = None, **more: object) -> Counts:
    """`metric` of the cases of the one order o1, unpaid unless said."""
    return counts(metric, {"orders": [order("o1", paid_at, **more)], "cases": cases}, variant=variant, days=days)


def hour(case_id: str = "c1", **more: object) -> Row:
    """A refund without return that ended after 3600 s."""
    return case(case_id, "o1", "06-29 11:00:00", **{"ended_at": "06-29 12:00:00", "outcome": "refunded", **more})


def returned(**more: object) -> Row:
    """A return of 10 h: answered after 0.5 h, agreed after 1 h, sent after 4 h, signed after 8 h, received after 9 h."""
    times: Row = {
        "answered_at": "06-29 02:30", "answer": "agreed", "agreed_at": "06-29 03:00", "waybill_at": "06-29 06:00",
        "return_signed_at": "06-29 10:00", "received_at": "06-29 11:00", "ended_at": "06-29 12:00", "outcome": "refunded",
    }  # fmt: skip
    return case("c1", "o1", "06-29 02:00", **{"kind": "return_refund", **times, **more})


def judged(liability: str | None = "seller", judged_at: str = "06-29 12:00", **more: object) -> Row:
    """A refund of 20 June, judged on 29 June and never escalated."""
    return case("c1", "o1", "06-20 12:00", **{"judged_at": judged_at, "liability": liability, **more})


def rated(stars: int | None, rated_at: str | None = "06-20 12:00", requested_at: str = "06-16 12:00", **more: object) -> Row:
    """A refund requested on T-14 and rated."""
    return case("c1", "o1", requested_at, **{"rating": stars, "rated_at": rated_at, **more})


@pytest.mark.spec("KS-M17")
def test_refund_only_time_is_the_mean_from_request_to_end() -> None:
    """Refunded after 3600 s and closed after 7201 s: 5400.5 s."""
    slow = case("c2", "o1", "06-29 09:59:59", ended_at="06-29 12:00:00", outcome="closed")
    found = figure("refund_only_time", {"orders": [order("o1", None)], "cases": [hour(), slow]})
    assert found is not None
    assert (found.numerator, found.denominator, found.value) == (10801, 2, Decimal("5400.5"))


@pytest.mark.spec("KS-M17")
@pytest.mark.parametrize(("days", "ended_at", "counted"), EVENT_DAYS)
def test_refund_only_time_counts_under_the_day_of_the_end(days: int, ended_at: str, counted: int) -> None:
    """However long ago the request was."""
    asked = case("c1", "o1", "05-01 00:00", ended_at=ended_at)
    assert of("refund_only_time", asked, days=days)[1] == counted
    assert of("refund_only_time", asked, days=days, variant="of_ended")[1] == counted


@pytest.mark.spec("KS-M17")
@pytest.mark.parametrize(
    ("escalated_at", "settled"), [("06-29 11:30", 0), ("06-29 12:30", 0), (BEFORE_T, 0), (AT_T, 1), (None, 1)]
)
def test_rule_9_escalated_means_before_t_also_after_the_end(escalated_at: str | None, settled: int) -> None:
    """Escalated before T, even after the end, the case was not settled by the parties; at T it was."""
    one = hour(escalated_at=escalated_at)
    assert of("refund_only_time", one) == (3600 * settled, settled)
    assert of("refund_only_time", one, variant="of_ended") == (3600 * settled, 1)


@pytest.mark.spec("KS-M17")
def test_of_ended_divides_by_all_refund_only_cases_ended() -> None:
    """One settled in 3600 s and one escalated: 3600 / 2 in S4's form, 3600 / 1 in S1's."""
    cases = [hour("c1"), hour("c2", escalated_at="06-29 11:30")]
    assert of("refund_only_time", *cases, variant="of_ended") == (3600, 2)
    assert of("refund_only_time", *cases) == (3600, 1)


@pytest.mark.spec("KS-M17")
@pytest.mark.spec("KS-M18")
@pytest.mark.spec("KS-M19")
@pytest.mark.parametrize(("channel", "counted"), S_F_A)
def test_times_of_three_channels(channel: str | None, counted: int) -> None:
    """Self-built, flash and auction only, but S4's form over all channels."""
    assert of("refund_only_time", hour(), channel=channel) == (3600 * counted, counted)
    assert of("refund_only_time", hour(), channel=channel, variant="of_ended") == (3600, 1)
    assert of("return_refund_time", returned(), channel=channel)[1] == counted
    assert of("return_refund_time", returned(), channel=channel, variant="merchant_hands")[1] == counted


@pytest.mark.spec("KS-M17")
@pytest.mark.spec("KS-M18")
@pytest.mark.parametrize(
    ("kind", "alone", "with_return"),
    [("refund_only", 1, 0), ("return_refund", 0, 1), ("exchange", 0, 0), ("reissue", 0, 0), ("repair", 0, 0)],
)
def test_each_time_has_its_kind_of_case(kind: str, alone: int, with_return: int) -> None:
    """Refunds alone and refunds with return are timed apart, other kinds not at all."""
    one = hour(kind=kind)
    found = [of("refund_only_time", one), of("refund_only_time", one, variant="of_ended"), of("return_refund_time", one)]
    assert [denominator for _, denominator in found] == [alone, alone, with_return]


@pytest.mark.spec("KS-M18")
@pytest.mark.parametrize(
    ("missing", "hours"),
    [({}, 7), ({"waybill_at": None}, 10), ({"agreed_at": None}, 10), ({"answered_at": None, "received_at": None}, 7)],
)
def test_return_time_leaves_out_the_buyers_time(missing: Row, hours: int) -> None:
    """Ten hours less the three from the merchant's agreement to the waybill; without both times all ten."""
    assert of("return_refund_time", returned(**missing)) == (hours * 3600, 1)


@pytest.mark.spec("KS-M18")
@pytest.mark.spec("KS-M19")
@pytest.mark.parametrize(("escalated_at", "counted"), [("06-29 03:00", 0), ("06-29 13:00", 0), (AT_T, 1)])
@pytest.mark.parametrize("variant", ["", "merchant_hands"])
def test_return_times_are_without_disputed_cases(variant: str, escalated_at: str, counted: int) -> None:
    """A case escalated before T is left out of both forms."""
    assert of("return_refund_time", returned(escalated_at=escalated_at), variant=variant)[1] == counted


@pytest.mark.spec("KS-M18")
@pytest.mark.spec("KS-M19")
@pytest.mark.parametrize(("days", "ended_at", "counted"), EVENT_DAYS)
def test_return_times_count_under_the_day_of_the_end(days: int, ended_at: str, counted: int) -> None:
    """However long ago the request was."""
    asked = case("c1", "o1", "05-01 00:00", kind="return_refund", ended_at=ended_at)
    assert of("return_refund_time", asked, days=days)[1] == counted
    assert of("return_refund_time", asked, days=days, variant="merchant_hands")[1] == counted


@pytest.mark.spec("KS-M19")
@pytest.mark.parametrize(
    ("change", "seconds"),
    [
        ({}, 1800 + 3600),
        ({"answer": "refused", "agreed_at": None}, 1800 + 3600),
        ({"return_signed_at": None}, 1800),
        ({"received_at": None}, 1800),
        ({"answered_at": None, "answer": None, "return_signed_at": None, "received_at": None}, 36000),
    ],
)
def test_time_in_the_merchants_hands(change: Row, seconds: int) -> None:
    """From request to answer, agreed or refused, plus from the return's signing to its confirmation where both are known."""
    assert of("return_refund_time", returned(**change), variant="merchant_hands") == (seconds, 1)


@pytest.mark.spec("KS-M20")
def test_disputes_over_paid_orders_each_under_its_own_day() -> None:
    """Two orders paid on 29 June, one refund of an order of May escalated that day: 1 / 2."""
    orders = [order("o1", "05-01 12:00"), order("o2", "06-29 12:00"), order("o3", "06-29 13:00")]
    facts = {"orders": orders, "cases": [case("c1", "o1", "05-02 12:00", escalated_at="06-29 12:00", escalated_by="seller")]}
    assert counts("dispute_rate", facts) == (1, 2)
    assert counts("dispute_rate", facts, variant="all_channels") == (1, 2)


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(("days", "event_at", "counted"), EVENT_DAYS)
def test_disputes_and_payments_in_the_window(days: int, event_at: str, counted: int) -> None:
    """Both sides count the x days up to T-1; a second outside, neither."""
    escalated = case("c1", "o1", "05-01 12:00", escalated_at=event_at)
    assert of("dispute_rate", escalated, paid_at=event_at, created_at="05-01 12:00", days=days) == (counted, counted)


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(("channel", "counted"), S_F_A)
def test_disputes_of_three_channels_on_both_sides(channel: str | None, counted: int) -> None:
    """Self-built, flash and auction in numerator and denominator; all channels in the variant."""
    escalated = case("c1", "o1", "06-29 12:00", escalated_at="06-29 13:00")
    assert of("dispute_rate", escalated, channel=channel, paid_at="06-29 12:00") == (counted, counted)
    assert of("dispute_rate", escalated, channel=channel, paid_at="06-29 12:00", variant="all_channels") == (1, 1)


@pytest.mark.spec("KS-M20")
@pytest.mark.spec("KS-M21")
@pytest.mark.parametrize(
    ("kind", "counted"), [("refund_only", 1), ("return_refund", 1), ("exchange", 0), ("reissue", 0), ("repair", 0)]
)
def test_disputes_are_of_refunds(kind: str, counted: int) -> None:
    """An escalated exchange is no refund request."""
    one = judged(kind=kind, escalated_at="06-29 10:00")
    assert of("dispute_rate", one, paid_at="06-29 12:00") == (counted, 1)
    assert of("dispute_rate", one, paid_at="06-29 12:00", variant="all_channels") == (counted, 1)
    assert of("liable_dispute_rate", one, paid_at="06-29 12:00") == (counted, 1)


@pytest.mark.spec("KS-M20")
@pytest.mark.spec("KS-M21")
def test_a_rate_without_orders_is_undefined() -> None:
    """One escalated and judged refund and no order paid in the window: 1 / 0 has no value."""
    one = judged(escalated_at="06-29 10:00")
    for metric in ("dispute_rate", "liable_dispute_rate"):
        found = figure(metric, {"orders": [order("o1", "05-01 12:00")], "cases": [one]})
        assert found is not None
        assert (found.numerator, found.denominator, found.value, found.status) == (1, 0, None, "undefined")


@pytest.mark.spec("KS-M20")
@pytest.mark.spec("KS-M23")
def test_rule_9_two_cases_of_one_order_are_two() -> None:
    """Two refunds of one order, both escalated, one refused."""
    first = case("c1", "o1", "06-29 10:00", escalated_at="06-29 11:00", answered_at="06-29 10:30", answer="refused")
    second = case("c2", "o1", "06-29 12:00", escalated_at="06-29 13:00")
    assert of("dispute_rate", first, second, paid_at="06-29 09:00") == (2, 1)
    assert of("refusal_rate", first, second) == (1, 2)


@pytest.mark.spec("KS-M21")
@pytest.mark.spec("KS-M22")
@pytest.mark.parametrize(("liability", "liable"), [("seller", 1), ("both", 1), ("buyer", 0), ("none", 0), (None, 0)])
def test_merchant_liable_is_seller_or_both(liability: str | None, liable: int) -> None:
    """Judged against the buyer or nobody, a case is not merchant-liable."""
    one = judged(liability, ended_at="06-29 13:00")
    assert of("liable_dispute_rate", one, paid_at="06-29 12:00") == (liable, 1)
    assert of("liable_dispute_rate", one, variant="of_ended") == (liable, 1)


@pytest.mark.spec("KS-M21")
@pytest.mark.spec("KS-M22")
@pytest.mark.parametrize("escalated_at", [None, "06-25 12:00"])
def test_rule_9_judgements_count_whether_or_not_escalated(escalated_at: str | None) -> None:
    """Settled by the merchant and found liable on re-check counts like a judged dispute."""
    one = judged(escalated_at=escalated_at, ended_at="06-29 11:00")
    assert of("liable_dispute_rate", one, paid_at="06-29 12:00") == (1, 1)
    assert of("liable_dispute_rate", one, variant="of_ended") == (1, 1)


@pytest.mark.spec("KS-M21")
@pytest.mark.parametrize(("days", "judged_at", "counted"), EVENT_DAYS)
def test_judgements_count_under_their_day(days: int, judged_at: str, counted: int) -> None:
    """By the day of judged_at, not of request or escalation; at T it has not been judged."""
    one = case("c1", "o1", "05-01 12:00", escalated_at="05-02 12:00", judged_at=judged_at, liability="seller")
    assert of("liable_dispute_rate", one, days=days, paid_at=judged_at, created_at="05-01 12:00") == (counted, counted)


@pytest.mark.spec("KS-M21")
@pytest.mark.spec("KS-M22")
@pytest.mark.parametrize(("overturned_at", "in_force"), [(BEFORE_T, 0), (AT_T, 1), (None, 1)])
def test_rule_1_an_overturned_judgement_is_not_in_force(overturned_at: str | None, in_force: int) -> None:
    """Overturned before T it does not count; at T it is still in force."""
    one = judged(overturned_at=overturned_at, ended_at="06-29 13:00")
    assert of("liable_dispute_rate", one, paid_at="06-29 12:00") == (in_force, 1)
    assert of("liable_dispute_rate", one, variant="of_ended") == (in_force, 1)


@pytest.mark.spec("KS-M21")
@pytest.mark.spec("KS-M22")
@pytest.mark.parametrize(("channel", "counted"), S_F_A)
def test_liable_disputes_of_three_channels(channel: str | None, counted: int) -> None:
    """Self-built, flash and auction on both sides; all channels in S4's form."""
    one = judged(ended_at="06-29 13:00")
    assert of("liable_dispute_rate", one, paid_at="06-29 12:00", channel=channel) == (counted, counted)
    assert of("liable_dispute_rate", one, channel=channel, variant="of_ended") == (1, 1)


@pytest.mark.spec("KS-M22")
@pytest.mark.parametrize(("judged_at", "liable"), [("05-01 12:00", 1), (BEFORE_T, 1), (AT_T, 0)])
def test_of_the_cases_ended_those_judged_before_t(judged_at: str, liable: int) -> None:
    """Judged long before or after the end, but before T."""
    one = case("c1", "o1", "04-20 12:00", ended_at="06-29 12:00", judged_at=judged_at, liability="seller")
    assert of("liable_dispute_rate", one, variant="of_ended") == (liable, 1)


@pytest.mark.spec("KS-M22")
@pytest.mark.parametrize(("days", "ended_at", "counted"), EVENT_DAYS)
def test_of_ended_counts_under_the_day_of_the_end(days: int, ended_at: str, counted: int) -> None:
    """Cases that ended outside the window, or at T, are in neither count."""
    one = case("c1", "o1", "05-01 12:00", ended_at=ended_at, judged_at="05-02 12:00", liability="both")
    assert of("liable_dispute_rate", one, variant="of_ended", days=days) == (counted, counted)


@pytest.mark.spec("KS-M22")
def test_of_ended_is_over_all_refunds_ended() -> None:
    """Two refunds of both kinds and an exchange ended; one refund was judged against the seller."""
    cases = [hour("c1", judged_at="06-29 12:30", liability="seller"), hour("c2", kind="return_refund")]
    exchange = hour("c3", kind="exchange", judged_at="06-29 12:30", liability="seller")
    assert of("liable_dispute_rate", *cases, exchange, variant="of_ended") == (1, 2)


@pytest.mark.spec("KS-M23")
@pytest.mark.parametrize(
    ("answer", "answered_at", "refused"),
    [("refused", BEFORE_T, 1), ("refused", AT_T, 0), ("agreed", "06-29 13:00", 0), (None, None, 0)],
)
def test_rule_1_a_refusal_comes_with_its_time(answer: str | None, answered_at: str | None, refused: int) -> None:
    """Refused before T counts, at T it is not answered yet."""
    assert of("refusal_rate", case("c1", "o1", "06-29 12:00", answer=answer, answered_at=answered_at)) == (refused, 1)


@pytest.mark.spec("KS-M23")
@pytest.mark.parametrize(("days", "requested_at", "counted"), EVENT_DAYS)
def test_refusals_count_under_the_day_of_the_request(days: int, requested_at: str, counted: int) -> None:
    """Refused in the last second before T, a request counts under its own day."""
    one = case("c1", "o1", requested_at, answer="refused", answered_at=BEFORE_T)
    assert of("refusal_rate", one, days=days) == (counted, counted)


@pytest.mark.spec("KS-M23")
@pytest.mark.parametrize(("channel", "counted"), S_F_A)
def test_refusals_of_three_channels(channel: str | None, counted: int) -> None:
    """Self-built, flash and auction; exchanges are no refunds."""
    refused = case("c1", "o1", "06-29 12:00", answer="refused", answered_at="06-29 13:00")
    exchange = case("c2", "o1", "06-29 12:00", kind="exchange", answer="refused", answered_at="06-29 13:00")
    assert of("refusal_rate", refused, exchange, channel=channel) == (counted, counted)


@pytest.mark.spec("KS-M24")
@pytest.mark.parametrize(("stars", "expected"), [(5, (1, 1)), (4, (1, 1)), (3, (0, 1)), (1, (0, 1))])
def test_four_and_five_stars_praise(stars: int, expected: Counts) -> None:
    """Of the refunds rated, those with 4 or 5."""
    assert of("aftersales_praise", rated(stars)) == expected


@pytest.mark.spec("KS-M24")
@pytest.mark.parametrize(
    ("days", "requested_at", "rated_at", "counted"),
    [
        (1, "06-16 00:00:00", "06-16 00:00:00", 1),
        (1, "06-16 23:59:59", "06-29 23:59:59", 1),
        (1, "06-15 23:59:59", "06-20 12:00:00", 0),
        (1, "06-17 00:00:00", "06-20 12:00:00", 0),
        (1, "06-16 12:00:00", "06-30 00:00:00", 0),
        (7, "06-10 12:00:00", "06-23 23:59:59", 1),
        (7, "06-10 12:00:00", "06-24 00:00:00", 0),
        (7, "06-09 23:59:59", "06-20 12:00:00", 0),
        (30, "05-18 00:00:00", "05-31 23:59:59", 1),
        (30, "05-17 23:59:59", "05-20 12:00:00", 0),
        (1, "06-16 12:00:00", None, 0),
    ],
)
def test_rated_within_fourteen_calendar_days(days: int, requested_at: str, rated_at: str | None, counted: int) -> None:
    """Requested on d, rated on d to d+13, by the day; without a rating in these days the case is in neither count."""
    assert of("aftersales_praise", rated(5, rated_at, requested_at), days=days) == (counted, counted)


@pytest.mark.spec("KS-M24")
@pytest.mark.parametrize(("channel", "counted"), S_F_A)
def test_praise_of_three_channels(channel: str | None, counted: int) -> None:
    """Self-built, flash and auction; exchanges are no refunds; a return counts."""
    assert of("aftersales_praise", rated(5, kind="return_refund"), channel=channel) == (counted, counted)
    assert of("aftersales_praise", rated(5, kind="exchange"), channel=channel) == (0, 0)


@pytest.mark.spec("KS-M17")
@pytest.mark.spec("KS-M22")
@pytest.mark.spec("KS-M23")
@pytest.mark.parametrize("paid_at", [None, "01-01 12:00", AT_T])
def test_rule_3_period_metrics_do_not_ask_for_payment(paid_at: str | None) -> None:
    """The cases of an order not paid, paid long ago or paid at T count alike."""
    one = hour(answer="refused", answered_at="06-29 11:30")
    found = [of(name, one, paid_at=paid_at, created_at="01-01 12:00") for name in ("refund_only_time", "refusal_rate")]
    assert found == [(3600, 1), (1, 1)]


@pytest.mark.spec("KS-M17")
@pytest.mark.spec("KS-M20")
@pytest.mark.spec("KS-M23")
@pytest.mark.parametrize(
    "change",
    [
        {"handled_by": "rule"},
        {"handled_by": "platform"},
        {"opened_by": "platform"},
        {"opened_by": "merchant"},
        {"reason_now": "other"},
    ],
)
def test_rule_13_metrics_are_as_measured(change: Row) -> None:
    """Answered by a rule or opened by the platform, a case counts like any other."""
    refused = hour("c1", answer="refused", answered_at="06-29 11:30", **change)
    assert [of("refund_only_time", refused), of("refusal_rate", refused)] == [(3600, 1), (1, 1)]
    assert of("dispute_rate", hour("c1", escalated_at="06-29 11:30", **change), paid_at="06-29 12:00") == (1, 1)
