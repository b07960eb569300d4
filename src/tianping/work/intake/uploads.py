"""Files that people hand in: kept until they are imported, looked through, asked about, brought in within their reach.

`<home>/uploads/<id>/` holds the files of an upload that is not over. One upload becomes one import, or several where a person
has said how some of its files are to be read.
"""

import datetime as dt
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NamedTuple

from tianping.errors import ImportRefused, NotFound
from tianping.facts import guess, read
from tianping.facts.cells import NO_SHOP, STROKE
from tianping.facts.formats import locked
from tianping.facts.formats.source import Source
from tianping.facts.guess import Choice
from tianping.facts.mapping import SHOP, SHOP_IN_NAME, load, shipped
from tianping.facts.mapping import Mapping as Rules
from tianping.facts.schema import TABLES
from tianping.periods import Period
from tianping.store import accounts, uploads
from tianping.store.uploads import Upload
from tianping.work.home import Home
from tianping.work.intake import exports, imports
from tianping.work.intake.exports import platform_of
from tianping.work.intake.imports import Progress, Report, Request
from tianping.work.people.reach import Reach

MOST_FILES = 400
"""More than the days of a year, for exports of a day each."""
KEPT_DAYS = 7
"""How long files wait that nobody goes on with."""
_LONGEST = 180
"""Bytes of a file's name."""
MOST_RULES = 1 << 16
"""Bytes of a mapping of one's own; the longest shipped one is a tenth of that."""
_MOST_FAULTS = 20
"""Of a mapping, that are told at once."""
_OWN = "(own)"
"""For the mapping that was handed in with the files; shipped ones have no brackets."""
OPEN = ("received", "asking", "queued", "running", "failed")
"""States in which the files are still there."""
_PIECE = 1 << 20
_BRINGS_FIRST = ("shops", "products", "orders", "videos")


class Given(NamedTuple):
    """A file handed in: its name as the browser said it, and its bytes."""

    name: str
    bytes: IO[bytes]


class Options(NamedTuple):
    """What the uploader says of all files: the shop of rows that name none, the days they cover, the mapping to read them by:
    one of those that come with the program, or (`rules`) one of their own as YAML, for this upload only."""

    shop: str = ""
    covers: Period | None = None
    mapping: str = ""
    rules: Given | None = None


def folder_of(home: Home, number: int) -> Path:
    return home.path / "uploads" / str(number)


def receive(home: Home, account_id: int, given: Sequence[Given], options: Options, *, reach: Reach, at: dt.datetime) -> int:
    """Keep the files; the upload's number. Raises ImportRefused for too many, for an empty one, for a shop out of reach."""
    if not given or len(given) > MOST_FILES:
        raise ImportRefused(f"{len(given)} files were handed in; hand in 1 to {MOST_FILES} at once")
    require_shop(options.shop, reach)
    if options.mapping and options.mapping not in shipped():
        raise ImportRefused(f'there is no mapping "{options.mapping}"; choose one of those that come with the program')
    fresh = home.path / "uploads" / f"new-{secrets.token_hex(8)}"
    fresh.mkdir(parents=True)
    try:
        rules = _own_rules(fresh, options)
        files = [_keep(fresh, name, one.bytes) for name, one in zip(_names(given), given, strict=True)]
        covers = f"{options.covers.first}..{options.covers.last}" if options.covers else ""
        said = {"shop": options.shop, "covers": covers, "mapping": options.mapping} | ({"rules": rules} if rules else {})
        number = uploads.add(home.database, account_id, at, files, said)
        fresh.rename(folder_of(home, number))
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return number


