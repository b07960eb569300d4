"""Why scores, rights and levels are what they are: trees from the judged files of a close."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tianping.errors import NotFound, did_you_mean
from tianping.policy.judging import Dated, Item, LevelsVersion, ScoreVersion, V
from tianping.policy.model import Pack
from tianping.store.judgements import Judgement
from tianping.work.home import Home
from tianping.work.judgement import judged
from tianping.work.why.scoresplit import rows_of
from tianping.work.why.voice import Said, Voice, exact
from tianping.work.why.why import Node, Whose, clauses, condition, figure

Row = Mapping[str, Any]


def of_score(voice: Voice, home: Home, pack: Pack, name: str, shop: str, date: dt.date, *, track: str = "measured") -> Node:
    """A score: its groups, its items with their curves, what each read. Raises NotFound."""
    done = judged.find(home, date)
    rows = rows_of(home, done, pack, name, shop, track)
    version = version_of(pack.judging.scores[name].versions, rows[0]["version"])
    top, whose = rows[0], Whose(pack.platform, shop, date)
    label, points = voice.say(pack.judging.scores[name].label), exact(top["points"])
    title = (
        voice.t("score_none", name=label, why=voice.known(top["why"]))
        if points is None
        else voice.t("score_total", name=label, points=voice.points(points), out_of=voice.number(top["out_of"]))
    )
    groups = tuple(_group(voice, row, rows, version, whose) for row in rows if row["part"] == "group")
    same = track != top["track"]
    lines = [
        voice.t("score_same" if same else "score_track", track=voice.t(top["track"])),
        *_heading(voice, done, shop),
        *_rule(voice, pack, done, version),
    ]
    if top["grade"]:
        lines.append(voice.t("score_grade", grade=_grade(voice, version, top["grade"])))
    data = {
        "score": name,
        "shop": shop,
        "date": str(date),
        "points": top["points"],
        "out_of": top["out_of"],
        "track": top["track"],
    }
    return Node("score", title, tuple(lines), data, groups)


def version_of(versions: Sequence[V], since: str) -> V | None:
    return next((each for each in versions if each.since.isoformat() == since), None)


def _heading(voice: Voice, done: Judgement, shop: str) -> tuple[str, str]:
    return voice.t("of_whom", kind=voice.t("by_shop"), id=shop), voice.t("as_of", date=done.date, seq=done.seq)


def _rule(voice: Voice, pack: Pack, done: Judgement, version: Dated | None) -> Iterator[str]:
    if done.packs.get(pack.platform) != pack.judging_digest:
        yield voice.t("pack_changed")
    if version is None:
        yield voice.t("unruled")
        return
    yield voice.t("rule", words=voice.say(version.words))
    yield from clauses(voice, version)


def _grade(voice: Voice, version: ScoreVersion | None, zh: str) -> str:
    grades = version.grades if version else ()
    return next((voice.say(each.label) for each in grades if each.label.zh == zh), zh)


def _group(voice: Voice, row: Row, rows: Sequence[Row], version: ScoreVersion | None, whose: Whose) -> Node:
    group = version.groups.get(row["group"]) if version else None
    name, points = voice.say(group.label) if group else row["group"], exact(row["points"])
    title = (
        voice.t("group_none", name=name)
        if points is None
        else voice.t("group", name=name, points=voice.points(points), share=voice.share(Fraction(row["share"])))
    )
    inside = [each for each in rows if each["part"] == "item" and each["group"] == row["group"]]
    items = tuple(_item(voice, each, group.items.get(each["item"]) if group else None, whose) for each in inside)
    return Node("group", title, (), {"group": row["group"], "points": row["points"], "share": row["share"]}, items)


def _item(voice: Voice, row: Row, item: Item | None, whose: Whose) -> Node:
    said, points = json.loads(row["reading"]), exact(row["points"])
    name = voice.reading(said)
    title = (
        voice.t("item_none", name=name, why=voice.known(row["why"]))
        if points is None
        else voice.t("item", name=name, points=voice.points(points), share=voice.share(Fraction(row["share"])))
    )
    lines = [voice.calculation(said), *_from_figure_to_points(voice, row, item, said)]
    ways = tuple(condition(voice, each, whose) for each in said.get("cap", ()))
    data = {"item": row["item"], "points": row["points"], "share": row["share"], "taken": said["taken"], "why": row["why"]}
    return Node("item", title, tuple(lines), data, (figure(voice, said, whose), *ways))


def _from_figure_to_points(voice: Voice, row: Row, item: Item | None, said: Said) -> Iterator[str]:
    if row["why"] and row["points"] is not None:
        yield voice.t("item_start", why=voice.known(row["why"]))
    if item and item.curve:
        places = (voice.t("curve_point", x=voice.amount(said, x), y=voice.number(y)) for x, y in item.curve)
        yield voice.t("curve", points=voice.t("semicolon").join(places))
    elif item:
        yield voice.t("full_points")
    if item and item.note:
        yield voice.t("assumed", note=voice.say(item.note))
    if row["capped"] and item and item.cap:
        yield voice.t("capped", n=voice.points(item.cap.at_most))


def of_right(voice: Voice, home: Home, pack: Pack, name: str, shop: str, date: dt.date, *, product: str = "") -> Node:
    """A right of a shop or product: held, or withdrawn and by which figures. Raises NotFound."""
    done = judged.find(home, date)
    right = pack.judging.rights.get(name)
    if right is None:
        raise NotFound(f'no right "{name}" in the pack {pack.platform}: {did_you_mean(name, list(pack.judging.rights))}')
    wanted = {"platform": [pack.platform], "name": [name], "subject_id": [product or shop]}
    rows = judged.read(home, done, "rights", wanted)
    version = right.at(date)
    if not rows and not (product and version):
        raise NotFound(f'nothing is said of the right "{name}" of "{product or shop}" as of {date}; see `tianping rights`')
    row: Row = rows[0] if rows else {"held": True, "findings": "", "version": str(version.since if version else "")}
    broken = json.loads(row["findings"]) if row["findings"] else []
    whose = Whose(pack.platform, row.get("shop_id", shop), date, product)
    title = voice.t("right_held" if row["held"] else "right_lost", name=voice.say(right.label))
    lines = (*_heading(voice, done, whose.shop), *_rule(voice, pack, done, version_of(right.versions, row["version"])))
    data = {"right": name, "shop": whose.shop, "product": product, "held": row["held"]}
    parts = tuple(condition(voice, each, whose) for each in broken)
    return Node("right", title, (*lines, voice.t("right_same_line")), data, parts)


def of_level(voice: Voice, home: Home, pack: Pack, shop: str, date: dt.date) -> Node:
    """Where a shop stands on its platform's ladder, what happened that day, and on what grounds. Raises NotFound."""
    done, levels = judged.find(home, date), pack.judging.levels
    if levels is None:
        raise NotFound(f"the pack {pack.platform} has no levels")
    rows = judged.read(home, done, "levels", {"platform": [pack.platform], "shop_id": [shop]})
    if not rows:
        raise NotFound(f'the shop "{shop}" has no level on {pack.platform} as of {date}; see `tianping levels`')
    row, whose = rows[0], Whose(pack.platform, shop, date)
    version = version_of(levels.versions, row["version"])
    looked = json.loads(row["looked"])
    parts = tuple(_looked(voice, key, each, whose) for key, each in looked.items())
    lines = [*_heading(voice, done, shop), *_stands(voice, row, date), *_rule(voice, pack, done, version)]
    lines += [_use(voice, each) for each in json.loads(row["uses"])]
    if not looked:
        lines.append(voice.t("looked_none"))
    title = voice.t("level", name=voice.say(levels.label), level=_level(voice, version, row["level"]))
    data = {"shop": shop, "date": str(date), **{key: _plain(row[key]) for key in ("level", "since", "due", "happened", "why")}}
    return Node("level", title, tuple(lines), data, parts)


