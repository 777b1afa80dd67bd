"""Land one file: recognise its header, type its columns, split its rows, and write what came of it.

No database is touched. A file goes through four layers of SQL, each once (`macros.sql`, `cells.py`), into one
temporary table, and from there into the accepted rows, the rejects and the control totals. What is written:
`report.LandedPaths`.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from zhixiao import faults
from zhixiao.contracts import Contract, load_contract
from zhixiao.identifiers import code_marks
from zhixiao.landing import reasons
from zhixiao.landing.cells import Cell, FileContext, cell_sql, quote
from zhixiao.landing.container import open_member
from zhixiao.landing.grid import Sheet, read_sheets
from zhixiao.landing.header import FoundColumn, Header, find_header, take_apart, tidy, without_persons
from zhixiao.landing.refusal import Refusal
from zhixiao.landing.report import ColumnUse, Drop, FileReport, LandedPaths
from zhixiao.landing.units import Unit, factor, find_unit
from zhixiao.settings import Settings

BLANKS = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _macros() -> str:
    """The macros, with the blanks that cannot be written in a SQL file put in."""
    wide = [b for b in BLANKS if ord(b) > 127]
    return (
        Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")
        .replace("{{blanks}}", BLANKS)
        .replace("{{tab}}", "\t")
        .replace("{{starts_blank}}", " or ".join(f"starts_with(s, '{b}')" for b in wide))
        .replace("{{ends_blank}}", " or ".join(f"ends_with(s, '{b}')" for b in BLANKS))
    )  # fmt: skip


MACROS = _macros()

# From this size on (bytes, unpacked), one pass with every reading prepared is cheaper than a probe of the file.
LARGE_FILE = 16 << 20

# From this many columns on, SQL with an expression a column costs more to prepare than to run.
WIDE_SHEET = 60

# Share of an unknown column's values that look like phones or identity numbers from which it is personal.
PERSONAL_SHARE = 0.2

NOTE_WORDS = (
    "注|备注|说明|附注|附|填表说明|填报说明|制表|制单|审核|复核|填报|填表|单位负责|统计负责|负责人|单位领导|分管领导|数据来源"
    "|资料来源|报送|经办|联系|打印|导出|截至|截止|\\*|※|★|①"
)
NOTE_START = f"^({NOTE_WORDS})"
# `制表人：张三`, `审核：李四` and `日期：…` side by side, each in a cell of its own (joined by \x01).
NOTES_ONLY = f"^({NOTE_WORDS})[^\\x01]*(\\x01({NOTE_WORDS}|日期|时间|电话)[^\\x01]*)*$"
CONTROL = (
    "^(合计|小计|总计|共计|累计|全区|全市|其中)([:：(（].*|合计|小计|总计|数)?$|^其中.{0,15}$"
    "|^.{0,12}(合计|小计|总计)([:：(（].*)?$"
)
LABEL_COLUMNS = ("project_name", "company_name", "reporting_unit", "tax_item", "collecting_office", "stat_period")


@dataclass(frozen=True)
class SheetPlan:
    """A sheet that lands: where its header is, and what each contract column is made of."""

    sheet: Sheet
    header: Header
    units: dict[str, Unit | None]


def land_drop(settings: Settings, drop: Drop) -> FileReport:
    """Land one drop, or give the report that stands when its content was landed under this contract before."""
    contract = load_contract(drop.source)
    paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
    stored = stored_report(paths, contract)
    if stored is not None:
        return stored
    return land_file(settings, contract, Path(drop.path), drop.member, drop.sha256, paths)


def stored_report(paths: LandedPaths, contract: Contract) -> FileReport | None:
    """The report that landing left, unless the contract has changed since or the report is unreadable."""
    try:
        report = FileReport.from_json(paths.report.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return report if report.contract_version == contract.version else None


def land_file(
    settings: Settings, contract: Contract, path: Path, member: str | None, sha256: str, paths: LandedPaths
) -> FileReport:
    """Land `path` (or its zip `member`) into `paths`. Refusals are reports, not exceptions."""
    paths.report.parent.mkdir(parents=True, exist_ok=True)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    blank = FileReport(contract.source, sha256, contract.version, "refused")
    with _workdir(settings) as work, _connection(settings, work) as con:
        try:
            payload = open_member(path, member, work)
            is_large = payload.path.stat().st_size >= LARGE_FILE
            sheets = read_sheets(con, payload, work)
            report = _land_sheets(con, contract, sheets, blank, paths, is_large)
        except Refusal as r:
            raise_machine_fault(r)
            report = replace(blank, reason_code=r.reason_code, reason_zh=r.zh, reason_en=r.en)
            if isinstance(r, _HeaderRefusal):
                report.headers_found, report.ignored_sheets = r.headers_found, r.sheets
        except duckdb.Error as e:
            raise_machine_fault(e)
            # A file that our reading breaks on is refused, with the engine's words for the engineer.
            report = replace(
                blank,
                reason_code="unreadable",
                reason_zh=f"文件读不下去：{_first_line(e)}。请另存为新的文件后重报。",
                reason_en=f"the file cannot be read to its end: {_first_line(e)}. Save it anew and send it again.",
            )
        faults.point("land_before_report")
        _write_report(paths, report)
    return report


def held_rows(
    settings: Settings, contract: Contract, path: Path, member: str | None, wanted: AbstractSet[tuple[str, int]]
) -> dict[tuple[str, int], dict[str, Any]]:
    """Rows in quarantine, by sheet and row number, as they would land if their cells were accepted as they stand.

    Persons are hidden as in landing. Raises a Refusal when the file cannot be read any more.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    with _workdir(settings) as work, _connection(settings, work) as con:
        payload = open_member(path, member, work)
        is_large = payload.path.stat().st_size >= LARGE_FILE
        plans, _, _ = plan_sheets(contract, read_sheets(con, payload, work))
        for i, plan in enumerate(plans):
            table = _SheetSql(con, contract, plan, f"t{i}")
            table.build(is_large)
            result = con.execute(table.accepted_sql("is not null"))
            names = [d[0] for d in result.description or []]
            for values in result.fetchall():
                row = dict(zip(names, values, strict=True))
                if (row["sheet"], row["row_number"]) in wanted:
                    found[row["sheet"], row["row_number"]] = row
    return found


