"""Registers that follow the projects of the ledger: signing, agreement, completion, milestone, expansion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from zhixiao.simulate.calendar import add_months, last_of, month_of
from zhixiao.simulate.delivery import Delivery, Line, Value, dec
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, Project
from zhixiao.simulate.views.view import View, invested_by, land_permit_no, month_name, quarter_name, staff_on

STAGES = ("备案", "报批", "开工", "竣工", "投产", "达产", "达效")


def _ledger_codes(view: View) -> dict[str, date]:
    """From which day on the ledger shows a code: the filing's, or some months later."""
    draws = view.stream("codes")
    out = {}
    for p in view.world.projects:
        for phase in p.phases:
            late = draws.whole(20, 100) if draws.chance(120) else 0
            out[phase.code] = phase.filed_on + timedelta(days=late)
    return out


def _stage_on(p: Project, day: date, codes: list[str]) -> str:
    if p.signed_on is None or p.signed_on > day:
        return "在谈"
    if p.is_ended and p.phases and p.phases[-1].filed_on + timedelta(days=400) < day:
        return "终止"
    told = {r.kind: r.result for r in p.recognitions if r.recognised_on <= day and r.result in ("通过", "撤销")}
    reached = [kind for kind, result in told.items() if result == "通过"]
    for kind in reversed(STAGES):
        if kind in reached:
            return kind
    if codes:
        granted = any(ph.land and ph.land.signed_on <= day for ph in p.phases)
        return "报批" if granted else "备案"
    return "注册" if p.firm_known_from and p.firm_known_from <= day else "签约"


def signing(view: View) -> Iterator[Delivery]:
    shown = _ledger_codes(view)
    draws = view.stream("filing dates")
    shows_date = {p.row_no: draws.chance(700) for p in view.world.projects}
    stat_days = {p.row_no: draws.whole(0, 25) for p in view.world.projects}
    for month, received in view.months():
        day = last_of(month)
        lines = []
        for p in view.world.projects:
            if p.lead_on > day or (p.withdrawn_on and p.withdrawn_on <= day):
                continue
            codes = [ph.code for ph in p.phases if shown[ph.code] <= day]
            is_signed = p.signed_on is not None and p.signed_on <= day
            known = p.firm is not None and (p.firm_known_from is None or p.firm_known_from <= day)
            amount = p.restated[1] if p.restated and p.restated[0] <= day else p.signed
            filed = p.phases[0].filed_on if codes and shows_date[p.row_no] else None
            granted = [ph for ph in p.phases if ph.land and ph.land.signed_on + timedelta(days=15) <= day]
            lines.append(
                Line(
                    {
                        "signing_row_no": p.row_no,
                        "project_name": p.name,
                        "company_name": p.firm.name_on(day) if p.firm and known else None,
                        "uscc": p.firm.uscc if p.firm and known else None,
                        "project_code": "、".join(codes) or None,
                        "reporting_unit": p.reporting_unit,
                        "investor": p.investor,
                        "investor_origin": p.investor_origin,
                        "capital_kind": "外资" if p.is_foreign else "内资",
                        "lead_channel": p.lead_channel,
                        "signing_event": p.signing_event if is_signed else None,
                        "signed_investment": dec(amount, 4),
                        "fixed_asset_investment": dec(p.fixed, 0),
                        "investment_equipment": dec(p.equipment, 0),
                        "land_area": dec(p.land_mu, 2) if p.land_mu else None,
                        "involves_land": p.involves_land,
                        "leased_floor_area": dec(p.leased_area, 0) if p.leased_area else None,
                        "expected_sales": dec(p.expected_sales, 0),
                        "expected_tax": dec(p.expected_tax, 0),
                        "agreed_foreign_capital": dec(p.foreign_capital, 2) if p.is_foreign else None,
                        "is_capacity_expansion": p.is_expansion,
                        "expansion_driver": p.driver,
                        "signing_date": p.signed_on if is_signed else None,
                        "signing_stat_date": p.signed_on + timedelta(days=stat_days[p.row_no])
                        if p.signed_on and is_signed
                        else None,
                        "filing_date": filed,
                        "filing_stat_date": last_of(month_of(filed)) if filed else None,
                        "industry_code": p.industry.code,
                        "chain": p.industry.chain,
                        "introducer": p.introducer,
                        "planned_floor_area": dec(p.floor_area, 0) if p.floor_area else None,
                        "energy_tce": dec(p.energy_tce, 0),
                        "red_line": p.red_line,
                        "is_ipo_project": p.is_ipo,
                        "land_planning_permit_no": land_permit_no(view, granted[0]) if granted else None,
                        "current_stage": _stage_on(p, day, codes),
                    },
                    p,
                )
            )
        yield Delivery("signing", received, f"签约项目台账（截至{month_name(month)}）", lines)


