"""Every rule of the gate on deliveries: a sound warehouse, one failing case each, and rules that cannot run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import gate
from expectations.gate import RULES, GateResult, run_gate
from expectations.measures import as_ranges, due_on, expected_periods
from expectations.registry import rule_info
from expectations.results import ResultRow, read_results
from zhixiao.contracts import load_contract
from zhixiao.errors import LockError
from zhixiao.landing.report import LandedPaths

from .builders import Desk, sales_rows, settings_in

MONTHS = [
    ("2025-01", "2025-01-31", "2025-02-10"),
    ("2025-02", "2025-02-28", "2025-03-10"),
    ("2025-03", "2025-03-31", "2025-04-10"),
]


def sound(path: Path) -> Desk:
    """Three months of sales and three signing ledgers, with nothing to say about them."""
    desk = Desk(settings_in(path))
    for period, last_day, received in MONTHS:
        rows = sales_rows(last_day)
        total = sum(r["invoiced_sales"] for r in rows)
        control = {"row_number": 42, "label": "合计", "values": {"invoiced_sales": str(total)}}
        desk.deliver("sales", received, rows, scopes=[period], controls=[control])
    for i, received in enumerate(("2025-01-12", "2025-02-12", "2025-03-12")):
        desk.deliver("signing", received, signing_rows(40 + i))
    return desk


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A sound warehouse that the gate has judged once: copied, never changed."""
    desk = sound(tmp_path_factory.mktemp("judged"))
    assert run_gate(desk.settings, desk.drops).notices == []
    return desk


@pytest.fixture
def desk(judged: Desk, tmp_path: Path) -> Desk:
    """A copy of the judged warehouse, for one case to spoil."""
    copy = Desk(settings_in(tmp_path))
    shutil.copytree(judged.settings.warehouse_dir, copy.settings.warehouse_dir)
    copy.drops = list(judged.drops)
    return copy


def signing_rows(n: int) -> list[dict[str, Any]]:
    return [
        {
            "signing_row_no": f"JY-{i:03d}",
            "project_name": f"项目{i}",
            "reporting_unit": "开发区",
            "signed_investment": 10000 + i,
            "signing_date": "2024-12-01",
        }
        for i in range(n)
    ]


def failing(result: GateResult) -> dict[str, list[ResultRow]]:
    out: dict[str, list[ResultRow]] = {}
    for row in result.rows:
        if not row.success:
            out.setdefault(row.rule_id, []).append(row)
    return out


def test_a_sound_warehouse_passes_every_rule(tmp_path: Path) -> None:
    desk = sound(tmp_path)
    result = run_gate(desk.settings, desk.drops)
    assert failing(result) == {}
    assert {r.rule_id for r in result.rows} == {r.rule_id for r in RULES}
    assert result.problems == [] and result.notices == [] and result.critical == 0
    volume = next(r for r in result.rows if r.rule_id == "gate.volume.rows" and r.source == "sales")
    assert (volume.success, volume.examined_count, volume.unexpected_count) == (True, 1, 0)
    assert read_results(desk.settings, "gate") == sorted(result.rows, key=lambda r: r.sort_key)


APRIL = {"scopes": ["2025-04"]}
Spoil = Callable[[Desk], object]


def spoil_report(desk: Desk, **changes: Any) -> None:
    desk.deliver("sales", "2025-05-10", sales_rows("2025-04-30"), **APRIL, **changes)


def missing_rows_file(desk: Desk) -> None:
    drop = desk.deliver("sales", "2025-05-10", sales_rows("2025-04-30"), **APRIL)
    LandedPaths.of(desk.settings.landed_dir, "sales", drop.sha256).rows.write_bytes(b"PAR1 cut off")


def missing_report(desk: Desk) -> None:
    drop = desk.deliver("sales", "2025-05-10", sales_rows("2025-04-30"), **APRIL)
    LandedPaths.of(desk.settings.landed_dir, "sales", drop.sha256).report.unlink()


