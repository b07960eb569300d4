"""The command line as other programs rely on it: exit status, what stands on stdout, and one clear sentence on stderr."""

import csv
import datetime as dt
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shell import Said, Tianping
from tianping.cli import market
from tianping.cli.show import show
from tianping.metrics.figure import Figure
from tianping.metrics.proof import Scope
from tianping.store import closes
from tianping.work.closing.closed import Filter, find, read
from tianping.work.figures.explain import Named, explain
from tianping.work.home import Home, open_home
from tianping.work.market import bring_demo
from work.homes import copy, rules

T = "2024-06-01"
DAY = dt.date(2024, 6, 1)
ONE = ("--metric", "quality_refund_rate", "--by", "shop", "--subject", "S001", "--days", "30")
SCOPE = Scope("kuaishou", "shop", "S001", DAY, 30)
RATE = ("explain", "metric", "quality_refund_rate", "--date", T, "--subject", "S001")
SENTENCES: dict[int, list[tuple[tuple[str, ...], str]]] = {
    1: [
        (("metrics", "--date", "2024-06-02"), "2024-06-02 is not closed in {home}; run tianping close --date 2024-06-02"),
        (("morning", "--date", "2020-01-01"), "2020-01-01 is not closed"),
        (("morning", "--date", T, "--shop", "NOPE"), "no figures of shop NOPE over 30 days"),
        (("close", "--date", T, "--known-at", "0"), "nothing is known in {home} at 0"),
        (("close", "--date", T, "--known-at", "77"), "there is no import 77"),
        (("metrics", "--date", T, "--known-at", "77"), f"{T} is not closed"),
        (("explain", "metric", "nope", "--date", T, "--subject", "S001"), 'no metric "nope"'),
        (("explain", "difference", "response_3min", "refusal_rate", "--date", T, "--subject", "S001"), "do not count the same"),
        (("explain", "metric", "refusal_rate", "--date", T, "--by", "agent", "--subject", "x"), 'no figures by "agent"'),
    ],
    2: [
        ((), "Usage"),
        (("closse",), "No such command"),
        (("close",), "Missing option '--date'"),
        (("close", "--date", "yesterday"), "does not match the format"),
        (("close", "--date", T, "--from", "2024-06-02"), "--from 2024-06-02 is after --date 2024-06-01"),
        (("close", "--date", T, "--days", "0"), "not in the range"),
        (("metrics", "--date", T, "--by", "galaxy"), "'galaxy' is not one of"),
        (("metrics", "--date", T, "--format", "xml"), "'xml' is not one of"),
        (("explain", "metric", "refusal_rate", "--date", T), "--by shop needs --subject"),
    ],
}


@pytest.mark.parametrize(("status", "words", "sentence"), [(s, *each) for s, all_ in SENTENCES.items() for each in all_])
def test_refusals(tianping: Tianping, demo: Home, status: int, words: tuple[str, ...], sentence: str) -> None:
    """1: refused or failed, with one sentence. 2: wrong usage. Never anything on stdout, never a traceback."""
    said = tianping(*words, home=demo.path)
    assert said.status == status
    assert sentence.format(home=demo.path) in said.err + (said.out if not words else "")
    assert "Traceback" not in said.err
    if status == 1:
        assert said.err.startswith("tianping: ")
        assert (said.out, said.err.count("\n")) == ("", 1)


def test_without_a_home(tianping: Tianping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No home is made by looking; the sentence names the place and what to do."""
    for words in (("metrics", "--date", T), ("close", "--date", T), ("morning", "--date", T), RATE):
        said = tianping(*words, home=tmp_path / "none")
        assert (said.status, said.out) == (1, "")
        assert said.err.startswith(f"tianping: there is no tianping home at {tmp_path / 'none'}; import facts into it first")
    assert not (tmp_path / "none").exists()
    monkeypatch.chdir(tmp_path)
    assert "no tianping home at tianping-data;" in tianping("metrics", "--date", T).err


def test_home_by_option_or_environment(tianping: Tianping, demo: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TIANPING_HOME says where; --home says it louder."""
    monkeypatch.setenv("TIANPING_HOME", str(demo.path))
    asked = ("metrics", "--date", T, *ONE, "--format", "csv")
    assert tianping(*asked) == tianping(*asked, home=demo.path)
    assert tianping(*asked, home=tmp_path / "none").status == 1


@pytest.mark.parametrize("words", [(), ("close",), ("metrics",), ("explain",), ("explain", "metric"), ("morning",), ("demo",)])
def test_help(tianping: Tianping, words: tuple[str, ...]) -> None:
    """Every command explains itself, without a home."""
    said = tianping(*words, "--help")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"Usage: {' '.join(('tianping', *words))} ")


