"""Reviews, live rooms and videos: KS-M05, KS-M25 to KS-M28, with the reading rules 1, 2, 6 and 7 where they decide these."""

import datetime as dt
from decimal import Decimal

import pytest

from .facts import Counts, Row, counts, figure, order, play, review, shop, video, view


def negative(*reviews: Row, paid_at: str | None = "06-16 12:00", days: int = 1, **more: object) -> Counts:
    """negative_review_rate of the one order o1; 06-16 is T-14."""
    return counts("negative_review_rate", {"orders": [order("o1", paid_at, **more)], "reviews": reviews}, days=days)


def stars(*reviews: Row, days: int = 1, **more: object) -> Counts:
    """product_rating of the one order o1, never paid."""
    return counts("product_rating", {"orders": [order("o1", None, **more)], "reviews": reviews}, days=days)


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(
    ("given", "numerator"),
    [((2, 2, 2), 1), ((2, 2, 3), 0), ((1, 1, 4), 1), ((1, 1, 5), 0), ((5, 5, 5), 0), ((1, None, 1), 0)],
)
def test_six_stars_of_fifteen_are_negative(given: tuple[int | None, ...], numerator: int) -> None:
    """Three stars together ≤ 6 are negative; with one missing the review counts and is not negative."""
    assert negative(review("r1", "o1", "06-20 12:00", given)) == (numerator, 1)


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(
    ("reviewed_at", "denominator"),
    [("06-23 23:59:59", 1), ("06-24 00:00:00", 0), ("06-10 00:00:00", 1), ("06-09 23:59:59", 0)],
)
def test_the_first_review_falls_on_fourteen_calendar_days(reviewed_at: str, denominator: int) -> None:
    """Paid at 12:00 on 10 June: reviews of 10 to 23 June count, by the day and not by the hour."""
    assert negative(review("r1", "o1", reviewed_at, (1, 1, 1)), paid_at="06-10 12:00", days=7) == (denominator, denominator)


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(("reviewed_at", "denominator"), [("03-18 23:59:59", 1), ("03-19 00:00:00", 0), ("03-19 00:30:00", 0)])
def test_rule_2_calendar_days_are_counted_as_days(reviewed_at: str, denominator: int) -> None:
    """Where the clocks go forward on 10 March, the fourteen days from 5 March still end with 18 March."""
    reviews = [review("r1", "o1", reviewed_at, (1, 1, 1))]
    facts = {"shops": [shop(timezone="America/New_York")], "orders": [order("o1", "03-05 12:00")], "reviews": reviews}
    found = counts("negative_review_rate", facts, date=dt.date(2024, 3, 25), days=7)
    assert found == (denominator, denominator)


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(
    ("days", "paid_at", "denominator"),
    [
        (1, "06-16 00:00:00", 1), (1, "06-16 23:59:59", 1), (1, "06-15 23:59:59", 0), (1, "06-17 00:00:00", 0),
        (7, "06-10 00:00:00", 1), (7, "06-09 23:59:59", 0), (30, "05-18 00:00:00", 1), (30, "05-17 23:59:59", 0), (30, None, 0),
    ],
)  # fmt: skip
def test_reviews_are_counted_under_the_payment_day(days: int, paid_at: str | None, denominator: int) -> None:
    """Payment days up to T-14; the review comes on the day of payment."""
    assert negative(review("r1", "o1", paid_at or "06-16 12:00", (5, 5, 5)), paid_at=paid_at, days=days) == (0, denominator)


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("06-20 12:00", (1, 1, 1)), ("06-21 12:00", (5, 5, 5)), (1, 1)),
        (("06-20 12:00", (5, 5, 5)), ("06-21 12:00", (1, 1, 1)), (0, 1)),
        (("06-15 12:00", (5, 5, 5)), ("06-21 12:00", (1, 1, 1)), (0, 0)),
    ],
)
def test_only_the_first_review_speaks(
    first: tuple[str, tuple[int, ...]], second: tuple[str, tuple[int, ...]], expected: Counts
) -> None:
    """A later review does not count, not even when the first one fell before the days looked at."""
    assert negative(review("r2", "o1", *first), review("r1", "o1", *second)) == expected


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(
    ("channel", "denominator"),
    [("self_built", 1), ("flash", 1), ("auction", 1), ("distribution", 0), ("other", 0), (None, 0)],
)
def test_negative_reviews_of_three_channels(channel: str | None, denominator: int) -> None:
    """Self-built, flash and auction only; without a channel an order is none of them."""
    assert negative(review("r1", "o1", "06-20 12:00", (5, 5, 5)), channel=channel) == (0, denominator)


