"""In which zone each row's wall times are: its shop's, or its order's shop's, else the home's."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from tianping.facts.cells import clean, one_of
from tianping.facts.check import Plan, Zoning
from tianping.facts.engine import parquet, quoted
from tianping.periods import is_zone


class Zones:
    """Which zone each row's wall times are in, from what is known and what this import has staged in `folder` so far."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con, self._folder = con, folder
        self._seen: dict[str, list[str]] = {}

    def zoning(self, plan: Plan, batch: str, *, home: str) -> Zoning:
        """For one batch of a table. `home` is the zone of a row whose shop is unknown or has none."""
        self._learn("shops", self._learn_shops)
        times = [name for name in plan.given if plan.table.by_name[name].type == "time"]
        at_home = self._zone_of(plan.fill_shop, home) if plan.fill_shop else home
        zones = {at_home, *(zone for (zone,) in self._con.execute("SELECT DISTINCT zone FROM shop_zone").fetchall())}
        if plan.table.name == "shops" and "timezone" in plan.cells:
            return self._own(plan, batch, zones, at_home)
        if not times or len(zones) == 1:
            return Zoning((at_home,))
        by = self._by(plan)
        if not by:
            return Zoning((at_home,))
        join = f'LEFT JOIN {by[0]} AS looked ON looked.id = walls."c_{by[1]}"'
        return Zoning(tuple(sorted(zones)), f"coalesce(looked.zone, {quoted(at_home)})", join)

    def _by(self, plan: Plan) -> tuple[str, str] | None:
        """The look-up and the column it is asked by."""
        if "shop_id" in plan.given:
            return "shop_zone", "shop_id"
        if "order_id" in plan.given:
            self._learn("orders", self._learn_orders)
            return "order_zone", "order_id"
        return None

    def _own(self, plan: Plan, batch: str, zones: set[str], at_home: str) -> Zoning:
        """A shop's row says its own zone; where it does not, what is known of the shop."""
        cell = clean(f"({plan.cells['timezone'].sql})", plan.table.by_name["timezone"])
        named = self._con.execute(f"SELECT DISTINCT {cell} FROM {batch}").fetchall()
        valid = sorted({zone for (zone,) in named if zone and is_zone(zone)})
        said = f'CASE WHEN walls."c_timezone" IN {one_of(valid)} THEN walls."c_timezone" END, ' if valid else ""
        join = 'LEFT JOIN shop_zone AS looked ON looked.id = walls."c_shop_id"'
        return Zoning(tuple(sorted({*zones, *valid})), f"coalesce({said}looked.zone, {quoted(at_home)})", join)

    def _zone_of(self, shop: str, home: str) -> str:
        found = self._con.execute("SELECT zone FROM shop_zone WHERE id = $1", [shop]).fetchall()
        return str(found[0][0]) if found else home

    def _learn(self, table: str, learn: Callable[[str], None]) -> None:
        """Look again when more of `table` has been staged."""
        staged = sorted(str(path) for path in (self._folder / table).glob("*.parquet"))
        if self._seen.get(table) != staged:
            self._seen[table] = staged
            learn(f"FROM {parquet(staged)}" if staged else "")

    def _learn_shops(self, staged: str) -> None:
        """`shop_zone(id, zone)`: the newest zone each shop was given."""
        rows = "SELECT shop_id, timezone, -1 AS part, NULL::TIMESTAMP AS updated_at FROM known.shops"
        rows += f" UNION ALL SELECT shop_id, timezone, _part, updated_at {staged}" if staged else ""
        newest = "QUALIFY row_number() OVER (PARTITION BY shop_id ORDER BY part DESC, updated_at DESC NULLS LAST, timezone) = 1"
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE shop_zone AS SELECT shop_id AS id, timezone AS zone FROM ({rows}) "
            f"WHERE timezone IS NOT NULL {newest}"
        )

    def _learn_orders(self, staged: str) -> None:
        """`order_zone(id, zone)`: only orders of shops that have a zone, so that it stays small where hardly any has."""
        rows = "SELECT order_id, shop_id FROM known.orders"
        rows += f" UNION ALL SELECT order_id, shop_id {staged}" if staged else ""
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE order_zone AS SELECT order_id AS id, any_value(zone) AS zone "
            f"FROM ({rows}) JOIN shop_zone ON shop_zone.id = shop_id GROUP BY order_id"
        )
