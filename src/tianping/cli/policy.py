"""`policy`: packs checked, shown, compared, tried on the past, and tested by their own sentences."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import click

from tianping.app import Settings
from tianping.cli import replaying
from tianping.cli.options import DAY, home_of, lang_option
from tianping.cli.show import format_option, show
from tianping.errors import Fault, NotFound, PolicyError
from tianping.facts.schema import TABLES
from tianping.facts.views import VIEWS
from tianping.policy import load
from tianping.policy.cases import caserows, check_idle, flowdraw
from tianping.policy.cases.casebook import Casebook, casebooks, open_casebooks
from tianping.policy.cases.check_automation import check_automation
from tianping.policy.cases.check_flows import check_all_flows
from tianping.policy.cases.check_tables import check_tables
from tianping.policy.check import check_all, idle_shared
from tianping.policy.diff import Change, diff, diff_cases
from tianping.policy.diffterms import PARTS
from tianping.policy.diffwords import plain_value, sentence
from tianping.policy.model import Pack
from tianping.policy.saying import say
from tianping.work.desk.effects import POSTED
from tianping.work.replay.outcome import rows
from tianping.work.replay.replay import Asked, replay
from tianping.work.trials.selftest import run

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
    found = faults + check_all(opened, VIEWS) + ([] if folders or faults else idle_shared(opened))
    return found + _case_faults(folders, {each.pack.platform: each.pack.judging.violations for each in opened})


def _case_faults(folders: tuple[Path, ...], violations: Mapping[str, Collection[str]]) -> list[Fault]:
    opened, faults = open_casebooks(folders or None)
    found = faults + check_all_flows(opened, POSTED) + [fault for each in opened for fault in check_tables(each, _REASONS)]
    found += [fault for each in opened for fault in check_automation(each, violations)]
    return list(dict.fromkeys([*found, *([] if folders or faults else check_idle.idle_shared(opened))]))


_REASONS = next(column.values for column in TABLES["cases"].columns if column.name == "reason")


@policy.command("show")
@folders_argument
@click.option("--cases", is_flag=True, help="the rules of cases instead: flows, clocks, guards, amounts, calendars")
@format_option
def show_packs(folders: tuple[Path, ...], form: str, *, cases: bool) -> None:
    """Every metric's versions: since when, from where, in what words."""
    if cases:
        show(caserows.COLUMNS, (row for book in casebooks(folders or None).values() for row in caserows.case_rows(book)), form)
        return
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


@policy.command()
@folders_argument
def flows(folders: tuple[Path, ...]) -> None:
    """The flows of cases as a page of diagrams, in Markdown (docs/flows.md is this page)."""
    if faults := _faults(folders):
        raise PolicyError(tuple(faults))
    click.echo(flowdraw.page(casebooks(folders or None)))


@policy.command("test")
@folders_argument
def test_packs(folders: tuple[Path, ...]) -> None:
    """Run the packs' own tests: sentences with rows in, and what figures and verdicts come out."""
    faults = _faults(folders)
    if faults:
        raise PolicyError(tuple(faults))
    opened, _ = load.open_all(folders or None)
    results = [(each, run(each)) for each in opened]
    wrong = [fault for _, faults in results for fault in faults]
    if wrong:
        raise PolicyError(tuple(wrong))
    click.echo(f"{sum(len(each.pack.tests) for each, _ in results)} sentences hold", err=True)


folder_argument = click.Path(exists=True, file_okay=False, path_type=Path)


@policy.command("diff")
@click.argument("before", type=folder_argument)
@click.argument("after", type=folder_argument, required=False)
@lang_option
@format_option
def diff_packs(before: Path, after: Path | None, lang: str, form: str) -> None:
    """What changes from BEFORE to AFTER, and from when. With one folder: from the packs in force to it."""
    new, old = packs_of(after or before), packs_of(before) if after else load.packs()
    names = sorted({*old, *new} if after else new)
    books, known = books_of(after or before), books_of(before) if after else casebooks()
    changes = [
        change for name in names for change in _changes((old.get(name), new.get(name)), known.get(name), books.get(name))
    ]
    if not changes:
        click.echo("规则没有变化" if lang == "zh" else "the packs say the same", err=True)
    if form == "table" and changes:
        rows = ([each.platform, say(PARTS[each.part], lang), sentence(each, lang)] for each in changes)
        show(["platform", "part", "change"], rows, form)
    elif form != "table":
        show(_DIFF_COLUMNS, (_plain(each) for each in changes), form)


