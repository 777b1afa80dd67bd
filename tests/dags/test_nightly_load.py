"""The DAG as Airflow sees it, and whole runs of it in this process."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import FakeRooms, drop_file, published
from zhixiao import nightly
from zhixiao.errors import DataError, LockError
from zhixiao.settings import Settings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag as Bag
    from airflow.sdk import DAG

pytestmark = pytest.mark.airflow


# --- the wiring


def test_nightly_load_is_wired_as_documented(bag: Bag) -> None:
    dag = bag.dags["nightly_load"]
    assert [t.task_id for t in dag.topological_sort()] == [*nightly.STEPS, "verdict"]
    assert [t.task_id for t in dag.leaves] == ["verdict"]
    assert dag.get_task("land").is_mapped
    assert {t.task_id: t.trigger_rule.value for t in dag.tasks if t.trigger_rule.value != "all_success"} == {
        "gate": "all_done_min_one_success",
        "load": "all_done_min_one_success",
        "verdict": "all_done",
    }
    assert dag.get_task("gate").upstream_task_ids == {"resolve", "discover", "land"}
    assert {"gate", "discover"} <= dag.get_task("load").upstream_task_ids
    assert dag.get_task("verdict").retries == 0
    assert all(t.retries == 4 for t in dag.tasks if t.task_id != "verdict")
    assert all(t.pool == "default_pool" for t in dag.tasks)
    assert [a.name for a in dag.get_task("publish").outlets] == ["zhixiao_published"]
    assert set(dag.params) == {"known_on", "as_of"}


def test_the_schedule_is_two_in_the_night_in_shanghai(bag: Bag) -> None:
    import pendulum
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(bag.dags["nightly_load"].timetable)
    day = pendulum.datetime(2099, 1, 1, tz="UTC")
    run = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=TimeRestriction(day, None, True))
    assert run is not None
    assert run.run_after.in_timezone("Asia/Shanghai").strftime("%H:%M") == "02:00"


# --- whole runs


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> FakeRooms:
    fake = FakeRooms()
    monkeypatch.setattr(nightly, "backend", fake)
    return fake


@pytest.fixture
def dag(bag: Bag, settings: Settings, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> DAG:
    """The DAG on an own warehouse with two sources; retries come without a pause."""
    from airflow.dag_processing.dagbag import DagBag

    drop_file(settings, "tax", "2026-01-05", "a.csv", "good a")
    drop_file(settings, "tax", "2026-01-06", "b.csv", "good b")
    drop_file(settings, "sales", "2026-01-07", "c.csv", "good c")
    dag = DagBag(bag.dag_folder).dags["nightly_load"]  # a run's parameters stay in the DAG object
    for task in dag.tasks:
        if task.is_mapped:
            monkeypatch.setitem(task.partial_kwargs, "retry_delay", timedelta(0))
            monkeypatch.setitem(task.partial_kwargs, "retry_exponential_backoff", 0.0)
        else:
            monkeypatch.setattr(task, "retry_delay", timedelta(0))
            monkeypatch.setattr(task, "retry_exponential_backoff", 0.0)
    return dag


def states(dag_run: Any) -> dict[str, str]:
    """Task to state; the instances of a mapped task as `land[0]`."""
    return {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
        for ti in dag_run.get_task_instances()
    }


def test_a_run_publishes_and_a_second_one_has_nothing_to_land(
    dag: DAG, rooms: FakeRooms, settings: Settings, lines: list[str]
) -> None:
    run = dag.test()
    assert run.state == "success"
    assert set(states(run).values()) == {"success"}
    assert Counter(rooms.calls) == Counter(
        resolve=1, discover=1, land=3, gate=1, load=1, build=1, audit=1, publish=1, answer=1, lock=4
    )
    release = published(settings)
    assert release is not None
    assert (release["known_on"], release["as_of"], len(release["files"])) == ("2026-01-07", "2026-01-07", 3)
    result = nightly.last_run(settings)
    assert result is not None
    assert (result["exit_code"], result["run_id"]) == (0, run.run_id)
    assert {s["step"] for s in result["steps"]} == {
        *(s for s in nightly.STEPS if s != "land"),
        "land-sales-1",
        "land-tax-1",
    }

    rooms.calls.clear()
    lines.clear()
    second = dag.test()
    assert second.state == "success"
    assert "land" not in rooms.calls
    assert states(second)["land[0]"] == "success"
    assert published(settings) == release
    assert any("0 new" in line for line in lines)

    rooms.calls.clear()
    drop_file(settings, "sales", "2026-01-09", "d.csv", "good d")
    third = dag.test(run_conf={"as_of": "2026-01-08"})
    assert rooms.calls.count("land") == 1
    release = published(settings)
    assert third.state == "success" and release is not None
    assert (release["known_on"], release["as_of"]) == ("2026-01-09", "2026-01-08")


def test_a_refused_file_leaves_the_others_and_makes_the_run_red_until_it_is_answered(
    dag: DAG, rooms: FakeRooms, settings: Settings
) -> None:
    drop_file(settings, "tax", "2026-01-07", "坏.csv", "REFUSE")
    run = dag.test()
    assert run.state == "failed"
    assert [t for t, s in states(run).items() if s != "success"] == ["verdict"]
    release = published(settings)
    assert release is not None and len(release["files"]) == 4
    result = nightly.last_run(settings)
    assert result is not None and result["exit_code"] == 3
    assert [r["file"] for r in result["refused"]] == ["tax/2026-01-07/坏.csv"]
    assert "拒收 tax/2026-01-07/坏.csv：没有表头。" in result["message_zh"]
    assert "Refused tax/2026-01-07/坏.csv: no header row." in result["message_en"]

    assert dag.test().state == "failed"
    drop_file(settings, "tax", "2026-01-08", "好.csv", "good")
    third = dag.test()
    result = nightly.last_run(settings)
    assert third.state == "success" and result is not None
    assert (result["exit_code"], result["refused"], result["refused_answered"]) == (0, [], 1)


def test_a_file_that_crashes_the_reader_fails_its_batch_only(dag: DAG, rooms: FakeRooms, settings: Settings) -> None:
    drop_file(settings, "tax", "2026-01-05", "0.csv", "CRASH")
    run = dag.test()
    assert run.state == "failed"
    assert {t for t, s in states(run).items() if s != "success"} == {"land[1]", "verdict"}
    assert rooms.calls.count("land") == 4  # no retry: a bug stays a bug
    release = published(settings)
    assert release is not None and len(release["files"]) == 3
    result = nightly.last_run(settings)
    assert result is not None and result["exit_code"] == 3
    assert [(f["file"], f["en"]) for f in result["failed"]] == [
        ("tax/2026-01-05/0.csv", "TypeError: a bug in the reader")
    ]


def test_a_locked_warehouse_is_tried_again_and_wrong_data_is_not(
    dag: DAG, rooms: FakeRooms, settings: Settings
) -> None:
    import duckdb

    rooms.faults = {
        "load": [LockError("占用", "held"), duckdb.IOException("Could not set lock on file")],
        "build": [MemoryError("dbt")],
    }
    assert dag.test().state == "success"
    assert (rooms.calls.count("load"), rooms.calls.count("build")) == (3, 2)
    assert published(settings) is not None

    rooms.calls.clear()
    rooms.faults = {"load": [DataError("守恒不成立", "rows do not add up")]}
    run = dag.test()
    assert run.state == "failed"
    assert rooms.calls.count("load") == 1
    result = nightly.last_run(settings)
    assert result is not None and result["exit_code"] == 1
    assert "步骤 load 出错：守恒不成立" in result["message_zh"]


def test_a_failing_audit_publishes_nothing(dag: DAG, rooms: FakeRooms, settings: Settings) -> None:
    dag.test()
    before = published(settings)
    drop_file(settings, "tax", "2026-01-09", "e.csv", "good e")
    rooms.audit_passes = False
    rooms.calls.clear()
    run = dag.test()
    assert run.state == "failed"
    assert states(run)["audit"] == "failed"
    assert states(run)["publish"] == "upstream_failed"
    assert (rooms.calls.count("audit"), rooms.calls.count("publish")) == (1, 0)
    assert published(settings) == before
    result = nightly.last_run(settings)
    assert result is not None and result["exit_code"] == 1
    assert "a critical rule failed: duplicate keys" in result["message_en"]


def test_a_wrong_parameter_ends_the_run_with_a_sentence(dag: DAG, rooms: FakeRooms, settings: Settings) -> None:
    run = dag.test(run_conf={"known_on": "2026-01-05", "as_of": "2026-02-01"})
    assert run.state == "failed"
    assert states(run)["load"] == "upstream_failed"
    result = nightly.last_run(settings)
    assert result is not None and result["exit_code"] == 1
    assert "AS_OF 2026-02-01 is after KNOWN_ON 2026-01-05" in result["message_en"]
