"""The small parts of a bulletin: how figures are written, periods named, texts kept texts, charts drawn."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import load_workbook

from zhixiao.bulletin import charts, page, workbook
from zhixiao.bulletin.model import Document, Figure, Head, Note, Section, Table, shown
from zhixiao.bulletin.release import Window

FORMULA = '=HYPERLINK("http://x","y")'
RELEASE = {"release_id": "r1", "known_on": date(2026, 2, 27), "as_of": date(2026, 2, 27)}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("0.666667"), "rate", "66.7%"),
        (Decimal("-0.0004"), "rate", "0.0%"),
        (Decimal("1234567.8950"), "wan", "1,234,567.90"),
        (Decimal("0.005"), "wan", "0.01"),
        (7, "count", "7"),
        (0, "move", "持平"),
        (-3, "move", "↓3"),
        (2, "move", "↑2"),
        (None, "rate", "—"),
    ],
)
def test_a_figure_as_people_read_it(value: Decimal | int | None, unit: str, text: str) -> None:
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("window", "slug", "label"),
    [
        (Window("monthly", date(2025, 12, 1), date(2025, 12, 31), None), "2025-12", "2025年12月"),
        (Window("quarterly", date(2025, 10, 1), date(2025, 12, 31), None), "2025Q4", "2025年第四季度"),
        (Window("yearly", date(2025, 1, 1), date(2025, 12, 31), None), "2025", "2025年"),
        (Window("plan", date(2021, 1, 1), date(2025, 12, 31), None), "2021-2025", "十四五（2021-2025年）"),
    ],
)
def test_a_period_and_its_name(window: Window, slug: str, label: str) -> None:
    assert (window.slug, window.label) == (slug, label)


def document() -> Document:
    figure = Figure(Decimal("0.5"), "rate", "marts.t", "value", {"k": "a<b", "on": date(2026, 1, 31)})
    table = Table(
        "表/一", "表一", "%", [[Head("项目"), Head("率", note="n")]], [[FORMULA, figure], ["<b>粗</b>", None]]
    )
    notes = [Note("n", "率", "分子 ÷ 分母。", "marts.t")]
    return Document("标题", "2025年", "数据组", [Section("s", "一、节", tables=[table])], notes, RELEASE)


def test_texts_that_begin_like_a_formula_are_texts(tmp_path: Path) -> None:
    book = load_workbook(workbook.write(document(), tmp_path / "a.xlsx"))
    sheet = book["表_一"]
    assert (sheet["A4"].value, sheet["A4"].data_type, sheet["A4"].quotePrefix) == (FORMULA, "s", True)
    assert (sheet["B4"].value, sheet["B4"].number_format) == (0.5, "0.0%")
    assert sheet["B5"].value == "—"
    assert sheet["A1"].value == "2025年表一"
    assert [c.value for c in book["依据"][2]][:3] == ["表_一", "B4", 0.5]


def test_texts_are_escaped_on_the_page() -> None:
    text = page.render(document())
    assert "&lt;b&gt;粗&lt;/b&gt;" in text and "<b>粗</b>" not in text
    assert "50.0%" in text and 'href="#n1"' in text


def test_a_chart_is_the_same_every_time_and_holds_its_words() -> None:
    figures = [Figure(n, "count", "t", "v", {}) for n in (3, 12)]
    drawn = [charts.bars("项目数（个）", ["签约", "开工"], [("佐证", "#1f6feb", figures)], "个") for _ in range(2)]
    assert drawn[0] == drawn[1]
    words = {t.text for t in etree.fromstring(drawn[0]).iter("{http://www.w3.org/2000/svg}text")}
    assert {"项目数（个）", "签约", "开工", "12", "个"} <= words


def test_labels_of_a_time_line_step_aside() -> None:
    days = [(date(2024, 1, 1), "签约"), (date(2024, 1, 9), "备案"), (date(2024, 6, 1), "开工")]
    assert [(w, y) for _, w, y in charts._levels(days, -1, 30)] == [("签约", -1.0), ("备案", -2.0), ("开工", -1.0)]
