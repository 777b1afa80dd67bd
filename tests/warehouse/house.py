"""A small warehouse whose landed files are written by hand, so that what comes after landing stands alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhixiao.contracts import Contract, load_contract
from zhixiao.landing.discover import Discovery, discover
from zhixiao.landing.report import FileReport, LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse.build import BuildState
from zhixiao.warehouse.files import write_json
from zhixiao.warehouse.load import LoadResult, load
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.publish import PublishResult, publish

Row = Mapping[str, Any]

MODELS = """
CREATE SCHEMA IF NOT EXISTS marts; CREATE SCHEMA IF NOT EXISTS marts_public; CREATE SCHEMA IF NOT EXISTS quality;
CREATE OR REPLACE TABLE marts.fct_sales_month (uscc VARCHAR NOT NULL, sales DECIMAL(20,4), known_on DATE);
INSERT INTO marts.fct_sales_month SELECT uscc, sum(invoiced_sales), DATE '{known_on}' FROM raw.sales
WHERE received_on <= DATE '{known_on}' AND stat_period <= DATE '{as_of}' GROUP BY uscc;
COMMENT ON TABLE marts.fct_sales_month IS 'Each row is a firm''s sales / 每行是一家企业的开票销售';
COMMENT ON COLUMN marts.fct_sales_month.sales IS '开票销售（万元）';
CREATE OR REPLACE VIEW marts.mart_total AS SELECT sum(sales) AS total, count(*) AS n FROM marts.fct_sales_month;
CREATE OR REPLACE TABLE marts_public.mart_total AS SELECT sum(sales) AS total FROM marts.fct_sales_month;
CREATE OR REPLACE TABLE quality.quarantine AS SELECT *, 'open' AS state FROM raw.quarantine
WHERE received_on <= DATE '{known_on}';
CREATE OR REPLACE TABLE quality.load_log AS SELECT * FROM raw.load_log
WHERE received_on IS NULL OR received_on <= DATE '{known_on}';
"""

REJECT_COLUMNS = {
    "sheet": "VARCHAR",
    "row_number": "BIGINT",
    "column_name": "VARCHAR",
    "cell_text": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason_zh": "VARCHAR",
    "reason_en": "VARCHAR",
    "row_key": "VARCHAR",
    "scope": "VARCHAR",
    "money": "DECIMAL(38,6)",
}
CONTROL_COLUMNS = {"sheet": "VARCHAR", "row_number": "BIGINT", "label": "VARCHAR", "values": "VARCHAR"}


@dataclass
class House:
    """One warehouse of a test."""

    settings: Settings

    def drop(
        self,
        source: str,
        day: str,
        name: str,
        rows: Sequence[Row] = (),
        rejects: Sequence[Row] = (),
        controls: Sequence[Row] = (),
        refused: str | None = None,
        scopes: Sequence[str] | None = None,
        by_key: bool = False,
        money_read: Decimal | None = None,
        district: str = "",
        content: str | None = None,
    ) -> str:
        """Drop a file and land it as described. Returns its hash. The same description is the same bytes."""
        told = [source, rows, rejects, controls, refused, scopes, by_key, content]
        body = json.dumps(told, ensure_ascii=False, default=str, sort_keys=True).encode()
        path = self.settings.raw_dir / district / source / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        sha = hashlib.sha256(body).hexdigest()
        contract = load_contract(source)
        paths = LandedPaths.of(self.settings.landed_dir, source, sha)
        paths.report.parent.mkdir(parents=True, exist_ok=True)
        report = FileReport(source, sha, contract.version, "landed", headers_found=["表头"])
        if refused:
            report.status, report.reason_code = "refused", refused
            report.reason_zh, report.reason_en = f"拒收：{refused}", f"refused: {refused}"
        else:
            numbered = [{"row_number": i, **r} for i, r in enumerate(rows, start=2)]
            lost = [{"row_number": 100 + i, "row_key": None, **r} for i, r in enumerate(rejects)]
            _write(paths.rows, landed_columns(contract), [{"file_sha256": sha, **r} for r in numbered])
            _write(paths.rejects, REJECT_COLUMNS, lost)
            _write(paths.controls, CONTROL_COLUMNS, [{"row_number": 200 + i, **r} for i, r in enumerate(controls)])
            accepted = sum((_money(contract, r) for r in rows), Decimal(0))
            quarantined = sum(({r["row_number"]: Decimal(str(r.get("money", 0))) for r in lost}).values(), Decimal(0))
            report.rows_accepted = len(rows)
            report.rows_quarantined = len({r["row_number"] for r in lost})
            report.rows_control, report.rows_ignored = len(controls), 1
            report.rows_read = report.rows_accepted + report.rows_quarantined + len(controls) + 1
            report.money_accepted, report.money_quarantined = accepted, quarantined
            report.money_read = accepted + quarantined if money_read is None else money_read
            report.scopes = _scopes(contract, rows) if scopes is None else list(scopes)
            report.restates_by_key = by_key
        paths.report.write_text(report.to_json(), encoding="utf-8")
        return sha

    def discover(self) -> Discovery:
        return discover(self.settings)

    def load(self, **kwargs: Any) -> LoadResult:
        return load(self.settings, self.discover(), **kwargs)

    def build(self, known_on: str, as_of: str | None = None, audited: bool = True) -> Pair:
        """What `dbt build` and the audit leave, on three small tables made straight from `raw`."""
        pair = Pair(date.fromisoformat(known_on), date.fromisoformat(as_of or known_on))
        with duckdb.connect(str(self.settings.work_db)) as con:
            con.execute(MODELS.format(known_on=pair.known_on, as_of=pair.as_of))
        write_json(self.settings.state_dir / "build.json", BuildState("b", pair, audited).to_json())
        return pair

    def publish(self, known_on: str, as_of: str | None = None, **kwargs: Any) -> PublishResult:
        """Load, build and publish."""
        self.load()
        return publish(self.settings, self.build(known_on, as_of), **kwargs)

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the published file, as a reader does."""
        with duckdb.connect(str(self.settings.published_db), read_only=True) as con:
            return con.execute(sql).fetchall()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.work_db), read_only=True) as con:
            return con.execute(sql).fetchall()

    def statuses(self) -> dict[str, str]:
        """{<day>/<file name>: status} of the load log."""
        rows = self.query("SELECT received_on, file_name, status FROM raw.load_log ORDER BY ALL")
        return {f"{day}/{name}": status for day, name, status in rows}


