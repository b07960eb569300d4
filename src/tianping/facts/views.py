"""The views that packs may use (`facts.md`, Views): one row per thing, as of T, by the reading rules.

A view is a FROM clause and its columns; parts are joins that are added only when a column of theirs is asked for, so that a
metric pays for what it reads. All of it stands on the schema `dated` (see `asof.py`).
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from tianping.facts.asof import CAME_WITH
from tianping.facts.schema import TABLES

Typed = dict[str, tuple[str, str]]  # column → (type of the formulas, SQL)

# Stands in a source for an instant that comes before the first day asked for: by two days, one for any zone and one because
# what a day's first messages are depends on the day before.
SINCE, MARGIN = "$since", dt.timedelta(days=2)

_TYPE = {"id": "text", "text": "text", "int": "int", "fen": "int", "bool": "bool", "time": "time", "day": "day"}


@dataclass(frozen=True, slots=True)
class Part:
    """A join that brings some columns, from a fact table, to `ours`: the rows asked for, numbered by `_row`, of which it `reads`
    some columns. Its groups are by that number: cheaper than by text, and nothing is grouped that nobody asked for."""

    table: str
    join: str
    columns: Typed
    reads: tuple[str, ...] = ("order_id",)


@dataclass(frozen=True, slots=True)
class View:
    """`key` names one row; `by_product` says whether its figures go down to products; `tables` are the facts it is made of;
    `folds` says how a buyer's days become one row."""

    name: str
    key: tuple[str, ...]
    source: str
    own: Typed
    parts: tuple[Part, ...] = ()
    by_product: bool = True
    tables: tuple[str, ...] = ()
    folds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def columns(self) -> dict[str, str]:
        """Column → type, for checking formulas."""
        every = {**self.own, **{name: column for part in self.parts for name, column in part.columns.items()}}
        return {name: kind for name, (kind, _) in every.items()}

    def select(self, columns: Iterable[str], *, since: dt.date | None = None, where: str = "") -> str:
        """`select …` of the named columns, with only the joins they need. Rows of days before `since` may be missing, and so
        may rows for which `where`, a condition over the named columns, does not hold."""
        wanted = list(dict.fromkeys(columns))
        parts = [part for part in self.parts if any(column in part.columns for column in wanted)]
        sql = self._with_parts(wanted, parts, where) if parts else f"select {_listed(wanted, self.own)} {self.source}"
        return sql.replace(SINCE, f"timestamp '{since - MARGIN}'" if since else "timestamp '0001-01-01'")

    def _with_parts(self, wanted: Sequence[str], parts: Sequence[Part], where: str) -> str:
        """First the view's own columns of the rows asked for, numbered; then the parts' columns of those rows."""
        made = {column: typed for part in parts for column, typed in part.columns.items()}
        read = (*wanted, *(column for part in parts for column in part.reads))
        own = [column for column in dict.fromkeys(read) if column not in made]
        asked = f"where {where}" if where and not made.keys() & set(re.findall(r"\w+", where)) else ""
        ours = f"select *, row_number() over () as _row from (select {_listed(own, self.own)} {self.source}) {asked}"
        listed = _listed(wanted, {column: ("", f'ours."{column}"') for column in own} | made)
        return f"with ours as ({ours}) select {listed} from ours {' '.join(part.join for part in parts)}"

    def needs(self, columns: Iterable[str], needed: Iterable[str]) -> dict[str, set[str]]:
        """The fact tables behind `columns`, with their columns behind `needed`. Booleans need only their table: empty is false."""
        wanted = set(columns)
        needs: dict[str, set[str]] = {table: set() for table in self.tables}
        needs.update({part.table: set() for part in self.parts if wanted & set(part.columns)})
        for column in wanted:
            for table, source in MADE_FROM.get((self.name, column)) or MADE_FROM.get(("", column)) or self._own_source(column):
                needs.setdefault(table, set())
                if column in needed and self.columns[column] != "bool":
                    needs[table].add(source)
        return needs

    def _own_source(self, column: str) -> tuple[tuple[str, str], ...]:
        tables = [table for table in reversed(self.tables) if column in TABLES[table].by_name]
        return ((tables[0], column),) if tables else ()


def _listed(columns: Iterable[str], typed: Typed) -> str:
    return ", ".join(f'{typed[column][1]} as "{column}"' for column in columns)


