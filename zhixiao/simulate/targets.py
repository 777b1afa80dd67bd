"""达效: recognised for those who reached what they agreed, once they did; the others are not recognised."""

from __future__ import annotations

from collections import defaultdict

from zhixiao.simulate.calendar import last_of, month_of
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, Project, World
from zhixiao.simulate.taxes import booked

MONTHS = LAST_MONTH - FIRST_MONTH + 1
NOT_COUNTED = ("教育费附加", "契税", "耕地占用税")
MARGIN = 103
"""In hundredths of what was agreed: whoever recognises asks for a little more than that."""


def taxes_paid(world: World, codes: set[str]) -> dict[str, list[int]]:
    """Credit code -> 分 by month, without fees and one-off taxes on land."""
    paid: dict[str, list[int]] = defaultdict(lambda: [0] * MONTHS)
    for at in range(MONTHS) if codes else ():
        for firm, _, item, _, _, _, fen in booked(world, FIRST_MONTH + at):
            if firm.uscc in codes and item not in NOT_COUNTED:
                paid[firm.uscc][at] += fen
    return paid


def agreed(p: Project) -> tuple[int, int]:
    """Sales in 百元 and tax in 分 a year, as the agreement says, else as the ledger expects."""
    sales = p.agreement.get("agreed_sales", p.expected_sales)
    tax, per_mu = p.agreement.get("agreed_tax", p.expected_tax), p.agreement.get("agreed_tax_per_mu")
    assert isinstance(sales, int)
    if isinstance(per_mu, int):
        return sales * 100, per_mu * p.land_mu * 100
    assert isinstance(tax, int)
    return sales * 100, tax * 1000000


def base_year(p: Project, series: list[int], before: int) -> int:
    """The largest twelve months that end about the start of an expansion; nothing for another project."""
    if not p.is_expansion or p.started_on is None:
        return 0
    start = month_of(p.started_on) - FIRST_MONTH
    ends = range(start - 3, start + 7)
    return max((before * max(0, 12 - e) + sum(series[max(0, e - 12) : max(0, e)]) for e in ends), default=0)


def reached_on(p: Project, taxes: list[int]) -> int | None:
    """The first month, counted from FIRST_MONTH, from which on the year behind holds both figures for eight months."""
    assert p.firm is not None and p.produced_on is not None
    sales, tax = agreed(p)
    sold = p.firm.sales
    sales += base_year(p, sold, p.firm.base_sales)
    tax += base_year(p, taxes, p.firm.base_sales * p.firm.industry.tax_per_mille * 7)
    held = 0
    for at in range(max(11, month_of(p.produced_on) - FIRST_MONTH + 7), MONTHS):
        is_held = (
            sum(sold[at - 11 : at + 1]) * 100 >= sales * MARGIN and sum(taxes[at - 11 : at + 1]) * 100 >= tax * MARGIN
        )
        held = held + 1 if is_held else 0
        if held == 8:
            return at - 7
    return None


def recognise_targets(world: World) -> None:
    """Date the recognitions of 达效 by the figures, or take them back where the figures never come."""
    asking = [p for p in world.projects if p.firm and p.produced_on and any(r.kind == "达效" for r in p.recognitions)]
    paid = taxes_paid(world, {p.firm.uscc for p in asking if p.firm})
    for p in asking:
        assert p.firm is not None
        at = reached_on(p, paid[p.firm.uscc])
        if at is None:
            p.recognitions = [r for r in p.recognitions if r.kind != "达效"]
            continue
        first = next(r for r in p.recognitions if r.kind == "达效")
        later = last_of(FIRST_MONTH + at) - first.actual_on
        for r in p.recognitions:
            if r.kind == "达效":
                r.actual_on += later
                r.recognised_on += later
