"""The gate on the candidate, before publication: may this release be published?

Few rules, each with an owner and a severity; a critical one that fails, or that could not run, stops the
publication and leaves the last release in place. What dbt's contracts, data tests and unit tests check
(keys, relations, types, grain, logic) is not repeated here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from expectations import docs
from expectations.gate import broken_row
from expectations.identity import IDENTITY_SQL, MOBILE_SQL
from expectations.registry import Severity, rule_info
from expectations.results import ResultRow, count_failures, failures, write_results
from expectations.runner import Verdict, run_rules
from zhixiao.contracts import load_contracts
from zhixiao.errors import PublicationRefused
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect

PUBLISHED_SCHEMAS = ("checks", "marts", "marts_public", "quality")
SAMPLE = 3

FUNNEL_COLUMNS = (
    "cut_kind",
    "cut_value",
    "window_kind",
    "window_start",
    "window_end",
    "reading",
    "form",
    "measure",
    "variant",
    "basis",
    "numerator",
    "denominator",
    "value",
    "unsupported_value",
    "withdrawn_count",
    "is_mature",
    "as_of",
    "known_on",
    "held_back_value",
)
STAGES = ("signed", "filed", "started", "completed", "produced", "on_target")
RATES = {
    "filing_rate": ("signed", "filed", "signed_investment"),
    "start_rate": ("filed", "started", "planned_investment"),
    "production_rate": ("started", "produced", "planned_investment"),
    "on_target_rate": ("produced", "on_target", "planned_investment"),
}
RECOMPUTED_CUTS = ("reporting_unit", "capital_kind")
# Columns that say when something happened, in the facts that have one; plans and due days are not here.
DATED = {
    "fct_stage_event": ("event_date", "complete_on"),
    "fct_investment_month": ("stat_period",),
    "fct_tax": ("tax_treasury_date",),
    "fct_sales_month": ("stat_period",),
    "fct_output_month": ("stat_period",),
    "fct_power_month": ("stat_period",),
    "fct_insured_month": ("stat_period",),
    "fct_payment": ("paid_on",),
    "fct_land": ("contract_signed_on", "started_on", "completed_on"),
    "fct_permit": ("permitted_on", "withdrawn_on", "accepted_on"),
    "fct_acceptance": ("accepted_on", "started_on"),
    "fct_milestone": ("done_on",),
}
# A file's name and headers are the department's words, kept as evidence; they are told, not a reason to stop.
NAME_COLUMNS = ("file_name", "headers_found", "unknown_columns")


@dataclass(frozen=True)
class Clocks:
    """The pair of the run: what had been received, and what had happened."""

    known_on: date
    as_of: date


@dataclass(frozen=True)
class SqlRule:
    """One rule on the candidate. `query` lists what fails as (entity, observed, expected).

    It is a format string: `{batch}` is the table, a literal brace is doubled, and a colon stands only in a
    cast (Great Expectations' SQLAlchemy takes `:word` for a parameter). `entity` is what the rule is about.
    """

    rule_id: str
    table: str
    query: str
    entity: str
    zh: str
    en: str

    def expectation(self, gx: Any, severity: Severity) -> Any:
        return gx.expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=self.query, severity=severity, meta={"rule_id": self.rule_id}
        )

    def failing_sql(self) -> str:
        return self.query.format(batch=self.table)


@dataclass(frozen=True)
class TableRule:
    """A rule that Great Expectations has itself: the columns in order, or that there are rows."""

    rule_id: str
    table: str
    kind: Literal["columns", "rows"]
    entity: str
    zh: str
    en: str

    def expectation(self, gx: Any, severity: Severity) -> Any:
        meta = {"rule_id": self.rule_id}
        if self.kind == "columns":
            return gx.expectations.ExpectTableColumnsToMatchOrderedList(
                column_list=list(FUNNEL_COLUMNS), severity=severity, meta=meta
            )
        return gx.expectations.ExpectTableRowCountToBeBetween(min_value=1, severity=severity, meta=meta)

    def failing_sql(self) -> str:
        schema, _, name = self.table.rpartition(".")
        if self.kind == "columns":
            expected = ", ".join(FUNNEL_COLUMNS)
            return (
                f"SELECT '{self.table}' AS entity, string_agg(column_name, ', ' ORDER BY column_index) AS"
                f" observed, '{expected}' AS expected FROM duckdb_columns()"
                f" WHERE schema_name = '{schema}' AND table_name = '{name}' HAVING observed <> expected"
            )
        return (
            f"SELECT '{self.table}' AS entity, '0' AS observed, '>= 1' AS expected FROM {self.table}"
            " HAVING count(*) = 0"
        )


CandidateRule = SqlRule | TableRule


def _funnel_rules() -> list[CandidateRule]:
    table = "marts.mart_funnel"
    grain = (
        "concat_ws('/', cut_kind, cut_value, window_kind, CAST(window_start AS VARCHAR), reading, form, measure,"
        " variant, basis)"
    )
    rates = ", ".join(f"'{r}'" for r in (*RATES, "landing_rate_36m"))
    return [
        TableRule(
            "candidate.mart_funnel.columns",
            table,
            "columns",
            "marts.mart_funnel",
            zh="mart_funnel 的列与约定不符：{sample}。请恢复 metrics.md 规定的列与顺序。",
            en="the columns of mart_funnel are not the agreed ones: {sample}. Restore the list of metrics.md.",
        ),
        TableRule(
            "candidate.mart_funnel.rows",
            table,
            "rows",
            "marts.mart_funnel",
            zh="mart_funnel 是空的，不能发布。请查看本次装载与 dbt 的日志。",
            en="mart_funnel is empty and cannot be published. See the log of the load and of dbt.",
        ),
        SqlRule(
            "candidate.mart_funnel.value",
            table,
            f"SELECT {grain} AS entity, coalesce(CAST(value AS VARCHAR), 'null') AS observed,"
            " coalesce(CAST(numerator AS VARCHAR), 'null') || ' / ' || coalesce(CAST(denominator AS VARCHAR),"
            " 'null') AS expected FROM {batch}"
            " WHERE (value IS NULL) <> (coalesce(denominator, 0) = 0)"
            " OR abs(value * denominator - numerator) > 0.000001 * abs(denominator)",
            "marts.mart_funnel",
            zh="{count} 行的 value 与分子分母不一致（分母为 0 或空时必须为空，否则等于两者之比），例如 {sample}。",
            en="{count} rows have a value that is not numerator / denominator (null exactly where the denominator"
            " is 0 or null), e.g. {sample}.",
        ),
        SqlRule(
            "candidate.mart_funnel.bounds",
            table,
            f"SELECT {grain} AS entity, CAST(numerator AS VARCHAR) || ' / ' || CAST(denominator AS VARCHAR) AS"
            " observed, '0..1' AS expected FROM {batch}"
            f" WHERE form = 'cohort' AND basis = 'count' AND measure IN ({rates})"
            " AND (numerator < 0 OR denominator < 0 OR numerator > denominator"
            " OR numerator <> floor(numerator) OR denominator <> floor(denominator))",
            "marts.mart_funnel",
            zh="{count} 个队列比率（按个数）不在 0 与 1 之间，例如 {sample}。",
            en="{count} cohort rates by count do not lie between 0 and 1, e.g. {sample}.",
        ),
        SqlRule(
            "candidate.mart_funnel.recomputes",
            table,
            _recompute_query(),
            "marts.mart_funnel",
            zh="mart_funnel 有 {count} 个分子或分母与按 fct_project_funnel 重算的不同，例如 {sample}。",
            en="{count} numerators or denominators of mart_funnel differ from what fct_project_funnel gives,"
            " e.g. {sample}.",
        ),
        SqlRule(
            "candidate.mart_funnel.cuts_add_up",
            table,
            # 全区 is the whole; several districts in one warehouse are one more cut of it.
            "WITH part AS (SELECT cut_kind, cut_kind = 'district' AND cut_value = '全区' AS is_whole, window_kind,"
            " window_start, reading, form, measure, variant, basis,"
            " sum(numerator) AS n, sum(coalesce(denominator, 0)) AS d FROM {batch}"
            " WHERE window_kind IN ('year', 'plan', 'all') GROUP BY ALL)"
            " SELECT concat_ws('/', p.cut_kind, p.window_kind, CAST(p.window_start AS VARCHAR), p.reading,"
            " p.form, p.measure, p.variant, p.basis) AS entity, CAST(p.n AS VARCHAR) || ' / ' ||"
            " CAST(p.d AS VARCHAR) AS observed, CAST(w.n AS VARCHAR) || ' / ' || CAST(w.d AS VARCHAR) AS expected"
            " FROM part AS p JOIN part AS w ON w.is_whole AND NOT p.is_whole AND p.window_kind = w.window_kind"
            " AND p.window_start IS NOT DISTINCT FROM w.window_start AND p.reading = w.reading AND p.form = w.form"
            " AND p.measure = w.measure AND p.variant = w.variant AND p.basis = w.basis"
            " WHERE p.n <> w.n OR p.d <> w.d",
            "marts.mart_funnel",
            zh="{count} 处分组之和不等于全区，例如 {sample}。",
            en="{count} sums over a cut differ from the district's figure, e.g. {sample}.",
        ),
    ]


def _recompute_query() -> str:
    """Stage counts and four rates, by count and amount, of the district and two cuts, from the snapshot."""
    facts = []
    for reading in ("claimed", "evidenced", "verified"):
        for stage in STAGES:
            amount = "signed_investment" if stage == "signed" else "planned_investment"
            facts.append(
                f"SELECT project_id, '{reading}' AS reading, '{stage}' AS measure, {stage}_{reading}_on AS"
                f" placed_on, 1 AS is_in, coalesce({amount}, 0) AS amount, false AS is_rate FROM project"
            )
        for measure, (base, goal, amount) in RATES.items():
            facts.append(
                f"SELECT project_id, '{reading}', '{measure}', {base}_{reading}_on,"
                f" CASE WHEN {goal}_{reading}_on IS NULL THEN 0 ELSE 1 END, coalesce({amount}, 0), true"
                " FROM project"
            )
    cuts = ["SELECT project_id, 'district' AS cut_kind, '全区' AS cut_value FROM project"]
    cuts += [f"SELECT project_id, '{c}', {c} FROM project" for c in RECOMPUTED_CUTS]
    measures = ", ".join(f"'{m}'" for m in (*STAGES, *RATES))
    kinds = ", ".join(f"'{c}'" for c in ("district", *RECOMPUTED_CUTS))
    return (
        "WITH project AS (SELECT * FROM marts.fct_project_funnel WHERE signing_row_no IS NOT NULL"
        f" AND withdrawn_on IS NULL), fact AS ({' UNION ALL '.join(facts)}), cut AS ({' UNION ALL '.join(cuts)}),"
        " placed AS (SELECT c.cut_kind, c.cut_value, f.reading, f.measure, f.placed_on, f.is_rate,"
        " f.is_in, f.amount FROM fact AS f JOIN cut AS c USING (project_id) WHERE f.placed_on IS NOT NULL),"
        " mart AS (SELECT * FROM {batch} WHERE form = 'cohort' AND variant = 'main'"
        f" AND window_kind IN ('year', 'all') AND measure IN ({measures}) AND cut_kind IN ({kinds})"
        " AND (cut_kind <> 'district' OR cut_value = '全区')),"
        " again AS (SELECT m.cut_kind, m.cut_value, m.window_kind, m.window_start, m.reading, m.measure, m.basis,"
        " m.numerator, m.denominator,"
        " coalesce(sum(CASE WHEN m.basis = 'count' THEN p.is_in ELSE p.is_in * p.amount END), 0) AS n,"
        " coalesce(sum(CASE WHEN m.basis = 'count' THEN 1 ELSE p.amount END) FILTER (WHERE p.is_rate), 0)"
        " AS d"
        " FROM mart AS m LEFT JOIN placed AS p ON p.cut_kind = m.cut_kind AND p.cut_value = m.cut_value"
        " AND p.reading = m.reading AND p.measure = m.measure"
        " AND (m.window_start IS NULL OR p.placed_on >= m.window_start)"
        " AND (m.window_end IS NULL OR p.placed_on <= m.window_end)"
        " GROUP BY ALL)"
        " SELECT concat_ws('/', cut_kind, cut_value, window_kind, CAST(window_start AS VARCHAR), reading,"
        " measure, basis) AS entity, CAST(numerator AS VARCHAR) || ' / ' || coalesce(CAST(denominator AS"
        " VARCHAR), 'null') AS observed, CAST(n AS VARCHAR) || ' / ' || CAST(d AS VARCHAR) AS expected"
        " FROM again WHERE numerator <> n OR coalesce(denominator, 0) <> d"
    )


def _account_rules(pair: Clocks) -> list[CandidateRule]:
    log = "raw.load_log"
    name = "concat_ws('/', l.source, CAST(l.received_on AS VARCHAR), l.file_name)"
    counts = " UNION ALL ".join(
        f"SELECT '{s}' AS source, district_code, received_on, file_name, file_sha256, count(*) AS n"
        f" FROM raw.{s} GROUP BY ALL"
        for s in load_contracts()
    )
    on_file = (
        "{0}.source = l.source AND {0}.district_code IS NOT DISTINCT FROM l.district_code"
        " AND {0}.received_on IS NOT DISTINCT FROM l.received_on AND {0}.file_name = l.file_name"
        " AND {0}.file_sha256 = l.file_sha256"
    )
    return [
        SqlRule(
            "candidate.accounting.identity",
            log,
            f"SELECT {name} AS entity, concat_ws(' / ', l.rows_read, l.rows_accepted, l.rows_quarantined,"
            " l.rows_control, l.rows_ignored, l.money_read, l.money_accepted, l.money_quarantined) AS observed,"
            " 'read = accepted + quarantined + control + ignored, money likewise' AS expected"
            " FROM (SELECT * FROM {batch}) AS l WHERE (l.status = 'loaded'"
            " OR l.status = 'unchanged' AND l.rows_read IS NOT NULL)"
            " AND NOT coalesce("
            "l.rows_read = l.rows_accepted + l.rows_quarantined + l.rows_control + l.rows_ignored"
            " AND l.money_read = l.money_accepted + l.money_quarantined, FALSE)",
            "raw.load_log",
            zh="装载日志中 {count} 个文件的行数或金额账不平，例如 {sample}。",
            en="rows or money of {count} files in the load log do not add up, e.g. {sample}.",
        ),
        SqlRule(
            "candidate.accounting.rows_kept",
            log,
            f"WITH kept AS ({counts}) SELECT concat_ws('/', coalesce(l.source, k.source),"
            " CAST(coalesce(l.received_on, k.received_on) AS VARCHAR), coalesce(l.file_name, k.file_name))"
            " AS entity, CAST(coalesce(k.n, 0) AS VARCHAR) AS observed,"
            " coalesce(CAST(l.rows_accepted AS VARCHAR), 'no line in the load log') AS expected"
            " FROM (SELECT * FROM {batch} WHERE status = 'loaded') AS l FULL JOIN kept AS k"
            f" ON {on_file.format('k')} WHERE coalesce(k.n, 0) <> coalesce(l.rows_accepted, -1)",
            "raw.*",
            zh="{count} 个文件在 raw 中的行数与装载日志的接收行数不同，例如 {sample}。",
            en="{count} files have another number of rows in raw than the load log says, e.g. {sample}.",
        ),
        SqlRule(
            "candidate.accounting.quarantine_kept",
            log,
            "WITH kept AS (SELECT source, district_code, received_on, file_name, file_sha256,"
            " count(DISTINCT (sheet, row_number)) AS n FROM raw.quarantine GROUP BY ALL)"
            f" SELECT {name} AS entity, CAST(coalesce(k.n, 0) AS VARCHAR) AS observed,"
            " CAST(l.rows_quarantined AS VARCHAR) AS expected"
            " FROM (SELECT * FROM {batch} WHERE status = 'loaded') AS l LEFT JOIN kept AS k"
            f" ON {on_file.format('k')} WHERE coalesce(k.n, 0) <> l.rows_quarantined"
            " UNION ALL SELECT q.quarantine_id, 'not published', 'published' FROM raw.quarantine AS q"
            " ANTI JOIN quality.quarantine AS p ON p.quarantine_id = q.quarantine_id"
            f" WHERE q.received_on <= DATE '{pair.known_on}'",
            "quality.quarantine",
            zh="{count} 处隔离记录缺失，例如 {sample}。隔离的行既不能丢，也不能藏。",
            en="{count} quarantine records are missing, e.g. {sample}. A quarantined row is never lost or hidden.",
        ),
        SqlRule(
            "candidate.accounting.log_published",
            log,
            "WITH known AS (SELECT source, district_code, received_on, file_name, file_sha256, status,"
            f" rows_accepted FROM {{batch}} WHERE received_on IS NULL OR received_on <= DATE '{pair.known_on}'),"
            " published AS (SELECT source, district_code, received_on, file_name, file_sha256, status,"
            " rows_accepted FROM quality.load_log),"
            " lost AS (SELECT 'not published' AS why, * FROM (SELECT * FROM known EXCEPT ALL SELECT * FROM"
            " published) UNION ALL SELECT 'not in raw', * FROM (SELECT * FROM published EXCEPT ALL SELECT * FROM"
            " known))"
            " SELECT concat_ws('/', source, CAST(received_on AS VARCHAR), file_name) AS entity, why AS observed,"
            " 'the same in raw and quality' AS expected FROM lost",
            "quality.load_log",
            zh="quality.load_log 与装载日志有 {count} 行不同，例如 {sample}。",
            en="{count} lines of quality.load_log differ from the load log, e.g. {sample}.",
        ),
    ]


def _clock_rules(connection: duckdb.DuckDBPyConnection, pair: Clocks) -> list[CandidateRule]:
    as_of, known_on = f"DATE '{pair.as_of}'", f"DATE '{pair.known_on}'"
    late = []
    for table, columns in _dated_columns(connection).items():
        for column in columns:
            late.append(
                f"SELECT 'marts.{table}.{column}' AS entity, CAST(max({column}) AS VARCHAR) AS observed,"
                f" '<= {pair.as_of}' AS expected FROM marts.{table} WHERE CAST({column} AS DATE) > {as_of}"
                " HAVING count(*) > 0"
            )
    return [
        SqlRule(
            "candidate.clocks.pair",
            "marts.mart_funnel",
            "SELECT DISTINCT 'marts.mart_funnel' AS entity, CAST(as_of AS VARCHAR) || ' / ' || CAST(known_on AS"
            f" VARCHAR) AS observed, '{pair.as_of} / {pair.known_on}' AS expected FROM {{batch}}"
            f" WHERE as_of IS DISTINCT FROM {as_of} OR known_on IS DISTINCT FROM {known_on}"
            " OR as_of > known_on",
            "marts.mart_funnel",
            zh="mart_funnel 的 as_of / known_on 不是本次的时点：{sample}。",
            en="as_of / known_on of mart_funnel are not those of this run: {sample}.",
        ),
        SqlRule(
            "candidate.clocks.nothing_later",
            "marts.fct_stage_event",
            " UNION ALL ".join(late),
            "marts.fct_*",
            zh="{count} 列中有晚于 as_of 的事实：{sample}。",
            en="{count} columns hold facts later than as_of: {sample}.",
        ),
    ]


def _dated_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Of the facts that the candidate has, the columns that say when something happened."""
    columns: dict[str, list[str]] = {"fct_stage_event": list(DATED["fct_stage_event"])}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'marts' ORDER BY ALL"
    ).fetchall():
        if column in DATED.get(table, ()) or (table == "fct_project_funnel" and column.endswith("_on")):
            found = columns.setdefault(table, [])
            if column not in found:
                found.append(column)
    return columns