@pytest.mark.spec("KS-M05")
def test_neither_risk_nor_signing_matters_for_reviews() -> None:
    """A flagged order without a parcel and with a refund keeps its review."""
    assert negative(review("r1", "o1", "06-20 12:00", (1, 1, 1)), risk_flagged=True) == (1, 1)


@pytest.mark.spec("KS-M05")
@pytest.mark.parametrize(
    "fault", [{"valid": False}, {"automatic": True}, {"overturned_at": "06-29 23:59:59"}, {"overturned_at": "06-20 12:00"}]
)
def test_rule_7_a_review_that_does_not_count_is_skipped(fault: Row) -> None:
    """Alone it is no review; the next one becomes the first."""
    skipped = review("r1", "o1", "06-20 12:00", (1, 1, 1), **fault)
    assert negative(skipped) == (0, 0)
    assert negative(skipped, review("r2", "o1", "06-21 12:00", (5, 5, 5))) == (0, 1)


@pytest.mark.spec("KS-M05")
@pytest.mark.spec("KS-M28")
@pytest.mark.parametrize("column", [{"valid": None, "automatic": None}, {"valid": True}, {"overturned_at": "06-30 00:00:00"}])
def test_rule_1_a_review_overturned_at_t_still_counts(column: Row) -> None:
    """Empty is valid and not automatic; what happens at 00:00 of T has not happened."""
    assert negative(review("r1", "o1", "06-20 12:00", (1, 1, 1), **column)) == (1, 1)
    assert stars(review("r1", "o1", "06-29 12:00", (1, 1, 1), **column)) == (1, 1)


@pytest.mark.spec("KS-M05")
def test_rule_6_of_two_reviews_in_one_second_the_smaller_id_is_first() -> None:
    """r1 and r2 in the same second: r1 is the first review, in whatever order the rows come."""
    bad, good = review("r1", "o1", "06-20 12:00", (1, 1, 1)), review("r2", "o1", "06-20 12:00", (5, 5, 5))
    assert [negative(bad, good), negative(good, bad)] == [(1, 1), (1, 1)]


@pytest.mark.spec("KS-M28")
def test_product_rating_is_the_mean_of_the_quality_stars() -> None:
    """Quality stars 5, 4 and 4 are 13 / 3 = 4.333333; logistics and service do not matter."""
    reviews = [review(f"r{n}", "o1", f"06-29 1{n}:00", (quality, 1, 1)) for n, quality in enumerate((5, 4, 4))]
    found = figure("product_rating", {"orders": [order("o1", None)], "reviews": reviews}, days=60)
    assert found is not None
    assert (found.numerator, found.denominator, found.value) == (13, 3, Decimal("4.333333"))


@pytest.mark.spec("KS-M28")
@pytest.mark.parametrize(
    ("days", "reviewed_at", "denominator"),
    [
        (60, "05-01 00:00:00", 1), (60, "04-30 23:59:59", 0), (60, "06-29 23:59:59", 1), (60, "06-30 00:00:00", 0),
        (1, "06-29 00:00:00", 1), (1, "06-28 23:59:59", 0),
    ],
)  # fmt: skip
def test_product_rating_window(days: int, reviewed_at: str, denominator: int) -> None:
    """By review day, up to T-1; sixty days begin with 1 May."""
    assert stars(review("r1", "o1", reviewed_at, (5, 1, 1)), days=days) == (5 * denominator, denominator)


@pytest.mark.spec("KS-M28")
@pytest.mark.parametrize(
    "fault", [{"valid": False}, {"automatic": True}, {"overturned_at": "06-29 23:59:59"}, {"quality": None}]
)
def test_reviews_outside_the_product_rating(fault: Row) -> None:
    """Invalid, automatic, overturned reviews and those without quality stars do not count."""
    good = review("r1", "o1", "06-29 12:00", (5, 5, 5))
    assert stars(good, review("r2", "o1", "06-29 13:00", (1, 1, 1), **fault), days=60) == (5, 1)


