"""Workbooks as relations of text: .xlsx through DuckDB's excel extension, .xls through calamine.

The extension gives numbers as they are stored (`9.13207007040480E+17`, dates as serials) and is two to three
times as fast as any other reader. It runs in a connection of its own: a damaged workbook can bring a DuckDB
connection down for good (an index into shared strings that does not exist is an internal error). What it does
not read, or would put into wrong rows, goes through calamine.
"""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import python_calamine

from zhixiao.errors import ConfigError
from zhixiao.landing import relation
from zhixiao.landing.container import LIMITS, Limits, Payload
from zhixiao.landing.refusal import Refusal, too_large, unreadable
from zhixiao.landing.sheet import HEAD_ROWS, Sheet
from zhixiao.landing.xlsx_parts import (
    SheetExtent,
    WorkbookSheet,
    check_reach,
    column_letters,
    damaged,
    plain_package,
    read_parts,
    scan_sheet,
)

log = logging.getLogger(__name__)

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_workbook_sheets(
    con: duckdb.DuckDBPyConnection, payload: Payload, workdir: Path, limits: Limits = LIMITS
) -> list[Sheet]:
    """The worksheets of a workbook in its order, hidden ones marked, chart sheets left out."""
    if payload.kind == "xls":
        return _read_xls(con, payload, workdir, limits)
    return _read_xlsx(con, payload, workdir, limits)


def _read_xlsx(con: duckdb.DuckDBPyConnection, payload: Payload, workdir: Path, limits: Limits) -> list[Sheet]:
    parts = read_parts(payload.path, payload.label, limits)
    package = plain_package(payload.path, workdir, payload.label, limits)
    sheets = []
    for entry in parts.sheets:
        extent = scan_sheet(package, entry.part, payload.label, limits)
        if extent.last_column > limits.max_columns:
            raise too_large(
                f"列数过多（{extent.last_column} 列）：{payload.label}，工作表「{entry.name}」。",
                f"Too many columns ({extent.last_column}): {payload.label}, sheet {entry.name}.",
            )
        target = workdir / f"{relation.new_name()}.parquet"
        by_calamine = False
        if not _by_extension(package, entry, extent, parts.escaped or extent.escaped, target, payload.label):
            by_calamine = True
            check_reach(package, entry.part, payload.label)
            workbook = _calamine(package, payload.label)
            _by_calamine(workbook, entry.name, target, payload.label, limits)
        n_columns = _width(target)
        name = relation.view_parquet(con, target)
        sheets.append(
            Sheet(
                name=entry.name,
                hidden=entry.hidden,
                relation=name,
                n_columns=n_columns,
                merges=extent.merges,
                date1904=parts.date1904,
                head=relation.head_of(con, name, n_columns, HEAD_ROWS),
            )
        )
        if by_calamine:
            log.info("%s, sheet %s: read by calamine", payload.label, entry.name)
    return sheets


def _width(target: Path) -> int:
    import pyarrow.parquet as pq

    return len(pq.read_schema(target).names) - 1


@lru_cache(maxsize=1)
def excel_extension() -> str:
    """The path of the excel extension inside its wheel (nothing is downloaded)."""
    folder = resources.files("duckdb_extension_excel") / "extensions"
    version = f"v{duckdb.__version__}"
    path = folder / version / "excel.duckdb_extension"
    if not path.is_file():
        raise ConfigError(
            f"找不到 DuckDB excel 扩展（{version}）。请安装 duckdb-extension-excel=={duckdb.__version__}。",
            f"DuckDB's excel extension {version} is missing. Install duckdb-extension-excel=={duckdb.__version__}.",
        )
    return str(path)


def _by_extension(
    path: Path, entry: WorkbookSheet, extent: SheetExtent, escaped: bool, target: Path, label: str
) -> bool:
    """Write the sheet through the extension. False when it does not read it, or not in the right rows."""
    if not extent.last_row or not extent.last_column:
        relation.write_parquet([], 1, target)
        return extent.ordered
    if not extent.ordered:
        return False
    names = relation.columns(extent.last_column)
    area = f"A1:{column_letters(extent.last_column)}{extent.last_row}"
    letters = [column_letters(i) for i in range(1, extent.last_column + 1)]
    cells = ", ".join(f"nullif(\"{x}\", '') AS {c}" for x, c in zip(letters, names, strict=True))
    query = (
        f"SELECT * FROM (SELECT row_number() OVER () AS row_number, {cells} FROM read_xlsx("
        f"{relation.file_literal(path)}, sheet = {relation.quoted(entry.name)}, all_varchar = true, "
        f"header = false, stop_at_empty = false, range = '{area}')) WHERE coalesce({', '.join(names)}) IS NOT NULL"
    )
    try:
        with duckdb.connect(config={"threads": 2}) as own:
            own.execute("set enable_progress_bar = false")
            own.load_extension(excel_extension())
            if escaped:
                rows = own.execute(query).fetchall()
                relation.write_parquet(((r[0], [_unescaped(c) for c in r[1:]]) for r in rows), len(names), target)
            else:
                own.execute(f"COPY ({query}) TO {relation.quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)")
    except duckdb.Error as error:
        if "XML parse error" in str(error):
            raise damaged(label) from error
        log.info("the excel extension does not read %s: %s", entry.name, str(error)[:200])
        return False
    return True


