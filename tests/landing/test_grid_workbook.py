"""Workbooks: every cell in its physical place, numbers as they are stored, by either reader."""

# ruff: noqa: E501 (markup as it stands in files)
from __future__ import annotations

import datetime as dt
import io
import tempfile
import zipfile
from pathlib import Path

import duckdb
import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from tests.landing.reader_helpers import ReadSheet, expected_rows, read_bytes
from zhixiao.landing import grid_workbook
from zhixiao.landing.container import open_member
from zhixiao.landing.grid import read_sheets
from zhixiao.landing.refusal import Refusal
from zhixiao.landing.xlsx_parts import column_letters, column_number, scan_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    RELATION: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
SHARED = (
    f'<sst xmlns="{MAIN}"><si><t>你好</t></si><si><r><t>a</t></r><r><t xml:space="preserve"> b</t></r>'
    '<rPh sb="0" eb="1"><t>PHON</t></rPh></si><si><t xml:space="preserve">  sp  </t></si><si><t/></si></sst>'
)


def book_bytes(workbook: Workbook) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def raw_book(
    rows: str, *, after: str = "", shared: str | None = SHARED, sheet: str = "S", properties: str = "",
    target: str = "worksheets/sheet1.xml", strict: bool = False, prefix: bool = False,
) -> bytes:  # fmt: skip
    """An .xlsx package written by hand, for what no library writes."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}">{properties}'
        f'<sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        f'relationships"><Relationship Id="rId1" Type="{RELATION}/worksheet" Target="{target}"/>'
        f'<Relationship Id="rId2" Type="{RELATION}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>',
    }
    if shared is not None:
        parts["xl/sharedStrings.xml"] = shared
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in parts.items():
            for a, b in STRICT.items() if strict else ():
                xml = xml.replace(a, b)
            if prefix and "worksheets" in name:
                xml = xml.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
            archive.writestr(name, xml)
    return out.getvalue()


def read_one(tmp_path: Path, data: bytes, name: str = "a.xlsx") -> ReadSheet:
    [sheet] = read_bytes(tmp_path, data, name)
    return sheet


def test_values_and_places(tmp_path: Path) -> None:
    """The first used cell is B3; blank rows and columns stay counted."""
    workbook = Workbook()
    ws = workbook.active
    assert ws is not None
    ws.title = "数据"
    for place, value in {
        "B3": "标题", "B5": 0.1, "C5": "913207007040480123", "D5": True, "E5": dt.date(2025, 3, 1),
        "F5": dt.datetime(2025, 3, 1, 12, 0), "G5": "=1+2", "H5": "#REF!", "I5": 45000, "B7": "00123", "C7": " 两边 ",
        "D7": "行\n行", "E7": 1 / 3, "F7": -1234567.89, "G7": False,
        "H7": CellRichText("ab", TextBlock(InlineFont(b=True), "cd"), " ef"),
    }.items():  # fmt: skip
        ws[place] = value
    ws.merge_cells("B3:D3")
    ws.merge_cells("B7:B9")
    sheet = read_one(tmp_path, book_bytes(workbook))
    assert sheet.rows == {
        3: [None, "标题", *[None] * 7],
        5: [None, "0.1", "913207007040480123", "1", "45717", "45717.5", None, "#REF!", "45000"],
        7: [None, "00123", " 两边 ", "行\n行", "0.3333333333333333", "-1234567.89", "0", "abcd ef", None],
    }
    assert sheet.sheet.merges == [(3, 2, 3, 4), (7, 2, 9, 2)]
    assert (sheet.sheet.name, sheet.sheet.hidden, sheet.sheet.date1904, sheet.sheet.n_columns) == (
        "数据",
        False,
        False,
        9,
    )
    assert sheet.sheet.head[:2] == [[None] * 9] * 2


CELLS = (
    '<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="D2"><v>9.13207007040480E+17</v></c>'
    '<c r="E2" t="s"><v>2</v></c></row><row r="4"><c r="A4" t="inlineStr"><is><t>内</t></is></c><c r="B4" t="b"><v>1</v></c>'
    '<c r="C4" t="e"><v>#REF!</v></c><c r="D4" t="str"><f>A1</f><v>f&amp;s</v></c><c r="E4" t="s"><v>3</v></c></row>'
    '<row r="5" ht="30"><c r="A5"><f>1/3</f><v>0.333333333333</v></c><c r="B5" s="1"/><c r="C5" t="d"><v>2025-03-01T00:00:00</v></c>'
    '<c r="D5"><f>1+1</f></c><c r="E5" t="inlineStr"><is><r><t>x</t></r><r><t>y</t></r></is></c></row>'
)
CELL_ROWS = {
    2: [None, "你好", "a b", "9.13207007040480E+17", "  sp  "],
    4: ["内", "1", "#REF!", "f&s", None],
    5: ["0.333333333333", None, "2025-03-01T00:00:00", None, "xy"],
}


@pytest.mark.parametrize("options", [{}, {"strict": True}, {"prefix": True}, {"target": "/xl/worksheets/sheet1.xml"}])
def test_packages_of_all_makes(tmp_path: Path, options: dict[str, bool]) -> None:
    sheet = read_one(tmp_path, raw_book(CELLS, **options))  # type: ignore[arg-type]
    assert sheet.rows == CELL_ROWS


def test_date_systems(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>45000</v></c></row>'
    for value, expected in (("1", True), ("true", True), ("0", False), ("false", False)):
        sheet = read_one(tmp_path, raw_book(rows, properties=f'<workbookPr date1904="{value}"/>'))
        assert (sheet.sheet.date1904, sheet.rows) == (expected, {1: ["45000"]})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Rows and cells without references count on.
        ('<row><c t="s"><v>0</v></c><c><v>1</v></c></row><row/><row><c><v>2</v></c></row>', {1: ["你好", "1"], 3: ["2", None]}),
        ('<row r="3"><c t="s"><v>0</v></c><c><v>1</v></c></row><row r="5"><c r="B5"><v>2</v></c></row>', {3: ["你好", "1"], 5: [None, "2"]}),
        # Attributes in another order; cells and rows out of order.
        ('<row ht="3" r="2"><c t="n" s="0" r="B2"><v>5</v></c></row>', {2: [None, "5"]}),
        ('<row r="3"><c r="B3"><v>1</v></c><c r="A3"><v>2</v></c></row>', {3: ["2", "1"]}),
        ('<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="B2"><v>7</v></c></row>', {2: [None, "7"], 3: ["1", None]}),
        # Formatting far away is no content.
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="C1048576" s="1"/></row>', {1: ["1", None, None]}),
    ],
)  # fmt: skip
def test_odd_sheets(tmp_path: Path, rows: str, expected: dict[int, list[str | None]]) -> None:
    assert read_one(tmp_path, raw_book(rows)).rows == expected


def test_escaped_characters(tmp_path: Path) -> None:
    shared = f'<sst xmlns="{MAIN}"><si><t>a_x000D_\nb</t></si><si><t>_x005F_x000D_</t></si><si><t>_xyz_</t></si></sst>'
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="inlineStr"><is><t>_x4E2D_</t></is></c></row>'
    assert read_one(tmp_path, raw_book(rows, shared=shared)).rows == {1: ["a\r\nb", "_x000D_", "_xyz_", "中"]}


def test_sheets_of_all_sorts(tmp_path: Path) -> None:
    workbook = Workbook()
    first = workbook.active
    assert first is not None
    first.title = "a'b\"c & <d>"
    first["A1"] = 1
    workbook.create_sheet("空表")
    for name, state in (("藏", "hidden"), ("深藏", "veryHidden")):
        ws = workbook.create_sheet(name)
        ws["B2"] = name
        ws.sheet_state = state
    workbook.create_chartsheet("图")
    sheets = read_bytes(tmp_path, book_bytes(workbook), "a.xlsx")
    assert [(s.sheet.name, s.sheet.hidden, s.rows) for s in sheets] == [
        ("a'b\"c & <d>", False, {1: ["1"]}),
        ("空表", False, {}),
        ("藏", True, {2: [None, "藏"]}),
        ("深藏", True, {2: [None, "深藏"]}),
    ]
    assert sheets[1].sheet.head == []


@pytest.mark.parametrize(
    "data",
    [
        raw_book('<row r="1"><c r="A1" t="s"><v>99</v></c></row>'),
        raw_book('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', shared=None),
        raw_book('<row r="1"><c r="A1"><v>1</v></c>'),
        raw_book('<row r="1"><c r="A1"><v>1</v></c></row>', target="worksheets/absent.xml"),
        raw_book("", sheet='"/><oops'),
        raw_book(CELLS)[:-300],
    ],
)
def test_damaged_workbooks_are_refused_and_break_nothing(tmp_path: Path, data: bytes) -> None:
    """A bad index into shared texts is an internal error of the extension, which would end the connection."""
    (tmp_path / "a.xlsx").write_bytes(data)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT 42 AS x")
        with pytest.raises(Refusal) as refused:
            read_sheets(con, open_member(tmp_path / "a.xlsx", None, tmp_path), tmp_path / "work")
        assert refused.value.reason_code == "unreadable"
        assert con.execute("SELECT x FROM t").fetchall() == [(42,)]


def test_too_many_columns(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read_one(tmp_path, raw_book('<row r="1"><c r="BXY1"><v>1</v></c></row>'))
    assert refused.value.reason_code == "too_large"


def test_the_extent_of_a_large_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extent does not depend on how the XML is cut into pieces."""
    after = '<mergeCells count="2"><mergeCell ref="A1:B2"/><mergeCell ref="AA10:AC12"/></mergeCells>'
    rows = "".join(f'<row r="{i}" spans="1:3"><c r="A{i}"><v>{i}</v></c><c r="AB{i}"/></row>' for i in range(2, 40, 3))
    path = tmp_path / "a.xlsx"
    path.write_bytes(raw_book(rows, after=after))
    whole = scan_sheet(path, "xl/worksheets/sheet1.xml", "a")
    assert (whole.last_row, whole.last_column, whole.ordered) == (38, 28, True)
    assert whole.merges == [(1, 1, 2, 2), (10, 27, 12, 29)]
    for size in (1, 7, 64, 333):
        monkeypatch.setattr("zhixiao.landing.xlsx_parts._CHUNK", size)
        assert scan_sheet(path, "xl/worksheets/sheet1.xml", "a") == whole


