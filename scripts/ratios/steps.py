"""The steps of `make bench` and what each may cost: tables. The aims stand in the issues that asked for them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from ratios.checks import closed, landed
from ratios.costs import MILLION, Aim

_TIANPING = f"{Path(sys.executable).with_name('tianping')} --home {{folder}}"
_DISGUISE = f"{sys.executable} {Path(__file__).with_name('disguise.py')}"
_HOME, _OTHER, _FILES = f"{_TIANPING}/home", f"{_TIANPING}/other", "{folder}/files"
_FIGURE = "explain metric quality_refund_rate --date {date}"
_MEMORY = (
    Aim("megabytes", 1_500, sizes=range(MILLION, 10 * MILLION + 1)),
    Aim("megabytes", 4_000, sizes=range(10 * MILLION + 1, 10**12)),
)
_SECOND = (Aim("seconds", 1), *_MEMORY)
_ALL_METRICS = (Aim("seconds", 9, 10 * MILLION), *_MEMORY)


class Step(NamedTuple):
    """`most`: with more orders it is left out unless asked for. `drops`: a folder that no later step needs. `found` says what
    came of it, from the scratch folder, or raises Failed."""

    name: str
    command: str
    aims: tuple[Aim, ...] = ()
    most: int = 10**12
    drops: str = ""
    found: Callable[[Path], str] = lambda folder: ""


FIRST = "first close, all metrics"
NEXT = "next day's close"
DIRECT = "the same day, counted directly"
SIXTY = "sixty days in a row"

STEPS: Final = (
    Step("start of the program", f"{_HOME} close --help"),
    Step("simulate", f"{_TIANPING}/none simulate {{market}} --out {{folder}}/made", (Aim("seconds", 15, MILLION),)),
    Step("(random ids, days apart)", f"{_DISGUISE} {{folder}}/made {_FILES} {{forms}}"),
    Step("import Parquet", f"{_HOME} import {_FILES}/parquet --format json", found=landed),
    Step("import Parquet again", f"{_HOME} import {_FILES}/parquet --format json", drops="files/parquet", found=landed),
    Step("import CSV: orders and theirs", f"{_OTHER} import {_FILES}/csv/orders --format json",
         (Aim("seconds", 600, 10 * MILLION), Aim("megabytes", 2_000)), 10 * MILLION, found=landed),
    Step("import CSV: chats and the rest", f"{_OTHER} import {_FILES}/csv/rest --format json",
         (Aim("megabytes", 2_000),), 10 * MILLION, "files/csv", landed),
    Step(FIRST, f"{_HOME} close --date {{first}}", _ALL_METRICS, drops="other", found=closed),
    Step("a day on top: orders and theirs", f"{_HOME} import {_FILES}/day/orders --format json",
         (Aim("seconds", 10, 10 * MILLION), Aim("megabytes", 2_000)), found=landed),
    Step("a day on top: chats and the rest", f"{_HOME} import {_FILES}/day/rest --format json", found=landed),
    Step(NEXT, f"{_HOME} close --date {{date}}", _MEMORY, found=closed),
    Step(DIRECT, f"{_HOME} close --date {{date}} --known-at 2100-01-01", _ALL_METRICS, found=closed),
    Step("explain a figure of a shop", f"{_HOME} {_FIGURE} --subject {{shop}}", _SECOND),
    Step("explain a figure of the platform", f"{_HOME} {_FIGURE} --by platform --subject kuaishou", _SECOND),
    Step("metrics of a shop", f"{_HOME} metrics --date {{date}} --subject {{shop}}"),
    Step("metrics, all, as CSV", f"{_HOME} metrics --date {{date}} --format csv"),
    Step(SIXTY, f"{_HOME} close --from {{sixty}} --date {{date}}", _MEMORY, MILLION, found=closed),
)  # fmt: skip

SAME: Final = (NEXT, DIRECT, SIXTY)
"""Steps that must find the same, where they are made: only the last is carried from the days before (`closing/carry.py`)."""


class Ratio(NamedTuple):
    """What one step costs for each of `parts`, over what another does."""

    name: str
    step: str
    over: str
    most: float
    parts: int = 1


RATIOS: Final = (
    Ratio("next day / first close", NEXT, FIRST, 0.15),
    Ratio("a day of sixty, carried / counted directly", SIXTY, DIRECT, 1, 60),
)
