"""A draft over days that are closed: against itself, against what was found then, and with one thing changed at a time."""

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from tianping.app import Settings
from tianping.cli.policy import policy
from tianping.errors import NotFound
from tianping.policy.load import open_all, shipped
from tianping.policy.model import Pack
from tianping.simulate import demo as demo_market
from tianping.store.schema import violation
from tianping.work.home import Home, open_home, set_scope
from tianping.work.intake import imports
from tianping.work.judge import judge
from tianping.work.judgement.judged import find, read
from tianping.work.replay.outcome import Row, rows
from tianping.work.replay.replay import Asked, Replayed, replay
from tianping.work.replay.scope import Scope, everything, scope

from .homes import NOON, closed, copy, rules

FIRST, LAST = dt.date(2024, 5, 26), dt.date(2024, 5, 28)  # a Monday in the middle
Scoping = Callable[[Pack, Pack, dt.date, dt.date], Scope]


def all_of_it(before: Pack, after: Pack, _first: dt.date, _last: dt.date) -> Scope:
    return everything(before, after)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market, three days of it closed and judged, and none after them: what was found later would cool these."""
    folder = tmp_path_factory.mktemp("replay")
    demo_market.write(folder / "market")
    home = open_home(folder / "home", create=True)
    imports.bring(home, imports.Request((folder / "market",), NOON))
    set_scope(home, "market")
    for number in range((LAST - FIRST).days + 1):
        judge(home, rules(), closed(home, FIRST + dt.timedelta(days=number)), at=NOON)
    return home


def changed(pack: Pack, *path: Any, to: Any) -> Pack:
    """The pack with one value of its judging part changed."""
    data = pack.judging.model_dump(mode="python")
    at: Any = data
    for step in path[:-1]:
        at = at[step]
    assert at[path[-1]] != to
    at[path[-1]] = to
    judging = type(pack.judging).model_validate(_plain(data))
    return pack.model_copy(update={"judging": judging})


def _plain(each: Any) -> Any:
    """Money is dumped in fen and read in yuan."""
    if isinstance(each, dict):
        return {
            key: [amount // 100 for amount in value] if key == "yuan" and isinstance(value, tuple) else _plain(value)
            for key, value in each.items()
            if not (value is None and key in ("yuan", "days", "points"))
        }
    return [_plain(one) for one in each] if isinstance(each, list | tuple) else each


def run(home: Home, draft: Pack, scoping: Scoping = scope, first: dt.date = FIRST, last: dt.date = LAST) -> Replayed:
    (done,) = replay(home, Asked(first, last, rules(), {draft.platform: draft}), scoping=scoping)
    return done


def told(done: Replayed) -> dict[tuple[str, str, str], Row]:
    return {(row.part, row.name, row.change): row for row in rows(done)}


@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "taobao", "tmall", "jd"])
def test_the_pack_in_force_against_itself_differs_in_nothing(home: Home, platform: str) -> None:
    """With everything judged, not only with nothing to judge."""
    pack = rules()[platform]
    whole, quick = run(home, pack, all_of_it), run(home, pack)
    assert (list(rows(whole)), list(rows(quick)), quick.scope.is_empty) == ([], [], True)
    assert whole.charged[0] == whole.charged[1]
    assert whole.last is None or whole.last[0] == whole.last[1]


@pytest.fixture(scope="module")
def again(home: Home) -> Replayed:
    """Kuaishou's past by its own pack."""
    return run(home, rules()["kuaishou"], all_of_it)


def test_what_was_found_then_is_found_again(home: Home, again: Replayed) -> None:
    """Every violation that these closes proposed, on its day; before anybody confirmed one, with the same severity."""
    columns = (violation.c.violation, violation.c.subject_kind, violation.c.subject_id, violation.c.shop_id)
    with home.database.connect() as connection:
        query = select(*columns, violation.c.date).where(
            violation.c.platform == "kuaishou", violation.c.date.between(FIRST, LAST)
        )
        then = sorted((tuple(row[:4]), row[4]) for row in connection.execute(query))
    assert len(then) > 5
    assert sorted((each.whose, each.date) for each in again.charged[0]) == then