@pytest.mark.spec("KS-M28")
def test_rule_7_rating_metrics_count_every_review_of_an_order() -> None:
    """Two reviews of one order, long after payment and over another channel, are two ratings."""
    reviews = [review("r1", "o1", "06-29 12:00", (5, 5, 5)), review("r2", "o1", "06-29 13:00", (2, 2, 2))]
    assert stars(*reviews, channel="distribution") == (7, 2)


def reported(*views: Row, days: int = 1) -> Counts:
    """live_report_rate of S1."""
    return counts("live_report_rate", {"live_views": views}, days=days)


def effective(*plays: Row, duration_s: int = 20, days: int = 1, **more: object) -> Counts:
    """effective_play_rate of S1 with the one video V1."""
    facts = {"videos": [video("V1", duration_s, **more)], "video_plays": plays}
    return counts("effective_play_rate", facts, days=days)


def poor(look_grade: str, look_reviewed_at: str | None, days: int = 1, **more: object) -> Counts:
    """poor_video_share of S1 with the one video V1."""
    one = video("V1", 20, look_grade=look_grade, look_reviewed_at=look_reviewed_at, **more)
    return counts("poor_video_share", {"videos": [one]}, days=days)


@pytest.mark.spec("KS-M25")
@pytest.mark.parametrize(("seconds", "expected"), [(5, (1, 1)), (4, (0, 0))])
def test_viewers_of_at_least_five_seconds(seconds: int, expected: Counts) -> None:
    """Five seconds make a viewer; the report of a shorter view alone does not count."""
    assert reported(view("w1", "06-29 12:00", seconds, reported=True)) == expected


@pytest.mark.spec("KS-M25")
def test_a_user_counts_once_in_a_room() -> None:
    """Two views and two reports of one user in one room are one; the other room and the other user count by themselves."""
    twice = [view("w1", "06-29 12:00", 9, reported=True), view("w2", "06-29 13:00", 9, reported=True)]
    others = [view("w3", "06-29 12:00", 9, room_id="R2"), view("w4", "06-29 12:00", 9, user_id="U2")]
    assert reported(*twice, *others) == (1, 3)


@pytest.mark.spec("KS-M25")
@pytest.mark.parametrize(
    "second",
    [
        view("w2", "06-29 13:00", 9, reported=True),
        view("w2", "06-29 13:00", 1, reported=True),
        view("w2", "06-28 13:00", 1, reported=True),
    ],
)
def test_a_report_in_any_view_of_the_room_counts(second: Row) -> None:
    """The report may come with a later, a shorter or an earlier short view of the room."""
    assert reported(view("w1", "06-29 12:00", 5), second) == (1, 1)


@pytest.mark.spec("KS-M25")
@pytest.mark.parametrize(
    "second",
    [
        view("w2", "06-30 00:00:00", 9, reported=True),
        view("w2", "06-29 13:00", 1, reported=True, room_id="R2"),
        view("w2", "06-29 13:00", 1, reported=True, user_id="U2"),
        view("w2", "06-29 13:00", 9, reported=None),
    ],
)
def test_rule_1_a_report_at_t_or_of_others_does_not_count(second: Row) -> None:
    """A view at 00:00 of T has not happened; another room's or user's report is theirs; an empty flag is no report."""
    assert reported(view("w1", "06-29 12:00", 5), second) == (0, 1)


@pytest.mark.spec("KS-M25")
@pytest.mark.parametrize(
    ("days", "first", "seconds", "expected"),
    [
        (1, "06-28 23:59:59", 5, (0, 0)),
        (7, "06-28 23:59:59", 5, (1, 1)),
        (1, "06-28 23:59:59", 4, (1, 1)),
        (7, "06-22 23:59:59", 5, (0, 0)),
        (7, "06-23 00:00:00", 5, (1, 1)),
        (1, "06-29 00:00:00", 5, (1, 1)),
    ],
)
def test_a_viewer_counts_under_the_day_of_the_first_long_view(days: int, first: str, seconds: int, expected: Counts) -> None:
    """First seen earlier for at least 5 s, the user of 29 June counts under that earlier day, report and all."""
    assert reported(view("w1", first, seconds), view("w2", "06-29 12:00", 9, reported=True), days=days) == expected


@pytest.mark.spec("KS-M26")
@pytest.mark.parametrize(("grade", "numerator"), [("poor", 1), ("fair", 0), ("good", 0)])
def test_poor_videos(grade: str, numerator: int) -> None:
    """Only the grade "poor" is poor."""
    assert poor(grade, "06-29 12:00") == (numerator, 1)


