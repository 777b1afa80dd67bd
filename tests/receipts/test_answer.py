"""The sender's answer: what it says, that it lands again as it is, and that mending it closes the loop."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from zhixiao.errors import ConfigError
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.landing.inspect import inspect_file
from zhixiao.receipts.answer import answer
from zhixiao.receipts.collect import collect
from zhixiao.settings import Settings
from zhixiao.warehouse.load import load

DAY = "2025-03-10"
HEADER = "年月,统一社会信用代码,企业名称,开票销售（万元）,备注"
GOOD = "2025-02,91321204MA00000038,演示一号机械有限公司,120.50,=1+1"
BAD = "2025-02,91321204MA00000046,演示二号机械有限公司,待核,无"


def drop(settings: Settings, name: str, *lines: str, day: str = DAY) -> Path:
    path = settings.raw_dir / "sales" / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def publish(settings: Settings, state: str = "open") -> None:
    """As far as receipts read a release: the two tables of quality (the model quality.quarantine gives the states)."""
    found = discover(settings)
    for d in found.drops:
        land_drop(settings, d)
    load(settings, found)
    settings.published_db.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.published_db)) as con:
        con.execute(f"attach '{settings.work_db}' as w (read_only)")
        con.execute("create schema if not exists quality")
        for table in ("load_log", "quarantine"):
            con.execute(f"create or replace table quality.{table} as select *, '{state}' as state from w.raw.{table}")


def texts(path: Path) -> dict[str, list[list[object]]]:
    book = openpyxl.load_workbook(path)
    return {s.title: [[c.value for c in row] for row in s.iter_rows()] for s in book.worksheets}


def test_nothing_published_is_said(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="还没有发布"):
        answer(settings)


def test_a_receipt_marks_what_is_wrong_and_lands_again_as_it_is(settings: Settings) -> None:
    drop(settings, "开票.csv", "单位：万元", HEADER, GOOD, BAD)
    publish(settings)
    told = answer(settings)
    assert (told.files, told.to_mend, told.open_cells) == (1, 1, 1)
    (path,) = told.folder.rglob("*.xlsx")
    assert path.parent == told.folder / "税务" / DAY or path.parent.name == DAY
    sheets = texts(path)
    assert list(sheets) == ["回执", "问题清单", "数据"]
    head = {row[0]: row[1] for row in sheets["回执"][1:]}
    assert head["结果"] == "部分接收：1 行待更正"
    assert (head["读到行数"], head["接收行数"], head["待更正行数"]) == (2, 1, 1)
    assert sheets["问题清单"][1][1:4] == [4, "开票销售（万元）", "待核"]
    cell = openpyxl.load_workbook(path)["数据"].cell(4, 4)
    assert cell.value == "待核" and cell.fill.fgColor.rgb.endswith("FFC7CE") and "不是一个数字" in cell.comment.text
    # A text that begins like a formula is a text.
    assert openpyxl.load_workbook(path)["数据"].cell(3, 5).data_type == "s"

    (again,) = inspect_file(settings, path, "sales")
    r = again.report
    assert (r.status, r.rows_read, r.rows_accepted, r.rows_quarantined) == ("landed", 2, 1, 1)


def test_mending_the_receipt_closes_the_loop(settings: Settings) -> None:
    drop(settings, "开票.csv", "单位：万元", HEADER, GOOD, BAD)
    publish(settings)
    (path,) = answer(settings).folder.rglob("*.xlsx")
    book = openpyxl.load_workbook(path)
    book["数据"].cell(4, 4).value = 300
    mended = settings.raw_dir / "sales" / "2025-03-12" / path.name
    mended.parent.mkdir(parents=True)
    book.save(mended)
    publish(settings, state="superseded")
    first, second = sorted(collect(settings), key=lambda r: r.received_on or date.min)
    assert (second.status, second.rows_accepted, second.rows_quarantined) == ("loaded", 2, 0)
    assert second.outcome_zh == "全部接收"
    assert first.outcome_zh == "已接收；1 行曾有疑问，现已了结"
    told = answer(settings)
    assert (told.files, told.to_mend, told.open_cells) == (2, 0, 0)


def test_a_refused_file_says_why_and_carries_nothing(settings: Settings) -> None:
    drop(settings, "开票.csv", "a,b", "1,2")
    publish(settings)
    (path,) = answer(settings).folder.rglob("*.xlsx")
    sheets = texts(path)
    head = {row[0]: row[1] for row in sheets["回执"][1:]}
    assert list(sheets) == ["回执"]
    assert head["结果"] == "整份退回" and "表头" in str(head["原因"]) and "另存为新文件" in str(head["怎么办"])


def test_only_what_was_received_since_a_day(settings: Settings) -> None:
    drop(settings, "一.csv", "单位：万元", HEADER, GOOD)
    drop(settings, "二.csv", "单位：万元", HEADER, GOOD.replace("120.50", "130"), day="2025-04-10")
    publish(settings)
    assert answer(settings, since=date(2025, 4, 1)).files == 1
    assert answer(settings, only={(r.source, r.file_sha256) for r in collect(settings)}).files == 2
