"""The views of what is said and who says it: bursts, buyers' days, sessions, and the days and shifts of agents."""

from tianping.facts.viewsql import SECONDS, SHOP, Part, Typed, View, of_table, plain

# Reading rule 8. A buyer message begins a burst unless the message before it is the buyer's own of the same day;
# its answer is the next reply, whenever it comes. System notices are neither. Who reads only when the answer came is not
# charged for whose it is: DuckDB leaves out a window function that nobody asks for.
_NEXT = "over (said rows between 1 following and unbounded following)"
_SAID = f"""(
  select *, buyer_day_before is distinct from day as begins from (
    select m.shop_id, m.buyer_id, m.agent_id, m.sent_at as began_at, m.sender, s.platform, s.region, s.timezone,
      cast(wall(m.sent_at, s.timezone) as date) as day,
      lag(case when m.sender = 'buyer' then cast(wall(m.sent_at, s.timezone) as date) end) over said as buyer_day_before,
      first_value(case when m.sender <> 'buyer' then m.sent_at end ignore nulls) {_NEXT} as reply_at,
      first_value(case when m.sender <> 'buyer' then {{'who': m.sender, 'agent': m.agent_id}} end ignore nulls) {_NEXT} as reply
    from dated.messages m join $shops s using (shop_id)
    where m.sent_at >= $since and m.sender in ('buyer', 'agent', 'bot')
    window said as (partition by m.shop_id, m.buyer_id order by m.sent_at, m.message_id)
  ) where sender = 'buyer'
)"""
_TOOK = SECONDS.format("began_at", "reply_at")
_BUYER_DAYS = f"""(
  select shop_id, buyer_id, day, bool_or(asked) as asked, sum(bursts)::integer as bursts,
    sum(answered_180)::integer as answered_180, sum(answered_300)::integer as answered_300,
    max(score) as last_score, max(reason) as last_reason
  from (
    select shop_id, buyer_id, day, true as asked, cast(counts as integer) as bursts,
      cast(counts and coalesce({_TOOK} <= 180, false) as integer) as answered_180,
      cast(counts and coalesce({_TOOK} <= 300, false) as integer) as answered_300, null as score, null as reason
    from (select *, begins and hour(wall(began_at, timezone)) >= 8 as counts from {_SAID})
    union all
    select shop_id, buyer_id, day, false, 0, 0, 0, r.last.score, r.last.reason from (
      select r.shop_id, r.buyer_id, cast(wall(r.rated_at, s.timezone) as date) as day,
        max_by({{'score': r.score, 'reason': r.reason}}, {{'at': r.rated_at, 'id': r.rating_id}}) as last
      from dated.chat_ratings r join $shops s using (shop_id) where r.rated_at >= $since group by all
    ) r
  ) group by all
)"""

# An agent has served a buyer on a day on which a message or a rating of that buyer carries the agent, or an order that does
# was paid.
_SERVED = """(
  select shop_id, agent_id, buyer_id, day, bool_or(consulted) as consulted, bool_or(replied) as replied, bool_or(paid) as paid,
    max(score) as last_score, max(reason) as last_reason
  from (
    select m.shop_id, m.agent_id, m.buyer_id, cast(wall(m.sent_at, s.timezone) as date) as day, true as consulted,
      m.sender = 'agent' as replied, false as paid, null as score, null as reason
    from dated.messages m join $shops s using (shop_id) where m.agent_id is not null and m.sent_at >= $since
    union all
    select o.shop_id, o.agent_id, o.buyer_id, cast(wall(o.paid_at, s.timezone) as date), false, false, true, null, null
    from dated.orders o join $shops s using (shop_id)
    where o.agent_id is not null and o.buyer_id is not null and o.paid_at >= $since
    union all
    select shop_id, agent_id, buyer_id, day, false, false, false, r.last.score, r.last.reason from (
      select r.shop_id, r.agent_id, r.buyer_id, cast(wall(r.rated_at, s.timezone) as date) as day,
        max_by({'score': r.score, 'reason': r.reason}, {'at': r.rated_at, 'id': r.rating_id}) as last
      from dated.chat_ratings r join $shops s using (shop_id)
      where r.agent_id is not null and r.rated_at >= $since group by all
    ) r
  ) group by all
)"""

