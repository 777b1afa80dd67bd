"""Output against power (R24): ln output = a_firm + b ln kWh + g_month + e, by cell, and how odd each residual is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]

SPREAD = 1.4826
"""Makes a MAD the standard deviation of a normal."""
STEPS = 500
STILL = 1e-10
SWEEPS = 6
ROUNDS = 20
ODD = 3.5
"""A residual beyond this many MADs takes no part in the fit (the 3.5 of R24)."""


class Point(NamedTuple):
    """A firm in a month: logarithms of what it made and of what it used."""

    cell: str
    firm: tuple[str, str]
    month: str
    ln_output: float
    ln_kwh: float
    is_own: bool = True
    """Whether the firm is judged in this cell: a firm of a large division only stands in its section for others."""


class Fitted(NamedTuple):
    """What the regression of its cell says of a point; z is None where the others do not spread."""

    cell: str
    firm: tuple[str, str]
    month: str
    firms: int
    slope: float
    residual: float
    z: float | None


def without_means(values: Numbers, firms: Labels, months: Labels, kept: NDArray[np.bool_]) -> Numbers:
    """Take the means of firms and months over the kept points out of all, in turn, until nothing moves: an unbalanced
    panel has no closed form."""
    left = values.copy()
    weights = kept.astype(np.float64)
    of_firm = np.maximum(np.bincount(firms, weights), 1.0)
    of_month = np.maximum(np.bincount(months, weights), 1.0)
    for _ in range(STEPS):
        by_firm = (np.bincount(firms, left * weights) / of_firm)[firms]
        left = left - by_firm
        by_month = (np.bincount(months, left * weights) / of_month)[months]
        left = left - by_month
        if float(np.max(np.abs(by_firm))) + float(np.max(np.abs(by_month))) < STILL:
            break
    return left


def near(values: Numbers) -> NDArray[np.bool_]:
    """Which values are within `ODD` MADs of the median; all of them where half are equal."""
    away = np.abs(values - np.median(values))
    reach = ODD * SPREAD * float(np.median(away))
    return away <= reach if reach > 0 else np.ones(len(values), dtype=np.bool_)


def middles(values: Numbers, groups: Labels) -> Numbers:
    """The median of the group of each value."""
    order = np.lexsort((values, groups))
    held = values[order]
    size = np.bincount(groups)
    first = np.cumsum(size) - size
    middle = (held[first + (size - 1) // 2] + held[first + size // 2]) / 2
    return np.asarray(middle[groups], dtype=np.float64)


def polished(values: Numbers, firms: Labels, months: Labels) -> Numbers:
    """Take medians of firms and months out in turn: effects that a minority of odd points does not move."""
    left = values
    for _ in range(SWEEPS):
        left = left - middles(left, firms)
        left = left - middles(left, months)
    return left - middles(left, firms)


def sloped(y: Numbers, x: Numbers, firms: Labels, months: Labels, kept: NDArray[np.bool_]) -> float:
    """Least squares over the kept points with effects of firm and month; 0 where power does not vary."""
    free_x = without_means(x, firms, months, kept)[kept]
    free_y = without_means(y, firms, months, kept)[kept]
    spread = float(free_x @ free_x)
    return float(free_x @ free_y) / spread if spread > 1e-9 else 0.0


def two_way(y: Numbers, x: Numbers, firms: Labels, months: Labels) -> tuple[float, Numbers]:
    """Slope and residuals of y on x with effects of firm and month.

    Least squares over the points that are not odd: first without those whose power is, as a dark meter has all the
    leverage, then without those that lie off the line, until the same points stay. Residuals are taken from medians,
    so that neither a leap nor an odd year moves the level of its firm.
    """
    kept = near(polished(x, firms, months))
    slope, residuals = 0.0, y
    for _ in range(ROUNDS):
        slope = sloped(y, x, firms, months, kept)
        residuals = polished(y - slope * x, firms, months)
        stay = near(residuals)
        if bool(np.all(stay == kept)):
            break
        kept = stay
    return slope, residuals


def odd(residuals: Numbers, firms: Labels, asked: Labels) -> list[float | None]:
    """Robust z of each residual of the firms asked for against those of the other firms: a value is never in its own
    reference group."""
    out: list[float | None] = [None] * len(residuals)
    for firm in asked:
        others = residuals[firms != firm]
        if not len(others):
            continue
        middle = float(np.median(others))
        mad = SPREAD * float(np.median(np.abs(others - middle)))
        if mad > 0:
            for i in np.flatnonzero(firms == firm):
                out[i] = (float(residuals[i]) - middle) / mad
    return out


def fit(points: Iterable[Point]) -> list[Fitted]:
    """Every cell by itself, the firms that are judged there; the order of the points does not matter."""
    out: list[Fitted] = []
    for cell, held in groupby(sorted(points), key=lambda p: p.cell):
        rows = list(held)
        names, firms = np.unique(np.array(["|".join(p.firm) for p in rows]), return_inverse=True)
        _, months = np.unique(np.array([p.month for p in rows]), return_inverse=True)
        y, x = np.array([p.ln_output for p in rows]), np.array([p.ln_kwh for p in rows])
        slope, residuals = two_way(y, x, firms, months)
        asked = np.unique(firms[np.array([p.is_own for p in rows])])
        out += [
            Fitted(cell, p.firm, p.month, len(names), slope, float(e), z)
            for p, e, z in zip(rows, residuals, odd(residuals, firms, asked), strict=True)
            if p.is_own
        ]
    return out
