"""Forms and containers: what is written can be read back by other programs, and is counted as it was written."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from zhixiao.simulate.build import make_world
from zhixiao.simulate.containers import (
    Cell,
    Sheet,
    csv_bytes,
    gzip_bytes,
    html_bytes,
    plain,
    xls_bytes,
    xlsx_bytes,
    zip_bytes,
)
from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.forms import Damage, FileTruth, Style, write
from zhixiao.simulate.mess import _mended_rows, _zipped_parts, muddle
from zhixiao.simulate.model import Config, World
from zhixiao.simulate.views import HORIZON, SOURCES, deliveries
from zhixiao.simulate.world_files import simulate

ROWS: list[list[Cell]] = [
    ["标题 & <样例>", None, None],
    ["项目", "金额（万元）", "日期"],
    ["样𣲗能", Decimal("1234.5600"), date(2023, 3, 15)],
    ["样䶮能", Decimal("-3"), datetime(2023, 3, 15, 13, 30, 15)],
]
SHEET = Sheet("数据", ROWS, [(1, 1, 1, 3)])


def test_a_workbook_reads_back() -> None:
    ws = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([SHEET])))["数据"]
    assert ws["A1"].value == "标题 & <样例>"
    assert [str(m) for m in ws.merged_cells.ranges] == ["A1:C1"]
    assert ws["A3"].value == "样𣲗能"
    assert ws["B3"].value == 1234.56
    assert ws["C3"].value == datetime(2023, 3, 15)
    assert ws["C4"].value == datetime(2023, 3, 15, 13, 30, 15)


def test_an_old_workbook_reads_back() -> None:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(xls_bytes([SHEET]))).get_sheet_by_name("数据").to_python()
    assert rows[2] == ["样𣲗能", 1234.56, date(2023, 3, 15)]
    assert rows[3][1:] == [-3.0, datetime(2023, 3, 15, 13, 30, 15)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_reads_back_in_every_encoding(encoding: str) -> None:
    body = csv_bytes(ROWS, encoding, ";")
    rows = list(csv.reader(io.StringIO(body.decode(encoding)), delimiter=";"))
    assert rows[2] == ["样𣲗能", "1234.56", "2023-03-15"]
    assert rows[3] == ["样䶮能", "-3", "2023-03-15 13:30:15"]


def test_archives_are_stored_and_read_back() -> None:
    body = b"\x00\x01" * 70000
    assert gzip.decompress(gzip_bytes(body)) == body
    assert gzip.decompress(gzip_bytes(b"")) == b""
    with zipfile.ZipFile(io.BytesIO(zip_bytes([("内.csv", body)]))) as z:
        assert z.read("内.csv") == body
        assert z.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_a_web_table_escapes_its_text() -> None:
    assert "标题 &amp; &lt;样例&gt;" in html_bytes(SHEET, "gb18030").decode("gb18030")


def test_numbers_have_no_exponent_and_no_idle_zeros() -> None:
    assert [plain(Decimal(x)) for x in ("1E+3", "0.500", "-0", "12.3400", "100")] == [
        "1000",
        "0.5",
        "0",
        "12.34",
        "100",
    ]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(Config(seed=4, scale=0.05))


def first(world: World, source: str) -> Delivery:
    return max(deliveries(world, source), key=lambda d: len(d.lines))


def counted(truth: FileTruth) -> tuple[int | None, ...]:
    return (truth.rows_read, truth.rows_accepted, truth.rows_quarantined, truth.rows_control, truth.rows_ignored)


def test_every_row_of_a_form_is_counted_by_kind(world: World) -> None:
    d = first(world, "fai")
    n = len(d.lines)
    style = Style(
        titles=["表", ""], groups=1, notes=["注：无"], totals=["合计"], repeat_header=2, blank_after=4, duplicates=[1],
        damages=[Damage(0, "investment_cum", "见附件", "number_unreadable", is_copy=True)],
    )  # fmt: skip
    made = write(d, style)
    truth = made.truths[0]
    assert counted(truth) == (n + 2 + 1 + 3, n, 2, 1, 3)
    assert len(made.accepted) == n
    assert [(c.row, c.column, c.reason) for c in truth.cells] == [
        # Two titles, a banner, a group row, the header: the first row is the sixth.
        (7, "investment_cum", "number_unreadable"),
        (10, "stat_period", "duplicate_key"),
    ]
    assert truth.money_read == (truth.money_accepted or 0) + (truth.money_quarantined or 0)
    rows = list(openpyxl.load_workbook(io.BytesIO(made.body)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[4][0] == rows[7][0] == "年月"
    assert rows[6][6] == "见附件"
    assert len(rows) == 5 + n + 2 + 4


def test_money_is_the_same_in_every_unit(world: World) -> None:
    d = first(world, "fai")
    sums = {write(d, Style(banner_unit=u)).truths[0].money_read for u in ("元", "万元", "亿元")}
    assert len(sums) == 1
    bodies = {u: write(d, Style(container="csv", banner_unit=u)).body.decode() for u in ("元", "万元")}
    planned = d.lines[0].values["planned_investment"]
    assert f",{plain(planned)}," in bodies["万元"] and f",{plain(planned * 10000)}," in bodies["元"]


def test_a_row_spoiled_in_place_is_not_known(world: World) -> None:
    d = first(world, "sales")
    damage = Damage(0, "invoiced_sales", "待核", "number_unreadable", is_copy=False)
    made = write(d, Style(container="csv", damages=[damage]))
    assert len(made.accepted) == len(d.lines) - 1 and d.lines[0] not in made.accepted
    assert counted(made.truths[0]) == (len(d.lines), len(d.lines) - 1, 1, 0, 0)


def muddled(world: World, dial: str) -> Iterator[FileTruth]:
    for source in SOURCES:
        for n, d in enumerate(deliveries(world, source)):
            for written, _ in muddle(d, Draws(4, "321204", f"test/{source}/{n}"), dial, HORIZON):
                yield from written.truths


def test_full_mess_holds_every_outcome(world: World) -> None:
    truths = list(muddled(world, "full"))
    for t in truths:
        if t.status == "loaded":
            assert t.rows_read == sum(x or 0 for x in counted(t)[1:])
            assert t.money_read == (t.money_accepted or 0) + (t.money_quarantined or 0)
    assert {t.status for t in truths} == {"loaded", "refused", "unchanged"}
    assert {t.reason_code for t in truths if t.status == "refused"} == {
        "unreadable", "encoding_unknown", "header_not_found", "column_missing", "unit_unknown", "unknown_source",
        "bad_date",
    }  # fmt: skip
    assert {c.reason for t in truths for c in t.cells} == {
        "key_empty", "duplicate_key", "date_unreadable", "number_unreadable", "uscc_alphabet", "uscc_length",
        "precision_lost", "out_of_bounds", "unit_unknown", "enum_unknown",
    }  # fmt: skip


def test_light_mess_is_lighter(world: World) -> None:
    light, full = list(muddled(world, "light")), list(muddled(world, "full"))
    assert 0 < sum(len(t.cells) for t in light) < sum(len(t.cells) for t in full) / 4
    assert sum(t.status == "refused" for t in light) < sum(t.status == "refused" for t in full) / 2


def test_an_archive_may_hold_two_parts_under_names_in_gbk(world: World) -> None:
    d = first(world, "payment")
    style = Style(container="zip-csv", gbk_names=True, duplicates=[], damages=[
        Damage(0, "amount", "待核", "number_unreadable", is_copy=True),
        Damage(len(d.lines) - 1, "flow_no", "", "key_empty", is_copy=False),
    ])  # fmt: skip
    made = _zipped_parts(d, style)
    one, two = made.truths
    assert [t.file_name for t in made.truths] == [
        f"{d.stem}.zip!{d.stem}（一）.csv", f"{d.stem}.zip!{d.stem}（二）.csv",
    ]  # fmt: skip
    assert (one.rows_quarantined, two.rows_quarantined) == (1, 1)
    assert len(made.accepted) == len(d.lines) - 1
    with zipfile.ZipFile(io.BytesIO(made.body), metadata_encoding="gb18030") as z:
        assert z.namelist() == [f"{d.stem}（一）.csv", f"{d.stem}（二）.csv"]
        assert [hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist()] == [one.sha256, two.sha256]


def test_spoiled_rows_of_a_month_come_again_by_key(world: World) -> None:
    d = first(world, "fai")
    style = Style(damages=[Damage(2, "investment_cum", "待核", "number_unreadable", is_copy=False)])
    mends = [_mended_rows(d, style, Draws(1, "321204", str(n)), HORIZON) for n in range(20)]
    mend = next(m for m in mends if m is not None)
    assert [x.values["project_code"] for x in mend.lines] == [d.lines[2].values["project_code"]]
    assert mend.lines[0].values["submission_kind"] == "补报" and d.lines[2].values["submission_kind"] == "首次"
    assert mend.received_on > d.received_on
    copies = Style(damages=[Damage(2, "investment_cum", "待核", "number_unreadable", is_copy=True)])
    assert all(_mended_rows(d, copies, Draws(1, "321204", str(n)), HORIZON) is None for n in range(20))


def test_a_two_level_header_merges_parent_over_children(world: World) -> None:
    made = write(first(world, "tax_summary"), Style(two_levels=True))
    ws = openpyxl.load_workbook(io.BytesIO(made.body)).active
    assert ws is not None
    assert [[c.value for c in row] for row in ws.iter_rows(min_row=2, max_row=3)] == [
        ["主管税务机关", "征收项目", "本月完成", None, "累计完成", None],
        [None, None, "本期", "同期", "累计", "同期累计"],
    ]
    assert sorted(str(m) for m in ws.merged_cells.ranges) == ["A2:A3", "B2:B3", "C2:D2", "E2:F2"]


def test_codes_are_typed_in_many_ways(world: World) -> None:
    d = first(world, "permit")
    code = str(next(x.values["project_code"] for x in d.lines if x.values["project_code"]))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    for how, text in (("bare", code.replace("-", "")), ("hash", code + "#"), ("wide", wide)):
        assert text in write(d, Style(container="csv", codes={"project_code": how})).body.decode()
    sold = first(world, "sales")
    uscc = str(sold.lines[0].values["uscc"])
    assert f"{uscc[:6]} {uscc[6:]}" in write(sold, Style(container="csv", codes={"uscc": "spaced"})).body.decode()


def test_old_bytes_after_a_final_version_are_a_new_statement(tmp_path: Path) -> None:
    again: list[list[FileTruth]] = []
    for seed in (1, 2, 3, 4):
        made = simulate(Config(seed, scale=0.02, mess="full"), tmp_path / str(seed), sources=["sales"])
        seen: dict[str, list[FileTruth]] = {}
        for t in made.files:
            if t.status == "loaded":
                seen.setdefault(t.sha256, []).append(t)
        repeated = [held for held in seen.values() if len(held) > 1]
        again += repeated
        for held in repeated:
            assert any(
                t.status == "loaded"
                and "（最终版）" in t.file_name
                and str(held[0].received_on) < str(t.received_on) < str(held[1].received_on)
                for t in made.files
            )
    assert again
