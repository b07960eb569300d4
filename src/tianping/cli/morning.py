"""The morning table: a shop's figures beside the benchmark."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rich.table import Table

from tianping.cli.show import paper
from tianping.cli.words import word
from tianping.errors import NotFound
from tianping.policy.model import Metric, Pack
from tianping.policy.saying import amount, say
from tianping.store.closes import Close
from tianping.work.closing.benchmark import Beside, beside, yardsticks
from tianping.work.closing.closed import Filter, shops
from tianping.work.home import Home

FEW = 3
"""Shops shown where none is asked for."""


def print_morning(home: Home, done: Close, packs: Mapping[str, Pack], asked: Sequence[str], days: int, lang: str) -> None:
    """One table a shop."""
    console = paper()
    counts = frozenset(key for pack in packs.values() for key, metric in pack.metrics.items() if metric.is_count)
    against = yardsticks(home, done)
    for shop in asked or shops(home, done)[:FEW]:
        found = list(beside(home, done, Filter(by="shop", subject=shop, days=days), counts=counts, against=against))
        if not found:
            raise NotFound(
                f"the close of {done.date} has no figures of shop {shop} over {days} days; "
                f"`tianping metrics --date {done.date} --by shop` lists who has"
            )
        console.print(_table(shop, found, packs[str(found[0].figure["platform"])], done, lang))
    console.print(word("market_note" if against.market else "own_shops_note", lang), style="dim")


def _table(shop: str, found: Sequence[Beside], pack: Pack, done: Close, lang: str) -> Table:
    title = f"{say(pack.label, lang)} · {word('shop', lang)} {shop} · {word('as_of', lang)} {done.date}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column(word("metric", lang), no_wrap=True)
    for name, width in (("value", 12), ("fraction", 14), ("benchmark", 12), ("ratio", 6), (_second(found), 12)):
        table.add_column(word(name, lang), justify="right", no_wrap=True, min_width=width)
    for name in ("status", "days_counted"):
        table.add_column(word(name, lang), no_wrap=True)
    by_key = {(str(each.figure["metric"]), str(each.figure["variant"])): each for each in found}
    for key, metric in pack.metrics.items():
        if key in by_key:
            table.add_row(*_row(metric, by_key[key], lang))
    return table


def _second(found: Sequence[Beside]) -> str:
    """What stands beside the benchmark: in a market an imported one, in a home of own shops the average over them."""
    return "imported" if found[0].market else "your_shops"


def _beside(each: Beside) -> Fraction | None:
    if not each.market:
        return each.all_shops
    return each.imported.rate if each.imported else None


def _row(metric: Metric, each: Beside, lang: str) -> list[str]:
    figure = each.figure
    fraction = "" if metric.is_count else f"{figure['numerator']:,}/{figure['denominator']:,}".replace(",", "\u2009")
    ratio = "–" if each.ratio is None else f"{float(each.ratio):.2f}×"
    benchmark = "" if metric.is_count else amount(each.benchmark, metric.unit)
    status = word(str(figure["status"]), lang)
    days = f"{figure['first_day']:%m-%d}–{figure['last_day']:%m-%d}"
    return [
        say(metric.label, lang),
        amount(each.own, metric.unit),
        fraction,
        benchmark,
        "" if metric.is_count else ratio,
        "" if metric.is_count else amount(_beside(each), metric.unit),
        status,
        days,
    ]
