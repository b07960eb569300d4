"""A shop's judgement, warnings, worklists and what programs read of them: the numbers of the files, and nobody else's."""

import html
import json
import re
from fractions import Fraction
from typing import Any

import pytest
from starlette.testclient import TestClient

from tianping.policy.saying import amount
from tianping.store import docket, violations
from tianping.store.docket import Wanted
from tianping.web import findings
from tianping.web.findings import Whose
from tianping.web.pages.warnings import lines_of
from tianping.work.closing.closed import find
from tianping.work.figures.boards import Look, look
from tianping.work.judgement import judged, watch
from tianping.work.people.accounts import every
from tianping.work.people.reach import EVERYTHING, Reach
from web.conftest import DATE, Site


@pytest.fixture(scope="module")
def here(site: Site) -> Look:
    return look(site.console.home, site.console.packs, find(site.console.home, DATE), EVERYTHING)


def rows(site: Site, table: str, **given: str) -> list[dict[str, Any]]:
    done = judged.find(site.console.home, DATE)
    return judged.read(site.console.home, done, table, {name: [value] for name, value in given.items()})


def text(client: TestClient, path: str, lang: str = "zh") -> str:
    client.get(f"/language/{lang}", follow_redirects=False)
    told = client.get(path)
    assert told.status_code == 200, (path, told.text[:2000])
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", told.text)).replace("\u2009", " "))


def mine(site: Site, role: str = "merchant") -> list[str]:
    return list(next(each.shops for each in every(site.console.home) if each.account.name == role))


def test_a_shop_is_shown_as_it_was_judged(site: Site) -> None:
    """Every score's total, every item's points, every right: as the files have them."""
    for shop in {row["shop_id"] for row in rows(site, "scores")}:
        shown = text(site.as_("operator"), f"/shops/{shop}/judgement")
        for row in rows(site, "scores", shop_id=shop, track="measured"):
            if row["points"] is not None:
                assert f" {findings.points(Fraction(row['points']))} " in shown, (shop, row)
        for row in rows(site, "rights", shop_id=shop):
            label = site.console.packs[row["platform"]].judging.rights[row["name"]].label.zh
            assert row["held"] or re.search(rf"{re.escape(label)} · (不具备|已取消)", shown), row


def test_the_shares_of_a_score_add_up(site: Site) -> None:
    """What the page says: the total is the sum of points × share."""
    totals = {(row["shop_id"], row["name"], row["track"]): row for row in rows(site, "scores", part="total")}
    sums: dict[tuple[str, str, str], Fraction] = {}
    for row in rows(site, "scores", part="item"):
        key = (row["shop_id"], row["name"], row["track"])
        sums[key] = sums.get(key, Fraction(0)) + Fraction(row["points"] or 0) * Fraction(row["share"])
    assert totals
    assert all(sums[key] == Fraction(row["points"]) for key, row in totals.items() if row["points"] is not None)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_speak_one_language(site: Site, lang: str) -> None:
    """No key of words is left, nor a name of the program's own; the Chinese pages say no English sentence."""
    client = site.as_("operator")
    paths = [f"/shops/{shop}/judgement" for shop in mine(site, "agency") + mine(site)]
    measures = [each["id"] for each in client.get("/api/v1/violations").json()["items"]][:10]
    for path in [
        *paths,
        "/warnings",
        "/worklists",
        "/measures?state=all",
        "/measures/new",
        *(f"/measures/{n}" for n in measures),
    ]:
        shown = text(client, path, lang)
        assert not re.search(r"\b(judgement|parts|frame)\.[a-z_]+\b", shown), path
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", shown), (path, re.findall(r"\b[a-z]+_[a-z_]+\b", shown)[:5])
        if lang == "zh":
            assert not re.findall(r"(?:[a-z]+ ){4,}", shown), path


def test_a_level_says_what_is_missing(site: Site) -> None:
    """Of a Douyin shop: its caps and their use, the next evaluation, and each condition that does not hold."""
    found = rows(site, "levels")
    assert found
    for row in found:
        shown = text(site.as_("operator"), f"/shops/{row['shop_id']}/judgement")
        label = site.console.packs["douyin"].judging.levels.versions[-1].levels[row["level"]].label.zh  # type: ignore[union-attr]
        assert f"等级： {label}" in shown or f"等级：{label}" in shown
        for use in json.loads(row["uses"]):
            if use["used"] is not None and use["name"] == "orders":
                assert amount(Fraction(use["used"]), "count").replace("\u2009", " ") in shown
        assert "还差" in shown or "已是最高等级" in shown
        assert ("即提出清退，最早" in shown) == (row["level"] == "lv0" and row["removal"] is None)


