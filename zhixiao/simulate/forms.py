"""A delivery as a form: header, cells, notes and totals, in a style; and what landing should make of every row.

The columns come from the contract. A style says how this file differs from the standard form: `Style()` is the
standard. Whatever the style, the truth about the file is counted here, from what was put into it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from zhixiao.contracts import Column, Contract, load_contract
from zhixiao.simulate import containers
from zhixiao.simulate.containers import Cell, Merge, Sheet, plain
from zhixiao.simulate.delivery import Delivery, Line, Value
from zhixiao.simulate.repairs import key_of, scope_of

MONEY_UNITS = {"元": Decimal("0.0001"), "千元": Decimal("0.1"), "万元": Decimal(1), "亿元": Decimal(10000)}
FX = Decimal("7.2")
FULL_WIDTH = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
_UNIT = re.compile(r"[（(]([^（）()]*元)[）)]")
EPOCH = date(1970, 1, 1)
NEGATIVE = "-12.5"
"""What a spoiled money cell holds where no negative money may stand: out of bounds, but readable, so it is counted."""


@dataclass
class Damage:
    """A row that goes wrong: `text` stands in `column`. `is_copy`: it stands beside the good row, not in its place."""

    row: int
    column: str
    text: str
    reason: str
    is_copy: bool
    before: bool = False


@dataclass
class Style:
    """How a file is written. The defaults are the standard form."""

    order: list[str] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    """Unit of a money column where it is not the contract's."""
    banner_unit: str | None = None
    numbers: dict[str, str] = field(default_factory=dict)
    """plain, number, thousands, full: how the numbers of a column are written."""
    dates: dict[str, str] = field(default_factory=dict)
    periods: str = "dash"
    null: str = ""
    titles: list[str] = field(default_factory=list)
    groups: int = 0
    """Rows of group headings above the header."""
    notes: list[str] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    """Labels of control rows; one that begins with 其中： sums the rows of that board."""
    repeat_header: int | None = None
    blank_after: int | None = None
    extra: dict[str, str] = field(default_factory=dict)
    """Unknown columns: header -> what its cells say ('#': the row's number)."""
    personal: dict[str, list[str]] = field(default_factory=dict)
    merge_column: str | None = None
    cover_sheet: bool = False
    split_sheets: bool = False
    approximate: tuple[int, str] | None = None
    broken_date: tuple[int, str] | None = None
    trailing_space: str | None = None
    codes: dict[str, str] = field(default_factory=dict)
    """How the codes of a column are typed: bare (no hyphens), wide, hash, lower, spaced."""
    wide_brackets: bool = False
    own_units: tuple[int, str] | None = None
    """A row and a money column whose cell says its own unit."""
    legacy_ids: frozenset[int] = frozenset()
    """Rows of tax that show the fifteen digits of before 2015."""
    two_levels: bool = False
    """Headers with a hyphen stand as parent and child."""
    damages: list[Damage] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    gbk_names: bool = False
    """The names inside a zip are in GBK."""
    container: str = "xlsx"
    encoding: str = "utf-8"
    delimiter: str = ","
    suffix: str = ""


@dataclass
class CellTruth:
    """A cell that goes to quarantine."""

    sheet: str
    row: int
    column: str
    reason: str
    key: str | None = None
    """The row's key where it can be read; else `scope` says what a later delivery would replace."""
    scope: str | None = None


@dataclass
class FileTruth:
    """What should come of a file."""

    source: str
    received_on: date | None
    file_name: str
    sha256: str
    status: str = "loaded"
    reason_code: str | None = None
    rows_read: int | None = 0
    rows_accepted: int | None = 0
    rows_quarantined: int | None = 0
    rows_control: int | None = 0
    rows_ignored: int | None = 0
    money_read: Decimal | None = Decimal(0)
    money_accepted: Decimal | None = Decimal(0)
    money_quarantined: Decimal | None = Decimal(0)
    cells: list[CellTruth] = field(default_factory=list)
    period: str = ""
    """The month or year that it states."""
    folder: str = ""
    """Where it lies below raw/."""


