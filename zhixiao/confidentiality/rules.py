"""The parameters of suppression, and the rule that a cell has to pass by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Rules:
    """`max_share` of a cell may come from one firm; `protection` is the part of a figure by which every
    estimate of it has to be off, to either side."""

    min_firms: int = 3
    max_share: Decimal = Decimal("0.8")
    protection: Decimal = Decimal("0.1")


@dataclass(frozen=True)
class Member:
    """What one firm brings into one cell. `rank` says how much the cell is wanted: lower ones go first."""

    cell: str
    firm: str
    value: Decimal
    rank: int = 0


def fault(values: Collection[Decimal], rules: Rules) -> str:
    """Why a cell of these values may not be shown; empty when it may."""
    total = sum(values, Decimal(0))
    if len(values) < rules.min_firms:
        return "few_firms"
    if max(map(abs, values)) == 0:
        # That all of it is nothing says of every firm that it had nothing.
        return "all_zero"
    if max(map(abs, values)) > rules.max_share * abs(total):
        return "dominance"
    return ""
