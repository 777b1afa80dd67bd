"""Hand-made landed artefacts: what landing leaves behind, without landing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhixiao.contracts import load_contract
from zhixiao.landing.report import ColumnUse, Drop, FileReport, LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse.schema import create_raw

ARROW = {
    "varchar": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "integer": pa.int32(),
    "decimal(18,6)": pa.decimal128(18, 6),
}


def settings_in(path: Path) -> Settings:
    return Settings(raw_dir=path / "raw", warehouse_dir=path / "warehouse", settle_seconds=0)


@dataclass
class Desk:
    """Delivers landed files into one warehouse and remembers the drops."""

    settings: Settings

    def __post_init__(self) -> None:
        self.drops: list[Drop] = []

    def deliver(
        self,
        source: str,
        received: str,
        rows: list[dict[str, Any]],
        *,
        file_name: str = "a.xlsx",
        rejects: list[dict[str, Any]] | None = None,
        controls: list[dict[str, Any]] | None = None,
        absent: tuple[str, ...] = (),
        same_as: Drop | None = None,
        **report: Any,
    ) -> Drop:
        """Land `rows` (column -> value; a missing column is null; row_number counts from 2)."""
        contract = load_contract(source)
        sha = hashlib.sha256(f"{source}|{received}|{file_name}|{rows!r}".encode()).hexdigest()
        drop = Drop("321204", source, date.fromisoformat(received), file_name, sha, f"/raw/{file_name}")
        if same_as is not None:
            drop = Drop("321204", source, date.fromisoformat(received), file_name, same_as.sha256, "")
            self.drops.append(drop)
            return drop
        rejects, controls = rejects or [], controls or []
        paths = LandedPaths.of(self.settings.landed_dir, source, sha)
        paths.rows.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, pa.Array] = {}
        for c in contract.columns:
            kind = ARROW[c.sql_type.lower()]
            arrays[c.name] = pa.array([_value(r.get(c.name), kind) for r in rows], kind)
        arrays["sheet"] = pa.array([r.get("sheet", "") for r in rows], pa.string())
        arrays["row_number"] = pa.array([r.get("row_number", i + 2) for i, r in enumerate(rows)], pa.int64())
        arrays["file_sha256"] = pa.array([sha] * len(rows), pa.string())
        pq.write_table(pa.table(arrays), paths.rows)
        names = ("sheet", "row_number", "column_name", "cell_text", "reason_code", "row_key", "scope", "money")
        kinds = {"row_number": pa.int64(), "money": pa.decimal128(38, 6)}
        pq.write_table(
            pa.table(
                {
                    n: pa.array(
                        [_value(r.get(n, "" if n == "sheet" else None), kinds.get(n, pa.string())) for r in rejects],
                        kinds.get(n, pa.string()),
                    )
                    for n in names
                }
            ),
            paths.rejects,
        )
        pq.write_table(
            pa.table(
                {
                    "sheet": pa.array([c.get("sheet", "") for c in controls], pa.string()),
                    "row_number": pa.array([c["row_number"] for c in controls], pa.int64()),
                    "label": pa.array([c["label"] for c in controls], pa.string()),
                    "values": pa.array([json.dumps(c["values"]) for c in controls], pa.string()),
                }
            ),
            paths.controls,
        )
        quarantined = len({(r.get("sheet", ""), r["row_number"]) for r in rejects})
        money = sum(
            (Decimal(str(r[m])) for r in rows for m in contract.money_columns if r.get(m) is not None), Decimal()
        )
        lost = sum((Decimal(str(r.get("money") or 0)) for r in rejects), Decimal())
        values: dict[str, Any] = {
            "source": source,
            "file_sha256": sha,
            "contract_version": contract.version,
            "status": "landed",
            "rows_read": len(rows) + quarantined + len(controls),
            "rows_accepted": len(rows),
            "rows_quarantined": quarantined,
            "rows_control": len(controls),
            "rows_ignored": 0,
            "money_read": money + lost,
            "money_accepted": money,
            "money_quarantined": lost,
            "columns": {c.name: ColumnUse(c.label_zh) for c in contract.file_columns if c.name not in absent},
            "scopes": ["*"] if contract.mode == "register" else [],
        }
        values.update(report)
        paths.report.write_text(FileReport(**values).to_json(), encoding="utf-8")
        self.drops.append(drop)
        return drop


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(str(value)).quantize(Decimal("0.000001"))
    if pa.types.is_date(kind) and isinstance(value, str):
        return date.fromisoformat(value)
    if pa.types.is_timestamp(kind) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


def sales_rows(period_end: str, n: int = 40, scale: float = 1.0) -> list[dict[str, Any]]:
    """One month of 开票销售: `n` firms with sales of 100, 101, ... 万元 times `scale`."""
    return [
        {
            "stat_period": period_end,
            "uscc": f"9132120400000{i:05d}",
            "company_name": f"泰州第{i}机械有限公司",
            "invoiced_sales": (100 + i) * scale,
        }
        for i in range(n)
    ]


@dataclass(frozen=True)
class Pair:
    """As `zhixiao.warehouse.pair.Pair`, which these tests do not need to import."""

    known_on: date
    as_of: date


PAIR = Pair(date(2026, 2, 28), date(2026, 1, 31))
SHA = "a" * 64
MEASURES = {
    "filing_rate": ("signed", "filed"),
    "start_rate": ("filed", "started"),
    "production_rate": ("started", "produced"),
    "on_target_rate": ("produced", "on_target"),
}
STAGES = ("signed", "filed", "started", "completed", "produced", "on_target")


def make_candidate(settings: Settings, pair: Pair = PAIR) -> None:
    """A small and sound work database: one loaded file with 3 rows and a quarantined one, 3 projects."""
    settings.work_db.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(str(settings.work_db))
    create_raw(con)
    log = {
        "file_name": "签约.xlsx", "file_sha256": SHA, "source": "signing", "received_on": date(2026, 2, 3),
        "mode": "register", "contract_version": "1.0.0", "status": "loaded", "headers_found": ["项目编号"],
        "unknown_columns": [], "rows_read": 5, "rows_accepted": 3, "rows_quarantined": 1, "rows_control": 1,
        "rows_ignored": 0, "money_read": 40, "money_accepted": 30, "money_quarantined": 10,
        "district_code": "321204", "personal_columns": 0,
    }  # fmt: skip
    _insert(con, "raw.load_log", log)
    refused = {**log, "file_name": "坏.xlsx", "file_sha256": "b" * 64, "status": "refused"}
    refused |= {"reason_code": "unreadable"}
    for name in list(refused):
        if name.startswith(("rows_", "money_")):
            refused[name] = None
    _insert(con, "raw.load_log", refused)
    for i in range(3):
        _insert(
            con,
            "raw.signing",
            {"signing_row_no": f"JY-{i}", "file_sha256": SHA, "file_name": "签约.xlsx", "sheet": "",
             "row_number": i + 2, "received_on": date(2026, 2, 3), "district_code": "321204"},
        )  # fmt: skip
    _insert(
        con,
        "raw.quarantine",
        {"quarantine_id": "q1", "file_sha256": SHA, "source": "signing", "district_code": "321204",
         "received_on": date(2026, 2, 3), "file_name": "签约.xlsx", "sheet": "", "row_number": 5,
         "column_name": "signing_date", "cell_text": "待定", "reason_code": "date_unreadable"},
    )  # fmt: skip
    con.execute("CREATE SCHEMA quality; CREATE SCHEMA marts; CREATE SCHEMA marts_public; CREATE SCHEMA checks")
    con.execute("CREATE TABLE quality.load_log AS SELECT * FROM raw.load_log")
    con.execute("CREATE TABLE quality.quarantine AS SELECT * EXCLUDE (row_key, scope, money) FROM raw.quarantine")
    con.execute(
        """CREATE SCHEMA intermediate;
        CREATE TABLE intermediate.chk_r05_start_before_permit AS SELECT unnest(['JY-0', 'JY-1', 'JY-2']) AS entity_id;
        CREATE TABLE intermediate.chk_r12_copied_vector AS SELECT 'JY-0' AS entity_id LIMIT 0;
        CREATE TABLE checks.check_registry AS SELECT * FROM (VALUES
          ('R05', '未许先建', 'chk_r05_start_before_permit', ['signing']),
          ('R12', '向量复制', 'chk_r12_copied_vector', ['signing', 'fai'])) AS t (check_id, name_zh, model, inputs);
        CREATE TABLE checks.fct_check_result AS
        SELECT 'f' || entity_id AS finding_id, 'R05' AS check_id, 'project' AS entity_type, entity_id,
          CASE entity_id WHEN 'JY-2' THEN 'na' ELSE 'fail' END AS outcome, CAST(NULL AS DECIMAL(24, 6)) AS observed,
          CAST(NULL AS INTEGER) AS n_used, CAST(NULL AS DOUBLE) AS threshold
        FROM intermediate.chk_r05_start_before_permit"""
    )
    dates = ", ".join(f"{s}_claimed_on DATE, {s}_evidenced_on DATE, {s}_verified_on DATE" for s in STAGES)
    con.execute(
        f"""CREATE TABLE marts.fct_project_funnel (project_id VARCHAR, signing_row_no VARCHAR,
        company_name VARCHAR, reporting_unit VARCHAR, capital_kind VARCHAR, {dates}, withdrawn_on DATE,
        signed_investment DECIMAL(20,4), planned_investment DECIMAL(20,4), file_sha256 VARCHAR)"""
    )
    for i, unit in enumerate(("开发区", "高新区", "高新区")):
        row = {"project_id": f"321204-JY-{i}", "signing_row_no": f"JY-{i}", "company_name": f"泰州{i}有限公司",
               "reporting_unit": unit, "capital_kind": "内资", "signed_investment": 100 + i,
               "planned_investment": 90, "file_sha256": SHA}  # fmt: skip
        for stage in STAGES[: 2 + i]:
            row[f"{stage}_claimed_on"] = date(2025, 6, 30)
        row["signed_evidenced_on"] = row["filed_evidenced_on"] = date(2025, 7, 31)
        if i != 1:  # the checks hold one back
            row["signed_verified_on"] = row["filed_verified_on"] = date(2025, 7, 31)
        _insert(con, "marts.fct_project_funnel", row)
    con.execute(
        """CREATE TABLE marts.fct_stage_event AS SELECT project_id, 1 AS stage_no, 'claimed' AS reading,
        'reached' AS event_kind, signed_claimed_on AS event_date, signed_claimed_on AS complete_on,
        CAST(NULL AS DATE) AS recognised_on, file_sha256 FROM marts.fct_project_funnel"""
    )
    con.execute(
        """CREATE TABLE marts.mart_funnel (cut_kind VARCHAR, cut_value VARCHAR, window_kind VARCHAR,
        window_start DATE, window_end DATE, reading VARCHAR, form VARCHAR, measure VARCHAR, variant VARCHAR,
        basis VARCHAR, numerator DECIMAL(20,4), denominator DECIMAL(20,4), value DECIMAL(18,6),
        unsupported_value DECIMAL(18,6), withdrawn_count INTEGER, is_mature BOOLEAN, as_of DATE, known_on DATE,
        held_back_value DECIMAL(18,6))"""
    )
    cuts = [("district", "全区", "true"), ("capital_kind", "内资", "true")]
    cuts += [("reporting_unit", u, f"reporting_unit = '{u}'") for u in ("开发区", "高新区")]
    for kind, value, where in cuts:
        for reading in ("claimed", "evidenced", "verified"):
            for measure in (*STAGES, *MEASURES):
                base, goal = MEASURES.get(measure, (measure, measure))
                rate = measure in MEASURES
                amount = "signed_investment" if base == "signed" else "planned_investment"
                for basis, unit_value in (("count", "1"), ("amount", amount)):
                    for window, start, end in (
                        ("all", "NULL", "NULL"), ("year", "DATE '2025-01-01'", "DATE '2025-12-31'")
                    ):  # fmt: skip
                        con.execute(
                            f"""INSERT INTO marts.mart_funnel
                            WITH f AS (SELECT
                                coalesce(sum({unit_value}) FILTER ({goal}_{reading}_on IS NOT NULL), 0) AS n,
                                {f"coalesce(sum({unit_value}), 0)" if rate else "NULL"} AS d
                                FROM marts.fct_project_funnel
                                WHERE {base}_{reading}_on IS NOT NULL AND {where})
                            SELECT '{kind}', '{value}', '{window}', {start}, {end}, '{reading}', 'cohort',
                                '{measure}', 'main', '{basis}', n, d, n / nullif(d, 0), NULL, 0, NULL,
                                DATE '{pair.as_of}', DATE '{pair.known_on}', NULL FROM f"""
                        )
    con.close()


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" for _ in row)
    con.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
