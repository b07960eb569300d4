"""Penalties: which cells of a table hold, what they propose, whether a choice lies within them, what is milder. Pure and exact.

A proposal is low + (high − low) × min(n, 2) / 2 with n earlier penalties at this severity, floored to whole days, points or
fen: in the shop's favour (spec, Penalties; the floor is assumed).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from tianping.errors import TianpingError
from tianping.policy.judging import SEVERITIES, Cell, Effect, EffectKind, PenaltyVersion, Severity

Unit = Literal["", "days", "points", "fen"]
Lasts = Literal["once", "days", "duty", "ever"]
"""once: done when it is dealt; days: until its end; duty: until it is fulfilled or remedied; ever: without end."""
_ONCE: tuple[EffectKind, ...] = ("warning", "money", "delist")
_SPARED = {"exam": ("study", "exam"), "study": ("study",)}
"""Who has passed the exam need not study any more."""


class OutOfRange(TianpingError):
    """What was chosen is not within the cell."""


class Dealt(NamedTuple):
    """One effect as it is dealt out. `amount` is in `unit`, from `low` to `high`; None where there is nothing to choose."""

    kind: EffectKind
    amount: int | None = None
    low: int = 0
    high: int = 0
    unit: Unit = ""
    for_ever: bool = False
    right: str = ""

    @property
    def key(self) -> str:
        """What names it among the effects of one penalty: `ban`, `right/live`."""
        return f"{self.kind}/{self.right}" if self.right else self.kind

    @property
    def lasts(self) -> Lasts:
        if self.for_ever or self.kind == "remove":
            return "ever"
        if self.unit in ("days", "points"):
            return "days"
        return "once" if self.kind in _ONCE else "duty"

    def ends(self, begins: dt.datetime, points_days: int) -> dt.datetime | None:
        """When it ends by itself; None where it does not. Points end after `points_days`."""
        if self.lasts == "once":
            return begins
        days = points_days if self.unit == "points" else self.amount
        return begins + dt.timedelta(days=days or 0) if self.lasts == "days" else None


Deal = tuple[Dealt, ...]


class Offer(NamedTuple):
    """What a table proposes. `options`: one deal, or several of which a person may choose (the first is proposed). `n`: earlier
    penalties at this severity; `times`: which time this is, in a table by count."""

    severity: Severity
    n: int
    times: int
    options: tuple[Deal, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {**self._asdict(), "options": [plain(option) for option in self.options]}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Offer":
        """From JSON."""
        return cls(said["severity"], said["n"], said["times"], tuple(deal_of(option) for option in said["options"]))


class Choice(NamedTuple):
    """What a person chose: one of the options, and amounts by the effects' keys; what is not named is as proposed."""

    option: int = 0
    amounts: Mapping[str, int] = {}


class Standing(NamedTuple):
    """A penalty as it stands: its severity, the option it is of, its effects, the keys of the amounts a person picked."""

    severity: Severity
    option: int
    deal: Deal
    picked: tuple[str, ...] = ()


def plain(deal: Deal) -> list[dict[str, Any]]:
    """A deal as JSON."""
    return [each._asdict() for each in deal]


def deal_of(said: Sequence[Mapping[str, Any]]) -> Deal:
    """A deal from JSON."""
    return tuple(Dealt(**each) for each in said)


def offer(
    table: PenaltyVersion, severity: Severity, earlier: Sequence[Severity], *, sales_fen: int | None = None
) -> Offer | None:
    """What the table proposes; None where it has no such cell. `earlier`: the severities of the confirmed violations of this
    kind and subject in the table's `count_days` before. `sales_fen`: all sales of the shop so far, where `needs_sales`."""
    times = len(earlier) + 1
    cells = cells_of(table, severity, times)
    if not cells:
        return None
    n = sum(each == cells[0].severity for each in earlier)
    return Offer(cells[0].severity, n, times, tuple(_proposed(cell, n, sales_fen) for cell in cells))


def lighter(
    table: PenaltyVersion, severity: Severity, earlier: Sequence[Severity], *, sales_fen: int | None = None
) -> Offer | None:
    """The offer at a severity a person asks for; in a table by count, as at the last time that had it."""
    for skipped in range(len(earlier) + 1):
        found = offer(table, severity, earlier[skipped:], sales_fen=sales_fen)
        if found is None or found.severity == severity:
            return found
    return None


