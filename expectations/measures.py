"""The measure tables that the gate's rules look at: one row a file, delivery, column, period, control row.

Made in `state/gate.duckdb` from the statistics of what landed, for every delivery known by `known_on`, so
that the same files give the same answers whenever the gate runs. A measure that does not apply is null.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from expectations.statistics import Landed
from zhixiao.contracts import Contract, load_contracts

EARLIER = 6  # deliveries that a new one is compared with
MIN_EARLIER = 2
MIN_ROWS = 20  # below this, shares and medians say nothing
MIN_VOLUME = 30
SILENCE_DAYS = {"monthly": 62, "quarterly": 123, "half_yearly": 215, "yearly": 400}


def due_on(contract: Contract, period: str) -> date | None:
    """The day on which a period ('2025-03') was due: the contract's due day of the next month."""
    if contract.rhythm != "monthly":
        return None
    year, month = int(period[:4]), int(period[5:7])
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(contract.due_day, calendar.monthrange(year, month)[1]))


def expected_periods(contract: Contract, first: str, last: str) -> list[str]:
    """The months from first to last for which the source has a report."""
    out = []
    year, month = int(first[:4]), int(first[5:7])
    while f"{year:04d}-{month:02d}" <= last:
        if month not in contract.months_without_report:
            out.append(f"{year:04d}-{month:02d}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return out


def as_ranges(periods: Sequence[str], calendar_of: Sequence[str]) -> list[str]:
    """Periods that follow each other in `calendar_of` as one range: 2025-02..2025-05, 2025-08."""
    position = {p: i for i, p in enumerate(calendar_of)}
    runs: list[list[str]] = []
    for p in periods:
        if runs and position[p] == position[runs[-1][-1]] + 1:
            runs[-1].append(p)
        else:
            runs.append([p])
    return [r[0] if len(r) == 1 else f"{r[0]}..{r[-1]}" for r in runs]


def build_measures(connection: duckdb.DuckDBPyConnection, landed: Sequence[Landed], home_district: str) -> None:
    """Make every measure table anew. `landed` is what was received by known_on."""
    _load_inputs(connection, landed, home_district)
    for name, query in MEASURES.items():
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
    _load_periods(connection, landed, home_district)


def _entity(district: str, home: str, *parts: str) -> str:
    return "/".join(parts if district == home else (district, *parts))


def _periods(report_scopes: Sequence[str]) -> list[str]:
    return sorted({s.split("|", 1)[0] for s in report_scopes})


def _fill(
    connection: duckdb.DuckDBPyConnection, name: str, schema: dict[str, str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """A table from Python rows, by way of Arrow (an executemany is far slower)."""
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "VARCHAR[]": pa.list_(pa.string()),
    }
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    batch = pa.table({n: pa.array(c, types[t]) for (n, t), c in zip(schema.items(), columns, strict=True)})
    connection.register("arrow_batch", batch)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arrow_batch")
    connection.unregister("arrow_batch")


def _load_inputs(connection: duckdb.DuckDBPyConnection, landed: Sequence[Landed], home: str) -> None:
    contracts = load_contracts()
    seen: set[tuple[str, str, str]] = set()
    files: list[tuple[Any, ...]] = []
    headers: dict[tuple[str, str, str], None] = {}
    for item in landed:
        drop, report = item.drop, item.report
        if report is not None and report.status == "refused":
            continue  # a refusal is the load log's, not the gate's
        contract = contracts[drop.source]
        key = (drop.source, drop.district, drop.sha256)
        money: list[str | None] = [None, None, None]
        if report is not None:
            money = [
                None if v is None else str(v)
                for v in (report.money_read, report.money_accepted, report.money_quarantined)
            ]
            for name in report.columns:
                headers[(drop.source, drop.sha256, name)] = None
        periods = _periods(report.scopes) if report else []
        files.append(
            (
                drop.source,
                drop.district,
                drop.received_on,
                drop.file_name,
                drop.sha256,
                _entity(drop.district, home, drop.source, drop.received_on.isoformat(), drop.file_name),
                _entity(drop.district, home, drop.source, drop.received_on.isoformat()),
                contract.mode,
                SILENCE_DAYS[contract.rhythm],
                key in seen,
                bool(report and report.restates_by_key),
                item.error or None,
                *(
                    getattr(report, n, None)
                    for n in (
                        "rows_read",
                        "rows_accepted",
                        "rows_quarantined",
                        "rows_control",
                        "rows_ignored",
                    )
                ),
                *money,
                periods,
                sorted(report.unknown_columns) if report else [],
                sorted(report.personal_columns) if report else [],
            )
        )
        seen.add(key)
    _fill(
        connection,
        "input_file",
        {
            "source": "VARCHAR",
            "district_code": "VARCHAR",
            "received_on": "DATE",
            "file_name": "VARCHAR",
            "file_sha256": "VARCHAR",
            "entity": "VARCHAR",
            "delivery": "VARCHAR",
            "mode": "VARCHAR",
            "silence_days": "BIGINT",
            "is_repeated": "BOOLEAN",
            "restates_by_key": "BOOLEAN",
            "report_error": "VARCHAR",
            "rows_read": "BIGINT",
            "rows_accepted": "BIGINT",
            "rows_quarantined": "BIGINT",
            "rows_control": "BIGINT",
            "rows_ignored": "BIGINT",
            "money_read_text": "VARCHAR",
            "money_accepted_text": "VARCHAR",
            "money_quarantined_text": "VARCHAR",
            "periods": "VARCHAR[]",
            "unknown_columns": "VARCHAR[]",
            "personal_columns": "VARCHAR[]",
        },
        files,
    )
    _fill(
        connection,
        "input_header",
        {"source": "VARCHAR", "file_sha256": "VARCHAR", "name": "VARCHAR"},
        list(headers),
    )
    _fill(
        connection,
        "input_column",
        {
            "source": "VARCHAR",
            "name": "VARCHAR",
            "label_zh": "VARCHAR",
            "must_stand": "BOOLEAN",
            "unit": "VARCHAR",
            "is_measured": "BOOLEAN",
        },
        [
            (
                c.source,
                col.name,
                col.label_zh,
                (col.required_in_file or col.is_key) and not col.is_derived,
                col.canonical_unit,
                col.is_numeric and not col.is_derived,
            )
            for c in contracts.values()
            for col in c.columns
        ],
    )


MEASURES: dict[str, str] = {
    "file": """
        SELECT i.*, coalesce(i.report_error, c.error,
                CASE WHEN c.digest IS NULL THEN 'no statistics' END) AS error,
            i.rows_read - i.rows_accepted - i.rows_quarantined - i.rows_control - i.rows_ignored AS rows_gap,
            CAST(i.money_read_text AS DECIMAL(38,8)) AS money_read,
            CAST(i.money_read_text AS DECIMAL(38,8)) - CAST(i.money_accepted_text AS DECIMAL(38,8))
                - CAST(i.money_quarantined_text AS DECIMAL(38,8)) AS money_gap,
            c.parquet_rows, c.reject_rows, c.duplicate_rows,
            CASE WHEN i.rows_accepted + i.rows_quarantined > 0
                THEN i.rows_quarantined / (i.rows_accepted + i.rows_quarantined) END AS quarantine_share,
            CASE WHEN i.source <> 'tax' AND c.parquet_rows >= 3 THEN c.duplicate_rows / c.parquet_rows END
                AS duplicate_share,
            c.latest_event,
            list_sort(list_filter(i.unknown_columns, h -> NOT list_contains(
                coalesce(flatten(list(i.unknown_columns) OVER (PARTITION BY i.source, i.district_code
                    ORDER BY i.received_on RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING)),
                    []), h))) AS new_unknown_columns
        FROM input_file AS i
        LEFT JOIN content AS c ON c.source = i.source AND c.file_sha256 = i.file_sha256
    """,
    # A repeated file and a restatement by key say nothing about how much a delivery should hold.
    "statement": """
        SELECT * FROM file WHERE NOT is_repeated AND NOT restates_by_key AND error IS NULL
    """,
    "delivery": f"""
        WITH d AS (
            SELECT source, district_code, received_on, any_value(delivery) AS entity,
                CAST(NULL AS VARCHAR) AS file_sha256, any_value(mode) AS mode,
                any_value(silence_days) AS silence_days,
                CAST(sum(rows_accepted + rows_quarantined) AS BIGINT) AS rows,
                greatest(len(list_distinct(flatten(list(periods)))), 1) AS period_count
            FROM statement GROUP BY source, district_code, received_on
        ), e AS (
            SELECT *, rows / period_count AS volume,
                median(rows / period_count) OVER earlier AS usual_volume,
                count(*) OVER earlier AS earlier_count,
                lag(rows / period_count) OVER days AS previous_volume,
                received_on - lag(received_on) OVER days AS gap_days
            FROM d
            WINDOW days AS (PARTITION BY source, district_code ORDER BY received_on),
                earlier AS (PARTITION BY source, district_code ORDER BY received_on
                    ROWS BETWEEN {EARLIER} PRECEDING AND 1 PRECEDING)
        )
        SELECT *,
            CASE WHEN earlier_count >= {MIN_EARLIER} AND usual_volume > 0
                AND greatest(volume, usual_volume) >= {MIN_VOLUME}
                THEN volume / usual_volume END AS volume_ratio,
            CASE WHEN mode = 'register' AND previous_volume >= 10
                THEN volume / previous_volume END AS kept_share,
            CASE WHEN mode <> 'period' THEN gap_days END AS silent_days
        FROM e
    """,
    "delivery_column": f"""
        WITH present AS (
            SELECT s.source, s.district_code, s.received_on, h.name, true AS is_present
            FROM statement AS s JOIN input_header AS h
                ON h.source = s.source AND h.file_sha256 = s.file_sha256
            GROUP BY ALL
        ), filled AS (
            SELECT s.source, s.district_code, s.received_on, c.name,
                CAST(sum(s.parquet_rows) AS BIGINT) AS rows,
                CAST(sum(s.parquet_rows - c.filled) AS BIGINT) AS empty_rows
            FROM statement AS s JOIN content_column AS c
                ON c.source = s.source AND c.file_sha256 = s.file_sha256
            GROUP BY ALL
        ), grid AS (
            SELECT d.source, d.district_code, d.received_on, d.entity, n.name, n.label_zh, n.must_stand,
                coalesce(p.is_present, false) AS is_present, coalesce(f.rows, 0) AS rows,
                coalesce(f.empty_rows, 0) AS empty_rows
            FROM delivery AS d
            JOIN input_column AS n ON n.source = d.source
            LEFT JOIN present AS p ON p.source = d.source AND p.district_code = d.district_code
                AND p.received_on = d.received_on AND p.name = n.name
            LEFT JOIN filled AS f ON f.source = d.source AND f.district_code = d.district_code
                AND f.received_on = d.received_on AND f.name = n.name
        ), e AS (
            SELECT *, sum(rows) OVER earlier AS earlier_rows, sum(empty_rows) OVER earlier AS earlier_empty,
                count(*) OVER last_three AS before_count,
                coalesce(bool_and(is_present) OVER last_three, false) AS always_before
            FROM grid
            WINDOW earlier AS (PARTITION BY source, district_code, name ORDER BY received_on
                    ROWS BETWEEN {EARLIER} PRECEDING AND 1 PRECEDING),
                last_three AS (PARTITION BY source, district_code, name ORDER BY received_on
                    ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)
        )
        SELECT source, district_code, received_on, entity || '#' || name AS entity,
            CAST(NULL AS VARCHAR) AS file_sha256, name, label_zh, is_present,
            CASE WHEN rows > 0 THEN empty_rows / rows END AS empty_share,
            CASE WHEN earlier_rows > 0 THEN earlier_empty / earlier_rows END AS earlier_empty_share,
            CASE WHEN must_stand AND is_present AND rows >= {MIN_ROWS} AND earlier_rows >= {MIN_ROWS}
                THEN empty_rows / rows - earlier_empty / earlier_rows END AS empty_increase,
            before_count >= {MIN_EARLIER} AND always_before AS was_always_there
        FROM e
    """,
    "file_column": f"""
        WITH m AS (
            SELECT s.source, s.district_code, s.received_on, s.file_name, s.file_sha256, s.entity AS file,
                c.name, n.label_zh, n.unit, c.positives, c.median
            FROM statement AS s
            JOIN content_column AS c ON c.source = s.source AND c.file_sha256 = s.file_sha256
            JOIN input_column AS n ON n.source = s.source AND n.name = c.name AND n.is_measured
            WHERE c.positives >= 8 AND c.median > 0
        ), e AS (
            SELECT *, median(ln(median)) OVER earlier AS usual_ln, count(*) OVER earlier AS earlier_count
            FROM m
            WINDOW earlier AS (PARTITION BY source, district_code, name ORDER BY received_on, file_name,
                file_sha256 ROWS BETWEEN {EARLIER} PRECEDING AND 1 PRECEDING)
        )
        SELECT source, district_code, received_on, file || '#' || name AS entity, file_sha256, name, label_zh,
            unit, median, exp(usual_ln) AS usual_median, earlier_count >= {MIN_EARLIER} AS is_comparable,
            CASE WHEN earlier_count >= {MIN_EARLIER} THEN abs(ln(median) - usual_ln) / ln(10) END AS decades
        FROM e
    """,
    "control": """
        SELECT s.source, s.district_code, s.received_on, s.file_sha256,
            s.entity || '#' || CASE WHEN c.sheet = '' THEN '' ELSE c.sheet || '!' END || c.row_number || '#'
                || c.name AS entity,
            c.sheet, c.row_number, c.label, c.name, n.label_zh, n.unit, c.stated, c.found, c.difference,
            c.is_explained, abs(c.difference) / greatest(0.01, abs(c.stated) * 0.001) AS gap_in_tolerances
        FROM file AS s
        JOIN content_control AS c ON c.source = s.source AND c.file_sha256 = s.file_sha256
        LEFT JOIN input_column AS n ON n.source = c.source AND n.name = c.name
        WHERE NOT s.is_repeated AND s.error IS NULL
    """,
}


def _load_periods(connection: duckdb.DuckDBPyConnection, landed: Sequence[Landed], home: str) -> None:
    """`first_statement`: periods first stated in a delivery, and how late. `series`: holes between periods."""
    contracts = load_contracts()
    first: dict[tuple[str, str], dict[str, date]] = {}
    for item in landed:
        report, drop = item.report, item.drop
        if report is None or report.status != "landed" or contracts[drop.source].mode != "period":
            continue
        stated = first.setdefault((drop.source, drop.district), {})
        for period in _periods(report.scopes):
            stated[period] = min(stated.get(period, drop.received_on), drop.received_on)
    late: dict[tuple[str, str, date], list[tuple[str, int]]] = {}
    counts: dict[tuple[str, str, date], int] = {}
    series: list[tuple[Any, ...]] = []
    for (source, district), stated in sorted(first.items()):
        contract = contracts[source]
        for period, received in sorted(stated.items()):
            key = (source, district, received)
            counts[key] = counts.get(key, 0) + 1
            due = due_on(contract, period)
            if due is not None and received > due:
                late.setdefault(key, []).append((period, (received - due).days))
        months = sorted(stated)
        expected = expected_periods(contract, months[0], months[-1])
        missing = [m for m in expected if m not in stated]
        series.append(
            (
                source,
                district,
                None,
                None,
                _entity(district, home, source),
                months[0],
                months[-1],
                len(expected),
                len(missing),
                as_ranges(missing, expected),
            )
        )
    lateness: list[tuple[Any, ...]] = []
    for key, count in sorted(counts.items()):
        source, district, received = key
        periods = late.get(key, [])
        lateness.append(
            (
                source,
                district,
                received,
                None,
                _entity(district, home, source, received.isoformat()),
                count,
                [p for p, _ in periods],
                max((days for _, days in periods), default=0),
            )
        )
    common = {
        "source": "VARCHAR",
        "district_code": "VARCHAR",
        "received_on": "DATE",
        "file_sha256": "VARCHAR",
        "entity": "VARCHAR",
    }
    _fill(
        connection,
        "first_statement",
        {**common, "period_count": "BIGINT", "late_periods": "VARCHAR[]", "late_days": "BIGINT"},
        lateness,
    )
    _fill(
        connection,
        "series",
        {
            **common,
            "first_period": "VARCHAR",
            "last_period": "VARCHAR",
            "expected_count": "BIGINT",
            "missing_count": "BIGINT",
            "missing_periods": "VARCHAR[]",
        },
        series,
    )
