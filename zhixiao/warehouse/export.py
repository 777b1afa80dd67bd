"""The candidate of a release: the published schemas of the work database as files of their own.

Nothing here depends on the clock, the machine or the order of rows, except `manifest.json`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.contracts import load_contracts
from zhixiao.settings import Settings
from zhixiao.warehouse.db import as_lock_error, connect
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.schema import quote, text

Json = dict[str, Any]

PUBLISHED_SCHEMAS = ("marts", "marts_public", "checks", "quality")
PUBLIC_SCHEMA = "marts_public"
MAIN_FILE = "zhixiao.duckdb"
PUBLIC_FILE = "zhixiao_public.duckdb"
RELEASE_COLUMNS = (
    ("release_id", "VARCHAR", "版本号", "Known-on day, as-of day and the first 8 digits of the content checksum"),
    ("known_on", "DATE", "资料截止日", "Deliveries received up to this day are in"),
    ("as_of", "DATE", "统计时点", "Events up to this day count"),
    ("contract_versions", "VARCHAR", "合同版本", "JSON: version of the contract of every source"),
    ("check_versions", "VARCHAR", "检查版本", "JSON: version of every check; empty before the checks exist"),
    ("files_loaded", "BIGINT", "入库文件数", "Files loaded"),
    ("files_refused", "BIGINT", "拒收文件数", "Files refused"),
    ("files_unchanged", "BIGINT", "重复文件数", "Repeated files that changed nothing"),
    ("rows_accepted", "BIGINT", "接收行数", "Rows of the loaded files that were accepted"),
    ("rows_quarantined", "BIGINT", "隔离行数", "Rows of the loaded files that went to quarantine"),
    ("money_accepted", "DECIMAL(38,6)", "接收金额（万元）", "Money of the accepted rows, 10k CNY"),
    ("money_quarantined", "DECIMAL(38,6)", "隔离金额（万元）", "Money of the quarantined rows, 10k CNY"),
    ("table_count", "BIGINT", "表数", "Published tables, this one not counted"),
    ("row_count", "BIGINT", "总行数", "Rows of all of them"),
    ("row_counts", "VARCHAR", "各表行数", "JSON: rows of every table"),
    ("checksums", "VARCHAR", "各表校验和", "JSON: checksum of every table, whatever the order of its rows"),
    ("content_checksum", "VARCHAR", "内容校验和", "Checksum of the pair and of all tables"),
)


@dataclass(frozen=True)
class TableContent:
    """A published table: its rows and a checksum over names, types and rows in any order."""

    rows: int
    checksum: str


@dataclass
class Candidate:
    """The files of a release in `folder`, not published yet."""

    folder: Path
    pair: Pair
    release_id: str = ""
    content_checksum: str = ""
    tables: dict[str, TableContent] = field(default_factory=dict)
    inputs: set[tuple[str, ...]] = field(default_factory=set)
    decisions: list[list[str]] = field(default_factory=list)
    release: Json = field(default_factory=dict)

    @property
    def counts(self) -> Json:
        """The counts of the release, as JSON takes them."""
        return {n: _plain(self.release[n]) for n, *_ in RELEASE_COLUMNS[5:14]}


def export_candidate(settings: Settings, pair: Pair, folder: Path) -> Candidate:
    """Write `zhixiao.duckdb` into `folder`: enough to know which release it is and whether it is a new one."""
    out = Candidate(folder, pair)
    folder.mkdir(parents=True)
    with connect(settings, None) as con:
        try:
            con.execute(f"ATTACH {text(str(settings.work_db))} AS zhixiao (READ_ONLY)")
        except duckdb.IOException as e:
            raise as_lock_error(e, settings.work_db) from e
        con.execute(f"ATTACH {text(str(folder / MAIN_FILE))} AS candidate")
        names = copy_schemas(con, "zhixiao", "candidate", PUBLISHED_SCHEMAS)
        con.execute("USE candidate")
        names = sorted({*names, *_copy_expectation_results(con, settings)})
        out.tables = {f"{s}.{t}": content(con, "candidate", s, t) for s, t in names}
        out.content_checksum = content_checksum(pair, out.tables)
        out.release_id = f"{pair.name}_{out.content_checksum[:8]}"
        out.inputs = inputs_of(con, "candidate")
        out.decisions = _decisions(con, pair)
        out.release = _release_row(con, out)
        _write_release(con, "candidate", out.release)
        _close(con, "candidate")
    return out


def complete_candidate(settings: Settings, c: Candidate) -> None:
    """Write what goes beside the database of a candidate that will be kept: `parquet/` and the public file."""
    names = [*(tuple(n.split(".", 1)) for n in c.tables), ("quality", "release")]
    with connect(settings, None) as con:
        con.execute(f"ATTACH {text(str(c.folder / MAIN_FILE))} AS candidate (READ_ONLY)")
        _export_parquet(con, c.folder / "parquet", names)
        con.execute(f"ATTACH {text(str(c.folder / PUBLIC_FILE))} AS open_to_all")
        copy_schemas(con, "candidate", "open_to_all", (PUBLIC_SCHEMA,))
        _write_release(con, "open_to_all", _public_release(c.release))
        _close(con, "open_to_all")


def _close(con: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Leave one whole file behind, without a log beside it."""
    con.execute("USE memory")
    con.execute(f"CHECKPOINT {catalog}")
    con.execute(f"DETACH {catalog}")