@pytest.mark.spec("KS-M26")
@pytest.mark.parametrize(
    ("days", "reviewed_at", "expected"),
    [
        (1, "06-29 00:00:00", (1, 1)), (1, "06-29 23:59:59", (1, 1)), (1, "06-28 23:59:59", (0, 0)),
        (1, "06-30 00:00:00", (0, 0)), (7, "06-23 00:00:00", (1, 1)), (7, "06-22 23:59:59", (0, 0)), (30, None, (0, 0)),
    ],
)  # fmt: skip
def test_videos_count_under_their_review_day(days: int, reviewed_at: str | None, expected: Counts) -> None:
    """By the day of the look review, whenever they were published; not yet reviewed is not counted."""
    assert poor("poor", reviewed_at, days=days) == expected


@pytest.mark.spec("KS-M26")
@pytest.mark.spec("KS-M27")
@pytest.mark.parametrize(
    ("near_pro", "with_product", "expected"),
    [
        (True, False, (1, 1)), (True, True, (1, 1)), (False, True, (1, 1)), (False, None, (1, 1)), (None, None, (1, 1)),
        (None, True, (1, 1)), (False, False, (0, 0)),
    ],
)  # fmt: skip
def test_videos_of_streamers_and_with_products(near_pro: bool | None, with_product: bool | None, expected: Counts) -> None:
    """Videos of near-professional streamers and all that carry a product; unknown carries one."""
    assert poor("poor", "06-29 12:00", near_pro=near_pro, with_product=with_product) == expected
    assert effective(play("a1", "06-29 12:00", 20), near_pro=near_pro, with_product=with_product) == expected


@pytest.mark.spec("KS-M27")
@pytest.mark.parametrize(
    ("duration_s", "watched_s", "expected"),
    [
        (2, 2, (0, 0)),
        (3, 3, (1, 1)),
        (3, 2, (0, 1)),
        (6, 6, (1, 1)),
        (6, 5, (0, 1)),
        (7, 7, (1, 1)),
        (7, 6, (0, 1)),
        (8, 7, (1, 1)),
        (8, 6, (0, 1)),
        (60, 7, (1, 1)),
    ],
)
def test_effective_plays(duration_s: int, watched_s: int, expected: Counts) -> None:
    """Up to 7 s played to the end, longer ones for 7 s; under 3 s a video does not count."""
    assert effective(play("a1", "06-29 12:00", watched_s), duration_s=duration_s) == expected


@pytest.mark.spec("KS-M27")
def test_short_plays_do_not_add_up() -> None:
    """Four seconds and four seconds are no effective play of a long video."""
    assert effective(play("a1", "06-29 12:00", 4), play("a2", "06-29 13:00", 4)) == (0, 1)


@pytest.mark.spec("KS-M27")
def test_a_user_counts_once_in_a_video() -> None:
    """Two plays of one user are one viewer; the same user of another video and another user count by themselves."""
    plays = [play("a1", "06-29 12:00", 9), play("a2", "06-29 13:00", 9), play("a3", "06-29 12:00", 1, user_id="U2")]
    facts = {"videos": [video("V1"), video("V2")], "video_plays": [*plays, play("a4", "06-29 12:00", 9, video_id="V2")]}
    assert counts("effective_play_rate", facts) == (2, 3)


@pytest.mark.spec("KS-M27")
@pytest.mark.parametrize(
    ("days", "first", "second", "expected"),
    [
        (1, "06-28 23:59:59", "06-29 12:00", (0, 0)),
        (7, "06-28 23:59:59", "06-29 12:00", (1, 1)),
        (1, "06-29 00:00:00", "06-29 23:59:59", (1, 1)),
        (1, "06-29 00:00:00", "06-30 00:00:00", (0, 1)),
        (7, "06-23 00:00:00", "06-29 12:00", (1, 1)),
        (7, "06-22 23:59:59", "06-29 12:00", (0, 0)),
    ],
)
def test_a_viewer_counts_under_the_day_of_the_first_play(days: int, first: str, second: str, expected: Counts) -> None:
    """The first play gives the day, any play before T may be the effective one."""
    assert effective(play("a1", first, 1), play("a2", second, 9), days=days) == expected
