"""Nasty deliveries made by hand, each with the one outcome that `sources.md` gives it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
import xlwt
from openpyxl.worksheet.worksheet import Worksheet

from tests.landing.mutate import (
    IDENTITY,
    LAUGHS,
    PHONE,
    SHEET,
    STRINGS,
    XXE,
    merges_xml,
    parts_of,
    to_zip,
    with_doctype,
    with_shared_strings,
)
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.landing.report import Drop, FileReport, LandedPaths
from zhixiao.settings import Settings

Rows = Sequence[Sequence[Any]]

# Valid credit codes of invented firms, and one with a wrong check digit.
CODE, CODE2, CODE3 = "913212047000000793", "91321204700000140R", "91321204700000107G"
WRONG_CHECK = CODE[:-1] + "4"
SALES = ["年月", "统一社会信用代码", "企业名称", "开票销售（万元）"]
ORG = "泰州例甲机械有限公司"
TAX = [
    "社会信用代码（纳税人识别号）",
    "纳税人名称",
    "征收项目",
    "税款所属期起",
    "税款所属期止",
    "入库税额",
    "入库日期",
    "主管税务机关",
]
PAYMENT = ["监管银行", "流水号", "付款方", "收款方", "付款方统一社会信用代码", "金额（元）", "交易时间"]


@dataclass
class Landed:
    """What came of one file."""

    report: FileReport
    rows: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    controls: list[dict[str, Any]]

    @property
    def counts(self) -> tuple[int | None, ...]:
        """read, accepted, quarantined, control, ignored"""
        r = self.report
        return r.rows_read, r.rows_accepted, r.rows_quarantined, r.rows_control, r.rows_ignored

    def column(self, name: str) -> list[Any]:
        return [r[name] for r in self.rows]

    @property
    def failures(self) -> list[tuple[int, str, str]]:
        """(row, column, reason) of every failing cell."""
        return [(r["row_number"], r["column_name"], r["reason_code"]) for r in self.rejects]

    def everything(self) -> str:
        """All that is stored of the file, as one text."""
        return repr((self.report, self.rows, self.rejects, self.controls))


def csv_bytes(rows: Rows) -> bytes:
    """Rows as a CSV with every cell quoted where it must be."""

    def cell(v: Any) -> str:
        text = "" if v is None else str(v)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text

    return "".join(",".join(cell(v) for v in r) + "\r\n" for r in rows).encode()


def xlsx_bytes(*sheets: tuple[str, Rows], merges: Sequence[str] = ()) -> bytes:
    """Sheets as a workbook; merges are of the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet: Worksheet = book.create_sheet(name)
        for r in rows:
            sheet.append(list(r))
    for m in merges:
        book.worksheets[0].merge_cells(m)
    return book_bytes(book)


def book_bytes(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return to_zip(with_shared_strings(parts_of(out.getvalue())))


def drop_all(settings: Settings, source: str, files: dict[str, bytes]) -> dict[str, Landed]:
    """Drop files on one day and land them: {name in the load log: what came of it}."""
    folder = settings.raw_dir / source / "2025-06-10"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found = discover(settings)
    assert not found.refused, found.refused
    return {d.file_name: landed(settings, d) for d in found.drops if d.source == source}


def landed(settings: Settings, drop: Drop) -> Landed:
    """Land one drop and read what was written."""
    report = land_drop(settings, drop)
    if report.status == "refused":
        return Landed(report, [], [], [])
    paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
    rows, rejects, controls = (pq.read_table(p).to_pylist() for p in (paths.rows, paths.rejects, paths.controls))
    return Landed(report, rows, rejects, controls)


def land(settings: Settings, source: str, data: bytes | Rows, name: str = "a.csv") -> Landed:
    """Drop one file and land it."""
    body = data if isinstance(data, bytes) else csv_bytes(data)
    return drop_all(settings, source, {name: body})[name]


def sales(settings: Settings, *rows: Sequence[Any], header: Sequence[Any] = SALES) -> Landed:
    """A sales file of these rows."""
    return land(settings, "sales", [header, *rows])


# -- rows ---------------------------------------------------------------------------------------------------------


def test_a_bare_line_feed_in_a_file_of_carriage_returns_is_part_of_its_cell(settings: Settings) -> None:
    """Taken as the line end it made one record of the file: every row became a column without a header."""
    rows = [SALES, ["2025-05", CODE, "泰州例甲\n机械有限公司", "10"], ["2025-05", CODE2, ORG, "20"]]
    data = "".join(",".join(r) + "\r" for r in rows).encode()
    got = land(settings, "sales", data)
    assert got.counts == (2, 2, 0, 0, 0)
    assert got.column("company_name") == ["泰州例甲机械有限公司", ORG]
    assert got.column("row_number") == [2, 3]


def test_a_line_break_inside_quotes_is_no_new_row(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, "泰州例甲\n机械有限公司", "10"], ["2025-05", CODE2, ORG, "20"])
    assert got.counts == (2, 2, 0, 0, 0)
    assert got.column("company_name") == ["泰州例甲机械有限公司", ORG]
    assert got.column("row_number") == [2, 3]


def test_cells_beyond_the_header_are_kept_and_reported(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "10", "多出来的"], ["2025-05", CODE2, ORG, "20"])
    assert got.counts == (2, 2, 0, 0, 0)
    assert len(got.report.unknown_columns) == 1
    (name,) = got.report.unknown_columns
    assert [json.loads(e) if e else None for e in got.column("extra")] == [{name: "多出来的"}, None]


def test_a_blank_column_is_not_reported(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, "", ORG, "10"], header=[*SALES[:2], "", *SALES[2:]])
    assert got.report.unknown_columns == []
    assert got.column("extra") == [None]


def test_a_total_names_itself_in_the_name_column(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "10"], ["2025-05", "", "合计", "10"])
    assert got.counts == (2, 1, 0, 1, 0)
    assert [(c["row_number"], c["label"], json.loads(c["values"])) for c in got.controls] == [
        (3, "合计", {"invoiced_sales": "10.000000"})
    ]
    assert got.report.money_read == Decimal(10)


