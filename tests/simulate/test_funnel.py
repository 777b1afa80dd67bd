"""The truth of the figures by hand: small knowledge, dates and sums that can be counted on fingers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from zhixiao.simulate.build import make_world
from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.forms import Damage, Style, write
from zhixiao.simulate.funnel import Funnel, Standing
from zhixiao.simulate.knowledge import Knowledge
from zhixiao.simulate.model import Config, Project, World

KNOWN, AS_OF = date(2026, 2, 1), date(2025, 12, 31)
CODE = "2401-321204-89-01-123456"


class Told:
    """A world of one project, and what is stated about it."""

    def __init__(self) -> None:
        world = make_world(Config(seed=1, scale=0.02))
        self.project: Project = next(p for p in world.projects if p.firm and p.phases)
        self.world: World = replace(world, projects=[self.project], loose=[])
        self.known = Knowledge()
        self.uscc = "91321204MA0010FM8Y"

    def say(self, source: str, received: date, *rows: dict[str, Any], name: str = "f.csv", period: int = 0) -> None:
        lines = [Line(r, self.project) for r in rows]
        self.known.add(Delivery(source, received, name, lines, period=period), name, lines)

    def ledger(self, received: date, **values: Any) -> None:
        row = {
            "signing_row_no": self.project.row_no, "uscc": self.uscc, "signing_date": date(2023, 3, 1),
            "signed_investment": Decimal("2.5"), "involves_land": True, "current_stage": "签约",
            "expected_sales": Decimal(600), "expected_tax": Decimal(12), "reporting_unit": "开发区",
        }  # fmt: skip
        self.say("signing", received, row | values)

    def filing(self, received: date, kind: str = "首次", **values: Any) -> None:
        row = {"project_code": CODE, "filing_date": date(2023, 5, 1), "planned_investment": Decimal(24000),
               "approval_path": "常规", "submission_kind": kind, "division_code": "321204001"}  # fmt: skip
        self.say("filing", received, row | values)

    def permit(self, received: date, number: str, issued: date) -> None:
        self.say("permit", received, {"construction_permit_no": number, "project_code": CODE,
                                      "construction_permit_date": issued})  # fmt: skip

    def fai(self, received: date, month: date, amount: int, cum: int, kind: str = "首次") -> None:
        self.say("fai", received, {"stat_period": month, "project_code": CODE, "investment_month": Decimal(amount),
                                   "investment_cum": Decimal(cum), "submission_kind": kind})  # fmt: skip

    def pay(self, day: date, purpose: str = "土建") -> None:
        self.say("payment", KNOWN, {"account_bank": "b", "flow_no": f"{day}{purpose}", "amount": Decimal(10),
                                    "paid_at": datetime(day.year, day.month, day.day, 9), "purpose": purpose,
                                    "signing_row_no": self.project.row_no})  # fmt: skip

    def sell(self, month: date, sold: int) -> None:
        row = {"stat_period": month, "uscc": self.uscc, "invoiced_sales": Decimal(sold)}
        self.say("sales", KNOWN, row)

    def tax(self, month: date, yuan: int, item: str = "增值税") -> None:
        row = {"uscc": self.uscc, "tax_item": item, "tax_paid": Decimal(yuan), "tax_treasury_date": month,
               "collecting_office": "一"}  # fmt: skip
        self.say("tax", KNOWN, row, period=month.year * 12 + month.month - 1)

    def funnel(self, known_on: date = KNOWN, as_of: date = AS_OF) -> Funnel:
        return Funnel(self.world, self.known, known_on, as_of)

    def seen(self, known_on: date = KNOWN, as_of: date = AS_OF) -> Standing:
        return self.funnel(known_on, as_of).projects[0]


@pytest.fixture
def told() -> Told:
    out = Told()
    out.ledger(date(2023, 4, 10), project_code=None)
    return out


def test_claimed_filing_is_the_register_then_the_code_then_the_first_showing(told: Told) -> None:
    assert "filed" not in told.seen().dates["claimed"]
    told.ledger(date(2023, 6, 10), project_code=CODE, current_stage="备案")
    assert told.seen().dates["claimed"]["filed"] == date(2023, 6, 10)
    told.filing(date(2023, 6, 12))
    assert told.seen().dates["claimed"]["filed"] == date(2023, 5, 1)
    told.ledger(date(2023, 7, 10), project_code=CODE, filing_date=date(2023, 4, 28))
    assert told.seen().dates["claimed"]["filed"] == date(2023, 4, 28)
    assert told.seen(known_on=date(2023, 6, 11), as_of=date(2023, 6, 11)).dates["claimed"]["filed"] == date(2023, 6, 10)


def test_only_a_correction_moves_the_filing_date_and_the_last_row_plans(told: Told) -> None:
    told.filing(date(2023, 6, 12))
    told.filing(date(2023, 9, 12), "变更", filing_date=date(2023, 9, 1), planned_investment=Decimal(30000))
    assert told.seen().dates["evidenced"]["filed"] == date(2023, 5, 1)
    assert told.seen().planned_investment == 30000
    told.filing(date(2023, 10, 12), "更正", filing_date=date(2023, 4, 20), planned_investment=Decimal(30000))
    assert told.seen().dates["evidenced"]["filed"] == date(2023, 4, 20)
    told.filing(date(2024, 1, 12), "撤销", planned_investment=Decimal(30000))
    assert "filed" not in told.seen().dates["evidenced"]
    assert told.seen(as_of=date(2024, 1, 11)).dates["evidenced"]["filed"] == date(2023, 4, 20)
    assert told.seen().planned_investment == 30000


def test_a_start_is_the_first_witness_on_or_after_the_permit(told: Told) -> None:
    told.filing(date(2023, 6, 12))
    told.pay(date(2023, 7, 1))
    assert "started" not in told.seen().dates["evidenced"]
    told.permit(date(2023, 9, 12), "P1", date(2023, 8, 20))
    assert "started" not in told.seen().dates["evidenced"]
    told.pay(date(2023, 8, 25), "到位资金")
    told.fai(date(2023, 10, 12), date(2023, 9, 30), 300, 300)
    assert told.seen().dates["evidenced"]["started"] == date(2023, 9, 30)
    told.pay(date(2023, 8, 20), "设备")
    assert told.seen().dates["evidenced"]["started"] == date(2023, 8, 20)


def test_a_commitment_takes_the_permits_place_where_it_is_earlier(told: Told) -> None:
    told.filing(date(2023, 6, 12), approval_path="承诺制", commitment_date=date(2023, 6, 30))
    told.permit(date(2023, 9, 12), "P1", date(2023, 8, 20))
    told.pay(date(2023, 7, 1))
    assert told.seen().dates["evidenced"]["started"] == date(2023, 7, 1)


def test_a_leased_plant_starts_from_its_filing_and_skips_completion(told: Told) -> None:
    told.ledger(date(2023, 8, 10), involves_land=False)
    told.filing(date(2023, 6, 12))
    told.permit(date(2023, 9, 12), "P1", date(2023, 8, 20))
    told.pay(date(2023, 5, 1))
    p = told.seen()
    assert p.dates["evidenced"]["started"] == date(2023, 5, 1)
    assert "completed" not in p.dates["evidenced"]


def accepted(told: Told) -> None:
    told.filing(date(2023, 6, 12))
    told.permit(date(2023, 9, 12), "P1", date(2023, 8, 20))
    told.permit(date(2023, 9, 12), "P2", date(2023, 8, 22))
    told.pay(date(2023, 8, 25))
    for number, day in (("P1", date(2024, 3, 1)), ("P2", date(2024, 4, 18))):
        told.say("acceptance", day, {"acceptance_record_no": "A" + number, "construction_permit_no": number,
                                     "actual_completion_date": day})  # fmt: skip


def test_completion_is_the_last_acceptance_of_all_permits(told: Told) -> None:
    accepted(told)
    assert told.seen().dates["evidenced"]["completed"] == date(2024, 4, 18)
    assert "completed" not in told.seen(as_of=date(2024, 4, 17)).dates["evidenced"]


def test_production_needs_two_months_of_three_from_the_acceptance_on(told: Told) -> None:
    accepted(told)
    for month in (date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 7, 31)):
        told.sell(month, 5)
    assert "produced" not in told.seen().dates["evidenced"]
    told.sell(date(2024, 9, 30), 5)
    p = told.seen()
    assert (p.dates["evidenced"]["produced"], p.complete_on) == (date(2024, 7, 31), date(2024, 9, 30))
    assert "produced" not in told.seen(as_of=date(2024, 9, 29)).dates["evidenced"]


def test_on_target_needs_six_months_and_a_year_of_sales_and_tax(told: Told) -> None:
    accepted(told)
    for n in range(5, 13):
        told.sell(date(2024, n, 28).replace(day=30 if n in (6, 9, 11) else 31), 100)
        told.tax(date(2024, n, 15), 20000)
        told.tax(date(2024, n, 15), 10**9, "契税")
    # Goals: 600 of sales after six months, 12 of tax after six months, and never before the sixth month after May.
    assert told.seen().dates["evidenced"]["on_target"] == date(2024, 11, 30)


def test_an_expansion_subtracts_the_year_before_its_start(told: Told) -> None:
    told.ledger(date(2023, 8, 10), is_capacity_expansion=True)
    accepted(told)
    for n in range(1, 8):
        told.sell(date(2023, n, 28).replace(day={2: 28, 4: 30, 6: 30}.get(n, 31)), 40)
    for n in range(5, 13):
        told.sell(date(2024, n, 28).replace(day=30 if n in (6, 9, 11) else 31), 100)
        told.tax(date(2024, n, 15), 20000)
    p = told.seen()
    assert p.gross_on == date(2024, 11, 30)
    assert "on_target" not in p.dates["evidenced"]


def test_a_missing_row_is_a_withdrawal_on_the_day_of_the_delivery(told: Told) -> None:
    told.ledger(date(2025, 12, 10))
    told.say("signing", date(2026, 1, 12))
    assert told.seen(as_of=AS_OF).withdrawn_on is None
    assert told.seen(as_of=KNOWN).withdrawn_on == date(2026, 1, 12)
    sums = told.funnel(as_of=KNOWN).figures().sums
    key = ("district", "全区", "all", date(1990, 1, 1), "cohort", "filing_rate")
    assert (sums[*key, "main"]["claimed"].base_count, sums[*key, "main"]["claimed"].withdrawn) == (0, 1)
    assert sums[*key, "with_withdrawn"]["claimed"].base_count == 1


def test_recognitions_count_until_they_are_undone(told: Told) -> None:
    row = {"signing_row_no": told.project.row_no, "recognition_kind": "开工", "actual_date": date(2024, 2, 1)}
    told.say("recognition", date(2024, 4, 15), row | {"result": "退回", "recognised_date": date(2024, 3, 1)})
    assert "started" not in told.seen().dates["claimed"]
    told.say("recognition", date(2024, 7, 15), row | {"result": "通过", "recognised_date": date(2024, 6, 1)})
    told.say("recognition", date(2025, 1, 15), row | {"result": "撤销", "recognised_date": date(2024, 12, 20)})
    assert told.seen(as_of=date(2024, 12, 19)).dates["claimed"]["started"] == date(2024, 2, 1)
    assert "started" not in told.seen(as_of=date(2024, 12, 20)).dates["claimed"]


def test_a_later_month_replaces_and_a_correction_restates_one_key(told: Told) -> None:
    told.fai(date(2025, 4, 12), date(2025, 3, 31), 100, 100)
    told.fai(date(2025, 5, 12), date(2025, 4, 30), 50, 150)
    assert told.seen().added == {2025 * 12 + 2: 100, 2025 * 12 + 3: 50}
    told.fai(date(2025, 5, 20), date(2025, 3, 31), 80, 80, "更正")
    assert told.seen().added == {2025 * 12 + 2: 80, 2025 * 12 + 3: 70}
    told.fai(date(2025, 6, 1), date(2025, 3, 31), 90, 90)
    assert told.seen().added[2025 * 12 + 2] == 90
    told.fai(date(2025, 6, 2), date(2025, 3, 31), 0, 0, "撤销")
    assert told.seen().added == {2025 * 12 + 3: 150}


def test_rates_count_a_project_in_the_window_of_its_denominator(told: Told) -> None:
    told.filing(date(2023, 6, 12))
    told.permit(date(2023, 9, 12), "P1", date(2023, 8, 20))
    told.pay(date(2024, 2, 25))
    sums = told.funnel().figures().sums
    cohort = sums["district", "全区", "year", date(2023, 1, 1), "cohort", "start_rate", "main"]["evidenced"]
    assert (cohort.count, cohort.base_count, cohort.amount, cohort.base_amount) == (1, 1, 24000, 24000)
    period = sums["district", "全区", "year", date(2024, 1, 1), "period", "start_rate", "main"]["evidenced"]
    assert (period.count, period.base_count) == (1, 0)
    landing = sums["size_band", "1-5", "year", date(2023, 1, 1), "cohort", "landing_rate_36m", "main"]["evidenced"]
    assert (landing.count, landing.amount) == (1, 25000)
    assert ("town", "罗塘街道", "plan", date(2021, 1, 1), "cohort", "filed", "main") in sums


def test_a_spoiled_row_of_the_ledger_is_gone_until_the_next_delivery(told: Told) -> None:
    """A row in quarantine is absent from the register: withdrawn on that day, and back when it comes mended."""
    other = replace(told.project, row_no="QY20230999")
    told.world = replace(told.world, projects=[told.project, other])
    row = {"signing_row_no": told.project.row_no, "project_name": "x", "signing_date": date(2023, 3, 1),
           "signed_investment": Decimal("2.5"), "reporting_unit": "开发区"}  # fmt: skip
    lines = [Line(row, told.project), Line(row | {"signing_row_no": other.row_no}, other)]

    def deliver(day: date, *damages: Damage) -> None:
        made = Delivery("signing", day, "签约项目台账", lines, "csv")
        written = write(made, Style(container="csv", damages=list(damages)))
        assert written.truths[0].rows_quarantined == len(damages)
        told.known.add(made, written.path_name, written.accepted)

    deliver(date(2023, 5, 10))
    deliver(date(2023, 6, 10), Damage(0, "signing_date", "待定", "date_unreadable", is_copy=False))
    assert told.seen().withdrawn_on == date(2023, 6, 10)
    assert told.funnel().projects[1].withdrawn_on is None
    deliver(date(2023, 7, 10), Damage(0, "signing_date", "待定", "date_unreadable", is_copy=True))
    assert told.seen().withdrawn_on is None
    assert told.seen(known_on=date(2023, 7, 9), as_of=date(2023, 7, 9)).withdrawn_on == date(2023, 6, 10)
