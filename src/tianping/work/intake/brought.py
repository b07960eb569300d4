"""What an import did, for people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tianping.facts import stage
from tianping.facts.schema import TABLES
from tianping.facts.versions import Input, Tally

Before = Mapping[str, tuple[int, Input]]
"""By digest: the files that were imported before, and by which import."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did. `seq` is None where there was nothing left to do; `known` names the files imported before and
    the import that did; `left_out` counts rows by (file, table, reason) that a mapping says are no row of that table;
    `told` counts rows by (column, word) that neither the mapping nor its pack translates; `compacted` is the version that
    merged small files afterwards; `stay` counts rows by file that stay in quarantine, as they cannot come without others;
    `lacking` are the tables that no file brings for some shops of the import: the table, a few of the shops, how many."""

    seq: int | None
    counts: dict[str, Tally]
    known: tuple[tuple[str, int], ...] = ()
    unused: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str, str, int], ...] = ()
    told: tuple[tuple[str, str, int], ...] = ()
    compacted: int | None = None
    stay: tuple[tuple[str, int, str], ...] = ()
    lacking: tuple[tuple[str, tuple[str, ...], int], ...] = ()


def report_of(seq: int | None, counts: dict[str, Tally], before: Before, staged: stage.Staged | None) -> Report:
    """The counts with the rows of files imported before as unchanged, in the tables' order."""
    total = dict(counts)
    for _, one in before.values():
        for table, rows in one.tables.items():
            total[table] = total.get(table, Tally()) + Tally(read=rows, unchanged=rows)
    return Report(
        seq=seq,
        counts={table: total[table] for table in TABLES if table in total},
        known=tuple((one.file, earlier) for earlier, one in before.values()),
        unused=tuple((file.file, file.unused) for file in staged.files if file.unused) if staged else (),
        left_out=tuple((n.file, n.table, why, rows) for n in staged.counts for why, rows in n.skipped) if staged else (),
        told=_words(staged) if staged else (),
    )


def _words(staged: stage.Staged) -> tuple[tuple[str, str, int], ...]:
    """The words nobody translates, over all files."""
    words: Counter[tuple[str, str]] = Counter()
    for count in staged.counts:
        words.update({(column, word): rows for column, word, rows in count.told})
    return tuple((*word, rows) for word, rows in words.most_common())
