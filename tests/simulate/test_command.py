"""The command `zhixiao simulate` and, at full length, `make evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from zhixiao.simulate.command import simulate_command
from zhixiao.simulate.evaluate import main

app = typer.Typer()
app.command()(simulate_command)


def test_the_command_writes_files_and_truth_apart(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    options = ["--out", str(raw), "--seed", "6", "--scale", "0.02", "--mess", "full", "--since", "2025-09-01"]
    told = CliRunner().invoke(app, options)
    assert told.exit_code == 0, told.output
    assert "新签约亿元以上" in told.output
    assert {p.name for p in (tmp_path / "truth").iterdir()} == {
        "world.json", "files.parquet", "cells.parquet", "projects.parquet", "plantings.parquet",
    }  # fmt: skip
    head = json.loads((tmp_path / "truth" / "world.json").read_text(encoding="utf-8"))
    assert (head["seed"], head["scale"], head["mess"], head["since"]) == (6, 0.02, "full", "2025-09-01")
    on_disk = {
        f"{p.parent.relative_to(raw).as_posix()}/{p.name}"
        for p in raw.rglob("*")
        if p.is_file() and not p.name.startswith(("~$", ".DS_Store", "README"))
    }
    told_of = duckdb.execute(
        f"select distinct folder || '/' || split_part(file_name, '!', 1) from '{tmp_path}/truth/files.parquet'"
    ).fetchall()
    assert on_disk == {name for (name,) in told_of}
    rows = duckdb.execute(
        f"select count(*), count(distinct source), sum(rows_read = rows_accepted + rows_quarantined + rows_control"
        f" + rows_ignored) = count(*) filter (status = 'loaded') from '{tmp_path}/truth/files.parquet'"
    ).fetchone()
    assert rows is not None
    assert rows[0] == head["files"] >= len(on_disk)
    assert rows[1] >= 20 and rows[2]


def test_the_command_writes_into_no_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x", encoding="utf-8")
    assert CliRunner().invoke(app, ["--out", str(tmp_path)]).exit_code == 2
    assert CliRunner().invoke(app, ["--out", str(tmp_path / "y"), "--mess", "some"]).exit_code == 2


@pytest.mark.long
@pytest.mark.parametrize("mess", ["none", "full"])
def test_the_pipeline_equals_the_truth(tmp_path: Path, mess: str) -> None:
    result = tmp_path / "evaluation.json"
    options = ["--seed", "21", "--scale", "0.05", "--since", "2025-06-01", "--mess", mess]
    options += ["--pair", "2025-12-01:2025-10-31", "--json", str(result)]
    assert main(options) == 0, result.read_text(encoding="utf-8")
    (told,) = json.loads(result.read_text(encoding="utf-8"))
    assert told["differences"] == 0
    assert [(p["known_on"], p["as_of"]) for p in told["pairs"]][1:] == [("2025-12-01", "2025-10-31")]
    for pair in told["pairs"]:
        assert [p["part"] for p in pair["parts"]] == [
            "files", "quarantined cells", "quarantine states", "deliveries", "project stages", "mart_funnel",
        ]  # fmt: skip
        assert pair["parts"][-1]["compared"] > 100_000
