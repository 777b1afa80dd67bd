"""Delimited text: whatever stands in the file stands in the relation, under the right record number."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.landing.reader_helpers import expected_rows, read_bytes
from zhixiao.landing import csv_records, grid_csv
from zhixiao.landing.container import LIMITS
from zhixiao.landing.refusal import Refusal

HEADER = ["统一社会信用代码", "企业名称", "入库税额", "入库日期"]
ROWS = [
    HEADER,
    ["91321204MA0000090W", "江苏样𣲗能电芯科技有限公司", "1,234.50", "2025-03-01"],
    ["91321204MA0000031R", "泰州拟䶮能面料有限公司", "-0.01", ""],
    ["", "中文；全角，标点|竖线", "约3.5", "2025年3月"],
]
ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
BOMS = {"utf-16-be": b""}


def as_csv(
    table: list[list[str]], delimiter: str = ",", newline: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL
) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows(table)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_delimiter_and_line_end(tmp_path: Path, encoding: str, delimiter: str, newline: str) -> None:
    data = as_csv(ROWS, delimiter, newline).encode(encoding)
    [sheet] = read_bytes(tmp_path, data)
    assert sheet.rows == expected_rows(ROWS, 4)
    assert (sheet.sheet.name, sheet.sheet.hidden, sheet.sheet.n_columns) == ("", False, 4)
    assert sheet.sheet.warnings == []


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.xls", "a.xlsx", "a.zip", "没有后缀"])
def test_the_name_does_not_matter(tmp_path: Path, name: str) -> None:
    [sheet] = read_bytes(tmp_path, as_csv(ROWS).encode("gb18030"), name)
    assert sheet.rows == expected_rows(ROWS, 4)


def test_titles_banner_and_blank_rows_count_as_rows(tmp_path: Path) -> None:
    text = (
        "入库税收明细表\r\n管理机关：税务局,报表期：2025年3月,数据类型：入库税收,金额单位：元\r\n\r\n"
        "代码\t名称\t金额\r\nA\t甲,乙\t1,000.00\r\n\r\n\r\nB\t丙\t2,000.00\r\n\t\t\r\n注：税务局\r\n"
    )
    [sheet] = read_bytes(tmp_path, text.encode("gb18030"))
    assert sheet.rows == {
        1: ["入库税收明细表", None, None],
        2: ["管理机关：税务局,报表期：2025年3月,数据类型：入库税收,金额单位：元", None, None],
        4: ["代码", "名称", "金额"],
        5: ["A", "甲,乙", "1,000.00"],
        8: ["B", "丙", "2,000.00"],
        10: ["注：税务局", None, None],
    }
    assert sheet.engine == "read_csv"
    assert sheet.sheet.head[2] == [None, None, None]
    assert len(sheet.sheet.head) == 10


def test_many_blank_rows(tmp_path: Path) -> None:
    table = [["a", "b"]] + [row for i in range(200) for row in ([str(i), "x"], [])]
    [sheet] = read_bytes(tmp_path, as_csv(table, newline="\n").encode())
    assert sheet.rows == expected_rows(table, 2)
    assert max(sheet.rows) == 400


def test_ragged_rows_and_rows_wider_than_the_header(tmp_path: Path) -> None:
    [sheet] = read_bytes(tmp_path, b"a,b,c\n1,2,3\n1\n1,2,3,4,5\n,,,,,\n1,2,3,\n")
    assert sheet.rows == {
        1: ["a", "b", "c", None, None, None],
        2: ["1", "2", "3", None, None, None],
        3: ["1", None, None, None, None, None],
        4: ["1", "2", "3", "4", "5", None],
        6: ["1", "2", "3", None, None, None],
    }
    assert sheet.engine == "read_csv"


def test_quoted_line_ends_delimiters_and_quotes(tmp_path: Path) -> None:
    table = [["a", "b\r\nb", "c,c"], ['"q"', "", "x\n\ny"], ["", "", ""], ['a"b', "'", '""'], ["last", '"', "\n"]]
    for newline, engine in (("\n", "read_csv"), ("\r\n", "read_csv"), ("\r", "parquet")):
        [sheet] = read_bytes(tmp_path, as_csv(table, newline=newline, quoting=csv.QUOTE_ALL).encode())
        assert sheet.rows == expected_rows(table, 3)
        assert sheet.engine == engine


def test_quoted_line_ends_in_a_ragged_file(tmp_path: Path) -> None:
    table = [["title"], ["a", "b", "c"], ["1", "x\ny", "3"], ["1", "2"]]
    [sheet] = read_bytes(tmp_path, as_csv(table, newline="\n").encode())
    assert sheet.rows == expected_rows(table, 3)
    assert sheet.engine == "read_csv"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # A quote that is never closed swallows nothing.
        ('a,b\n1,"2\n3,4\n5,6\n', {1: ["a", "b"], 2: ["1", '"2'], 3: ["3", "4"], 4: ["5", "6"]}),
        # Inches, and quotes in the middle of a text.
        ('a,b\n1,2"3\n3,4"\n', {1: ["a", "b"], 2: ["1", '2"3'], 3: ["3", '4"']}),
        ('a,b\n1,"2"3"\n3,4\n', {1: ["a", "b"], 2: ["1", '"2"3"'], 3: ["3", "4"]}),
        ('a,b\n1, "x"\n', {1: ["a", "b"], 2: ["1", ' "x"']}),
        # A proper quoted line end beside an open quote.
        ('a,b\n"x\ny",2\n"z,3\n4,5\n', {1: ["a", "b"], 2: ["x\ny", "2"], 3: ['"z', "3"], 4: ["4", "5"]}),
        ('a,b\n"x\n\nz ""q""\nz",2\n"w,3', {1: ["a", "b"], 2: ['x\n\nz "q"\nz', "2"], 3: ['"w', "3"]}),
        # Stray carriage returns.
        ("a,b\r\r\n1,2\r\r\n3,4\r\n", {1: ["a", "b"], 2: ["1", "2"], 3: ["3", "4"]}),
        ("a,b\n1,x\ry\n3,4\n", {1: ["a", "b"], 2: ["1", "x\ry"], 3: ["3", "4"]}),
        ("a,b\r\n1,2\n3,4\r\n5,6\n", {1: ["a", "b"], 2: ["1", "2"], 3: ["3", "4"], 4: ["5", "6"]}),
        ('a,b\r1,"x\ny"\r3,4\r', {1: ["a", "b"], 2: ["1", "x\ny"], 3: ["3", "4"]}),
        ("a,b\r\r1,2\r", {1: ["a", "b"], 3: ["1", "2"]}),
        # Without a last line end; with blank records before and after.
        ("\n\na,b\n1,2", {3: ["a", "b"], 4: ["1", "2"]}),
        ("a,b\n1,2\n\n\n", {1: ["a", "b"], 2: ["1", "2"]}),
        # Words that readers like to turn into NULL, comments, white space.
        (
            "#a,b\nNULL,null\nNA,\\N\n 1 ,\u3000\n",
            {1: ["#a", "b"], 2: ["NULL", "null"], 3: ["NA", "\\N"], 4: [" 1 ", "\u3000"]},
        ),
        ("a,b\n  \n1,2\n", {1: ["a", "b"], 2: ["  ", None], 3: ["1", "2"]}),
    ],
)  # fmt: skip
def test_awkward_texts(tmp_path: Path, text: str, rows: dict[int, list[str | None]]) -> None:
    [sheet] = read_bytes(tmp_path, text.encode())
    assert sheet.rows == rows


def test_single_column(tmp_path: Path) -> None:
    [sheet] = read_bytes(tmp_path, '代码\n\nA\n"B"\n'.encode())
    assert sheet.rows == {1: ["代码"], 3: ["A"], 4: ["B"]}
    assert sheet.sheet.n_columns == 1


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["单位：万元,截至3月,表一,表二,表三", "a\tb", "1\t2"], "\t"),
        (["a;b", "1,5;2,5", "3,5;4,5"], ";"),
        (["名称|金额|日期", "甲,乙|1,234.00|2025", "丙|2,345.00|2025"], "|"),
        (["代码,名称", "1,甲;乙;丙", "2,丁"], ","),
        (['"a;b","c"', '"1;2","3"'], ","),
        (["a", "b"], ","),
        (["标题", "a,b,c", "1,2,3", "注：一、二；三;四;五"], ","),
        (["表,,,,,,,,,", "a\tb\tc", "1\t2\t3"], "\t"),
    ],
)
def test_the_delimiter_is_the_consistent_one(lines: list[str], delimiter: str) -> None:
    assert csv_records.find_delimiter("\n".join(lines), "\n") == delimiter


def test_giant_fields(tmp_path: Path) -> None:
    long = "长" * 900_000
    [sheet] = read_bytes(tmp_path, f"a,b\n1,{long}\n2,x\n".encode())
    assert sheet.rows[2] == ["1", long]
    assert sheet.rows[3] == ["2", "x"]
    with pytest.raises(Refusal) as refused:
        read_bytes(tmp_path, b"a,b\n1," + b"x" * (LIMITS.max_cell_chars + 1) + b"\n")
    assert refused.value.reason_code == "too_large"


def test_too_many_columns(tmp_path: Path) -> None:
    [sheet] = read_bytes(tmp_path, ",".join("x" * 2000).encode() + b"\n")
    assert sheet.sheet.n_columns == 2000
    with pytest.raises(Refusal) as refused:
        read_bytes(tmp_path, ",".join("x" * 2001).encode() + b"\n")
    assert refused.value.reason_code == "too_large"


def test_nul_characters_are_dropped_and_said(tmp_path: Path) -> None:
    data = ("a,b\n" + "1,2\n" * 200).encode() + b"3\0,4\n"
    [sheet] = read_bytes(tmp_path, data)
    assert sheet.rows[202] == ["3", "4"]
    assert sheet.sheet.warnings == ["去掉了 1 个空字符 / 1 NUL characters were dropped"]


@pytest.mark.parametrize("data", [b"\n\n\r\n", b"\xef\xbb\xbf", b" , ,\n", b"\xff\xfe", b"\x1a"])
def test_nothing_in_it(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_bytes(tmp_path, data)
    assert refused.value.reason_code == "unreadable"


def test_pieces_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape of a file is the same however the pass over it is cut, also inside quotes and line ends."""
    table = [["标题"], [], ["a", "b\n\nb", "c"], ["", '"', "x"], [], [], ["1", "二,2", "3"], ["5", "6"]]
    path = tmp_path / "t.csv"
    path.write_bytes(as_csv(table).encode())
    text = grid_csv.Utf8Text(path, "utf-8")
    whole = grid_csv.scan_shape(text, ",", "\n")
    assert (whole.records, whole.max_width, whole.min_width, whole.n_blank) == (8, 3, 1, 3)
    assert whole.blanks == [(1, 1), (3, 2)]
    for size in range(1, 60):
        monkeypatch.setattr(grid_csv, "chunks_of", _cut(size))
        assert grid_csv.scan_shape(text, ",", "\n") == whole


