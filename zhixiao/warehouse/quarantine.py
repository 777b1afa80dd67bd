"""The quarantine as people work with it: list it, waive a cell, release a row. Decisions are files under raw/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from zhixiao.contracts import Contract, load_contract
from zhixiao.errors import ConfigError
from zhixiao.landing.report import LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect, open_published
from zhixiao.warehouse.decisions import append_decision
from zhixiao.warehouse.schema import landed, quote, source_columns

Action = Literal["waive", "release"]
STATES = ("open", "superseded", "waived", "released")
AS_THEY_STAND = ("out_of_bounds", "uscc_alphabet", "uscc_length", "enum_unknown")
"""Cells that hold a value, which a rule of the contract does not allow: a person may say that it is right."""


@dataclass(frozen=True)
class QuarantinedCell:
    """One row of `quality.quarantine`."""

    quarantine_id: str
    source: str
    received_on: date
    file_name: str
    sheet: str
    row_number: int
    column_name: str
    cell_text: str | None
    reason_code: str
    reason_zh: str
    reason_en: str
    owner: str
    state: str
    file_sha256: str


def list_cells(settings: Settings, source: str | None = None, state: str | None = "open") -> list[QuarantinedCell]:
    """Cells in quarantine in the published release, the latest first."""
    with open_published(settings) as con:
        rows = con.execute(
            """SELECT quarantine_id, source, received_on, file_name, sheet, row_number, column_name, cell_text,
              reason_code, reason_zh, reason_en, owner, state, file_sha256 FROM quality.quarantine
            WHERE ($1 IS NULL OR source = $1) AND ($2 IS NULL OR state = $2)
            ORDER BY received_on DESC, source, file_name, sheet, row_number, column_name""",
            [source, state],
        ).fetchall()
    return [QuarantinedCell(*r) for r in rows]


def find_cells(settings: Settings, ids: Sequence[str]) -> list[QuarantinedCell]:
    """The cells with these ids, in this order. Raises ConfigError for an id that is not in quarantine, and for none."""
    known = {c.quarantine_id: c for c in list_cells(settings, state=None)}
    unknown = [i for i in ids if i not in known]
    if unknown or not ids:
        names = "、".join(unknown) or "(none)"
        raise ConfigError(
            f"隔离区没有编号 {names}。编号见 zhixiao quarantine list。",
            f"not in quarantine: {names}. `zhixiao quarantine list` shows the ids.",
        )
    return [known[i] for i in ids]


def decide_cells(settings: Settings, action: Action, ids: Sequence[str], actor: str, reason: str, day: date) -> Path:
    """Waive or release cells: one row each in `raw/_decisions/<day>/quarantine.csv`.

    A release carries the row as it would land with its cells taken as they stand: from the next run on it is among
    the facts, once every failing cell of it is released. Raises ConfigError for an id that is not in quarantine,
    without an actor or a reason, and for a release of what nobody can read; nothing is written then.
    """
    cells = find_cells(settings, ids)
    rows = _held(settings, cells) if action == "release" else {}
    path = settings.raw_dir
    for c in cells:
        path = append_decision(
            settings.raw_dir,
            day,
            "quarantine",
            {
                "quarantine_id": c.quarantine_id,
                "action": action,
                "actor": actor,
                "reason": reason,
                "row": rows.get(c.quarantine_id, ""),
            },
        )
    return path


def require_releasable(cells: Sequence[QuarantinedCell]) -> None:
    """Raise ConfigError for a cell that holds no value, or whose row stands twice: waived it may be, released not."""
    for c in cells:
        if c.reason_code not in AS_THEY_STAND:
            raise ConfigError(
                f"{c.quarantine_id} 不能放行（{c.reason_code}）：这个单元格读不出值，或与另一行重复。"
                "请部门更正后重报，或豁免（waive）。",
                f"{c.quarantine_id} cannot be released ({c.reason_code}): nobody can say what the cell holds, or the "
                "row stands twice. Ask for a corrected delivery, or waive it.",
            )


def _held(settings: Settings, cells: Sequence[QuarantinedCell]) -> dict[str, str]:
    """The row of each cell as JSON, read again from the delivered file."""
    from zhixiao.landing.discover import discover
    from zhixiao.landing.land import held_rows
    from zhixiao.landing.refusal import Refusal

    require_releasable(cells)
    drops = {(d.source, d.sha256): d for d in discover(settings).drops}
    by_file: dict[tuple[str, str], list[QuarantinedCell]] = {}
    for c in cells:
        by_file.setdefault((c.source, c.file_sha256), []).append(c)
    out: dict[str, str] = {}
    for (source, sha256), held in by_file.items():
        contract, drop = load_contract(source), drops.get((source, sha256))
        found: dict[tuple[str, int], dict[str, Any]] = {}
        if drop is not None:
            with suppress(Refusal):
                wanted = {(c.sheet, c.row_number) for c in held}
                found = held_rows(settings, contract, Path(drop.path), drop.member, wanted)
        columns = {n for n, _ in source_columns(contract)}
        for c in held:
            row = found.get((c.sheet, c.row_number))
            if row is None:
                raise ConfigError(
                    f"raw/{source}/{c.received_on}/{c.file_name} 第 {c.row_number} 行已读不到，不能放行。",
                    f"row {c.row_number} of raw/{source}/{c.received_on}/{c.file_name} cannot be read any more: it was "
                    "not released.",
                )
            twin = _same_key(settings, contract, sha256, row)
            if twin is not None:
                raise ConfigError(
                    f"{c.quarantine_id} 不能放行：同一文件第 {twin} 行已有相同主键，两行并存等于没有说明。"
                    "请部门更正后重报，或豁免（waive）。",
                    f"{c.quarantine_id} cannot be released: row {twin} of the file has the same key and was accepted. "
                    "Ask for a corrected delivery, or waive it.",
                )
            told = {k: v for k, v in row.items() if v is not None and k in columns}
            out[c.quarantine_id] = json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)
    return out


def _same_key(settings: Settings, contract: Contract, sha256: str, row: dict[str, Any]) -> int | None:
    """The accepted row of the same file that has the key of a held row."""
    rows = LandedPaths.of(settings.landed_dir, contract.source, sha256).rows
    if not contract.keys or not rows.exists():
        return None
    same = " AND ".join(f"{quote(k)}::VARCHAR IS NOT DISTINCT FROM ?" for k in contract.keys)
    values = [None if row[k] is None else str(row[k]) for k in contract.keys]
    with connect(settings, None) as con:
        found = con.execute(f"SELECT min(row_number) FROM {landed([rows])} WHERE {same}", values).fetchone()
    return found[0] if found else None