def _of_table(table: str, alias: str, *, but: Iterable[str] = ()) -> Typed:
    """A table's own columns; an empty boolean is false."""
    return {
        column.name: (
            _TYPE[column.type],
            f"coalesce({alias}.{column.name}, false)" if column.type == "bool" else f"{alias}.{column.name}",
        )
        for column in TABLES[table].columns
        if column.name not in but
    }


_SHOP: Typed = {"platform": ("text", "s.platform"), "region": ("text", "s.region"), "timezone": ("text", "s.timezone")}
_PRODUCT: Typed = _of_table("products", "p", but=("product_id", "shop_id", "updated_at"))
_ORDER: Typed = _SHOP | _PRODUCT | _of_table("orders", "o") | {"region": ("text", "coalesce(o.region, s.region)")}
_WITH_ORDER = "join dated.orders o using (order_id) join dated.shops s on s.shop_id = o.shop_id left join facts.products p on p.product_id = o.product_id"

_OUTBOUND = "coalesce(direction, 'out') = 'out' and shipped_at is not null"

# Reading rule 4: the parcels shipped before T; shipped, collected, signed when the last of them is; one unsigned is unsigned.
_SHIPPING = Part(
    "parcels",
    f"""left join (
  select _row, count(*) as parcels, count(*) filter (where fake) as fake_parcels, max(shipped_at) as shipped_at,
    case when count(collected_at) = count(*) then max(collected_at) end as collected_at,
    case when count(signed_at) = count(*) then max(signed_at) end as signed_at
  from (select order_id, _row from ours) join dated.parcels using (order_id) where {_OUTBOUND} group by _row
) ship using (_row)""",
    {
        "parcels": ("int", "coalesce(ship.parcels, 0)"),
        "fake_parcels": ("int", "coalesce(ship.fake_parcels, 0)"),
        "shipped_at": ("time", "ship.shipped_at"),
        "collected_at": ("time", "ship.collected_at"),
        "signed_at": ("time", "ship.signed_at"),
    },
)

# The refund requested first; ties: the smaller id (reading rule 6).
_REFUNDS = Part(
    "cases",
    """left join (
  select _row, min({'at': requested_at, 'id': case_id, 'kind': kind, 'reason': reason}) as f,
    list_sort(list(requested_at)) as refund_requests
  from (select order_id, _row from ours) join dated.cases using (order_id) where kind in ('refund_only', 'return_refund') and requested_at is not null group by _row
) refunds using (_row)""",
    {
        "first_refund_id": ("text", "refunds.f.id"),
        "first_refund_at": ("time", "refunds.f.at"),
        "first_refund_kind": ("text", "refunds.f.kind"),
        "first_refund_reason": ("text", "refunds.f.reason"),
        "refund_requests": ("times", "refunds.refund_requests"),
    },
)

# Reading rule 7: a review that does not count is skipped, and the next one can be the first.
_COUNTS = "coalesce(valid, true) and not coalesce(automatic, false) and overturned_at is null and reviewed_at is not null"
_REVIEWS = Part(
    "reviews",
    f"""left join (
  select _row, min({{'at': reviewed_at, 'id': review_id, 'quality': quality, 'logistics': logistics, 'service': service}}) as f
  from (select order_id, _row from ours) join dated.reviews using (order_id) where {_COUNTS} group by _row
) reviewed using (_row)""",
    {
        "first_review_id": ("text", "reviewed.f.id"),
        "first_review_at": ("time", "reviewed.f.at"),
        "first_review_quality": ("int", "reviewed.f.quality"),
        "first_review_logistics": ("int", "reviewed.f.logistics"),
        "first_review_service": ("int", "reviewed.f.service"),
    },
)
_COMPLAINTS = Part(
    "complaints",
    """left join (
  select _row, min_by(verdict, {'at': complained_at, 'id': complaint_id}) as verdict
  from (select order_id, _row from ours) join dated.complaints using (order_id) where complained_at is not null group by _row
) complained using (_row)""",
    {"complaint": ("text", "complained.verdict")},
)
_OF_ORDER = (_SHIPPING, _REFUNDS, _REVIEWS, _COMPLAINTS)

# A case of any kind asked for after shipping and before pickup, at most 24 hours after shipping (KS-M15).
_BEFORE_PICKUP = Part(
    "cases",
    """left join (
  select distinct _row, true as before_pickup from ours join dated.cases c using (order_id)
  where c.requested_at >= ours.shipped_at and c.requested_at < least(ours.collected_at, ours.shipped_at + interval 24 hour)
) asked using (_row)""",
    {"asked_before_pickup": ("bool", "coalesce(asked.before_pickup, false)")},
    ("order_id", "shipped_at", "collected_at"),
)

