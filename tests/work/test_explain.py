"""Every figure down to its rows: they add up to the close, each with its part and the first rule that left it out."""

import datetime as dt
import random
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tianping.errors import NotFound, TianpingError
from tianping.metrics.compile import USUAL_DAYS
from tianping.metrics.figure import BY
from tianping.metrics.proof import Scope
from tianping.metrics.slices import slices
from tianping.work.closing.closed import Filter, find, read
from tianping.work.figures.explain import Named, Proof, explain, totals
from tianping.work.home import Home, open_home

from .homes import Row, bring, closed, copy, counts, rules, table

T = dt.date(2024, 6, 1)
SAMPLE = 60
ORDERS = "order_id,shop_id,product_id,created_at,paid_at,channel"
VERSIONS = [version.name for version in rules()["kuaishou"].metrics["quality_refund_rate", ""].versions]


def scope(by: str = "shop", subject: str = "S001", days: int = 30, platform: str = "kuaishou") -> Scope:
    return Scope(platform, by, subject, T, days)


def proved(home: Home, row: Row) -> Proof:
    """The proof of a figure read from the close."""
    named = Named(str(row["metric"]), str(row["variant"]))
    return explain(
        home, rules(), named, scope(str(row["by"]), str(row["subject"]), int(str(row["days"])), str(row["platform"]))
    )


def sample(home: Home) -> list[Row]:
    """Figures of every metric, of every level and number of days, and some more; always the same."""
    metrics: defaultdict[object, list[Row]] = defaultdict(list)
    levels: defaultdict[object, list[Row]] = defaultdict(list)
    rows = list(read(home, find(home, T)))
    for row in rows:
        levels[row["by"], row["days"]].append(row)
        if row["by"] != "product":  # few rows stand behind a product
            metrics[row["platform"], row["metric"], row["variant"]].append(row)
    chance = random.Random(20240601)
    chosen = [chance.choice(group) for group in (*metrics.values(), *levels.values())]
    return chosen + chance.sample(rows, max(0, SAMPLE - len(chosen)))


def test_rows_add_up_to_the_close(demo: Home) -> None:
    """For every platform, metric, unit and level: read one by one, the rows give the figure's own numerator and denominator."""
    chosen = sample(demo)
    defined = {(name, *key): metric for name in find(demo, T).packs for key, metric in rules()[name].metrics.items()}
    assert {(row["platform"], row["metric"], row["variant"]) for row in chosen} == set(defined)
    assert {row["by"] for row in chosen} == set(BY)
    assert {row["days"] for row in chosen} == {*USUAL_DAYS, *(days for metric in defined.values() for days in metric.days)}
    for row in chosen:
        proof = proved(demo, row)
        assert proof.figure == row
        assert totals(proof.definition, proof.parts) == (row["numerator"], row["denominator"])
        assert added(proof) == (row["numerator"], row["denominator"]), row


def added(proof: Proof) -> tuple[int, int]:
    """Numerator and denominator counted from the rows in hand, by the words of their roles alone."""
    up = down = 0
    for row in proof.rows():
        adds, side, role = int(str(row["adds"])), row["side"], row["role"]
        if role in ("left_out", "not_counted"):
            assert adds == 0
        elif side == "denominator":
            down += adds
        else:
            up = max(up, adds) if proof.definition.greatest else up + adds
            down += side == "both"
    return (up, 1) if proof.definition.is_count else (up, down)


