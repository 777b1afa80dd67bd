"""R01-R09, R41: figures that contradict themselves, the documents, or the state of whoever reports them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, partial
from itertools import pairwise
from typing import Any

from zhixiao.simulate.calendar import add_months, first_of, last_of, month_of, working_day
from zhixiao.simulate.delivery import Delivery, Line, dec
from zhixiao.simulate.falsify import touch
from zhixiao.simulate.falsify.scene import Edit, Scene, edit_lines, seen, seen_event, seen_quarter
from zhixiao.simulate.falsify.touch import is_plain, names_of, rounding_unit, whole_units
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, FaiMonth, Phase, Project, Recognition

HORIZON = date(2026, 2, 27)
"""The last received day: what lasts until now lasts until then."""
MONEY = ("investment_cum", "investment_ytd", "investment_month", "investment_build", "investment_equipment",
         "investment_other")  # fmt: skip


def _spending(scene: Scene, p: Project) -> list[FaiMonth]:
    """The received months of a project of one filing in which something was invested."""
    return [m for m in scene.reported(p.phases[0]) if m.total > 0] if p.phases else []


def _in_month(phase: Phase, month: int, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Edit:
    return edit_lines(change, where=lambda _, line: touch.is_of(phase, line, month))


# R01


def broken_sums(scene: Scene) -> None:
    """R01: one figure of one month is edited, and the others are forgotten."""

    def fits(p: Project) -> bool:
        return is_plain(p) and len(_spending(scene, p)) >= 8 and bool(_second_year(scene, p))

    for p, way, level in scene.acts(fits, ("year", "parts", "cumulative", "machines")):
        phase = p.phases[0]
        at = scene.draws.pick(_second_year(scene, p))
        unit = rounding_unit(phase)
        year = sum(m.total for m in phase.fai if m.month // 12 == at // 12 and m.month <= at)
        share = {"low": 0, "middle": 8, "high": 60}[level]
        off = dec(max({"low": 3, "middle": 10, "high": 50}[level] * unit, year * share // 100 // unit * unit), 0)

        def change(v: dict[str, Any], way: str = way, off: Any = off) -> Mapping[str, Any]:
            if way == "year":
                return v | {k: v[k] + off for k in ("investment_ytd", "investment_cum", "investment_build")}
            if way == "parts":
                return v | {"investment_build": v["investment_build"] + off}
            if way == "cumulative":
                return v | {"investment_cum": v["investment_cum"] + off}
            return v | {"investment_equipment": v["investment_cum"] + off}

        scene.edit("fai", _in_month(phase, at, change))
        scene.false(
            p, way, level, off / max(1, year), "block", seen(at), periods=names_of([at]),
            also=("R02", "R03", "R04", "R14", "R17", "R27", "R28", "R37"),
        )  # fmt: skip
    _honest_sums(scene)


def _second_year(scene: Scene, p: Project) -> list[int]:
    """Months of works after March, before the last, of years whose December before is known."""
    held = {m.month for m in scene.reported(p.phases[0])}
    return [m.month for m in _spending(scene, p)[:-1] if m.month % 12 > 2 and m.month // 12 * 12 - 1 in held]


def _honest_sums(scene: Scene) -> None:
    def fits(p: Project) -> bool:
        return is_plain(p) and len(_spending(scene, p)) >= 4 and touch.total(p.phases[0]) >= 4000

    def empty(v: dict[str, Any]) -> Mapping[str, Any]:
        return v | dict.fromkeys(MONEY[3:])

    def coarse(v: dict[str, Any]) -> Mapping[str, Any]:
        return v | {k: (v[k] / 100).quantize(dec(1, 0)) * 100 for k in MONEY}

    for way, change in (("empty_parts", empty), ("coarse_rounding", coarse)):
        for p in scene.cast(fits, 2):
            phase = p.phases[0]
            scene.edit("fai", edit_lines(change, where=lambda _, line, phase=phase: line.phase is phase))  # type: ignore[misc]
            scene.lookalike(p, way, seen(_spending(scene, p)[1].month))


# R02


def over_plan(scene: Scene) -> None:
    """R02: reported investment beyond the plan, with no change filed; beside it, projects that did file one."""

    def fits(p: Project) -> bool:
        return is_plain(p) and len(_spending(scene, p)) >= 4

    def grow(p: Project, to: int) -> FaiMonth:
        phase, months = p.phases[0], _spending(scene, p)[-4:]
        unit = rounding_unit(phase)
        missing = max(0, to - touch.total(phase))
        for n, m in enumerate(months):
            # Upwards to whole units.
            part = -(-missing // (len(months) - n))
            m.build += whole_units(part + unit - 1, unit) if missing > 0 else 0
            missing = to - touch.total(phase)
        return months[-1]

    for p, _, level in scene.acts(fits, ("over_plan",)):
        phase = p.phases[0]
        grown = {"low": 103, "middle": 118, "high": 150}[level]
        last = grow(p, phase.planned * grown // 100)
        months = [m.month for m in scene.reported(phase) if m.month >= last.month]
        scene.builder.pay_anew(p, scene.draws)
        scene.false(
            p, "over_plan", level, grown / 100, "flag" if level == "low" else "quarantine", seen(last.month),
            periods=names_of(months), also=("R03", "R16", "R17", "R27", "R28", "R37"),
        )  # fmt: skip
    for p in scene.cast(fits, 2):
        phase = p.phases[0]
        phase.changes.append((first_of(_spending(scene, p)[-4].month - 1), phase.planned * 130 // 100))
        last = grow(p, phase.planned * 115 // 100)
        touch.carry(p)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "amended_filing", seen(last.month))
    for p in scene.cast(fits, 2):
        phase = p.phases[0]
        touch.scale(phase, phase.planned // rounding_unit(phase) * rounding_unit(phase))
        touch.carry(p)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "exactly_the_plan", seen(_spending(scene, p)[-1].month))


# R03


def _is_covered(scene: Scene, board: str, month: int) -> bool:
    """Whether 90 of 100 projects of a board that were built at within a year have payments."""
    active = [
        p
        for p in scene.world.projects
        if p.reporting_unit == board
        and any(m.total and month - 12 < m.month <= month for ph in p.phases for m in ph.fai)
    ]
    return sum(bool(p.payments) for p in active) * 100 >= len(active) * 90


def unfunded(scene: Scene) -> None:
    """R03: investment that the capital paid in does not carry; beside it, land that the price itself pays for."""

    is_covered = cache(partial(_is_covered, scene))

    def fits(p: Project) -> bool:
        months = _spending(scene, p)
        return (
            is_plain(p)
            and p.is_in_ledger
            and len(months) >= 6
            and touch.total(p.phases[0]) >= 4000
            and any(x.purpose == "到位资金" for x in p.payments)
            and is_covered(p.reporting_unit, months[-1].month)
        )

    def fund(p: Project, per_mille: int, apart: int = 0) -> None:
        """Capital month by month: a share of what was invested beyond the first `apart`."""
        p.payments = [x for x in p.payments if x.purpose != "到位资金"]
        held = apart
        for m in p.phases[0].fai:
            amount, held = max(0, m.total - held), max(0, held - m.total)
            if amount:
                touch.capital(p, scene.draws, first_of(m.month) + timedelta(days=4), amount * per_mille * 1000)

    shares = {"short": {"low": 860, "middle": 740, "high": 600}, "hollow": {"low": 450, "middle": 300, "high": 50}}
    for p, way, level in scene.acts(fits, tuple(shares)):
        phase, share = p.phases[0], shares[way][level]
        fund(p, share)
        months = [m.month for m in scene.reported(phase) if touch.cumulative(phase, m.month) * (1000 - share) > 210000]
        months = [m for m in months[2:] if is_covered(p.reporting_unit, m)]
        scene.false(
            p, way, level, (1000 - share) / 1000, "flag" if way == "short" else "quarantine", seen(months[0]),
            periods=names_of(months), also=("R28",),
        )  # fmt: skip
    for p in scene.cast(fits, 2):
        fund(p, 930)
        scene.lookalike(p, "narrow_gap", seen(_spending(scene, p)[0].month))

    def bought(p: Project) -> bool:
        land = p.phases[0].land if fits(p) else None
        return land is not None and land.signed_on < first_of(p.phases[0].fai[0].month)

    for p in scene.cast(bought, 2):
        land = p.phases[0].land
        assert land is not None
        p.payments = [x for x in p.payments if x.purpose != "土地"]
        fund(p, 1000, land.price_fen // 1000000)
        scene.lookalike(p, "land_price", seen(_spending(scene, p)[0].month))


# R04


def rewritten(scene: Scene) -> None:
    """R04: months below nothing, and published months that are raised later; beside them, corrections with a reason."""

    def fits(p: Project) -> bool:
        return is_plain(p) and bool(_undone(scene, p)) and bool(_raised(scene, p)) and bool(_december(scene, p))

    for p, way, level in scene.acts(fits, ("negative_month", "raised", "raised_after_closing")):
        phase, unit = p.phases[0], rounding_unit(p.phases[0])
        if way == "negative_month":
            m = scene.draws.pick(_undone(scene, p))
            built = sum(x.build for x in phase.fai if x.month // 12 == m.month // 12 and x.month < m.month)
            share = {"low": 0, "middle": 5, "high": 25}[level]
            back = min(whole_units(touch.cumulative(phase, m.month - 1) * share // 100, unit), built)
            m.build, m.equipment, m.other = -back, 0, 0
            scene.builder.pay_anew(p, scene.draws)
            by, known = back, seen(m.month)
        else:
            m = scene.draws.pick(_raised(scene, p) if way == "raised" else _december(scene, p))
            share = {"low": 107, "middle": 140, "high": 300}[level]
            by = min(whole_units(m.total - m.total * 100 // share, unit), m.build)
            until = m.month if way == "raised" else m.month + 3
            scene.edit("fai", _told_lower(phase, m.month, until, by))
            known = seen(until)
        scene.false(
            p, way, level, by, "quarantine", known, periods=names_of([m.month]),
            also=("R01", "R03", "R14", "R16", "R17", "R28"),
        )  # fmt: skip
    _honest_rewriting(scene, fits)


def _undone(scene: Scene, p: Project) -> list[FaiMonth]:
    """Months of which enough was built earlier in the year to take some back."""
    phase = p.phases[0]
    return [
        m
        for m in _spending(scene, p)[1:]
        if sum(x.build for x in phase.fai if x.month // 12 == m.month // 12 and x.month < m.month) * 3
        >= touch.cumulative(phase, m.month)
    ]


def _raised(scene: Scene, p: Project) -> list[FaiMonth]:
    """Months that are mostly works, so that works may have been told too low."""
    return [m for m in _spending(scene, p)[1:] if m.month <= LAST_MONTH - 3 and m.build * 10 >= m.total * 7]


def _december(scene: Scene, p: Project) -> list[FaiMonth]:
    """Decembers after which February and March are reported too."""
    held = {m.month for m in scene.reported(p.phases[0])}
    return [m for m in _raised(scene, p) if m.month % 12 == 11 and {m.month + 2, m.month + 3} <= held]


def _told_lower(phase: Phase, month: int, until: int, by: int, kind: str = "更正", reason: str | None = None) -> Edit:
    """Tell a month, and what adds it up until `until`, lower by an amount; then once more as it is."""
    again: list[Line] = []
    day: list[date] = []

    def lower(line: Line) -> Line:
        at, v = month_of(line.values["stat_period"]), line.values
        names = ["investment_cum"]
        names += ["investment_ytd", "investment_build"] if at // 12 == month // 12 else []
        names += ["investment_month"] if at == month else []
        return touch.restated(line, **{k: v[k] - by for k in names})

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        mine = [x for x in touch.lines_of(delivery, phase) if month <= month_of(x.values["stat_period"]) <= until]
        if not mine or (day and delivery.received_on >= day[0]):
            return [delivery]
        again.extend(touch.restated(x, submission_kind=kind, revision_reason=reason) for x in mine)
        told = replace(delivery, lines=[lower(x) if x in mine else x for x in delivery.lines])
        if month_of(mine[0].values["stat_period"]) < until or day:
            return [told]
        # Before the next month is told, and after the closing day of 31 March where March is the last told lower.
        day.append(working_day(delivery.received_on + timedelta(days=9)))
        return [told, *(_once_more(x, day[0], phase) for x in again)]

    return apply


def _once_more(line: Line, day: date, phase: Phase) -> Delivery:
    """A month told again, in a file of its own."""
    at = line.values["stat_period"]
    stem = f"列统情况表（表二）{at.year}年{at.month}月（补正{phase.code[-4:]}）"
    return Delivery("fai", day, stem, [line], title="固定资产投资项目列统情况表（表二）")


def _honest_rewriting(scene: Scene, fits: Callable[[Project], bool]) -> None:
    for way, share, reason in (("reasoned_correction", 130, "漏报安装工程，已核实"), ("small_correction", 103, None)):
        for p in scene.cast(lambda p: fits(p) and p.phases[0].planned >= 5000, 2):
            phase = p.phases[0]
            m = max(_raised(scene, p), key=lambda m: m.build)
            by = (m.total - m.total * 100 // share) // rounding_unit(phase) * rounding_unit(phase)
            scene.edit("fai", _told_lower(phase, m.month, m.month, min(by, m.build), "更正", reason))
            scene.lookalike(p, way, seen(m.month))
    for p in scene.cast(fits, 2):
        phase, m = p.phases[0], scene.draws.pick(_undone(scene, p))
        m.build, m.equipment, m.other = -rounding_unit(phase), 0, 0
        scene.builder.pay_anew(p, scene.draws)
        told = {"submission_kind": "更正", "revision_reason": "竣工决算审减"}
        scene.edit("fai", _apart(phase, m.month, told))
        scene.lookalike(p, "audited_reduction", seen(m.month))


def _apart(phase: Phase, month: int, told: Mapping[str, Any]) -> Edit:
    """Tell a month of one filing in a file of its own, marked as what it is."""

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        mine = [x for x in delivery.lines if touch.is_of(phase, x, month)]
        if not mine:
            return [delivery]
        rest = replace(delivery, lines=[x for x in delivery.lines if x not in mine])
        stem = f"{delivery.stem}（审减{phase.code[-4:]}）"
        day = working_day(delivery.received_on + timedelta(days=6))
        lines = [touch.restated(x, **told) for x in mine]
        own = replace(delivery, stem=stem, received_on=day, lines=lines, control=None)
        return [rest, own] if rest.lines else [own]

    return apply


# R05


def built_before_permit(scene: Scene) -> None:
    """R05: a start before the papers, or with none; beside it, what needs no permit or has a commitment instead."""

    def fits(p: Project) -> bool:
        phase = p.phases[0] if p.phases else None
        return (
            is_plain(p)
            and p.is_in_ledger
            and phase is not None
            and p.involves_land
            and phase.path == "常规"
            and bool(phase.permits)
            and p.started_on is not None
            and date(2020, 9, 1) < p.started_on < HORIZON - timedelta(days=200)
            and not any(m.stage == "单纯购置" for m in phase.fai)
        )

    early = {"early": {"low": 3, "middle": 45, "high": 86}, "long_before": {"low": 94, "middle": 150, "high": 320}}
    for p, way, level in scene.acts(fits, (*early, "no_permit")):
        phase = p.phases[0]
        assert p.started_on is not None
        old = touch.passed(p, "开工")
        if way == "no_permit":
            claim = touch.recognise(p, "开工", p.started_on, old.recognised_on if old else p.started_on)
            phase.permits = []
            days = (HORIZON - claim.actual_on).days
        else:
            papers = [min(x.issued_on for x in phase.permits), phase.filed_on]
            papers += [phase.land.signed_on] if phase.land else []
            days = early[way][level]
            claim = touch.recognise(
                p, "开工", max(papers) - timedelta(days=days), old.recognised_on if old else papers[0]
            )
        scene.false(
            p, way, level, days, "flag" if way == "early" else "quarantine", seen_quarter(claim.recognised_on),
            also=("R07", "R27", "R31", "R32", "R33", "R35", "R37"),
        )  # fmt: skip
    _honest_starts(scene)


def _honest_starts(scene: Scene) -> None:
    def is_promised(p: Project) -> bool:
        phase = p.phases[0] if is_plain(p) else None
        return bool(
            phase
            and p.is_in_ledger
            and p.involves_land
            and phase.commitment_on
            and phase.permits
            and phase.commitment_on + timedelta(days=8) < min(x.issued_on for x in phase.permits)
            and phase.started_on
            and date(2020, 9, 1) < phase.started_on < HORIZON - timedelta(days=200)
        )

    def is_bought(p: Project) -> bool:
        phase = p.phases[0] if is_plain(p) else None
        return bool(
            phase
            and p.is_in_ledger
            and not p.involves_land
            and not phase.permits
            and (told := touch.passed(p, "开工"))
            and told.recognised_on < HORIZON - timedelta(days=150)
            and any(m.stage == "单纯购置" for m in scene.reported(phase))
        )

    def is_small(p: Project) -> bool:
        return is_promised(replace(p, phases=[replace(p.phases[0], commitment_on=p.phases[0].filed_on)])) if (
            is_plain(p)
        ) else False  # fmt: skip

    for p in scene.cast(is_promised, 2):
        start = p.phases[0].commitment_on
        assert start is not None
        claim = touch.recognise(p, "开工", start + timedelta(days=4), start + timedelta(days=60))
        scene.lookalike(p, "commitment_start", seen_quarter(claim.recognised_on))
    for p in scene.cast(is_bought, 2):
        held = touch.passed(p, "开工")
        assert held is not None
        scene.lookalike(p, "equipment_only", seen_quarter(held.recognised_on))
    for p in scene.cast(is_small, 2):
        # 280 square metres need no permit.
        phase = p.phases[0]
        assert p.started_on is not None
        p.floor_area, phase.permits = 280, []
        claim = touch.recognise(p, "开工", p.started_on, p.started_on + timedelta(days=40))
        scene.lookalike(p, "below_limit", seen_quarter(claim.recognised_on), also=("R07",))


# R06


def before_filing(scene: Scene) -> None:
    """R06: investment of months before the filing; beside it, a first report that sums up, and a mended filing date."""

    def fits(p: Project) -> bool:
        if not is_plain(p) or len(_spending(scene, p)) < 5:
            return False
        phase = p.phases[0]
        return month_of(phase.filed_on) - 5 >= scene.first_month and phase.planned >= 2000

    for p, _, level in scene.acts(fits, ("before_filing",)):
        phase, unit = p.phases[0], rounding_unit(p.phases[0])
        filed, begin = month_of(phase.filed_on), phase.fai[0].month
        n, share = {"low": (2, 3), "middle": (4, 15), "high": (8, 30)}[level]
        early = [m for m in range(max(filed - n, scene.first_month), filed) if m % 12]
        made = []
        for month in range(early[0], begin):
            if month % 12 and not any(m.month == month for m in phase.fai):
                amount = whole_units(phase.planned * share * scene.draws.whole(60, 140) // 100000, unit)
                made.append(FaiMonth(month, amount if month in early else 0, 0, 0, "筹建"))
        touch.take_from_build(phase, sum(m.total for m in made), phase.fai)
        phase.fai[:0] = made
        scene.builder.pay_anew(p, scene.draws)
        scene.false(
            p, "before_filing", level, n, "block", seen_event(phase.filed_on), periods=names_of(early),
            also=("R02", "R03", "R15", "R17", "R28", "R33"),
        )  # fmt: skip
    for p in scene.cast(lambda p: fits(p) and len(scene.reported(p.phases[0])) == len(p.phases[0].fai), 2):
        phase = p.phases[0]
        held, third = phase.fai[:2], phase.fai[2]
        for name in ("build", "equipment", "other"):
            setattr(third, name, getattr(third, name) + sum(getattr(m, name) for m in held))
        del phase.fai[:2]
        scene.lookalike(p, "first_report_sums_up", seen(third.month))

    def soon(p: Project) -> bool:
        return fits(p) and p.phases[0].fai[0].month <= month_of(p.phases[0].filed_on) + 4

    for p in scene.cast(soon, 2):
        phase = p.phases[0]
        phase.first_stated_filed_on = first_of(phase.fai[0].month + 1) + timedelta(days=9)
        phase.corrected_on = phase.first_stated_filed_on + timedelta(days=60)
        scene.lookalike(p, "mended_filing_date", seen(month_of(phase.corrected_on)))


# R07


def empty_shells(scene: Scene) -> None:
    """R07: a start that nothing but the reports speaks of; beside it, starts with few papers but other witnesses."""

    def fits(p: Project) -> bool:
        if not (is_plain(p) and touch.has_own_firm(p) and p.involves_land and p.started_on):
            return False
        phase = p.phases[0]
        return (
            p.industry.code not in ("4416", "6513")
            and p.started_on < HORIZON - timedelta(days=250)
            and len(_spending(scene, p)) >= 5
            and len(scene.reported(phase)) == len(phase.fai)
            and phase.land is not None
            and not any(m.stage == "单纯购置" for m in phase.fai)
        )

    for p, way, level in scene.acts(fits, ("no_witness", "one_witness")):
        phase = p.phases[0]
        assert p.firm is not None and p.started_on is not None
        old = touch.passed(p, "开工")
        claim = touch.recognise(p, "开工", p.started_on, old.recognised_on if old else p.started_on)
        touch.unrecognise(p, "开工")
        share = {"low": 23, "middle": 50, "high": 90}[level]
        # Each of the three parts may lose what is less than a unit.
        touch.scale(phase, phase.planned * share // 100 + 3 * rounding_unit(phase))
        phase.permits, p.payments = [], []
        phase.completed_on = p.completed_on = p.produced_on = None
        touch.silence(p.firm, date(2021, 1, 1), staff=False)
        p.firm.accounts = []
        if way == "no_witness":
            phase.land = None
        reached = next(
            (m.month for m in phase.fai if touch.cumulative(phase, m.month) * 5 >= phase.planned), phase.fai[-1].month
        )
        known = max(seen(reached), add_months(p.started_on, 7), seen_quarter(claim.recognised_on))
        scene.false(
            p, way, level, share / 100, "quarantine" if way == "no_witness" else "flag", known,
            also=("R03", "R05", "R09", "R23", "R26", "R27", "R28", "R31", "R32", "R33", "R40", "R44", "R45"),
        )  # fmt: skip
    _honest_shells(scene)


def _honest_shells(scene: Scene) -> None:
    def leased(p: Project) -> bool:
        return (
            is_plain(p) and p.is_in_ledger and p.leased_area > 0 and len(_spending(scene, p)) >= 5 and bool(p.payments)
        )

    def promised(p: Project) -> bool:
        return bool(
            is_plain(p)
            and p.is_in_ledger
            and p.phases[0].path in ("承诺制", "容缺受理", "拿地即开工")
            and p.phases[0].land
            and len(_spending(scene, p)) >= 5
            and p.payments
        )

    def loose(p: Project) -> bool:
        return is_plain(p) and not p.is_in_ledger and len(_spending(scene, p)) >= 7

    # Of a filing that no ledger knows, only the permit and the power of its owner can be asked.
    kinds = (("leased_plant", leased), ("commitment_start", promised), ("two_witnesses_apply", loose))
    for way, fits in kinds:
        for p in scene.cast(fits, 2, 0 if fits is loose else None):
            scene.lookalike(p, way, seen(_spending(scene, p)[4].month))


# R08


def after_the_end(scene: Scene) -> None:
    """R08: investment reported while all stands still or after completion; beside it, money retained until then."""

    def halted(p: Project) -> bool:
        return is_plain(p) and p.is_in_ledger and len(_tail(scene, p)) >= 6 and _room(p) >= 30

    def finished(p: Project) -> bool:
        done = touch.passed(p, "竣工") if is_plain(p) and p.is_in_ledger else None
        months = _spending(scene, p) if done else []
        return bool(
            done
            and months
            and touch.begin_of(months[-1].month) <= done.actual_on
            and date(2021, 3, 1) <= done.actual_on <= date(2025, 6, 1)
            and touch.total(p.phases[0]) >= 3000
        )

    for p, _, level in scene.acts(halted, ("standstill",)):
        share = {"low": 1, "middle": 5, "high": 20}[level]
        months = _tail(scene, p)[2:5]
        _add(p, months, p.phases[0].planned * share // 100)
        scene.false(
            p, "standstill", level, share / 100, "flag", seen(months[-1].month),
            periods=names_of(m.month for m in months), also=("R03", "R17", "R28", "R31"),
        )  # fmt: skip
    shares = {
        "after_completion": {"low": 36, "middle": 42, "high": 48},
        "far_beyond": {"low": 60, "middle": 120, "high": 300},
    }
    for p, way, level in scene.acts(finished, tuple(shares)):
        months = _append(p, shares[way][level])
        scene.builder.pay_anew(p, scene.draws)
        scene.false(
            p, way, level, shares[way][level] / 1000, "flag" if way == "after_completion" else "quarantine",
            seen(months[-1].month), periods=names_of(m.month for m in months), also=("R03", "R17", "R28", "R31"),
        )  # fmt: skip
    for p in scene.cast(finished, 2):
        months = _append(p, 28, at_once=True)
        scene.builder.pay_anew(p, scene.draws)
        scene.lookalike(p, "retention_money", seen(months[-1].month))

    def resumed(p: Project) -> bool:
        return is_plain(p) and bool(_resumed(p)) and _resumed(p)[0] >= scene.first_month

    for p in scene.cast(resumed, 2):
        scene.lookalike(p, "works_resumed", seen(_resumed(p)[0]))


def _room(p: Project) -> int:
    return 100 - touch.total(p.phases[0]) * 100 // max(1, p.phases[0].planned)


def _tail(scene: Scene, p: Project) -> list[FaiMonth]:
    """The received months after the last works of a project that stands still."""
    last = max((m.month for m in p.phases[0].fai if m.total), default=0)
    return [m for m in scene.reported(p.phases[0]) if m.month > last and m.stage == "全部停缓建"]


def _resumed(p: Project) -> list[int]:
    """Months of works that follow idle ones."""
    fai = p.phases[0].fai
    return [b.month for a, b in pairwise(fai) if a.stage == "全部停缓建" and b.total > 0]


def _add(p: Project, months: list[FaiMonth], amount: int) -> None:
    unit = rounding_unit(p.phases[0])
    for n, m in enumerate(months):
        m.build += whole_units(amount * (90 + 10 * n) // 100 // len(months), unit)


def _append(p: Project, per_mille: int, at_once: bool = False) -> list[FaiMonth]:
    """Report further months after completion; what they hold is taken from the months before."""
    phase, done = p.phases[0], touch.passed(p, "竣工")
    assert done is not None
    unit = rounding_unit(phase)
    first = month_of(done.actual_on) + 3
    months = [m for m in range(first, first + (2 if at_once else 5)) if m % 12][: 1 if at_once else 4]
    last = phase.fai[-1].month
    for month in range(last + 1, months[-1] + 1):
        if month % 12:
            phase.fai.append(FaiMonth(month, 0, 0, 0, "本年收尾"))
    amount = phase.planned * per_mille // 1000
    if unit * len(months) > amount // 4:
        # A coarse unit would lift a small amount over the line.
        for m in phase.fai:
            m.build += 1 if m.build > 10 else 0
        unit = 1
    before = [m for m in phase.fai if m.month < month_of(done.actual_on) - 1]
    touch.take_from_build(phase, amount, before)
    held = [m for m in phase.fai if m.month in months]
    for n, m in enumerate(held):
        m.build += amount * (n + 1) // len(held) // unit * unit - amount * n // len(held) // unit * unit
    return held


# R09


def ghosts(scene: Scene) -> None:
    """R09: figures of firms that are struck off or that nobody works in; beside them, heirs and the sixty days."""

    def fits(p: Project) -> bool:
        months = _spending(scene, p)
        return (
            is_plain(p)
            and touch.has_own_firm(p)
            and len(months) >= 12
            and p.firm is not None
            and p.firm.renamed is None
            and (p.produced_on is None or p.produced_on > last_of(months[-1].month))
            and months[-1].month - max(month_of(p.firm.registered_on), scene.first_month) >= 14
        )

    for p, way, level in scene.acts(fits, ("struck_off", "revoked", "nobody")):
        assert p.firm is not None
        last = _spending(scene, p)[-1].month
        if way == "nobody":
            since = {"low": last - 11, "middle": last - 13, "high": FIRST_MONTH}[level]
            touch.silence(p.firm, first_of(since))
            months, known = [last], seen(last)
        else:
            days = {"low": 66, "middle": 180, "high": 330}[level]
            day = max(first_of(last) - timedelta(days=days), p.firm.registered_on + timedelta(days=40))
            _close(p, day, "注销" if way == "struck_off" else "吊销", None)
            months = [m.month for m in _spending(scene, p) if first_of(m.month) > day + timedelta(days=62)]
            known = max(seen(last), seen_quarter(day))
        _end_production(p)
        scene.false(
            p, way, level, level if way == "nobody" else days, "quarantine", known, periods=names_of(months),
            also=("R07", "R28", "R31", "R34", "R35", "R40", "R44"),
        )  # fmt: skip
    _outlived(scene)
    for p in scene.cast(fits, 2):
        last = _spending(scene, p)[-1].month
        _close(p, first_of(last) - timedelta(days=200), "注销", _heir(scene))
        _end_production(p)
        scene.lookalike(p, "merged_firm", max(seen(last), seen_quarter(first_of(last))))
    for p in scene.cast(fits, 2):
        last = _spending(scene, p)[-1].month
        _close(p, last_of(last) - timedelta(days=50), "注销", None)
        _end_production(p)
        scene.lookalike(p, "within_sixty_days", max(seen(last), seen_quarter(first_of(last))))
    for p in scene.cast(fits, 2):
        last = _spending(scene, p)[-1].month
        assert p.firm is not None
        name = scene.builder.names.firm(scene.builder.names.stem(), p.firm.industry.firm_word)
        p.firm.renamed = (first_of(last) - timedelta(days=150), name)
        scene.lookalike(p, "renamed_firm", max(seen(last), seen_quarter(first_of(last))))
    for p in scene.cast(fits, 2):
        scene.lookalike(p, "staff_but_no_sales", seen(_spending(scene, p)[-1].month))


def _heir(scene: Scene) -> str:
    return scene.draws.pick([f for f in scene.world.firms if f.is_background and f.closed is None]).uscc


def _close(p: Project, day: date, how: str, heir: str | None) -> None:
    assert p.firm is not None
    p.firm.closed = (day, how, heir)
    touch.silence(p.firm, day)


def _end_production(p: Project) -> None:
    """What is closed or empty comes to no production."""
    p.produced_on = None
    touch.unrecognise(p, "开工", "竣工")


def _outlived(scene: Scene) -> None:
    """Output of firms that are struck off."""
    owners = {id(p.firm) for p in scene.world.all_projects}
    pool = [
        f
        for f in scene.world.firms
        if f.is_background
        and id(f) not in owners
        and f.closed is None
        and (f.above_scale_from or 9999) <= 2021
        and min(f.sales[-26:]) > 0
    ]
    for firm, level in scene.ladder(pool):
        n = {"low": 5, "middle": 9, "high": 18}[level]
        last = LAST_MONTH - 3
        day = first_of(last - n) + timedelta(days=scene.draws.whole(3, 24))
        if first_of(scene.first_month) > day:
            continue
        firm.closed = (day, "注销", None)
        for series in (firm.power, firm.staff, firm.equipment):
            series[month_of(day) - FIRST_MONTH :] = [0] * (LAST_MONTH - month_of(day) + 1)
        firm.sales[last + 1 - FIRST_MONTH :] = [0] * (LAST_MONTH - last)
        months = [m for m in range(month_of(day) + 3, last + 1) if m % 12]
        scene.false(
            firm, "output_outlives_the_firm", level, n, "quarantine", max(seen(last), seen_quarter(day)),
            periods=names_of(months), also=("R23", "R24", "R25", "R26", "R40", "R44"),
        )  # fmt: skip


# R41


def withdrawn_but_counted(scene: Scene) -> None:
    """R41: a withdrawn filing or recognition that the ledger still counts; beside it, what was filed again."""

    def fits(p: Project) -> bool:
        last = p.recognitions[-1] if is_plain(p) and p.is_in_ledger and p.recognitions else None
        return bool(
            last
            and last.result == "通过"
            and touch.passed(p, "开工")
            and date(2021, 1, 1) <= last.recognised_on <= HORIZON - timedelta(days=200)
            and (p.firm is None or p.firm.renamed is None)
        )

    for p, way, level in scene.acts(fits, ("withdrawn_filing", "revoked_recognition")):
        phase, last = p.phases[0], p.recognitions[-1]
        days = {"low": 100, "middle": 300, "high": 700}[level]
        day = max(HORIZON - timedelta(days=days), last.recognised_on + timedelta(days=30))
        if way == "withdrawn_filing":
            phase.withdrawn_on = day
            known = seen(month_of(day))
        else:
            p.recognitions.append(Recognition(last.kind, last.actual_on, day, "撤销"))
            scene.edit("signing", _stage_kept(p, last.kind))
            known = seen_quarter(day)
        scene.false(
            p, way, level, (HORIZON - day).days, "block", known,
            also=("R05", "R06", "R07", "R08", "R31", "R32", "R33", "R34", "R37"),
        )  # fmt: skip
    for p in scene.cast(fits, 2):
        last = p.recognitions[-1]
        day = last.recognised_on + timedelta(days=40)
        p.recognitions.append(Recognition(last.kind, last.actual_on, day, "撤销"))
        scene.lookalike(p, "stage_taken_back", seen_quarter(day))
    for p in scene.cast(fits, 2):
        last = p.recognitions[-1]
        day, again = (last.recognised_on + timedelta(days=n) for n in (20, 130))
        p.recognitions += [Recognition(last.kind, last.actual_on, day, "撤销")]
        p.recognitions += [Recognition(last.kind, last.actual_on, again, "通过")]
        scene.lookalike(p, "recognised_again", seen_quarter(again))

    def waited(p: Project) -> bool:
        return fits(p) and p.signed_on is not None and (p.phases[0].filed_on - p.signed_on).days > 95

    for p in scene.cast(waited, 2):
        # The first filing was withdrawn; the one that stands came after it.
        phase = p.phases[0]
        first = scene.builder.refile(p, phase, scene.draws)
        scene.lookalike(p, "filed_again", seen_event(first.withdrawn_on or phase.filed_on))


def _stage_kept(p: Project, kind: str) -> Edit:
    """The ledger goes on to show a stage that it once showed."""
    shown: list[bool] = []

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        for line in delivery.lines:
            if line.project is p:
                shown.extend([True] if line.values["current_stage"] == kind else [])
                if shown:
                    line.values = {**line.values, "current_stage": kind}
        return [delivery]

    return apply


PLANTERS = {
    "R01": broken_sums,
    "R02": over_plan,
    "R03": unfunded,
    "R04": rewritten,
    "R05": built_before_permit,
    "R06": before_filing,
    "R07": empty_shells,
    "R08": after_the_end,
    "R09": ghosts,
    "R41": withdrawn_but_counted,
}
