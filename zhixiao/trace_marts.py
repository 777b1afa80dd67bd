"""The way down from a figure that adds up to the rows that carry file, sheet and row number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from zhixiao.errors import ConfigError, DataError
from zhixiao.warehouse.db import as_dicts
from zhixiao.warehouse.schema import quote

LINEAGE = ("file_sha256", "sheet", "row_number")
ROWS_A_TABLE = 4
STAGE_WORDS = {
    1: "签约 signed", 2: "备案 filed", 3: "开工 started", 4: "竣工 completed", 5: "投产 produced", 6: "达效 on target",
}  # fmt: skip
PART_WORDS = {"numerator": "分子 numerator", "denominator": "分母 denominator", "withdrawn": "已撤出 withdrawn"}

# What identifies the thing a row is about, the narrowest first.
_IDENTITIES = (
    ("project_id",), ("construction_permit_no",), ("parcel_no",), ("land_supervision_no",), ("fund_no",),
    ("expansion_no",), ("case_no",), ("signing_row_no", "district_code"), ("project_code", "district_code"),
    ("uscc", "district_code"), ("signing_event",), ("event_no",), ("reporting_unit", "district_code"),
    ("reporting_unit",), ("source",),
)  # fmt: skip
_TIME = ("stat_period", "event_date", "stat_year")
_FIGURE = ("cut_kind", "cut_value", "window_start", "window_end", "reading", "measure", "variant", "form", "basis")
_CHANNELS = {"event": "signing_event", "channel": "lead_channel"}
_ROWS = re.compile(r"STRUCT\(.*\bfile_sha256\b.*\)\[\]")


@dataclass(frozen=True)
class Step:
    """One row below a figure: its table, the row, and what it is to the figure.

    `column` is the column of interest in that table; `hints` are values by which its cells are found.
    """

    table: str
    row: dict[str, Any]
    words: str
    column: str = ""
    hints: Sequence[Any] = ()


def steps_below(con: duckdb.DuckDBPyConnection, schema: str, name: str, row: dict[str, Any], column: str) -> list[Step]:
    """The rows on which one row of a mart rests, as far as its columns lead.

    Raises DataError when there is nothing below it, ConfigError when no column leads anywhere.
    """
    table = f"{schema}.{name}"
    listed = _listed(con, schema, name, row)
    if listed:
        return listed
    if "topic" in row and row["topic"] in ("quarantine", "delivery", "source"):
        return _quality_rows(con, row, column)
    if row.get("check_id"):
        return _check_rows(con, row, column)
    figure = _as_figure(row)
    if figure is not None and _is_funnel(con, figure):
        return _figure_rows(con, figure, column)
    cut = figure or row
    if "channel_kind" in row:
        cut = {"cut_kind": _CHANNELS.get(row["channel_kind"], row["channel_kind"]), "cut_value": row["channel_value"]}
    if "cut_kind" not in cut:
        return _facts(con, table, row, column)
    projects = con.execute(
        "SELECT project_id FROM marts.bridge_project_cut WHERE cut_kind = $1 AND cut_value = $2 ORDER BY ALL",
        [cut["cut_kind"], cut["cut_value"]],
    ).fetchall()
    return _facts(con, table, {**row, "project_id": [p for (p,) in projects] or None}, column)


# Columns of mart_data_quality that count some of the rows or cells, and what those are.
_OUTCOMES = {"failed": "fail", "still_open": "fail", "explained": "fail", "confirmed": "fail", "held_back": "fail"}
_STATES = {
    "open_rows": "open", "oldest_open_days": "open", "median_open_days": "open", "superseded_rows": "superseded",
    "waived_rows": "waived", "released_rows": "released",
}  # fmt: skip


def _check_rows(con: duckdb.DuckDBPyConnection, row: dict[str, Any], column: str) -> list[Step]:
    """What one check rests on: the evidence of its answers, the fails first; of a row of mart_data_quality, in its
    period, of its board, and of its source where the topic is the evidence."""
    board = row.get("reporting_unit") or "全区"
    answers = con.execute(
        "SELECT entity_id, period, outcome, list_filter(evidence, lambda e: e.file_sha256 IS NOT NULL "
        "AND ($5 IS NULL OR e.source = $5)) AS cells FROM checks.fct_check_result WHERE check_id = $1 "
        "AND ($2 = '全区' OR coalesce(reporting_unit, '未知') = $2) AND (NOT $3 OR period IS NOT DISTINCT FROM $4) "
        "AND ($6 IS NULL OR outcome = $6) AND len(cells) > 0 ORDER BY outcome, entity_id, period LIMIT 20",
        [
            row["check_id"], board, "topic" in row, row.get("period"),
            row.get("source") if row.get("topic") == "evidence" else None, _OUTCOMES.get(column),
        ],
    ).fetchall()  # fmt: skip
    out = [
        Step("checks.fct_check_result", e, f"{row['check_id']} {outcome} · {entity} {period or ''}", e["column_name"])
        for entity, period, outcome, evidence in answers
        for e in evidence
    ]
    if not out:
        raise DataError("这项检查没有可追溯的依据行。", "the check has no evidence to trace.")
    return out


def _quality_rows(con: duckdb.DuckDBPyConnection, row: dict[str, Any], column: str) -> list[Step]:
    """The quarantined cells, or the delivered files, that a row of mart_data_quality counts."""
    if row["topic"] == "quarantine":
        found = as_dicts(
            con.execute(
                "SELECT * FROM quality.quarantine WHERE source = $1 AND owner = $2 "
                "AND strftime(received_on, '%Y-%m') = $3 AND ($4 IS NULL OR state = $4) "
                "ORDER BY received_on, file_name, sheet, row_number, column_name",
                [row["source"], row["owner"], row["period"], _STATES.get(column)],
            )
        )
        return _some(
            [
                Step("quality.quarantine", r, f"{r['column_name']} “{r['cell_text'] or ''}” [{r['reason_code']}, "
                     f"{r['state']}] {r['reason_zh']}", r["column_name"].split("|")[0])
                for r in found
            ]
        )  # fmt: skip
    found = as_dicts(
        con.execute(
            "SELECT l.*, d.period, d.status AS delivery_status, d.due_on, NULL AS sheet, NULL AS row_number "
            "FROM quality.delivery AS d INNER JOIN quality.load_log AS l ON d.source = l.source "
            "AND d.district_code = l.district_code AND d.received_on = l.received_on "
            "WHERE d.source = $1 AND ($2 IS NULL OR d.period = $2) AND l.status IN ('loaded', 'unchanged') "
            "ORDER BY l.received_on DESC, l.file_name, d.period",
            [row["source"], row["period"]],
        )
    )
    return _some(
        [
            Step("quality.delivery", r, f"{r['source']} {r['period']} {r['delivery_status']} · 应报 due "
                 f"{r['due_on'] or '—'} · 收到 received {r['received_on']} · {r['rows_accepted']} 行 rows")
            for r in found
        ]
    )  # fmt: skip


def _some(steps: list[Step]) -> list[Step]:
    if not steps:
        raise DataError("这个数字是 0，没有行或文件计入。", "the figure is 0: no row and no file is in it.")
    return steps


def _as_figure(row: dict[str, Any]) -> dict[str, Any] | None:
    """A row of a mart that counts projects, in the words of mart_funnel; None when it is about something else."""
    figure = dict(row)
    if "cut_kind" not in row and "measure" in row and row.get("reporting_unit"):
        figure |= {"cut_kind": "reporting_unit", "cut_value": row["reporting_unit"]}
    if "month_end" in row:
        figure["window_end"] = row["month_end"]
    if "signing_year" in row and "measure" not in row:
        year = int(row["signing_year"])
        figure |= {"measure": "landing_rate_36m", "form": "cohort"}
        figure |= {"window_start": date(year, 1, 1), "window_end": date(year, 12, 31)}
    return figure if set(_FIGURE) <= set(figure) else None


def _is_funnel(con: duckdb.DuckDBPyConnection, figure: dict[str, Any]) -> bool:
    """Whether the measure is one whose projects are listed in fct_figure_row."""
    sql = "SELECT count(*) FROM marts.mart_funnel WHERE measure = $1 AND variant = $2 AND form = $3"
    row = con.execute(sql, [figure["measure"], figure["variant"], figure["form"]]).fetchone()
    return bool(row and row[0])


def _listed(con: duckdb.DuckDBPyConnection, schema: str, name: str, row: dict[str, Any]) -> list[Step]:
    """The rows that a row lists itself, as structs with file, sheet and row."""
    columns = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'p' AND schema_name = $1 "
        "AND table_name = $2 ORDER BY column_index",
        [schema, name],
    ).fetchall()
    out = []
    for c, kind in columns:
        if not _ROWS.fullmatch(kind.upper().replace("FILE_SHA256", "file_sha256")):
            continue
        for e in row[c] or ():
            value = e.get("value")
            out.append(
                Step(f"{schema}.{name}", e, f"{c}: {e.get('column_name') or ''} {value or ''}".rstrip(), hints=())
            )
    return out


def _figure_rows(con: duckdb.DuckDBPyConnection, row: dict[str, Any], column: str) -> list[Step]:
    """A figure of the funnel: its projects, each with the row of its stage and those of its amount."""
    parts = {"denominator": ["denominator"], "numerator": ["numerator"], "withdrawn_count": ["withdrawn"]}.get(
        column, ["numerator", "denominator", "withdrawn"]
    )
    gap = {"unsupported_value": "unsupported", "held_back_value": "held_back"}.get(column, "")
    readings = {"unsupported": ["claimed", "evidenced"], "held_back": ["evidenced"]}.get(gap, [row["reading"]])
    difference = _difference(con, row, gap) if gap else {}
    if gap and not difference:
        raise DataError("两个读数相同，没有项目造成差额。", "the two readings agree: no project makes the difference.")
    found = as_dicts(
        con.execute(
            """
            SELECT r.*, n.project_name FROM marts.fct_figure_row AS r
            INNER JOIN marts.bridge_project_cut AS c USING (project_id)
            LEFT JOIN (SELECT project_id, project_name FROM marts.dim_project WHERE valid_to IS NULL) AS n
              USING (project_id)
            WHERE c.cut_kind = $1 AND c.cut_value = $2 AND r.measure = $3 AND r.variant = $4 AND r.form = $5
              AND list_contains($6, r.reading) AND r.placed_on BETWEEN $7 AND $8
              AND (list_contains($9, r.part) OR ($10 AND r.is_withdrawn))
              AND ($11 OR list_contains($12, r.project_id))
            ORDER BY r.part DESC, r.reading, r.project_id, r.placed_on
            """,
            [
                row["cut_kind"], row["cut_value"], row["measure"], row["variant"], row["form"], readings,
                row["window_start"], row["window_end"], parts, column == "withdrawn_count",
                not gap, list(difference),
            ],
        )
    )  # fmt: skip
    if not found:
        raise DataError("这个数字是 0，没有项目计入。", "the figure is 0: no project is in it.")
    out = []
    for r in found:
        by_amount = row.get("basis") == "amount"
        adds = f"{r['amount'] or 0} 万元" if by_amount else f"{r['counted'] or 0} 个"
        words = (
            f"{PART_WORDS[r['part']]} · {r['reading']} · {r['project_id']} {r['project_name'] or ''} · "
            f"{STAGE_WORDS[r['stage_no']]} {r['event_date'] or ''} · 计 adds {adds}"
        )
        out.append(Step("marts.fct_figure_row", r, words, hints=(r["event_date"],)))
        for cell in (r["amount_rows"] or ()) if by_amount and r["amount"] else ():
            told = f"  金额 amount · {r['amount_basis']} · {r['project_id']}"
            hint = _amount_column(r["amount_basis"])
            out.append(Step("marts.fct_figure_row", cell, told, column=hint))
        out += _findings_of(con, difference.pop(r["project_id"], []))
    return out


def _difference(con: duckdb.DuckDBPyConnection, row: dict[str, Any], gap: str) -> dict[str, list[str]]:
    """The projects that make up a difference beside a figure, each with the findings that hold it back."""
    found = con.execute(
        """
        SELECT project_id, any_value(finding_ids) FROM (
          SELECT p.project_id, p.part, sum(p.counted) AS counted, sum(p.amount) AS amount,
            any_value(p.finding_ids) AS finding_ids
          FROM marts.fct_figure_part AS p INNER JOIN marts.bridge_project_cut AS c USING (project_id)
          WHERE p.gap = $1 AND c.cut_kind = $2 AND c.cut_value = $3 AND p.measure = $4 AND p.variant = $5
            AND p.form = $6 AND p.placed_on BETWEEN $7 AND $8
          GROUP BY ALL HAVING CASE $9 WHEN 'count' THEN sum(p.counted) ELSE sum(p.amount) END <> 0
        ) GROUP BY project_id ORDER BY project_id
        """,
        [gap, *(row[c] for c in ("cut_kind", "cut_value", "measure", "variant", "form", "window_start", "window_end",
                                 "basis"))],
    ).fetchall()  # fmt: skip
    return dict(found)


def _findings_of(con: duckdb.DuckDBPyConnection, finding_ids: Sequence[str]) -> list[Step]:
    """One step a check: the first cell of its latest finding, and how many there are."""
    found = con.execute(
        "SELECT check_id, arg_max(finding_id, o), arg_max(effective_severity, o), count(*), arg_max(cell, o) FROM ("
        "SELECT *, list_filter(evidence, e -> e.file_sha256 IS NOT NULL)[1] AS cell, "
        "coalesce(period, '') || finding_id AS o "
        "FROM checks.fct_check_result WHERE list_contains($1, finding_id)) "
        "WHERE cell IS NOT NULL GROUP BY check_id ORDER BY check_id",
        [list(finding_ids)],
    ).fetchall()
    return [
        Step(
            "checks.fct_check_result",
            cell,
            f"  暂扣 held back · {check} {severity} · {finding}（共 {count} 条 / {count} in all）",
            column=cell["column_name"],
        )
        for check, finding, severity, count, cell in found
    ]


def _amount_column(basis: str) -> str:
    return {
        "scheduled_investment": "agreed_investment",
        "investment_added": "investment_cum",
    }.get(basis, basis)


def _facts(con: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any], column: str) -> list[Step]:
    """The facts of the same project, firm, parcel or board, those with the same column first."""
    facts = _facts_with_rows(con)
    for identity in _IDENTITIES:
        if not all(row.get(c) is not None for c in identity):
            continue
        out: list[Step] = []
        for fact, columns in sorted(facts.items(), key=lambda f: (column not in f[1], f[0])):
            if not set(identity) <= set(columns) or fact == table:
                continue
            where, values = _same(identity, row, columns)
            rows = as_dicts(
                con.execute(f"SELECT * FROM {fact} WHERE {where} AND file_sha256 IS NOT NULL ORDER BY ALL", values)
            )
            for r in rows[:ROWS_A_TABLE]:
                value = f" = {r[column]}" if column in columns else ""
                more = f"（共 {len(rows)} 行 / {len(rows)} rows）" if len(rows) > ROWS_A_TABLE else ""
                out.append(Step(fact, r, f"{fact}.{column}{value}{more}" if value else f"{fact}{more}"))
            if out and column in columns:
                return out
        if out:
            return out
    having = "、".join(sorted(facts))
    raise ConfigError(
        f"{table} 是汇总，没有能往下追的列。请追溯它下面的明细：{having}。",
        f"{table} adds up and carries no file and row. Trace the facts below it: {having}.",
    )


def _facts_with_rows(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Published tables that name file, sheet and row, with their columns."""
    rows = con.execute(
        "SELECT schema_name, table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE database_name = 'p' AND schema_name = 'marts' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return {f"{s}.{quote(t)}": c for s, t, c in rows if set(LINEAGE) <= set(c) and t != "fct_figure_row"}


def _same(identity: Sequence[str], row: dict[str, Any], columns: Sequence[str]) -> tuple[str, list[Any]]:
    """The condition that a fact is about the same thing, and in the same time where both say one."""
    parts = [f"{quote(c)} IN (SELECT unnest(?))" for c in identity]
    values: list[Any] = [row[c] if isinstance(row[c], list) else [row[c]] for c in identity]
    when = next((c for c in _TIME if c in columns), None)
    if when and row.get(when) is not None:
        parts.append(f"{quote(when)} = ?")
        values.append(row[when])
    elif when and when != "stat_year" and row.get("window_start") and row.get("window_end"):
        parts.append(f"{quote(when)} BETWEEN ? AND ?")
        values += [row["window_start"], row["window_end"]]
    return " AND ".join(parts), values
