"""
### 夜间加载 · the nightly load

From the files under `raw/` to the published release. 每晚 02:00（上海时间）；`make run` 在本机运行同一个 DAG。

| task | what it does | when it fails |
|---|---|---|
| `resolve` | settles the pair (known_on, as_of) | a parameter is wrong, or `raw/` is empty |
| `discover` | finds every file, cuts the new ones into batches of one source | `raw/` cannot be read |
| `land` | one instance a batch: read, recognise, type, split; no database | the reader crashed on a file |
| `gate` | Great Expectations on the deliveries; marks and notifies | nothing stops, the verdict tells |
| `load` | everything landed into `raw.*`, in one transaction | nothing is loaded |
| `build` | one `dbt build` | the log names the failing models and tests |
| `audit` | Great Expectations on the candidate, read-only | **nothing is published** |
| `publish` | swaps the release in by rename | the last release stays |
| `answer` | a receipt for each new file (回执), below `receipts/` | the release stands; `zhixiao receipts` |
| `verdict` | green, or red with one paragraph on what to do | read its last line |

**出错时 / if it fails.** 先看 `verdict` 日志的最后一行：发生了什么、该怎么办；再看 `docs/runbook.md`。
Read the last line of `verdict` first, then `docs/runbook.md`. Wrong data is never retried, since it stays
wrong; a locked warehouse and a lack of memory are, with growing pauses. Clearing and running again is always
safe: every step can be repeated, and readers keep the last release until `publish`.

A refused file is an outcome of `land`, not a failure: the others go on and the release is published, but the
run that meets the refusal first is red (exit 3 of `make run`).

**时间 / time.** A run is about its pair, which `zhixiao.nightly.pair_wanted` takes from the parameters and from
the latest day under `raw/`; the day on which it happens to run plays no part.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    CronTriggerTimetable,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
)

from zhixiao import dag_defaults, nightly

RAW = Asset(name="zhixiao_raw", uri="x-zhixiao://raw", group="zhixiao")
PUBLISHED = Asset(name="zhixiao_published", uri="x-zhixiao://published", group="zhixiao")


@dag(
    dag_id="nightly_load",
    dag_display_name="夜间加载 nightly_load",
    description="From the files under raw/ to the published release",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 2 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["zhixiao", "nightly"],
    params={
        "known_on": Param(
            None,
            type=["null", "string"],
            format="date",
            title="known_on 截至收到日",
            description="Only what had been received by this day counts. Empty: the latest day under raw/.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="as_of 时点",
            description="The day the figures describe. Empty: known_on.",
        ),
    },
    default_args=dag_defaults.task_defaults(timedelta(hours=2), dag_defaults.NO_MEMORY, dag_defaults.WRONG),
)
def nightly_load() -> None:
    @task(doc_md="Settle the pair (known_on, as_of).")
    def resolve(run_id: Any = None, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return nightly.resolve(run_id, params)

    @task(doc_md="Find every file, cut the new ones into batches of one source.", inlets=[RAW])
    def discover(run_id: Any = None) -> list[dict[str, Any]]:
        return nightly.discover(run_id)

    @task(doc_md="Land the files of one batch. No database.", map_index_template="{{ batch_label }}")
    def land(batch: dict[str, Any], run_id: Any = None) -> dict[str, Any]:
        get_current_context()["batch_label"] = batch["label"]  # type: ignore[typeddict-unknown-key]
        return nightly.land(run_id, batch)

    @task(
        doc_md="Great Expectations on the deliveries: marks and notifies.",
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    )
    def gate(pair: dict[str, Any], run_id: Any = None) -> dict[str, Any]:
        return nightly.gate(run_id, pair)

    @task(
        doc_md="Everything landed into raw.*, in one transaction.",
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    )
    def load(run_id: Any = None) -> dict[str, Any]:
        return nightly.load(run_id)

    @task(doc_md="One dbt build for the pair.")
    def build(pair: dict[str, Any], run_id: Any = None) -> dict[str, Any]:
        return nightly.build(run_id, pair)

    @task(doc_md="Great Expectations on the candidate. Nothing is published when it fails.")
    def audit(pair: dict[str, Any], run_id: Any = None) -> dict[str, Any]:
        return nightly.audit(run_id, pair)

    @task(doc_md="Swap the audited candidate in.", outlets=[PUBLISHED])
    def publish(pair: dict[str, Any], run_id: Any = None) -> dict[str, Any]:
        return nightly.publish(run_id, pair)

    @task(doc_md="A receipt for each department: what was accepted, refused, quarantined, and why.")
    def answer(pair: dict[str, Any], run_id: Any = None) -> dict[str, Any]:
        return nightly.answer(run_id, pair)

    @task(
        doc_md="Green, or red with one paragraph on what to do.",
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
    )
    def verdict(run_id: Any = None) -> dict[str, Any]:
        ti = get_current_context()["ti"]
        return nightly.verdict(run_id, {s: ti.xcom_pull(task_ids=s) for s in nightly.STEPS if s != "land"})

    pair, batches = resolve(), discover()
    landed = land.expand(batch=batches)
    gated, loaded, built = gate(pair), load(), build(pair)
    audited, published = audit(pair), publish(pair)
    pair >> batches >> landed >> gated >> loaded >> built >> audited >> published >> answer(pair) >> verdict()
    batches >> [gated, loaded]


nightly_load()
