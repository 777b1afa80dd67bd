"""Releasing what stands in quarantine: the decision carries the row, read again from the delivered file."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.house import House
from zhixiao.errors import ConfigError
from zhixiao.landing import land_drop
from zhixiao.settings import Settings
from zhixiao.warehouse.publish import publish
from zhixiao.warehouse.quarantine import decide_cells, list_cells

DAY = "2025-07-10"
FIRM, SHORT = "91321204717445678C", "91321204717445678"
PERSON = "11010519491231002X"  # the specimen of GB 11643
SALES = f"""年月,统一社会信用代码,企业名称,开票销售（万元）,设备采购进项（万元）
2025-06,{FIRM},甲机械有限公司,12.5,3
2025-06,{SHORT},乙机械有限公司,7.25,-2
2025-06,91321204MA1ALPHA0X,丙 {PERSON},not a number,1
2025-06,{FIRM},甲机械有限公司,-1,3
"""


@pytest.fixture
def house(settings: Settings) -> House:
    """One file with a row of two cells that a rule does not allow, and a row that nobody can read."""
    h = House(settings)
    path = settings.raw_dir / "sales" / DAY / "开票.csv"
    path.parent.mkdir(parents=True)
    path.write_text(SALES, encoding="utf-8")
    for drop in h.discover().drops:
        assert land_drop(settings, drop).rows_quarantined == 3
    h.load()
    pair = h.build(DAY)
    with duckdb.connect(str(settings.work_db)) as con:
        con.execute("ALTER TABLE quality.quarantine ADD COLUMN state_reason VARCHAR")
    publish(settings, pair)
    return h


def decide(house: House, ids: list[str], action: str) -> list[dict[str, str]]:
    path = decide_cells(house.settings, action, ids, "王工", "已核对税票", date(2025, 7, 12))  # type: ignore[arg-type]
    with path.open(encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader(f))


def cells(house: House) -> dict[tuple[int, str], str]:
    return {(c.row_number, c.column_name): c.quarantine_id for c in list_cells(house.settings)}


def test_a_release_carries_the_row_as_it_stands(house: House) -> None:
    ids = cells(house)
    assert set(ids) == {(3, "uscc"), (3, "equipment_purchases"), (4, "invoiced_sales"), (5, "invoiced_sales")}
    rows = decide(house, [ids[3, "uscc"], ids[3, "equipment_purchases"]], "release")
    assert [(r["quarantine_id"], r["action"], r["actor"]) for r in rows] == [
        (ids[3, "uscc"], "release", "王工"),
        (ids[3, "equipment_purchases"], "release", "王工"),
    ]
    for r in rows:
        assert json.loads(r["row"]) == {
            "stat_period": "2025-06-30", "uscc": SHORT, "company_name": "乙机械有限公司", "invoiced_sales": "7.250000",
            "equipment_purchases": "-2.000000", "sheet": "", "row_number": 3,
        }  # fmt: skip


def test_what_nobody_can_read_is_not_released_but_may_be_waived(house: House) -> None:
    ids = cells(house)
    with pytest.raises(ConfigError, match="nobody can say what the cell holds"):
        decide(house, [ids[3, "uscc"], ids[4, "invoiced_sales"]], "release")
    assert not (house.settings.raw_dir / "_decisions").exists()
    rows = decide(house, [ids[4, "invoiced_sales"]], "waive")
    assert [(r["action"], r["row"]) for r in rows] == [("waive", "")]


def test_a_key_that_was_accepted_in_the_same_file_is_not_released_again(house: House) -> None:
    with pytest.raises(ConfigError, match="row 2 of the file has the same key"):
        decide(house, [cells(house)[5, "invoiced_sales"]], "release")


def test_a_row_whose_file_is_gone_is_not_released(house: House) -> None:
    Path(house.settings.raw_dir / "sales" / DAY / "开票.csv").unlink()
    with pytest.raises(ConfigError, match="cannot be read any more"):
        decide(house, [cells(house)[3, "uscc"]], "release")
