"""R38, R39, R42: figures in another unit, codes that cannot be, totals that differ from what they sum up."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from statistics import median

from tests.simulate.readings.identities import filing_dates
from tests.simulate.readings.stated import Answer, Row, Stated, name_of
from zhixiao.identifiers import (
    construction_permit_fault,
    industry_code_fault,
    project_code_fault,
    supervision_no_fault,
    uscc_fault,
)
from zhixiao.simulate.calendar import SEEDS, month_of

FACTORS = tuple(Decimal(x) for x in ("10", "15", "1.5", "100", "10000", "7.2"))
FLOWS = (("sales", "uscc", "invoiced_sales"), ("output", "uscc", "output_value"),
         ("power", "power_account_no", "power_kwh"))  # fmt: skip
HECTARE = Decimal(15)


def _is_slip(a: Decimal | None, b: Decimal | None) -> bool:
    """Whether two values of one measure differ by a factor between units, within 2 %."""
    if not a or not b or a <= 0 or b <= 0:
        return False
    return any(abs(r / f - 1) <= Decimal("0.02") for r in (a / b, b / a) for f in FACTORS)


# R38


def r38(stated: Stated) -> Iterator[Answer]:
    """A stock that differs from its previous value, or from another department's, by 10, 15, 1.5, 100, 10000 or 7.2;
    a month of a flow that is off by 100 or 10000 in the median of its firms. Never a single flow value.

    Pairs: signed with agreed and with planned (all filings that stand), land asked for with land agreed and granted;
    previous: the ledger and the agreement register, delivery by delivery, the filing before and after a 变更.
    """
    slips: dict[str, set[int]] = defaultdict(set)
    seen: set[str] = set()
    columns = {"signing": ("signed_investment", "land_area"), "agreement": ("agreed_investment", "agreed_land_area"),
               "filing": ("planned_investment",)}  # fmt: skip
    for source, names in columns.items():
        before: dict[str, Row] = {}
        for r in stated.told(source):
            key = str(r["project_code"]) if source == "filing" else str(r["signing_row_no"])
            seen.add(r.unit)
            if key in before and any(_is_slip(r[n], before[key][n]) for n in names):
                slips[r.unit].add(month_of(r.received_on))
            before[key] = r
    agreed = {str(r["signing_row_no"]): r for r in stated.rows("agreement")}
    granted: dict[str, Decimal] = defaultdict(Decimal)
    for r in stated.rows("land"):
        granted[r.unit] += r["land_area"] * HECTARE
    for no, r in stated.ledger.items():
        terms, filings = agreed.get(no), stated.projects.get(no, [])
        signed = r["signed_investment"] * 10000
        planned = sum((f["planned_investment"] for f in filings), Decimal(0))
        others = [(signed, planned), (r["land_area"], granted.get(no))]
        if terms is not None:
            others += [(signed, terms["agreed_investment"]), (r["land_area"], terms["agreed_land_area"])]
        if any(_is_slip(a, b) for a, b in others):
            slips[no].add(month_of(r.received_on))
    for unit in sorted(seen):
        yield Answer("R38", "project", unit, "fail" if slips[unit] else "pass",
                     severity="flag" if slips[unit] else None)  # fmt: skip
    for source, key, column in FLOWS:
        for m, ratio in _against_its_own(stated, source, key, column).items():
            # Medians move by themselves, but never by half.
            off = any(0.5 <= r / f <= 2 for r in (ratio, 1 / ratio) for f in (100, 10000))
            for d in stated.made(source):
                if any(month_of(x.values["stat_period"]) == m for x in d.lines):
                    yield Answer("R38", "file", d.name, "fail" if off else "pass", name_of(m),
                                 severity="flag" if off else None)  # fmt: skip


def _against_its_own(stated: Stated, source: str, key: str, column: str) -> dict[int, float]:
    """Month -> the median over firms (or accounts) of a value against the median of its three months on either side."""
    series: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for r in stated.rows(source):
        if r[column] and r[column] > 0:
            series[str(r[key])][month_of(r["stat_period"])] = r[column]
    ratios: dict[int, list[float]] = defaultdict(list)
    for held in series.values():
        for m, v in held.items():
            around = [float(held[k]) for k in range(m - 3, m + 4) if k != m and k in held]
            if around:
                ratios[m].append(float(v) / median(around))
    return {m: median(values) for m, values in sorted(ratios.items())}


# R39


@cache
def _retired() -> frozenset[str]:
    with (SEEDS / "division_county.csv").open(encoding="utf-8", newline="") as f:
        return frozenset(r["code"] for r in csv.DictReader(f) if r["status"] == "retired")


def r39(stated: Stated) -> Iterator[Answer]:
    """Credit codes, project codes, permits, parcels and classes: shape, check digit, date. A code of before the
    division was retired may name it; a permit's number holds the day of its issue, whenever it was told."""
    faults: dict[tuple[str, str], bool] = defaultdict(bool)
    for source in ("filing", "permit", "land"):
        for r in stated.rows(source):
            faults["project", r.unit] |= False
            if r["industry_code"]:
                faults["project", r.unit] |= industry_code_fault(str(r["industry_code"])) is not None
            if r["land_supervision_no"]:
                faults["project", r.unit] |= supervision_no_fault(str(r["land_supervision_no"])) is not None
            if r["uscc"]:
                faults["project", r.unit] |= uscc_fault(str(r["uscc"])) is not None
    filed = filing_dates(stated)
    for r in stated.rows("filing"):
        code = str(r["project_code"])
        is_retired = code[5:11] in _retired() and filed[code].year >= 2017
        faults["project", r.unit] |= project_code_fault(code) is not None or is_retired
    for r in stated.rows("permit"):
        number, day = str(r["construction_permit_no"]), r["construction_permit_date"]
        faults["project", r.unit] |= construction_permit_fault(number) is not None or number[6:14] != f"{day:%Y%m%d}"
    for source in ("enterprise", "social", "sales"):
        for r in stated.rows(source):
            code = str(r["uscc"])
            faults["enterprise", code] |= uscc_fault(code) is not None
            if r["industry_code"]:
                faults["enterprise", code] |= industry_code_fault(str(r["industry_code"])) is not None
    for (kind, entity), wrong in faults.items():
        yield Answer("R39", kind, entity, "fail" if wrong else "pass", severity="flag" if wrong else None)


