from __future__ import annotations

import duckdb

from zhixiao.contracts import load_contracts
from zhixiao.warehouse.schema import create_raw, raw_tables, source_columns


def columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'raw' AND table_name = $1"
    return dict(con.execute(sql, [table]).fetchall())


def test_all_sources_and_ledgers_exist() -> None:
    con = duckdb.connect()
    create_raw(con)
    tables = {r[0] for r in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert len(load_contracts()) == 28
    assert set(load_contracts()) <= tables
    assert tables == set(raw_tables())
    fai = columns(con, "fai")
    assert fai["stat_period"] == "DATE"
    assert fai["investment_cum"] == "DECIMAL(18,6)"
    assert fai["marks"] == "VARCHAR[]"
    assert columns(con, "filing")["filing_date_precision"] == "VARCHAR"
    assert "stat_period_precision" not in fai


def test_a_second_call_changes_nothing() -> None:
    con = duckdb.connect()
    assert len(create_raw(con)) == len(raw_tables())
    assert create_raw(con) == []


def test_an_older_table_is_brought_in_step() -> None:
    con = duckdb.connect()
    create_raw(con)
    con.execute("INSERT INTO raw.tax (uscc) VALUES ('X')")
    con.execute("ALTER TABLE raw.tax DROP COLUMN tax_item")
    con.execute("ALTER TABLE raw.tax ADD COLUMN old_column INTEGER")
    con.execute("ALTER TABLE raw.tax ALTER stat_period TYPE VARCHAR")
    changes = {c.what for c in create_raw(con)}
    assert changes == {"added tax_item", "dropped old_column", "retyped stat_period VARCHAR -> DATE"}
    assert columns(con, "tax") == dict(source_columns(load_contracts()["tax"]))
    assert con.execute("SELECT uscc, tax_item FROM raw.tax").fetchall() == [("X", None)]
