"""The glossary fixes the words: tables, allowed values, statuses and metrics stand in it."""

import re
from typing import get_args

from proofs import HOUSE
from tianping.facts.schema import TABLES
from tianping.metrics.figure import Status
from tianping.policy.cases.casebook import casebooks
from tianping.policy.cases.casefacts import FACTS
from tianping.policy.load import packs

_TEXT = (HOUSE / "docs" / "glossary.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`(\w+)`", _TEXT))


def test_every_table_is_named() -> None:
    assert set(TABLES) <= NAMES


def test_every_allowed_value_is_named() -> None:
    values = {value for table in TABLES.values() for column in table.columns for value in column.values if value.isidentifier()}
    assert values <= NAMES


def test_every_status_is_named() -> None:
    assert set(get_args(Status)) <= NAMES


def test_rows_have_three_cells() -> None:
    rows = [line for line in _TEXT.splitlines() if line.startswith("|")]
    assert [row for row in rows if row.count("|") != 4] == []


def test_every_metric_of_the_packs_is_named() -> None:
    keys = (key for pack in packs().values() for key in pack.metrics)
    assert {word for key in keys for word in key if word} <= NAMES


def test_every_name_of_the_casebooks_is_named() -> None:
    parts = ("flows", "clocks", "guards", "amounts", "calendars")
    names = {name for book in casebooks().values() for part in parts for name in getattr(book, part)}
    versions = [version for book in casebooks().values() for flow in book.flows.values() for version in flow.versions]
    names |= {name for version in versions for name in (*version.states, *version.verbs)}
    assert sorted((names | set(FACTS)) - NAMES) == []
