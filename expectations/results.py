"""The rows of `quality.expectation_result`: written as Parquet by the gates, copied by publication.

No clock, no host, no path: the same files and the same pair give the same bytes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from expectations.registry import SEVERITIES, Severity
from expectations.runner import Outcome
from zhixiao.settings import Settings
from zhixiao.warehouse.schema import landed, quote, text

if TYPE_CHECKING:
    import duckdb

RunKind = Literal["gate", "candidate"]
RUN_KINDS: tuple[RunKind, ...] = ("gate", "candidate")


@dataclass(frozen=True)
class ResultRow:
    """One outcome of one rule for one entity (a source, a delivery, a file, a published table)."""

    run_kind: RunKind
    rule_id: str
    severity: Severity
    owner: str
    entity: str
    source: str | None
    district_code: str | None
    received_on: date | None
    file_sha256: str | None
    outcome: Outcome
    success: bool
    observed: str | None
    expected: str | None
    examined_count: int
    unexpected_count: int
    message_zh: str
    message_en: str

    def to_json(self) -> dict[str, Any]:
        d = asdict(self)
        d["received_on"] = self.received_on.isoformat() if self.received_on else None
        return d

    @property
    def sort_key(self) -> tuple[str, ...]:
        return (
            self.run_kind,
            self.rule_id,
            self.source or "",
            self.district_code or "",
            self.received_on.isoformat() if self.received_on else "",
            self.entity,
            self.file_sha256 or "",
            self.observed or "",
        )


@dataclass(frozen=True)
class ResultColumn:
    """A column of `quality.expectation_result`: type, label and description."""

    name: str
    sql_type: str
    label_zh: str
    description: str


RESULT_COLUMNS: tuple[ResultColumn, ...] = (
    ResultColumn("run_kind", "VARCHAR", "关口", "gate (deliveries, before load) or candidate (before publication)"),
    ResultColumn("rule_id", "VARCHAR", "规则", "Rule id of expectations/rules.yaml"),
    ResultColumn("severity", "VARCHAR", "严重程度", "critical, warning or info; a rule that could not run is critical"),
    ResultColumn("owner", "VARCHAR", "负责单位", "Who acts on it"),
    ResultColumn("entity", "VARCHAR", "对象", "What was judged: a source, a delivery, a file, a published table"),
    ResultColumn("source", "VARCHAR", "来源", "Source of the delivery; null for the candidate"),
    ResultColumn("district_code", "VARCHAR", "区划代码", "District; null for the candidate"),
    ResultColumn("received_on", "DATE", "收到日期", "Received day of the delivery; null for a summary of a source"),
    ResultColumn("file_sha256", "VARCHAR", "文件散列", "SHA-256 of the file where one file is meant"),
    ResultColumn("outcome", "VARCHAR", "结论", "pass, fail, or broken (the rule could not run)"),
    ResultColumn("success", "BOOLEAN", "是否通过", "True when outcome is pass"),
    ResultColumn("observed", "VARCHAR", "实际", "What was found"),
    ResultColumn("expected", "VARCHAR", "应为", "What was expected"),
    ResultColumn("examined_count", "BIGINT", "检查数", "How many units the rule looked at"),
    ResultColumn("unexpected_count", "BIGINT", "不符数", "How many of them failed"),
    ResultColumn("message_zh", "VARCHAR", "说明", "What happened and what to do, in Chinese"),
    ResultColumn("message_en", "VARCHAR", "说明（英文）", "What happened and what to do, in English"),
)


def results_dir(settings: Settings) -> Path:
    """Where the two gates leave their rows until publication."""
    return settings.state_dir / "expectation_result"


def write_results(settings: Settings, run_kind: RunKind, rows: Iterable[ResultRow]) -> Path:
    """Write the rows of one gate as Parquet, sorted, by tmp and rename. Returns the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"DATE": pa.date32(), "BOOLEAN": pa.bool_(), "BIGINT": pa.int64(), "VARCHAR": pa.string()}
    ordered = sorted(rows, key=lambda r: r.sort_key)
    columns = {c.name: pa.array([getattr(r, c.name) for r in ordered], types[c.sql_type]) for c in RESULT_COLUMNS}
    path = results_dir(settings) / f"{run_kind}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    pq.write_table(pa.table(columns), tmp)
    tmp.replace(path)
    return path


def copy_results(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Make `quality.expectation_result` in the connected database from both gates' rows; returns how many.

    A gate that has not run leaves no rows; the table is there all the same, with its comments.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS quality")
    definitions = ", ".join(f"{c.name} {c.sql_type}" for c in RESULT_COLUMNS)
    names = ", ".join(c.name for c in RESULT_COLUMNS)
    connection.execute(f"CREATE OR REPLACE TABLE quality.expectation_result ({definitions})")
    for kind in RUN_KINDS:
        path = results_dir(settings) / f"{kind}.parquet"
        if path.exists():
            connection.execute(f"INSERT INTO quality.expectation_result SELECT {names} FROM {landed([path])}")
    comment = "Each row is one outcome of one expectation for one entity / 每行是一条规则对一个对象的结论"
    connection.execute(f"COMMENT ON TABLE quality.expectation_result IS {text(comment)}")
    for c in RESULT_COLUMNS:
        told = text(f"{c.label_zh}: {c.description}")
        connection.execute(f"COMMENT ON COLUMN quality.expectation_result.{quote(c.name)} IS {told}")
    row = connection.execute("SELECT count(*) FROM quality.expectation_result").fetchone()
    return int(row[0]) if row else 0


def read_results(settings: Settings, run_kind: RunKind) -> list[ResultRow]:
    """The rows that a gate last wrote; empty when it never ran."""
    import pyarrow.parquet as pq

    path = results_dir(settings) / f"{run_kind}.parquet"
    if not path.exists():
        return []
    names = {f.name for f in fields(ResultRow)}
    return [ResultRow(**{k: v for k, v in r.items() if k in names}) for r in pq.read_table(path).to_pylist()]


def failures(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """The rows that did not pass, the gravest first."""
    return sorted((r for r in rows if not r.success), key=lambda r: (SEVERITIES.index(r.severity), *r.sort_key))


def count_failures(rows: Sequence[ResultRow]) -> dict[str, int]:
    """How many rows did not pass, by severity, and how many passed."""
    counts = Counter(r.severity for r in rows if not r.success)
    return {**{s: counts[s] for s in SEVERITIES}, "passed": sum(r.success for r in rows)}
