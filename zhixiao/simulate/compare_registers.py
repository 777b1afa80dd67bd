"""Marts of single registers against the truth: milestones, funds, land reserve, expansions, from what was stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.simulate.calendar import last_of, month_of
from zhixiao.simulate.compare import Comparison
from zhixiao.simulate.funnel import Funnel, Standing
from zhixiao.simulate.knowledge import Statement
from zhixiao.warehouse.db import as_dicts

RESULTS = {"on_target": "达效", "produced": "投产", "started": "开工", "filed": "备案"}
STAYS = {"规划": "planning_days", "征收": "acquisition_days", "储备": "reserve_days", "利用": "use_days"}
Register = list[tuple[date, list[Statement]]]


def compare_registers(database: Path, funnel: Funnel) -> list[Comparison]:
    """Every row of four marts of a published file."""
    with duckdb.connect(str(database), read_only=True) as con:
        return [
            compare_milestones(_rows(con, "mart_milestone"), funnel),
            compare_funds(_rows(con, "mart_fund"), funnel),
            compare_land_reserve(_rows(con, "mart_land_reserve"), funnel),
            compare_expansions(_rows(con, "mart_expansion_library"), funnel),
        ]


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    return as_dicts(con.execute(f"from marts.{table}"))


def _all_there(out: Comparison, expected: Iterable[object], found: Iterable[object]) -> None:
    wanted, got = set(expected), set(found)
    out.check("rows", (sorted(map(str, wanted - got)), sorted(map(str, got - wanted))), ([], []))


def _standing(funnel: Funnel) -> dict[str, Standing]:
    return {p.unit: p for p in funnel.projects}


def _result(p: Standing | None, reading: str, missing: str) -> str:
    if p is None:
        return missing
    if p.withdrawn_on is not None:
        return "退出"
    return next((zh for stage, zh in RESULTS.items() if stage in p.dates[reading]), "签约")


# --- milestones


def compare_milestones(rows: Iterable[Mapping[str, Any]], funnel: Funnel) -> Comparison:
    """The last register decides what is due; the earlier ones say what was put off."""
    out = Comparison("mart_milestone")
    register: Register = funnel.known.register("milestone", funnel.known_on)
    current = {(s["signing_row_no"], s["milestone"]): s for s in (register[-1][1] if register else [])}
    plans: dict[tuple[Any, Any], list[date]] = {key: [] for key in current}
    for _, told in register:
        for s in told:
            key, day = (s["signing_row_no"], s["milestone"]), s["planned_date"]
            if key in plans and day is not None and (not plans[key] or plans[key][-1] != day):
                plans[key].append(day)
    projects = _standing(funnel)
    found = {(r["signing_row_no"], r["milestone"]): r for r in rows}
    _all_there(out, current, found)
    for key, s in current.items():
        row = found.get(key, {})
        planned, done = s["planned_date"], s["actual_date"]
        done = done if done is not None and done <= funnel.as_of else None
        p = projects.get(str(key[0]))
        gone = p is not None and p.withdrawn_on is not None
        state, over = _milestone_state(planned, done, gone, funnel.as_of)
        expected = (planned, done, state, over, plans[key][0] if plans[key] else None, max(len(plans[key]) - 1, 0))
        names = (
            "planned_date",
            "done_on",
            "milestone_state",
            "overdue_days",
            "first_planned_date",
            "plan_change_count",
        )
        out.check(f"{key}", expected, tuple(row.get(n) for n in names))
    return out


def _milestone_state(planned: date | None, done: date | None, gone: bool, as_of: date) -> tuple[str, int | None]:
    if done is not None:
        late = planned is not None and done > planned
        days = (done - planned).days if planned is not None else None
        return ("done_late", days) if late else ("done_in_time", None if planned is None else 0)
    if gone:
        return "withdrawn", None if planned is None else 0
    if planned is None:
        return "undated", None
    return ("overdue", (as_of - planned).days) if planned < as_of else ("open", 0)


# --- funds


def compare_funds(rows: Iterable[Mapping[str, Any]], funnel: Funnel) -> Comparison:
    """Commitments, what was drawn by as_of, and how far the project came."""
    out = Comparison("mart_fund")
    register: Register = funnel.known.register("fund", funnel.known_on)
    current = {(s["fund_no"], s["signing_row_no"] or ""): s for s in (register[-1][1] if register else [])}
    projects = _standing(funnel)
    found = {(r["fund_no"], r["signing_row_no"]): r for r in rows}
    _all_there(out, current, found)
    for key, s in current.items():
        row = found.get(key, {})
        moved = s["invested_date"] is None or s["invested_date"] <= funnel.as_of
        p = projects.get(str(key[1]))
        expected = (
            s["committed"],
            *(s[n] if moved else None for n in ("invested", "exited", "reinvested_locally")),
            *(_result(p, r, "未找到项目") if key[1] else None for r in ("evidenced", "claimed")),
        )
        names = ("committed", "drawn", "exited", "reinvested_locally", "result_evidenced", "result_claimed")
        out.check(f"{key}", expected, tuple(row.get(n) for n in names))
    return out


# --- land reserve


def compare_land_reserve(rows: Iterable[Mapping[str, Any]], funnel: Funnel) -> Comparison:
    """Where a parcel stands, the way it came, and the days it stayed."""
    out = Comparison("mart_land_reserve")
    register: Register = funnel.known.register("land_reserve", funnel.known_on)
    told: dict[str, list[tuple[date, Statement | None]]] = {}
    for day, listed in register:
        shown = {str(s["parcel_no"]): s for s in listed}
        for parcel in {*told, *shown}:
            told.setdefault(parcel, []).append((day, shown.get(parcel)))
    expected = {k: e for k, v in told.items() if (e := _parcel(v, funnel.as_of))}
    found = {r["parcel_no"]: r for r in rows}
    _all_there(out, expected, found)
    for parcel, wanted in expected.items():
        row = found.get(parcel, {})
        out.check(parcel, wanted, {n: row.get(n) for n in wanted})
    return out


def _parcel(history: list[tuple[date, Statement | None]], as_of: date) -> dict[str, Any] | None:
    stays: list[tuple[str, date, date | None]] = []
    last: Statement | None = None
    gone: date | None = None
    for day, s in history:
        if s is None:
            gone = gone or (day if last is not None else None)
            continue
        stage, stated = str(s["reserve_stage"]), s["stage_date"]
        if (stated or day) > as_of:
            continue
        if not stays or (stage, stated) != (stays[-1][0], stays[-1][2]):
            stays.append((stage, stated or day, stated))
        last, gone = s, None
    if last is None:
        return None
    gone = gone if gone is not None and gone <= as_of else None
    ends = [b[1] for _, b in pairwise(stays)] + [gone or as_of]
    days: dict[str, int] = {}
    for (stage, entered, _), left in zip(stays, ends, strict=True):
        name = STAYS[stage]
        days[name] = days.get(name, 0) + max((left - entered).days, 0)
    return {
        "reserve_stage": stays[-1][0],
        "land_area": last["land_area"],
        "stage_path": " > ".join(stage for stage, _, _ in stays),
        "stage_count": len(stays),
        "left_register_on": gone,
        **{name: days.get(name) for name in STAYS.values()},
    }


# --- expansions


def compare_expansions(rows: Iterable[Mapping[str, Any]], funnel: Funnel) -> Comparison:
    """What firms asked for, what they sold and paid since, and how far the project came."""
    out = Comparison("mart_expansion_library")
    register: Register = funnel.known.register("expansion", funnel.known_on)
    current = {str(s["expansion_no"]): s for s in (register[-1][1] if register else [])}
    projects = _standing(funnel)
    units = {f.code: unit for unit, filings in funnel.filings.items() for f in filings}
    found = {r["expansion_no"]: r for r in rows}
    _all_there(out, current, found)
    last = month_of(funnel.as_of) if last_of(month_of(funnel.as_of)) <= funnel.as_of else month_of(funnel.as_of) - 1
    months = range(last - 11, last + 1)
    for number, s in current.items():
        row = found.get(number, {})
        firm = str(s["uscc"])
        sold = sum((funnel.sales.get(firm, {}).get(m, Decimal(0)) for m in months), Decimal(0))
        paid = sum((funnel.tax.get(firm[8:17], {}).get(m, Decimal(0)) for m in months), Decimal(0))
        p = projects.get(units.get(str(s["project_code"]), ""))
        expected = (
            s["planned_investment"],
            s["base_sales"],
            sold,
            paid.quantize(Decimal("0.0001"), ROUND_HALF_UP),
            None if s["base_sales"] is None else sold - s["base_sales"],
            *(_result(p, r, "无项目") for r in ("evidenced", "claimed")),
        )
        names = (
            "planned_investment", "base_sales", "current_sales", "current_tax", "sales_increment",
            "outcome_evidenced", "outcome_claimed",
        )  # fmt: skip
        out.check(number, expected, tuple(row.get(n) for n in names))
    return out
