"""How judgement does on made-up markets whose faults are known: which planted faults it finds and warns of, how many days
before, and how many subjects without a planted fault it accuses, with and without the statistical guard.

    python scripts/accused.py SEEDS… [--shops N] [--orders N] [--days N] [--closes N]
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tianping.policy.load import packs
from tianping.simulate import market
from tianping.simulate.faults import Planted
from tianping.store import judgements
from tianping.work.closing.close import Asked
from tianping.work.home import Home, open_home, set_scope
from tianping.work.intake import imports
from tianping.work.judge import close_day
from tianping.work.judgement import judged

FIRST_DAY = dt.date(2024, 3, 1)
NOW = dt.datetime(2024, 12, 1)
EXPECTED: Mapping[str, tuple[str, ...]] = {
    "product_turns_bad": ("quality_anomaly", "negative_reviews"),
    "silent_at_night": ("slow_response", "low_satisfaction"),
    "slow_answers": ("slow_response", "low_satisfaction"),
    "bunched_shipments": ("shipping_below_line",),
    "ships_late": ("shipping_below_line",),
}
"""The planted faults that some violation of the packs is about, and which. The others change figures that no rule punishes."""
LOOKED_AT = frozenset(name for names in EXPECTED.values() for name in names)
GUARD = Fraction(1, 1000)


class Spotted(NamedTuple):
    """A violation, or a warning, as a day showed it. `chance`: of a subject exactly at the benchmark; None: no statistics."""

    date: dt.date
    name: str
    subject: str
    shop: str
    chance: float | None


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("seeds", nargs="*", type=int, default=[1])
    for name, number in (("shops", 60), ("orders", 120_000), ("days", 92), ("closes", 45)):
        asked.add_argument(f"--{name}", type=int, default=number)
    given = asked.parse_args()
    for seed in given.seeds:
        with TemporaryDirectory(prefix="tianping-") as scratch:
            _one(Path(scratch), seed, given)


def _one(scratch: Path, seed: int, given: argparse.Namespace) -> None:
    truth = market.write(
        scratch / "market", seed=seed, shops=given.shops, orders=given.orders, days=given.days, first_day=FIRST_DAY
    )
    home = open_home(scratch / "home", create=True)
    set_scope(home, "market")
    imports.bring(home, imports.Request((scratch / "market",), NOW))
    last = FIRST_DAY + dt.timedelta(days=given.days)
    for back in range(given.closes - 1, -1, -1):
        close_day(home, packs(), Asked(last - dt.timedelta(days=back), in_a_row=True), at=NOW)
        sys.stderr.write(f"\r{seed}: {given.closes - back} of {given.closes} days")
    sys.stderr.write("\n")
    _report(seed, truth.faults, home)


def _report(seed: int, faults: Sequence[Planted], home: Home) -> None:
    found, near = list(_spotted(home, "found")), list(_spotted(home, "warnings"))
    guilty = {fault.shop_id for fault in faults}
    print(f"seed {seed}")
    for fault in faults:
        if names := EXPECTED.get(fault.kind):
            first, warned = (_first(each, names, fault) for each in (found, near))
            before = (first - warned).days if first and warned else None
            print(f"  {fault.kind} {fault.shop_id} {fault.since}: found {first}, warned {warned}, {before} days before")
    for name in sorted(LOOKED_AT):
        innocent = [each for each in found if each.name == name and each.shop not in guilty]
        kept = [each for each in innocent if each.chance is None or Fraction(each.chance) < GUARD]
        shops = (len({each.subject for each in some}) for some in (innocent, kept))
        print(f"  {name}: subjects accused without a planted fault of their shop: {next(shops)}, with the guard {next(shops)}")


def _first(spotted: Sequence[Spotted], names: Sequence[str], fault: Planted) -> dt.date | None:
    """The first day on which one of these is seen of the fault's shop, since it began."""
    days = [each.date for each in spotted if each.name in names and each.shop == fault.shop_id and each.date >= fault.since]
    return min(days, default=None)


def _spotted(home: Home, table: str) -> Iterator[Spotted]:
    for each in judgements.every(home.database):
        for row in judged.read(home, each, table):
            if not row.get("records"):
                said = json.loads(row["evidence"]).get("chance") or {}
                yield Spotted(each.date, row["name"], row["subject_id"], row["shop_id"], said.get("chance"))


if __name__ == "__main__":
    main()
