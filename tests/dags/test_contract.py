"""What holds for every DAG in dags/, so that a new one is held to it from its first day."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zhixiao.settings import PROJECT_DIR

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag as Bag
    from airflow.sdk import DAG

pytestmark = pytest.mark.airflow
DAG_FILES = sorted((PROJECT_DIR / "dags").glob("*.py"))
each_dag = pytest.mark.parametrize("dag_id", [p.stem for p in DAG_FILES])
each_file = pytest.mark.parametrize("path", DAG_FILES, ids=lambda p: p.stem)

# A request that waits for a person holds no other one up.
SIDE_BY_SIDE = {"release_quarantine": 16}
WIRING = {
    "__future__",
    "datetime",
    "typing",
    "airflow.sdk",
    "airflow.providers.standard.operators.hitl",
    "airflow.providers.standard.operators.trigger_dagrun",
    "zhixiao",
}
CPU_SECONDS = 1.0


def test_the_dags_are_read_without_errors_or_warnings(bag: Bag) -> None:
    assert not bag.import_errors
    assert not bag.captured_warnings


def test_a_file_holds_one_dag_of_its_name(bag: Bag) -> None:
    assert {Path(d.fileloc).stem: i for i, d in bag.dags.items()} == {p.stem: p.stem for p in DAG_FILES}
    assert {"nightly_load", "arrivals", "backfill_plan", "release_quarantine"} <= set(bag.dags)


@each_dag
def test_it_says_whose_it_is_and_what_to_do(bag: Bag, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert "zhixiao" in dag.tags and len(dag.tags) > 1
    assert dag.description and dag_id in (dag.dag_display_name or "")
    text = dag.doc_md or ""
    assert "出错时 / if it fails" in text
    assert any("一" <= c <= "鿿" for c in text.partition("if it fails")[2])
    assert dag.catchup is False
    assert dag.start_date is not None
    assert dag.max_active_runs == SIDE_BY_SIDE.get(dag_id, 1)
    for task in dag.tasks:
        assert task.owner == "data-platform"
        assert task.doc_md, task.task_id
        assert f"`{task.task_id}`" in text, f"{task.task_id} is not in the table of the DAG's page"


@each_dag
def test_no_task_hangs_for_ever_and_each_says_when_it_is_tried_again(bag: Bag, dag_id: str) -> None:
    for task in bag.dags[dag_id].tasks:
        assert task.execution_timeout is not None or getattr(task, "response_timeout", None) is not None
        assert task.retry_policy is not None
        assert task.retries in range(5)
        if task.retries == 0:
            # What waits for a person, and the leaf that says how the others went.
            assert task.task_id == "verdict" or getattr(task, "response_timeout", None) is not None, task.task_id


@each_dag
def test_a_run_in_which_a_task_failed_is_red(bag: Bag, dag_id: str) -> None:
    """The state of a run is the state of its leaves: one that runs whatever happened has to raise by itself."""
    for leaf in bag.dags[dag_id].leaves:
        assert leaf.task_id == "verdict" or leaf.trigger_rule.value == "all_success"


@each_dag
def test_serialization_is_the_same_twice(bag: Bag, dag_id: str) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    again: DAG = DagBag(str(PROJECT_DIR / "dags" / f"{dag_id}.py")).dags[dag_id]
    first, second = (DagSerialization.serialize_dag(d) for d in (bag.dags[dag_id], again))
    for d in (first, second):
        d.pop("relative_fileloc", None)
    assert first == second


@pytest.mark.long
def test_serialization_is_the_same_in_another_process(bag: Bag) -> None:
    """Sets come in another order in every process: a DAG that holds one gets a new version at every reading."""
    code = (
        "import sys; from pathlib import Path; from airflow.dag_processing.dagbag import DagBag; "
        "from airflow.models.serialized_dag import SerializedDagModel as M; "
        "from airflow.serialization.serialized_objects import DagSerialization as S; bag = DagBag(sys.argv[1]); "
        "Path(sys.argv[2]).write_text(repr({d: M.hash(S.to_dict(bag.dags[d])) for d in sorted(bag.dags)}))"
    )
    versions = []
    for seed in ("1", "2"):
        out = Path(os.environ["AIRFLOW_HOME"]) / f"versions-{seed}"
        command = [sys.executable, "-c", code, str(bag.dag_folder), str(out)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        versions.append(out.read_text())
    assert versions[0] == versions[1]
    assert all(repr(d) in versions[0] for d in bag.dags)


# --- the files


@each_file
def test_a_dag_file_only_wires(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)} | {
        a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names
    }
    assert modules <= WIRING
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not calls & {"open", "print", "exec", "eval", "__import__"}


_seen: list[str] = []
_watching = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook stays for the life of the process; outside of the test below it looks at nothing."""
    if not _watching:
        return
    if event == "open" and not str(args[0]).endswith((".py", ".pyc")):
        _seen.append(f"open {args[0]}")
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "sqlite3.connect", "os.listdir"):
        _seen.append(f"{event} {args[0]}")


@each_file
def test_reading_it_touches_no_file_and_no_network_and_costs_little(bag: Bag, path: Path) -> None:
    """Airflow reads the files over and over. `bag` has imported everything that they import."""
    global _watching
    if _audit not in _hooked:
        sys.addaudithook(_audit)
        _hooked.append(_audit)
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    _seen.clear()
    begun = time.process_time()
    _watching = True
    try:
        exec(code, {"__name__": f"contract_{path.stem}", "__doc__": ast.get_docstring(ast.parse(path.read_text()))})
    finally:
        _watching = False
    spent = time.process_time() - begun
    assert [s for s in _seen if str(path) not in s] == []
    assert spent < CPU_SECONDS


_hooked: list[Any] = []


def test_reading_the_dags_costs_little_beside_airflow() -> None:
    """What the DAG files import of ours brings none of the heavy libraries."""
    names = set()
    for path in DAG_FILES:
        for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(n, ast.ImportFrom) and n.module == "zhixiao":
                names |= {f"zhixiao.{a.name}" for a in n.names}
    assert {"zhixiao.nightly", "zhixiao.arrivals", "zhixiao.backfill_steps", "zhixiao.release_steps"} <= names
    code = (
        f"import sys, {', '.join(sorted(names))}; "
        "print([m for m in ('airflow', 'duckdb', 'pandas', 'pyarrow', 'great_expectations', 'dbt', 'yaml') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
