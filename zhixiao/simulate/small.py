"""The many small taxpayers of a district: a register entry, power accounts, and a few rows of tax a quarter.

They stand behind no project and make no industrial sales; they give the register, the tax detail and the power file
the length that they have in a real district. Their months are drawn a column at a time and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from zhixiao.simulate.calendar import first_of, last_of
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import Config, SmallFirm, World
from zhixiao.simulate.names import Names
from zhixiao.simulate.places import Place

TRADES = (
    ("3399", "五金加工"), ("5299", "商贸"), ("6210", "餐饮管理"), ("8111", "汽车维修"), ("5013", "装饰工程"),
    ("5137", "家电"), ("3484", "机械配件"), ("1751", "织造"),
)  # fmt: skip


@dataclass(frozen=True)
class SmallTax:
    """A payment of a small firm that reached the treasury."""

    firm: SmallFirm
    on: date
    item: str
    subitem: str
    start: int
    end: int
    fen: int


def make_small_firms(
    config: Config, n: int, names: Names, place: Place, credit_code: Callable[[bool], str], account: Callable[[], str]
) -> list[SmallFirm]:
    """So many small firms; most are older than the first delivery."""
    draws = Draws(config.seed, config.district, "small firms")
    days, capitals = draws.wholes(0, 7200, n), draws.wholes(3, 200, n)
    trades, offices = draws.wholes(0, len(TRADES) - 1, n), draws.wholes(0, len(place.tax_offices) - 1, n)
    towns, turnovers = draws.wholes(0, len(place.towns) - 1, n), draws.wholes(200, 2500, n)
    meters = draws.wholes(0, 9, n)
    out = []
    for i in range(n):
        code, word = TRADES[trades[i]]
        registered = date(2005, 1, 4) + timedelta(days=days[i])
        out.append(
            SmallFirm(
                uscc=credit_code(registered.year >= 2016),
                name=names.firm(names.stem(), word),
                registered_on=registered,
                capital=capitals[i],
                industry_code=code,
                town_name=place.towns[towns[i]][1],
                office=place.tax_offices[offices[i]],
                turnover=turnovers[i],
                accounts=tuple(account() for _ in range(3 if meters[i] == 0 else 2 if meters[i] < 6 else 1)),
            )
        )
    return out


def small_taxes(world: World, month: int) -> Iterator[SmallTax]:
    """What small firms paid in a month: they declare by the quarter, and seven of ten quarters owe something."""
    if month % 3 != 0:
        return
    draws = Draws(world.config.seed, world.config.district, f"small tax/{month}")
    n = len(world.small)
    owes, levels = draws.wholes(0, 999, n), draws.wholes(50, 150, n)
    days, profits = draws.wholes(7, 17, n), draws.wholes(0, 999, n)
    first = first_of(month)
    for i, firm in enumerate(world.small):
        if owes[i] >= 700 or firm.registered_on >= first:
            continue
        on = first + timedelta(days=days[i])
        # One per cent of the quarter's sales: 百元 times 100 分.
        vat = firm.turnover * levels[i] * 3
        yield SmallTax(firm, on, "增值税", "商业", month - 3, month - 1, vat)
        yield SmallTax(firm, on, "城市维护建设税", "市区", month - 3, month - 1, vat * 7 // 200)
        yield SmallTax(firm, on, "教育费附加", "", month - 3, month - 1, vat * 3 // 200)
        yield SmallTax(firm, on, "印花税", "购销合同", month - 3, month - 1, vat * 3 // 200 + 3)
        if profits[i] < 300:
            yield SmallTax(firm, on, "个人所得税", "经营所得", month - 3, month - 1, vat * 60 // 100)


def small_power(world: World, month: int) -> Iterator[tuple[SmallFirm, str, int]]:
    """(firm, account, kWh) of a month."""
    draws = Draws(world.config.seed, world.config.district, f"small power/{month}")
    day = last_of(month)
    used = iter(draws.wholes(80, 6000, len([a for f in world.small for a in f.accounts])))
    for firm in world.small:
        for account in firm.accounts:
            kwh = next(used)
            if firm.registered_on <= day:
                yield firm, account, kwh
