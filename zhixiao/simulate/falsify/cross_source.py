"""R23-R28, R37, R40, R44: figures of one department that another department's figures do not bear out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from zhixiao.simulate.calendar import first_of, last_of, month_of
from zhixiao.simulate.delivery import dec
from zhixiao.simulate.falsify.planting import Severity
from zhixiao.simulate.falsify.scene import Scene, Wanted, edit_lines
from zhixiao.simulate.falsify.series import known, period
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, Firm, Project, World

END = LAST_MONTH - FIRST_MONTH
OFFICES = ("6513", "4416")


def division(firm: Firm) -> str:
    return firm.industry.code[:2]


def is_steady(firm: Firm) -> bool:
    """On the list of 2023 and selling since, under one name, on meters of its own."""
    is_odd = firm.closed or firm.renamed or firm.self_generates or firm.is_shared_meter or firm.is_consolidated
    listed = firm.above_scale_from is not None and firm.above_scale_from <= 2023
    return not is_odd and listed and min(firm.sales[-30:]) > 600 and firm.industry.code not in OFFICES


def steady_firms(scene: Scene, fits: Callable[[Firm], bool] = lambda f: True) -> list[Firm]:
    """Such firms without works of their own that carry nothing yet; new ones where they are few."""
    owners = {id(p.firm) for p in scene.world.all_projects if p.started_on}
    firms = [f for f in scene.world.firms if is_steady(f)]
    alone = [f for f in firms if id(f) not in owners and scene.victims.is_free(f) and fits(f)]
    # As many as a check may take, its look-alikes among them.
    while len(alone) < 14 + listed(scene) * scene.dial.per_mille // 1000:
        firm = scene.builder.another_firm(scene.draws, lambda f: is_steady(f) and fits(f))
        if firm is None:
            break
        alone.append(firm)
    return alone


def listed(scene: Scene) -> int:
    return sum(f.above_scale_from is not None for f in scene.world.firms)


def months_of(first: int, last: int = LAST_MONTH, january: bool = False) -> tuple[str, ...]:
    """Names of months; January has no report of output."""
    return tuple(period(m) for m in range(first, last + 1) if january or m % 12)


def restate(
    scene: Scene, source: str, firm: Firm, months: Iterable[int], factors: Mapping[str, tuple[int, int]]
) -> None:
    """Let a department state other values for a firm in some months: column -> (numerator, denominator)."""
    days = {last_of(m) for m in months}

    def change(values: dict[str, Any]) -> dict[str, Any]:
        for column, (up, down) in factors.items():
            if values[column] is not None:
                exponent = values[column].as_tuple().exponent
                places = -exponent if isinstance(exponent, int) else 0
                values[column] = dec(int(values[column].scaleb(places)) * up // down, places)
        return values

    scene.edit(
        source, edit_lines(change, where=lambda _, x: x.values["uscc"] == firm.uscc and x.values["stat_period"] in days)
    )


# R23


def no_power(scene: Scene) -> None:
    """R23: output without power, or a recognised plant that stands idle; beside it own generation and shared meters."""
    share = {"low": 80, "middle": 45, "high": 15}
    dark = {"low": 2, "middle": 3, "high": 6}
    firms = steady_firms(scene)
    for firm, way, level in scene.dealt(firms, ("little_power", "no_power"), listed(scene)):
        first = LAST_MONTH - 11
        severity: Severity
        if way == "little_power":
            for at in range(first - FIRST_MONTH, END + 1):
                firm.power[at] = firm.power[at] * share[level] // 1000
            months, severity = months_of(first + 2), "flag"
        else:
            for at in range(first - FIRST_MONTH, first - FIRST_MONTH + dark[level]):
                firm.power[at] = 0
            months, severity = months_of(first + 1, first + dark[level]), "quarantine"
        intensity = share[level] / 1000 if way == "little_power" else dark[level]
        last = LAST_MONTH - 1 if way == "little_power" else first + dark[level]
        scene.false(
            firm, way, level, intensity, severity, known(last),
            periods=months, also=("R24",),
        )  # fmt: skip
    load = {"low": 15, "middle": 8, "high": 3}
    wanted: Wanted = lambda p: _is_recognised(p, "投产", LAST_MONTH - 12)  # noqa: E731
    pool = [p for p in scene.world.projects if wanted(p)]
    for p, _, level in scene.dealt(pool, ("idle_plant",), len(pool), wanted):
        assert p.firm is not None
        design = sum(size for _, size in p.firm.accounts) * 204
        first = LAST_MONTH - 8
        for at in range(first - FIRST_MONTH, END + 1):
            p.firm.power[at] = design * load[level] // 100
        p.firm.self_generates = p.firm.is_shared_meter = False
        scene.false(
            p.firm, "idle_plant", level, load[level] / 100, "flag", known(LAST_MONTH - 1),
            periods=months_of(first + 2, january=True), also=("R24",),
        )  # fmt: skip
    for way in ("own_generation", "shared_meter", "unmapped_account"):
        for firm in scene.honest(firms):
            firm.self_generates = way == "own_generation"
            firm.is_shared_meter = way == "shared_meter"
            if way == "unmapped_account":
                firm.accounts = []
            for at in range(END - 11, END + 1):
                firm.power[at] = firm.power[at] * 4 // 100
            scene.lookalike(firm, way, known(LAST_MONTH - 1), also=("R24",))


def _is_recognised(p: Project, kind: str, by: int) -> bool:
    told = [r for r in p.recognitions if r.kind == kind]
    firm = p.firm
    if firm is None or not told or told[-1].result != "通过" or firm.industry.code in OFFICES or p.withdrawn_on:
        return False
    return month_of(told[-1].recognised_on) <= by and min(firm.sales[-12:]) > 0


# R24


def output_beyond_power(scene: Scene) -> None:
    """R24: output leaps and power does not; beside it seasons, and plants that make their own power."""
    factor = {"low": 120, "middle": 150, "high": 225}
    firms = steady_firms(scene, lambda f: f.above_scale_from is not None and f.above_scale_from <= 2022)
    for firm, _, level in scene.dealt(firms, ("output_leap",), listed(scene), apart=division):
        first = LAST_MONTH - 6
        columns = dict.fromkeys(("output_value", "operating_income"), (factor[level], 100))
        restate(scene, "output", firm, range(first, LAST_MONTH + 1), columns)
        scene.false(
            firm, "output_leap", level, factor[level] / 100, "flag", known(LAST_MONTH - 1),
            periods=months_of(first + 1), also=("R25", "R23"),
        )  # fmt: skip
    for firm in scene.honest(firms):
        for at in range(len(firm.sales)):
            season = (40, 55, 90, 120, 150, 165, 160, 140, 110, 80, 50, 40)[(FIRST_MONTH + at) % 12]
            firm.sales[at] = firm.sales[at] * season // 100
            firm.power[at] = firm.power[at] * season // 100
        scene.lookalike(firm, "season", known(LAST_MONTH - 1))
    for firm in scene.honest(firms):
        firm.self_generates = True
        for at in range(END - 7, END + 1):
            firm.power[at] = firm.power[at] * 55 // 100
        scene.lookalike(firm, "own_generation", known(LAST_MONTH - 1))


# R25


def output_beyond_sales(scene: Scene) -> None:
    """R25: a year reported far above or below what was invoiced; beside it group filing, mergers, late invoices."""
    above = {"low": 120, "middle": 150, "high": 225}
    below = {"low": 90, "middle": 70, "high": 45}
    firms = steady_firms(scene)
    for firm, way, level in scene.dealt(firms, ("above_invoices", "below_invoices"), listed(scene)):
        factor = (above if way == "above_invoices" else below)[level]
        columns = dict.fromkeys(("output_value", "operating_income"), (factor, 100))
        restate(scene, "output", firm, range(LAST_MONTH - 24, LAST_MONTH + 1), columns)
        scene.false(
            firm, way, level, factor / 100, "quarantine" if factor >= 205 else "flag", known(LAST_MONTH - 1),
            periods=months_of(LAST_MONTH - 10), also=("R23", "R24"),
        )  # fmt: skip
    for firm in scene.honest(firms):
        # A group invoices through its head: what is invoiced here is a third.
        firm.is_consolidated = True
        restate(scene, "sales", firm, range(FIRST_MONTH, LAST_MONTH + 1), {"invoiced_sales": (33, 100)})
        scene.lookalike(firm, "group_filing", known(LAST_MONTH - 1))
    for firm in scene.honest(firms):
        # Sales double within a year, and invoices follow two months later.
        at = END - 14
        for i in range(at, END + 1):
            firm.sales[i] = firm.sales[i] * (100 + 9 * (i - at)) // 100
            firm.power[i] = firm.power[i] * (100 + 9 * (i - at)) // 100
        _early(scene, firm)
        scene.lookalike(firm, "late_invoices", known(LAST_MONTH - 1), also=("R24",))
    _merged(scene, firms)


def _early(scene: Scene, firm: Firm) -> None:
    """Let output be reported when it is made, two months before it is invoiced."""

    def change(values: dict[str, Any]) -> dict[str, Any]:
        at = month_of(values["stat_period"]) - FIRST_MONTH
        value = firm.sales[min(at + 2, END)] + (firm.sales[min(at + 1, END)] if at % 12 == 1 else 0)
        return {**values, "output_value": dec(value // 10, 1), "operating_income": dec(value * 98 // 1000, 1)}

    scene.edit("output", edit_lines(change, where=lambda _, x: x.values["uscc"] == firm.uscc))


def _merged(scene: Scene, firms: list[Firm]) -> None:
    """A firm takes over another for which it has long reported: invoices change their name on the day."""
    owners = {id(p.firm) for p in scene.world.all_projects}
    small = [
        f
        for f in scene.world.firms
        if f.is_background and f.above_scale_from is None and not f.closed and not f.renamed and id(f) not in owners
        and min(f.sales[-20:]) > 0 and scene.victims.is_free(f)
    ]  # fmt: skip
    small = sorted(small, key=lambda f: -sum(f.sales[-12:]))[:6]
    heirs = sorted((f for f in firms if scene.victims.is_free(f)), key=lambda f: sum(f.sales[-12:]))
    for heir, gone in zip(heirs[:2], small[:2], strict=False):
        scene.victims.mark(heir)
        scene.victims.mark(gone)
        month = LAST_MONTH - 6
        gone.closed = (first_of(month) + timedelta(days=9), "注销", heir.uscc)
        at = month - FIRST_MONTH
        took = list(gone.sales)
        for i in range(at, END + 1):
            heir.sales[i] += gone.sales[i]
            heir.power[i] += gone.power[i]
            gone.sales[i] = gone.power[i] = gone.staff[i] = 0
        _reports_for(scene, heir, took, at)
        scene.lookalike(heir, "merger", known(LAST_MONTH - 1), also=("R24",))


def _reports_for(scene: Scene, heir: Firm, took: list[int], until: int) -> None:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        i = month_of(values["stat_period"]) - FIRST_MONTH
        if i >= until:
            return values
        more = took[i] + (took[i - 1] if i % 12 == 1 else 0)
        return {**values, **{k: values[k] + dec(more // 10, 1) for k in ("output_value", "operating_income")}}

    scene.edit("output", edit_lines(change, where=lambda _, x: x.values["uscc"] == heir.uscc))


# R26


def tax_and_land(scene: Scene) -> None:
    """R26: tax that does not fit the land; beside it firms that the law relieves, and young ones."""
    unpaid = {"low": 700, "middle": 990, "high": 999}
    mu = {"low": 3, "middle": 1500, "high": 5000}

    def old(p: Project) -> bool:
        return bool(
            p.firm and len(p.phases) == 1 and p.phases[0].land and p.produced_on and p.produced_on < date(2022, 12, 1)
            and not p.is_expansion and min(p.firm.sales[-24:]) > 500 and not p.withdrawn_on
            and p.firm.industry.code not in OFFICES
            and any(r.kind == "投产" and r.result == "通过" for r in p.recognitions)
        )  # fmt: skip

    pool = [p for p in scene.world.projects if old(p)]
    years = ("2024", "2025")
    for p, way, level in scene.dealt(pool, ("little_tax", "little_land"), len(pool), old):
        assert p.firm is not None and p.phases[0].land is not None
        if way == "little_tax":
            p.firm.unpaid = unpaid[level]
            also: tuple[str, ...] = ("R34", "R44")
        else:
            # Every paper says so: the land that is evaluated is not all that is used.
            p.phases[0].land.area_ha = max(7, p.phases[0].land.area_ha // mu[level])
            p.land_mu = max(1, p.phases[0].land.area_ha * 15 // 100)
            if p.agreement:
                p.agreement["agreed_land_area"] = p.land_mu
            also = ()
        intensity = unpaid[level] / 1000 if way == "little_tax" else 1 / mu[level]
        scene.false(p.firm, way, level, intensity, "flag", known(LAST_MONTH - 1), periods=years, also=also)
    for p in scene.honest(pool, wanted=old):
        assert p.firm is not None
        p.firm.relief = 960
        scene.lookalike(p.firm, "tax_relief", known(LAST_MONTH - 1), periods=years)

    def young(p: Project) -> bool:
        since = (date(2024, 5, 1), date(2025, 10, 1))
        return bool(
            p.firm and not p.is_expansion and p.produced_on and since[0] <= p.produced_on <= since[1]
            and any(r.kind == "投产" and r.result == "通过" for r in p.recognitions) and p.phases[0].land
        )  # fmt: skip

    for p in scene.honest([p for p in scene.world.projects if young(p)], wanted=young):
        assert p.firm is not None
        p.firm.unpaid = 995
        scene.lookalike(p.firm, "young_plant", known(LAST_MONTH - 1), periods=years)


# R27


def cost_of_building(scene: Scene) -> None:
    """R27: works beyond floor area, contracts or the land's terms; beside it clean rooms and cold stores."""
    dear = {"low": 160, "middle": 260, "high": 450}
    beyond = {"low": 106, "middle": 135, "high": 200}
    thin = {"low": 97, "middle": 70, "high": 40}

    def built(p: Project) -> bool:
        return bool(
            len(p.phases) == 1 and p.phases[0].permits and p.phases[0].land and p.completed_on
            and p.completed_on < date(2025, 11, 1)
            and min(m.month for m in p.phases[0].fai) >= FIRST_MONTH and not p.phases[0].withdrawn_on
            and not p.withdrawn_on and p.row_no
        )  # fmt: skip

    pool = [p for p in scene.world.projects if built(p)]
    ways = ("dear_square_metre", "beyond_contracts", "thin_on_land")
    for p, way, level in scene.dealt(pool, ways, len(pool), built):
        phase = p.phases[0]
        assert phase.land is not None
        severity: Severity
        also: tuple[str, ...]
        if way == "dear_square_metre":
            intensity, severity, also = dear[level], "flag", ("R31", "R37")
            _cost(p, 2100 * dear[level] // 100)
        elif way == "beyond_contracts":
            intensity, severity, also = beyond[level], "quarantine", ("R13",)
            works = sum(m.build for m in phase.fai)
            for n, permit in enumerate(phase.permits):
                share = works * (n + 1) // len(phase.permits) - works * n // len(phase.permits)
                permit.contract_fen = share * 100000000 // beyond[level]
                permit.cost_fen = permit.contract_fen if permit.accepted_on else 0
        else:
            intensity, severity, also = thin[level], "flag", ()
            real = sum(m.total for m in phase.fai) * 10000 // phase.land.area_ha
            phase.land.intensity = real * 100 // thin[level]
        scene.false(p, way, level, intensity / 100, severity, known(month_of(p.completed_on or date.max)), also=also)
    for kind in ("洁净厂房", "冷库"):
        for p in scene.honest(pool, wanted=built):
            _cost(p, 7200)
            numbers = {x.number for x in p.phases[0].permits}
            _category(scene, numbers, kind)
            scene.lookalike(
                p, "clean_room" if kind == "洁净厂房" else "cold_store", known(LAST_MONTH - 1), also=("R31",)
            )
    for p in scene.honest(pool, wanted=built):
        _cost(p, 2650)
        scene.lookalike(p, "dear_but_paid", known(LAST_MONTH - 1), also=("R31",))


def _cost(p: Project, by_metre: int) -> None:
    """Let the works have cost so many 元 by the square metre."""
    works = sum(m.build for m in p.phases[0].fai)
    for permit in p.phases[0].permits:
        permit.floor_area = max(50, works * 10000 // by_metre // len(p.phases[0].permits))


def _category(scene: Scene, numbers: set[str], kind: str) -> None:
    scene.edit(
        "permit",
        edit_lines(
            lambda v: {**v, "project_category": kind}, where=lambda _, x: x.values["construction_permit_no"] in numbers
        ),
    )


# R28


def beyond_payments(scene: Scene) -> None:
    """R28: investment beyond what anybody was paid; beside it late payers and boards without vouchers."""
    rho = {"low": 120, "middle": 150, "high": 225}
    owned: dict[int, int] = {}
    for p in scene.world.all_projects:
        if p.firm and p.phases and p.phases[0].fai:
            owned[id(p.firm)] = owned.get(id(p.firm), 0) + 1

    def paid(p: Project) -> bool:
        phase = p.phases[0] if len(p.phases) == 1 else None
        if phase is None or not phase.fai or phase.withdrawn_on or p.withdrawn_on or p.firm is None or not p.row_no:
            return False
        last = max((m.month for m in phase.fai if m.total > 0), default=0)
        return (
            owned.get(id(p.firm), 1) == 1 and scene.first_month + 4 <= last <= LAST_MONTH - 4
            and min(m.month for m in phase.fai) >= FIRST_MONTH
            and sum(x.purpose in ("土建", "设备") for x in p.payments) >= 6
        )  # fmt: skip

    everyone = [p for p in scene.world.projects if p.phases and p.phases[0].fai]
    pool = [p for p in everyone if paid(p)]
    for p, _, level in scene.dealt(pool, ("unpaid",), len(everyone), paid):
        last = _pay_for(p, rho[level])
        scene.false(
            p, "unpaid", level, rho[level] / 100, "quarantine" if level == "high" else "flag", known(last + 3),
            periods=months_of(last, min(last + 6, LAST_MONTH - 3)), also=("R03", "R07", "R16"),
        )  # fmt: skip
    bare: Wanted = lambda p: paid(p) and _buys(p) and p.is_expansion  # noqa: E731
    least = {"low": 62, "middle": 72, "high": 85}
    for p, _, level in scene.dealt([p for p in pool if bare(p)], ("no_machines",), len(pool) // 3):
        assert p.firm is not None
        last = max(m.month for m in p.phases[0].fai if m.total > 0)
        for m in p.phases[0].fai:
            machines = m.total * least[level] // 100
            m.build, m.equipment, m.other = m.total - machines, machines, 0
        scene.builder.pay_anew(p, scene.draws)
        p.payments = [x for x in p.payments if x.purpose != "设备"]
        p.firm.equipment = [0] * len(p.firm.equipment)
        scene.false(
            p, "no_machines", level, least[level] / 100, "quarantine", known(last + 3),
            periods=months_of(last, min(last + 6, LAST_MONTH - 3)), also=("R03", "R07", "R16", "R27"),
        )  # fmt: skip
    for p in scene.honest(pool, wanted=paid):
        for x in p.payments:
            if x.purpose in ("土建", "设备"):
                x.paid_on += timedelta(days=50)
        scene.lookalike(p, "paid_late", known(LAST_MONTH - 1), also=("R16",))
    _uncovered(scene, paid)


def _buys(p: Project) -> bool:
    """Mostly machines."""
    machines = sum(m.equipment for m in p.phases[0].fai)
    return machines * 100 > sum(m.total for m in p.phases[0].fai) * 40


def _pay_for(p: Project, rho: int) -> int:
    """Cut what was paid and bought until investment is rho (in hundredths) times of it; the last month invested."""
    assert p.firm is not None
    phase = p.phases[0]
    last = max(m.month for m in phase.fai if m.total > 0)
    cum = sum(m.total for m in phase.fai) * 1000000
    land = phase.land.price_fen if phase.land else 0
    held = {k: sum(x.fen for x in p.payments if x.purpose == k) for k in ("土建", "设备")}
    bought = sum(p.firm.equipment) * 10000
    rest = cum * 100 // rho - land
    whole = held["土建"] + max(held["设备"], bought)
    for x in p.payments:
        if x.purpose in held:
            x.fen = max(100, x.fen * rest // whole)
    p.firm.equipment = [v * rest // whole for v in p.firm.equipment]
    return last


def _uncovered(scene: Scene, paid: Wanted) -> None:
    """Boards whose other projects have no supervised account: what is missing there says nothing."""
    boards: dict[str, list[Project]] = {}
    for p in scene.world.projects:
        if p.phases and p.firm and any(ph.fai for ph in p.phases):
            boards.setdefault(p.reporting_unit, []).append(p)
    free = {b: all(scene.victims.is_free(p) for p in ps) for b, ps in boards.items()}
    found = 0
    for board in sorted(boards, key=lambda b: (not free[b], len(boards[b]), b)):
        others = {id(p): _active(p) for p in boards[board] if scene.victims.is_free(p)}
        for p in boards[board]:
            if found < 2 and id(p) in others and paid(p) and scene.victims.is_free(p):
                covered = {m for q in boards[board] if id(q) not in others and q.payments for m in _active(q)}
                near = {m for q, months in others.items() if q != id(p) for m in months}
                if others[id(p)] <= near - covered:
                    scene.victims.mark(p)
                    found += 1
                    _pay_for(p, 160)
                    for q in boards[board]:
                        if q is not p and scene.victims.is_free(q):
                            q.payments = []
                    scene.lookalike(p, "board_without_vouchers", known(LAST_MONTH - 1), also=("R03", "R16"))
                    break


def _active(p: Project) -> set[int]:
    """Months in which it counts for its board: with investment in the twelve months up to then."""
    held = {m.month for ph in p.phases for m in ph.fai if m.total > 0}
    return {k for m in held for k in range(m, m + 12) if k <= LAST_MONTH}


# R37


def two_departments(scene: Scene) -> None:
    """R37: two departments say different things of one measure; beside it changes on record, phases and rounding."""
    area = {"low": 102, "middle": 110, "high": 160}
    money = {"low": 107, "middle": 130, "high": 220}
    days = {"low": 36, "middle": 100, "high": 300}

    def dated(p: Project) -> bool:
        return bool(
            len(p.phases) == 1 and p.phases[0].land and p.phases[0].permits and p.completed_on and p.started_on
            and p.completed_on < date(2025, 10, 1) and p.agreed_on and not p.restated and not p.phases[0].changes
            and not p.withdrawn_on and not p.phases[0].withdrawn_on
        )  # fmt: skip

    pool = [p for p in scene.world.projects if dated(p)]
    n = sum(bool(p.phases) for p in scene.world.projects)
    for p, way, level in scene.dealt(pool, ("area", "money", "date"), n, dated):
        if way == "area":
            _restate_rows(scene, "agreement", p, {"agreed_land_area": (area[level], 100)})
            measure, intensity = "land_area", area[level] / 100
        elif way == "money":
            _restate_rows(scene, "agreement", p, {"agreed_investment": (money[level], 100)})
            measure, intensity = "investment", money[level] / 100
        else:
            _shift_date(scene, "land", p, "actual_start_date", -days[level])
            measure, intensity = "start_date", days[level]
        also = ("R05",) if way == "date" else ()
        scene.false(p, way, level, intensity, "flag", known(LAST_MONTH - 1), counterpart_id=measure, also=also)
    for p in scene.honest(pool, wanted=dated):
        phase = p.phases[0]
        phase.changes.append((phase.filed_on + timedelta(days=200), phase.planned * 125 // 100))
        scene.lookalike(p, "amended_filing", known(LAST_MONTH - 1), counterpart_id="investment", also=("R02",))
    since: Wanted = lambda p: dated(p) and p.signed_on is not None and p.signed_on >= date(2021, 1, 1)  # noqa: E731
    for p in scene.honest([p for p in pool if since(p)], wanted=since):
        assert p.signed_on is not None
        p.restated = (p.signed_on + timedelta(days=250), p.signed * 85 // 100)
        scene.lookalike(p, "restated_in_the_ledger", known(LAST_MONTH - 1), counterpart_id="investment")
    for p in scene.honest(pool, wanted=dated):
        _shift_date(scene, "land", p, "actual_start_date", -24)
        scene.lookalike(p, "weeks_apart", known(LAST_MONTH - 1), counterpart_id="start_date", also=("R05",))


def _restate_rows(scene: Scene, source: str, p: Project, factors: Mapping[str, tuple[int, int]]) -> None:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        for column, (up, down) in factors.items():
            if values[column] is not None:
                exponent = values[column].as_tuple().exponent
                places = -exponent if isinstance(exponent, int) else 0
                values[column] = dec(int(values[column].scaleb(places)) * up // down, places)
        return values

    scene.edit(source, edit_lines(change, where=lambda _, x: x.project is p))


def _shift_date(scene: Scene, source: str, p: Project, column: str, days: int) -> None:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        if values[column] is not None:
            values[column] += timedelta(days=days)
        return values

    scene.edit(source, edit_lines(change, where=lambda _, x: x.project is p))


# R40


def staff(scene: Scene) -> None:
    """R40: more staff than are insured; beside it firms in their first months, and small ones."""
    factor = {"low": 120, "middle": 150, "high": 225}
    spells = {"low": 2, "middle": 6, "high": 12}
    firms = steady_firms(scene, lambda f: min(f.staff[-24:]) > 22)
    first = LAST_MONTH - 11
    for firm, way, level in scene.dealt(firms, ("beyond_insured", "nobody_insured"), listed(scene)):
        if way == "beyond_insured":
            restate(scene, "output", firm, range(first, LAST_MONTH + 1), {"headcount": (factor[level], 100)})
            months, intensity = months_of(first), factor[level] / 100
        else:
            last = first + spells[level] + 1
            _uninsured(scene, firm, range(first, last + 1))
            months, intensity = months_of(first, min(last, LAST_MONTH)), spells[level]
        scene.false(
            firm, way, level, intensity, "flag", known(LAST_MONTH - 1 if way == "beyond_insured" else first + 1),
            periods=months, also=("R09", "R44"),
        )  # fmt: skip
    small = [f for f in scene.world.firms if is_steady(f) and 10 <= max(f.staff[-12:]) <= 20]
    for firm in scene.honest(small):
        _uninsured(scene, firm, range(first, LAST_MONTH + 1))
        scene.lookalike(firm, "small_firm", known(LAST_MONTH - 1))
    for firm in scene.honest(firms):
        restate(scene, "output", firm, range(first, LAST_MONTH + 1), {"headcount": (132, 100)})
        scene.lookalike(firm, "agency_workers", known(LAST_MONTH - 1))
    new = [
        f
        for f in scene.world.firms
        if not f.closed and f.above_scale_from in (2024, 2025) and f.staff[(f.above_scale_from - 2021) * 12] > 20
        and f.industry.code not in OFFICES
    ]  # fmt: skip
    for firm in scene.honest(new):
        assert firm.above_scale_from is not None
        entry = firm.above_scale_from * 12
        _uninsured(scene, firm, range(entry - 12, entry + 3))
        scene.lookalike(firm, "first_months", known(entry + 2), periods=months_of(entry, entry + 2))


def _uninsured(scene: Scene, firm: Firm, months: Iterable[int]) -> None:
    days = {last_of(m) for m in months}
    scene.edit(
        "social",
        edit_lines(
            lambda v: {**v, "insured_headcount": dec(0, 0)},
            where=lambda _, x: x.values["uscc"] == firm.uscc and x.values["stat_period"] in days,
        ),
    )


# R44


def borrowed_tax(scene: Scene) -> None:
    """R44: tax that comes and goes, or comes from nothing; beside it refunds that the law gives, and land buyers."""
    back = {"low": 82, "middle": 90, "high": 100}
    alone = {"low": 4, "middle": 40, "high": 90}
    large = {"low": 105, "middle": 300, "high": 1200}
    firms = steady_firms(scene)
    month = LAST_MONTH - 10
    wan = 1000000
    n = len(scene.world.firms)
    for firm, _, level in scene.dealt(firms, ("round_trip",), n // 4):
        amount = 900 * wan + scene.draws.whole(1, 99 * wan)
        firm.odd_taxes = [
            (month, "企业所得税", "应纳税所得额", amount),
            (month + 2, "企业所得税", "应纳税所得额", -amount * (back[level] - 30) // 100),
            (month + 4, "企业所得税", "应纳税所得额", -amount * 30 // 100),
        ]
        scene.false(
            firm, "round_trip", level, back[level] / 100, "flag", known(month + 4), periods=(period(month),),
            also=("R26",),
        )  # fmt: skip
    levels = scene.levels(2)
    for i, level in enumerate(levels):
        way = ("no_business", "no_premises")[i % 2]
        shell = _shell(scene)
        amount = (alone if way == "no_business" else large)[level]
        if way == "no_business":
            # Staff and a meter, and nothing that moves.
            scene.builder.give_accounts(shell, scene.draws)
            shell.staff = [3] * len(shell.staff)
        shell.odd_taxes = [(month, "增值税", "商业", amount * wan), (month + 3, "增值税", "商业", amount * wan)]
        scene.false(
            shell, way, level, amount, "flag", known(month + 3), periods=(period(month), period(month + 3)),
        )  # fmt: skip
    for firm in scene.honest(firms):
        amount = 700 * wan
        firm.odd_taxes = [(month, "增值税", "工业", amount), (month + 3, "增值税", "留抵退税", -amount)]
        scene.lookalike(firm, "vat_refund", known(month + 4))
    for firm in scene.honest(firms):
        amount = 650 * wan
        firm.odd_taxes = [
            (month, "企业所得税", "应纳税所得额", amount),
            (month + 5, "企业所得税", "汇算清缴退税", -amount * 9 // 10),
        ]
        scene.lookalike(firm, "final_settlement", known(month + 5))
    for _ in range(2):
        buyer = _shell(scene)
        buyer.odd_taxes = [(month, "契税", "土地使用权出让", 150 * wan), (month, "耕地占用税", "", 40 * wan)]
        scene.lookalike(buyer, "land_buyer", known(month + 1))


def _shell(scene: Scene) -> Firm:
    """A registered firm that makes, uses and employs nothing."""
    firm = scene.builder.bare_firm(scene.draws, date(2023, 3, 1) + timedelta(days=scene.draws.whole(0, 300)))
    scene.victims.mark(firm)
    return firm


def settle_contracts(world: World, falsified: set[str]) -> None:
    """Whoever's works another planter moved has contracts for them, but for those whose contracts are the point."""
    for p in world.all_projects:
        if (p.row_no or (p.phases[0].code if p.phases else "")) in falsified:
            continue
        for phase in p.phases:
            works = sum(m.build for m in phase.fai)
            held = sum(x.contract_fen for x in phase.permits)
            if held and works * 1000000 > held:
                for x in phase.permits:
                    x.floor_area = x.floor_area * works * 1000000 // held
                    x.contract_fen = x.contract_fen * works * 1010000 // held


PLANTERS = {
    "R23": no_power,
    "R24": output_beyond_power,
    "R25": output_beyond_sales,
    "R26": tax_and_land,
    "R27": cost_of_building,
    "R28": beyond_payments,
    "R37": two_departments,
    "R40": staff,
    "R44": borrowed_tax,
}
