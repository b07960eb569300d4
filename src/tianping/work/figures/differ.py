"""Two definitions of a figure held against each other, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tianping.errors import NotFound
from tianping.facts.engine import records
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Tally
from tianping.metrics.proof import Scope
from tianping.policy.model import Pack
from tianping.work.closing.closed import find
from tianping.work.figures.explain import Named, Proof, explain, hold, opened
from tianping.work.home import Home


class NotComparable(NotFound):
    """The two do not count the same things, so no row stands beside another."""


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
    """Two proofs over the same rows, and where they part: the SQL of those rows; `held` selects them on the proofs' connection,
    where they are kept."""

    a: Proof
    b: Proof
    kinds: tuple[Kind, ...]
    sql: str
    held: str

    @property
    def columns(self) -> list[str]:
        """The columns of the rows."""
        return self.a.con.sql(self.held).columns

    def rows(self, *, limit: int | None = None) -> Iterator[Mapping[str, object]]:
        """The rows that the two treat differently, every one or the first."""
        some = "" if limit is None else f" limit {limit}"
        yield from records(self.a.con, f"{self.held} order by all{some}")


def difference(home: Home, packs: Mapping[str, Pack], a: Named, b: Named, wanted: Scope) -> Difference:
    """Compare two metrics, variants or versions for one subject. Both must count rows of the same view, each by one measure."""
    con = opened(home, find(home, wanted.date), wanted)
    left, right = (explain(home, packs, named, wanted, con=con) for named in (a, b))
    things = {_things(side.tally) for proof in (left, right) for side in proof.definition.sides}
    if len(things) != 1 or len(left.sql) != 1 or len(right.sql) != 1:
        raise NotComparable(
            f"{a} and {b} do not count the same things ({', '.join(sorted(what for what, _ in things))}), so no row stands "
            "beside another; explain each by itself"
        )
    key = VIEWS[left.definition.sides[0].tally.view].key
    sql = _sql(left, right, key, left.sql[0][1], right.sql[0][1])
    rows = hold(con, _sql(left, right, key, left.held[0][1], right.held[0][1]))
    found = con.execute(
        "select role_a, coalesce(rule_a, ''), role_b, coalesce(rule_b, ''), count(*), sum(adds_a)::bigint, sum(adds_b)::bigint "
        f"from ({rows}) group by all order by all"
    ).fetchall()
    return Difference(left, right, tuple(Kind(*row) for row in found), sql, rows)


def _things(tally: Tally) -> tuple[str, int]:
    """What a row stands for; a buyer's days made one also go by the window they lie in."""
    return (f"{tally.view} once per {tally.once_per}", tally.lag) if tally.once_per else (tally.view, 0)


def _sql(left: Proof, right: Proof, key: tuple[str, ...], a: str, b: str) -> str:
    """Rows whose role or share differs, of the rows `a` and `b` select; `outside`: not in that definition's days."""
    keys = ", ".join(f'"{name}"' for name in key)
    held = [set(proof.columns) - {*key, "side", "day", "role", "rule", "adds"} for proof in (left, right)]
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
