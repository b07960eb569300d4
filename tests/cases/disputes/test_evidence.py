"""Evidence: what it is by its content, when and by whom, kept once under its digest, never in place."""

import contextlib
import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tianping.errors import NotFound, TianpingError
from tianping.store.desk import evidence as rows
from tianping.work.desk import evidence
from tianping.work.desk.clerk import NotDone
from tianping.work.desk.sitting import CaseRefused, Desk, sitting
from tianping.work.home import locked

from ..market import HOUR, SECOND, read
from .hall import CLOSED, JPEG, PNG, RAISED, dispute, does, lying, parent, people, show

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"


@pytest.mark.parametrize(("content", "expected"), [
    (JPEG, "image/jpeg"),
    (PNG, "image/png"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"%PDF-1.7\n", "application/pdf"),
    (MP4, "video/mp4"),
    ("买家说：尺码不对。\n".encode(), "text/plain"),
    ("买家说：尺码不对。".encode("gb18030"), "text/plain"),
    (b"\xef\xbb\xbfwords", "text/plain"),
    (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
    (b"\x00\x00\x00\x18ftypevil", None),
    (b"MZ\x90\x00\x03\x00\x00\x00", None),
    (b"\x7fELF\x02\x01\x01", None),
    (b"PK\x03\x04\x14\x00", None),
    (b"GIF89a\x01\x00", None),
    (b"words\x00words", None),
    (b"   \n", None),
])  # fmt: skip
def test_a_file_is_what_its_content_says(content: bytes, expected: str | None) -> None:
    assert evidence.media_type(content) == expected


def test_a_file_lies_once_under_its_digest_whoever_shows_it(any_desk: Desk, tmp_path: Path) -> None:
    case = dispute(any_desk)
    first = show(any_desk, tmp_path, case, "buyer", content=JPEG, name="C:\\photos\\shirt.exe", says="左袖")
    second = show(any_desk, tmp_path, case, "merchant", content=JPEG)
    digest = hashlib.sha256(JPEG).hexdigest()
    assert (first.digest, first.name, first.media_type, first.bytes) == (digest, "shirt.exe", "image/jpeg", len(JPEG))
    (file,) = [each for each in (tmp_path / "evidence").rglob("*") if each.is_file()]
    assert file == evidence.path(tmp_path, digest) == tmp_path / "evidence" / digest[:2] / digest[2:]
    assert not file.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    with any_desk.database.connect() as connection:
        assert rows.listing(connection, [case.id]) == [first, second]
        assert rows.listing(connection, [case.id], "merchant") == [second]
        assert rows.one(connection, case.id, first.id) == first
        assert rows.one(connection, "another", first.id) is None
    assert evidence.content(tmp_path, first) == JPEG
    now = read(any_desk, case.id)
    assert (now.facts["buyer_files"], now.facts["merchant_files"]) == (1, 1)


def why_not(desk: Desk, home: Path, content: bytes, **given: Any) -> str:
    """The guard that refuses a merchant's file in a new dispute."""
    with pytest.raises(CaseRefused) as caught:
        show(desk, home, dispute(desk), "merchant", content=content, **given)
    return caught.value.refusal.guard


def test_what_is_too_large_or_nothing_is_refused(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    assert show(desk, tmp_path, case, "buyer", content=PNG + b"\x00" * (evidence.MOST_BYTES - len(PNG))).bytes == 10 * 2**20
    with pytest.raises(CaseRefused) as caught:
        show(desk, tmp_path, case, "merchant", content=PNG + b"\x00" * (evidence.MOST_BYTES - len(PNG) + 1))
    assert caught.value.refusal.guard == "evidence_size"


@pytest.mark.parametrize(("content", "given", "guard"), [
    (b"MZ\x90\x00", {"name": "photo.png"}, "evidence_type"),
    (PNG, {"kind": "../x"}, "evidence_kind"),
    (PNG, {"says": "x" * 1_001}, "evidence_words"),
])  # fmt: skip
def test_what_is_no_evidence_is_refused(desk: Desk, tmp_path: Path, content: bytes, given: dict[str, Any], guard: str) -> None:
    assert why_not(desk, tmp_path, content, **given) == guard
    assert not (tmp_path / "evidence").exists()


def test_the_same_file_twice_and_too_many_are_refused(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    for n in range(evidence.MOST_FILES):
        show(desk, tmp_path, case, "buyer", content=PNG + bytes([n]))
        if not n:
            with pytest.raises(CaseRefused) as caught:
                show(desk, tmp_path, case, "buyer", content=PNG + bytes([n]))
            assert caught.value.refusal.guard == "evidence_twice"
    with pytest.raises(CaseRefused) as caught:
        show(desk, tmp_path, case, "buyer", content=JPEG)
    assert caught.value.refusal.guard == "evidence_many"
    assert show(desk, tmp_path, case, "merchant", content=JPEG).party == "merchant"  # the other side's own number


def test_only_in_the_evidence_window(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    show(desk, tmp_path, case, "merchant", CLOSED - SECOND)
    with pytest.raises(CaseRefused) as caught:
        show(desk, tmp_path, case, "buyer", CLOSED)  # no worker came by; late is late
    assert caught.value.refusal.guard == "state"
    with pytest.raises(CaseRefused):
        show(desk, tmp_path, parent(desk, case), "buyer", RAISED + HOUR)
    with pytest.raises(NotFound), lying(desk, tmp_path) as laid, sitting(desk, RAISED) as sat:
        evidence.add(sat, "nothing", "buyer", None, laid)


def test_a_file_whose_row_fails_is_taken_away(any_desk: Desk, tmp_path: Path) -> None:
    """But for one that another row names."""
    desk, case = any_desk, dispute(any_desk)
    lies = evidence.path(tmp_path, hashlib.sha256(PNG).hexdigest())
    for expected in (False, True):
        with contextlib.suppress(RuntimeError), lying(desk, tmp_path) as laid, sitting(desk, RAISED) as sat:
            evidence.add(sat, case.id, "buyer", None, laid)
            assert lies.exists(), "written before the row"
            raise RuntimeError
        assert lies.exists() == expected
        with desk.database.connect() as connection:
            assert [row.party for row in rows.listing(connection, [case.id])] == ["merchant"] * expected
        if not expected:
            show(desk, tmp_path, case, "merchant", RAISED, content=PNG)
    assert read(desk, case.id).facts["buyer_files"] == 0


DIES = """
import os, sys
from pathlib import Path
from tianping.store.database import open_database
from tianping.work.desk import evidence
with evidence.laid(open_database(sys.argv[1]), Path(sys.argv[2]), evidence.file("photo", "x", sys.argv[3].encode())):
    os.kill(os.getpid(), 9)
"""


def test_a_file_whose_program_died_is_swept(desk: Desk, tmp_path: Path) -> None:
    """What rows name stays, and so does everything while somebody shows a file."""
    case = dispute(desk)
    named = evidence.path(tmp_path, show(desk, tmp_path, case, "buyer").digest)
    url = desk.database.url.render_as_string(hide_password=False)
    assert subprocess.run([sys.executable, "-c", DIES, url, str(tmp_path), "words"], check=False).returncode == -9
    left = evidence.path(tmp_path, hashlib.sha256(b"words").hexdigest())
    with lying(desk, tmp_path, content=JPEG) as laid:
        assert evidence.sweep(desk.database, tmp_path) == 0
        assert left.exists()
        with sitting(desk, RAISED + HOUR) as sat:
            evidence.add(sat, case.id, "merchant", None, laid)
    assert evidence.sweep(desk.database, tmp_path) == 1
    assert (left.exists(), named.exists(), evidence.path(tmp_path, laid.file.digest).exists()) == (False, True, True)


def test_an_older_copy_of_the_database_sweeps_nothing_it_cannot_know(desk: Desk, tmp_path: Path) -> None:
    """A file younger than all that rows name may be named by rows that this copy lacks."""
    case = dispute(desk)
    before = evidence.keep(tmp_path, b"of a program that died")
    show(desk, tmp_path, case, "buyer")
    after = evidence.keep(tmp_path, b"shown after the copy was made")
    assert evidence.sweep(desk.database, tmp_path) == 1
    assert (before.exists(), after.exists()) == (False, True)


def test_what_cannot_be_written_leaves_nothing(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it cannot be taken away at once either, that is nobody's answer."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    def away(*_: object) -> None:
        raise OperationalError("", {}, OSError())

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(NotDone), lying(desk, tmp_path):
            pass
    assert [each for each in (tmp_path / "evidence").rglob("*") if each.is_file()] == []
    with monkeypatch.context() as patched:
        patched.setattr(rows, "digests", away)
        with pytest.raises(NotDone), lying(desk, tmp_path):
            raise NotDone
    assert evidence.sweep_now(desk.database, tmp_path) == 1


def test_who_waits_to_sweep_is_not_passed_by(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many show files, one after the other: an erasure waits for those that came before it."""
    happened: list[str] = []

    def shows() -> None:
        with evidence.staying(tmp_path):
            happened.append("shown")

    def queues() -> bool:
        with locked(tmp_path / "evidence.queue", wait=False) as free:
            return not free

    monkeypatch.setattr(evidence, "_remove", lambda *_: happened.append("swept"))
    sweeps = threading.Thread(target=evidence.sweep_now, args=(desk.database, tmp_path))
    late = threading.Thread(target=shows)
    with evidence.staying(tmp_path):
        sweeps.start()
        while not queues():
            time.sleep(0.01)
        late.start()
        late.join(0.1)
        assert happened == []
    sweeps.join(10)
    late.join(10)
    assert happened == ["swept", "shown"]


def test_a_file_that_is_gone_or_changed_is_told(desk: Desk, tmp_path: Path) -> None:
    row = show(desk, tmp_path, dispute(desk), "buyer")
    file = evidence.path(tmp_path, row.digest)
    file.write_bytes(JPEG)
    with pytest.raises(TianpingError, match="is not what was shown"):
        evidence.content(tmp_path, row)
    file.unlink()
    with pytest.raises(TianpingError, match="cannot be read"):
        evidence.content(tmp_path, row)
    with pytest.raises(NotFound):
        evidence.path(tmp_path, "../../etc/passwd")


def test_forgetting_a_case_leaves_what_others_show(desk: Desk, tmp_path: Path) -> None:
    one, other = dispute(desk), dispute(desk, of="O2")
    mine = show(desk, tmp_path, one, "buyer", content=JPEG)
    both = show(desk, tmp_path, one, "buyer", content=PNG)
    show(desk, tmp_path, other, "buyer", content=PNG)
    with desk.database.begin() as connection:
        rows.forget(connection, [one.id])
        assert rows.listing(connection, [one.id]) == []
        assert rows.digests(connection) == rows.digests(connection, [mine.digest, both.digest]) == {both.digest}


def test_who_took_part_is_known(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    who = people(desk)
    with lying(desk, tmp_path) as laid, sitting(desk, RAISED) as sat:
        evidence.add(sat, case.id, "merchant", who["Merchant"], laid)
    does(desk, case, "withdraw", "Buyer", RAISED, by="buyer")
    with desk.database.connect() as connection:
        took = [name for name, id_ in who.items() if rows.took_part(connection, [case.id], id_)]
    assert sorted(took) == ["Buyer", "Merchant"]