# R42


def r42(stated: Stated) -> Iterator[Answer]:
    """A total row that is not the sum of its rows; a month of the tax summary that is not the sum of the detail by
    office and item (the summary's file answers; na without detail of the month)."""
    for source in ("fai", "sales", "output", "payment", "filing", "land"):
        for d in stated.made(source):
            if d.control is not None:
                told = {c: sum((x.values[c] or Decimal(0) for x in d.lines), Decimal(0)) + off
                        for c, off in d.control.items()}  # fmt: skip
                wrong = any(v != sum((x.values[c] or Decimal(0) for x in d.lines), Decimal(0)) for c, v in told.items())
                yield Answer("R42", "file", d.name, "fail" if wrong else "pass", severity="flag" if wrong else None)
    detail: dict[tuple[int, str, str], Decimal] = defaultdict(Decimal)
    for r in stated.rows("tax"):
        detail[int(r["stat_period"]), str(r["collecting_office"]), str(r["tax_item"])] += r["tax_paid"] / 10000
    told_months = {month for month, _, _ in detail}
    for d in stated.made("tax_summary"):
        wrong = False
        if not any(month_of(x.values["stat_period"]) in told_months for x in d.lines):
            yield Answer("R42", "file", d.name, "na", reason="no detail of the month")
            continue
        for x in d.lines:
            v = x.values
            key = month_of(v["stat_period"]), str(v["collecting_office"]), str(v["tax_item"])
            wrong |= abs(v["tax_current"] - detail.get(key, Decimal(0))) > Decimal("0.01")
        yield Answer("R42", "file", d.name, "fail" if wrong else "pass", severity="flag" if wrong else None)


READINGS = {"R38": r38, "R39": r39, "R42": r42}
