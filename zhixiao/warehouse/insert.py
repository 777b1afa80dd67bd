"""The rows of the changed deliveries of one source into `raw`: set-based, from the landed Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from zhixiao.contracts import Contract
from zhixiao.errors import ConfigError, DataError
from zhixiao.landing.report import LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse.entries import DeliveryKey, Entry
from zhixiao.warehouse.schema import FIXED_TABLES, landed, quote, source_columns, text

MONEY_STEP = Decimal("0.000001")

_SAME_FILE = "{0}.district_code = f.district_code AND {0}.received_on = f.received_on AND {0}.file_name = f.file_name"
_ARROW = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "INTEGER[]": pa.list_(pa.int32()),
    "BOOLEAN": pa.bool_(),
    "DECIMAL(38,6)": pa.decimal128(38, 6),
}


def delete_deliveries(con: duckdb.DuckDBPyConnection, source: str, keys: Sequence[DeliveryKey], own: bool) -> None:
    """Take deliveries of one source out of every table; `own` says that `raw.<source>` exists."""
    columns = (("district_code", "VARCHAR"), ("received_on", "DATE"))
    con.register("_keys", arrow_table(columns, [(k.district, k.received_on) for k in keys]))
    try:
        common = ("load_log", "quarantine", "control_total", "delivery_scope", "load_state")
        for table in (*common, source) if own else common:
            same = "" if table == source else f"AND t.source = {text(source)}"
            con.execute(
                f"DELETE FROM raw.{quote(table)} t USING _keys k WHERE t.district_code = k.district_code "
                f"AND t.received_on IS NOT DISTINCT FROM k.received_on {same}"
            )
    finally:
        con.unregister("_keys")


def insert_into(
    con: duckdb.DuckDBPyConnection, table: str, columns: Iterable[tuple[str, str]], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert Python rows into a fixed table of `raw`, as one statement."""
    if not rows:
        return
    con.register("_rows", arrow_table(tuple(columns), rows))
    try:
        con.execute(f"INSERT INTO raw.{quote(table)} BY NAME SELECT * FROM _rows")
    finally:
        con.unregister("_rows")


def insert_log(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry], contracts: Mapping[str, Contract]) -> None:
    """One row of `raw.load_log` for each entry, with the counts of its report."""
    insert_into(con, "load_log", FIXED_TABLES["load_log"], [_log_row(e, contracts.get(e.source)) for e in entries])


def copy_repeated_counts(con: duckdb.DuckDBPyConnection, source: str) -> None:
    """An unchanged drop shows the counts of the loaded file it repeats, duplicates of its delivery included."""
    counts = ("rows_accepted", "rows_quarantined", "money_accepted", "money_quarantined")
    con.execute(
        f"""UPDATE raw.load_log t SET {", ".join(f"{c} = f.{c}" for c in counts)}
        FROM (
          SELECT DISTINCT ON (u.district_code, u.received_on, u.file_name)
            u.district_code, u.received_on, u.file_name, {", ".join(f"l.{c}" for c in counts)}
          FROM raw.load_log u JOIN raw.load_log l ON l.source = u.source AND l.district_code = u.district_code
            AND l.file_sha256 = u.file_sha256 AND l.status = 'loaded'
            AND (l.received_on, l.file_name) < (u.received_on, u.file_name)
          WHERE u.source = $1 AND u.status = 'unchanged'
          ORDER BY u.district_code, u.received_on, u.file_name, l.received_on DESC, l.file_name DESC) f
        WHERE t.source = $1 AND {_SAME_FILE.format("t")}""",
        [source],
    )


