"""Plain text for people: columns that line up although Chinese characters are twice as wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal


def width(text: str) -> int:
    """How many places a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, places: int, right: bool = False) -> str:
    """A text filled up with blanks to a width; longer ones stay as they are."""
    blanks = " " * max(0, places - width(text))
    return blanks + text if right else text + blanks


def table(rows: Sequence[Sequence[str]], indent: str = "  ", right: Sequence[int] = ()) -> str:
    """Rows of text as aligned columns, two blanks apart. `right` names the columns that are numbers."""
    if not rows:
        return ""
    places = [max(width(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = (indent + "  ".join(pad(cell, places[i], i in right) for i, cell in enumerate(r)).rstrip() for r in rows)
    return "\n".join(lines)


def number(value: Decimal | int | float | None, places: int = 0) -> str:
    """A number with thousands separators; a dash for none."""
    return "—" if value is None else f"{value:,.{places}f}"


def percent(value: Decimal | float | None) -> str:
    """A share as per cent; a dash where there is no denominator."""
    return "—" if value is None else f"{Decimal(value) * 100:.1f}%"