@dataclass
class Written:
    """A file's bytes, its truth, and the rows that a warehouse should know from it."""

    path_name: str
    body: bytes
    truths: list[FileTruth]
    accepted: list[Line]


@dataclass
class _Row:
    kind: str
    cells: list[Cell]
    line: Line | None = None
    bad: list[tuple[str, str]] = field(default_factory=list)
    money: Decimal = Decimal(0)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


_CODES: dict[str, Callable[[str], str]] = {
    "bare": lambda t: t.replace("-", ""),
    "wide": _wide,
    "hash": lambda t: "、".join(f"{c}#" for c in t.split("、")),
    "lines": lambda t: t.replace("、", "\n"),
    "lower": str.lower,
    "spaced": lambda t: f"{t[:6]} {t[6:]}",
}


def columns_of(contract: Contract) -> list[Column]:
    """The columns that the standard form shows: the summary names its month in the banner."""
    return [c for c in contract.file_columns if not (contract.source == "tax_summary" and c.name == "stat_period")]


def header_unit(header: str) -> str | None:
    """The unit of money that a header names."""
    m = _UNIT.search(header)
    return m[1] if m and m[1] in MONEY_UNITS else None


def default_unit(column: Column, delivery: Delivery) -> str:
    """The unit in which views state a column."""
    if column.unit == "(banner)":
        return "元" if delivery.source == "tax" else "万元"
    return column.unit


def stated_period(delivery: Delivery) -> str:
    """The month, or the year, that a delivery is about, where its rows or its banner say so."""
    if delivery.period is not None:
        return f"{delivery.period // 12}-{delivery.period % 12 + 1:02d}"
    values = delivery.lines[0].values if delivery.lines else {}
    if load_contract(delivery.source).mode == "period" and isinstance(values.get("stat_period"), date):
        return f"{values['stat_period']:%Y-%m}"
    return str(values.get("stat_year") or "") if load_contract(delivery.source).mode == "register" else ""


def banner(delivery: Delivery, banner_unit: str | None = None) -> str:
    """The line above the header that names the unit, and in tax the office and the month."""
    unit = banner_unit or ("元" if delivery.source == "tax" else "万元")
    if delivery.period is None:
        return f"单位：{unit}"
    period = f"{delivery.period // 12}年{delivery.period % 12 + 1}月"
    office = delivery.banner_office or "国家税务总局样例区税务局"
    return f"管理机关：{office}，报表期：{period}，数据类型：入库税收，金额单位：{unit}"


def write(delivery: Delivery, style: Style) -> Written:
    """The file of a delivery in a style."""
    return _Form(delivery, style).written()


