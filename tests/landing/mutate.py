"""A seeded mutator of delivered files: what a department, a network or an attacker may make of a good file.

`mutate(seed)` is a pure function of the seed and the sample district. Each mutation says what was done to which
sample, and whether the cells of the table are still all there (`keeps`): then landing must give the same rows.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine
import xlwt
from lxml import html as lxml_html

from zhixiao.contracts import load_contract
from zhixiao.landing.header import find_header
from zhixiao.settings import PROJECT_DIR

SAMPLES = PROJECT_DIR / "tests" / "data" / "raw"
Value = str | int | float | date | datetime | None
Merge = tuple[int, int, int, int]

PHONE, IDENTITY, MAIL = "13812345678", "32120419800101004X", "zhang.san@example.com"

# Text that breaks readers, spreadsheets, SQL, JSON, HTML or people.
NASTY = (
    "=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1", "-1", '=HYPERLINK("http://x","y")', "#REF!", "#N/A", "#DIV/0!",
    "1e400", "-1e400", "9.13E+17", "1E5", "-0", "0", "0.0000001", "00012", "٣", "Ⅷ", "½", "²", "1,234.50", "1.234,50",
    "１２３", "(123)", "（１２３）", "((1))", "约3.5", "3-5", "1.2亿", "1.2万亿", "5万元", "5美元", "约", "左右",
    "NaN", "Infinity", "-inf", "0x10", "1_000", "99999999999999999999999999", "0.1" * 40, "--5", "+-5", "1.2.3", ".",
    "5.", "0000-00-00", "9999-12-31", "1900年1月", "1900-02-29", "2025-02-30", "2025-13-01", "25-3-1", "20250301",
    "202503", "45000", "45000.5", "-45000", "99999", "1741190400000", "999999999999", "9999999999999", "2025年",
    "2025年底", "一季度", "2025年一季度", "2025年1-2月", "2025年1-13月", "2025年上半年", "202 6年7月14日",
    "2025-03-01T25:61:61", "20250301996199", "2025-03-01 12:30:61", "+10000-01-01", "infinity", "epoch",
    "2025-03-01 BC", "290000-01-01", "a\nb", "a\r\nb", '"', '""', '"a', 'a"', "'", "''", "\\", "\t", "a\tb", ";", "|",
    ",", "%s%d", "{}", "{{blanks}}", "\x00", "a\x00b", "\x01\x02", "\x1a", "\x7f", "\u200b", "\ufeff", "\u202e反转",
    "\ud800", "𣲗䶮", "🏭" * 3, "e\u0301", "<b>x</b>", "<script>alert(1)</script>", "&#0;", "&amp;", "]]>", "<!--",
    "_x000D_", "_x0000_", "_xD800_", "'; drop table t0; --", "$$", "../../etc/passwd", "合计", "合 计", "小计：",
    "其中：开发区", "其中", "全区", "全市合计", "注：以上", "制表人：张三", "/", "-", "—", "--", "无", "N/A",
    "未披露", "Nah", "null", "\u3000", " ", "项目编号", PHONE, f"张三{PHONE}", f"电话：{PHONE}，139-1234-5678",
    f"{PHONE},{PHONE}", f"+86{PHONE}", "138 1234 5678", IDENTITY, f"身份证{IDENTITY}", IDENTITY.lower(),
    IDENTITY[:17], f"{IDENTITY[:17]}000", f"邮箱{MAIL}", "１３８１２３４５６７８", "91321204MA1234567O",
    "9132120470000007", "913212047000000", "9.1321204700000E+17", "913212047000000000", "A" * 5000,
)  # fmt: skip
FILE_NAMES = (
    "a'; drop table x;--.csv", 'quote".csv', "star*.csv", "what?.csv", "[1].csv", "{a,b}.csv", "new\nline.csv",
    "%2e%2e.csv", "x..csv.", "a\\..\\b.csv", "C:evil.csv", "CON.csv", "\u202efdp.csv", " lead.csv", "trail .csv ",
    "无后缀", "a.CSV", "长" * 80 + ".csv", "-rf.csv", "$(id).csv", "`id`.csv", "😀.csv", "a.csv.exe", "e\u0301.csv",
    "\u200b.csv", "s3:x.csv", "http:x.csv", "a!b.csv", "x.parquet", "tab\t.csv", "\udcff.csv",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One file of the sample district and what it holds."""

    path: Path
    source: str
    name: str
    data: bytes

    @property
    def label(self) -> str:
        return f"{self.source}/{self.path.parent.name}/{self.path.name}"


@dataclass
class Table:
    """The cells of the sheet that lands, with the place of its header (1-based) and its merges."""

    rows: list[list[Value]]
    top: int
    bottom: int
    merges: list[Merge] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max((len(r) for r in self.rows), default=0)

    def copy(self) -> Table:
        return Table([list(r) for r in self.rows], self.top, self.bottom, list(self.merges))


@dataclass(frozen=True)
class Mutation:
    """A mutated file: drop `data` as `name` for `source`. `steps` says what was done."""

    seed: int
    sample: Sample
    name: str
    data: bytes
    steps: tuple[str, ...]
    keeps: bool = False

    @property
    def source(self) -> str:
        return self.sample.source

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.sample.label} -> {self.name!a}: {'; '.join(self.steps)}"


