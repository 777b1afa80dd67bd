"""R14-R17: monthly investment that was written at a desk, and building sites that only look like it."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from zhixiao.simulate.calendar import first_of
from zhixiao.simulate.falsify.scene import Scene, Wanted
from zhixiao.simulate.model import LAST_MONTH, FaiMonth, Project


def known(month: int) -> date:
    """By then a report of the month has been received, also a late one."""
    return first_of(month + 1) + timedelta(days=45)


def period(month: int) -> str:
    return f"{first_of(month):%Y-%m}"


def division(p: Project) -> str:
    """The group in which it is measured."""
    return p.industry.code[:2]


def plain(p: Project, first: int) -> bool:
    """One filing that stands, all of its reports within the time that is delivered."""
    if len(p.phases) != 1 or p.phases[0].withdrawn_on or p.withdrawn_on or not p.phases[0].fai:
        return False
    months = [m.month for m in p.phases[0].fai]
    return min(months) >= first and max(m.month for m in working(p)) < LAST_MONTH


def working(p: Project) -> list[FaiMonth]:
    return [m for m in p.phases[0].fai if m.total > 0] or p.phases[0].fai[:1]


def stretch(p: Project, n: int, least: int = 60) -> list[FaiMonth]:
    """The first `n` reports in a row with investment, and enough of it; [] where there are none."""
    run: list[FaiMonth] = []
    for m in p.phases[0].fai:
        run = [*run, m] if m.total > 0 else []
        if len(run) > n + 1 and sum(x.total for x in run[-n - 1 : -1]) >= least * n:
            return run[-n - 1 : -1]
    return []


def _put(at: FaiMonth, total: int) -> None:
    """Let a report show another total; its parts keep their shares."""
    old = at.total
    at.equipment = at.equipment * total // old if old else 0
    at.other = at.other * total // old if old else 0
    at.build = total - at.equipment - at.other


def _round_to(p: Project, unit: int) -> None:
    """Let all reports be multiples of a unit, without drift."""
    carried = 0
    for m in p.phases[0].fai:
        whole = (m.total + carried) // unit * unit
        carried += m.total - whole
        _put(m, whole)


def _level_out(p: Project, run: list[FaiMonth], unit: int, step: int) -> None:
    """The months of a run equal, or rising by a step; what rounding leaves goes to the report before them."""
    fai = p.phases[0].fai
    before = fai[fai.index(run[0]) - 1]
    whole = sum(m.total for m in run)
    low = (whole - step * len(run) * (len(run) - 1) // 2) // len(run) // unit * unit
    for i, m in enumerate(run):
        _put(m, low + step * i)
    _put(before, before.total + whole - sum(m.total for m in run))
    after = fai[fai.index(run[-1]) + 1]
    for other, near in ((before, run[0]), (after, run[-1])):
        if other.total == near.total:
            _put(other, other.total + 3 * unit)


EQUAL = {
    # way: months by level, reporting unit that makes m/u what the clause asks
    "equal_large": {"low": 3, "middle": 6, "high": 9},
    "equal_coarse": {"low": 4, "middle": 6, "high": 9},
    "equal_small": {"low": 7, "middle": 8, "high": 10},
    "straight_line": {"low": 6, "middle": 8, "high": 10},
}


def _unit_for(way: str, mean: int) -> int:
    """The power of ten in which the mean is 100 or more, 20 to 99, or 2 to 19 units."""
    if way in ("equal_large", "straight_line"):
        return 1
    low, high = (20, 100) if way == "equal_coarse" else (1, 20)
    return next((u for u in (1, 10, 100, 1000) if low * 1.15 <= mean / u < high * 0.85), 0)


def equal_months(scene: Scene) -> None:
    """R14: the same figure month after month, or the same increase; beside it contracts paid by equal instalments."""
    wanted: Wanted = lambda p: plain(p, scene.first_month) and len(stretch(p, 10, 130)) == 10  # noqa: E731
    everyone = [p for p in scene.world.all_projects if p.phases and p.phases[0].fai]
    pool = [p for p in everyone if wanted(p)]
    for way, level in scene.plan(tuple(EQUAL), len(everyone)):
        n = EQUAL[way][level]
        fits: Wanted = lambda p, way=way, n=n: wanted(p) and _unit_for(way, _mean(stretch(p, n, 130))) > 0  # type: ignore[misc]  # noqa: E731
        for p in scene.taken([p for p in pool if fits(p)], 1, fits):
            run = stretch(p, n, 130)
            mean = _mean(run)
            unit = _unit_for(way, mean)
            _round_to(p, unit)
            _level_out(p, run, unit, max(1, mean // 40) if way == "straight_line" else 0)
            scene.builder.pay_anew(p, scene.draws)
            severe = way != "straight_line" and (n > 6 or (n >= 6 and way != "equal_small"))
            scene.false(
                p, way, level, n, "quarantine" if severe else "flag", known(run[-1].month), also=("R12", "R15", "R17"),
            )  # fmt: skip
    for p in scene.honest([p for p in pool if p.payments], wanted=lambda p: wanted(p) and bool(p.payments)):
        run = stretch(p, 8, 130)
        _level_out(p, run, 1, 0)
        scene.builder.pay_anew(p, scene.draws, is_instalment=True)
        scene.lookalike(p, "instalment_contract", known(run[-1].month))
    coarse: Wanted = lambda p: plain(p, scene.first_month) and _unit_for("equal_small", _mean(stretch(p, 5, 130))) > 0  # noqa: E731
    for p in scene.honest([p for p in pool if coarse(p)], wanted=lambda p: wanted(p) and coarse(p)):
        run = stretch(p, 5, 130)
        unit = _unit_for("equal_small", _mean(run))
        _round_to(p, unit)
        _jagged(p, unit)
        _level_out(p, run, unit, 0)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "coarse_rounding", known(run[-1].month))


def _mean(run: list[FaiMonth]) -> int:
    return sum(m.total for m in run) // len(run) if run else 0


def _jagged(p: Project, unit: int) -> None:
    """No two reports after each other alike: what one has more the next has less."""
    fai = p.phases[0].fai
    for i, (a, b) in enumerate(zip(fai[:-1:2], fai[1::2], strict=False)):
        step = unit * (1 + i % 2)
        if a.total == b.total and a.total > step:
            _put(a, a.total + step)
            _put(b, b.total - step)


def _years(p: Project) -> list[int]:
    """Years with eleven reports that show investment."""
    held = [m.month // 12 for m in working(p)]
    return [y for y in sorted(set(held)) if held.count(y) == 11]


def _year(p: Project, year: int) -> list[FaiMonth]:
    return [m for m in working(p) if m.month // 12 == year]


def too_smooth(scene: Scene) -> None:
    """R15: a year without weather, or last year's months once more; beside it steady but real sites."""
    spread = {"low": 120, "middle": 60, "high": 20}
    noise = {"low": 20, "middle": 3, "high": 0}

    def wanted(p: Project) -> bool:
        whole = (sum(m.total for m in _year(p, y)) for y in _years(p)) if plain(p, scene.first_month) else ()
        return any(v > 2000 for v in whole)

    everyone = [p for p in scene.world.all_projects if p.phases and p.phases[0].fai]
    pool = [p for p in everyone if wanted(p)]
    copied: Wanted = lambda p: plain(p, scene.first_month) and _copied_year(p) is not None  # noqa: E731
    n = len([p for p in everyone if _years(p)])
    for p, _, level in scene.dealt([p for p in pool if not copied(p)], ("smooth_year",), n, wanted, division):
        year = max(_years(p), key=lambda y: sum(m.total for m in _year(p, y)))
        _smooth(scene, _year(p, year), spread[level])
        scene.builder.pay_anew(p, scene.draws)
        scene.false(
            p, "smooth_year", level, spread[level] / 1000, "flag", known(year * 12 + 11), periods=(str(year),),
            also=("R02", "R03", "R12", "R14", "R17"),
        )  # fmt: skip
    for p, _, level in scene.dealt([p for p in pool if copied(p)], ("copied_year",), n // 2, copied):
        copy = _copied_year(p)
        assert copy is not None
        year = copy
        held = {m.month: m for m in working(p)}
        common = [m for m in _year(p, year) if m.month - 12 in held]
        whole, then = sum(m.total for m in common), sum(held[m.month - 12].total for m in common)
        for m in common:
            off = scene.draws.whole(1000 - 2 * noise[level], 1000 + 2 * noise[level])
            _put(m, held[m.month - 12].total * whole * off // (then * 1000))
        scene.builder.pay_anew(p, scene.draws)
        scene.false(
            p, "copied_year", level, noise[level] / 1000, "flag", known(year * 12 + 11), periods=(str(year),),
            also=("R02", "R03", "R12", "R14", "R17"),
        )  # fmt: skip
    for p in scene.honest(pool, wanted=wanted):
        year = _years(p)[0]
        _smooth(scene, _year(p, year), 240)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "steady_site", known(year * 12 + 11), periods=(str(year),), also=("R02", "R03"))
    short: Wanted = lambda p: plain(p, scene.first_month) and not _years(p) and len(stretch(p, 6, 100)) == 6  # noqa: E731
    for p in scene.honest([p for p in scene.world.all_projects if p.phases and short(p)], wanted=short):
        run = stretch(p, 6, 100)
        _smooth(scene, run, 60)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "few_periods", known(run[-1].month), also=("R14",))


