"""The views of orders, and of what hangs on them: parcels, cases, reviews, complaints."""

from tianping.facts.viewsql import SECONDS, SHOP, Part, Typed, View, of_table

_PRODUCT: Typed = of_table("products", "p", but=("product_id", "shop_id", "updated_at"))
_ORDER: Typed = SHOP | _PRODUCT | of_table("orders", "o") | {"region": ("text", "coalesce(o.region, s.region)")}
_AROUND = "join dated.shops s on s.shop_id = o.shop_id left join facts.products p on p.product_id = o.product_id"
_WITH_ORDER = f"join dated.orders o using (order_id) {_AROUND}"

_OUTBOUND = "coalesce(direction, 'out') = 'out' and shipped_at is not null"

# Reading rule 4: the parcels shipped before T; shipped, collected, signed when the last of them is; one unsigned is unsigned.
# What is asked of a parcel is asked of the joined row (`_row >= 0` always is): asked of parcels alone DuckDB takes it to leave
# a fifth of them, what no import changed to be a fifth of that, and builds the join on all parcels, which costs half as much
# again, and their memory.
_SHIPPING = Part(
    "parcels",
    f"""left join (
  select _row, count(*) as parcels, count(*) filter (where fake) as fake_parcels, max(shipped_at) as shipped_at,
    case when count(collected_at) = count(*) then max(collected_at) end as collected_at,
    case when count(signed_at) = count(*) then max(signed_at) end as signed_at
  from (select order_id, rowid as _row from ours) join dated.parcels using (order_id)
  where if(_row >= 0, {_OUTBOUND}, false) group by _row
) ship using (_row)""",
    {
        "parcels": ("int", "coalesce(ship.parcels, 0)"),
        "fake_parcels": ("int", "coalesce(ship.fake_parcels, 0)"),
        "shipped_at": ("time", "ship.shipped_at"),
        "collected_at": ("time", "ship.collected_at"),
        "signed_at": ("time", "ship.signed_at"),
    },
    made={
        "fake_parcels": (("parcels", "fake"),),
        **{name: (("parcels", name),) for name in ("shipped_at", "collected_at", "signed_at")},
    },
)

# The refund requested first; ties: the smaller id (reading rule 6).
_REFUNDS = Part(
    "cases",
    """left join (
  select _row, min({'at': requested_at, 'id': case_id, 'kind': kind, 'reason': reason}) as f,
    list_sort(list(requested_at)) as refund_requests, bool_or(outcome = 'refunded') as refunded
  from (select order_id, rowid as _row from ours) join dated.cases using (order_id)
  where kind in ('refund_only', 'return_refund') and requested_at is not null group by _row
) refunds using (_row)""",
    {
        "first_refund_id": ("text", "refunds.f.id"),
        "first_refund_at": ("time", "refunds.f.at"),
        "first_refund_kind": ("text", "refunds.f.kind"),
        "first_refund_reason": ("text", "refunds.f.reason"),
        "refund_requests": ("times", "refunds.refund_requests"),
        "refunded": ("bool", "coalesce(refunds.refunded, false)"),
    },
    made={
        "first_refund_at": (("cases", "requested_at"),),
        "first_refund_kind": (("cases", "kind"),),
        "first_refund_reason": (("cases", "reason"),),
        "refunded": (("cases", "outcome"), ("cases", "ended_at")),
    },
)

