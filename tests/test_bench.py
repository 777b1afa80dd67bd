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
        [
            sys.executable,
            "-m",
            "bench",
            "landing",
            "--rows",
            "3000",
            "--sheet-rows",
            "500",
            "--runs",
            "1",
            "--json",
            str(out),
        ],
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


def test_the_simulation_benchmark_in_small(tmp_path: Path) -> None:
    """Three districts take no more memory than one: each is released before the next."""
    out = tmp_path / "simulate.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "simulate", "--districts", "1", "3", "--scale", "0.01", "--json", str(out)],
        capture_output=True,
        text=True,
        cwd=PROJECT_DIR,
    )
    assert done.returncode == 0, done.stderr
    one, three = json.loads(out.read_text(encoding="utf-8"))["results"]
    assert (one["districts"], three["districts"]) == (1, 3)
    assert three["rows"] > 2.5 * one["rows"] > 25_000
    assert three["rss_mib"] < one["rss_mib"] * 1.15
