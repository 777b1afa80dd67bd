"""Data Docs of ours: pages that need no network, no script and no other file.

Great Expectations' own pages load their styles from elsewhere and show nothing of owners or deliveries.
These come from the result rows alone, so the same results give the same bytes; the text of a cell is
escaped, whatever a department wrote.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from expectations.registry import SEVERITIES, RuleInfo, load_registry
from expectations.results import ResultRow, count_failures, failures, read_results
from zhixiao.settings import Settings

SHOWN = 100
TEMPLATES = Path(__file__).resolve().parent / "templates"
SEVERITY_ZH = {"critical": "严重", "warning": "警告", "info": "提示"}
SEVERITY_EN = {"critical": "critical", "warning": "warning", "info": "info"}
OUTCOME_ZH = {"pass": "通过", "fail": "不符", "broken": "未能运行"}


@dataclass(frozen=True)
class RuleBlock:
    """One rule on a page: its line in the registry, what failed, what passed."""

    info: RuleInfo
    severity: str
    outcome: str
    failed: Sequence[ResultRow]
    hidden: int
    passed: Sequence[ResultRow]
    examined: int


def docs_dir(settings: Settings) -> Path:
    return settings.docs_dir / "expectations"


def write_gate_page(settings: Settings, known_on: date, rows: Sequence[ResultRow], files: int) -> Path:
    """The page of the gate on deliveries, and the index."""
    path = docs_dir(settings) / "gate.html"
    _write(
        path,
        "gate.html.j2",
        title_zh="来文关口",
        title_en="Gate on deliveries",
        known_on=known_on,
        files=files,
        blocks=_blocks(rows),
        counts=count_failures(rows),
        owners=_owners(rows),
    )
    write_index(settings)
    return path


def write_candidate_page(settings: Settings, known_on: date, as_of: date, rows: Sequence[ResultRow]) -> Path:
    """The page of the gate on the candidate, and the index."""
    path = docs_dir(settings) / "candidate.html"
    _write(
        path,
        "candidate.html.j2",
        title_zh="发布关口",
        title_en="Gate on the candidate",
        known_on=known_on,
        as_of=as_of,
        blocks=_blocks(rows),
        counts=count_failures(rows),
        blocked=any(not r.success and r.severity == "critical" for r in rows),
    )
    write_index(settings)
    return path


def write_index(settings: Settings) -> Path:
    """What both gates last said, and the registry of rules."""
    gates = []
    for kind, page, zh, en in (
        ("gate", "gate.html", "来文关口（装载之前）", "Gate on deliveries, before load"),
        ("candidate", "candidate.html", "发布关口（发布之前）", "Gate on the candidate, before publication"),
    ):
        rows = read_results(settings, kind)  # type: ignore[arg-type]
        gates.append(
            {
                "page": page,
                "zh": zh,
                "en": en,
                "counts": count_failures(rows),
                "worst": failures(rows)[:5],
                "has_run": bool(rows),
            }
        )
        if not (docs_dir(settings) / page).exists():
            _write(docs_dir(settings) / page, "waiting.html.j2", title_zh=zh, title_en=en)
    path = docs_dir(settings) / "index.html"
    _write(
        path,
        "index.html.j2",
        title_zh="数据质量关口",
        title_en="Quality gates",
        gates=gates,
        rules=list(load_registry().values()),
    )
    return path


def _blocks(rows: Sequence[ResultRow]) -> list[RuleBlock]:
    blocks = []
    for info in load_registry().values():
        mine = [r for r in rows if r.rule_id == info.rule_id]
        if not mine:
            continue
        failed = sorted((r for r in mine if not r.success), key=_latest_first)
        blocks.append(
            RuleBlock(
                info=info,
                severity=failed[0].severity if failed else info.severity,
                outcome="broken" if any(r.outcome == "broken" for r in failed) else "fail" if failed else "pass",
                failed=failed[:SHOWN],
                hidden=max(len(failed) - SHOWN, 0),
                passed=[r for r in mine if r.success],
                examined=sum(r.examined_count for r in mine),
            )
        )
    return sorted(blocks, key=lambda b: (b.outcome == "pass", SEVERITIES.index(b.severity), b.info.rule_id))  # type: ignore[arg-type]


def _latest_first(row: ResultRow) -> tuple[int, tuple[str, ...]]:
    return (-row.received_on.toordinal() if row.received_on else 0, row.sort_key)


def _owners(rows: Sequence[ResultRow]) -> list[tuple[str, dict[str, int]]]:
    """How much each owner has to look at, the most first."""
    by_owner: dict[str, list[ResultRow]] = {}
    for row in rows:
        if not row.success:
            by_owner.setdefault(row.owner, []).append(row)
    table = [(owner, count_failures(mine)) for owner, mine in by_owner.items()]
    return sorted(table, key=lambda t: (-t[1]["critical"], -t[1]["warning"], -t[1]["info"], t[0]))


def _write(path: Path, template: str, **values: object) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(severity_zh=SEVERITY_ZH, severity_en=SEVERITY_EN, outcome_zh=OUTCOME_ZH)
    text = environment.get_template(template).render(**values)
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    tmp.write_text(text, encoding="utf-8")
    tmp.replace(path)