# Reading rule 7: a review that does not count is skipped, and the next one can be the first.
_COUNTS = "coalesce(valid, true) and not coalesce(automatic, false) and overturned_at is null and reviewed_at is not null"
_REVIEWS = Part(
    "reviews",
    f"""left join (
  select _row, min({{'at': reviewed_at, 'id': review_id, 'quality': quality, 'logistics': logistics, 'service': service}}) as f
  from (select order_id, rowid as _row from ours) join dated.reviews using (order_id) where {_COUNTS} group by _row
) reviewed using (_row)""",
    {
        "first_review_id": ("text", "reviewed.f.id"),
        "first_review_at": ("time", "reviewed.f.at"),
        "first_review_quality": ("int", "reviewed.f.quality"),
        "first_review_logistics": ("int", "reviewed.f.logistics"),
        "first_review_service": ("int", "reviewed.f.service"),
    },
    made={
        "first_review_at": (("reviews", "reviewed_at"),),
        **{f"first_review_{stars}": (("reviews", stars),) for stars in ("quality", "logistics", "service")},
    },
)
_COMPLAINTS = Part(
    "complaints",
    """left join (
  select _row, min_by(verdict, {'at': complained_at, 'id': complaint_id}) as verdict
  from (select order_id, rowid as _row from ours) join dated.complaints using (order_id)
  where complained_at is not null group by _row
) complained using (_row)""",
    {"complaint": ("text", "complained.verdict")},
    made={"complaint": (("complaints", "verdict"),)},
)
_OF_ORDER = (_SHIPPING, _REFUNDS, _REVIEWS, _COMPLAINTS)

# A case of any kind asked for after shipping and before pickup, at most 24 hours after shipping (KS-M15).
_BEFORE_PICKUP = Part(
    "cases",
    """left join (
  select distinct ours.rowid as _row, true as before_pickup from ours join dated.cases c using (order_id)
  where c.requested_at >= ours.shipped_at and c.requested_at < least(ours.collected_at, ours.shipped_at + interval 24 hour)
) asked using (_row)""",
    {"asked_before_pickup": ("bool", "coalesce(asked.before_pickup, false)")},
    ("order_id", "shipped_at", "collected_at"),
)

# The product stars of the reviews of the order that count and came before (ties: the smaller id came first).
_EARLIER = Part(
    "reviews",
    f"""left join (
  select review_id, max(quality) over (
    partition by order_id order by reviewed_at, review_id rows between unbounded preceding and 1 preceding) as best
  from dated.reviews semi join ours using (order_id) where {_COUNTS}
) earlier using (review_id)""",
    {"best_earlier_review": ("int", "earlier.best")},
    ("order_id", "review_id"),
    {"best_earlier_review": (("reviews", "quality"),)},
)

_IN_HANDS = (
    SECONDS.format("c.requested_at", "coalesce(c.answered_at, c.ended_at)")
    + " + coalesce("
    + SECONDS.format("c.return_signed_at", "c.received_at")
    + ", 0)"
)
_CASE: Typed = {
    "is_refund": ("bool", "c.kind in ('refund_only', 'return_refund')"),
    "ended_in_s": ("int", SECONDS.format("c.requested_at", "c.ended_at")),
    "in_hands_s": ("int", _IN_HANDS),
}
_COMPLAINT: Typed = of_table("complaints", "k", but=("kind",)) | {"complaint_kind": ("text", "k.kind")}

GOODS = (
    View("order", ("order_id",), f"from dated.orders o {_AROUND}", _ORDER, _OF_ORDER, tables=("orders",)),
    View(
        "parcel",
        ("parcel_id",),
        f"from (select * from dated.parcels where {_OUTBOUND}) a {_WITH_ORDER}",
        _ORDER | of_table("parcels", "a"),
        (_BEFORE_PICKUP,),
        tables=("orders", "parcels"),
    ),
    View(
        "case",
        ("case_id",),
        f"from (select * from dated.cases where requested_at is not null) c {_WITH_ORDER}",
        _ORDER | of_table("cases", "c") | _CASE,
        _OF_ORDER,
        tables=("orders", "cases"),
        made={
            "ended_in_s": (("cases", "requested_at"), ("cases", "ended_at")),
            "in_hands_s": (("cases", "requested_at"), ("cases", "ended_at"), ("cases", "answered_at")),
        },
    ),
    View(
        "review",
        ("review_id",),
        f"from (select * from dated.reviews where {_COUNTS}) r {_WITH_ORDER}",
        _ORDER | of_table("reviews", "r"),
        (*_OF_ORDER, _EARLIER),
        tables=("orders", "reviews"),
    ),
    View(
        "complaint",
        ("complaint_id",),
        f"from (select * from dated.complaints where complained_at is not null) k {_WITH_ORDER}",
        _ORDER | _COMPLAINT,
        _OF_ORDER,
        tables=("orders", "complaints"),
        made={"complaint_kind": (("complaints", "kind"),)},
    ),
)
