"""The DAG of the month ends as Airflow sees it, and its steps with a stand-in for the building."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zhixiao import backfill_steps
from zhixiao.errors import ConfigError, DataError

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag as Bag

NOTHING: dict[str, Any] = {"built": [], "kept": [], "not_yet": [], "failed": {}, "seconds": 0.0}


@pytest.mark.airflow
def test_the_dag_builds_a_year_a_task_one_after_another(bag: Bag) -> None:
    dag = bag.dags["backfill_plan"]
    assert {t.task_id: t.upstream_task_ids for t in dag.tasks} == {
        "plan": set(),
        "prepare": {"plan"},
        "build_year": {"plan", "prepare"},
        "verdict": {"build_year"},
    }
    years = dag.get_task("build_year")
    assert years.is_mapped
    assert years.max_active_tis_per_dag == 1
    assert dag.get_task("verdict").trigger_rule.value == "all_done"
    assert dag.schedule is None
    assert {n: p.value for n, p in dag.params.items()} == {"first_month": "2021-01", "last_month": "2025-12"}


def test_sixty_months_are_five_years() -> None:
    years = backfill_steps.plan({"first_month": "2021-01", "last_month": "2025-12"})
    assert years[0] == {"label": "2021", "first": "2021-01", "last": "2021-12"}
    assert [y["label"] for y in years] == ["2021", "2022", "2023", "2024", "2025"]
    assert backfill_steps.plan() == years
    assert backfill_steps.plan({"first_month": "2024-11", "last_month": "2025-02"}) == [
        {"label": "2024", "first": "2024-11", "last": "2024-12"},
        {"label": "2025", "first": "2025-01", "last": "2025-02"},
    ]
    with pytest.raises(ConfigError):
        backfill_steps.plan({"first_month": "2024-1"})


def test_the_verdict_adds_the_years_up() -> None:
    years = [{**NOTHING, "built": ["a", "b"], "seconds": 3.0}, {**NOTHING, "kept": ["c"], "not_yet": ["d"]}]
    assert backfill_steps.verdict(years).endswith("2 built, 1 unchanged, 1 later than the last delivery, 0 failed, 3 s")


def test_a_month_or_a_year_that_failed_makes_it_red() -> None:
    for years in ([{**NOTHING, "failed": {"2024-02-29_2024-02-29": "why"}}], [NOTHING, None], []):
        with pytest.raises(DataError, match="Trigger the DAG again"):
            backfill_steps.verdict(years)
