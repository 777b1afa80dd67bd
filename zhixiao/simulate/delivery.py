"""What a department hands over: rows of contract columns, a received day, a file name. Not yet a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from zhixiao.simulate.model import Phase, Project

Value = Any
"""str, int, bool, Decimal, date, datetime or None, by the value type of the column."""


@dataclass
class Line:
    """One row as stated: values by contract column, in the column's own unit; and whom it is truly about."""

    values: Mapping[str, Value]
    project: Project | None = None
    phase: Phase | None = None


@dataclass
class Delivery:
    """One file's worth of rows. `stem` is the file name without its ending."""

    source: str
    received_on: date
    stem: str
    lines: list[Line]
    form: str = "xlsx"
    title: str = ""
    period: int | None = None
    """The month that the banner names (tax, tax_summary)."""
    banner_office: str = ""
    coarse: frozenset[str] = field(default_factory=frozenset)
    """Date columns that this delivery states by the month only."""
    control: Mapping[str, Decimal] | None = None
    """A total row stands below the rows, and says so much more than they do, by column. None: as the style has it."""

    @property
    def name(self) -> str:
        """What a planting calls the file before its bytes, and so its hash, are there."""
        return f"{self.source}/{self.stem}"


def dec(n: int, places: int) -> Decimal:
    """An integer of 10**-places as a decimal."""
    return Decimal(n).scaleb(-places)
