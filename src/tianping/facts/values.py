"""One value of a mapping → SQL over its columns: origin, pattern, condition, translation, dates, sign."""

from collections.abc import Callable, Mapping, Sequence

from tianping.facts import cells
from tianping.facts.engine import quoted
from tianping.facts.mapping import PLACEHOLDER, Value

Read = Callable[[str], str]
"""A column's name → its SQL: trimmed, empty null."""
ANY = "*"
DIGITS = 24
"""Hexadecimal digits of a digest: among ten billion rows two meet once in a billion homes."""
_EXACT = "DECIMAL(18, 4)"


def text(value: Value, read: Read, words: Mapping[str, str]) -> str:
    """SQL of the value as text; null where it is empty. `words` are the pack's."""
    sql = origin(value, read)
    if value.translate or value.pack:
        sql = _translated(sql, value, words)
    if value.missing:
        sql = f"coalesce({sql}, {quoted(value.missing)})"
    if value.digest:
        sql = f"coalesce({sql}, {_digest([read(ref) for ref in value.digest])})"
    if value.formats:
        parsed = f"try_strptime({sql}, [{', '.join(map(quoted, value.formats))}])"
        sql = f"coalesce(strftime({parsed}, '%Y-%m-%d %H:%M:%S'), {sql})"
    if value.part:
        sql = _part(sql, value.part)
    return _where(sql, value, read)


def origin(value: Value, read: Read) -> str:
    """SQL of the value as the file has it."""
    if value.value is not None:
        return f"{quoted(str(value.value).lower() if isinstance(value.value, bool) else str(value.value))}::VARCHAR"
    sql = _filled(value.text, read) if value.text else _of_columns(value, [read(ref) for ref in value.refs])
    return f"nullif(regexp_extract({sql}, {quoted(value.pattern)}, 1), '')" if value.pattern else sql


def _of_columns(value: Value, columns: Sequence[str]) -> str:
    if value.joined:
        return f"nullif(concat_ws({quoted(value.by)}, {', '.join(columns)}), '')"
    if value.times:
        return _product(columns)
    return f"coalesce({', '.join(columns)})" if len(columns) > 1 else columns[0]


def _filled(sentence: str, read: Read) -> str:
    """`{a}-{b}` as SQL; null where a column in it is empty."""
    pieces = PLACEHOLDER.split(sentence)
    return " || ".join(read(piece) if index % 2 else quoted(piece) for index, piece in enumerate(pieces) if piece)


def number(sql: str) -> str:
    """SQL of a number, exact to four places, from text that may have ¥ and thousands commas."""
    return f"TRY_CAST(replace(trim({sql}, '¥￥元 '), ',', '') AS {_EXACT})"


def _product(columns: Sequence[str]) -> str:
    """The product, rounded to two places; where a factor is no number, what stands there, for the check to refuse."""
    product = f"CAST(round({' * '.join(map(number, columns))}, 2) AS VARCHAR)"
    return f"coalesce({product}, {' || '.join(columns)})"


def _digest(columns: Sequence[str]) -> str:
    """SQL: a name that rows have in common only where they say the same in all these columns."""
    said = ", ".join(f"coalesce({column}, '')" for column in columns)
    return f"substr(sha256(concat_ws(chr(31), {said})), 1, {DIGITS})"


def _part(sql: str, part: str) -> str:
    sign = "" if part == "positive" else "-"
    return f"coalesce(CAST(round(greatest({sign}{number(sql)}, 0), 2) AS VARCHAR), {sql})"


def _where(sql: str, value: Value, read: Read) -> str:
    conditions = [_one_of(read(column), allowed) for column, allowed in value.where.items()]
    return f"CASE WHEN {' AND '.join(conditions)} THEN {sql} END" if conditions else sql


def _one_of(sql: str, allowed: Sequence[str]) -> str:
    return f"{sql} IS NOT NULL" if ANY in allowed else f"{sql} IN {cells.one_of(allowed)}"


def _translated(sql: str, value: Value, words: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(ours)}" for word, ours in translation(value, words).items())
    default = f"CASE WHEN {sql} IS NOT NULL THEN {quoted(value.default)} END" if value.default else "NULL"
    return f"CASE {sql} {cases} ELSE {sql if value.otherwise == 'keep' else default} END"


def translation(value: Value, words: Mapping[str, str]) -> Mapping[str, str]:
    """The words the value is translated by."""
    return words if value.pack else value.translate


def unknown(value: Value, read: Read, words: Mapping[str, str], how: str) -> str:
    """SQL: the value is a word that is not translated, and this is `how` the mapping takes it; "" where it cannot be."""
    known = translation(value, words)
    if not known or (("tell" if value.pack else value.otherwise) != how):
        return ""
    sql = _where(origin(value, read), value, read)
    return f"{sql} NOT IN {cells.one_of(list(known))}"