def test_in_slices_the_same_rows(demo: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure of many shops is proved slice by slice; its rows are those of its one SQL."""
    monkeypatch.setattr("tianping.metrics.slices.MOST", 2_000)
    for name in ("quality_refund_rate", "service_satisfaction", "live_report_rate"):
        proof = explain(demo, rules(), Named(name), scope("platform", "kuaishou"))
        assert len(slices(proof.con, "kuaishou")) > 2
        for (_, held), (_, sql) in zip(proof.held, proof.sql, strict=True):
            assert Counter(proof.con.sql(held).fetchall()) == Counter(proof.con.sql(sql).fetchall())


def test_rows_are_of_the_subject_and_its_days(demo: Home) -> None:
    """No key comes twice, no day lies outside the window, roles stand together."""
    proof = explain(demo, rules(), Named("quality_refund_rate"), scope())
    rows = list(proof.rows())
    assert list(rows[0]) == proof.columns
    assert len({row["order_id"] for row in rows}) == len(rows) == sum(part.rows for part in proof.parts)
    assert {row["shop_id"] for row in rows} == {"S001"}
    days = [dt.date.fromisoformat(str(row["day"])) for row in rows]
    assert (min(days), max(days)) == (proof.span.first, proof.span.last) == (dt.date(2024, 4, 18), dt.date(2024, 5, 17))
    order = ["numerator", "denominator", "left_out"]
    assert [(order.index(str(row["role"])), row["order_id"]) for row in rows] == sorted(
        (order.index(str(row["role"])), str(row["order_id"])) for row in rows
    )


def test_parts_count_what_the_rows_say(demo: Home) -> None:
    """Every part is the number of rows of one role and rule; only rows left out have a rule."""
    for metric in ("quality_refund_rate", "dispute_rate", "timely_shipment", "review_count", "return_refund_time"):
        proof = explain(demo, rules(), Named(metric), scope())
        found = Counter((str(row["side"]), str(row["role"]), str(row["rule"] or "")) for row in proof.rows())
        assert found == {(part.side, part.role, part.rule): part.rows for part in proof.parts}
        assert all((part.rule != "") == (part.role == "left_out") for part in proof.parts)


def test_two_sides_have_their_own_roles(demo: Home) -> None:
    """Of a rate with a measure a side, rows are in the numerator or in the denominator, never both."""
    proof = explain(demo, rules(), Named("dispute_rate"), scope(by="platform", subject="kuaishou"))
    assert [name for name, _ in proof.sql] == ["numerator", "denominator"]
    assert {part.role for part in proof.parts if part.side == "denominator"} == {"denominator", "left_out"}
    assert {part.role for part in proof.parts if part.side == "numerator"} == {"numerator", "left_out"}


def test_counts_say_what_is_not_counted(demo: Home) -> None:
    """A count of a numerator has rows not counted; a count of a denominator counts every row kept."""
    few = explain(demo, rules(), Named("negative_review_count"), scope())
    many = explain(demo, rules(), Named("review_count"), scope())
    assert {part.role for part in few.parts} == {"numerator", "not_counted", "left_out"}
    assert {part.role for part in many.parts} == {"numerator", "left_out"}
    rate = explain(demo, rules(), Named("negative_review_rate"), scope())
    assert (totals(few.definition, few.parts)[0], totals(many.definition, many.parts)[0]) == totals(rate.definition, rate.parts)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def test_the_first_rule_leaves_out(home: Home) -> None:
    """A row that two rules leave out carries the first of the pack's order; an empty flag is no flag, an empty channel none."""
    columns = f"{ORDERS},risk_flagged"
    orders = [
        ("both", "s", "p", "2024-05-10", "2024-05-10", "flash", "true"),
        ("unsigned", "s", "p", "2024-05-10", "2024-05-10", "flash", None),
        ("signed", "s", "p", "2024-05-10", "2024-05-10", None, "false"),
    ]
    parcels = table("parcel_id,order_id,shipped_at,signed_at", ("k", "signed", "2024-05-11", "2024-05-12"))
    cases = table("case_id,order_id,kind,reason,requested_at", ("c", "signed", "refund_only", "other", "2024-05-13"))
    bring(home, {"shops": table("shop_id,platform", ("s", "kuaishou")), "orders": table(columns, *orders)})
    bring(home, {"parcels": parcels, "cases": cases})
    closed(home, T)
    proof = explain(home, rules(), Named("quality_refund_rate"), scope(subject="s"))
    assert [(row["order_id"], row["role"], row["rule"]) for row in proof.rows()] == [
        ("signed", "denominator", None),
        ("both", "left_out", "risk_flagged"),
        ("unsigned", "left_out", "not_signed_in_14_days"),
    ]
    spread = explain(home, rules(), Named("dispute_rate"), scope(subject="s"))
    assert [(part.side, part.role, part.rule, part.rows) for part in spread.parts] == [
        ("denominator", "denominator", "", 2),
        ("denominator", "left_out", "other_channel", 1),
    ]


ODD = ("it's", '"q";  100% 半角 back\\slash --')


def test_subjects_with_odd_names(home: Home) -> None:
    """Quotes, blanks, percent signs in ids and categories are letters like others, wherever a figure is asked for."""
    shops = table("shop_id,platform", *((cell(name), "kuaishou") for name in ODD))
    products = table(
        "product_id,shop_id,category_l1,category_l2", *((cell(n), cell(n), cell(n), cell("Bags/" + n)) for n in ODD)
    )
    orders = [
        (f"o{i}{j}", cell(n), cell(n), "2024-05-30", "2024-05-30", "flash") for i, n in enumerate(ODD) for j in range(i + 1)
    ]
    bring(home, {"shops": shops, "products": products, "orders": table(ORDERS, *orders)})
    done = closed(home, T)
    for by, subjects in (
        ("shop", ODD),
        ("product", ODD),
        ("category_l1", ODD),
        ("category_l2", [f"{n}/Bags／{n}" for n in ODD]),
        ("shop_category_l2", [f"{n}/{n}/Bags／{n}" for n in ODD]),
    ):
        assert counts(home, done, "dispute_rate", by=by, variant="all_channels") == {
            n: (0, i + 1) for i, n in enumerate(subjects)
        }
        for number, subject in enumerate(subjects, start=1):
            proof = explain(home, rules(), Named("dispute_rate", "all_channels"), scope(by, subject))
            assert added(proof) == (0, number)


def cell(text: str) -> str:
    """As CSV writes it."""
    return '"' + text.replace('"', '""') + '"'


def test_blanks_around_ids(home: Home) -> None:
    """Blanks before and after an id, as spreadsheets leave them, make no second shop or order."""
    rows = [(" o1 ", "s ", " p", "2024-05-30", "2024-05-30", "flash"), ("o2", "s", "p", "2024-05-30", "2024-05-30", "flash")]
    bring(home, {"shops": table("shop_id,platform", (" s", "kuaishou")), "orders": table(ORDERS, *rows)})
    assert counts(home, closed(home, T), "dispute_rate", variant="all_channels") == {"s": (0, 2)}
    assert added(explain(home, rules(), Named("dispute_rate", "all_channels"), scope(subject="s"))) == (0, 2)


def rewrite(home: Home, change: str) -> None:
    """Somebody changes the file of figures behind our back."""
    path = home.path / find(home, T).path
    duckdb.connect().execute(
        f"copy (select {change}) to '{path}.new' (format parquet)".replace("FIGURES", f"read_parquet('{path}')")
    )
    Path(f"{path}.new").replace(path)


@pytest.mark.parametrize(
    "change",
    [
        "* replace (case when subject = 'S001' then numerator + 1 else numerator end as numerator) from FIGURES",
        "* replace (denominator + 1 as denominator) from FIGURES",
        "* from FIGURES where subject <> 'S001'",
    ],
)
def test_changed_figures_are_noticed(demo: Home, tmp_path: Path, change: str) -> None:
    """A figure that its rows do not give, or that is gone, is refused, and the sentence has both fractions."""
    proof = explain(demo, rules(), Named("quality_refund_rate"), scope())
    numerator, denominator = totals(proof.definition, proof.parts)
    home = copy(demo, tmp_path / "home")
    rewrite(home, change)
    with pytest.raises(TianpingError, match=rf"the rows give {numerator}/{denominator} but the close has \d+/\d+"):
        explain(home, rules(), Named("quality_refund_rate"), scope())


def test_other_days_and_versions(demo: Home) -> None:
    """Days that were not closed, and a version not in force, are counted from the rows, and no figure stands beside them."""
    assert explain(demo, rules(), Named("quality_refund_rate"), scope(days=45)).figure == {}
    first, second = VERSIONS
    old = explain(demo, rules(), Named("quality_refund_rate", version=first), scope())
    assert (old.figure, old.definition.version.name) == ({}, first)
    new = explain(demo, rules(), Named("quality_refund_rate", version=second), scope())
    assert totals(old.definition, old.parts) != totals(new.definition, new.parts)
    assert new.figure == next(
        read(demo, find(demo, T), Filter(metric="quality_refund_rate", subject="S001", by="shop", days=30))
    )


def test_named() -> None:
    """name, name/variant, name@version, both; and back."""
    for text in ("a", "a/b", "a@2020-01-01", "a/b@2020-01-01"):
        assert str(Named.parse(text)) == text
    assert Named.parse("a/b@2020-01-01") == Named("a", "b", "2020-01-01")


@pytest.mark.parametrize(
    ("named", "wanted", "sentence"),
    [
        (
            "quality_refund_rat",
            scope(),
            'no metric "quality_refund_rat" in the pack kuaishou: did you mean "quality_refund_rate"',
        ),
        ("dispute_rate/all", scope(), 'no metric "dispute_rate/all"'),
        (
            "quality_refund_rate@1999-01-01",
            scope(),
            f"no version 1999-01-01 of quality_refund_rate; there are {', '.join(VERSIONS)}",
        ),
        (
            "quality_refund_rate",
            scope(subject="S999"),
            "has no rows for shop S999 over 30 days as of 2024-06-01; `tianping metrics",
        ),
        ("quality_refund_rate", scope(subject="' or true --"), "has no rows for shop ' or true --"),
        ("quality_refund_rate", scope(by="agent"), 'no figures by "agent"; it has them by platform'),
        ("service_satisfaction", scope(by="product"), 'no figures by "product"; it has them by platform, shop'),
        ("quality_refund_rate", scope(platform="kuaisho"), 'no pack for the platform "kuaisho": did you mean "kuaishou"'),
        ("quality_refund_rate", Scope("kuaishou", "shop", "S001", dt.date(2020, 1, 1), 30), "2020-01-01 is not closed"),
    ],
)
def test_asked_in_vain(demo: Home, named: str, wanted: Scope, sentence: str) -> None:
    """One sentence says what is not there and what is."""
    with pytest.raises(NotFound) as refused:
        explain(demo, rules(), Named.parse(named), wanted)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_changed_pack_is_refused(demo: Home) -> None:
    """Rows counted by other rules prove nothing; and a pack whose shops are not there has no figures."""
    pack = rules()["kuaishou"]
    with pytest.raises(TianpingError, match="has changed since 2024-06-01 was closed; close it again"):
        explain(demo, {"kuaishou": pack.model_copy(update={"digest": "other"})}, Named("quality_refund_rate"), scope())
    other = pack.model_copy(update={"platform": "elsewhere"})
    with pytest.raises(NotFound, match="no shops of elsewhere"):
        explain(demo, {"elsewhere": other}, Named("quality_refund_rate"), scope(platform="elsewhere"))


def test_rows_left_out_alone_make_no_figure(home: Home) -> None:
    """Where every row is left out there may be no figure, or 0/0; both have a proof of 0/0."""
    rows = [("o", "s", "p", "2024-05-30", "2024-05-30", "other")]
    bring(home, {"shops": table("shop_id,platform", ("s", "kuaishou")), "orders": table(ORDERS, *rows)})
    closed(home, T)
    for by, subject in (("shop", "s"), ("product", "p")):
        proof = explain(home, rules(), Named("dispute_rate"), scope(by, subject, 7))
        assert totals(proof.definition, proof.parts) == (0, 0)
        assert [part.rule for part in proof.parts] == ["other_channel"]


def test_value_of_the_proof(demo: Home) -> None:
    """The fraction stands beside the rounded number."""
    proof = explain(demo, rules(), Named("quality_refund_rate"), scope())
    value = Fraction(*totals(proof.definition, proof.parts))
    assert str(proof.figure["value"]) == str(Decimal(round(value * 10**6)).scaleb(-6))
