from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.house import House
from zhixiao.settings import Settings
from zhixiao.summary import summary
from zhixiao.texts import number, pad, percent, table, width
from zhixiao.warehouse.publish import publish

DAY = "2025-03-20"


@pytest.fixture
def house(settings: Settings) -> House:
    return House(settings)


def sale(uscc: str, value: int = 1) -> dict[str, Any]:
    return {"stat_period": "2025-02-28", "uscc": uscc, "invoiced_sales": Decimal(value)}


FUNNEL = """
CREATE OR REPLACE TABLE marts.mart_funnel AS SELECT 'district' AS cut_kind, c AS cut_value, 'all' AS window_kind,
  r AS reading, 'cohort' AS form, m AS measure, 'main' AS variant, b AS basis, n::DECIMAL(20,4) AS numerator,
  d::DECIMAL(20,4) AS denominator, (n / nullif(d, 0))::DECIMAL(18,6) AS value
FROM (VALUES
  ('321204', 'claimed', 'filing_rate', 'count', 9, 12),
  ('321204', 'evidenced', 'filing_rate', 'count', 3, 12),
  ('321204', 'verified', 'filing_rate', 'count', 2, 10),
  ('321204', 'claimed', 'filing_rate', 'amount', 1500, 2000),
  ('321204', 'claimed', 'start_rate', 'count', 0, 0)) v(c, r, m, b, n, d)
"""


def test_nothing_published_yet(house: House) -> None:
    assert "Nothing has been published yet" in summary(house.settings)


def test_a_release_in_words(house: House) -> None:
    reject = {"column_name": "uscc", "cell_text": "x", "reason_code": "uscc_length", "money": Decimal("2.5")}
    house.drop("sales", DAY, "a.csv", [sale("U1", 1234567)], [{**reject, "row_number": 9}])
    house.drop("sales", "2025-03-21", "again.csv", [sale("U1", 1234567)], [{**reject, "row_number": 9}])
    house.drop("fai", DAY, "坏.xlsx", refused="header_not_found")
    house.load()
    pair = house.build("2025-03-21")
    with duckdb.connect(str(house.settings.work_db)) as con:
        con.execute(FUNNEL)
    done = publish(house.settings, pair)
    result = {"publish": done.to_json(), "exit_code": 3, "files": {"waiting": 2, "new": 3}}
    text = summary(house.settings, result)
    for words in (
        f"已发布 {done.release_id}。",
        "统计时点 as_of     2025-03-21",
        "入库 landed 1 · 拒收 refused 1 · 重复 unchanged 1 · 等待 waiting 2 · 本次新处理 new 3",
        "接收 accepted 1 · 隔离 quarantined 1",
        "接收 accepted 1,234,567.00 · 隔离 quarantined 2.50",
        "75.0% (9/12)",
        "25.0% (3/12)",
        "20.0% (2/10)",
        "75.0% (1,500/2,000)",
        "— (0/0)",
        "fai/2025-03-20/坏.xlsx [header_not_found]",
        "待处理的隔离行 open quarantined rows: 1",
        "税务局",
        str(house.settings.published_db),
        "退出码 exit code 3",
    ):
        assert words in text, words


def test_an_archived_pair_is_told_from_its_own_folder(house: House) -> None:
    house.drop("sales", DAY, "a.csv", [sale("U1")])
    house.publish(DAY)
    house.drop("sales", "2025-04-20", "b.csv", [sale("U2")])
    house.publish("2025-04-20")
    old = house.publish(DAY)
    text = summary(house.settings, {"publish": old.to_json()})
    assert "known_on  2025-03-20" in text
    assert f"{house.settings.releases_dir / f'{DAY}_{DAY}'}" in text


def test_findings_are_counted_once_the_checks_exist(house: House) -> None:
    house.drop("sales", DAY, "a.csv", [sale("U1")])
    house.load()
    pair = house.build(DAY)
    with duckdb.connect(str(house.settings.work_db)) as con:
        con.execute(
            "CREATE SCHEMA checks; CREATE TABLE checks.fct_check_result (check_id VARCHAR, outcome VARCHAR,"
            " effective_severity VARCHAR)"
        )
        con.execute(
            "INSERT INTO checks.fct_check_result VALUES ('R01', 'fail', 'block'), ('R02', 'pass', NULL),"
            " ('R03', 'fail', 'flag')"
        )
    publish(house.settings, pair)
    text = summary(house.settings)
    assert "疑点 findings: 2（不能成立 block 1，先不计入 quarantine 0，提示 flag 1" in text
    assert "已说明" not in text and "报警" not in text


def test_decisions_and_alarms_stand_beside_the_number_of_findings(house: House) -> None:
    house.drop("sales", DAY, "a.csv", [sale("U1")])
    house.load()
    pair = house.build(DAY)
    with duckdb.connect(str(house.settings.work_db)) as con:
        con.execute(
            "CREATE SCHEMA checks; CREATE TABLE checks.fct_check_result AS SELECT * FROM (VALUES"
            " ('R01', 'project', 'Q1', 'fail', 'block', 1.0, 1), ('R05', 'source', 'R05', 'fail', 'flag', 12.0, 90))"
            " AS t (check_id, entity_type, entity_id, outcome, effective_severity, observed, n_used);"
            " CREATE TABLE checks.finding AS SELECT unnest(['explained', 'open', 'explained']) AS decision"
        )
    publish(house.settings, pair)
    text = summary(house.settings)
    assert "已说明 explained 2 · 属实 confirmed 0" in text
    assert "checks that alarm about themselves: R05（12/90）" in text


def test_texts() -> None:
    assert width("a中b") == 4
    assert pad("中", 4) == "中  "
    assert pad("7", 3, right=True) == "  7"
    assert table([("中文", "1"), ("a", "22")], "", (1,)) == "中文   1\na     22"
    assert (number(None), number(1234.5, 1), percent(None), percent(Decimal("0.12345"))) == (
        "—",
        "1,234.5",
        "—",
        "12.3%",
    )
