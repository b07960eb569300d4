"""`rules`: merchants' own rules, a shop's switches, and parcels that came back, by the very functions of the API."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tianping.app import Settings
from tianping.cli.case import HERE
from tianping.cli.options import Moment, home_of, now
from tianping.cli.show import format_option, show
from tianping.policy.cases.casebook import Casebook
from tianping.policy.yamlio import load
from tianping.store.desk.returned import Wanted
from tianping.store.desk.rules import Row
from tianping.work.desk import automation, returned, rules, shops, trial
from tianping.work.desk.rules import RuleRefused
from tianping.work.desk.serving import desk_of
from tianping.work.home import Home
from tianping.work.people.trail import Doer

_shop = click.option("--shop", required=True)
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("rules")
def rules_group() -> None:
    """Rules that act by themselves: merchants' own, the switches they need, and what waits to be checked."""


@rules_group.command("list")
@_shop
@format_option
@click.pass_obj
def list_rules(settings: Settings, shop: str, form: str) -> None:
    """A shop's own rules, in the order in which they are asked."""
    with home_of(settings).database.connect() as connection:
        found = rules.listing(connection, shop)
    show(["id", "name", "active", "rule", "changed_at"], (_row(each) for each in found), form)


def _row(row: Row) -> list[object]:
    return [row.id, row.name, row.active, json.dumps(row.rule, ensure_ascii=False), row.changed_at]


@rules_group.command("add")
@_shop
@click.option("--name", required=True)
@_file
@click.pass_obj
def add(settings: Settings, shop: str, name: str, file: Path) -> None:
    """A new rule from a YAML or JSON file (of, kinds, states, verb, when), switched off. Prints its number."""
    home = home_of(settings)
    with home.database.begin() as connection:
        click.echo(rules.add(connection, _book(home, shop), Doer(None, now()), shop, name, _given(file)).id)


@rules_group.command("try")
@_shop
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True)
@_file
@format_option
@click.pass_obj
def try_rule(settings: Settings, shop: str, days: int, file: Path, form: str) -> None:
    """What a rule would have done to the shop's past cases. Changes nothing."""
    home, until = home_of(settings), now()
    book = _book(home, shop)
    rule = rules.read(book, _given(file))
    done = trial.trial(home, desk_of(home), shop, book.platform, rule, until - dt.timedelta(days=days), until)
    said = f"of {done.looked} cases it would have acted on {done.cases}, for {done.fen / 100:.2f} yuan"
    click.echo(f"{said}; {done.refused} of them were refused afterwards, {done.disputed} disputed later", err=True)
    show(["case_id", "order_id", "at", "fen", "refused", "disputed"], (list(each) for each in done.examples), form)


@rules_group.command("switch")
@click.argument("id", type=click.IntRange(1))
@click.argument("to", type=click.Choice(["on", "off"]))
@click.pass_obj
def switch_rule(settings: Settings, id: int, to: str) -> None:  # noqa: A002
    """Have a rule act from now on, or no longer."""
    with home_of(settings).database.begin() as connection:
        row = rules.switch(connection, Doer(None, now()), id, on=to == "on")
    click.echo(f"{row.name}: {to}", err=True)


@rules_group.command("shop")
@click.argument("shop")
@click.argument("name", required=False)
@click.argument("to", type=click.Choice(["on", "off"]), required=False)
@format_option
@click.pass_obj
def shop_switch(settings: Settings, shop: str, name: str | None, to: str | None, form: str) -> None:
    """A shop's switches and what the platform states of it; with NAME and on or off: turns one."""
    home = home_of(settings)
    if name:
        if not to:
            raise click.UsageError("say on or off")
        platform = shops.platform_of(home, shop)
        with home.database.begin() as connection:
            shops.switch(connection, Doer(None, now()), shop, name, on=to == "on", platform=platform)
    with home.database.connect() as connection:
        found = shops.settings(connection, shop)
    show(["name", "on", "stated"], ([each.name, each.on, each.stated] for each in found), form)


@rules_group.command("run")
@_shop
@click.pass_obj
def run(settings: Settings, shop: str) -> None:
    """Have the rules act on the shop's open cases now, rather than at their next change. Prints on how many they did."""
    click.echo(automation.over_shop(desk_of(home_of(settings)), shop, now()))


@rules_group.command("returns")
@click.option("--shop", default="")
@click.option("--signed-since", type=Moment())
@click.option("--signed-before", type=Moment())
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@format_option
@click.pass_obj
def returns(
    settings: Settings, shop: str, signed_since: dt.datetime | None, signed_before: dt.datetime | None, limit: int, form: str
) -> None:
    """Parcels that came back and are still to be checked, longest signed first."""
    wanted = Wanted(signed_since, signed_before, shop)
    found = returned.listing(desk_of(home_of(settings)), HERE, wanted, now(), limit=limit)
    rows = (
        [
            each.signed_at,
            each.told.case.id,
            each.told.case.kind,
            each.told.case.shop_id,
            each.told.case.order_id,
            each.told.case.state,
        ]
        for each in found.parcels
    )
    show(["return_signed_at", "case_id", "kind", "shop_id", "order_id", "state"], rows, form)


def _book(home: Home, shop: str) -> Casebook:
    return desk_of(home).book(shops.platform_of(home, shop))


def _given(file: Path) -> Mapping[str, Any]:
    """Raises RuleRefused."""
    document = load(file, name=file.name)
    if document.faults or not isinstance(document.data, dict):
        raise RuleRefused(tuple(str(fault) for fault in document.faults) or (f"{file.name}: keys with values belong here",))
    return document.data


COMMANDS: list[click.Command] = [rules_group]
