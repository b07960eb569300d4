"""`policy`: packs checked, shown, and tested by their own sentences."""

from pathlib import Path

import click

from tianping.cli.show import format_option, show
from tianping.errors import Fault, PolicyError
from tianping.facts.views import VIEWS
from tianping.policy import load
from tianping.policy.check import check_all, idle_shared
from tianping.policy.saying import say
from tianping.work.selftest import run

folders_argument = click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group()
def policy() -> None:
    """Packs: the platforms' rules as dated data."""


@policy.command()
@folders_argument
def check(folders: tuple[Path, ...]) -> None:
    """Every fault of the packs (default: those shipped), with file and line."""
    faults = _faults(folders)
    if faults:
        raise PolicyError(tuple(faults))
    click.echo("no faults", err=True)


def _faults(folders: tuple[Path, ...]) -> list[Fault]:
    opened, faults = load.open_all(folders or None)
    return faults + check_all(opened, VIEWS) + ([] if folders or faults else idle_shared(opened))


@policy.command("show")
@folders_argument
@format_option
def show_packs(folders: tuple[Path, ...], form: str) -> None:
    """Every metric's versions: since when, from where, in what words."""
    columns = [
        "platform",
        "metric",
        "variant",
        "version",
        "applies",
        "unit",
        "better",
        "label_zh",
        "label_en",
        "source",
        "assumed",
        "words_zh",
    ]
    rows = (
        [pack.platform, *key, version.name, version.applies, metric.unit, metric.better, metric.label.zh, metric.label.en,
         "; ".join(map(str, version.source)), say(version.note, "zh") if version.note else "", version.words.zh]
        for pack in load.packs(folders or None).values() for key, metric in pack.metrics.items() for version in metric.versions
    )  # fmt: skip
    show(columns, rows, form)


@policy.command("test")
@folders_argument
def test_packs(folders: tuple[Path, ...]) -> None:
    """Run the packs' own tests: sentences with rows in and figures out."""
    faults = _faults(folders)
    if faults:
        raise PolicyError(tuple(faults))
    opened, _ = load.open_all(folders or None)
    results = [(each, run(each)) for each in opened]
    wrong = [fault for _, faults in results for fault in faults]
    if wrong:
        raise PolicyError(tuple(wrong))
    click.echo(f"{sum(len(each.pack.tests) for each, _ in results)} sentences hold", err=True)


COMMANDS: list[click.Command] = [policy]