def test_column_letters() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 702, 703, 16384)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_number(column_letters(n)) == n for n in range(1, 2000))


def test_numbers_as_text() -> None:
    texts = {
        0.1: "0.1",
        3.0: "3",
        -0.5: "-0.5",
        9.1320700704048e17: "9.1320700704048e+17",
        1e15: "1000000000000000",
        45717.5: "45717.5",
    }
    assert {v: grid_workbook.number_text(v) for v in texts} == texts


def xls_bytes(build: object, *, date1904: bool = False) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = date1904
    build(book)  # type: ignore[operator]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_biff(tmp_path: Path) -> None:
    def build(book: xlwt.Workbook) -> None:
        ws = book.add_sheet("数据")
        ws.write(2, 1, "标题")
        values = [0.1, 3, 9.1320700704048e17, True, "00123", 1234567890123456.0, -2.50, xlwt.Formula("1/0"), " 两边 "]
        for i, value in enumerate(values):
            ws.write(4, 1 + i, value)
        ws.write(5, 1, dt.datetime(2025, 3, 1), xlwt.easyxf(num_format_str="yyyy-mm-dd"))
        ws.write(5, 2, dt.datetime(2025, 3, 1, 12, 30, 5), xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"))
        ws.write(5, 3, 45000)
        ws.write_merge(7, 9, 1, 2, "并")
        book.add_sheet("空")
        hidden = book.add_sheet("藏")
        hidden.write(0, 0, "x")
        hidden.visibility = 1

    sheets = read_bytes(tmp_path, xls_bytes(build), "a.xls")
    assert [(s.sheet.name, s.sheet.hidden) for s in sheets] == [("数据", False), ("空", False), ("藏", True)]
    assert sheets[0].rows == {
        3: [None, "标题", *[None] * 8],
        5: [None, "0.1", "3", "9.1320700704048e+17", "1", "00123", "1234567890123456", "-2.5", None, " 两边 "],
        6: [None, "2025-03-01", "2025-03-01 12:30:05", "45000", *[None] * 6],
        8: [None, "并", *[None] * 8],
    }
    assert sheets[0].sheet.merges == [(8, 2, 10, 3)]
    assert (sheets[0].sheet.date1904, sheets[1].rows, sheets[2].rows) == (False, {}, {1: ["x"]})


def test_biff_with_dates_from_1904(tmp_path: Path) -> None:
    def build(book: xlwt.Workbook) -> None:
        ws = book.add_sheet("S")
        ws.write(0, 0, 43538)
        ws.write(0, 1, 43538, xlwt.easyxf(num_format_str="yyyy-mm-dd"))

    sheet = read_one(tmp_path, xls_bytes(build, date1904=True), "a.xls")
    assert sheet.sheet.date1904
    assert sheet.rows == {1: ["43538", "2023-03-15"]}


def test_a_cut_off_xls(tmp_path: Path) -> None:
    def build(book: xlwt.Workbook) -> None:
        ws = book.add_sheet("S")
        for i in range(2000):
            ws.write(i, 0, f"文{i}")

    data = xls_bytes(build)
    for size in (600, len(data) // 2):
        with pytest.raises(Refusal) as refused:
            read_one(tmp_path, data[:size], "a.xls")
        assert refused.value.reason_code == "unreadable"


TEXT = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Cn"], blacklist_characters="\ufffe\uffff")
    | st.sampled_from(' "\n_x甲'),
    max_size=8,
).filter(lambda t: not t.startswith("="))
TABLE = st.integers(1, 5).flatmap(lambda w: st.lists(st.lists(TEXT, min_size=w, max_size=w), min_size=1, max_size=8))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=TABLE, top=st.integers(0, 3), left=st.integers(0, 3))
def test_any_table_of_texts_reads_back(table: list[list[str]], top: int, left: int) -> None:
    workbook = Workbook()
    ws = workbook.active
    assert ws is not None
    old = xlwt.Workbook(encoding="utf-8")
    sheet = old.add_sheet("S")
    for r, row in enumerate(table, start=top):
        for c, text in enumerate(row, start=left):
            if text:
                ws.cell(r + 1, c + 1).value = text
                ws.cell(r + 1, c + 1).data_type = "s"
                sheet.write(r, c, text)
    xls = io.BytesIO()
    old.save(xls)
    placed = [[""] * left] * top + [[""] * left + row for row in table]
    expected = {n: [c for c in row if c] for n, row in expected_rows(placed, left + len(table[0])).items()}
    for data, name in ((book_bytes(workbook), "a.xlsx"), (xls.getvalue(), "a.xls")):
        with tempfile.TemporaryDirectory() as folder:
            read = read_one(Path(folder), data, name)
        assert {n: [c for c in row if c is not None] for n, row in read.rows.items()} == expected
        for number, row in read.rows.items():
            places = {i: c for i, c in enumerate(row) if c is not None}
            assert places == {i: c for i, c in enumerate(placed[number - 1]) if c}


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**17), 10**17)


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_any_number_reads_back_as_the_same_double(numbers: list[float]) -> None:
    cells = "".join(f'<row r="{i}"><c r="A{i}"><v>{n!r}</v></c></row>' for i, n in enumerate(numbers, start=1))
    old = xlwt.Workbook()
    sheet = old.add_sheet("S")
    for i, number in enumerate(numbers):
        sheet.write(i, 0, float(number))
    xls = io.BytesIO()
    old.save(xls)
    with tempfile.TemporaryDirectory() as folder:
        stored = [row[0] for row in read_one(Path(folder), raw_book(cells)).grid]
        assert stored == [repr(n) for n in numbers]
        texts = [row[0] for row in read_one(Path(folder), xls.getvalue(), "a.xls").grid]
        assert [float(t or "nan") for t in texts] == [float(n) for n in numbers]
        assert not any((t or "").endswith(".0") for t in texts)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=TABLE)
def test_both_readers_agree(table: list[list[str]]) -> None:
    """What calamine reads, when it has to step in, is what the extension reads."""
    workbook = Workbook()
    ws = workbook.active
    assert ws is not None
    for r, row in enumerate(table, start=2):
        for c, text in enumerate(row, start=2):
            ws.cell(r, c).value = r * c if text == "甲" else text or None
    data = book_bytes(workbook)
    with tempfile.TemporaryDirectory() as folder:
        first = read_one(Path(folder), data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(grid_workbook, "_by_extension", lambda *args: False)
            second = read_one(Path(folder), data)
    trimmed = [{n: [c for c in row if c] for n, row in s.rows.items()} for s in (first, second)]
    assert trimmed[0] == trimmed[1]
