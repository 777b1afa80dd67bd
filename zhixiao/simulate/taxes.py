"""Tax by month: rows of the treasury with their levels and items, and the summary that adds them up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from zhixiao.simulate.calendar import first_of, last_of, month_of
from zhixiao.simulate.delivery import Line, dec
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import FIRST_MONTH, Firm, World

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
    # 百元 of sales x 10,000 分 x rate per mille; VAT is 55 % of the burden.
    vat = sold * rate * 55 * jitter // 1000
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
        profit = year * rate * 32 * draws.whole(50, 130) // 1000
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


def tax_lines(world: World, month: int) -> list[Line]:
    """All rows that the treasury booked in a month; some belong to the month before and say so."""
    draws = Draws(world.config.seed, world.config.district, f"tax/{month}")
    grants = _grants(world)
    day = last_of(month)
    lines = []
    for firm in world.firms:
        if firm.registered_on > day or (firm.closed and firm.closed[0] <= first_of(month)):
            continue
        booked = first_of(month) + timedelta(days=draws.whole(7, 17))
        if draws.chance(4):
            booked = last_of(month - 1)
        name = firm.name_on(day)
        for item, subitem, start, end, fen in payments(firm, month, draws, grants):
            told = 0
            levels = LEVELS[item]
            for n, (level, share) in enumerate(levels):
                part = fen - told if n == len(levels) - 1 else fen * share // 100
                told += part
                values = {
                    "uscc": firm.uscc,
                    "company_name": name,
                    "tax_item": item,
                    "tax_subitem": subitem or None,
                    "tax_period_start": first_of(start),
                    "tax_period_end": last_of(end),
                    "tax_base": dec(max(0, part) * 10, 2),
                    "tax_paid": dec(part, 2),
                    "tax_treasury_date": booked,
                    "budget_level": level,
                    "tax_relief": None,
                    "collecting_office": firm.office,
                }
                lines.append(Line(values))
    return lines


def _booked(world: World, month: int) -> dict[tuple[str, str], int]:
    cache = _CACHE.setdefault((world.config.seed, world.config.district, world.config.scale), {})
    if month not in cache:
        sums: dict[tuple[str, str], int] = {}
        if month >= FIRST_MONTH:
            for line in tax_lines(world, month):
                key = (str(line.values["collecting_office"]), str(line.values["tax_item"]))
                sums[key] = sums.get(key, 0) + int(line.values["tax_paid"].scaleb(2))
        cache[month] = sums
    return cache[month]


_CACHE: dict[tuple[int, str, float], dict[int, dict[tuple[str, str], int]]] = {}


def tax_summary_lines(world: World, month: int) -> list[Line]:
    """Office by item: the month, the same month a year ago, the year to date, and that a year ago."""
    january = month // 12 * 12
    keys = sorted({k for m in range(january, month + 1) for k in _booked(world, m)})
    lines = []
    for office, item in keys:
        now = _booked(world, month).get((office, item), 0)
        then = _booked(world, month - 12).get((office, item), 0)
        ytd = sum(_booked(world, m).get((office, item), 0) for m in range(january, month + 1))
        prior = sum(_booked(world, m - 12).get((office, item), 0) for m in range(january, month + 1))
        values = {
            "stat_period": last_of(month),
            "collecting_office": office,
            "tax_item": item,
            "tax_current": dec(now, 6),
            "tax_same_period": dec(then, 6),
            "tax_ytd": dec(ytd, 6),
            "tax_ytd_prior": dec(prior, 6),
        }
        lines.append(Line(values))
    return lines
