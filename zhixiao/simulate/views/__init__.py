"""The truth as each department states it: 28 sources, each in its mode, rhythm and form, with its received days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.falsify.scene import Edit
from zhixiao.simulate.model import World
from zhixiao.simulate.views import documents, ledger, months, registers
from zhixiao.simulate.views.view import View

HORIZON = date(2026, 2, 27)
"""Nothing is received later: the last day under raw/."""


def deliveries(world: World, source: str) -> Iterator[Delivery]:
    """All deliveries of one source in the order in which they were received."""
    view = View(world, source)
    since = world.config.since
    is_monthly_register = view.contract.mode == "register" and view.contract.rhythm == "monthly"
    thinned = 0
    backlog: list[Line] = []
    for made in _edited(_VIEWS[source](view), world.edits.get(source, [])):
        if made.received_on > HORIZON:
            continue
        if is_monthly_register and made.received_on < world.config.registers_monthly_from:
            thinned += 1
            if thinned % 3:
                continue
        if since is not None and made.received_on < since:
            if view.contract.mode == "events":
                backlog += made.lines
            continue
        if backlog:
            made.lines = backlog + made.lines
            backlog = []
        yield made


_VIEWS: dict[str, Callable[[View], Iterator[Delivery]]] = {
    "above_scale": registers.above_scale,
    "acceptance": documents.acceptance,
    "agreement": ledger.agreement,
    "completion": ledger.completion,
    "enterprise": registers.enterprise,
    "event": registers.event,
    "expansion": ledger.expansion,
    "fai": months.fai,
    "fdi": documents.fdi,
    "filing": documents.filing,
    "fund": registers.fund,
    "land": documents.land,
    "land_reserve": registers.land_reserve,
    "milestone": ledger.milestone,
    "output": months.output,
    "payment": documents.payment,
    "permit": documents.permit,
    "power": months.power,
    "recognition": documents.recognition,
    "sales": months.sales,
    "scenario": registers.scenario,
    "signing": ledger.signing,
    "social": months.social,
    "submission_log": months.submission_log,
    "supervision": documents.supervision,
    "target": registers.target,
    "tax": months.tax,
    "tax_summary": months.tax_summary,
}

SOURCES = tuple(_VIEWS)


def _edited(made: Iterator[Delivery], edits: Sequence[Edit]) -> Iterator[Delivery]:
    """What is handed over after everybody who falsifies has had it in hands."""
    for delivery in made:
        held = [delivery]
        for edit in edits:
            held = [changed for one in held for changed in edit(one)]
        yield from held
