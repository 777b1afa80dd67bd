"""R11-R13, R43: one project told twice, one series told for two, one paper cited for many, one plan cut in pieces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from zhixiao.simulate.calendar import month_of
from zhixiao.simulate.falsify import touch
from zhixiao.simulate.falsify.planting import Severity
from zhixiao.simulate.falsify.scene import Scene, seen, seen_event
from zhixiao.simulate.falsify.touch import is_plain
from zhixiao.simulate.model import LAST_MONTH, FaiMonth, Firm, Phase, Project, Recognition
from zhixiao.simulate.names import DOINGS

HORIZON = date(2026, 2, 27)
LIMIT = 500_000_000
"""500 万元 in 分: what a bundled contract stays under."""


def _pair(a: Project, b: Project) -> tuple[Project, str]:
    """The pair as checks.md names it: the smaller id first, the other as the counterpart."""
    first, second = sorted((a, b), key=lambda p: p.row_no or p.phases[0].code)
    return first, second.row_no or second.phases[0].code


def _false(
    scene: Scene, pair: tuple[Project, Project], way: str, level: str, intensity: object, severity: Severity,
    known: date, **more: Any,
) -> None:  # fmt: skip
    first, other = _pair(*pair)
    scene.false(first, way, level, intensity, severity, known, counterpart_id=other, **more)


def _lookalike(scene: Scene, pair: tuple[Project, Project], way: str, known: date, **more: Any) -> None:
    first, other = _pair(*pair)
    scene.lookalike(first, way, known, counterpart_id=other, **more)


def _name(p: Project, name: str) -> None:
    p.name = name
    for phase in p.phases:
        phase.name = name


# R11


def told_twice(scene: Scene) -> None:
    """R11: a project signed or filed a second time; beside it, phases, series of roofs, and standard plants."""

    def fits(p: Project) -> bool:
        return (
            is_plain(p)
            and p.is_in_ledger
            and p.signed_on is not None
            and date(2021, 1, 1) < p.signed_on
            and p.phases[0].filed_on < HORIZON - timedelta(days=560)
            and p.started_on is not None
            and p.started_on < HORIZON - timedelta(days=450)
            and p.involves_land
            and p.phases[0].land is not None
            and len(p.phases[0].permits) == 1
            and p.industry.code != "4416"
            and bool(touch.passed(p, "开工"))
        )

    for p, way, level in scene.acts(fits, ("same_permit", "same_parcel", "signed_again", "filed_again")):
        later = {"low": 330, "middle": 150, "high": 40}[level]
        amount = {"low": 112, "middle": 104, "high": 100}[level]
        twin = scene.builder.copy_of(scene.world, p, _other_name(p, way, level), later, scene.draws)
        twin.signed = p.signed * amount // 100
        twin.signing_event = f"{twin.signed_on.year}年长三角招商推介会" if twin.signed_on else None
        phase = twin.phases[0]
        phase.planned = p.phases[0].planned * amount // 100
        if way == "signed_again":
            twin.phases, twin.started_on = [], None
        else:
            _live(scene, p, twin, way)
        hard = way in ("same_permit", "same_parcel")
        _false(
            scene, (p, twin), way, level, amount / 100, "flag" if level == "low" and not hard else "quarantine",
            seen_event(max(_papers(twin))),
            also=("R03", "R05", "R07", "R12", "R13", "R17", "R27", "R28", "R31", "R32", "R35", "R37", "R43", "R45"),
        )  # fmt: skip
    _honest_twins(scene, fits)


def _papers(p: Project) -> list[date]:
    """The days on which a project was signed, filed, granted land and permitted."""
    days = [p.signed_on] if p.signed_on else []
    for phase in p.phases:
        days += [phase.filed_on, *(x.issued_on for x in phase.permits)]
        days += [phase.land.signed_on] if phase.land else []
    return days


def _other_name(p: Project, way: str, level: str) -> str:
    """The name of the second telling: the same, or with another word for what is done."""
    if level == "high" or way in ("same_permit", "same_parcel"):
        return p.name.replace("项目", "建设项目") if level != "high" else p.name
    doing = next((d for d in DOINGS if d in p.name), "")
    other = {
        "制造基地": "生产基地",
        "产业化": "产业基地",
        "智能工厂": "智能车间",
        "生产线": "产线",
        "研发制造": "研发生产",
    }
    return p.name.replace(doing, other[doing]) if doing else p.name.replace("项目", "工程项目")


def _live(scene: Scene, p: Project, twin: Project, way: str) -> None:
    """Papers, months and money of the second telling."""
    draws, phase, old = scene.draws, twin.phases[0], p.phases[0]
    unit = touch.rounding_unit(old)
    for m in phase.fai:
        for part in ("build", "equipment", "other"):
            setattr(m, part, getattr(m, part) * draws.whole(70, 118) // 100 // unit * unit)
    if touch.total(phase) > phase.planned:
        touch.scale(phase, phase.planned * 9 // 10)
    land = scene.builder.grant(twin, draws, old.land.parcel_no if way == "same_parcel" and old.land else None)
    land.signed_on = phase.filed_on + timedelta(days=15)
    assert phase.started_on is not None
    scene.builder.permits_anew(twin, draws, min(phase.started_on, land.signed_on + timedelta(days=10)))
    if way == "same_permit":
        phase.permits = [replace(x, accepted_on=None, acceptance_no="") for x in old.permits]
    papers = [land.signed_on, *(x.issued_on for x in phase.permits)]
    phase.started_on = twin.started_on = max(phase.started_on, *papers)
    twin.recognitions = [Recognition("开工", phase.started_on, phase.started_on + timedelta(days=30), "通过")]
    scene.builder.pay(twin, draws)
    scene.builder.pay_anew(twin, draws)


def _honest_twins(scene: Scene, fits: Callable[[Project], bool]) -> None:
    for p in scene.cast(fits, 2):
        twin = scene.builder.copy_of(scene.world, p, p.name.replace("项目", "二期项目"), 240, scene.draws)
        _name(p, p.name.replace("项目", "一期项目"))
        _live(scene, p, twin, "same_parcel")
        _lookalike(scene, (p, twin), "phases", seen_event(twin.phases[0].filed_on))
    for p in scene.cast(fits, 2):
        stem = p.name.removesuffix("项目")
        twin = scene.builder.copy_of(scene.world, p, f"{stem}标准厂房（二组团）项目", 150, scene.draws)
        _name(p, f"{stem}标准厂房（一组团）项目")
        _live(scene, p, twin, "same_parcel")
        _lookalike(scene, (p, twin), "standard_plants", seen_event(twin.phases[0].filed_on))

    def roofed(p: Project) -> bool:
        return is_plain(p) and not p.is_in_ledger and p.started_on is not None and p.started_on < date(2024, 6, 1)

    for p in scene.cast(roofed, 2, 0):
        stem, phase = p.name[:3], p.phases[0]
        assert p.firm is not None
        towns = [name for _, name in scene.world.towns if name != p.town_name][:2]
        _name(p, f"{stem}6兆瓦屋顶光伏发电（{p.town_name}）项目")
        name = f"{stem}6兆瓦屋顶光伏发电（{towns[0]}）项目"
        twin = scene.builder.filing_of(
            p.firm, name, phase.filed_on + timedelta(days=100), phase.planned, scene.draws
        )  # fmt: skip
        twin.phases[0].corrected_on, twin.phases[0].changes = None, []
        twin.phases[0].first_stated_filed_on = twin.phases[0].filed_on
        scene.world.loose.append(twin)
        scene.builder.made.append(twin)
        _lookalike(scene, (p, twin), "rooftop_series", seen_event(twin.phases[0].filed_on))


# R12


def _spent(scene: Scene, p: Project) -> dict[int, FaiMonth]:
    """The received months of a project of one filing in which something was invested."""
    return {m.month: m for m in scene.reported(p.phases[0]) if m.total > 0} if len(p.phases) == 1 else {}


class _Crowd:
    """How many projects report in a month, and what two equal values of it weigh."""

    def __init__(self, scene: Scene) -> None:
        held = [
            {m.month for ph in p.phases for m in scene.reported(ph) if m.total > 0} for p in scene.world.all_projects
        ]
        months = [m for some in held for m in some]
        self.in_month = {m: months.count(m) for m in set(months)}
        n = sum(bool(some) for some in held) + 4
        self.needed = math.log2(n * (n - 1) / 2) + math.log2(100)

    def enough(self, months: Sequence[int]) -> int:
        """The number of months after which equal values are no chance."""
        bits = 0.0
        for n, month in enumerate(months, start=1):
            bits += math.log2(max(2, self.in_month.get(month, 2)))
            if bits >= self.needed * 1.03 and n >= 4:
                return n
        return len(months)


def copied_series(scene: Scene) -> None:
    """R12: months of one project told for another; beside it, what is equal for a reason or by coarse figures."""
    crowd = _Crowd(scene)

    def fits(p: Project) -> bool:
        held = _spent(scene, p) if is_plain(p) else {}
        if len(held) < 12:
            return False
        unit = touch.rounding_unit(p.phases[0])
        large = [m.month for m in held.values() if m.total >= 10 * unit]
        return unit <= 10 and len(large) >= 11 and crowd.enough(large) <= 11

    for a, way, level in scene.acts(fits, ("two_owners", "one_owner", "scaled")):
        unit = touch.rounding_unit(a.phases[0])
        large = sorted(m.month for m in _spent(scene, a).values() if m.total >= (10 if way != "scaled" else 150) * unit)
        b = _sister(scene, a) if way == "one_owner" else _partner(scene, a, large)
        if b is None or len(large) < 6:
            continue
        held = _spent(scene, b)
        shared = [m for m in large if m in held]
        least = crowd.enough(shared)
        n = {"low": least, "middle": min(len(shared), least + 3), "high": len(shared)}[level]
        chosen = shared if way == "scaled" else sorted(scene.draws.sample(shared, n))
        per_mille = {"low": 1137, "middle": 1250, "high": 800}[level] if way == "scaled" else 1000
        _copy(a.phases[0], b.phases[0], chosen, per_mille, all_months=way == "scaled")
        touch.carry(b)
        scene.builder.pay_anew(b, scene.draws)
        _false(
            scene, (a, b), way, level, per_mille / 1000 if way == "scaled" else len(chosen),
            "flag" if way == "one_owner" else "quarantine", seen(chosen[-1]),
            also=("R02", "R03", "R08", "R11", "R14", "R15", "R16", "R17", "R28"),
        )  # fmt: skip
    _honest_copies(scene, crowd, fits)


def _partner(scene: Scene, a: Project, months: Sequence[int]) -> Project | None:
    """A project of another owner that was built at in the same months and is large enough to tell the same."""

    def fits(b: Project) -> bool:
        if b is a or not is_plain(b) or b.firm is a.firm:
            return False
        held = _spent(scene, b)
        return len(held.keys() & set(months)) >= 8 and b.phases[0].planned >= a.phases[0].planned

    found = scene.cast(fits, 1)
    return found[0] if found else None


def _sister(scene: Scene, a: Project) -> Project:
    """Another project of the same owner, built at in the same months."""
    if a.is_in_ledger and a.signed_on is not None:
        name = scene.builder.names.stem() + a.industry.product + "配套车间项目"
        b = scene.builder.copy_of(scene.world, a, name, 9, scene.draws)
        for mine, theirs in zip(a.phases[0].fai, b.phases[0].fai, strict=False):
            theirs.month = mine.month
        b.signed, b.phases[0].planned = a.signed * 16 // 10, a.phases[0].planned * 16 // 10
        b.phases[0].fai = [m for m in b.phases[0].fai if m.month <= LAST_MONTH]
        _live_apart(scene, b)
    else:
        assert a.firm is not None
        old = a.phases[0]
        name = scene.builder.names.stem() + a.industry.product + "技术升级项目"
        b = scene.builder.filing_of(
            a.firm, name, old.filed_on + timedelta(days=3), old.planned * 16 // 10, scene.draws
        )  # fmt: skip
        phase = b.phases[0]
        phase.fai = [replace(m) for m in old.fai if m.month >= month_of(phase.filed_on)]
        phase.started_on = b.started_on = old.started_on and old.started_on + timedelta(days=3)
        phase.corrected_on, phase.changes, phase.first_stated_filed_on = None, [], phase.filed_on
        scene.builder.permits_anew(b, scene.draws, min(x for x in (phase.started_on, phase.filed_on) if x))
        scene.world.loose.append(b)
        scene.builder.made.append(b)
    unit = touch.rounding_unit(a.phases[0])
    for m in b.phases[0].fai:
        m.build, m.equipment = (v * scene.draws.whole(110, 160) // 100 // unit * unit for v in (m.build, m.equipment))
    touch.scale(b.phases[0], min(touch.total(b.phases[0]), b.phases[0].planned * 9 // 10))
    return b


def _live_apart(scene: Scene, b: Project) -> None:
    """Land, a permit and a start of its own."""
    phase = b.phases[0]
    papers = [phase.filed_on]
    if b.involves_land:
        land = scene.builder.grant(b, scene.draws)
        land.signed_on = phase.filed_on + timedelta(days=5)
        scene.builder.permits_anew(b, scene.draws, land.signed_on + timedelta(days=5))
        papers += [land.signed_on + timedelta(days=5)]
    if phase.started_on:
        phase.started_on = b.started_on = max(phase.started_on, *papers)
    phase.fai = [m for m in phase.fai if m.month >= month_of(phase.filed_on)]
    scene.builder.pay(b, scene.draws)


def _copy(a: Phase, b: Phase, months: Sequence[int], per_mille: int, *, all_months: bool = False) -> None:
    """Tell `a`'s months for `b`, times a factor; where all months are told, what is left of the others stands apart."""
    source = {m.month: m for m in a.fai}
    unit = touch.rounding_unit(a)
    for m in b.fai:
        if m.month in months:
            m.build, m.equipment, m.other = (
                getattr(source[m.month], part) * per_mille // 1000 for part in ("build", "equipment", "other")
            )
            m.stage = source[m.month].stage
        elif all_months and m.month in source:
            # A month too small to be scaled is told by neither.
            m.build, m.equipment, m.other = 0, 0, 0
        else:
            m.build, m.equipment, m.other = (v // unit * unit for v in (m.build, m.equipment, m.other))
    over = touch.total(b) - b.planned
    rest = [m for m in b.fai if m.month not in months]
    if over > 0:
        for part in ("build", "equipment", "other"):
            for m in rest:
                cut = min(over, getattr(m, part)) if getattr(m, part) > 0 else 0
                setattr(m, part, getattr(m, part) - cut)
                over -= cut
    if over > 0:
        b.planned += over


def _honest_copies(scene: Scene, crowd: _Crowd, fits: Callable[[Project], bool]) -> None:
    for a in scene.cast(fits, 2):
        large = sorted(m.month for m in _spent(scene, a).values() if m.total >= 10 * touch.rounding_unit(a.phases[0]))
        b = _partner(scene, a, large)
        if b is not None:
            shared = [m for m in large if m in _spent(scene, b)][:3]
            _copy(a.phases[0], b.phases[0], shared, 1000)
            told = {m.month: m.total for m in a.phases[0].fai}
            for m in b.phases[0].fai:
                # A fourth that is equal by chance would be one too many.
                if m.month not in shared and m.total and m.total == told.get(m.month):
                    m.build += touch.rounding_unit(b.phases[0]) * (-1 if m.build > 1000 else 1)
            touch.carry(b)
            scene.builder.pay_anew(b, scene.draws)
            _lookalike(scene, (a, b), "three_equal_months", seen(shared[-1]))
    for a in scene.cast(lambda p: fits(p) and p.is_in_ledger and p.signed_on is not None, 2):
        b = _sister(scene, a)
        months = [m for m in sorted(_spent(scene, a)) if m in _spent(scene, b)][2:8]
        amount = max(100, touch.total(a.phases[0]) // 40 // 10 * 10)
        for phase in (a.phases[0], b.phases[0]):
            for m in phase.fai:
                if m.month in months:
                    m.build, m.equipment, m.other = amount, 0, 0
            if touch.total(phase) > phase.planned:
                touch.take_from_build(phase, touch.total(phase) - phase.planned,
                                      [m for m in phase.fai if m.month not in months])  # fmt: skip
        for p in (a, b):
            scene.builder.pay(p, scene.draws)
            touch.carry(p)
            scene.builder.pay_anew(p, scene.draws, is_instalment=True)
        _lookalike(scene, (a, b), "instalment_contract", seen(months[-1]))

    def coarse(p: Project) -> bool:
        held = _spent(scene, p) if is_plain(p) else {}
        return len(held) >= 8 and touch.total(p.phases[0]) <= 9000

    for a in scene.cast(coarse, 2):
        months = sorted(_spent(scene, a))

        def also_coarse(b: Project, a: Project = a, months: Sequence[int] = months) -> bool:
            return b is not a and coarse(b) and len(_spent(scene, b).keys() & set(months)) >= 5

        others = scene.cast(also_coarse, 1, 0)
        if others:
            shared = [m for m in months if m in _spent(scene, others[0])][:5]
            for p in (a, others[0]):
                for m in p.phases[0].fai:
                    # No further month in common, which might be equal by chance.
                    rest = 0 if p is not a and m.month in months else m.build // 100 * 100
                    m.build, m.equipment, m.other = 100 * (1 + m.month % 7) if m.month in shared else rest, 0, 0
                while touch.total(p.phases[0]) > p.phases[0].planned:
                    most = max((m for m in p.phases[0].fai if m.month not in shared), key=lambda m: m.build)
                    if most.build < 100:
                        p.phases[0].planned = touch.total(p.phases[0])
                    most.build -= 100 if most.build >= 100 else 0
                touch.carry(p)
                scene.builder.pay_anew(p, scene.draws)
            _lookalike(scene, (a, others[0]), "coarse_figures", seen(shared[-1]))


# R13


def shared_papers(scene: Scene) -> None:
    """R13: a paper for two projects, or many small works in one; beside it, contracts that are divided."""

    def fits(p: Project) -> bool:
        works = [x for x in p.payments if x.purpose == "土建"]
        return (
            is_plain(p)
            and p.is_in_ledger
            and len(works) >= 6
            and max(x.paid_on for x in p.payments) < date(2025, 12, 20)
            and not any(x.is_instalment for x in works)
        )

    for a, way, level in scene.acts(fits, ("contract", "invoice", "bundled_owners", "bundled_name")):
        more: dict[str, Any] = {"also": ("R11", "R27", "R29")}
        if way == "contract":
            b, ratio = _cite_contract(scene, a, fits, {"low": 108, "middle": 140, "high": 185}[level])
            intensity: object = ratio
        elif way == "invoice":
            n = {"low": 1, "middle": 2, "high": 4}[level]
            b, intensity = _cite_invoices(scene, a, fits, n), n
        elif way == "bundled_owners":
            n = {"low": 3, "middle": 5, "high": 8}[level]
            _bundle(scene, a, n)
            b, intensity = None, n
        else:
            n = {"low": 3, "middle": 6, "high": 20}[level]
            words = {"low": "（第二批次）", "middle": f"等{n}个项目", "high": f"等{n}个项目打捆"}[level]
            _name(a, a.name.removesuffix("项目") + words + ("项目" if level != "middle" else ""))
            b, intensity = None, n
        if b is None and way in ("contract", "invoice"):
            continue
        for p in (a, b) if b is not None else (a,):
            scene.false(p, way, level, intensity, "quarantine", _paid_by(p), **more)
    _honest_papers(scene, fits)


def _paid_by(p: Project) -> date:
    """By when all that was paid for a project is told; its start, where that is what there is."""
    days = [x.paid_on for x in p.payments if x.paid_on <= date(2026, 1, 20)]
    return seen(month_of(max(days, default=p.phases[0].filed_on)))


def _works(p: Project) -> list[Any]:
    return sorted((x for x in p.payments if x.purpose == "土建"), key=lambda x: x.paid_on)


def _cite_contract(
    scene: Scene, a: Project, fits: Callable[[Project], bool], target: int
) -> tuple[Project | None, float]:
    """Let another project pay on this one's contract until both together exceed its face."""
    number, face = _works(a)[0].contract_no, _works(a)[0].contract_fen
    mine = sum(x.fen for x in a.payments if x.contract_no == number)

    def large(b: Project) -> bool:
        paid = sum(x.fen for x in _works(b)) if fits(b) else 0
        return b is not a and (mine + paid) * 100 >= face * target

    found = scene.cast(large, 1)
    if not found:
        return None, 0.0
    told = mine
    for x in _works(found[0]):
        if told * 100 < face * target:
            x.contract_no, x.contract_fen = number, face
            told += x.fen
    return found[0], told / face


def _cite_invoices(scene: Scene, a: Project, fits: Callable[[Project], bool], n: int) -> Project | None:
    found = scene.cast(lambda b: b is not a and fits(b), 1)
    for b in found:
        for mine, theirs in zip(_works(a)[1 : 1 + n], _works(b)[1 : 1 + n], strict=True):
            theirs.invoice_no, theirs.fen = mine.invoice_no, mine.fen
    return found[0] if found else None


def _bundle(scene: Scene, p: Project, n: int) -> None:
    """Works of so many owners under one project, each contract a small one."""
    owners = scene.draws.sample([f for f in scene.world.firms if f.is_background and f is not p.firm], n)
    works = _works(p)
    for i, x in enumerate(works):
        firm: Firm = owners[i % n]
        x.payer, x.payer_uscc = firm.name_on(x.paid_on), firm.uscc
        x.contract_no, x.contract_fen = f"HT-{p.row_no}-DK{i % n + 1:02d}", LIMIT - 1000000 * (i % n + 3)
        x.fen = min(x.fen, x.contract_fen // (len(works) // n + 1))


def _honest_papers(scene: Scene, fits: Callable[[Project], bool]) -> None:
    for a in scene.cast(fits, 2):
        found = scene.cast(lambda b, a=a: b is not a and fits(b), 1)  # type: ignore[misc]
        for b in found:
            number = f"KJ-{a.row_no}-01"
            face = sum(x.fen for p in (a, b) for x in _works(p)) * 103 // 100
            for x in (x for p in (a, b) for x in _works(p)):
                x.contract_no, x.contract_fen = number, face
            for p in (a, b):
                scene.lookalike(p, "framework_contract", _paid_by(p))
    for a in scene.cast(fits, 2):
        # Five small contracts, all of one owner.
        for i, x in enumerate(_works(a)):
            x.contract_no, x.contract_fen = f"HT-{a.row_no}-X{i % 5 + 1}", LIMIT - 1000000 * (i % 5 + 3)
            x.fen = min(x.fen, x.contract_fen // (len(_works(a)) // 5 + 1))
        scene.lookalike(a, "small_contracts_of_one_owner", _paid_by(a), also=("R03", "R16", "R28"))
    for a in scene.cast(fits, 2):
        _name(a, a.name.replace("项目", "及批量交付中心项目"))
        scene.lookalike(a, "name_alike", _paid_by(a))


# R43


def cut_in_pieces(scene: Scene) -> None:
    """R43: one plan filed in pieces that stay about a threshold; beside it, phases, and pieces that lie apart."""
    near = {
        id(p.firm)
        for p in scene.world.all_projects
        for phase in p.phases
        if any(abs(phase.planned - c) * 18 <= c for c in (5000, 10000, 50000))
    }
    firms = [
        f for f in scene.world.firms if f.is_background and f.closed is None and f.renamed is None and id(f) not in near
    ]
    for n, (firm, level) in enumerate(scene.ladder(firms, len(firms) // 10)):
        way = ("same_address", "same_parcel")[n % 2]
        days = {"low": 82, "middle": 35, "high": 4}[level]
        off = {"low": 44, "middle": 20, "high": 4}[level]
        step = scene.draws.pick((5000, 10000, 50000))
        side = -1 if scene.draws.chance(700) else 1
        pair = _pieces(scene, firm, days, [step + side * step * (off - k) // 1000 for k in (0, 1)], ("", ""))
        if way == "same_parcel":
            _on_one_parcel(scene, pair)
        _false(
            scene, pair, way, level, off / 1000, "flag", seen_event(pair[1].phases[0].filed_on),
            also=("R11", "R32", "R45"),
        )  # fmt: skip
    tokens = (("phases", ("一期", "二期"), 30, (4950, 4930)), ("other_amounts", ("", ""), 30, (3100, 4300)),
              ("months_apart", ("", ""), 150, (4950, 4930)))  # fmt: skip
    for way, words, days, amounts in tokens:
        for firm in scene.honest(firms):
            pair = _pieces(scene, firm, days, amounts, words, apart=not words[0])
            _lookalike(scene, pair, way, seen_event(pair[1].phases[0].filed_on))


def _pieces(
    scene: Scene, firm: Firm, days: int, amounts: Sequence[int], words: Sequence[str], apart: bool = False
) -> tuple[Project, Project]:
    """Two filings of one firm, so many days apart."""
    first = max(date(2021, 3, 1), firm.registered_on + timedelta(days=30))
    day = first + timedelta(days=scene.draws.whole(0, max(30, (date(2025, 5, 1) - first).days)))
    stem = scene.builder.names.stem()
    made = []
    for k in (0, 1):
        stem = scene.builder.names.stem() if apart else stem
        name = stem + firm.industry.product + ("扩产", "改造")[k if not words[0] else 0] + words[k] + "项目"
        p = scene.builder.filing_of(firm, name, day + timedelta(days=days * k), amounts[k], scene.draws)
        phase = p.phases[0]
        phase.corrected_on, phase.changes, phase.first_stated_filed_on = None, [], phase.filed_on
        scene.world.loose.append(p)
        scene.builder.made.append(p)
        made.append(p)
    return made[0], made[1]


def _on_one_parcel(scene: Scene, pair: tuple[Project, Project]) -> None:
    first, second = pair
    day = first.phases[0].filed_on - timedelta(days=20)
    land = scene.builder.grant(first, scene.draws)
    land.signed_on = day
    second.phases[0].land = land


PLANTERS = {"R11": told_twice, "R12": copied_series, "R13": shared_papers, "R43": cut_in_pieces}