def _lineage_rules(connection: duckdb.DuckDBPyConnection) -> list[CandidateRule]:
    tables = [
        (schema, table)
        for schema, table in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_columns() WHERE column_name = 'file_sha256'"
            " AND schema_name IN ('marts', 'checks') ORDER BY ALL"
        ).fetchall()
    ]
    parts = [
        f"SELECT '{schema}.{table}' AS entity, count(*) || ' rows, e.g. ' || left(min(t.file_sha256), 12) AS"
        f" observed, 'a file of the load log' AS expected FROM {schema}.{table} AS t"
        f" ANTI JOIN (SELECT file_sha256 FROM quality.load_log WHERE {_proves(table)}) AS l"
        " ON l.file_sha256 = t.file_sha256 WHERE t.file_sha256 IS NOT NULL HAVING count(*) > 0"
        for schema, table in tables
    ] or ["SELECT 'marts' AS entity, 'no table with file_sha256' AS observed, 'lineage' AS expected"]
    return [
        SqlRule(
            "candidate.lineage.files",
            "quality.load_log",
            " UNION ALL ".join(parts),
            "marts.*",
            zh="{count} 张表的来源文件不在装载日志中：{sample}。",
            en="{count} tables name source files that the load log does not have: {sample}.",
        )
    ]


