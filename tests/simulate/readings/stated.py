"""What stands of the deliveries at the last day: the rows that a check may look at, and small statistics over them."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

import numpy as np

from zhixiao.contracts import load_contract
from zhixiao.simulate.calendar import SEEDS, month_of
from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.model import Phase, Project, World
from zhixiao.simulate.views import HORIZON, deliveries

AS_OF = HORIZON
LAST = month_of(AS_OF) - 1
"""The last whole month."""
STRENGTH = {"补报": 1, "变更": 2, "更正": 3, "撤销": 4}
NEGLIGIBLE_POWER = frozenset("IJKLMOPQR")
"""Sections of GB/T 4754 in which power says nothing: offices, software."""


@dataclass(frozen=True)
class Answer:
    """One row of `checks.fct_check_result`, as far as a reading goes."""

    check_id: str
    entity_type: str
    entity_id: str
    outcome: str
    period: str | None = None
    counterpart_id: str | None = None
    severity: str | None = None
    statistic: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Row:
    """A row as delivered. Whom it is about is known (`project`, `phase`), as if every link had been found."""

    values: Mapping[str, Any]
    received_on: date
    place: tuple[int, str, int]
    project: Project | None
    phase: Phase | None

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    @property
    def unit(self) -> str:
        """The project's entity_id: the row of the ledger, else the code."""
        assert self.project is not None
        if self.project.row_no:
            return self.project.row_no
        assert self.phase is not None
        return self.phase.code


