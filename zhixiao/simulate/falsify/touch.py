"""What several planters do alike to a project: its rounding unit, its months, its recognitions, its money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from zhixiao.simulate.calendar import first_of, month_of
from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import FIRST_MONTH, FaiMonth, Firm, Payment, Phase, Project, Recognition


def name_of(month: int) -> str:
    """A month as a period."""
    return f"{first_of(month):%Y-%m}"


def names_of(months: Iterable[int]) -> tuple[str, ...]:
    return tuple(name_of(m) for m in months)


def begin_of(month: int) -> date:
    """The first day that a report holds: that of February holds January."""
    return first_of(month - (month % 12 == 1))


def is_plain(p: Project) -> bool:
    """One filing that stands unchanged, of a firm that is known, in a row that stays."""
    return (
        p.firm is not None
        and len(p.phases) == 1
        and p.withdrawn_on is None
        and not p.is_ended
        and p.restated is None
        and p.phases[0].withdrawn_on is None
        and p.phases[0].corrected_on is None
        and not p.phases[0].changes
    )


def has_own_firm(p: Project) -> bool:
    """The firm stands behind this project alone, and was not there before."""
    return p.firm is not None and p.is_in_ledger and not p.is_expansion and not p.firm.is_background


def rounding_unit(phase: Phase) -> int:
    """The largest power of ten (万元, up to 1000) that divides every part of every month."""
    unit = 1000
    parts = [v for m in phase.fai for v in (m.build, m.equipment, m.other) if v]
    while unit > 1 and any(v % unit for v in parts):
        unit //= 10
    return unit


def whole_units(amount: int, unit: int) -> int:
    """At least one unit, and a whole number of them."""
    return max(unit, amount // unit * unit)


def total(phase: Phase) -> int:
    return sum(m.total for m in phase.fai)


def cumulative(phase: Phase, month: int) -> int:
    return sum(m.total for m in phase.fai if m.month <= month)


def scale(phase: Phase, to: int) -> None:
    """Let a filing's investment come to about `to`, not more, in the same shape and unit."""
    unit, had = rounding_unit(phase), max(1, total(phase))
    for name in ("build", "equipment", "other"):
        share = sum(getattr(m, name) for m in phase.fai) * to // had
        running, told, whole = 0, 0, max(1, sum(getattr(m, name) for m in phase.fai))
        for m in phase.fai:
            running += getattr(m, name)
            upto = share * running // whole // unit * unit
            setattr(m, name, upto - told)
            told = upto


def take_from_build(phase: Phase, amount: int, months: Iterable[FaiMonth]) -> int:
    """Lower works by up to `amount` over the months, the largest first; what was taken."""
    unit, taken = rounding_unit(phase), 0
    for m in sorted(months, key=lambda m: (-m.build, m.month)):
        part = max(0, min(amount - taken, m.build - unit)) // unit * unit
        m.build -= part
        taken += part
    return taken


def passed(p: Project, kind: str) -> Recognition | None:
    """The recognition of a kind that stands."""
    told = [r for r in p.recognitions if r.kind == kind and r.result in ("通过", "撤销")]
    return told[-1] if told and told[-1].result == "通过" else None


def recognise(p: Project, kind: str, actual: date, recognised: date) -> Recognition:
    """One recognition of a kind in the place of all that there were."""
    made = Recognition(kind, actual, max(recognised, actual), "通过")
    at = next((i for i, r in enumerate(p.recognitions) if r.kind == kind), len(p.recognitions))
    p.recognitions = [r for r in p.recognitions if r.kind != kind]
    p.recognitions.insert(at, made)
    return made


def unrecognise(p: Project, *kept: str) -> None:
    """Forget the recognitions of all other kinds."""
    p.recognitions = [r for r in p.recognitions if r.kind in kept]


def capital(p: Project, draws: Draws, day: date, fen: int) -> Payment:
    """Capital paid in by the investor."""
    assert p.firm is not None
    payer = next(((x.payer, x.payer_uscc) for x in p.payments if x.purpose == "到位资金"), (p.investor, ""))
    made = Payment(
        day, draws.whole(32400, 61200), *payer, p.firm.name, p.firm.uscc, fen, "到位资金", "", 0, "", False, False
    )
    p.payments.append(made)
    return made


def carry(p: Project) -> None:
    """Let the capital paid in come to what is invested now."""
    paid = [x for x in p.payments if x.purpose == "到位资金"]
    had, needed = sum(x.fen for x in paid), sum(total(phase) for phase in p.phases) * 1000000
    for x in paid if needed > had else ():
        x.fen = max(x.fen, -(-x.fen * needed // had))


def silence(firm: Firm, day: date, *, staff: bool = True) -> None:
    """From the month of a day on a firm sells, buys, uses and employs nothing."""
    start = max(0, month_of(day) - FIRST_MONTH)
    for series in (firm.sales, firm.equipment, firm.power, *([firm.staff] if staff else [])):
        series[start:] = [0] * (len(series) - start)


def is_of(phase: Phase, line: Line, month: int) -> bool:
    """Whether a row of the investment report is about this filing and month."""
    return line.phase is phase and month_of(line.values["stat_period"]) == month


def lines_of(delivery: Delivery, phase: Phase) -> list[Line]:
    return [x for x in delivery.lines if x.phase is phase]


def restated(line: Line, **values: object) -> Line:
    return replace(line, values={**line.values, **values})


def days_before(day: date, n: int) -> date:
    return day - timedelta(days=n)
