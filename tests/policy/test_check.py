"""What formulas mean: names known, types right, and every fault where it stands."""

from pathlib import Path

import pytest

from tianping.facts.views import VIEWS
from tianping.policy.check import check
from tianping.policy.load import open_all, open_pack

from .made import HEAD, metric, said, shares, version, write

RULES = "rules:\n  virtual: {label: {zh: 虚拟, en: virtual}, when: virtual}\n"


def faults(folder: Path, text: str) -> list[str]:
    """The faults of a pack whose form is right; its text begins on line 3."""
    found, wrong = open_pack(write(folder / "made", a=HEAD + text))
    assert found is not None, wrong
    return said(check(found, VIEWS))


def of_version(folder: Path, body: str, *, before: str = "") -> list[str]:
    """The faults of one version, which stands on line 9 or later."""
    return faults(folder, before + "metrics:\n" + metric("m", version(body)))


def test_the_packs_of_the_program_have_no_fault() -> None:
    opened, wrong = open_all()
    assert [*wrong, *(fault for pack in opened for fault in check(pack, VIEWS))] == []
    assert opened


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("both: {of: ordr, day: paid_at}", 'no view "ordr" (did you mean "order"? allowed: burst, buyer_day, case, order, '),
        ("both: {of: order, day: payed_at}", 'no column "payed_at" in this view: did you mean "paid_at"? allowed: '),
        ("both: {of: order, day: quantity}", '"quantity" is int (time or day is needed here)'),
        ("both: {of: order, day: paid_at, count: quantity}", '"quantity" is int (bool is needed here)'),
        ("both: {of: order, day: paid_at, count: 'null'}", '"null" is null (bool is needed here)'),
        ("both: {of: order, day: paid_at, sum: virtual}", '"virtual" is bool (int is needed here)'),
        ("both: {of: order, day: paid_at, once_per: buyer}", 'the view "order" does not fold by buyer (take it out)'),
        ("both: {of: order, day: paid_at, leave_out: [virtuall]}", 'no rule "virtuall" (allowed: )'),
        ("numerator: {of: case, day: ended_at}, denominator: {of: order, day: ended_at}", 'no column "ended_at" in this view'),
        ("count_of: {metric: n, side: numerator}", 'no metric "n": allowed: m'),
        ("count_of: {metric: m, side: numerator}", '"m" is itself a count of another metric; name that one'),
    ],
)  # fmt: skip
def test_faults_of_a_version(tmp_path: Path, body: str, fault: str) -> None:
    found = of_version(tmp_path, body)
    assert len(found) == 1
    assert found[0].startswith(f"made/a.yaml:9: {fault}")


def test_a_fault_stands_on_its_own_line(tmp_path: Path) -> None:
    """Not on that of the version: `count` is on the fifth line of its measure."""
    long = "      - since: 2020-01-01\n        source: [{document: S1}]\n        words: {zh: 甲, en: a}\n        window: 1\n"
    body = ["both:", "  of: order", "  day: paid_at", "  leave_out:", "    - no_rule", "  count: nothing"]
    found = faults(tmp_path, "metrics:\n" + metric("m", long + "".join(f"        {line}\n" for line in body)))
    assert [fault.split(": ")[0] for fault in found] == ["made/a.yaml:18", "made/a.yaml:17"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "metrics:\n" + metric("a", version("both: {of: nowhere, day: x}")) + metric("b", version(shares("quantity")))
    rules = "rules:\n  idle: {label: {zh: 甲, en: a}, when: virtual}\n"
    assert [fault.split(": ")[0] for fault in faults(tmp_path, rules + text)] == [
        "made/a.yaml:11",
        "made/a.yaml:17",
        "made/a.yaml:4",
    ]


def test_a_rule_fits_every_view_that_uses_it(tmp_path: Path) -> None:
    """`virtual` is a column of orders, not of chats; the fault stands where the rule is used."""
    body = "both: {of: buyer_day, day: day, leave_out: [virtual]}"
    metrics = metric("fits", version(shares("cod", leave_out=["virtual"]))) + metric("not", version(body))
    found = faults(tmp_path, RULES + "metrics:\n" + metrics)
    assert len(found) == 1
    assert found[0].startswith('made/a.yaml:17: the rule "virtual" does not fit the view "buyer_day": no column "virtual"')


def test_a_misspelt_rule_is_guessed(tmp_path: Path) -> None:
    found = of_version(tmp_path, shares("cod", leave_out=["virtual", "virtuel"]), before=RULES)
    assert found == ['made/a.yaml:11: no rule "virtuel" (did you mean "virtual"? allowed: virtual)']


def test_what_nothing_uses_is_a_mistake_in_waiting(tmp_path: Path) -> None:
    """A set counts as used where a formula names it, not where its name is part of another's."""
    sets = "sets:\n  own: {values: [self_built]}\n  own_channels: {values: [self_built, flash]}\n"
    found = of_version(tmp_path, shares("channel in own_channels"), before=sets + RULES)
    assert found == [
        'made/a.yaml:7: no metric uses the rule "virtual" (use it or take it out)',
        'made/a.yaml:4: no formula uses the set "own" (use it or take it out)',
    ]


def test_a_set_that_differs_by_category_needs_a_view_with_categories(tmp_path: Path) -> None:
    sets = "sets:\n  good: {values: [a], inside: [{category: A, values: [b]}]}\n"
    body = 'both: {of: buyer_day, day: day, count: "last_score in good"}'
    assert of_version(tmp_path, body, before=sets) == [
        'made/a.yaml:11: the set "good" differs by category, but this view has no categories'
    ]


@pytest.mark.parametrize(("window", "faulty"), [(1, False), (2, True)])
def test_a_count_is_of_the_days_of_its_rate(tmp_path: Path, window: int, faulty: bool) -> None:
    count = version("count_of: {metric: m, side: numerator}").replace("window: 1", f"window: {window}")
    found = faults(tmp_path, "metrics:\n" + metric("m", version(shares("virtual"))) + metric("n", count, unit="count"))
    told = 'made/a.yaml:15: window and matures_days differ from those of "m"; a count is shown beside its rate'
    assert found == [told] * faulty