@pytest.mark.parametrize(
    "label", ["合 计", "合　计", "小计", "小计：", "其中：开发区", "其中", "全区", "全区合计", "总计", "开发区小计"]
)
def test_totals_are_no_data(settings: Settings, label: str) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "10"], [label, "", "", "10"])
    assert got.counts == (2, 1, 0, 1, 0)
    assert [c["row_number"] for c in got.controls] == [3]


def test_a_total_in_another_unit_is_in_ten_thousand_yuan(settings: Settings) -> None:
    header = [*SALES[:3], "开票销售（元）"]
    got = sales(settings, ["2025-05", CODE, ORG, "100000"], ["合计", "", "", "100000"], header=header)
    assert json.loads(got.controls[0]["values"]) == {"invoiced_sales": "10.000000"}


def test_a_firm_whose_name_holds_a_word_for_total_is_data(settings: Settings) -> None:
    got = sales(
        settings, ["2025-05", CODE, "泰州全区通物流有限公司", "10"], ["2025-05", CODE2, "合计算机有限公司", "20"]
    )
    assert got.counts == (2, 2, 0, 0, 0)


@pytest.mark.parametrize(
    "note",
    [
        ["注：含外资企业"],
        ["备注：以税务口径为准"],
        ["填报说明：本表由税务局填报"],
        [f"制表人：张三 电话：{PHONE}"],
        ["制表人：张三", "审核：李四", "", "日期：2025-06-01"],
        ["", "制表人：张三"],
        ["", "", "", "审核人：李四"],
        ["数据来源：金税系统"],
        ["* 本月数据为初步统计"],
        ["以上数据不含个体工商户，由区税务局提供"],
    ],
    ids=lambda n: "|".join(n)[:14],
)
def test_notes_are_ignored_and_not_stored(settings: Settings, note: list[str]) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "10"], ["", "", "", ""], note)
    assert got.counts == (3, 1, 0, 0, 2)
    stored = repr((got.rows, got.rejects, got.controls))
    assert not any(n in stored for n in note if n)


def test_a_header_repeated_inside_the_data(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "10"], SALES, ["2025-05", CODE2, ORG, "20"])
    assert got.counts == (3, 2, 0, 0, 1)
    assert got.column("row_number") == [2, 4]


def test_a_header_of_two_levels_repeated_inside_the_data(settings: Settings) -> None:
    top = ["年月", "项目名称", "项目代码", "投资（万元）", "", "", ""]
    low = ["", "", "", "计划总投资", "自开始建设累计完成投资", "本年完成投资", "本月完成投资"]
    row = ["2025-05", "甲项目", "2405-321204-89-01-100018", "100", "50", "20", "5"]
    again = ["2025-05", "乙项目", "2405-321204-89-01-200018", "10", "5", "2", "-1"]
    got = land(settings, "fai", [top, low, row, top, low, again])
    assert got.counts == (4, 2, 0, 0, 2)
    assert got.column("row_number") == [3, 6]
    assert got.column("investment_month") == [Decimal(5), Decimal(-1)]


def test_blank_rows_between_are_counted_and_those_behind_are_not(settings: Settings) -> None:
    blank = ["", " ", "", "\u3000"]
    got = sales(settings, ["2025-05", CODE, ORG, "10"], blank, blank, ["2025-05", CODE2, ORG, "20"], blank, blank)
    assert got.counts == (4, 2, 0, 0, 2)
    assert got.column("row_number") == [2, 5]


def test_title_rows_are_not_counted_but_number_the_rows(settings: Settings) -> None:
    rows = [["工业开票销售情况"], [], ["单位：万元"], SALES, ["2025-05", CODE, ORG, "10"]]
    got = land(settings, "sales", rows)
    assert got.counts == (1, 1, 0, 0, 0)
    assert got.column("row_number") == [5]


def test_one_row_with_two_faults_is_one_quarantined_row(settings: Settings) -> None:
    got = sales(settings, ["2025-05", "9132", ORG, "若干"], ["2025-05", CODE, ORG, "1"])
    assert got.counts == (2, 1, 1, 0, 0)
    assert got.failures == [(2, "uscc", "uscc_length"), (2, "invoiced_sales", "number_unreadable")]
    assert {r["row_key"] for r in got.rejects} == {None}
    assert got.report.money_quarantined == 0


def test_the_money_of_a_quarantined_row_is_counted(settings: Settings) -> None:
    header = [*SALES, "设备采购进项（万元）"]
    got = sales(settings, ["2025-05", "", ORG, "12.5", "x"], ["2025-05", CODE, ORG, "7.5", "1"], header=header)
    assert got.failures == [(2, "uscc", "key_empty"), (2, "equipment_purchases", "number_unreadable")]
    assert [r["money"] for r in got.rejects] == [Decimal("12.5")] * 2
    r = got.report
    assert (r.money_read, r.money_accepted, r.money_quarantined) == (Decimal(21), Decimal("8.5"), Decimal("12.5"))


# -- workbooks ------------------------------------------------------------------------------------------------------


def test_a_merged_cell_is_filled_inside_the_merge_and_nowhere_else(settings: Settings) -> None:
    rows = [
        SALES,
        ["2025-03", CODE, ORG, 1],
        ["2025-04", CODE, None, 2],
        ["2025-05", CODE, None, 3],
        ["2025-06", CODE, None, 4],
    ]
    got = land(settings, "sales", xlsx_bytes(("s", rows), merges=["C2:C4"]), "a.xlsx")
    assert got.column("company_name") == [ORG, ORG, ORG, None]


def test_a_header_cell_merged_into_the_data_fills_nothing(settings: Settings) -> None:
    rows = [SALES, ["2025-03", CODE, None, 1], ["2025-04", CODE, None, 2]]
    got = land(settings, "sales", xlsx_bytes(("s", rows), merges=["C1:C3"]), "a.xlsx")
    assert got.counts == (2, 2, 0, 0, 0)
    assert got.column("company_name") == [None, None]


