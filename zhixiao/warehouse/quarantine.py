"""The quarantine as people work with it: list it, waive a cell, release a row. Decisions are files under raw/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect
from zhixiao.warehouse.decisions import append_decision
from zhixiao.warehouse.schema import text

Action = Literal["waive", "release"]
STATES = ("open", "superseded", "waived", "released")


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


def list_cells(settings: Settings, source: str | None = None, state: str | None = "open") -> list[QuarantinedCell]:
    """Cells in quarantine in the published release, the latest first."""
    if not settings.published_db.exists():
        raise ConfigError("还没有发布任何版本。", "nothing has been published yet.")
    with connect(settings, None) as con:
        con.execute(f"ATTACH {text(str(settings.published_db))} AS p (READ_ONLY)")
        rows = con.execute(
            """SELECT quarantine_id, source, received_on, file_name, sheet, row_number, column_name, cell_text,
              reason_code, reason_zh, reason_en, owner, state FROM p.quality.quarantine
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

    Raises ConfigError for an id that is not in quarantine, or without an actor or a reason.
    """
    find_cells(settings, ids)
    path = settings.raw_dir
    for i in ids:
        path = append_decision(
            settings.raw_dir,
            day,
            "quarantine",
            {"quarantine_id": i, "action": action, "actor": actor, "reason": reason},
        )
    return path
