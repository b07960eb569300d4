"""A judged close, from facts to proposed violations: the same again, corrected by newer facts, in any order of days."""

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tianping.assess.finding import Subject
from tianping.assess.level import Standing
from tianping.assess.trigger import Reached, Verdict
from tianping.assess.violation import Earlier, Found, settle
from tianping.periods import Period, day_start
from tianping.store import judgements, violations
from tianping.store.violations import Present
from tianping.work.care import examine
from tianping.work.closing import bysubject
from tianping.work.closing.close import Asked
from tianping.work.closing.closed import find
from tianping.work.erase import erase
from tianping.work.home import Home, open_home, set_scope
from tianping.work.intake import imports
from tianping.work.judge import close_day
from tianping.work.judgement import judged

from .homes import NOON, bring, rules, table

T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
WHOLE = Period(T - 200 * DAY, T + 30 * DAY)
PAID = T - dt.timedelta(days=15)  # the last fully mature payment day


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home", create=True)
    set_scope(made, "market")
    return made


def at(day: dt.date, hour: int = 12) -> str:
    return f"{day} {hour:02d}:00:00"


def market(*, bad: int, of: int = 40, others: int = 400) -> dict[str, str]:
    """Shop A's product PA has `bad` quality refunds of `of` orders; shop B's PB of the same category 1 of `others`."""
    lines = [(f"A{n}", "A", "PA") for n in range(of)] + [(f"B{n}", "B", "PB") for n in range(others)]
    refunded = [*(f"A{n}" for n in range(bad)), "B0"]
    return {
        "shops": table("shop_id,platform,phone_manager,phone_service,phone_shipping,phone_return",
                       *((shop, "kuaishou", *("139",) * 4) for shop in "AB")),
        "products": table("product_id,shop_id,category_l1,category_l2,category_l3",
                          ("PA", "A", "服饰", "女装", "连衣裙"), ("PB", "B", "服饰", "女装", "连衣裙")),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel,quantity,amount_fen",
                        *((*line, at(PAID, 10), at(PAID, 11), "self_built", 1, 1000) for line in lines)),
        "cases": table("case_id,order_id,kind,reason,requested_at",
                       *((f"R{order}", order, "refund_only", "quality", at(PAID + DAY)) for order in refunded)),
    }  # fmt: skip


def proposed(home: Home, name: str = "quality_anomaly") -> Sequence[Present]:
    with home.database.connect() as connection:
        return [each for each in violations.in_state(connection, violations.STATES) if each.row.violation == name]


def test_a_bad_product_is_proposed_once(home: Home) -> None:
    """20 of 40 against 21 of 440 in its category is more than ten times as much; run again, nothing is new."""
    bring(home, market(bad=20), covers=WHOLE)
    for _ in range(2):
        close_day(home, rules(), Asked(T), at=NOON)
    [one] = proposed(home)
    assert (one.row.subject_kind, one.row.subject_id, one.row.shop_id, one.state) == ("product", "PA", "A", "proposed")
    assert one.severity == "especially_serious"
    reached = one.row.evidence["reached"]["reading"]
    assert (reached["figure"]["numerator"], reached["figure"]["denominator"]) == (20, 40)
    assert (reached["benchmark"]["numerator"], reached["benchmark"]["denominator"]) == (21, 440)
    assert reached["taken"] == "220/21"
    assert len(judgements.of_date(home.database, T)) == 1


@pytest.mark.parametrize(("bad", "severity"), [(9, None), (10, "especially_serious")])
def test_the_gate_is_ten_quality_refunds(home: Home, bad: int, severity: str | None) -> None:
    bring(home, market(bad=bad, of=20, others=4000), covers=WHOLE)
    close_day(home, rules(), Asked(T), at=NOON)
    assert [each.severity for each in proposed(home)] == ([severity] if severity else [])


def test_newer_facts_withdraw_what_is_only_proposed(home: Home) -> None:
    bring(home, market(bad=20), covers=WHOLE)
    close_day(home, rules(), Asked(T), at=NOON)
    flagged = table("case_id,order_id,kind,reason,requested_at",
                    *((f"Z{n}", f"A{n}", "refund_only", "not_wanted", at(PAID, 12)) for n in range(20)))  # fmt: skip
    bring(home, {"cases": flagged}, covers=WHOLE, hour=1)  # asked earlier than those for quality: the first cause is another
    close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=2))
    [one] = proposed(home)
    assert one.state == "withdrawn"


