"""Statistics of what landed, one pass a content, kept in `state/gate.duckdb`.

What a file holds never changes, so its statistics are computed once and found again by the digest of its
report. Nothing here is a source of truth: the file may be deleted, the next gate rebuilds it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.runner import first_line
from zhixiao.contracts import Contract, load_contracts
from zhixiao.errors import LockError
from zhixiao.landing.report import Drop, FileReport, LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect

STATE_FILE = "gate.duckdb"
STATISTICS_VERSION = "1"
BATCH_FILES = 200
SUMMABLE = frozenset({"money", "money_fx", "area", "number", "energy"})

# The column that says when the thing happened: it cannot lie after the day on which the file arrived.
HAPPENED: dict[str, str] = {
    "acceptance": "actual_completion_date",
    "enterprise": "company_registered_date",
    "fai": "stat_period",
    "fdi": "arrived_date",
    "filing": "filing_date",
    "fund": "invested_date",
    "land": "contract_sign_date",
    "milestone": "actual_date",
    "output": "stat_period",
    "payment": "paid_at",
    "permit": "construction_permit_date",
    "power": "stat_period",
    "recognition": "recognised_date",
    "sales": "stat_period",
    "signing": "signing_date",
    "social": "stat_period",
    "submission_log": "submitted_at",
    "supervision": "issue_date",
    "tax": "tax_treasury_date",
    "tax_summary": "stat_period",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS content (
    source VARCHAR, file_sha256 VARCHAR, digest VARCHAR, error VARCHAR, parquet_rows BIGINT,
    duplicate_rows BIGINT, reject_rows BIGINT, latest_event DATE);
CREATE TABLE IF NOT EXISTS content_column (
    source VARCHAR, file_sha256 VARCHAR, name VARCHAR, filled BIGINT, positives BIGINT, median DOUBLE);
CREATE TABLE IF NOT EXISTS content_control (
    source VARCHAR, file_sha256 VARCHAR, sheet VARCHAR, row_number BIGINT, label VARCHAR, name VARCHAR,
    stated DECIMAL(38,6), found DECIMAL(38,6), difference DECIMAL(38,6), is_explained BOOLEAN);
CREATE TABLE IF NOT EXISTS told (
    source VARCHAR, district_code VARCHAR, received_on DATE, file_name VARCHAR, file_sha256 VARCHAR);
"""


@dataclass(frozen=True)
class Landed:
    """One dropped file with its report; `report` is None when landing left none or it cannot be read."""

    drop: Drop
    paths: LandedPaths
    report: FileReport | None
    digest: str
    error: str = ""


def read_landed(settings: Settings, drops: Iterable[Drop]) -> list[Landed]:
    """The reports of the drops, in the order of the design (day, file name). Refused files are included."""
    out: list[Landed] = []
    for drop in sorted(drops, key=lambda d: (d.source, d.district, d.received_on, d.file_name, d.sha256)):
        paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
        try:
            text = paths.report.read_text(encoding="utf-8")
            report = FileReport.from_json(text)
        except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as e:
            out.append(Landed(drop, paths, None, "", f"{type(e).__name__}: {e}"))
            continue
        sizes = [p.stat().st_size if p.exists() else -1 for p in (paths.rows, paths.rejects, paths.controls)]
        digest = hashlib.sha256(f"{STATISTICS_VERSION}|{sizes}|{text}".encode()).hexdigest()
        out.append(Landed(drop, paths, report, digest))
    return out


