"""A published warehouse against the truth: every file, every quarantined cell, every stage date, every figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.contracts import load_contract
from zhixiao.simulate.calendar import add_months
from zhixiao.simulate.forms import CellTruth, FileTruth
from zhixiao.simulate.funnel import READINGS, STAGE_NAMES, Funnel, Sums
from zhixiao.simulate.repairs import Repairs
from zhixiao.warehouse.db import as_dicts

MONEY = Decimal("0.000001")
COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_control", "rows_ignored")
SUMS = ("money_read", "money_accepted", "money_quarantined")
RATE_MEASURES = ("filing_rate", "start_rate", "production_rate", "on_target_rate", "landing_rate_36m")
EXAMPLES = 40


@dataclass
class Comparison:
    """How much was compared in one part, how much differs, and the first differences."""

    part: str
    compared: int = 0
    different: int = 0
    examples: list[str] = field(default_factory=list)

    def tell(self, what: str) -> None:
        self.different += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(what)

    def check(self, where: str, expected: Any, found: Any) -> None:
        self.compared += 1
        if expected != found:
            self.tell(f"{where}: expected {expected}, found {found}")


def compare(database: Path, files: list[FileTruth], funnel: Funnel) -> list[Comparison]:
    """All parts, read from the published file alone."""
    with duckdb.connect(str(database), read_only=True) as con:
        projects = _rows(con, "marts.fct_project_funnel")
        funnel.hold_back([r["project_id"] for r in projects if r.get("is_held_back")])
        return [
            compare_files(_rows(con, "quality.load_log"), files),
            compare_cells(_rows(con, "quality.quarantine"), files),
            compare_states(_rows(con, "quality.quarantine"), files, funnel.known.repairs, funnel.known_on),
            compare_deliveries(_rows(con, "quality.delivery"), files, funnel.known_on, funnel.as_of),
            compare_stage_dates(projects, funnel),
            compare_held_back(projects, _findings(con)),
            compare_figures(_rows(con, "marts.mart_funnel"), funnel),
        ]


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    return as_dicts(con.execute(f"from {table}"))


def _findings(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The effective blocks and quarantines that nobody has explained."""
    decided = con.execute(
        "select count(*) from duckdb_columns() where schema_name = 'checks' and table_name = 'finding_decision'"
        " and column_name = 'decision'"
    ).fetchone()
    explained = (
        "finding_id not in (select finding_id from checks.finding_decision"
        " where decision = 'explained' and state = 'in_force')"
    )
    return _rows(
        con,
        "(select check_id, entity_type, entity_id, counterpart_id from checks.fct_check_result"
        " where outcome = 'fail' and effective_severity in ('block', 'quarantine')"
        f" and {explained if decided and decided[0] else 'true'})",
    )


def compare_files(log: Iterable[dict[str, Any]], files: list[FileTruth]) -> Comparison:
    """Outcome, counts and money of every file."""
    out = Comparison("files")
    found = {(r["source"], str(r["received_on"]), r["file_name"]): r for r in log}
    for truth in files:
        key = (truth.source, str(truth.received_on), truth.file_name)
        row = found.pop(key, None)
        where = "/".join(key)
        if row is None:
            out.check(where, "a row in the load log", None)
            continue
        wrong = [] if row["file_sha256"] == truth.sha256 else ["file_sha256"]
        for name in ("status", "reason_code", *(COUNTS if truth.status == "loaded" else ())):
            if row[name] != getattr(truth, name):
                wrong.append(f"{name} expected {getattr(truth, name)} found {row[name]}")
        for name in SUMS if truth.status == "loaded" else ():
            expected, had = getattr(truth, name), row[name]
            if had is None or Decimal(had).quantize(MONEY) != expected.quantize(MONEY):
                wrong.append(f"{name} expected {expected} found {had}")
        out.check(where, [], wrong)
    for key in sorted(found):
        out.check("/".join(key), None, "a row in the load log")
    return out


def compare_cells(quarantine: Iterable[dict[str, Any]], files: list[FileTruth]) -> Comparison:
    """Every quarantined cell by file, sheet, row, column and reason; of a doubled key not by column."""
    out = Comparison("quarantined cells")
    expected = {_cell_key(f, c): f.file_name for f in files if f.status == "loaded" for c in f.cells}
    found = {_found_key(r) for r in quarantine}
    for k in sorted(expected.keys() | found):
        out.check(f"{k} {expected.get(k, '')}", k in expected, k in found)
    return out


def _cell_key(f: FileTruth, c: CellTruth) -> tuple[Any, ...]:
    column = "" if c.reason == "duplicate_key" else c.column
    return f.source, str(f.received_on), f.sha256[:12], c.sheet, c.row, column, c.reason


