"""A made-up market as fact files: the same parameters give the same bytes, and every fault in it has a known cause."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from tianping.errors import TianpingError
from tianping.simulate import (
    agents,
    casefile,
    cases,
    chats,
    complain,
    content,
    endings,
    orders,
    parcels,
    plan,
    products,
    reviews,
    room,
    rota,
    shops,
    talks,
    truth,
    world,
)
from tianping.simulate.causes import Course
from tianping.simulate.draws import Rng, stream
from tianping.simulate.plan import Chunk, Market
from tianping.simulate.sink import Form, Sink
from tianping.simulate.truth import Truth
from tianping.simulate.world import World

MOST_SHOPS = 900_000  # product numbers hold the shop's in front


def write(
    out: Path,
    *,
    seed: int,
    shops: int,
    orders: int,
    days: int,
    first_day: dt.date,
    form: Form = "parquet",
    told: Callable[[int], None] = lambda _: None,
) -> Truth:
    """Write one file per table and _truth.json into the new or empty folder `out`.

    The files are an export made at the end of the last day: later events are left empty. Times are wall times of
    Asia/Shanghai. Memory is bounded by plan.CHUNK, whatever the number of orders. `told` gets the number of orders done,
    chunk by chunk. Raises TianpingError, before anything is written, for an impossible market or too little room.
    """
    _check(shops=shops, orders=orders, days=days, seed=seed)
    market = Market(seed, shops, orders, days, first_day)
    room.check(out, market, form)
    with Sink(out, form) as sink:
        market_world = world.make(market)
        videos = _write_standing(sink, market_world)
        for chunk in plan.chunks(market):
            _write_chunk(sink, market_world, videos, chunk)
            told(int(chunk.counts.sum()))
    known = truth.make(market_world, sink.rows)
    known.write(out / "_truth.json")
    return known


def _check(*, shops: int, orders: int, days: int, seed: int) -> None:
    for name, value, least, most in (
        ("shops", shops, 1, MOST_SHOPS),
        ("days", days, 1, 3650),
        ("orders", orders, 1, days * plan.PER_DAY // 2),
        ("seed", seed, 0, 2**63),
    ):
        if not least <= value <= most:
            raise TianpingError(f"a market cannot have {name} = {value}; give a number from {least} to {most}")


def _write_standing(sink: Sink, known: World) -> content.Videos:
    """What does not grow with the orders."""
    sink.write("shops", shops.table(known.market, known.shops))
    for block in products.tables(known.market, known.shops, known.products):
        sink.write("products", block)
    sink.write("agents", agents.table(known.market, known.shops, known.staff))
    for block in rota.shifts(known):
        sink.write("agent_shifts", block)
    videos = content.make(known)
    sink.write("videos", content.video_table(known, videos))
    return videos


def _write_chunk(sink: Sink, known: World, videos: content.Videos, chunk: Chunk) -> None:
    """One chunk of orders and all that follows from them."""

    def rng(purpose: str) -> Rng:
        return stream(known.market.seed, purpose, chunk.number)

    bought = orders.make(known, chunk, rng("orders"))
    planned = parcels.plan(known, bought, rng("parcels"))
    course = Course(planned.last("shipped", bought), planned.last("signed", bought), parcels.crushed(known, bought, planned))
    rounds = cases.make(known, bought, course, rng("cases"))
    trips = endings.stop_refunded(bought, planned, rounds)
    ends = endings.make(bought, trips, rounds)
    said = talks.make(known, bought, rng("talks"))
    sad = reviews.let_down(known, bought, course, rounds)
    sink.write("orders", endings.table(known, bought, ends, talks.served_before(bought, said)))
    sink.write("parcels", parcels.outbound(known, bought, trips))
    _write_cases(sink, known, bought, rounds, rng("case file"))
    sink.write("reviews", reviews.table(known, bought, course, ends, sad, rng("reviews")))
    sink.write("complaints", complain.table(known, bought, trips, course, sad, rng("complaints")))
    for table, columns in chats.tables(known, bought, said, rng("chats")).items():
        sink.write(table, columns)
    sink.write("live_views", content.view_table(known, bought, rng("live")))
    sink.write("video_plays", content.play_table(known, videos, bought, rng("plays")))


def _write_cases(sink: Sink, known: World, bought: orders.Orders, rounds: list[cases.Cases], rng: Rng) -> None:
    for done in rounds:
        asked = done.requests
        sink.write("cases", casefile.table(known, bought, done, rng))
        sink.write(
            "parcels",
            parcels.back(known, rng, bought.number[asked.order], asked.round, done.returns.waybill, done.returns.signed),
        )