@contextlib.contextmanager
def open_state(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """`state/gate.duckdb` for writing; a file that cannot be opened or read is rebuilt from nothing.

    Raises LockError when another process has it open.
    """
    path = settings.state_dir / STATE_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not _is_sound(settings, path):
        for suffix in ("", ".wal"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    with connect(settings, path) as connection:
        connection.execute(SCHEMA)
        yield connection


def _is_sound(settings: Settings, path: Path) -> bool:
    try:
        with connect(settings, path) as connection:
            connection.execute(SCHEMA)
            for table in ("content", "content_column", "content_control", "told"):
                connection.execute(f"SELECT count(COLUMNS(*)) FROM {table}").fetchall()
    except (duckdb.Error, UnicodeDecodeError):
        return False
    except LockError as e:
        if "set lock" in str(e).lower():
            raise
        return False  # a damaged block, in whose name "lock" stands too
    return True


def refresh(connection: duckdb.DuckDBPyConnection, landed: Sequence[Landed]) -> int:
    """Compute what is missing from the statistics; returns the number of contents that were read."""
    known = {
        (source, sha): digest
        for source, sha, digest in connection.execute("SELECT source, file_sha256, digest FROM content").fetchall()
    }
    wanted: dict[tuple[str, str], Landed] = {}
    for item in landed:
        if item.report is not None and item.report.status == "landed":
            wanted.setdefault((item.drop.source, item.drop.sha256), item)
    todo: dict[str, list[Landed]] = {}
    for key, item in wanted.items():
        if known.get(key) != item.digest:
            todo.setdefault(item.drop.source, []).append(item)
    contracts = load_contracts()
    for source, items in sorted(todo.items()):
        for start in range(0, len(items), BATCH_FILES):
            _store(connection, contracts[source], items[start : start + BATCH_FILES])
    return sum(len(items) for items in todo.values())


def _store(connection: duckdb.DuckDBPyConnection, contract: Contract, items: Sequence[Landed]) -> None:
    try:
        _store_batch(connection, contract, items)
    except duckdb.Error as e:
        if len(items) > 1:
            for item in items:
                _store(connection, contract, [item])
            return
        drop = items[0].drop
        with _Transaction(connection):
            _forget(connection, contract.source, [drop.sha256])
            connection.execute(
                "INSERT INTO content VALUES (?, ?, ?, ?, NULL, NULL, NULL, NULL)",
                [contract.source, drop.sha256, items[0].digest, first_line(_without_path(str(e), items[0]))],
            )


def _without_path(text: str, item: Landed) -> str:
    """Messages are published and compared: no machine's path in them."""
    return text.replace(f"{item.paths.rows.parent}/", "")


class _Transaction:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.execute("BEGIN")

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        self.connection.execute("ROLLBACK" if kind else "COMMIT")


def _forget(connection: duckdb.DuckDBPyConnection, source: str, shas: Sequence[str]) -> None:
    for table in ("content", "content_column", "content_control"):
        connection.execute(
            f"DELETE FROM {table} WHERE source = ? AND list_contains(?, file_sha256)", [source, list(shas)]
        )


def _files(paths: Iterable[Path]) -> str:
    quoted = ", ".join("'" + str(p).replace("'", "''") + "'" for p in paths)
    return f"[{quoted}]"


def _sha(kind: str = "") -> str:
    """SQL for the content hash in the name of a landed file: `<sha>[.rejects|.controls].parquet`."""
    return f"regexp_extract(filename, '([0-9A-Za-z]+){kind}.parquet$', 1)"


def _read(paths: Iterable[Path]) -> str:
    return f"read_parquet({_files(paths)}, filename = true, union_by_name = true)"


def _store_batch(connection: duckdb.DuckDBPyConnection, contract: Contract, items: Sequence[Landed]) -> None:
    source = contract.source
    rows = _read(i.paths.rows for i in items)
    rejects = _read(i.paths.rejects for i in items)
    names = [c.name for c in contract.columns]
    numeric = [c.name for c in contract.columns if c.is_numeric]
    aggregates = [f'count("{n}") AS "f_{n}"' for n in names]
    for n in numeric:
        aggregates.append(f'count(*) FILTER ("{n}" > 0) AS "p_{n}"')
        aggregates.append(f'CAST(median("{n}") FILTER ("{n}" > 0) AS DOUBLE) AS "m_{n}"')
    happened = HAPPENED.get(source, "")
    latest = f'CAST(max("{happened}") AS DATE)' if happened else "CAST(NULL AS DATE)"
    cells = ", ".join(f'"{n}"' for n in names)
    digests = ", ".join(f"('{i.drop.sha256}', '{i.digest}')" for i in items)
    structs = ", ".join(
        "{{name: '{0}', filled: \"f_{0}\", positives: {1}, median: {2}}}".format(
            n, f'"p_{n}"' if n in numeric else "NULL", f'"m_{n}"' if n in numeric else "NULL"
        )
        for n in names
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE batch AS
        SELECT {_sha()} AS file_sha256, count(*) AS n, count(*) - count(DISTINCT hash({cells}))
            AS duplicates, {latest} AS latest_event, {", ".join(aggregates)}
        FROM {rows} GROUP BY 1"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE batch_reject AS
        SELECT {_sha(".rejects")} AS file_sha256, sheet, row_number, column_name, reason_code,
            money
        FROM {rejects}"""
    )
    with_controls = [i for i in items if i.report is not None and i.report.rows_control]
    with _Transaction(connection):
        _forget(connection, source, [i.drop.sha256 for i in items])
        connection.execute(
            f"""INSERT INTO content
            SELECT '{source}', d.sha, d.digest, NULL, coalesce(b.n, 0), coalesce(b.duplicates, 0),
                coalesce(r.n, 0), b.latest_event
            FROM (VALUES {digests}) AS d(sha, digest)
            LEFT JOIN batch AS b ON b.file_sha256 = d.sha
            LEFT JOIN (
                SELECT file_sha256, count(DISTINCT (sheet, row_number)) AS n FROM batch_reject GROUP BY 1
            ) AS r ON r.file_sha256 = d.sha"""
        )
        connection.execute(
            f"""INSERT INTO content_column
            SELECT '{source}', file_sha256, c.name, c.filled, c.positives, c.median
            FROM (SELECT file_sha256, unnest([{structs}]) AS c FROM batch)"""
        )
        if with_controls:
            _store_controls(connection, contract, with_controls)


def _store_controls(connection: duckdb.DuckDBPyConnection, contract: Contract, items: Sequence[Landed]) -> None:
    """Compare every 合计 and 小计 with the rows that it can mean.

    That is the sheet or all rows above (合计), the block below (小计), or any run of blocks right above: a
    block is what stands between two control rows, and a 小计 may close several.

    其中 rows are a part of other rows and are not compared. A difference that the quarantined rows of the
    sheet can make up is explained.
    """
    summable = [c for c in contract.columns if c.value_type in SUMMABLE]
    if not summable:
        return
    sums = ", ".join(f'coalesce(CAST(sum("{c.name}") AS DECIMAL(38,6)), 0) AS "{c.name}"' for c in summable)
    unpivot = ", ".join(f'"{c.name}"' for c in summable)
    money = ", ".join(f"'{c.name}'" for c in summable if c.value_type == "money") or "''"
    rows = _read(i.paths.rows for i in items)
    controls = _read(i.paths.controls for i in items)
    connection.execute(
        f"""INSERT INTO content_control
        WITH stated AS (
            SELECT {_sha(".controls")} AS sha, sheet, row_number, label, "values" AS doc
            FROM {controls} WHERE label NOT LIKE '%其中%'
        ), edge AS (
            SELECT sha, sheet, row_number,
                row_number() OVER (PARTITION BY sha, sheet ORDER BY row_number) AS block
            FROM (SELECT DISTINCT sha, sheet, row_number FROM stated)
        ), control AS (
            SELECT s.sha, s.sheet, s.row_number, s.label, s.name, e.block, s.label LIKE '%小计%' AS is_part,
                TRY_CAST(json_extract_string(s.doc, '$."' || s.name || '"') AS DECIMAL(38,6)) AS stated
            FROM (SELECT *, unnest(json_keys(doc)) AS name FROM stated) AS s
            JOIN edge AS e USING (sha, sheet, row_number)
        ), block_sum AS (  -- the rows between two control rows are one block: the table is small from here on
            SELECT r.sha, r.sheet, coalesce(e.block, 0) AS block, {sums}
            FROM (SELECT *, {_sha()} AS sha FROM {rows}) AS r
            ASOF LEFT JOIN edge AS e
                ON e.sha = r.sha AND e.sheet = r.sheet AND e.row_number <= r.row_number
            GROUP BY ALL
        ), block_cell AS (
            UNPIVOT block_sum ON {unpivot} INTO NAME name VALUE amount
        ), at_control AS (
            SELECT c.*,
                coalesce(sum(b.amount), 0) AS whole,
                coalesce(sum(b.amount) FILTER (b.block < c.block), 0) AS upto,
                list_slice(coalesce(list(b.amount ORDER BY b.block DESC) FILTER (b.block < c.block), []), 1, 50)
                    AS above,
                coalesce(sum(b.amount) FILTER (b.block = c.block), 0) AS below
            FROM control AS c
            LEFT JOIN block_cell AS b ON b.sha = c.sha AND b.sheet = c.sheet AND b.name = c.name
            WHERE c.stated IS NOT NULL
            GROUP BY ALL
        ), choice AS (
            SELECT *, list_concat(
                CASE WHEN is_part THEN [below] ELSE [whole, upto] END,
                list_transform(range(1, len(above) + 1), n -> list_sum(list_slice(above, 1, n)))) AS sums
            FROM at_control
        ), compared AS (
            SELECT *, list_sort(list_transform(sums, s -> {{gap: abs(stated - s), s: s}}))[1].s AS found
            FROM choice
        ), lost AS (
            SELECT file_sha256 AS sha, sheet, sum(money) AS money
            FROM (SELECT file_sha256, sheet, row_number, max(coalesce(money, 0)) AS money
                  FROM batch_reject GROUP BY ALL) GROUP BY ALL
        ), unread AS (
            SELECT DISTINCT file_sha256 AS sha, sheet, column_name AS name FROM batch_reject
            WHERE reason_code IN ('number_unreadable', 'unit_unknown', 'out_of_bounds', 'precision_lost')
        )
        SELECT '{contract.source}', c.sha, c.sheet, c.row_number, c.label, c.name, c.stated, c.found,
            c.stated - c.found,
            (u.name IS NOT NULL)
                OR (l.sha IS NOT NULL AND c.stated >= c.found
                    AND (c.name NOT IN ({money}) OR c.stated - c.found <= l.money + 1))
        FROM compared AS c
        LEFT JOIN lost AS l ON l.sha = c.sha AND l.sheet = c.sheet
        LEFT JOIN unread AS u ON u.sha = c.sha AND u.sheet = c.sheet AND u.name = c.name"""
    )