def test_scores_and_rights_are_those_of_the_past(home: Home, again: Replayed) -> None:
    """As the close's judgement keeps them, on the adjusted track where that differs."""
    done = find(home, LAST)
    kept: dict[tuple[str, str], str | None] = {}
    for row in read(home, done, "scores", {"platform": ["kuaishou"], "part": ["total"]}):
        if row["track"] == "adjusted" or (row["name"], row["shop_id"]) not in kept:
            kept[row["name"], row["shop_id"]] = row["points"]
    assert again.last is not None
    day = again.last[0]
    assert {key: None if marks.points is None else str(marks.points) for key, marks in day.scored.items()} == kept
    withdrawn = {
        (row["name"], row["subject_id"]) for row in read(home, done, "rights", {"platform": ["kuaishou"], "held": [False]})
    }
    assert {(name, subject) for name, _, subject, _ in day.withdrawn} == withdrawn


@pytest.mark.parametrize("first", [FIRST, LAST])
def test_levels_are_those_of_the_past(home: Home, first: dt.date) -> None:
    """From the first close on, or from where the day before left off."""
    again = run(home, rules()["douyin"], all_of_it, first=first)
    kept = {row["shop_id"]: row["level"] for row in read(home, find(home, LAST), "levels", {"platform": ["douyin"]})}
    assert again.last is not None
    assert {shop: level for shop, (level, _) in again.last[0].levels.items()} == kept != {}


VIOLATIONS = ("violations", "contact_numbers", "versions", 0)


def test_a_violation_taken_out_is_found_no_more(home: Home) -> None:
    pack = rules()["kuaishou"]
    left = {name: each for name, each in pack.judging.violations.items() if name != "contact_numbers"}
    done = run(home, pack.model_copy(update={"judging": pack.judging.model_copy(update={"violations": left})}))
    assert done.scope.violations == {"contact_numbers"}
    (row,) = rows(done)
    assert (row.part, row.name, row.change, row.draft) == ("violations", "contact_numbers", "only_in_force", 0)
    assert row.number == row.in_force != 0
    assert {"shop", "date", "in_force"} <= set(row.examples[0])


def test_a_cool_down_left_out_finds_them_daily(home: Home) -> None:
    done = run(home, changed(rules()["kuaishou"], *VIOLATIONS, "again_after_days", to=1))
    row = told(done)["violations", "contact_numbers", "only_draft"]
    assert row.draft == 3 * len({each.whose for each in done.charged[1]})
    assert row.number == row.draft - (row.in_force or 0)


def test_another_severity_is_milder_or_more_severe(home: Home) -> None:
    """The table has no other cell, so no penalty stands beside it."""
    pack = rules()["kuaishou"]
    severe = changed(pack, *VIOLATIONS, "triggers", 0, "severity", to="serious")
    done = run(home, severe)
    assert [row.change for row in rows(done) if row.part == "violations"] == ["more_severe"]
    (back,) = replay(home, Asked(FIRST, LAST, {"kuaishou": severe}, {"kuaishou": pack}))
    assert [row.change for row in rows(back) if row.part == "violations"] == ["milder"]


def test_money_that_would_differ(home: Home) -> None:
    """A fine of ¥100 for missing numbers: the sum is as many times as found."""
    cells = ("penalties", "contact_numbers", "versions", 0, "cells")
    fine = [{"severity": "minor", "effects": [{"kind": "money", "yuan": 100}, {"kind": "points", "points": 3}]}]
    pack = rules()["kuaishou"]
    done = run(home, changed(pack, *cells, to=fine))
    found = told(done)
    money, points = found["penalties", "contact_numbers", "money"], found["penalties", "contact_numbers", "points"]
    assert (money.in_force, money.draft) == (0, 100_00 * len(done.charged[1]))
    assert (points.in_force, points.draft) == (0, 3 * len(done.charged[1]))
    assert money.examples[0]["draft"] == 100_00


