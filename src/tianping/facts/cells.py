"""Cells → values: for each type of the schema how a cell is cleaned, typed, and what is wrong with one that will not do.

All of it is SQL over one column, run by DuckDB on whole batches. A rule reads the cleaned cell `c` (empty is null) and, for
times, the wall time `w`; a typed value that is null where `c` is not makes the row go to quarantine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from tianping.facts.engine import quoted
from tianping.facts.instants import each_to_instant_sql
from tianping.facts.schema import Column
from tianping.money import WRITTEN, YUAN

_BLANKS = "' \t\r\n\u00a0\u3000\u200b\ufeff'"
_AT_ENDS = "'^[ \t\r\n\u00a0\u3000\u200b\ufeff]|[ \t\r\n\u00a0\u3000\u200b\ufeff]$'"
_ISO = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?"
_LOOSE_DAY = r"(\d{4}-\d\d?-\d\d?|\d{4}/\d\d?/\d\d?|\d{4}\.\d\d?\.\d\d?|\d{4}年\d\d?月\d\d?日)"
_LOOSE_CLOCK = r"(\d\d?[:：]\d\d([:：]\d\d(\.\d+)?)?|\d\d?时\d\d?分(\d\d?秒)?)"
_LOOSE = rf"{_LOOSE_DAY}([T ]*{_LOOSE_CLOCK})?"
_PIECES = r"(\d+)\D+(\d+)\D+(\d+)\D*(\d*)\D*(\d*)[^\d.]*([\d.]*).*"
_SERIAL = r"\d{5}(\.\d+)?"
_EPOCH = r"\d{9,13}(\.\d+)?"
_HAS_OFFSET = r".{15,}(Z|[+-]\d\d(:?\d\d)?)"
_WHOLE = r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.0+)?"
NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"
"""A decimal number; a spreadsheet writes a small one as 3E-05."""
_DESTROYED = r"[+-]?(\d+\.\d*|\d*\.\d+)([eE][+-]?\d+)?|[+-]?\d+[eE][+-]\d+"
_WRAPPED = r"""^=\s*"(.*)"$|^''"""
_FAR = "the year is outside 2000 to 2100"
_FROM, _TO = "2000-01-01", "2101-01-01"
_SERIALS = (36526, 73416)
"""Days of _FROM and _TO since the last but one of 1899, as Excel counts them; their seconds since 1970 are _SECONDS. A number
of milliseconds is a thousand times that: no two of the three ranges meet."""
_SECONDS = (946684800, 4133980800)
STROKE = "/"
"""Parts a shop from a category in the subject of a figure (`S1/Clothing`), so that no shop's id may have it."""
NO_SHOP = "a shop's id may hold no /, which parts shop and category in figures; give the shop another id in all its files"
_TRUE = ("true", "1", "yes", "t", "是", "有", "真", "√", "✓", "✔", "1.0")
_FALSE = ("false", "0", "no", "f", "否", "无", "假", "×", "0.0")


@dataclass(frozen=True, slots=True)
class Names:
    """The SQL names a rule may read: cleaned cell, wall time, the row's zone and the zones it can be; `b`: the time is bare."""

    c: str
    w: str
    zone: str
    zones: tuple[str, ...]
    yuan: bool = False
    b: str = ""


Typed = Callable[[Column, Names], str]
Reasons = Callable[[Column, Names], list[tuple[str, str]]]


def one_of(values: Sequence[str]) -> str:
    """`(…, …)` for SQL IN."""
    return f"({', '.join(map(quoted, values))})"


def clean(cell: str, column: Column) -> str:
    """SQL: the cell without what surrounds it; empty is null. Ids also lose a spreadsheet's wrapping (`="69…"`, `'69…`).

    Nearly every cell begins and ends with a plain letter or digit and is done after two comparisons; Chinese text after one
    search. Trimming each would cost four times as much.
    """
    trimmed = f"nullif(trim({cell}, {_BLANKS}), '')"
    ends_plain = f"{cell}[-1] BETWEEN '!' AND '~'"
    if column.type != "id":
        bare = f"{cell} <> '' AND NOT regexp_matches({cell}, {_AT_ENDS})"
        return f"CASE WHEN {cell}[1] BETWEEN '!' AND '~' AND {ends_plain} OR {bare} THEN {cell} ELSE {trimmed} END"
    begins_plain = f"({cell}[1] BETWEEN '0' AND '9' OR {cell}[1] BETWEEN 'A' AND 'z')"
    unwrapped = rf"""nullif(trim(regexp_replace({trimmed}, '{_WRAPPED}', '\1'), {_BLANKS}), '')"""
    return f"CASE WHEN {begins_plain} AND {ends_plain} THEN {cell} ELSE {unwrapped} END"