def test_a_total_merged_over_two_columns_is_a_total(settings: Settings) -> None:
    rows = [SALES, ["2025-03", CODE, ORG, 1], ["合计", None, None, 1]]
    got = land(settings, "sales", xlsx_bytes(("s", rows), merges=["A3:C3"]), "a.xlsx")
    assert got.counts == (2, 1, 0, 1, 0)


def test_hidden_rows_columns_and_sheets_land(settings: Settings) -> None:
    book = openpyxl.Workbook()
    first, second = book.worksheets[0], book.create_sheet("隐藏")
    second.sheet_state = "hidden"
    for sheet, code in ((first, CODE), (second, CODE2)):
        for r in (SALES, ["2025-05", code, ORG, 1], ["2025-06", code, ORG, 2]):
            sheet.append(r)
    first.row_dimensions[2].hidden = True
    first.column_dimensions["D"].hidden = True
    got = land(settings, "sales", book_bytes(book), "a.xlsx")
    assert sorted(got.column("uscc")) == sorted([CODE, CODE, CODE2, CODE2])
    assert sorted(got.column("invoiced_sales")) == [1, 1, 2, 2]


def test_every_matching_sheet_lands_and_the_others_are_named(settings: Settings) -> None:
    data = xlsx_bytes(
        ("说明", [["填报说明"], ["请按月填报"]]),
        ("五月", [SALES, ["2025-05", CODE, ORG, 1]]),
        ("空", []),
        ("六月", [["标题"], SALES, ["2025-06", CODE, ORG, 2], ["合计", None, None, 2]]),
    )
    got = land(settings, "sales", data, "a.xlsx")
    assert got.report.sheets == ["五月", "六月"]
    assert got.report.ignored_sheets == ["说明", "空"]
    assert got.counts == (3, 2, 0, 1, 0)
    assert [(r["sheet"], r["row_number"], r["stat_period"]) for r in got.rows] == [
        ("五月", 2, date(2025, 5, 31)),
        ("六月", 3, date(2025, 6, 30)),
    ]


def test_a_sheet_that_lacks_a_required_column_beside_one_that_lands(settings: Settings) -> None:
    data = xlsx_bytes(("缺", [SALES[:3], ["2025-05", CODE2, ORG]]), ("好", [SALES, ["2025-05", CODE, ORG, 1]]))
    got = land(settings, "sales", data, "a.xlsx")
    assert got.report.sheets == ["好"]
    assert got.report.ignored_sheets == ["缺"]
    assert got.column("uscc") == [CODE]


def test_a_biff_workbook(settings: Settings) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("开票")
    for r, row in enumerate([["标题"], SALES, ["2025-05", CODE, ORG, 1234.5], ["合计", "", "", 1234.5]]):
        for c, value in enumerate(row):
            sheet.write(r, c, value)
    out = io.BytesIO()
    book.save(out)
    got = land(settings, "sales", out.getvalue(), "a.xls")
    assert got.counts == (2, 1, 0, 1, 0)
    assert [(r["sheet"], r["row_number"], r["invoiced_sales"]) for r in got.rows] == [("开票", 3, Decimal("1234.5"))]


def test_a_code_that_a_workbook_holds_as_a_number(settings: Settings) -> None:
    got = land(settings, "sales", xlsx_bytes(("s", [SALES, ["2025-05", float(913212047000000793), ORG, 1]])), "a.xlsx")
    assert got.failures == [(2, "uscc", "precision_lost")]


def test_error_and_formula_cells(settings: Settings) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(SALES)
    for i, value in enumerate(["#REF!", "#DIV/0!", "=1+1"], start=5):
        sheet.append([f"2025-0{i}", CODE, ORG, value])
    got = land(settings, "sales", book_bytes(book), "a.xlsx")
    # A formula that was never calculated has no value: an empty cell that is no key lands as null.
    assert got.failures == [(2, "invoiced_sales", "number_unreadable"), (3, "invoiced_sales", "number_unreadable")]
    assert got.column("invoiced_sales") == [None]


# -- headers and units ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "banner", "value", "expected", "unit"),
    [
        ("开票销售（元）", "单位：亿元", "10000", "1", "元"),
        ("开票销售", "单位：元", "10000", "1", "元"),
        ("开票销售", "金额单位：亿元，报表期：2025年5月", "2", "20000", "亿元"),
        ("开票销售", "", "7", "7", "万元"),
        ("开票销售（万元）", "单位：元", "7", "7", "万元"),
        ("开 票 销 售\n(亿元)：", "", "1.5", "15000", "亿元"),
        ("开票销售〔 万 元 〕", "单位：元", "7", "7", "万元"),
    ],
)
def test_the_unit_is_of_the_header_else_of_the_banner_else_of_the_contract(
    settings: Settings, header: str, banner: str, value: str, expected: str, unit: str
) -> None:
    got = land(settings, "sales", [[banner], [*SALES[:3], header], ["2025-05", CODE, ORG, value]])
    assert got.column("invoiced_sales") == [Decimal(expected)]
    assert got.column("invoiced_sales_unit") == [unit]
    assert got.column("invoiced_sales_text") == [value]
    assert got.report.columns["invoiced_sales"].unit == unit


FAI = ["年月", "项目代码", "项目名称", "计划总投资", "自开始建设累计完成投资", "本年完成投资", "本月完成投资"]
FAI_ROW = ["2025-05", "2405-321204-89-01-100018", "甲项目", "3", "2", "1", "-0.5"]


def test_the_unit_of_a_parent_header(settings: Settings) -> None:
    top = ["年月", "项目代码", "项目名称", "投资情况（亿元）", "", "", ""]
    got = land(settings, "fai", [top, ["", "", "", *FAI[3:]], FAI_ROW])
    assert got.column("planned_investment") == [Decimal(30000)]
    assert got.column("investment_month") == [Decimal(-5000)]


def test_money_without_any_unit_is_refused(settings: Settings) -> None:
    got = land(settings, "fai", [FAI, FAI_ROW])
    assert (got.report.status, got.report.reason_code) == ("refused", "unit_unknown")
    assert "计划总投资" in (got.report.reason_zh or "")
    assert got.report.headers_found == FAI
    assert got.report.money_read is None


