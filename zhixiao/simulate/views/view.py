"""A source over the world, with its rhythm; and what several departments say in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from zhixiao.contracts import load_contract
from zhixiao.simulate.calendar import first_of, last_of, month_of, working_day
from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, Firm, Phase, Project, World
from zhixiao.simulate.places import place_of


class View:
    """A source over the world, with its rhythm and its own draws."""

    def __init__(self, world: World, source: str) -> None:
        self.world = world
        self.source = source
        self.contract = load_contract(source)
        self.config = world.config
        self.place = place_of(world.config.district)
        self.draws = self.stream("rhythm")
        self.last_received = date(2021, 1, 1)

    def stream(self, name: str) -> Draws:
        return Draws(self.config.seed, self.config.district, f"view/{self.source}/{name}")

    def received(self, due: date) -> date:
        """Mostly some days before the due day, sometimes late; a register never overtakes its earlier delivery."""
        day = due - timedelta(days=self.draws.whole(0, 9))
        if self.draws.chance(50):
            day = due + timedelta(days=self.draws.whole(1, 24))
        if self.contract.mode == "register":
            day = max(day, self.last_received + timedelta(days=1))
        self.last_received = working_day(day)
        return self.last_received

    def months(self) -> Iterator[tuple[int, date]]:
        """(month reported, received day) of a monthly source."""
        for month in range(FIRST_MONTH, LAST_MONTH + 1):
            if month % 12 + 1 not in self.contract.months_without_report:
                yield month, self.received(first_of(month + 1).replace(day=self.contract.due_day))

    def quarters(self) -> Iterator[tuple[int, date]]:
        """(last month of the quarter, received day)."""
        for month in range(FIRST_MONTH + 2, LAST_MONTH + 1, 3):
            yield month, self.received(first_of(month + 1).replace(day=self.contract.due_day))


def month_name(month: int) -> str:
    return f"{month // 12}年{month % 12 + 1}月"


def quarter_name(month: int) -> str:
    return f"{month // 12}年{month % 12 // 3 + 1}季度"


def _by_month(items: list[tuple[date, Line]]) -> dict[int, list[Line]]:
    """By the month in which it happened; what happened before the first month comes with the first."""
    out: dict[int, list[Line]] = {}
    for day, line in sorted(items, key=lambda i: i[0]):
        out.setdefault(max(month_of(day), FIRST_MONTH), []).append(line)
    return out


def monthly_events(view: View, name: str, items: list[tuple[date, Line]], form: str) -> Iterator[Delivery]:
    held = _by_month(items)
    empty = view.stream("empty months")
    for month, received in view.months():
        # Nothing happened: most departments send nothing, some send the form with its header.
        if held.get(month) or (empty.chance(250) and view.config.mess != "none"):
            yield Delivery(view.source, received, f"{name}{month_name(month)}", held.get(month, []), form)


def land_permit_no(view: View, phase: Phase) -> str:
    assert phase.land is not None
    return f"地字第{view.config.district}{phase.land.signed_on.year}YG{int(phase.land.supervision_no[-5:]):07d}号"


def invested_by(p: Project, day: date) -> int:
    return sum(m.total for ph in p.phases for m in ph.fai if last_of(m.month) <= day)


def staff_on(firm: Firm, day: date) -> int:
    at = max(0, month_of(day) - FIRST_MONTH)
    return firm.staff[at] if at < len(firm.staff) else 0
