from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.house import House
from zhixiao.errors import DataError
from zhixiao.landing import land_drop
from zhixiao.settings import Settings
from zhixiao.trace import describe_trace, trace
from zhixiao.warehouse.publish import publish

DAY = "2025-07-10"
PERSON = "11010519491231002X"  # the specimen of GB 11643
FIRM = "91321204717445678C"
TAX = f"""入库税收明细,,,,,,,
"管理机关：姜堰区税务局，报表期：2025年6月，数据类型：入库税收，金额单位：元",,,,,,,
社会信用代码（纳税人识别号）,纳税人名称,征收项目,税款所属期起,税款所属期止,入库税额,入库日期,预算级次
{FIRM},甲机械有限公司,增值税,2025-05-01,2025-05-31,"12,345.60",2025.06.18,区级
{PERSON},张三,个人所得税,2025-05-01,2025-05-31,100,2025年6月19日,区级
"""
MODEL = """
CREATE SCHEMA IF NOT EXISTS marts;
CREATE OR REPLACE TABLE marts.fct_tax AS
  SELECT uscc AS taxpayer_id, tax_paid, tax_treasury_date, 2 * tax_paid AS twice, file_sha256, sheet, row_number
  FROM raw.tax
"""


@pytest.fixture
def house(settings: Settings) -> House:
    """A warehouse with one tax file, landed for real and published."""
    h = House(settings)
    path = settings.raw_dir / "tax" / DAY / "入库.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(TAX.encode("gb18030"))
    for drop in h.discover().drops:
        assert land_drop(settings, drop).status == "landed"
    h.load()
    pair = h.build(DAY)
    with duckdb.connect(str(settings.work_db)) as con:
        con.execute(MODEL)
    publish(settings, pair)
    return h


def test_a_cell_is_shown_as_the_department_wrote_it(house: House) -> None:
    (t,) = trace(house.settings, "marts.fct_tax", FIRM, "tax_paid")
    assert (t.source, t.file, t.sheet, t.row_number) == ("tax", f"tax/{DAY}/入库.csv", "", 4)
    assert [(c.header, c.original, c.landed) for c in t.cells] == [("入库税额", "12,345.60", "1.234560")]
    text = describe_trace(t, "tax_paid")
    assert f"raw/tax/{DAY}/入库.csv，第 4 行" in text
    assert "“12,345.60” -> tax_paid = 1.234560" in text


def test_a_date_too(house: House) -> None:
    (t,) = trace(house.settings, "fct_tax", f"taxpayer_id={FIRM}", "tax_treasury_date")
    assert [(c.original, c.landed) for c in t.cells] == [("2025.06.18", "2025-06-18")]


def test_a_computed_column_shows_the_row_it_rests_on(house: House) -> None:
    (t,) = trace(house.settings, "fct_tax", FIRM, "twice")
    assert t.computed
    cells = {c.column: c.original for c in t.cells}
    assert cells["tax_paid"] == "12,345.60"
    assert cells["tax_item"] == "增值税"
    assert "is computed" in describe_trace(t, "twice")


def test_persons_are_never_shown(house: House) -> None:
    rows = house.read("SELECT taxpayer_id FROM marts.fct_tax WHERE row_number = 5")
    assert rows[0][0].startswith("PID-")
    (t,) = trace(house.settings, "fct_tax", "row_number=5", "twice")
    text = describe_trace(t, "twice")
    assert PERSON not in text
    assert "张三" not in text
    assert "（原文不显示 not shown）" in text
    assert "“100” -> tax_paid" in text


def test_without_the_original_file_what_was_landed_is_shown(house: House) -> None:
    Path(house.settings.raw_dir / "tax" / DAY / "入库.csv").unlink()
    (t,) = trace(house.settings, "fct_tax", FIRM, "tax_paid")
    assert not t.from_original
    assert t.cells[0].original == "12,345.60"
    assert "this is what was landed" in describe_trace(t, "tax_paid")


