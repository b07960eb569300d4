"""Two definitions of a figure held against each other, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tianping.errors import NotFound
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Tally
from tianping.metrics.proof import Scope
from tianping.policy.model import Pack
from tianping.work.explain import Named, Proof, explain
from tianping.work.home import Home


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows that the two definitions treat in the same two ways."""

    role_a: str
    rule_a: str
    role_b: str
    rule_b: str
    rows: int
    adds_a: int
    adds_b: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Two proofs over the same rows, and where they part."""

    a: Proof
    b: Proof
    kinds: tuple[Kind, ...]
    sql: str

    @property
    def columns(self) -> list[str]:
        """The columns of the rows."""
        return self.a.con.sql(self.sql).columns

    def rows(self) -> Iterator[Mapping[str, object]]:
        """Every row that the two treat differently."""
        for batch in self.a.con.sql(f"{self.sql} order by all").to_arrow_reader(10_000):
            yield from batch.to_pylist()


def difference(home: Home, packs: Mapping[str, Pack], a: Named, b: Named, wanted: Scope) -> Difference:
    """Compare two metrics, variants or versions for one subject. Both must count rows of the same view, each by one measure."""
    left, right = explain(home, packs, a, wanted), explain(home, packs, b, wanted)
    things = {_things(side.tally) for proof in (left, right) for side in proof.definition.sides}
    if len(things) != 1 or len(left.sql) != 1 or len(right.sql) != 1:
        raise NotFound(
            f"{a} and {b} do not count the same things ({', '.join(sorted(what for what, _ in things))}), so no row stands "
            "beside another; explain each by itself"
        )
    sql = _sql(left, right, VIEWS[left.definition.sides[0].tally.view].key)
    found = left.con.sql(
        "select role_a, coalesce(rule_a, ''), role_b, coalesce(rule_b, ''), count(*), sum(adds_a)::bigint, sum(adds_b)::bigint "
        f"from ({sql}) group by all order by all"
    ).fetchall()
    return Difference(left, right, tuple(Kind(*row) for row in found), sql)


def _things(tally: Tally) -> tuple[str, int]:
    """What a row stands for; a buyer's days made one also go by the window they lie in."""
    return (f"{tally.view} once per {tally.once_per}", tally.lag) if tally.once_per else (tally.view, 0)


def _sql(left: Proof, right: Proof, key: tuple[str, ...]) -> str:
    """Rows whose role or share differs; `outside`: not in that definition's days."""
    (_, a), (_, b) = left.sql[0], right.sql[0]
    keys = ", ".join(f'"{name}"' for name in key)
    held = [set(left.con.sql(sql).columns) - {*key, "day", "role", "rule", "adds"} for sql in (a, b)]
    both, only_a, only_b = held[0] & held[1], held[0] - held[1], held[1] - held[0]
    decided = [f'coalesce(a."{name}", b."{name}") as "{name}"' for name in sorted(both)]
    decided += [f'a."{name}"' for name in sorted(only_a)] + [f'b."{name}"' for name in sorted(only_b)]
    day = [] if "day" in key else ["coalesce(a.day, b.day) as day"]
    return (
        f"select {keys}, coalesce(a.role, 'outside') as role_a, a.rule as rule_a, coalesce(a.adds, 0) as adds_a, "
        "coalesce(b.role, 'outside') as role_b, b.rule as rule_b, coalesce(b.adds, 0) as adds_b, "
        f"{', '.join([*day, *decided])} from ({a}) a full join ({b}) b using ({keys}) "
        "where a.role is distinct from b.role or a.adds is distinct from b.adds"
    )