def _copied_year(p: Project) -> int | None:
    """A year of which at least seven months have a month of the year before behind them, and little weight."""
    held = {m.month: m.total for m in working(p)}
    for year in sorted({m // 12 for m in held}):
        common = [m for m in held if m // 12 == year and m - 12 in held]
        if len(common) >= 7 and min(held[m - 12] for m in common) >= 40:
            return year
    return None


def _smooth(scene: Scene, run: list[FaiMonth], spread: int) -> None:
    """The same sum with months that differ by so many thousandths (standard deviation of the log difference)."""
    mean = sum(m.total for m in run) // len(run)
    last = 0
    for m in run:
        # Noise that is uniform within +-a differs from month to month by 0.816 a.
        total = mean * (1000 + scene.draws.whole(-spread * 1225 // 1000, spread * 1225 // 1000)) // 1000
        total += 2 if total == last else 0
        _put(m, total)
        last = total


def december(scene: Scene) -> None:
    """R16: the year's investment reported in December without money moving; beside it machines paid in December."""
    share = {"low": 480, "middle": 850, "high": 950}
    wanted: Wanted = lambda p: plain(p, scene.first_month) and bool(p.payments) and _closed_year(p) is not None  # noqa: E731
    everyone = [p for p in scene.world.projects if p.phases and p.phases[0].fai]
    pool = [p for p in everyone if wanted(p)]
    ways = ("december_rush", "taken_back")
    for p, way, level in scene.dealt(pool, ways, len(everyone), wanted, division):
        year = _closed_year(p)
        assert year is not None
        _rush(p, year, share[level])
        also: tuple[str, ...] = ("R02", "R03", "R17", "R28")
        if way == "taken_back":
            _take_back(p, year)
            also = ("R01", "R02", "R03", "R04", "R17", "R28")
        scene.false(
            p, way, level, share[level] / 1000, "quarantine" if way == "taken_back" else "flag",
            known(year * 12 + 15), periods=(str(year),), also=also,
        )  # fmt: skip
    for p in scene.honest(pool, wanted=wanted):
        year = _closed_year(p)
        assert year is not None
        _rush(p, year, 780)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "paid_in_december", known(year * 12 + 11), periods=(str(year),), also=("R02", "R03", "R17"))
    late: Wanted = lambda p: plain(p, scene.first_month) and bool(p.payments) and _entered_late(p)  # noqa: E731
    for p in scene.honest([p for p in scene.world.projects if p.phases and late(p)], wanted=late):
        year = working(p)[0].month // 12
        _rush(p, year, 800)
        scene.lookalike(p, "entered_late", known(year * 12 + 11), periods=(str(year),), also=("R17",))


def _closed_year(p: Project) -> int | None:
    """A year before the last with nine reports of investment, December among them, and payments."""
    for year in range(2022, 2025):
        months = _year(p, year)
        paid = [x for x in p.payments if x.paid_on.year == year and x.purpose in ("土建", "设备")]
        if len(months) >= 9 and months[-1].month % 12 == 11 and sum(m.total for m in months) > 900 and len(paid) >= 4:
            return year
    return None


def _entered_late(p: Project) -> bool:
    first = working(p)[0].month
    return first % 12 in (9, 10) and len(_year(p, first // 12)) == 12 - first % 12


def _rush(p: Project, year: int, share: int) -> None:
    """December gets its share in thousandths of the year, the other months what is left."""
    months = _year(p, year)
    whole, last = sum(m.total for m in months), months[-1]
    others = whole - last.total
    for m in months[:-1]:
        _put(m, m.total * whole * (1000 - share) // (1000 * others) if others else 0)
    _put(last, whole - sum(m.total for m in months[:-1]))


def _take_back(p: Project, year: int) -> None:
    """February reports a little more, April takes away more than a third of December."""
    at = year * 12 + 11
    held = {m.month: m for m in p.phases[0].fai}
    amount = held[at].total * 36 // 100
    for month in (at + 2, at + 3, at + 4):
        if month not in held:
            held[month] = FaiMonth(month, 0, 0, 0, "本年正式施工")
            p.phases[0].fai.append(held[month])
    p.phases[0].fai.sort(key=lambda m: m.month)
    held[at + 2].build += amount + 1
    held[at + 4].build = -amount
    held[at + 4].equipment = held[at + 4].other = 0


def sudden_month(scene: Scene) -> None:
    """R17: a month out of all proportion to the one before; beside it restarts and small amounts."""
    factor = {"low": 8, "middle": 45, "high": 150}
    wanted: Wanted = lambda p: plain(p, scene.first_month) and p.industry.code < "44" and _pair(p, 1500) is not None  # noqa: E731
    everyone = [p for p in scene.world.all_projects if p.phases and p.phases[0].fai]
    pool = [p for p in everyone if wanted(p)]
    for p, way, level in scene.dealt(pool, ("jump", "drop"), len(everyone), wanted):
        pair = _pair(p, 1500)
        assert pair is not None
        a, b = pair
        whole, f = a.total + b.total, factor[level]
        small = whole // (1 + f)
        first, second = (small, whole - small) if way == "jump" else (whole - small, small)
        _put(a, first)
        _put(b, second)
        scene.builder.pay_anew(p, scene.draws)
        scene.false(p, way, level, f, "flag", known(b.month), periods=(period(b.month),), also=("R15", "R16"))
    tiny: Wanted = lambda p: plain(p, scene.first_month) and p.industry.code < "44" and _pair(p, 12, 500) is not None  # noqa: E731
    small_pool = [p for p in everyone if tiny(p)]
    for p in scene.honest(small_pool, wanted=tiny):
        pair = _pair(p, 12, 500)
        assert pair is not None
        a, b = pair
        before = a.total + b.total
        _put(a, 2)
        _put(b, 24)
        p.phases[0].fai[-1].build += 0
        working(p)[-1].build += max(0, before - 26)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "small_amounts", known(b.month), periods=(period(b.month),))
    for p in scene.honest(pool, wanted=wanted):
        pair = _pair(p, 1500)
        assert pair is not None
        a, b = pair
        _put(b, a.total + b.total)
        _put(a, 0)
        a.stage = "全部停缓建"
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "restart_after_idle", known(b.month), periods=(period(b.month),))


def _pair(p: Project, least: int, most: int = 10**9) -> tuple[FaiMonth, FaiMonth] | None:
    """Two reports in a row, from March on and not the last one, that hold so much between them."""
    run = working(p)
    for a, b in pairwise(run[1:-1]):
        if b.month == a.month + 1 and b.month % 12 >= 3 and least <= a.total + b.total <= most:
            return a, b
    return None


PLANTERS = {"R14": equal_months, "R15": too_smooth, "R16": december, "R17": sudden_month}
