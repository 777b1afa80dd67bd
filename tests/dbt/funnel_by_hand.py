"""The funnel once more, in plain Python and straight from metrics.md, to be compared with the models."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from tests.dbt.funnel_world import DISTRICT, REGISTER_DAYS, Row, World, month_end

SIGNED, FILED, STARTED, COMPLETED, PRODUCED, ON_TARGET = range(1, 7)
NAMES = {1: "signed", 2: "filed", 3: "started", 4: "completed", 5: "produced", 6: "on_target"}
PLANS = ((date(2021, 1, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2030, 12, 31)))
BEGINNING = date(1990, 1, 1)
COMMITMENT = {"承诺制", "容缺受理", "拿地即开工", "分阶段"}
BANDS = ((5000, "< 0.5"), (10000, "0.5-1"), (50000, "1-5"), (100000, "5-10"), (500000, "10-50"))
CUTS = (
    "reporting_unit",
    "chain",
    "capital_kind",
    "expansion_driver",
    "lead_channel",
    "introducer",
    "signing_event",
)


def add_months(day: date, n: int) -> date:
    month = day.month - 1 + n
    first = date(day.year + month // 12, month % 12 + 1, 1)
    return first.replace(day=min(day.day, month_end(first).day))


def month_no(day: date) -> int:
    return day.year * 12 + day.month


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@dataclass
class Filing:
    """What stands of one project code."""

    code: str
    filing_date: date | None
    planned: Decimal | None
    row: Row
    withdrawn_on: date | None


@dataclass
class Project:
    """One project with its dates in every reading, keyed by stage."""

    project_id: str
    row: Row
    in_ledger: bool
    filings: list[Filing] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    dates: dict[str, dict[int, date]] = field(default_factory=lambda: {"claimed": {}, "evidenced": {}})
    complete_on: date | None = None
    gross_on: date | None = None
    is_held_back: bool = False
    withdrawn_on: date | None = None
    leased: bool = False
    uscc: str | None = None
    signed_amount: Decimal | None = None
    planned_amount: Decimal | None = None
    scheduled: Decimal | None = None
    added: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


class ByHand:
    """All projects of a world at (known_on, as_of), and every figure of mart_funnel that is not 0."""

    def __init__(self, world: World, known_on: date, as_of: date) -> None:
        self.known_on, self.as_of = known_on, as_of
        self.rows: World = {
            source: [r for r in rows if r.get("received_on", r.get("decided_on")) <= known_on]
            for source, rows in world.items()
        }
        self.filings = self._filings()
        self.projects = self._projects()
        self._tax_and_sales()
        for p in self.projects:
            self._claimed(p)
            self._evidenced(p)
            self._amounts(p)
            for reading in p.dates:
                p.dates[reading] = {s: d for s, d in p.dates[reading].items() if d and d <= as_of}
            if p.complete_on and p.complete_on > as_of:
                raise AssertionError("months after as_of were looked at")

    def hold_back(self, project_ids: set[str]) -> None:
        """Say which projects the checks hold back: verified is evidenced without them, as a whole."""
        for p in self.projects:
            p.is_held_back = p.project_id in project_ids
            p.dates["verified"] = {} if p.is_held_back else dict(p.dates["evidenced"])

    # What stands

    def _events(self, source: str, *keys: str) -> dict[tuple[Any, ...], list[Row]]:
        rank = {"撤销": 5, "更正": 4, "变更": 3, "补报": 2}
        out: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in self.rows.get(source, []):
            out[tuple(row.get(k) for k in keys)].append(row)
        for rows in out.values():
            rows.sort(
                key=lambda r: (r["received_on"], rank.get(r.get("submission_kind"), 1), r["file_name"], r["row_number"])
            )
        return out

    def _filings(self) -> dict[str, Filing]:
        out = {}
        for (code,), rows in self._events("filing", "project_code").items():
            stated = [r for r in rows if r["submission_kind"] != "撤销"] or rows
            dated = [r for r in rows if r["filing_date"]]
            corrected = [r for r in dated if r["submission_kind"] == "更正"]
            planned = [r["planned_investment"] for r in rows if r["planned_investment"] is not None]
            withdrawn = rows[-1]["received_on"] if rows[-1]["submission_kind"] == "撤销" else None
            filed = (corrected[-1] if corrected else dated[0])["filing_date"] if dated else None
            out[code] = Filing(code, filed, planned[-1] if planned else None, stated[-1], withdrawn)
        return out

    def _register(self, source: str) -> dict[date, dict[str, Row]]:
        days = [d for d in REGISTER_DAYS if d <= self.known_on]
        out: dict[date, dict[str, Row]] = {d: {} for d in days}
        for row in self.rows.get(source, []):
            out[row["received_on"]][row["signing_row_no"]] = row
        return out

    def _projects(self) -> list[Project]:
        register = self._register("signing")
        self.history: dict[str, list[Row]] = defaultdict(list)
        for day in sorted(register):
            for no, row in register[day].items():
                self.history[no].append(row)
        out, owned = [], {}
        for no, rows in self.history.items():
            p = Project(f"{DISTRICT}-{no}", rows[-1], True)
            gone = [d for d in sorted(register) if d > rows[-1]["received_on"]]
            if gone and gone[0] <= self.as_of:
                p.withdrawn_on = gone[0]
            for code in (rows[-1]["project_code"] or "").split("、"):
                if code:
                    owned[code] = p
            out.append(p)
        known = set(self.filings)
        known |= {r["project_code"] for source in ("permit", "fai") for r in self.rows.get(source, [])}
        for code in sorted(known - set(owned)):
            row = self.filings[code].row if code in self.filings else {}
            owned[code] = Project(f"{DISTRICT}-{code}", row, False)
            out.append(owned[code])
        for code, p in owned.items():
            p.codes.add(code)
            if code in self.filings:
                p.filings.append(self.filings[code])
        for p in out:
            p.filings.sort(key=lambda f: (f.withdrawn_on is not None, f.filing_date or date.max, f.code))
            first = p.filings[0].row if p.filings else {}
            p.uscc = p.row.get("uscc") or first.get("uscc")
            parcel = any(f.row.get("parcel_no") for f in p.filings)
            p.leased = p.row.get("involves_land") is False or (bool(p.row.get("leased_floor_area")) and not parcel)
        return out

    def _tax_and_sales(self) -> None:
        self.sales: dict[str, dict[date, Decimal]] = defaultdict(dict)
        for (period, firm), rows in self._events("sales", "stat_period", "uscc").items():
            if period <= self.as_of:
                self.sales[firm][period] = rows[-1]["invoiced_sales"]
        self.tax: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for row in self.rows.get("tax", []):
            month = month_end(row["tax_treasury_date"] or row["stat_period"])
            if row["tax_item"] not in ("教育费附加", "契税", "耕地占用税") and month <= self.as_of:
                # 9 characters of organisation code, wherever they stand.
                organisation = row["uscc"][6:15] if len(row["uscc"]) == 15 else row["uscc"][8:17]
                self.tax[organisation][month] += row["tax_paid"]

    def _year_to(self, flow: dict[date, Decimal], last: date) -> Decimal:
        return sum((v for d, v in flow.items() if 0 <= month_no(last) - month_no(d) < 12), Decimal(0))

    # Claimed

    def _claimed(self, p: Project) -> None:
        if not p.in_ledger:
            return
        no, last, claimed = p.row["signing_row_no"], p.row, p.dates["claimed"]
        claimed[SIGNED] = last["signing_date"]
        by_code = [f.filing_date for f in p.filings if f.filing_date]
        shown = [
            r["received_on"]
            for r in self.history[no]
            if r["project_code"] or r["current_stage"] in ("备案", "报批", "开工", "竣工", "投产", "达产", "达效")
        ]
        claimed[FILED] = last["filing_date"] or (min(by_code) if by_code else None) or (shown[0] if shown else None)
        for (row_no, kind), rows in self._events("recognition", "signing_row_no", "recognition_kind").items():
            stage = {"开工": STARTED, "竣工": COMPLETED, "投产": PRODUCED, "达效": ON_TARGET}.get(kind)
            if row_no != no or stage is None:
                continue
            stated = [r for r in rows if r["result"] != "撤销"]
            after = rows[rows.index(stated[-1]) + 1 :] if stated else []
            if stated and stated[-1]["result"] == "通过" and not (after and after[0]["recognised_date"] <= self.as_of):
                claimed[stage] = stated[-1]["actual_date"]

    # Evidenced

    def _evidenced(self, p: Project) -> None:
        evidenced = p.dates["evidenced"]
        merged = {json.loads(d["data"])["signing_row_no"] for d in self.rows.get("decision", [])}
        if p.in_ledger and p.row["signing_row_no"] not in merged:
            evidenced[SIGNED] = p.dates["claimed"].get(SIGNED)
        standing = [
            f
            for f in p.filings
            if f.filing_date and f.filing_date <= self.as_of and not (f.withdrawn_on and f.withdrawn_on <= self.as_of)
        ]
        permits = self._permits(p)
        if not p.leased and permits and all(permits.values()):
            evidenced[COMPLETED] = max(a for a in permits.values() if a)
        if not standing:
            return
        filing = min(standing, key=lambda f: (f.filing_date, f.code))
        evidenced[FILED] = filing.filing_date
        anchor = min((issued for _, issued in permits), default=None)
        if p.leased:
            anchor = filing.filing_date
        elif filing.row["approval_path"] in COMMITMENT and filing.row["commitment_date"]:
            anchor = min(filter(None, (anchor, filing.row["commitment_date"])))
        witnesses = self._witnesses(p)
        started = min((w for w in witnesses if anchor and anchor <= w <= self.as_of), default=None)
        if not started:
            return
        evidenced[STARTED] = started
        ready = started if p.leased else evidenced.get(COMPLETED)
        sales = self.sales.get(p.uscc or "", {})
        selling = sorted(d for d, v in sales.items() if v > 0 and ready and month_no(d) >= month_no(ready))
        for one, other in pairwise(selling):
            if month_no(other) - month_no(one) <= 2:
                evidenced[PRODUCED], p.complete_on = one, other
                break
        if p.complete_on:
            evidenced[ON_TARGET], p.gross_on = (self._on_target(p, subtract) for subtract in (True, False))

    def _permits(self, p: Project) -> dict[tuple[str, date], date | None]:
        """{(permit, issued): first acceptance} of the permits that stand."""
        accepted: dict[str, date] = {}
        for row in self.rows.get("acceptance", []):
            day = row["actual_completion_date"]
            if day <= self.as_of:
                accepted[row["construction_permit_no"]] = min(day, accepted.get(row["construction_permit_no"], day))
        out = {}
        for (permit, code), rows in self._events("permit", "construction_permit_no", "project_code").items():
            revoked = rows[-1]["submission_kind"] == "撤销" and rows[-1]["received_on"] <= self.as_of
            if code in p.codes and rows[0]["construction_permit_date"] <= self.as_of and not revoked:
                out[permit, rows[0]["construction_permit_date"]] = accepted.get(permit)
        return out

    def _reports(self, p: Project) -> list[Row]:
        latest: dict[date, date] = {}
        for row in self.rows.get("fai", []):
            latest[row["stat_period"]] = max(row["received_on"], latest.get(row["stat_period"], row["received_on"]))
        return [
            r
            for r in self.rows.get("fai", [])
            if r["project_code"] in p.codes and r["received_on"] == latest[r["stat_period"]]
        ]

    def _witnesses(self, p: Project) -> list[date]:
        out = [r["stat_period"] for r in self._reports(p) if r["investment_month"] > 0]
        for row in self.rows.get("payment", []):
            paid = row["signing_row_no"] == p.row.get("signing_row_no") and p.in_ledger
            if paid and row["purpose"] in ("土建", "设备") and row["amount"] > 0:
                out.append(row["paid_at"].date())
        return out

    def _on_target(self, p: Project, subtract: bool) -> date | None:
        terms = self._terms(p)
        sales_goal = terms.get("agreed_sales")
        sales_goal = p.row.get("expected_sales") if sales_goal is None else sales_goal
        tax_goal = terms.get("agreed_tax")
        per_mu, mu = terms.get("agreed_tax_per_mu"), terms.get("agreed_land_area")
        if tax_goal is None and per_mu is not None and mu is not None:
            tax_goal = per_mu * mu
        tax_goal = p.row.get("expected_tax") if tax_goal is None else tax_goal
        if sales_goal is None or tax_goal is None or p.uscc is None:
            return None
        sales, tax = self.sales[p.uscc], self.tax[p.uscc[8:17]]
        base_sales = base_tax = Decimal(0)
        if subtract and p.row.get("is_capacity_expansion"):
            before = p.dates["evidenced"][STARTED].replace(day=1) - timedelta(days=1)
            base_sales, base_tax = self._year_to(sales, before), self._year_to(tax, before)
        month = month_end(add_months(p.dates["evidenced"][PRODUCED].replace(day=1), 6))
        while month <= self.as_of:
            if (
                self._year_to(sales, month) - base_sales >= sales_goal
                and self._year_to(tax, month) - base_tax >= tax_goal
            ):
                return month
            month = month_end(month + timedelta(days=1))
        return None

    def _terms(self, p: Project) -> Row:
        days = [d for d in REGISTER_DAYS if d <= self.known_on]
        return self._register("agreement")[days[-1]].get(p.row.get("signing_row_no", ""), {}) if days else {}

    # Amounts

    def _amounts(self, p: Project) -> None:
        p.signed_amount = p.row.get("signed_investment") if p.in_ledger else None
        standing = [f for f in p.filings if f.withdrawn_on is None] or p.filings
        planned = [f.planned for f in standing if f.planned is not None]
        p.planned_amount = sum(planned) if planned else None
        before: dict[str, Decimal] = {}
        for r in sorted(self._reports(p), key=lambda r: r["stat_period"]):
            if r["stat_period"] <= self.as_of and r["investment_cum"] is not None:
                p.added[r["stat_period"]] += r["investment_cum"] - before.get(r["project_code"], Decimal(0))
                before[r["project_code"]] = r["investment_cum"]
        terms = self._terms(p)
        keys = ("agreed_start_date", "agreed_completion_date", "agreed_investment")
        start, end, amount = (terms.get(k) for k in keys)
        if p.in_ledger and start and end and amount is not None:
            if end <= self.as_of:
                p.scheduled = amount
            elif self.as_of <= start:
                p.scheduled = Decimal(0)
            else:
                p.scheduled = rounded(rounded(amount * (self.as_of - start).days / (end - start).days, 6), 4)

    # Figures

    def cuts(self, p: Project) -> dict[str, str]:
        out = {name: (p.row.get(name) if p.in_ledger else None) or "未知" for name in CUTS}
        band = next((b for limit, b in BANDS if p.signed_amount is not None and p.signed_amount < limit), ">= 50")
        out["size_band"] = "未知" if p.signed_amount is None else band
        out["project_kind"] = "增资扩产" if p.row.get("is_capacity_expansion") else "新建"
        out |= {"district": "全区", "town": "未知", "industry_section": "未知"}
        return out

    def windows(self, day: date, kinds: tuple[str, ...]) -> list[tuple[str, date, date]]:
        quarter = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        out = {
            "month": (day.replace(day=1), month_end(day)),
            "quarter": (quarter, month_end(add_months(quarter, 2))),
            "year": (date(day.year, 1, 1), date(day.year, 12, 31)),
            "all": (BEGINNING, self.as_of),
        }
        for first, last in PLANS:
            if first <= day <= last:
                out["plan"] = (first, last)
        return [(kind, *out[kind]) for kind in kinds if kind in out]

    def figures(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """{(cut, value, window, start, end, form, measure, variant): sums of every reading and both bases}."""
        out: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(lambda: defaultdict(Decimal))
        for p in self.projects:
            for cut in self.cuts(p).items():
                self._add_project(out, p, cut)
        return out

    def _add_project(self, out: dict[tuple[Any, ...], dict[str, Any]], p: Project, cut: tuple[str, str]) -> None:
        every = ("month", "quarter", "year", "plan", "all")
        gone = p.withdrawn_on is not None

        def put(day: date, kinds: tuple[str, ...], form: str, name: tuple[str, str], **sums: Any) -> None:
            for window in self.windows(day, kinds):
                figure = out[(*cut, *window, form, *name)]
                for key, value in sums.items():
                    figure[f"{reading}.{key}"] += value or 0

        for reading, dates in p.dates.items():
            gross = p.dates["claimed"].get(ON_TARGET) if reading == "claimed" else p.gross_on
            if reading == "verified" and p.is_held_back:
                gross = None
            populations = ["main"] if p.in_ledger else []
            for stage, day in [*dates.items(), (7, gross)]:
                if day is None:
                    continue
                amount = p.signed_amount if stage == SIGNED else p.planned_amount
                names = [(NAMES[stage], v) for v in populations] if stage < 7 else []
                names += [(NAMES[stage], "all_filings")] if 1 < stage < 7 else []
                names += [("on_target", "gross")] if stage == 7 and p.in_ledger else []
                for name in names:
                    for form in ("cohort", "period"):
                        put(day, every, form, name, gone=gone, n=not gone, a=None if gone else amount)
            for measure, den, num in (
                ("filing_rate", SIGNED, FILED),
                ("start_rate", FILED, STARTED),
                ("production_rate", STARTED, PRODUCED),
                ("on_target_rate", PRODUCED, ON_TARGET),
                ("landing_rate_36m", SIGNED, STARTED),
                ("landing_rate_36m", SIGNED, PRODUCED),
                ("mature", PRODUCED, ON_TARGET),
                ("gross", PRODUCED, 7),
            ):
                day, reached = dates.get(den), gross if num == 7 else dates.get(num)
                if day is None:
                    continue
                amount = p.signed_amount if den == SIGNED else p.planned_amount
                variants = [*populations, *(["with_withdrawn"] if p.in_ledger else [])]
                if den != SIGNED:
                    variants.append("all_filings")
                kinds, forms = every, ("cohort", "period")
                if measure == "landing_rate_36m":
                    kinds, forms = ("year",), ("cohort",)
                    if num == PRODUCED:
                        variants = ["production"] if p.in_ledger else []
                    if reached and reached > add_months(day, 36):
                        reached = None
                if measure in ("mature", "gross"):
                    variants = [measure] if p.in_ledger else []
                    if measure == "mature" and add_months(day, 24) > self.as_of:
                        continue
                    if measure == "mature" and reached and reached > add_months(day, 24):
                        reached = None
                    measure = "on_target_rate"
                for variant in variants:
                    for form in forms:
                        stays = not gone or variant == "with_withdrawn"
                        put(day, kinds, form, (measure, variant), gone=gone, dn=stays, da=amount if stays else None)
                        if reached and not gone:
                            at = day if form == "cohort" else reached
                            put(at, kinds, form, (measure, variant), n=1, a=amount)
            self._add_investment(put, p, dates.get(STARTED), populations, gone)

    def _add_investment(self, put: Any, p: Project, day: date | None, populations: list[str], gone: bool) -> None:
        if day is None:
            return
        every = ("month", "quarter", "year", "plan", "all")
        rate = "investment_completion_rate"
        names: list[tuple[str, str, Any]] = [
            ("investment_cum", "all_filings", None),
            (rate, "all_filings", p.planned_amount),
        ]
        if populations:
            names += [("investment_cum", "main", None), (rate, "main", p.planned_amount)]
            names += [(rate, "with_withdrawn", p.planned_amount), (rate, "to_signed", p.signed_amount)]
            if p.scheduled is not None:
                names.append((rate, "scheduled", p.scheduled))
        for measure, variant, amount in names:
            stays = not gone or variant == "with_withdrawn"
            for form in ("cohort", "period"):
                put(day, every, form, (measure, variant), gone=gone, da=amount if stays else None)
            if not gone:
                put(day, every, "cohort", (measure, variant), a=sum(p.added.values(), Decimal(0)))
                for period, added in p.added.items():
                    put(period, every, "period", (measure, variant), a=added)
