"""`decide`: what people do about a violation, as the console does it; without a verb, what can be done."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, get_args

import click

from tianping.app import Settings
from tianping.assess.penalty import Deal, Dealt
from tianping.cli.options import home_of, now
from tianping.cli.show import plain
from tianping.errors import NotFound, TianpingError, did_you_mean
from tianping.policy.judging import Severity
from tianping.policy.load import packs
from tianping.store.accounts import folded
from tianping.store.violations import Verb
from tianping.work.desk import duties
from tianping.work.desk.serving import desk_of
from tianping.work.docket import hearing, measures, verdicts
from tianping.work.docket.deciding import DEEDS, Said, chosen_of, decide, whole
from tianping.work.docket.hearing import Hearing, Post
from tianping.work.docket.history import Office
from tianping.work.home import Home
from tianping.work.people import accounts
from tianping.work.people.accounts import ROLES, Doer, Member, Reach

HERE = "command line"
"""Where in the trail a network address would stand: nobody has signed in."""


class _Pairs(click.ParamType[Any]):
    """`KEY=VALUE`."""

    name = "KEY=VALUE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, is_, of = str(value).partition("=")
        return (key, of) if is_ and key and of else self.fail(f"{value} is not KEY=VALUE", param, ctx)


class Given(NamedTuple):
    """The options as they are typed."""

    why: str
    choose: Sequence[tuple[str, str]]
    option: int
    severity: Severity | None
    sales: str
    duty: str
    labels: Sequence[tuple[str, str]]
    seen: int | None


@click.command("decide")
@click.argument("violation", type=int)
@click.argument("verb", type=click.Choice(sorted(DEEDS)), required=False)
@click.option("--why", default="", help="the reasons; nearly every verb needs them")
@click.option("--choose", type=_Pairs(), multiple=True, help="an amount within its range: ban=4 (days), money=512.50 (yuan)")
@click.option("--option", type=int, default=0, show_default=True, help="which of several penalties offered")
@click.option("--severity", type=click.Choice(get_args(Severity)), help="confirm: extremely serious; reduce: a milder one")
@click.option("--sales", default="", help="all sales of the shop so far, in yuan, where the worst penalty depends on them")
@click.option("--duty", default="", help="fulfil: which (study, exam, freeze …)")
@click.option("--label", "labels", type=_Pairs(), multiple=True, help="label: ORDER=product, logistics, service …")
@click.option("--seen", type=int, help="refuse if anything happened after this event")
@click.option("--as", "name", help="the account that acts [default: of own shops the one administrator]")
@click.option("--json", "as_json", is_flag=True, help="how it stands then, as JSON")
@click.pass_obj
def decide_command(
    settings: Settings, /, violation: int, verb: Verb | None, name: str | None, *, as_json: bool, **given: Any
) -> None:
    """Do VERB to VIOLATION (its number in `violations`); without a VERB, tell how it stands and what the account can do."""
    home = home_of(settings)
    who = _who(home, name)
    seat = _Seat(home, verdicts.office(home, packs()), who, Doer(who.account.id, now(), HERE))
    if verb is not None:
        told = seat.hear(violation)
        decide(home, seat.office, told, seat.post, seat.doer, verb, _said(told, verb, Given(**given)))
        duties.follow(home, desk_of, violation, seat.doer.at)
    _print(seat.hear(violation), who, as_json=as_json)


class _Seat(NamedTuple):
    """Who acts, and on what."""

    home: Home
    office: Office
    who: Member
    doer: Doer

    @property
    def post(self) -> Post:
        one, rights = self.who.account, ROLES[self.who.account.role]
        reach = Reach(None if one.all_shops else frozenset(self.who.shops))
        return Post(one.id, reach, "judge" in rights, "appeal" in rights)

    def hear(self, id_: int) -> Hearing:
        return hearing.hear(self.office, id_, self.post, self.doer.at)


def _who(home: Home, name: str | None) -> Member:
    """The account named; of own shops, the administrator where there is one. Raises TianpingError."""
    active = {each.account.name: each for each in accounts.every(home) if each.account.active}
    if name is not None:
        found = next((each for known, each in active.items() if folded(known) == folded(name)), None)
        if found is None:
            raise NotFound(f'no account "{name}" may sign in: {did_you_mean(name, list(active))}')
        return found
    administrators = [each for each in active.values() if each.account.role == "administrator"]
    if home.scope == "own_shops" and len(administrators) == 1:
        return administrators[0]
    there = ", ".join(f"{each.account.name} ({each.account.role})" for each in active.values())
    raise TianpingError(f"say who acts with --as: {there or 'there is no account yet; `tianping accounts add` makes one'}")


def _said(told: Hearing, verb: Verb, given: Given) -> Said:
    deal = {each.key: each for each in chosen_of(told, verb, given.option)}
    amounts = {key: whole(deal.get(key, Dealt("warning")), text) for key, text in given.choose}
    return Said(
        why=given.why.strip(),
        choice=measures.Choice(given.option, amounts),
        severity=given.severity,
        sales_fen=whole(Dealt("money", unit="fen"), given.sales) if given.sales else None,
        duty=given.duty,
        labels=dict(given.labels),
        seen=given.seen,
    )


def _print(told: Hearing, who: Member, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_plain(told, who), ensure_ascii=False, indent=1))
        return
    row, last = told.row, told.last
    recorded = ", only recorded" if told.recorded else ""
    click.echo(f"violation {row.id}: {row.violation} of {row.subject_kind} {row.subject_id} (shop {row.shop_id}), {row.date}")
    click.echo(f"{last.state}, {last.severity}{recorded}; last: {last.verb}, event {last.n}, {plain(last.at)}")
    for number, deal in enumerate(told.offer.options if told.offer and not told.deal else ()):
        click.echo(f"offered ({number}): {_deal(deal)}")
    if told.deal:
        click.echo(f"dealt: {_deal(tuple(told.deal))}")
    if told.until:
        click.echo(f"to appeal until {plain(told.until)}")
    more = " (somebody else decides: this account has entered, decided or appealed it)" if told.spoken else ""
    click.echo(f"{who.account.name} ({who.account.role}) can: {', '.join(told.may) or 'nothing'}{more}")


def _plain(told: Hearing, who: Member) -> Mapping[str, object]:
    row, last = told.row, told.last
    return {
        "violation": row.id, "platform": row.platform, "name": row.violation, "subject_kind": row.subject_kind,
        "subject_id": row.subject_id, "shop_id": row.shop_id, "date": plain(row.date), "state": last.state,
        "severity": last.severity, "records": row.records, "event": last.n, "verb": last.verb, "at": plain(last.at),
        "why": last.why, "offered": [_amounts(each) for each in told.offer.options] if told.offer else [],
        "dealt": _amounts(tuple(told.deal)), "duties": list(told.duties), "appeal_until": plain(told.until),
        "account": who.account.name, "can": list(told.may),
    }  # fmt: skip


def _amounts(deal: Deal) -> list[Mapping[str, object]]:
    """Money in fen."""
    return [
        {"effect": each.key, "amount": each.amount, "low": each.low, "high": each.high, "unit": each.unit}
        if each.amount is not None
        else {"effect": each.key}
        for each in deal
    ]


def _deal(deal: Deal) -> str:
    return ", ".join(map(_dealt, deal)) or "nothing"


def _dealt(each: Dealt) -> str:
    """`ban=3 days (3 to 5)`: as `--choose` takes it."""
    if each.amount is None:
        return each.key
    unit, by = ("yuan", Decimal(100)) if each.unit == "fen" else (each.unit, Decimal(1))
    amount, low, high = (f"{number / by:f}" for number in (each.amount, each.low, each.high))
    return f"{each.key}={amount} {unit} ({low} to {high})"


COMMANDS: list[click.Command] = [decide_command]
