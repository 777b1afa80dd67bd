"""The parts of an .xlsx package that a reader of values does not give: sheets and their state, size, merges.

Element and attribute names are matched without their namespace, so that strict OOXML and prefixed documents
read like any other. Parts are read through Python's zip reader, which checks sizes and checksums.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from lxml import etree

from zhixiao.landing.container import LIMITS, Limits
from zhixiao.landing.refusal import Refusal, too_large, unreadable

_CHUNK = 4 << 20
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_ROW_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d{1,7})["']""")
_ROW_R = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\br\s*=\s*["'](\d{1,7})["']""")
_CELL_R = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br\s*=\s*["']([A-Za-z]{1,3})\d{1,7}["']""")
_MERGE = re.compile(
    rb"""<(?:\w+:)?mergeCell\b[^>]*?\bref\s*=\s*["']\$?([A-Z]{1,3})\$?(\d+):\$?([A-Z]{1,3})\$?(\d+)["']"""
)
_BARE_CELL = re.compile(rb"<(?:\w+:)?c>")
_PLAIN_ROW = re.compile(rb'<row\b(?:[^>]*?\br="(\d{1,7})")?')
_PLAIN_CELL = re.compile(rb'<c r="([A-Za-z]{1,3})\d')
_NEARBY = 16 * 1024
_ESCAPED = re.compile(rb"_x[0-9A-Fa-f]{4}_")

_REFERENCE = re.compile(rb"""<(?:\w+:)?(?:row|c)\b[^>]*?\br\s*=\s*["']([^"']*)["']""")
_ANNOUNCED = re.compile(rb"""<(?:\w+:)?sst\b[^>]*?\buniqueCount\s*=\s*["'](\d+)["']""")
_END_RECORD = struct.Struct("<4s4H2LH")

# What Excel itself can hold, and how many cells a reader may lay out at once that knows no sparse rows.
_MAX_ROW, _MAX_COLUMN = 1_048_576, 16_384
_MAX_DENSE_CELLS = 30_000_000

Merge = tuple[int, int, int, int]


@dataclass(frozen=True)
class WorkbookSheet:
    """A worksheet as the workbook lists it."""

    name: str
    hidden: bool
    part: str


@dataclass
class SheetExtent:
    """What one pass over a sheet's XML shows. `ordered`: rows are numbered and in order, cells have references.

    `plain`: the XML is written in the common form (see `_scan_piece`); None before any row was seen.
    """

    last_row: int = 0
    last_column: int = 0
    ordered: bool = True
    escaped: bool = False
    plain: bool | None = None
    merges: list[Merge] = field(default_factory=list)


@dataclass(frozen=True)
class WorkbookParts:
    """The sheets of a workbook, its date system, and whether its shared texts hold `_x000D_` escapes."""

    sheets: list[WorkbookSheet]
    date1904: bool
    escaped: bool


def damaged(label: str) -> Refusal:
    """The package or one of its parts cannot be read."""
    return unreadable(
        f"工作簿已损坏或不完整：{label}。请重新导出后报送。",
        f"The workbook is damaged or cut off: {label}. Export it again and resend.",
    )


def read_parts(path: Path, label: str, limits: Limits = LIMITS) -> WorkbookParts:
    """The list of worksheets (chart sheets left out) and the workbook's properties."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {n.lstrip("/").lower(): n for n in archive.namelist()}
            root = _xml(archive, names["xl/workbook.xml"], limits, label)
            rels = _xml(archive, names["xl/_rels/workbook.xml.rels"], limits, label)
            targets: dict[str, str] = {}
            escaped = False
            for rel in rels:
                kind, target = str(rel.get("Type")), str(rel.get("Target"))
                part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
                if kind.endswith("/worksheet"):
                    targets[str(rel.get("Id"))] = names[part.lower()]
                elif kind.endswith("/sharedStrings") and part.lower() in names:
                    escaped = _holds_escapes(archive, names[part.lower()], limits, label)
            sheets = [
                WorkbookSheet(str(e.get("name")), e.get("state", "visible") != "visible", targets[rid])
                for e in root.iter()
                if _local(e) == "sheet" and (rid := _relation_id(e)) in targets
            ]
            date1904 = any(_local(e) == "workbookPr" and e.get("date1904") in ("1", "true") for e in root)
    except (
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        etree.XMLSyntaxError,
    ) as error:
        raise damaged(label) from error
    if not sheets:
        raise unreadable(f"工作簿里没有工作表：{label}。", f"The workbook holds no worksheet: {label}.")
    return WorkbookParts(sheets, date1904, escaped)


def scan_sheet(path: Path, part: str, label: str, limits: Limits = LIMITS) -> SheetExtent:
    """One pass over a sheet's XML: its extent, its merges, and whether its rows are numbered in order."""
    extent = SheetExtent()
    previous = 0
    carry = b""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
            total = 0
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > limits.max_part_bytes:
                    raise too_large(f"工作表过大：{label}。", f"The worksheet is too large: {label}.")
                text = carry + chunk
                cut = max(0, text.rfind(b"<"))
                previous = _scan_piece(text[:cut], extent, previous)
                carry = text[cut:]
                if len(carry) > limits.ratio_free_bytes:
                    raise too_large(f"有单元格内容过长：{label}。", f"A cell is too long: {label}.")
            _scan_piece(carry, extent, previous)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise damaged(label) from error
    return extent


def plain_package(path: Path, workdir: Path, label: str, limits: Limits = LIMITS) -> Path:
    """The package itself, or its XML parts packed anew where something stands around or twice in it.

    DuckDB's excel extension does not come back from a package with bytes behind its end, and of two parts under
    one name it may read another one than was looked at here.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = {n.lower(): n for n in archive.namelist()}
            if len(names) == len(archive.namelist()) and _ends_cleanly(path):
                return path
            target = workdir / f"{path.name[:20]}-{len(names)}.repacked.xlsx"
            room = limits.max_bytes
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
                for name in names.values():
                    if name.lower().endswith((".xml", ".rels")):
                        with archive.open(name) as source, out.open(name.lstrip("/"), "w") as copy:
                            while chunk := source.read(_CHUNK):
                                room -= len(chunk)
                                if room < 0:
                                    raise too_large(f"工作簿过大：{label}。", f"The workbook is too large: {label}.")
                                copy.write(chunk)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise damaged(label) from error
    return target


def _ends_cleanly(path: Path) -> bool:
    """The directory of a zip ends where its end record begins, which ends the file; the file begins with a part."""
    size = path.stat().st_size
    with path.open("rb") as f:
        start = f.read(4)
        f.seek(max(0, size - _END_RECORD.size))
        end = f.read()
    if start != b"PK\x03\x04" or len(end) != _END_RECORD.size:
        return False
    magic, _, _, _, _, length, offset, comment = _END_RECORD.unpack(end)
    return bool(magic == b"PK\x05\x06" and not comment and offset + length + _END_RECORD.size == size)


def check_reach(path: Path, part: str, label: str) -> None:
    """Refuse cells outside any worksheet, and so few in so large an area that laying it out would take all memory."""
    rows = columns = 1
    references: set[bytes] = set()
    carry = b""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                text = carry + chunk
                cut = max(0, text.rfind(b"<"))
                carry = text[cut:]
                references.update(_REFERENCE.findall(text[:cut]))
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise damaged(label) from error
    for reference in references.union(_REFERENCE.findall(carry)):
        found = re.fullmatch(rb"([A-Za-z]{0,3})(\d{0,7})", reference)
        if found is None:
            raise damaged(label)
        rows = max(rows, int(found[2] or 1))
        columns = max(columns, column_number(found[1].decode("ascii")))
    if rows > _MAX_ROW or columns > _MAX_COLUMN:
        raise damaged(label)
    if rows * columns > _MAX_DENSE_CELLS:
        raise too_large(f"工作表范围过大：{label}。", f"The worksheet reaches too far: {label}.")


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    n = 0
    for c in letters.upper():
        n = n * 26 + ord(c) - 64
    return n


def column_letters(n: int) -> str:
    """A for 1, AA for 27."""
    letters = ""
    while n:
        n, rest = divmod(n - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _scan_piece(piece: bytes, extent: SheetExtent, previous: int) -> int:
    """Add what a piece of XML (cut between tags) shows; gives the last row number seen.

    The common form (`<row r="1" ..><c r="A1" ..>`, every row and cell with its reference) is told by the first
    piece, and then only cells beyond the columns known so far are looked for, not every cell.
    """
    numbers: list[bytes] = _PLAIN_ROW.findall(piece)
    if extent.plain is None and (numbers or b"row" in piece):
        references = len(numbers) + piece.count(b"<c ")
        extent.plain = bool(numbers) and b"<c>" not in piece and piece.count(b' r="') == references
    if extent.plain and b"" not in numbers:
        while found := _beyond(extent.last_column).search(piece):
            nearby = _PLAIN_CELL.findall(piece, found.end(), found.end() + _NEARBY)
            extent.last_column = max(column_number(x.decode("ascii")) for x in {found[1], *nearby})
    else:
        numbers = _ROW_R.findall(piece)
        letters = set(_CELL_R.findall(piece))
        extent.last_column = max([extent.last_column, *(column_number(x.decode("ascii")) for x in letters)])
        if len(numbers) != len(_ROW.findall(piece)) or _BARE_CELL.search(piece):
            extent.ordered = False
    if numbers:
        rows = np.array(numbers, dtype="S7").astype(np.int64)
        if int(rows[0]) <= previous or bool((np.diff(rows) <= 0).any()):
            extent.ordered = False
        extent.last_row = max(extent.last_row, int(rows.max()))
        previous = int(rows[-1])
    if b"mergeCell" in piece:
        for c1, r1, c2, r2 in _MERGE.findall(piece):
            left, right = column_number(c1.decode("ascii")), column_number(c2.decode("ascii"))
            extent.merges.append((int(r1), left, int(r2), right))
    extent.escaped = extent.escaped or _ESCAPED.search(piece) is not None
    return previous


@lru_cache(maxsize=256)
def _beyond(column: int) -> re.Pattern[bytes]:
    """A cell reference to the right of a column."""
    letters = column_letters(column)
    longer = f"[A-Za-z]{{{len(letters) + 1},3}}"
    beyond = [longer] if len(letters) < 3 else []
    for i, letter in enumerate(letters):
        if letter < "Z":
            following = chr(ord(letter) + 1)
            tail = f"[A-Z]{{{len(letters) - 1 - i}}}"
            beyond.append(f"{letters[:i]}[{following}-Z]{tail}")
    beyond.append("[A-Z]*[a-z][A-Za-z]*")
    return re.compile(f' r="({"|".join(beyond)})[0-9]'.encode("ascii"))


def _holds_escapes(archive: zipfile.ZipFile, name: str, limits: Limits, label: str) -> bool:
    found, total, carry = False, 0, b""
    size = archive.getinfo(name).file_size
    with archive.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            announced = None if total else _ANNOUNCED.search(chunk)
            if announced and int(announced[1][:18]) > size:
                raise damaged(label)
            total += len(chunk)
            if total > limits.max_part_bytes:
                raise too_large(f"工作簿过大：{label}。", f"The workbook is too large: {label}.")
            found = found or _ESCAPED.search(carry + chunk) is not None
            carry = chunk[-8:]
    return found


def _xml(archive: zipfile.ZipFile, name: str, limits: Limits, label: str) -> etree._Element:
    with archive.open(name) as stream:
        data = stream.read(limits.ratio_free_bytes + 1)
    if len(data) > limits.ratio_free_bytes:
        raise too_large(f"工作簿过大：{label}。", f"The workbook is too large: {label}.")
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _relation_id(element: etree._Element) -> str:
    for key, value in element.attrib.items():
        if str(key).endswith("}id"):
            return str(value)
    return ""
