"""The figures of one quantity as a linear system: what can be shown is rows, what firms have is unknowns.

Firms that stand in the same cells cannot be told apart by any of them: they are one unknown, with their sum. What
somebody who reads everything can say of a target is what the shown rows leave open: nothing (it lies in their row
space), or an interval, since hardly anybody pays less than nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Vector = npt.NDArray[np.float64]

# Entries are 0 and 1 and bases are orthonormal: what is not 0 is far above this.
ZERO = 1e-7


@dataclass(frozen=True)
class Group:
    """Firms with the same cells: how many, their sum, the largest of them, and the least that may be believed."""

    firms: int
    total: Decimal
    largest: Decimal
    least: Decimal


class System:
    """Rows are different sets of firms, columns groups of firms; `shown` are the rows that are published."""

    def __init__(self, rows: Mapping[str, Mapping[str, Decimal]]) -> None:
        self.keys = sorted(rows)
        cells_of: dict[str, list[int]] = {}
        values: dict[str, Decimal] = {}
        for i, key in enumerate(self.keys):
            for firm, value in rows[key].items():
                cells_of.setdefault(firm, []).append(i)
                values[firm] = value
        members: dict[tuple[int, ...], list[Decimal]] = {}
        for firm in sorted(cells_of):
            members.setdefault(tuple(cells_of[firm]), []).append(values[firm])
        signatures = sorted(members)
        self.groups = [_group(members[s]) for s in signatures]
        self.matrix: Vector = np.zeros((len(self.keys), len(signatures)))
        for column, signature in enumerate(signatures):
            self.matrix[list(signature), column] = 1.0
        scale = max((abs(g.total) for g in self.groups), default=Decimal(0)) or Decimal(1)
        self.scale = scale
        self.x: Vector = np.array([float(g.total / scale) for g in self.groups])
        self.least: Vector = np.array([float(g.least / scale) for g in self.groups])
        self.shown: list[bool] = [True] * len(self.keys)
        self._space: tuple[Vector, Vector, Vector] | None = None

    def rows(self) -> Vector:
        """The published rows."""
        return self.matrix[self.shown]

    def row(self, i: int) -> Vector:
        """Row i, published or not."""
        row: Vector = self.matrix[i]
        return row

    def unit(self, group: int) -> Vector:
        """The sum of one group."""
        vector: Vector = np.zeros(self.x.size)
        vector[group] = 1.0
        return vector

    def hide(self, i: int) -> None:
        """Publish row i no longer."""
        self.shown[i] = False
        self._space = None

    def _parts(self) -> tuple[Vector, Vector, Vector]:
        """The published rows as u * s @ v: v is an orthonormal basis, by rows, of all that follows from them."""
        if self._space is None:
            self._space = _decomposed(self.rows())
        return self._space

    def open_part(self, targets: Vector) -> Vector:
        """What the published rows leave open of each target (a row); 0 where it follows from them."""
        basis = self._parts()[2]
        rest: Vector = targets - (targets @ basis.T) @ basis
        return rest

    def open_products(self, columns: list[int]) -> Vector:
        """The inner products of what is left open of these groups."""
        basis = self._parts()[2][:, columns]
        products: Vector = np.eye(len(columns)) - basis.T @ basis
        return products

    def behind(self, target: Vector) -> list[int]:
        """The published rows that make up a target which follows from them."""
        index = np.flatnonzero(self.shown)
        u, s, basis = self._parts()
        parts = u @ ((basis @ target) / s)
        return [int(i) for i in index[np.abs(parts) > ZERO]]

    def bound(self, target: Vector, sign: int) -> tuple[float, list[int]]:
        """The most (sign 1) or the least (sign -1) that a target can be, and the published rows that say so."""
        index = np.flatnonzero(self.shown)
        rows = self.rows()
        told: Any = linprog(
            -sign * target,
            A_eq=rows if index.size else None,
            b_eq=rows @ self.x if index.size else None,
            bounds=list(zip(self.least, [None] * self.x.size, strict=True)),
            method="highs",
        )
        if told.status == 3:
            return sign * np.inf, []
        if told.status != 0:
            # Nothing is feasible but the figures themselves, which are: as bad as knowing them.
            return float(target @ self.x), [int(i) for i in index[rows @ target > ZERO]]
        parts = np.asarray(told.eqlin.marginals)
        return -sign * float(told.fun), [int(i) for i in index[np.abs(parts) > ZERO]]

    def reach(self, targets: Vector) -> tuple[Vector, Vector]:
        """How far each target (a row) can surely rise and fall, along one direction only: at most the truth."""
        free = self.x - self.least > ZERO
        basis = _decomposed(self.rows()[:, free])[2]
        directions = np.zeros_like(targets)
        directions[:, free] = targets[:, free] - (targets[:, free] @ basis.T) @ basis
        directions[np.abs(directions) <= ZERO] = 0.0
        gain = np.einsum("ij,ij->i", directions, targets)
        room = (self.x - self.least)[None, :]
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.where(directions < 0, room / -directions, np.inf).min(axis=1, initial=np.inf)
            down = np.where(directions > 0, room / directions, np.inf).min(axis=1, initial=np.inf)
            rise = np.where(gain > ZERO, up * gain, 0.0)
            fall = np.where(gain > ZERO, down * gain, 0.0)
        return rise, fall


def _decomposed(rows: Vector) -> tuple[Vector, Vector, Vector]:
    """Singular vectors and values of rows, those that are not 0."""
    if 0 in rows.shape:
        return np.zeros((rows.shape[0], 0)), np.zeros(0), np.zeros((0, rows.shape[1]))
    u, s, v = np.linalg.svd(rows, full_matrices=False)
    kept = s > ZERO
    return u[:, kept], s[kept], v[kept]


def _group(values: list[Decimal]) -> Group:
    # A firm that got money back could have got back twice as much: refunds are not bounded by nothing.
    least = sum((min(Decimal(0), 2 * v) for v in values), Decimal(0))
    return Group(len(values), sum(values, Decimal(0)), max(values), least)
