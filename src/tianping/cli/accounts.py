"""`accounts`: who may sign in to the console; also the way back in where an administrator's password is lost."""

import click

from tianping.app import Settings
from tianping.cli.options import home_of, now
from tianping.cli.show import format_option, show
from tianping.errors import NotFound, did_you_mean
from tianping.store.accounts import Lang, Role, folded
from tianping.work.home import Home
from tianping.work.people import accounts
from tianping.work.people.accounts import ROLES, Doer, Draft, Member


@click.group("accounts")
def accounts_group() -> None:
    """Who may sign in to the console, in which role, for which shops."""


@accounts_group.command("list")
@format_option
@click.pass_obj
def list_accounts(settings: Settings, form: str) -> None:
    """Every account."""
    columns = ["name", "label", "role", "shops", "active", "demo", "created_at"]
    show(columns, (_row(each) for each in accounts.every(home_of(settings))), form)


def _row(each: Member) -> list[object]:
    one = each.account
    shops = "all" if one.all_shops else ", ".join(each.shops)
    return [one.name, one.label, one.role, shops, one.active, one.demo, one.created_at]


@accounts_group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(sorted(ROLES)), required=True)
@click.option("--shop", "shops", multiple=True, help="the shops it is limited to; none: all")
@click.option("--label", default="", help="whose account it is")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.pass_obj
def add(settings: Settings, name: str, role: Role, shops: tuple[str, ...], label: str, lang: Lang) -> None:
    """A new account. Prints its one-time password."""
    draft = Draft(label or name, role, frozenset(shops) or None, lang)
    _, password = accounts.create(home_of(settings), name, draft, doer=Doer(None, now()))
    click.echo(password)


@accounts_group.command("password")
@click.argument("name")
@click.pass_obj
def reset(settings: Settings, name: str) -> None:
    """A new one-time password for an account; its sessions end. Prints the password."""
    home = home_of(settings)
    click.echo(accounts.reset_password(home, _named(home, name).account.id, doer=Doer(None, now())))


def _named(home: Home, name: str) -> Member:
    every = {folded(each.account.name): each for each in accounts.every(home)}
    if folded(name) not in every:
        raise NotFound(f'there is no account "{name}": {did_you_mean(name, [each.account.name for each in every.values()])}')
    return every[folded(name)]


COMMANDS: list[click.Command] = [accounts_group]