def _level(voice: Voice, version: LevelsVersion | None, name: str) -> str:
    return voice.say(version.levels[name].label) if version and name in version.levels else name


def _stands(voice: Voice, row: Row, date: dt.date) -> Iterator[str]:
    yield voice.t("level_from", since=row["since"], days=(date - row["since"]).days, due=row["due"])
    yield voice.t("level_begun", begun=voice.t(f"begun_{row['begun']}"))
    yield voice.t("level_happened", happened=voice.t(f"happened_{row['happened']}"))
    if row["good"]:
        yield voice.t("good_day", day=row["good"])
    for each in filter(None, row["why"].split("; ")):
        name, _, why = each.partition(": ")
        metric = voice.metric(name) if why else None
        said = (
            f"{voice.say(metric.label) if metric else name}{voice.t('colon')}{voice.known(why)}" if why else voice.known(name)
        )
        yield f"{voice.t('unsaid')}{voice.t('colon')}{said}"


def _looked(voice: Voice, key: str, asked: Said, whose: Whose) -> Node:
    parts = tuple(condition(voice, each, whose) for each in asked["findings"])
    title = f"{voice.t(f'looked_{key}')}{voice.t('colon')}{voice.result(asked['holds'])}"
    return Node("looked", title, (), {"looked": key, "holds": asked["holds"]}, parts)


def _use(voice: Voice, use: Said) -> str:
    metric, used, cap = voice.metric(use["metric"]), exact(use["used"]), exact(use["cap"])
    said = {"metric": use["metric"], "take": "numerator", "days": 1}
    return voice.t(
        "use",
        name=voice.say(metric.label) if metric else use["metric"],
        used=voice.t("unknown") if used is None else voice.amount(said, used),
        cap=voice.t("no_cap") if cap is None else voice.amount(said, cap),
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value
