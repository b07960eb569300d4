"""Uploads, jobs, saved views and reports in both databases."""

import datetime as dt

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from store.test_people import add
from tianping.store import jobs, reports, uploads, views

AT = dt.datetime(2024, 5, 1, 1, 30)


def test_an_upload_goes_its_way(either: Engine) -> None:
    anna, bo = add(either, "Anna"), add(either, "Bo")
    first = uploads.add(either, anna, AT, [{"name": "订单.csv", "bytes": 9}], {"shop": "S1"})
    second = uploads.add(either, bo, AT, [], {})
    assert uploads.change(either, first, was=("received", "asking"), state="queued")
    assert not uploads.change(either, first, was=("received",), state="queued"), "only once"
    got = uploads.get(either, first)
    assert got == uploads.Upload(first, anna, AT, "queued", [{"name": "订单.csv", "bytes": 9}], {"shop": "S1"}, None, {}, "")
    assert [each.id for each in uploads.newest(either)] == [second, first]
    assert [each.id for each in uploads.newest(either, account_id=anna)] == [first]
    assert [each.id for each in uploads.newest(either, before=second)] == [first]
    with pytest.raises(IntegrityError):
        uploads.change(either, first, state="magic")
    with pytest.raises(IntegrityError):
        uploads.change(either, first, seq=99)


def test_jobs_run_in_turn(either: Engine) -> None:
    anna = add(either, "Anna")
    ids = [jobs.queue(either, "close", anna, AT, {"date": "2024-05-01"}), jobs.queue(either, "import", None, AT, {})]
    taken = jobs.take(either)
    assert taken == jobs.Job(ids[0], "close", anna, AT, "running", 0.0, "", {"date": "2024-05-01"})
    jobs.progress(either, ids[0], 2.0)
    assert jobs.end(either, ids[0], failed=False, said="done")
    assert not jobs.end(either, ids[0], failed=True), "what is over is over"
    done = jobs.get(either, ids[0])
    assert done
    assert (done.state, done.progress, done.said) == ("done", 1.0, "done")
    second = jobs.take(either)
    assert second
    assert second.id == ids[1]
    assert jobs.take(either) is None
    assert [job.id for job in jobs.newest(either, state="running")] == [ids[1]]


def test_jobs_of_a_dead_server(either: Engine) -> None:
    ids = [jobs.queue(either, "close", None, AT, {}) for _ in range(2)]
    jobs.take(either)
    assert [job.id for job in jobs.abandon(either, "the server stopped; close again")] == ids[:1]
    assert [(job.state, job.said) for job in jobs.newest(either)] == [
        ("queued", ""),
        ("failed", "the server stopped; close again"),
    ]


def test_views_are_their_owners(either: Engine) -> None:
    anna, bo = add(either, "Anna"), add(either, "Bo")
    views.save(either, anna, "products", "差", "a=1")
    kept = views.save(either, anna, "products", "差", "a=2")
    views.save(either, anna, "shops", "差", "a=3")
    views.save(either, bo, "products", "差", "a=4")
    assert views.of_account(either, anna, "products") == [views.View(kept, anna, "products", "差", "a=2")]
    assert not views.drop(either, bo, kept)
    assert views.drop(either, anna, kept)
    assert views.of_account(either, anna, "products") == []


def test_reports(either: Engine) -> None:
    anna, bo = add(either, "Anna"), add(either, "Bo")
    id_ = reports.add(either, anna, AT, {"value": "0.5"}, {"words": {"zh": "…"}}, "应为 0", "reports/1.parquet")
    kept = reports.Report(id_, anna, AT, {"value": "0.5"}, {"words": {"zh": "…"}}, "应为 0", "reports/1.parquet", "open")
    assert reports.get(either, id_) == kept
    assert reports.newest(either, account_id=bo) == []
    assert reports.change(either, id_, state="closed")
    assert [each.state for each in reports.newest(either)] == ["closed"]
    with pytest.raises(IntegrityError):
        reports.change(either, id_, state="magic")