def is_destroyed(cell: str) -> str:
    """SQL: a spreadsheet has made a number of this id."""
    return f"regexp_full_match({cell}, '{_DESTROYED}')"


def _id(column: Column, n: Names) -> str:
    parted = f" AND NOT contains({n.c}, {quoted(STROKE)})" if column.name == "shop_id" else ""
    return f"CASE WHEN NOT {is_destroyed(n.c)}{parted} THEN {n.c} END"


def _text(column: Column, n: Names) -> str:
    allowed = sorted(available_timezones()) if column.name == "timezone" else column.values
    return f"CASE WHEN {n.c} IN {one_of(allowed)} THEN {n.c} END" if allowed else n.c


def _bounded(number: str, column: Column) -> str:
    low = f" AND {number} >= {column.low}" if column.low is not None else ""
    high = f" AND {number} <= {column.high}" if column.high is not None else ""
    return f"CASE WHEN true{low}{high} THEN {number} END" if low or high else number


def _whole(n: Names) -> str:
    number = f"TRY_CAST(CASE WHEN contains({n.c}, ',') THEN replace({n.c}, ',', '') ELSE {n.c} END AS BIGINT)"
    return f"CASE WHEN regexp_full_match({n.c}, '{_WHOLE}') THEN {number} END"


def _int(column: Column, n: Names) -> str:
    return _bounded(_whole(n), column)


def _plain_yuan(n: Names) -> str:
    """SQL: the sum without its signs of currency."""
    bare = f"{n.c}[1] BETWEEN '0' AND '9' AND {n.c}[-1] BETWEEN '0' AND '9'"
    return rf"CASE WHEN {bare} THEN {n.c} ELSE regexp_replace({n.c}, '^{WRITTEN}$', '\1\2') END"


def _fen(column: Column, n: Names) -> str:
    if not n.yuan:
        return _bounded(_whole(n), column)
    plain = _plain_yuan(n)
    sum_ = f"CAST(TRY_CAST(replace({plain}, ',', '') AS DECIMAL(18, 2))::DECIMAL(38, 2) * 100 AS BIGINT)"
    return _bounded(f"CASE WHEN regexp_full_match({plain}, '[+-]?{YUAN}') THEN {sum_} END", column)


def _bool(column: Column, n: Names) -> str:
    return f"CASE WHEN lower({n.c}) IN {one_of(_TRUE)} THEN true WHEN lower({n.c}) IN {one_of(_FALSE)} THEN false END"


def wall(n: Names) -> str:
    """SQL: the time as written, whatever its zone (a count since 1970 as UTC); null where it is no time."""
    return f"""CASE WHEN regexp_full_match({n.c}, '{_ISO}') THEN TRY_CAST({n.c} AS TIMESTAMP)
WHEN regexp_full_match({n.c}, '{_LOOSE}') THEN {_loose(n.c)} ELSE {_counted(n.c)} END"""


def _loose(c: str) -> str:
    """SQL: `2024/3/1 8:05`, `2024年3月1日 8时5分` as a timestamp."""
    parts = [f"regexp_extract({c}, '{_PIECES}', {index})" for index in range(1, 7)]
    year, month, day, hour, minute = [f"lpad({part}, 2, '0')" if index else part for index, part in enumerate(parts[:5])]
    seconds = f"CASE WHEN {parts[5]} = '' THEN '00' WHEN strlen({parts[5]}) = 1 THEN '0' || {parts[5]} ELSE {parts[5]} END"
    clock = f"CASE WHEN {parts[3]} = '' THEN '' ELSE ' ' || {hour} || ':' || {minute} || ':' || ({seconds}) END"
    return f"TRY_CAST({year} || '-' || {month} || '-' || {day} || ({clock}) AS TIMESTAMP)"


def _counted(c: str) -> str:
    """SQL: an Excel serial, or seconds or milliseconds since 1970; which of them, its size says."""
    number = f"TRY_CAST({c} AS DOUBLE)"
    serial = f"TIMESTAMP '1899-12-30' + to_seconds(CAST(round({number} * 86400) AS BIGINT))"
    seconds = f"make_timestamp(CAST(round({number} * 1e6) AS BIGINT))"
    millis = f"make_timestamp(CAST(round({number} * 1e3) AS BIGINT))"
    return f"""CASE WHEN NOT regexp_full_match({c}, '{_SERIAL}|{_EPOCH}') THEN NULL
WHEN {_within(number, _SERIALS)} THEN {serial}
WHEN {_within(number, _SECONDS)} THEN {seconds}
WHEN {_within(f"{number} / 1000", _SECONDS)} THEN {millis} END"""