def test_money_of_the_banner_alone(settings: Settings) -> None:
    got = land(settings, "fai", [["计量单位：万元"], FAI, FAI_ROW])
    assert got.column("planned_investment") == [Decimal(3)]


def test_a_required_column_is_missing(settings: Settings) -> None:
    got = land(settings, "sales", [SALES[:3], ["2025-05", CODE, ORG]])
    assert (got.report.status, got.report.reason_code) == ("refused", "column_missing")
    assert "开票销售（万元）" in (got.report.reason_zh or "")
    assert got.report.headers_found == SALES[:3]
    assert got.counts == (None,) * 5


def test_two_columns_under_one_header(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "10", "99"], header=[*SALES, SALES[3]])
    assert got.column("invoiced_sales") == [Decimal(10)]
    assert got.report.unknown_columns == ["开票销售（万元）"]
    assert json.loads(got.rows[0]["extra"]) == {"开票销售（万元）": "99"}
    assert got.report.money_read == Decimal(10)


def test_unknown_columns_are_kept(settings: Settings) -> None:
    got = sales(
        settings, ["2025-05", CODE, ORG, "10", "甲", ""], ["2025-06", CODE, ORG, "10", "", ""],
        header=[*SALES, "备用\n一", "备用二"],
    )  # fmt: skip
    assert got.report.unknown_columns == ["备用 一", "备用二"]
    assert [json.loads(e) if e else None for e in got.column("extra")] == [{"备用 一": "甲", "备用二": None}, None]


def test_an_empty_register_is_a_statement(settings: Settings) -> None:
    got = land(settings, "expansion", [["入库编号", "统一社会信用代码", "增资扩产方向"]])
    assert got.report.status == "landed"
    assert got.counts == (0, 0, 0, 0, 0)
    assert got.report.scopes == ["*"]
    assert got.report.money_read == 0


# -- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.50", "1234.5"),
        ("１２３", "123"),
        ("１，２３４．５", "1234.5"),
        ("(123)", None),
        ("1.2亿", "12000"),
        ("1.2亿元", "12000"),
        ("5万元", "5"),
        ("50000元", "5"),
        (" 12 ", "12"),
        ("\u300012\u00a0", "12"),
        ("12\n", "12"),
        ("¥1,000", "1000"),
        ("0", "0"),
        ("-0", "0"),
        ("00012", "12"),
        ("1E3", "1000"),
        ("12.", "12"),
        (".5", "0.5"),
        ("约3.5", "3.5"),
        ("3.5左右", "3.5"),
        ("1234567.123456", "1234567.123456"),
    ],
)
def test_numbers(settings: Settings, text: str, value: str | None) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, text])
    if value is None:
        assert got.failures == [(2, "invoiced_sales", "out_of_bounds")], "negative, and sales are not"
        return
    assert got.column("invoiced_sales") == [Decimal(value)]
    marks = ["invoiced_sales:approximate"] if "约" in text or "左右" in text else None
    assert got.column("marks") == [marks]


def test_a_number_in_brackets_is_negative(settings: Settings) -> None:
    header = ["年月", "统一社会信用代码", "工业总产值（万元）"]
    rows = [
        ["2025-02", CODE, "(123)"],
        ["2025-03", CODE, "（1,123.5）"],
        ["2025-04", CODE, "-7"],
        ["2025-05", CODE, "－7"],
    ]
    got = land(settings, "output", [header, *rows])
    assert got.column("output_value") == [Decimal(-123), Decimal("-1123.5"), Decimal(-7), Decimal(-7)]
    assert got.report.money_read == Decimal("-1260.5")


@pytest.mark.parametrize(
    "text",
    [
        "3-5",
        "3~5",
        "若干",
        "约",
        "(5",
        "5)",
        "((5))",
        "--5",
        "1.2.3",
        "NaN",
        "inf",
        "Infinity",
        "0x10",
        "1_000",
        "٣",
        "½",
        "=1+1",
        "5美",
        "12人",
    ],
)
def test_what_is_no_number(settings: Settings, text: str) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, text])
    assert got.failures == [(2, "invoiced_sales", "number_unreadable")]
    assert got.rejects[0]["cell_text"] == text
    assert got.report.money_read == 0


@pytest.mark.parametrize("text", ["1e400", "9" * 30, "1E15"])
def test_a_number_beyond_all_measure(settings: Settings, text: str) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, text])
    assert got.failures == [(2, "invoiced_sales", "out_of_bounds")]


@pytest.mark.parametrize("text", ["", "/", "-", "—", "--", "无", "N/A", "未披露", "Nah", " ", "\u3000"])
def test_nothing_is_null(settings: Settings, text: str) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, text])
    assert got.counts == (1, 1, 0, 0, 0)
    assert got.column("invoiced_sales") == [None]


@pytest.mark.parametrize("text", ["", "/", "无"])
def test_an_empty_key_is_quarantined(settings: Settings, text: str) -> None:
    got = sales(settings, ["2025-05", text, ORG, "10"])
    assert got.failures == [(2, "uscc", "key_empty")]
    assert got.rejects[0]["scope"] == "2025-05"


def test_an_empty_key_that_may_be_empty(settings: Settings) -> None:
    got = land(
        settings,
        "event",
        [["活动编号", "活动名称", "举办日期", "环节", "事项"], ["H1", "推介会", "2025-03-05", "", "/"]],
    )
    assert got.counts == (1, 1, 0, 0, 0)
    assert (got.rows[0]["event_phase"], got.rows[0]["task"]) == (None, None)