@cache
def samples() -> tuple[Sample, ...]:
    """Every file of the sample district, in order."""
    out = []
    for path in sorted(SAMPLES.glob("*/*/*"), key=str):
        if path.is_file() and not path.name.startswith("."):
            out.append(Sample(path, path.parts[-3], path.name, path.read_bytes()))
    return tuple(out)


# -- reading a sample, without the reader under test ----------------------------------------------------------


@cache
def _table_of(sample: Sample) -> Table:
    sheets = _grids(sample.data)
    contract = load_contract(sample.source)
    for rows, merges in sheets:
        width = max((len(r) for r in rows), default=0)
        rows = [r + [None] * (width - len(r)) for r in rows]
        header = find_header([[_text(c) or None for c in r] for r in rows[:60]], merges, contract)
        if header is not None and not header.missing:
            return Table(rows, header.top, header.bottom, merges)
    raise AssertionError(f"no table in {sample.label}")


def table_of(sample: Sample) -> Table:
    """A copy of the table that a sample holds."""
    return _table_of(sample).copy()


def _grids(data: bytes) -> list[tuple[list[list[Value]], list[Merge]]]:
    if data[:2] == b"\x1f\x8b":
        return _grids(gzip.decompress(data))
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            if "xl/workbook.xml" not in z.namelist():
                return _grids(z.read(z.infolist()[0]))
        book = openpyxl.load_workbook(io.BytesIO(data))
        return [
            (
                [list(r) for r in sheet.iter_rows(min_row=1, min_col=1, values_only=True)],
                [(m.min_row, m.min_col, m.max_row, m.max_col) for m in sheet.merged_cells.ranges],
            )
            for sheet in book.worksheets
        ]
    if data[:4] == b"\xd0\xcf\x11\xe0":
        old = python_calamine.load_workbook(io.BytesIO(data))
        found = []
        for name in old.sheet_names:
            sheet = old.get_sheet_by_name(name)
            rows = [[v if v != "" else None for v in r] for r in sheet.to_python(skip_empty_area=False)]
            merges = [(a + 1, b + 1, c + 1, d + 1) for (a, b), (c, d) in sheet.merged_cell_ranges or []]
            found.append((rows, merges))
        return found
    text = _decoded(data)
    if text.lstrip()[:1] == "<":
        page = lxml_html.document_fromstring(text.encode("utf-8"), parser=lxml_html.HTMLParser(encoding="utf-8"))
        return [_html_grid(t) for t in page.iter("table")]
    delimiter = max(",\t;|", key=text.count)
    return [([[c or None for c in r] for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)], [])]


def _html_grid(table: Any) -> tuple[list[list[Value]], list[Merge]]:
    cells: dict[tuple[int, int], Value] = {}
    merges: list[Merge] = []
    for r, tr in enumerate(table.iter("tr"), start=1):
        c = 1
        for cell in tr.iter("td", "th"):
            while (r, c) in cells:
                c += 1
            across, down = int(cell.get("colspan", 1)), int(cell.get("rowspan", 1))
            cells |= {(r + i, c + j): None for i in range(down) for j in range(across)}
            cells[r, c] = cell.text_content().strip() or None
            if across > 1 or down > 1:
                merges.append((r, c, r + down - 1, c + across - 1))
    height, width = max(r for r, _ in cells), max(c for _, c in cells)
    return [[cells.get((r, c)) for c in range(1, width + 1)] for r in range(1, height + 1)], merges


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("a sample in an unknown encoding")


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


# -- writing a table --------------------------------------------------------------------------------------------


def flat(table: Table) -> Table:
    """Without merges, for forms that have none: filled down in the data, parents repeated in the header."""
    out = table.copy()
    for r1, c1, r2, c2 in out.merges:
        for r in range(r1, min(r2, len(out.rows)) + 1):
            for c in range(c1, c2 + 1):
                in_header = out.top <= r1 <= out.bottom
                if c == c1 or in_header:
                    out.rows[r - 1][c - 1] = out.rows[r1 - 1][c1 - 1]
    out.merges = []
    return out


def to_csv(
    table: Table, encoding: str = "utf-8", delimiter: str = ",", newline: str = "\r\n", quote_all: bool = False
) -> bytes:
    """A table as delimited text."""
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    rows = [[_text(c) for c in r] for r in flat(table).rows]
    if newline == "\r" and sum(c.count("\n") for r in rows for c in r) >= len(rows):
        # The writer leaves line feeds bare here, and where they are the more, nobody can tell what ends a record.
        return to_csv(table, encoding, delimiter, "\n", quote_all)
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")


def _clean(value: Value) -> Value:
    """What an XLSX writer takes: no control characters, no lone surrogates, at most 32,767 characters."""
    if not isinstance(value, str):
        return value
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", value)[:32767]