def agreement(view: View) -> Iterator[Delivery]:
    for month, received in view.quarters():
        day = last_of(month)
        lines = []
        for p in view.world.projects:
            if p.agreed_on is None or p.agreed_on > day or (p.withdrawn_on and p.withdrawn_on <= day):
                continue
            places = {"agreed_land_area": 2, "agreed_tax_per_mu": 2}
            row: dict[str, Value] = {"signing_row_no": p.row_no, "project_name": p.name}
            for name, value in p.agreement.items():
                row[name] = dec(value, places.get(name, 0)) if isinstance(value, int) else value
            if not p.land_mu:
                row["agreed_land_area"] = None
            late = p.agreement["agreed_start_date"]
            assert isinstance(late, date)
            breached = p.started_on is None and late + timedelta(days=365) < day
            row |= {
                "breach": "未按约定时间开工" if breached else None,
                "exit_action": "约谈督促" if breached else None,
                "exit_date": late + timedelta(days=380) if breached and late + timedelta(days=380) <= day else None,
                "red_line": None,
            }
            lines.append(Line(row, p))
        yield Delivery("agreement", received, f"履约监管协议台账{quarter_name(month)}", lines)


def completion(view: View) -> Iterator[Delivery]:
    for month in range(FIRST_MONTH + 5, LAST_MONTH + 1, 6):
        received = view.received(last_of(month + 1))
        day = last_of(month)
        lines = []
        for p in view.world.projects:
            if not (p.completed_on and p.completed_on <= day and p.firm):
                continue
            at = month - FIRST_MONTH
            sold = sum(p.firm.sales[max(0, at - 11) : at + 1])
            tax = sold * p.industry.tax_per_mille // 1000
            area = sum(ph.land.area_ha for ph in p.phases if ph.land) * 15 // 100
            row = {
                "signing_row_no": p.row_no,
                "project_name": p.name,
                "uscc": p.firm.uscc,
                "chain": p.industry.chain,
                "is_newly_introduced": "存量" if p.is_expansion else "新建",
                "actual_investment": dec(invested_by(p, day), 0),
                "actual_land_area": dec(area, 2) if area else None,
                "leased_floor_area": dec(p.leased_area, 0) if p.leased_area else None,
                "leased_out_floor_area": None,
                "actual_sales": dec(sold, 2),
                "actual_tax": dec(tax, 2),
                "tax_per_mu": dec(tax * 100 // area, 2) if area else None,
                "headcount": dec(staff_on(p.firm, day), 0),
            }
            lines.append(Line(row, p))
        if lines:
            half = "上半年" if month % 12 == 5 else "下半年"
            yield Delivery("completion", received, f"项目总表{month // 12}年{half}", lines)


def milestone(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        day = last_of(month)
        lines = []
        for p in view.world.projects:
            # The steward follows a project from signing until half a year after production.
            if p.signed_on is None or p.signed_on > day or (p.withdrawn_on and p.withdrawn_on <= day):
                continue
            if day > add_months(p.signed_on, 48) or (p.produced_on and day > add_months(p.produced_on, 6)):
                continue
            filed = p.phases[0].filed_on if p.phases else None
            permits = [x.issued_on for ph in p.phases for x in ph.permits]
            steps = (
                ("项目备案", 90, filed),
                ("施工许可", 270, min(permits, default=None)),
                ("开工建设", 330, p.started_on),
                ("竣工验收", 900, p.completed_on),
                ("投产", 990, p.produced_on),
            )
            for name, after, done in steps:
                planned = p.signed_on + timedelta(days=after)
                shown = done if done and done <= day else None
                status = "已完成" if shown else "逾期" if planned < day else "未开始"
                row = {
                    "signing_row_no": p.row_no,
                    "milestone": name,
                    "planned_date": planned,
                    "actual_date": shown,
                    "responsible_unit": p.reporting_unit,
                    "lead_role": "项目管家",
                    "service_unit": "区行政审批局",
                    "milestone_status": status,
                    "blocker": "手续办理" if status == "逾期" else None,
                }
                lines.append(Line(row, p))
        yield Delivery("milestone", received, f"项目节点清单{month // 12}{month % 12 + 1:02d}", lines, "csv")


def expansion(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        day = last_of(month)
        lines = []
        for p in view.world.projects:
            if not p.is_expansion or p.firm is None or p.lead_on > day:
                continue
            filed = bool(p.phases) and p.phases[0].filed_on <= day
            year = p.lead_on.year - 1
            base = (
                sum(p.firm.sales[(year - 2021) * 12 : (year - 2020) * 12]) if year >= 2021 else p.firm.base_sales * 12
            )
            status = "入库"
            for reached, name in (
                (p.signed_on, "签约"), (p.phases[0].filed_on if p.phases else None, "备案"),
                (p.started_on, "开工"), (p.produced_on, "投产"), (p.withdrawn_on, "终止"),
            ):  # fmt: skip
                status = name if reached and reached <= day else status
            row = {
                "expansion_no": f"ZK{p.row_no[2:]}",
                "uscc": p.firm.uscc,
                "company_name": p.firm.name_on(day),
                "expansion_driver": p.driver,
                "planned_investment": dec(p.signed, 0),
                "land_need": dec(p.land_mu, 2) if p.land_mu else None,
                "funding_need": dec(p.signed * 4 // 10, 0),
                "base_year": year,
                "base_sales": dec(base, 2),
                "base_tax": dec(base * p.industry.tax_per_mille // 1000, 2),
                "expansion_status": status,
                "project_code": p.phases[0].code if filed else None,
            }
            lines.append(Line(row, p))
        if lines:
            yield Delivery("expansion", received, f"增资扩产项目库{month_name(month)}", lines)
