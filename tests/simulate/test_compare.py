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
    Comparison,
    _is_mature,
    _told,
    compare,
    compare_cells,
    compare_deliveries,
    compare_figures,
    compare_files,
    compare_held_back,
    compare_stage_dates,
    compare_states,
    expected_deliveries,
)
from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.forms import FileTruth
from zhixiao.simulate.funnel import READINGS, STAGE_NAMES, Funnel
from zhixiao.simulate.model import Config
from zhixiao.simulate.repairs import Repairs
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
    funnel = Funnel(made.world, made.knowledge, made.known_on, AS_OF)
    # Every tenth is held back, so that the third reading is one of its own.
    funnel.hold_back([p.project_id for p in funnel.projects[::10]])
    return funnel


def oracle_log(made: Simulation) -> list[dict[str, Any]]:
    return [{**vars(f), "file_sha256": f.sha256} for f in made.files]


def oracle_cells(made: Simulation) -> list[dict[str, Any]]:
    return [
        {"source": f.source, "received_on": f.received_on, "file_sha256": f.sha256, "sheet": c.sheet,
         "row_number": c.row, "column_name": c.column, "reason_code": c.reason,
         "state": made.knowledge.repairs.state(f.source, f.received_on, c.key, c.scope, made.known_on)}
        for f in made.files if f.status == "loaded" and f.received_on for c in f.cells
    ]  # fmt: skip


def oracle_deliveries(made: Simulation) -> list[dict[str, Any]]:
    return [
        {"source": source, "period": period, "received_on": day, "due_on": due, "status": status, "rows": rows,
         "money": money}
        for (source, period, day), (due, status, rows, money)
        in expected_deliveries(made.files, made.known_on, AS_OF).items()
    ]  # fmt: skip


def states(made: Simulation, cells: list[dict[str, Any]]) -> Comparison:
    return compare_states(cells, made.files, made.knowledge.repairs, made.known_on)


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
            claimed, evidenced, verified = (t[0] if t[1] is None else t[2] for t in told.values())
            for reading, (numerator, denominator, rate) in told.items():
                out.append({
                    "cut_kind": cut, "cut_value": value, "window_kind": kind, "window_start": start, "form": form,
                    "measure": measure, "variant": variant, "basis": basis, "reading": reading,
                    "numerator": numerator, "denominator": denominator, "value": rate,
                    "unsupported_value": None if None in (claimed, evidenced) else claimed - evidenced,  # type: ignore[operator]
                    "held_back_value": None if None in (evidenced, verified) else evidenced - verified,  # type: ignore[operator]
                    "withdrawn_count": held[reading].withdrawn,
                    "is_mature": _is_mature(measure, variant, start, funnel.as_of),
                })  # fmt: skip
    return out


def test_an_oracle_differs_in_nothing(made: Simulation, funnel: Funnel) -> None:
    for result, least in (
        (compare_files(oracle_log(made), made.files), 300),
        (compare_cells(oracle_cells(made), made.files), 100),
        (states(made, oracle_cells(made)), 100),
        (compare_deliveries(oracle_deliveries(made), made.files, made.known_on, AS_OF), 150),
        (compare_stage_dates(oracle_projects(funnel), funnel), 500),
        (compare_figures(oracle_figures(funnel), funnel), 10000),
    ):
        assert result.different == 0, result.examples[:5]
        assert result.compared > least, result.part


