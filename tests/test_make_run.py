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
import openpyxl
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


def statuses(settings: Settings) -> dict[str, int]:
    return dict(ask(settings, "select status, count(*)::int from quality.load_log group by all"))


def refuse(settings: Settings, refused_raw: Path, day: str) -> str:
    """Drop an empty signing register; its name."""
    bad = next((refused_raw / "signing").glob("*/*"))
    (settings.raw_dir / "signing" / day).mkdir()
    shutil.copy(bad, settings.raw_dir / "signing" / day / bad.name)
    return bad.name


def test_a_refused_file_and_its_answer(settings: Settings, sample_raw: Path, refused_raw: Path) -> None:
    copy_sources(sample_raw, settings, ["filing", "tax", "signing"])
    days = sorted(p.name for p in (settings.raw_dir / "signing").iterdir())
    [answer] = (settings.raw_dir / "signing" / days[-1]).iterdir()
    later = settings.raw_dir / "signing" / "2026-01-31"
    answer = answer.rename(settings.warehouse_dir.parent / answer.name)
    name = refuse(settings, refused_raw, "2026-01-29")

    first = make_run(settings)
    assert first.returncode == 3, first.stdout + first.stderr
    assert f"拒收 signing/2026-01-29/{name}" in first.stdout.splitlines()[-2]
    assert statuses(settings) == {"loaded": 6, "refused": 1}
    assert manifest(settings)["known_on"] == "2026-01-29"
    [receipt] = (settings.warehouse_dir / "receipts").rglob(f"{name}.回执.xlsx")
    told = [[c.value for c in row] for row in openpyxl.load_workbook(receipt)["回执"].iter_rows()]
    assert ["结果", "整份退回"] in told

    later.mkdir()
    answer.rename(later / answer.name)
    second = make_run(settings)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "8 files found, 1 new" in second.stdout
    assert statuses(settings) == {"loaded": 7, "refused": 1}
    assert manifest(settings)["known_on"] == "2026-01-31"


@pytest.mark.long
def test_the_whole_sample_twice_then_a_new_file_then_an_earlier_day(
    settings: Settings, sample_raw: Path, refused_raw: Path
) -> None:
    files = copy_sources(sample_raw, settings, sorted(p.name for p in sample_raw.iterdir() if p.is_dir()))
    [late] = (settings.raw_dir / "tax" / "2025-11-10").iterdir()
    late = late.rename(settings.warehouse_dir.parent / late.name)

    first = make_run(settings)
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"{files - 1} files found" in first.stdout
    assert statuses(settings) == {"loaded": files - 2, "unchanged": 1}  # sales holds the same bytes twice
    before = manifest(settings)

    second = make_run(settings)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "0 new" in second.stdout
    assert manifest(settings) == before
    assert statuses(settings) == {"loaded": files - 2, "unchanged": 1}

    (settings.raw_dir / "tax" / "2026-01-30").mkdir()
    late.rename(settings.raw_dir / "tax" / "2026-01-30" / late.name)
    name = refuse(settings, refused_raw, "2026-01-29")
    third = make_run(settings)
    assert third.returncode == 3, third.stdout + third.stderr
    assert f"拒收 signing/2026-01-29/{name}" in third.stdout
    after = manifest(settings)
    assert (after["known_on"], after["release_id"] != before["release_id"]) == ("2026-01-30", True)
    assert statuses(settings) == {"loaded": files - 1, "unchanged": 1, "refused": 1}

    earlier = make_run(settings, "--known-on", before["known_on"])
    assert earlier.returncode == 0, earlier.stdout + earlier.stderr
    kept = settings.releases_dir / f"{before['known_on']}_{before['known_on']}"
    assert str(kept) in earlier.stdout
    assert manifest(settings) == after
    assert json.loads((kept / "manifest.json").read_text(encoding="utf-8"))["tables"] == before["tables"]
