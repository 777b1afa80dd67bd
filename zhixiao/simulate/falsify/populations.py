"""R10, R18-R22: what a whole board reports. Nothing here marks one project; the unit is the board and its series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from zhixiao.simulate.calendar import last_of, month_of, working_day
from zhixiao.simulate.delivery import Delivery, Line, dec
from zhixiao.simulate.falsify.scene import Scene, edit_lines
from zhixiao.simulate.falsify.series import known, period
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, FaiMonth, Firm, Project
from zhixiao.simulate.names import EXPANDING

LAST_YEARS = ("2025", "2026")
BENFORD = ((1, 301), (2, 176), (3, 125), (4, 97), (5, 79), (6, 67), (7, 58), (8, 51), (9, 46))
OUTPUT = "output.output_value"


def boards_of(scene: Scene) -> list[str]:
    return [*scene.world.units, *(name for _, name in scene.world.towns)]


def firms_in(scene: Scene, board: str) -> list[Firm]:
    """Standing firms of a board that own no signed project: a filing of theirs passes for nobody's project."""
    owners = {id(p.firm) for p in scene.world.projects}
    held = [
        f
        for f in scene.world.firms
        if f.reporting_unit == board and f.is_background and not f.closed and id(f) not in owners
    ]
    while len(held) < 3:
        firm = scene.builder.another_firm(scene.draws, lambda f: True)
        if firm is None:
            break
        firm.reporting_unit = board
        held.append(firm)
    return held


def listed_in(scene: Scene, board: str, since: int = 2022) -> list[Firm]:
    """Firms of a board that report output since that year and sell all along."""
    return [
        f
        for f in scene.world.firms
        if f.reporting_unit == board and not f.closed and f.above_scale_from is not None
        and f.above_scale_from <= since and min(f.sales[12:]) > 3000
    ]  # fmt: skip


# R10


def heaped(scene: Scene) -> None:
    """R10: filings just above a threshold; beside it round numbers, and boards with few filings."""
    above = {"low": 27, "middle": 34, "high": 38}
    able = boards_of(scene)
    levels = scene.levels(1)
    chosen = scene.boards("R10", able, len(levels) + 4)
    for i, (board, level) in enumerate(zip(chosen, levels, strict=False)):
        c = (5000, 1000, 10000)[i % 3]
        _file(scene, board, c, above[level], 40 - above[level], 6)
        scene.false(
            board, "just_above", level, round(above[level] / (40 - above[level]), 1), "flag", date(2025, 11, 20),
            entity_type="reporting_unit", counterpart_id=str(c), periods=LAST_YEARS,
        )  # fmt: skip
    for n, board in enumerate(chosen[len(levels) :]):
        if n < 2:
            # As many above as below, and a third of them at the round figure itself.
            _file(scene, board, 5000, 17, 17, 18)
            scene.lookalike(
                board, "round_numbers", date(2025, 11, 20), entity_type="reporting_unit", counterpart_id="5000"
            )
        else:
            _file(scene, board, 10000, 14, 1, 0)
            scene.lookalike(
                board, "few_filings", date(2025, 11, 20), entity_type="reporting_unit", counterpart_id="10000"
            )