def figure_rows(home: Home, **wanted: Any) -> list[dict[str, object]]:
    return [dict(row) for row in read(home, find(home, DAY), Filter(**wanted))]


def test_json_is_one_array(tianping: Tianping, demo: Home) -> None:
    """One array of objects, every column in the promised order, numbers as numbers, and nothing else."""
    said = tianping("metrics", "--date", T, *ONE, "--format", "json", home=demo.path)
    assert (said.status, said.err) == (0, "")
    [figure] = json.loads(said.out)
    assert tuple(figure) == Figure._fields
    assert (figure["numerator"], figure["denominator"], figure["value"]) == (104, 1255, 0.082869)
    assert (figure["first_day"], figure["last_day"], figure["variant"]) == ("2024-04-18", "2024-05-17", "")
    nothing = tianping("metrics", "--date", T, "--subject", "nobody", "--format", "json", home=demo.path)
    assert (nothing.status, json.loads(nothing.out)) == (0, [])


def test_a_misspelt_metric_is_told(tianping: Tianping, demo: Home) -> None:
    """No empty answer for a metric that no pack has: the nearest name is offered."""
    said = tianping("metrics", "--date", T, "--metric", "dispute_rat", "--format", "json", home=demo.path)
    assert (said.status, said.out) == (1, "")
    assert 'did you mean "dispute_rate"?' in said.err


def test_csv_and_table(tianping: Tianping, demo: Home) -> None:
    """CSV says the exact decimals; the table says the same words for people."""
    said = tianping("metrics", "--date", T, "--by", "shop", "--days", "7", "--format", "csv", home=demo.path)
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in figure_rows(demo, by="shop", days=7)] == rows
    shown = tianping("metrics", "--date", T, *ONE, home=demo.path).out.splitlines()
    assert shown[0].split() == list(Figure._fields)
    assert {"quality_refund_rate", "S001", "104", "1255", "0.082869", "ok"} <= set(shown[1].split())


def test_every_filter(tianping: Tianping, demo: Home) -> None:
    """Each filter alone and all together; the empty variant is the plain form."""
    asked = {"platform": "kuaishou", "metric": "dispute_rate", "variant": "", "by": "category_l1", "days": 7}
    words = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    said = json.loads(tianping("metrics", "--date", T, *words, "--format", "json", home=demo.path).out)
    assert [row["subject"] for row in said] == [row["subject"] for row in figure_rows(demo, **asked)] != []
    assert {(row["variant"], row["by"], row["days"]) for row in said} == {("", "category_l1", 7)}


def test_benchmark_columns(tianping: Tianping, demo: Home) -> None:
    """The benchmark's own fraction, with and without the shop, exactly rounded; counts have none."""
    said = tianping("metrics", "--date", T, *ONE, "--benchmark", "--format", "json", home=demo.path)
    [row] = json.loads(said.out)
    [whole] = figure_rows(demo, metric="quality_refund_rate", by="platform", days=30)
    assert (row["benchmark_numerator"], row["benchmark_denominator"]) == (whole["numerator"], whole["denominator"])
    assert row["benchmark"] == float(str(whole["value"]))
    assert row["others"] == round((row["benchmark_numerator"] - 104) / (row["benchmark_denominator"] - 1255), 6)
    words = ("--metric", "quality_refund_count", "--by", "shop", "--benchmark", "--format", "json")
    counts = json.loads(tianping("metrics", "--date", T, *words, home=demo.path).out)
    assert {count["benchmark_numerator"] for count in counts} == {None}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_rows_are_printed_as_they_come(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """A row is out before the next is asked for: nothing waits for the end."""

    def rows() -> Iterator[list[object]]:
        yield ["first"]
        assert "first" in capsys.readouterr().out
        yield ["second"]

    show(["word"], rows(), form)
    assert "second" in capsys.readouterr().out


def executable(home: Home, *words: str) -> "subprocess.Popen[str]":
    code = "from tianping.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "--home", str(home.path), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


OTHERS = {"alembic", "argon2", "fastapi", "jinja2", "msoffcrypto", "numpy", "pandas", "psycopg", "pyarrow", "xlsxwriter"}
"""What others wrote, of which a command loads only what it uses: each takes up to 0.15 s."""
STORES = {"duckdb", "pydantic", "rich", "sqlalchemy", "sqlglot", "yaml"}
JUDGES = {"tianping.cli.explain_judgement", "tianping.metrics.engine", "tianping.work.closing.close", "tianping.work.why.why"}
LOADED = [
    (("--version",), set(), OTHERS | STORES | JUDGES),
    (("close", "--help"), {"tianping.work.closing.close"}, OTHERS - {"numpy", "pyarrow"} | {"rich"}),
    (RATE, STORES, OTHERS | JUDGES),
    (("explain", "score", "--help"), {"tianping.cli.explain_judgement", "tianping.work.why.why"}, {"fastapi", "pandas"}),
]


@pytest.mark.parametrize(("words", "loaded", "spared"), LOADED, ids=["start", "close", "figure", "judgement"])
def test_what_a_command_loads(demo: Home, words: tuple[str, ...], loaded: set[str], spared: set[str]) -> None:
    """By its end, in a process of its own; half of the time of a short command is loading."""
    code = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    code += "from tianping.cli.main import main; main()"
    argv = [sys.executable, "-c", code, "--home", str(demo.path), *words]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, encoding="utf-8")
    assert loaded <= set(done.stderr.split())
    assert not spared & set(done.stderr.split())


