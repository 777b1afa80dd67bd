"""A document as a workbook, laid out to be printed: title, 单位, merged head, 合计, notes, frozen panes, print set-up.

The last sheet, 依据, says of every figure where it stands in the published release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from zhixiao.bulletin.model import Cell, Document, Figure, Head, Table
from zhixiao.harmless import put
from zhixiao.texts import width as text_width

BASIS_SHEET, NOTES_SHEET = "依据", "口径与来源"
FORMATS = {
    "count": "#,##0",
    "rank": "0",
    "move": '"↑"0;"↓"0;"持平"',
    "days": "#,##0",
    "days1": "#,##0.0",
    "rate": "0.0%",
    "wan": "#,##0.00",
    "wan_change": "#,##0.00",
    "kwh": "#,##0",
    "number": "#,##0.00",
}
FONT = "宋体"
_LINE = Side(style="thin", color="808080")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD_FILL, _TOTAL_FILL = PatternFill("solid", fgColor="EDEDED"), PatternFill("solid", fgColor="FFF8E1")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_TEXT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_NUMBER = Alignment(horizontal="right", vertical="center")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def write(doc: Document, path: Path) -> Path:
    """Write the workbook; the old one is replaced in one step."""
    book = Workbook()
    book.remove(book.active)
    basis: list[tuple[str, str, Figure]] = []
    for table in doc.tables:
        _table(book, doc, table, basis)
    _notes(book, doc)
    _basis(book, basis)
    book.properties.title, book.properties.creator = doc.title, "质效"
    book.properties.created = book.properties.modified = datetime.combine(doc.release["known_on"], datetime.min.time())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = path.with_name(f".{path.name}.part")
    book.save(part)
    part.chmod(0o640)
    part.replace(path)
    return path


def _table(book: Workbook, doc: Document, table: Table, basis: list[tuple[str, str, Figure]]) -> None:
    sheet = book.create_sheet(_SHEET_NAME.sub("_", table.name)[:31])
    width = table.width
    _put(sheet, 1, 1, _title(doc, table), Font(name=FONT, bold=True, size=16), _CENTRE)
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)
    sheet.row_dimensions[1].height = 30
    left = max(1, width // 2)
    _put(
        sheet,
        2,
        1,
        f"资料截止 {doc.release['known_on']}　统计时点 {doc.release['as_of']}",
        Font(name=FONT, size=10),
        _TEXT,
    )
    _merge(sheet, 2, 1, 2, left)
    unit = f"单位：{table.unit}" if table.unit else ""
    if width > 1:
        _put(sheet, 2, left + 1, unit, Font(name=FONT, size=10), Alignment(horizontal="right", vertical="center"))
        _merge(sheet, 2, left + 1, 2, width)
    sheet.row_dimensions[2].height = 18 if width > 5 else 30
    first = 3
    _head(sheet, table, first)
    row = first + len(table.head)
    for cells in table.rows:
        _row(sheet, row, cells, basis, None)
        row += 1
    if table.total and table.rows:
        _row(sheet, row, table.total, basis, _TOTAL_FILL)
        row += 1
    if not table.rows:
        _put(sheet, row, 1, table.empty, Font(name=FONT, size=10), _CENTRE)
        _merge(sheet, row, 1, row, width)
        row += 1
    keys = table.note_keys
    words = [f"注{doc.note_no(k)} {n.label}：{n.definition}" for k in keys for n in doc.notes if n.key == k]
    words += [table.remark] if table.remark else []
    words.append(f"来源：已发布版本 {doc.release['release_id']}。")
    columns = _widths(sheet, table, first)
    for text in words:
        _put(sheet, row, 1, text, Font(name=FONT, size=9), _TEXT)
        _merge(sheet, row, 1, row, width)
        sheet.row_dimensions[row].height = 13 * max(1, -(-text_width(text) // int(sum(columns) * 1.05)))
        row += 1
    sheet.freeze_panes = f"B{first + len(table.head)}"
    sheet.print_title_rows = f"{first}:{first + len(table.head) - 1}"
    _print_setup(sheet, f"A1:{get_column_letter(width)}{row - 1}", width)


def _title(doc: Document, table: Table) -> str:
    """The period before the title, unless the title names one."""
    return table.title if any(c.isdigit() for c in table.title) else f"{doc.subtitle}{table.title}"


def _head(sheet: Any, table: Table, first: int) -> None:
    taken: set[tuple[int, int]] = set()
    for r, line in enumerate(table.head, start=first):
        column = 1
        for h in line:
            while (r, column) in taken:
                column += 1
            for rr in range(r, r + h.down):
                for cc in range(column, column + h.across):
                    taken.add((rr, cc))
                    cell = sheet.cell(rr, cc)
                    cell.border, cell.fill, cell.alignment = _BORDER, _HEAD_FILL, _CENTRE
            _put(sheet, r, column, h.text, Font(name=FONT, bold=True, size=10), _CENTRE)
            _merge(sheet, r, column, r + h.down - 1, column + h.across - 1)
            column += h.across


def _row(
    sheet: Any, row: int, cells: Sequence[Cell], basis: list[tuple[str, str, Figure]], fill: PatternFill | None
) -> None:
    for column, value in enumerate(cells, start=1):
        font = Font(name=FONT, size=10, bold=fill is not None)
        if isinstance(value, Figure):
            cell = sheet.cell(row, column)
            if value.value is None:
                _put(sheet, row, column, value.text, font, Alignment(horizontal="center", vertical="center"))
            else:
                cell.value, cell.number_format = value.value, FORMATS[value.unit]
                cell.font, cell.alignment = font, _NUMBER
            basis.append((sheet.title, cell.coordinate, value))
        elif isinstance(value, date):
            cell = sheet.cell(row, column, value)
            cell.number_format, cell.font, cell.alignment = "yyyy-mm-dd", font, _CENTRE
        else:
            _put(sheet, row, column, _words(value), font, _TEXT)
        sheet.cell(row, column).border = _BORDER
        if fill is not None:
            sheet.cell(row, column).fill = fill


def _widths(sheet: Any, table: Table, first: int) -> list[float]:
    """A column is as wide as its figures and short texts; long texts wrap, and their rows grow."""
    columns = []
    for i in range(table.width):
        cells = [r[i] for r in table.rows] + ([table.total[i]] if table.total else [])
        longest = max((text_width(_words(c)) for c in cells), default=0)
        columns.append(float(44 if i in table.wide else min(30, max(8 if table.width > 8 else 12, longest + 2.5))))
    for i, w in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = w
    for r in range(len(table.head)):
        sheet.row_dimensions[first + r].height = 30
    for n, row in enumerate(table.rows):
        lines = max(-(-text_width(_words(c)) // int(columns[i] - 1)) for i, c in enumerate(row))
        sheet.row_dimensions[first + len(table.head) + n].height = max(16, 13.5 * lines)
    return columns


def _words(c: Cell) -> str:
    if isinstance(c, Figure | Head):
        return c.text
    return "—" if c is None else str(c)


def _notes(book: Workbook, doc: Document) -> None:
    sheet = book.create_sheet(NOTES_SHEET)
    _put(sheet, 1, 1, "口径与来源", Font(name=FONT, bold=True, size=16), _CENTRE)
    sheet.merge_cells("A1:D1")
    for c, name in enumerate(("序号", "指标", "定义", "来源"), start=1):
        _put(sheet, 2, c, name, Font(name=FONT, bold=True, size=10), _CENTRE)
        sheet.cell(2, c).fill, sheet.cell(2, c).border = _HEAD_FILL, _BORDER
    for i, n in enumerate(doc.notes, start=1):
        sheet.cell(i + 2, 1, i).alignment = _CENTRE
        for c, words in enumerate((n.label, n.definition, n.table), start=2):
            _put(sheet, i + 2, c, words, Font(name=FONT, size=10), _TEXT)
        for c in range(1, 5):
            sheet.cell(i + 2, c).border = _BORDER
        sheet.row_dimensions[i + 2].height = 13.5 * max(1, -(-text_width(n.definition) // 78))
    row = len(doc.notes) + 3
    for words in (
        f"版本 release：{doc.release['release_id']}",
        f"资料截止 known_on：{doc.release['known_on']}（截至该日收到的材料）",
        f"统计时点 as_of：{doc.release['as_of']}（截至该日发生的事）",
        "含企业名称，限内部使用。",
    ):
        _put(sheet, row, 1, words, Font(name=FONT, size=10), _TEXT)
        _merge(sheet, row, 1, row, 4)
        row += 1
    for letter, w in zip("ABCD", (6, 26, 80, 26), strict=True):
        sheet.column_dimensions[letter].width = w
    sheet.freeze_panes = "A3"
    _print_setup(sheet, f"A1:D{row - 1}", 4)


def _basis(book: Workbook, basis: Sequence[tuple[str, str, Figure]]) -> None:
    sheet = book.create_sheet(BASIS_SHEET)
    for c, name in enumerate(("工作表", "单元格", "数值", "表与条件"), start=1):
        _put(sheet, 1, c, name, Font(name=FONT, bold=True, size=10), _CENTRE)
    for r, (title, place, figure) in enumerate(basis, start=2):
        _put(sheet, r, 1, title, Font(name=FONT, size=9), _TEXT)
        _put(sheet, r, 2, place, Font(name=FONT, size=9), _TEXT)
        if figure.value is None:
            _put(sheet, r, 3, figure.text, Font(name=FONT, size=9), _NUMBER)
        else:
            sheet.cell(r, 3, figure.value)
        _put(sheet, r, 4, figure.address, Font(name=FONT, size=9), Alignment(vertical="center"))
    for letter, w in zip("ABCD", (18, 10, 18, 120), strict=True):
        sheet.column_dimensions[letter].width = w
    sheet.freeze_panes = "A2"
    _print_setup(sheet, f"A1:D{len(basis) + 1}", 4)


def _print_setup(sheet: Any, area: str, width: int) -> None:
    sheet.print_area = area
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if width > 5 or sheet.title == BASIS_SHEET else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.center.text = "第 &P 页 共 &N 页"
    for side, inches in (("left", 0.5), ("right", 0.5), ("top", 0.6), ("bottom", 0.6)):
        setattr(sheet.page_margins, side, inches)


def _merge(sheet: Any, r1: int, c1: int, r2: int, c2: int) -> None:
    if (r1, c1) != (r2, c2):
        sheet.merge_cells(start_row=r1, start_column=c1, end_row=r2, end_column=c2)


def _put(sheet: Any, row: int, column: int, words: str, font: Font, alignment: Alignment) -> None:
    """A text, never a formula: also when it begins like one."""
    cell = sheet.cell(row, column)
    put(cell, str(words))
    cell.font, cell.alignment = font, alignment
