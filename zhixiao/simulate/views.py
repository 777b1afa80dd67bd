"""The truth as each department states it: 28 sources, each in its mode, rhythm and form, with its received days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from zhixiao.contracts import load_contract
from zhixiao.simulate.calendar import add_months, first_of, last_of, month_of, working_day
from zhixiao.simulate.delivery import Delivery, Line, Value, dec
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, FaiMonth, Firm, Phase, Project, World
from zhixiao.simulate.taxes import tax_lines, tax_summary_lines

HORIZON = date(2026, 2, 27)
"""Nothing is received later: the last day under raw/."""

STAGES = ("备案", "报批", "开工", "竣工", "投产", "达产", "达效")


def deliveries(world: World, source: str) -> Iterator[Delivery]:
    """All deliveries of one source in the order in which they were received."""
    view = View(world, source)
    since = world.config.since
    backlog: list[Line] = []
    for made in _VIEWS[source](view):
        if made.received_on > HORIZON:
            continue
        if since is not None and made.received_on < since:
            if view.contract.mode == "events":
                backlog += made.lines
            continue
        if backlog:
            made.lines = backlog + made.lines
            backlog = []
        yield made


class View:
    """A source over the world, with its rhythm and its own draws."""

    def __init__(self, world: World, source: str) -> None:
        self.world = world
        self.source = source
        self.contract = load_contract(source)
        self.config = world.config
        self.draws = self.stream("rhythm")
        self.last_received = date(2021, 1, 1)

    def stream(self, name: str) -> Draws:
        return Draws(self.config.seed, self.config.district, f"view/{self.source}/{name}")

    def received(self, due: date) -> date:
        """Mostly some days before the due day, sometimes late; a register never overtakes its earlier delivery."""
        day = due - timedelta(days=self.draws.whole(0, 9))
        if self.draws.chance(50):
            day = due + timedelta(days=self.draws.whole(1, 24))
        if self.contract.mode == "register":
            day = max(day, self.last_received + timedelta(days=1))
        self.last_received = working_day(day)
        return self.last_received

    def months(self) -> Iterator[tuple[int, date]]:
        """(month reported, received day) of a monthly source."""
        for month in range(FIRST_MONTH, LAST_MONTH + 1):
            if month % 12 + 1 not in self.contract.months_without_report:
                yield month, self.received(first_of(month + 1).replace(day=self.contract.due_day))

    def quarters(self) -> Iterator[tuple[int, date]]:
        """(last month of the quarter, received day)."""
        for month in range(FIRST_MONTH + 2, LAST_MONTH + 1, 3):
            yield month, self.received(first_of(month + 1).replace(day=self.contract.due_day))


def _month_name(month: int) -> str:
    return f"{month // 12}年{month % 12 + 1}月"


def _quarter_name(month: int) -> str:
    return f"{month // 12}年{month % 12 // 3 + 1}季度"


def _by_month(items: list[tuple[date, Line]]) -> dict[int, list[Line]]:
    out: dict[int, list[Line]] = {}
    for day, line in sorted(items, key=lambda i: i[0]):
        out.setdefault(month_of(day), []).append(line)
    return out


def _monthly_events(view: View, name: str, items: list[tuple[date, Line]], form: str) -> Iterator[Delivery]:
    held = _by_month(items)
    empty = view.stream("empty months")
    for month, received in view.months():
        # Nothing happened: most departments send nothing, some send the form with its header.
        if held.get(month) or (empty.chance(250) and view.config.mess != "none"):
            yield Delivery(view.source, received, f"{name}{_month_name(month)}", held.get(month, []), form)


# --- the ledger


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
    reached = [r.kind for r in p.recognitions if r.result == "通过" and r.recognised_on <= day]
    for kind in reversed(STAGES):
        if kind in reached:
            return kind
    if codes:
        granted = any(ph.land and ph.land.signed_on <= day for ph in p.phases)
        return "报批" if granted else "备案"
    return "注册" if p.firm_known_from and p.firm_known_from <= day else "签约"


def land_permit_no(view: View, phase: Phase) -> str:
    assert phase.land is not None
    return f"地字第{view.config.district}{phase.land.signed_on.year}YG{int(phase.land.supervision_no[-5:]):07d}号"


def _signing(view: View) -> Iterator[Delivery]:
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
        yield Delivery("signing", received, f"签约项目台账（截至{_month_name(month)}）", lines)


# --- documents of the project


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
        "site_address": f"泰州市姜堰区{p.town_name}",
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


def _filing(view: View) -> Iterator[Delivery]:
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
    for made in _monthly_events(view, "项目备案信息", items, "csv"):
        made.coarse = frozenset({"planned_start_date", "planned_completion_date"})
        yield made


def _land(view: View) -> Iterator[Delivery]:
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
                "division_name": "姜堰区" if view.config.district == "321204" else "样例区",
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
    yield from _monthly_events(view, "土地供应结果", items, "csv")


def _permit(view: View) -> Iterator[Delivery]:
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
    yield from _monthly_events(view, "建筑工程施工许可", items, "csv")


def _acceptance(view: View) -> Iterator[Delivery]:
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
    yield from _monthly_events(view, "竣工验收备案", items, "csv")


def _invested(p: Project, day: date) -> int:
    return sum(m.total for ph in p.phases for m in ph.fai if last_of(m.month) <= day)


def _staff(firm: Firm, day: date) -> int:
    at = month_of(day) - FIRST_MONTH
    return firm.staff[at] if 0 <= at < len(firm.staff) else 0


def _recognition(view: View) -> Iterator[Delivery]:
    for month, received in view.quarters():
        lines = []
        for p in view.world.projects:
            for r in p.recognitions:
                if not month - 2 <= month_of(r.recognised_on) <= month or r.actual_on > r.recognised_on:
                    continue
                staff = _staff(p.firm, r.recognised_on) if p.firm else 0
                row = {
                    "signing_row_no": p.row_no,
                    "recognition_kind": r.kind,
                    "project_name": p.name,
                    "uscc": p.firm.uscc if p.firm else None,
                    "actual_date": r.actual_on,
                    "recognised_date": r.recognised_on,
                    "actual_investment": dec(_invested(p, r.recognised_on), 0) if r.kind == "竣工" else None,
                    "headcount": dec(staff, 0),
                    "insured_headcount": dec(staff * 9 // 10, 0),
                    "result": r.result,
                }
                lines.append(Line(row, p))
        if lines:
            yield Delivery("recognition", received, f"{_quarter_name(month)}项目认定结果", lines)


# --- investment


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


def _fai(view: View) -> Iterator[Delivery]:
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
        name = f"列统情况表（表二）{_month_name(month)}"
        title = "固定资产投资项目列统情况表（表二）"
        yield Delivery("fai", received, name, lines, title=title)
        if corrected:
            day = working_day(received + timedelta(days=draws.whole(3, 12)))
            yield Delivery("fai", day, f"{name}（更正）", corrected, title=title)


# --- months of the firms


def _tax(view: View) -> Iterator[Delivery]:
    draws = view.stream("parts")
    for month, received in view.months():
        lines = tax_lines(view.world, month)
        title = "入库税收明细表"
        name = f"入库税收明细{_month_name(month)}"
        offices = sorted({str(line.values["collecting_office"]) for line in lines})
        if draws.chance(120) and len(offices) > 1:
            # Two files of one day are parts of one delivery.
            for part, some in (("（一）", offices[:1]), ("（二）", offices[1:])):
                held = [x for x in lines if x.values["collecting_office"] in some]
                yield Delivery("tax", received, name + part, held, "csv", title, month, "国家税务总局样例区税务局")
        else:
            yield Delivery("tax", received, name, lines, "csv", title, month, "国家税务总局样例区税务局")


def _tax_summary(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        lines = tax_summary_lines(view.world, month)
        yield Delivery("tax_summary", received, f"税收汇总表{_month_name(month)}", lines, "xlsx", "税收汇总表", month)


def _output(view: View) -> Iterator[Delivery]:
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
        yield Delivery("output", received, f"规上工业月报{_month_name(month)}", lines)


def _sales(view: View) -> Iterator[Delivery]:
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
        name = f"工业开票销售情况{_month_name(month)}"
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


def _power(view: View) -> Iterator[Delivery]:
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
        yield Delivery("power", received, f"企业用电量{_month_name(month)}", lines, "csv")


def _social(view: View) -> Iterator[Delivery]:
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
        yield Delivery("social", received, f"企业参保人数{_month_name(month)}", lines, "csv")


def _submission_log(view: View) -> Iterator[Delivery]:
    draws = view.stream("edits")
    serial = 0
    for month, received in view.months():
        due = first_of(month + 1).replace(day=12)
        lines = []
        for firm in view.world.firms:
            if firm.above_scale_from is None or month // 12 < firm.above_scale_from or month % 12 == 0:
                continue
            serial += 1
            at = datetime(
                due.year, due.month, draws.whole(3, 11), draws.whole(8, 17), draws.whole(0, 59), draws.whole(0, 59)
            )
            edited = draws.chance(40)
            value = firm.sales[month - FIRST_MONTH] // 100
            row = {
                "submission_no": f"BS{month // 12}{month % 12 + 1:02d}{serial:06d}",
                "uscc": firm.uscc,
                "form": "B204-1表",
                "stat_period": last_of(month),
                "submitted_at": at,
                "account": f"T{firm.uscc[8:16]}",
                "client_ip": f"10.{draws.whole(1, 60)}.{draws.whole(1, 250)}.{draws.whole(1, 250)}",
                "due_at": datetime(due.year, due.month, 12, 23, 59, 59),
                "value_before": dec(value * 98 // 100, 0) if edited else None,
                "value_after": dec(value, 0),
                "is_bookkeeping_agent": False,
                "submission_kind": "更正" if edited else "首次",
            }
            lines.append(Line(row))
        if lines:
            name = f"报送日志{month // 12}{month % 12 + 1:02d}"
            yield Delivery("submission_log", received, name, lines, "csv")


# --- money


def _payment(view: View) -> Iterator[Delivery]:
    items = []
    serial = 0
    for p in view.world.projects:
        for pay in p.payments:
            serial += 1
            at = datetime.combine(pay.paid_on, datetime.min.time()) + timedelta(seconds=pay.second)
            row = {
                "account_bank": "江苏虚拟银行姜堰支行",
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
    yield from _monthly_events(view, "项目监管账户资金流水", items, "csv")


def _fdi(view: View) -> Iterator[Delivery]:
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
    yield from _monthly_events(view, "外资到账明细", items, "xlsx")


def _fund(view: View) -> Iterator[Delivery]:
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
        yield Delivery("fund", received, f"产业基金投资情况{_quarter_name(month)}", lines)


# --- registers


def _enterprise(view: View) -> Iterator[Delivery]:
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
                "site_address": f"泰州市姜堰区{firm.town_name}",
            }
            lines.append(Line(row))
        name = f"市场主体登记信息{month // 12}Q{month % 12 // 3 + 1}"
        yield Delivery("enterprise", received, name, lines, "csv")


def _above_scale(view: View) -> Iterator[Delivery]:
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


def _agreement(view: View) -> Iterator[Delivery]:
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
        yield Delivery("agreement", received, f"履约监管协议台账{_quarter_name(month)}", lines)


def _completion(view: View) -> Iterator[Delivery]:
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
                "actual_investment": dec(_invested(p, day), 0),
                "actual_land_area": dec(area, 2) if area else None,
                "leased_floor_area": dec(p.leased_area, 0) if p.leased_area else None,
                "leased_out_floor_area": None,
                "actual_sales": dec(sold, 2),
                "actual_tax": dec(tax, 2),
                "tax_per_mu": dec(tax * 100 // area, 2) if area else None,
                "headcount": dec(_staff(p.firm, day), 0),
            }
            lines.append(Line(row, p))
        if lines:
            half = "上半年" if month % 12 == 5 else "下半年"
            yield Delivery("completion", received, f"项目总表{month // 12}年{half}", lines)


def _target(view: View) -> Iterator[Delivery]:
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


def _milestone(view: View) -> Iterator[Delivery]:
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


def _expansion(view: View) -> Iterator[Delivery]:
    for month, received in view.months():
        day = last_of(month)
        lines = []
        for p in view.world.projects:
            if not p.is_expansion or p.firm is None or p.lead_on > day:
                continue
            filed = bool(p.phases) and p.phases[0].filed_on <= day
            year = max(2020, p.lead_on.year - 1)
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
            yield Delivery("expansion", received, f"增资扩产项目库{_month_name(month)}", lines)


def _scenario(view: View) -> Iterator[Delivery]:
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
            yield Delivery("scenario", received, f"堰归来机会清单{_quarter_name(month)}", lines)


def _event(view: View) -> Iterator[Delivery]:
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
            yield Delivery("event", received, f"招商活动清单{_month_name(month)}", lines)


def _land_reserve(view: View) -> Iterator[Delivery]:
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
        for p in view.world.projects:
            for phase in p.phases:
                if phase.land and phase.land.signed_on <= day:
                    row = {"parcel_no": phase.land.parcel_no, "reporting_unit": p.reporting_unit,
                           "land_area": dec(phase.land.area_ha * 15, 4), "reserve_stage": "利用",
                           "stage_date": phase.land.signed_on, "project_code": phase.code}  # fmt: skip
                    lines.append(Line(row, p, phase))
        if lines:
            yield Delivery("land_reserve", received, f"土地储备情况{_quarter_name(month)}", lines)


def _supervision(view: View) -> Iterator[Delivery]:
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
    yield from _monthly_events(view, "督查通报", items, "xlsx")


_VIEWS: dict[str, Callable[[View], Iterator[Delivery]]] = {
    "above_scale": _above_scale,
    "acceptance": _acceptance,
    "agreement": _agreement,
    "completion": _completion,
    "enterprise": _enterprise,
    "event": _event,
    "expansion": _expansion,
    "fai": _fai,
    "fdi": _fdi,
    "filing": _filing,
    "fund": _fund,
    "land": _land,
    "land_reserve": _land_reserve,
    "milestone": _milestone,
    "output": _output,
    "payment": _payment,
    "permit": _permit,
    "power": _power,
    "recognition": _recognition,
    "sales": _sales,
    "scenario": _scenario,
    "signing": _signing,
    "social": _social,
    "submission_log": _submission_log,
    "supervision": _supervision,
    "target": _target,
    "tax": _tax,
    "tax_summary": _tax_summary,
}

SOURCES = tuple(_VIEWS)
