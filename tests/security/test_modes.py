"""What we write is for the owner and the group, whatever umask the caller has; keys and backups for the owner."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from zhixiao import airflow_local, cli
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.receipts.answer import answer
from zhixiao.settings import Settings
from zhixiao.warehouse.decisions import append_decision
from zhixiao.warehouse.files import UMASK, keep_private, write_atomic, write_json
from zhixiao.warehouse.load import load
from zhixiao.warehouse.lock import warehouse_lock

SALES = "单位：万元\n年月,统一社会信用代码,企业名称,开票销售\n2025-02,91321204MA00000038,演示一号机械有限公司,待核\n"


@pytest.fixture(autouse=True, params=[0o000, 0o077], ids=["open", "closed"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The caller's umask; what the code sets is taken back."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def current() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def test_a_small_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a.txt", "x")
    assert mode(tmp_path / "a.txt") == 0o640


def test_the_commands_set_it(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["contracts"]) in (0, 2)
    assert current() == UMASK


def test_the_nightly_run_and_the_scheduler_set_it(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.raw_dir.rmdir()
    assert airflow_local.main(["run"]) == 1
    assert current() == UMASK
    os.umask(0)
    assert airflow_local.main(["up", "--host", "0.0.0.0"]) == 1
    assert current() == UMASK


def test_whatever_a_night_writes(settings: Settings) -> None:
    keep_private()
    day = settings.raw_dir / "sales" / "2025-03-10"
    day.mkdir(parents=True)
    (day / "a.csv").write_text(SALES, encoding="utf-8")
    with warehouse_lock(settings, 1, "test"):
        found = discover(settings)
        for d in found.drops:
            land_drop(settings, d)
        load(settings, found)
    settings.published_db.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.published_db)) as con:
        con.execute(f"attach '{settings.work_db}' as w (read_only)")
        con.execute("create schema quality")
        for table in ("load_log", "quarantine"):
            con.execute(f"create table quality.{table} as select *, 'open' as state from w.raw.{table}")
    assert answer(settings).files == 1
    write_json(settings.state_dir / "last_run.json", {})
    append_decision(settings.raw_dir, date(2025, 3, 11), "waive", {"actor": "甲", "reason": "乙"})
    everything = [*settings.warehouse_dir.rglob("*"), *(settings.raw_dir / "_decisions").rglob("*")]
    assert {mode(p) for p in everything if p.is_file()} <= {0o640, 0o600}
    assert {mode(p) for p in everything if p.is_dir()} <= {0o750, 0o700}
    for kind in ("*.parquet", "*.duckdb", "*.xlsx", "*.json", "*.csv", "lock"):
        assert any(p.match(kind) for p in everything), kind


def test_keys_and_passwords_of_airflow_are_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "state" / "airflow"
    home.mkdir(parents=True)
    (home / "airflow.db").write_bytes(b"")
    version = airflow_local.importlib.metadata.version("apache-airflow")
    (home / "metadata-version").write_text(version, encoding="utf-8")
    airflow_local.ensure_metadata(home)
    assert mode(home) == 0o700