_SECONDS = "cast(epoch({1}) as bigint) - cast(epoch({0}) as bigint)"
_IN_HANDS = (
    _SECONDS.format("c.requested_at", "coalesce(c.answered_at, c.ended_at)")
    + " + coalesce("
    + _SECONDS.format("c.return_signed_at", "c.received_at")
    + ", 0)"
)

# Reading rule 8. A buyer message begins a burst unless the message before it is the buyer's own of the same day;
# its answer is the next reply, whenever it comes. System notices are neither.
_BURSTS = """(
  select * from (
    select m.shop_id, m.buyer_id, m.message_id, m.sent_at as began_at, m.sender, s.platform, s.region, s.timezone,
      lag(case when m.sender = 'buyer' then cast(wall(m.sent_at, s.timezone) as date) end) over said as buyer_day_before,
      first_value(case when m.sender <> 'buyer' then {'at': m.sent_at, 'by': m.sender, 'agent': m.agent_id} end ignore nulls)
        over (said rows between 1 following and unbounded following) as reply
    from dated.messages m join dated.shops s using (shop_id)
    where m.sent_at >= $since and m.sender in ('buyer', 'agent', 'bot')
    window said as (partition by m.shop_id, m.buyer_id order by m.sent_at, m.message_id)
  ) where sender = 'buyer' and buyer_day_before is distinct from cast(wall(began_at, timezone) as date)
)"""
_TOOK = "cast(epoch(b.reply.at) as bigint) - cast(epoch(b.began_at) as bigint)"
_BUYER_DAYS = f"""(
  select shop_id, buyer_id, day, bool_or(asked) as asked, sum(bursts)::integer as bursts, sum(answered_180)::integer as answered_180,
    sum(answered_300)::integer as answered_300, max(score) as last_score, max(reason) as last_reason
  from (
    select m.shop_id, m.buyer_id, cast(wall(m.sent_at, s.timezone) as date) as day, true as asked, 0 as bursts, 0 as answered_180,
      0 as answered_300, null as score, null as reason
    from dated.messages m join dated.shops s using (shop_id) where m.sender = 'buyer' and m.sent_at >= $since
    union all
    select b.shop_id, b.buyer_id, cast(wall(b.began_at, b.timezone) as date), true, 1, cast(coalesce({_TOOK} <= 180, false) as integer),
      cast(coalesce({_TOOK} <= 300, false) as integer), null, null
    from {_BURSTS} b where hour(wall(b.began_at, b.timezone)) >= 8
    union all
    select shop_id, buyer_id, day, false, 0, 0, 0, r.last.score, r.last.reason from (
      select r.shop_id, r.buyer_id, cast(wall(r.rated_at, s.timezone) as date) as day,
        max_by({{'score': r.score, 'reason': r.reason}}, {{'at': r.rated_at, 'id': r.rating_id}}) as last
      from dated.chat_ratings r join dated.shops s using (shop_id) where r.rated_at >= $since group by all
    ) r
  ) group by all
)"""

# One row per user and room, from the user's first view of at least five seconds on (KS-M25).
_LIVE = """(
  select shop_id, room_id, user_id, min(viewed_at) filter (where seconds >= 5) as first, bool_or(coalesce(reported, false)) as reported
  from dated.live_views where viewed_at is not null group by all
)"""
# One row per user and video. Effective: 3–7 s played to the end, longer ones for at least 7 s (KS-M27).
_PLAYS = """(
  select p.video_id, p.user_id, min(p.played_at) as first, bool_or(p.watched_s >= least(v.duration_s, 7)) as effective
  from dated.video_plays p join facts.videos v using (video_id) where p.played_at is not null group by all
)"""
_VIDEO: Typed = _SHOP | _of_table("videos", "v") | {"with_product": ("bool", "coalesce(v.with_product, true)")}

