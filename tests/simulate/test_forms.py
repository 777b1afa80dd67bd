"""Forms and containers: what is written can be read back by other programs, and is counted as it was written."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

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
from zhixiao.simulate.mess import muddle
from zhixiao.simulate.model import Config, World
from zhixiao.simulate.views import HORIZON, SOURCES, deliveries

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
