"""HTML tables that departments' systems name .xls."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.landing.reader_helpers import ReadSheet, read_bytes
from zhixiao.landing.refusal import Refusal


def page(body: str, head: str = "") -> str:
    return f"<html><head>{head}</head><body>{body}</body></html>"


def read_page(tmp_path: Path, body: str) -> list[ReadSheet]:
    return read_bytes(tmp_path, page(body).encode(), "a.xls")


TABLE = "<table><tr><td>名称</td><td>金额</td></tr><tr><td>江苏𣲗䶮公司</td><td>1</td></tr></table>"
ROWS = {1: ["名称", "金额"], 2: ["江苏𣲗䶮公司", "1"]}


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        ('<meta http-equiv="Content-Type" content="text/html; charset=gb2312">', "gb18030"),
        ("<meta charset='GBK'>", "gb18030"),
        ("", "gb18030"),
        ("<meta charset=utf-8>", "utf-8"),
        ("<meta charset=utf-8>", "gb18030"),
        ("<meta charset=gbk>", "utf-8-sig"),
        ("<meta charset=gb2312>", "utf-16"),
        ("", "utf-8"),
    ],
)
def test_the_encoding_is_the_one_that_fits(tmp_path: Path, head: str, codec: str) -> None:
    [sheet] = read_bytes(tmp_path, page(TABLE, head).encode(codec), "a.xls")
    assert sheet.rows == ROWS
    assert (sheet.sheet.name, sheet.sheet.hidden, sheet.sheet.merges) == ("table1", False, [])


def test_bytes_that_no_encoding_fits(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read_bytes(tmp_path, b"<html><body><table><tr><td>\xff\xfe\xff</td></tr></table>", "a.xls")
    assert refused.value.reason_code == "encoding_unknown"


def test_spans_become_merges(tmp_path: Path) -> None:
    [sheet] = read_page(
        tmp_path,
        "<table><thead><tr><th rowspan=2>编号</th><th colspan='2'>本月</th><th rowspan=2>注</th></tr>"
        "<tr><th>个数</th><th>金额</th></tr></thead><tbody><tr><td rowspan=9>A</td><td>1</td><td>2</td></tr>"
        "<tr><td>3</td><td></td><td>末</td></tr></tbody></table>",
    )
    assert sheet.rows == {
        1: ["编号", "本月", None, "注"],
        2: [None, "个数", "金额", None],
        3: ["A", "1", "2", None],
        4: [None, "3", None, "末"],
    }
    assert sheet.sheet.merges == [(1, 1, 2, 1), (1, 2, 1, 3), (1, 4, 2, 4), (3, 1, 4, 1)]


def test_text_before_the_table_is_rows_of_the_sheet(tmp_path: Path) -> None:
    [sheet] = read_page(
        tmp_path,
        "情况汇总表<style>p{}</style><div><p>管理机关：<b>税务局</b>，</p><p>单位：万元&nbsp;</p></div><p>&nbsp;</p>"
        "<table><caption>表题</caption><tr><td>a</td><td rowspan=2>b</td></tr><tr><td>1</td></tr></table><p>注：x</p>",
    )
    assert sheet.rows == {
        1: ["情况汇总表", None],
        2: ["管理机关：税务局，", None],
        3: ["单位：万元", None],
        4: ["表题", None],
        5: ["a", "b"],
        6: ["1", None],
    }
    assert sheet.sheet.merges == [(5, 2, 6, 2)]


def test_cell_texts(tmp_path: Path) -> None:
    cells = [
        ("  两边\n  空白  ", "两边 空白"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p class=MsoNormal><span>统一</span><span>代码</span></p>", "统一代码"),
        ("<div>一</div><div>二</div>", "一\n二"),
        ("&lt;1&gt;&amp;&#26080;", "<1>&无"),
        ("&nbsp;", None),
        ("\u3000", None),
        ("<script>x()</script><style>p{}</style>y", "y"),
        ("<!-- no -->z", "z"),
        ("<b>1,234</b>.50", "1,234.50"),
        ("<table><tr><td>内</td></tr></table>外", "外"),
    ]
    body = "".join(f"<td>{html}</td>" for html, _ in cells)
    sheet = read_page(tmp_path, f"<table><tr>{body}<td x:num='1234.5678'>1,234.57</td><td x:num>5</td></tr></table>")[0]
    assert sheet.rows == {1: [*(text for _, text in cells), "1234.5678", "5"]}


def test_several_and_nested_tables(tmp_path: Path) -> None:
    sheets = read_page(
        tmp_path,
        f"<table><tr><td>&nbsp;</td></tr></table><p>甲表</p>{TABLE}"
        f"<table><tr><td>排版</td><td>{TABLE}</td></tr></table>",
    )
    assert [(s.sheet.name, s.rows) for s in sheets] == [
        ("table2", {1: ["甲表", None], 2: ["名称", "金额"], 3: ["江苏𣲗䶮公司", "1"]}),
        ("table3", {1: ["排版", None]}),
        ("table4", ROWS),
    ]


def test_sloppy_html(tmp_path: Path) -> None:
    [sheet] = read_bytes(tmp_path, b"<TABLE BORDER=1><TR><TD>a<TD>b\n<TR><TD>1<TD COLSPAN=x>2<TD rowspan=0>3", "a.xls")
    assert sheet.rows == {1: ["a", "b", None], 2: ["1", "2", "3"]}


@pytest.mark.parametrize(
    "body", ["<p>系统繁忙，请稍后再试</p>", "<table></table>", "<table><tr><td>&nbsp;</td></tr></table>"]
)
def test_a_page_without_a_table(tmp_path: Path, body: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_page(tmp_path, body)
    assert refused.value.reason_code == "unreadable"


def test_tags_nested_beyond_measure(tmp_path: Path) -> None:
    """The parser gives up there, and what comes after would be lost without a word."""
    with pytest.raises(Refusal) as refused:
        read_page(tmp_path, "<table><tr><td>" + "<b>" * 5000 + f"x</td></tr></table>{TABLE}")
    assert refused.value.reason_code == "too_large"


def test_spans_beyond_measure(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read_page(tmp_path, "<table><tr><td colspan=999999>x</td></tr></table>")
    assert refused.value.reason_code == "too_large"


WORD = st.text(st.sampled_from("甲乙a1.&<>\"'-"), max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    table=st.lists(st.lists(WORD, min_size=3, max_size=3), min_size=1, max_size=6),
    codec=st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_any_table_of_words_reads_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], codec: str
) -> None:
    import html

    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in [["列"] * 3, *table]
    )
    [sheet] = read_bytes(tmp_path_factory.mktemp("html"), page(f"<table>{rows}</table>").encode(codec), "a.xls")
    assert sheet.rows == {1: ["列"] * 3} | {
        i: [c or None for c in row] for i, row in enumerate(table, start=2) if any(row)
    }