ENTERPRISE = ["统一社会信用代码", "企业名称", "成立日期"]


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("2025-03-01", "2025-03-01", "day"),
        ("2025/3/1", "2025-03-01", "day"),
        ("2025.03.01", "2025-03-01", "day"),
        ("20250301", "2025-03-01", "day"),
        ("2025-03-01 00:00:00", "2025-03-01", "day"),
        ("2025年3月1日", "2025-03-01", "day"),
        ("２０２５年３月１日", "2025-03-01", "day"),
        ("202 6年7月14日", "2026-07-14", "day"),
        ("45000", "2023-03-15", "day"),
        ("45000.75", "2023-03-15", "day"),
        ("1741190400000", "2025-03-06", "day"),
        ("2025-03-01T23:59:59", "2025-03-01", "day"),
        ("2025年3月", "2025-03-31", "month"),
        ("2025.03", "2025-03-31", "month"),
        ("2025-3", "2025-03-31", "month"),
        ("202502", "2025-02-28", "month"),
        ("2024年2月", "2024-02-29", "month"),
        ("2025年", "2025-12-31", "year"),
        ("2025", "2025-12-31", "year"),
        ("2025年底", "2025-12-31", "year"),
        ("1990-01-01", "1990-01-01", "day"),
        ("2099-12-31", "2099-12-31", "day"),
    ],
)
def test_dates(settings: Settings, text: str, day: str, precision: str) -> None:
    got = land(settings, "enterprise", [ENTERPRISE, [CODE, ORG, text]])
    assert got.column("company_registered_date") == [date.fromisoformat(day)]
    assert got.column("company_registered_date_precision") == [precision]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("一季度", "date_unreadable"),
        ("年底", "date_unreadable"),
        ("2025-02-30", "date_unreadable"),
        ("2025-13-01", "date_unreadable"),
        ("0000-00-00", "date_unreadable"),
        ("25-3-1", "date_unreadable"),
        ("待定", "date_unreadable"),
        ("2025-03-01至2025-04-01", "date_unreadable"),
        ("infinity", "date_unreadable"),
        ("epoch", "date_unreadable"),
        ("2025-03-01 BC", "date_unreadable"),
        ("99999999", "date_unreadable"),
        ("1989-12-31", "out_of_bounds"),
        ("2100-01-01", "out_of_bounds"),
        ("9999-12-31", "out_of_bounds"),
    ],
)
def test_what_is_no_date(settings: Settings, text: str, reason: str) -> None:
    got = land(settings, "enterprise", [ENTERPRISE, [CODE, ORG, text]])
    assert got.failures == [(2, "company_registered_date", reason)]


@pytest.mark.parametrize("text", ["1900年1月", "1900年1月0日", "1901年01月02日"])
def test_the_spreadsheet_for_no_date(settings: Settings, text: str) -> None:
    got = land(settings, "enterprise", [ENTERPRISE, [CODE, ORG, text]])
    assert got.column("company_registered_date") == [None]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025年1-2月", "2025-02-28"),
        ("2025年5月", "2025-05-31"),
        ("202505", "2025-05-31"),
        ("2025-05", "2025-05-31"),
        ("2025/5", "2025-05-31"),
        ("2025-05-01", "2025-05-31"),
        ("45808", "2025-05-31"),
        ("2025年5月份", "2025-05-31"),
    ],
)
def test_periods(settings: Settings, text: str, day: str) -> None:
    got = sales(settings, [text, CODE, ORG, "1"])
    assert got.column("stat_period") == [date.fromisoformat(day)]
    assert got.report.scopes == [day[:7]]


@pytest.mark.parametrize("text", ["2025年", "一季度", "2025年一季度", "2025年1-13月", "5月"])
def test_what_is_no_period(settings: Settings, text: str) -> None:
    got = sales(settings, [text, CODE, ORG, "1"])
    assert got.failures == [(2, "stat_period", "date_unreadable")]
    assert got.report.scopes == []


def test_real_dates_of_a_workbook(settings: Settings) -> None:
    rows = [ENTERPRISE, [CODE, ORG, datetime(2025, 3, 1)], [CODE2, ORG, date(2024, 2, 29)]]
    got = land(settings, "enterprise", xlsx_bytes(("s", rows)), "a.xlsx")
    assert got.column("company_registered_date") == [date(2025, 3, 1), date(2024, 2, 29)]


def test_times(settings: Settings) -> None:
    texts = ["2025-03-01 12:30:45", "2025/3/1 9:05", "45717.5", "20250301123045", "1740803445000"]
    rows = [["江苏银行", f"L{i}", ORG, ORG, CODE, "1", t] for i, t in enumerate(texts)]
    got = land(settings, "payment", [PAYMENT, *rows])
    noon = datetime(2025, 3, 1, 12, 30, 45)
    assert got.column("paid_at") == [noon, datetime(2025, 3, 1, 9, 5), datetime(2025, 3, 1, 12), noon, noon]


# -- credit codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("91321204MA1234567O", "uscc_alphabet"),
        ("9132120470000007I3", "uscc_alphabet"),
        ("9132120470000007932", "uscc_length"),
        ("9132120470000", "uscc_length"),
        ("913212047000007", "uscc_length"),
        ("9.13E+17", "precision_lost"),
        ("9.1321204700000E+17", "precision_lost"),
        ("9.13212047e17", "precision_lost"),
        ("913212047000001000", "precision_lost"),
        ("见附件", "uscc_length"),
        ("91321204700000079？", "uscc_alphabet"),
    ],
)
def test_credit_codes_that_do_not_land(settings: Settings, text: str, reason: str) -> None:
    got = sales(settings, ["2025-05", text, ORG, "1"])
    assert got.failures == [(2, "uscc", reason)]
    assert got.rejects[0]["cell_text"] == text


@pytest.mark.parametrize(
    "text",
    [CODE, f" {CODE} ", f"{CODE[:8]} {CODE[8:]}", "９１３２１２０４７０００００１４０ｒ", f"\ufeff{CODE2.lower()}"],
)
def test_credit_codes_that_land(settings: Settings, text: str) -> None:
    got = sales(settings, ["2025-05", text, ORG, "1"])
    assert got.rejects == []
    assert got.rows[0]["uscc"] in (CODE, CODE2)
    assert got.rows[0]["marks"] is None


def test_a_wrong_check_digit_lands_marked(settings: Settings) -> None:
    got = sales(settings, ["2025-05", WRONG_CHECK, ORG, "1"])
    assert [(r["uscc"], r["marks"]) for r in got.rows] == [(WRONG_CHECK, ["uscc:check_digit"])]


