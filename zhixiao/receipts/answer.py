"""Write the receipts: below `<warehouse>/receipts/<department>/<received day>/`, one workbook a delivered file."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.contracts import Contract, load_contract, load_contracts
from zhixiao.landing.container import open_member
from zhixiao.landing.discover import discover
from zhixiao.landing.grid import read_sheets
from zhixiao.landing.land import SheetPlan, plan_sheets
from zhixiao.landing.refusal import Refusal
from zhixiao.landing.report import Drop
from zhixiao.receipts.collect import BadCell, Receipt, collect
from zhixiao.receipts.workbook import Marked, write
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect

ROWS_CARRIED = 20_000
"""Sheets with more rows are not copied into a receipt: the list of questions names row and column."""
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


@dataclass(frozen=True)
class Answered:
    """What was written: `files` receipts, `open_cells` cells that ask for an answer, below `folder`."""

    folder: Path
    files: int
    to_mend: int
    open_cells: int

    def to_json(self) -> dict[str, Any]:
        """As a step notes it."""
        return {**asdict(self), "folder": str(self.folder)}


def answer(
    settings: Settings,
    since: date | None = None,
    only: Collection[tuple[str, str]] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Answered:
    """Write the receipts of all files received on or after `since`; `only` these (source, sha256), if given.

    Repeating it writes the same again, with the states of the questions as they are by then.
    """
    folder = settings.warehouse_dir / "receipts"
    receipts = [r for r in collect(settings, since) if only is None or (r.source, r.file_sha256) in only]
    drops = {(d.source, d.sha256): d for d in discover(settings).drops} if receipts else {}
    paths = _paths(folder, receipts)
    to_mend = 0
    for n, receipt in enumerate(receipts, start=1):
        drop = drops.get((receipt.source, receipt.file_sha256))
        sheets = _marked(settings, receipt, drop) if receipt.open_cells and drop else []
        write(receipt, sheets, paths[n - 1])
        to_mend += receipt.status == "refused" or bool(receipt.open_cells)
        if n % 200 == 0:
            progress(f"回执 {n}/{len(receipts)} / receipts {n}/{len(receipts)}")
    return Answered(folder, len(receipts), to_mend, sum(len(r.open_cells) for r in receipts))


def _paths(folder: Path, receipts: Iterable[Receipt]) -> list[Path]:
    """A path a receipt; a member of a zip, and two districts' files of one name, get names of their own."""
    taken: dict[Path, int] = defaultdict(int)
    out = []
    for r in receipts:
        day = r.received_on.isoformat() if r.received_on else "日期有误"
        name = _UNSAFE.sub("_", r.file_name)[:120]
        path = folder / _UNSAFE.sub("_", r.department) / day / f"{name}.回执.xlsx"
        taken[path] += 1
        out.append(path if taken[path] == 1 else path.with_name(f"{name}.{taken[path]}.回执.xlsx"))
    return out


def _marked(settings: Settings, receipt: Receipt, drop: Drop) -> list[Marked]:
    """The delivered sheets that landed, cell by cell as landing reads them; none when the file cannot be read."""
    if receipt.source not in load_contracts():
        return []
    contract = load_contract(receipt.source)
    base = settings.state_dir / "tmp"
    base.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="receipt-", dir=base) as tmp,
        suppress(Refusal, duckdb.Error, OSError),
        connect(settings, None) as con,
    ):
        plans, _, _ = plan_sheets(
            contract, read_sheets(con, open_member(Path(drop.path), drop.member, Path(tmp)), Path(tmp))
        )
        if sum(p.sheet.last_row for p in plans) > ROWS_CARRIED:
            return []
        return [_sheet(con, contract, plan, receipt.open_cells) for plan in plans]
    return []


def _sheet(con: duckdb.DuckDBPyConnection, contract: Contract, plan: SheetPlan, cells: Iterable[BadCell]) -> Marked:
    found = plan.header.found
    columns = ", ".join(f"c{i}" for i in range(1, plan.sheet.n_columns + 1))
    rows = con.execute(f"select row_number, {columns} from {plan.sheet.relation} order by row_number").fetchall()
    bad: dict[tuple[int, int], str] = {}
    for cell in cells:
        if cell.sheet != plan.sheet.name:
            continue
        places = [found[n].index for n in cell.columns if n in found] or [0]
        for column in places:
            place = (cell.row_number, column)
            bad[place] = f"{bad[place]}\n{cell.reason_zh}" if place in bad else cell.reason_zh
    headers = {n: f.header for n, f in found.items()}
    headers |= {c.name: c.label_zh for c in contract.columns if c.name not in headers}
    return Marked(plan.sheet.name, [(r[0], r[1:]) for r in rows], plan.sheet.merges, bad, headers)
