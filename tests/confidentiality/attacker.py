"""Somebody who reads everything that is published and wants one firm's figure.

Shares nothing with what it attacks: unknowns are firms and not groups of them, elimination is exact (fractions), and
the bounds are linear programmes over all published cells and totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import numpy as np
from scipy.optimize import linprog

Cells = Mapping[str, Mapping[str, Decimal]]


class Attacker:
    """Knows the shown cells and who stands in which cell."""

    def __init__(self, cells: Cells, shown: set[str]) -> None:
        self.cells = cells
        self.hidden = sorted(set(cells) - shown)
        self.shown = sorted(shown)
        self.firms = sorted({f for members in cells.values() for f in members})
        self.values = {f: v for members in cells.values() for f, v in members.items()}
        self.basis = _reduced([self._vector(c) for c in self.shown])

    def _vector(self, cell: str) -> list[Fraction]:
        return [Fraction(int(f in self.cells[cell])) for f in self.firms]

    def works_out(self, vector: list[Fraction]) -> bool:
        """Whether a combination of firms' figures follows from the shown cells by addition and subtraction."""
        return not any(_rest(self.basis, vector))

    def known_cells(self) -> list[str]:
        """Hidden cells that follow."""
        return [c for c in self.hidden if self.works_out(self._vector(c))]

    def known_firms(self) -> list[str]:
        """Single firms whose figure follows."""
        return [f for f in self.firms if self.works_out(self._unit(f))]

    def known_to_each_other(self) -> list[tuple[str, str]]:
        """Pairs of which each, knowing itself, can work out the other: what the shown cells leave open of one is a
        multiple of what they leave open of the other."""
        open_parts: dict[tuple[Fraction, ...], str] = {}
        found = []
        for firm in self.firms:
            rest = _rest(self.basis, self._unit(firm))
            head = next((x for x in rest if x), None)
            if head is None:
                continue
            other = open_parts.setdefault(tuple(x / head for x in rest), firm)
            if other != firm:
                found.append((other, firm))
        return found

    def interval(self, cell: str) -> tuple[float, float]:
        """What a cell can be if nobody pays less than nothing (who got money back: twice as much)."""
        return self._interval([float(x) for x in self._vector(cell)])

    def firm_interval(self, firm: str) -> tuple[float, float]:
        """The same of one firm."""
        return self._interval([float(x) for x in self._unit(firm)])

    def _interval(self, target: list[float]) -> tuple[float, float]:
        # The attacker works in units of the largest figure, as any solver would.
        scale = float(max((abs(v) for v in self.values.values()), default=Decimal(0))) or 1.0
        rows = np.array([[float(x) for x in self._vector(c)] for c in self.shown])
        x = np.array([float(self.values[f]) / scale for f in self.firms])
        ends = []
        for sign in (1.0, -1.0):
            told = linprog(
                [sign * t for t in target],
                A_eq=rows if self.shown else None,
                b_eq=rows @ x if self.shown else None,
                bounds=[(min(0.0, 2 * v), None) for v in x],
            )
            ends.append(-sign * np.inf if told.status == 3 else sign * float(told.fun) * scale)
        return ends[0], ends[1]

    def _unit(self, firm: str) -> list[Fraction]:
        return [Fraction(int(f == firm)) for f in self.firms]


def _reduced(rows: list[list[Fraction]]) -> list[tuple[int, list[Fraction]]]:
    basis: list[tuple[int, list[Fraction]]] = []
    for row in rows:
        longer = _extended(basis, row)
        if longer is not None:
            basis = longer
    return basis


def _rest(basis: list[tuple[int, list[Fraction]]], vector: list[Fraction]) -> list[Fraction]:
    rest = list(vector)
    for pivot, row in basis:
        if rest[pivot]:
            factor = rest[pivot]
            rest = [a - factor * b for a, b in zip(rest, row, strict=True)]
    return rest


def _extended(
    basis: list[tuple[int, list[Fraction]]], vector: list[Fraction]
) -> list[tuple[int, list[Fraction]]] | None:
    """The basis with one more row; None when the row adds nothing."""
    rest = _rest(basis, vector)
    pivot = next((i for i, x in enumerate(rest) if x), None)
    if pivot is None:
        return None
    head = rest[pivot]
    return [*basis, (pivot, [x / head for x in rest])]