TWENTY = f"{IDENTITY}00"


@pytest.mark.parametrize(
    "text", [IDENTITY, IDENTITY.lower(), IDENTITY[:17], TWENTY, f"{IDENTITY[:17]}000", " ".join(IDENTITY)]
)
def test_numbers_of_persons_are_hashed(settings: Settings, text: str) -> None:
    row = [text, "张三", "个人所得税", "2025-04-01", "2025-04-30", "100", "2025-05-10", "第一分局"]
    got = land(settings, "tax", [["报表期：2025年5月，金额单位：元"], TAX, row])
    assert got.counts == (1, 1, 0, 0, 0)
    assert got.rows[0]["uscc"].startswith("PID-")
    assert got.rows[0]["company_name"].startswith("PER-")
    assert got.rows[0]["marks"] == ["uscc:personal_id_hashed", "company_name:person_hashed"]
    assert not any(s in got.everything() for s in (IDENTITY[:17], "张三"))


def test_the_hash_of_a_person_repeats_with_the_key(settings: Settings, tmp_path: Path) -> None:
    row = [IDENTITY, "张三", "个人所得税", "2025-04-01", "2025-04-30", "100", "2025-05-10", "第一分局"]
    file = [["报表期：2025年5月，金额单位：元"], TAX, row]
    first = land(settings, "tax", file).rows[0]["uscc"]
    again = land(Settings(tmp_path / "r2", tmp_path / "w2", settle_seconds=0), "tax", file).rows[0]["uscc"]
    other = land(Settings(tmp_path / "r3", tmp_path / "w3", pii_key="other", settle_seconds=0), "tax", file).rows[0][
        "uscc"
    ]
    assert first == again != other


def test_legacy_numbers_land_in_tax_alone(settings: Settings) -> None:
    row = ["321284700000079", ORG, "增值税", "2025-04-01", "2025-04-30", "100", "2025-05-10", "第一分局"]
    got = land(settings, "tax", [["报表期：2025年5月，金额单位：元"], TAX, row])
    assert [(r["uscc"], r["marks"]) for r in got.rows] == [("321284700000079", ["uscc:legacy_15"])]
    assert sales(settings, ["2025-05", "321284700000079", ORG, "1"]).failures == [(2, "uscc", "uscc_length")]


def test_tax_takes_its_period_of_the_banner(settings: Settings) -> None:
    row = [CODE, ORG, "增值税", "2025-04-01", "2025-04-30", "12345", "2025-04-10", "第一分局"]
    got = land(
        settings,
        "tax",
        [["入库税收明细"], ["管理机关：某局，报表期：2025年5月，数据类型：入库税收，金额单位：元"], TAX, row, row],
    )
    assert got.counts == (2, 2, 0, 0, 0), "identical rows are all data"
    assert got.column("stat_period") == [date(2025, 5, 31)] * 2
    assert got.column("tax_treasury_date") == [date(2025, 4, 10)] * 2
    assert got.column("tax_paid") == [Decimal("1.2345")] * 2
    assert got.report.scopes == ["2025-05|第一分局"]


# -- words ------------------------------------------------------------------------------------------------------------


def test_an_unknown_class_lands_marked(settings: Settings) -> None:
    got = sales(
        settings,
        ["2025-05", CODE, ORG, "1", "其它"],
        ["2025-06", CODE, ORG, "1", " 汇 总"],
        header=[*SALES, "申报方式"],
    )
    assert got.column("tax_filing_kind") == ["其它", "汇总"]
    assert got.column("marks") == [["tax_filing_kind:enum_unknown"], None]


def test_an_unknown_class_in_a_key_is_quarantined(settings: Settings) -> None:
    header = ["项目编号", "认定类型", "实际日期", "认定日期"]
    got = land(
        settings,
        "recognition",
        [header, ["Q1", "结顶", "2025-01-02", "2025-02-03"], ["Q1", "开工", "2025-01-02", "2025-02-03"]],
    )
    assert got.failures == [(2, "recognition_kind", "enum_unknown")]
    assert got.column("recognition_kind") == ["开工"]


# -- persons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["联系人", "联系电话", "手机", "邮箱", "身份证号", "法定代表人", "经办人", "填报人", "项目联系人姓名", "E-mail"],
)
def test_columns_of_persons_are_dropped_by_their_header(settings: Settings, header: str) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "1", "欧阳甲乙"], header=[*SALES, header])
    assert got.report.personal_columns == [header]
    assert got.report.unknown_columns == []
    assert "欧阳甲乙" not in got.everything()


@pytest.mark.parametrize(
    "text",
    [
        PHONE,
        f"+86{PHONE}",
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        IDENTITY,
        IDENTITY.lower(),
        f"王五 {PHONE}",
    ],
)
def test_columns_of_persons_are_dropped_by_their_values(settings: Settings, text: str) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "1", text], ["2025-06", CODE, ORG, "1", text], header=[*SALES, "其他"])
    assert got.report.personal_columns == ["其他"]
    assert got.column("extra") == [None, None]
    assert text not in got.everything()


def test_a_column_of_things_is_not_dropped_for_its_digits(settings: Settings) -> None:
    got = sales(
        settings,
        ["2025-05", CODE, ORG, "1", "23812345678"],
        ["2025-06", CODE, ORG, "1", CODE2],
        header=[*SALES, "流水"],
    )
    assert got.report.personal_columns == []
    assert [json.loads(e) for e in got.column("extra")] == [{"流水": "23812345678"}, {"流水": CODE2}]


def test_a_person_who_pays_is_hashed_and_a_firm_is_not(settings: Settings) -> None:
    rows = [
        ["江苏银行", "L1", "张三", ORG, "", "1", "2025-03-01"],
        ["江苏银行", "L2", "张三", ORG, CODE, "1", "2025-03-01"],
        ["江苏银行", "L3", "姜堰区财政局", ORG, "", "1", "2025-03-01"],
    ]
    got = land(settings, "payment", [PAYMENT, *rows])
    assert [p[:4] for p in got.column("payer")] == ["PER-", "张三", "姜堰区财"]
    assert got.column("payee") == [ORG] * 3
    assert got.column("marks") == [["payer:person_hashed"], None, None]