class DeliveryRows:
    """The loaded files of the changed deliveries of one source, from Parquet into the tables."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract, entries: Sequence[Entry]
    ) -> None:
        self.con = con
        self.contract = contract
        self.entries = entries
        self.house_district = settings.district
        paths = {e.sha256: LandedPaths.of(settings.landed_dir, contract.source, e.sha256) for e in entries}
        self.rows = landed(p.rows for p in paths.values())
        self.rejects = [p.rejects for p in paths.values() if p.rejects.exists()]
        self.controls = [p.controls for p in paths.values() if p.controls.exists()]
        self._require(p.rows for p in paths.values())
        self.source = text(contract.source)
        self.per_row = " + ".join(f"coalesce(p.{quote(m)}, 0)" for m in contract.money_columns) or "0"

    def insert(self) -> None:
        """Write all and assert the accounting identity of every file. Raises DataError when it fails."""
        con = self.con
        columns = tuple((n, t) for n, t in _FILES)
        con.register("_files", arrow_table(columns, [_file_row(e) for e in self.entries]))
        try:
            self._find_duplicates()
            self._insert_rows()
            self._insert_rejects()
            self._insert_duplicates()
            self._insert_controls()
            self._insert_scopes()
            self._move_duplicate_counts()
            self._assert_identity()
        finally:
            con.unregister("_files")

    def _require(self, paths: Iterable[Path]) -> None:
        for p in paths:
            if not p.exists():
                raise DataError(
                    f"{p} 不见了，而它的报告还在。请删除同名的 .json 后重新运行，该文件会重新落地。",
                    f"{p} is gone while its report stands. Delete the .json of the same name and run again: "
                    "the file is then landed anew.",
                )

    @property
    def _landed(self) -> str:
        """The accepted rows with the drops they came as; a content dropped on two days stands twice."""
        return f"{self.rows} p JOIN _files f ON f.file_sha256 = p.file_sha256"

    def _beside(self, paths: Iterable[Path]) -> str:
        """Rejects or control totals with their drops: the hash is in the file's name."""
        return (
            landed(paths, ", filename = '__path'") + " p "
            "JOIN _files f ON starts_with(parse_filename(p.__path), f.file_sha256)"
        )

    @property
    def _looks_for_duplicates(self) -> bool:
        return self.contract.mode != "events" and bool(self.contract.keys)

    def _find_duplicates(self) -> None:
        """Rows whose key and submission kind stand earlier in the same delivery (file name, sheet, row)."""
        con, c = self.con, self.contract
        con.execute(
            "CREATE OR REPLACE TEMP TABLE _duplicate (district_code VARCHAR, received_on DATE, file_name VARCHAR, "
            "sheet VARCHAR, row_number BIGINT, first_file VARCHAR, first_row BIGINT)"
        )
        if not self._looks_for_duplicates:
            return
        keys = [f"p.{quote(k)}" for k in c.keys]
        if "submission_kind" in c.by_name:
            keys.append("coalesce(p.submission_kind, '首次')")
        names = [f"k{i}" for i in range(len(keys))]
        named = ", ".join(f"{k} AS {n}" for k, n in zip(keys, names, strict=True))
        con.execute(
            f"""CREATE OR REPLACE TEMP VIEW _keyed AS
            SELECT f.district_code, f.received_on, f.file_name, p.sheet, p.row_number, {named} FROM {self._landed}"""
        )
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE _twice AS
            SELECT district_code, received_on, {", ".join(names)} FROM _keyed GROUP BY ALL HAVING count(*) > 1"""
        )
        same = " AND ".join(f"a.{n} IS NOT DISTINCT FROM t.{n}" for n in names)
        con.execute(
            f"""INSERT INTO _duplicate
            SELECT district_code, received_on, file_name, sheet, row_number, first_file, first_row FROM (
              SELECT a.*, row_number() OVER w AS n, first_value(a.file_name) OVER w AS first_file,
                     first_value(a.row_number) OVER w AS first_row
              FROM _keyed a JOIN _twice t
                ON a.district_code = t.district_code AND a.received_on = t.received_on AND {same}
              WINDOW w AS (PARTITION BY a.district_code, a.received_on, {", ".join(f"a.{n}" for n in names)}
                           ORDER BY a.file_name, a.sheet, a.row_number))
            WHERE n > 1"""
        )
        con.execute("DROP VIEW temp._keyed")
        con.execute("DROP TABLE temp._twice")

    @staticmethod
    def _duplicate_join(kind: str) -> str:
        on = _SAME_FILE.format("d")
        return f"{kind} JOIN _duplicate d ON {on} AND d.sheet = p.sheet AND d.row_number = p.row_number"

    def _insert_rows(self) -> None:
        from_drop = {n for n, _ in _FILES} - {"file_sha256"}
        names = [n for n, _ in source_columns(self.contract)]
        select = ", ".join(f"{'f' if n in from_drop else 'p'}.{quote(n)}" for n in names)
        try:
            self.con.execute(
                f"""INSERT INTO raw.{quote(self.contract.source)} ({", ".join(map(quote, names))})
                SELECT {select} FROM {self._landed} {self._duplicate_join("ANTI")}"""
            )
        except duckdb.BinderException as e:
            source, line = self.contract.source, str(e).splitlines()[0]
            raise ConfigError(
                f"{source} 的合同改了列而版本号没变，已落地的文件没有这些列（{line}）。"
                f"请提高合同版本号，或运行 zhixiao upgrade {source} --again。",
                f"the columns of contract {source} changed and its version did not; files landed before lack them "
                f"({line}). Raise the version, or run `zhixiao upgrade {source} --again`.",
            ) from e

    def _quarantine_columns(self, column: str) -> str:
        """The columns that say where a cell stands. The id is 16 hexadecimal digits over them; the district
        takes part only where it is not the house's own."""
        district = f"CASE WHEN f.district_code = {text(self.house_district)} THEN '' ELSE f.district_code || '/' END"
        parts = (
            f"{district} || {self.source}",
            "f.file_sha256",
            "f.received_on::VARCHAR",
            "f.file_name",
            "p.sheet",
            "p.row_number::VARCHAR",
            column,
        )
        return (
            f"left(sha256(concat_ws('|', {', '.join(parts)})), 16) AS quarantine_id, f.file_sha256, "
            f"{self.source} AS source, f.district_code, f.received_on, f.file_name, p.sheet, p.row_number, "
            f"{column} AS column_name, {text(self.contract.owner_department)} AS owner"
        )

    def _insert_rejects(self) -> None:
        if self.rejects:
            self.con.execute(
                f"""INSERT INTO raw.quarantine BY NAME
                SELECT {self._quarantine_columns("p.column_name")}, p.cell_text, p.reason_code, p.reason_zh,
                  p.reason_en, p.row_key, p.scope, p.money
                FROM {self._beside(self.rejects)}"""
            )

    def _insert_duplicates(self) -> None:
        if not self._looks_for_duplicates:
            return
        c = self.contract
        values = ", ".join(f"coalesce(p.{quote(k)}::VARCHAR, '')" for k in c.keys)
        key = f"concat_ws('|', {values})"
        labels = "、".join(c.by_name[k].label_zh for k in c.keys)
        self.con.execute(
            f"""INSERT INTO raw.quarantine BY NAME
            SELECT {self._quarantine_columns(text("|".join(c.keys)))}, {key} AS cell_text,
              'duplicate_key' AS reason_code,
              {text(f"同一次报送中{labels}重复，先见于文件 ")} || d.first_file || ' 第 ' || d.first_row
                || ' 行。请核对，只保留一行后重报。' AS reason_zh,
              'this key stands twice in one delivery, first in ' || d.first_file || ' row ' || d.first_row
                || '. Keep one of the rows and send the file again.' AS reason_en,
              {key} AS row_key, {self._scope} AS scope, {self.per_row} AS money
            FROM {self._landed} {self._duplicate_join("INNER")}"""
        )

    @property
    def _scope(self) -> str:
        """The scope of a row as landing writes it: '*', a year, a month, or month|office."""
        c = self.contract
        parts = [
            f"strftime(p.{quote(s)}, '%Y-%m')" if c.by_name[s].value_type == "period" else f"p.{quote(s)}::VARCHAR"
            for s in c.scope_columns
        ]
        return f"concat_ws('|', {', '.join(parts)})" if parts else "'*'"

    def _insert_controls(self) -> None:
        if self.controls:
            self.con.execute(
                f"""INSERT INTO raw.control_total BY NAME
                SELECT {self.source} AS source, f.district_code, f.received_on, f.file_sha256, f.file_name,
                  p.sheet, p.row_number, p.label, p."values"
                FROM {self._beside(self.controls)}"""
            )

    def _insert_scopes(self) -> None:
        rows = [
            (e.source, e.district, e.received_on, e.sha256, e.file_name, s)
            for e in self.entries
            for s in (e.report.scopes if e.report else [])
        ]
        insert_into(self.con, "delivery_scope", FIXED_TABLES["delivery_scope"], rows)

    def _move_duplicate_counts(self) -> None:
        """Duplicate rows leave the accepted ones: their number and money move to the quarantined ones."""
        self.con.execute(
            f"""UPDATE raw.load_log t
            SET rows_accepted = t.rows_accepted - f.n, rows_quarantined = t.rows_quarantined + f.n,
                money_accepted = t.money_accepted - f.money, money_quarantined = t.money_quarantined + f.money
            FROM (SELECT f.district_code, f.received_on, f.file_name, count(*) AS n, sum(q.money) AS money
                  FROM raw.quarantine q JOIN _files f ON {_SAME_FILE.format("q")}
                  WHERE q.source = {self.source} AND q.reason_code = 'duplicate_key' GROUP BY ALL) f
            WHERE t.source = {self.source} AND {_SAME_FILE.format("t")}"""
        )

    def _assert_identity(self) -> None:
        """What the tables hold must be what landing counted, for every file. A landed decimal has six places,
        so the money of a file may differ from landing's exact sum by half a step for each value."""
        for e in self.entries:
            assert_report_identity(e)
        c = self.contract
        per_row = self.per_row.replace("p.", "r.")
        slack = f"{MONEY_STEP} * ({len(c.money_columns)} * l.rows_read + 1)"
        bad = self.con.execute(
            f"""WITH accepted AS (
              SELECT f.district_code, f.received_on, f.file_name, count(*) AS n, sum({per_row}) AS money
              FROM raw.{quote(c.source)} r JOIN _files f ON {_SAME_FILE.format("r")} GROUP BY ALL),
            quarantined AS (
              SELECT district_code, received_on, file_name, count(*) AS n, sum(money) AS money FROM (
                SELECT DISTINCT ON (f.district_code, f.received_on, f.file_name, q.sheet, q.row_number)
                  f.district_code, f.received_on, f.file_name, coalesce(q.money, 0) AS money
                FROM raw.quarantine q JOIN _files f ON {_SAME_FILE.format("q")}
                WHERE q.source = {self.source}) GROUP BY ALL),
            control AS (
              SELECT f.district_code, f.received_on, f.file_name, count(DISTINCT (q.sheet, q.row_number)) AS n
              FROM raw.control_total q JOIN _files f ON {_SAME_FILE.format("q")}
              WHERE q.source = {self.source} GROUP BY ALL),
            counted AS (
              SELECT f.file_name, f.received_on, l.rows_read, l.rows_accepted, l.rows_quarantined, l.rows_control,
                coalesce(a.n, 0) AS accepted, coalesce(q.n, 0) AS quarantined, coalesce(k.n, 0) AS control,
                l.rows_ignored, l.money_read, l.money_accepted, l.money_quarantined,
                coalesce(a.money, 0) AS m_accepted, coalesce(q.money, 0) AS m_quarantined, {slack} AS slack
              FROM _files f JOIN raw.load_log l ON l.source = {self.source} AND {_SAME_FILE.format("l")}
              LEFT JOIN accepted a ON {_SAME_FILE.format("a")}
              LEFT JOIN quarantined q ON {_SAME_FILE.format("q")}
              LEFT JOIN control k ON {_SAME_FILE.format("k")})
            SELECT file_name, received_on, rows_read, accepted, quarantined, control, rows_ignored,
              money_read, m_accepted, m_quarantined
            FROM counted
            WHERE NOT coalesce(accepted = rows_accepted AND quarantined = rows_quarantined AND control = rows_control
              AND rows_read = accepted + quarantined + control + rows_ignored
              AND abs(money_accepted - m_accepted) <= slack AND abs(money_quarantined - m_quarantined) <= slack
              AND money_read = money_accepted + money_quarantined, false)
            ORDER BY ALL LIMIT 1"""
        ).fetchone()
        if bad:
            name, day, *numbers = bad
            raise _identity_error(f"{c.source}/{day}/{name}", numbers[:5], numbers[5:])