def _found_key(r: dict[str, Any]) -> tuple[Any, ...]:
    column = "" if r["reason_code"] == "duplicate_key" else r["column_name"]
    return (
        r["source"], str(r["received_on"]), r["file_sha256"][:12], r["sheet"], r["row_number"], column,
        r["reason_code"],
    )  # fmt: skip


def compare_states(
    quarantine: Iterable[dict[str, Any]], files: list[FileTruth], repairs: Repairs, known_on: date
) -> Comparison:
    """Whether a later delivery has repaired the row, of every quarantined cell that both know."""
    out = Comparison("quarantine states")
    found = {_found_key(r): r["state"] for r in quarantine}
    for f in files:
        if f.status != "loaded" or f.received_on is None:
            continue
        for c in f.cells:
            key = _cell_key(f, c)
            expected = repairs.state(f.source, f.received_on, c.key, c.scope, known_on)
            if key in found and expected is not None:
                out.check(f"{key} {f.file_name}", expected, found[key])
    return out


def compare_deliveries(
    told: Iterable[dict[str, Any]], files: list[FileTruth], known_on: date, as_of: date
) -> Comparison:
    """Due day, status, rows and money of every month or year of the sources whose files say which it is."""
    out = Comparison("deliveries")
    expected = expected_deliveries(files, known_on, as_of)
    sources = {source for source, _, _ in expected}
    # A file that changes nothing may stand as a delivery of its day, or not: the pages do not say.
    repeats = {(f.source, f.received_on) for f in files if f.status == "unchanged"}
    found = {
        (r["source"], r["period"], r["received_on"]): (r["due_on"], r["status"], r["rows"], r["money"])
        for r in told
        if r["source"] in sources
    }
    for key in sorted(expected.keys() | found.keys(), key=str):
        if key in expected or (key[0], key[2]) not in repeats:
            out.check("/".join(str(k) for k in key), expected.get(key), found.get(key))
    return out


Told = tuple[date | None, str, int, Decimal | None]
"""Due day, status, rows, money."""


def expected_deliveries(
    files: list[FileTruth], known_on: date, as_of: date
) -> dict[tuple[str, str, date | None], Told]:
    """(source, period, received day) -> what should be told of it; without a day where nothing has come."""
    by_period: dict[str, dict[str, dict[date, list[FileTruth]]]] = {}
    for f in files:
        if f.status == "loaded" and f.period and f.received_on is not None:
            by_period.setdefault(f.source, {}).setdefault(f.period, {}).setdefault(f.received_on, []).append(f)
    out: dict[tuple[str, str, date | None], Told] = {}
    for source, held in by_period.items():
        due = {p: _due_on(source, p) for p in _periods_over(source, min(held), as_of)}
        for period in sorted(due.keys() | held.keys()):
            days = held.get(period, {})
            due_on = due.get(period)
            if not days:
                assert due_on is not None
                out[source, period, None] = (due_on, "missing" if due_on < known_on else "expected", 0, None)
                continue
            status = "late" if due_on is not None and min(days) > due_on else "received"
            for day, some in days.items():
                rows = sum(f.rows_accepted or 0 for f in some)
                money = sum((f.money_accepted or Decimal(0) for f in some), Decimal(0)).quantize(MONEY)
                out[source, period, day] = (due_on, status, rows, money)
    return out


def _periods_over(source: str, first: str, as_of: date) -> list[str]:
    """The months that are over by as_of, but for those without a report; the years until the one that runs."""
    if len(first) == 4:
        return [str(y) for y in range(int(first), as_of.year + 1)]
    out, start = [], date(int(first[:4]), int(first[5:]), 1)
    while add_months(start, 1) <= as_of + timedelta(days=1):
        if start.month not in load_contract(source).months_without_report:
            out.append(f"{start:%Y-%m}")
        start = add_months(start, 1)
    return out


def _due_on(source: str, period: str) -> date:
    """The 15th of the next month; of a year the 31st of March in it (sources.md section 3)."""
    if len(period) == 4:
        return date(int(period), 3, 31)
    return add_months(date(int(period[:4]), int(period[5:]), 1), 1).replace(day=load_contract(source).due_day)


