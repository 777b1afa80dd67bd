"""
### 白天新到的文件 · arrivals during the day

Every ten minutes from 08:00 to 19:50 (上海时间): when files have come that are complete and not landed yet, triggers
one `nightly_load`. 部门在当天的文件夹里放一个 `_READY` 文件，或文件 60 秒没有变动，就算到齐。
Nothing new, a load that is queued or running, a warehouse that is held: the run ends at once, green, `load` skipped.

| task | what it does | when it fails |
|---|---|---|
| `look` | finds files that are ready and have no report | `raw/` or the warehouse's `state/` cannot be read |
| `load` | triggers `nightly_load`, named after the files: the same arrivals never twice | Airflow itself |

**出错时 / if it fails.** 不影响夜间加载：02:00 照常处理全部新文件。看 `look` 日志的最后一行；
急用时手工触发 `nightly_load`。
The night is not concerned: at 02:00 `nightly_load` takes everything that is new. Read the last line of `look`; to load
now, trigger `nightly_load` by hand. Whether the load itself went well is said in the run of `nightly_load`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

from zhixiao import arrivals as arriving

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="zhixiao.errors.ZhixiaoError",
            action=RetryAction.FAIL,
            reason="the set-up is wrong: trying again gives the same answer",
        ),
    ],
    default=RetryAction.RETRY,
)


@dag(
    dag_id="arrivals",
    dag_display_name="白天新到的文件 arrivals",
    description="Loads complete deliveries during the day",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 8-19 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["zhixiao", "arrivals"],
    default_args={
        "owner": "data-platform",
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=8),
        "retry_policy": RETRY_POLICY,
    },
)
def arrivals() -> None:
    @task.short_circuit(doc_md="Is anything new, complete, and nobody at it?")
    def look() -> dict[str, Any] | None:
        ti = get_current_context()["ti"]
        return arriving.look(ti.get_dr_count(dag_id="nightly_load", states=["queued", "running"]))

    load = TriggerDagRunOperator(
        task_id="load",
        doc_md="Trigger nightly_load, unless these very files have been tried before.",
        trigger_dag_id="nightly_load",
        trigger_run_id="{{ ti.xcom_pull(task_ids='look')['run_id'] }}",
        skip_when_already_exists=True,
    )
    look() >> load


arrivals()