def cells_of(table: PenaltyVersion, severity: Severity, times: int) -> tuple[Cell, ...]:
    """The cell for a severity, or in a table by count for the n-th time. Several: a person chooses, the first is proposed."""
    if table.by == "severity":
        return tuple(cell for cell in table.cells if cell.severity == severity)
    return tuple(cell for cell in table.cells if cell.times and _within(times, cell.times))


def needs_sales(table: PenaltyVersion, severity: Severity) -> bool:
    """Whether the shop's sales so far must be known."""
    return any(effect.or_share_of_sales is not None for cell in cells_of(table, severity, 1) for effect in cell.effects)


def amount(low: int, high: int, n: int) -> int:
    """The low end at the first time, the middle (floored) at the second, the high end from the third on."""
    return low + (high - low) * min(n, 2) // 2


def choose(offered: Offer, choice: Choice) -> Deal:
    """The deal chosen. Raises OutOfRange for what lies outside, with what is possible."""
    if not 0 <= choice.option < len(offered.options):
        raise OutOfRange(f"there is no option {choice.option}; choose 0 to {len(offered.options) - 1}")
    deal = offered.options[choice.option]
    open_ = {each.key: each for each in deal if each.amount is not None}
    for key, wanted in choice.amounts.items():
        if key not in open_:
            raise OutOfRange(f'this penalty has no amount of "{key}"; to choose: {", ".join(open_) or "nothing"}')
        if not open_[key].low <= wanted <= open_[key].high:
            each = open_[key]
            raise OutOfRange(f"{key}: {wanted} {each.unit} lies outside {each.low} to {each.high}; choose within")
    return tuple(each._replace(amount=choice.amounts.get(each.key, each.amount)) for each in deal)


def is_milder(after: Standing, before: Standing) -> bool:
    """Whether no effect of `after` is heavier, and something is lighter. Another option of the same severity is not milder."""
    steps = SEVERITIES.index(before.severity) - SEVERITIES.index(after.severity)
    heavier = _heavier(after.deal, before.deal)
    if steps > 0:
        return not heavier
    return steps == 0 and after.option == before.option and not heavier and after.deal != before.deal


def eased(offered: Offer, present: Standing) -> Standing:
    """The penalty that stands once a milder one is offered: never heavier than before in anything. What a person picked stays
    while the severity does."""
    same = offered.severity == present.severity
    option = present.option if present.option < len(offered.options) else 0
    picked = present.picked if same else ()
    held = {each.key: each.amount for each in present.deal}

    def one(each: Dealt) -> Dealt:
        now = held.get(each.key)
        if now is None or each.amount is None:
            return each
        return each._replace(amount=now if each.key in picked else min(now, each.amount))

    return Standing(offered.severity, option, tuple(one(each) for each in offered.options[option]), picked)


def still_open(deal: Deal, fulfilled: Sequence[str]) -> tuple[str, ...]:
    """The keys of the duties of a deal that nobody has fulfilled yet."""
    done = {spared for key in fulfilled for spared in _SPARED.get(key, (key,))}
    return tuple(each.key for each in deal if each.lasts == "duty" and each.key not in done)


def _heavier(after: Deal, before: Deal) -> bool:
    held = {each.key: each for each in before}
    return any(_more(each, held[each.key]) for each in after if each.key in held)


def _more(one: Dealt, other: Dealt) -> bool:
    if one.for_ever or other.for_ever:
        return one.for_ever and not other.for_ever
    return (one.amount or 0) > (other.amount or 0)


def _within(times: int, span: tuple[int, int | None]) -> bool:
    return span[0] <= times and (span[1] is None or times <= span[1])


def _proposed(cell: Cell, n: int, sales_fen: int | None) -> Deal:
    return tuple(_dealt(effect, n, sales_fen) for effect in cell.effects)


def _dealt(effect: Effect, n: int, sales_fen: int | None) -> Dealt:
    right = effect.right or ""
    if effect.range is None:
        return Dealt(effect.kind, for_ever=effect.for_ever, right=right)
    low, high = effect.range
    if effect.or_share_of_sales is not None:
        assert sales_fen is not None, "needs_sales says when sales are needed"
        share = Fraction(effect.or_share_of_sales) * sales_fen
        low, high = max(low, int(share)), max(high, int(share))
    unit: Unit = "days" if effect.days else "points" if effect.points else "fen"
    return Dealt(effect.kind, amount(low, high, n), low, high, unit, effect.for_ever, right)
