"""`explain`: a figure down to its rows, and where two definitions part."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from typing import TypeVar

import click
from rich.markup import escape
from rich.table import Table

from tianping.app import Settings
from tianping.cli.options import DAY, home_of, lang_option
from tianping.cli.show import paper, show
from tianping.cli.words import word
from tianping.metrics.figure import BY
from tianping.metrics.proof import Scope
from tianping.policy.load import packs_for
from tianping.policy.saying import amount, say
from tianping.work.figures.differ import Difference, difference
from tianping.work.figures.explain import Named, Proof, totals
from tianping.work.figures.explain import explain as prove

Command = TypeVar("Command", bound=Callable[..., None])
FIRST = 10
"""Rows shown to a person who has not asked for all."""


class _Group(click.Group):
    """`metric` and `difference` stand here; the module of the others is loaded when one of them is asked for (0.15 s)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        import_module("tianping.cli.explain_judgement")
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            import_module("tianping.cli.explain_judgement")
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group)
def explain() -> None:
    """Why: a figure down to the rows counted, and the rows left out with the rule that left each out."""


def _scope_options(command: Command) -> Command:
    for option in (
        lang_option,
        click.option("--sql", "sql", is_flag=True, help="show the SQL that reads the rows"),
        click.option(
            "--rows", "rows", type=click.Choice(["csv", "json", "table"]), help="all rows, and nothing else, on stdout"
        ),
        click.option("--days", type=int, default=30, show_default=True),
        click.option("--date", type=DAY, required=True, help="T of the close"),
        click.option("--subject", help="whose figure; not needed by platform"),
        click.option("--by", type=click.Choice(BY), default="shop", show_default=True),
        click.option("--platform", default="kuaishou", show_default=True),
    ):
        command = option(command)
    return command


def _scope(platform: str, by: str, subject: str | None, date: dt.datetime, days: int) -> Scope:
    if subject is None and by != "platform":
        raise click.UsageError(f"--by {by} needs --subject: whose figure?")
    return Scope(platform, by, subject or platform, date.date(), days)


@explain.command("metric")
@click.argument("metric")
@click.option("--variant", default="")
@_scope_options
@click.pass_obj
def explain_metric(
    settings: Settings, metric: str, variant: str, platform: str, by: str, subject: str | None, date: dt.datetime, days: int,
    rows: str | None, sql: bool, lang: str,  # noqa: FBT001
) -> None:  # fmt: skip
    """METRIC is a name, name/variant or name@version."""
    named = Named.parse(metric)
    named = replace(named, variant=variant) if variant else named
    proof = prove(home_of(settings), packs_for(platform), named, _scope(platform, by, subject, date, days))
    if sql:
        for side, text in proof.sql:
            click.echo(f"-- {side}\n{text};")
    elif rows:
        _print_rows(proof.columns, proof.rows(), rows)
    else:
        _print_proof(proof, lang)


@explain.command("difference")
@click.argument("a")
@click.argument("b")
@_scope_options
@click.pass_obj
def explain_difference(
    settings: Settings, a: str, b: str, platform: str, by: str, subject: str | None, date: dt.datetime, days: int,
    rows: str | None, sql: bool, lang: str,  # noqa: FBT001
) -> None:  # fmt: skip
    """The rows that two definitions (name, name/variant or name@version) treat differently, and why."""
    scope = _scope(platform, by, subject, date, days)
    found = difference(home_of(settings), packs_for(platform), Named.parse(a), Named.parse(b), scope)
    if sql:
        click.echo(f"{found.sql};")
    elif rows:
        _print_rows(found.columns, found.rows(), rows)
    else:
        _print_difference(found, a, b, lang)


def _print_rows(columns: Sequence[str], rows: Iterator[Mapping[str, object]], form: str) -> None:
    """Rows of two sides may have different columns; then the columns of both are printed."""
    show(columns, ([row.get(name) for name in columns] for row in rows), form)


def _print_first(found: Proof | Difference, lang: str) -> None:
    console = paper()
    console.print(f"\n{word('first_rows', lang)}", style="dim")
    _print_rows(found.columns, found.rows(limit=FIRST), "table")


def _print_proof(proof: Proof, lang: str) -> None:
    console, definition = paper(), proof.definition
    version, metric, scope = definition.version, definition.metric, proof.scope
    sources = "；".join(str(source) for source in version.source)
    whose = escape(f"{scope.by} {scope.subject}")
    console.print(f"[bold]{say(metric.label, lang)}[/] · {whose} · {word('as_of', lang)} {scope.date}")
    console.print(f"{word('definition', lang)}: {say(version.words, lang)}")
    console.print(f"{word('clause', lang)}: {sources} · {word('version', lang)} {version.name} {word('in_force_since', lang)}")
    if version.note:
        console.print(f"{word('assumed', lang)}: {say(version.note, lang)}", style="dim")
    console.print(f"{word('window', lang)}: {proof.span.first} – {proof.span.last} ({scope.days} d)")
    numerator, denominator = totals(definition, proof.parts)
    value = Fraction(numerator, denominator) if denominator else None
    agrees = word("checked" if proof.figure else "not_closed", lang)
    console.print(f"{word('figure', lang)}: [bold]{amount(value, metric.unit)}[/]  {numerator}/{denominator}  ({agrees})")
    if proof.figure:
        status = word(str(proof.figure["status"]), lang)
        console.print(f"{word('status', lang)}: {status}  {escape(str(proof.figure['why']))}")
    console.print()
    console.print(_parts_table(proof, lang))
    _print_first(proof, lang)


def _parts_table(proof: Proof, lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("role", "rule"):
        table.add_column(word(name, lang))
    for name in ("rows", "adds"):
        table.add_column(word(name, lang), justify="right")
    for part in proof.parts:
        role = "denominator_side" if part.side == "denominator" and part.role == "denominator" else part.role
        table.add_row(word(role, lang), _rule(proof, part.rule, lang), str(part.rows), str(part.adds))
    return table


def _rule(proof: Proof, rule: str, lang: str) -> str:
    return f"{say(proof.pack.rules[rule].label, lang)} ({rule})" if rule else ""


def _print_difference(found: Difference, a: str, b: str, lang: str) -> None:
    console = paper()
    for name, proof in ((a, found.a), (b, found.b)):
        numerator, denominator = totals(proof.definition, proof.parts)
        value = Fraction(numerator, denominator) if denominator else None
        console.print(f"[bold]{name}[/]: {amount(value, proof.definition.metric.unit)}  {numerator}/{denominator}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (a, b):
        table.add_column(name)
    for name in (word("rows", lang), f"{word('adds', lang)} a", f"{word('adds', lang)} b"):
        table.add_column(name, justify="right")
    for kind in found.kinds:
        left, right = (_treated(found.a, kind.role_a, kind.rule_a, lang), _treated(found.b, kind.role_b, kind.rule_b, lang))
        table.add_row(left, right, str(kind.rows), str(kind.adds_a), str(kind.adds_b))
    console.print(table)
    _print_first(found, lang)


def _treated(proof: Proof, role: str, rule: str, lang: str) -> str:
    return word(role, lang) + (f": {_rule(proof, rule, lang)}" if rule else "")


COMMANDS: list[click.Command] = [explain]