def test_rights_follow_their_line_and_scores_their_weights(home: Home) -> None:
    """No shop reaches 6 of 5 points; and a group that alone weighs moves the stars."""
    pack = rules()["kuaishou"]
    never = run(home, changed(pack, "rights", "distribution", "versions", 0, "all", 0, "at_least", to="6"))
    row = told(never)["rights", "distribution", "lost"]
    assert (row.draft, row.number) == ((row.in_force or 0) + row.number, row.number)
    assert [(each.part, each.name) for each in rows(never)] == [("rights", "distribution")]
    heavy = run(home, changed(pack, "scores", "shopping_experience", "versions", 0, "groups", "service", "weight", to="1000"))
    assert heavy.scope.scores == {"shopping_experience"}
    assert heavy.scope.rights == {"distribution"}
    parts = {(each.part, each.change) for each in rows(heavy)}
    assert parts & {("scores", "up"), ("scores", "down")}


def test_levels_gained_by_the_draft(home: Home) -> None:
    """Where everybody is let up at once, shops stand higher than they did."""
    pack = rules()["douyin"]
    easy = [{"metric": "order_count", "take": "denominator", "at_least": 0}]
    draft = changed(pack, "levels", "versions", 0, "up", to=easy)
    data = changed(draft, "levels", "versions", 0, "down", to=[{"metric": "order_count", "take": "numerator", "less_than": 0}])
    row = told(run(home, data))["levels", "", "gained"]
    assert row.number > 0
    assert row.examples[0]["in_force"] < row.examples[0]["draft"]


def test_a_metric_of_the_draft_is_counted_anew(home: Home) -> None:
    """With a quality refund rate that counts nothing, every shop has its full points there."""
    pack = rules()["kuaishou"]
    key = ("quality_refund_rate", "")
    metric = pack.metrics[key]
    last = metric.versions[-1]
    assert last.both is not None
    less = last.model_copy(update={"both": last.both.model_copy(update={"count": "false"})})
    draft = pack.model_copy(
        update={"metrics": {**pack.metrics, key: metric.model_copy(update={"versions": (*metric.versions[:-1], less)})}}
    )
    done = run(home, draft)
    assert {"quality_refund_rate", "quality_refund_count"} <= done.scope.metrics
    assert {"shopping_experience", "merchant_grade"} <= done.scope.scores
    assert told(done)["scores", "shopping_experience", "up"].number > 0


def test_figures_counted_anew_are_those_of_a_close_by_the_draft(home: Home, tmp_path: Path) -> None:
    """Another home closes the day by the draft: scores and rights are the same."""
    pack = rules()["kuaishou"]
    key = ("product_quality_refund_rate", "")
    metric = pack.metrics[key]
    later = [each.model_copy(update={"window": 20, "matures_days": 19}) for each in metric.versions]
    metrics = {**pack.metrics, key: metric.model_copy(update={"versions": tuple(later), "days": (45,)})}
    item = ("scores", "shopping_experience", "versions", 0, "groups", "product", "items", "quality_refunds")
    read_ = changed(changed(pack, *item, "metric", to="product_quality_refund_rate"), *item, "days", to=45)
    draft = read_.model_copy(update={"metrics": metrics, "digest": "of the draft", "judging_digest": "of the draft"})
    mine = run(home, draft, first=LAST)
    other = copy(home, tmp_path / "home")
    drafts = {"kuaishou": draft}
    done = judge(other, drafts, closed(other, LAST, packs=drafts), at=NOON)
    assert mine.last is not None
    kept = {
        row["shop_id"]: row["points"]
        for row in read(other, done, "scores", {"name": ["shopping_experience"], "part": ["total"], "track": ["measured"]})
    }
    there = {shop: None if marks.points is None else str(marks.points) for (name, shop), marks in mine.last[1].scored.items()
             if name == "shopping_experience"}  # fmt: skip
    assert there == kept
    withdrawn = {(row["name"], row["subject_id"]) for row in read(other, done, "rights", {"held": [False]})}
    assert {(name, subject) for name, _, subject, _ in mine.last[1].withdrawn} == {
        each for each in withdrawn if each[0] in mine.scope.rights
    }


