"""A pack's own tests: sentences that hold, and those that do not, with file and line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tianping.cli.policy import policy
from tianping.policy.load import open_all
from tianping.work.trials.selftest import run

from .made import HEAD, metric, opened, said, shares, version, write

METRICS = "metrics:\n" + metric("cod_rate", version(shares("cod"))) + metric("cod_rate/presale", version(shares("presale")))
COUNT = metric("cod_count", version("count_of: {metric: cod_rate, side: numerator}"), unit="count")
# Two orders paid yesterday, one of them cash on delivery.
ROWS = """    facts:
      orders:
        - {order_id: A, shop_id: S1, product_id: P1, paid_at: 2024-06-29 12:00, cod: true}
        - {order_id: B, shop_id: S1, product_id: P2, paid_at: 2024-06-29 12:00}
"""


def sentence(figures: str, rows: str = ROWS, said_: str = "Half are paid in cash") -> str:
    """A test of eight lines; `figures` is on the eighth."""
    head = f"  - sentence: {{zh: 一半货到付款, en: {said_}}}\n    date: 2024-06-30\n    days: 1\n"
    return head + rows + f"    figures: {{{figures}}}\n"


def results(folder: Path, *sentences: str) -> list[str]:
    """What does not hold; the sentences begin on line 2 of `tests.yaml`."""
    written = write(folder / "made", a=HEAD + METRICS + COUNT, tests="tests:\n" + "".join(sentences))
    return said(run(opened(written)))


def test_every_sentence_of_the_shipped_packs_holds() -> None:
    packs, _ = open_all()
    assert [fault for pack in packs for fault in run(pack)] == []


def test_every_metric_of_the_shipped_packs_has_a_sentence() -> None:
    """And every variant."""
    for each in open_all()[0]:
        named = {name.split(" by ")[0] for case in each.pack.tests for name in case.figures}
        assert {"/".join(filter(None, key)) for key in each.pack.metrics} == named


@pytest.mark.parametrize(
    "figures",
    [
        "cod_rate: 1/2", "cod_rate/presale: 0/2", "cod_count: 1/1", "cod_rate by product P1: 1/1",
        "cod_rate by product P2: 0/1", "cod_rate by product P3: undefined",
        "cod_rate by platform kuaishou: 1/2", "cod_rate: 1/2, cod_rate/presale: 0/2",
    ],
)  # fmt: skip
def test_what_holds_is_not_told(tmp_path: Path, figures: str) -> None:
    assert results(tmp_path, sentence(figures)) == []


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ("cod_rate: 1/3", "cod_rate is 1/2, not 1/3"),
        ("cod_rate: undefined", "cod_rate is 1/2, not undefined"),
        ("cod_rate by product P3: 0/1", "cod_rate by product P3 is undefined, not 0/1"),
        ("cod_rate/presale: 0/1", "cod_rate/presale is 0/2, not 0/1"),
        ("cod_rat: undefined", 'no metric "cod_rat" (did you mean "cod_rate"? allowed: cod_count, cod_rate, cod_rate/presale)'),
        ("cod_rate/presael: undefined",
         'no metric "cod_rate/presael" (did you mean "cod_rate/presale"? allowed: cod_count, cod_rate, cod_rate/presale)'),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_told_with_file_and_line(tmp_path: Path, figures: str, told: str) -> None:
    assert results(tmp_path, sentence(figures)) == [f'made/tests.yaml:9: "Half are paid in cash": {told}']


def test_a_misspelt_kind_of_subject_is_told(tmp_path: Path) -> None:
    """Else it would be undefined for ever."""
    (told,) = results(tmp_path, sentence("cod_rate by prodct P1: undefined"))
    assert told.startswith('made/tests.yaml:9: "Half are paid in cash": no figures by "prodct" (did you mean "product"?')


def test_a_fraction_is_not_reduced(tmp_path: Path) -> None:
    """2/4 says more than 1/2: four orders, not two."""
    twice = ROWS + ROWS.split("orders:\n")[1].replace("order_id: A", "order_id: C").replace("order_id: B", "order_id: D")
    assert results(tmp_path, sentence("cod_rate: 2/4", twice)) == []
    assert len(results(tmp_path, sentence("cod_rate: 1/2", twice))) == 1


def test_every_sentence_is_told_for_itself(tmp_path: Path) -> None:
    """The first holds, the second has two figures that do not, the third one."""
    two, one = sentence("cod_rate: 1/3, cod_rate/presale: 9/9", said_="Two"), sentence("cod_count: 0/1", said_="One")
    lines = [(told.split(": ")[0], told.split('"')[1]) for told in results(tmp_path, sentence("cod_rate: 1/2"), two, one)]
    assert lines == [("made/tests.yaml:17", "Two"), ("made/tests.yaml:17", "Two"), ("made/tests.yaml:25", "One")]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("    facts: {order: []}\n", 'no table "order": did you mean "orders"?'),
        (
            "    facts: {orders: [{order_id: A, payed_at: 2024-06-29}]}\n",
            'no column "payed_at" in orders: did you mean "paid_at"?',
        ),
        ("    facts: {orders: [{order_id: A, shop_id: S1, paid_at: yesterday}]}\n", "these rows cannot be read (ValueError: "),
        ("    facts: {orders: [{order_id: A, shop_id: S1, quantity: many}]}\n", "these rows cannot be read (Arrow"),
        ("    facts: {orders: [{order_id: A}]}\n", "these rows cannot be read (KeyError: 'shop_id')"),
    ],
)
def test_rows_that_cannot_be_read_are_told_where_they_stand(tmp_path: Path, rows: str, told: str) -> None:
    """And the sentences after them still run."""
    found = results(tmp_path, sentence("cod_rate: 1/2", rows), sentence("cod_rate: 1/3"))
    assert len(found) == 2
    assert found[0].startswith(f'made/tests.yaml:5: "Half are paid in cash": {told}')


def test_the_command_says_how_many_hold(tmp_path: Path) -> None:
    folder = write(tmp_path / "made", a=HEAD + METRICS + "tests:\n" + sentence("cod_rate: 1/2") * 2)
    done = CliRunner().invoke(policy, ["test", str(folder)])
    assert (done.exit_code, done.output) == (0, "2 sentences hold\n")


def test_the_command_fails_with_every_sentence_that_does_not_hold(tmp_path: Path) -> None:
    folder = write(tmp_path / "made", a=HEAD + METRICS + "tests:\n" + sentence("cod_rate: 1/2") + sentence("cod_rate: 0/2"))
    done = CliRunner().invoke(policy, ["test", str(folder)])
    assert done.exit_code == 1
    assert 'made/a.yaml:32: "Half are paid in cash": cod_rate is 1/2, not 0/2' in str(done.exception)