def copy_schemas(
    con: duckdb.DuckDBPyConnection, source: str, target: str, schemas: Sequence[str]
) -> list[tuple[str, str]]:
    """Copy the tables (and views, as tables) of some schemas, with NOT NULL and comments. Returns what it copied."""
    relations = con.execute(
        "SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE database_name = $1 AND schema_name IN "
        "(SELECT unnest($2)) UNION ALL SELECT schema_name, view_name, comment FROM duckdb_views() "
        "WHERE database_name = $1 AND schema_name IN (SELECT unnest($2)) AND NOT internal ORDER BY ALL",
        [source, list(schemas)],
    ).fetchall()
    for schema in sorted({s for s, _, _ in relations}):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {target}.{quote(schema)}")
    for schema, table, comment in relations:
        columns = con.execute(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() WHERE database_name = $1 "
            "AND schema_name = $2 AND table_name = $3 ORDER BY column_index",
            [source, schema, table],
        ).fetchall()
        name = f"{quote(schema)}.{quote(table)}"
        ddl = ", ".join(f"{quote(c)} {t}{'' if nullable else ' NOT NULL'}" for c, t, nullable, _ in columns)
        con.execute(f"CREATE TABLE {target}.{name} ({ddl})")
        con.execute(f"INSERT INTO {target}.{name} SELECT * FROM {source}.{name}")
        if comment:
            con.execute(f"COMMENT ON TABLE {target}.{name} IS {text(comment)}")
        for c, _, _, column_comment in columns:
            if column_comment:
                con.execute(f"COMMENT ON COLUMN {target}.{name}.{quote(c)} IS {text(column_comment)}")
    return [(s, t) for s, t, _ in relations]


def content(con: duckdb.DuckDBPyConnection, catalog: str, schema: str, table: str) -> TableContent:
    """Rows and checksum of a table. Two tables with the same columns and the same rows have the same one,
    in whatever order the rows stand and on whatever machine."""
    columns = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = $1 AND schema_name = $2 "
        "AND table_name = $3 ORDER BY column_index",
        [catalog, schema, table],
    ).fetchall()
    values = ", ".join(f"coalesce({quote(c)}::VARCHAR, chr(30))" for c, _ in columns)
    row = con.execute(
        f"""SELECT count(*), coalesce(sum(md5_number_upper(t)::HUGEINT), 0),
          coalesce(sum(md5_number_lower(t)::HUGEINT), 0)
        FROM (SELECT concat_ws(chr(31), {values}) AS t FROM {catalog}.{quote(schema)}.{quote(table)})"""
    ).fetchone()
    assert row is not None
    head = json.dumps(columns, ensure_ascii=False)
    digest = hashlib.sha256("|".join([head, *(str(x) for x in row)]).encode()).hexdigest()
    return TableContent(int(row[0]), digest[:32])


def content_checksum(pair: Pair, tables: dict[str, TableContent]) -> str:
    """The checksum of a whole release."""
    told = [pair.to_json(), {n: t.checksum for n, t in sorted(tables.items())}]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def inputs_of(con: duckdb.DuckDBPyConnection, catalog: str) -> set[tuple[str, ...]]:
    """The drops that a release rests on, from its load log; empty when it has none."""
    if not _has(con, catalog, "quality", "load_log"):
        return set()
    rows = con.execute(
        f"SELECT source, coalesce(received_on::VARCHAR, ''), file_name, file_sha256 FROM {catalog}.quality.load_log"
    ).fetchall()
    return {tuple(r) for r in rows}


def _decisions(con: duckdb.DuckDBPyConnection, pair: Pair) -> list[list[str]]:
    """The decision files that count on this known_on."""
    if not _has(con, "zhixiao", "raw", "decision"):
        return []
    rows = con.execute(
        "SELECT DISTINCT decided_on::VARCHAR, file_name, file_sha256 FROM zhixiao.raw.decision "
        "WHERE decided_on <= $1 ORDER BY ALL",
        [pair.known_on],
    ).fetchall()
    return [list(r) for r in rows]


