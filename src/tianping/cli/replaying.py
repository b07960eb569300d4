"""What a replay comes to, printed: words for the table, plain data for programs."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tianping.policy.diffterms import PARTS, SEVERITIES
from tianping.policy.diffwords import number
from tianping.policy.saying import say
from tianping.policy.words import Words
from tianping.work.replay.outcome import Example, Row
from tianping.work.replay.replay import Replayed

COLUMNS = ("platform", "part", "name", "label_zh", "label_en", "change", "number", "in_force", "draft", "examples")
_WORDS: Mapping[str, Words] = {
    name: Words(zh=zh, en=en)
    for name, zh, en in (
        ("levels gained", "等级更高", "a higher level"),
        ("levels lost", "等级更低", "a lower level"),
        ("levels removal_only_in_force", "不再提出清退", "removal no longer proposed"),
        ("levels removal_only_draft", "新提出清退", "removal newly proposed"),
        ("rights gained", "获得权益", "gain the right"),
        ("rights lost", "失去权益", "lose the right"),
        ("scores up", "升 0.01 分以上", "up by more than 0.01"),
        ("scores down", "降 0.01 分以上", "down by more than 0.01"),
        ("scores gained", "新有分数", "have a score now"),
        ("scores lost", "不再有分数", "have no score any more"),
        ("grades up", "档位上升", "a better grade"),
        ("grades down", "档位下降", "a worse grade"),
        ("violations only_in_force", "不再认定", "no longer found"),
        ("violations only_draft", "新认定", "newly found"),
        ("violations milder", "情节减轻", "milder"),
        ("violations more_severe", "情节加重", "more severe"),
        ("penalties money", "违约金不同", "other money"),
        ("penalties points", "扣分不同", "other points"),
        ("penalties otherwise", "处罚不同", "another penalty"),
        ("points line_only_in_force", "不再到清退线", "no longer at the removal line"),
        ("points line_only_draft", "新到清退线", "newly at the removal line"),
        ("platform", "平台", "platform"),
        ("part", "类别", "part"),
        ("label", "名称", "name"),
        ("change", "变化", "change"),
        ("number", "数量", "number"),
        ("in_force", "现行", "in force"),
        ("draft", "草案", "draft"),
        ("examples", "例", "examples"),
        ("grades", "档位", "grade"),
    )
}
_ASSUMED = Words(
    zh="两边各自认定的违规都按建议处罚、视为已确认；{first}之前的历史按实际记录。等级、权益、分数是{last}的，违规、扣分、金额是全期的。",
    en=(
        "Whatever either pack finds is taken as confirmed as proposed; what was before {first} is as recorded. "
        "Levels, rights and scores are those of {last}; violations, points and money those of the whole stretch."
    ),
)
_NOT_CASES = Words(
    zh="售后单的流程、时限、判责与自动规则不重放：过去的单按当时的规则办过了；{what}",
    en=(
        "Flows, clocks, adjudication and automatic rules of cases are not replayed: the cases of the past were handled by the "
        "rules they had; {what}"
    ),
)
_CASES_DIFFER = Words(
    zh="草案在这方面与现行不同，见 tianping policy diff。", en="the draft says otherwise there, see tianping policy diff."
)
_CASES_SAME = Words(zh="草案在这方面与现行相同。", en="the draft says the same there.")
_SAME = Words(zh="两边没有差别", en="no difference")


def table(rows: Sequence[Row], lang: str) -> tuple[list[str], Iterator[list[Any]]]:
    """Columns and rows for people."""
    names = ("platform", "part", "label", "change", "number", "in_force", "draft", "examples")
    return [say(_WORDS[name], lang) for name in names], (_line(each, lang) for each in rows)


def plain(row: Row) -> list[Any]:
    """A row for programs."""
    zh, en = row.label.zh, row.label.en
    return [row.platform, row.part, row.name, zh, en, row.change, row.number, row.in_force, row.draft, [*row.examples]]


def notes(done: Sequence[Replayed], *, differing: bool, cases_differ: bool, lang: str) -> Iterator[str]:
    """What a reader must know: how many days, what is assumed, what is left out."""
    for each in done:
        days = f"{each.days[0]} – {each.days[-1]}" if each.days else "–"
        told = f"{len(each.days)} 个已日结的日子" if lang == "zh" else f"{len(each.days)} closed days"
        yield f"{each.packs[0].platform}: {told}, {days}"
    closed = [day for each in done for day in each.days]
    if closed:
        yield say(_ASSUMED, lang).format(first=min(closed), last=max(closed))
    yield say(_NOT_CASES, lang).format(what=say(_CASES_DIFFER if cases_differ else _CASES_SAME, lang))
    if not differing:
        yield say(_SAME, lang)


def _line(row: Row, lang: str) -> list[Any]:
    part = say(_WORDS[row.part] if row.part in _WORDS else PARTS[row.part], lang)
    sides = [_side(each, row, lang) for each in (row.in_force, row.draft)]
    told = "; ".join(_example(each, row, lang) for each in row.examples[:3])
    return [row.platform, part, say(row.label, lang), say(_WORDS[f"{row.part} {row.change}"], lang), row.number, *sides, told]


def _side(each: Any, row: Row, lang: str) -> str:
    """A number of one side: money as yuan; severities by their words."""
    if each is None:
        return ""
    if row.change == "money":
        return number(Fraction(each), "fen", lang)
    return say(SEVERITIES[each], lang) if each in SEVERITIES else str(each)


def _example(each: Example, row: Row, lang: str) -> str:
    """`P12 2024-06-03 minor → serious`."""
    whose = next(str(each[kind]) for kind in ("product", "video", "shop") if kind in each)
    both = [_side(each[side], row, lang) for side in ("in_force", "draft") if side in each]
    parts = [whose, each.get("date", ""), " → ".join(both), str(each.get("points", ""))]
    return " ".join(filter(None, parts))
