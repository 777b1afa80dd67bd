"""R31-R36, R45: what is overdue, moved in time, counted too early, too often or on too little land."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from zhixiao.simulate.calendar import add_months
from zhixiao.simulate.delivery import Delivery, Line, dec
from zhixiao.simulate.falsify.planting import LEVELS
from zhixiao.simulate.falsify.scene import Edit, Scene, Wanted, edit_lines
from zhixiao.simulate.falsify.series import known
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, Firm, Project, Recognition
from zhixiao.simulate.targets import agreed

NOW = date(2026, 2, 27)
SEEN = known(LAST_MONTH - 1)
STAGES = {"开工": "started", "投产": "produced", "达效": "on_target"}
TARGETS = {"开工": "开工项目数", "投产": "投产项目数", "达效": "达效项目数", "签约": "签约项目数"}


def single(p: Project) -> bool:
    """One filing, and it and the project stand."""
    return (
        len(p.phases) == 1 and not p.phases[0].withdrawn_on and not p.withdrawn_on and bool(p.row_no) and not p.is_ended
    )


def waiting(p: Project) -> bool:
    """Filed, with land, and nothing built."""
    return single(p) and p.phases[0].land is not None and p.started_on is None and not p.recognitions


# R31


def idle(scene: Scene) -> None:
    """R31: land and permits that nothing came of; beside it starts under a commitment and works that were just paid."""
    late = {"low": 13, "middle": 19, "high": 30}
    share = {"low": 22, "middle": 14, "high": 5}
    aged = {"low": 10, "middle": 15, "high": 26}
    n = sum(bool(p.phases) for p in scene.world.projects) // 3
    overdue: Wanted = lambda p: waiting(p) and p.phases[0].land.signed_on < add_months(NOW, -36)  # type: ignore[union-attr]  # noqa: E731
    pool = [p for p in scene.world.projects if overdue(p)]
    for p, _, level in scene.dealt(pool, ("not_started",), n, overdue):
        land = p.phases[0].land
        assert land is not None
        land.agreed_start = add_months(NOW, -12) - timedelta(days=30 * (late[level] - 12) + 5)
        scene.false(p, "not_started", level, late[level], "flag", SEEN, also=("R32",))
    left: Wanted = lambda p: single(p) and p.phases[0].land is not None and _is_left(p)  # noqa: E731
    pool = [p for p in scene.world.projects if left(p)]
    for p, _, level in scene.dealt(pool, ("stopped",), n // 2, left):
        phase = p.phases[0]
        whole = sum(m.total for m in phase.fai)
        planned = phase.changes[-1][1] if phase.changes else phase.planned
        for m in phase.fai:
            m.build, m.equipment, m.other = (
                v * planned * share[level] // (100 * whole) for v in (m.build, m.equipment, m.other)
            )
        scene.builder.pay_anew(p, scene.draws)
        scene.false(p, "stopped", level, share[level] / 100, "flag", SEEN, also=("R03", "R07", "R17", "R32"))
    fresh: Wanted = lambda p: (  # noqa: E731
        waiting(p) and p.phases[0].land.signed_on < add_months(NOW, -27) and not p.is_expansion  # type: ignore[union-attr]
    )
    pool = [p for p in scene.world.projects if fresh(p)]
    for p, _, level in scene.dealt(pool, ("empty_permit",), n // 2, fresh):
        _permit(scene, p, add_months(NOW, -aged[level]))
        scene.false(p, "empty_permit", level, aged[level], "flag", SEEN, also=("R05", "R07", "R32"))
    for p in scene.honest([p for p in scene.world.projects if overdue(p)], wanted=overdue):
        phase = p.phases[0]
        assert phase.land is not None
        # Works went on under a commitment; the permit is still to come.
        phase.path, phase.commitment_on = "承诺制", phase.land.signed_on + timedelta(days=20)
        phase.land.agreed_start = add_months(NOW, -20)
        scene.builder.begin(p, scene.draws, add_months(NOW, -14))
        phase.permits = []
        scene.lookalike(p, "commitment", SEEN, also=("R07", "R27", "R28"))
    for p in scene.honest([p for p in scene.world.projects if overdue(p)], wanted=overdue):
        land = p.phases[0].land
        assert land is not None
        land.agreed_start = add_months(NOW, -11)
        scene.lookalike(p, "within_the_year", SEEN, also=("R32",))
    for p in scene.honest([p for p in scene.world.projects if fresh(p)], wanted=fresh):
        land = p.phases[0].land
        assert land is not None and p.firm is not None
        land.agreed_start = add_months(NOW, -10)
        _permit(scene, p, add_months(NOW, -10))
        scene.builder.pay_one(p, scene.draws, NOW - timedelta(days=80), 60 * 1000000)
        scene.lookalike(p, "works_paid", SEEN, also=("R05", "R07", "R08"))


def _is_left(p: Project) -> bool:
    held = [m.month for m in p.phases[0].fai if m.total > 0]
    begun = min((m.month for m in p.phases[0].fai), default=0)
    return bool(held) and p.completed_on is None and max(held) <= LAST_MONTH - 14 and begun >= FIRST_MONTH


def _permit(scene: Scene, p: Project, day: date) -> None:
    scene.builder.permit(p, p.phases[0], day, scene.draws)
    p.phases[0].building = p.phases[0].planned * 45 // 100
    for x in p.phases[0].permits:
        x.floor_area = p.phases[0].building * 10000 // 2100
        x.contract_fen = p.phases[0].building * 1000000


# R32


def only_filed(scene: Scene) -> None:
    """R32: filings that nothing follows, or that follow the works; beside it land alone, and a corrected date."""

    def old(p: Project) -> bool:
        phase = p.phases[0] if p.phases else None
        return bool(
            single(p) and phase and phase.land and p.started_on is None and not p.recognitions and not phase.permits
            and phase.filed_on < add_months(NOW, -27)
        )  # fmt: skip

    pool = [p for p in scene.world.projects if old(p)]
    n = sum(bool(p.phases) for p in scene.world.projects) // 2
    for p, level in _of_levels(scene, pool, n, old):
        phase = p.phases[0]
        months = (NOW - phase.filed_on).days // 30
        phase.land = None
        scene.false(p, "nothing_follows", level, months, "flag", SEEN)
    late = {"low": 12, "middle": 60, "high": 200}
    began: Wanted = lambda p: bool(  # noqa: E731
        single(p) and p.started_on and {r.result for r in p.recognitions if r.kind == "开工"} == {"通过"}
        and p.phases[0].filed_on < date(2025, 5, 1) and max(r.recognised_on for r in p.recognitions) < date(2025, 12, 1)
        and p.phases[0].filed_on > date(2021, 9, 1) and p.phases[0].filed_on == p.phases[0].first_stated_filed_on
    )  # fmt: skip
    pool = [p for p in scene.world.projects if began(p)]
    for p, way, level in scene.dealt(pool, ("filed_after_start", "backfilled"), n, began):
        phase = p.phases[0]
        if way == "filed_after_start":
            for r in p.recognitions:
                if r.kind == "开工":
                    r.actual_on = phase.filed_on - timedelta(days=late[level])
            scene.false(p, way, level, late[level], "flag", SEEN, also=("R05", "R06", "R33", "R35", "R37"))
        else:
            _mark_backfilled(scene, phase.code)
            scene.false(p, way, level, 1, "flag", SEEN)
    for p in scene.honest([p for p in scene.world.projects if old(p)], wanted=old):
        scene.lookalike(p, "land_came", SEEN, also=("R31",))
    seen: Wanted = lambda p: began(p) and p.phases[0].filed_on < date(2025, 3, 1)  # noqa: E731
    for p in scene.honest([p for p in pool if seen(p)], wanted=seen):
        phase = p.phases[0]
        started = min(r.actual_on for r in p.recognitions if r.kind == "开工")
        phase.first_stated_filed_on = started + timedelta(days=15)
        phase.corrected_on = max(started, phase.filed_on) + timedelta(days=50)
        scene.lookalike(p, "corrected_date", SEEN, also=("R05", "R37"))


def _of_levels(scene: Scene, pool: list[Project], n: int, wanted: Wanted) -> list[tuple[Project, str]]:
    """Some of every age, with the level that it stands for: the youngest, the middle and the oldest thirds in turn."""
    count = max(3, n * scene.dial.per_mille // 1000)
    at = {"low": [0], "middle": [1], "high": [2]}.get(scene.dial.level, [0, 1, 2])
    ranked = sorted(
        (p for p in pool if scene.victims.is_free(p)), key=lambda p: (p.phases[0].filed_on, p.row_no), reverse=True
    )
    thirds = [ranked[i * len(ranked) // 3 : (i + 1) * len(ranked) // 3] for i in range(3)]
    out: list[tuple[Project, str]] = []
    for i in range(count):
        third = at[i % len(at)]
        out += [(p, LEVELS[third]) for p in scene.taken(thirds[third], 1, wanted)]
    return out


def _mark_backfilled(scene: Scene, code: str) -> None:
    scene.edit(
        "filing",
        edit_lines(lambda v: {**v, "is_backfilled_filing": True}, where=lambda _, x: x.values["project_code"] == code),
    )


# R33


def moved_date(scene: Scene) -> None:
    """R33: dates moved into a period whose target was not met; beside it applications that were first sent back."""
    late = {"low": 96, "middle": 150, "high": 280}
    for kind in ("开工", "投产"):
        wanted: Wanted = lambda p, kind=kind: _passed_once(p, kind)  # type: ignore[misc]  # noqa: E731
        pool = [p for p in scene.world.projects if wanted(p)]
        for p, _, level in scene.dealt(pool, (f"late_{STAGES[kind]}",), len(pool) // 2, wanted):
            told = next(r for r in p.recognitions if r.kind == kind)
            told.recognised_on = told.actual_on + timedelta(days=late[level])
            if (told.recognised_on.year, told.recognised_on.month // 4) == (
                told.actual_on.year,
                told.actual_on.month // 4,
            ):
                told.recognised_on += timedelta(days=92)
            _miss(scene, p.reporting_unit, told.recognised_on.year, TARGETS[kind])
            scene.false(
                p, f"late_{STAGES[kind]}", level, late[level], "flag", told.recognised_on + timedelta(days=125),
                counterpart_id=STAGES[kind], also=("R18", "R34"),
            )  # fmt: skip
    signed: Wanted = lambda p: bool(  # noqa: E731
        p.row_no and p.signed_on and p.signed_on.month >= 10 and 2021 <= p.signed_on.year <= 2024
        and not p.withdrawn_on and p.signed_on > (scene.world.config.since or date(2021, 1, 1))
    )  # fmt: skip
    pool = [p for p in scene.world.projects if signed(p)]
    for p, _, level in scene.dealt(pool, ("late_signing",), len(pool), signed):
        assert p.signed_on is not None
        _state_signing(scene, p, p.signed_on + timedelta(days=late[level]))
        _miss(scene, p.reporting_unit, (p.signed_on + timedelta(days=late[level])).year, TARGETS["签约"])
        scene.false(
            p, "late_signing", level, late[level], "flag", SEEN, counterpart_id="signed", also=("R18",)
        )  # fmt: skip
    sent: Wanted = lambda p: _passed_once(p, "开工")  # noqa: E731
    for p in scene.honest([p for p in scene.world.projects if sent(p)], wanted=sent):
        told = next(r for r in p.recognitions if r.kind == "开工")
        first = told.actual_on + timedelta(days=40)
        p.recognitions.insert(p.recognitions.index(told), Recognition("开工", told.actual_on, first, "退回"))
        told.recognised_on = first + timedelta(days=100)
        _miss(scene, p.reporting_unit, told.recognised_on.year, TARGETS["开工"])
        scene.lookalike(p, "sent_back_first", SEEN, counterpart_id="started")
    for p in scene.honest([p for p in scene.world.projects if sent(p)], wanted=sent):
        told = next(r for r in p.recognitions if r.kind == "开工")
        told.recognised_on = told.actual_on + timedelta(days=85)
        scene.lookalike(p, "within_ninety_days", SEEN, counterpart_id="started")


def _passed_once(p: Project, kind: str) -> bool:
    told = [r for r in p.recognitions if r.kind == kind]
    days = (date(2021, 3, 1), date(2025, 1, 20))
    return bool(
        p.row_no and not p.withdrawn_on and len(told) == 1 and told[0].result == "通过"
        and days[0] <= told[0].actual_on <= days[1]
    )  # fmt: skip


def _state_signing(scene: Scene, p: Project, day: date) -> None:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        if values["signing_stat_date"] is not None:
            values["signing_stat_date"] = day
        return values

    scene.edit("signing", edit_lines(change, where=lambda _, x: x.project is p))


def _miss(scene: Scene, board: str, year: int, metric: str) -> None:
    """Let the board have a target of that year which it does not reach."""
    scene.edit(
        "target",
        edit_lines(
            lambda v: {**v, "target_value": dec(240, 0)},
            where=lambda _, x: (
                (x.values["stat_year"], x.values["reporting_unit"], x.values["metric"]) == (year, board, metric)
            ),
        ),
    )


# R34


def too_early(scene: Scene) -> None:
    """R34: 达效 recognised without the sales, the tax or the time; beside it relief on record, and seasonal firms."""

    def made(p: Project) -> bool:
        told = [r for r in p.recognitions if r.kind == "投产"]
        return bool(
            p.row_no and p.firm and not p.withdrawn_on and told and told[-1].result == "通过" and len(p.phases) == 1
            and date(2021, 6, 1) < told[-1].actual_on < date(2024, 6, 1) and not p.is_expansion
            and not any(r.kind == "达效" for r in p.recognitions) and min(p.firm.sales[-12:]) > 0 and p.produced_on
        )  # fmt: skip

    pool = [p for p in scene.world.projects if made(p)]
    early = {"low": 160, "middle": 100, "high": 40}
    n = len([p for p in scene.world.projects if p.produced_on])
    for p, _, level in scene.dealt(pool, ("too_soon",), n, made):
        since = next(r for r in p.recognitions if r.kind == "投产").actual_on
        _recognise(p, since + timedelta(days=early[level]), since + timedelta(days=early[level] + 15))
        scene.false(p, "too_soon", level, early[level], "quarantine", since + timedelta(days=early[level] + 130))
    share = {"low": 90, "middle": 60, "high": 25}
    for p, _, level in scene.dealt(pool, ("below_agreed",), n, made):
        _sell(p, share[level])
        since = next(r for r in p.recognitions if r.kind == "投产").actual_on
        _recognise(
            p, max(since, date(2024, 3, 1)) + timedelta(days=400), max(since, date(2024, 3, 1)) + timedelta(days=430)
        )
        scene.false(p, "below_agreed", level, share[level] / 100, "quarantine", SEEN, also=("R23",))
    for p in scene.honest(pool, wanted=made):
        assert p.firm is not None
        _sell(p, 260)
        p.firm.relief = 450
        _on_target(scene, p)
        scene.lookalike(p, "tax_relief", SEEN)
    for p in scene.honest(pool, wanted=made):
        assert p.firm is not None
        _sell(p, 260)
        for at in range(len(p.firm.sales)):
            season = (150, 160, 150, 120, 90, 60, 40, 40, 60, 90, 110, 130)[(FIRST_MONTH + at) % 12]
            p.firm.sales[at] = p.firm.sales[at] * season // 100
            p.firm.power[at] = p.firm.power[at] * season // 100
        _on_target(scene, p)
        scene.lookalike(p, "season", SEEN)


def _recognise(p: Project, actual: date, recognised: date) -> None:
    p.recognitions.append(Recognition("达效", actual, recognised, "通过"))


def _sell(p: Project, share: int) -> None:
    """Let the firm sell so many hundredths of what was agreed, a year, from its production on."""
    assert p.firm is not None
    sales, tax = agreed(p)
    need = max(sales, tax // (p.firm.industry.tax_per_mille * 7)) if share >= 100 else sales
    held = sum(p.firm.sales[-12:])
    up, down = need * share // 100, max(1, held)
    begin = next((i for i, v in enumerate(p.firm.sales) if v), 0)
    for at in range(begin, len(p.firm.sales)):
        p.firm.sales[at] = max(1, p.firm.sales[at] * up // down)
        p.firm.power[at] = p.firm.power[at] * up // down
        p.firm.staff[at] = max(4, p.firm.staff[at] * min(up, 40 * down) // down)
    size = max(p.firm.power) // 200 + 1
    p.firm.accounts = [(account, size) for account, _ in p.firm.accounts]


def _on_target(scene: Scene, p: Project) -> None:
    """Recognise it in the last year: two and a half times of what was agreed leaves no doubt."""
    assert p.firm is not None
    _recognise(p, date(2025, 6, 30), date(2025, 8, 20))


# R35


def old_as_new(scene: Scene) -> None:
    """R35: standing firms counted as newly introduced, firms younger than their works; beside it slow builders."""
    since = {"low": 3, "middle": 8, "high": 14}

    def standing(p: Project) -> bool:
        return bool(
            p.row_no and p.is_expansion and p.firm and p.completed_on and p.completed_on < date(2025, 10, 1)
            and not p.withdrawn_on
        )  # fmt: skip

    pool = [p for p in scene.world.projects if standing(p)]
    n = sum(p.completed_on is not None for p in scene.world.projects)
    for p, _, level in scene.dealt(pool, ("old_firm",), n):
        assert p.completed_on is not None and p.firm is not None
        born = p.completed_on - timedelta(days=since[level] * 365 + 200)
        _register(scene, p.firm, born)
        _newly(scene, p)
        scene.false(p, "old_firm", level, since[level], "quarantine", SEEN)
    late = {"low": 10, "middle": 60, "high": 200}

    def new(p: Project) -> bool:
        return bool(
            p.row_no and not p.is_expansion and p.firm and single(p) and p.started_on
            and p.phases[0].filed_on < date(2025, 8, 1)
            and p.phases[0].filed_on == p.phases[0].first_stated_filed_on
        )  # fmt: skip

    pool = [p for p in scene.world.projects if new(p)]
    for p, _, level in scene.dealt(pool, ("registered_after",), n, new):
        assert p.firm is not None
        _register(scene, p.firm, p.phases[0].filed_on + timedelta(days=late[level]))
        scene.false(p, "registered_after", level, late[level], "quarantine", SEEN)
    slow: Wanted = lambda p: new(p) and bool(p.completed_on and p.completed_on < date(2025, 10, 1))  # noqa: E731
    for p in scene.honest([p for p in pool if slow(p)], wanted=slow):
        assert p.firm is not None and p.completed_on is not None and p.signed_on is not None
        _register(scene, p.firm, p.signed_on - timedelta(days=150))
        scene.lookalike(p, "founded_for_it", SEEN)
    seen: Wanted = lambda p: new(p) and p.phases[0].filed_on < date(2025, 6, 1)  # noqa: E731
    for p in scene.honest([p for p in pool if seen(p)], wanted=seen):
        phase = p.phases[0]
        assert p.firm is not None
        phase.first_stated_filed_on = p.firm.registered_on - timedelta(days=9)
        phase.corrected_on = phase.filed_on + timedelta(days=60)
        scene.lookalike(p, "corrected_date", SEEN, also=("R05", "R32", "R37"))


def _register(scene: Scene, firm: Firm, day: date) -> None:
    scene.edit(
        "enterprise",
        edit_lines(
            lambda v: {**v, "company_registered_date": day}, where=lambda _, x: x.values["uscc"] == firm.uscc
        ),
    )  # fmt: skip


def _newly(scene: Scene, p: Project) -> None:
    scene.edit(
        "completion", edit_lines(lambda v: {**v, "is_newly_introduced": "新建"}, where=lambda _, x: x.project is p)
    )


# R36


def foreign_money(scene: Scene) -> None:
    """R36: more arrived than was agreed, twice, or out again; beside it increases on record and paid suppliers."""
    more = {"low": 104, "middle": 140, "high": 250}
    out = {"low": 82, "middle": 92, "high": 100}

    def foreign(p: Project) -> bool:
        return bool(
            p.row_no and p.is_foreign and p.firm and p.started_on and not p.withdrawn_on
            and date(2021, 1, 15) < p.started_on < date(2025, 3, 1)
        )  # fmt: skip

    pool = [p for p in scene.world.projects if foreign(p)]
    ways = ("beyond_agreed", "one_arrival_twice", "straight_out")
    for p, way, level in scene.dealt(pool, ways, len(pool), foreign):
        if way == "beyond_agreed":
            _arrive(scene, p, p.foreign_capital * more[level] // 100, 0, False)
            intensity = more[level] / 100
        elif way == "straight_out":
            _arrive(scene, p, p.foreign_capital * 60 // 100, p.foreign_capital * 60 * out[level] // 10000, True)
            intensity = out[level] / 100
        else:
            others = scene.taken(pool, 1, foreign)
            if not others:
                continue
            amount = (
                min(p.foreign_capital, others[0].foreign_capital) * {"low": 10, "middle": 40, "high": 90}[level] // 100
            )
            _share(scene, p, others[0], amount)
            intensity = amount / 100
            scene.false(others[0], way, level, intensity, "quarantine", SEEN)
        scene.false(p, way, level, intensity, "quarantine", SEEN)
    for p in scene.honest(pool, wanted=foreign):
        _arrive(scene, p, p.foreign_capital * 130 // 100, 0, False)
        _raise_agreed(scene, p)
        scene.lookalike(p, "increase_on_record", SEEN)
    for p in scene.honest(pool, wanted=foreign):
        _arrive(scene, p, p.foreign_capital * 50 // 100, p.foreign_capital * 47 // 100, False)
        scene.lookalike(p, "supplier_paid", SEEN)


def _once(scene: Scene, p: Project, rows: list[dict[str, Any]]) -> None:
    """Let the arrivals of a project be these, in the delivery that told of its first."""
    done = False

    def change(delivery: Delivery) -> list[Delivery]:
        nonlocal done
        held = [x for x in delivery.lines if x.project is p]
        delivery.lines = [x for x in delivery.lines if x.project is not p]
        if held and not done:
            done = True
            delivery.lines += [Line({**held[0].values, **row}, p) for row in rows]
        return [delivery] if delivery.lines else []

    def fresh(delivery: Delivery) -> list[Delivery]:
        nonlocal done
        # A view that is read again begins anew with the first delivery.
        if not seen or delivery.received_on <= seen[0]:
            done = False
            seen[:] = [delivery.received_on]
        return change(delivery)

    seen: list[date] = []
    edit: Edit = fresh
    scene.edit("fdi", edit)


def _arrive(scene: Scene, p: Project, amount: int, gone: int, related: bool) -> None:
    _once(scene, p, [{"amount_usd": dec(amount, 2), "outflow_usd": dec(gone, 2), "payee_related": related}])


def _share(scene: Scene, a: Project, b: Project, amount: int) -> None:
    number = f"WZ{a.row_no[2:]}X"
    for p in (a, b):
        _once(scene, p, [{"fdi_no": number, "amount_usd": dec(amount, 2), "outflow_usd": dec(0, 2)}])


def _raise_agreed(scene: Scene, p: Project) -> None:
    assert p.started_on is not None
    day = p.started_on

    def change(delivery: Delivery, line: Line) -> bool:
        return line.project is p and delivery.received_on >= day

    def more(values: dict[str, Any]) -> dict[str, Any]:
        values["agreed_foreign_capital"] = dec(p.foreign_capital * 135 // 100, 2)
        return values

    scene.edit("signing", edit_lines(more, where=change))


# R45


def shrunken_land(scene: Scene) -> None:
    """R45: evaluated on less land than it holds; beside it land given back, and plant let to others."""
    share = {"low": 93, "middle": 80, "high": 50}

    def holds(p: Project) -> bool:
        return bool(
            single(p) and p.phases[0].land and p.completed_on and p.completed_on < date(2024, 5, 1)
            and p.completed_on > date(2020, 12, 1)
        )  # fmt: skip

    pool = [p for p in scene.world.projects if holds(p)]
    n = sum(p.completed_on is not None for p in scene.world.projects)
    for p, way, level in scene.dealt(pool, ("under_title", "falls"), n, holds):
        if way == "under_title":
            _evaluate(scene, p, date(2021, 1, 1), share[level])
        else:
            # More than the title at first, and no paper says where it went.
            _evaluate(scene, p, date(2021, 1, 1), 10400 // share[level])
            _evaluate(scene, p, date(2025, 1, 1), share[level])
        scene.false(p, way, level, share[level] / 100, "quarantine", SEEN, also=("R37",))
    for p in scene.honest(pool, wanted=holds):
        phase = p.phases[0]
        assert phase.land is not None
        whole = phase.land.area_ha
        _give_back(scene, p, whole * 70 // 100)
        _evaluate(scene, p, date(2025, 1, 1), 70)
        scene.lookalike(p, "part_given_back", SEEN, also=("R26", "R27", "R37"))
    for p in scene.honest(pool, wanted=holds):
        phase = p.phases[0]
        assert phase.land is not None
        let_mu = phase.land.area_ha * 15 // 100 * 30 // 100
        _let(scene, p, let_mu)
        _evaluate(scene, p, date(2021, 1, 1), 70)
        scene.lookalike(p, "plant_let_out", SEEN, also=("R37",))


def _evaluate(scene: Scene, p: Project, since: date, share: int) -> None:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        area = int(values["actual_land_area"].scaleb(2)) * share // 100
        values["actual_land_area"] = dec(area, 2)
        values["tax_per_mu"] = dec(int(values["actual_tax"].scaleb(2)) * 100 // max(1, area), 2)
        return values

    scene.edit(
        "completion",
        edit_lines(
            change,
            where=lambda d, x: x.project is p and x.values["actual_land_area"] is not None and d.received_on >= since,
        ),
    )


def _give_back(scene: Scene, p: Project, area_ha: int) -> None:
    """A later row of the land register states what is left; it comes with the land deliveries of late 2024."""
    phase = p.phases[0]
    done: list[date] = []

    def change(delivery: Delivery) -> list[Delivery]:
        mine = [x for x in delivery.lines if x.project is p]
        for x in mine:
            held[x.values["land_supervision_no"]] = x
        if held and date(2024, 8, 1) <= delivery.received_on and (not done or done[0] == delivery.received_on):
            done[:] = [delivery.received_on]
            last = held[phase.land.supervision_no] if phase.land else mine[0]
            delivery.lines = [x for x in delivery.lines if x.project is not p]
            delivery.lines.append(Line({**last.values, "land_area": dec(area_ha, 4)}, p, phase))
        elif done and delivery.received_on > done[0]:
            for x in mine:
                x.values = {**x.values, "land_area": dec(area_ha, 4)}
        return [delivery]

    held: dict[Any, Line] = {}
    scene.edit("land", change)


def _let(scene: Scene, p: Project, let_mu: int) -> None:
    # FAR 1.2: a hundredth of a mu of land is eight square metres of floor.
    area = let_mu * 8
    scene.edit(
        "completion",
        edit_lines(lambda v: {**v, "leased_out_floor_area": dec(area, 0)}, where=lambda _, x: x.project is p),
    )


PLANTERS = {
    "R31": idle,
    "R32": only_filed,
    "R33": moved_date,
    "R34": too_early,
    "R35": old_as_new,
    "R36": foreign_money,
    "R45": shrunken_land,
}