def _own_rules(folder: Path, options: Options) -> str:
    """The text of the mapping handed in, "" for none. Raises ImportRefused telling every fault with its line, as the command
    line does; patterns for files' names are Python's, which may never end, so these are read there only."""
    given = options.rules
    if given is None:
        return ""
    name, data = next(_names([given])), given.bytes.read(MOST_RULES + 1)
    if options.mapping:
        raise ImportRefused(f'the mapping "{options.mapping}" was chosen and {name} handed in; give one of them')
    if len(data) > MOST_RULES:
        raise ImportRefused(f"{name} is longer than {MOST_RULES >> 10} KB, too long for a mapping; hand in the YAML file alone")
    path = folder / "rules.yaml"
    path.write_bytes(data)
    try:
        rules = load(str(path))
    except ImportRefused as error:
        raise ImportRefused(_first_faults(str(error).replace(str(path), name))) from error
    finally:
        path.unlink()
    if rules.book.shop_in_name != SHOP_IN_NAME:
        raise ImportRefused(f"{name}: shop_in_name is read on the command line only; take it out, and name files SHOP@name")
    return data.decode()


def _first_faults(said: str) -> str:
    head, *faults = said.split("\n")
    rest = len(faults) - _MOST_FAULTS
    return "\n".join([head, *faults[:_MOST_FAULTS], *([f"… + {rest}"] if rest > 0 else [])])


def unlock(home: Home, upload: Upload, password: str) -> int:
    """Take the lock off every workbook of an upload that this password fits; how many. The password is kept nowhere: the file
    lies open until it is imported, as the facts do afterwards. Trying costs 0.1 s for each locked file."""
    return sum(_unlocked(folder_of(home, upload.id) / str(file["name"]), password) for file in upload.files)


def _unlocked(path: Path, password: str) -> bool:
    try:
        return bool(password) and path.suffix.lower() in read.WORKBOOKS and locked.unlock(path, password)
    except ImportRefused:
        return False  # whoever looks it through says why


def require_shop(shop: str, reach: Reach) -> None:
    """Raises ImportRefused for a shop that is not the uploader's, or for what can be none."""
    if shop and not reach.holds(shop):
        raise ImportRefused(f'"{shop}" is none of your shops; choose one of them')
    if STROKE in shop:
        raise ImportRefused(f'"{shop}" cannot be a shop: {NO_SHOP}')


def _names(given: Iterable[Given]) -> Iterator[str]:
    """Names that stand in one folder, each once, whatever browsers say."""
    seen = set[str]()
    for number, one in enumerate(given, start=1):
        bare = re.sub(r"[\x00-\x1f\x7f]", "", one.name.replace("\\", "/").rsplit("/", 1)[-1]).strip().lstrip(".")
        stem, dot, suffix = bare.partition(".")
        stem = stem.encode()[: _LONGEST - len(suffix.encode()[-40:])].decode(errors="ignore")
        stem, end = stem or f"file-{number}", f"{dot}{suffix[-40:]}"
        tries = (f"{stem}{more}{end}" for more in ("", *(f" ({each})" for each in range(2, MOST_FILES + 2))))
        name = next(each for each in tries if each not in seen)
        seen.add(name)
        yield name


def _keep(folder: Path, name: str, data: IO[bytes]) -> dict[str, Any]:
    size = 0
    with (folder / name).open("wb") as file:
        while piece := data.read(_PIECE):
            size += file.write(piece)
    if not size:
        raise ImportRefused(f"{name} is empty; export it again")
    return {"name": name, "bytes": size}


def get(home: Home, number: int, *, account_id: int, reach: Reach) -> Upload:
    """An upload: one's own, or anybody's for those who see all shops. Raises NotFound."""
    found = uploads.get(home.database, number)
    if found is None or (found.account_id != account_id and not reach.everything):
        raise NotFound(f"there is no upload {number}")
    return found


def newest(home: Home, *, account_id: int, reach: Reach, before: int | None = None) -> Sequence[Upload]:
    """The newest of those `get` gives."""
    return uploads.newest(home.database, account_id=None if reach.everything else account_id, before=before)


def reach_of(home: Home, account_id: int | None) -> Reach:
    """What an account may reach now; nothing where it may no longer sign in."""
    with home.database.connect() as connection:
        account = accounts.of_id(connection, account_id) if account_id is not None else None
        if account is None or not account.active:
            return Reach(frozenset())
        return Reach(None if account.all_shops else accounts.shops(connection, account.id))