def _cut(size: int):  # type: ignore[no-untyped-def]
    def chunks(path: Path, skip: int = 0):  # type: ignore[no-untyped-def]
        data = path.read_bytes()[skip:]
        return (data[i : i + size] for i in range(0, len(data), size))

    return chunks


def test_many_rows_keep_their_numbers(tmp_path: Path) -> None:
    """Beyond one reader buffer and with two threads, record numbers still follow the file."""
    table = [["标题"], ["n", "text", "x"]]
    table += [[str(i), f"第{i}行\n续" if i % 997 == 0 else "文" * (i % 40), "z"] for i in range(3, 60_003)]
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        [sheet] = read_bytes(tmp_path, as_csv(table, quoting=quoting).encode("gb18030"))
        assert sheet.engine == "read_csv"
        assert len(sheet.rows) == len(table)
        assert all(cells[0] == str(n) for n, cells in sheet.rows.items() if n > 2)
        assert sheet.rows[997] == ["997", "第997行\n续", "z"]


TEXT = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Co"], blacklist_characters="\ufeff")
    | st.sampled_from('",;|\t\n\r 　甲乙１'),
    max_size=8,
)
TABLE = st.integers(2, 5).flatmap(
    lambda w: st.lists(st.lists(TEXT, min_size=w, max_size=w) | st.just([""] * w), min_size=1, max_size=8)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=TABLE,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    delimiter=st.sampled_from(csv_records.DELIMITERS),
    newline=st.sampled_from(["\n", "\r\n"]),
)
@example(table=[["a", "\r"], ["\n", "b"]], encoding="utf-8", delimiter=",", newline="\n")
def test_any_quoted_table_reads_back(table: list[list[str]], encoding: str, delimiter: str, newline: str) -> None:
    """The words above the table make the delimiter plain; every cell is quoted, so nothing is ambiguous."""
    width = len(table[0])
    table = [["列一", *["列"] * (width - 1)], *table, ["完", *["终"] * (width - 1)]]
    data = as_csv(table, delimiter, newline, csv.QUOTE_ALL).encode(encoding)
    with tempfile.TemporaryDirectory() as folder:
        [sheet] = read_bytes(Path(folder), data)
    assert sheet.rows == expected_rows(table, width)