def rejects(n: int) -> list[dict[str, Any]]:
    return [
        {"row_number": 100 + i, "column_name": "uscc", "cell_text": "坏", "reason_code": "uscc_length"}
        for i in range(n)
    ]


def control(label: str, value: str, row_number: int = 42) -> list[dict[str, Any]]:
    return [{"row_number": row_number, "label": label, "values": {"invoiced_sales": value}}]


def half_empty(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [{**r, column: None} if i % 2 else r for i, r in enumerate(rows)]


def later_dates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**r, "signing_date": "2025-12-31"} if i == 7 else r for i, r in enumerate(rows)]


CASES: list[tuple[str, str, Spoil, str, str]] = [
    ("gate.artefact.readable", "rows cut off", missing_rows_file, "sales/2025-05-10/a.xlsx", "magic bytes"),
    ("gate.artefact.readable", "no report", missing_report, "sales/2025-05-10/a.xlsx", "FileNotFoundError"),
    (
        "gate.accounting.rows", "a row unaccounted for",
        lambda d: spoil_report(d, rows_read=41), "sales/2025-05-10/a.xlsx", "read 41, accepted 40 (stored 40)",
    ),
    (
        "gate.accounting.rows", "fewer rows stored than accepted",
        lambda d: spoil_report(d, rows_read=45, rows_accepted=45), "sales/2025-05-10/a.xlsx", "(stored 40)",
    ),
    (
        "gate.accounting.money", "money unaccounted for",
        lambda d: spoil_report(d, money_read=Decimal("4780.5")), "sales/2025-05-10/a.xlsx", "0.5",
    ),
    (
        "gate.volume.rows", "four times as many rows",
        lambda d: d.deliver("sales", "2025-05-10", sales_rows("2025-04-30", n=160), **APRIL),
        "sales/2025-05-10", "160",
    ),
    (
        "gate.volume.rows", "a quarter of the rows",
        lambda d: d.deliver("sales", "2025-05-10", sales_rows("2025-04-30", n=10), **APRIL),
        "sales/2025-05-10", "10",
    ),
    (
        "gate.register.shrunk", "a ledger cut in half",
        lambda d: d.deliver("signing", "2025-04-12", signing_rows(21)), "signing/2025-04-12", "21",
    ),
    (
        "gate.freshness.late", "after the due day",
        lambda d: d.deliver("sales", "2025-05-20", sales_rows("2025-04-30"), **APRIL),
        "sales/2025-05-20", "5 days (2025-04)",
    ),
    (
        "gate.freshness.silence", "a monthly ledger after four months",
        lambda d: d.deliver("signing", "2025-07-12", signing_rows(43)), "signing/2025-07-12", "122",
    ),
    (
        "gate.freshness.future", "signed after it was received",
        lambda d: d.deliver("signing", "2025-04-12", later_dates(signing_rows(43))),
        "signing/2025-04-12/a.xlsx", "2025-12-31",
    ),
    (
        "gate.completeness.periods", "two months left out",
        lambda d: d.deliver("sales", "2025-07-10", sales_rows("2025-06-30"), scopes=["2025-06"]),
        "sales", "2: 2025-04..2025-05",
    ),
    (
        "gate.nulls.drift", "half the amounts empty",
        lambda d: d.deliver("sales", "2025-05-10", half_empty(sales_rows("2025-04-30"), "invoiced_sales"), **APRIL),
        "sales/2025-05-10#invoiced_sales", "0.5",
    ),
    (
        "gate.columns.vanished", "a column gone",
        lambda d: spoil_report(d, absent=("company_name",)), "sales/2025-05-10#company_name", "absent",
    ),
    (
        "gate.columns.unknown", "a new column",
        lambda d: spoil_report(d, unknown_columns=["数据批次"]), "sales/2025-05-10/a.xlsx", "数据批次",
    ),
    (
        "gate.columns.personal", "phones",
        lambda d: spoil_report(d, personal_columns=["联系电话"]), "sales/2025-05-10/a.xlsx", "联系电话",
    ),
    (
        "gate.quarantine.share", "a third in quarantine",
        lambda d: spoil_report(d, rejects=rejects(20)), "sales/2025-05-10/a.xlsx", "0.3333",
    ),
    (
        "gate.control.difference", "a wrong total",
        lambda d: spoil_report(d, controls=control("合计", "9999")), "sales/2025-05-10/a.xlsx#42#invoiced_sales",
        "4780",
    ),
    (
        "gate.unit.factor_ten", "ten times the amounts",
        lambda d: d.deliver("sales", "2025-05-10", sales_rows("2025-04-30", scale=10), **APRIL),
        "sales/2025-05-10/a.xlsx#invoiced_sales", "1195",
    ),
    (
        "gate.unit.drift", "yuan read as 10,000 yuan",
        lambda d: d.deliver("sales", "2025-05-10", sales_rows("2025-04-30", scale=10000), **APRIL),
        "sales/2025-05-10/a.xlsx#invoiced_sales", "1195000",
    ),
    (
        "gate.duplicates.rows", "rows pasted twice",
        lambda d: d.deliver(
            "sales", "2025-05-10", sales_rows("2025-04-30") + sales_rows("2025-04-30", n=5), **APRIL
        ),
        "sales/2025-05-10/a.xlsx", "5",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule_id", "spoil", "entity", "observed"), [(c[0], *c[2:]) for c in CASES],
                         ids=[f"{c[0]}: {c[1]}" for c in CASES])  # fmt: skip
def test_one_rule_fails_and_only_that(desk: Desk, rule_id: str, spoil: Spoil, entity: str, observed: str) -> None:
    run_gate(desk.settings, desk.drops)
    spoil(desk)
    result = run_gate(desk.settings, desk.drops)
    found = failing(result)
    assert set(found) == {rule_id}
    (row,) = found[rule_id]
    info = rule_info(rule_id)
    assert row.entity == entity
    assert observed in str(row.observed)
    assert (row.outcome, row.severity, row.unexpected_count) == ("fail", info.severity, 1)
    assert row.owner == (load_contract(str(row.source)).owner_department if info.owner == "source" else info.owner)
    assert entity.split("#")[0] in row.message_zh and entity.split("#")[0] in row.message_en
    assert row.message_zh.isascii() is False and len(result.notices) == 1
    assert result.critical == (1 if info.severity == "critical" else 0)


def test_a_majority_in_quarantine_is_critical(desk: Desk) -> None:
    spoil_report(desk, rejects=rejects(60))
    found = failing(run_gate(desk.settings, desk.drops))
    assert set(found) == {"gate.quarantine.share", "gate.quarantine.majority"}
    assert found["gate.quarantine.majority"][0].severity == "critical"


def test_every_rule_has_a_failing_case() -> None:
    assert {c[0] for c in CASES} | {"gate.quarantine.majority"} == {r.rule_id for r in RULES}


@pytest.mark.parametrize(
    ("controls", "fails"),
    [
        (control("小计", str(sum(range(100, 110))), 12) + control("合计", "4780"), False),
        (control("小计", "1"), True),
        (control("其中：技改", "3"), False),
        (control("合计", "4784"), False),  # within 0.1 %: rounding of the parts
    ],
    ids=["part and whole", "wrong part", "part of other rows", "rounding"],
)
def test_control_rows_by_their_kind(desk: Desk, controls: list[dict[str, Any]], fails: bool) -> None:
    rows = sales_rows("2025-04-30")
    for i, row in enumerate(rows):
        row["row_number"] = i + 2 if i < 10 else i + 3  # the part's row stands between
    if controls[0]["label"] == "小计" and not fails:
        controls[1]["row_number"] = 43
    desk.deliver("sales", "2025-05-10", rows, controls=controls, **APRIL)
    assert ("gate.control.difference" in failing(run_gate(desk.settings, desk.drops))) is fails


def test_a_part_may_close_several_parts(desk: Desk) -> None:
    rows = sales_rows("2025-04-30", n=20)
    for i, row in enumerate(rows):
        row["row_number"] = i + 2 + (i >= 5) + (i >= 10) * 2 + (i >= 15)
    sums = [sum(range(100 + a, 100 + b)) for a, b in ((0, 5), (5, 10), (0, 10), (10, 15), (0, 20))]
    controls = [
        *control("小计", str(sums[0]), 7),
        *control("小计", str(sums[1]), 13),
        *control("镇小计", str(sums[2]), 14),
        *control("小计", str(sums[3]), 20),
        *control("合计", str(sums[4]), 26),
    ]
    desk.deliver("sales", "2025-05-10", rows, controls=controls, **APRIL)
    result = run_gate(desk.settings, desk.drops)
    assert failing(result) == {}
    assert max(r.examined_count for r in result.rows if r.rule_id == "gate.control.difference") == 8


def test_a_difference_that_quarantine_explains_is_not_told(desk: Desk) -> None:
    lost = [{"row_number": 99, "column_name": "uscc", "cell_text": "", "reason_code": "key_empty", "money": 500}]
    rows = sales_rows("2025-04-30")
    desk.deliver("sales", "2025-05-10", rows, controls=control("合计", "5280"), rejects=lost, **APRIL)
    assert "gate.control.difference" not in failing(run_gate(desk.settings, desk.drops))
    desk.deliver("sales", "2025-05-11", rows, controls=control("合计", "6000"), rejects=lost, **APRIL)
    assert "gate.control.difference" in failing(run_gate(desk.settings, desk.drops))


def test_january_without_report_is_no_hole(tmp_path: Path) -> None:
    desk = Desk(settings_in(tmp_path))
    for period, received in (("2024-12", "2025-01-10"), ("2025-02", "2025-03-10")):
        desk.deliver("output", received, [], scopes=[period])
    assert "gate.completeness.periods" not in failing(run_gate(desk.settings, desk.drops))


def test_restatements_and_repeats_are_no_measure_of_volume(desk: Desk) -> None:
    desk.deliver("sales", "2025-04-20", sales_rows("2025-03-31", n=2), scopes=["2025-03"], restates_by_key=True)
    first = desk.drops[0]
    desk.deliver("sales", "2025-04-25", [], same_as=first)
    assert failing(run_gate(desk.settings, desk.drops)) == {}


def test_only_tonights_failures_are_told_and_the_table_stays(desk: Desk) -> None:
    spoil_report(desk, unknown_columns=["数据批次"])
    first = run_gate(desk.settings, desk.drops)
    again = run_gate(desk.settings, desk.drops)
    assert len(first.notices) == 1 and again.notices == []
    assert first.read_files == 1 and again.read_files == 0
    assert again.rows == first.rows
    explicit = run_gate(desk.settings, desk.drops, new=[desk.drops[-1]])
    assert len(explicit.notices) == 1


def test_known_on_hides_what_came_later(desk: Desk) -> None:
    before = run_gate(desk.settings, desk.drops).rows
    spoil_report(desk, unknown_columns=["数据批次"])
    assert run_gate(desk.settings, desk.drops, known_on=date(2025, 5, 9)).rows == before


def test_the_order_of_drops_and_a_lost_state_change_nothing(desk: Desk) -> None:
    spoil_report(desk, rejects=rejects(20), unknown_columns=["b", "a"])
    rows = run_gate(desk.settings, desk.drops).rows
    (desk.settings.state_dir / "gate.duckdb").write_bytes(b"not a database")
    assert run_gate(desk.settings, desk.drops[::-1]).rows == rows


def test_a_refused_file_is_not_the_gates_business(desk: Desk) -> None:
    desk.deliver("sales", "2025-05-10", [], status="refused", reason_code="unreadable", rows_read=None)
    assert failing(run_gate(desk.settings, desk.drops)) == {}


def test_nothing_delivered_is_no_error(tmp_path: Path) -> None:
    result = run_gate(settings_in(tmp_path), [])
    assert result.rows == [] and result.problems == []


def test_the_gate_changes_nothing_that_landed(desk: Desk) -> None:
    before = {p: p.read_bytes() for p in desk.settings.landed_dir.rglob("*") if p.is_file()}
    run_gate(desk.settings, desk.drops)
    after = {p: p.read_bytes() for p in desk.settings.landed_dir.rglob("*") if p.is_file()}
    assert after == before


def test_rules_that_cannot_run_are_critical_and_do_not_pull_others_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = gate.build_measures

    def build_and_break(connection: duckdb.DuckDBPyConnection, *rest: Any) -> None:
        build(connection, *rest)
        connection.execute("ALTER TABLE delivery DROP COLUMN volume_ratio")  # a built-in expectation
        connection.execute("ALTER TABLE file DROP COLUMN money_gap")  # an expectation in SQL
        connection.execute("DROP TABLE series")  # a whole suite

    monkeypatch.setattr(gate, "build_measures", build_and_break)
    result = run_gate(desk.settings, desk.drops)
    found = failing(result)
    assert set(found) == {"gate.volume.rows", "gate.accounting.money", "gate.completeness.periods"}
    for rows in found.values():
        (row,) = rows
        assert (row.outcome, row.severity, row.success, row.owner) == ("broken", "critical", False, "数据组")
        assert "没能运行" in row.message_zh and "could not run" in row.message_en
    assert len(result.problems) == 3 and result.critical == 3


@pytest.mark.parametrize("rule", RULES, ids=[r.rule_id for r in RULES])
def test_each_rule_is_broken_without_its_measures(rule: Any, broken: dict[str, ResultRow]) -> None:
    row = broken[rule.rule_id]
    assert (row.outcome, row.severity, row.success) == ("broken", "critical", False)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ResultRow]:
    """Every measure table has lost its columns."""
    desk = sound(tmp_path_factory.mktemp("broken"))
    patch = pytest.MonkeyPatch()

    def build_nothing(connection: duckdb.DuckDBPyConnection, *rest: Any) -> None:
        for table in {r.table for r in RULES}:
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT 1 AS other")

    patch.setattr(gate, "build_measures", build_nothing)
    try:
        return {r.rule_id: r for r in run_gate(desk.settings, desk.drops).rows}
    finally:
        patch.undo()


