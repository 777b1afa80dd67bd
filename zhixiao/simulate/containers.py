"""Rows of cells as bytes: CSV, XLSX, BIFF, HTML, ZIP, GZIP. No clock and no compressor: the same bytes everywhere.

A cell is a text, a number (Decimal), a date, a datetime or None. The workbooks are written here and not by a library
because libraries put the time of day into them, and archives are stored, not deflated, because compressors differ.
"""

from __future__ import annotations

import csv
import html
import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

import xlwt

Cell = str | Decimal | date | datetime | None
Merge = tuple[int, int, int, int]
"""Top, left, bottom, right; 1-based."""

SERIAL_BASE = date(1899, 12, 30)


@dataclass
class Sheet:
    """One sheet: a name, rows of cells, merged ranges."""

    name: str
    rows: list[list[Cell]]
    merges: list[Merge] = field(default_factory=list)


def plain(number: Decimal) -> str:
    """A number without exponent and without idle zeros."""
    return format(number.normalize(), "f") if number else "0"


def serial(day: date) -> int:
    """The day number of a spreadsheet."""
    return (day.toordinal() if not isinstance(day, datetime) else day.date().toordinal()) - SERIAL_BASE.toordinal()


def as_text(cell: Cell) -> str:
    """A cell as a text file shows it."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return plain(cell)
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else str(cell)


def csv_bytes(rows: Sequence[Sequence[Cell]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([as_text(c) for c in row] for row in rows)
    if encoding == "utf-16":
        return b"\xff\xfe" + out.getvalue().encode("utf-16-le")
    return out.getvalue().encode(encoding)


def html_bytes(sheet: Sheet, encoding: str) -> bytes:
    """A table that calls itself .xls, as web exports do."""
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(as_text(c), quote=False)}</td>" for c in row) + "</tr>"
        for row in sheet.rows
    )
    text = f'<html><head><meta charset="{encoding}"></head><body><table border="1">\n{rows}</table></body></html>'
    return text.encode(encoding)


def xls_bytes(sheets: Sequence[Sheet]) -> bytes:
    """BIFF8."""
    book = xlwt.Workbook(encoding="utf-8")
    day, moment, text = xlwt.XFStyle(), xlwt.XFStyle(), xlwt.XFStyle()
    day.num_format_str, moment.num_format_str = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
    for sheet in sheets:
        ws = book.add_sheet(sheet.name)
        spans = {(t, left): (b, right) for t, left, b, right in sheet.merges}
        for r, row in enumerate(sheet.rows, start=1):
            for c, cell in enumerate(row, start=1):
                if cell is None or cell == "":
                    continue
                value: object = cell
                style = text
                if isinstance(cell, Decimal):
                    value = float(cell)
                elif isinstance(cell, datetime):
                    style = moment
                elif isinstance(cell, date):
                    style = day
                if (r, c) in spans:
                    b, right = spans[r, c]
                    ws.write_merge(r - 1, b - 1, c - 1, right - 1, value, style)
                else:
                    ws.write(r - 1, c - 1, value, style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/styles.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
_RELS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" xfId="0"/><xf numFmtId="164" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def xlsx_bytes(sheets: Sequence[Sheet]) -> bytes:
    """A workbook with shared strings, date formats and merges, as spreadsheet programs write it."""
    strings: dict[str, int] = {}
    parts: list[tuple[str, str]] = []
    for n, sheet in enumerate(sheets, start=1):
        parts.append((f"xl/worksheets/sheet{n}.xml", _sheet_xml(sheet, strings)))
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml"'
        ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    listed = "".join(
        f'<sheet name="{escape(s.name)}" sheetId="{n}" r:id="rId{n}"/>' for n, s in enumerate(sheets, start=1)
    )
    rels = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    k = len(sheets)
    rels += f'<Relationship Id="rId{k + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    rels += f'<Relationship Id="rId{k + 2}" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    items = "".join(f'<si><t xml:space="preserve">{escape(s)}</t></si>' for s in strings)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    root = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    shared = f'<sst xmlns="{_MAIN}" uniqueCount="{len(strings)}">{items}</sst>'
    front = [
        ("[Content_Types].xml", f"{_TYPES}{overrides}</Types>"),
        ("_rels/.rels", f"{_RELS}{root}</Relationships>"),
        ("xl/workbook.xml", head + book),
        ("xl/_rels/workbook.xml.rels", f"{_RELS}{rels}</Relationships>"),
        ("xl/styles.xml", _STYLES),
        ("xl/sharedStrings.xml", head + shared),
    ]
    return zip_bytes([(name, text.encode()) for name, text in front + parts])


def _sheet_xml(sheet: Sheet, strings: dict[str, int]) -> str:
    width = max((len(r) for r in sheet.rows), default=1)
    letters = [_letter(c) for c in range(1, width + 1)]
    out = [f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{_MAIN}"><sheetData>']
    for r, row in enumerate(sheet.rows, start=1):
        cells = []
        for letter, cell in zip(letters, row, strict=False):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                at = strings.setdefault(cell, len(strings))
                cells.append(f'<c r="{letter}{r}" t="s"><v>{at}</v></c>')
            elif isinstance(cell, Decimal):
                cells.append(f'<c r="{letter}{r}"><v>{plain(cell)}</v></c>')
            elif isinstance(cell, datetime):
                seconds = cell.hour * 3600 + cell.minute * 60 + cell.second
                moment = Decimal(serial(cell)) + (Decimal(seconds) / 86400).quantize(Decimal("1e-10"))
                cells.append(f'<c r="{letter}{r}" s="2"><v>{moment}</v></c>')
            else:
                cells.append(f'<c r="{letter}{r}" s="1"><v>{serial(cell)}</v></c>')
        if cells:
            out.append(f'<row r="{r}">{"".join(cells)}</row>')
    out.append("</sheetData>")
    if sheet.merges:
        spans = "".join(
            f'<mergeCell ref="{_letter(left)}{t}:{_letter(right)}{b}"/>' for t, left, b, right in sheet.merges
        )
        out.append(f'<mergeCells count="{len(sheet.merges)}">{spans}</mergeCells>')
    out.append("</worksheet>")
    return "".join(out)


def _letter(n: int) -> str:
    out = ""
    while n:
        n, at = divmod(n - 1, 26)
        out = chr(65 + at) + out
    return out


class _GbkInfo(zipfile.ZipInfo):
    """A member whose name is in GBK without saying so, as Chinese Windows writes it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


def zip_bytes(members: Sequence[tuple[str, bytes]], gbk_names: bool = False) -> bytes:
    """An archive whose members are stored, under the oldest date that the format knows."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        for name, body in members:
            info = (_GbkInfo if gbk_names else zipfile.ZipInfo)(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            z.writestr(info, body)
    return out.getvalue()


def gzip_bytes(body: bytes) -> bytes:
    """GZIP in stored blocks (RFC 1951, 3.2.4): what a compressor makes of it would depend on its version."""
    out = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    blocks = [body[i : i + 65535] for i in range(0, len(body), 65535)] or [b""]
    for n, block in enumerate(blocks):
        is_last = n == len(blocks) - 1
        out.append(struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block)
    out.append(struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF))
    return b"".join(out)
