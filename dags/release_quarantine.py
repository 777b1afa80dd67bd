"""
### 放行隔离与处置疑点 · decisions that a second person approves

Somebody asks (`ids`, `action`, `reason`); a person with the right to decide approves or rejects on the page
(**Required Actions**). An approval writes one file under `raw/_decisions/`, by the same functions as
`zhixiao quarantine release|waive` and `zhixiao decide`, with the name of the person who approved. It counts from
the next nightly load on, and so survives every rebuild. 批准后写入决定文件，下一次夜间加载起生效。

| task | what it does | when it fails |
|---|---|---|
| `prepare` | finds the cells or findings and says what would be decided | an id, the action or the reason is wrong |
| `approve` | waits for a person, seven days at most; no worker is held | nobody answered: nothing is decided |
| `write` | writes the decision file | `raw/` cannot be written |

**出错时 / if it fails.** 看失败任务日志的最后一行；没有写入的决定不生效，可重新触发。Read the last line of the failed
task. A decision that was not written does not count; trigger the DAG again. A rejection skips `write` and is no error.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from zhixiao import dag_defaults, release_steps


@dag(
    dag_id="release_quarantine",
    dag_display_name="放行隔离与处置疑点 release_quarantine",
    description="A person approves the release of quarantined cells, or what is said about findings",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=16,
    tags=["zhixiao", "decisions"],
    params={
        "action": Param(
            "release",
            type="string",
            enum=list(release_steps.ACTIONS),
            title="动作 action",
            description="release, waive: cells in quarantine. open, explained, confirmed: findings.",
        ),
        "ids": Param(
            "",
            type="string",
            title="编号 ids",
            description="Ids of cells (zhixiao quarantine list) or findings, with blanks or commas between them.",
        ),
        "reason": Param("", type="string", title="理由 reason", description="Why; it is published."),
    },
    default_args=dag_defaults.task_defaults(timedelta(minutes=30)),
)
def release_quarantine() -> None:
    @task(doc_md="Find what is asked about and say what would be decided.")
    def prepare(params: dict[str, Any] | None = None) -> dict[str, Any]:
        return release_steps.prepare(params)

    @task(doc_md="Write the decision file.", max_active_tis_per_dag=1)
    def write(asked: dict[str, Any], answer: dict[str, Any]) -> str:
        return release_steps.write(asked, answer)

    request = prepare()
    approval = ApprovalOperator(
        task_id="approve",
        doc_md="Wait for a person. Nobody's answer is a rejection.",
        subject="{{ ti.xcom_pull(task_ids='prepare')['subject'] }}",
        body="{{ ti.xcom_pull(task_ids='prepare')['body'] }}",
        defaults="Reject",
        response_timeout=timedelta(days=7),
        execution_timeout=None,
        retries=0,
    )
    request >> approval
    write(request, approval.output)


release_quarantine()
