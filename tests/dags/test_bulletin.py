"""The DAG of the bulletins as Airflow sees it, and which bulletins are due."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zhixiao import bulletin_steps
from zhixiao.bulletin.command import Written
from zhixiao.bulletin.release import Window
from zhixiao.errors import ConfigError, DataError
from zhixiao.settings import Settings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag as Bag

JANUARY = Window("monthly", date(2026, 1, 1), date(2026, 1, 31), date(2026, 1, 31))
ITEM = {"kind": "monthly", "period": "2026-01"}


@pytest.mark.airflow
def test_it_runs_after_a_publication(bag: Bag) -> None:
    dag = bag.dags["bulletin"]
    assert {t.task_id: t.upstream_task_ids for t in dag.tasks} == {
        "due": set(),
        "write": {"due"},
        "verdict": {"due", "write"},
    }
    publish = bag.dags["nightly_load"].get_task("publish")
    assert [a.uri for a in publish.outlets] == ["x-zhixiao://published"]
    assert [a.uri for a in dag.timetable.asset_condition.objects] == ["x-zhixiao://published"]
    assert dag.get_task("write").is_mapped
    assert dag.get_task("write").max_active_tis_per_dag == 1
    assert {n: p.value for n, p in dag.params.items()} == {"kind": None, "period": None, "day": 10}


@pytest.mark.parametrize(
    ("known_on", "as_of", "wanted"),
    [
        (date(2026, 2, 10), date(2026, 2, 10), True),
        (date(2026, 2, 9), date(2026, 2, 9), False),
        (date(2026, 2, 10), date(2026, 1, 30), False),
        (date(2026, 2, 10), date(2026, 1, 31), True),
    ],
)
def test_a_bulletin_is_due_on_its_day_when_its_period_is_over(known_on: date, as_of: date, wanted: bool) -> None:
    assert bulletin_steps.is_due(JANUARY, known_on, as_of, 10) is wanted


def test_what_was_written_is_noted_with_its_release(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settings.docs_dir / "bulletin" / "monthly-2026-01"
    faults: list[Any] = []

    def write_bulletin(s: Settings, kind: str, period: str) -> Written:
        assert (kind, period) == ("monthly", "2026-01")
        folder.mkdir(parents=True, exist_ok=True)
        return Written("r1", period, [folder / "a.html"], faults)

    monkeypatch.setattr(bulletin_steps, "write_bulletin", write_bulletin)
    faults.append(ConfigError("没有 Chromium。", "no Chromium."))
    assert bulletin_steps.write(ITEM)["faults"] == ["没有 Chromium。"]
    assert not bulletin_steps._written(settings, JANUARY)
    faults.clear()
    done = bulletin_steps.write(ITEM)
    assert (done["release_id"], [Path(f).name for f in done["files"]]) == ("r1", ["a.html"])
    assert bulletin_steps._written(settings, JANUARY)


def test_the_verdict() -> None:
    good = {**ITEM, "faults": []}
    assert bulletin_steps.verdict([], []) == "没有到期的通报 / no bulletin is due"
    assert bulletin_steps.verdict([ITEM], [good]) == "已写 monthly 2026-01 / written"
    for items, results in (([ITEM], [None]), ([ITEM], None), (None, None), ([ITEM], [{**good, "faults": ["没有"]}])):
        with pytest.raises(DataError, match="Trigger the DAG again"):
            bulletin_steps.verdict(items, results)


def test_nothing_published_is_said(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="nothing has been published"):
        bulletin_steps.due({})
