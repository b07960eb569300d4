"""An attempt within an attempt: what a rule does may be taken back alone, or with all around it."""

import pytest

from tianping.cases.case import Act, Doer
from tianping.store import ledger
from tianping.work.desk.sitting import Desk, Sitting, sitting

from ..market import HOUR, T, ask, order, read


class Off(Exception):
    pass


def move(sat: Sitting, fen: int) -> None:
    ledger.move(sat.directly(), "a", "b", fen, at=T, cause="test")


def talk(sat: Sitting, id_: str, words: str) -> None:
    sat.act(id_, Act("talk", Doer("merchant"), {"talk": words}), depth=1)


@pytest.mark.parametrize(("inner", "outer", "fen", "said"), [
    ("keeps", "keeps", 11, "inner"), ("fails", "keeps", 1, "outer"), ("keeps", "fails", 0, None), ("fails", "fails", 0, None),
])  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_one_in_another(any_desk: Desk, inner: str, outer: str, fen: int, said: str | None, first: bool) -> None:
    """`first`: the outer one has written at once before the inner begins."""
    desk = any_desk
    order(desk)
    case = ask(desk).id
    with sitting(desk, T + HOUR) as sat:
        try:
            with sat.attempt():
                talk(sat, case, "outer")
                if first:
                    move(sat, 1)
                try:
                    with sat.attempt():
                        talk(sat, case, "inner")
                        move(sat, 10)
                        if inner == "fails":
                            raise Off
                except Off:
                    pass
                if not first:
                    move(sat, 1)
                if outer == "fails":
                    raise Off
        except Off:
            pass
        with sat.attempt():
            pass
    assert read(desk, case).facts.get("talk") == said
    with desk.database.connect() as connection:
        assert ledger.balance(connection, "b") == fen
