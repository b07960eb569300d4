"""A buyer is erased at the desk too: words, waybills, evidence; decisions, times and sums stay. Backups hold the evidence."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tianping.errors import ImportRefused
from tianping.policy.cases.casebook import Casebook
from tianping.work import backup as backups
from tianping.work.backup import backup, restore
from tianping.work.desk import evidence
from tianping.work.desk.feeding import feed
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk, sitting
from tianping.work.erase import erase
from tianping.work.home import Home, open_home
from tianping.work.intake.imports import Request, bring

from ..market import DAY, HOUR, T, ask, do, family, order, read

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de") + bytes(40)
NIGHT = T + 3 * DAY


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home", create=True)
    (tmp_path / "shops.csv").write_text("shop_id,platform\nS1,kuaishou\n")
    bring(made, Request((tmp_path / "shops.csv",), T))
    return made


@pytest.fixture
def here(home: Home, books: dict[str, Casebook]) -> Desk:
    return open_desk(home.database, books)


def settled(desk: Desk, buyer: str, id_: str) -> str:
    """A refunded case of a buyer who said where they live."""
    order(desk, T, id_=id_, buyer_id=buyer, shipped_at=T)
    case = ask(desk, of=id_, at=T + HOUR, reason_text=f"我是{buyer}，住在CHANGAN-1")
    do(desk, case, "agree", "merchant", T + 2 * HOUR)
    payment = next(each for each in family(desk, case) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", T + 3 * HOUR)
    return case.id


def everything(home: Home) -> str:
    """All that the desk's tables hold, as one text."""
    with home.database.connect() as connection:
        tables = ("desk_case", "desk_event", "desk_outbox", "desk_evidence", "idempotency")
        return str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])


def test_an_erased_buyer_is_nowhere_at_the_desk(home: Home, here: Desk) -> None:
    gone, stays = settled(here, "BUYER-7", "O1"), settled(here, "BUYER-8", "O2")
    feed(home, NIGHT)
    done = erase(home, "BUYER-7", at=NIGHT + HOUR)
    told = everything(home)
    assert "BUYER-7" not in told
    assert "BUYER-8" in told
    assert told.count("CHANGAN") == 2  # the other buyer's case and its event
    case = read(here, gone)
    assert (case.state, case.facts["reason"], case.facts["refund_fen"]) == ("refunded", "quality", 3_000)
    assert case.facts["reason_text"] == ""
    assert read(here, "order/O1").facts["buyer_id"] == done.pseudonym
    assert read(here, stays).facts["reason_text"].endswith("CHANGAN-1")
    assert feed(home, NIGHT + 2 * HOUR).differences == ()  # the facts read as the desk does


def test_not_while_money_is_on_its_way_to_them(home: Home, here: Desk) -> None:
    order(here, T, buyer_id="BUYER-7", shipped_at=T)
    case = ask(here, at=T + HOUR)
    do(here, case, "agree", "merchant", T + 2 * HOUR)
    before = everything(home)
    with pytest.raises(ImportRefused, match="under way"):
        erase(home, "BUYER-7", at=NIGHT)
    assert everything(home) == before


def test_evidence_is_in_the_backup_and_goes_with_the_buyer(
    home: Home, here: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = backups._pack
    order(here, T, buyer_id="BUYER-7", shipped_at=T)
    case = ask(here, at=T + HOUR)
    evidence.keep(home.path, b"of a program that died before its row")
    kept = evidence.keep(home.path, PNG)
    with sitting(here, T + 2 * HOUR) as sat:
        sat.connection.execute(
            text(
                "INSERT INTO desk_evidence (case_id, party, kind, name, media_type, bytes, digest, says, at) VALUES "
                "(:case, 'buyer', 'photo', 'a.png', 'image/png', :bytes, :digest, '', '2024-03-01 10:00:00.000000')"
            ),
            {"case": case.id, "bytes": len(PNG), "digest": kept.parent.name + kept.name},
        )
    with monkeypatch.context() as patched:  # a sweep between the listing of files and their packing
        patched.setattr(backups, "_pack", lambda *given: (evidence.sweep(home.database, home.path), pack(*given))[1])
        backup(home, tmp_path / "backup.zip")
    assert evidence.sweep(home.database, home.path) == 1
    again = restore(tmp_path / "backup.zip", tmp_path / "again")
    assert (again.path / kept.relative_to(home.path)).read_bytes() == PNG
    do(here, case, "withdraw", "buyer", T + 3 * HOUR)
    erase(home, "BUYER-7", at=NIGHT)
    assert not kept.exists()