def _has(con: duckdb.DuckDBPyConnection, catalog: str, schema: str, table: str) -> bool:
    sql = "SELECT 1 FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2 AND table_name = $3"
    return con.execute(sql, [catalog, schema, table]).fetchone() is not None


def _copy_expectation_results(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterable[tuple[str, str]]:
    """The results of both gates, which lie outside the work database."""
    from expectations.results import copy_results

    copy_results(con, settings)
    return [("quality", "expectation_result")]


def _release_row(con: duckdb.DuckDBPyConnection, c: Candidate) -> Json:
    """The one row of `quality.release`."""
    counts: Sequence[Any] = (None,) * 7
    if _has(con, "candidate", "quality", "load_log"):
        row = con.execute(
            """SELECT count(*) FILTER (status = 'loaded'), count(*) FILTER (status = 'refused'),
              count(*) FILTER (status = 'unchanged'),
              coalesce(sum(rows_accepted) FILTER (status = 'loaded'), 0)::BIGINT,
              coalesce(sum(rows_quarantined) FILTER (status = 'loaded'), 0)::BIGINT,
              coalesce(sum(money_accepted) FILTER (status = 'loaded'), 0),
              coalesce(sum(money_quarantined) FILTER (status = 'loaded'), 0) FROM candidate.quality.load_log"""
        ).fetchone()
        assert row is not None
        counts = row
    names = [n for n, *_ in RELEASE_COLUMNS[5:12]]
    return {
        "release_id": c.release_id,
        "known_on": c.pair.known_on,
        "as_of": c.pair.as_of,
        "contract_versions": _json({s: k.version for s, k in load_contracts().items()}),
        "check_versions": _json(_check_versions(con)),
        **dict(zip(names, counts, strict=True)),
        "table_count": len(c.tables),
        "row_count": sum(t.rows for t in c.tables.values()),
        "row_counts": _json({n: t.rows for n, t in c.tables.items()}),
        "checksums": _json({n: t.checksum for n, t in c.tables.items()}),
        "content_checksum": c.content_checksum,
    }


def _check_versions(con: duckdb.DuckDBPyConnection) -> Json:
    """Check and version from `checks.check_registry`, once it exists."""
    if not _has(con, "candidate", "checks", "check_registry"):
        return {}
    with suppress(duckdb.BinderException):
        rows = con.execute("SELECT check_id, check_version FROM candidate.checks.check_registry ORDER BY 1").fetchall()
        return {str(r): str(v) for r, v in rows}
    return {}


def _public_release(release: Json) -> Json:
    """What the public file says of its release: only its own tables are named."""
    own = f"{PUBLIC_SCHEMA}."
    kept = {
        k: {n: v for n, v in json.loads(release[k]).items() if n.startswith(own)} for k in ("row_counts", "checksums")
    }
    counts = {"table_count": len(kept["row_counts"]), "row_count": sum(kept["row_counts"].values())}
    return {**release, **{k: _json(v) for k, v in kept.items()}, **counts}


def _write_release(con: duckdb.DuckDBPyConnection, catalog: str, row: Json) -> None:
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {catalog}.quality")
    ddl = ", ".join(f"{n} {t}" for n, t, *_ in RELEASE_COLUMNS)
    table = f"{catalog}.quality.release"
    con.execute(f"CREATE OR REPLACE TABLE {table} ({ddl})")
    marks = ", ".join("?" * len(RELEASE_COLUMNS))
    con.execute(f"INSERT INTO {table} VALUES ({marks})", [row[n] for n, *_ in RELEASE_COLUMNS])
    con.execute(f"COMMENT ON TABLE {table} IS 'Each row is a release: the one in this file / 本文件所载的版本'")
    for n, _, label, what in RELEASE_COLUMNS:
        con.execute(f"COMMENT ON COLUMN {table}.{n} IS {text(f'{label}: {what}')}")


def _export_parquet(con: duckdb.DuckDBPyConnection, folder: Path, names: Iterable[Sequence[str]]) -> None:
    for schema, table in names:
        (folder / schema).mkdir(parents=True, exist_ok=True)
        path = folder / schema / f"{table}.parquet"
        source = f"candidate.{quote(schema)}.{quote(table)}"
        con.execute(f"COPY {source} TO {text(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def _plain(value: Any) -> Any:
    """A value as JSON takes it: decimals as text."""
    return value if value is None or isinstance(value, int) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
