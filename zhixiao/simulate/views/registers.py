"""Registers that follow no project: firms, targets, opportunities, activities, parcels in reserve, funds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from zhixiao.simulate.calendar import last_of
from zhixiao.simulate.delivery import Delivery, Line, dec
from zhixiao.simulate.views.view import View, month_name, quarter_name


def enterprise(view: View) -> Iterator[Delivery]:
    for month, received in view.quarters():
        day = last_of(month)
        lines = []
        for firm in view.world.firms:
            if firm.registered_on > day:
                continue
            closed = firm.closed if firm.closed and firm.closed[0] <= day else None
            row = {
                "uscc": firm.uscc,
                "company_name": firm.name_on(day),
                "company_registered_date": firm.registered_on,
                "registered_capital": dec(firm.capital, 0),
                "industry_code": firm.industry.code,
                "enterprise_status": closed[1] if closed else "存续",
                "deregistered_date": closed[0] if closed and closed[1] == "注销" else None,
                "revoked_date": closed[0] if closed and closed[1] == "吊销" else None,
                "reporting_unit": firm.reporting_unit,
                "controller_uscc": firm.controller,
                "successor_uscc": closed[2] if closed else None,
                "site_address": view.place.address(firm.town_name),
            }
            lines.append(Line(row))
        for small in view.world.small:
            if small.registered_on > day:
                continue
            row = {
                "uscc": small.uscc,
                "company_name": small.name,
                "company_registered_date": small.registered_on,
                "registered_capital": dec(small.capital, 0),
                "industry_code": small.industry_code,
                "enterprise_status": "存续",
                "reporting_unit": small.town_name,
                "site_address": view.place.address(small.town_name),
            }
            lines.append(Line(row))
        name = f"市场主体登记信息{month // 12}Q{month % 12 // 3 + 1}"
        yield Delivery("enterprise", received, name, lines, "csv")


def above_scale(view: View) -> Iterator[Delivery]:
    for year in range(2021, 2026):
        received = view.received(date(year, 3, 31))
        lines = [
            Line(
                {
                    "stat_year": year,
                    "uscc": firm.uscc,
                    "company_name": firm.name_on(date(year, 1, 1)),
                    "above_scale_kind": "工业",
                    "above_scale_date": date(firm.above_scale_from, 1, 1),
                }
            )
            for firm in view.world.firms
            if firm.above_scale_from is not None
            and firm.above_scale_from <= year
            and not (firm.closed and firm.closed[0].year < year)
        ]
        yield Delivery("above_scale", received, f"{year}年规模以上企业名录", lines)


def target(view: View) -> Iterator[Delivery]:
    draws = view.stream("values")
    units = [*view.world.units, *(name for _, name in view.world.towns)]
    kinds = (("签约项目数", 14, "个"), ("备案项目数", 12, "个"), ("开工项目数", 8, "个"), ("投产项目数", 5, "个"),
             ("达效项目数", 2, "个"), ("完成投资", 160000, "万元"))  # fmt: skip
    per_mille = round(view.config.scale * 1000)
    for year in range(2021, 2026):
        received = view.received(date(year, 3, 31))
        lines = [
            Line(
                {
                    "stat_year": year,
                    "reporting_unit": unit,
                    "metric": metric,
                    "target_value": dec(max(1, base * per_mille * draws.whole(60, 140) // 100000), 0),
                    "unit": measure,
                }
            )
            for unit in units
            for metric, base, measure in kinds
        ]
        yield Delivery("target", received, f"{year}年度项目建设目标任务", lines)


def scenario(view: View) -> Iterator[Delivery]:
    draws = view.stream("list")
    firms = view.world.firms
    led = [p for p in view.world.projects if p.lead_channel == "场景招商" and p.phases]
    chances = []
    for n in range(max(4, len(firms) // 12)):
        on = date(2021, 1, 10) + timedelta(days=draws.whole(0, 1700))
        chances.append((f"JH{n + 1:04d}", draws.pick(("产品", "技术", "设备", "模式", "应用")), draws.pick(firms).name,
                        draws.whole(20, 900), on, led[n] if n < len(led) else None))  # fmt: skip
    for month, received in view.quarters():
        day = last_of(month)
        lines = []
        for no, kind, owner, budget, on, p in chances:
            if on > day:
                continue
            landed = p is not None and p.phases[0].filed_on <= day
            row = {
                "opportunity_no": no,
                "opportunity_kind": kind,
                "owner_company": owner,
                "budget": dec(budget, 0),
                "opportunity_status": "落地" if landed else "对接" if (day - on).days > 120 else "发布",
                "matched_partner": p.investor if p and landed else None,
                "project_code": p.phases[0].code if p and landed else None,
            }
            lines.append(Line(row, p))
        if lines:
            yield Delivery("scenario", received, f"堰归来机会清单{quarter_name(month)}", lines)


def event(view: View) -> Iterator[Delivery]:
    draws = view.stream("list")
    signed: dict[str, int] = {}
    for p in view.world.projects:
        if p.signing_event and p.signed_on:
            signed[p.signing_event] = signed.get(p.signing_event, 0) + 1
    events = []
    for n, name in enumerate(sorted(signed)):
        month = {"新": 2, "长": 5, "金": 10}[name[5]]
        on = date(int(name[:4]), month, draws.whole(5, 25))
        events.append((f"HD{on:%Y%m}{n + 1:02d}", name, on, draws.whole(8, 60), draws.whole(4, 30)))
    for month, received in view.months():
        day = last_of(month)
        lines = []
        for no, name, on, cost, leads in events:
            if on - timedelta(days=40) > day:
                continue
            for phase, shift, task in (
                ("会前对接", -20, "邀商对接"),
                ("会中洽谈", 0, "现场洽谈"),
                ("会后跟踪", 30, "签约跟进"),
            ):
                due = on + timedelta(days=shift)
                row = {
                    "event_no": no,
                    "signing_event": name,
                    "event_date": on,
                    "event_phase": phase,
                    "task": task,
                    "cost": dec(cost * 10 // 3, 1),
                    "responsible_unit": "堰才招商公司",
                    "due_date": due,
                    "done_date": due if due <= day else None,
                    "project_leads": dec(leads, 0),
                    "signed_count": dec(signed[name], 0) if on + timedelta(days=90) <= day else None,
                }
                lines.append(Line(row))
        if lines:
            yield Delivery("event", received, f"招商活动清单{month_name(month)}", lines)


def land_reserve(view: View) -> Iterator[Delivery]:
    draws = view.stream("parcels")
    free = [
        (
            f"{code}9{n:02d}GB7{n:04d}",
            name,
            draws.whole(1500, 20000),
            date(2021, 1, 5) + timedelta(days=draws.whole(0, 900)),
        )
        for n, (code, name) in enumerate(view.world.towns)
    ]
    for month, received in view.quarters():
        day = last_of(month)
        lines = []
        for parcel, unit, area, on in free:
            age = (day - on).days
            if age < 0:
                continue
            stage, start = ("规划", on) if age < 300 else ("征收", on + timedelta(days=300))
            if age >= 700:
                stage, start = "储备", on + timedelta(days=700)
            row = {"parcel_no": parcel, "reporting_unit": unit, "land_area": dec(area, 2), "reserve_stage": stage,
                   "stage_date": start, "project_code": None}  # fmt: skip
            lines.append(Line(row))
        listed: set[str] = set()
        for p in view.world.projects:
            for phase in p.phases:
                # Two projects may claim one parcel; the reserve office lists it once, under the first.
                if phase.land and phase.land.signed_on <= day and phase.land.parcel_no not in listed:
                    listed.add(phase.land.parcel_no)
                    row = {"parcel_no": phase.land.parcel_no, "reporting_unit": p.reporting_unit,
                           "land_area": dec(phase.land.area_ha * 15, 4), "reserve_stage": "利用",
                           "stage_date": phase.land.signed_on, "project_code": phase.code}  # fmt: skip
                    lines.append(Line(row, p, phase))
        if lines:
            yield Delivery("land_reserve", received, f"土地储备情况{quarter_name(month)}", lines)


def fund(view: View) -> Iterator[Delivery]:
    draws = view.stream("funds")
    funds = [(f"JJ{n + 1:03d}", f"样例区{chain}产业基金", chain) for n, chain in enumerate(
        ("高端装备", "新能源", "新材料", "大健康")
    )]  # fmt: skip
    stakes = [
        (draws.pick(funds), p, p.started_on + timedelta(days=draws.whole(0, 200)), p.signed * draws.whole(3, 12) // 100)
        for p in view.world.projects
        if p.started_on and p.lead_channel == "基金招商"
    ]
    for month, received in view.quarters():
        day = last_of(month)
        lines = [
            Line({"fund_no": no, "fund_name": name, "chain": chain, "signing_row_no": None, "committed": dec(50000, 0)})
            for no, name, chain in funds
        ]
        for (no, name, chain), p, invested_on, amount in stakes:
            if invested_on <= day and not (p.withdrawn_on and p.withdrawn_on <= day):
                row = {
                    "fund_no": no, "fund_name": name, "chain": chain, "signing_row_no": p.row_no,
                    "committed": dec(amount, 0), "invested": dec(amount * 8 // 10, 0), "invested_date": invested_on,
                    "exited": dec(0, 0), "reinvested_locally": dec(amount * 6 // 10, 0),
                }  # fmt: skip
                lines.append(Line(row, p))
        yield Delivery("fund", received, f"产业基金投资情况{quarter_name(month)}", lines)