def test_nothing_stays_open(tmp_path: Path) -> None:
    """A process leaves at once, with SQLite's log in the database's file; one that fails says one sentence."""
    home = open_home(tmp_path, create=True)
    home.database.dispose()
    for words, status, said in ((("imports", "list"), 0, 0), (("metrics", "--date", "2024-06-01"), 1, 1)):
        with executable(home, *words) as process:
            _, err = process.communicate()
        assert (process.returncode, len(err.splitlines())) == (status, said)
        assert not list(tmp_path.glob("*-wal"))


def test_a_reader_that_leaves(demo: Home) -> None:
    """`tianping metrics … | head -1`: no complaint on stderr."""
    with executable(demo, "metrics", "--date", T, "--format", "csv") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("platform,metric,variant")
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", ("品退率（首因）", "大盘", "正常", "店铺")), ("en", ("Quality refund rate", "benchmark", "ok", "shop"))],
)
def test_morning(tianping: Tianping, demo: Home, lang: str, words: tuple[str, ...]) -> None:
    """One table for each shop asked for, in either language, with value, fraction, benchmark and ratio."""
    said = tianping("morning", "--date", T, "--shop", "S002", "--shop", "S001", "--lang", lang, home=demo.path)
    assert (said.status, said.err) == (0, "")
    assert said.out.index("S002") < said.out.index("S001")
    assert all(word in said.out for word in words)
    [line] = [line for line in said.out.splitlines() if "104/1\u2009255" in line]
    assert {"8.29", "4.43", "1.87×", "04-18–05-17"} <= set(line.split())


def test_morning_of_the_first_shops(tianping: Tianping, demo: Home) -> None:
    """Without a shop, those few that come first."""
    out = tianping("morning", "--date", T, "--lang", "en", home=demo.path).out
    assert [line.split(" shop ")[1].split()[0] for line in out.splitlines() if " shop S" in line] == ["S001", "S002", "S003"]


def test_explain_page(tianping: Tianping, demo: Home) -> None:
    """A page for people: definition, clause, days, the figure checked, its status, parts with their rules, first rows."""
    said = tianping(*RATE, "--lang", "en", home=demo.path)
    for words in (
        "S1 一、2",
        "2024-04-18 – 2024-05-17",
        "8.29 %  104/1255  (agrees with the close)",
        "status: ok",
        "flagged by risk",
    ):
        assert words in said.out
    few = tianping("explain", "metric", "poor_video_share", "--date", T, "--subject", "S001", "--lang", "en", home=demo.path)
    assert "status: too few  fewer than 10 counted" in few.out
    old = rules()["kuaishou"].metrics["quality_refund_rate", ""].versions[0].name
    said = tianping("explain", "metric", f"quality_refund_rate@{old}", *RATE[3:], "--lang", "en", home=demo.path)
    assert "(not in the close; from the rows alone)" in said.out


def test_explain_rows_are_all_rows(tianping: Tianping, demo: Home) -> None:
    """--rows prints every row and nothing else, also of two sides with different columns."""
    proof = explain(demo, rules(), Named("dispute_rate"), SCOPE)
    said = tianping("explain", "metric", "dispute_rate", *RATE[3:], "--rows", "csv", home=demo.path)
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert len(rows) == sum(part.rows for part in proof.parts) > 100
    assert {row["side"] for row in rows} == {"numerator", "denominator"}
    assert sum(int(row["adds"]) for row in rows if row["side"] == "denominator") == proof.figure["denominator"]
    arrays = tianping("explain", "metric", "dispute_rate", *RATE[3:], "--rows", "json", home=demo.path)
    assert len(json.loads(arrays.out)) == len(rows)


