"""The views of what is shown: live rooms, videos and their plays."""

from tianping.facts.viewsql import SHOP, Typed, View, of_table, plain

# One row per user and room, from the user's first view of at least five seconds on (KS-M25).
_LIVE = """(
  select shop_id, room_id, user_id, min(viewed_at) filter (where seconds >= 5) as first,
    bool_or(coalesce(reported, false)) as reported
  from dated.live_views where viewed_at is not null group by all
)"""
# One row per user and video. Effective: 3–7 s played to the end, longer ones for at least 7 s (KS-M27).
_PLAYS = """(
  select p.video_id, p.user_id, min(p.played_at) as first, bool_or(p.watched_s >= least(v.duration_s, 7)) as effective
  from dated.video_plays p join facts.videos v using (video_id) where p.played_at is not null group by all
)"""
_VIDEO: Typed = SHOP | of_table("videos", "v") | {"with_product": ("bool", "coalesce(v.with_product, true)")}

SCREEN = (
    View(
        "view",
        ("shop_id", "room_id", "user_id"),
        f"from {_LIVE} l join dated.shops s using (shop_id)",
        SHOP | plain("l", shop_id="text", room_id="text", user_id="text", first="time", reported="bool"),
        by_product=False,
        tables=("live_views",),
    ),
    View(
        "video",
        ("video_id",),
        "from dated.videos v join dated.shops s using (shop_id)",
        _VIDEO,
        by_product=False,
        tables=("videos",),
    ),
    View(
        "play",
        ("video_id", "user_id"),
        f"from {_PLAYS} l join dated.videos v using (video_id) join dated.shops s on s.shop_id = v.shop_id",
        _VIDEO | plain("l", user_id="text", first="time", effective="bool"),
        by_product=False,
        tables=("videos", "video_plays"),
    ),
)