def compare_stage_dates(rows: Iterable[dict[str, Any]], funnel: Funnel) -> Comparison:
    """Stage dates, cuts and amounts of every project."""
    out = Comparison("project stages")
    found = {r["project_id"]: r for r in rows}
    for p in funnel.projects:
        row = found.pop(p.project_id, None)
        if row is None:
            out.check(p.project_id, "a project", None)
            continue
        for stage in STAGE_NAMES:
            for reading in READINGS:
                name = f"{stage}_{reading}_on"
                out.check(f"{p.project_id} {name}", p.dates[reading].get(stage), row[name])
        out.check(f"{p.project_id} withdrawn_on", p.withdrawn_on, row["withdrawn_on"])
        for cut, value in p.cuts.items():
            if cut in row:
                out.check(f"{p.project_id} {cut}", value, row[cut])
        out.check(f"{p.project_id} signed_investment", p.signed_investment, row["signed_investment"])
        out.check(f"{p.project_id} planned_investment", p.planned_investment, row["planned_investment"])
        out.check(f"{p.project_id} investment_cum", sum(p.added.values(), Decimal(0)), row["investment_cum"])
    for project_id in sorted(found):
        out.check(project_id, None, "a project")
    return out


def compare_held_back(rows: Iterable[dict[str, Any]], findings: Iterable[dict[str, Any]]) -> Comparison:
    """Who is out of the verified totals: the project, both sides of a pair, all projects of the firm.

    Of a pair of R11 at least one side: which repeat signing is the later one, the registers say.
    """
    out = Comparison("held back")
    held = {r["project_id"]: bool(r.get("is_held_back")) for r in rows}
    units = {r["signing_row_no"] or r["project_code"]: r["project_id"] for r in rows if "uscc" in r}
    firms: dict[str | None, list[str]] = {}
    for r in rows:
        firms.setdefault(r.get("uscc"), []).append(r["project_id"])
    expected: set[str] = set()
    perhaps: set[str] = set()
    for f in findings:
        if f["entity_type"] == "enterprise":
            expected.update(firms.get(f["entity_id"], ()))
        if f["entity_type"] != "project":
            continue
        sides = {units[i] for i in (f["entity_id"], f["counterpart_id"]) if i in units}
        if f["check_id"] == "R11":
            out.check(f"R11 {sorted(sides)}", True, any(held[s] for s in sides))
            perhaps |= sides
        else:
            expected |= sides
    for project_id, is_held_back in sorted(held.items()):
        if project_id in expected or project_id not in perhaps:
            out.check(project_id, project_id in expected, is_held_back)
    return out


def compare_figures(rows: Iterable[dict[str, Any]], funnel: Funnel) -> Comparison:
    """Numerator, denominator, value, both differences and withdrawn count of every row of mart_funnel."""
    out = Comparison("mart_funnel")
    figures = funnel.figures()
    nothing = {r: Sums() for r in READINGS}
    seen = set()
    for row in rows:
        key = (row["cut_kind"], row["cut_value"], row["window_kind"], row["window_start"], row["form"],
               row["measure"], row["variant"])  # fmt: skip
        held = figures.sums.get(key, nothing)
        seen.add(key)
        told = {r: _told(held[r], row["measure"], row["basis"]) for r in READINGS}
        numerator, denominator, value = told[row["reading"]]
        where = f"{'/'.join(str(k) for k in key)}/{row['basis']}/{row['reading']}"
        unsupported = _difference(told["claimed"], told["evidenced"])
        held_back = _difference(told["evidenced"], told["verified"])
        mature = _is_mature(row["measure"], row["variant"], row["window_start"], funnel.as_of)
        out.check(
            where,
            (numerator, denominator, value, unsupported, held_back, held[row["reading"]].withdrawn, mature),
            (row["numerator"], row["denominator"], row["value"], row["unsupported_value"], row["held_back_value"],
             row["withdrawn_count"], row["is_mature"]),
        )  # fmt: skip
    for key in figures.sums.keys() - seen:
        out.check("/".join(str(k) for k in key), "rows of mart_funnel", None)
    return out


def _difference(
    upper: tuple[Decimal, Decimal | None, Decimal | None], lower: tuple[Decimal, Decimal | None, Decimal | None]
) -> Decimal | None:
    """Between two readings: of a figure without a denominator its numerators, else the values."""
    if upper[1] is None:
        return upper[0] - lower[0]
    return None if upper[2] is None or lower[2] is None else upper[2] - lower[2]


def _told(s: Sums, measure: str, basis: str) -> tuple[Decimal, Decimal | None, Decimal | None]:
    """(numerator, denominator, value) as published."""
    is_count = basis == "count"
    numerator = Decimal(s.count) if is_count else s.amount
    if measure not in (*RATE_MEASURES, "investment_completion_rate"):
        return numerator, None, None
    denominator = Decimal(s.base_count) if is_count else s.base_amount
    if not denominator:
        return numerator, denominator, None
    return numerator, denominator, (numerator / denominator).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _is_mature(measure: str, variant: str, start: date, as_of: date) -> bool | None:
    if measure == "landing_rate_36m":
        return as_of >= add_months(date(start.year, 12, 31), 36)
    return True if variant == "mature" else None
