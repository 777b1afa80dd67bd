"""R38, R39, R42: figures in another unit, codes that cannot be, totals that differ from what they sum up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from zhixiao.identifiers import industry_code_fault, mod_11_10
from zhixiao.simulate import numbers
from zhixiao.simulate.calendar import add_months, last_of, month_of
from zhixiao.simulate.delivery import Delivery, Line, dec
from zhixiao.simulate.falsify import touch
from zhixiao.simulate.falsify.scene import Edit, Scene, edit_lines, seen, seen_event, seen_quarter
from zhixiao.simulate.falsify.touch import is_plain
from zhixiao.simulate.model import LAST_MONTH, Firm, Project
from zhixiao.simulate.places import retired_codes

HORIZON = date(2026, 2, 27)


# R38


def other_units(scene: Scene) -> None:
    """R38: a stock or a whole file in another unit; beside it, amounts that really changed and one real large flow."""

    def fits(p: Project) -> bool:
        return (
            is_plain(p)
            and p.is_in_ledger
            and p.signed_on is not None
            and p.signed_on < HORIZON - timedelta(days=400)
            and p.agreed_on is not None
            and p.agreed_on < HORIZON - timedelta(days=200)
            and p.land_mu > 0
        )

    factors = {
        "signed": {"low": Decimal("10.15"), "middle": Decimal(10), "high": Decimal(10000)},
        "land": {"low": Decimal("0.0675"), "middle": 1 / Decimal(15), "high": Decimal("0.01")},
        "agreed": {"low": Decimal("1.48"), "middle": Decimal(100), "high": Decimal(10000)},
    }
    columns = {
        "signed": ("signing", "signed_investment"),
        "land": ("signing", "land_area"),
        "agreed": ("agreement", "agreed_investment"),
    }
    for p, way, level in scene.acts(fits, tuple(factors)):
        factor, (source, column) = factors[way][level], columns[way]
        day = HORIZON - timedelta(days=scene.draws.whole(100, 170))
        scene.edit(source, _times(p, column, factor, day))
        known = seen_quarter(day) if source == "agreement" else seen(month_of(day))
        scene.false(
            p, f"{way}_in_another_unit", level, factor.quantize(Decimal("0.0001")), "flag", known,
            also=("R11", "R27", "R36", "R37", "R43", "R45"),
        )  # fmt: skip
    _whole_file(scene)
    for p in scene.cast(fits, 2):
        p.restated = (HORIZON - timedelta(days=150), p.signed * 13 // 10)
        scene.lookalike(p, "really_raised", seen(month_of(HORIZON - timedelta(days=150))))
    for p in scene.cast(fits, 2):
        p.agreement = p.agreement | {"agreed_investment": p.signed * 6 // 10}
        scene.lookalike(p, "agreed_for_a_part", seen_quarter(HORIZON - timedelta(days=150)), also=("R37",))
    small = [f for f in scene.world.firms if f.above_scale_from is None and f.sales and f.sales[-3] > 0]
    for firm in scene.honest(small):
        firm.sales[-4] *= 100
        month = LAST_MONTH - 3
        scene.lookalike(firm, "one_large_month", seen(month), periods=(touch.name_of(month),))


def _times(p: Project, column: str, factor: Decimal, since: date) -> Edit:
    def change(v: dict[str, Any]) -> dict[str, Any] | None:
        value = v.get(column)
        return v | {column: (value * factor).quantize(dec(1, 4))} if isinstance(value, Decimal) else None

    return edit_lines(change, where=lambda d, line: line.project is p and d.received_on >= since)


def _whole_file(scene: Scene) -> None:
    """One month of power, all of it typed in another unit."""
    for n, level in enumerate(scene.levels(1)[: 1 if scene.dial.per_mille < 100 else 3]):
        factor = {"low": 100, "middle": 100, "high": 10000}[level]
        month = LAST_MONTH - 5 - 7 * n
        if month < scene.first_month + 2:
            return
        scene.edit("power", _file_times(month, "power_kwh", factor))
        name = f"power/企业用电量{month // 12}年{month % 12 + 1}月"
        scene.false(
            name, "file_in_another_unit", level, factor, "flag", seen(month), entity_type="file",
            periods=(touch.name_of(month),),
        )  # fmt: skip


def _file_times(month: int, column: str, factor: int) -> Edit:
    def change(v: dict[str, Any]) -> dict[str, Any]:
        return v | {column: v[column] * factor}

    return edit_lines(change, where=lambda _, line: line.values["stat_period"] == last_of(month))


# R39


def bad_codes(scene: Scene) -> None:
    """R39: codes with a wrong check, date, division or class; beside them, old codes, late permits, wide classes."""

    def fits(p: Project) -> bool:
        phase = p.phases[0] if is_plain(p) and p.is_in_ledger else None
        return bool(
            phase
            and date(2021, 3, 1) < phase.filed_on < HORIZON - timedelta(days=200)
            and phase.permits
            and min(x.issued_on for x in phase.permits) < HORIZON - timedelta(days=120)
        )

    for p, way, level in scene.acts(fits, ("project_code_check", "retired_division", "permit_date")):
        phase = p.phases[0]
        if way == "project_code_check":
            off = {"low": 1, "middle": 3, "high": 5}[level]
            phase.code = phase.code[:-1] + str((int(phase.code[-1]) + off) % 10)
            intensity: object = off
        elif way == "retired_division":
            old = retired_codes(scene.world.config.district)[0]
            head = f"{phase.code[:5]}{old}{phase.code[11:-1]}"
            phase.code = head + str(mod_11_10(head.replace("-", "")))
            intensity = old
        else:
            days = {"low": 1, "middle": 40, "high": 400}[level]
            permit = phase.permits[0]
            other = permit.issued_on - timedelta(days=days)
            serial = scene.builder.permit_serials[other] = scene.builder.permit_serials.get(other, 0) + 1
            permit.number = numbers.construction_permit(scene.world.config.district, other, serial)
            intensity = days
        known = max(seen_event(phase.filed_on), seen_event(min(x.issued_on for x in phase.permits)))
        scene.false(p, way, level, intensity, "flag", known)
    _bad_firms(scene)

    def is_old(p: Project) -> bool:
        return is_plain(p) and p.is_in_ledger and date(2017, 1, 1) < p.phases[0].filed_on < date(2020, 10, 25)

    for p in scene.cast(is_old, 2, 0):
        scene.lookalike(p, "code_of_the_old_generation", date(2021, 4, 20))
    for p in scene.cast(fits, 2):
        # The permit was told a year late; its number still holds the day on which it was issued.
        scene.edit("permit", _told_late(p))
        scene.lookalike(p, "late_permit", HORIZON)


def _bad_firms(scene: Scene) -> None:
    """Entries of the register: a code whose check fails, and a class that the standard does not have."""
    plain = [f for f in scene.world.firms if f.is_background and f.closed is None]
    ways = ("firm_code_check", "unknown_class")
    for n, (firm, level) in enumerate(scene.ladder(plain, len(plain) // 10)):
        way = ways[n % 2]
        if way == "unknown_class":
            off = {"low": 1, "middle": 2, "high": 3}[level]
            code = next(c for c in _unknown_classes(firm) if off)
            scene.edit("enterprise", _entry(firm, {"industry_code": code}))
            scene.false(firm, way, level, code, "flag", _register_day(scene))
        else:
            good = scene.builder.credit_code()
            bad = good[:-1] + next(c for c in "0123456789" if c != good[-1])
            name = scene.builder.names.stem() + firm.industry.firm_word + "有限公司"
            scene.edit("enterprise", _further_entry(firm, {"uscc": bad, "company_name": name}))
            scene.false(bad, way, level, bad[-1], "flag", _register_day(scene), entity_type="enterprise")
    for firm in scene.honest(plain):
        scene.edit("enterprise", _entry(firm, {"industry_code": f"C{firm.industry.code}"}))
        scene.lookalike(firm, "class_with_its_section", _register_day(scene))


def _register_day(scene: Scene) -> date:
    """By when the register has been told twice."""
    return seen_quarter(add_months(date(scene.first_month // 12, scene.first_month % 12 + 1, 1), 4))


def _unknown_classes(firm: Firm) -> Sequence[str]:
    group = firm.industry.code[:3]
    return [f"{group}{n}" for n in range(9, -1, -1) if industry_code_fault(f"{group}{n}")] or ["3488"]


def _entry(firm: Firm, values: dict[str, Any]) -> Edit:
    return edit_lines(lambda v: v | values, where=lambda _, line: line.values["uscc"] == firm.uscc)


def _further_entry(firm: Firm, values: dict[str, Any]) -> Edit:
    """One more firm in every delivery of the register, like another."""

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        own = next((x for x in delivery.lines if x.values["uscc"] == firm.uscc), None)
        if own is None:
            return [delivery]
        return [replace(delivery, lines=[*delivery.lines, Line({**own.values, **values, "controller_uscc": None})])]

    return apply


def _told_late(p: Project) -> Edit:
    """Hold a project's permits back for some months, and tell them marked as late (补报)."""
    held: list[Line] = []
    wait: list[date] = []

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        mine = [x for x in delivery.lines if x.project is p]
        held.extend(touch.restated(x, submission_kind="补报") for x in mine)
        wait.extend([delivery.received_on] if mine and not wait else [])
        rest = [x for x in delivery.lines if x.project is not p]
        if held and not mine and (delivery.received_on - wait[0]).days > 60:
            rest += held
            held.clear()
            wait.clear()
        return [replace(delivery, lines=rest)] if rest or not mine else []

    return apply


