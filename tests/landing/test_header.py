"""Headers as departments write them: levels, units, banners, line breaks, personal columns."""

from __future__ import annotations

import pytest

from zhixiao.contracts import load_contract
from zhixiao.landing.header import find_header, read_banner, take_apart


@pytest.mark.parametrize(
    ("text", "words", "unit"),
    [
        ("投资金额（亿元）", "投资金额", "亿元"),
        ("投资金额(万元)", "投资金额", "万元"),
        ("实际用地面积\n（亩）", "实际用地面积", "亩"),
        ("面积(公顷):", "面积", "公顷"),
        ("项目 编号：", "项目编号", None),
        ("约定容积率(上限)", "约定容积率(上限)", None),
        ("亩均税收（万元/亩）", "亩均税收", "万元/亩"),
        ("面积（㎡）", "面积", "平方米"),
        ("项目（法人）码", "项目(法人)码", None),
    ],
)
def test_a_header_is_words_and_a_unit(text: str, words: str, unit: str | None) -> None:
    label = take_apart(text)
    assert (label.words, label.unit.name if label.unit else None) == (words, unit)


def test_banner_gives_a_unit_for_each_dimension_and_the_period() -> None:
    banner = read_banner([["管理机关：姜堰区税务局，报表期：2025年10月，数据类型：入库税收，金额单位：元"]])
    assert banner.units["money"].name == "元"
    assert banner.period == "2025年10月"
    assert {d: u.name for d, u in read_banner([["", "单位：万元、亩"]]).units.items()} == {
        "money": "万元",
        "area": "亩",
    }
    assert read_banner([["单位负责人：样"], ["项目总表"]]).units == {}


def test_two_levels_match_by_child_by_parent_and_child_and_by_both_joined() -> None:
    head = [
        ["税收完成情况汇总表", None, None, None, None, None],
        ["主管税务机关", "征收项目", "本月完成", None, "累计完成", None],
        [None, None, "本期", "同期", "累计", "同期累计"],
        ["开发区税务分局", "增值税", "1", "2", "3", "4"],
    ]
    merges = [(1, 1, 1, 6), (2, 1, 3, 1), (2, 2, 3, 2), (2, 3, 2, 4), (2, 5, 2, 6)]
    for with_merges in (merges, []):
        header = find_header(head, with_merges, load_contract("tax_summary"))
        assert header is not None
        assert (header.top, header.bottom) == (2, 3)
        assert {n: f.index for n, f in header.found.items()} == {
            "collecting_office": 1,
            "tax_item": 2,
            "tax_current": 3,
            "tax_same_period": 4,
            "tax_ytd": 5,
            "tax_ytd_prior": 6,
        }


def test_a_unit_of_the_parent_is_the_childs() -> None:
    head = [["年月", "统一社会信用代码", "金额（元）"], [None, None, "开票销售"], ["2025-01", "x", "1"]]
    header = find_header(head, [], load_contract("sales"))
    assert header is not None
    sales = header.found["invoiced_sales"]
    assert sales.unit is not None
    assert (sales.index, sales.unit.name) == (3, "元")


def test_a_unit_of_another_dimension_is_another_column() -> None:
    head = [["年月", "统一社会信用代码", "开票销售（万元）", "开票销售（亩）"]]
    header = find_header(head, [], load_contract("sales"))
    assert header is not None
    assert header.found["invoiced_sales"].index == 3
    assert header.unknown == {4: "开票销售（亩）"}


def test_personal_columns_are_told_by_their_header_and_unknown_ones_kept_apart() -> None:
    head = [["年月", "统一社会信用代码", "参保人数", "联系 电话", "经办人", "备用列", "备用列"]]
    header = find_header(head, [], load_contract("social"))
    assert header is not None
    assert header.personal == {4: "联系 电话", 5: "经办人"}
    assert header.unknown == {6: "备用列", 7: "备用列#7"}


def test_missing_required_columns_are_named() -> None:
    header = find_header([["年月", "单位名称", "统一社会信用代码"]], [], load_contract("social"))
    assert header is not None
    assert [c.label_zh for c in header.missing] == ["参保人数"]


def test_the_exact_label_wins_over_a_variant() -> None:
    head = [["施工许可证编号", "省级项目编号", "项目编号", "项目名称", "发证日期"]]
    header = find_header(head, [], load_contract("permit"))
    assert header is not None
    assert header.found["site_project_no"].index == 3
    assert header.unknown == {2: "省级项目编号"}


def test_nothing_like_a_header_is_none() -> None:
    assert find_header([["a", "b"], ["1", "2"], [None, None]], [], load_contract("social")) is None
    assert find_header([], [], load_contract("social")) is None
