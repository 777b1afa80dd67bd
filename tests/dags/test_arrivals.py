"""Arrivals during the day: what counts as ready, and that one set of files is loaded once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import FakeRooms, drop_file
from zhixiao import arrivals, nightly
from zhixiao.landing.discover import discover, received_days
from zhixiao.settings import Settings
from zhixiao.warehouse.lock import warehouse_lock

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag as Bag


@pytest.fixture
def settling(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As in use: a file has to be sixty seconds old."""
    monkeypatch.setenv("ZHIXIAO_SETTLE_SECONDS", "60")
    return Settings.from_env()


def drop(settings: Settings, day: str, name: str, text: str, age: float = 0.0) -> Path:
    path = drop_file(settings, "tax", day, name, text)
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def test_a_file_is_ready_when_it_has_settled_or_the_flag_was_set_after_it(settling: Settings) -> None:
    drop(settling, "2026-01-05", "old.csv", "a", age=61)
    drop(settling, "2026-01-06", "young.csv", "b", age=5)
    assert [d.file_name for d in arrivals.ready(settling)] == ["old.csv"]
    drop(settling, "2026-01-06", "_READY", "", age=4)
    assert [d.file_name for d in arrivals.ready(settling)] == ["old.csv", "young.csv"]
    # Written on after the flag: the sender is not done after all, and the whole folder waits.
    drop(settling, "2026-01-06", "more.csv", "c", age=1)
    assert [d.file_name for d in arrivals.ready(settling)] == ["old.csv"]


def test_the_flag_is_no_delivery(settling: Settings) -> None:
    drop(settling, "2026-01-05", "_READY", "")
    drop(settling, "2026-01-06", "_ready.txt", "done")
    found = discover(settling)
    assert (found.drops, found.refused, found.waiting) == ([], [], [])
    assert received_days(settling.raw_dir) == []


def test_a_folder_with_a_file_still_being_written_waits_whole(settling: Settings) -> None:
    drop(settling, "2026-01-05", "1.csv", "a", age=100)
    drop(settling, "2026-01-05", "2.csv", "b", age=1)
    assert arrivals.look() is None


def test_the_run_is_named_after_what_arrived(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRooms()
    monkeypatch.setattr(nightly, "backend", fake)
    assert arrivals.look() is None
    a = drop_file(settings, "tax", "2026-01-05", "a.csv", "good a")
    drop_file(settings, "tax", "2026-01-06", "again.csv", "good a")
    drop_file(settings, "sales", "2026-01-06", "b.csv", "good b")
    told = arrivals.look()
    assert told is not None
    assert (told["files"], told["sources"]) == (2, {"sales": 1, "tax": 1})
    assert told == arrivals.look()
    drop_file(settings, "sales", "2026-01-07", "c.csv", "good c")
    more = arrivals.look()
    assert more is not None and more["run_id"] != told["run_id"]
    assert arrivals.look(loads_under_way=1) is None
    with warehouse_lock(settings, 0):
        assert arrivals.look() is None
    for d in fake.discover(settings).drops:
        fake.land_drop(settings, d)
    assert arrivals.look() is None
    a.write_text("REFUSE a")
    (refused,) = arrivals.ready(settings)
    fake.land_drop(settings, refused)
    # A refusal is an answer: it is told once, and not tried again every ten minutes.
    assert arrivals.look() is None


def test_no_drop_zone_is_left_to_the_night(settings: Settings) -> None:
    settings.raw_dir.rmdir()
    assert arrivals.look() is None


@pytest.mark.airflow
def test_the_schedule_is_every_ten_minutes_of_the_working_day(bag: Bag) -> None:
    import pendulum
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(bag.dags["arrivals"].timetable)
    begin = pendulum.datetime(2099, 1, 1, tz="Asia/Shanghai")
    seen: list[str] = []
    last = None
    while True:
        run = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=TimeRestriction(begin, None, True)
        )
        assert run is not None
        at = run.run_after.in_timezone("Asia/Shanghai")
        if at.day != 1:
            break
        seen.append(at.strftime("%H:%M"))
        last = run.data_interval
    assert (len(seen), seen[:2], seen[-1]) == (72, ["08:00", "08:10"], "19:50")


def states(run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


@pytest.mark.airflow
def test_a_load_is_triggered_once_for_the_same_files(
    bag: Bag, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    def loads() -> list[DagRun]:
        with create_session() as session:
            mine = DagRun.run_id.like("arrivals__%")
            return list(session.query(DagRun).filter(DagRun.dag_id == "nightly_load", mine))

    def ended() -> None:
        with create_session() as session:
            for run in session.query(DagRun).filter(DagRun.dag_id == "nightly_load"):
                run.state = "failed"

    monkeypatch.setattr(nightly, "backend", FakeRooms())
    ended()
    dag = DagBag(bag.dag_folder).dags["arrivals"]
    assert states(dag.test()) == {"look": "success", "load": "skipped"}
    assert loads() == []

    drop_file(settings, "tax", "2026-01-05", "a.csv", "good a")
    assert states(dag.test()) == {"look": "success", "load": "success"}
    assert [str(r.state) for r in loads()] == ["queued"]
    # While it waits or runs, nothing more is triggered, whatever comes.
    drop_file(settings, "tax", "2026-01-06", "b.csv", "good b")
    assert states(dag.test()) == {"look": "success", "load": "skipped"}
    (settings.raw_dir / "tax" / "2026-01-06" / "b.csv").unlink()
    # It ended without landing anything: the same files are not tried over and over.
    ended()
    assert states(dag.test()) == {"look": "success", "load": "skipped"}
    assert len(loads()) == 1
    drop_file(settings, "tax", "2026-01-06", "b.csv", "good b")
    assert states(dag.test()) == {"look": "success", "load": "success"}
    assert len(loads()) == 2
    ended()
