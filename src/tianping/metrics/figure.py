"""A figure: what one metric says of one subject over one period. The columns are a promise (`interface.md`)."""

import datetime as dt
from decimal import Decimal
from typing import Literal, NamedTuple

Status = Literal["ok", "too_few", "undefined", "immature", "incomplete", "no_data"]

BY = (
    "platform", "category_l1", "category_l2", "category_l3", "shop", "shop_category_l1", "shop_category_l2", "shop_category_l3",
    "product", "agent",
)  # fmt: skip


class Figure(NamedTuple):
    """`value` is numerator / denominator rounded half-even to 6 decimals, None where the denominator is 0.

    Durations are in seconds."""

    platform: str
    metric: str
    variant: str
    version: str
    by: str
    subject: str
    date: dt.date
    days: int
    first_day: dt.date
    last_day: dt.date
    numerator: int
    denominator: int
    value: Decimal | None
    status: Status
    why: str
