"""`case`: after-sales cases from the command line, by the very functions of the API; `webhooks`: who is told of them."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from tianping.app import Settings
from tianping.cases.case import Case
from tianping.cli.options import Moment, home_of, now
from tianping.cli.show import format_option, plain, show
from tianping.policy.cases.flowing import Actor
from tianping.store.desk.worklists import Wanted
from tianping.work.desk import handed, serving, worklists
from tianping.work.desk.letters import webhooks
from tianping.work.desk.serving import EVERYBODY, Caller, Deed, Told, Wish, desk_of
from tianping.work.desk.sitting import ORDER, Desk, sitting
from tianping.work.people.reach import EVERYTHING

HERE = Caller(None, EVERYBODY, EVERYTHING)
"""Whoever sits at the machine: every person's part, every shop."""
_PAGE = 500
_as = click.option("--as", "part", type=click.Choice(EVERYBODY), help="as what; else as the platform or one of its people")
_why = click.option("--why", default="", help="why, in words")


class _Facts(click.ParamType[Any]):
    """`NAME=VALUE`: a fact and its value."""

    name = "NAME=VALUE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, is_, of = str(value).partition("=")
        return (name, of) if is_ and name else self.fail(f"{value} is not NAME=VALUE", param, ctx)


_facts = click.argument("facts", type=_Facts(), nargs=-1)


@click.group("case")
def case_group() -> None:
    """After-sales cases: what stands, what happened, what can be done. An order is a case too: order/ID."""


@case_group.command("list")
@click.option("--kind", default="", help="refund_only, dispute, order …")
@click.option("--state", default="")
@click.option("--owner", default="", help="whose turn it is: merchant, buyer, platform …")
@click.option("--shop", default="")
@click.option("--order", default="", help="of this order")
@click.option("--known", default="", help="a fact that must be known: return_signed_at")
@click.option("--open/--ended", "open_", default=None, help="only those that have not ended, or only those that have")
@click.option("--due-before", type=Moment(), help="with a deadline that runs out before")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@format_option
@click.pass_obj
def list_cases(
    settings: Settings, kind: str, state: str, owner: str, shop: str, order: str, known: str, open_: bool | None,  # noqa: FBT001
    due_before: dt.datetime | None, limit: int, form: str,
) -> None:  # fmt: skip
    """Cases, the last opened first; orders only with --kind order."""
    wanted = Wanted(kind, state, owner, shop, order, handed.known(known), open_, due_before)
    columns = ["id", "kind", "platform", "shop_id", "order_id", "state", "owner", "n", "opened_at", "due_at", "left"]
    show(columns, (_row(each) for each in _every(desk_of(home_of(settings)), wanted, limit)), form)


def _every(desk: Desk, wanted: Wanted, limit: int) -> Iterator[Told]:
    """Page by page."""
    before: str | None = ""
    while before is not None and limit:
        found = worklists.listing(desk, HERE, wanted, now(), before=before, limit=min(limit, _PAGE))
        yield from found.cases
        before, limit = found.before, limit - len(found.cases)


def _row(told: Told) -> list[object]:
    case, first = told.case, next(iter(told.deadlines), None)
    due = (first.timer.due_at, first.left) if first else (None, None)
    return [
        case.id, case.kind, case.platform, case.shop_id, case.order_id, case.state, told.owner, case.n, case.opened_at, *due,
    ]  # fmt: skip


@case_group.command("due")
@click.option("--owner", default="", help="whose: merchant, buyer, platform …")
@click.option("--kind", default="")
@click.option("--shop", default="")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@format_option
@click.pass_obj
def due(settings: Settings, owner: str, kind: str, shop: str, limit: int, form: str) -> None:
    """Deadlines, what runs out first first."""
    found = worklists.due(desk_of(home_of(settings)), HERE, Wanted(kind, owner=owner, shop=shop), now(), limit=limit)
    columns = ["case_id", "kind", "shop_id", "state", "owner", "clock", "passes", "due_at", "left"]
    rows = (
        [
            each.told.case.id, each.told.case.kind, each.told.case.shop_id, each.told.case.state, each.deadline.timer.owner,
            each.deadline.timer.clock, each.deadline.timer.passes, each.deadline.timer.due_at, each.deadline.left,
        ]
        for each in found.running
    )  # fmt: skip
    show(columns, rows, form)


@case_group.command("show")
@click.argument("id")
@_as
@format_option
@click.pass_obj
def show_case(settings: Settings, id: str, part: Actor | None, form: str) -> None:  # noqa: A002  # as it stands in the usage
    """A case with its facts, its deadlines, and what can be done now."""
    told = serving.look(desk_of(home_of(settings)), HERE, id, now(), part)
    fields = _fields(told)
    if form == "table":
        show(["field", "value"], _lines(fields), form)
    else:
        show(list(fields), [list(fields.values())], form)


