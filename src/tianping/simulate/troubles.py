"""The kinds of fault a market may have, as a table: on which platform, since when, how strong, and where each shows."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Kind(NamedTuple):
    """One kind of fault. `place` is its turn among the platform's shops, `share` the part of the market's days before it.
    A `subject` of the kind product is the shop's best seller, one of the kind agent the shop's first agent."""

    name: str
    subject: str
    platform: str
    place: int
    share: float
    what: str
    strength: Mapping[str, float]
    shows_in: tuple[str, ...]


KINDS: Final = (
    Kind("product_turns_bad", "product", "kuaishou", 0, 0.60,
         "the product's quality turns bad: refunds for quality, bad reviews",
         {"quality": 0.22, "not_as_described": 0.13},
         ("product_quality_refund_rate", "quality_refund_rate", "negative_review_rate", "product_rating")),
    Kind("carrier_crushes", "carrier", "kuaishou", 3, 0.55,
         "the carrier crushes boxes: refunds for damage, whatever the shop and the platform",
         {"damaged": 0.14}, ("quality_refund_rate", "negative_review_rate")),
    Kind("silent_at_night", "shop", "kuaishou", 1, 0.30,
         "nobody and no bot answers between 19:00 and 9:00; buyers ask more",
         {"asked_times": 2.8}, ("response_3min", "response_5min", "service_satisfaction")),
    Kind("slow_answers", "shop", "kuaishou", 2, 0.35,
         "people answer chats ten times slower, and there is no bot; buyers ask more",
         {"times": 10, "asked_times": 2.2}, ("response_3min", "response_5min", "service_satisfaction")),
    Kind("steers_reasons", "shop", "kuaishou", 3, 0.40,
         "buyers are talked into changing a quality reason to not_wanted",
         {"share": 0.7}, ("quality_refund_rate by first reason against the last",)),
    Kind("bunched_shipments", "shop", "kuaishou", 4, 0.45,
         "parcels are clicked as shipped just before the promise and handed over later",
         {"share": 0.75, "pickup_times": 4}, ("pickup_anomaly", "pickup_24h")),
    Kind("ships_late", "shop", "kuaishou", 5, 0.65,
         "the warehouse cannot keep up: shipping takes four times as long",
         {"times": 4}, ("timely_shipment", "shipped_48h")),
    Kind("answers_at_line", "shop", "kuaishou", 6, 0.40,
         "people answer chats when the three minutes are nearly over: waits bunch just below 180 s",
         {"share": 0.8, "from_s": 150, "to_s": 179},
         ("seconds from a message to its answer", "response_3min beside service_satisfaction")),
    Kind("caps_orders", "shop", "douyin", 0, 0.35,
         "the shop takes no more orders a day than a line allows: its days bunch at the line",
         {"of_mean": 1.0}, ("order_count", "gmv")),
    Kind("fakes_shipments", "shop", "douyin", 1, 0.45,
         "parcels are clicked as shipped that never existed: no pickup, no signing, complaints",
         {"share": 0.25}, ("fake_shipment_rate", "complaint_rate")),
    Kind("holds_refunds", "shop", "taobao", 0, 0.40,
         "refund requests are answered in the last hour before the 48-hour clock: answers bunch just below it",
         {"share": 0.8}, ("hours from requested_at to answered_at",)),
    Kind("refuses_refunds", "shop", "taobao", 1, 0.45,
         "the shop refuses most requests, and the refused turn to the platform",
         {"share": 0.6, "escalated": 0.7}, ("dispute_refund_rate", "answers refused")),
    Kind("sells_without_stock", "shop", "tmall", 0, 0.50,
         "orders are taken that can never be shipped",
         {"share": 0.10}, ("refunds for out_of_stock", "orders never shipped")),
    Kind("rude_agent", "agent", "jd", 0, 0.40,
         "one agent is rude: bad ratings for attitude, and buyers who leave without an order",
         {"rude": 0.7, "lost": 0.6}, ("praise_rate", "conversion")),
    Kind("agent_away", "agent", "jd", 1, 0.45,
         "one agent is on duty but suspended for hours, and answers slowly",
         {"from_s": 5_400, "to_s": 14_400, "times": 6}, ("suspended_time", "longest_suspension", "response_30s")),
)  # fmt: skip
BY_NAME: Final = {kind.name: kind for kind in KINDS}
SUBJECTS: Final = ("shop", "product", "carrier", "agent")


def strength(kind: str, part: str = "share") -> float:
    return BY_NAME[kind].strength[part]
