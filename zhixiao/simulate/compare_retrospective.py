"""The retrospective against the truth: the same day of every year, time in stage, what firms in production sold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.simulate.calendar import add_months, last_of, month_of
from zhixiao.simulate.compare import RATE_MEASURES, Comparison
from zhixiao.simulate.funnel import READINGS, Funnel, Standing, Sums
from zhixiao.warehouse.db import as_dicts

FIRST_YEAR = 2021
ZERO = Decimal(0)
MILLIONTH = Decimal("0.000001")
STEPS = (
    ("signed", "filed"), ("filed", "started"), ("started", "completed"), ("started", "produced"),
    ("completed", "produced"), ("produced", "on_target"),
)  # fmt: skip


def compare_retrospective(database: Path, funnel: Funnel) -> Comparison:
    """Rows of mart_funnel_retrospective in a published file, as far as the truth has them."""
    out = Comparison("retrospective")
    query = "from marts.mart_funnel_retrospective where true"
    same = f"{query} and span in ('same_period', 'year_end') and withdrawn_count is not null"
    prompt = f"{query} and span = 'year' and measure = 'same_year_start_rate' and basis = 'count'"
    sold = f"{query} and span = 'year' and measure in ('output_input_ratio', 'invoiced_sales_12m')"
    with duckdb.connect(str(database), read_only=True) as con:
        compare_same_periods(out, _rows(con, same), funnel)
        compare_stays(out, _rows(con, f"{query} and span = 'year' and measure = 'days_in_stage'"), funnel)
        compare_prompt_starts(out, _rows(con, prompt), funnel)
        compare_sales(out, _rows(con, f"{sold} and variant = 'main'"), funnel)
    return out


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    return as_dicts(con.execute(query))


def _where(row: dict[str, Any]) -> str:
    names = ("span", "plan_year", "cut_kind", "cut_value", "form", "measure", "variant", "basis", "reading")
    return "/".join(str(row[n]) for n in names)


def compare_same_periods(out: Comparison, rows: Iterable[dict[str, Any]], funnel: Funnel) -> None:
    """The same day, or the end, of a year is what the whole funnel says on that day, of what is known now."""
    figures: dict[date, dict[Any, dict[str, Sums]]] = {}
    for row in rows:
        if row["measure"] in ("same_year_start_rate", "start_on_land_rate", "production_on_completion_rate"):
            continue
        day = row["evaluated_on"]
        if day not in figures:
            figures[day] = _at(funnel, day).figures().sums
        key = (row["cut_kind"], row["cut_value"], "year", row["window_start"], row["form"], row["measure"],
               row["variant"])  # fmt: skip
        told = figures[day].get(key, {}).get(row["reading"], Sums())
        is_count = row["basis"] == "count"
        numerator = Decimal(told.count) if is_count else told.amount
        denominator = None
        if row["measure"] in (*RATE_MEASURES, "investment_completion_rate"):
            denominator = Decimal(told.base_count) if is_count else told.base_amount
        out.check(_where(row), (numerator, denominator), (row["numerator"], row["denominator"]))


def _at(funnel: Funnel, day: date) -> Funnel:
    """The same knowledge on another day; what the checks hold back now was not true then either."""
    return Funnel(funnel.world, funnel.known, funnel.known_on, day, funnel.held_back)


def _cells(funnel: Funnel) -> dict[tuple[str, str], list[Standing]]:
    out: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    for p in funnel.projects:
        if p.in_ledger:
            for cut in p.cuts.items():
                out[cut].append(p)
    return out


def _is_leased(p: Standing, funnel: Funnel) -> bool:
    """As in the stages: no land, or rented floors and no parcel."""
    if p.row.get("involves_land") is False:
        return True
    return bool(p.row.get("leased_floor_area")) and not any(
        funnel.unit_of(s.line) == p.unit and s.received_on <= funnel.known_on for s in funnel.known.statements["land"]
    )


def _stays(p: Standing, reading: str, leased: bool, as_of: date) -> Iterator[tuple[str, int, int | None]]:
    """(step, year of entry, days or None) of every stay that began before the project was withdrawn."""
    dates = p.dates[reading]
    seen_until = min(as_of, p.withdrawn_on or as_of)
    for entered, left in STEPS:
        if (entered, left) in ((("started", "completed"), ("completed", "produced")) if leased else STEPS[3:4]):
            continue
        first, last = dates.get(entered), dates.get(left)
        if first is None or first > seen_until:
            continue
        moved = last is not None and last <= seen_until
        yield f"{entered}_to_{left}", first.year, (last - first).days if moved and last else None


def compare_stays(out: Comparison, rows: Iterable[dict[str, Any]], funnel: Funnel) -> None:
    """Median and quartiles of the stays that ended, and how many began."""
    leased = {p.project_id: _is_leased(p, funnel) for p in funnel.projects}
    stays: dict[tuple[Any, ...], list[int | None]] = defaultdict(list)
    for cut, members in _cells(funnel).items():
        for p in members:
            for reading in READINGS:
                for step, year, days in _stays(p, reading, leased[p.project_id], funnel.as_of):
                    stays[(*cut, reading, step, year)].append(days)
    for row in rows:
        if row["variant"].endswith("_kaplan_meier"):
            continue
        key = (row["cut_kind"], row["cut_value"], row["reading"], row["variant"], row["plan_year"])
        held = stays.pop(key, [])
        ended = sorted(days for days in held if days is not None)
        expected = (
            Decimal(len(ended)), Decimal(len(held)), *(_quantile(ended, share) for share in (0.25, 0.5, 0.75)),
        )  # fmt: skip
        out.check(
            _where(row),
            expected,
            (row["numerator"], row["denominator"], row["lower_value"], row["value"], row["upper_value"]),
        )
    for key in stays:
        if key[-1] >= FIRST_YEAR:
            out.check("/".join(str(k) for k in key), "a row of days_in_stage", None)


def _quantile(ended: list[int], share: float) -> Decimal | None:
    if not ended:
        return None
    at = Decimal(str(share)) * (len(ended) - 1)
    low, high = ended[int(at)], ended[min(int(at) + 1, len(ended) - 1)]
    return low + (high - low) * (at - int(at))


def compare_prompt_starts(out: Comparison, rows: Iterable[dict[str, Any]], funnel: Funnel) -> None:
    """Started in the calendar year of signing."""
    cells = _cells(funnel)
    for row in rows:
        keeps = row["variant"] == "with_withdrawn"
        started = signed = 0
        for p in cells[row["cut_kind"], row["cut_value"]]:
            dates = p.dates[row["reading"]]
            if "signed" not in dates or dates["signed"].year != row["plan_year"]:
                continue
            signed += keeps or p.withdrawn_on is None
            begun = dates.get("started")
            started += p.withdrawn_on is None and begun is not None and begun.year == dates["signed"].year
        out.check(_where(row), (started, signed), (row["numerator"], row["denominator"]))


def compare_sales(out: Comparison, rows: Iterable[dict[str, Any]], funnel: Funnel) -> None:
    """12 months of invoiced sales of the firms in production, over the investment of their projects."""
    cells = _cells(funnel)
    for row in rows:
        day, asked = row["evaluated_on"], row["measure"] == "output_input_ratio"
        last = month_of(day) if last_of(month_of(day)) <= day else month_of(day) - 1
        firms: set[str] = set()
        invested = ZERO
        for p in cells[row["cut_kind"], row["cut_value"]]:
            produced = p.dates[row["reading"]].get("produced")
            complete = produced if row["reading"] == "claimed" else p.complete_on
            uscc = _firm(p, funnel)
            if produced is None or complete is None or uscc is None or max(produced, complete) > day:
                continue
            if p.withdrawn_on and p.withdrawn_on <= day:
                continue
            if asked and add_months(produced, 12) > day:
                continue
            firms.add(uscc)
            invested += sum((a for m, a in p.added.items() if last_of(m) <= day), ZERO)
        sold = sum((funnel.sales.get(f, {}).get(m, ZERO) for f in firms for m in range(last - 11, last + 1)), ZERO)
        value = sold if not asked else None
        if asked and invested:
            value = (sold / invested).quantize(MILLIONTH, ROUND_HALF_UP)
        out.check(
            _where(row),
            (sold, invested if asked else None, value),
            (row["numerator"], row["denominator"], row["value"]),
        )


def _firm(p: Standing, funnel: Funnel) -> str | None:
    filings = funnel.filings.get(p.unit, [])
    uscc = p.row.get("uscc") or (filings[0].row["uscc"] if filings else None)
    return str(uscc) if uscc else None