def _fields(told: Told) -> dict[str, Any]:
    case = told.case
    names = ("id", "kind", "platform", "shop_id", "order_id", "parent_id", "state", "n", "began", "opened_at", "ended_at")
    clocks = [
        {"clock": each.timer.clock, "owner": each.timer.owner, "due_at": plain(each.timer.due_at), "left": each.left,
         "state": each.timer.state, "passes": each.timer.passes}
        for each in told.deadlines
    ]  # fmt: skip
    return {
        **{name: getattr(case, name) for name in names},
        "owner": told.owner,
        "facts": {name: plain(value) for name, value in case.facts.items()},
        "deadlines": clocks,
        "possible": [{"noun": each.noun, "as": each.part, "takes": _takes(each)} for each in told.deeds],
    }


def _takes(deed: Deed) -> str:
    return " ".join(each.name if each.needed else f"[{each.name}]" for each in deed.takes)


def _lines(fields: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from ((f"  {inner}", of) for inner, of in value.items())
        elif isinstance(value, list):
            yield from ((name if not n else "", "  ".join(f"{of}" for of in each.values())) for n, each in enumerate(value))
        else:
            yield name, value


@case_group.command("events")
@click.argument("id")
@format_option
@click.pass_obj
def events(settings: Settings, id: str, form: str) -> None:  # noqa: A002
    """All that happened to a case, in order."""
    columns = ["n", "at", "actor", "account_id", "rule", "verb", "before", "state", "why", "facts"]
    rows = (
        [
            each.n, each.at, each.doer.actor, each.doer.account_id, each.doer.rule, each.verb, each.before, each.state,
            each.why, {name: plain(value) for name, value in each.facts.items()},
        ]
        for each in serving.events(desk_of(home_of(settings)), HERE, id)
    )  # fmt: skip
    show(columns, rows, form)


@case_group.command("place")
@click.argument("order")
@click.option("--platform", required=True)
@click.option("--shop", required=True)
@_as
@_why
@_facts
@click.pass_obj
def place(
    settings: Settings, order: str, platform: str, shop: str, part: Actor | None, why: str, facts: Iterable[tuple[str, str]]
) -> None:
    """A new order at the desk: amount_fen=5000 product_id=P1 created_at=2024-03-01T16:00 …"""
    with sitting(desk_of(home_of(settings)), now()) as sat:
        case = serving.place(sat, HERE, order, Wish(part, handed.words(dict(facts)), why), platform=platform, shop_id=shop)
    _said(case)


@case_group.command("open")
@click.argument("kind")
@click.option("--order", required=True, help="of which order; one that the facts alone know comes to the desk first")
@click.option("--noun", default="", help="how it is opened, where there are several ways")
@_as
@_why
@_facts
@click.pass_obj
def open_case(
    settings: Settings, kind: str, order: str, noun: str, part: Actor | None, why: str, facts: Iterable[tuple[str, str]]
) -> None:
    """A new case of an order: refund_only --order O1 --as buyer reason=quality refund_fen=3000. Prints its id."""
    home, wish = home_of(settings), Wish(part, handed.words(dict(facts)), why)
    serving.bring(home, HERE, order, now())
    with sitting(desk_of(home), now()) as sat:
        case = serving.open_case(sat, HERE, kind, order, wish, noun)
    click.echo(case.id)


@case_group.command("do")
@click.argument("id")
@click.argument("noun")
@click.option("--seen", type=click.IntRange(0), help="how many events you know of; more, and it is refused")
@_as
@_why
@_facts
@click.pass_obj
def do(
    settings: Settings, id: str, noun: str, seen: int | None, part: Actor | None, why: str, facts: Iterable[tuple[str, str]]  # noqa: A002
) -> None:  # fmt: skip
    """Do something to a case: do ID refusal --as merchant refusal_reason=used … `case show` says what is possible."""
    wish = Wish(part, handed.words(dict(facts)), why, seen)
    with sitting(desk_of(home_of(settings)), now()) as sat:
        case = serving.do(sat, HERE, id, noun, wish)
    _said(case)


def _said(case: Case) -> None:
    click.echo(f"{case.id.removeprefix(ORDER) if case.kind == 'order' else case.id}: {case.state}", err=True)


@click.group("webhooks")
def webhooks_group() -> None:
    """Who is told of cases: accounts register addresses over the API; here: which private hosts they may name."""


@webhooks_group.command("allow")
@click.argument("hosts", nargs=-1)
@click.pass_obj
def allow(settings: Settings, hosts: tuple[str, ...]) -> None:
    """Let webhooks go to these HOST:PORT although they are private, and without TLS; without any: to none. Prints those
    allowed."""
    home = home_of(settings)
    webhooks.allow(home.database, hosts)
    for host in sorted(webhooks.allowed_hosts(home.database)):
        click.echo(host)


COMMANDS: list[click.Command] = [case_group, webhooks_group]
