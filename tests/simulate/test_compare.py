"""The comparison itself: a warehouse made from the truth equals it, an empty one does not, one error is found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from zhixiao.simulate.compare import (
    _is_mature,
    _told,
    compare,
    compare_cells,
    compare_figures,
    compare_files,
    compare_stage_dates,
)
from zhixiao.simulate.funnel import READINGS, STAGE_NAMES, Funnel
from zhixiao.simulate.model import Config
from zhixiao.simulate.world_files import Simulation, simulate, write_truth

AS_OF = date(2025, 11, 15)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    folder = tmp_path_factory.mktemp("world")
    made = simulate(Config(seed=10, scale=0.05, mess="full", since=date(2023, 7, 1)), folder / "raw")
    write_truth(made, folder / "truth")
    assert not list((folder / "raw").rglob("*.parquet"))
    yield made


@pytest.fixture(scope="module")
def funnel(made: Simulation) -> Funnel:
    return Funnel(made.world, made.knowledge, made.known_on, AS_OF)


def oracle_log(made: Simulation) -> list[dict[str, Any]]:
    return [{**vars(f), "file_sha256": f.sha256} for f in made.files]


def oracle_cells(made: Simulation) -> list[dict[str, Any]]:
    return [
        {"source": f.source, "received_on": f.received_on, "file_sha256": f.sha256, "sheet": c.sheet,
         "row_number": c.row, "column_name": c.column, "reason_code": c.reason}
        for f in made.files if f.status == "loaded" for c in f.cells
    ]  # fmt: skip


def oracle_projects(funnel: Funnel) -> list[dict[str, Any]]:
    return [
        {"project_id": p.project_id, "withdrawn_on": p.withdrawn_on, "signed_investment": p.signed_investment,
         "planned_investment": p.planned_investment, "investment_cum": sum(p.added.values(), Decimal(0)),
         **{f"{s}_{r}_on": p.dates[r].get(s) for s in STAGE_NAMES for r in READINGS}, **p.cuts}
        for p in funnel.projects
    ]  # fmt: skip


def oracle_figures(funnel: Funnel) -> list[dict[str, Any]]:
    out = []
    for (cut, value, kind, start, form, measure, variant), held in funnel.figures().sums.items():
        bases = ("amount",) if measure in ("investment_cum", "investment_completion_rate") else ("count", "amount")
        for basis in bases:
            told = {r: _told(held[r], measure, basis) for r in READINGS}
            both = [t[0] if t[1] is None else t[2] for t in told.values()]
            for reading, (numerator, denominator, rate) in told.items():
                out.append({
                    "cut_kind": cut, "cut_value": value, "window_kind": kind, "window_start": start, "form": form,
                    "measure": measure, "variant": variant, "basis": basis, "reading": reading,
                    "numerator": numerator, "denominator": denominator, "value": rate,
                    "unsupported_value": None if None in both else both[0] - both[1],  # type: ignore[operator]
                    "withdrawn_count": held[reading].withdrawn,
                    "is_mature": _is_mature(measure, variant, start, funnel.as_of),
                })  # fmt: skip
    return out


def test_an_oracle_differs_in_nothing(made: Simulation, funnel: Funnel) -> None:
    for result, least in (
        (compare_files(oracle_log(made), made.files), 300),
        (compare_cells(oracle_cells(made), made.files), 100),
        (compare_stage_dates(oracle_projects(funnel), funnel), 500),
        (compare_figures(oracle_figures(funnel), funnel), 10000),
    ):
        assert result.different == 0, result.examples[:5]
        assert result.compared > least, result.part


def test_an_empty_warehouse_differs_in_everything(made: Simulation, funnel: Funnel) -> None:
    for result in (
        compare_files([], made.files),
        compare_cells([], made.files),
        compare_stage_dates([], funnel),
        compare_figures([], funnel),
    ):
        assert result.different == result.compared > 30, result.part


def test_one_wrong_figure_is_found(made: Simulation, funnel: Funnel) -> None:
    figures = oracle_figures(funnel)
    figures[1000]["numerator"] += 1
    assert compare_figures(figures, funnel).different == 1
    log = oracle_log(made)
    loaded = next(i for i, r in enumerate(log) if r["status"] == "loaded")
    log[loaded]["money_accepted"] += Decimal("0.000001")
    assert compare_files(log, made.files).different == 1
    log.append({**log[loaded], "file_name": "多余.csv"})
    assert compare_files(log, made.files).different == 2
    projects = oracle_projects(funnel)
    projects[3]["started_claimed_on"] = date(1999, 1, 1)
    assert compare_stage_dates(projects, funnel).different == 1


def test_the_truth_reaches_every_stage_in_both_readings(funnel: Funnel) -> None:
    for stage in STAGE_NAMES[:-1]:
        for reading in READINGS:
            assert sum(stage in p.dates[reading] for p in funnel.projects) >= 3, (stage, reading)
    assert any(p.withdrawn_on for p in funnel.projects) and any(not p.in_ledger for p in funnel.projects)


def test_what_was_known_earlier_is_less(made: Simulation, funnel: Funnel) -> None:
    earlier = Funnel(made.world, made.knowledge, date(2024, 6, 30), date(2024, 6, 30))
    for stage in STAGE_NAMES[:4]:
        now, then = (sum(stage in p.dates["evidenced"] for p in f.projects) for f in (funnel, earlier))
        assert then < now, stage


def test_a_database_is_read_as_published(tmp_path: Path, made: Simulation, funnel: Funnel) -> None:
    path = tmp_path / "zhixiao.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema quality")
        con.execute("create schema marts")
        con.execute("create table quality.load_log (source varchar, received_on date, file_name varchar)")
        con.execute("create table quality.quarantine (source varchar)")
        con.execute("create table marts.fct_project_funnel (project_id varchar)")
        con.execute("create table marts.mart_funnel (reading varchar)")
    parts = compare(path, made.files, funnel)
    assert [p.part for p in parts] == ["files", "quarantined cells", "project stages", "mart_funnel"]
    assert all(p.different == p.compared for p in parts)