# R42


def false_totals(scene: Scene) -> None:
    """R42: a total row, or a summary of tax, that is not the sum; beside it, totals that are."""
    first = scene.first_month + 2
    months = [m for m in range(first, LAST_MONTH - 1) if m % 12]
    n = max(3, len(months) * scene.dial.per_mille // 1000) if scene.dial.level == "spread" else 2
    chosen = iter(scene.draws.sample(months, 2 * n + 6))
    for i in range(n):
        for way in ("total_row", "tax_summary"):
            month = next(chosen, None)
            if month is None or (i * 2 + (way != "total_row") >= n and scene.dial.per_mille < 50):
                continue
            _, level = scene.part((way,), i)
            if way == "total_row":
                per_mille = {"low": 1, "middle": 30, "high": 400}[level]
                name = f"fai/列统情况表（表二）{month // 12}年{month % 12 + 1}月"
                scene.edit("fai", _with_total(name, per_mille))
            else:
                per_mille = {"low": 5, "middle": 50, "high": 300}[level]
                name = f"tax_summary/税收汇总表{month // 12}年{month % 12 + 1}月"
                scene.edit("tax_summary", _summed_wrong(name, per_mille, scene.draws.whole(0, 99)))
            scene.false(name, way, level, per_mille / 1000, "flag", seen(month), entity_type="file")
    for month in list(chosen)[:2]:
        name = f"fai/列统情况表（表二）{month // 12}年{month % 12 + 1}月"
        scene.edit("fai", _with_total(name, 0))
        scene.lookalike(name, "total_row_that_adds_up", seen(month), entity_type="file")
    for month in scene.draws.sample([m for m in months if _is_booked_across(scene, m)], 2):
        name = f"tax_summary/税收汇总表{month // 12}年{month % 12 + 1}月"
        if not any(p.entity_id == name for p in scene.plantings):
            scene.lookalike(name, "booked_in_the_month_before", seen(month), entity_type="file")


def _with_total(name: str, per_mille: int) -> Edit:
    """A total row under the rows; what it says too much is at least 5 万元."""

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        if delivery.name == name:
            told = sum((x.values["investment_ytd"] for x in delivery.lines), Decimal(0))
            off = max(Decimal(5), (told * per_mille / 1000).quantize(dec(1, 0))) if per_mille else Decimal(0)
            delivery.control = {"investment_ytd": off} if off else {}
        return [delivery]

    return apply


def _summed_wrong(name: str, per_mille: int, at: int) -> Edit:
    """One office and item of the month says more than its rows; the year to date goes with it."""

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        if delivery.name == name:
            large = sorted(delivery.lines, key=lambda x: -abs(x.values["tax_current"]))[:8]
            line = large[at % len(large)]
            v = line.values
            off = (abs(v["tax_current"]) * per_mille / 1000).quantize(dec(1, 6)) + 1
            line.values = {**v, "tax_current": v["tax_current"] + off, "tax_ytd": v["tax_ytd"] + off}
        return [delivery]

    return apply


def _is_booked_across(scene: Scene, month: int) -> bool:
    """Whether the treasury's rows of a month hold one that was booked on a day of the month before."""
    from zhixiao.simulate.taxes import booked

    return any(month_of(on) != month for _, on, *_ in booked(scene.world, month))


PLANTERS: dict[str, Callable[[Scene], None]] = {"R38": other_units, "R39": bad_codes, "R42": false_totals}