def _unescaped(text: str | None) -> str | None:
    """`_x000D_` and the like as the characters they stand for (NUL as nothing, half a character as a mark)."""
    if text is None or "_x" not in text:
        return text
    units = _ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), text).replace("\0", "")
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _calamine(path: Path, label: str) -> python_calamine.CalamineWorkbook:
    try:
        return python_calamine.load_workbook(path)
    except python_calamine.PasswordError as error:
        raise unreadable(
            f"工作簿有密码保护：{label}。请去掉密码后报送。",
            f"The workbook is password protected: {label}. Remove the password and resend.",
        ) from error
    except BaseException as error:
        raise _as_refusal(error, label) from error


def _as_refusal(error: BaseException, label: str) -> BaseException:
    """A refusal for whatever calamine raises on a damaged workbook (a Rust panic is no `Exception`)."""
    if isinstance(error, Refusal | KeyboardInterrupt | SystemExit | MemoryError):
        return error
    return damaged(label)


def _by_calamine(
    workbook: python_calamine.CalamineWorkbook, name: str, target: Path, label: str, limits: Limits
) -> list[tuple[int, int, int, int]]:
    """Write a sheet through calamine, cells in their physical places. Gives its merges."""
    try:
        sheet = workbook.get_sheet_by_name(name)
        left = sheet.start[1] if sheet.start else 0
        width = left + sheet.width
        if width > limits.max_columns:
            raise too_large(f"列数过多（{width} 列）：{label}。", f"Too many columns ({width}): {label}.")
        relation.write_parquet(_calamine_rows(sheet, left), max(1, width), target)
        return [(r1 + 1, c1 + 1, r2 + 1, c2 + 1) for (r1, c1), (r2, c2) in sheet.merged_cell_ranges or []]
    except BaseException as error:
        raise _as_refusal(error, label) from error


def _calamine_rows(sheet: Any, left: int) -> Iterator[tuple[int, list[str | None]]]:
    """The rows from the first physical one; the columns that calamine leaves out on the left are put back."""
    margin: list[str | None] = [None] * left
    for number, row in enumerate(sheet.iter_rows(), start=1):
        yield number, margin + [value_text(v) for v in row]


def value_text(value: object) -> str | None:
    """A cell's value as text: whole numbers without '.0', other numbers in their shortest form, dates as ISO."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return number_text(value / timedelta(days=1))
    return str(value).replace("\0", "") or None


def number_text(value: float) -> str:
    """The shortest text that gives the same double; no '.0' on whole numbers."""
    text = repr(value)
    return text.removesuffix(".0")


def _read_xls(con: duckdb.DuckDBPyConnection, payload: Payload, workdir: Path, limits: Limits) -> list[Sheet]:
    workbook = _calamine(payload.path, payload.label)
    date1904 = _xls_date1904(payload.path)
    sheets = []
    for meta in workbook.sheets_metadata:
        if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        target = workdir / f"{relation.new_name()}.parquet"
        merges = _by_calamine(workbook, meta.name, target, payload.label, limits)
        n_columns = _width(target)
        name = relation.view_parquet(con, target)
        sheets.append(
            Sheet(
                name=meta.name,
                hidden=meta.visible != python_calamine.SheetVisibleEnum.Visible,
                relation=name,
                n_columns=n_columns,
                merges=merges,
                date1904=date1904,
                head=relation.head_of(con, name, n_columns, HEAD_ROWS),
            )
        )
    if not sheets:
        raise unreadable(f"工作簿里没有工作表：{payload.label}。", f"The workbook holds no worksheet: {payload.label}.")
    return sheets


def _xls_date1904(path: Path) -> bool:
    """The DATEMODE record among the first records of a BIFF8 workbook stream."""
    data = path.read_bytes()
    at = data.find(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    while 0 <= at <= len(data) - 4:
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == 0x0022:
            return data[at + 4 : at + 6] == b"\x01\x00"
        if kind == 0x000A:
            return False
        at += 4 + length
    return False
