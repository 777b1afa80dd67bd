"""Events, each with a paper or a number of its own: filings, land, permits, acceptances, recognitions, money, cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from zhixiao.simulate.calendar import last_of, month_of
from zhixiao.simulate.delivery import Delivery, Line, Value, dec
from zhixiao.simulate.model import FIRST_MONTH, Phase, Project
from zhixiao.simulate.views.view import View, invested_by, land_permit_no, monthly_events, quarter_name, staff_on


def _filing_values(view: View, p: Project, phase: Phase, planned: int) -> dict[str, Value]:
    assert p.firm is not None
    return {
        "project_code": phase.code,
        "project_name": phase.name,
        "company_name": p.firm.name,
        "uscc": p.firm.uscc,
        "filing_no": phase.filing_no,
        "filing_date": phase.first_stated_filed_on,
        "declared_at": phase.declared_on,
        "approval_kind": "备案",
        "construction_nature": "改建和技术改造" if p.is_expansion else "新建",
        "industry_code": p.industry.code,
        "site_address": view.place.address(p.town_name),
        "division_code": p.town,
        "planned_investment": dec(planned, 0),
        "fixed_asset_investment": dec(phase.fixed, 0),
        "project_capital": dec(planned * 3 // 10, 0),
        "land_area": dec(phase.land.area_ha, 4) if phase.land else None,
        "parcel_no": phase.land.parcel_no if phase.land and phase.land.signed_on <= phase.filed_on else None,
        "planned_start_date": last_of(month_of(phase.filed_on + timedelta(days=120))),
        "planned_completion_date": last_of(month_of(phase.filed_on + timedelta(days=700))),
        "is_technical_upgrade": p.is_expansion,
        "is_backfilled_filing": False,
        "industrial_policy_type": "允许类" if phase.planned % 3 else "鼓励类",
        "approval_path": phase.path,
        "commitment_date": phase.commitment_on,
        "submission_kind": "首次",
        "revision_reason": None,
    }


def filing(view: View) -> Iterator[Delivery]:
    draws = view.stream("kinds")
    items: list[tuple[date, Line]] = []
    for p in view.world.all_projects:
        for phase in p.phases:
            planned = phase.planned
            first = _filing_values(view, p, phase, planned)
            day = phase.filed_on
            if draws.chance(30):
                day += timedelta(days=draws.whole(31, 70))
                first["submission_kind"] = "补报"
            items.append((day, Line(first, p, phase)))
            later: list[tuple[date, str, int, date]] = []
            if phase.corrected_on:
                later.append((phase.corrected_on, "更正", 0, phase.filed_on))
            for on, amount in phase.changes:
                # A change is sometimes dated by its own day: it moves no filing date.
                stated = on if draws.chance(400) else phase.first_stated_filed_on
                later.append((on, "变更", amount, stated))
            if phase.withdrawn_on:
                later.append((phase.withdrawn_on, "撤销", 0, phase.first_stated_filed_on))
            for on, kind, amount, stated in sorted(later):
                planned = amount or planned
                row = _filing_values(view, p, phase, planned)
                reason = {"更正": "录入差错", "变更": "建设内容调整", "撤销": "企业申请撤销"}[kind]
                row |= {"filing_date": stated, "submission_kind": kind, "revision_reason": reason}
                items.append((max(on, day), Line(row, p, phase)))
    for made in monthly_events(view, "项目备案信息", items, "csv"):
        made.coarse = frozenset({"planned_start_date", "planned_completion_date"})
        yield made


def land(view: View) -> Iterator[Delivery]:
    items: list[tuple[date, Line]] = []
    for p in view.world.projects:
        for phase in p.phases:
            land = phase.land
            if land is None or p.firm is None:
                continue
            row: dict[str, Value] = {
                "land_supervision_no": land.supervision_no,
                "land_contract_no": land.contract_no,
                "parcel_no": land.parcel_no,
                "project_name": phase.name,
                "company_name": p.firm.name,
                "division_name": view.place.county,
                "site_address": land.address,
                "land_area": dec(land.area_ha, 4),
                "land_use": "工业用地",
                "supply_mode": "挂牌出让",
                "land_price": dec(land.price_fen // 100, 4),
                "agreed_far_min": dec(12, 1),
                "agreed_far_max": dec(25, 1),
                "agreed_intensity": dec(land.intensity, 0),
                "contract_sign_date": land.signed_on,
                "agreed_handover_date": land.handover_on,
                "agreed_start_date": land.agreed_start,
                "agreed_completion_date": land.agreed_completion,
                "actual_start_date": None,
                "actual_completion_date": None,
            }
            items.append((land.signed_on, Line(row, p, phase)))
            if phase.completed_on and phase.started_on:
                again = row | {"actual_start_date": phase.started_on, "actual_completion_date": phase.completed_on}
                items.append((phase.completed_on + timedelta(days=30), Line(again, p, phase)))
    yield from monthly_events(view, "土地供应结果", items, "csv")


def permit(view: View) -> Iterator[Delivery]:
    draws = view.stream("codes")
    items: list[tuple[date, Line]] = []
    for p in view.world.all_projects:
        assert p.firm is not None or not p.phases
        for phase in p.phases:
            for permit in phase.permits:
                assert p.firm is not None
                row = {
                    "construction_permit_no": permit.number,
                    # Some permits do not say the code: they are found by owner, name and land permit.
                    "project_code": None if draws.chance(30) else phase.code,
                    "site_project_no": permit.site_no,
                    "project_name": phase.name,
                    "company_name": p.firm.name_on(permit.issued_on),
                    "uscc": p.firm.uscc,
                    "construction_planning_permit_no": permit.planning_no,
                    "land_planning_permit_no": land_permit_no(view, phase) if phase.land else None,
                    "contract_amount": dec(permit.contract_fen, 6),
                    "permit_floor_area": dec(permit.floor_area, 0),
                    "project_category": "工业厂房",
                    "construction_permit_date": permit.issued_on,
                    "submission_kind": "首次",
                }
                late = timedelta(days=draws.whole(30, 60)) if draws.chance(30) else timedelta()
                if late:
                    row["submission_kind"] = "补报"
                items.append((permit.issued_on + late, Line(row, p, phase)))
    yield from monthly_events(view, "建筑工程施工许可", items, "csv")


def acceptance(view: View) -> Iterator[Delivery]:
    items = []
    for p in view.world.all_projects:
        for phase in p.phases:
            for permit in phase.permits:
                if permit.accepted_on:
                    row = {
                        "acceptance_record_no": permit.acceptance_no,
                        "construction_permit_no": permit.number,
                        "project_name": phase.name,
                        "actual_cost": dec(permit.cost_fen, 6),
                        "actual_floor_area": dec(permit.floor_area, 0),
                        "actual_start_date": phase.started_on,
                        "actual_completion_date": permit.accepted_on,
                    }
                    items.append((permit.accepted_on, Line(row, p, phase)))
    yield from monthly_events(view, "竣工验收备案", items, "csv")


def recognition(view: View) -> Iterator[Delivery]:
    for month, received in view.quarters():
        lines = []
        for p in view.world.projects:
            for r in p.recognitions:
                since = 0 if month == FIRST_MONTH + 2 else month - 2
                if not since <= month_of(r.recognised_on) <= month or r.actual_on > r.recognised_on:
                    continue
                staff = staff_on(p.firm, r.recognised_on) if p.firm else 0
                row = {
                    "signing_row_no": p.row_no,
                    "recognition_kind": r.kind,
                    "project_name": p.name,
                    "uscc": p.firm.uscc if p.firm else None,
                    "actual_date": r.actual_on,
                    "recognised_date": r.recognised_on,
                    "actual_investment": dec(invested_by(p, r.recognised_on), 0) if r.kind == "竣工" else None,
                    "headcount": dec(staff, 0),
                    "insured_headcount": dec(staff * 9 // 10, 0),
                    "result": r.result,
                }
                lines.append(Line(row, p))
        if lines:
            yield Delivery("recognition", received, f"{quarter_name(month)}项目认定结果", lines)


def payment(view: View) -> Iterator[Delivery]:
    items = []
    serial = 0
    for p in view.world.projects:
        for pay in p.payments:
            serial += 1
            at = datetime.combine(pay.paid_on, datetime.min.time()) + timedelta(seconds=pay.second)
            row = {
                "account_bank": view.place.bank,
                "flow_no": f"LS{pay.paid_on:%Y%m}{serial:08d}",
                "signing_row_no": p.row_no,
                "payer": pay.payer,
                "payee": pay.payee,
                "payer_uscc": pay.payer_uscc or None,
                "payee_uscc": pay.payee_uscc or None,
                "amount": dec(pay.fen, 2),
                "paid_at": at,
                "purpose": pay.purpose,
                "contract_no": pay.contract_no or None,
                "contract_amount": dec(pay.contract_fen, 2) if pay.contract_fen else None,
                "invoice_no": pay.invoice_no or None,
                "invoice_amount": dec(pay.fen, 2) if pay.invoice_no else None,
                "is_instalment": pay.is_instalment,
                "is_cash_pool": pay.is_cash_pool,
            }
            items.append((pay.paid_on, Line(row, p)))
    yield from monthly_events(view, "项目监管账户资金流水", items, "csv")


def fdi(view: View) -> Iterator[Delivery]:
    draws = view.stream("arrivals")
    items = []
    for p in view.world.projects:
        if p.is_foreign and p.firm and p.started_on:
            for n in range(draws.whole(1, 3)):
                day = p.started_on + timedelta(days=draws.whole(5, 300))
                row = {
                    "fdi_no": f"WZ{day:%Y%m}{p.row_no[2:]}{n}",
                    "signing_row_no": p.row_no,
                    "uscc": p.firm.uscc,
                    "arrived_date": day,
                    "amount_usd": dec(p.foreign_capital * draws.whole(10, 30) // 100, 2),
                    "outflow_usd": dec(draws.whole(0, 900), 2),
                    "payee_related": False,
                }
                items.append((day, Line(row, p)))
    yield from monthly_events(view, "外资到账明细", items, "xlsx")


def supervision(view: View) -> Iterator[Delivery]:
    draws = view.stream("cases")
    items = []
    for n, p in enumerate(view.world.projects):
        if p.signed_on and draws.chance(60):
            good = p.started_on is not None
            day = p.signed_on + timedelta(days=draws.whole(200, 700))
            row = {
                "case_no": f"DC{day.year}{n + 1:04d}",
                "case_kind": "正面典型" if good else "负面典型",
                "reporting_unit": p.reporting_unit,
                "signing_row_no": p.row_no,
                "issue_date": day,
                "summary": "项目推进较快" if good else "项目推进迟缓",
                "rectified_date": None,
            }
            items.append((day, Line(row, p)))
    yield from monthly_events(view, "督查通报", items, "xlsx")