class _HeaderRefusal(Refusal):
    headers_found: list[str]
    sheets: list[str]


def _refuse(code: str, words: tuple[str, str], headers: list[str], sheets: list[str]) -> _HeaderRefusal:
    r = _HeaderRefusal(code, *words)  # type: ignore[arg-type]
    r.headers_found, r.sheets = headers, sheets
    return r


# What the machine lacks. A gzip or zip that is damaged is an OSError as well, without any of these numbers.
_MACHINE = (
    errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOMEM,
    errno.EMFILE, errno.ENFILE, errno.ESTALE,
)  # fmt: skip
_MACHINE_WORDS = re.compile("|".join(re.escape(os.strerror(n)) for n in _MACHINE), re.IGNORECASE)


def raise_machine_fault(e: BaseException) -> None:
    """Raise what lies behind an error, when it is a full disk, a folder without rights or a lack of memory: the
    department's file is not to blame then, and a refusal would stand after the machine has been mended."""
    cause: BaseException | None = e
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _MACHINE:
            raise cause
        if isinstance(cause, MemoryError):
            raise cause
        if isinstance(cause, duckdb.OutOfMemoryException):
            raise MemoryError(str(cause)) from e
        if isinstance(cause, duckdb.IOException) and _MACHINE_WORDS.search(str(cause)):
            raise OSError(str(cause)) from e
        cause = cause.__cause__ or cause.__context__


def _first_line(e: BaseException) -> str:
    return str(e).strip().splitlines()[0][:200]