class _Form:
    def __init__(self, delivery: Delivery, style: Style) -> None:
        self.delivery = delivery
        self.style = style
        self.contract = load_contract(delivery.source)
        shown = {c.name: c for c in columns_of(self.contract)}
        self.columns = [shown[n] for n in style.order] if style.order else list(shown.values())
        self.is_text = style.container not in ("xlsx", "xls", "zip-xlsx")
        self.has_banner = any(c.unit == "(banner)" for c in self.columns)
        self.headers = {c.name: style.headers.get(c.name, c.headers[0]) for c in self.columns}
        self.extra_places = list(style.extra)
        self.accepted: list[Line] = []
        self.off = dict(delivery.control or {})
        self.totals = style.totals or (["合计"] if delivery.control is not None else [])

    # Cells

    def unit_of(self, column: Column) -> str:
        """The unit that a reader should see: the header's, else the banner's, else the contract's."""
        named = header_unit(self.headers[column.name])
        if named:
            return named
        if column.unit == "(banner)" and self.style.banner_unit:
            return self.style.banner_unit
        return default_unit(column, self.delivery)

    def number(self, column: Column, value: Decimal) -> Cell:
        if column.unit == "(own text)":
            return (
                f"{value:,.4f}(万元人民币)"
                if self.style.numbers.get(column.name) == "thousands"
                else f"{plain(value)}万元"
            )
        if column.value_type == "money" and column.unit != "万美元":
            value = value * MONEY_UNITS[default_unit(column, self.delivery)] / MONEY_UNITS[self.unit_of(column)]
        how = self.style.numbers.get(column.name, "plain" if self.is_text else "number")
        if how == "thousands":
            return f"{Decimal(plain(value)):,f}"
        if how == "full":
            return plain(value).translate(FULL_WIDTH)
        return plain(value) if how == "plain" or self.is_text else value

    def day(self, column: Column, value: date) -> Cell:
        how = self.style.dates.get(column.name, "iso" if self.is_text else "cell")
        if column.name in self.delivery.coarse:
            return {"point": f"{value:%Y.%m}", "iso": f"{value:%Y-%m}"}.get(how, f"{value.year}年{value.month}月")
        if how == "cell":
            return value if not self.is_text else value.isoformat()
        return {
            "iso": value.isoformat(),
            "slash": f"{value.year}/{value.month}/{value.day}",
            "point": f"{value:%Y.%m.%d}",
            "chinese": f"{value.year}年{value.month}月{value.day}日",
            "digits": f"{value:%Y%m%d}",
            "midnight": f"{value.isoformat()} 00:00:00",
            "serial": Decimal(containers.serial(value)) if not self.is_text else str(containers.serial(value)),
            "epoch": str(((value - EPOCH).days * 86400 - 28800) * 1000),
        }[how]

    def moment(self, column: Column, value: datetime) -> Cell:
        how = self.style.dates.get(column.name, "iso" if self.is_text else "cell")
        if how == "cell" and not self.is_text:
            return value
        if how == "slash":
            return f"{value.year}/{value.month}/{value.day} {value:%H:%M:%S}"
        return value.isoformat(sep=" ")

    def period(self, value: date) -> str:
        how = self.style.periods
        if value.month == 2 and how == "both" and 1 in self.contract.months_without_report:
            return f"{value.year}年1-2月"
        return {"point": f"{value:%Y.%m}", "digits": f"{value:%Y%m}", "dash": f"{value:%Y-%m}"}.get(
            how, f"{value.year}年{value.month}月"
        )

    def cell(self, column: Column, value: Value) -> Cell:
        if value is None:
            return self.style.null if column.value_type != "text" or not column.is_key else ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if column.value_type == "period":
            assert isinstance(value, date)
            return self.period(value)
        if isinstance(value, datetime):
            return self.moment(column, value)
        if isinstance(value, date):
            return self.day(column, value)
        if isinstance(value, Decimal):
            return self.number(column, value)
        if isinstance(value, int):
            return str(value) if self.is_text else Decimal(value)
        text = str(value)
        if column.name in self.style.codes:
            text = _CODES[self.style.codes[column.name]](text)
        elif self.style.wide_brackets and column.name.endswith("company_name"):
            text = text.replace("(", "（").replace(")", "）")
        return f"{text} " if column.name == self.style.trailing_space else text

    def money(self, line: Line, bad: set[str]) -> Decimal:
        total = Decimal(0)
        for c in self.columns:
            value = line.values.get(c.name)
            if c.value_type == "money" and isinstance(value, Decimal) and c.name not in bad:
                if c.unit == "万美元":
                    total += value * FX
                elif c.unit == "(own text)":
                    total += value
                else:
                    total += value * MONEY_UNITS[default_unit(c, self.delivery)]
        return total

    # Rows

    def data_rows(self) -> list[_Row]:
        out: list[_Row] = []
        damages: dict[int, list[Damage]] = {}
        for d in self.style.damages:
            damages.setdefault(d.row, []).append(d)
        for n, line in enumerate(self.delivery.lines):
            good = self.data_row(n, line)
            here = damages.get(n, [])
            out += [self.damaged(n, line, d) for d in here if d.is_copy and d.before]
            in_place = next((d for d in here if not d.is_copy), None)
            out.append(self.damaged(n, line, in_place) if in_place else good)
            if n in self.style.duplicates and in_place is None:
                again = self.data_row(n, line)
                again.bad.append((self.contract.keys[0], "duplicate_key"))
                out.append(again)
            out += [self.damaged(n, line, d) for d in here if d.is_copy and not d.before]
        return out

    def data_row(self, n: int, line: Line) -> _Row:
        cells = [self.cell(c, line.values.get(c.name)) for c in self.columns]
        if self.style.approximate and self.style.approximate[0] == n:
            at = self.place(self.style.approximate[1])
            if cells[at] not in (None, "", self.style.null):
                cells[at] = f"约{containers.as_text(cells[at])}"
        if self.style.broken_date and self.style.broken_date[0] == n:
            name = self.style.broken_date[1]
            value = line.values.get(name)
            if isinstance(value, date):
                text = f"{value.year}"
                cells[self.place(name)] = f"{text[:3]} {text[3:]}年{value.month}月{value.day}日"
        if self.style.own_units and self.style.own_units[0] == n:
            name = self.style.own_units[1]
            column, value = self.contract.by_name[name], line.values.get(name)
            if isinstance(value, Decimal):
                in_wan = value * MONEY_UNITS[default_unit(column, self.delivery)]
                cells[self.place(name)] = f"{plain(in_wan / 10000)}亿元" if in_wan else "0元"
        if n in self.style.legacy_ids:
            code = str(line.values["uscc"])
            cells[self.place("uscc")] = code[2:8] + code[8:17]
        return _Row("data", cells, line, [], self.money(line, set()))

    def damaged(self, n: int, line: Line, damage: Damage) -> _Row:
        row = self.data_row(n, line)
        row.cells[self.place(damage.column)] = damage.text
        row.bad.append((damage.column, damage.reason))
        row.money = self.money(line, {damage.column})
        column = self.contract.by_name[damage.column]
        if damage.text == NEGATIVE and column.value_type == "money":
            factor = FX if column.unit == "万美元" else MONEY_UNITS[self.unit_of(column)]
            row.money += Decimal(NEGATIVE) * factor
        return row

    def place(self, name: str) -> int:
        return next(i for i, c in enumerate(self.columns) if c.name == name)

    def total_row(self, label: str, rows: list[_Row]) -> _Row | None:
        board = label.split("：", 1)[1] if label.startswith("其中：") else None
        held = [r for r in rows if not r.bad and r.line is not None]
        if board is not None:
            held = [r for r in held if r.line and r.line.values.get("reporting_unit") == board]
        cells: list[Cell] = [None] * len(self.columns)
        first = next(
            (i for i, c in enumerate(self.columns) if c.value_type in ("id", "text", "period", "enum", "year")), None
        )
        if first is None or any(c.is_numeric for c in self.columns[:first]):
            return None
        for i, c in enumerate(self.columns):
            if c.value_type == "money" and c.unit not in ("万美元", "(own text)"):
                amounts = [r.line.values.get(c.name) for r in held if r.line]
                total = sum((a for a in amounts if isinstance(a, Decimal)), Decimal(0))
                cells[i] = self.number(c, total + (self.off.pop(c.name, Decimal(0)) if board is None else 0))
        cells[first] = label
        return _Row("control", cells)

    def widened(self, cells: list[Cell], n: int | None) -> list[Cell]:
        """The contract's cells with the columns that nobody knows, or should know, behind them."""
        out = list(cells)
        for text in self.style.extra.values():
            out.append(None if n is None else str(n + 1) if text == "#" else text)
        for values in self.style.personal.values():
            out.append(None if n is None else values[n % len(values)])
        return out

    # Sheets

    def sheet(self, name: str, rows: list[_Row], truth: FileTruth) -> Sheet:
        style, width = self.style, len(self.columns) + len(self.style.extra) + len(self.style.personal)
        grid: list[list[Cell]] = []
        merges: list[Merge] = []
        for n, text in enumerate(style.titles):
            grid.append([text, *[None] * (width - 1)])
            if n == 0 and text and width > 1 and not self.is_text:
                merges.append((len(grid), 1, len(grid), width))
        if self.has_banner or style.banner_unit:
            grid.append([banner(self.delivery, style.banner_unit), *[None] * (width - 1)])
        for _ in range(style.groups):
            grid.append(self.group_row(width, len(grid) + 1, merges))
        header: list[Cell] = [self.headers[c.name] for c in self.columns]
        header += [*style.extra, *style.personal]
        if style.two_levels:
            self.two_level_header(header, grid, merges)
        else:
            grid.append(list(header))
        bottom = len(grid)
        header = list(grid[-1])
        placed: list[tuple[int, _Row]] = []
        for n, row in enumerate(rows):
            if style.repeat_header is not None and n == style.repeat_header and n:
                grid.append(list(header))
                truth.rows_ignored = (truth.rows_ignored or 0) + 1
            if style.blank_after is not None and n == style.blank_after and n:
                grid.append([None] * width)
                truth.rows_ignored = (truth.rows_ignored or 0) + 1
            grid.append(self.widened(row.cells, n if row.kind == "data" else None))
            placed.append((len(grid), row))
        for text in style.notes:
            grid.append([text, *[None] * (width - 1)])
            truth.rows_ignored = (truth.rows_ignored or 0) + 1
        self.count(name, len(grid) - bottom, placed, truth)
        if style.merge_column and not self.is_text:
            self.merge_down(grid, merges, placed)
        return Sheet(name, grid, merges)

    def group_row(self, width: int, at: int, merges: list[Merge]) -> list[Cell]:
        words = []
        for c in self.columns:
            kind = {"money": "金额情况", "money_fx": "金额情况", "area": "用地情况", "date": "时间节点"}.get(
                c.value_type
            )
            words.append(kind or "基本情况")
        words += ["其他"] * (width - len(self.columns))
        cells: list[Cell] = [None] * width
        start = 0
        for i in range(1, width + 1):
            if i == width or words[i] != words[start]:
                cells[start] = words[start]
                if i - start > 1 and not self.is_text:
                    merges.append((at, start + 1, at, i))
                start = i
        return cells

    def two_level_header(self, header: list[Cell], grid: list[list[Cell]], merges: list[Merge]) -> None:
        """`本月完成-本期` as 本月完成 over 本期; a header without a hyphen reaches over both rows."""
        top, child = len(grid) + 1, len(grid) + 2
        parents: list[Cell] = []
        children: list[Cell] = []
        for text in header:
            parent, hyphen, rest = str(text).partition("-")
            parents.append(parent)
            children.append(rest if hyphen else None)
        for c, below in enumerate(children, start=1):
            if below is None and not self.is_text:
                merges.append((top, c, child, c))
        start = 0
        for c in range(1, len(header) + 1):
            if c == len(header) or parents[c] != parents[start] or children[start] is None:
                if c - start > 1 and not self.is_text:
                    merges.append((top, start + 1, top, c))
                for repeated in range(start + 1, c):
                    parents[repeated] = None
                start = c
        if self.is_text:
            # Without merges a header that stands alone stands in the lower row.
            for c, below in enumerate(children):
                if below is None:
                    parents[c], children[c] = None, parents[c]
        grid.append(parents)
        grid.append(children)

    def merge_down(self, grid: list[list[Cell]], merges: list[Merge], placed: list[tuple[int, _Row]]) -> None:
        """Equal neighbours of one column become one merged cell; a reader fills it down inside the merge."""
        assert self.style.merge_column is not None
        at = self.place(self.style.merge_column)
        i = 0
        while i < len(placed):
            j = i
            first, row = placed[i]
            value = grid[first - 1][at]
            while (
                j + 1 < len(placed)
                and placed[j + 1][0] == placed[j][0] + 1
                and placed[j + 1][1].kind == row.kind == "data"
                and value not in (None, "")
                and grid[placed[j + 1][0] - 1][at] == value
            ):
                j += 1
                grid[placed[j][0] - 1][at] = None
            if j > i:
                merges.append((first, at + 1, placed[j][0], at + 1))
            i = j + 1

    def count(self, name: str, read: int, placed: list[tuple[int, _Row]], truth: FileTruth) -> None:
        truth.rows_read = (truth.rows_read or 0) + read
        for at, row in placed:
            if row.kind == "control":
                truth.rows_control = (truth.rows_control or 0) + 1
                continue
            truth.money_read = (truth.money_read or Decimal(0)) + row.money
            if row.bad:
                truth.rows_quarantined = (truth.rows_quarantined or 0) + 1
                truth.money_quarantined = (truth.money_quarantined or Decimal(0)) + row.money
                assert row.line is not None
                unreadable = {column for column, reason in row.bad if reason != "duplicate_key"}
                key = key_of(self.contract, row.line.values, unreadable)
                scope = scope_of(self.delivery, row.line.values, unreadable)
                truth.cells += [CellTruth(name, at, column, reason, key, scope) for column, reason in row.bad]
            else:
                truth.rows_accepted = (truth.rows_accepted or 0) + 1
                truth.money_accepted = (truth.money_accepted or Decimal(0)) + row.money
                assert row.line is not None
                self.accepted.append(row.line)

    # The file

    def written(self) -> Written:
        d, style = self.delivery, self.style
        truth = FileTruth(d.source, d.received_on, "", "", period=stated_period(d))
        rows = self.data_rows()
        workbook = style.container in ("xlsx", "xls", "zip-xlsx")
        halves = [rows]
        if style.split_sheets and workbook and len(rows) >= 4:
            halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
        sheets = (
            [Sheet("填报说明", [["填报说明"], ["1. 本表由部门交换，不含个人信息。"]])]
            if style.cover_sheet and workbook
            else []
        )
        for n, half in enumerate(halves):
            totals = [t for label in self.totals if (t := self.total_row(label, half)) is not None]
            name = (
                "table1"
                if style.container == "html"
                else ""
                if not workbook
                else "Sheet1"
                if len(halves) == 1
                else f"第{n + 1}部分"
            )
            sheets.append(self.sheet(name, half + totals, truth))
        stem = d.stem + style.suffix
        inner = ""
        if style.container in ("xlsx", "zip-xlsx"):
            body, ending = containers.xlsx_bytes(sheets), ".xlsx"
        elif style.container == "xls":
            body, ending = containers.xls_bytes(sheets), ".xls"
        elif style.container == "html":
            body, ending = containers.html_bytes(sheets[0], style.encoding), ".xls"
        else:
            body = containers.csv_bytes(sheets[0].rows, style.encoding, style.delimiter)
            ending = {"csv-as-xls": ".xls", "txt": ".txt"}.get(style.container, ".csv")
        truth.sha256 = hashlib.sha256(body).hexdigest()
        file_name = stem + ending
        if style.container.startswith("zip"):
            inner, file_name = file_name, stem + ".zip"
            body = containers.zip_bytes([(inner, body)], style.gbk_names)
        elif style.container == "gz":
            body, file_name = containers.gzip_bytes(body), file_name + ".gz"
            truth.sha256 = hashlib.sha256(body).hexdigest()
        truth.file_name = f"{file_name}!{inner}" if inner else file_name
        return Written(file_name, body, [truth], self.accepted)
