"""`docs/status.html`: deliveries by department and source, and how the runs went. One file, no network."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from jinja2 import Environment, PackageLoader, select_autoescape

from zhixiao.contracts import load_contracts
from zhixiao.settings import Settings
from zhixiao.warehouse.db import open_published
from zhixiao.warehouse.files import write_atomic
from zhixiao.watch.digest import Digest
from zhixiao.watch.history import Night, nights

PERIODS_SHOWN = 12
RUNS_SHOWN = 30
STATUS_ZH = {"received": "按时", "late": "迟报", "missing": "未报", "expected": "待报"}
EXIT_ZH = {0: "已发布", 3: "已发布，有事要办", 1: "没有发布"}


@dataclass(frozen=True)
class Delivered:
    """One period of a source: when it was due and came."""

    period: str
    status: str
    due_on: date | None
    received_on: date | None
    files: int
    rows: int

    @property
    def words(self) -> str:
        came = f"，{self.received_on} 收到" if self.received_on else ""
        return f"{self.period}：{STATUS_ZH.get(self.status, self.status)}，应于 {self.due_on}{came}，{self.rows} 行"


@dataclass(frozen=True)
class SourceLine:
    """A source with its last periods and what is open of it."""

    department: str
    source: str
    title: str
    district: str
    periods: tuple[Delivered, ...]
    late: int
    missing: int
    refused: int
    open_rows: int


def write_page(settings: Settings, digest: Digest) -> Path:
    """Write the page of the release that readers see."""
    lines: list[SourceLine] = []
    release = ""
    if settings.published_db.exists():
        with open_published(settings) as con:
            lines = source_lines(con)
            row = con.execute("select max(release_id) from quality.release").fetchone()
            release = row[0] if row and row[0] else ""
    env = Environment(loader=PackageLoader("zhixiao.watch", "."), autoescape=select_autoescape(default=True))
    html = env.get_template("status.html.j2").render(
        digest=digest, lines=lines, release=release, nights=_runs(settings), status_zh=STATUS_ZH, exit_zh=EXIT_ZH,
        several=len({x.district for x in lines}) > 1, periods_shown=PERIODS_SHOWN,
    )  # fmt: skip
    path = settings.docs_dir / "status.html"
    write_atomic(path, html)
    return path


def _runs(settings: Settings) -> list[Night]:
    return nights(settings)[-RUNS_SHOWN:][::-1]


def source_lines(con: duckdb.DuckDBPyConnection) -> list[SourceLine]:
    """Every source by department: its last periods, and how many were late, missing, refused or are open."""
    held: dict[tuple[str, str], list[Delivered]] = defaultdict(list)
    for source, district, *rest in con.execute(
        "select source, district_code, period, status, due_on, received_on, files, rows from quality.delivery"
        " order by district_code, source, due_on, period"
    ).fetchall():
        held[district, source].append(Delivered(*rest))
    refused = dict(
        con.execute("select source, count(*) from quality.load_log where status = 'refused' group by source").fetchall()
    )
    open_rows = {
        (district, source): n
        for district, source, n in con.execute(
            "select district_code, source, count(distinct (file_sha256, received_on, sheet, row_number))"
            " from quality.quarantine where state = 'open' group by district_code, source"
        ).fetchall()
    }
    contracts = load_contracts()
    out = []
    for (district, source), periods in held.items():
        contract = contracts.get(source)
        out.append(
            SourceLine(
                contract.owner_department if contract else "", source, contract.title_zh if contract else source,
                district, tuple(periods[-PERIODS_SHOWN:]), sum(p.status == "late" for p in periods),
                sum(p.status == "missing" for p in periods), refused.get(source, 0),
                open_rows.get((district, source), 0),
            )
        )  # fmt: skip
    return sorted(out, key=lambda x: (x.department, x.source, x.district))