# What the made columns are made from: (view, column), or ("", column) in whatever view → (table, column).
MADE_FROM: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("", "first_refund_at"): (("cases", "requested_at"),),
    ("", "first_refund_kind"): (("cases", "kind"),),
    ("", "first_refund_reason"): (("cases", "reason"),),
    ("", "first_review_at"): (("reviews", "reviewed_at"),),
    ("", "first_review_quality"): (("reviews", "quality"),),
    ("", "first_review_logistics"): (("reviews", "logistics"),),
    ("", "first_review_service"): (("reviews", "service"),),
    ("", "complaint"): (("complaints", "verdict"),),
    ("", "ended_in_s"): (("cases", "requested_at"), ("cases", "ended_at")),
    ("", "in_hands_s"): (("cases", "requested_at"), ("cases", "ended_at"), ("cases", "answered_at")),
    **{
        ("", name): ((table, name), (table, time))
        for table, times in CAME_WITH.items()
        for time, names in times.items()
        for name in names
    },
    ("order", "shipped_at"): (("parcels", "shipped_at"),),
    ("order", "collected_at"): (("parcels", "collected_at"),),
    ("order", "signed_at"): (("parcels", "signed_at"),),
    ("buyer_day", "last_score"): (("chat_ratings", "score"),),
    ("buyer_day", "last_reason"): (("chat_ratings", "reason"),),
}

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View("order", ("order_id",), f"from dated.orders o {_WITH_ORDER.split('using (order_id) ')[1]}", _ORDER, _OF_ORDER,
             tables=("orders",)),
        View("parcel", ("parcel_id",), f"from (select * from dated.parcels where {_OUTBOUND}) a {_WITH_ORDER}", _ORDER | _of_table("parcels", "a"), (_BEFORE_PICKUP,),
             tables=("orders", "parcels")),
        View("case", ("case_id",), f"from (select * from dated.cases where requested_at is not null) c {_WITH_ORDER}", _ORDER | _of_table("cases", "c") | {
                 "is_refund": ("bool", "c.kind in ('refund_only', 'return_refund')"),
                 "ended_in_s": ("int", _SECONDS.format("c.requested_at", "c.ended_at")),
                 "in_hands_s": ("int", _IN_HANDS),
             }, _OF_ORDER, tables=("orders", "cases")),
        View("review", ("review_id",), f"from (select * from dated.reviews where {_COUNTS}) r {_WITH_ORDER}",
             _ORDER | _of_table("reviews", "r"), _OF_ORDER, tables=("orders", "reviews")),
        View("burst", ("shop_id", "buyer_id", "began_at"), f"from {_BURSTS} b", {
                 "shop_id": ("text", "b.shop_id"), "buyer_id": ("text", "b.buyer_id"), "began_at": ("time", "b.began_at"),
                 "answered_at": ("time", "b.reply.at"), "answered_by": ("text", "b.reply.by"), "agent_id": ("text", "b.reply.agent"),
                 "platform": ("text", "b.platform"), "region": ("text", "b.region"), "timezone": ("text", "b.timezone"),
             }, by_product=False, tables=("messages",)),
        View("buyer_day", ("shop_id", "buyer_id", "day"), f"from {_BUYER_DAYS} b join dated.shops s using (shop_id)", _SHOP | {
                 "shop_id": ("text", "b.shop_id"), "buyer_id": ("text", "b.buyer_id"), "day": ("day", "b.day"), "asked": ("bool", "b.asked"),
                 "bursts": ("int", "b.bursts"), "answered_180": ("int", "b.answered_180"), "answered_300": ("int", "b.answered_300"),
                 "last_score": ("text", "b.last_score"), "last_reason": ("text", "b.last_reason"),
             }, by_product=False, tables=("messages",), folds={
                 "asked": "bool_or(asked)", "bursts": "sum(bursts)::integer", "answered_180": "sum(answered_180)::integer", "answered_300": "sum(answered_300)::integer",
                 "last_score": "max_by(last_score, day) filter (where last_score is not null)",
                 "last_reason": "max_by({'r': last_reason}, day) filter (where last_score is not null).r",
                 "platform": "any_value(platform)", "region": "any_value(region)", "timezone": "any_value(timezone)",
             }),
        View("view", ("shop_id", "room_id", "user_id"), f"from {_LIVE} l join dated.shops s using (shop_id)", _SHOP | {
                 "shop_id": ("text", "l.shop_id"), "room_id": ("text", "l.room_id"), "user_id": ("text", "l.user_id"),
                 "first": ("time", "l.first"), "reported": ("bool", "l.reported"),
             }, by_product=False, tables=("live_views",)),
        View("video", ("video_id",), "from dated.videos v join dated.shops s using (shop_id)", _VIDEO, by_product=False, tables=("videos",)),
        View("play", ("video_id", "user_id"),
             f"from {_PLAYS} l join dated.videos v using (video_id) join dated.shops s on s.shop_id = v.shop_id", _VIDEO | {
                 "user_id": ("text", "l.user_id"), "first": ("time", "l.first"), "effective": ("bool", "l.effective"),
             }, by_product=False, tables=("videos", "video_plays")),
    )
}  # fmt: skip
