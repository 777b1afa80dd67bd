"""
### 通报 · bulletins

After every publication: writes the monthly, quarterly, yearly and five-year bulletins whose day has come - page, PDF,
workbook and a page for every board - below `<warehouse>/docs/bulletin/<kind>-<period>/`.
发布后运行；到了通报日才写，写过的不再改。

| task | what it does | when it fails |
|---|---|---|
| `due` | the periods whose day has come and that are not written yet | nothing is published; a parameter is wrong |
| `write` | one instance a bulletin, one after another | the log says what is missing |
| `verdict` | green, or red with one sentence | read its last line |

**日子 / the day.** 期间结束后第 10 天（参数 `day`）起，以 known_on 为准，与运行当天无关。
Ten days after the period ends, by known_on; the day on which it happens to run plays no part.
With `kind` (and `period`) it writes that bulletin again.

**出错时 / if it fails.** 多半是没有装 Chromium 或中文字体：`apt-get install chromium fonts-noto-cjk`，
再重新触发；网页和工作簿已经写好。
Mostly Chromium or the Chinese font is not installed; page and workbook are there all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
)

from zhixiao import bulletin_steps, dag_defaults

PUBLISHED = Asset(name="zhixiao_published", uri="x-zhixiao://published", group="zhixiao")


@dag(
    dag_id="bulletin",
    dag_display_name="通报 bulletin",
    description="Pages, PDFs and workbooks of the periods whose day has come",
    doc_md=__doc__,
    schedule=[PUBLISHED],
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["zhixiao", "bulletin"],
    params={
        "kind": Param(
            None,
            type=["null", "string"],
            enum=[None, "monthly", "quarterly", "yearly", "plan"],
            title="种类 kind",
            description="Empty: every bulletin whose day has come and that is not written yet.",
        ),
        "period": Param(
            None,
            type=["null", "string"],
            title="期间 period",
            description="2025-12, 2025Q4, 2025 or 2021-2025, with kind. Empty: the last complete one.",
        ),
        "day": Param(
            bulletin_steps.BULLETIN_DAY,
            type="integer",
            minimum=0,
            title="通报日 day",
            description="Days after the period's end from which its bulletin is due.",
        ),
    },
    default_args=dag_defaults.task_defaults(timedelta(minutes=30)),
)
def bulletin() -> None:
    @task(doc_md="The bulletins whose day has come.", inlets=[PUBLISHED])
    def due(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return bulletin_steps.due(params)

    @task(
        doc_md="One bulletin: page, PDF, workbook, board reports.",
        map_index_template="{{ bulletin_label }}",
        max_active_tis_per_dag=1,
    )
    def write(item: dict[str, Any]) -> dict[str, Any]:
        get_current_context()["bulletin_label"] = f"{item['kind']} {item['period']}"  # type: ignore[typeddict-unknown-key]
        return bulletin_steps.write(item)

    @task(doc_md="Green, or red with one sentence.", trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def verdict(items: list[dict[str, Any]]) -> str:
        ti = get_current_context()["ti"]
        return bulletin_steps.verdict(items, ti.xcom_pull(task_ids="write") if items else [])

    items = due()
    write.expand(item=items) >> verdict(items)  # type: ignore[arg-type]


bulletin()
