"""How the data pages say things: times of the home, sizes, tables and columns, why a row is bad."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tianping.errors import NotFound
from tianping.periods import to_wall
from tianping.store import jobs
from tianping.store.jobs import Job
from tianping.web.access import Viewer
from tianping.web.console import Console
from tianping.web.wording import t, words
from tianping.work.intake import gaps

REASONS: Sequence[tuple[str, str]] = (
    (r"^(?P<n>\d+) files were handed in; hand in 1 to (?P<most>\d+) at once$", "too_many"),
    (r"^(?P<file>.+) is empty; export it again$", "empty_file"),
    (r'^"(?P<shop>.*)" is none of your shops; choose one of them$', "not_your_shop"),
    (r'^its name says shop "(?P<shop>.*)", which is none of yours; .*$', "name_beyond"),
    (r'^its name says shop "(?P<shop>.*)", and you said "(?P<said>.*)"; .*$', "name_other"),
    (r'^"(?P<shop>.*)" cannot be a shop: .*$', "no_shop"),
    (r"^the days covered need a first and a last day, .*$", "half_period"),
    (r"^the days covered lie outside the years 2000 to 2100 .*$", "far_period"),
    (r"^(?P<file>.+?) has a password; .*$", "locked"),
    (r"^(?P<file>.+?) is locked in a way that cannot be read; .*$", "password"),
    (r"^(?P<file>.+?) does not begin with column names: .*$", "no_headings"),
    (r"^(?P<file>.+?) is no (?:whole )?(?:XLSX )?workbook\b.*$", "no_workbook"),
    (r"^(?P<file>.+?) is a workbook of Excel 97-2003, .*$", "old_workbook"),
    (r"^(?P<file>.+?) is a workbook of more than (?P<most>\d+ MB); .*$", "large_workbook"),
    (r"^(?P<file>.+?) unpacks to (?P<size>\d+ MB), (?P<times>\d+) times its own size: .*$", "unpacks"),
    (r"^(?P<file>.+?) unpacks to more than (?P<times>\d+) times its own size .*$", "bomb"),
    (r"^(?P<file>.+?): files of this kind are not read; .*$", "kind"),
    (r"^(?P<file>.+?) is empty; (?:the first row of a sheet|a file) of facts .*$", "empty_file"),
    (r'^the mappings "(?P<one>.+?)" and "(?P<other>.+?)" read the same orders, .*$', "same_orders"),
    (r"^(?P<date>\S+) has not come yet; close (?P<today>\S+) or an earlier day$", "not_come"),
    (r"^quarantine of import (?P<n>\d+)$", "again_of"),
    (r"^the mapping (?P<file>.+) has (?P<n>\d+) fault\(s\); mend them and try again:$", "mapping_faults"),
    (r"^(?P<file>.+) is longer than (?P<most>\d+ KB), too long for a mapping; .*$", "mapping_long"),
    (r'^the mapping "(?P<name>.+?)" was chosen and (?P<file>.+) handed in; .*$', "two_mappings"),
    (r"^(?P<file>.+): shop_in_name is read on the command line only; .*$", "mapping_shop_in_name"),
    (
        r'^(?P<file>.+?) is not what the mapping "(?P<name>.+?)" reads: it has no column (?P<lacks>.+?); mappings for it: .*$',
        "not_of_mapping",
    ),
    (
        r'^(?P<file>.+?) is not what the mapping "(?P<name>.+?)" reads: it has the column (?P<has>.+?); mappings for it: .*$',
        "not_of_mapping_has",
    ),
    (r'^no file is named as the mapping "(?P<name>.+?)" expects \((?P<names>.*)\); .*$', "not_named"),
    (r"^(?P<file>.+?): its headings fit several mappings; choose with --mapping, one of: (?P<names>.+)$", "fits_several"),
    (r"^nothing in the file is chosen for (?P<lacks>.+); choose a column for each$", "nothing_chosen"),
    (r"^this is the only file of the upload; .*$", "only_file"),
    (r"^upload (?P<n>\d+) is under way or over; .*$", "upload_over"),
    (r"^the server stopped while this was under way; .*$", "server_stopped"),
    (r"^a fault of the program, number (?P<n>\w+); .*$", "program_fault"),
    (r"^another import into .+ is running; try again when it is done$", "import_running"),
    (r"^nothing is known in .+; import facts first, .*$", "nothing_known"),
    (r"^no row in quarantine can come again as it is; .*$", "none_again"),
    (r"(?:^(?P<file>.+?): )?these rows are joined with other files, which are not kept; .*$", "joined_rows"),
    (r"(?:^(?P<file>.+?): )?its cells fit no heading; put .* import it again$", "unfit_row"),
    (r"^no file was handed in; choose the mended sheet first$", "no_sheet"),
    (r"^the sheet holds no row; .*$", "empty_sheet"),
    (r"^(?P<file>.+?) has no column _quarantine; .*$", "foreign_sheet"),
    (r"^(?P<file>.+?) is no CSV in UTF-8 or GB18030 near line (?P<line>\d+) .*$", "no_csv"),
    (r"^(?P<file>.+?), line (?P<line>\d+): .* names no row that is open in quarantine; .*$", "row_closed"),
    (
        r'^(?P<file>.+?), line (?P<line>\d+), (?P<name>.+?): a spreadsheet has made "(?P<now>.*?)"(?: of "(?P<was>.*)")?; .*$',
        "id_spoiled",
    ),
    (r"^a sale gives nothing back$", "sale"),
    (r"^the shop on an earlier line$", "shop_before"),
    (r"^the product on another line, a newer one or as new$", "product_newer"),
    (r"^the same product of the same seller on an earlier line$", "product_before"),
    (r"^the order on another line, of a newer request or as new$", "order_newer"),
    (r"^not shipped yet$", "not_shipped"),
    (r"^no carrier date: no parcel yet$", "not_shipped"),
    (r"^the session was not rated$", "not_rated"),
    (r"^nothing was sent back$", "not_sent_back"),
    (r"^nothing was picked up$", "not_picked_up"),
    (r"^no after-sales case$", "no_case"),
    (r"^read with its (?:order|item) lines$", "read_elsewhere"),
    (r"^the file does not say when the order was made$", "no_made"),
    (r"the orders file does not have this order", "order_absent"),
    (r"the products file does not have this product", "product_absent"),
    (r"no item line belongs to this order, so its product, shop and amount are unknown", "no_lines"),
    (r"no order line names this product, so its shop is unknown", "product_unsold"),
    (r"this row is not of your shops, or hangs on .*? those who run this home", "beyond"),
    (r"this shop is known on another platform; .*? nobody else", "moved"),
    (r"this (?P<key>\w+) is known under shop (?P<known>\S+), this row is of shop (?P<row>\S+)", "known_under"),
    (r"this (?P<key>\w+) is known under (?P<known>.+?), this row is of (?P<row>.+?)(?=; \w+: |$)", "known_under_other"),
    (r"a spreadsheet has destroyed this id; export the column as text and import the file again", "destroyed"),
    (r"this file has differing rows with this key .*? or add updated_at", "differing"),
    (r"an? (?P<key>\w+) not known before needs a value for: (?P<lacks>[\w, ]+)", "needs"),
    (r"not one of the values allowed: (?P<allowed>[\w, ]+)", "allowed"),
    (r"neither yes nor no; allowed: .*?√", "yes_no"),
    (r"not a time; write 2024-03-01 08:30:00", "not_time"),
    (r"not a day; write 2024-03-01", "not_day"),
    (r"the year is outside 2000 to 2100", "year"),
    (r"not a whole number of fen; name the column …_yuan if it is yuan", "not_fen"),
    (r"more than 2 decimals: no whole number of fen", "decimals"),
    (r"a percentage is no sum of money", "percentage"),
    (r"not a sum of yuan", "not_yuan"),
    (r"not a whole number", "not_whole"),
    (r"not between (?P<low>-?\d+) and (?P<high>-?\d+)", "between"),
    (r"required and empty", "required"),
    (r"the mapping does not translate it; add it to the mapping's translate", "untranslated"),
    (r"the zone database knows no such zone; names are like Asia/Shanghai", "zone"),
    (r"a shop's id may hold no /, .*? in all its files", "slash"),
    (r"\bnegative\b", "negative"),
)
"""Sentences of the facts, and the words that say them in the reader's language; others stand as they are."""