PLAIN = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Co"], blacklist_characters='\ufeff",;|\t'), max_size=8)
RAGGED = st.lists(st.lists(PLAIN, max_size=6), max_size=10)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=RAGGED,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    delimiter=st.sampled_from(csv_records.DELIMITERS),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
)
def test_any_ragged_table_without_quotes_reads_back(
    table: list[list[str]], encoding: str, delimiter: str, newline: str, last: bool
) -> None:
    table = [*table, ["列"] * 4, ["甲"] * 4]
    text = newline.join(delimiter.join(row) for row in table) + (newline if last else "")
    with tempfile.TemporaryDirectory() as folder:
        [sheet] = read_bytes(Path(folder), text.encode(encoding))
    assert sheet.rows == expected_rows(table, max(len(row) for row in table))


@settings(max_examples=200, deadline=None)
@given(table=TABLE, newline=st.sampled_from(["\n", "\r\n"]))
def test_our_records_are_those_of_the_csv_module(table: list[list[str]], newline: str) -> None:
    """On well-formed text the tolerant rules and Python's csv module agree."""
    text = as_csv(table, ",", newline, csv.QUOTE_ALL)
    ours = [fields for fields, _ in csv_records.records_of(io.StringIO(text, newline="\n"), ",")]
    assert ours == list(csv.reader(io.StringIO(text, newline="")))
    assert ours == table


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('a,"\n'), max_size=30))
def test_no_text_is_lost_whatever_the_quotes(text: str) -> None:
    """Every letter of any text turns up in some record, and no more records than lines."""
    records = [fields for fields, _ in csv_records.records_of(io.StringIO(text, newline="\n"), ",")]
    assert sum(cell.count("a") for fields in records for cell in fields) == text.count("a")
    assert len(records) <= text.count("\n") + 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", ",", '"', '""', "\n", "\r\n", "\r", '","', '"\n', " ", "甲"]), max_size=25))
def test_duckdb_reads_what_our_rules_read(parts: list[str]) -> None:
    """Whatever the quotes and line ends: the view gives the records of `records_of`, or it is not DuckDB's."""
    text = "首,列\n" + "".join(parts)
    with tempfile.TemporaryDirectory() as folder:
        [sheet] = read_bytes(Path(folder), text.encode())
    newline = csv_records.find_newline(text)
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline=newline)  # StringIO would translate
    records = [fields for fields, _ in csv_records.records_of(lines, csv_records.find_delimiter(text, newline))]
    assert sheet.rows == expected_rows(records, max(len(fields) for fields in records))