def _file(scene: Scene, board: str, c: int, above: int, below: int, exact: int) -> None:
    """So many filings above, below and at a threshold, of firms of the board, none begun."""
    firms = firms_in(scene, board)
    amounts = [c + scene.draws.whole(1, c // 10 - 1) for _ in range(above)]
    amounts += [c - scene.draws.whole(1, c // 10) for _ in range(below)] + [c] * exact
    for amount in scene.draws.shuffled(amounts):
        filed = date(2024, 8, 1) + timedelta(days=scene.draws.whole(0, 430))
        _filing(scene, scene.draws.pick(firms), amount, filed)


def _filing(scene: Scene, firm: Firm, amount: int, filed: date) -> Project:
    """One more filing of a standing firm that no ledger knows."""
    name = scene.builder.names.stem() + firm.industry.product + scene.draws.pick(EXPANDING) + "项目"
    p = scene.builder.filing_of(firm, name, filed, amount, scene.draws)
    phase = p.phases[0]
    phase.first_stated_filed_on, phase.corrected_on, phase.changes = phase.filed_on, None, []
    # Each on a parcel of its own: nobody cuts a plan in pieces here.
    scene.builder.grant(p, scene.draws).signed_on = filed - timedelta(days=12)
    scene.world.loose.append(p)
    scene.builder.made.append(p)
    scene.victims.mark(p)
    return p


# R18


def on_target(scene: Scene) -> None:
    """R18: years that end on the target, or on a whole percentage of it; beside it targets that followed the result."""
    years = {"low": 3, "middle": 4, "high": 5}
    ways = ("on_target", "whole_percent")
    able = [b for b in boards_of(scene) if all(_done(scene, b, y) > 2500 for y in range(2021, 2026))]
    levels = scene.levels(2)
    chosen = scene.boards("targets", able, len(levels) + 4)
    for i, (board, level) in enumerate(zip(chosen, levels, strict=False)):
        way, n = ways[i % 2], years[level]
        for k, year in enumerate(range(2026 - n, 2026)):
            percent = 100 if way == "on_target" else 100 + (3, 7, 4, 12, 9)[k]
            _aim(scene, board, year, percent, scene.draws.whole(-4, 4) if way == "on_target" else 0)
        scene.false(
            board, way, level, n, "flag", known(LAST_MONTH - 1), entity_type="reporting_unit",
            counterpart_id="完成投资", periods=LAST_YEARS, also=("R30",),
        )  # fmt: skip
    followed, once = chosen[len(levels) :][:2], chosen[len(levels) :][2:]
    for year in range(2022, 2026) if followed else ():
        _follow(scene, followed, year)
    for board in followed:
        scene.lookalike(
            board,
            "target_after_the_year",
            known(LAST_MONTH - 1),
            entity_type="reporting_unit",
            counterpart_id="完成投资",
            also=("R30",),
        )
    for board in once:
        _aim(scene, board, 2025, 100, 2)
        scene.lookalike(
            board,
            "once_on_target",
            known(LAST_MONTH - 1),
            entity_type="reporting_unit",
            counterpart_id="完成投资",
            also=("R30",),
        )


def _done(scene: Scene, board: str, year: int) -> int:
    """Investment of a board in a year, as it will be reported."""
    return sum(
        m.total
        for p in scene.world.all_projects
        if p.reporting_unit == board
        for ph in p.phases
        for m in ph.fai
        if m.month // 12 == year and FIRST_MONTH <= m.month <= LAST_MONTH
    )


def _is_target(line: Line, board: str, year: int) -> bool:
    v = line.values
    return (v["stat_year"], v["reporting_unit"], v["metric"]) == (year, board, "完成投资")


def _aim(scene: Scene, board: str, year: int, percent: int, off: int) -> None:
    """Let the year end at so many per cent of the target, `off` ten-thousandths beside it."""

    def change(values: dict[str, Any]) -> dict[str, Any]:
        done = Decimal(_done(scene, board, year))
        return {**values, "target_value": (done * 100 / percent * (10000 + off) / 10000).quantize(Decimal("0.01"))}

    scene.edit("target", edit_lines(change, where=lambda _, x: _is_target(x, board, year)))


def _follow(scene: Scene, boards: list[str], year: int) -> None:
    """Targets that are set anew in the January after, when the year is known."""

    def restated(line: Line) -> Line:
        board = str(line.values["reporting_unit"])
        if board in boards and _is_target(line, board, year):
            return Line({**line.values, "target_value": dec(_done(scene, board, year), 0)})
        return Line(dict(line.values))

    def again(delivery: Delivery) -> Sequence[Delivery]:
        if not any(x.values["stat_year"] == year for x in delivery.lines) or delivery.received_on.year > year:
            return [delivery]
        later = replace(
            delivery, received_on=working_day(date(year + 1, 1, 18)), stem=f"{year}年度项目建设目标任务（调整）",
            lines=[restated(x) for x in delivery.lines],
        )  # fmt: skip
        return [delivery, later]

    scene.edit("target", again)


# R19


def same_growth(scene: Scene) -> None:
    """R19: firms of one board that grew by the same rate to the third place; beside it three alike, small boards."""
    share = {"low": 4, "middle": 6, "high": 9}
    month = LAST_MONTH - 3
    held = {b: listed_in(scene, b, month // 12 - 1) for b in boards_of(scene)}
    able = [b for b, firms in held.items() if len(firms) >= 9]
    levels = scene.levels(1)
    chosen = scene.boards("R19", able, len(levels) + 2)
    for i, (board, level) in enumerate(zip(chosen, levels, strict=False)):
        at = month - i
        group = scene.draws.sample(held[board], share[level])
        _grow(scene, group, at, 83 + 17 * i)
        scene.false(
            board, "shared_rate", level, share[level], "flag", known(at), entity_type="reporting_unit",
            periods=(period(at),), also=(),
        )  # fmt: skip
    for board in chosen[len(levels) :]:
        _grow(scene, scene.draws.sample(held[board], 3), month, 91)
        scene.lookalike(board, "three_alike", known(month), entity_type="reporting_unit", periods=(period(month),))
    everyone = {
        b: sum(f.reporting_unit == b and f.above_scale_from is not None for f in scene.world.firms) for b in held
    }
    small = [b for b, firms in held.items() if len(firms) >= 4 and everyone[b] <= 7]
    # The smallest: another planting may add a firm or two, and a board of eight is not small.
    for board in scene.boards("R19", sorted(small, key=lambda b: (everyone[b], b))[:2], 2):
        _grow(scene, held[board][:5], month, 77)
        scene.lookalike(board, "small_board", known(month), entity_type="reporting_unit", periods=(period(month),))


def _grow(scene: Scene, group: list[Firm], month: int, rate: int) -> None:
    """Let output of a month be that of a year ago and so many thousandths."""
    codes = {f.uscc for f in group}
    scene.victims.kept |= {(code, m) for code in codes for m in (month - 12, month)}
    then: dict[str, Decimal] = {}

    def change(delivery: Delivery) -> Sequence[Delivery]:
        for x in delivery.lines:
            v = x.values
            if v["uscc"] in codes and v["stat_period"] == last_of(month - 12):
                then[v["uscc"]] = v["output_value"]
            elif v["uscc"] in then and v["stat_period"] == last_of(month):
                value = then[v["uscc"]] * (1000 + rate) / 1000
                x.values = {**v, "output_value": value.quantize(Decimal("0.1"))}
        return [delivery]

    scene.edit("output", change)


# R20


def invented(scene: Scene) -> None:
    """R20: a board's investment invented digit by digit; beside it series with a floor, and boards with few values."""
    share = {"low": 350, "middle": 750, "high": 1000}
    able = boards_of(scene)
    able = sorted(able, key=lambda b: (sum(m.total > 0 for m in _reports(scene, b)), b))[: max(5, len(able) // 3)]
    levels = scene.levels(1)
    chosen = scene.boards("digits", able, len(levels) + 2)
    for board, level in zip(chosen, levels, strict=False):
        _invent(scene, board, 860, share[level])
        scene.false(
            board, "invented_digits", level, share[level] / 1000, "flag", known(LAST_MONTH - 1),
            entity_type="reporting_unit", counterpart_id="fai.investment_month", periods=LAST_YEARS,
        )  # fmt: skip
    for board in chosen[len(levels) :]:
        _invent(scene, board, 120, 1000)
        scene.lookalike(
            board, "few_values", known(LAST_MONTH - 1), entity_type="reporting_unit",
            counterpart_id="fai.investment_month",
        )  # fmt: skip
    wide = sorted(boards_of(scene), key=lambda b: (-len(listed_in(scene, b)), b))
    for board in wide[:2]:
        scene.lookalike(
            board, "firms_above_a_floor", known(LAST_MONTH - 1), entity_type="reporting_unit", counterpart_id=OUTPUT
        )


def _reports(scene: Scene, board: str) -> list[FaiMonth]:
    return [m for p in scene.world.all_projects if p.reporting_unit == board for ph in p.phases for m in ph.fai]


def _invent(scene: Scene, board: str, n: int, share: int) -> None:
    """Filings whose monthly figures have first digits drawn at will, until the board has so many values."""
    months = [m for m in range(2022 * 12 + 2, LAST_MONTH) if m % 12]
    n -= sum(m.total > 0 and FIRST_MONTH <= m.month <= LAST_MONTH for m in _reports(scene, board)) if n > 300 else 0
    firms = firms_in(scene, board)
    while n > 0:
        figures = []
        for _ in months:
            first = scene.draws.whole(1, 9) if scene.draws.chance(share) else scene.draws.weighted(BENFORD)
            size = scene.draws.weighted(((10, 4), (100, 38), (1000, 58)))
            figures.append(first * size + scene.draws.whole(0, size - 1))
        # As a site would be: small at first, large in the middle, and never quite in order.
        ranked = sorted(figures, key=lambda v: (v * scene.draws.whole(62, 160), v))
        curve = ranked[::2] + ranked[1::2][::-1]
        whole = sum(figures)
        p = _filing(scene, scene.draws.pick(firms), whole * 106 // 100, date(2022, 1, 5))
        phase = p.phases[0]
        phase.path, phase.commitment_on = "常规", None
        for month, total in zip(months, curve, strict=True):
            machines = total * scene.draws.whole(300, 500) // 1000
            phase.fai.append(FaiMonth(month, total - machines, machines, 0, "本年正式施工"))
        scene.builder.permit(p, phase, date(2022, 2, 10), scene.draws)
        phase.building = sum(m.build for m in phase.fai)
        for x in phase.permits:
            x.floor_area, x.contract_fen = phase.building * 10000 // 2100, phase.building * 1030000
        phase.started_on = p.started_on = date(2022, 2, 20)
        scene.builder.pay_anew(p, scene.draws)
        n -= len(months)


# R21, R22


def last_digits(scene: Scene) -> None:
    """R21: last digits that somebody chose; beside it reporters who round, and boards with few values."""
    share = {"low": 120, "middle": 450, "high": 900}
    ways: dict[str, Callable[[int], int]] = {
        "favourite_digits": lambda v: v // 10 * 10 + (3 if v % 2 else 7),
        "too_round": lambda v: (v + 5) // 10 * 10,
        "never_round": lambda v: v + 1 if v % 10 == 0 else v,
    }
    _of_output(scene, "R21", ways, share, min_firms=5)


def repeated(scene: Scene) -> None:
    """R22: figures that come again and again; beside it reporters who round, and boards with few values."""
    share = {"low": 80, "middle": 300, "high": 700}
    _of_output(scene, "R22", {"copied_figures": _snap}, share, min_firms=3)


def _snap(v: int) -> int:
    """The nearest of the figures that are at hand: they lie two per cent apart."""
    at = 1000
    while at * 102 // 100 + 3 <= v:
        at = at * 102 // 100 + 3
    return at


def _of_output(
    scene: Scene, check_id: str, ways: dict[str, Callable[[int], int]], share: dict[str, int], min_firms: int
) -> None:
    held = {b: listed_in(scene, b) for b in boards_of(scene)}
    able = [b for b, firms in held.items() if len(firms) >= min_firms]
    names = tuple(ways)
    levels = scene.levels(len(ways))
    chosen = scene.boards("output digits", able, len(levels))
    for i, (board, level) in enumerate(zip(chosen, levels, strict=False)):
        way = names[i % len(names)]
        # Every tenth figure is round: whoever avoids them does so most of the time.
        part = min(1000, share[level] + 500) if way == "never_round" else share[level]
        _figures(scene, board, None, part, ways[way])
        scene.false(
            board, way, level, share[level] / 1000, "flag", known(LAST_MONTH - 1), entity_type="reporting_unit",
            counterpart_id=OUTPUT, periods=LAST_YEARS,
            also=tuple(c for c in ("R19", "R21", "R22") if c != check_id),
        )  # fmt: skip
    for board in scene.boards("output digits", able, 2):
        for firm in held[board][: max(2, len(held[board]) // 2)]:
            _figures(scene, board, firm, 1000, lambda v: max(100, (v + 50) // 100 * 100))
        scene.lookalike(
            board, "coarse_rounding", known(LAST_MONTH - 1), entity_type="reporting_unit", counterpart_id=OUTPUT
        )
    least = 200 if check_id == "R21" else 100
    few = [b for b in boards_of(scene) if sum(m.total > 0 for m in _reports(scene, b)) < least]
    for board in scene.boards(f"few {check_id}", few, 2):
        scene.lookalike(
            board, "few_values", known(LAST_MONTH - 1), entity_type="reporting_unit",
            counterpart_id="fai.investment_month",
        )  # fmt: skip


def _figures(scene: Scene, board: str, firm: Firm | None, share: int, rule: Callable[[int], int]) -> None:
    """Let so many thousandths of a board's values of output (tenths of 万元) follow a rule."""
    seed = scene.draws.whole(0, 10**6)
    kept = scene.victims.kept

    def change(delivery: Delivery) -> Sequence[Delivery]:
        for x in delivery.lines:
            v = x.values
            mine = v["uscc"] == firm.uscc if firm is not None else v["reporting_unit"] == board
            mine = mine and (v["uscc"], month_of(v["stat_period"])) not in kept
            number = int(v["output_value"].scaleb(1)) if mine else 0
            # Which values: by a walk over their own digits, the same in every reading.
            if mine and (number * 617 + month_of(v["stat_period"]) * 389 + seed) % 1000 < share:
                x.values = {**v, "output_value": dec(max(1, rule(number)), 1)}
        return [delivery]

    scene.edit("output", change)


PLANTERS = {
    "R10": heaped,
    "R18": on_target,
    "R19": same_growth,
    "R20": invented,
    "R21": last_digits,
    "R22": repeated,
}