def test_an_empty_warehouse_differs_in_everything(made: Simulation, funnel: Funnel) -> None:
    for result in (
        compare_files([], made.files),
        compare_cells([], made.files),
        compare_deliveries([], made.files, made.known_on, AS_OF),
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
    cells = oracle_cells(made)
    repaired = next(c for c in cells if c["state"] == "superseded")
    repaired["state"] = "open"
    assert states(made, cells).different == 1
    deliveries = oracle_deliveries(made)
    deliveries[5]["status"] = "missing"
    assert compare_deliveries(deliveries, made.files, made.known_on, AS_OF).different == 1
    projects = oracle_projects(funnel)
    projects[3]["started_claimed_on"] = date(1999, 1, 1)
    assert compare_stage_dates(projects, funnel).different == 1


def test_who_is_held_back() -> None:
    """A project, both sides of a pair, all projects of a firm; of a repeat signing one side will do."""
    held = {"P1", "P2", "P3", "P5", "P6", "P7"}
    rows = [
        {"project_id": f"P{i}", "signing_row_no": f"N{i}" if i < 7 else None, "project_code": f"C{i}",
         "uscc": "F" if i in (5, 6) else None, "is_held_back": f"P{i}" in held}
        for i in range(1, 9)
    ]  # fmt: skip
    found = [
        {"check_id": check, "entity_type": kind, "entity_id": one, "counterpart_id": other}
        for check, kind, one, other in (
            ("R01", "project", "N1", None), ("R13", "project", "N2", "N3"), ("R11", "project", "C7", "N4"),
            ("R25", "enterprise", "F", None), ("R20", "reporting_unit", "N8", None), ("R33", "project", "N1", "开工"),
        )
    ]  # fmt: skip
    told = compare_held_back(rows, found)
    assert (told.compared, told.different) == (7, 0), told.examples
    rows[7]["is_held_back"] = True
    rows[6]["is_held_back"] = False
    assert compare_held_back(rows, found).different == 2


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
        con.execute("create table quality.delivery (source varchar)")
        con.execute("create table marts.fct_project_funnel (project_id varchar)")
        con.execute("create table marts.mart_funnel (reading varchar)")
        con.execute("create schema checks")
        con.execute(
            "create table checks.fct_check_result (check_id varchar, entity_type varchar, entity_id varchar,"
            " counterpart_id varchar, outcome varchar, effective_severity varchar)"
        )
    parts = compare(path, made.files, funnel)
    assert [p.part for p in parts] == [
        "files", "quarantined cells", "quarantine states", "deliveries", "project stages", "held back",
        "mart_funnel",
    ]  # fmt: skip
    assert all(p.different == p.compared for p in parts)


def test_what_becomes_of_a_spoiled_row() -> None:
    """By its key where it can be read, else by what replaces the whole; an event without a key stays open."""
    repairs, june, july = Repairs(), date(2025, 6, 9), date(2025, 7, 9)
    may = {"stat_period": date(2025, 5, 31), "uscc": "A"}
    repairs.add(Delivery("sales", june, "x", [], "csv"), [Line(may)])
    repairs.add(Delivery("fai", july, "x", [], "csv"), [
        Line({"stat_period": date(2025, 5, 31), "project_code": "C", "submission_kind": "更正"})
    ])  # fmt: skip
    repairs.add(Delivery("signing", july, "x", [], "csv"), [Line({"signing_row_no": "Q1"})])
    repairs.add(
        Delivery("target", july, "x", [], "csv"), [Line({"stat_year": 2025, "reporting_unit": "b", "metric": "m"})]
    )
    month = str(2025 * 12 + 4)
    for source, day, key, scope, state in (
        ("sales", date(2025, 6, 1), "2025-05-31|A", month, "superseded"),
        ("sales", june, "2025-05-31|A", month, "open"),
        ("sales", date(2025, 6, 1), "2025-05-31|B", month, "open"),
        ("sales", date(2025, 6, 1), None, month, "superseded"),
        ("sales", date(2025, 6, 1), None, str(2025 * 12 + 3), "open"),
        ("sales", date(2025, 6, 1), None, None, None),
        ("fai", june, None, month, None),
        ("signing", june, None, "*", "superseded"),
        ("signing", june, "Q2", "*", "open"),
        ("target", june, None, "2025", "superseded"),
        ("target", june, None, "2024", "open"),
        ("filing", june, None, None, "open"),
    ):
        assert repairs.state(source, day, key, scope, date(2025, 8, 1)) == state, (source, day, key, scope)
    assert repairs.state("signing", june, None, "*", date(2025, 7, 8)) == "open"


def test_months_are_late_missing_or_expected() -> None:
    def file(source: str, day: date, period: str, rows: int) -> FileTruth:
        return FileTruth(source, day, "x", "x", rows_accepted=rows, money_accepted=Decimal(rows), period=period)

    files = [
        file("fai", date(2024, 12, 15), "2024-11", 3), file("fai", date(2025, 1, 16), "2024-12", 4),
        file("fai", date(2025, 3, 10), "2025-02", 5), file("fai", date(2025, 3, 20), "2025-02", 1),
        file("target", date(2024, 4, 2), "2024", 7),
    ]  # fmt: skip
    told = expected_deliveries(files, date(2025, 4, 30), date(2025, 4, 30))
    assert told == {
        ("fai", "2024-11", date(2024, 12, 15)): (date(2024, 12, 15), "received", 3, Decimal(3)),
        ("fai", "2024-12", date(2025, 1, 16)): (date(2025, 1, 15), "late", 4, Decimal(4)),
        ("fai", "2025-02", date(2025, 3, 10)): (date(2025, 3, 15), "received", 5, Decimal(5)),
        ("fai", "2025-02", date(2025, 3, 20)): (date(2025, 3, 15), "received", 1, Decimal(1)),
        ("fai", "2025-03", None): (date(2025, 4, 15), "missing", 0, None),
        ("fai", "2025-04", None): (date(2025, 5, 15), "expected", 0, None),
        ("target", "2024", date(2024, 4, 2)): (date(2024, 3, 31), "late", 7, Decimal(7)),
        ("target", "2025", None): (date(2025, 3, 31), "missing", 0, None),
    }
