"""How rows of proofs read: headings, cells, the parts they play, and their SQL in lines."""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import sqlglot

from tianping.metrics.compile import Definition
from tianping.policy.model import Pack, Unit
from tianping.policy.saying import amount, say
from tianping.web.wording import t, words
from tianping.work.figures.explain import Part

Show = Callable[[str, object], str]


def part_word(part: Part, definition: Definition) -> str:
    """The key of the words for the part that rows play."""
    if part.role == "denominator" and part.side == "denominator":
        return "figures.role_denominator_side"
    if part.role == "numerator" and definition.is_count:
        return "figures.role_counted"
    return f"figures.role_{part.role}"


def heads(lang: str) -> Callable[[str], str]:
    """The heading of a column; its own name where there are no words for it."""
    return lambda name: t(f"figures.col_{name}", lang) if f"figures.col_{name}" in words() else name


def table_word(lang: str) -> Callable[[str], str]:
    """The name of a table, or of `table.column`."""

    def word(name: str) -> str:
        table, _, column = name.partition(".")
        said = t(f"figures.table_{table}", lang) if f"figures.table_{table}" in words() else table
        return f"{said} · {heads(lang)(column)}" if column else said

    return word


def shows(lang: str, pack: Pack, unit: Unit = "count") -> Show:
    """A cell as people read it, by the name of its column. `unit`: what the rows add."""

    def show(name: str, value: object) -> str:
        if value is None or value == "":
            return "–"
        if isinstance(value, bool):
            return t("figures.is_true" if value else "figures.is_false", lang)
        if isinstance(value, int):
            return (
                amount(Fraction(value), unit, lang)
                if name.startswith("adds") and unit == "seconds"
                else _number(lang, name, value)
            )
        if isinstance(value, list):
            return ("、" if lang == "zh" else ", ").join(map(str, value))
        return _word(lang, pack, name, str(value))

    return show


def _number(lang: str, name: str, value: int) -> str:
    unit = next((unit for end, unit in _UNITS if name.endswith(end)), None)
    return amount(Fraction(value), unit, lang) if unit else str(value)


_UNITS: tuple[tuple[str, Unit], ...] = (("_fen", "fen"), ("_s", "seconds"))


_LISTED = (
    "kind", "first_refund_kind", "channel", "answer", "answered_by", "liability", "verdict", "last_score", "last_rating",
    "last_reason", "look_grade",
)  # fmt: skip
"""Columns whose values are words of ours."""


def _word(lang: str, pack: Pack, name: str, value: str) -> str:
    """Rules, roles and listed values in words; anything else as it is. In rows kept as text, yes and no are words too."""
    if name.startswith("rule"):
        return say(pack.rules[value].label, lang) if value in pack.rules else value
    key = f"figures.is_{value}" if value in ("true", "false") else ""
    if name == "side" or name.startswith("role"):
        key = f"figures.{name.partition('_')[0]}_{value}"
    elif name in _LISTED:
        key = f"figures.is_{value}"
    elif name.endswith("reason"):
        key = f"products.reason_{value}"
    return t(key, lang) if key in words() else value


@lru_cache(maxsize=64)
def readable(sides: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Each side's SQL in lines, as far as it can be put so."""
    return tuple((side, _lines(sql)) for side, sql in sides)


def _lines(sql: str) -> str:
    try:
        return sqlglot.parse_one(sql, dialect="duckdb").sql("duckdb", pretty=True)
    except sqlglot.errors.SqlglotError:
        return sql
