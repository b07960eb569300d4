"""A platform's facts in slices of shops, as counting takes them."""

from functools import partial
from pathlib import Path

import duckdb

from tianping.facts import lake
from tianping.facts.schema import TABLES
from tianping.facts.versions import Known
from tianping.metrics.slices import Slices, slices


def sliced(con: duckdb.DuckDBPyConnection, folder: Path, known: Known, platform: str) -> Slices:
    """The slices of the shops of which schema `facts` of the connection shows what is known of a lake."""
    with_shop = {table.name for table in TABLES.values() if table.has_shop}
    return Slices(tuple(slices(con, platform)), lake.by_shop(known) | with_shop, partial(lake.confine, con, folder, known))
