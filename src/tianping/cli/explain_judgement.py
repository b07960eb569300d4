"""`explain score / right / level / violation / penalty / change`: judgement down to figures, rows and the pack's clause."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import click
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from tianping.app import Settings
from tianping.cli.explain import explain
from tianping.cli.options import DAY, home_of, lang_option, now
from tianping.cli.show import paper, show
from tianping.metrics.figure import BY
from tianping.metrics.proof import Scope
from tianping.policy.load import packs
from tianping.policy.model import Pack
from tianping.work.docket.brief import brief
from tianping.work.figures.explain import Named
from tianping.work.why import reasons, why, whyjudged
from tianping.work.why.asknown import rows_of_violation
from tianping.work.why.changes import of_metric, of_score
from tianping.work.why.scoresplit import changed_score
from tianping.work.why.split import changed, pack_of
from tianping.work.why.voice import Voice
from tianping.work.why.why import Node

Command = TypeVar("Command", bound=Callable[..., None])
form_option = click.option(
    "--format", "form", type=click.Choice(["tree", "json"]), default="tree", show_default=True, help="how it is printed"
)


def _of_shop(command: Command) -> Command:
    for option in (
        form_option,
        lang_option,
        click.option("--date", type=DAY, required=True, help="T of the close"),
        click.option("--subject", required=True, help="the shop"),
        click.option("--platform", default="kuaishou", show_default=True),
    ):
        command = option(command)
    return command


def _pack(platform: str) -> tuple[Mapping[str, Pack], Pack]:
    every = packs()
    return every, pack_of(every, platform)


def _voice(platform: str, lang: str) -> tuple[Pack, Voice]:
    """A platform's pack, and the words in which it speaks alone."""
    _, pack = _pack(platform)
    return pack, why.voice_of({platform: pack}, platform, lang)


@explain.command("score")
@click.argument("score")
@click.option("--track", type=click.Choice(["measured", "adjusted"]), default="measured", show_default=True)
@_of_shop
@click.pass_obj
def explain_score(
    settings: Settings, score: str, track: str, platform: str, subject: str, date: dt.datetime, lang: str, form: str
) -> None:
    """A SCORE of a shop: its groups, its items with their curves and figures."""
    pack, voice = _voice(platform, lang)
    _print(whyjudged.of_score(voice, home_of(settings), pack, score, subject, date.date(), track=track), form)


@explain.command("right")
@click.argument("right")
@click.option("--product", default="", help="a product of the shop")
@_of_shop
@click.pass_obj
def explain_right(
    settings: Settings, right: str, product: str, platform: str, subject: str, date: dt.datetime, lang: str, form: str
) -> None:
    """A RIGHT of a shop or product: held, or withdrawn and by which figures."""
    pack, voice = _voice(platform, lang)
    _print(whyjudged.of_right(voice, home_of(settings), pack, right, subject, date.date(), product=product), form)


@explain.command("level")
@_of_shop
@click.pass_obj
def explain_level(settings: Settings, platform: str, subject: str, date: dt.datetime, lang: str, form: str) -> None:
    """The level of a shop: since when, what happened at this close, and on what grounds."""
    pack, voice = _voice(platform, lang)
    _print(whyjudged.of_level(voice, home_of(settings), pack, subject, date.date()), form)


@explain.command("violation")
@click.argument("number", type=int)
@click.option("--rows", type=click.Choice(["csv", "json", "table"]), help="its rows as they were known, and nothing else")
@click.option(
    "--format",
    "form",
    type=click.Choice(["tree", "json", "html", "statement"]),
    default="tree",
    show_default=True,
    help="html: the statement of reasons as a page; statement: the same as JSON",
)
@lang_option
@click.pass_obj
def explain_violation(settings: Settings, number: int, rows: str | None, form: str, lang: str) -> None:
    """Violation NUMBER: its rule, gates and line, down to the figures of its frozen evidence."""
    home, every = home_of(settings), packs()
    if rows:
        found = rows_of_violation(home, every, number)
        columns = found.columns
        show(columns, ([row.get(name) for name in columns] for row in found.rows()), rows)
    elif form in ("html", "statement"):
        told = reasons.statement(home, every, number, "zh" if lang == "zh" else "en", at=now())
        click.echo(reasons.as_html(told) if form == "html" else _json(reasons.as_json(told)))
    else:
        known = brief(home, every, number)
        _print(why.of_violation(why.voice_of(every, known.matter.row.platform, lang), known), form)


@explain.command("penalty")
@click.argument("number", type=int)
@form_option
@lang_option
@click.pass_obj
def explain_penalty(settings: Settings, number: int, form: str, lang: str) -> None:
    """The penalty of violation NUMBER: every effect, why so much, and the violation it is for."""
    every = packs()
    known = brief(home_of(settings), every, number)
    _print(why.of_penalty(why.voice_of(every, known.matter.row.platform, lang), known), form)


@explain.command("change")
@click.argument("name")
@click.option("--days", type=int, default=30, show_default=True)
@click.option("--by", type=click.Choice(BY), default="shop", show_default=True)
@click.option("--from", "before", type=DAY, required=True, help="T of the close before")
@_of_shop
@click.pass_obj
def explain_change(
    settings: Settings, name: str, days: int, by: str, before: dt.datetime, platform: str, subject: str, date: dt.datetime,
    lang: str, form: str,
) -> None:  # fmt: skip
    """What changed between two closes, split exactly. NAME is a metric (name or name/variant), or a score of a shop."""
    home, (every, pack) = home_of(settings), _pack(platform)
    voice = why.voice_of(every, platform, lang)
    if name in pack.judging.scores and Named.parse(name).metric not in {metric for metric, _ in pack.metrics}:
        told = of_score(voice, changed_score(home, pack, name, subject, date.date(), before.date()))
    else:
        scope = Scope(platform, by, subject, date.date(), days)
        told = of_metric(voice, changed(home, every, Named.parse(name), scope, before.date()))
    _print(told, form, voice)


def _print(node: Node, form: str, voice: Voice | None = None) -> None:
    if form == "json":
        click.echo(_json(node.plain()))
        return
    console = paper()
    if voice is None:
        console.print(_grown(Tree(_text(node)), node.parts))
        return
    console.print(_text(node))
    for part in node.parts:
        console.print(f"\n[bold]{escape(part.title)}[/]")
        console.print(_steps(voice, part))


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)


def _text(node: Node) -> str:
    lines = "".join(f"\n[dim]{escape(line)}[/]" for line in node.lines)
    return f"[bold]{escape(node.title)}[/]{lines}"


def _grown(tree: Tree, parts: Iterable[Node]) -> Tree:
    for each in parts:
        _grown(tree.add(_text(each)), each.parts)
    return tree


def _steps(voice: Voice, part: Node) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(voice.t("step"))
    for name in ("step_rows", "step_counts", "step_part", "step_exact"):
        table.add_column(voice.t(name), justify="right")
    for cells in _cells(part):
        table.add_row(*map(escape, cells))
    return table


def _cells(part: Node) -> Iterator[tuple[str, ...]]:
    for each in part.parts:
        data = each.data or {}
        yield each.title, str(data["rows"] or ""), data["counts"], each.lines[0], data["part"] or ""


COMMANDS: list[click.Command] = [explain]
