"""A published warehouse against the truth: every file, every quarantined cell, every stage date, every figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.simulate.calendar import add_months
from zhixiao.simulate.forms import FileTruth
from zhixiao.simulate.funnel import READINGS, STAGE_NAMES, Funnel, Sums

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
        return [
            compare_files(_rows(con, "quality.load_log"), files),
            compare_cells(_rows(con, "quality.quarantine"), files),
            compare_stage_dates(_rows(con, "marts.fct_project_funnel"), funnel),
            compare_figures(_rows(con, "marts.mart_funnel where reading <> 'verified'"), funnel),
        ]


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    cursor = con.execute(f"from {table}")
    names = [d[0] for d in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


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

    def key(source: str, day: Any, sha: str, sheet: str, row: int, column: str, reason: str) -> tuple[Any, ...]:
        return source, str(day), sha[:12], sheet, row, "" if reason == "duplicate_key" else column, reason

    expected = {
        key(f.source, f.received_on, f.sha256, c.sheet, c.row, c.column, c.reason): f.file_name
        for f in files
        if f.status == "loaded"
        for c in f.cells
    }
    found = {
        key(r["source"], r["received_on"], r["file_sha256"], r["sheet"], r["row_number"], r["column_name"],
            r["reason_code"])
        for r in quarantine
    }  # fmt: skip
    for k in sorted(expected.keys() | found):
        out.check(f"{k} {expected.get(k, '')}", k in expected, k in found)
    return out


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


def compare_figures(rows: Iterable[dict[str, Any]], funnel: Funnel) -> Comparison:
    """Numerator, denominator, value, unsupported part and withdrawn count of every row of mart_funnel."""
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
        claimed, evidenced = told["claimed"], told["evidenced"]
        unsupported: Decimal | None = None
        if (
            denominator is None
            and value is None
            and row["measure"] not in (*RATE_MEASURES, "investment_completion_rate")
        ):
            unsupported = claimed[0] - evidenced[0]
        elif claimed[2] is not None and evidenced[2] is not None:
            unsupported = claimed[2] - evidenced[2]
        mature = _is_mature(row["measure"], row["variant"], row["window_start"], funnel.as_of)
        out.check(
            where,
            (numerator, denominator, value, unsupported, held[row["reading"]].withdrawn, mature),
            (row["numerator"], row["denominator"], row["value"], row["unsupported_value"], row["withdrawn_count"],
             row["is_mature"]),
        )  # fmt: skip
    for key in figures.sums.keys() - seen:
        out.check("/".join(str(k) for k in key), "rows of mart_funnel", None)
    return out


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