def test_a_day_that_was_not_judged(site: Site) -> None:
    """It says so, and where to go; nothing fails."""
    day = "2024-04-28"
    for path in (f"/shops/{mine(site)[0]}/judgement", "/warnings", "/worklists"):
        assert "还没有判定" in text(site.as_("operator"), f"{path}?date={day}")
    assert text(site.as_("operator"), f"/morning?date={day}")
    told = site.as_("operator").get(f"/api/v1/scores?date={day}")
    assert (told.status_code, told.json()["status"]) == (404, 404)


# Warnings


def test_warnings_are_those_of_the_files(site: Site, here: Look) -> None:
    found = watch.warnings(here, EVERYTHING, limit=1000)
    assert (found.total, len(found.listed)) == (len(rows(site, "warnings")),) * 2
    pressing = [each.near >= 1 for each in found.listed]
    assert pressing == sorted(pressing, reverse=True)


def test_warnings_page_by_page(here: Look) -> None:
    """Each once, whatever the size of the page."""
    every_ = [each[:12] for each in watch.warnings(here, EVERYTHING, limit=1000).listed]
    paged = [each[:12] for skip in range(len(every_)) for each in watch.warnings(here, EVERYTHING, skip=skip, limit=1).listed]
    assert paged == every_


def test_a_merchant_is_warned_of_his_own_alone(site: Site, here: Look) -> None:
    shops = frozenset(mine(site))
    found = watch.warnings(here, Reach(shops), limit=1000)
    assert {each.shop for each in found.listed} <= shops
    other = next(each.shop for each in watch.warnings(here, EVERYTHING, limit=1000).listed if each.shop not in shops)
    assert watch.warnings(here, Reach(shops), shop=other).total == 0
    assert watch.warnings(here, Reach(frozenset())).total == 0


def test_what_is_at_its_line_says_what_was_found(site: Site, here: Look) -> None:
    """At this close, or before and not again so soon, with the measure; or that nothing was."""
    listed = [each for each in watch.warnings(here, EVERYTHING, limit=1000).listed if each.near >= 1 and not each.records]
    assert listed
    told = lines_of(here, listed, "zh")
    with here.home.database.connect() as connection:
        for line in told:
            found = [
                each.row
                for each in violations.of_shop(connection, line.warned.shop)
                if (each.row.violation, each.row.subject_id) == (line.warned.name, line.warned.subject) and not each.row.records
            ]
            recent = [each for each in found if 0 <= (DATE - each.date).days < max(line.again, 1)]
            assert (line.last.id if line.last else None) == (max(recent, key=lambda each: each.date).id if recent else None)
    shown = text(site.as_("operator"), "/warnings")
    assert ("本次日结已认定" in shown) == any(each.last and each.last.date == DATE for each in told)


def test_a_day_to_come_is_told(here: Look) -> None:
    """Of what is not at its line, the next day it is judged on lies ahead."""
    for line in lines_of(here, watch.warnings(here, EVERYTHING, limit=1000).listed, "zh"):
        assert line.next is not None
        assert line.next > DATE


def test_a_shop_says_what_is_proposed(site: Site) -> None:
    """Beside what is in force: so many, with the way there."""
    shops = [each["shop_id"] for each in site.as_("operator").get("/api/v1/violations?state=proposed").json()["items"]]
    with site.console.home.database.connect() as connection:
        for shop in set(shops):
            n = docket.counts(connection, Wanted(shop=shop)).get(("proposed", False), 0)
            shown = text(site.as_("operator"), f"/shops/{shop}/judgement")
            assert (f"待确认 {n} 项" in shown) == (n > 0)


def test_the_morning_tells_of_warnings(site: Site, here: Look) -> None:
    total = watch.warnings(here, EVERYTHING).total
    assert f"预警：{total} 项接近或已到处罚线" in text(site.as_("operator"), "/morning")


# Worklists


def test_worklists(site: Site) -> None:
    """For those who look into things; each line leads to the form."""
    client = site.as_("adjudicator")
    listed = rows(site, "worklists", name="late_shipment")
    told = client.get("/worklists?platform=kuaishou&violation=late_shipment").text
    for row in listed[:50]:
        assert f"/measures/new?violation=kuaishou%2Flate_shipment&amp;shop={row['shop_id']}" in told
    assert site.as_("auditor").get("/worklists").status_code == 200
    assert "measures/new" not in site.as_("auditor").get("/worklists").text
    for role in ("merchant", "agency"):
        assert site.as_(role).get("/worklists").status_code == 403


