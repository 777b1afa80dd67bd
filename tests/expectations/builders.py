"""Hand-made landed artefacts: what landing leaves behind, without landing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zhixiao.contracts import load_contract
from zhixiao.landing.report import ColumnUse, Drop, FileReport, LandedPaths
from zhixiao.settings import Settings

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
                        [_value(r.get(n), kinds.get(n, pa.string())) for r in rejects], kinds.get(n, pa.string())
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
