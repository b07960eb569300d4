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
        ("both: {of: ordr, day: paid_at}", 'no view "ordr" (did you mean "order"? allowed: burst, buyer_day, case, '),
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


BY_DEED = "applies: deed, "


@pytest.mark.parametrize(("key", "faulty"), [("window: 1", False), ("window: 2", True)])
def test_one_figure_by_deed_has_one_window(tmp_path: Path, key: str, faulty: bool) -> None:
    """It holds the days of both versions, and says one first and one last day."""
    old = version(shares("virtual")).replace("window: 1", key)
    found = faults(tmp_path, "metrics:\n" + metric("m", old, version(shares("cod"), "2021-01-01", BY_DEED)))
    told = "made/a.yaml:10: applies by deed, and window differs from that of the version 2020-01-01 "
    assert found == [told + "(one figure holds both; give them the same, or apply by close)"] * faulty


def test_one_figure_by_deed_ripens_once(tmp_path: Path) -> None:
    versions = [version(shares("virtual"), f"202{year}-01-01", f"{BY_DEED}matures_days: {year}, ") for year in (1, 2)]
    found = faults(tmp_path, "metrics:\n" + metric("m", *versions))
    assert [fault.split(" (")[0] for fault in found] == [
        "made/a.yaml:10: applies by deed, and matures_days differs from that of the version 2021-01-01"
    ]


def test_by_close_windows_may_change(tmp_path: Path) -> None:
    later = version(shares("cod"), "2021-01-01").replace("window: 1", "window: 2")
    assert faults(tmp_path, "metrics:\n" + metric("m", version(shares("virtual")), later)) == []


NOBODYS = "rules:\n  nobodys: {{label: {{zh: 无客服, en: no agent}}, when: {}}}\n"


def by_agent(folder: Path, body: str, when: str = "agent_id is null") -> list[str]:
    """The faults of a metric by agent; its version stands on line 12."""
    return faults(folder, NOBODYS.format(when) + "metrics:\n" + metric("m", version(body), by="agent"))


@pytest.mark.parametrize("when", ["agent_id is null", "agent_id is null or virtual", "cod or virtual or agent_id is null"])
def test_a_metric_by_agent_leaves_out_what_is_nobodys(tmp_path: Path, when: str) -> None:
    assert by_agent(tmp_path, shares("cod", leave_out=["nobodys"]), when) == []


@pytest.mark.parametrize("when", ["virtual", "not agent_id is null", "agent_id is null and virtual", "agent_id = 'x'"])
def test_a_rule_that_leaves_some_of_it_in_is_not_enough(tmp_path: Path, when: str) -> None:
    told = 'rows without an agent are not left out, and this metric is by agent (add a rule "agent_id is null" to leave_out)'
    assert by_agent(tmp_path, shares("cod", leave_out=["nobodys"]), when) == [f"made/a.yaml:12: {told}"]


def test_a_view_without_agents_is_not_counted_by_agent(tmp_path: Path) -> None:
    found = faults(tmp_path, "metrics:\n" + metric("m", version("both: {of: buyer_day, day: day}"), by="agent"))
    assert found == ['made/a.yaml:10: the view "buyer_day" knows no agents (it cannot be counted by agent)']


@pytest.mark.parametrize("body", ["both: {of: served, day: day, count: paid}", "alone: {of: shift, day: offline_at}"])
def test_a_view_of_agents_has_nothing_that_is_nobodys(tmp_path: Path, body: str) -> None:
    assert faults(tmp_path, "metrics:\n" + metric("m", version(body), by="agent")) == []


@pytest.mark.parametrize(("by", "faulty"), [("agent", False), ("", True)])
def test_a_view_of_agents_folds_by_agent(tmp_path: Path, by: str, faulty: bool) -> None:
    body = version("both: {of: served, day: day, once_per: buyer, count: paid}")
    told = 'the view "served" folds by agent and buyer, and this metric is not by agent'
    found = [fault.split(": ", 1)[1].split(" (")[0] for fault in faults(tmp_path, "metrics:\n" + metric("m", body, by=by))]
    assert found == [told] * faulty


def test_a_count_has_the_subjects_of_its_rate(tmp_path: Path) -> None:
    rate = metric("m", version("both: {of: served, day: day, count: paid}"), by="agent")
    count = metric("n", version("count_of: {metric: m, side: numerator}"), unit="count")
    told = 'made/a.yaml:16: "m" is by agent; a count has the subjects of its rate'
    assert faults(tmp_path, "metrics:\n" + rate + count) == [told]