def test_a_look_back_charges_nobody(home: Home) -> None:
    bring(home, market(bad=20), covers=WHOLE)
    bring(home, {"shops": table("shop_id,platform", ("C", "kuaishou"))}, hour=1)
    _, found = close_day(home, rules(), Asked(T, known_at=1), at=NOON + dt.timedelta(hours=2))
    assert [row["subject_id"] for row in judged.read(home, found, "found", {"name": ["quality_anomaly"]})] == ["PA"]
    assert not proposed(home)


def test_own_shops_are_judged_by_imported_benchmarks_only(home: Home) -> None:
    set_scope(home, "own_shops")
    bring(home, market(bad=20), covers=WHOLE)
    _, found = close_day(home, rules(), Asked(T), at=NOON)
    assert not judged.read(home, found, "found", {"name": ["quality_anomaly"]})
    columns = "platform,metric,by,subject,date,days,numerator,denominator"
    share = ("kuaishou", "product_quality_refund_rate", "category_l3", "服饰/女装/连衣裙", T, 7, 1, 10)
    whole = ("kuaishou", "product_quality_refund_rate", "platform", "kuaishou", T, 7, 1, 10)
    bring(home, {"benchmarks": table(columns, share, whole)}, hour=1)
    _, found = close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=2))
    [row] = judged.read(home, found, "found", {"name": ["quality_anomaly"]})
    assert row["severity"] == "especially_serious"  # 5 times: serious; the shop is over 1.3 times the platform: one up


@pytest.mark.parametrize(("days", "found"), [(31, 1), (32, 0)])
def test_an_old_benchmark_accuses_nobody(home: Home, days: int, found: int) -> None:
    set_scope(home, "own_shops")
    bring(home, market(bad=20), covers=WHOLE)
    columns = "platform,metric,by,subject,date,days,numerator,denominator"
    share = ("kuaishou", "product_quality_refund_rate", "category_l3", "服饰/女装/连衣裙", T - days * DAY, 7, 1, 100)
    bring(home, {"benchmarks": table(columns, share)}, hour=1)
    close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=2))
    assert len(proposed(home)) == found


def test_a_product_that_another_shop_sells_is_not_judged(home: Home) -> None:
    """Its figures are not its shop's alone: one order of shop B names product PA."""
    bring(home, market(bad=20), covers=WHOLE)
    other = table("order_id,shop_id,product_id,created_at,paid_at,channel,quantity,amount_fen",
                  ("X", "B", "PA", at(PAID), at(PAID), "self_built", 1, 1000))  # fmt: skip
    bring(home, {"orders": other}, hour=1)
    close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=2))
    assert not proposed(home)


def test_erasing_a_buyer_does_not_end_judgement(home: Home) -> None:
    """An erasure is no import: the close that follows still knows most."""
    bring(home, market(bad=20), covers=WHOLE)
    bring(home, {"orders": table("order_id,buyer_id", ("A0", "U1"))}, hour=1)
    erase(home, "U1", at=NOON + dt.timedelta(hours=2))
    close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=3))
    assert len(proposed(home)) == 1


def test_an_undone_platform_is_accused_of_nothing(home: Home) -> None:
    done = bring(home, market(bad=20), covers=WHOLE)
    bring(home, {"shops": table("shop_id,platform", ("D", "douyin"))}, hour=1)
    close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=2))
    assert done.seq is not None
    imports.undo(home, done.seq, at=NOON + dt.timedelta(hours=3))
    close_day(home, rules(), Asked(T), at=NOON + dt.timedelta(hours=4))
    assert [each.state for each in proposed(home)] == ["withdrawn"]


def douyin(days: int) -> dict[str, str]:
    """A shop opened long ago that sells three orders a day, ships them in time, and is praised by nobody."""
    first = T - dt.timedelta(days=days)
    orders = [(f"O{d}-{n}", first + dt.timedelta(days=d)) for d in range(days) for n in range(3)]
    return {
        "shops": table("shop_id,platform,opened_at", ("D", "douyin", "2024-01-01 00:00:00")),
        "products": table("product_id,shop_id", ("PD", "D")),
        "orders": table("order_id,shop_id,product_id,created_at,paid_at,promised_ship_at,amount_fen",
                        *((order, "D", "PD", at(day), at(day), at(day + DAY), 5000) for order, day in orders)),
        "parcels": table("parcel_id,order_id,shipped_at,fake",
                         *((f"W{order}", order, at(day + DAY if order.endswith("2") else day, 13), "false")
                           for order, day in orders)),
        "cases": table("case_id,order_id,kind,reason,requested_at"),
        "reviews": table("review_id,order_id,reviewed_at,quality,logistics,service"),
        "complaints": table("complaint_id,order_id,complained_at,verdict"),
        "chat_sessions": table("session_id,shop_id,buyer_id,opened_at"),
        "messages": table("message_id,shop_id,buyer_id,sent_at,sender"),
    }  # fmt: skip