def _proves(table: str) -> str:
    """Which files may stand in a table: a fact comes from a loaded file, the list of files holds all."""
    return "TRUE" if table == "dim_source_file" else "status IN ('loaded', 'unchanged')"


def _check_rules(connection: duckdb.DuckDBPyConnection) -> list[CandidateRule]:
    """What stops a publication is a check that did not answer, never what it answered."""
    built = " UNION ALL ".join(
        f"SELECT '{model}' AS model, count(*) AS n FROM intermediate.{model}"
        for (model,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'intermediate' AND table_name LIKE 'chk#_r%'"
            " ESCAPE '#' UNION ALL SELECT view_name FROM duckdb_views() WHERE schema_name = 'intermediate'"
            " AND view_name LIKE 'chk#_r%' ESCAPE '#' ORDER BY ALL"
        ).fetchall()
    )
    with_counts = (
        f"WITH built AS ({built or 'SELECT NULL AS model, 0 AS n'}),"
        " answered AS (SELECT check_id, count(*) AS n FROM checks.fct_check_result"
        " WHERE NOT (entity_type = 'source' AND entity_id = check_id) GROUP BY check_id)"
    )
    return [
        SqlRule(
            "candidate.checks.ran",
            "checks.check_registry",
            f"{with_counts} SELECT r.check_id || ' ' || r.name_zh AS entity,"
            " CASE WHEN b.model IS NULL THEN 'not built' ELSE CAST(coalesce(a.n, 0) AS VARCHAR) || ' answers' END"
            " AS observed, coalesce(CAST(b.n AS VARCHAR), '?') || ' answers' AS expected"
            " FROM {batch} AS r LEFT JOIN built AS b ON r.model = b.model"
            " LEFT JOIN answered AS a ON r.check_id = a.check_id"
            " WHERE b.model IS NULL OR coalesce(a.n, 0) <> b.n"
            " UNION ALL SELECT a.check_id, CAST(a.n AS VARCHAR) || ' answers', 'a registered check'"
            " FROM answered AS a ANTI JOIN {batch} AS r ON a.check_id = r.check_id",
            "checks.fct_check_result",
            zh="{count} 项检查没有运行，或其结论没有如数公布：{sample}。请查看 dbt 的日志。",
            en="{count} checks did not run, or not all that they answered is published: {sample}. See the log of dbt.",
        ),
        SqlRule(
            "candidate.checks.silent",
            "checks.check_registry",
            f"{with_counts}, delivered AS (SELECT coalesce(list(DISTINCT source), []) AS sources"
            " FROM quality.load_log WHERE status = 'loaded' AND rows_accepted > 0)"
            " SELECT r.check_id || ' ' || r.name_zh AS entity, '0 answers' AS observed,"
            " 'one a unit' AS expected FROM {batch} AS r CROSS JOIN delivered AS d JOIN built AS b ON r.model = b.model"
            " ANTI JOIN answered AS a ON r.check_id = a.check_id WHERE b.n = 0 AND list_has_all(d.sources, r.inputs)",
            "checks.fct_check_result",
            zh="{count} 项检查的来源都已收到，却没有任何结论：{sample}。请核对它的对象范围。",
            en="{count} checks have all their sources and not one answer: {sample}. Look at the units that they ask.",
        ),
        SqlRule(
            "candidate.checks.self_alarm",
            "checks.fct_check_result",
            "SELECT check_id AS entity, CAST(CAST(observed AS BIGINT) AS VARCHAR) || ' of ' ||"
            " CAST(n_used AS VARCHAR) AS observed, 'at most ' || CAST(threshold AS VARCHAR) AS expected"
            " FROM {batch} WHERE entity_type = 'source' AND entity_id = check_id AND outcome = 'fail'",
            "checks.fct_check_result",
            zh="{count} 项检查对自身报警（疑点超过适用对象的一成）：{sample}。照常发布；请先核对阈值与口径。",
            en="{count} checks alarm about themselves (over a tenth of their units fail): {sample}. It is published;"
            " look at their parameters first.",
        ),
    ]


