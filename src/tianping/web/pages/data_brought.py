"""What uploads and imports brought, summed up: a year of daily exports is told in as many lines as one file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from tianping.facts import versions
from tianping.facts.versions import Tally, Version
from tianping.store.uploads import Upload
from tianping.web.pages.data_words import reason
from tianping.web.wording import t

K = TypeVar("K")
V = TypeVar("V")
MOST_LISTED = 10
"""Files that stand open in a list; more are folded, and said to be so many."""


class Made(NamedTuple):
    """An import that an upload became; `seq` is None where it brought nothing new. `undone`: by which undo, None where it
    counts. `notes`: what else is to be known of it, in the reader's language."""

    seq: int | None
    undone: int | None
    files: Sequence[str]
    counts: Mapping[str, Tally]
    notes: Sequence[str]

    @property
    def total(self) -> Tally:
        return sum(self.counts.values(), Tally())


def made(lang: str, upload: Upload, known: Sequence[Version]) -> list[Made]:
    """The imports of an upload, as they stand among those known."""
    undone = versions.undone_by(known)
    return [
        Made(
            one["seq"], undone.get(one["seq"]), one["files"],
            {table: Tally(**tally) for table, tally in one["counts"].items()}, notes(lang, one),
        )
        for one in upload.report.get("imports", ())
    ]  # fmt: skip


def seqs(upload: Upload) -> list[int]:
    """The numbers of the imports that an upload became."""
    return [one["seq"] for one in upload.report.get("imports", ()) if one["seq"]]


def notes(lang: str, report: Mapping[str, Any]) -> list[str]:
    """What an import says of its files and rows, one sentence for all files that it holds for."""
    table = {name: t(f"data.table_{name}", lang) for name in {one[1] for one in report["left_out"]}}
    known = _by((seq, file) for file, seq in report["known"])
    unused = _by((why, file) for file, why in report["unused"])
    skipped = _by(((table, why), (file, rows)) for file, table, why, rows in report["left_out"])
    return [
        *(t("data.known_before", lang, file=named(lang, files), n=seq) for seq, files in known.items()),
        *(f"{t('data.unused', lang, file=named(lang, files))} {reason(lang, why)}" for why, files in unused.items()),
        *(f"{_skipped(lang, table[name], found)} {reason(lang, why)}" for (name, why), found in skipped.items()),
        *(t("data.told", lang, column=column, word=word, n=grouped(rows)) for column, word, rows in report["told"]),
        *(_lacking(lang, *one) for one in report["lacking"]),
    ]


def _by(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _skipped(lang: str, table: str, found: Sequence[tuple[str, int]]) -> str:
    files = list(dict.fromkeys(file for file, _ in found))
    return t("data.left_out", lang, file=named(lang, files), n=grouped(sum(rows for _, rows in found)), table=table)


def _lacking(lang: str, table: str, shops: Sequence[str], n: int) -> str:
    return t(
        "data.lacking", lang, shops=("、" if lang == "zh" else ", ").join(shops), n=n, table=t(f"data.table_{table}", lang)
    )


def named(lang: str, files: Sequence[str]) -> str:
    """One file by its name, several by how many they are."""
    return files[0] if len(files) == 1 else t("data.n_files", lang, n=grouped(len(files)))


def grouped(number: int) -> str:
    """A number as people read it."""
    return f"{number:,}".replace(",", "\u2009")


def retried(known: Sequence[Version], seq: int) -> list[int]:
    """The imports that brought rows of this import's quarantine, or of theirs, and still count: without it they stay."""
    found = {seq}
    for version in known:
        if version.kind == "import" and int(version.options.get("again", 0)) in found:
            found.add(version.seq)
    return [version.seq for version in versions.live(known) if version.seq in found - {seq}]
