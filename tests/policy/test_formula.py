"""The language of packs: each formula's type and SQL, that SQL run, and everything else refused."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tianping.errors import TianpingError
from tianping.policy import formula
from tianping.policy.model import Narrower, Set
from tianping.work.trials.trial import figures

from .made import pack

COLUMNS = {
    "n": "int", "virtual": "bool", "channel": "text", "paid_at": "time", "shipped_at": "time", "first_refund_at": "time",
    "d": "day", "requests": "times", "timezone": "text", "orders": "int", "category_l1": "text", "category_l2": "text",
    "category_l3": "text",
}  # fmt: skip
SETS = {
    "own": Set(values=("self_built", "flash")),
    "odd": Set(values=("it's", '"')),
    "good": Set(values=("a",), inside=(Narrower(category="A", values=("b",)), Narrower(category="A/B", values=("c",)))),
}

# formula, its type, its SQL, its value over the one row below
PAIRS = [
    ("n = 3", "bool", "n = 3", True),
    ("n <> 3", "bool", "n <> 3", False),
    ("n != 3", "bool", "n <> 3", False),
    ("n < 3 or n <= 3 and n > 2", "bool", "n < 3 OR n <= 3 AND n > 2", True),
    ("not (n >= 4)", "bool", "NOT (n >= 4)", True),
    ("n between 3 and 5", "bool", "n BETWEEN 3 AND 5", True),
    ("not n between 0 and 2", "bool", "NOT n BETWEEN 0 AND 2", True),
    ("n in (1, 3)", "bool", "n IN (1, 3)", True),
    ("channel not in ('flash')", "bool", "NOT channel IN ('flash')", True),
    ("channel in own", "bool", "channel IN ('self_built', 'flash')", True),
    ("channel not in own", "bool", "NOT channel IN ('self_built', 'flash')", False),
    ("channel in odd", "bool", "channel IN ('it''s', '\"')", False),
    ("channel = 'it''s'", "bool", "channel = 'it''s'", False),
    ("shipped_at is null", "bool", "shipped_at IS NULL", False),
    ("shipped_at is not null", "bool", "NOT shipped_at IS NULL", True),
    ("virtual", "bool", "virtual", False),
    ("true", "bool", "TRUE", True),
    ("n + 2 * 3 - 1", "int", "n + 2 * 3 - 1", 8),
    ("-n", "int", "-n", -3),
    ("case when virtual then 1 when n = 3 then 2 else 0 end", "int",
     "CASE WHEN virtual THEN 1 WHEN n = 3 THEN 2 ELSE 0 END", 2),
    ("case when virtual then 1 end", "int", "CASE WHEN virtual THEN 1 END", None),
    ("coalesce(null, n)", "int", "COALESCE(NULL, n)", 3),
    ("least(n, 2, null)", "int", "LEAST(n, 2, NULL)", 2),
    ("greatest(n, 2, null)", "int", "GREATEST(n, 2, NULL)", 3),
    ("greatest(paid_at, shipped_at) = shipped_at", "bool", "GREATEST(paid_at, shipped_at) = shipped_at", True),
    ("day(paid_at)", "day", "CAST(WALL(paid_at, timezone) AS DATE)", dt.date(2024, 6, 16)),
    ("DAY(paid_at) = d", "bool", "CAST(WALL(paid_at, timezone) AS DATE) = d", True),
    ("hour(paid_at)", "int", "HOUR(WALL(paid_at, timezone))", 0),
    ("hour(paid_at - interval 1 second)", "int", "HOUR(WALL((paid_at - INTERVAL '1' SECOND), timezone))", 23),
    ("seconds_between(paid_at, shipped_at)", "int",
     "(CAST(EPOCH(shipped_at) AS BIGINT) - CAST(EPOCH(paid_at) AS BIGINT))", 172801),
    ("seconds_between(shipped_at, paid_at) < 0", "bool",
     "(CAST(EPOCH(paid_at) AS BIGINT) - CAST(EPOCH(shipped_at) AS BIGINT)) < 0", True),
    ("days_between(day(paid_at), d)", "int", "(d - CAST(WALL(paid_at, timezone) AS DATE))", 0),
    ("days_between(d, day(shipped_at + interval 24 hours))", "int",
     "(CAST(WALL((shipped_at + INTERVAL '24' HOURS), timezone) AS DATE) - d)", 3),
    ("shipped_at <= paid_at + interval 48 hour", "bool", "shipped_at <= paid_at + INTERVAL '48' HOUR", False),
    ("shipped_at <= paid_at + interval '2 days' + interval 1 second", "bool",
     "shipped_at <= paid_at + INTERVAL '2' DAYS + INTERVAL '1' SECOND", True),
    ("asked_before(paid_at)", "bool",
     "(first_refund_at <= paid_at AND (shipped_at IS NULL OR shipped_at > first_refund_at))", False),
    ("asked_before(paid_at + interval 1 day)", "bool",
     "(first_refund_at <= (paid_at + INTERVAL '1' DAY) AND (shipped_at IS NULL OR shipped_at > first_refund_at))", True),
    ("coalesce(asked_before(null), virtual)", "bool",
     "COALESCE((first_refund_at <= NULL AND (shipped_at IS NULL OR shipped_at > first_refund_at)), virtual)", False),
]  # fmt: skip


@pytest.fixture(scope="module")
def row() -> Iterator[duckdb.DuckDBPyConnection]:
    """One row: paid at midnight of 16 June in Shanghai, a refund asked 24 h later, shipped after 48 h and a second."""
    con = duckdb.connect()
    con.execute("create macro wall(instant, zone) as instant + interval 8 hour")
    con.execute(
        """create table one as select 3 as n, false as virtual, 'self_built' as channel, date '2024-06-16' as d,
           timestamp '2024-06-15 16:00:00' as paid_at, timestamp '2024-06-17 16:00:01' as shipped_at,
           timestamp '2024-06-16 16:00:00' as first_refund_at, 'Asia/Shanghai' as timezone, null::integer as nothing"""
    )
    yield con
    con.close()


def faults(text: str) -> tuple[str, ...]:
    return formula.check(text, COLUMNS, SETS).faults


@pytest.mark.parametrize(("text", "kind", "sql", "value"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_formulas_as_sql(row: duckdb.DuckDBPyConnection, text: str, kind: str, sql: str, value: object) -> None:
    """Typed, compiled, and run."""
    assert formula.check(text, COLUMNS, SETS) == formula.Checked(kind, ())
    assert formula.sql(formula.compile(text, SETS)) == sql
    assert row.execute(f"select {sql} from one").fetchone() == (value,)


@pytest.mark.parametrize(
    ("l1", "l2", "l3", "value", "member"),
    [
        (None, None, None, "a", True), (None, None, None, "b", False),
        ("X", "B", None, "a", True), ("X", "B", None, "c", False),
        ("A", None, None, "b", True), ("A", None, None, "a", False), ("A", "X", "B", "b", True),
        ("A", "B", None, "c", True), ("A", "B", "C", "c", True), ("A", "B", "C", "b", False), ("A", "B", "C", "a", False),
    ],
)  # fmt: skip
def test_a_set_inside_a_category(l1: str | None, l2: str | None, l3: str | None, value: str, member: bool) -> None:
    """The narrowest category that holds the product speaks, whatever the order in the pack."""
    for sets in (SETS, {"good": SETS["good"].model_copy(update={"inside": SETS["good"].inside[::-1]})}):
        text = formula.sql(formula.compile("channel in good", sets))
        sql = f"select {text} from (select ? as category_l1, ? as category_l2, ? as category_l3, ? as channel)"
        assert duckdb.connect().execute(sql, [l1, l2, l3, value]).fetchone() == (member,)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("payd_at is null", 'no column "payd_at" in this view: did you mean "paid_at"? allowed: category_l1, '),
        ("N = 1", 'no column "N" in this view'),
        ("minutes(paid_at) = 1", 'no function "minutes" in packs: allowed: asked_before, coalesce, day, days_between, '),
        ("second_between(paid_at, paid_at) = 1", 'no function "second_between" in packs: did you mean "seconds_between"?'),
        ("seconds_between(paid_at) = 1", "seconds_between takes 2 argument(s), not 1"),
        ("asked_before(d)", '"d" is day, but time is needed here'),
        ("day(d) = d", '"d" is day, but time is needed here'),
        ("hour(n) = 1", '"n" is int, but time is needed here'),
        ("days_between(paid_at, d) = 1", '"paid_at" is time, but day is needed here'),
        ("channel in owns", 'no set "owns" in this pack: did you mean "own"? allowed: good, odd, own'),
        ("channel in 'own'", "no set \"'own'\" in this pack"),
        ("channel in own(1)", 'no set "OWN(1)" in this pack'),
        ("n in own", '"n IN own" mixes int and text'),
        ("n in (1, 'a')", "\"n IN (1, 'a')\" mixes int and text"),
        ("n in ()", '"n IN ()": "in" goes with a list or a named set'),
        ("n = 'a'", "\"n = 'a'\" mixes int and text"),
        ("n between 1 and 'a'", "\"n BETWEEN 1 AND 'a'\" mixes int and text"),
        ("d = '2024-01-01'", "\"d = '2024-01-01'\" mixes day and text"),
        ("virtual = true", '"virtual = TRUE": write the condition itself, not a comparison with it'),
        ("virtual < true", '"virtual < TRUE": write the condition itself, not a comparison with it'),
        ("virtual between true and true", '"virtual BETWEEN TRUE AND TRUE": bool has no order'),
        ("least(virtual, virtual)", '"LEAST(virtual, virtual)": bool has no order'),
        ("requests = requests", '"requests = requests": times has no order'),
        ("virtual is true", '"is" goes with null only'),
        ("not n", '"n" is int, but bool is needed here'),
        ("virtual and n", '"n" is int, but bool is needed here'),
        ("n + 1.5", "1.5 is not a whole number; packs count in whole units"),
        ("n - paid_at", '"n - paid_at": int and time do not add up (use seconds_between for times)'),
        ("shipped_at - paid_at", '"shipped_at - paid_at": time and time do not add up (use seconds_between for times)'),
        ("d + 1", '"d + 1": day and int do not add up'),
        ("-channel", '"channel" is text, but int is needed here'),
        ("n * virtual", '"virtual" is bool, but int is needed here'),
        ("paid_at + interval 1 month",
         "\"INTERVAL '1' MONTH\": a span is a whole number of seconds, minutes, hours or days (of 24 hours)"),
        ("paid_at + interval '1.5' day", "\"INTERVAL '1.5' DAY\": a span is a whole number"),
        ("paid_at + interval '1' ", "\"INTERVAL '1'\": a span is a whole number"),
        ("case n when 3 then 1 end", '"CASE n WHEN 3 THEN 1 END": write "case when … then … end", each "when" a condition'),
        ("case when n then 1 end", '"n" is int, but bool is needed here'),
        ("case when virtual then 1 else 'a' end", "\"CASE WHEN virtual THEN 1 ELSE 'a' END\" mixes int and text"),
        ("coalesce(n, 'a')", "\"COALESCE(n, 'a')\" mixes int and text"),
        ("n = 1 or", '"n = 1 or" is not an expression: Required keyword: \'expression\' missing. Line 1, Col: 8.'),
        ("(n = 1", '"(n = 1" is not an expression: Expecting ). Line 1, Col: 6.'),
        ("n = 'a", '"n = \'a" is not an expression: Error tokenizing'),
        ("n, n", '"n, n" is not an expression'),
        ("", '"" is not one expression'),
        ("-- nothing", '"-- nothing" is not one expression'),
        ("(" * 3000 + "n" + ")" * 3000, '"' + "(" * 40 + '…" is nested too deep'),
    ],
)  # fmt: skip
def test_faults_in_words(text: str, fault: str) -> None:
    found = faults(text)
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize("text", ["n = x and channel = 1 and no_such(n)"])
def test_a_formula_tells_all_its_faults(text: str) -> None:
    assert len(faults(text)) == 3


def test_asked_before_needs_the_orders_refund() -> None:
    found = formula.check("asked_before(sent_at)", {"sent_at": "time"}, {})
    assert found.faults == ("asked_before goes with views that know the order's first refund and shipping",)


ATTACKS = [
    # subqueries, wherever one could stand
    "n in (select n from facts.orders)", "n = (select 1)", "exists(select 1)", "not exists (from facts.cases)",
    "n = any(select 1)", "case (select true) when true then 1 else 0 end = 1", "case when (select true) then 1 end = 1",
    "coalesce(n, (select 1)) = 1", "n between (select 1) and 2", "(select n) is null", "day((select paid_at)) = d",
    "asked_before((select paid_at))", "from facts.orders",
    # functions that read, run, wait or guess
    "read_csv('x')", "read_csv_auto('x') is null", "read_text('x') is null", "read_parquet(channel) is null",
    "glob('*') is null", "getenv('HOME') = channel", "query('select 1') is null", "query_table('t') is null",
    "now() = paid_at", "random() = n", "current_timestamp = paid_at", "current_date = d", "sniff_csv('x') is null",
    "pragma_version() is null", "nextval('s') = n", "sum(n) = 1", "count(*) = 1", "sum(n) over () = 1",
    "row_number() over () = 1", "unnest([1]) = n", "facts.day(paid_at) = d",
    # more than one statement, or none that is an expression
    "n = 1; drop table facts.orders", "; n = 1; select 1", "drop table facts.orders", "install httpfs", "attach 'x'",
    "copy (select 1) to 'x'", "pragma version", "set threads = 1", "select 1", "values (1)", "n = 1 union select 1",
    "n = 1) or (true", "n = 1) union (select 1", "true) from facts.orders --",
    # columns of elsewhere: a table's, a schema's, a struct's, all of them
    "facts.orders.n = 1", "orders.n = 1", "dated.orders = 1", "orders.n.m = 1", "*", "columns(*) = 1", "orders.* is null",
    '"n; drop table x" = 1', "rowid = 1",
    # operators and forms of the engine
    "channel like '%'", "channel ~ 'a'", "channel || 'a' = 'b'", "n::text = '3'", "cast(n as text) = '3'",
    "try_cast(channel as int) = 1", "n / 2 = 1", "n % 2 = 1", "n ** 2 = 9", "channel[1] = 's'", "[1, 2] = [1, 2]",
    "{'a': 1} is null", "x -> x", "$1 = n", "? = n", "channel = $$a$$", "channel = e'\\n'", "n as m", "n := 1",
    "paid_at at time zone 'UTC' = paid_at", "if(virtual, n, 1) = 1", "n is distinct from 1", "coalesce(n order by n) = 1",
    "coalesce(distinct n) = 1", "date '2024-01-01' = d", "extract(hour from paid_at) = 1",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_but_the_language_passes(text: str) -> None:
    found = formula.check(text, COLUMNS, SETS)
    assert found.faults
    assert found.type is None


@pytest.mark.parametrize(
    "text", ["n = 3 -- or true", "n = 3 /* or true */", "n = 3 -- */ or true /*", "/* ) */ n = 3", "n = 3;"]
)
def test_comments_do_not_reach_the_engine(text: str) -> None:
    assert faults(text) == ()
    assert formula.sql(formula.compile(text, SETS)) == "n = 3"


def test_quotes_stay_inside_their_text(row: duckdb.DuckDBPyConnection) -> None:
    """Text that ends a text, in formulas and in sets, is a value like any other."""
    text = "channel = 'x'' or true --'"
    assert faults(text) == ()
    assert row.execute(f"select {formula.sql(formula.compile(text, SETS))} from one").fetchone() == (False,)
    sets = {"odd": Set(values=("') or true --", "\\"))}
    odd = formula.sql(formula.compile("channel in odd", sets))
    assert row.execute(f"select {odd} from one").fetchone() == (False,)


def test_a_column_named_like_a_table_is_the_column() -> None:
    assert formula.check("orders = 1", COLUMNS, SETS) == formula.Checked("bool", ())


def test_a_condition_that_is_null_did_not_happen(row: duckdb.DuckDBPyConnection) -> None:
    sql = formula.condition(formula.compile("nothing > 1", SETS))
    assert row.execute(f"select {sql}, not {sql} from one").fetchone() == (False, True)


def test_the_columns_read_and_those_needed() -> None:
    """What `is null` asks for may never have happened, so it is read but not needed."""
    tree = formula.compile("asked_before(paid_at) or (first_refund_at is null and channel in good)", SETS)
    read = {"paid_at", "first_refund_at", "shipped_at", "channel", "category_l1", "category_l2"}
    assert set(formula.columns_of(tree)) == read
    assert set(formula.needed_columns(formula.compile("n > 1 and paid_at is null", SETS))) == {"n"}


def test_the_sets_that_a_formula_names() -> None:
    assert list(formula.sets_of("channel in own or not channel in odd or channel in ('good')")) == ["own", "odd"]
    assert list(formula.sets_of("n = 'good")) == []


def test_a_rule_that_is_null_leaves_nothing_out(tmp_path: Path) -> None:
    """Of three orders, one is over the price, one is not, and one has no price: the rule leaves out the first only."""
    rules = "  dear: {label: {zh: 贵, en: dear}, when: amount_fen > 100}\n"
    orders = [
        {"order_id": str(price), "shop_id": "S1", "product_id": "P1", "paid_at": "2024-06-29 12:00", "amount_fen": price}
        for price in (101, 100, None)
    ]
    made = pack(tmp_path / "made", "amount_fen <= 100", rules=rules, leave_out=["dear"])
    found = figures({"orders": orders}, date=dt.date(2024, 6, 30), pack=made.pack)
    assert {(each.numerator, each.denominator) for each in found if each.by == "shop"} == {(1, 2)}


def test_a_category_may_split_the_quality_reasons_further(tmp_path: Path) -> None:
    """KS-M01: some categories split them. Here gold that does not fit is a quality refund, and clothing is not."""
    sets = "  reasons: {values: [quality], inside: [{category: Jewellery/Gold, values: [quality, wrong_order]}]}\n"
    made = pack(tmp_path / "made", "first_refund_reason in reasons", sets=sets)
    products = [
        {"product_id": "P1", "shop_id": "S1", "category_l1": "Jewellery", "category_l2": "Gold"},
        {"product_id": "P2", "shop_id": "S1", "category_l1": "Clothing", "category_l2": "Gold"},
    ]
    paid = {"shop_id": "S1", "paid_at": "2024-06-29 12:00"}
    asked = {"kind": "refund_only", "reason": "wrong_order", "requested_at": "2024-06-29 13:00"}
    facts = {
        "products": products,
        "orders": [{"order_id": "A", "product_id": "P1", **paid}, {"order_id": "B", "product_id": "P2", **paid}],
        "cases": [{"case_id": "a", "order_id": "A", **asked}, {"case_id": "b", "order_id": "B", **asked}],
    }
    found = figures(facts, date=dt.date(2024, 6, 30), pack=made.pack)
    values = {each.subject: each.value for each in found if each.by == "product" and each.days == 1}
    assert values == {"P1": Decimal(1), "P2": Decimal(0)}


def test_text_that_is_no_text_of_a_formula_is_an_error_of_ours() -> None:
    """`compile` is for what has passed `check`."""
    with pytest.raises((AssertionError, TianpingError)):
        formula.compile("n = ", SETS)
