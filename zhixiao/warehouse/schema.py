"""The tables of schema `raw` in the work database, made from the contracts and kept in step with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from zhixiao.contracts import Contract, load_contracts

Columns = tuple[tuple[str, str], ...]

LINEAGE: Columns = (
    ("district_code", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("file_name", "VARCHAR"),
    ("sheet", "VARCHAR"),
    ("row_number", "BIGINT"),
    ("received_on", "DATE"),
    ("restates_by_key", "BOOLEAN"),
)
MARKS: Columns = (("marks", "VARCHAR[]"), ("extra", "VARCHAR"))

LOAD_LOG: Columns = (
    ("file_name", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("source", "VARCHAR"),
    ("received_on", "DATE"),
    ("mode", "VARCHAR"),
    ("contract_version", "VARCHAR"),
    ("status", "VARCHAR"),
    ("reason_code", "VARCHAR"),
    ("reason_zh", "VARCHAR"),
    ("reason_en", "VARCHAR"),
    ("headers_found", "VARCHAR[]"),
    ("unknown_columns", "VARCHAR[]"),
    ("rows_read", "BIGINT"),
    ("rows_accepted", "BIGINT"),
    ("rows_quarantined", "BIGINT"),
    ("rows_control", "BIGINT"),
    ("rows_ignored", "BIGINT"),
    ("money_read", "DECIMAL(38,6)"),
    ("money_accepted", "DECIMAL(38,6)"),
    ("money_quarantined", "DECIMAL(38,6)"),
    ("district_code", "VARCHAR"),
    ("personal_columns", "INTEGER"),
)
QUARANTINE: Columns = (
    ("quarantine_id", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("source", "VARCHAR"),
    ("district_code", "VARCHAR"),
    ("received_on", "DATE"),
    ("file_name", "VARCHAR"),
    ("sheet", "VARCHAR"),
    ("row_number", "BIGINT"),
    ("column_name", "VARCHAR"),
    ("cell_text", "VARCHAR"),
    ("reason_code", "VARCHAR"),
    ("reason_zh", "VARCHAR"),
    ("reason_en", "VARCHAR"),
    ("owner", "VARCHAR"),
    ("row_key", "VARCHAR"),
    ("scope", "VARCHAR"),
    ("money", "DECIMAL(38,6)"),
)
CONTROL_TOTAL: Columns = (
    ("source", "VARCHAR"),
    ("district_code", "VARCHAR"),
    ("received_on", "DATE"),
    ("file_sha256", "VARCHAR"),
    ("file_name", "VARCHAR"),
    ("sheet", "VARCHAR"),
    ("row_number", "BIGINT"),
    ("label", "VARCHAR"),
    ("values", "VARCHAR"),
)
DELIVERY_SCOPE: Columns = (
    ("source", "VARCHAR"),
    ("district_code", "VARCHAR"),
    ("received_on", "DATE"),
    ("file_sha256", "VARCHAR"),
    ("file_name", "VARCHAR"),
    ("scope", "VARCHAR"),
)
DECISION: Columns = (
    ("kind", "VARCHAR"),
    ("decided_on", "DATE"),
    ("file_name", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("row_number", "BIGINT"),
    ("data", "VARCHAR"),
)
CONTRACT: Columns = (
    ("source", "VARCHAR"),
    ("title_zh", "VARCHAR"),
    ("title_en", "VARCHAR"),
    ("version", "VARCHAR"),
    ("mode", "VARCHAR"),
    ("owner_department", "VARCHAR"),
    ("delivery_form", "VARCHAR"),
    ("rhythm", "VARCHAR"),
    ("due_day", "INTEGER"),
    ("due_month", "INTEGER"),
    ("months_without_report", "INTEGER[]"),
    ("scope_columns", "VARCHAR[]"),
)
CONTRACT_COLUMN: Columns = (
    ("source", "VARCHAR"),
    ("position", "INTEGER"),
    ("column_name", "VARCHAR"),
    ("label_zh", "VARCHAR"),
    ("value_type", "VARCHAR"),
    ("sql_type", "VARCHAR"),
    ("unit", "VARCHAR"),
    ("required_in_file", "BOOLEAN"),
    ("is_key", "BOOLEAN"),
    ("is_derived", "BOOLEAN"),
    ("allowed", "VARCHAR[]"),
)
LOAD_STATE: Columns = (
    ("source", "VARCHAR"),
    ("district_code", "VARCHAR"),
    ("received_on", "DATE"),
    ("fingerprint", "VARCHAR"),
)

FIXED_TABLES: Mapping[str, Columns] = {
    "load_log": LOAD_LOG,
    "quarantine": QUARANTINE,
    "control_total": CONTROL_TOTAL,
    "delivery_scope": DELIVERY_SCOPE,
    "decision": DECISION,
    "contract": CONTRACT,
    "contract_column": CONTRACT_COLUMN,
    "load_state": LOAD_STATE,
}


@dataclass(frozen=True)
class Change:
    """One DDL step that brought a table of `raw` in step with its contract."""

    table: str
    what: str


def quote(identifier: str) -> str:
    """An identifier as DuckDB takes it, whatever it contains."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def landed(paths: Iterable[Path], options: str = "") -> str:
    """`read_parquet` over landed files: a folder's name is neither a pattern nor a partition."""
    files = ", ".join(text(re.sub(r"([*?\[])", r"[\1]", str(p))) for p in paths)
    return f"read_parquet([{files}], hive_partitioning = false{options})"