def landed_columns(contract: Contract) -> dict[str, str]:
    """The columns of a landed Parquet file of accepted rows."""
    out: dict[str, str] = {}
    for c in contract.columns:
        out[c.name] = c.sql_type.upper()
        if c.value_type == "date":
            out[f"{c.name}_precision"] = "VARCHAR"
        if c.is_numeric:
            out |= {f"{c.name}_text": "VARCHAR", f"{c.name}_unit": "VARCHAR"}
    lineage = {"marks": "VARCHAR[]", "extra": "VARCHAR", "sheet": "VARCHAR", "row_number": "BIGINT"}
    return out | lineage | {"file_sha256": "VARCHAR"}


def _money(contract: Contract, row: Row) -> Decimal:
    return sum((Decimal(str(row[m])) for m in contract.money_columns if row.get(m) is not None), Decimal(0))


def _scopes(contract: Contract, rows: Sequence[Row]) -> list[str]:
    if contract.mode == "events":
        return []
    if not contract.scope_columns:
        return ["*"]
    return sorted({"|".join(str(r.get(c) or "")[:7] for c in contract.scope_columns) for r in rows})


_ARROW = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "DECIMAL(18,6)": pa.decimal128(18, 6),
    "DECIMAL(38,6)": pa.decimal128(38, 6),
}


def _write(path: Path, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
    unknown = {k for r in rows for k in r} - set(columns)
    assert not unknown, unknown
    arrays = []
    for name, sql_type in columns.items():
        values = [r.get(name, "" if name == "sheet" else None) for r in rows]
        if sql_type == "DATE":
            values = [date.fromisoformat(v) if isinstance(v, str) else v for v in values]
        arrays.append(pa.array(values, _ARROW[sql_type]))
    pq.write_table(pa.table(arrays, names=list(columns)), path)
