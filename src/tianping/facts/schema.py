"""The fact tables of the specification (`facts.md`): names, keys, columns, types. A promise to others.

`Column.type` is one of TYPES. In every store and every engine: text and id are strings; int and fen are 64-bit integers
(fen is money); bool is boolean, null where unknown; time is an instant, naive UTC, whole seconds; day is a date.
"""

from dataclasses import dataclass, field

TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "int": "BIGINT",
    "fen": "BIGINT",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "day": "DATE",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `values` are the only ones allowed; `low`..`high` bounds an int or fen."""

    name: str
    type: str
    required: bool = False
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One fact table. `own_time` is when the thing happened (its coverage is counted by it); `waits_for` names the table
    whose row must be known before this one counts; `write_once` columns keep the first value ever known."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    own_time: str | None = None
    waits_for: str | None = None
    write_once: tuple[str, ...] = ()
    by_name: dict[str, Column] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def has_shop(self) -> bool:
        """Whether rows name their shop themselves (else the order's shop is theirs)."""
        return "shop_id" in self.by_name

    @property
    def times(self) -> list[str]:
        """The columns that say when something happened: not when a row was exported."""
        return [column.name for column in self.columns if column.type == "time" and column.name != "updated_at"]

    @property
    def owned(self) -> bool:
        """Whether every row is one shop's, and says whose."""
        return self.has_shop and self.by_name["shop_id"].required and "shop_id" not in self.key


KINDS = ("refund_only", "return_refund", "exchange", "reissue", "repair")
REASONS = (
    "not_as_described", "damaged", "counterfeit", "quality", "wrong_item", "missing_item", "late_shipment", "out_of_stock",
    "logistics", "not_wanted", "wrong_order", "seven_days", "invoice", "needs_repair", "other",
)  # fmt: skip
CHANNELS = ("self_built", "flash", "auction", "distribution", "other")
LIABILITIES = ("seller", "buyer", "both", "none")
LEVELS = (
    "platform", "category_l1", "category_l2", "category_l3", "shop", "shop_category_l1", "shop_category_l2", "shop_category_l3",
    "product", "agent",
)  # fmt: skip
"""What a figure, and so a benchmark, may be by."""


def _columns(sentence: str, **more: dict[str, object]) -> tuple[Column, ...]:
    """`"order_id:id! shop_id:id! paid_at:time"`: name, type, `!` where required; `more` adds values and bounds by name."""
    made = []
    for word in [*sentence.split(), "updated_at:time"]:
        name, kind = word.split(":")
        made.append(Column(name, kind.rstrip("!"), kind.endswith("!"), **more.get(name, {})))  # type: ignore[arg-type]
    return tuple(made)


def _one_of(*values: str) -> dict[str, object]:
    return {"values": values}


_STAR: dict[str, object] = {"low": 1, "high": 5}
_COUNT: dict[str, object] = {"low": 0}

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("shops", ("shop_id",), _columns(
            "shop_id:id! platform:text! name:text main_category:text opened_at:time closed_at:time region:text timezone:text "
            "deposit_fen:fen required_deposit_fen:fen phone_manager:text phone_service:text phone_shipping:text phone_return:text "
            "type:text level:text level_since:time switches:text",
            type=_one_of("flagship", "exclusive", "franchise", "ordinary", "individual"),
            deposit_fen=_COUNT, required_deposit_fen=_COUNT)),
        Table("products", ("product_id",), _columns(
            "product_id:id! shop_id:id! title:text category_l1:text category_l2:text category_l3:text standard:bool virtual:bool "
            "seven_days:bool three_guarantees:bool durable:bool listed_at:time price_fen:fen", price_fen=_COUNT)),
        Table("orders", ("order_id",), _columns(
            "order_id:id! shop_id:id! product_id:id! buyer_id:id parent_id:id quantity:int amount_fen:fen freight_fen:fen channel:text "
            "created_at:time! paid_at:time promised_ship_at:time presale:bool cod:bool risk_flagged:bool closed_at:time "
            "close_reason:text succeeded_at:time region:text agent_id:id",
            channel=_one_of(*CHANNELS), quantity=_COUNT, amount_fen=_COUNT, freight_fen=_COUNT), own_time="created_at"),
        Table("parcels", ("parcel_id",), _columns(
            "parcel_id:id! order_id:id! direction:text carrier:text waybill:id shipped_at:time! collected_at:time signed_at:time fake:bool",
            direction=_one_of("out", "back")), own_time="shipped_at", waits_for="orders"),
        Table("cases", ("case_id",), _columns(
            "case_id:id! order_id:id! kind:text! reason:text! reason_now:text reason_words:text reason_text:text opened_by:text "
            "requested_at:time! answered_at:time answer:text refusal_reason:text agreed_at:time waybill_at:time return_signed_at:time "
            "received_at:time ended_at:time outcome:text refund_fen:fen freight_fen:fen compensation_fen:fen advance_fen:fen "
            "voucher_at:time invoice_state:text quantity:int handled_by:text escalated_at:time escalated_by:text judged_at:time "
            "liability:text overturned_at:time rating:int rated_at:time",
            kind=_one_of(*KINDS), reason=_one_of(*REASONS), reason_now=_one_of(*REASONS), opened_by=_one_of("buyer", "merchant", "platform"),
            answer=_one_of("agreed", "refused"), outcome=_one_of("refunded", "exchanged", "reissued", "repaired", "closed"),
            handled_by=_one_of("person", "rule", "platform"), escalated_by=_one_of("buyer", "seller"), liability=_one_of(*LIABILITIES),
            refund_fen=_COUNT, freight_fen=_COUNT, compensation_fen=_COUNT, advance_fen=_COUNT, quantity=_COUNT, rating=_STAR),
            own_time="requested_at", waits_for="orders", write_once=("reason",)),
        Table("reviews", ("review_id",), _columns(
            "review_id:id! order_id:id! reviewed_at:time! quality:int logistics:int service:int text:text valid:bool automatic:bool "
            "overturned_at:time", quality=_STAR, logistics=_STAR, service=_STAR), own_time="reviewed_at", waits_for="orders"),
        Table("messages", ("message_id",), _columns(
            "message_id:id! shop_id:id! buyer_id:id! session_id:id agent_id:id sent_at:time! sender:text! text:text",
            sender=_one_of("buyer", "agent", "bot", "system")), own_time="sent_at"),
        Table("chat_ratings", ("rating_id",), _columns(
            "rating_id:id! shop_id:id! buyer_id:id! session_id:id agent_id:id rated_at:time! score:text! reason:text",
            score=_one_of("good", "neutral", "bad", "1", "2", "3", "4", "5")), own_time="rated_at"),
        Table("chat_sessions", ("session_id",), _columns(
            "session_id:id! shop_id:id! buyer_id:id! agent_id:id opened_at:time! assigned_at:time closed_at:time human:bool"),
            own_time="opened_at"),
        Table("agent_shifts", ("shift_id",), _columns(
            "shift_id:id! shop_id:id! agent_id:id! online_at:time! offline_at:time suspended_s:int longest_suspension_s:int",
            suspended_s=_COUNT, longest_suspension_s=_COUNT), own_time="online_at"),
        Table("complaints", ("complaint_id",), _columns(
            "complaint_id:id! order_id:id! complained_at:time! kind:text verdict:text",
            verdict=_one_of("merchant", "buyer", "malicious", "open")), own_time="complained_at", waits_for="orders"),
        Table("agents", ("agent_id",), _columns(
            "agent_id:id! shop_id:id! name:text scheme:text base_wage_fen:fen bonus_per_buyer_fen:fen",
            scheme=_one_of("pre", "after"), base_wage_fen=_COUNT, bonus_per_buyer_fen=_COUNT)),
        Table("past_measures", ("measure_id",), _columns(
            "measure_id:id! shop_id:id! violation:text! severity:text! decided_at:time! points:int amount_fen:fen",
            severity=_one_of("minor", "serious", "especially_serious", "extremely_serious"), points=_COUNT, amount_fen=_COUNT),
            own_time="decided_at"),
        Table("live_views", ("view_id",), _columns(
            "view_id:id! room_id:id! user_id:id! shop_id:id! viewed_at:time! seconds:int! reported:bool", seconds=_COUNT),
            own_time="viewed_at"),
        Table("videos", ("video_id",), _columns(
            "video_id:id! shop_id:id! published_at:time! duration_s:int! near_pro:bool with_product:bool look_reviewed_at:time "
            "look_grade:text", look_grade=_one_of("poor", "fair", "good"), duration_s=_COUNT), own_time="published_at"),
        Table("video_plays", ("play_id",), _columns(
            "play_id:id! video_id:id! user_id:id! played_at:time! watched_s:int!", watched_s=_COUNT),
            own_time="played_at", waits_for="videos"),
        Table("exemptions", ("exemption_id",), _columns(
            "exemption_id:id! from:day! to:day! metrics:text shop_id:id region:text order_id:id approved:bool why:text")),
        Table("benchmarks", ("platform", "metric", "variant", "by", "subject", "date", "days"), _columns(
            "platform:text! metric:text! variant:text by:text! subject:text! date:day! days:int! numerator:int denominator:int value:text",
            by=_one_of(*LEVELS), days={"low": 1})),
    )
}  # fmt: skip
PARENTS = tuple(sorted({table.waits_for for table in TABLES.values() if table.waits_for}))
"""Tables whose rows others wait for."""
