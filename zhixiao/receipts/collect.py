"""What a receipt says, read from the published release: `quality.load_log` and `quality.quarantine`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from zhixiao.contracts import load_contracts
from zhixiao.settings import Settings
from zhixiao.warehouse.db import open_published

_FILES = """
    select source, received_on, file_name, file_sha256, district_code, status, reason_zh,
        rows_read, rows_accepted, rows_quarantined, rows_control, rows_ignored,
        money_read, money_accepted, money_quarantined, coalesce(unknown_columns, [])
    from quality.load_log
    where ($1::date is null or received_on >= $1)
    order by source, received_on, file_name, file_sha256
"""
_CELLS = """
    select source, received_on, file_sha256, quarantine_id, coalesce(sheet, ''), row_number,
        column_name, cell_text, coalesce(reason_zh, ''), state
    from quality.quarantine
    where ($1::date is null or received_on >= $1)
    order by source, received_on, file_sha256, sheet, row_number, column_name, quarantine_id
"""
STATE_ZH = {"open": "待处理", "superseded": "已由后来的报送更正", "waived": "已豁免", "released": "已放行"}


@dataclass(frozen=True)
class BadCell:
    """One cell in question. `columns`: the contract columns it stands under; none for a whole row."""

    quarantine_id: str
    sheet: str
    row_number: int
    columns: tuple[str, ...]
    cell_text: str | None
    reason_zh: str
    state: str


@dataclass(frozen=True)
class Receipt:
    """One delivered file and what became of it. Money in 万元."""

    source: str
    received_on: date | None
    file_name: str
    file_sha256: str
    district_code: str | None
    status: str
    reason_zh: str | None
    rows_read: int | None
    rows_accepted: int | None
    rows_quarantined: int | None
    rows_control: int | None
    rows_ignored: int | None
    money_read: Decimal | None
    money_accepted: Decimal | None
    money_quarantined: Decimal | None
    unknown_columns: Sequence[str]
    cells: tuple[BadCell, ...] = field(default=())

    @property
    def department(self) -> str:
        """Who sent it, by the contract of the source."""
        contract = load_contracts().get(self.source)
        return contract.owner_department if contract else "未知部门"

    @property
    def title_zh(self) -> str:
        """What was sent, by the contract of the source."""
        contract = load_contracts().get(self.source)
        return contract.title_zh if contract else self.source

    @property
    def open_cells(self) -> tuple[BadCell, ...]:
        """The cells that still ask for an answer."""
        return tuple(c for c in self.cells if c.state == "open")

    @property
    def outcome_zh(self) -> str:
        """The outcome in a line."""
        if self.status == "refused":
            return "整份退回"
        if self.status == "unchanged":
            return "重复投放，与以前的一份完全相同，未再计入"
        if not self.rows_quarantined:
            return "全部接收"
        if not self.open_cells:
            return f"已接收；{self.rows_quarantined} 行曾有疑问，现已了结"
        return f"部分接收：{self.rows_quarantined} 行待更正"


def collect(settings: Settings, since: date | None = None) -> list[Receipt]:
    """Every file of the published release that was received on or after `since`, with its cells in question.

    Raises ConfigError when nothing has been published yet.
    """
    with open_published(settings) as con:
        cells: dict[tuple[str, date, str], list[BadCell]] = defaultdict(list)
        for source, day, sha, number, sheet, row, column, text, reason, state in con.execute(
            _CELLS, [since]
        ).fetchall():
            columns = tuple(column.split("|")) if column else ()
            cells[source, day, sha].append(BadCell(number, sheet, row, columns, text, reason or "", state))
        return [
            replace(Receipt(*row), cells=tuple(cells.get((row[0], row[1], row[3]), ())))
            for row in con.execute(_FILES, [since]).fetchall()
        ]