def _identity_rules(connection: duckdb.DuckDBPyConnection, pair: Clocks) -> list[CandidateRule]:
    ids = {c.name for k in load_contracts().values() for c in k.columns if c.value_type == "id"} - {"uscc"}
    schemas = ", ".join(f"'{s}'" for s in PUBLISHED_SCHEMAS)
    texts: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
        f" WHERE schema_name IN ({schemas}) AND data_type LIKE '%VARCHAR%' AND NOT internal ORDER BY ALL"
    ).fetchall():
        if not column.endswith(("sha256", "_id")) or column == "entity_id":
            texts.setdefault((schema, table), []).append(column)
    strict: list[str] = []
    lenient: list[str] = []
    for (schema, table), columns in texts.items():
        for target, chosen in (
            (strict, [c for c in columns if c not in NAME_COLUMNS]),
            (lenient, [c for c in columns if c in NAME_COLUMNS]),
        ):
            if chosen:
                target.append(_identity_query(schema, table, chosen, ids, pair))
    nothing = "SELECT '' AS entity, '' AS observed, '' AS expected WHERE FALSE"
    return [
        SqlRule(
            "candidate.privacy.no_person",
            "marts.mart_funnel",
            " UNION ALL ".join(strict) or nothing,
            "published",
            zh="{count} 列中有手机号或身份证号，不能发布：{sample}。请检查落地时的个人信息处理。",
            en="{count} columns hold mobile or identity numbers and cannot be published: {sample}."
            " Check how landing drops persons.",
        ),
        SqlRule(
            "candidate.privacy.file_names",
            "marts.mart_funnel",
            " UNION ALL ".join(lenient) or nothing,
            "published",
            zh="文件名或表头中有手机号或身份证号：{sample}。请来源单位换名重报。",
            en="file names or headers hold mobile or identity numbers: {sample}. Ask the department for another name.",
        ),
    ]