def test_a_person_who_holds_land_is_hashed(settings: Settings) -> None:
    header = ["电子监管号:", "土地使用权人:", "面积(公顷):", "合同签订日期:"]
    got = land(
        settings,
        "land",
        [header, ["3212042025B00018", "张三", "1.5", "2025-03-01"], ["3212042025B00026", ORG, "1", "2025-03-01"]],
    )
    assert [p[:4] for p in got.column("company_name")] == ["PER-", ORG[:4]]
    assert got.column("land_area") == [Decimal("22.5"), Decimal(15)]
    assert "张三" not in got.everything()


@pytest.mark.parametrize(
    "text",
    [
        f"找张三{PHONE}",
        f"{PHONE},{PHONE}",
        f"{PHONE}/{PHONE}/{PHONE}",
        f"电话+86{PHONE}",
        f"电话86-{PHONE}",
        f"身份证{IDENTITY}。",
        IDENTITY.lower(),
    ],
)
def test_free_text_is_masked(settings: Settings, text: str) -> None:
    header = ["项目编号", "节点名称", "计划完成时间", "存在问题", "责任单位", "随手记"]
    others = [["Q2", f"节点{i}", "2025-03-01", "缺资金", "住建局", "好"] for i in range(9)]
    got = land(settings, "milestone", [header, ["Q1", "开工", "2025-03-01", text, text, text], *others])
    assert got.counts == (10, 10, 0, 0, 0)
    stored = got.everything()
    assert PHONE not in stored
    assert IDENTITY[:17] not in stored
    assert "已删除" in got.rows[0]["blocker"]


def test_no_column_of_words_keeps_a_phone(settings: Settings) -> None:
    header = [*SALES, "申报方式"]
    got = sales(settings, ["2025-05", CODE, f"{ORG}（{PHONE}）", "1", f"独立{PHONE}"], header=header)
    assert got.counts == (1, 1, 0, 0, 0)
    assert PHONE not in got.everything()
    assert got.rows[0]["company_name"].startswith(ORG)


def test_quarantine_and_totals_keep_no_phone(settings: Settings) -> None:
    got = sales(
        settings,
        ["2025-05", CODE, ORG, f"{PHONE},{PHONE}"],
        [f"合计（制表：张三 {PHONE}）", "", "", "1"],
        ["x", CODE, ORG, f"问张三{PHONE}"],
    )
    assert got.report.rows_control == 1
    assert len(got.rejects) == 3
    assert PHONE not in got.everything()


def test_a_refused_file_names_no_persons(settings: Settings) -> None:
    got = land(settings, "sales", [["张三", PHONE, IDENTITY], ["李四", PHONE, IDENTITY]])
    assert got.report.reason_code == "header_not_found"
    assert PHONE not in got.everything()
    assert IDENTITY not in got.everything()


# -- containers and names --------------------------------------------------------------------------------


def test_a_name_is_never_a_pattern(settings: Settings) -> None:
    """DuckDB reads `表[1].csv` as a pattern that the file beside it fits."""
    a, b = csv_bytes([SALES, ["2025-05", CODE, ORG, "1"]]), csv_bytes([SALES, ["2025-05", CODE2, ORG, "2"]])
    wide = a.decode().encode("gb18030"), b.decode().encode("gb18030")
    books = [xlsx_bytes(("s", [SALES, ["2025-05", c, ORG, n]])) for c, n in ((CODE, 1), (CODE2, 2))]
    got = drop_all(settings, "sales", {
        "表[1].csv": a, "表1.csv": b, "g[1].csv": wide[0] + b"\r\n", "g1.csv": wide[1], "x?.xlsx": books[0],
        "xy.xlsx": books[1], "s*.csv": a + b"\r\n", "s2.csv": b + b"\r\n\r\n",
    })  # fmt: skip
    found = {name: [(r["uscc"], r["invoiced_sales"]) for r in g.rows] for name, g in got.items()}
    first, second = [(CODE, Decimal(1))], [(CODE2, Decimal(2))]
    assert found == {
        "表[1].csv": first, "表1.csv": second, "g[1].csv": first, "g1.csv": second, "x?.xlsx": first,
        "xy.xlsx": second, "s*.csv": first, "s2.csv": second,
    }  # fmt: skip


def test_members_of_a_zip_land_one_by_one(settings: Settings) -> None:
    a, b = csv_bytes([SALES, ["2025-05", CODE, ORG, "1"]]), csv_bytes([SALES, ["2025-05", CODE2, ORG, "2"]])
    outer = to_zip(
        {"../../etc/a.csv": a, "子/b.csv": b, "坏.xlsx": b"PK\x03\x04junk", "README.md": b"x", "__MACOSX/._a.csv": b"x"}
    )
    got = drop_all(settings, "sales", {"包.zip": outer})
    assert {n: (g.report.status, g.report.reason_code) for n, g in got.items()} == {
        "包.zip!../../etc/a.csv": ("landed", None),
        "包.zip!子/b.csv": ("landed", None),
        "包.zip!坏.xlsx": ("refused", "unreadable"),
    }
    assert not (settings.warehouse_dir.parent / "etc").exists()