def to_xlsx(table: Table, formulas: bool = False) -> bytes:
    """A table as a workbook; texts stay texts, unless formulas may be formulas."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "数据"
    for r, row in enumerate(table.rows, start=1):
        for c, value in enumerate(row, start=1):
            if value is None:
                continue
            cell = sheet.cell(r, c)
            cell.value = _clean(value)  # type: ignore[assignment]
            if isinstance(value, str) and not formulas:
                cell.data_type = "s"
    for r1, c1, r2, c2 in table.merges:
        sheet.merge_cells(start_row=r1, start_column=c1, end_row=r2, end_column=c2)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_xls(table: Table) -> bytes:
    """A table as a BIFF workbook."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("数据")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for r, row in enumerate(table.rows[:65000]):
        for c, value in enumerate(row[:256]):
            if value is None:
                continue
            value = _clean(value)
            if isinstance(value, datetime):
                sheet.write(r, c, value, day)
            else:
                sheet.write(r, c, value)
    for r1, c1, r2, c2 in table.merges:
        sheet.merge(r1 - 1, r2 - 1, c1 - 1, c2 - 1)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_html(table: Table, encoding: str = "utf-8") -> bytes:
    """A table as the HTML that export buttons name .xls."""
    rows = []
    for r in flat(table).rows:
        cells = "".join(f"<td>{html.escape(_text(_clean(c))).replace(chr(10), '<br>')}</td>" for c in r)
        rows.append(f"<tr>{cells}</tr>")
    page = f'<html><head><meta charset="{encoding}"></head><body><table>{"".join(rows)}</table></body></html>'
    return page.encode(encoding, "replace")


def to_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Members in a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return out.getvalue()


# -- mutations that keep every cell -----------------------------------------------------------------------------


def _any_form(rng: random.Random, table: Table) -> tuple[str, bytes, str]:
    """The table in any form that departments send: (file name, bytes, what it is)."""
    form = rng.choice(["csv", "csv", "csv", "csv.gz", "xlsx", "xlsx", "xls", "html", "zip"])
    if form in ("csv", "csv.gz"):
        # Without a BOM a text of a few letters is anybody's guess: it takes some to tell UTF-16.
        encodings = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le-bom"]
        encoding, delimiter = rng.choice(encodings), rng.choice(",\t;|")
        newline, quote_all = rng.choice(["\r\n", "\n", "\r"]), rng.random() < 0.3
        codec = "utf-16-le" if encoding == "utf-16-le-bom" else encoding
        data = to_csv(table, codec, delimiter, newline, quote_all)
        data = b"\xff\xfe" + data if encoding == "utf-16-le-bom" else data
        said = f"csv {encoding} {delimiter!r} {newline!r} quote_all={quote_all}"
        if form == "csv.gz":
            cut = rng.randrange(len(data) + 1)
            several = rng.random() < 0.3
            packed = gzip.compress(data[:cut]) + gzip.compress(data[cut:]) if several else gzip.compress(data)
            return "a.csv.gz", packed, f"{said} gz members={1 + several}"
        return rng.choice(["a.csv", "a.xls", "a.txt"]), data, said
    if form == "xlsx":
        return "a.xlsx", to_xlsx(table), "xlsx"
    if form == "xls":
        return "a.xls", to_xls(table), "xls"
    if form == "html":
        encoding = rng.choice(["utf-8", "gb18030"])
        return "a.xls", to_html(table, encoding), f"html {encoding}"
    inner = rng.choice([("数据.csv", to_csv(table)), ("报表.xlsx", to_xlsx(table))])
    return "a.zip", to_zip({inner[0]: inner[1], "__MACOSX/._x": b"junk", "README.txt": b"hello"}), f"zip of {inner[0]}"


def _shuffled(rng: random.Random, table: Table) -> Table:
    out = flat(table)
    order = list(range(out.width))
    rng.shuffle(order)
    head, body = out.rows[: out.top - 1], out.rows[out.top - 1 :]
    out.rows = [*head, *([r[i] for i in order] for r in body)]
    return out


def _blank_rows(rng: random.Random, table: Table) -> Table:
    out = flat(table)
    for _ in range(rng.randint(1, 4)):
        at = rng.choice([rng.randint(out.bottom, len(out.rows)), rng.randint(0, out.top - 1), len(out.rows)])
        n = rng.choice([1, 1, 2, 5])
        out.rows[at:at] = [[None] * out.width for _ in range(n)]
        if at < out.top:
            out.top, out.bottom = out.top + n, out.bottom + n
        if out.top > 30:
            break
    return out


def _blank_columns(rng: random.Random, table: Table) -> Table:
    out = flat(table)
    # A blank column inside a header of several levels would stand under the parent to its left.
    for _ in range(rng.randint(1, 3)):
        at = rng.choice([0, out.width]) if out.bottom > out.top else rng.randint(0, out.width)
        out.rows = [[*r[:at], None, *r[at:]] for r in out.rows]
    return out


def _more_titles(rng: random.Random, table: Table) -> Table:
    out = table.copy()
    n = rng.randint(1, 5)
    titles: list[list[Value]] = [[rng.choice(["姜堰区项目情况", "内部资料", None, "（截至月底）"])] for _ in range(n)]
    out.rows[0:0] = [t + [None] * (out.width - 1) for t in titles]
    out.top, out.bottom = out.top + n, out.bottom + n
    out.merges = [(a + n, b, c + n, d) for a, b, c, d in out.merges]
    return out