def _identity_query(schema: str, table: str, columns: Sequence[str], ids: set[str], pair: Clocks) -> str:
    """One scan of the table: how many rows of each text column hold a person's number.

    A business number may look like a mobile number, so id columns are searched for identity numbers only.
    """
    counts = []
    for column in columns:
        text = f'CAST("{column}" AS VARCHAR)'
        tests = [IDENTITY_SQL.format(text=text, latest_birth_year=pair.known_on.year - 16)]
        if column not in ids and column != "entity_id":
            mobile = MOBILE_SQL.format(text=text)
            if column == "cell_text" and table == "quarantine":
                names = ", ".join(f"'{i}'" for i in sorted(ids))
                mobile = f"({mobile} AND column_name NOT IN ({names}))"
            tests.append(mobile)
        found = f"length({text}) >= 11 AND ({' OR '.join(tests)})"  # short words first: most cells are
        counts.append(f"struct_pack(name := '{column}', n := count(*) FILTER (WHERE {found}))")
    query = (
        f"SELECT '{schema}.{table}.' || c.name AS entity, c.n || ' rows' AS observed, '0 rows' AS expected"
        f" FROM (SELECT unnest([{', '.join(counts)}]) AS c FROM {schema}.{table}) WHERE c.n > 0"
    )
    return query.replace("{", "{{").replace("}", "}}")


