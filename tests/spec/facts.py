"""Rows for the specification's tests: builders with plain defaults, and one figure picked out of all.

Times are written "06-15 12:00" or "06-15 12:00:01" and mean 2024, or with their own year, "2022-12-16 12:00".
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from tianping.metrics.figure import Figure
from tianping.work.trials.trial import figures

Row = dict[str, object]
Facts = Mapping[str, Sequence[Row]]
Counts = tuple[int, int]

T = dt.date(2024, 6, 30)
BEFORE_T, AT_T = "06-29 23:59:59", "06-30 00:00:00"
LAST_DAYS = [
    (1, "06-29 00:00:00", 1), (1, BEFORE_T, 1), (1, "06-28 23:59:59", 0), (1, AT_T, 0),
    (7, "06-23 00:00:00", 1), (7, "06-22 23:59:59", 0), (30, "05-31 00:00:00", 1), (30, "05-30 23:59:59", 0),
]  # fmt: skip
"""Days, an event, whether it is in the window that ends with T-1."""


def moment(text: str) -> dt.datetime:
    """The wall time that `text` means; without a year it is 2024."""
    day, clock = text.split()
    return dt.datetime.fromisoformat(f"{day if len(day) == 10 else f'2024-{day}'} {clock}")


def _row(columns: Row) -> Row:
    def read(name: str, value: object) -> object:
        return moment(value) if name.endswith("_at") and isinstance(value, str) else value

    return {name: read(name, value) for name, value in columns.items()}


def shop(shop_id: str = "S1", platform: str = "kuaishou", **more: object) -> Row:
    return _row({"shop_id": shop_id, "platform": platform} | more)


def product(product_id: str = "P1", path: str = "", **more: object) -> Row:
    """`path` is its category, "Clothing/Women/Dresses"."""
    levels: Row = {f"category_l{level}": name for level, name in enumerate(path.split("/"), start=1) if name}
    return _row({"product_id": product_id, "shop_id": "S1"} | levels | more)


def order(order_id: str, paid_at: str | None, **more: object) -> Row:
    """An order of P1 in S1, self-built, created when it was paid (unpaid: in April)."""
    who: Row = {"shop_id": "S1", "product_id": "P1", "buyer_id": "B1", "channel": "self_built"}
    return _row({"order_id": order_id, "created_at": paid_at or "04-01 00:00", "paid_at": paid_at} | who | more)


def parcel(parcel_id: str, order_id: str, shipped_at: str, **more: object) -> Row:
    return _row({"parcel_id": parcel_id, "order_id": order_id, "direction": "out", "shipped_at": shipped_at} | more)


def case(case_id: str, order_id: str, requested_at: str, **more: object) -> Row:
    """A refund without return, for a quality problem."""
    plain: Row = {"kind": "refund_only", "reason": "quality", "requested_at": requested_at}
    return _row({"case_id": case_id, "order_id": order_id} | plain | more)


def review(review_id: str, order_id: str, reviewed_at: str, stars: Sequence[int | None], **more: object) -> Row:
    """`stars`: quality, logistics, service."""
    given: Row = dict(zip(("quality", "logistics", "service"), stars, strict=True))
    return _row({"review_id": review_id, "order_id": order_id, "reviewed_at": reviewed_at} | given | more)


def message(message_id: str, sent_at: str, sender: str = "buyer", **more: object) -> Row:
    return _row({"message_id": message_id, "shop_id": "S1", "buyer_id": "B1", "sent_at": sent_at, "sender": sender} | more)


def talk(*lines: str, first: int = 1, **more: object) -> list[Row]:
    """`"06-29 10:00:00 agent A2"`: who wrote when and which agent it names (A1 unless said, "-" for none); m1, m2, …"""
    made = []
    for n, line in enumerate(lines, start=first):
        day, clock, sender, *named = line.split()
        agent = None if named == ["-"] else (named or ["A1"])[0]
        made.append(message(f"m{n}", f"{day} {clock}", sender, **{"agent_id": agent, **more}))
    return made


def rating(rating_id: str, rated_at: str, score: str, **more: object) -> Row:
    return _row({"rating_id": rating_id, "shop_id": "S1", "buyer_id": "B1", "rated_at": rated_at, "score": score} | more)


def session(session_id: str, opened_at: str, **more: object) -> Row:
    """A session of B1 with agent A1, assigned when it was opened, to a person."""
    with_whom: Row = {"shop_id": "S1", "buyer_id": "B1", "agent_id": "A1", "assigned_at": opened_at, "human": True}
    return _row({"session_id": session_id, "opened_at": opened_at} | with_whom | more)


def shift(shift_id: str, online_at: str, offline_at: str | None, **more: object) -> Row:
    """A shift of agent A1."""
    who: Row = {"shop_id": "S1", "agent_id": "A1"}
    return _row({"shift_id": shift_id, "online_at": online_at, "offline_at": offline_at} | who | more)


def complaint(complaint_id: str, order_id: str, complained_at: str, verdict: str | None = "merchant", **more: object) -> Row:
    return _row({"complaint_id": complaint_id, "order_id": order_id, "complained_at": complained_at, "verdict": verdict} | more)


def view(view_id: str, viewed_at: str, seconds: int, **more: object) -> Row:
    """User U1 in room R1 of S1."""
    where: Row = {"room_id": "R1", "user_id": "U1", "shop_id": "S1"}
    return _row({"view_id": view_id, "viewed_at": viewed_at, "seconds": seconds} | where | more)


def video(video_id: str, duration_s: int = 20, **more: object) -> Row:
    """A video of S1 that carries a product."""
    plain: Row = {"shop_id": "S1", "published_at": "06-01 00:00", "with_product": True}
    return _row({"video_id": video_id, "duration_s": duration_s} | plain | more)


def play(play_id: str, played_at: str, watched_s: int, **more: object) -> Row:
    """User U1 plays video V1."""
    return _row({"play_id": play_id, "video_id": "V1", "user_id": "U1", "played_at": played_at, "watched_s": watched_s} | more)


def figure(
    metric: str,
    facts: Facts,
    *,
    variant: str = "",
    days: int = 1,
    by: str = "shop",
    subject: str = "S1",
    date: dt.date = T,
    platform: str = "kuaishou",
) -> Figure | None:
    """The one figure that these words name, or None. Its value must be its fraction, and 0/0 must be undefined."""
    wanted = (metric, variant, days, by, subject)
    found = [f for f in _all(metric, facts, date, platform) if (f.metric, f.variant, f.days, f.by, f.subject) == wanted]
    assert len(found) <= 1, f"two figures of one name: {found}"
    for one in found:
        assert one.value == _fraction(one.numerator, one.denominator), one
        assert (one.status == "undefined") == (one.denominator == 0), one
    return found[0] if found else None


def subjects(metric: str, facts: Facts, *, platform: str, days: int = 1) -> set[tuple[str, str]]:
    """Every (by, subject) of which the metric has a figure."""
    return {(one.by, one.subject) for one in _all(metric, facts, T, platform) if (one.metric, one.days) == (metric, days)}


_known: dict[str, list[Figure]] = {}


def _all(metric: str, facts: Facts, date: dt.date, platform: str) -> list[Figure]:
    """Every figure of a metric, computed once for the same facts: a computation costs most of a test's time. That a metric
    counted alone is what it is among all others: tests/oracle/test_alone.py."""
    key = repr((metric, facts, date, platform))
    if key not in _known:
        _known[key] = figures(facts, date=date, platform=platform, only=(metric,))
    return _known[key]


def _fraction(numerator: int, denominator: int) -> Decimal | None:
    if denominator == 0:
        return None
    return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def counts(
    metric: str,
    facts: Facts,
    *,
    variant: str = "",
    days: int = 1,
    by: str = "shop",
    subject: str = "S1",
    date: dt.date = T,
    platform: str = "kuaishou",
) -> Counts:
    """(numerator, denominator) of the figure; (0, 0) where it is absent."""
    found = figure(metric, facts, variant=variant, days=days, by=by, subject=subject, date=date, platform=platform)
    return (found.numerator, found.denominator) if found else (0, 0)