def _changes(packs: tuple[Pack | None, Pack | None], known: Casebook | None, book: Casebook | None) -> Iterator[Change]:
    """Of the pack, and of what is said of its cases."""
    old, new = packs
    yield from diff(old, new)
    if old and new:
        yield from diff_cases(known, book, (old, new))


_DIFF_COLUMNS = ("platform", "part", "name", "since", "until", "kind", "place", "before", "after", "zh", "en")


def _plain(each: Change) -> list[object]:
    place, sides = ".".join(step.name for step in each.leaf.steps), (each.leaf.before, each.leaf.after)
    said = [sentence(each, lang) for lang in ("zh", "en")]
    head = [each.platform, each.part, each.name, each.since, each.until, each.leaf.kind, place]
    return [*head, *map(plain_value, sides), *said]


@policy.command("replay")
@click.argument("drafts", type=folder_argument, nargs=-1, required=True)
@click.option("--from", "first", type=DAY, required=True, help="the first T")
@click.option("--to", "last", type=DAY, required=True, help="the last T")
@lang_option
@format_option
@click.pass_obj
def replay_draft(
    settings: Settings, drafts: tuple[Path, ...], first: dt.datetime, last: dt.datetime, lang: str, form: str
) -> None:
    """A draft over a stretch of the past, beside the pack in force: who would have stood otherwise. Nothing is written."""
    if first > last:
        raise click.UsageError(f"--from {first.date()} is after --to {last.date()}")
    draft = {name: pack for folder in drafts for name, pack in packs_of(folder).items()}
    done = replay(home_of(settings), Asked(first.date(), last.date(), load.packs(), draft))
    found = [row for each in done for row in rows(each)]
    books = [book for folder in drafts for book in books_of(folder).values()]
    differ = _cases_differ(books, draft) if books else False
    for line in replaying.notes(done, differing=bool(found), cases_differ=differ, lang=lang):
        click.echo(line, err=True)
    if form == "table" and found:
        show(*replaying.table(found, lang), form)
    elif form != "table":
        show(replaying.COLUMNS, map(replaying.plain, found), form)


def _cases_differ(books: Sequence[Casebook], draft: Mapping[str, Pack]) -> bool:
    """Whether drafts say of cases what is not in force."""
    known = casebooks()
    whole = ((known.get(each.platform), each, (draft[each.platform],) * 2) for each in books)
    return any(True for before, after, packs in whole for _ in diff_cases(before, after, packs))


def packs_of(folder: Path) -> Mapping[str, Pack]:
    """The packs of a folder: of one that is a pack, or of one of packs. Raises PolicyError with every fault."""
    folders = _folders(folder)
    faults = _faults(folders) if folders else []
    if faults:
        raise PolicyError(tuple(faults))
    if not folders:
        raise NotFound(f"no pack in {folder}: a pack is a folder of .yaml files; name one, or a folder of such")
    return load.packs(folders)


def books_of(folder: Path) -> Mapping[str, Casebook]:
    """The casebooks of such a folder, whose packs were read without fault."""
    return casebooks(_folders(folder))


def _folders(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(_packs_within(folder))) or (folder,) * any(folder.glob("*.yaml"))


def _packs_within(folder: Path) -> Iterator[Path]:
    """Not the shared files beside packs, nor the folder of cases within one."""
    yield from (each for each in folder.iterdir() if each.name not in ("shared", "cases") and any(each.glob("*.yaml")))


COMMANDS: list[click.Command] = [policy]
