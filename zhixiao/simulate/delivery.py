"""What a department hands over: rows of contract columns, a received day, a file name. Not yet a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from zhixiao.simulate.model import Phase, Project

Value = str | int | bool | Decimal | date | datetime | None


@dataclass
class Line:
    """One row as stated: values by contract column, in the column's own unit; and whom it is truly about."""

    values: dict[str, Value]
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


def dec(n: int, places: int) -> Decimal:
    """An integer of 10**-places as a decimal."""
    return Decimal(n).scaleb(-places)
