"""R29, R30: money that goes in a circle, and reports that one hand wrote for many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from zhixiao.simulate.calendar import first_of, last_of, month_of
from zhixiao.simulate.delivery import Line, dec
from zhixiao.simulate.falsify.scene import Scene, edit_lines
from zhixiao.simulate.falsify.series import known, period
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, Firm, Payment, Project

INVESTMENT_FORM = "H201表"


def round_trip(scene: Scene) -> None:
    """R29: capital that is paid in and flows back; beside it cash pools, loans repaid later, part repayments."""
    hours = {"low": 24 * 24, "middle": 24 * 9, "high": 50}
    share = {"low": 83, "middle": 92, "high": 99}

    def funded(p: Project) -> bool:
        return _inflow(scene, p) is not None and p.firm is not None and not p.withdrawn_on

    pool = [p for p in scene.world.projects if funded(p)]
    n = sum(bool(p.payments) for p in scene.world.projects)
    for p, way, level in scene.dealt(pool, ("straight_back", "chain", "sister"), n, funded):
        x = _inflow(scene, p)
        assert x is not None and p.firm is not None
        stops = {"straight_back": 0, "chain": 3, "sister": 1}[way]
        home = (x.payer, x.payer_uscc)
        if way == "sister":
            sister = scene.builder.bare_firm(scene.draws, x.paid_on - timedelta(days=700))
            sister.controller = x.payer_uscc
            scene.victims.mark(sister)
            home = (sister.name, sister.uscc)
        _send(scene, p, x, home, stops, hours[level], share[level])
        back = x.paid_on + timedelta(hours=hours[level])
        scene.false(
            p, way, level, round(hours[level] / 24, 1), "quarantine" if level == "high" else "flag",
            known(month_of(back)), periods=(period(month_of(x.paid_on)),), also=("R03",),
        )  # fmt: skip
    for way, days, part in (("cash_pool", 4, 90), ("repaid_later", 55, 95), ("part_repaid", 8, 30)):
        for p in scene.honest(pool, wanted=funded):
            x = _inflow(scene, p)
            assert x is not None
            if way == "repaid_later":
                x = max((y for y in p.payments if y.purpose == "到位资金"), key=lambda y: y.paid_on)
            _send(scene, p, x, (x.payer, x.payer_uscc), 0, days * 24, part, is_cash_pool=way == "cash_pool")
            scene.lookalike(p, way, known(month_of(x.paid_on) + 3), also=("R03",))


def _inflow(scene: Scene, p: Project) -> Payment | None:
    """The largest capital that came in while reports are delivered, and its return would be seen."""
    held = [
        x for x in p.payments if x.purpose == "到位资金" and scene.first_month <= month_of(x.paid_on) <= LAST_MONTH - 3
    ]
    return max(held, key=lambda x: (x.fen, x.paid_on), default=None)


def _send(
    scene: Scene, p: Project, x: Payment, home: tuple[str, str], stops: int, hours: int, share: int,
    is_cash_pool: bool = False,
) -> None:  # fmt: skip
    """Money leaves the firm over so many stops and is home after so many hours."""
    assert p.firm is not None
    start = datetime.combine(x.paid_on, datetime.min.time()) + timedelta(seconds=x.second)
    parties = [(p.firm.name, p.firm.uscc)]
    parties += [scene.builder.outsider(scene.draws, "商贸有限公司") for _ in range(stops)]
    parties.append(home)
    for k in range(len(parties) - 1):
        at = start + timedelta(hours=hours * (k + 1) // (len(parties) - 1)) - timedelta(minutes=9)
        p.payments.append(
            Payment(
                at.date(), at.hour * 3600 + at.minute * 60 + at.second, *parties[k], *parties[k + 1],
                x.fen * share // 100 - k * 1000, "往来", "", 0, "", False, is_cash_pool,
            )
        )  # fmt: skip


def one_hand(scene: Scene) -> None:
    """R30: one account for many firms, one factor for all, edits before the deadline that lift a board; beside it
    registered bookkeepers, one group's service, three firms alike, late edits that lift nobody."""
    month = LAST_MONTH - 2
    firms = [
        f for f in scene.world.firms if f.above_scale_from is not None and f.above_scale_from <= 2024 and not f.closed
    ]
    firms = scene.draws.shuffled([f for f in firms if f.sales[month - FIRST_MONTH] > 1000])
    ways = ("one_account", "one_factor")
    size = {"one_account": {"low": 5, "middle": 7, "high": 9}, "one_factor": {"low": 4, "middle": 5, "high": 8}}
    for i, level in enumerate(scene.levels(2)):
        way = ways[i % 2]
        group, firms = _group(firms, size[way][level])
        if len(group) < (5 if way == "one_account" else 4):
            continue
        at = month - i
        if way == "one_account":
            _same_account(scene, group, at, f"T代填{i:04d}", agent=False)
        else:
            _same_factor(scene, group, at, 1123 + 17 * i, agent=False)
        for f in group:
            scene.false(
                f, way, level, len(group), "flag" if way == "one_account" else "quarantine", known(at),
                periods=(period(at),),
            )  # fmt: skip
    for way, count in (("registered_agent", 6), ("agent_corrects", 5), ("group_service", 5), ("three_alike", 3)):
        group, firms = _group(firms, count)
        if len(group) < count:
            continue
        if way in ("registered_agent", "group_service"):
            _same_account(scene, group, month - 7, f"T代账{count:04d}{way[0]}", agent=way == "registered_agent")
        else:
            _same_factor(scene, group, month - 7, 1081 + 20 * count, agent=way == "agent_corrects")
        if way == "group_service":
            for f in group:
                f.controller = group[0].controller or group[0].uscc
        for f in group[:3]:
            scene.lookalike(f, way, known(month - 7), periods=(period(month - 7),))
    _deadline(scene)