def history(home: Home) -> dict[dt.date, tuple[object, ...]]:
    """Where shop D stood after every judged day, and what happened."""
    names = (*Standing.__dataclass_fields__, "happened")
    return {
        each.date: tuple(judged.read(home, each, "levels", {"shop_id": ["D"]})[0][name] for name in names)
        for each in judgements.every(home.database)
    }


def test_levels_do_not_depend_on_the_order_in_which_days_are_closed(tmp_path: Path) -> None:
    """Late every third order: down a level at the first evaluation, whichever day is closed first."""
    days = [T - DAY * back for back in range(5)]
    found = []
    for number, order in enumerate((sorted(days), days, [days[2], days[0], days[4], days[1], days[3]])):
        home = open_home(tmp_path / str(number), create=True)
        bring(home, douyin(60), covers=WHOLE)
        for day in order:
            close_day(home, rules(), Asked(day), at=NOON)
        found.append(history(home))
    assert found[0] == found[1] == found[2]
    first = found[0][min(days)]
    assert (first[0], first[-1]) == ("lv0", "down")
    assert {each[0] for each in found[0].values()} == {"lv0"}
    assert [each[-1] for _, each in sorted(found[0].items())] == ["down", "none", "none", "none", "none"]


def test_a_warning_says_how_many_more_and_until_when(home: Home) -> None:
    """Eight of ten refunds needed; the day they were paid on leaves the seven mature days a week after T."""
    bring(home, market(bad=8), covers=WHOLE)
    _, found = close_day(home, rules(), Asked(T), at=NOON)
    [row] = judged.read(home, found, "warnings", {"name": ["quality_anomaly"]})
    assert (row["subject_id"], row["near"], row["more"], row["clear"]) == ("PA", 0.8, 2, T + 7 * DAY)
    assert not judged.read(home, found, "found", {"name": ["quality_anomaly"]})
    for days, near in ((6, 1), (7, 0)):
        _, later = close_day(home, rules(), Asked(T + days * DAY), at=NOON)
        assert len(judged.read(home, later, "warnings", {"name": ["quality_anomaly"]})) == near


def test_days_closed_backwards_accuse_once(home: Home) -> None:
    """The same seven days of orders are not punished twice, in whatever order days are closed."""
    bring(home, market(bad=20), covers=WHOLE)
    for back in range(3):
        close_day(home, rules(), Asked(T + (2 - back) * DAY), at=NOON)
    assert [each.row.date for each in proposed(home)] == [T + 2 * DAY]


@pytest.mark.parametrize(("late", "state"), [(dt.timedelta(days=7), "in_force"), (dt.timedelta(days=7, seconds=1), "proposed")])
def test_the_clock_punishes_only_what_is_fresh(home: Home, late: dt.timedelta, state: str) -> None:
    """A poor video takes effect by itself; where its day is closed more than a week late, a person decides."""
    videos = table("video_id,shop_id,published_at,duration_s,look_reviewed_at,look_grade",
                   ("V", "A", at(PAID), 10, at(PAID), "poor"))  # fmt: skip
    bring(home, {"videos": videos, "shops": table("shop_id,platform", ("A", "kuaishou"))}, covers=WHOLE)
    close_day(home, rules(), Asked(T), at=day_start(T) + late)
    [one] = proposed(home, "poor_video")
    assert one.state == state


def test_what_was_never_supplied_accuses_nobody(home: Home) -> None:
    """A shop file without the columns of telephone numbers says nothing of them; one with empty cells does."""
    bring(home, {"shops": table("shop_id,platform", ("A", "kuaishou"))})
    phones = "phone_manager,phone_service,phone_shipping,phone_return"
    bring(home, {"shops": table(f"shop_id,platform,{phones}", ("B", "kuaishou", "1", "1", "1", None))}, hour=1)
    close_day(home, rules(), Asked(T), at=NOON)
    assert [each.row.shop_id for each in proposed(home, "contact_numbers")] == ["B"]