def test_outside_entities_are_never_read(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("秘密内容", encoding="utf-8")
    good = parts_of(xlsx_bytes(("s", [SALES, ["2025-05", CODE, ORG, 1]])))
    doctype = XXE.replace("/etc/passwd", str(secret))
    for part in (STRINGS, SHEET, "xl/workbook.xml"):
        parts = dict(good)
        parts[part] = with_doctype(parts[part], doctype)
        got = land(settings, "sales", to_zip(parts), f"{part.replace('/', '-')}.xlsx")
        assert "秘密内容" not in got.everything()
        assert got.report.status == "landed" or got.report.reason_code == "unreadable"


def test_a_billion_laughs(settings: Settings) -> None:
    parts = parts_of(xlsx_bytes(("s", [SALES, ["2025-05", CODE, ORG, 1]])))
    parts[STRINGS] = with_doctype(parts[STRINGS], LAUGHS)
    started = time.process_time()
    got = land(settings, "sales", to_zip(parts), "a.xlsx")
    assert got.report.reason_code in ("unreadable", "too_large", "column_missing", None)
    assert "haha" not in got.everything()
    assert time.process_time() - started < 10


def test_a_hundred_thousand_merges(settings: Settings) -> None:
    parts = parts_of(xlsx_bytes(("s", [SALES, ["2025-05", CODE, ORG, 1], ["2025-06", CODE, None, 2]])))
    refs = [f"C{i}:C{i + 1}" for i in range(2, 200_002, 2)]
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", b"</sheetData>" + merges_xml(refs))
    started = time.process_time()
    got = land(settings, "sales", to_zip(parts), "a.xlsx")
    assert got.column("company_name") == [ORG, ORG]
    assert time.process_time() - started < 10


GOOD_BOOK = ("s", [SALES, ["2025-05", CODE, ORG, 1]])


@pytest.mark.parametrize("junk", [b"PK\x03\x04", b"PK\x05\x06", b"\0" * 70000, b"x", b"<html>"])
@pytest.mark.parametrize("place", ["before", "behind"])
def test_bytes_around_a_workbook(settings: Settings, junk: bytes, place: str) -> None:
    """DuckDB's excel extension never came back from some of these."""
    data = xlsx_bytes(GOOD_BOOK)
    got = land(settings, "sales", junk + data if place == "before" else data + junk, "a.xlsx")
    if got.report.status == "landed":
        assert got.column("invoiced_sales") == [1]
    else:
        assert got.report.reason_code in ("unreadable", "encoding_unknown", "header_not_found")


def test_a_part_that_stands_twice_is_read_once(settings: Settings) -> None:
    parts = parts_of(xlsx_bytes(GOOD_BOOK))
    other = parts_of(xlsx_bytes(("s", [SALES, ["2025-05", CODE2, ORG, 2]])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in [*parts.items(), (SHEET.replace("sheet1", "sheeT1"), other[SHEET])]:
            z.writestr(name, data)
    got = land(settings, "sales", out.getvalue(), "a.xlsx")
    assert got.report.rows_read in (None, 1)


@pytest.mark.parametrize("reference", ["ZZZZZZ6", "XFE6", "A1048577", "A99999999999", "6A", "A-1"])
def test_a_cell_outside_any_worksheet(settings: Settings, reference: str) -> None:
    """The fallback reader laid out all that lies before it, and took the process with it."""
    parts = parts_of(xlsx_bytes(GOOD_BOOK))
    cell = f'<row r="9"><c r="{reference}"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", cell.encode() + b"</sheetData>")
    got = land(settings, "sales", to_zip(parts), "a.xlsx")
    assert got.report.reason_code in ("unreadable", "too_large")


def test_few_cells_far_apart(settings: Settings) -> None:
    parts = parts_of(xlsx_bytes(GOOD_BOOK))
    far = '<row r="1048576"><c r="BXX1048576"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", far.encode() + b"</sheetData>")
    started = time.process_time()
    got = land(settings, "sales", to_zip(parts), "a.xlsx")
    assert got.report.reason_code == "too_large"
    assert time.process_time() - started < 10


def test_half_a_character(settings: Settings) -> None:
    got = land(settings, "sales", xlsx_bytes(("s", [SALES, ["2025-05", CODE, f"{ORG}_xD800_", 1]])), "a.xlsx")
    assert got.column("company_name") == [f"{ORG}\ufffd"]


def test_a_very_wide_sheet(settings: Settings) -> None:
    header = [*SALES, *(f"列{i}" for i in range(1500))]
    started = time.process_time()
    got = sales(settings, ["2025-05", CODE, ORG, "1", *(str(i) for i in range(1500))], ["合计"], header=header)
    assert got.counts == (2, 1, 0, 1, 0)
    assert len(got.report.unknown_columns) == 1500
    assert json.loads(got.rows[0]["extra"])["列1499"] == "1499"
    assert time.process_time() - started < 20


def test_more_columns_than_anybody_has(settings: Settings) -> None:
    got = sales(settings, ["2025-05", CODE, ORG, "1"], header=[*SALES, *(f"列{i}" for i in range(2100))])
    assert got.report.reason_code == "too_large"


@pytest.mark.parametrize("row", ["", '<row r="2"><c r="A2"><v>1</v></c></row>'])
def test_more_shared_texts_announced_than_the_part_can_hold(settings: Settings, row: str) -> None:
    parts = parts_of(xlsx_bytes(GOOD_BOOK))
    parts[STRINGS] = parts[STRINGS].replace(b"<sst ", b'<sst count="4294967295" uniqueCount="4294967295" ', 1)
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", row.encode() + b"</sheetData>")
    assert land(settings, "sales", to_zip(parts), "a.xlsx").report.reason_code == "unreadable"


def test_a_reference_count_beyond_the_part_is_nothing(settings: Settings) -> None:
    parts = parts_of(xlsx_bytes(GOOD_BOOK))
    parts[STRINGS] = parts[STRINGS].replace(b"<sst ", b'<sst count="4294967295" ', 1)
    parts[SHEET] = parts[SHEET].replace(b'<row r="1"', b"<row", 1)
    got = land(settings, "sales", to_zip(parts), "a.xlsx")
    assert got.column("uscc") == [CODE]


def test_a_header_cell_of_blanks(settings: Settings) -> None:
    got = land(settings, "sales", [["  ", "\u3000", "x"], SALES, ["2025-05", CODE, ORG, "1"]])
    assert got.counts == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("text", ["字", "x", "a@", "1", "（", "万元 "])
def test_a_header_of_a_million_characters(settings: Settings, text: str) -> None:
    started = time.process_time()
    got = sales(settings, ["2025-05", CODE, ORG, "1", "x"], header=[*SALES, text * (1_000_000 // len(text))])
    assert got.column("invoiced_sales") == [1]
    assert len(got.report.unknown_columns[0]) <= 500
    assert time.process_time() - started < 10