def test_a_correction_is_told_beside_what_was_delivered(house: House) -> None:
    with duckdb.connect(str(house.settings.work_db)) as con:
        con.execute(
            "CREATE SCHEMA IF NOT EXISTS quality; CREATE TABLE quality.correction AS SELECT 'tax_paid' AS column_name, "
            "'1.23456' AS old_value, '1.5' AS new_value, '王工' AS editor, DATE '2025-07-20' AS decided_on, "
            "'核对税票' AS reason, 'applied' AS outcome, 'correction.csv' AS decision_file, 1 AS decision_row, "
            "[{'file_sha256': file_sha256, 'sheet': sheet, 'row_number': row_number}] AS acted_rows "
            "FROM raw.tax WHERE row_number = 4"
        )
        con.execute("UPDATE marts.fct_tax SET tax_paid = 1.5 WHERE row_number = 4")
    publish(house.settings, house.build("2025-07-20"))
    (t,) = trace(house.settings, "fct_tax", FIRM, "tax_paid")
    assert t.corrections == ["tax_paid: 1.23456 -> 1.5（王工，2025-07-20：核对税票）"]
    text = describe_trace(t, "tax_paid")
    assert "marts.fct_tax.tax_paid = 1.5" in text
    assert "“12,345.60” -> tax_paid = 1.234560" in text
    assert "更正 corrected tax_paid: 1.23456 -> 1.5" in text


QUALITY = """
CREATE TABLE marts.mart_data_quality AS SELECT * FROM (VALUES
  ('quarantine', NULL, 'tax', '税务局', '2025-07', '全区'), ('delivery', NULL, 'tax', '税务局', '2025-06', '全区'),
  ('source', NULL, 'tax', '税务局', NULL, '全区'), ('check', 'R44', NULL, '税务局', '2025-06', '开发区'),
  ('check', 'R44', NULL, '税务局', '2025-05', '开发区'), ('evidence', 'R44', 'tax', '税务局', '2025-06', '全区')
) AS t (topic, check_id, source, owner, period, reporting_unit),
(SELECT 1 AS open_rows, 0 AS waived_rows, 1 AS periods_received, 1 AS failed);
CREATE TABLE quality.delivery AS SELECT 'tax' AS source, '321204' AS district_code, '2025-06' AS period,
  DATE '2025-07-15' AS due_on, DATE '2025-07-10' AS received_on, 'received' AS status;
CREATE SCHEMA IF NOT EXISTS checks;
CREATE TABLE checks.fct_check_result AS
SELECT 'R44' AS check_id, 'F' AS entity_id, '2025-06' AS period, '开发区' AS reporting_unit, 'fail' AS outcome, [
  {'source': 'tax', 'file_sha256': file_sha256, 'sheet': sheet, 'row_number': row_number, 'column_name': 'tax_paid',
   'value': '1.23456'}] AS evidence FROM raw.tax WHERE row_number = 4;
DROP TABLE quality.quarantine;
CREATE TABLE quality.quarantine AS SELECT 'q' AS quarantine_id, 'tax' AS source, '税务局' AS owner,
  received_on, file_name, file_sha256, sheet, row_number, 'tax_paid' AS column_name, '12,345.60' AS cell_text,
  'out_of_bounds' AS reason_code, '超出范围' AS reason_zh, 'open' AS state FROM raw.tax WHERE row_number = 4;
INSERT INTO quality.quarantine SELECT * REPLACE ('held' AS quarantine_id, 99 AS row_number, DATE '2025-06-01' AS
  received_on) FROM quality.quarantine;
"""


def test_figures_of_data_quality_lead_to_cells_and_files(house: House) -> None:
    pair = house.build("2025-07-20")
    with duckdb.connect(str(house.settings.work_db)) as con:
        con.execute(QUALITY)
    publish(house.settings, pair)

    def lines(topic: str, column: str, more: str = "") -> str:
        found = trace(house.settings, "mart_data_quality", f"topic={topic}{more}", column)
        return "\n".join(describe_trace(t, column) for t in found)

    cell = lines("quarantine", "open_rows")
    assert "tax_paid “12,345.60” [out_of_bounds, open] 超出范围" in cell
    assert "入库税额: “12,345.60” -> tax_paid = 1.234560" in cell
    with pytest.raises(DataError, match="the figure is 0"):
        lines("quarantine", "waived_rows")
    held = trace(house.settings, "quality.quarantine", "quarantine_id=held", "cell_text")
    assert [c.original for t in held for c in t.cells] == []
    for topic in ("delivery", "source"):
        text = lines(topic, "periods_received")
        assert f"来自 from: raw/tax/{DAY}/入库.csv\n" in text and "(row" not in text
        assert "tax 2025-06 received · 应报 due 2025-07-15 · 收到 received 2025-07-10" in text
    for topic in ("check", "evidence"):
        text = lines(topic, "failed", ",period=2025-06")
        assert "R44 fail · F 2025-06" in text and "入库税额: “12,345.60” -> tax_paid = 1.234560" in text
    with pytest.raises(DataError, match="no evidence to trace"):
        lines("check", "failed", ",period=2025-05")
