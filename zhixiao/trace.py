"""From a published figure back to the file, the sheet, the row and the cell as the department wrote it.

A row of a fact or dimension names its file, sheet and row. A figure of `mart_funnel` goes to its projects by
`marts.fct_figure_row`, and from each to the row on which its stage rests. Any other mart goes the way that
its columns show: the rows that it lists itself, else the facts of the same project, firm or board.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.contracts import Contract, load_contract, load_contracts
from zhixiao.errors import ConfigError, DataError
from zhixiao.landing.container import open_member
from zhixiao.landing.discover import discover
from zhixiao.landing.grid import read_sheets
from zhixiao.landing.land import plan_sheets
from zhixiao.landing.refusal import Refusal
from zhixiao.landing.report import Drop, FileReport, LandedPaths
from zhixiao.settings import Settings
from zhixiao.trace_marts import LINEAGE, Step, steps_below
from zhixiao.warehouse.db import as_dicts, connect, open_published
from zhixiao.warehouse.schema import landed, quote

ROWS_SHOWN, STEPS_SHOWN = 20, 40
STAGES = ("signed", "filed", "started", "completed", "produced", "on_target")
_STAGE_DATE = re.compile(rf"({'|'.join(STAGES)})_(claimed|evidenced|verified)_on")
_KEY_COLUMN = re.compile(r".*(_id|_no|_code)|uscc|project_id|.*_name")
_HIDDEN = ("PID-", "PER-")


@dataclass(frozen=True)
class Cell:
    """One cell: what landed, and how it stood in the file (None where that cannot be read any more)."""

    column: str
    header: str
    landed: str | None
    original: str | None


@dataclass
class Trace:
    """One row of a published table and the row of the file it comes from.

    `step` says what the row is to the figure where the way leads through other tables.
    """

    table: str
    row: dict[str, Any]
    source: str
    file: str
    file_sha256: str
    sheet: str
    row_number: int
    cells: list[Cell] = field(default_factory=list)
    computed: bool = False
    from_original: bool = False
    step: str = ""
    more: str = ""
    corrections: list[str] = field(default_factory=list)


def trace(settings: Settings, table: str, key: str, column: str) -> list[Trace]:
    """Find the rows of `table` that `key` names and say where `column` comes from.

    `key` is `column=value`, several joined by commas, or a value that any key column may hold. Raises
    ConfigError for a table, key or column that does not exist, DataError when no row matches.
    """
    with open_published(settings) as con, tempfile.TemporaryDirectory(prefix="zhixiao-trace-") as tmp:
        reader = _Original(settings, Path(tmp))
        schema, name, columns = _resolve(con, table)
        stage = _STAGE_DATE.fullmatch(column)
        if name == "fct_project_funnel" and stage:
            return _trace_stage(reader, con, schema, columns, key, *stage.groups())
        if column not in columns:
            raise ConfigError(
                f"{schema}.{name} 没有列 {column}；有：{'、'.join(columns)}。",
                f"{schema}.{name} has no column {column}; it has {', '.join(columns)}.",
            )
        rows = _rows(con, f"{schema}.{quote(name)}", columns, key)
        if set(LINEAGE) <= set(columns) and any(r["file_sha256"] is not None for r in rows):
            return _traces(reader, con, f"{schema}.{name}", rows, column)
        if len(rows) > 1:
            raise ConfigError(
                f"{key} 在 {schema}.{name} 中有 {len(rows)} 行或更多，请用“列=值,列=值”指明一行。",
                f"{key} names {len(rows)} rows or more of {schema}.{name}; name one by column=value,column=value.",
            )
        out = _trace_steps(reader, con, steps_below(con, schema, name, rows[0], column), column)
        out[0].step = f"{schema}.{name}.{column} = {rows[0][column]}\n\n{out[0].step}"
        return out


def _trace_steps(reader: _Original, con: duckdb.DuckDBPyConnection, steps: Sequence[Step], column: str) -> list[Trace]:
    """The rows below a figure, each step with its place in it; the last one shown says how many more there are."""
    out: list[Trace] = []
    for step in steps[:STEPS_SHOWN]:
        for t in _traces(reader, con, step.table, [step.row], step.column or column, step.hints):
            t.step = step.words
            out.append(t)
    if out and len(steps) > STEPS_SHOWN:
        left = len(steps) - STEPS_SHOWN
        out[-1].more = f"另有 {left} 行，见 marts.fct_figure_row / {left} more rows: see marts.fct_figure_row"
    return out


def _trace_stage(
    reader: _Original,
    con: duckdb.DuckDBPyConnection,
    schema: str,
    columns: Sequence[str],
    key: str,
    stage: str,
    reading: str,
) -> list[Trace]:
    """A stage date of a project rests on the events of that stage, each with its own piece of evidence.

    A verified date is the evidenced one, of a project that no finding holds back.
    """
    found = _rows(con, f"{schema}.fct_project_funnel", columns, key)
    if reading == "verified":
        held = [r for r in found if r["is_held_back"]]
        found = [r for r in found if not r["is_held_back"]]
        if held and not found:
            names = "、".join(r["project_id"] for r in held)
            findings = ", ".join(f for r in held for f in r["held_back_by"])
            raise DataError(
                f"{names} 被疑点 {findings} 暂扣，不计入核实数；用 zhixiao explain 查看疑点。",
                f"{names}: held out of the verified figures by {findings}; see zhixiao explain.",
            )
        reading = "evidenced"
    projects = [r["project_id"] for r in found]
    relation = con.execute(
        "SELECT * FROM marts.fct_stage_event WHERE project_id IN (SELECT unnest($1)) AND stage_no = $2 "
        "AND reading = $3 ORDER BY ALL",
        [projects, STAGES.index(stage) + 1, reading],
    )
    rows = as_dicts(relation)
    if not rows:
        raise DataError(
            f"{'、'.join(projects)} 没有“{stage}”的{reading}记录。",
            f"{', '.join(projects)}: no {reading} event of {stage}.",
        )
    return _traces(reader, con, "marts.fct_stage_event", rows, "event_date")


def _traces(
    reader: _Original,
    con: duckdb.DuckDBPyConnection,
    table: str,
    rows: Sequence[dict[str, Any]],
    column: str,
    hints: Sequence[Any] = (),
) -> list[Trace]:
    out = []
    for row in rows[:ROWS_SHOWN]:
        if row["file_sha256"] is None:
            continue
        source, file = _file_of(con, row)
        t = Trace(table, row, source, file, row["file_sha256"], row["sheet"] or "", row["row_number"] or 0)
        _read_cells(reader.settings, t, column, reader, hints)
        t.corrections = _corrections(con, t)
        out.append(t)
    if not out:
        raise DataError("这些行没有来源文件（系统推得）。", "these rows rest on no file: they were derived.")
    return out


def _resolve(con: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str, list[str]]:
    schema, _, name = table.rpartition(".")
    found = con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'p' AND table_name = $1 "
        "AND ($2 = '' OR schema_name = $2) ORDER BY schema_name",
        [name, schema],
    ).fetchall()
    if not found:
        known = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'p' ORDER BY 1"
        ).fetchall()
        names = "、".join(n for (n,) in known)
        raise ConfigError(
            f"已发布的表中没有 {table}；有：{names}。", f"there is no published table {table}; there are {names}."
        )
    schema, name = found[0]
    columns = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = 'p' AND schema_name = $1 AND table_name = $2 "
        "ORDER BY column_index",
        [schema, name],
    ).fetchall()
    return schema, name, [c for (c,) in columns]


def _rows(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], key: str) -> list[dict[str, Any]]:
    """The rows that a key names."""
    values: list[str] = []
    if "=" in key:
        parts = [p.partition("=") for p in key.split(",")]
        unknown = [c.strip() for c, _, _ in parts if c.strip() not in columns]
        if unknown:
            raise ConfigError(
                f"{table} 没有列 {'、'.join(unknown)}；有：{'、'.join(columns)}。",
                f"{table} has no column {', '.join(unknown)}; it has {', '.join(columns)}.",
            )
        where = " AND ".join(f"{quote(c.strip())}::VARCHAR = ?" for c, _, _ in parts)
        values = [v.strip() for _, _, v in parts]
    else:
        keys = [c for c in columns if _KEY_COLUMN.fullmatch(c)] or list(columns)
        where = " OR ".join(f"{quote(c)}::VARCHAR = ?" for c in keys)
        values = [key.strip()] * len(keys)
    rows = as_dicts(con.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY ALL LIMIT {ROWS_SHOWN}", values))
    if not rows:
        raise DataError(f"{table} 中没有 {key} 的行。", f"{table} has no row for {key}.")
    return rows


def _file_of(con: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> tuple[str, str]:
    """(source, source/day/file name) of the file of a row; the received day of the row decides where it has one."""
    found = con.execute(
        "SELECT source, received_on::VARCHAR, file_name FROM quality.load_log "
        "WHERE file_sha256 = $1 AND status = 'loaded' "
        "ORDER BY source IS DISTINCT FROM $2, received_on IS DISTINCT FROM $3, received_on, file_name LIMIT 1",
        [row["file_sha256"], row.get("source"), row.get("received_on")],
    ).fetchone()
    if found is None:
        return str(row.get("source") or "?"), "?"
    return found[0], f"{found[0]}/{found[1]}/{found[2]}"


def _corrections(con: duckdb.DuckDBPyConnection, t: Trace) -> list[str]:
    """What a person corrected in that row, in words; the cells above are as they were delivered."""
    with suppress(duckdb.CatalogException):
        rows = con.execute(
            "SELECT column_name, coalesce(old_value, ''), coalesce(new_value, ''), editor, decided_on, reason "
            "FROM quality.correction WHERE outcome = 'applied' AND len(list_filter(acted_rows, lambda x: "
            "x.file_sha256 = $1 AND coalesce(x.sheet, '') = $2 AND x.row_number = $3)) > 0 "
            "ORDER BY decided_on, decision_file, decision_row",
            [t.file_sha256, t.sheet, t.row_number],
        ).fetchall()
        return [
            f"{c}: {old or '（空 empty）'} -> {new or '（空 empty）'}（{who}，{on}：{why}）"
            for c, old, new, who, on, why in rows
        ]
    return []


def _read_cells(settings: Settings, t: Trace, column: str, reader: _Original, hints: Sequence[Any]) -> None:
    """The cells that a row rests on: the column itself where the source has it; else the key and what equals
    one of the `hints` (the date of a stage, an amount); else all of the row."""
    if t.source not in load_contracts():
        return
    contract = load_contract(t.source)
    paths = LandedPaths.of(settings.landed_dir, t.source, t.file_sha256)
    if not paths.rows.exists() or not t.row_number:
        return
    with connect(settings, None) as con:
        found = as_dicts(
            con.execute(
                f"SELECT * FROM {landed([paths.rows])} WHERE coalesce(sheet, '') = $1 AND row_number = $2",
                [t.sheet, t.row_number],
            )
        )
    report = FileReport.from_json(paths.report.read_text(encoding="utf-8"))
    # A row that was released from quarantine is not among those that landed: its values are those of the fact. Of a
    # cell that still stands in quarantine nothing is read from the file: who knows what it holds.
    if not found and column not in t.row:
        return
    stored = found[0] if found else t.row
    t.computed = column not in contract.by_name
    wanted = [column]
    if t.computed:
        filled = [c.name for c in contract.columns if stored.get(c.name) is not None]
        named = [n for n in filled if _day(stored[n]) in hints]
        wanted = [n for n in filled if n in contract.keys or n in named] if named else filled
    originals = reader.cells(contract, t)
    t.from_original = originals is not None
    for name in wanted:
        value = stored.get(name)
        original = (originals or {}).get(name, stored.get(f"{name}_text"))
        if str(value).startswith(_HIDDEN):
            original = None
        use = report.columns.get(name)
        t.cells.append(Cell(name, use.header if use else "", None if value is None else str(value), original))


def _day(value: Any) -> Any:
    """The day of a timestamp; any other value as it is."""
    return value.date() if isinstance(value, datetime) else value


class _Original:
    """The cells of delivered files, read again from raw/ with the header that landing finds."""

    def __init__(self, settings: Settings, work: Path) -> None:
        self.settings = settings
        self.work = work
        self._drops: dict[tuple[str, str], Drop] | None = None

    def cells(self, contract: Contract, t: Trace) -> dict[str, str | None] | None:
        """Column name -> text of the cell; None when the file is gone or cannot be read."""
        if self._drops is None:
            self._drops = {(d.source, d.sha256): d for d in discover(self.settings).drops}
        drop = self._drops.get((t.source, t.file_sha256))
        if drop is None:
            return None
        with suppress(Refusal, duckdb.Error, OSError), connect(self.settings, None) as con:
            work = Path(tempfile.mkdtemp(dir=self.work))
            plans, _, _ = plan_sheets(contract, read_sheets(con, open_member(Path(drop.path), drop.member, work), work))
            for plan in plans:
                if plan.sheet.name == t.sheet:
                    found = plan.header.found
                    columns = ", ".join(f"c{f.index}" for f in found.values())
                    row = con.execute(
                        f"SELECT {columns} FROM {plan.sheet.relation} WHERE row_number = $1", [t.row_number]
                    ).fetchone()
                    return dict(zip(found, row, strict=True)) if row else None
        return None


def trace_cells(settings: Settings, con: duckdb.DuckDBPyConnection, evidence: Sequence[dict[str, Any]]) -> list[str]:
    """Lines for a person on the cells of a finding: each file, sheet and row, and the cells as they were written.

    `con` has the published release as its catalog. A value that the source has no column for is one that was
    worked out from the row.
    """
    rows: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for e in evidence:
        rows.setdefault((e["file_sha256"], e["sheet"] or "", e["row_number"]), []).append(e)
    out = []
    with tempfile.TemporaryDirectory(prefix="zhixiao-explain-") as tmp:
        reader = _Original(settings, Path(tmp))
        for (_, sheet, number), cells in list(rows.items())[:STEPS_SHOWN]:
            traces = [_traces(reader, con, "checks.fct_check_result", [e], e["column_name"])[0] for e in cells]
            where = f"工作表 {sheet}，" if sheet else ""
            out.append(f"  raw/{traces[0].file}，{where}第 {number} 行 (row {number})")
            for e, t in zip(cells, traces, strict=True):
                found = None if t.computed else next(iter(t.cells), None)
                value = f"{e['column_name']} = {e['value']}"
                if found is None or found.original is None:
                    out.append(f"    {value}")
                else:
                    out.append(f"    {found.header or found.column}: “{found.original}” -> {value}")
            out += sorted({f"    更正 corrected {words}" for t in traces for words in t.corrections})
    if len(rows) > STEPS_SHOWN:
        left = len(rows) - STEPS_SHOWN
        out.append(f"  另有 {left} 行，见 evidence 列 / {left} more rows: see the column evidence")
    return out


def describe_trace(t: Trace, column: str) -> str:
    """One trace as lines for a person."""
    value = t.row.get(column)
    where = f"工作表 {t.sheet}，" if t.sheet else ""
    lines = [
        t.step or f"{t.table}.{column} = {value}",
        f"  来自 from: raw/{t.file}" + (f"，{where}第 {t.row_number} 行 (row {t.row_number})" if t.row_number else ""),
        f"  文件散列 sha256: {t.file_sha256}",
    ]
    if t.computed:
        lines.append(f"  {column} 由下列单元格算出 / is computed; the row it rests on reads:")
    for c in t.cells:
        original = "（原文不显示 not shown）" if c.original is None else f"“{c.original}”"
        lines.append(f"  {c.header or c.column}: {original} -> {c.column} = {c.landed}")
    if not t.row_number:
        return "\n".join([*lines[:3], *([f"\n{t.more}"] if t.more else [])])
    lines += [f"  更正 corrected {words}" for words in t.corrections]
    if not t.from_original:
        lines.append(
            "  原文件已读不到，以上为落地时保存的内容 / the file cannot be read any more; this is what was landed"
        )
    if t.more:
        lines.append(f"\n{t.more}")
    return "\n".join(lines)