def assert_report_identity(e: Entry) -> None:
    """The identity as landing itself counted, exactly. Raises DataError."""
    r = e.report
    assert r is not None
    rows = (r.rows_read, r.rows_accepted, r.rows_quarantined, r.rows_control, r.rows_ignored)
    money = (r.money_read, r.money_accepted, r.money_quarantined)
    complete = None not in rows and None not in money
    counts = [int(x or 0) for x in rows]
    sums = [x or Decimal(0) for x in money]
    if not complete or counts[0] != sum(counts[1:]) or sums[0] != sum(sums[1:]):
        raise _identity_error(e.label, rows, money)


def _identity_error(name: str, rows: Sequence[Any], money: Sequence[Any]) -> DataError:
    read, accepted, quarantined, control, ignored = rows
    m_read, m_accepted, m_quarantined = money
    return DataError(
        f"{name} 的账不平：读到 {read} 行，接收 {accepted}、隔离 {quarantined}、合计行 {control}、忽略 {ignored}；"
        f"金额读到 {m_read}，接收 {m_accepted}、隔离 {m_quarantined} 万元。"
        "本次未写入任何数据。这是程序的错误，请把该文件交给维护人员。",
        f"{name} does not add up: rows read {read}, accepted {accepted}, quarantined {quarantined}, control "
        f"{control}, ignored {ignored}; money read {m_read}, accepted {m_accepted}, quarantined {m_quarantined} "
        "(10k CNY). Nothing was written. This is a fault of the program: hand the file to the maintainers.",
    )