# The first message of a person in the session, from its assignment on.
_ANSWER = Part(
    "messages",
    """left join (
  select _row, min(m.sent_at) as at from (select session_id, shop_id, assigned_at, rowid as _row from ours)
  join dated.messages m using (session_id, shop_id) where m.sender = 'agent' and m.sent_at >= assigned_at group by _row
) answer using (_row)""",
    {"first_agent_at": ("time", "answer.at")},
    ("session_id", "shop_id", "assigned_at"),
    {"first_agent_at": (("messages", "sent_at"), ("messages", "session_id"))},
)
# The session's last rating; ties: the greater id (reading rule 6).
_RATED = Part(
    "chat_ratings",
    """left join (
  select _row, max({'at': rated_at, 'id': rating_id, 'score': score}) as last
  from (select session_id, shop_id, rowid as _row from ours) join dated.chat_ratings using (session_id, shop_id)
  where rated_at is not null group by _row
) rated using (_row)""",
    {"last_rating": ("text", "rated.last.score"), "last_rated_at": ("time", "rated.last.at")},
    ("session_id", "shop_id"),
    {
        "last_rating": (("chat_ratings", "score"), ("chat_ratings", "session_id")),
        "last_rated_at": (("chat_ratings", "rated_at"), ("chat_ratings", "session_id")),
    },
)

_LAST = {
    "last_score": "max_by(last_score, day) filter (where last_score is not null)",
    "last_reason": "max_by({'r': last_reason}, day) filter (where last_score is not null).r",
}
_SAME = {name: f"any_value({name})" for name in SHOP}
_BURST: Typed = {
    "began_at": ("time", "b.began_at"),
    "answered_at": ("time", "b.reply_at"),
    "answered_by": ("text", "b.reply.who"),
    # Who answered first; while nobody has, whom the buyer's message was put to.
    "agent_id": ("text", "case when b.reply_at is null then b.agent_id else b.reply.agent end"),
}

CHATS = (
    View(
        "burst",
        ("shop_id", "buyer_id", "began_at"),
        f"from (select * from {_SAID} where begins) b",
        plain("b", shop_id="text", buyer_id="text", platform="text", region="text", timezone="text") | _BURST,
        by_product=False,
        tables=("messages",),
    ),
    View(
        "buyer_day",
        ("shop_id", "buyer_id", "day"),
        f"from {_BUYER_DAYS} b join $shops s using (shop_id)",
        SHOP
        | plain("b", shop_id="text", buyer_id="text", day="day", asked="bool", bursts="int", answered_180="int")
        | plain("b", answered_300="int", last_score="text", last_reason="text"),
        by_product=False,
        tables=("messages",),
        folds={name: f"sum({name})::integer" for name in ("bursts", "answered_180", "answered_300")}
        | {"asked": "bool_or(asked)"}
        | _LAST
        | _SAME,
        made={"last_score": (("chat_ratings", "score"),), "last_reason": (("chat_ratings", "reason"),)},
    ),
    View(
        "session",
        ("session_id",),
        "from (select * from dated.chat_sessions where opened_at is not null) c join $shops s using (shop_id)",
        SHOP | of_table("chat_sessions", "c"),
        (_ANSWER, _RATED),
        by_product=False,
        tables=("chat_sessions",),
    ),
    View(
        "served",
        ("shop_id", "agent_id", "buyer_id", "day"),
        f"from {_SERVED} b join $shops s using (shop_id)",
        SHOP
        | plain("b", shop_id="text", agent_id="text", buyer_id="text", day="day", consulted="bool", replied="bool", paid="bool")
        | plain("b", last_score="text", last_reason="text"),
        by_product=False,
        folds={name: f"bool_or({name})" for name in ("consulted", "replied", "paid")} | _LAST | _SAME,
        made={
            "consulted": (("messages", "agent_id"),),
            "replied": (("messages", "agent_id"),),
            "paid": (("orders", "agent_id"), ("orders", "paid_at"), ("orders", "buyer_id")),
            "last_score": (("chat_ratings", "agent_id"), ("chat_ratings", "score")),
            "last_reason": (("chat_ratings", "agent_id"), ("chat_ratings", "reason")),
        },
    ),
    View(
        "shift",
        ("shift_id", "agent_id"),
        "from (select * from dated.agent_shifts where online_at is not null) f join $shops s using (shop_id)",
        SHOP | of_table("agent_shifts", "f") | {"online_s": ("int", SECONDS.format("f.online_at", "f.offline_at"))},
        by_product=False,
        tables=("agent_shifts",),
        made={"online_s": (("agent_shifts", "online_at"), ("agent_shifts", "offline_at"))},
    ),
)
