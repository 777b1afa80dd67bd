"""Landed files into schema `raw`, in one transaction, and only what changed.

The unit is the delivery: one source, one district, one received day. A delivery whose files, outcomes and
contract are the same as in the database is left alone; any other is taken out and written anew. What is in
`raw` therefore depends on the files only, never on the order in which they were found.

A file that was loaded once and is no longer under raw/ is told with every load, and its rows stay: nothing
received is ever lost (`tidy` keeps the landed copy). A file that was changed in place counts as the new
bytes; the old ones stay under landed/ until `tidy` takes them after 90 days, and the change is told. A drop
that landing could not finish holds back its source from that day on: that part stays as it is until the file
is landed or refused.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from zhixiao import faults
from zhixiao.contracts import Contract, load_contracts
from zhixiao.settings import Settings
from zhixiao.warehouse import decisions
from zhixiao.warehouse.db import connect
from zhixiao.warehouse.entries import (
    DeliveryKey,
    Entry,
    EntryKey,
    Gathered,
    common_keys_in,
    gather,
)
from zhixiao.warehouse.insert import (
    DeliveryRows,
    copy_repeated_counts,
    delete_deliveries,
    insert_into,
    insert_log,
)
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, warehouse_lock
from zhixiao.warehouse.schema import FIXED_TABLES, create_raw, raw_tables

if TYPE_CHECKING:
    from zhixiao.landing.discover import Discovery

Progress = Callable[[str], None]


@dataclass
class LoadResult:
    """What a load did. `files_*` count all drops in the database, `new_files` those that it met first.

    `removed_from_raw`, `replaced_in_raw` and `not_landed` name files as <source>/<day>/<file>.
    """

    files_loaded: int = 0
    files_refused: int = 0
    files_unchanged: int = 0
    deliveries_written: int = 0
    wrote: bool = False
    new_files: list[dict[str, str]] = field(default_factory=list)
    changed_outcomes: list[dict[str, str]] = field(default_factory=list)
    removed_from_raw: list[str] = field(default_factory=list)
    replaced_in_raw: list[str] = field(default_factory=list)
    not_landed: list[str] = field(default_factory=list)
    warnings_zh: list[str] = field(default_factory=list)
    warnings_en: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def warn(self, zh: str, en: str) -> None:
        self.warnings_zh.append(zh)
        self.warnings_en.append(en)


def load(
    settings: Settings,
    discovery: Discovery | None = None,
    *,
    full: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    progress: Progress | None = None,
) -> LoadResult:
    """Bring schema `raw` in step with the landed files of every drop under raw/.

    `full` writes every delivery anew, also the unchanged ones. Raises DataError when the accounting identity
    of a file is violated (nothing is written then) and LockError when the warehouse is taken.
    """
    if discovery is None:
        from zhixiao.landing.discover import discover

        discovery = discover(settings)
    say = progress or (lambda _: None)
    with warehouse_lock(settings, wait_seconds, "load"), connect(settings, settings.work_db) as con:
        con.execute("BEGIN TRANSACTION")
        try:
            result = _load(settings, con, discovery, full, say)
            faults.point("load_before_commit")
            con.execute("COMMIT" if result.wrote else "ROLLBACK")
        except BaseException:
            _rollback(con)
            raise
        faults.point("load_after_commit")
        if result.wrote:
            con.execute("CHECKPOINT")
    return result


def _load(
    settings: Settings, con: duckdb.DuckDBPyConnection, discovery: Discovery, full: bool, say: Progress
) -> LoadResult:
    """The content of the transaction."""
    result = LoadResult()
    ddl = create_raw(con)
    before = {e.key: e for e in read_log(con)}
    gathered = gather(settings, discovery, before, common_keys_in(con, settings))
    result.deliveries_written = _write(settings, con, gathered.entries, full or bool(ddl), say)
    wrote = [bool(ddl), result.deliveries_written > 0]
    wrote.append(_write_contracts(con, load_contracts()))
    wrote.append(_write_decisions(settings, con, result))
    result.wrote = any(wrote)
    _account(result, gathered, before)
    return result


def _write(
    settings: Settings, con: duckdb.DuckDBPyConnection, entries: Iterable[Entry], full: bool, say: Progress
) -> int:
    """Write the deliveries that changed and take out those that are gone. Returns how many there were."""
    contracts = load_contracts()
    deliveries: dict[DeliveryKey, list[Entry]] = defaultdict(list)
    for e in entries:
        deliveries[e.delivery].append(e)
    stored = {
        DeliveryKey(source, district, day): fingerprint
        for source, district, day, fingerprint in con.execute(
            "SELECT source, district_code, received_on, fingerprint FROM raw.load_state"
        ).fetchall()
    }
    free = {k: _fingerprint(k, es) for k, es in deliveries.items() if not any(e.held for e in es)}
    changed = [k for k, f in free.items() if full or stored.get(k) != f]
    gone = [k for k in stored if k not in deliveries]
    by_source: dict[str, list[DeliveryKey]] = defaultdict(list)
    for k in (*changed, *gone):
        by_source[k.source].append(k)
    for source, keys in sorted(by_source.items()):
        new = [k for k in keys if k in free]
        delete_deliveries(con, source, keys, own=source in contracts)
        new_entries = [e for k in new for e in deliveries[k]]
        insert_log(con, new_entries, contracts)
        loaded = [e for e in new_entries if e.status == "loaded"]
        if loaded:
            DeliveryRows(con, settings, contracts[source], loaded).insert()
        copy_repeated_counts(con, source)
        state = [(k.source, k.district, k.received_on, free[k]) for k in new]
        insert_into(con, "load_state", FIXED_TABLES["load_state"], state)
        say(f"  {source}: {len(new)} 次报送 / deliveries, {len(loaded)} 个文件 / files")
        faults.point("load_source")
    return len(changed) + len(gone)


def _fingerprint(key: DeliveryKey, entries: Sequence[Entry]) -> str:
    """All that the rows of a delivery depend on."""
    contract = load_contracts().get(key.source)
    files = sorted(
        (e.file_name, e.sha256, e.status, e.reason_zh or "", e.report.to_json() if e.report else "") for e in entries
    )
    state = [contract.version if contract else "", raw_tables().get(key.source, ()), files]
    return hashlib.sha256(json.dumps(state, ensure_ascii=False).encode()).hexdigest()


def _write_contracts(con: duckdb.DuckDBPyConnection, contracts: Mapping[str, Contract]) -> bool:
    """Keep `raw.contract` and `raw.contract_column` equal to the contracts. Returns whether they changed."""
    tops, columns = _contract_rows(contracts)
    changed = False
    for table, rows in (("contract", tops), ("contract_column", columns)):
        if con.execute(f"SELECT * FROM raw.{table} ORDER BY 1, 2").fetchall() != rows:
            con.execute(f"DELETE FROM raw.{table}")
            insert_into(con, table, FIXED_TABLES[table], rows)
            changed = True
    return changed


def _contract_rows(contracts: Mapping[str, Contract]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    tops: list[tuple[Any, ...]] = []
    columns: list[tuple[Any, ...]] = []
    for source in sorted(contracts):
        c = contracts[source]
        names = (c.source, c.title_zh, c.title_en, c.version, c.mode, c.owner_department, c.delivery_form)
        rhythm = (c.rhythm, c.due_day, c.due_month, list(c.months_without_report))
        tops.append((*names, *rhythm, list(c.scope_columns)))
        for i, x in enumerate(c.columns, start=1):
            kind = (x.value_type, x.sql_type, x.canonical_unit)
            flags = (x.required_in_file, x.is_key, x.is_derived)
            columns.append((c.source, i, x.name, x.label_zh, *kind, *flags, list(x.allowed)))
    return tops, columns


def _write_decisions(settings: Settings, con: duckdb.DuckDBPyConnection, result: LoadResult) -> bool:
    """Keep `raw.decision` equal to the files under raw/_decisions. Those of a file that is gone stay."""
    files = {(d.decided_on, d.file_name): d for d in decisions.read_decisions(settings.raw_dir)}
    stored = {
        (day, name): sha
        for day, name, sha in con.execute(
            "SELECT DISTINCT decided_on, file_name, file_sha256 FROM raw.decision"
        ).fetchall()
    }
    for day, name in sorted(set(stored) - set(files)):
        path = f"{decisions.FOLDER}/{day}/{name}"
        result.removed_from_raw.append(path)
        result.warn(
            f"raw/{path} 中的决定已生效，但文件已不在 raw/ 下。决定仍然有效；请把文件放回。",
            f"the decisions of raw/{path} are in force and the file is no longer under raw/. They stay in force; "
            "put the file back.",
        )
    fresh = {k: d for k, d in files.items() if d.problem is None and stored.get(k) != d.sha256}
    for day, name in fresh:
        con.execute("DELETE FROM raw.decision WHERE decided_on = $1 AND file_name = $2", [day, name])
    rows = [
        (d.kind, d.decided_on, d.file_name, d.sha256, i, data)
        for _, d in sorted(fresh.items())
        for i, data in enumerate(d.rows, start=1)
    ]
    insert_into(con, "decision", FIXED_TABLES["decision"], rows)
    return bool(rows) or any(k in stored for k in fresh)


def _account(result: LoadResult, gathered: Gathered, before: Mapping[EntryKey, Entry]) -> None:
    """Fill in what people hear: counts, new files, other outcomes than before, files that moved."""
    for e in gathered.entries:
        result.files_loaded += e.status == "loaded"
        result.files_refused += e.status == "refused"
        result.files_unchanged += e.status == "unchanged"
        old = before.get(e.key)
        row = {
            "source": e.source,
            "received_on": e.day,
            "file_name": e.file_name,
            "file_sha256": e.sha256,
            "status": e.status,
            "reason_code": e.reason_code or "",
            "reason_zh": e.reason_zh or "",
            "reason_en": e.reason_en or "",
        }
        if old is None or old.sha256 != e.sha256:
            result.new_files.append(row)
        elif (old.status, old.reason_code) != (e.status, e.reason_code):
            result.changed_outcomes.append({**row, "was": old.status, "was_reason": old.reason_code or ""})
    for e in gathered.removed:
        result.removed_from_raw.append(e.label)
        result.warn(
            f"raw/{e.label} 已入库，但已不在 raw/ 下。其数据保留；请把原文件放回，否则仅凭 raw/ 无法重建本仓。",
            f"raw/{e.label} was loaded and is no longer under raw/. Its rows are kept; put the file back, or the "
            "warehouse cannot be rebuilt from raw/ alone.",
        )
    for e in gathered.replaced:
        result.replaced_in_raw.append(e.label)
        result.warn(
            f"raw/{e.label} 收到后被改动（报送文件不应改动）。现以新内容为准；旧内容保留在 landed/ 下。",
            f"raw/{e.label} was changed after it had been received (files must not change). The new content "
            "counts; the old one is kept under landed/.",
        )
    for d in gathered.not_landed:
        label = f"{d.source}/{d.received_on}/{d.file_name}"
        result.not_landed.append(label)
        result.warn(
            f"raw/{label} 未能落地（程序中断或出错）。{d.source} 自 {d.received_on} 起的数据保持原状，请重新运行。",
            f"raw/{label} could not be landed (the program broke off). {d.source} stays as it was from "
            f"{d.received_on} on; run again.",
        )


def read_log(con: duckdb.DuckDBPyConnection) -> list[Entry]:
    """The rows of `raw.load_log` as entries (without reports)."""
    rows = con.execute(
        "SELECT source, district_code, received_on, file_name, file_sha256, status, reason_code, reason_zh, "
        "reason_en FROM raw.load_log"
    ).fetchall()
    return [Entry(*r) for r in rows]


def _rollback(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.execute("ROLLBACK")
    except duckdb.Error:
        return