_FILES = (
    ("district_code", "VARCHAR"),
    ("received_on", "DATE"),
    ("file_name", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("restates_by_key", "BOOLEAN"),
)


def _file_row(e: Entry) -> tuple[Any, ...]:
    return (e.district, e.received_on, e.file_name, e.sha256, bool(e.report and e.report.restates_by_key))


def _log_row(e: Entry, contract: Contract | None) -> tuple[Any, ...]:
    """In the order of the columns of `raw.load_log`."""
    r = e.report
    counts: tuple[Any, ...] = (None,) * 8
    if r is not None and r.status == "landed":
        accepted = (r.money_accepted or Decimal(0)).quantize(MONEY_STEP)
        quarantined = (r.money_quarantined or Decimal(0)).quantize(MONEY_STEP)
        rows = (r.rows_read, r.rows_accepted, r.rows_quarantined, r.rows_control, r.rows_ignored)
        counts = (*rows, accepted + quarantined, accepted, quarantined)
    what = (contract.mode, contract.version) if contract else (None, None)
    found = (r.headers_found, r.unknown_columns) if r else ([], [])
    where = (e.file_name, e.sha256, e.source, e.received_on)
    why = (e.status, e.reason_code, e.reason_zh, e.reason_en)
    return (*where, *what, *why, *found, *counts, e.district, len(r.personal_columns) if r else 0)


def arrow_table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Python rows as an Arrow table with the types of a table of ours."""
    schema = pa.schema([(n, _ARROW[t]) for n, t in columns])
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.table([pa.array(v, t) for v, t in zip(values, schema.types, strict=True)], schema=schema)