def build_rules(connection: duckdb.DuckDBPyConnection, pair: Clocks) -> list[CandidateRule]:
    """Every rule of this gate, for the tables that the candidate has."""
    return [
        *_funnel_rules(),
        *_account_rules(pair),
        *_clock_rules(connection, pair),
        *_lineage_rules(connection),
        *_check_rules(connection),
        *_identity_rules(connection, pair),
    ]


@dataclass
class AuditResult:
    """What the audit of the candidate found."""

    known_on: date
    as_of: date
    rows: list[ResultRow]
    page: Path
    seconds: float
    problems: list[str] = field(default_factory=list)

    @property
    def blocking(self) -> list[ResultRow]:
        """The critical rules that failed or could not run."""
        return [r for r in failures(self.rows) if r.severity == "critical"]

    @property
    def may_publish(self) -> bool:
        return not self.blocking

    @property
    def notices(self) -> list[str]:
        return [f"[{r.severity}] {r.owner}：{r.message_zh} / {r.message_en}" for r in failures(self.rows)]

    def require(self) -> None:
        """Raise PublicationRefused, naming every critical rule, unless the candidate may be published."""
        if self.blocking:
            raise PublicationRefused(
                "候选版本未通过审核，上一个发布版本保持不变：" + "；".join(r.message_zh for r in self.blocking),
                "the candidate did not pass the audit and the last release stays in place: "
                + "; ".join(r.message_en for r in self.blocking),
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "known_on": self.known_on.isoformat(),
            "as_of": self.as_of.isoformat(),
            "may_publish": self.may_publish,
            "counts": count_failures(self.rows),
            "notices": self.notices[:20],
            "page": str(self.page),
            "seconds": round(self.seconds, 1),
            "problems": self.problems,
        }