def _within(number: str, bounds: tuple[int, int]) -> str:
    return f"{number} >= {bounds[0]} AND {number} < {bounds[1]}"


def bare(n: Names) -> str:
    """SQL: the time is wall time of a zone that only the row's shop says: it has no offset, and is no count since 1970."""
    told = f"regexp_full_match({n.c}, '{_HAS_OFFSET}|{_EPOCH}')"
    return f"CASE WHEN strlen({n.c}) = 19 AND {n.c}[17] = ':' THEN true ELSE NOT {told} END"


def _time(column: Column, n: Names) -> str:
    """`updated_at` keeps its microseconds: it only orders versions."""
    stamped = rf"TRY_CAST(regexp_replace({n.c}, ' (Z|[+-])', '\1') AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    local = each_to_instant_sql(n.w, n.zone, n.zones)
    counted = f"regexp_full_match({n.c}, '{_EPOCH}')"
    instant = f"CASE WHEN {n.b} THEN {local} WHEN {counted} THEN {n.w} ELSE {stamped} END"
    floored = instant if column.name == "updated_at" else f"date_trunc('second', {instant})"
    return f"CASE WHEN {_in_years(n.w)} THEN {floored} END"


def _in_years(moment: str) -> str:
    return f"{moment} >= DATE '{_FROM}' AND {moment} < DATE '{_TO}'"


def _date(n: Names) -> str:
    """SQL: a day, also one that a workbook gives as its midnight."""
    day = f"regexp_replace({n.c}, '[T ]00:00(:00)?$', '')"
    return f"""CASE WHEN regexp_full_match({day}, '{_LOOSE_DAY}') THEN CAST({_loose(day)} AS DATE)
WHEN regexp_full_match({day}, '{_SERIAL}') AND NOT contains({day}, '.') THEN CAST({_counted(day)} AS DATE) END"""


def _day(column: Column, n: Names) -> str:
    return f"CASE WHEN {_in_years(_date(n))} THEN {_date(n)} END"


TYPED: dict[str, Typed] = {"id": _id, "text": _text, "int": _int, "fen": _fen, "bool": _bool, "time": _time, "day": _day}


def _id_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    destroyed = "a spreadsheet has destroyed this id; export the column as text and import the file again"
    return [(is_destroyed(n.c), destroyed), ("true", NO_SHOP)]


def _text_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    if column.name == "timezone":
        return [("true", "the zone database knows no such zone; names are like Asia/Shanghai")]
    return [("true", f"not one of the values allowed: {', '.join(column.values)}")]


def _bound_reason(column: Column) -> str:
    if column.high is not None:
        return f"not between {column.low} and {column.high}"
    return "negative" if column.low == 0 else f"less than {column.low}"


def _int_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    return [(f"{_whole(n)} IS NULL", "not a whole number"), ("true", _bound_reason(column))]


def _fen_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    if not n.yuan:
        not_whole = "not a whole number of fen; name the column …_yuan if it is yuan"
        return [(f"{_whole(n)} IS NULL", not_whole), ("true", _bound_reason(column))]
    plain = _plain_yuan(n)
    return [
        (f"contains({n.c}, '%') OR contains({n.c}, '％')", "a percentage is no sum of money"),
        (f"regexp_full_match({plain}, '[+-]?[\\d,]+\\.\\d{{3,}}')", "more than 2 decimals: no whole number of fen"),
        (f"regexp_full_match({plain}, '-{YUAN}')", _bound_reason(column)),
        ("true", "not a sum of yuan"),
    ]


def _bool_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    return [("true", "neither yes nor no; allowed: true, false, 1, 0, yes, no, t, f, 是, 否, 有, 无, 真, 假, √")]


def _time_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    return [(f"{n.w} IS NOT NULL", _FAR), ("true", "not a time; write 2024-03-01 08:30:00")]


def _day_reasons(column: Column, n: Names) -> list[tuple[str, str]]:
    return [(f"{_date(n)} IS NOT NULL", _FAR), ("true", "not a day; write 2024-03-01")]


REASONS: dict[str, Reasons] = {
    "id": _id_reasons,
    "text": _text_reasons,
    "int": _int_reasons,
    "fen": _fen_reasons,
    "bool": _bool_reasons,
    "time": _time_reasons,
    "day": _day_reasons,
}


def reason(column: Column, n: Names) -> str:
    """SQL: why the cell will not do, given that it was not typed."""
    cases = " ".join(f"WHEN {condition} THEN {quoted(why)}" for condition, why in REASONS[column.type](column, n))
    return f"CASE {cases} END"
