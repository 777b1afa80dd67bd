"""Texts of others in files that a spreadsheet opens: what begins like a formula stays a text.

Every CSV and every workbook that we write goes through here. In a workbook a text keeps its wording: the cell is of
the type text and carries the quote mark of the spreadsheet. A CSV has no types, so the text gets an apostrophe in
front, which `csv_text_read` takes away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

LONGEST_CELL = 32767
# Full-width forms count too: some programs fold them to the plain ones when they open or import a file.
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20\u2212"
_FORMULA = re.compile(rf"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[{_STARTS}\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def like_formula(text: str) -> bool:
    """Whether a spreadsheet could take a text for a formula. A plain number such as -12.5 is a number."""
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None


def csv_text(text: str) -> str:
    """A text for a cell of a CSV. `csv_text_read` gives it back as it was."""
    return f"'{text}" if like_formula(text.lstrip("'")) else text


def csv_text_read(text: str) -> str:
    """What a cell that `csv_text` wrote says."""
    return text[1:] if text.startswith("'") and like_formula(text.lstrip("'")) else text


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Rows as the lines of a CSV; texts are guarded, other values written as they are."""
    lines = []
    for row in rows:
        out = io.StringIO(newline="")
        # With this terminator a lone carriage return is quoted too.
        csv.writer(out, lineterminator="\r\n").writerow([csv_text(v) if isinstance(v, str) else v for v in row])
        lines.append(out.getvalue().removesuffix("\r\n"))
    return "".join(f"{line}\n" for line in lines)


def cell_text(text: str) -> str:
    """A text as a cell of a workbook can hold it."""
    return _NOT_IN_XML.sub("", text)[:LONGEST_CELL]


def put(cell: Cell, value: Any) -> None:
    """A value into a cell of a workbook: a text is never a formula, a date or a number by its look."""
    if not isinstance(value, str):
        cell.value = value
        return
    text = cell_text(value)
    if not text:
        cell.value = None
        return
    cell.value = text
    cell.data_type = "s"
    if like_formula(text):
        cell.quotePrefix = True  # type: ignore[attr-defined]


def put_row(sheet: Worksheet, row: int, values: Iterable[str | int | float | Decimal | None]) -> None:
    """Values into a row of a sheet, from the first column on."""
    for column, value in enumerate(values, start=1):
        if value is not None:
            put(sheet.cell(row, column), value)  # type: ignore[arg-type]