def drop(home: Home, number: int) -> bool:
    """Take an upload away that is not under way; whether it could be."""
    dropped = uploads.change(home.database, number, was=("received", "asking", "failed"), state="dropped")
    if dropped:
        shutil.rmtree(folder_of(home, number), ignore_errors=True)
    return dropped


def lost(home: Home, detail: Mapping[str, Any], said: str) -> None:
    """Say of the upload that a job was about that it failed; its files stay, to be tried again."""
    if "upload" in detail:
        uploads.change(home.database, int(detail["upload"]), was=("received", "queued", "running"), state="failed", said=said)


def sweep(home: Home, at: dt.datetime) -> None:
    """Take away files that nobody goes on with, and those of uploads that are over."""
    for folder in (home.path / "uploads").glob("*"):
        found = uploads.get(home.database, int(folder.name)) if folder.name.isdecimal() else None
        if found and found.state in ("received", "asking", "failed") and at - found.at > dt.timedelta(days=KEPT_DAYS):
            drop(home, found.id)
        elif found is None or found.state in ("done", "dropped"):
            shutil.rmtree(folder, ignore_errors=True)


def plain(home: Home, said: str) -> str:
    """A sentence without the folders of this machine."""
    inside = rf"{re.escape(str(home.path))}/(?:uploads/[^/\s]+/|again/[^/\s]+/)?"
    return re.sub(inside, "", said).replace(str(home.path), "here")


def look_through(home: Home, upload: Upload) -> list[dict[str, Any]]:
    """What is known of each file: how it is read (`mapping`, `tables`, `platform`), whose rows it holds where they do not
    say it (`shop`, and what the import is told of it, `fills`), whether that has to be said (`needs_shop`), the mapping that
    was chosen or is known by all their names (`by`), or why nothing reads it (`said`), and whether that is for want of its
    password (`locked`). A file with `rules` is read by these; of one with `whose` a person has said the shop."""
    reach = reach_of(home, upload.account_id)
    said = _OWN if upload.options.get("rules") else str(upload.options.get("mapping", ""))
    named = exports.named(str(file["name"]) for file in upload.files)
    return [_looked(home, upload, {**file, "by": said or _by_name(named, file)}, reach) for file in upload.files]


def _by_name(rules: Rules | None, file: Mapping[str, Any]) -> str:
    return rules.name if rules and rules.role_of(str(file["name"])) else ""


def _looked(home: Home, upload: Upload, file: Mapping[str, Any], reach: Reach) -> dict[str, Any]:
    kept = {name: file[name] for name in ("name", "bytes", "rules", "whose", "by") if name in file}
    try:
        source = _source(home, upload, file)
        if source.path.suffix.lower() in read.WORKBOOKS and locked.has_lock(source.path):
            read.reader(source).headings(source.path)
    except locked.Locked as error:
        return {**kept, "reads": "nothing", "readable": False, "locked": True, "said": plain(home, str(error))}
    except ImportRefused as error:
        readable = _readable(folder_of(home, upload.id) / file["name"])
        return {**kept, "reads": "nothing", "readable": readable, "said": plain(home, str(error))}
    if why := _of_another(upload, source.shop, reach):
        return {**kept, "reads": "nothing", "readable": False, "said": why}
    return kept | _read(source, "" if source.shop else _said_shop(upload, file, reach), own="rules" in file)


def _read(source: Source, said: str, *, own: bool) -> dict[str, Any]:
    """How a file is read; `said`: the shop said of it besides."""
    rules = source.mapping
    tables = list(dict.fromkeys(one.table for one in rules.tables if one.from_ == source.role)) if rules else [source.table]
    unused = rules.files[source.role].unused if rules and source.role else ""
    nameless = not source.shop and not unused and _needs_shop(source)
    return {
        "reads": "own" if own else "mapping" if rules else "table",
        "readable": True,
        "mapping": rules.name if rules else "",
        "label": dict(rules.book.label) if rules else {},
        "tables": tables,
        "platform": platform_of(rules) if rules else "",
        "shop": source.shop or (said if nameless else ""),
        "fills": said,
        "needs_shop": nameless and not said,
        "said": unused,
    }