def _same(rng: random.Random, table: Table) -> Table:
    return table


KEEPERS: tuple[Callable[[random.Random, Table], Table], ...] = (
    _same, _same, _shuffled, _blank_rows, _blank_columns, _more_titles,
)  # fmt: skip


def _kept(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    table = table_of(sample)
    steps = []
    for change in rng.sample(KEEPERS, rng.randint(1, 2)):
        table = change(rng, table)
        steps.append(change.__name__.strip("_"))
    name, data, form = _any_form(rng, table)
    return name, data, [*steps, form]


# -- mutations of the table ---------------------------------------------------------------------------------------


def _poison(rng: random.Random, t: Table) -> str:
    n = rng.choice([1, 3, 10, 40])
    for _ in range(n):
        r = rng.randint(t.bottom, len(t.rows) - 1) if t.bottom < len(t.rows) else 0
        t.rows[r][rng.randrange(t.width)] = rng.choice(NASTY)
    return f"{n} nasty cells"


def _poison_column(rng: random.Random, t: Table) -> str:
    c, what = rng.randrange(t.width), rng.choice(NASTY)
    for r in range(t.bottom, len(t.rows)):
        t.rows[r][c] = what if rng.random() < 0.7 else rng.choice(NASTY)
    return f"column {c} {what[:20]!a}"


def _poison_header(rng: random.Random, t: Table) -> str:
    for _ in range(rng.randint(1, 3)):
        t.rows[rng.randint(t.top, t.bottom) - 1][rng.randrange(t.width)] = rng.choice(NASTY)
    return "nasty headers"


def _delete_column(rng: random.Random, t: Table) -> str:
    c = rng.randrange(t.width)
    for r in t.rows:
        if c < len(r):
            del r[c]
    return f"column {c} deleted"


def _double_column(rng: random.Random, t: Table) -> str:
    c, at = rng.randrange(t.width), rng.randrange(t.width + 1)
    for r in t.rows:
        r.insert(at, r[c])
    return f"column {c} twice"


def _rename_column(rng: random.Random, t: Table) -> str:
    c = rng.randrange(t.width)
    name = rng.choice(
        ["新列", "联系电话", "项目编号", "单位", "合计", "投资（亿元）", "金额（美元）", "x" * 300, "年\n月", "(（("]
    )
    t.rows[t.bottom - 1][c] = name
    return f"column {c} is {name[:12]!r}"


def _double_rows(rng: random.Random, t: Table) -> str:
    for _ in range(rng.randint(1, 5)):
        t.rows.insert(rng.randint(t.bottom, len(t.rows)), list(rng.choice(t.rows)))
    return "rows twice"


def _repeat_header(rng: random.Random, t: Table) -> str:
    at = rng.randint(t.bottom, len(t.rows))
    t.rows[at:at] = [list(r) for r in t.rows[t.top - 1 : t.bottom]]
    return f"header again at {at}"


def _move_header(rng: random.Random, t: Table) -> str:
    n = rng.choice([1, 10, 37, 45, 70])
    t.rows[0:0] = [[rng.choice([None, "说明", "标题"])] + [None] * (t.width - 1) for _ in range(n)]
    return f"header {n} rows further down"


def _split_header(rng: random.Random, t: Table) -> str:
    parents: list[Value] = [rng.choice(["基本情况", "投资情况", None]) for _ in range(t.width)]
    t.rows.insert(t.top - 1, parents)
    return "one more level"


def _no_header(rng: random.Random, t: Table) -> str:
    del t.rows[t.top - 1 : t.bottom]
    return "no header"


def _notes(rng: random.Random, t: Table) -> str:
    for _ in range(rng.randint(1, 6)):
        row: list[Value] = [None] * t.width
        row[rng.choice([0, 0, rng.randrange(t.width)])] = rng.choice(
            [
                "合计",
                "合 计",
                "小计：",
                "其中：开发区",
                "全区",
                "注：含外资",
                f"制表人：张三 {PHONE}",
                "审核：李四",
                "（续表）",
                "123",
            ]
        )
        for c in range(t.width):
            if rng.random() < 0.2:
                row[c] = row[c] or rng.choice([100, "1,000.5", "—", "x"])
        t.rows.insert(rng.randint(t.bottom, len(t.rows)), row)
    return "notes and totals"


def _giant_cell(rng: random.Random, t: Table) -> str:
    size = rng.choice([40_000, 1 << 20, 3 << 20])
    unit = rng.choice(["字", "9", "a,b\n", '"', " "])
    t.rows[rng.randrange(len(t.rows))][rng.randrange(t.width)] = unit * (size // len(unit))
    return f"a cell of {size} characters of {unit!r}"


def _wide(rng: random.Random, t: Table) -> str:
    n = rng.choice([50, 250, 700, 2100])
    for i, r in enumerate(t.rows, start=1):
        r += [f"列{c}" if i == t.bottom else c for c in range(n)] if rng.random() < 0.9 else []
    return f"{n} more columns"


def _long_row(rng: random.Random, t: Table) -> str:
    rng.choice(t.rows).extend(rng.choice(NASTY) for _ in range(rng.choice([1, 2, 30])))
    return "a row longer than the header"


def _short_rows(rng: random.Random, t: Table) -> str:
    for r in t.rows[t.bottom :]:
        if rng.random() < 0.3:
            del r[rng.randrange(len(r) or 1) :]
    return "short rows"


def _blanks(rng: random.Random, t: Table) -> str:
    n = rng.choice([500, 5000, 20000])
    at = rng.randint(t.bottom, len(t.rows))
    t.rows[at:at] = [[rng.choice([None, None, " "])] for _ in range(n)]
    return f"{n} blank rows"


def _many_rows(rng: random.Random, t: Table) -> str:
    body = t.rows[t.bottom :]
    n = rng.choice([200, 2000])
    t.rows += [list(rng.choice(body)) for _ in range(n)] if body else []
    return f"{n} more rows"


def _only_header(rng: random.Random, t: Table) -> str:
    del t.rows[t.bottom :]
    return "only the header"


def _persons(rng: random.Random, t: Table) -> str:
    header = rng.choice(["备注", "联系人电话", "姓名", "说明事项", "E-mail", "其他"])
    what = rng.choice([PHONE, IDENTITY, MAIL, f"张三 {PHONE}", f"{PHONE}/{PHONE}", f"86{PHONE}", IDENTITY.lower()])
    for i, r in enumerate(t.rows, start=1):
        r.append(header if i == t.bottom else what if i > t.bottom and rng.random() < rng.choice([0.1, 1]) else None)
    return f"persons under {header}: {what}"


TABLE_CHANGES: tuple[Callable[[random.Random, Table], str], ...] = (
    _poison, _poison, _poison, _poison_column, _poison_column, _poison_header, _delete_column, _double_column,
    _rename_column, _double_rows, _repeat_header, _move_header, _split_header, _no_header, _notes, _notes,
    _giant_cell, _wide, _long_row, _short_rows, _blanks, _many_rows, _only_header, _persons,
)  # fmt: skip


def _retabled(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    table = flat(table_of(sample))
    steps = []
    for change in rng.sample(TABLE_CHANGES, rng.choice([1, 1, 2, 3])):
        table.rows = [r + [None] * (table.width - len(r)) for r in table.rows]
        table.bottom = min(table.bottom, len(table.rows))
        if table.width and table.rows:
            steps.append(change(rng, table))
    form = rng.choice(["csv", "csv", "csv", "xlsx", "xls", "html", "formulas"])
    if form == "csv":
        options = rng.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), rng.choice(",\t;|")
        return "a.csv", to_csv(table, *options), [*steps, f"csv {options}"]
    if form == "xls":
        return "a.xls", to_xls(table), [*steps, form]
    if form == "html":
        return "a.xls", to_html(table), [*steps, form]
    return "a.xlsx", to_xlsx(table, formulas=form == "formulas"), [*steps, form]


# -- mutations of bytes -----------------------------------------------------------------------------------------


def _damaged(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    kind = rng.choice(["cut", "cut", "flip", "flip", "insert", "delete", "repeat", "zeros", "tail", "head"])
    at = rng.randrange(len(data) + 1)
    b = bytearray(data)
    if kind == "cut":
        return data[:at], f"cut at {at}"
    if kind == "flip":
        n = rng.choice([1, 4, 50])
        for _ in range(n):
            if b:
                b[rng.randrange(len(b))] ^= 1 << rng.randrange(8)
        return bytes(b), f"{n} bits flipped"
    if kind == "insert":
        n = rng.choice([1, 2, 300])
        return data[:at] + rng.randbytes(n) + data[at:], f"{n} bytes inserted at {at}"
    if kind == "delete":
        n = rng.choice([1, 2, 100])
        return data[:at] + data[at + n :], f"{n} bytes deleted at {at}"
    if kind == "repeat":
        return data[:at] + data[at // 2 :], f"repeated from {at // 2} at {at}"
    if kind == "zeros":
        n = rng.choice([1, 100, 5000])
        return data[:at] + bytes(n) + data[at + n :], f"{n} zeros at {at}"
    junk = rng.choice([b"\n\n", b"\x1a", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", bytes(64), rng.randbytes(40)])
    return (data + junk, f"tail {junk[:6]!r}") if kind == "tail" else (junk + data, f"head {junk[:6]!r}")


def _reencoded(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    text = to_csv(table_of(sample)).decode("utf-8")
    a, b = rng.sample(["utf-8", "gb18030", "utf-16-le", "utf-16-be", "latin-1", "big5", "cp1252", "utf-32", "utf-7"], 2)
    cut = rng.choice([0, len(text), rng.randrange(len(text) + 1)])
    bom = rng.choice(
        [b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb", b"\xff\xfe\x00\x00", b"\xef\xbb\xbf" * 2]
    )
    data = bom + text[:cut].encode(a, "replace") + text[cut:].encode(b, "replace")
    return "a.csv", data, [f"{a} then {b} from {cut}, BOM {bom!r}"]


def _bytes_of_any(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    if rng.random() < 0.5:
        name, data, steps = sample.name, sample.data, []
    else:
        name, data, form = _any_form(rng, table_of(sample))
        steps = [form]
    for _ in range(rng.choice([1, 1, 2])):
        data, said = _damaged(rng, data)
        steps.append(said)
    return name, data, steps


# -- mutations of the XML of a workbook ---------------------------------------------------------------------------


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a package."""
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return {n: z.read(n) for n in z.namelist()}


SHEET, STRINGS, WORKBOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
RELS = "xl/_rels/workbook.xml.rels"
_ENTITIES = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "ha">{_ENTITIES}]>'
XXE = '<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>'


def with_shared_strings(parts: dict[str, bytes]) -> dict[str, bytes]:
    """A package whose texts stand in one shared part, as Excel writes them (openpyxl may write them inline)."""
    if STRINGS in parts or SHEET not in parts:
        return parts
    out, texts = dict(parts), []

    def shared(m: re.Match[bytes]) -> bytes:
        texts.append(m[2])
        return m[1] + b't="s"><v>%d</v></c>' % (len(texts) - 1)

    cell = re.compile(rb'(<c [^>]*)t="inlineStr"><is>(<t[^>]*>[^<]*</t>|<t */>)</is></c>')
    for name in [n for n in parts if n.startswith("xl/worksheets/sheet")]:
        out[name] = cell.sub(shared, parts[name])
    items = b"".join(b"<si>" + t + b"</si>" for t in texts)
    out[STRINGS] = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + items + b"</sst>"
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    rel = b'<Relationship Id="rIdShared" Type="' + kind + b'" Target="/xl/sharedStrings.xml"/></Relationships>'
    out[RELS] = parts[RELS].replace(b"</Relationships>", rel)
    content = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + content + b'"/></Types>'
    out["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", override)
    return out


def with_doctype(xml: bytes, doctype: str, reference: str = "&l9;") -> bytes:
    """XML with a document type and one reference to an entity of it, in its first text."""
    text = xml.decode("utf-8")
    text = re.sub(r"^(<\?xml[^>]*\?>)?", lambda m: m[0] + doctype, text, count=1)
    return re.sub(r"(<t[^>]*>)", lambda m: m[1] + reference, text, count=1).encode("utf-8")


def merges_xml(refs: list[str]) -> bytes:
    """The element that lists merges."""
    inner = "".join(f'<mergeCell ref="{r}"/>' for r in refs)
    return f'<mergeCells count="{len(refs)}">{inner}</mergeCells>'.encode()


def _x_drop(rng: random.Random, p: dict[str, bytes]) -> str:
    name = rng.choice(sorted(p))
    del p[name]
    return f"without {name}"


def _x_damage(rng: random.Random, p: dict[str, bytes]) -> str:
    name = rng.choice([SHEET, SHEET, STRINGS if STRINGS in p else SHEET, rng.choice(sorted(p))])
    p[name], said = _damaged(rng, p[name])
    return f"{name}: {said}"


def _x_entities(rng: random.Random, p: dict[str, bytes]) -> str:
    name, doctype = rng.choice([n for n in (STRINGS, STRINGS, SHEET, WORKBOOK) if n in p]), rng.choice([LAUGHS, XXE])
    p[name] = with_doctype(p[name], doctype)
    return f"{doctype[:40]} in {name}"


def _x_dimension(rng: random.Random, p: dict[str, bytes]) -> str:
    ref = rng.choice(["A1:XFD1048576", "A1", "ZZZZ99999999:A1", "", "A0:A0", "B2:A1"])
    p[SHEET] = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{ref}"'.encode(), p[SHEET])
    return f"dimension {ref}"


def _x_merges(rng: random.Random, p: dict[str, bytes]) -> str:
    kind = rng.choice(["overlap", "outside", "whole", "many", "odd"])
    rows = rng.randint(5, 12)
    refs = {
        "overlap": [f"A{rows}:C{rows + 6}", f"B{rows - 2}:D{rows + 3}", f"A{rows}:C{rows + 6}"],
        "outside": ["XFA1048570:XFD1048576", "A900000:A1048576"],
        "whole": ["A1:XFD1048576"],
        "many": [f"A{i}:A{i + 1}" for i in range(2, 40_000, 2)],
        "odd": ["A5", "5:A", "A9:A3", "A0:A9", "$A$4:$A$6", "A99999999:A999999999"],
    }[kind]
    p[SHEET] = re.sub(rb"<mergeCells.*?</mergeCells>", b"", p[SHEET], flags=re.DOTALL)
    p[SHEET] = p[SHEET].replace(b"</sheetData>", b"</sheetData>" + merges_xml(refs))
    return f"merges {kind}"


def _x_strings(rng: random.Random, p: dict[str, bytes]) -> str:
    index = rng.choice(["99999999", "-1", "", "1e3", "NaN"])
    p[SHEET] = re.sub(rb't="s"><v>\d+<', f't="s"><v>{index}<'.encode(), p[SHEET], count=rng.choice([1, 0]))
    if STRINGS in p and rng.random() < 0.3:
        p[STRINGS] = p[STRINGS].replace(b"<sst ", b'<sst count="4294967295" uniqueCount="4294967295" ', 1)
        return "four billion shared strings announced"
    return f"shared string {index!r}"


def _x_cells(rng: random.Random, p: dict[str, bytes]) -> str:
    cell = rng.choice([
        '<c r="B6" t="e"><v>#REF!</v></c>', '<c r="B6" t="str"><f>1+1</f></c>', '<c r="B6"><f>A1</f></c>',
        '<c r="B6" t="b"><v>7</v></c>', '<c r="B6"><v>1e999</v></c>', '<c r="B6" t="d"><v>2025-99-99</v></c>',
        '<c r="B6" t="inlineStr"><is><t>x</t></is></c>', '<c r="B6" t="zz"><v>x</v></c>', '<c r="B0"><v>1</v></c>',
        '<c r="XFE6"><v>1</v></c>', '<c r="ZZZZZZ6"><v>1</v></c>', '<c r="B6" s="99999"><v>1</v></c>',
        "<c><v>1</v></c>", '<c r="B6"><v>&#xD800;</v></c>', '<c r="A6"><v>1</v></c><c r="A6"><v>2</v></c>',
    ])  # fmt: skip
    rows = list(re.finditer(rb"<row\b[^>]*>", p[SHEET]))
    if rows:
        at = rng.choice(rows).end()
        p[SHEET] = p[SHEET][:at] + cell.encode() + p[SHEET][at:]
    return f"cell {cell}"


def _x_rows(rng: random.Random, p: dict[str, bytes]) -> str:
    number = rng.choice(["1048576", "1048577", "99999999", "0", "-1", "3", "x", ""])
    rows = list(re.finditer(rb'<row r="(\d+)"', p[SHEET]))
    if rows:
        m = rng.choice(rows)
        p[SHEET] = p[SHEET][: m.start(1)] + number.encode() + p[SHEET][m.end(1) :]
    if rng.random() < 0.3:
        p[SHEET] = re.sub(rb'(<row|<c) r="[A-Z]*\d+"', rb"\1", p[SHEET])
        return "no row numbers"
    return f"row number {number!r}"


def _x_rels(rng: random.Random, p: dict[str, bytes]) -> str:
    name = RELS
    target = rng.choice(
        ["../../../../etc/passwd", "/etc/passwd", "http://example.com/x.xml", "worksheets/none.xml", "", "."]
    )
    p[name] = re.sub(rb'Target="[^"]*sheet1.xml"', f'Target="{target}"'.encode(), p[name])
    return f"sheet at {target!r}"


def _x_names(rng: random.Random, p: dict[str, bytes]) -> str:
    sheet = rng.choice(["", "'", "a'b", "]x[", "数据\n", "x" * 300, "../x", "数据&quot;", "&#128512;"])
    p[WORKBOOK] = re.sub(
        rb'<sheet ([^>]*)name="[^"]*"', lambda m: b"<sheet " + m[1] + f'name="{sheet}"'.encode(), p[WORKBOOK]
    )
    return f"sheet named {sheet[:20]!r}"


def _x_links(rng: random.Random, p: dict[str, bytes]) -> str:
    p["xl/externalLinks/externalLink1.xml"] = b'<externalLink xmlns="x"><externalBook r:id="rId1"/></externalLink>'
    p["xl/vbaProject.bin"] = rng.randbytes(200)
    p["../../evil.txt"] = b"evil"
    return "external link, macros, a path out of the package"


def _x_bomb(rng: random.Random, p: dict[str, bytes]) -> str:
    size = rng.choice([5 << 20, 70 << 20])
    p[SHEET] += b" " * size
    return f"{size} blanks behind a part"


def _x_state(rng: random.Random, p: dict[str, bytes]) -> str:
    p[WORKBOOK] = (
        p[WORKBOOK]
        .replace(b"<workbookPr", b'<workbookPr date1904="1"')
        .replace(b'state="visible"', b'state="veryHidden"')
    )
    return "1904, hidden"


XML_CHANGES: tuple[Callable[[random.Random, dict[str, bytes]], str], ...] = (
    _x_drop, _x_damage, _x_damage, _x_damage, _x_entities, _x_dimension, _x_merges, _x_merges, _x_strings, _x_cells,
    _x_cells, _x_rows, _x_rows, _x_rels, _x_names, _x_links, _x_bomb, _x_state,
)  # fmt: skip


def _rexmled(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    parts = parts_of(to_xlsx(table_of(sample)))
    parts = with_shared_strings(parts) if rng.random() < 0.8 else parts
    steps = []
    for change in rng.sample(XML_CHANGES, rng.choice([1, 1, 2])):
        needed = {_x_strings: SHEET, _x_rels: RELS, _x_names: WORKBOOK, _x_state: WORKBOOK}.get(change, SHEET)
        if needed in parts:
            steps.append(change(rng, parts))
    return "a.xlsx", to_zip(parts), steps


# -- mutations of containers and names ------------------------------------------------------------------------------


MEMBER_NAMES = (
    "../../etc/x.csv", "/etc/x.csv", "C:\\windows\\x.csv", "..\\..\\x.csv", "a/../../x.csv", "x.csv\x00.exe",
    "a" * 300 + ".csv", "\u202efdp.csv", "new\nline.csv", "'; --.csv", "*.csv", "[a].csv", "报表.csv",
    "子/目录/表.csv", ".hidden.csv", "~$a.xlsx", "x", "a!b.csv", "\ufeffx.csv",
)  # fmt: skip


def _zipped(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    table = table_of(sample)
    good = to_csv(table)
    kind = rng.choice(
        ["names", "names", "twice", "link", "crypt", "bomb", "nested", "many", "empty", "method", "crc", "mixed"]
    )
    if kind == "names":
        names = rng.sample(MEMBER_NAMES, 4)
        return "a.zip", to_zip({n: good + b"\n" * i for i, n in enumerate(names)}), [f"members {names!a}"]
    if kind == "twice":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            for i in range(3):
                z.writestr(f"x{i}.csv", good + b"\n" * i)
        data = re.sub(rb"x[12]\.csv", b"x0.csv", out.getvalue())
        return "a.zip", data, ["one name three times"]
    if kind == "link":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            info = zipfile.ZipInfo("link.csv")
            info.external_attr = 0o120777 << 16
            z.writestr(info, "/etc/passwd")
        return "a.zip", out.getvalue(), ["a symbolic link"]
    if kind == "crypt":
        data = bytearray(to_zip({"x.csv": good}))
        for m in re.finditer(rb"PK\x03\x04|PK\x01\x02", bytes(data)):
            data[m.start() + (6 if m[0] == b"PK\x03\x04" else 8)] |= 1
        return "a.zip", bytes(data), ["encrypted"]
    if kind == "bomb":
        size = rng.choice([80 << 20, 20 << 20])
        inner = b"0" * size
        wrapped = rng.choice(["zip", "gz"])
        return (
            f"a.{wrapped}",
            to_zip({"x.csv": inner}) if wrapped == "zip" else gzip.compress(inner),
            [f"bomb {size}"],
        )
    if kind == "nested":
        data = to_zip({"x.csv": good})
        for i in range(rng.choice([1, 5])):
            data = to_zip({f"{i}.zip": data})
        return "a.zip", data, ["nested"]
    if kind == "many":
        n = rng.choice([30, 1500])
        return "a.zip", to_zip({f"{i}.csv": b"x" for i in range(n)}, zipfile.ZIP_STORED), [f"{n} members"]
    if kind == "empty":
        return "a.zip", to_zip(rng.choice([{}, {"d/": b""}, {"README": b"x"}, {"x.csv": b""}])), ["empty"]
    if kind == "method":
        data = bytearray(to_zip({"x.csv": good}))
        for m in re.finditer(rb"PK\x03\x04|PK\x01\x02", bytes(data)):
            struct.pack_into("<H", data, m.start() + (8 if m[0] == b"PK\x03\x04" else 10), 97)
        return "a.zip", bytes(data), ["unknown method"]
    if kind == "crc":
        data = bytearray(to_zip({"x.csv": good, "y.csv": good + b"\n"}, zipfile.ZIP_STORED))
        data[60 + rng.randrange(20)] ^= 0x55
        return "a.zip", bytes(data), ["wrong checksum"]
    members = {
        "a.csv": good,
        "b.xlsx": to_xlsx(table),
        "c.xls": to_html(table),
        "d.pdf": b"%PDF-1.4",
        "e.csv.gz": gzip.compress(good),
    }
    return "a.zip", to_zip(members), ["all kinds"]


def _gzipped(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    good = to_csv(table_of(sample))
    packed = gzip.compress(good)
    kind = rng.choice(["garbage", "twice", "zeros", "crc", "raw", "xlsx", "cut"])
    data = {
        "garbage": packed + rng.randbytes(30),
        "twice": gzip.compress(packed),
        "zeros": packed + bytes(100),
        "crc": packed[:-8] + bytes(8),
        "raw": zlib.compress(good),
        "xlsx": gzip.compress(to_xlsx(table_of(sample))),
        "cut": packed[: rng.randrange(len(packed))],
    }[kind]
    return "a.csv.gz", data, [f"gzip {kind}"]


def _renamed(rng: random.Random, sample: Sample) -> tuple[str, bytes, list[str]]:
    name = rng.choice(FILE_NAMES)
    if rng.random() < 0.5:
        return name, sample.data, ["name only"]
    _, data, form = _any_form(rng, table_of(sample))
    return name, data, [form]


KINDS: tuple[tuple[str, int, Callable[[random.Random, Sample], tuple[str, bytes, list[str]]]], ...] = (
    ("keeps", 26, _kept),
    ("table", 30, _retabled),
    ("bytes", 14, _bytes_of_any),
    ("encoding", 6, _reencoded),
    ("xml", 14, _rexmled),
    ("zip", 5, _zipped),
    ("gzip", 2, _gzipped),
    ("name", 3, _renamed),
)


def mutate(seed: int) -> Mutation:
    """The mutation of a seed."""
    rng = random.Random(seed)
    sample = rng.choice(samples())
    ((kind, _, build),) = rng.choices(KINDS, [k[1] for k in KINDS])
    name, data, steps = build(rng, sample)
    keeps = kind in ("keeps", "name")
    return Mutation(seed, sample, name, data, (kind, *steps), keeps)


def original(sample: Sample) -> Mutation:
    """A sample as it stands."""
    return Mutation(-1, sample, sample.name, sample.data, ("unmutated",), keeps=True)
