"""`make run` on the sample, for real: Airflow, landing, dbt, Great Expectations, publication."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from zhixiao.settings import PROJECT_DIR, Settings

pytestmark = pytest.mark.airflow


def make_run(settings: Settings, *args: str) -> subprocess.CompletedProcess[str]:
    """What `make run` does once the environment is set up."""
    return subprocess.run(
        [sys.executable, "-m", "zhixiao.airflow_local", "run", *args],
        cwd=settings.warehouse_dir.parent,
        env={**os.environ, **settings.to_env(), "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        timeout=1200,
    )


def manifest(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((settings.published_dir / "manifest.json").read_text(encoding="utf-8"))
    return found


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.published_db), read_only=True) as con:
        return con.execute(sql).fetchall()


def copy_sources(raw: Path, settings: Settings, sources: list[str]) -> int:
    for source in sources:
        shutil.copytree(raw / source, settings.raw_dir / source)
    return sum(1 for p in settings.raw_dir.glob("*/*/*") if p.is_file())


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param(["signing", "filing", "sales", "tax"], id="four-sources"),
        pytest.param(["*"], id="all", marks=pytest.mark.long),
    ],
)
def test_once_twice_and_with_one_new_file(
    settings: Settings, sample_raw: Path, refused_raw: Path, sources: list[str]
) -> None:
    chosen = sorted(p.name for p in sample_raw.iterdir() if p.is_dir()) if sources == ["*"] else sources
    late = settings.warehouse_dir.parent / "late.csv"
    files = copy_sources(sample_raw, settings, chosen)
    [newest] = (settings.raw_dir / "tax" / "2025-11-10").iterdir()
    newest.rename(late)

    first = make_run(settings)
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"{files - 1} files found" in first.stdout
    log = ask(settings, "select status, count(*)::int from quality.load_log group by all order by 1")
    assert log == [("loaded", files - 2), ("unchanged", 1)]  # sales holds the same bytes twice
    before = manifest(settings)

    second = make_run(settings)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "0 new" in second.stdout
    assert manifest(settings)["tables"] == before["tables"]
    assert ask(settings, "select status, count(*)::int from quality.load_log group by all order by 1") == log

    (settings.raw_dir / "tax" / "2026-01-30").mkdir()
    late.rename(settings.raw_dir / "tax" / "2026-01-30" / newest.name)
    bad = next((refused_raw / "signing").glob("*/*"))
    (settings.raw_dir / "signing" / "2026-01-29").mkdir()
    shutil.copy(bad, settings.raw_dir / "signing" / "2026-01-29" / bad.name)
    third = make_run(settings)
    assert third.returncode == 3, third.stdout + third.stderr
    assert "2 new" in third.stdout
    assert f"拒收 signing/2026-01-29/{bad.name}" in third.stdout
    after = manifest(settings)
    assert (after["known_on"], after["release_id"] != before["release_id"]) == ("2026-01-30", True)
    assert dict(ask(settings, "select status, count(*)::int from quality.load_log group by all")) == {
        "loaded": files - 1,
        "unchanged": 1,
        "refused": 1,
    }

    earlier = make_run(settings, "--known-on", before["known_on"])
    assert earlier.returncode == 0, earlier.stdout + earlier.stderr
    kept = settings.releases_dir / f"{before['known_on']}_{before['known_on']}"
    assert str(kept) in earlier.stdout
    assert manifest(settings) == after
    assert json.loads((kept / "manifest.json").read_text(encoding="utf-8"))["tables"] == before["tables"]
