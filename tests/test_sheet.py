from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from zhixiao.contracts import Column, load_contract, load_contracts
from zhixiao.contracts.sheet import describe_sheet, due, form, sheet_rows, write_template
from zhixiao.landing.inspect import inspect_file
from zhixiao.settings import Settings


def test_the_sheet_of_fai_says_what_the_department_needs() -> None:
    text = describe_sheet(load_contract("fai"))
    assert text.startswith("固定资产投资月报（fai）报送表，合同版本 1.0.0")
    for words in (
        "统计局",
        "每月，次月 15 日前（1 月不单独报，并入下月）",
        "raw/fai/<收到日期",
        "期间式",
        "单位：万元",
    ):
        assert words in text
    rows = {r.label: r for r in sheet_rows(load_contract("fai"))}
    assert rows["年月"].needed == "主键、必有"
    assert rows["建设阶段"].allowed == "筹建/本年正式施工/本年收尾/全部停缓建/单纯购置"
    assert rows["项目（法人）码"].needed == ""
    assert "统一社会信用代码" in rows["项目（法人）码"].variants


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("tax", "次月 15 日前"),
        ("recognition", "季后第一个月 20 日前"),
        ("completion", "半年后第一个月 31 日前"),
        ("target", "3 月 31 日前"),
    ],
)
def test_due(source: str, words: str) -> None:
    assert due(load_contract(source)) == words


def test_the_form_is_chinese() -> None:
    assert form(load_contract("filing")).startswith("XLSX 或 CSV（")


def plausible(c: Column) -> Any:
    """A value that any department might write into the column."""
    if c.allowed:
        return c.allowed[0]
    by_identifier = {"credit_code": "91321204MA1MXXXX0T", "taxpayer_id": "91321204MA1MXXXX0T"}
    if c.identifier in by_identifier:
        return "91321204717445678C"
    return {
        "date": date(2025, 6, 1),
        "timestamp": datetime(2025, 6, 1, 9, 30),
        "period": "2025-06",
        "year": 2025,
        "bool": "是",
        "id": "2506-321204-89-01-123456",
        "text": "甲乙丙",
        "enum": "其他",
    }.get(c.value_type, 12)


@pytest.mark.parametrize("source", list(load_contracts()))
def test_a_filled_template_lands(settings: Settings, tmp_path: Path, source: str) -> None:
    contract = load_contract(source)
    path = write_template(contract, tmp_path / "模板.xlsx")
    book = openpyxl.load_workbook(path)
    data = book["数据"]
    header = next(i for i in (1, 2) if data.cell(i, 1).value == contract.file_columns[0].label_zh)
    if source in ("tax", "tax_summary"):
        data.cell(1, 1, "管理机关：国家税务总局泰州市姜堰区税务局，报表期：2025年6月，金额单位：元")
    for i, c in enumerate(contract.file_columns, start=1):
        value = "12亿元" if c.unit == "(own text)" else plausible(c)
        data.cell(header + 1, i, value)
    book.save(path)
    found = inspect_file(settings, path, source)
    assert len(found) == 1
    report = found[0].report
    assert report.status == "landed", (report.reason_zh, report.headers_found)
    assert report.sheets == ["数据"]
    assert report.rows_read == 1
    assert set(report.columns) >= {c.name for c in contract.file_columns}
    assert report.unknown_columns == []