@contextmanager
def _workdir(settings: Settings) -> Iterator[Path]:
    base = settings.state_dir / "tmp"
    base.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="land-", dir=base))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _connection(settings: Settings, work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(
        config={
            "memory_limit": settings.memory_limit,
            "temp_directory": str(work),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    try:
        con.execute("set timezone = 'Asia/Shanghai'; set enable_progress_bar = false")
        con.execute("set variable pii_key = ?", [settings.pii_key])
        con.execute(MACROS)
        yield con
    finally:
        con.close()


def _write_report(paths: LandedPaths, report: FileReport) -> None:
    tmp = paths.report.with_name(f"{paths.report.name}.{os.getpid()}.tmp")
    tmp.write_text(report.to_json(), encoding="utf-8")
    tmp.replace(paths.report)


def plan_sheets(contract: Contract, sheets: list[Sheet]) -> tuple[list[SheetPlan], list[str], list[str]]:
    """Choose the sheets that land. Returns (plans, ignored sheet names, warnings).

    Raises a Refusal when none does: header_not_found, column_missing or unit_unknown, with what was found.
    """
    plans: list[SheetPlan] = []
    ignored: list[str] = []
    partial: list[tuple[Sheet, Header]] = []
    for sheet in sheets:
        header = find_header(sheet.head, sheet.merges, contract)
        if header is None:
            ignored.append(sheet.name)
        elif header.missing or not _enough(contract, header):
            partial.append((sheet, header))
        else:
            plans.append(SheetPlan(sheet, header, _units(contract, header)))
    names = [s.name for s in sheets]
    if not plans and partial:
        _, best = max(partial, key=lambda p: len(p[1].found))
        if len(best.found) >= 3 or len(best.missing) <= len(best.found):
            words = reasons.column_missing([c.label_zh for c in best.missing])
            raise _refuse("column_missing", words, list(best.headers_found), names)
    if not plans:
        found = [without_persons(t) for s in sheets for row in s.head[:1] for t in row if t][:50]
        raise _refuse("header_not_found", reasons.header_not_found(names), found, names)
    for plan in plans:
        unitless = [
            f.header for n, f in plan.header.found.items()
            if f.column.unit == "(banner)" and plan.units[n] is None
        ]  # fmt: skip
        if unitless:
            headers = list(plan.header.headers_found)
            raise _refuse("unit_unknown", reasons.unit_unknown(unitless), headers, names)
    warnings = [w for s in sheets for w in s.warnings]
    warnings += [f"工作表“{s.name}”缺少 / sheet lacks: {'、'.join(c.label_zh for c in h.missing)}" for s, h in partial]
    return plans, ignored + [s.name for s, _ in partial], warnings


def _enough(contract: Contract, header: Header) -> bool:
    required = sum(c.required_in_file for c in contract.file_columns)
    return required > 0 or len(header.found) >= 3


def _units(contract: Contract, header: Header) -> dict[str, Unit | None]:
    """The unit of every numeric column: header text, else banner, else the contract's default."""
    out: dict[str, Unit | None] = {}
    for name, found in header.found.items():
        column = found.column
        if not column.is_numeric:
            continue
        unit = found.unit
        if unit is None and column.value_type in ("money", "area", "energy", "money_fx", "intensity"):
            unit = header.banner.units.get(column.value_type if column.value_type != "money" else "money")
        if unit is None and not column.unit.startswith("("):
            unit = find_unit(column.unit)
        out[name] = unit
    return out


def _land_sheets(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    sheets: list[Sheet],
    blank: FileReport,
    paths: LandedPaths,
    is_large: bool,
) -> FileReport:
    plans, ignored, warnings = plan_sheets(contract, sheets)
    report = replace(
        blank,
        status="landed",
        sheets=[p.sheet.name for p in plans],
        ignored_sheets=ignored,
        warnings=warnings,
        headers_found=[h for p in plans for h in p.header.headers_found],
        unknown_columns=[],
        personal_columns=[h for p in plans for h in p.header.personal.values()],
        columns={},
        scopes=[],
    )
    tables = []
    for i, plan in enumerate(plans):
        table = _SheetSql(con, contract, plan, f"t{i}")
        table.build(is_large)
        report.unknown_columns += [n for n in table.unknown.values() if n not in report.unknown_columns]
        report.personal_columns += table.dropped
        report.columns |= table.column_uses()
        tables.append(table)
    _count(con, tables, report)
    _write(con, contract, tables, report, paths)
    return report


def _count(con: duckdb.DuckDBPyConnection, tables: list[_SheetSql], report: FileReport) -> None:
    """Count rows and money. Blank rows between the others are not in the relation, but they are rows read."""
    parts = " union all ".join(
        f"select {t.plan.header.bottom} as bottom, max(row_number) filter (class <> 'blank') as last,"
        " count(*) filter (class = 'data' and bad is null) as accepted,"
        " count(*) filter (class = 'data' and bad is not null) as quarantined,"
        " count(*) filter (class = 'control') as control,"
        " coalesce(sum(money) filter (class = 'data' and bad is null), 0) as money_accepted,"
        " coalesce(sum(money) filter (class = 'data' and bad is not null), 0) as money_quarantined,"
        f" coalesce(sum(money) filter (class = 'data'), 0) as money_read from {t.table}"
        for t in tables
    )
    counts = con.execute(
        "select sum(coalesce(last, bottom) - bottom)::bigint, sum(accepted)::bigint, sum(quarantined)::bigint,"
        f" sum(control)::bigint, sum(money_read), sum(money_accepted), sum(money_quarantined) from ({parts})"
    ).fetchone()
    assert counts is not None
    report.rows_read, report.rows_accepted, report.rows_quarantined, report.rows_control = counts[:4]
    report.rows_ignored = counts[0] - counts[1] - counts[2] - counts[3]
    report.money_read, report.money_accepted, report.money_quarantined = (Decimal(m) for m in counts[4:])


def _write(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    tables: list[_SheetSql],
    report: FileReport,
    paths: LandedPaths,
) -> None:
    sha = quote(report.file_sha256)
    rows = " union all by name ".join(t.accepted_sql() for t in tables)
    _copy(con, f"select *, {sha} as file_sha256 from ({rows})", paths.rows)
    rejects = " union all ".join(t.rejects_sql() for t in tables)
    _copy(con, f"select * from ({rejects}) order by sheet, row_number, place", paths.rejects, "place")
    _copy(con, " union all ".join(t.controls_sql() for t in tables), paths.controls)
    report.scopes = sorted({s for t in tables for s in t.scopes()})
    report.restates_by_key = contract.source != "tax" and all(t.restates_by_key() for t in tables)


def _copy(con: duckdb.DuckDBPyConnection, sql: str, target: Path, exclude: str = "") -> None:
    tmp = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    chosen = f"select * exclude ({exclude}) from ({sql})" if exclude else sql
    con.execute(f"copy ({chosen}) to {quote(str(tmp))} (format parquet, compression zstd, compression_level 1)")
    tmp.replace(target)


class _SheetSql:
    """The SQL of one sheet: four layers into one temporary table, then the three outputs from it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, contract: Contract, plan: SheetPlan, table: str) -> None:
        self.con = con
        self.contract = contract
        self.plan = plan
        self.table = table
        self.unknown = dict(plan.header.unknown)
        self.dropped: list[str] = []
        self.cells: dict[str, Cell] = {}
        self.has_controls = self.has_notes = True
        self.codes: dict[str, str] = {}

    # -- the layers -------------------------------------------------------------------------------------

    def build(self, is_large: bool) -> None:
        """Type the sheet into `self.table`, then look at unknown columns and at codes."""
        source = f"{self._filled_relation()} where row_number > {self.plan.header.bottom}"
        self._keep_nameless(source)
        if is_large:
            self._choose_readings(set(self.plan.header.found))
        else:
            self._choose_readings(set())
            self._choose_readings(self._probe(source))
        self.con.execute(f"create temp table {self.table} as {self._typed_sql(source)}")
        self._drop_personal()
        self._mark_codes()

    def _keep_nameless(self, source: str) -> None:
        """Cells that stand under no header are an unknown column like any other, where there are any."""
        nameless = self.plan.header.nameless
        if not nameless:
            return
        counts = ", ".join(f"count(nullif(zx_trim(c{i}), ''))" for i in nameless)
        row = self.con.execute(f"select {counts} from {source}").fetchone()
        assert row is not None
        self.unknown |= {i: f"第{i}列（无表头）" for i, n in zip(nameless, row, strict=True) if n}

    def _choose_readings(self, thorough: set[str]) -> None:
        found = self.plan.header.found
        base = "date '1904-01-01'" if self.plan.sheet.date1904 else "date '1899-12-30'"
        # A name is hashed by what its credit code turned out to be: both are read thoroughly or neither.
        thorough |= {f.column.party for n, f in found.items() if n in thorough and f.column.party in found}
        self.cells = {
            name: cell_sql(
                f.column,
                FileContext(self.plan.units.get(name), base, f.column.party in found),
                name in thorough,
            )
            for name, f in found.items()
        }

    def _probe(self, source: str) -> set[str]:
        """The columns of this file that the plain reading does not settle; also whether it has totals and notes."""
        probes = [f"coalesce(bool_or({c.probe}), false) as {n}" for n, c in self.cells.items()]
        looks = " or ".join(f"coalesce({_looks_like_control(x)}, false)" for x in self._label_texts())
        row = self.con.execute(
            f"select {', '.join(probes)}, coalesce(bool_or({looks}), false),"
            f" coalesce(bool_or(({self._lonely()}) or {_looks_like_note('first_text')}), false)"
            f" from ({self._read_sql(source)})"
        ).fetchone()
        assert row is not None
        *needed, self.has_controls, self.has_notes = row
        return {name for name, yes in zip(self.cells, needed, strict=True) if yes}

    def _read_sql(self, source: str) -> str:
        """The rows with trimmed cells (r), texts (t) and plain readings (f)."""
        found = self.plan.header.found
        n = self.plan.sheet.n_columns
        # In a very wide sheet the quick trim costs more to prepare than it saves.
        trim = "zx_trim(c{i})" if n <= WIDE_SHEET else f"trim(c{{i}}, {quote(BLANKS)})"
        trimmed = f"select *, {', '.join(f'{trim.format(i=i)} as r{i}' for i in range(1, n + 1))} from {source}"
        first = ", ".join(f"nullif(r{i}, '')" for i in range(1, n + 1))
        trimmed = f"select *, coalesce({first}) as first_text from ({trimmed})"
        texts = ", ".join(f"zx_null(r{f.index}) as t_{n}" for n, f in found.items())
        plain = ", ".join(f"{c.plain} as f_{n}" for n, c in self.cells.items())
        return f"select *, {plain} from (select *, {texts} from ({trimmed}))"

    def _filled_relation(self) -> str:
        """The sheet with every vertical merge below the header filled down, inside the merge only."""
        sheet, bottom = self.plan.sheet, self.plan.header.bottom
        spans = {(c, r1, r2) for r1, c, r2, _ in sheet.merges if r2 > r1 > bottom and c <= sheet.n_columns}
        if not spans:
            return sheet.relation
        filled = f"filled_{self.table}"
        columns = zip(("c", "r1", "r2"), zip(*sorted(spans), strict=True), strict=True)
        self.con.register(f"{filled}_spans", pa.table({name: pa.array(v, pa.int64()) for name, v in columns}))
        self.con.execute(f"create temp table {filled} as select * from {sheet.relation}")
        for c in sorted({c for c, _, _ in spans}):
            self.con.execute(
                f"update {filled} set c{c} = top.c{c} from {filled}_spans s join {sheet.relation} top"
                f" on top.row_number = s.r1 where s.c = {c} and {filled}.c{c} is null"
                f" and {filled}.row_number > s.r1 and {filled}.row_number <= s.r2"
            )
        return filled

    def _typed_sql(self, source: str) -> str:
        found = self.plan.header.found
        thorough = [f"{c.thorough} as s_{n}" for n, c in self.cells.items() if c.thorough]
        values = [f"{c.value} as n_{n}" for n, c in self.cells.items()]
        errors = [f"{c.error} as e_{n}" for n, c in self.cells.items() if c.error]
        marks = [f"{c.mark} as m_{n}" for n, c in self.cells.items() if c.mark]
        layer = self._read_sql(source)
        for columns in (thorough, values, [*errors, *marks, f"{self._class_sql()} as class"]):
            layer = f"select *, {', '.join(columns)} from ({layer})" if columns else layer
        out = ["row_number", "class"]
        derived = {} if self.contract.source != "tax" else {"stat_period": self._tax_period()}
        if "stat_period" in self.contract.by_name and "stat_period" not in found and not derived:
            derived["stat_period"] = self._banner_period()
        for column in self.contract.columns:
            name = column.name
            if name in self.cells:
                cell = self.cells[name]
                out.append(f"cast({cell.final or f'n_{name}'} as {column.sql_type}) as {name}")
                if column.value_type == "date":
                    out.append(f"{cell.precision} as {name}_precision")
                if column.is_numeric:
                    out += [f"t_{name} as {name}_text", f"{cell.unit} as {name}_unit"]
            else:
                out.append(f"cast({derived.get(name, 'null')} as {column.sql_type}) as {name}")
                if column.value_type == "date":
                    out.append(f"cast(null as varchar) as {name}_precision")
                if column.is_numeric:
                    out += [f"cast(null as varchar) as {name}_text", f"cast(null as varchar) as {name}_unit"]
        out.append(f"{self._list_sql('m', lambda n: quote(n + ':') + f' || m_{n}', 'varchar[]')} as marks")
        bad = self._list_sql(
            "e",
            lambda n: f"{{'place': {found[n].index}, 'name': {quote(n)}, 'code': e_{n}, 'text': c{found[n].index}}}",
            "struct(place integer, name varchar, code varchar, text varchar)[]",
        )
        out.append(f"case when class = 'data' then {bad} end as bad")
        money = " + ".join(self._money(n) for n in self.contract.money_columns if n in self.cells)
        out.append(f"cast({money or '0'} as decimal(38,6)) as money")
        out += [f"nullif(r{i}, '') as u_{i}" for i in self.unknown]
        out.append(f"case when class = 'control' then {self._control_label()} end as label")
        return f"select {', '.join(out)} from ({layer})"

    def _list_sql(self, prefix: str, item: object, sql_type: str) -> str:
        """A list of what is not null among e_* or m_*, null where nothing is."""
        chosen = [n for n, c in self.cells.items() if (c.error if prefix == "e" else c.mark)]
        if not chosen:
            return f"cast(null as {sql_type})"
        items = ", ".join(f"case when {prefix}_{n} is not null then {item(n)} end" for n in chosen)  # type: ignore[operator]
        any_ = f"coalesce({', '.join(f'{prefix}_{n}' for n in chosen)}) is not null"
        return f"case when {any_} then list_filter([{items}], lambda x: x is not null)::{sql_type} end"

    def _money(self, name: str) -> str:
        """What a cell adds to the row's money: a figure whose unit nobody knows is no money (sources.md 5)."""
        if "'unit_unknown'" in (self.cells[name].error or ""):
            return f"case when e_{name} = 'unit_unknown' then 0 else coalesce(n_{name}, 0) end"
        return f"coalesce(n_{name}, 0)"

    def _tax_period(self) -> str:
        """The banner's 报表期, else the month of the treasury date (`sources.md`, tax)."""
        banner = self._banner_period()
        return banner if banner != "null" else "last_day(n_tax_treasury_date)"

    def _banner_period(self) -> str:
        period = self.plan.header.banner.period
        if period is None:
            return "null"
        row = self.con.execute(
            "select zx_period_of(zx_date_text(x), date '1899-12-30') from (select cast(? as varchar) as x)", [period]
        ).fetchone()
        return f"date '{row[0]}'" if row and row[0] is not None else "null"

    # -- rows that are no data ----------------------------------------------------------------------------

    def _label_texts(self) -> list[str]:
        """The cells in which a total names itself: the first one, the keys, the names."""
        names = [n for n in self.plan.header.found if n in self.contract.keys or n in LABEL_COLUMNS]
        return ["first_text", *(f"t_{n}" for n in names)]

    def _control_label(self) -> str:
        if not self.has_controls:
            return "cast(null as varchar)"
        found = [f"case when {_is_control(x)} then {x} end" for x in self._label_texts()]
        return f"coalesce({', '.join(found)})"

    def _lonely(self) -> str:
        """Rows in which no key and no required column says anything beside the row's first text."""
        found = self.plan.header.found.values()
        needed = [f for f in found if f.column.required_in_file or f.column.is_key]
        others = [f"(t_{f.column.name} is null or r{f.index} = first_text)" for f in needed]
        return " and ".join(others) or "true"

    def _class_sql(self) -> str:
        n = self.plan.sheet.n_columns
        whens = ["when first_text is null then 'blank'"]
        if self.has_controls:
            whens.append(f"when {self._control_label()} is not null then 'control'")
        if self.has_notes:
            alone = "false"
            if n >= 4:
                flags = [f"(coalesce(r{i}, '') <> '')::integer" for i in range(1, n + 1)]
                filled = " + ".join(flags) if n <= WIDE_SHEET else f"list_sum([{', '.join(flags)}])"
                alone = (
                    f"({filled}) = 1 and length(first_text) > 4"
                    " and regexp_matches(first_text, '[\\x{4e00}-\\x{9fff}]')"
                )
            is_note = f"regexp_matches(first_text, {quote(NOTE_START)}) or ({alone})"
            cells = ", ".join(f"nullif(r{i}, '')" for i in range(1, n + 1))
            only = (
                f"{_looks_like_note('first_text')} and regexp_matches(concat_ws(chr(1), {cells}), {quote(NOTES_ONLY)})"
            )
            whens.append(f"when ({self._lonely()}) and ({is_note}) or {only} then 'note'")
        repeated = [self._repeats(r) for r in self.plan.header.repeats if sum(bool(x and x.strip()) for x in r) >= 2]
        if repeated:
            whens.append(f"when {' or '.join(repeated)} then 'header'")
        return f"case {' '.join(whens)} else 'data' end"

    def _repeats(self, header_row: tuple[str | None, ...]) -> str:
        """Whether a row says again what a header row says: its first two labels, and most of the others."""
        texts = [(i, t) for i, t in enumerate(header_row, start=1) if t and t.strip()][:12]
        same = [f"coalesce(r{i} = {quote(t.strip())}, false)" for i, t in texts]
        most = " + ".join(f"{s}::integer" for s in same)
        return f"({same[0]} and {same[1]} and ({most}) * 10 >= {len(same) * 6})"

    # -- a second look ------------------------------------------------------------------------------------

    def _drop_personal(self) -> None:
        """Unknown columns whose values look like phones or identity numbers are dropped at the door."""
        if not self.unknown:
            return
        looks = ", ".join(f"coalesce(bool_or(zx_may_hold_person(u_{i})), false)" for i in self.unknown)
        suspects = self.con.execute(f"select {looks} from {self.table} where class = 'data'").fetchone()
        assert suspects is not None
        for i, name in [x for x, yes in zip(list(self.unknown.items()), suspects, strict=True) if yes]:
            row = self.con.execute(
                f"select count(u_{i}) filter (class = 'data'), count(*) filter (class = 'data' and"
                f" zx_is_person(u_{i})) from {self.table}"
            ).fetchone()
            assert row is not None
            if row[1] and row[1] >= PERSONAL_SHARE * row[0]:
                del self.unknown[i]
                self.dropped.append(name)

    def _mark_codes(self) -> None:
        """Check digits and shapes, once for every distinct code: readable but doubtful codes land, marked."""
        for name in self.cells:
            kind = self.contract.by_name[name].identifier
            if kind in ("credit_code", "taxpayer_id"):
                self.con.execute(
                    f"create temp table {self.table}_{name} as select code, 'check_digit' as mark from ("
                    f"select distinct {name} as code from {self.table} where length({name}) = 18"
                    f" and regexp_full_match({name}, '[0-9ABCDEFGHJKLMNPQRTUWXY]{{18}}')) where not zx_uscc_ok(code)"
                )
            elif kind:
                codes = [r[0] for r in self.con.execute(
                    f"select distinct {name} from {self.table} where {name} is not null and class = 'data'"
                ).fetchall()]  # fmt: skip
                marks = code_marks(kind, codes)
                if not marks:
                    continue
                found = {"code": pa.array(marks.keys(), pa.string()), "mark": pa.array(marks.values(), pa.string())}
                self.con.register(f"{self.table}_{name}", pa.table(found))
            else:
                continue
            some = self.con.execute(f"select 1 from {self.table}_{name} limit 1").fetchone()
            if some:
                self.codes[name] = f"{self.table}_{name}"

    # -- what comes out -----------------------------------------------------------------------------------

    def column_uses(self) -> dict[str, ColumnUse]:
        """Header, unit and factor of every column that was found."""
        out = {}
        for name, f in self.plan.header.found.items():
            unit = self.plan.units.get(name)
            k = str(factor(unit, f.column.canonical_unit)) if unit else ""
            out[name] = ColumnUse(f.header, unit.name if unit else "", k)
        return out

    def _columns(self) -> list[str]:
        out = []
        for column in self.contract.columns:
            out.append(column.name)
            if column.value_type == "date":
                out.append(f"{column.name}_precision")
            if column.is_numeric:
                out += [f"{column.name}_text", f"{column.name}_unit"]
        return out

    def accepted_sql(self, bad: str = "is null") -> str:
        """The rows as they land; with `is not null`, those in quarantine, typed as far as they can be."""
        marks, joins = "marks", ""
        for k, (name, table) in enumerate(self.codes.items()):
            marks = (
                f"case when j{k}.code is not null then list_concat({marks}, [{quote(name + ':')} || j{k}.mark])"
                f" else {marks} end"
            )
            joins += f" left join {table} j{k} on j{k}.code = t.{name}"
        columns = ", ".join(f"t.{c}" for c in self._columns())
        return (
            f"select {columns}, {marks} as marks, {self._extra_sql()} as extra, {quote(self.plan.sheet.name)} as sheet,"
            f" t.row_number from {self.table} t{joins} where t.class = 'data' and t.bad {bad}"
        )

    def _extra_sql(self) -> str:
        """Unknown columns as one JSON text, only where a row has any of them."""
        if not self.unknown:
            return "cast(null as varchar)"
        any_ = f"coalesce({', '.join(f't.u_{i}' for i in self.unknown)}) is not null"
        mask = "{}" if len(self.unknown) > WIDE_SHEET else "zx_mask({})"
        pairs = ", ".join(f"{quote(name)}, {mask.format(f't.u_{i}')}" for i, name in self.unknown.items())
        text = f"cast(json_object({pairs}) as varchar)"
        return f"case when {any_} then {text if mask != '{}' else f'zx_mask({text})'} end"

    def _key_sql(self) -> str:
        if not self.contract.keys:
            return "cast(null as varchar)"
        parts = [f"coalesce(cast({k} as varchar), '')" for k in self.contract.keys]
        failed = f"len(list_filter(bad, lambda b: b.name in ({', '.join(quote(k) for k in self.contract.keys)}))) > 0"
        return f"case when not ({failed}) then array_to_string([{', '.join(parts)}], '|') end"

    def _scope_sql(self) -> str:
        columns = self.contract.scope_columns
        if not columns:
            return "'*'" if self.contract.mode == "register" else "cast(null as varchar)"
        first = self.contract.by_name[columns[0]]
        text = f"strftime({first.name}, '%Y-%m')" if first.value_type == "period" else f"cast({first.name} as varchar)"
        rest = "".join(f" || '|' || coalesce({c}, '')" for c in columns[1:])
        return f"{text}{rest}"

    def rejects_sql(self) -> str:
        labels = {n: f.column.label_zh for n, f in self.plan.header.found.items()}
        zh = " ".join(f"when {quote(c)} then {quote(z)}" for c, (z, _) in reasons.CELL_REASONS.items())
        en = " ".join(f"when {quote(c)} then {quote(e)}" for c, (_, e) in reasons.CELL_REASONS.items())
        label = " ".join(f"when {quote(n)} then {quote(x)}" for n, x in labels.items())
        failing = (
            f"select row_number, money, {self._key_sql()} as row_key, {self._scope_sql()} as scope, unnest(bad) as b"
            f" from {self.table} where class = 'data' and bad is not null"
        )
        return (
            f"select {quote(self.plan.sheet.name)} as sheet, row_number, b.name as column_name,"
            " zx_mask(substring(b.text, 1, 500)) as cell_text, b.code as reason_code,"
            f" replace(case b.code {zh} end, '{{label}}', case b.name {label} end) as reason_zh,"
            f" replace(case b.code {en} end, '{{label}}', case b.name {label} end) as reason_en,"
            f" row_key, scope, money, b.place as place from ({failing})"
        )

    def controls_sql(self) -> str:
        numeric = [n for n, f in self.plan.header.found.items() if f.column.is_numeric]
        pairs = ", ".join(f"{quote(n)}, cast(t.{n} as varchar)" for n in numeric)
        values = f"cast(json_object({pairs}) as varchar)" if numeric else "'{}'"
        return (
            f"select {quote(self.plan.sheet.name)} as sheet, t.row_number, zx_mask(t.label) as label,"
            f" {values} as \"values\" from {self.table} t where t.class = 'control'"
        )

    def scopes(self) -> list[str]:
        """What this sheet states: periods (and offices), years, or the whole register."""
        if not self.contract.scope_columns:
            return ["*"] if self.contract.mode == "register" else []
        rows = self.con.execute(
            f"select distinct {self._scope_sql()} as scope from {self.table} where class = 'data' and bad is null"
        ).fetchall()
        return [r[0] for r in rows if r[0] is not None]

    def restates_by_key(self) -> bool:
        """Whether every row is a correction: then the file speaks of its keys only, not of whole periods."""
        if "submission_kind" not in self.cells or self.contract.mode != "period":
            return False
        row = self.con.execute(
            "select count(*), count(*) filter (submission_kind in ('更正', '补报', '变更', '撤销'))"
            f" from {self.table} where class = 'data' and bad is null"
        ).fetchone()
        return row is not None and row[0] > 0 and row[0] == row[1]


def _looks_like_control(x: str) -> str:
    """A cheap look first: almost no cell begins or ends like a total."""
    return " or ".join(f"starts_with({x}, '{c}')" for c in "合小总共累全其") + f" or contains({x}, '计')"


def _looks_like_note(x: str) -> str:
    """The first characters of all that may begin a note."""
    return f"coalesce(contains('注备说附填制审复单统负分数资报经联打导截*※★①', left({x}, 1)), false)"


def _is_control(x: str) -> str:
    plain = f"replace(replace({x}, ' ', ''), chr(12288), '')"
    return f"case when {_looks_like_control(x)} then regexp_matches({plain}, {quote(CONTROL)}) else false end"


__all__ = ["FoundColumn", "held_rows", "land_drop", "land_file", "plan_sheets", "stored_report", "take_apart", "tidy"]