def _of_another(upload: Upload, named: str, reach: Reach) -> str:
    """Why a file cannot come whose name says this shop: one out of reach, or another than was said; "" where it can."""
    said = str(upload.options.get("shop", ""))
    if named and not reach.holds(named):
        return f'its name says shop "{named}", which is none of yours; name the file otherwise, or have that shop given to you'
    if named and said and named != said:
        return f'its name says shop "{named}", and you said "{said}"; name the file otherwise, or upload it by itself'
    return ""


def _said_shop(upload: Upload, file: Mapping[str, Any], reach: Reach) -> str:
    """The shop said of all files or of this one; whoever has one shop alone need not say it."""
    only = next(iter(reach.shops)) if reach.shops is not None and len(reach.shops) == 1 else ""
    return str(upload.options.get("shop", "")) or str(file.get("whose", "")) or only


def _readable(path: Path) -> bool:
    """Whether it has headings and rows that a person may give a meaning."""
    try:
        return bool(guess.sample(path).headings)
    except ImportRefused:
        return False


def _source(home: Home, upload: Upload, file: Mapping[str, Any]) -> Source:
    path = folder_of(home, upload.id) / file["name"]
    [source] = read.find([path], mapping=_mapping_of(path, upload, file), zone=home.zone)
    return source


def _rules_of(upload: Upload, file: Mapping[str, Any]) -> str:
    """The text of the mapping that a person has made for a file, or handed in for all; "" for none."""
    return str(file.get("rules", "")) or (str(upload.options["rules"]) if file.get("by") == _OWN else "")


def _mapping_of(path: Path, upload: Upload, file: Mapping[str, Any]) -> str:
    """The mapping to read a file by: its name, or that of a file beside it with a person's own; "" for none."""
    text = _rules_of(upload, file)
    if not text:
        return str(file.get("by", ""))
    beside = path.parent / ".rules" / f"{path.name}.yaml"
    beside.parent.mkdir(exist_ok=True)
    beside.write_text(text, "utf-8")
    return str(beside)


def _needs_shop(source: Source) -> bool:
    """Whether rows of the file name no shop by themselves."""
    if source.mapping:
        return any(_is_shop(one) for target in _own(source.mapping, source.role) for one in target)
    column = TABLES[source.table].by_name.get("shop_id")
    return column is not None and column.required and "shop_id" not in read.reader(source).headings(source.path)


def _own(rules: Rules, role: str) -> Iterator[list[str]]:
    for target in rules.tables:
        if target.from_ == role and (value := target.columns.get("shop_id")):
            yield [value.from_, *value.first]


def _is_shop(ref: str) -> bool:
    return ref == SHOP