def source_columns(contract: Contract) -> Columns:
    """The columns of `raw.<source>`: the contract's, a precision for every date, marks, lineage."""
    typed: list[tuple[str, str]] = []
    for c in contract.columns:
        typed.append((c.name, c.sql_type.upper()))
        if c.value_type == "date":
            typed.append((f"{c.name}_precision", "VARCHAR"))
    return (*typed, *MARKS, *LINEAGE)


def raw_tables() -> dict[str, Columns]:
    """Every table of `raw` with its columns: one a source, then the fixed ones."""
    return {s: source_columns(c) for s, c in load_contracts().items()} | dict(FIXED_TABLES)


def create_raw(con: duckdb.DuckDBPyConnection) -> list[Change]:
    """Create schema `raw` and all its tables; bring older tables in step. A second call changes nothing."""
    con.execute("CREATE SCHEMA IF NOT EXISTS raw")
    changes: list[Change] = []
    existing = _existing(con)
    for table, columns in raw_tables().items():
        if table not in existing:
            ddl = ", ".join(f"{quote(n)} {t}" for n, t in columns)
            con.execute(f"CREATE TABLE raw.{quote(table)} ({ddl})")
            changes.append(Change(table, "created"))
        else:
            changes.extend(_align(con, table, existing[table], columns))
    return changes


def _existing(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    rows = con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'raw' AND NOT internal"
    ).fetchall()
    out: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        out.setdefault(table, {})[column] = data_type
    return out


def _align(
    con: duckdb.DuckDBPyConnection, table: str, have: Mapping[str, str], want: Iterable[tuple[str, str]]
) -> list[Change]:
    """Add, retype and drop columns. The rows are written anew by the load that follows (their fingerprint
    holds the column list), so a column that changes its type is simply made again."""
    want = tuple(want)
    target = f"raw.{quote(table)}"
    changes: list[Change] = []
    for name, sql_type in want:
        if name in have and have[name] != sql_type:
            con.execute(f"ALTER TABLE {target} DROP COLUMN {quote(name)}")
            changes.append(Change(table, f"retyped {name} {have[name]} -> {sql_type}"))
        if have.get(name) != sql_type:
            con.execute(f"ALTER TABLE {target} ADD COLUMN {quote(name)} {sql_type}")
            if name not in have:
                changes.append(Change(table, f"added {name}"))
    wanted = {n for n, _ in want}
    for name in have:
        if name not in wanted:
            con.execute(f"ALTER TABLE {target} DROP COLUMN {quote(name)}")
            changes.append(Change(table, f"dropped {name}"))
    return changes
