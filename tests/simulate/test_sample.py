"""The committed district under `raw/`: what the simulator writes, byte for byte, with its truth under `tests/`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from zhixiao.contracts import load_contracts
from zhixiao.simulate.sample import RAW, SAMPLE, TRUTH, write_sample
from zhixiao.simulate.world_files import Simulation


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> tuple[Simulation, Path]:
    folder = tmp_path_factory.mktemp("sample")
    return write_sample(folder / "raw", folder / "truth"), folder


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_the_simulator_writes_the_committed_bytes(again: tuple[Simulation, Path]) -> None:
    """A change of the simulator that moves the sample: `python -m zhixiao.simulate.sample`, and commit both."""
    made = files(again[1] / "raw")
    held = {name: body for name, body in files(RAW).items() if name != "README.md" and not name.startswith("_")}
    assert held.keys() == made.keys()
    assert [name for name, body in made.items() if held[name] != body] == []


def test_the_truth_lies_beside_the_tests_and_not_in_raw(again: tuple[Simulation, Path]) -> None:
    for name in ("files", "cells", "projects", "plantings"):
        held, made = (
            duckdb.execute(f"from '{folder}/{name}.parquet' order by all").fetchall()
            for folder in (TRUTH, again[1] / "truth")
        )
        assert held == made and held, name
    head = json.loads((TRUTH / "world.json").read_text(encoding="utf-8"))
    assert (head["seed"], head["scale"], head["mess"]) == (SAMPLE.seed, SAMPLE.scale, "light")
    assert not list(RAW.rglob("*.parquet")) and not list(RAW.rglob("*.json"))


def test_it_is_five_years_of_every_source_in_few_megabytes() -> None:
    assert {p.name for p in RAW.iterdir() if p.is_dir() and not p.name.startswith("_")} == set(load_contracts())
    for source in ("fai", "tax", "sales", "signing"):
        days = sorted(date.fromisoformat(p.name) for p in (RAW / source).iterdir())
        assert days[0].year == 2021 and days[-1].year == 2026, source
    assert sum(len(body) for body in files(RAW).values()) < 13_000_000
    kinds = {p.suffix for p in RAW.rglob("*") if p.is_file()}
    assert {".csv", ".xlsx"} <= kinds


def test_nothing_is_refused_and_something_is_quarantined() -> None:
    """`make run` in a fresh clone ends with 0."""
    status = dict(duckdb.execute(f"select status, count(*) from '{TRUTH}/files.parquet' group by 1").fetchall())
    assert status.keys() == {"loaded", "unchanged"} and status["loaded"] > 900
    assert duckdb.execute(f"select count(*) > 10 from '{TRUTH}/cells.parquet'").fetchone() == (True,)


def test_something_is_falsified_and_something_only_looks_so() -> None:
    planted = duckdb.execute(
        f"select check_id, count(*) filter (where not is_lookalike), count(*) filter (where is_lookalike)"
        f" from '{TRUTH}/plantings.parquet' group by 1 order by 1"
    ).fetchall()
    assert tuple(check for check, *_ in planted) == SAMPLE.dial.checks
    assert all(false >= 1 and honest >= 2 for _, false, honest in planted)