def test_what_the_clock_alone_put_in_force_it_takes_back(home: Home) -> None:
    """A video graded poor by a wrong export: mended, the close of the same day gives all back."""
    head = "video_id,shop_id,published_at,duration_s,look_reviewed_at,look_grade"
    bring(home, {"videos": table(head, ("V", "A", at(PAID), 10, at(PAID), "poor")),
                 "shops": table("shop_id,platform", ("A", "kuaishou"))}, covers=WHOLE)  # fmt: skip
    close_day(home, rules(), Asked(T), at=day_start(T) + DAY)
    bring(home, {"videos": table(head, ("V", "A", at(PAID), 10, at(PAID), "good"))}, hour=1)
    close_day(home, rules(), Asked(T), at=day_start(T) + 2 * DAY)
    [one] = proposed(home, "poor_video")
    assert one.state == "revoked"


def test_threads_that_judge_the_same_day(home: Home) -> None:
    """Each lands, and nothing is charged twice."""
    bring(home, market(bad=20), covers=WHOLE)
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: close_day(home, rules(), Asked(T), at=NOON)[1].folder, range(4)))
    assert len(set(done)) == 1
    assert len(proposed(home)) == 1
    assert [path.suffix for path in (home.path / judged.FOLDER / T.isoformat()).iterdir()] == [""]


def test_a_copy_that_fails_is_told_and_made_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy by subject, made beside judging: the close and its judgement stay, nothing half-made does."""
    bring(home, market(bad=20), covers=WHOLE)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as disk:
        disk.setattr(bysubject, "_write", full)
        with pytest.raises(OSError, match="no space left"):
            close_day(home, rules(), Asked(T), at=NOON)
    assert [path for path in (home.path / bysubject.FOLDER).rglob("*") if not path.is_dir() or path.suffix] == []
    assert len(proposed(home)) == 1
    done, _ = close_day(home, rules(), Asked(T), at=NOON)
    [made] = bysubject.beside(home.path, home.path / done.path, ["A"])
    assert Path(made).is_relative_to(home.path / bysubject.FOLDER)


def test_a_judgement_that_fails_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The close stays, and its copy."""
    bring(home, market(bad=20), covers=WHOLE)

    def faulty(*_: object) -> None:
        raise ValueError("no yardsticks")

    monkeypatch.setattr("tianping.work.judge.yardsticks", faulty)
    with pytest.raises(ValueError, match="no yardsticks"):
        close_day(home, rules(), Asked(T), at=NOON)
    done = find(home, T)
    monkeypatch.setattr(bysubject, "make", faulty)  # it is there
    assert bysubject.lay_out(home.path, home.path / done.path, wait=False)
    assert judgements.of_date(home.database, T) == []


def test_what_a_killed_judgement_left_is_named_and_swept(home: Home) -> None:
    """Of any day, while writing a whole judgement or the levels of one anew."""
    bring(home, market(bad=20), covers=WHOLE)
    _, done = close_day(home, rules(), Asked(T), at=NOON)
    other = home.path / judged.FOLDER / (T - DAY).isoformat()
    left = [other / "3-a-b.1.tmp", home.path / done.folder / "levels.again.1.tmp", home.path / done.folder / "levels.again"]
    for each in left:
        each.mkdir(parents=True)
        (each / "levels.parquet").touch()
    [strays] = [each for each in examine(home) if each.what == "strays"]
    assert strays.told.endswith("; 3 judgements not finished, the next close sweeps them")
    close_day(home, rules(), Asked(T + DAY), at=NOON)
    assert not any(each.exists() for each in left)
    assert (home.path / done.folder / "levels.parquet").exists()
    assert "not finished" not in next(each.told for each in examine(home) if each.what == "strays")


def test_what_repeats_make_worse_is_for_a_person() -> None:
    """A rule that takes effect by itself does so at its own severity; raised, it waits."""

    class Once:
        def confirmed(self, *_: object) -> Sequence[Earlier]:
            return [Earlier("past M1", "minor", T - 30 * DAY)]

        def last_found(self, *_: object, records: bool) -> None:
            del records

    version = rules()["kuaishou"].judging.violations["quality_anomaly"].versions[-1]
    verdict = Verdict("minor", Reached("minor"))
    found = Found("quality_anomaly", T, Subject("kuaishou", "A", "PA"), "product", version.triggers[1], verdict, "minor",
                  needs_person=False)  # fmt: skip
    settled = settle(found, version, Once())
    assert settled is not None
    assert (settled.severity, settled.needs_person, settled.why) == ("serious", True, "repeats")
