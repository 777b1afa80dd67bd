"""Output regressed on power: slopes and odd points known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zhixiao.checks.power_fit import Point, fit, odd, two_way


def panel(firms: int = 21, months: int = 24, slope: float = 0.8) -> list[Point]:
    """ln output = firm + slope ln kWh + month + a small ripple that no firm or month explains."""
    points = []
    for i in range(firms):
        for t in range(months):
            kwh = 10 + 0.3 * math.sin(1.7 * i + 0.9 * t)
            ripple = 0.02 * math.sin(12.9 * i + 7.3 * t)
            made = 5 + 0.1 * i + 0.05 * t + slope * kwh + ripple
            points.append(Point("34", ("d", f"U{i:02d}"), f"{2024 + t // 12}-{t % 12 + 1:02d}", made, kwh))
    return points


def leapt(points: list[Point], firm: str, since: str, by: float) -> list[Point]:
    """The same with one firm's output told higher from a month on."""
    return [p._replace(ln_output=p.ln_output + by) if p.firm[1] == firm and p.month >= since else p for p in points]


def test_slope_and_effects_are_found_again() -> None:
    fitted = fit(panel())
    assert len(fitted) == 21 * 24
    assert fitted[0].slope == pytest.approx(0.8, abs=0.01)
    assert max(abs(f.residual) for f in fitted) < 0.03
    assert {f.firms for f in fitted} == {21}


def test_a_leap_stands_out_and_bends_nothing() -> None:
    fitted = fit(leapt(panel(), "U03", "2025-08", math.log(1.5)))
    assert fitted[0].slope == pytest.approx(0.8, abs=0.01)
    told = {f.month: f for f in fitted if f.firm[1] == "U03"}
    late = [told[m] for m in sorted(told) if m >= "2025-08"]
    assert [f.z is not None and f.z > 3.5 for f in late] == [True] * 5
    assert late[-1].residual == pytest.approx(math.log(1.5), abs=0.03)
    others = [f for f in fitted if f.firm[1] != "U03"]
    assert not [f for f in others if f.z is not None and f.z > 3.5]


def test_one_dark_meter_does_not_bend_the_line() -> None:
    dark = [p._replace(ln_kwh=2.0) if p.firm[1] == "U05" and p.month > "2025-06" else p for p in panel()]
    assert fit(dark)[0].slope == pytest.approx(0.8, abs=0.01)


def test_the_order_of_the_points_does_not_matter() -> None:
    points = panel(firms=5, months=6)
    assert fit(points) == fit(reversed(points))


def test_cells_are_fitted_apart_and_only_own_firms_are_told() -> None:
    here, there = panel(firms=5, months=8), [p._replace(cell="C") for p in panel(firms=5, months=8, slope=1.2)]
    there = [p._replace(is_own=p.firm[1] == "U00") for p in there]
    fitted = fit(here + there)
    assert {(f.cell, f.firm[1]) for f in fitted if f.cell == "C"} == {("C", "U00")}
    slopes = {f.cell: f.slope for f in fitted}
    assert slopes["34"] == pytest.approx(0.8, abs=0.05)
    assert slopes["C"] == pytest.approx(1.2, abs=0.05)
    assert {f.firms for f in fitted} == {5}


def test_a_value_is_not_in_its_own_reference() -> None:
    residuals, firms = np.array([5.0, 1.0, 2.0, 3.0]), np.array([0, 1, 1, 1])
    z = odd(residuals, firms, np.array([0]))
    assert z[0] == pytest.approx((5.0 - 2.0) / 1.4826)
    assert z[1:] == [None, None, None]


def test_without_spread_there_is_no_z() -> None:
    residuals, firms = np.array([1.0, 0.5, 0.5]), np.array([0, 1, 2])
    assert odd(residuals, firms, np.array([0])) == [None, None, None]
    assert odd(residuals[:1], firms[:1], np.array([0])) == [None]


def test_power_that_never_changes_explains_nothing() -> None:
    y, x = np.array([1.0, 2.0, 3.0, 4.5]), np.array([7.0, 7.0, 7.0, 7.0])
    slope, residuals = two_way(y, x, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert slope == 0.0
    assert residuals == pytest.approx([0.125, -0.125, -0.125, 0.125])


def test_nothing_in_nothing_out() -> None:
    assert fit([]) == []
