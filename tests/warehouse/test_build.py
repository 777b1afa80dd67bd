from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.house import House
from zhixiao.errors import ConfigError, DataError, LockError
from zhixiao.settings import Settings
from zhixiao.warehouse import build as build_module
from zhixiao.warehouse.build import BuildState, build, build_state, dbt_command, failure
from zhixiao.warehouse.files import write_json
from zhixiao.warehouse.lock import is_locked
from zhixiao.warehouse.pair import Pair

PAIR = Pair.from_json({"known_on": "2025-03-31", "as_of": "2025-02-28"})


def result(unique_id: str, status: str, message: str = "") -> dict[str, Any]:
    return {"unique_id": unique_id, "status": status, "message": message}


def fake_dbt(settings: Settings, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a small script in dbt's place. It finds the target folder in sys.argv[1]."""

    def command(settings: Settings, pair: Pair, target: Path) -> list[str]:
        target.mkdir(parents=True, exist_ok=True)
        return [sys.executable, "-c", script, str(target)]

    monkeypatch.setattr(build_module, "dbt_command", command)
    settings.work_db.parent.mkdir(parents=True, exist_ok=True)
    duckdb.connect(str(settings.work_db)).close()


GOOD = """
import json, pathlib, sys
target = pathlib.Path(sys.argv[1])
for i in (1, 2, 3):
    print(f"12:00:0{i}  {i} of 3 OK created sql table model marts.m{i} ........ [OK in 0.1s]", flush=True)
results = [{"unique_id": "model.zhixiao.m", "status": "success", "message": "OK"},
           {"unique_id": "test.zhixiao.t.ab12", "status": "warn", "message": "Got 2 results"}]
(target / "run_results.json").write_text(json.dumps({"results": results}))
(target / "manifest.json").write_text(json.dumps({"nodes": {"model.zhixiao.m": {
    "schema": "marts", "alias": "m", "name": "m", "resource_type": "model"}}}))
"""


def test_the_command_line(settings: Settings) -> None:
    command = dbt_command(settings, PAIR, settings.state_dir / "dbt" / "target")
    assert command[1:5] == ["-m", "dbt.cli.main", "--no-use-colors", "build"]
    assert json.loads(command[command.index("--vars") + 1]) == {"known_on": "2025-03-31", "as_of": "2025-02-28"}
    assert command[command.index("--exclude-resource-type") + 1] == "unit_test"
    assert command[command.index("--target-path") + 1].startswith(str(settings.state_dir))


def test_a_good_build_is_counted_told_and_noted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_dbt(settings, monkeypatch, GOOD)
    with duckdb.connect(str(settings.work_db)) as con:
        con.execute("CREATE SCHEMA marts; CREATE SCHEMA raw; CREATE VIEW marts.old AS SELECT 1 AS x")
        for table in ("marts.m", "marts.gone", "raw.kept"):
            con.execute(f"CREATE TABLE {table} AS SELECT 1 AS x")
    said: list[str] = []
    r = build(settings, PAIR, progress=said.append)
    assert (r.models, r.tests, r.warnings) == (1, 1, ["t: Got 2 results"])
    assert said == ["  dbt 3/3 OK created sql table model marts.m3"]
    assert build_state(settings) == BuildState(r.build_id, PAIR)
    with duckdb.connect(str(settings.work_db)) as con:
        names = con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        assert names == [("kept",), ("m",)]
        assert con.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone() == (0,)


def test_a_failed_build_leaves_nothing_to_publish(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """
import json, pathlib, sys
def r(unique_id, status, message):
    return {"unique_id": unique_id, "status": status, "message": message}
results = [r("model.zhixiao.fct_tax", "error", "Binder Error: no x\\n\\n at line 3"),
           r("test.zhixiao.not_null_dim_project_project_id.1a", "fail", "Got 7 results"),
           r("model.zhixiao.mart_funnel", "skipped", None)]
(pathlib.Path(sys.argv[1]) / "run_results.json").write_text(json.dumps({"results": results}))
sys.exit(1)
"""
    fake_dbt(settings, monkeypatch, script)
    write_json(settings.state_dir / "build.json", BuildState("old", PAIR, True).to_json())
    with pytest.raises(DataError) as e:
        build(settings, PAIR)
    assert "Model fct_tax failed: Binder Error: no x at line 3." in e.value.en
    assert "Test not_null_dim_project_project_id did not pass: Got 7 results." in e.value.en
    assert "1 nodes behind them were not run." in e.value.en
    assert "检验 not_null_dim_project_project_id 未通过" in e.value.zh
    assert build_state(settings) is None
    assert not is_locked(settings)


@pytest.mark.parametrize(
    ("tail", "error", "words"),
    [
        (["IO Error: Could not set lock on file"], LockError, "another program uses it"),
        (["Out of Memory Error: failed to allocate"], MemoryError, "raise ZHIXIAO_MEMORY_LIMIT"),
        (
            ["12:00:01  Compilation Error", "  model x depends on y"],
            ConfigError,
            "Compilation Error model x depends on y",
        ),
    ],
)
def test_what_dbt_dies_of(settings: Settings, tail: list[str], error: type[Exception], words: str) -> None:
    found = failure(None, tail, settings)
    assert type(found) is error
    assert words in str(found)


def test_a_lock_that_a_model_met_is_a_lock_error(settings: Settings) -> None:
    results = {"results": [result("model.zhixiao.a", "error", "IO Error: Conflicting lock is held in python (PID 3)")]}
    assert type(failure(results, [], settings)) is LockError


def test_no_work_database_yet(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="run `zhixiao load` first"):
        build(settings, PAIR)


def test_a_killed_build_keeps_the_warehouse_until_dbt_has_ended(house: House, tmp_path: Path) -> None:
    """dbt goes on when its parent is killed; nobody else may start meanwhile."""
    house.load()
    code = f"""
import sys
from zhixiao.settings import Settings
from zhixiao.warehouse import build as b
from zhixiao.warehouse.pair import Pair
b.dbt_command = lambda s, p, t: [sys.executable, "-c", "import time; print('go', flush=True); time.sleep(3)"]
b.build(Settings.from_env(), Pair.from_json({PAIR.to_json()!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **house.settings.to_env()})
    deadline = time.monotonic() + 20
    while not is_locked(house.settings) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.kill()
    process.wait()
    assert is_locked(house.settings)
    while is_locked(house.settings) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_locked(house.settings)