# The API


@pytest.mark.parametrize("table", ["scores", "rights", "levels", "warnings"])
def test_programs_read_the_files(site: Site, table: str) -> None:
    """All rows within reach, in order, page by page, each once."""
    for role, shops in (("operator", None), ("merchant", set(mine(site)))):
        client, found, after = site.as_(role), list[dict[str, Any]](), 0
        while after is not None:
            told = client.get(f"/api/v1/{table}?limit=37&after={after}").json()
            found += told["items"]
            after = told["next"]
        wanted = [row for row in rows(site, table) if shops is None or row["shop_id"] in shops]
        assert [each["shop_id"] for each in found] == [row["shop_id"] for row in wanted]
        assert len(found) == len(wanted)
        if table == "scores":
            assert [each["points"] for each in found] == [row["points"] for row in wanted]


def test_programs_read_violations(site: Site) -> None:
    client, found, before = site.as_("merchant"), list[int](), ""
    while True:
        told = client.get(f"/api/v1/violations?limit=2{before}").json()
        found += [each["id"] for each in told["items"]]
        if told["next"] is None:
            break
        before = f"&before={told['next']}"
    assert found == sorted(set(found), reverse=True)
    assert {each["shop_id"] for each in client.get("/api/v1/violations?limit=500").json()["items"]} <= set(mine(site))
    one = client.get(f"/api/v1/violations/{found[0]}").json()
    assert one["events"][0]["verb"] == "propose"
    assert "account_id" not in json.dumps(one)
    assert one["evidence"]


def test_a_shop_out_of_reach_and_none_are_told_alike(site: Site) -> None:
    other = next(row["shop_id"] for row in rows(site, "scores") if row["shop_id"] not in mine(site))
    client = site.as_("merchant")
    for table in ("scores", "rights", "levels", "warnings"):
        there, nowhere = client.get(f"/api/v1/{table}?shop={other}"), client.get(f"/api/v1/{table}?shop=nobody")
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert there.json()["detail"].replace(other, "") == nowhere.json()["detail"].replace("nobody", "")


# Findings in words


WHOSE = Whose(None, "kuaishou", "S1", "", (), DATE)


def test_a_finding_of_a_metric_that_the_pack_has_no_more() -> None:
    """Old evidence stays readable: by names, without a link."""
    found = {
        "metric": "gone", "days": 7, "take": "ratio", "against": "platform", "taken": "2", "why": "",
        "figure": {"numerator": 4, "denominator": 100, "status": "ok", "why": ""}, "comparison": "at_least", "line": "2",
        "benchmark": {"rate": "1/50", "numerator": 2, "denominator": 100, "shops": 3}, "holds": True,
    }  # fmt: skip
    told = findings.said(found, WHOSE, "zh")
    assert (told.name, told.href, told.test, told.holds) == ("gone", "", "2.0× ≥ 2.0×", True)
    assert told.counted == "4/100"


def test_a_ratio_never_seems_to_reach_a_line_it_has_not() -> None:
    found = {
        "metric": "m",
        "days": 7,
        "take": "ratio",
        "taken": "19999/10000",
        "figure": None,
        "benchmark": None,
        "why": "",
        "line": "2",
    }
    assert findings.said(found, WHOSE, "zh").test == "1.99× ≥ 2.0×"


def test_joined_findings() -> None:
    leaf = {"metric": "m", "days": 1, "take": "value", "taken": None, "figure": None, "benchmark": None, "why": "no_data",
            "comparison": "less_than", "line": "1/2", "holds": None}  # fmt: skip
    told = findings.said({"joined": "any", "holds": None, "why": "", "parts": [leaf, leaf]}, WHOSE, "en")
    assert (told.joined, len(told.parts), told.parts[0].why, told.parts[0].test) == ("any", 2, "no data", "– < 0.5")


def test_when_the_bad_days_leave(site: Site, here: Look) -> None:
    """Where it is known, the page says from which close on it is not so near any more; programs are told as well."""
    known = {row["clear"] for row in rows(site, "warnings") if row["clear"]}
    shown = text(site.as_("operator"), "/warnings")
    first = watch.warnings(here, EVERYTHING).listed
    assert all(
        each.clear is None or f"{each.clear} 起{'不再到线' if each.near >= 1 else '解除预警'}" in shown for each in first
    )
    told = site.as_("operator").get("/api/v1/warnings?limit=1000").json()["items"]
    assert {each["clear"] for each in told if each["clear"]} == {str(day) for day in known}
