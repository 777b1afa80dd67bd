"""Tax by month: rows of the treasury with their levels and items, and the summary that adds them up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from zhixiao.simulate.calendar import first_of, last_of, month_of
from zhixiao.simulate.delivery import Line, dec
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import FIRST_MONTH, Firm, World
from zhixiao.simulate.small import small_taxes

# Shares of the levels in percent: a payment is the plain sum of its levels.
LEVELS: dict[str, tuple[tuple[str, int], ...]] = {
    "增值税": (("中央级", 50), ("区级", 50)),
    "企业所得税": (("中央级", 60), ("区级", 40)),
    "个人所得税": (("中央级", 60), ("区级", 40)),
    "城市维护建设税": (("区级", 100),),
    "教育费附加": (("区级", 100),),
    "印花税": (("区级", 100),),
    "房产税": (("区级", 100),),
    "城镇土地使用税": (("区级", 100),),
    "契税": (("区级", 100),),
    "耕地占用税": (("区级", 100),),
}


def payments(
    firm: Firm, month: int, draws: Draws, grants: dict[str, list[tuple[int, int]]]
) -> Iterator[tuple[str, str, int, int, int]]:
    """(item, subitem, first month of the period, last month, 分) that reach the treasury in this month."""
    at = month - FIRST_MONTH
    rate = firm.industry.tax_per_mille
    sold = firm.sales[at - 1] if at >= 1 else firm.base_sales
    jitter = draws.whole(80, 120)
    # 百元 of sales x 10,000 分 x rate per mille; VAT is 42 % of the burden.
    vat = sold * rate * 42 * jitter // 1000
    if at >= 1 and firm.equipment[at - 1] > 500000 and draws.chance(350):
        yield "增值税", "留抵退税", month - 1, month - 1, -firm.equipment[at - 1] * 6 * jitter
    elif vat:
        yield "增值税", "工业", month - 1, month - 1, vat
        yield "城市维护建设税", "市区", month - 1, month - 1, vat * 7 // 100
        yield "教育费附加", "", month - 1, month - 1, vat * 3 // 100
    if sold:
        yield "印花税", "购销合同", month - 1, month - 1, sold * 3 + 7
        yield "个人所得税", "工资薪金所得", month - 1, month - 1, firm.staff[at] * 6000 + 11
    if month % 3 == 0:
        year = sum(firm.sales[max(0, at - 3) : at]) if at >= 3 else sold * 3
        profit = year * rate * 25 * draws.whole(50, 130) // 1000
        if profit:
            yield "企业所得税", "应纳税所得额", month - 3, month - 1, profit
    if month % 12 in (3, 9) and sold:
        yield "房产税", "自用房产", month - 6, month - 1, firm.capital * 2100
        yield "城镇土地使用税", "工业用地", month - 6, month - 1, firm.capital * 900
    for granted, fen in grants.get(firm.uscc, []):
        if granted + 1 == month:
            yield "契税", "土地使用权出让", granted, granted, fen * 3 // 100
            if fen % 4 == 0:
                yield "耕地占用税", "", granted, granted, fen // 50


def _grants(world: World) -> dict[str, list[tuple[int, int]]]:
    out: dict[str, list[tuple[int, int]]] = {}
    for p in world.projects:
        for phase in p.phases:
            if phase.land and p.firm:
                out.setdefault(p.firm.uscc, []).append((month_of(phase.land.signed_on), phase.land.price_fen))
    return out


Booked = tuple[Firm, date, str, str, int, int, int]
"""Firm, day of treasury, item, subitem, first and last month of the period, 分."""


def booked(world: World, month: int) -> Iterator[Booked]:
    """All payments that the treasury booked in a month; some belong to the month before and say so."""
    draws = Draws(world.config.seed, world.config.district, f"tax/{month}")
    grants = _grants(world)
    day = last_of(month)
    for firm in world.firms:
        if firm.registered_on > day or (firm.closed and firm.closed[0] <= first_of(month)):
            continue
        on = first_of(month) + timedelta(days=draws.whole(7, 17))
        if draws.chance(4):
            on = last_of(month - 1)
        for item, subitem, start, end, fen in payments(firm, month, draws, grants):
            if firm.unpaid or firm.relief:
                fen = fen * (1000 - firm.unpaid) * (1000 - firm.relief) // 1000000
            yield firm, on, item, subitem, start, end, fen
        for at, item, subitem, fen in firm.odd_taxes:
            if at == month:
                yield firm, on, item, subitem, month - 1, month - 1, fen


def industrial_tax(world: World, month: int) -> Iterator[tuple[str, int]]:
    """(credit code, 分) of every payment of the month that is a tax on running a business."""
    for firm, _, item, _, _, _, fen in booked(world, month):
        if item not in ("教育费附加", "契税", "耕地占用税"):
            yield firm.uscc, fen


def tax_lines(world: World, month: int) -> list[Line]:
    """All rows of a month: a payment has one for each level of budget that it is shared between."""
    lines: list[Line] = []
    sums: dict[tuple[str, str], int] = {}

    def add(
        uscc: str, name: str, office: str, on: date, item: str, subitem: str, start: int, end: int, fen: int,
        relief: int = 0,
    ) -> None:  # fmt: skip
        sums[office, item] = sums.get((office, item), 0) + fen
        first, last = first_of(start), last_of(end)
        for level, part in shared(item, fen):
            values = {
                "uscc": uscc,
                "company_name": name,
                "tax_item": item,
                "tax_subitem": subitem or None,
                "tax_period_start": first,
                "tax_period_end": last,
                "tax_base": dec(max(0, part) * 10, 2),
                "tax_paid": dec(part, 2),
                "tax_treasury_date": on,
                "budget_level": level,
                "tax_relief": dec(part * relief // (1000 - relief), 2) if relief and part > 0 else None,
                "collecting_office": office,
            }
            lines.append(Line(values))

    day = last_of(month)
    for firm, on, item, subitem, start, end, fen in booked(world, month):
        add(firm.uscc, firm.name_on(day), firm.office, on, item, subitem, start, end, fen, firm.relief)
    for t in small_taxes(world, month):
        add(t.firm.uscc, t.firm.name, t.firm.office, t.on, t.item, t.subitem, t.start, t.end, t.fen)
    world.tax_sums[month] = sums
    return lines


def shared(item: str, fen: int) -> Iterator[tuple[str, int]]:
    """(level, its part): the last level takes what rounding leaves."""
    told = 0
    levels = LEVELS[item]
    for n, (level, share) in enumerate(levels):
        part = fen - told if n == len(levels) - 1 else fen * share // 100
        told += part
        yield level, part


def _summed(world: World, month: int) -> dict[tuple[str, str], int]:
    """(office, item) -> 分 of a month; nothing is known of the time before the first."""
    if month >= FIRST_MONTH and month not in world.tax_sums:
        tax_lines(world, month)
    return world.tax_sums.get(month, {})


def tax_summary_lines(world: World, month: int) -> list[Line]:
    """Office by item: the month, the same month a year ago, the year to date, and that a year ago."""
    january = month // 12 * 12
    keys = sorted({k for m in range(january, month + 1) for k in _summed(world, m)})
    lines = []
    for key in keys:
        now = _summed(world, month).get(key, 0)
        then = _summed(world, month - 12).get(key, 0)
        ytd = sum(_summed(world, m).get(key, 0) for m in range(january, month + 1))
        prior = sum(_summed(world, m - 12).get(key, 0) for m in range(january, month + 1))
        values = {
            "stat_period": last_of(month),
            "collecting_office": key[0],
            "tax_item": key[1],
            "tax_current": dec(now, 6),
            "tax_same_period": dec(then, 6),
            "tax_ytd": dec(ytd, 6),
            "tax_ytd_prior": dec(prior, 6),
        }
        lines.append(Line(values))
    return lines
