"""What a bulletin is made of: figures with the place they stand in, tables, charts and sections.

A page and a workbook show the same tables, so a figure is read once and cannot differ between them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

PLACES = {
    "count": 0,
    "rank": 0,
    "move": 0,
    "days": 0,
    "days1": 1,
    "rate": 1,
    "wan": 2,
    "wan_change": 2,
    "kwh": 0,
    "number": 2,
}
NOTHING = "—"


def shown(value: Decimal | int | None, unit: str) -> str:
    """A figure as people read it: rates as per cent, thousands parted, a dash where there is none."""
    if value is None:
        return NOTHING
    number = Decimal(value) * 100 if unit == "rate" else Decimal(value)
    rounded = number.quantize(Decimal(1).scaleb(-PLACES[unit]), ROUND_HALF_UP)
    if rounded == 0:
        rounded = abs(rounded)
    if unit == "move":
        return "↑" + str(rounded) if rounded > 0 else "↓" + str(-rounded) if rounded < 0 else "持平"
    return f"{rounded:,}%" if unit == "rate" else f"{rounded:,}"


@dataclass(frozen=True)
class Figure:
    """A number with its unit and address: `select <expr> from <table> where <where>` gives it again."""

    value: Decimal | int | None
    unit: str
    table: str
    expr: str
    where: Mapping[str, Any]

    @property
    def text(self) -> str:
        return shown(self.value, self.unit)

    @property
    def address(self) -> str:
        where = {k: v.isoformat() if isinstance(v, date) else v for k, v in self.where.items()}
        return json.dumps(
            {"table": self.table, "expr": self.expr, "where": where, "unit": self.unit}, ensure_ascii=False
        )


@dataclass(frozen=True)
class Head:
    """A cell of a table's head or the name of a row, with the key of the definition that it is footnoted with."""

    text: str
    across: int = 1
    down: int = 1
    note: str = ""


Cell = Figure | Head | str | date | None


@dataclass(frozen=True)
class Table:
    """A table as it is printed: merged head, rows, 合计, what to say below. `name` is its sheet."""

    name: str
    title: str
    unit: str
    head: Sequence[Sequence[Head]]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None
    empty: str = "本期没有。"
    remark: str = ""
    wide: frozenset[int] = frozenset()
    """Columns that hold long texts."""
    rows_on_page: int | None = None
    workbook_only: bool = False

    @property
    def width(self) -> int:
        return sum(h.across for h in self.head[0])

    @property
    def note_keys(self) -> list[str]:
        """The definitions that its head and its rows are footnoted with, in their order."""
        cells: list[Cell] = [c for line in [*self.head, *self.rows] for c in line]
        return list(dict.fromkeys(c.note for c in cells if isinstance(c, Head) and c.note))

    @property
    def page_rows(self) -> Sequence[Sequence[Cell]]:
        return self.rows if self.rows_on_page is None else self.rows[: self.rows_on_page]


@dataclass(frozen=True)
class Note:
    """A definition that figures are footnoted with."""

    key: str
    label: str
    definition: str
    table: str


@dataclass
class Section:
    """A part of a page: sentences (of texts and figures), charts as SVG, tables."""

    anchor: str
    title: str
    leads: list[Sequence[Figure | str]] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass
class Document:
    """A whole page or workbook."""

    title: str
    subtitle: str
    issuer: str
    sections: list[Section]
    notes: list[Note]
    release: Mapping[str, Any]
    one_page: bool = False

    def note_no(self, key: str) -> int:
        """The number of a footnote, from 1. A key without a definition is a mistake of the program."""
        return next(i for i, n in enumerate(self.notes, start=1) if n.key == key)

    @property
    def tables(self) -> list[Table]:
        return [t for s in self.sections for t in s.tables]
