"""A receipt as a workbook: 回执, 问题清单, and the delivered sheets with the cells in question marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from zhixiao.harmless import cell_text, put, put_row
from zhixiao.receipts.collect import STATE_ZH, Receipt

HEAD_SHEET, LIST_SHEET = "回执", "问题清单"
_BAD = PatternFill("solid", fgColor="FFC7CE")
_BAD_ROW = PatternFill("solid", fgColor="FFEB9C")
_TITLE = Font(bold=True, size=14)
_BOLD = Font(bold=True)
_WRAP = Alignment(wrap_text=True, vertical="top")
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True)
class Marked:
    """A delivered sheet: its rows at their places, and what is said of cells (row and column 1-based; column 0 is
    the whole row). `merges` as (first row, first column, last row, last column)."""

    name: str
    rows: Sequence[tuple[int, Sequence[str | None]]]
    merges: Sequence[tuple[int, int, int, int]]
    bad: dict[tuple[int, int], str]
    headers: dict[str, str]


def write(receipt: Receipt, sheets: Sequence[Marked], path: Path) -> Path:
    """Write the receipt. The delivered sheets keep names, places and texts, so that landing reads them again."""
    book = Workbook()
    book.remove(book.active)
    _head(book, receipt, bool(sheets))
    if receipt.cells:
        _list(book, receipt, sheets)
    taken = {HEAD_SHEET, LIST_SHEET}
    for sheet in sheets:
        _delivered(book, sheet, taken)
    stamp = datetime.combine(receipt.received_on, datetime.min.time()) if receipt.received_on else datetime(2000, 1, 1)
    book.properties.created = book.properties.modified = stamp
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = path.with_name(f".{path.name}.part")
    book.save(part)
    part.chmod(0o640)
    part.replace(path)
    return path


def _head(book: Workbook, receipt: Receipt, has_data: bool) -> None:
    sheet = book.create_sheet(HEAD_SHEET)
    put_row(sheet, 1, ["报送回执"])
    sheet["A1"].font = _TITLE
    rows: list[tuple[str, Any]] = [
        ("报送单位", receipt.department),
        ("报送内容", f"{receipt.title_zh}（{receipt.source}）"),
        ("文件", receipt.file_name),
        ("收到日期", receipt.received_on.isoformat() if receipt.received_on else "（收件日期目录有误）"),
        ("结果", receipt.outcome_zh),
        ("原因", receipt.reason_zh),
        ("读到行数", receipt.rows_read),
        ("接收行数", receipt.rows_accepted),
        ("待更正行数", receipt.rows_quarantined),
        ("合计行（只作核对）", receipt.rows_control),
        ("说明行、空行（不计）", receipt.rows_ignored),
        ("读到金额（万元）", receipt.money_read),
        ("接收金额（万元）", receipt.money_accepted),
        ("待更正金额（万元）", receipt.money_quarantined),
        ("不认识的列（原样保留）", "、".join(receipt.unknown_columns)),
        ("文件散列", receipt.file_sha256),
        ("怎么办", _what_to_do(receipt, has_data)),
    ]
    for name, value in rows:
        if value not in (None, ""):
            row = sheet.max_row + 1
            put_row(sheet, row, [name, _money(value)])
            sheet.cell(row, 1).font = _BOLD
            sheet.cell(row, 2).alignment = _WRAP
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 90


def _what_to_do(receipt: Receipt, has_data: bool) -> str:
    if receipt.status == "refused":
        return "这份文件没有计入。请按“原因”改好，另存为新文件，放到改正那天的日期文件夹；原文件不用删除。"
    if not receipt.open_cells:
        return "不需要处理。"
    where = (
        "后面的工作表是原文件，标红的格子就是有疑问的地方" if has_data else "有疑问的格子见“问题清单”，请在原文件中更正"
    )
    return (
        f"{where}：请改正后把整个文件作为新文件再报一次，放到改正那天的日期文件夹。"
        "改正后的行被接收时，这里的问题自动了结。确属无误的，请告知数据组放行或豁免。"
    )


def _list(book: Workbook, receipt: Receipt, sheets: Iterable[Marked]) -> None:
    headers = {s.name: s.headers for s in sheets}
    sheet = book.create_sheet(LIST_SHEET)
    put_row(sheet, 1, ["工作表", "行号", "列", "原文", "问题", "状态", "编号"])
    for cell in sheet[1]:
        cell.font = _BOLD
    for row, c in enumerate(receipt.cells, start=2):
        names = headers.get(c.sheet, {})
        columns = "、".join(names.get(n, n) for n in c.columns) or "整行"
        state = STATE_ZH.get(c.state, c.state)
        put_row(sheet, row, [c.sheet, c.row_number, columns, c.cell_text, c.reason_zh, state, c.quarantine_id])
    for letter, width in zip("ABCDEFG", (16, 8, 28, 28, 80, 20, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


def _delivered(book: Workbook, marked: Marked, taken: set[str]) -> None:
    sheet = book.create_sheet(_free_name(cell_text(marked.name) or "数据", taken))
    for number, texts in marked.rows:
        for column, text in enumerate(texts, start=1):
            if text is not None:
                cell = sheet.cell(number, column)
                _put(cell, text)
    for first_row, first_column, last_row, last_column in marked.merges:
        sheet.merge_cells(start_row=first_row, start_column=first_column, end_row=last_row, end_column=last_column)
    width = max((len(texts) for _, texts in marked.rows), default=1)
    for (row, column), words in sorted(marked.bad.items()):
        for c in [column] if column else range(1, width + 1):
            cell = sheet.cell(row, c)
            cell.fill = _BAD if column else _BAD_ROW
        _comment(sheet, row, column or 1, words)
    for c in range(1, width + 1):
        sheet.column_dimensions[get_column_letter(c)].width = 16


def _comment(sheet: Any, row: int, column: int, words: str) -> None:
    cell = sheet.cell(row, column)
    if cell.__class__.__name__ == "MergedCell":
        return
    before = f"{cell.comment.text}\n" if cell.comment else ""
    cell.comment = Comment(cell_text(before + words), "质效", width=320, height=120)


def _put(cell: Any, text: str) -> None:
    """A plain number as a number, anything else as text: never a formula."""
    shown = cell_text(text)
    if _PLAIN_NUMBER.fullmatch(shown):
        number = Decimal(shown)
        if f"{float(number):.15g}" == shown:
            cell.value = float(number) if "." in shown else int(number)
            return
    put(cell, text)


def _money(value: Any) -> Any:
    """An amount to the cent; anything else as it is."""
    if isinstance(value, Decimal):
        try:
            return value.quantize(Decimal("0.01"))
        except InvalidOperation:
            return str(value)
    return value


def _free_name(name: str, taken: set[str]) -> str:
    base = _SHEET_NAME.sub("_", name)[:28].strip("'") or "数据"
    out, n = base, 2
    while out in taken:
        out, n = f"{base}_{n}", n + 1
    taken.add(out)
    return out