class Stated:
    """All deliveries of a world, and what stands of each source on the last day."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._made: dict[str, list[Delivery]] = {}
        self._rows: dict[str, list[Row]] = {}

    def made(self, source: str) -> list[Delivery]:
        if source not in self._made:
            self._made[source] = list(deliveries(self.world, source))
        return self._made[source]

    def told(self, source: str) -> list[Row]:
        """Every row ever delivered, in order."""
        if source not in self._rows:
            rows = [
                Row(x.values, d.received_on, (STRENGTH.get(x.values.get("submission_kind"), 0), d.stem, n), x.project,
                    x.phase)
                for d in self.made(source)
                for n, x in enumerate(d.lines)
            ]  # fmt: skip
            self._rows[source] = sorted(rows, key=lambda r: (r.received_on, r.place))
        return self._rows[source]

    @cache  # noqa: B019
    def rows(self, source: str) -> list[Row]:
        """What stands: the last of each key (events), of each period (period), the last register."""
        contract = load_contract(source)
        if contract.mode == "events":
            held = {tuple(r[k] for k in contract.keys): r for r in self.told(source)}
            if source == "filing":
                held = self._filed(held)
            return [r for r in held.values() if r["submission_kind"] != "撤销"]
        if contract.mode == "register":
            if source in ("target", "above_scale"):
                last = {r["stat_year"]: r.received_on for r in self.told(source)}
                return [r for r in self.told(source) if last[r["stat_year"]] == r.received_on]
            made = self.made(source)
            return [r for r in self.told(source) if made and r.received_on == made[-1].received_on]
        return self._period(source)

    def _filed(self, held: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], Row]:
        """A 变更 restates columns but never the filing date; only a 更正 does."""
        days: dict[str, date] = {}
        for r in self.told("filing"):
            code = str(r["project_code"])
            if code not in days or r["submission_kind"] == "更正":
                days[code] = r["filing_date"]
        return {
            k: replace(r, values={**r.values, "filing_date": days[str(r["project_code"])]}) for k, r in held.items()
        }

    def _period(self, source: str) -> list[Row]:
        contract = load_contract(source)
        scope = ("stat_period", "collecting_office") if source in ("tax", "tax_summary") else ("stat_period",)
        stands: dict[tuple[Any, ...], dict[Any, Row]] = {}
        for d in self.made(source):
            kinds = {x.values.get("submission_kind") for x in d.lines}
            by_key = bool(d.lines) and kinds <= set(STRENGTH) and source != "tax"
            here: dict[tuple[Any, ...], dict[Any, Row]] = defaultdict(dict)
            for n, x in enumerate(d.lines):
                v = dict(x.values)
                if source == "tax":
                    v["stat_period"] = d.period
                r = Row(v, d.received_on, (0, d.stem, n), x.project, x.phase)
                key = tuple(v.get(k) for k in contract.keys) if source != "tax" else (d.stem, n)
                here[tuple(v.get(s) for s in scope)][key] = r
            for period, rows in here.items():
                same_day = {k: r for k, r in stands.get(period, {}).items() if r.received_on == d.received_on}
                stands[period] = {**(stands.get(period, {}) if by_key else same_day), **rows}
        return [r for rows in stands.values() for r in rows.values() if r["submission_kind"] != "撤销"]

    # Series

    @cached_property
    def investment(self) -> dict[str, dict[int, dict[str, Decimal]]]:
        """Project -> month -> column -> sum over its codes (investment_cum and _ytd carried where a code is silent)."""
        out: dict[str, dict[int, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(Decimal)))
        for r in self.rows("fai"):
            held = out[r.unit][month_of(r["stat_period"])]
            for name in ("investment_month", "investment_ytd", "investment_cum", "investment_build",
                         "investment_equipment", "planned_investment"):  # fmt: skip
                held[name] += r[name] or 0
        return {p: dict(sorted(months.items())) for p, months in out.items()}

    def cumulative(self, unit: str) -> dict[int, Decimal]:
        """Month -> cumulative investment of a project over its codes, from its first report to the last."""
        codes: dict[str, dict[int, Decimal]] = defaultdict(dict)
        for r in self.reports.get(unit, []):
            codes[str(r["project_code"])][month_of(r["stat_period"])] = r["investment_cum"]
        months = sorted({m for held in codes.values() for m in held})
        out = {}
        for m in months:
            out[m] = sum(
                (held[max(k for k in held if k <= m)] for held in codes.values() if min(held) <= m), Decimal(0)
            )
        return out

    def monthly(self, source: str, column: str) -> dict[str, dict[int, Decimal]]:
        """Firm -> month -> value of a monthly source."""
        out: dict[str, dict[int, Decimal]] = defaultdict(dict)
        for r in self.rows(source):
            if r[column] is not None:
                out[str(r["uscc"])][month_of(r["stat_period"])] = r[column]
        return dict(out)

    @cached_property
    def tax(self) -> dict[str, dict[int, dict[tuple[str, str], tuple[Decimal, Decimal]]]]:
        """Firm -> month of the banner -> (item, subitem) -> 元 paid in, and paid back; relief is item ''."""
        stands: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
        received: dict[tuple[int, str], date] = {}
        for d in self.made("tax"):
            assert d.period is not None
            for x in d.lines:
                key = (d.period, str(x.values["collecting_office"]))
                if received.get(key) != d.received_on:
                    received[key] = d.received_on
                    stands[key] = []
                stands[key].append(x.values)
        zero = Decimal(0)
        out: dict[str, dict[int, dict[tuple[str, str], tuple[Decimal, Decimal]]]] = {}
        for (m, _), rows in stands.items():
            for v in rows:
                held = out.setdefault(str(v["uscc"]), {}).setdefault(m, {})
                key2 = (str(v["tax_item"]), str(v["tax_subitem"] or ""))
                paid, back = held.get(key2, (zero, zero))
                held[key2] = (paid + max(v["tax_paid"], zero), back - min(v["tax_paid"], zero))
                if v["tax_relief"]:
                    held["", key2[0]] = (held.get(("", key2[0]), (zero, zero))[0] + v["tax_relief"], zero)
        return out

    @cached_property
    def payments_of(self) -> dict[str, list[Row]]:
        """Project -> its payments."""
        out: dict[str, list[Row]] = defaultdict(list)
        for r in self.rows("payment"):
            if r["signing_row_no"]:
                out[str(r["signing_row_no"])].append(r)
        return dict(out)

    @cached_property
    def equipment(self) -> dict[str, Decimal]:
        """Project -> equipment reported: the last year-to-date of every year and code."""
        last: dict[tuple[str, int], tuple[int, Decimal, str]] = {}
        for r in self.rows("fai"):
            m = month_of(r["stat_period"])
            key = (str(r["project_code"]), m // 12)
            if key not in last or last[key][0] < m:
                last[key] = (m, (r["investment_equipment"] or Decimal(0)), r.unit)
        out: dict[str, Decimal] = defaultdict(Decimal)
        for _, amount, unit in last.values():
            out[unit] += amount
        return out

    @cached_property
    def _bought(self) -> dict[str, dict[int, Decimal]]:
        return self.monthly("sales", "equipment_purchases")

    @cached_property
    def _projects_of(self) -> dict[str, list[str]]:
        out: dict[str, list[str]] = defaultdict(list)
        for unit in self.investment:
            out[self.owner(unit) or ""].append(unit)
        return out

    def purchases(self, unit: str) -> dict[int, Decimal]:
        """Month -> the project's share of its firm's purchases of equipment, by the equipment that each reported."""
        uscc = self.owner(unit) or ""
        whole = sum((self.equipment[q] for q in self._projects_of[uscc]), Decimal(0))
        if not whole:
            return {}
        return {m: v * self.equipment[unit] / whole for m, v in self._bought.get(uscc, {}).items() if v}

    @cached_property
    def firms(self) -> dict[str, Row]:
        """The register: credit code -> its entry."""
        return {str(r["uscc"]): r for r in self.rows("enterprise")}

    @cached_property
    def trades(self) -> dict[str, tuple[str, str]]:
        """Credit code -> division and section of its industry."""
        codes = {f: str(r["industry_code"]) for f, r in self.firms.items()}
        return {f: (division(c), section(c)) for f, c in codes.items()}

    @cached_property
    def names(self) -> dict[str, str]:
        """Every name a firm has ever had -> its credit code."""
        return {str(r["company_name"]): str(r["uscc"]) for r in self.told("enterprise")}

    @cached_property
    def projects(self) -> dict[str, list[Row]]:
        """Project -> its filings that stand."""
        out: dict[str, list[Row]] = defaultdict(list)
        for r in self.rows("filing"):
            out[r.unit].append(r)
        return dict(out)

    @cached_property
    def ledger(self) -> dict[str, Row]:
        return {str(r["signing_row_no"]): r for r in self.rows("signing")}

    def industry(self, unit: str) -> str:
        """GB/T 4754 class of a project: the ledger's, else its filing's."""
        row = self.ledger.get(unit) or self.projects[unit][0]
        return str(row["industry_code"])

    @cached_property
    def parcels(self) -> dict[str, list[Row]]:
        """Project -> its land."""
        return self._of_project("land")

    @cached_property
    def permits(self) -> dict[str, list[Row]]:
        """Project -> its construction permits."""
        return self._of_project("permit")

    @cached_property
    def accepted(self) -> dict[str, list[Row]]:
        """Project -> its acceptances."""
        return self._of_project("acceptance")

    @cached_property
    def told_filings(self) -> dict[str, list[Row]]:
        """Project -> every row of its filings that was ever delivered."""
        out: dict[str, list[Row]] = defaultdict(list)
        for r in self.told("filing"):
            out[r.unit].append(r)
        return dict(out)

    @cached_property
    def reports(self) -> dict[str, list[Row]]:
        """Project -> its reports of investment that stand."""
        return self._of_project("fai")

    def _of_project(self, source: str) -> dict[str, list[Row]]:
        out: dict[str, list[Row]] = defaultdict(list)
        for r in self.rows(source):
            out[r.unit].append(r)
        return dict(out)

    def owner(self, unit: str) -> str | None:
        row = self.ledger.get(unit)
        if row is not None and row["uscc"]:
            return str(row["uscc"])
        return str(self.projects[unit][0]["uscc"]) if self.projects.get(unit) else None

    @cached_property
    def grid(self) -> dict[str, dict[int, tuple[Decimal, list[Row]]]]:
        """Firm -> month -> (kWh of its accounts, their rows), by the name on the account."""
        out: dict[str, dict[int, tuple[Decimal, list[Row]]]] = defaultdict(dict)
        for r in self.rows("power"):
            uscc = self.names.get(str(r["company_name"]))
            if uscc is not None:
                m = month_of(r["stat_period"])
                kwh, rows = out[uscc].get(m, (Decimal(0), []))
                out[uscc][m] = (kwh + r["power_kwh"], [*rows, r])
        return dict(out)


def division(code: str) -> str:
    return code[:2]


@cache
def _sections() -> dict[str, str]:
    with (SEEDS / "gbt4754.csv").open(encoding="utf-8", newline="") as f:
        return {r["code"]: r["section_code"] for r in csv.DictReader(f)}


def section(code: str) -> str:
    return _sections().get(code, "?")


def name_of(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"


# Statistics


def rounding_unit(values: Iterable[Decimal]) -> Decimal:
    """`u`: the largest power of ten, 0.01 to 1000, that divides every non-zero value."""
    held = [v for v in values if v]
    for power in range(3, -3, -1):
        unit = Decimal(10) ** power
        if held and all(v % unit == 0 for v in held):
            return unit
    return Decimal("0.01")


def robust_z(value: float, others: Sequence[float]) -> float | None:
    """Distance from the median of the others in MADs; none where they do not spread."""
    if not others:
        return None
    middle = float(np.median(others))
    mad = float(np.median(np.abs(np.asarray(others) - middle)))
    return rounded((value - middle) / (1.4826 * mad)) if mad > 0 else None


def rounded(x: float) -> float:
    """To 8 significant digits: how statistics are compared."""
    return float(f"{x:.8g}")


def peers_of(
    cell: Mapping[str, tuple[str, ...]], values: Mapping[str, float], unit: str, least: int, widen_below: int
) -> list[float]:
    """Values of the others in the narrowest cell that is large enough; one widening at most; [] under the minimum."""
    for n, keys in enumerate(zip(*cell.values(), strict=True)):
        same = dict(zip(cell, keys, strict=True))
        held = [v for u, v in values.items() if u != unit and same[u] == same[unit]]
        if len(held) >= (widen_below if n == 0 else least):
            return held
    return []


def seeded(check_id: str, unit: str, period: str) -> np.random.Generator:
    """Draws of a simulated null: the same for (check, unit, period)."""
    digest = hashlib.sha256(f"{check_id}|{unit}|{period}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def benjamini_hochberg(p_values: Mapping[Any, float], q: float = 0.10) -> set[Any]:
    """The keys that are rejected at a false discovery rate of q."""
    ranked = sorted(p_values.items(), key=lambda kv: kv[1])
    last = 0
    for i, (_, p) in enumerate(ranked, start=1):
        if p <= q * i / len(ranked):
            last = i
    return {k for k, _ in ranked[:last]}
