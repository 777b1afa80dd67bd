"""
### 月末回补 · the month-end pairs of a plan

Builds the pairs known_on = as_of = last day of each month, by default the 60 of the 14th Five-Year Plan, under
`<warehouse>/releases/<known_on>_<as_of>/`. `published/` is not touched. The same as `zhixiao backfill`.

| task | what it does | when it fails |
|---|---|---|
| `plan` | cuts the months into years | a month is written wrongly |
| `prepare` | lands and loads everything under `raw/` | nothing is built |
| `build_year` | one instance a year, one after another: every month that is not there yet | the other years go on |
| `verdict` | green, or red with the pairs that failed | read its last line |

**出错时 / if it fails.** 再触发一次即可：已建好且来文、模型未变的月份不会重做。
Trigger it again: months that are there and whose files and models have not changed are left as they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import (
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
)

from zhixiao import backfill_steps, dag_defaults


@dag(
    dag_id="backfill_plan",
    dag_display_name="月末回补 backfill_plan",
    description="The month-end pairs of a five-year plan under releases/",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["zhixiao", "backfill"],
    params={
        "first_month": Param("2021-01", type="string", pattern=r"^\d{4}-\d{2}$", title="首月 first month"),
        "last_month": Param("2025-12", type="string", pattern=r"^\d{4}-\d{2}$", title="末月 last month"),
    },
    default_args=dag_defaults.task_defaults(timedelta(hours=6)),
)
def backfill_plan() -> None:
    @task(doc_md="Cut the months into years.")
    def plan(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
        return backfill_steps.plan(params)

    @task(doc_md="Land and load everything under raw/.")
    def prepare() -> dict[str, Any]:
        return backfill_steps.prepare()

    @task(
        doc_md="Build the months of one year that are not there yet.",
        map_index_template="{{ year_label }}",
        max_active_tis_per_dag=1,
    )
    def build_year(months: dict[str, str]) -> dict[str, Any]:
        get_current_context()["year_label"] = months["label"]  # type: ignore[typeddict-unknown-key]
        return backfill_steps.build_year(months)

    @task(doc_md="Green, or red with the pairs that failed.", trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def verdict() -> str:
        ti = get_current_context()["ti"]
        return backfill_steps.verdict(ti.xcom_pull(task_ids="build_year"))

    years = plan()
    ready = prepare()
    built = build_year.expand(months=years)
    years >> ready >> built >> verdict()


backfill_plan()
