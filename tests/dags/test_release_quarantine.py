"""The DAG in which a person approves a decision: its wiring, and whole runs with an answer."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from zhixiao import release_steps
from zhixiao.errors import ConfigError
from zhixiao.settings import Settings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag as Bag

CELL, OTHER, UNREADABLE, FINDING = "c" * 16, "d" * 16, "e" * 16, "f1" + "0" * 14
ANSWERED = datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("UTC"))
"""Half past seven of the next day in Shanghai."""


@pytest.fixture
def release(settings: Settings) -> Settings:
    """A published release with two cells in quarantine and one finding."""
    settings.published_db.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.published_db)) as con:
        con.execute(
            f"""
            CREATE SCHEMA quality; CREATE SCHEMA checks;
            CREATE TABLE quality.quarantine AS
            SELECT unnest(['{CELL}', '{OTHER}', '{UNREADABLE}']) AS quarantine_id, 'tax' AS source,
              DATE '2026-02-10' AS received_on,
              'a.csv' AS file_name, '' AS sheet, 4 AS row_number, 'tax_paid' AS column_name,
              '{{{{ 1/0 }}}}' AS cell_text,
              unnest(['out_of_bounds', 'uscc_length', 'date_unreadable']) AS reason_code,
              '超出范围' AS reason_zh, 'out of bounds' AS reason_en, '税务局' AS owner,
              'open' AS state, repeat('a', 64) AS file_sha256;
            CREATE TABLE checks.check_registry AS SELECT 'R05' AS check_id, '未许先建' AS name_zh, 'x' AS name_en,
              'x' AS owner, 'x' AS rule_zh, 'x' AS rule_en, 'x' AS formula, 'x' AS ask_for_zh, 'x' AS ask_for_en;
            CREATE TABLE checks.fct_check_result AS SELECT '{FINDING}' AS finding_id, 'R05' AS check_id,
              'project' AS entity_type, 'Q1' AS entity_id, NULL::VARCHAR AS counterpart_id, NULL::VARCHAR AS period,
              'fail' AS outcome, '开发区' AS reporting_unit, '事实' AS explanation_zh;
            CREATE TABLE checks.finding AS SELECT '{FINDING}' AS finding_id, 'R05' AS check_id,
              '321204' AS district_code, 'project' AS entity_type, 'Q1' AS entity_id, 'Q1' AS project_id,
              NULL::VARCHAR AS counterpart_project_id, 'U' AS uscc, 'abcd' AS figures_digest, 'open' AS decision,
              NULL::DATE AS decided_on, NULL::VARCHAR AS actor;
            CREATE TABLE checks.finding_decision AS SELECT 1 AS one;
            """
        )
    return settings


def decisions(settings: Settings) -> dict[str, list[dict[str, str]]]:
    """What was written, by day and file."""
    out = {}
    for path in sorted((settings.raw_dir / "_decisions").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as f:
            out[f"{path.parent.name}/{path.name}"] = list(csv.DictReader(f))
    return out


def answered(name: str | None = "王工", at: Any = ANSWERED) -> dict[str, Any]:
    return {"responded_by_user": name and {"id": "1", "name": name}, "responded_at": at}


def test_what_is_asked_is_said_in_words(release: Settings) -> None:
    asked = release_steps.prepare({"action": "release", "ids": f"{CELL}, {OTHER}", "reason": "已核对"})
    assert asked["ids"] == [CELL, OTHER]
    assert asked["subject"] == "放行隔离的单元格：2 处 / release 2?"
    assert "已核对" in asked["body"]
    assert f"- {CELL} tax/2026-02-10/a.csv  #4 tax_paid" in asked["body"]
    asked = release_steps.prepare({"action": "explained", "ids": ["f1"], "reason": "分期"})
    assert f"- {FINDING} R05 未许先建 Q1 [待核实 open] 事实" in asked["body"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"action": "release", "ids": "", "reason": "x"}, "no id"),
        ({"action": "release", "ids": CELL, "reason": " "}, "needs its reason"),
        ({"action": "delete", "ids": CELL, "reason": "x"}, "no action delete"),
        ({"action": "waive", "ids": "zz", "reason": "x"}, "not in quarantine: zz"),
        ({"action": "confirmed", "ids": "zz", "reason": "x"}, "no finding zz"),
        ({"action": "release", "ids": UNREADABLE, "reason": "x"}, "nobody can say what the cell holds"),
    ],
)
def test_a_wrong_request_is_refused_before_anybody_is_asked(
    release: Settings, params: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        release_steps.prepare(params)


def test_an_approval_is_a_decision_of_the_person_who_gave_it_on_the_local_day(release: Settings) -> None:
    asked = release_steps.prepare({"action": "waive", "ids": CELL, "reason": "重复报送"})
    release_steps.write(asked, answered())
    asked = release_steps.prepare({"action": "explained", "ids": "f1", "reason": "分期"})
    release_steps.write(asked, answered("李工", ANSWERED.isoformat()))
    assert decisions(release) == {
        "2026-03-02/finding.csv": [
            {"finding_id": FINDING, "check_id": "R05", "district_code": "321204", "entity_type": "project",
             "entity_id": "Q1", "counterpart_id": "", "period": "", "decision": "explained", "actor": "李工",
             "reason": "分期", "figures_digest": "abcd"},
        ],
        "2026-03-02/quarantine.csv": [
            {"quarantine_id": CELL, "action": "waive", "actor": "王工", "reason": "重复报送", "row": ""},
        ],
    }  # fmt: skip
    with pytest.raises(ConfigError, match="nobody is known to have approved"):
        release_steps.write(asked, answered(None))


@pytest.mark.airflow
def test_the_dag_asks_waits_and_writes(bag: Bag) -> None:
    dag = bag.dags["release_quarantine"]
    assert {t.task_id: t.upstream_task_ids for t in dag.tasks} == {
        "prepare": set(),
        "approve": {"prepare"},
        "write": {"prepare", "approve"},
    }
    approve: Any = dag.get_task("approve")
    assert approve.defaults == ["Reject"]
    assert approve.response_timeout == timedelta(days=7)
    assert dag.get_task("write").max_active_tis_per_dag == 1
    assert dag.schedule is None
    assert set(dag.params) == {"action", "ids", "reason"}


@pytest.mark.airflow
@pytest.mark.parametrize("choice", ["Approve", "Reject"])
def test_only_an_approval_is_written(bag: Bag, release: Settings, monkeypatch: pytest.MonkeyPatch, choice: str) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    seen: list[str] = []

    def execute(self: Any, context: Any) -> Any:
        """The answer of a person, as the operator receives it."""
        seen.extend((self.subject, self.body))
        user = {"id": "1", "name": "王工"}
        event = {"chosen_options": [choice], "params_input": {}, "responded_at": ANSWERED, "responded_by_user": user}
        return self.execute_complete(context, event)

    monkeypatch.setattr(ApprovalOperator, "execute", execute)
    dag = DagBag(bag.dag_folder).dags["release_quarantine"]
    run = dag.test(run_conf={"action": "waive", "ids": CELL, "reason": "已核对"})
    assert run.state == "success"
    found = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert found["write"] == ("success" if choice == "Approve" else "skipped")
    assert seen[0] == "豁免隔离的单元格：1 处 / waive 1?"
    # A cell is shown as it is and never taken for a template.
    assert "{{ 1/0 }}" in seen[1]
    written = [{"quarantine_id": CELL, "action": "waive", "actor": "王工", "reason": "已核对", "row": ""}]
    assert decisions(release) == ({"2026-03-02/quarantine.csv": written} if choice == "Approve" else {})


def test_two_who_decide_at_once_lose_no_row(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from zhixiao.warehouse.decisions import append_decision, read_decisions

    day = ANSWERED.date()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append_decision(tmp_path, day, "k", {"id": n, "actor": "a", "reason": "r"}),
                      map(str, range(40))))  # fmt: skip
    (found,) = read_decisions(tmp_path)
    assert len(found.rows) == 40
