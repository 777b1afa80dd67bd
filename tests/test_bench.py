"""The benchmark runs, compares like with like, and writes what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from zhixiao.settings import PROJECT_DIR


def test_the_landing_benchmark_in_small(tmp_path: Path) -> None:
    out = tmp_path / "landing.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--rows", "3000", "--sheet-rows", "500", "--runs", "1", "--json", str(out)],
        capture_output=True,
        text=True,
        cwd=PROJECT_DIR,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert list(figures) == [
        "floor: read_csv",
        "landing: UTF-8",
        "landing: GB18030",
        "floor: read_xlsx",
        "landing: XLSX",
    ]
    assert figures["floor: read_csv"]["x_floor_cpu"] == 1.0
    assert figures["landing: UTF-8"]["x_floor_cpu"] > 0
    assert all(f["rss_mib"] > 10 for f in figures.values())