def test_districts_are_compared_with_themselves(desk: Desk) -> None:
    home = list(desk.drops)
    for drop in home:
        desk.drops.append(replace(drop, district="321281"))
    assert failing(run_gate(desk.settings, desk.drops)) == {}
    desk.deliver("signing", "2025-04-12", signing_rows(21))
    desk.drops[-1] = replace(desk.drops[-1], district="321281")
    (row,) = failing(run_gate(desk.settings, desk.drops))["gate.register.shrunk"]
    assert (row.entity, row.district_code) == ("321281/signing/2025-04-12", "321281")


def test_a_damaged_state_is_rebuilt_and_a_taken_one_waits(desk: Desk) -> None:
    rows = run_gate(desk.settings, desk.drops).rows
    state = desk.settings.state_dir / "gate.duckdb"
    damaged = bytearray(state.read_bytes())
    for start in range(0, len(damaged), 4096):
        damaged[start + 100 : start + 132] = b"\xff" * 32
    state.write_bytes(damaged)
    assert run_gate(desk.settings, desk.drops).rows == rows
    code = f"import duckdb,sys; c = duckdb.connect({str(state)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        with pytest.raises(LockError):
            run_gate(desk.settings, desk.drops)
        other.communicate(b"")
    assert state.exists()


def test_due_days_and_months_follow_the_contract() -> None:
    sales, output = load_contract("sales"), load_contract("output")
    assert due_on(sales, "2025-03") == date(2025, 4, 15)
    assert due_on(sales, "2024-12") == date(2025, 1, 15)
    assert due_on(load_contract("target"), "2025-01") is None
    assert expected_periods(sales, "2024-12", "2025-02") == ["2024-12", "2025-01", "2025-02"]
    assert expected_periods(output, "2024-12", "2025-02") == ["2024-12", "2025-02"]
    months = expected_periods(output, "2024-11", "2025-06")
    assert as_ranges(["2024-12", "2025-02", "2025-05"], months) == ["2024-12..2025-02", "2025-05"]
