"""The digest of a night: what somebody has to do, one line a matter, each with its owner. Nothing to do, no line.

Read from the verdict of the run and from the published release only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from zhixiao.checks.registry import load_checks
from zhixiao.contracts import load_contracts
from zhixiao.settings import Settings
from zhixiao.warehouse.db import open_published

PLATFORM = "数据组"
LOOK_BACK_DAYS = 45
"""A delivery that is missing for longer has been asked for, and is on the status page."""
NAMES_SHOWN = 6


@dataclass(frozen=True)
class Line:
    """One matter: whose it is, what is the matter, what to do. `kind` groups lines of one cause."""

    owner: str
    kind: str
    zh: str
    en: str
    action_zh: str
    action_en: str


@dataclass(frozen=True)
class Digest:
    """What a night has to say, owner by owner."""

    run_id: str
    known_on: str | None
    as_of: str | None
    exit_code: int
    message_zh: str
    message_en: str
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """One line for a subject."""
        state = {0: "正常 green", 3: "有事要办 act", 1: "未发布 not published"}.get(self.exit_code, "?")
        return f"质效 {self.known_on or '?'}：{state}，{len(self.lines)} 件"

    def text(self) -> str:
        """The whole digest as plain text."""
        out = [self.title]
        if self.exit_code == 1:
            out += [self.message_zh, self.message_en]
        for owner in dict.fromkeys(x.owner for x in self.lines):
            out += ["", f"【{owner}】"]
            for x in self.lines:
                if x.owner == owner:
                    out += [f"- {x.zh} → {x.action_zh}", f"  {x.en} -> {x.action_en}"]
        return "\n".join(out)


def digest_of(settings: Settings, result: Mapping[str, Any]) -> Digest:
    """The digest of a run, from its verdict (`state/last_run.json`) and the release that readers see."""
    lines = [*_run_lines(result)]
    if settings.published_db.exists() and result["exit_code"] != 1:
        with open_published(settings) as con:
            lines += _release_lines(con, _known_on(con))
    return Digest(
        str(result["run_id"]), result.get("known_on"), result.get("as_of"), int(result["exit_code"]),
        str(result.get("message_zh") or ""), str(result.get("message_en") or ""), tuple(_ordered(lines)),
    )  # fmt: skip


def _ordered(lines: Iterable[Line]) -> list[Line]:
    kinds = ("step", "failed", "refused", "alarm", "missing", "quarantine", "finding")
    return sorted(lines, key=lambda x: (x.owner != PLATFORM, x.owner, kinds.index(x.kind), x.zh))


def _owner(source: str) -> str:
    contract = load_contracts().get(source)
    return contract.owner_department if contract else PLATFORM


def _run_lines(result: Mapping[str, Any]) -> Iterable[Line]:
    """Steps that broke, files that crashed the reader, files that were refused."""
    for step in result.get("steps") or []:
        if step.get("status") == "failed" and not str(step["step"]).startswith("land-"):
            yield Line(
                PLATFORM, "step", f"步骤 {step['step']} 出错：{step.get('zh') or step.get('en')}",
                f"step {step['step']} failed: {step.get('en')}", "按值班手册处理后重跑", "see the runbook, run again",
            )  # fmt: skip
    for entry in result.get("failed") or []:
        yield Line(
            PLATFORM, "failed", f"处理失败 {entry['file']}", f"the reader crashed on {entry['file']}",
            "修程序后重跑，文件无须重报", "mend the code and run again; the file stays",
        )  # fmt: skip
    for entry in result.get("refused") or []:
        yield Line(
            _owner(str(entry["source"])), "refused", f"整份退回 {entry['file']}：{entry['zh']}",
            f"refused {entry['file']}: {entry['en']}",
            "发回执，改好后作为新文件重报", "send the receipt, ask for a corrected file",
        )  # fmt: skip


def _known_on(con: duckdb.DuckDBPyConnection) -> date:
    row = con.execute("select max(known_on) from quality.release").fetchone()
    assert row and isinstance(row[0], date)
    return row[0]


def _release_lines(con: duckdb.DuckDBPyConnection, known_on: date) -> Iterable[Line]:
    yield from _missing(con, known_on)
    yield from _quarantined(con, known_on)
    yield from _findings(con)


def _missing(con: duckdb.DuckDBPyConnection, known_on: date) -> Iterable[Line]:
    """Deliveries that were due and have not come."""
    rows = con.execute(
        "select source, list(period order by due_on, period), min(due_on) from quality.delivery"
        " where status = 'missing' and due_on between $1 and $2 group by source order by source",
        [known_on - timedelta(days=LOOK_BACK_DAYS), known_on],
    ).fetchall()
    for source, periods, due in rows:
        title = load_contracts()[source].title_zh if source in load_contracts() else source
        yield Line(
            _owner(source), "missing", f"未报 {title}（{source}）{_few(periods)}，应于 {due} 前报送",
            f"{source} {_few(periods)} has not been received; due {due}", "催报", "ask for it",
        )  # fmt: skip


def _quarantined(con: duckdb.DuckDBPyConnection, known_on: date) -> Iterable[Line]:
    """Rows that wait for a correction, by department."""
    rows = con.execute(
        "select owner, count(distinct (file_sha256, received_on, sheet, row_number)), min(received_on),"
        " count(distinct (file_sha256, received_on)) from quality.quarantine where state = 'open'"
        " group by owner order by owner"
    ).fetchall()
    for owner, rows_open, oldest, files in rows:
        age = (known_on - oldest).days
        yield Line(
            owner or PLATFORM, "quarantine", f"{files} 份文件中 {rows_open} 行待更正，最久 {age} 天",
            f"{rows_open} rows of {files} files wait for a correction, the oldest for {age} days",
            "按回执更正重报，或报数据组放行、豁免", "mend by the receipt, or ask for release or waiver",
        )  # fmt: skip


def _findings(con: duckdb.DuckDBPyConnection) -> Iterable[Line]:
    """What the checks hold out of the verified totals and nobody has decided; and checks that fail too often."""
    owners = {c.check_id: c.owner for c in load_checks()}
    by_owner: dict[str, Counter[str]] = {}
    for check, count in con.execute(
        "select check_id, count(*) from checks.fct_check_result"
        " where outcome = 'fail' and entity_type <> 'source' and effective_severity in ('block', 'quarantine')"
        " and finding_id not in (select finding_id from checks.finding_decision"
        " where decision in ('explained', 'confirmed') and state = 'in_force') group by check_id order by check_id"
    ).fetchall():
        by_owner.setdefault(owners.get(check, PLATFORM), Counter())[check] = count
    for owner, found in sorted(by_owner.items()):
        whole, checks = sum(found.values()), _few([f"{c}×{n}" for c, n in found.items()])
        yield Line(
            owner, "finding", f"{whole} 条疑点先不计入核实数（{checks}）",
            f"{whole} findings keep figures out of the verified totals ({checks})",
            "核实后由数据组登记结论（zhixiao decide）", "look into them; decide (zhixiao decide)",
        )  # fmt: skip
    for (check,) in con.execute(
        "select entity_id from checks.fct_check_result where entity_type = 'source' and outcome = 'fail' order by 1"
    ).fetchall():
        yield Line(
            PLATFORM, "alarm", f"检查 {check} 判疑点过多，可能阈值不当", f"check {check} fails too often",
            "先核对阈值与口径", "look at its parameters first",
        )  # fmt: skip


def _few(names: Sequence[str]) -> str:
    more = f" 等 {len(names)} 项" if len(names) > NAMES_SHOWN else ""
    return "、".join(names[:NAMES_SHOWN]) + more
