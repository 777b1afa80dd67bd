"""What lifelines says of the landing of projects, month by month, beside the rows of mart_landing_cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lifelines import KaplanMeierFitter

from tests.dbt.funnel_by_hand import add_months

HALF_A_MILLIONTH = 0.000_000_51


@dataclass(frozen=True)
class Signed:
    """A signed project: when its stage came, when its row was gone, both by as_of or None."""

    signed_on: date
    reached_on: date | None
    withdrawn_on: date | None
    amount: Decimal


def whole_months(first: date, last: date) -> int:
    """The most calendar months that fit between two days, never negative."""
    months = 0
    while add_months(first, months + 1) <= last:
        months += 1
    return months


def followed(project: Signed, as_of: date) -> tuple[int, bool]:
    """(duration, landed): withdrawal and as_of are censoring."""
    seen_until = min(as_of, project.withdrawn_on or as_of)
    landed = project.reached_on is not None and project.reached_on <= seen_until
    last = project.reached_on if landed and project.reached_on else seen_until
    return whole_months(project.signed_on, last), landed


def assert_curve(rows: Iterable[Mapping[str, Any]], projects: list[Signed], as_of: date) -> None:
    """Every month of one signing year, reading and variant, as lifelines and as counting on fingers have it."""
    durations, landed = zip(*(followed(p, as_of) for p in projects), strict=True)
    fitted = KaplanMeierFitter().fit(durations, landed)
    by_basis: dict[str, dict[int, Mapping[str, Any]]] = {"count": {}, "amount": {}}
    for row in rows:
        by_basis[row["basis"]][row["months_since_signing"]] = row
    months = list(range(max(durations) + 1))
    assert sorted(by_basis["count"]) == sorted(by_basis["amount"]) == months
    survival = fitted.survival_function_at_times(months)
    intervals = fitted.confidence_interval_survival_function_
    year_end = date(projects[0].signed_on.year, 12, 31)
    standing = [p for p in projects if p.withdrawn_on is None]
    for month in months:
        row = by_basis["count"][month]
        assert row["at_risk"] == sum(d >= month for d in durations)
        assert row["events"] == sum(d == month and e for d, e in zip(durations, landed, strict=True))
        assert row["censored"] == sum(d == month and not e for d, e in zip(durations, landed, strict=True))
        lower, upper = intervals.loc[:month].iloc[-1]
        for name, expected in (
            ("km_value", 1 - survival[month]),
            ("km_lower", 1 - upper),
            ("km_upper", 1 - lower),
        ):
            assert abs(float(row[name]) - expected) <= HALF_A_MILLIONTH, (month, name, row[name], expected)
        reached = [p for p in standing if p.reached_on and p.reached_on <= add_months(p.signed_on, month)]
        assert (row["numerator"], row["denominator"]) == (len(reached), len(standing))
        amounts = by_basis["amount"][month]
        assert amounts["numerator"] == sum((p.amount for p in reached), Decimal(0))
        assert amounts["denominator"] == sum((p.amount for p in standing), Decimal(0))
        assert amounts["km_value"] is None and amounts["at_risk"] is None
        assert row["is_mature"] is (add_months(year_end, month) <= as_of)