def reason(lang: str, said: str) -> str:
    """Why a row is bad, in the reader's language as far as it is known there."""
    if lang == "en":
        return said
    said, line, rest = said.partition("\n")  # behind the first line, what only a mapping's author reads
    for pattern, key in REASONS:
        said = re.sub(pattern, partial(_worded, lang, key), said)
    return re.sub(r"(?P<before>^|; )(?P<column>\w+): ", partial(_named, lang), said) + line + rest


def _named(lang: str, found: re.Match[str]) -> str:
    """The column that a reason is of, in words."""
    return f"{found['before']}{column_word(lang, found['column'])}: "


def _worded(lang: str, key: str, found: re.Match[str]) -> str:
    return t(f"data.reason_{key}", lang, **{name: value or "" for name, value in found.groupdict().items()})


def column_word(lang: str, column: str) -> str:
    """A column of ours in words, else its name."""
    return _word("columns", lang, column)


def value_word(lang: str, value: str) -> str:
    """A value that a column allows."""
    return _word("values", lang, value)


def _word(family: str, lang: str, name: str) -> str:
    key = f"{family}.{name}"
    return t(key, lang) if key in words() else name


def _columns(lang: str, columns: Iterable[str]) -> str:
    return ("、" if lang == "zh" else ", ").join(column_word(lang, column) for column in columns)


def _tables(lang: str, tables: Iterable[str]) -> list[tuple[str, str]]:
    return [(table, t(f"data.table_{table}", lang)) for table in tables]


def size(count: int) -> str:
    """Bytes as people read them."""
    for unit, least in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} B"


def local(zone: str, at: dt.datetime) -> str:
    """Naive UTC as wall time of the home."""
    return to_wall(at, zone).isoformat(" ", "minutes")


def next_close(desk: Console, seen: Viewer) -> dt.date:
    """The day to close next: that after the last one covered, not after today."""
    today, last = to_wall(desk.clock(), desk.home.zone).date(), gaps.last_day(desk.home, seen.reach)
    return last + dt.timedelta(days=1) if last and last < today else today


def said(desk: Console, seen: Viewer) -> Mapping[str, Any]:
    """What the templates of the data pages call."""
    return {
        "local": partial(local, desk.home.zone),
        "today": to_wall(desk.clock(), desk.home.zone).date(),
        "size": size,
        "reason": partial(reason, seen.lang),
        "column_word": partial(column_word, seen.lang),
        "value_word": partial(value_word, seen.lang),
        "column_words": partial(_columns, seen.lang),
        "table_words": partial(_tables, seen.lang),
    }


def job_of(desk: Console, seen: Viewer, number: int) -> Job:
    """One's own piece of work, or anybody's for those who see all shops. Raises NotFound."""
    found = jobs.get(desk.home.database, number)
    if found is None or (found.account_id != seen.account.id and not seen.reach.everything):
        raise NotFound(f"there is no job {number}")
    return replace(found, said=reason(seen.lang, found.said))
