"""All that is known of one violation, read at once: what was found, what happened since, its rule, its penalty, its names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tianping.errors import NotFound
from tianping.policy.judging import (
    Dated,
    Levels,
    PenaltyTable,
    PenaltyVersion,
    Points,
    Trigger,
    Violation,
    ViolationVersion,
)
from tianping.policy.model import Pack
from tianping.store import effects
from tianping.store.effects import Effect
from tianping.work.docket.entering import BY_HAND
from tianping.work.docket.history import Office
from tianping.work.docket.matter import Matter, open_matter
from tianping.work.docket.rejudge import REMOVAL
from tianping.work.home import Home, facts

LOWEST = "removal"
"""What the program proposes of a shop that stays at the lowest level; `REMOVAL` is for its points."""


@dataclass(frozen=True, slots=True)
class Table:
    """The penalty table a proposal rests on; `version` None where the pack has it no more."""

    name: str
    ruled: PenaltyTable | None
    version: PenaltyVersion | None


@dataclass(frozen=True, slots=True)
class Brief:
    """`ruled`, `version`, `trigger` are None where the pack has no such rule (any more), and for what persons enter or the
    program itself proposes. `effects`: those not taken back; `gone`: those taken back, each with what did."""

    matter: Matter
    pack: Pack | None
    ruled: Violation | None
    version: ViolationVersion | None
    trigger: Trigger | None
    table: Table | None
    effects: Sequence[Effect]
    gone: Sequence[tuple[Effect, Effect]]
    shop: str
    product: str

    @property
    def rule(self) -> Dated | None:
        """What its words are taken from: the violation's rule, or that of the points or levels that a removal rests on."""
        judging = self.pack.judging if self.pack else None
        if self.version or judging is None:
            return self.version
        of: Mapping[str, Levels | Points | None] = {REMOVAL: judging.points, LOWEST: judging.levels}
        ruled = of.get(self.matter.row.violation)
        return (
            next((each for each in ruled.versions if each.since.isoformat() == self.matter.row.version), None)
            if ruled
            else None
        )

    @property
    def by_hand(self) -> bool:
        """Whether a person entered it; its evidence then has the words of that person."""
        return bool(self.matter.row.evidence.get("trigger") == BY_HAND)

    @property
    def judged(self) -> bool:
        """Whether a trigger found it, in figures or rows: neither a person nor points or levels."""
        return self.matter.row.evidence.get("trigger") not in (None, BY_HAND)

    @property
    def changed(self) -> bool:
        """Whether the pack is another than the one it was judged by."""
        kept = self.matter.row.evidence.get("pack")
        return kept is not None and (self.pack is None or self.pack.judging_digest != kept)


def brief(home: Home, packs: Mapping[str, Pack], id_: int) -> Brief:
    """Raises NotFound."""
    office = Office(home.database, {name: pack.judging for name, pack in packs.items()})
    with home.database.connect() as connection:
        matter = open_matter(office, connection, id_)
        every = effects.of_violation(connection, id_)
    row, pack = matter.row, packs.get(matter.row.platform)
    taken = {each.reverses: each for each in every if each.reverses is not None}
    dealt = [each for each in every if each.reverses is None]
    ruled = pack.judging.violations.get(row.violation) if pack else None
    version = next((each for each in ruled.versions if each.since.isoformat() == row.version), None) if ruled else None
    trigger = next((each for each in version.triggers if each.name == row.trigger), None) if version else None
    shop, product = _names(home, row.seq, row.shop_id, row.subject_id if row.subject_kind == "product" else "")
    return Brief(
        matter, pack, ruled, version, trigger, _table(matter, pack),
        [each for each in dealt if each.id not in taken],
        [(each, taken[each.id]) for each in dealt if each.id in taken],
        shop, product,
    )  # fmt: skip


def _table(matter: Matter, pack: Pack | None) -> Table | None:
    basis = matter.basis
    if basis is None:
        return None
    try:
        version = matter.table
    except NotFound:
        version = None
    return Table(basis.table, pack.judging.penalties.get(basis.table) if pack else None, version)


def _names(home: Home, seq: int, shop: str, product: str) -> tuple[str, str]:
    """What the shop and the product were called then; "" where that is not known."""
    con, _ = facts(home, known_at=seq or None, tables=("shops", "products"))
    with con:
        found = con.execute("select coalesce(name, '') from facts.shops where shop_id = ?", [shop]).fetchall()
        goods = con.execute("select coalesce(title, '') from facts.products where product_id = ?", [product]).fetchall()
    return found[0][0] if found else "", goods[0][0] if goods else ""
