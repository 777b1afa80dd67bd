"""Stage dates and every figure of mart_funnel at (known_on, as_of), in plain Python from what the departments stated.

Written from metrics.md and sources.md alone. Which project a row is about is known here, not found out: rows carry
their project. So a wrong link in the warehouse shows as a wrong figure.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from zhixiao.simulate.calendar import SEEDS, add_months, first_of, last_of, month_of
from zhixiao.simulate.delivery import Line
from zhixiao.simulate.knowledge import Knowledge, Statement
from zhixiao.simulate.model import Project, World

STAGE_NAMES = ("signed", "filed", "started", "completed", "produced", "on_target")
READINGS = ("claimed", "evidenced", "verified")
RECOGNISED = {"开工": "started", "竣工": "completed", "投产": "produced", "达效": "on_target"}
SHORTENED = ("承诺制", "容缺受理", "拿地即开工", "分阶段")
SHOWN_FROM_FILING = ("备案", "报批", "开工", "竣工", "投产", "达产", "达效")
BANDS = (
    (Decimal(5000), "< 0.5"), (Decimal(10000), "0.5-1"), (Decimal(50000), "1-5"), (Decimal(100000), "5-10"),
    (Decimal(500000), "10-50"),
)  # fmt: skip
UNKNOWN = "未知"
ZERO = Decimal(0)

Dates = dict[str, date]


@dataclass
class Standing:
    """A project as it was known: its ledger row, its filings, its dates in every reading, its amounts."""

    project_id: str
    unit: str
    """The row number of the ledger, else the project code."""
    project: Project
    row: Mapping[str, Any]
    in_ledger: bool
    cuts: dict[str, str] = field(default_factory=dict)
    dates: dict[str, Dates] = field(default_factory=lambda: {r: {} for r in READINGS})
    complete_on: date | None = None
    gross_on: date | None = None
    is_held_back: bool = False
    withdrawn_on: date | None = None
    signed_investment: Decimal | None = None
    planned_investment: Decimal | None = None
    scheduled: Decimal | None = None
    added: dict[int, Decimal] = field(default_factory=dict)


@dataclass
class _Filing:
    code: str
    filed_on: date
    planned: Decimal | None
    row: Statement
    withdrawn_on: date | None


class Funnel:
    """All projects at one pair, and the figures made of them."""

    def __init__(
        self, world: World, knowledge: Knowledge, known_on: date, as_of: date, held_back: Collection[str] = ()
    ) -> None:
        self.world, self.known, self.known_on, self.as_of = world, knowledge, known_on, as_of
        self.district = world.config.district
        self.ledger = self._ledger()
        self.filings = self._filings()
        self.permits = self._permits()
        self.reports = self._reports()
        self.paid = self._paid()
        self.recognised = self._recognised()
        self.sales = self._sales()
        self.tax = knowledge.treasury(known_on)
        agreements = knowledge.register("agreement", known_on)
        self.terms = {str(s["signing_row_no"]): s for s in agreements[-1][1]} if agreements else {}
        self.projects = self._standings()
        for p in self.projects:
            self._describe(p)
            self._claim(p)
            self._evidence(p)
            for dates in p.dates.values():
                for name in [n for n, d in dates.items() if d > as_of]:
                    del dates[name]
        self.hold_back(held_back)

    def hold_back(self, project_ids: Collection[str]) -> None:
        """Say which projects the checks hold back: verified is evidenced without them, as a whole."""
        self.held_back = frozenset(project_ids)
        for p in self.projects:
            p.is_held_back = p.project_id in self.held_back
            p.dates["verified"] = {} if p.is_held_back else dict(p.dates["evidenced"])

    # What was known

    def _ledger(self) -> dict[str, list[tuple[date, Statement | None]]]:
        """Row number -> (day of delivery, the row or its absence), from its first showing on."""
        out: dict[str, list[tuple[date, Statement | None]]] = {}
        for day, rows in self.known.register("signing", self.known_on):
            shown = {str(s["signing_row_no"]): s for s in rows}
            for no in shown:
                out.setdefault(no, [])
            for no, history in out.items():
                history.append((day, shown.get(no)))
        return out

    def unit_of(self, line: Line) -> str:
        """What a row is about: a row of the ledger, or a code that no row of the ledger has shown."""
        assert line.project is not None
        if line.project.row_no in self.ledger or line.phase is None:
            return line.project.row_no
        return line.phase.code

    def _filings(self) -> dict[str, list[_Filing]]:
        out: dict[str, list[_Filing]] = defaultdict(list)
        for (code,), told in self.known.events("filing", self.known_on, "project_code").items():
            moves = [s for s in told if s["submission_kind"] == "更正"]
            filed = (moves or told)[-1 if moves else 0]["filing_date"]
            planned = [s["planned_investment"] for s in told if s["planned_investment"] is not None]
            stated = [s for s in told if s["submission_kind"] != "撤销"]
            gone = told[-1].received_on if told[-1]["submission_kind"] == "撤销" else None
            assert isinstance(filed, date)
            amount = planned[-1] if planned else None
            assert amount is None or isinstance(amount, Decimal)
            out[self.unit_of(told[0].line)].append(_Filing(str(code), filed, amount, (stated or told)[-1], gone))
        for held in out.values():
            held.sort(key=lambda f: (f.withdrawn_on is not None, f.filed_on, f.code))
        return out

    def _permits(self) -> dict[str, list[tuple[date, list[date]]]]:
        """Project -> (issued, acceptances) of each permit that stands."""
        accepted: dict[object, list[date]] = defaultdict(list)
        for (_, permit), told in self.known.events(
            "acceptance", self.known_on, "acceptance_record_no", "construction_permit_no"
        ).items():
            day = told[-1]["actual_completion_date"]
            if isinstance(day, date) and day <= self.as_of:
                accepted[permit].append(day)
        out: dict[str, list[tuple[date, list[date]]]] = defaultdict(list)
        for (permit, _), told in self.known.events(
            "permit", self.known_on, "construction_permit_no", "project_code"
        ).items():
            issued = told[-1]["construction_permit_date"]
            gone = told[-1]["submission_kind"] == "撤销" and told[-1].received_on <= self.as_of
            if isinstance(issued, date) and issued <= self.as_of and not gone:
                out[self.unit_of(told[-1].line)].append((issued, accepted[permit]))
        return out

    def _reports(self) -> dict[str, list[Statement]]:
        out: dict[str, list[Statement]] = defaultdict(list)
        for s in self.known.period("fai", self.known_on, "project_code").values():
            out[self.unit_of(s.line)].append(s)
        return out

    def _paid(self) -> dict[str, list[date]]:
        out: dict[str, list[date]] = defaultdict(list)
        for told in self.known.events("payment", self.known_on, "account_bank", "flow_no").values():
            s = told[-1]
            at, amount = s["paid_at"], s["amount"]
            assert isinstance(at, datetime) and isinstance(amount, Decimal)
            if s["purpose"] in ("土建", "设备") and amount > 0 and s["signing_row_no"]:
                out[self.unit_of(s.line)].append(at.date())
        return out

    def _recognised(self) -> dict[tuple[str, str], list[Statement]]:
        told = self.known.events("recognition", self.known_on, "signing_row_no", "recognition_kind")
        return {(str(no), str(kind)): held for (no, kind), held in told.items()}

    def _sales(self) -> dict[str, dict[int, Decimal]]:
        out: dict[str, dict[int, Decimal]] = defaultdict(dict)
        for s in self.known.period("sales", self.known_on, "uscc").values():
            month, sold = s["stat_period"], s["invoiced_sales"]
            assert isinstance(month, date)
            if month <= self.as_of and isinstance(sold, Decimal):
                out[str(s["uscc"])][month_of(month)] = sold
        return out

    def _standings(self) -> list[Standing]:
        out = []
        by_no = {p.row_no: p for p in self.world.projects}
        for no, history in self.ledger.items():
            last = next(s for _, s in reversed(history) if s is not None)
            p = Standing(f"{self.district}-{no}", no, by_no[no], last.line.values, True)
            gone = [day for day, s in history if day > last.received_on and s is None]
            if gone and gone[0] <= self.as_of:
                p.withdrawn_on = gone[0]
            out.append(p)
        # Codes that no ledger row has shown, from a filing, a permit or a report.
        loose: dict[str, Project] = {}
        for source in ("filing", "permit", "fai"):
            for s in self.known.statements[source]:
                if s.received_on <= self.known_on and s["project_code"] and self.unit_of(s.line) not in self.ledger:
                    assert s.line.project is not None
                    loose[self.unit_of(s.line)] = s.line.project
        for code, project in loose.items():
            row = self.filings[code][0].row.line.values if code in self.filings else {}
            out.append(Standing(f"{self.district}-{code}", code, project, row, False))
        return out

    # Cuts and amounts

    def _describe(self, p: Standing) -> None:
        row, filings = p.row, self.filings.get(p.unit, [])
        for cut in ("reporting_unit", "chain", "capital_kind", "expansion_driver", "lead_channel", "introducer",
                    "signing_event"):  # fmt: skip
            p.cuts[cut] = str(row.get(cut) or UNKNOWN) if p.in_ledger else UNKNOWN
        p.cuts["district"] = "全区"
        p.cuts["project_kind"] = "增资扩产" if row.get("is_capacity_expansion") else "新建"
        town = None
        if filings:
            town = _towns().get(str(filings[0].row["division_code"]))
        if town is None:
            told = [
                s
                for s in self.known.statements["land"]
                if self.unit_of(s.line) == p.unit and s.received_on <= self.known_on
            ]
            town = str(told[0]["division_name"]) if told else None
        p.cuts["town"] = town or UNKNOWN
        code = row.get("industry_code") or (filings[0].row["industry_code"] if filings else None)
        p.cuts["industry_section"] = _sections().get(str(code), UNKNOWN)
        if p.in_ledger:
            amount = row.get("signed_investment")
            p.signed_investment = amount * 10000 if isinstance(amount, Decimal) else None
        band = UNKNOWN
        if p.signed_investment is not None:
            band = next((name for limit, name in BANDS if p.signed_investment < limit), ">= 50")
        p.cuts["size_band"] = band
        # The codes that stand add up (phases); where none stands, the withdrawn ones do.
        standing = [f for f in filings if f.withdrawn_on is None] or filings
        amounts = [f.planned for f in standing if f.planned is not None]
        p.planned_investment = sum(amounts, ZERO) if amounts else None
        self._invested(p)
        self._schedule(p)

    def _invested(self, p: Standing) -> None:
        told: dict[str, Decimal] = {}
        reports = [s for s in self.reports.get(p.unit, []) if s["stat_period"] <= self.as_of]
        for s in sorted(reports, key=lambda s: (s["stat_period"], s["project_code"])):
            month, cum, code = s["stat_period"], s["investment_cum"], str(s["project_code"])
            assert isinstance(month, date) and isinstance(cum, Decimal)
            at = month_of(month)
            p.added[at] = p.added.get(at, ZERO) + cum - told.get(code, ZERO)
            told[code] = cum

    def _schedule(self, p: Standing) -> None:
        terms = self.terms.get(str(p.row.get("signing_row_no"))) if p.in_ledger else None
        if terms is None:
            return
        start, done, amount = (terms[k] for k in ("agreed_start_date", "agreed_completion_date", "agreed_investment"))
        if isinstance(start, date) and isinstance(done, date) and isinstance(amount, Decimal):
            part = min(max(Fraction((self.as_of - start).days, (done - start).days), Fraction(0)), Fraction(1))
            # Multiplied before it is divided: a half of the last place is then one.
            exact = amount * part.numerator / part.denominator
            p.scheduled = exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)

    # Claimed

    def _claim(self, p: Standing) -> None:
        if not p.in_ledger:
            return
        claimed, row = p.dates["claimed"], p.row
        no = str(row["signing_row_no"])
        _put(claimed, "signed", row.get("signing_date"))
        shown = str(row.get("project_code") or "").split("、")
        by_code = [f.filed_on for f in self.filings.get(p.unit, []) if f.code in shown]
        filed = row.get("filing_date") or (min(by_code) if by_code else None)
        if filed is None:
            filed = next(
                (d for d, s in self.ledger[no]
                 if s is not None and (s["project_code"] or s["current_stage"] in SHOWN_FROM_FILING)),
                None,
            )  # fmt: skip
        _put(claimed, "filed", filed)
        for kind, name in RECOGNISED.items():
            told = self.recognised.get((no, kind), [])
            passed = [s for s in told if s["result"] != "撤销"]
            undone = [s["recognised_date"] for s in told if s["result"] == "撤销" and passed and s.is_after(passed[-1])]
            if passed and passed[-1]["result"] == "通过" and not any(d <= self.as_of for d in undone):
                _put(claimed, name, passed[-1]["actual_date"])

    # Evidenced

    def _evidence(self, p: Standing) -> None:
        evidenced, row, key = p.dates["evidenced"], p.row, p.unit
        if p.in_ledger:
            _put(evidenced, "signed", row.get("signing_date"))
        has_parcel = any(
            self.unit_of(s.line) == p.unit and s.received_on <= self.known_on for s in self.known.statements["land"]
        ) or any(f.row["parcel_no"] for f in self.filings.get(key, []))
        leased_area = row.get("leased_floor_area")
        leased = row.get("involves_land") is False or bool(leased_area and not has_parcel)
        permits = self.permits.get(key, [])
        if not leased and permits and all(days for _, days in permits):
            _put(evidenced, "completed", max(min(days) for _, days in permits))
        filings = [
            f
            for f in self.filings.get(key, [])
            if f.filed_on <= self.as_of and not (f.withdrawn_on and f.withdrawn_on <= self.as_of)
        ]
        if not filings:
            return
        filing = min(filings, key=lambda f: (f.filed_on, f.code))
        evidenced["filed"] = filing.filed_on
        anchor = min((issued for issued, _ in permits), default=None)
        promised = filing.row["commitment_date"]
        if leased:
            anchor = filing.filed_on
        elif filing.row["approval_path"] in SHORTENED and isinstance(promised, date):
            anchor = promised if anchor is None else min(anchor, promised)
        if anchor is None:
            return
        seen = [d for d in self.paid.get(key, []) if p.in_ledger and d >= anchor]
        for s in self.reports.get(key, []):
            month, amount = s["stat_period"], s["investment_month"]
            if isinstance(month, date) and isinstance(amount, Decimal) and amount > 0 and month >= anchor:
                seen.append(month)
        seen = [d for d in seen if d <= self.as_of]
        if not seen:
            return
        evidenced["started"] = min(seen)
        ready = evidenced["started"] if leased else evidenced.get("completed")
        uscc = str(row.get("uscc") or filing.row["uscc"])
        if ready is None:
            return
        sold = self.sales.get(uscc, {})
        months = sorted(m for m, v in sold.items() if v > 0 and m >= month_of(ready))
        pair = next(((a, b) for a, b in pairwise(months) if b - a <= 2), None)
        if pair is None:
            return
        evidenced["produced"], p.complete_on = last_of(pair[0]), last_of(pair[1])
        net = self._on_target(p, uscc, pair[0], subtracts=bool(row.get("is_capacity_expansion")))
        _put(evidenced, "on_target", net)
        p.gross_on = self._on_target(p, uscc, pair[0], subtracts=False)

    def _on_target(self, p: Standing, uscc: str, produced: int, subtracts: bool) -> date | None:
        terms = self.terms.get(str(p.row.get("signing_row_no"))) if p.in_ledger else None
        sales_goal, tax_goal = p.row.get("expected_sales"), p.row.get("expected_tax")
        if terms is not None:
            if terms["agreed_sales"] is not None:
                sales_goal = terms["agreed_sales"]
            if terms["agreed_tax"] is not None:
                tax_goal = terms["agreed_tax"]
            elif terms["agreed_tax_per_mu"] is not None and terms["agreed_land_area"] is not None:
                tax_goal = terms["agreed_tax_per_mu"] * terms["agreed_land_area"]
        if not isinstance(sales_goal, Decimal) or not isinstance(tax_goal, Decimal):
            return None
        sold, taxed = self.sales.get(uscc, {}), self.tax.get(uscc[8:17], {})

        def year(series: dict[int, Decimal], last: int) -> Decimal:
            return sum((series.get(m, ZERO) for m in range(last - 11, last + 1)), ZERO)

        before = month_of(p.dates["evidenced"]["started"]) - 1
        base_sales, base_tax = (year(sold, before), year(taxed, before)) if subtracts else (ZERO, ZERO)
        month = produced + 6
        while last_of(month) <= self.as_of:
            if year(sold, month) - base_sales >= sales_goal and year(taxed, month) - base_tax >= tax_goal:
                return last_of(month)
            month += 1
        return None

    # Figures

    def figures(self) -> Figures:
        """Every figure that is not nothing."""
        out = Figures(self.as_of)
        for p in self.projects:
            for cut in p.cuts.items():
                out.add(p, cut)
        return out


Key = tuple[str, str, str, date, str, str, str]
"""cut_kind, cut_value, window_kind, window_start, form, measure, variant"""


@dataclass
class Sums:
    """Of one reading: numerator and denominator by count and by amount, and the withdrawn."""

    count: int = 0
    amount: Decimal = ZERO
    base_count: int = 0
    base_amount: Decimal = ZERO
    withdrawn: int = 0


RATES = (
    ("filing_rate", "signed", "filed"),
    ("start_rate", "filed", "started"),
    ("production_rate", "started", "produced"),
    ("on_target_rate", "produced", "on_target"),
)


class Figures:
    """Sums by cut, window, form, measure and variant, for every reading."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.sums: dict[Key, dict[str, Sums]] = {}

    def _windows(self, day: date) -> list[tuple[str, date]]:
        month = month_of(day)
        out = [("month", first_of(month)), ("quarter", first_of(month - month % 3)), ("year", date(day.year, 1, 1))]
        if day.year >= 2021:
            out.append(("plan", date(2021 + (day.year - 2021) // 5 * 5, 1, 1)))
        return [*out, ("all", date(1990, 1, 1))]

    def _at(self, cut: tuple[str, str], day: date, form: str, name: tuple[str, str], reading: str) -> list[Sums]:
        out = []
        for kind, start in self._windows(day):
            if name[0] == "landing_rate_36m" and kind != "year":
                continue
            key = (*cut, kind, start, form, *name)
            held = self.sums.get(key)
            if held is None:
                held = self.sums[key] = {r: Sums() for r in READINGS}
            out.append(held[reading])
        return out

    def add(self, p: Standing, cut: tuple[str, str]) -> None:
        """What one project adds to the figures of one cut value."""
        gone = p.withdrawn_on is not None
        for reading, dates in p.dates.items():
            planned, signed = p.planned_investment or ZERO, p.signed_investment or ZERO
            gross = dates.get("on_target") if reading == "claimed" else p.gross_on
            if reading == "verified" and p.is_held_back:
                gross = None
            for name in STAGE_NAMES:
                variants = ["main"] if p.in_ledger else []
                variants += ["all_filings"] if name != "signed" else []
                for variant in variants:
                    self._happened(cut, reading, dates.get(name), (name, variant), gone,
                                   signed if name == "signed" else planned)  # fmt: skip
            if p.in_ledger:
                self._happened(cut, reading, gross, ("on_target", "gross"), gone, planned)
            for measure, base, goal in RATES:
                amount = signed if base == "signed" else planned
                if p.in_ledger:
                    self._rate(cut, reading, dates, base, dates.get(goal), (measure, "main"), gone, amount)
                    self._rate(cut, reading, dates, base, dates.get(goal), (measure, "with_withdrawn"), gone, amount)
                if base != "signed":
                    self._rate(cut, reading, dates, base, dates.get(goal), (measure, "all_filings"), gone, amount)
            if p.in_ledger:
                self._rate(cut, reading, dates, "produced", gross, ("on_target_rate", "gross"), gone, planned)
                self._mature(cut, reading, dates, gone, planned)
                for variant, goal in (("main", "started"), ("with_withdrawn", "started"), ("production", "produced")):
                    reached, begun = dates.get(goal), dates.get("signed")
                    if begun and reached and reached > add_months(begun, 36):
                        reached = None
                    self._rate(cut, reading, dates, "signed", reached, ("landing_rate_36m", variant), gone, signed,
                               ("cohort",))  # fmt: skip
            self._investment(cut, reading, p, dates.get("started"), gone)

    def _happened(
        self, cut: tuple[str, str], reading: str, day: date | None, name: tuple[str, str], gone: bool, amount: Decimal
    ) -> None:
        if day is None:
            return
        for form in ("cohort", "period"):
            for s in self._at(cut, day, form, name, reading):
                s.withdrawn += gone
                s.count += not gone
                s.amount += ZERO if gone else amount

    def _rate(
        self, cut: tuple[str, str], reading: str, dates: Dates, base: str, reached: date | None,
        name: tuple[str, str], gone: bool, amount: Decimal, forms: tuple[str, ...] = ("cohort", "period"),
    ) -> None:  # fmt: skip
        begun = dates.get(base)
        if begun is None:
            return
        stays = not gone or name[1] == "with_withdrawn"
        for form in forms:
            for s in self._at(cut, begun, form, name, reading):
                s.withdrawn += gone
                s.base_count += stays
                s.base_amount += amount if stays else ZERO
            if reached is not None and not gone:
                for s in self._at(cut, begun if form == "cohort" else reached, form, name, reading):
                    s.count += 1
                    s.amount += amount

    def _mature(self, cut: tuple[str, str], reading: str, dates: Dates, gone: bool, amount: Decimal) -> None:
        produced, reached = dates.get("produced"), dates.get("on_target")
        if produced is None or add_months(produced, 24) > self.as_of:
            return
        if reached is not None and reached > add_months(produced, 24):
            reached = None
        self._rate(cut, reading, dates, "produced", reached, ("on_target_rate", "mature"), gone, amount)

    def _investment(self, cut: tuple[str, str], reading: str, p: Standing, started: date | None, gone: bool) -> None:
        if started is None:
            return
        rate = "investment_completion_rate"
        planned, signed = p.planned_investment or ZERO, p.signed_investment or ZERO
        names = [("investment_cum", "all_filings", None), (rate, "all_filings", planned)]
        if p.in_ledger:
            names += [("investment_cum", "main", None), (rate, "main", planned), (rate, "with_withdrawn", planned),
                      (rate, "to_signed", signed)]  # fmt: skip
            if p.scheduled is not None:
                names.append((rate, "scheduled", p.scheduled))
        for measure, variant, base in names:
            for form in ("cohort", "period"):
                stays = not gone or variant == "with_withdrawn"
                for s in self._at(cut, started, form, (measure, variant), reading):
                    s.withdrawn += gone
                    s.base_amount += (base or ZERO) if stays else ZERO
            if gone:
                continue
            for s in self._at(cut, started, "cohort", (measure, variant), reading):
                s.amount += sum(p.added.values(), ZERO)
            for month, amount in p.added.items():
                for s in self._at(cut, last_of(month), "period", (measure, variant), reading):
                    s.amount += amount


def _put(dates: Dates, name: str, day: object) -> None:
    if isinstance(day, date):
        dates[name] = day


@cache
def _towns() -> dict[str, str]:
    with (SEEDS / "division_town.csv").open(encoding="utf-8", newline="") as f:
        return {r["code9"]: r["name"] for r in csv.DictReader(f)}


@cache
def _sections() -> dict[str, str]:
    with (SEEDS / "gbt4754.csv").open(encoding="utf-8", newline="") as f:
        return {r["code"]: r["section_code"] for r in csv.DictReader(f)}