def run_audit(settings: Settings, known_on: date, as_of: date) -> AuditResult:
    """Audit the work database, read-only. Writes the result rows and the page; publishes nothing.

    Raises LockError when another process has the work database open.
    """
    started = time.monotonic()
    pair = Clocks(known_on, as_of)
    with connect(settings, settings.work_db, read_only=True) as connection:
        rules = build_rules(connection, pair)
    verdicts = run_rules(settings.work_db, rules, settings.memory_limit)
    rows: list[ResultRow] = []
    problems: list[str] = []
    with connect(settings, settings.work_db, read_only=True) as connection:
        for rule in rules:
            row = _row_of(connection, rule, verdicts[rule.rule_id])
            if row.outcome == "broken":
                problems.append(f"{rule.rule_id}: {row.observed}")
            rows.append(row)
    write_results(settings, "candidate", rows)
    page = docs.write_candidate_page(settings, pair.known_on, pair.as_of, rows)
    return AuditResult(
        known_on=pair.known_on,
        as_of=pair.as_of,
        rows=rows,
        page=page,
        seconds=time.monotonic() - started,
        problems=problems,
    )


def _row_of(connection: duckdb.DuckDBPyConnection, rule: CandidateRule, verdict: Verdict) -> ResultRow:
    info = rule_info(rule.rule_id)
    failing: list[tuple[str, str, str]] = []
    count = 0
    if verdict.outcome == "fail":
        try:
            found = connection.execute(
                f"SELECT entity, observed, expected, count(*) OVER () FROM ({rule.failing_sql()})"
                f" ORDER BY ALL LIMIT {SAMPLE}"
            ).fetchall()
        except duckdb.Error as e:
            verdict = Verdict.broken(rule.rule_id, f"{type(e).__name__}: {e}")
        else:
            failing = [(str(e), str(o), str(x)) for e, o, x, _ in found]
            count = found[0][3] if found else 0
            if count != verdict.unexpected_count:
                verdict = Verdict.broken(
                    rule.rule_id,
                    f"Great Expectations counts {verdict.unexpected_count} failures, the list has {count}",
                )
    if verdict.outcome == "broken":
        return broken_row("candidate", verdict, entity=rule.entity)
    sample = "; ".join(f"{entity}: {observed} ({expected})" for entity, observed, expected in failing)
    if verdict.outcome == "pass":
        zh, en = f"{info.name_zh}：通过。", f"{info.name_en}: passed."
    else:
        zh, en = rule.zh.format(count=count, sample=sample), rule.en.format(count=count, sample=sample)
    return ResultRow(
        run_kind="candidate",
        rule_id=rule.rule_id,
        severity=info.severity,
        owner=info.owner,
        entity=rule.entity,
        source=None,
        district_code=None,
        received_on=None,
        file_sha256=None,
        outcome=verdict.outcome,
        success=verdict.outcome == "pass",
        observed="; ".join(f"{e}: {o}" for e, o, _ in failing) or None,
        expected="; ".join(sorted({x for _, _, x in failing})) or None,
        examined_count=1,
        unexpected_count=count,
        message_zh=zh,
        message_en=en,
    )
