"""No text of others becomes a formula in a CSV or a workbook that we write, and none changes by being guarded."""

from __future__ import annotations

import ast
import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhixiao.checks.registry import load_checks, load_common
from zhixiao.checks.seeds import registry_csv, threshold_csv
from zhixiao.contracts import load_contracts
from zhixiao.contracts.sheet import write_template
from zhixiao.harmless import cell_text, csv_lines, csv_text, csv_text_read, like_formula, put_row
from zhixiao.receipts.collect import BadCell, Receipt
from zhixiao.receipts.workbook import Marked, write
from zhixiao.settings import PROJECT_DIR
from zhixiao.warehouse.decisions import append_decision, read_decisions

STARTS = "=+-@\t\r\n＝＋－＠−"
PLAIN = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NASTY = st.builds(
    lambda quotes, blank, start, rest: quotes + blank + start + rest,
    st.text("'", max_size=3),
    st.sampled_from(["", " ", "\u3000", "\ufeff", "\u200b"]),
    st.sampled_from(STARTS),
    PLAIN,
)
TEXTS = NASTY | PLAIN | st.from_regex(r"[+-]?[0-9]{1,5}(\.[0-9]{1,3})?", fullmatch=True)

# Modules that may make a workbook or a CSV, and why; the world of `simulate` is made to be nasty.
WORKBOOKS = {"receipts/workbook.py", "contracts/sheet.py", "bulletin/workbook.py"}
CSVS = {"harmless.py"}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("before", ["", " ", "\u3000", "\ufeff"])
def test_what_looks_like_a_formula(start: str, before: str) -> None:
    assert like_formula(f"{before}{start}cmd|' /C calc'!A0")
    assert csv_text(f"{before}{start}1+1") == f"'{before}{start}1+1"


@pytest.mark.parametrize("text", ["", "-12.5", "+3", "项目", "a=b", "1-2", "'", "'x", "泰州=姜堰"])
def test_what_does_not(text: str) -> None:
    assert csv_text(text) == text and csv_text_read(text) == text


@given(TEXTS)
def test_a_csv_text_comes_back_and_never_starts_a_formula(text: str) -> None:
    written = csv_text(text)
    assert csv_text_read(written) == text
    assert not like_formula(written)


@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_lines_of_a_csv(texts: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(csv_lines([texts]), newline=""))
    assert [csv_text_read(c) for c in row] == texts
    assert not any(like_formula(c) for c in row)


@given(st.lists(TEXTS, min_size=1, max_size=8))
@settings(max_examples=40)
def test_a_workbook_holds_texts_as_texts(texts: list[str]) -> None:
    book = openpyxl.Workbook()
    put_row(book.active, 1, texts)
    out = io.BytesIO()
    book.save(out)
    sheet: Any = openpyxl.load_workbook(io.BytesIO(out.getvalue())).active
    for column, text in enumerate(texts, start=1):
        cell = sheet.cell(1, column)
        assert cell.data_type in ("s", "n") and not (cell.data_type == "n" and cell.value is not None)
        assert _one_break(cell.value or "") == _one_break(cell_text(text))
        assert bool(cell.quotePrefix) == like_formula(cell_text(text))


def _one_break(text: str) -> str:
    """XML has one kind of line break, and openpyxl writes a carriage return as it is."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(TEXTS)
@settings(max_examples=15)
def test_a_receipt_holds_no_formula(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("receipt") / "a.xlsx"
    cell = BadCell("q1", "数据", 2, ("amount",), text, text, "open")
    receipt = Receipt(
        "sales", date(2026, 1, 1), text, "0" * 64, "321204", "loaded", text, 1, 0, 1, 0, 0, None, None, None, (text,),
        (cell,),
    )  # fmt: skip
    sheet = Marked("数据", [(1, [text, "金额"]), (2, ["甲", text])], [], {(2, 2): text}, {"amount": text})
    write(receipt, [sheet], path)
    assert _formulas(path) == []


@pytest.mark.parametrize("source", ["sales", "tax"])
def test_a_template_holds_no_formula(tmp_path: Path, source: str) -> None:
    assert _formulas(write_template(load_contracts()[source], tmp_path / "t.xlsx")) == []


def _formulas(path: Path) -> list[tuple[str, str]]:
    """Cells that a spreadsheet would compute, and texts that it would take for a formula when edited."""
    return [
        (s.title, c.coordinate)
        for s in openpyxl.load_workbook(path).worksheets
        for row in s.iter_rows()
        for c in row
        if c.data_type == "f" or (isinstance(c.value, str) and like_formula(c.value) and not c.quotePrefix)
    ]


@given(st.lists(TEXTS.filter(lambda t: "\0" not in t), min_size=1, max_size=3))
@settings(max_examples=20)
def test_decisions_come_back_as_they_were_given(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    import json

    raw = tmp_path_factory.mktemp("raw")
    for t in texts:
        append_decision(raw, date(2026, 1, 5), "correction", {"old": t, "new": "x", "actor": "甲", "reason": f"={t}"})
    (found,) = read_decisions(raw)
    assert [json.loads(r)["reason"] for r in found.rows] == [f"={t}".strip() for t in texts]
    for t, r in zip(texts, found.rows, strict=True):
        if t == t.strip():
            assert json.loads(r)["old"] == t
    with (raw / "_decisions" / "2026-01-05" / "correction.csv").open(encoding="utf-8", newline="") as f:
        assert not any(like_formula(c) for row in csv.reader(f) for c in row)


def test_the_registry_of_checks_needs_no_guard() -> None:
    for text in (registry_csv(load_checks()), threshold_csv(load_checks(), load_common())):
        assert not [c for row in csv.reader(io.StringIO(text)) for c in row if c.startswith("'") or like_formula(c)]


def test_nobody_else_writes_a_workbook_or_a_csv() -> None:
    base = PROJECT_DIR / "zhixiao"
    books, tables = set(), set()
    for path in sorted(base.rglob("*.py")):
        name = path.relative_to(base).as_posix()
        if name.startswith("simulate/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in ("openpyxl", "xlsxwriter", "xlwt"):
                books |= {name for a in node.names if a.name != "load_workbook"}
            if isinstance(node, ast.Attribute) and node.attr in ("to_csv", "write_csv", "to_excel", "DictWriter"):
                tables.add(name)
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "csv.writer":
                tables.add(name)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "format csv" in node.value.lower():
                tables.add(name)
    assert books <= WORKBOOKS
    assert tables == CSVS
