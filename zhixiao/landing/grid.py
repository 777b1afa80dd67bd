"""The cells of a delivered file as relations of text: one `Sheet` a worksheet, a table or a CSV file.

Every relation has the columns `row_number BIGINT, c1 .. cN VARCHAR`. `row_number` is the 1-based physical row
(CSV: the record), with blank rows counted; rows without any text are not in the relation. Cells keep their text
as it is; an empty text is NULL. The relations are views over files: keep `workdir` (and the delivered file) as
long as the sheets are used.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from zhixiao.landing.container import LIMITS, Limits, Payload
from zhixiao.landing.grid_csv import read_csv_sheet
from zhixiao.landing.grid_html import read_html_sheets
from zhixiao.landing.grid_workbook import read_workbook_sheets
from zhixiao.landing.sheet import HEAD_ROWS, Sheet

__all__ = ["HEAD_ROWS", "Sheet", "read_sheets"]


def read_sheets(
    con: duckdb.DuckDBPyConnection, payload: Payload, workdir: Path, limits: Limits = LIMITS
) -> list[Sheet]:
    """All grids of a payload, in the order of the file. Raises `Refusal` when it cannot be read faithfully."""
    workdir.mkdir(parents=True, exist_ok=True)
    if payload.kind == "csv":
        return [read_csv_sheet(con, payload, workdir, limits)]
    if payload.kind == "html":
        return read_html_sheets(con, payload, workdir, limits)
    return read_workbook_sheets(con, payload, workdir, limits)