def test_explain_sql_runs(tianping: Tianping, demo: Home) -> None:
    """--sql prints what reads the rows, one statement a side; run over the facts it gives just those rows."""
    said = tianping("explain", "metric", "dispute_rate", *RATE[3:], "--sql", home=demo.path)
    proof = explain(demo, rules(), Named("dispute_rate"), SCOPE)
    for side, text in zip(("numerator", "denominator"), said.out.split("-- ")[1:], strict=True):
        assert text.startswith(f"{side}\n")
        counted = sum(part.rows for part in proof.parts if part.side == side)
        assert len(proof.con.sql(text.partition("\n")[2].strip().rstrip(";")).fetchall()) == counted


def test_variant_option(tianping: Tianping, demo: Home) -> None:
    """name/variant and --variant are the same."""
    one = tianping("explain", "metric", "dispute_rate/all_channels", *RATE[3:], "--rows", "csv", home=demo.path)
    other = tianping(
        "explain", "metric", "dispute_rate", "--variant", "all_channels", *RATE[3:], "--rows", "csv", home=demo.path
    )
    assert one == other != tianping("explain", "metric", "dispute_rate", *RATE[3:], "--rows", "csv", home=demo.path)


def test_difference(tianping: Tianping, demo: Home) -> None:
    """Both fractions, the kinds of rows that part them, and all of those rows on demand."""
    words = ("explain", "difference", "quality_refund_rate", "product_quality_refund_rate", "--date", T, "--subject", "S001")
    page = tianping(*words, "--lang", "en", home=demo.path).out
    assert "8.29 %  104/1255" in page
    assert "left out: flagged by risk control (risk_flagged)" in page
    rows = json.loads(tianping(*words, "--rows", "json", home=demo.path).out)
    [other] = figure_rows(demo, metric="product_quality_refund_rate", by="shop", subject="S001", days=30)
    assert sum(row["adds_b"] - row["adds_a"] for row in rows) == int(str(other["numerator"])) - 104


def test_close_from_a_day_on(tianping: Tianping, demo: Home, tmp_path: Path) -> None:
    """Each day from --from to --date; again, by what one import knew, it is the same close. What was done goes to stderr."""
    home = copy(demo, tmp_path / "home")
    said = tianping("close", "--date", T, "--from", "2024-05-31", "--known-at", "1", home=home.path)
    assert (said.status, said.out) == (0, "")
    done = [line.split(":")[0] for line in said.err.splitlines() if "from import" in line]
    assert done == ["2024-05-31", T]
    assert "from import 1, packs douyin, jd, kuaishou, taobao, tmall" in said.err
    assert [each.date for each in closes.every(home.database)] == [DAY, DAY - dt.timedelta(days=1)]


def test_close_says_what_no_pack_weighs(tianping: Tianping, tmp_path: Path) -> None:
    """Shops of a platform without a pack are named; the others have their figures."""
    (tmp_path / "shops.csv").write_text("shop_id,platform\nP1,pinduoduo\nK1,kuaishou\n", encoding="utf-8")
    assert tianping("import", tmp_path / "shops.csv", home=tmp_path / "home").status == 0
    said = tianping("close", "--date", T, home=tmp_path / "home")
    assert said.status == 0
    assert '1 shops of the platform "pinduoduo" have no figures' in said.err


def test_demo_twice_changes_nothing(tianping: Tianping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second demo imports nothing and closes to the same bytes; both print the morning and say what to try now. Two days are
    closed, for seven of them take a minute."""
    monkeypatch.setattr(market, "bring_demo", partial(bring_demo, closes=2))
    said: list[Said] = []
    files: list[dict[str, bytes]] = []
    for _ in range(2):
        said.append(tianping("demo", "--lang", "en", home=tmp_path / "home"))
        home = open_home(tmp_path / "home")
        files.append({str(path): path.read_bytes() for path in (tmp_path / "home").rglob("*.parquet")})
        assert len(home.versions()) == 1
        assert len(closes.every(home.database)) == 2
    assert said[0] == said[1]
    assert files[0] == files[1]
    assert (said[0].status, said[0].out.count("shop S00")) == (0, 3)
    tried = [line.split() for line in said[0].err.splitlines() if line.startswith("tianping")]
    assert [words[3] for words in tried] == ["metrics", "explain", "serve"]
    for words in tried[:-1]:
        assert tianping(*words[1:]).status == 0