def asks(files: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a person has to say something before the files can be brought in."""
    return any(file.get("reads") == "nothing" or file.get("needs_shop") for file in files)


def run(home: Home, number: int, *, at: dt.datetime, progress: Progress = lambda file, done: None) -> list[int]:
    """Look an upload's files through and bring them in, if nothing has to be asked; the imports it became. Raises
    ImportRefused; what was brought in before that stays."""
    upload = uploads.get(home.database, number)
    if upload is None or not uploads.change(home.database, number, was=("received", "queued"), state="running", said=""):
        return []
    reach = reach_of(home, upload.account_id)
    files = look_through(home, upload)
    if asks(files):
        uploads.change(home.database, number, was=("running",), state="asking", files=files)
        return []
    uploads.change(home.database, number, files=files)
    reports = list(_bring(home, replace(upload, files=files), reach, at, progress))
    seqs = [report.seq for _, report in reports if report.seq]
    uploads.change(home.database, number, was=("running",), state="done", seq=seqs[-1] if seqs else None)
    shutil.rmtree(folder_of(home, number), ignore_errors=True)
    return seqs


def _bring(home: Home, upload: Upload, reach: Reach, at: dt.datetime, progress: Progress) -> Iterator[tuple[list[str], Report]]:
    """One import after the other, each told in the upload's row as soon as it stands."""
    folder, told, groups = folder_of(home, upload.id), list[dict[str, Any]](), _groups(upload.files)
    for index, files in enumerate(groups):
        part: Progress = lambda name, done, at=index: progress(name, (at + done) / len(groups))  # type: ignore[misc]  # noqa: E731
        report = imports.bring(home, _request(folder, upload, files, reach, at), progress=part)
        names = [str(file["name"]) for file in files]
        told.append({"files": names, **report_as_data(report)})
        uploads.change(home.database, upload.id, report={"imports": told})
        yield names, report


def _groups(files: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The files of each import: those known by their headings or names together, by the shop said of them, each other one by
    itself; what others hang on first."""
    known: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for file in files:
        if "rules" not in file:
            known.setdefault((str(file.get("fills", "")), str(file.get("by", ""))), []).append(file)
    groups = [*known.values(), *([file] for file in files if "rules" in file)]
    return sorted(groups, key=lambda group: min(_rank(file) for file in group))


def _rank(file: Mapping[str, Any]) -> int:
    found = [_BRINGS_FIRST.index(table) for table in file.get("tables", ()) if table in _BRINGS_FIRST]
    return min(found, default=len(_BRINGS_FIRST))


def _request(folder: Path, upload: Upload, files: Sequence[Mapping[str, Any]], reach: Reach, at: dt.datetime) -> Request:
    paths = tuple(folder / str(file["name"]) for file in files)
    covers = str(upload.options.get("covers", ""))
    first, _, last = covers.partition("..")
    return Request(
        paths,
        at,
        mapping=_mapping_of(paths[0], upload, files[0]),
        shop=str(files[0].get("fills", "")),
        covers=Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last)) if covers else None,
        reach=reach,
        under=folder,
        rules=_rules_of(upload, files[0]),
    )


def report_as_data(report: Report) -> dict[str, Any]:
    """What an import did, to be kept."""
    return asdict(report)


def say(home: Home, upload: Upload, *, reach: Reach, shop: str = "", shops: Mapping[str, str] = MappingProxyType({})) -> None:
    """Whose rows the files hold that do not say it: by platform (`shops`), `shop` those of others. Raises ImportRefused for one
    out of reach."""
    for one in (shop, *shops.values()):
        require_shop(one, reach)
    files = [
        {**file, "whose": said}
        if file.get("needs_shop") and (said := shops.get(str(file.get("platform", "")), "") or shop)
        else file
        for file in upload.files
    ]
    uploads.change(home.database, upload.id, was=("asking", "failed"), files=files)


def look_again(home: Home, upload: Upload) -> None:
    """Look the files through once more, after something was said of them."""
    uploads.change(home.database, upload.id, was=("asking", "failed"), files=look_through(home, upload))


def read_as(home: Home, upload: Upload, index: int, choice: Choice | None) -> None:
    """Have a file read by a person's choice, or (None) by its headings again. Raises ImportRefused for a choice that lacks what
    a row needs."""
    files = [dict(file) for file in upload.files]
    files[index].pop("rules", None)
    if choice:
        made = guess.chosen(folder_of(home, upload.id) / files[index]["name"], choice)
        if made.lacks:
            raise ImportRefused(f"nothing in the file is chosen for {', '.join(made.lacks)}; choose a column for each")
        files[index]["rules"] = made.text
    looked = look_through(home, replace(upload, files=files))
    uploads.change(home.database, upload.id, was=("asking", "failed"), files=looked)


def leave_out(home: Home, upload: Upload, index: int) -> None:
    """Take one file out of an upload that is not under way. Raises ImportRefused for its only one."""
    if len(upload.files) < 2:
        raise ImportRefused("this is the only file of the upload; take the upload itself away")
    files = [file for number, file in enumerate(upload.files) if number != index]
    if uploads.change(home.database, upload.id, was=("asking", "failed"), files=files):
        (folder_of(home, upload.id) / upload.files[index]["name"]).unlink(missing_ok=True)


def queue(home: Home, number: int) -> bool:
    """Let an upload that was asked about, or failed, be brought in when its turn comes; whether it could be."""
    return uploads.change(home.database, number, was=("asking", "failed"), state="queued", said="")