def test_a_draft_that_reads_other_days_has_them_counted(home: Home) -> None:
    """The closes have no figures of 14 days: a line over 14 days that nobody is above finds nobody, one all are above all."""
    steps = ("violations", "slow_refunds", "versions", 0, "triggers", 0)
    pack = rules()["kuaishou"]
    draft = changed(changed(pack, *steps, "steps", "days", to=14), *steps, "steps", "at_least", to={"minor": "0"})
    done = run(home, draft)
    assert done.scope.violations == {"slow_refunds"}
    assert told(done)["violations", "slow_refunds", "only_draft"].number > 0


def test_nothing_of_the_home_is_written(home: Home) -> None:
    def state() -> list[tuple[str, int, int]]:
        files = (path for path in home.path.rglob("*") if path.is_file() and "spill" not in path.parts)
        return sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)

    before = state()
    run(home, changed(rules()["kuaishou"], *VIOLATIONS, "again_after_days", to=1))
    assert state() == before


def test_a_stretch_without_closes_is_told(home: Home) -> None:
    with pytest.raises(NotFound, match="no day from 2023-01-01 to 2023-01-31 is closed"):
        run(home, rules()["jd"], first=dt.date(2023, 1, 1), last=dt.date(2023, 1, 31))


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """Kuaishou's pack with daily reminders of missing phone numbers."""
    (source,) = (folder for folder in shipped() if folder.name == "kuaishou")
    folder = tmp_path / "kuaishou"
    folder.mkdir()
    for path in source.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        head, found, rest = text.partition("  contact_numbers:\n    label: {zh: 联系电话不全")
        (folder / path.name).write_text(
            head + found + rest.replace("again_after_days: 7", "again_after_days: 1"), encoding="utf-8"
        )
    assert not open_all([folder])[1]
    return folder


@pytest.mark.parametrize("form", ["json", "table"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_tells_people_and_programs(home: Home, draft: Path, form: str, lang: str) -> None:
    asked = ["replay", str(draft), "--from", str(FIRST), "--to", str(LAST), "--format", form, "--lang", lang]
    done = CliRunner().invoke(policy, asked, obj=Settings(home.path))
    assert done.exit_code == 0, done.exception
    assert "2024-05-26 – 2024-05-28" in done.stderr
    if form == "json":
        (row,) = json.loads(done.stdout)
        assert (row["part"], row["name"], row["change"]) == ("violations", "contact_numbers", "only_draft")
        assert row["examples"][0]["draft"] == "minor"
    else:
        assert {"zh": "新认定", "en": "newly found"}[lang] in done.stdout
        assert {"zh": "轻微", "en": "minor"}[lang] in done.stdout


def test_the_command_says_where_nothing_differs(home: Home) -> None:
    (folder,) = (each for each in shipped() if each.name == "jd")
    asked = ["replay", str(folder), "--from", str(FIRST), "--to", str(LAST), "--lang", "en"]
    done = CliRunner().invoke(policy, asked, obj=Settings(home.path))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.endswith("no difference\n")


@pytest.mark.parametrize(("remind", "told"), [("12", "the draft says the same there"), ("6", "the draft says otherwise there")])
def test_the_command_says_that_cases_are_not_replayed(home: Home, tmp_path: Path, remind: str, told: str) -> None:
    folder = tmp_path / "jd"
    shutil.copytree(next(each for each in shipped() if each.name == "jd"), folder)
    clocks = folder / "cases" / "clocks.yaml"
    text = clocks.read_text(encoding="utf-8")
    assert "remind: 12" in text
    clocks.write_text(text.replace("remind: 12", f"remind: {remind}", 1), encoding="utf-8")
    asked = ["replay", str(folder), "--from", str(FIRST), "--to", str(LAST), "--lang", "en"]
    done = CliRunner().invoke(policy, asked, obj=Settings(home.path))
    assert done.exit_code == 0, done.exception
    assert "are not replayed" in done.stderr
    assert told in done.stderr