def _group(firms: list[Firm], n: int) -> tuple[list[Firm], list[Firm]]:
    """So many firms of different owners, and the others."""
    held: list[Firm] = []
    for f in firms:
        if len(held) < n and (f.controller or f.uscc) not in {g.controller or g.uscc for g in held}:
            held.append(f)
    return held, [f for f in firms if f not in held]


def _same_account(scene: Scene, group: list[Firm], month: int, account: str, agent: bool) -> None:
    due = first_of(month + 1).replace(day=12)
    start = datetime(due.year, due.month, 8, 15, 4, 0)
    order = {f.uscc: n for n, f in enumerate(group)}

    def change(values: dict[str, Any]) -> dict[str, Any]:
        at = start + timedelta(seconds=50 * order[values["uscc"]] + 7)
        return {
            **values,
            "account": account,
            "client_ip": "10.77.7.7",
            "submitted_at": at,
            "is_bookkeeping_agent": agent,
        }

    scene.edit("submission_log", edit_lines(change, where=lambda _, x: _is_form(x, order, month, "B204-1表")))


def _same_factor(scene: Scene, group: list[Firm], month: int, factor: int, agent: bool) -> None:
    def change(values: dict[str, Any]) -> dict[str, Any]:
        after = int(values["value_after"])
        return {
            **values, "value_before": dec(after * 10000000 // factor, 4), "submission_kind": "更正",
            "is_bookkeeping_agent": agent,
        }  # fmt: skip

    codes = {f.uscc: 0 for f in group}
    scene.edit("submission_log", edit_lines(change, where=lambda _, x: _is_form(x, codes, month, "B204-1表")))


def _is_form(line: Line, codes: Iterable[str], month: int, form: str) -> bool:
    v = line.values
    return v["form"] == form and v["stat_period"] == last_of(month) and v["uscc"] in codes


def _deadline(scene: Scene) -> None:
    lift = {"low": 10, "middle": 60, "high": 180}
    boards = [*scene.world.units, *(name for _, name in scene.world.towns)]
    month = LAST_MONTH - 1
    held: dict[str, list[Firm]] = {}
    for p in scene.world.all_projects:
        if p.firm and any(m.month == month and m.total >= 20 for ph in p.phases for m in ph.fai):
            held.setdefault(p.reporting_unit, []).append(p.firm)
    able = [b for b in boards if held.get(b) and _invested(scene, b, month) > 2000]
    chosen = scene.boards("targets", able, len(scene.levels(1)) + 2)
    for board, level in zip(chosen, scene.levels(1), strict=False):
        _lift(scene, board, month, held[board], lift[level], reaches=True)
        scene.false(
            board, "last_hours", level, lift[level] / 1000, "flag", known(month), entity_type="reporting_unit",
            periods=(period(month),),
        )  # fmt: skip
    for board in chosen[len(scene.levels(1)) :]:
        _lift(scene, board, month, held[board], 60, reaches=False)
        scene.lookalike(
            board, "late_but_no_lift", known(month), entity_type="reporting_unit", periods=(period(month),)
        )  # fmt: skip


def _invested(scene: Scene, board: str, month: int) -> int:
    return sum(
        m.total
        for p in scene.world.all_projects
        if p.reporting_unit == board
        for ph in p.phases
        for m in ph.fai
        if month // 12 * 12 <= m.month <= month
    )


def _lift(scene: Scene, board: str, month: int, firms: list[Firm], share: int, reaches: bool) -> None:
    """Edits in the last two days add so many thousandths of the board's year; the target lies below or above them."""
    due = first_of(month + 1).replace(day=12)
    one = firms[0].uscc
    done: list[str] = []

    def figures() -> tuple[int, int]:
        whole = _invested(scene, board, month)
        return whole, max(2, whole * share // 1000)

    def late(values: dict[str, Any]) -> dict[str, Any]:
        if done and done[0] != values["submission_no"]:
            return values
        done[:] = [values["submission_no"]]
        return {
            **values, "value_before": values["value_after"] - figures()[1], "submission_kind": "更正",
            "submitted_at": datetime(due.year, due.month, due.day, 21, 40, 0),
        }  # fmt: skip

    def target(values: dict[str, Any]) -> dict[str, Any]:
        whole, added = figures()
        return {**values, "target_value": dec(whole - added // 2 if reaches else whole * 3 // 2, 0)}

    scene.edit("submission_log", edit_lines(late, where=lambda _, x: _is_form(x, {one: 0}, month, INVESTMENT_FORM)))
    scene.edit(
        "target",
        edit_lines(
            target,
            where=lambda _, x: (
                (x.values["stat_year"], x.values["reporting_unit"], x.values["metric"])
                == (month // 12, board, "完成投资")
            ),
        ),
    )


PLANTERS = {"R29": round_trip, "R30": one_hand}
