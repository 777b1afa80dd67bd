"""What is reported month by month: investment, and the sales, tax, output, power and staff of the firms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from zhixiao.simulate.calendar import first_of, last_of, month_of, working_day
from zhixiao.simulate.delivery import Delivery, Line, dec
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, FaiMonth, Firm, Phase, Project
from zhixiao.simulate.small import small_power
from zhixiao.simulate.taxes import tax_lines, tax_summary_lines
from zhixiao.simulate.views.view import View, month_name


def _fai_line(p: Project, phase: Phase, at: FaiMonth, kind: str, slip: int) -> Line:
    """The row of a month. `slip` is what this version of the report gets wrong in build (万元)."""
    assert p.firm is not None
    year = [m for m in phase.fai if m.month // 12 == at.month // 12 and m.month <= at.month]
    before = sum(m.total for m in phase.fai if m.month // 12 < at.month // 12)
    build, equipment, other = (sum(getattr(m, k) for m in year) for k in ("build", "equipment", "other"))
    ytd = build + equipment + other + slip
    planned = phase.planned
    for on, amount in phase.changes:
        planned = amount if month_of(on) < at.month else planned
    row = {
        "stat_period": last_of(at.month),
        "project_code": phase.code,
        "uscc": p.firm.uscc,
        "project_name": phase.name,
        "reporting_unit": p.reporting_unit,
        "planned_investment": dec(planned, 0),
        "investment_cum": dec(before + ytd, 0),
        "investment_ytd": dec(ytd, 0),
        "investment_month": dec(at.total + slip, 0),
        "investment_build": dec(build + slip, 0),
        "investment_equipment": dec(equipment, 0),
        "investment_other": dec(other, 0),
        "construction_stage": at.stage,
        "site_progress": "主体施工" if at.total else None,
        "submission_kind": kind,
        "revision_reason": "企业误报，已核" if kind == "更正" else None,
    }
    return Line(row, p, phase)


def fai(view: View) -> Iterator[Delivery]:
    draws = view.stream("slips")
    reports = [(p, ph, m) for p in view.world.all_projects for ph in p.phases for m in ph.fai if m.month <= LAST_MONTH]
    for month, received in view.months():
        lines, corrected = [], []
        for p, phase, m in reports:
            if m.month != month:
                continue
            slip = 0
            if m.build >= 100 and draws.chance(8):
                slip = draws.pick((m.build // 5, -(m.build // 10)))
                corrected.append(_fai_line(p, phase, m, "更正", 0))
            lines.append(_fai_line(p, phase, m, "首次", slip))
        if not lines:
            continue
        name = f"列统情况表（表二）{month_name(month)}"
        title = "固定资产投资项目列统情况表（表二）"
        yield Delivery("fai", received, name, lines, title=title)
        if corrected:
            day = working_day(received + timedelta(days=draws.whole(3, 12)))
            yield Delivery("fai", day, f"{name}（更正）", corrected, title=title)


def tax(view: View) -> Iterator[Delivery]:
    draws = view.stream("parts")
    for month, received in view.months():
        lines = tax_lines(view.world, month)
        title = "入库税收明细表"
        name = f"入库税收明细{month_name(month)}"
        offices = sorted({str(line.values["collecting_office"]) for line in lines})
        if draws.chance(120) and len(offices) > 1:
            # Two files of one day are parts of one delivery.
            for part, some in (("（一）", offices[:1]), ("（二）", offices[1:])):
                held = [x for x in lines if x.values["collecting_office"] in some]
                yield Delivery("tax", received, name + part, held, "csv", title, month, "国家税务总局样例区税务局")
        else:
            yield Delivery("tax", received, name, lines, "csv", title, month, "国家税务总局样例区税务局")


def tax_summary(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        lines = tax_summary_lines(view.world, month)
        yield Delivery("tax_summary", received, f"税收汇总表{month_name(month)}", lines, "xlsx", "税收汇总表", month)


def output(view: View) -> Iterator[Delivery]:
    draws = view.stream("values")
    for month, received in view.months():
        lines = []
        at = month - FIRST_MONTH
        for firm in view.world.firms:
            if firm.above_scale_from is None or month // 12 < firm.above_scale_from:
                continue
            value = firm.sales[at] + (firm.sales[at - 1] if month % 12 == 1 and at else 0)
            if value <= 0:
                continue
            output = value * draws.whole(960, 1060) // 10000
            row = {
                "stat_period": last_of(month),
                "uscc": firm.uscc,
                "company_name": firm.name_on(last_of(month)),
                "reporting_unit": firm.reporting_unit,
                "output_value": dec(output, 1),
                "operating_income": dec(value * draws.whole(960, 1010) // 10000, 1),
                "headcount": dec(firm.staff[at], 0),
                "submission_kind": "首次",
                "revision_reason": None,
            }
            lines.append(Line(row))
        yield Delivery("output", received, f"规上工业月报{month_name(month)}", lines)


def sales(view: View) -> Iterator[Delivery]:
    draws = view.stream("forms")
    for month, received in view.months():
        at = month - FIRST_MONTH
        day = last_of(month)
        lines = []
        for firm in view.world.firms:
            if firm.registered_on > day or (firm.closed and firm.closed[0] <= day):
                continue
            row = {
                "stat_period": day,
                "uscc": firm.uscc,
                "company_name": firm.name_on(day),
                "invoiced_sales": dec(firm.sales[at], 2),
                "equipment_purchases": dec(firm.equipment[at], 2),
                "tax_filing_kind": "汇总" if firm.is_consolidated else "独立",
            }
            lines.append(Line(row))
        form = draws.pick(("csv", "xlsx"))
        name = f"工业开票销售情况{month_name(month)}"
        if draws.chance(60) and lines:
            # The first version of the month is wrong for some; the whole month comes again.
            wrong = []
            for line in lines:
                sold = line.values["invoiced_sales"]
                assert isinstance(sold, Decimal)
                off = {"invoiced_sales": sold * 2} if draws.chance(60) else {}
                wrong.append(replace(line, values={**line.values, **off}))
            yield Delivery("sales", received, name, wrong, form)
            again = working_day(received + timedelta(days=draws.whole(2, 9)))
            yield Delivery("sales", again, f"{name}（最终版）", lines, form)
        else:
            yield Delivery("sales", received, name, lines, form)


def power(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        at = month - FIRST_MONTH
        day = last_of(month)
        lines = []
        for firm in view.world.firms:
            if firm.registered_on > day or (firm.closed and firm.closed[0] <= day):
                continue
            for n, (account, capacity) in enumerate(firm.accounts):
                kwh = firm.power[at] * (7 if n == 0 else 3) // 10 if len(firm.accounts) == 2 else firm.power[at]
                row = {
                    "stat_period": day,
                    "power_account_no": account,
                    "company_name": firm.name_on(day),
                    "power_capacity_kva": dec(capacity, 0),
                    "power_category": "大工业" if capacity >= 315 else "一般工商业",
                    "power_kwh": dec(kwh, 0),
                    "self_generated_kwh": dec(kwh // 8, 0) if firm.self_generates else None,
                    "is_shared_meter": firm.is_shared_meter,
                }
                lines.append(Line(row))
        for small, account, used in small_power(view.world, month):
            row = {
                "stat_period": day,
                "power_account_no": account,
                "company_name": small.name,
                "power_capacity_kva": dec(50, 0),
                "power_category": "一般工商业",
                "power_kwh": dec(used, 0),
                "self_generated_kwh": None,
                "is_shared_meter": False,
            }
            lines.append(Line(row))
        yield Delivery("power", received, f"企业用电量{month_name(month)}", lines, "csv")


def social(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        day = last_of(month)
        lines = []
        for firm in view.world.firms:
            staff = firm.staff[month - FIRST_MONTH]
            if staff:
                row = {
                    "stat_period": day,
                    "uscc": firm.uscc,
                    "company_name": firm.name_on(day),
                    "insured_headcount": dec(staff * 92 // 100, 0),
                }
                lines.append(Line(row))
        yield Delivery("social", received, f"企业参保人数{month_name(month)}", lines, "csv")


def submission_log(view: View) -> Iterator[Delivery]:
    draws = view.stream("edits")
    serial = 0
    invested: dict[int, list[tuple[Firm, int]]] = defaultdict(list)
    for p in view.world.all_projects:
        for m in (m for phase in p.phases for m in phase.fai if p.firm and m.total):
            assert p.firm is not None
            invested[m.month].append((p.firm, m.total))
    for month, received in view.months():
        due = first_of(month + 1).replace(day=12)
        reports = [
            ("B204-1表", firm, firm.sales[month - FIRST_MONTH] // 100)
            for firm in view.world.firms
            if firm.above_scale_from is not None and month // 12 >= firm.above_scale_from and month % 12 != 0
        ]
        reports += [("H201表", firm, amount) for firm, amount in invested.get(month, [])]
        lines = []
        for form, firm, value in reports:
            serial += 1
            at = datetime(
                due.year, due.month, draws.whole(3, 11), draws.whole(8, 17), draws.whole(0, 59), draws.whole(0, 59)
            )
            edited = draws.chance(40)
            before = value * draws.whole(900, 1100) // 1000
            row = {
                "submission_no": f"BS{month // 12}{month % 12 + 1:02d}{serial:06d}",
                "uscc": firm.uscc,
                "form": form,
                "stat_period": last_of(month),
                "submitted_at": at,
                "account": f"T{firm.uscc[8:16]}",
                "client_ip": f"10.{draws.whole(1, 60)}.{draws.whole(1, 250)}.{draws.whole(1, 250)}",
                "due_at": datetime(due.year, due.month, 12, 23, 59, 59),
                "value_before": dec(before, 0) if edited else None,
                "value_after": dec(value, 0),
                "is_bookkeeping_agent": False,
                "submission_kind": "更正" if edited else "首次",
            }
            lines.append(Line(row))
        if lines:
            name = f"报送日志{month // 12}{month % 12 + 1:02d}"
            yield Delivery("submission_log", received, name, lines, "csv")
