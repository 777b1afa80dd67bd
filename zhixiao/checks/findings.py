"""Findings as people work with them: explained with their cells, and decided about. Decisions are files under raw/.

The digest of a finding's figures is computed in one place, the model int_check__finding; here it is read from
`checks.finding` and written beside the decision, which stands while the figures are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse.db import as_dicts, open_published
from zhixiao.warehouse.decisions import append_decision

DECISIONS = {
    "open": "待核实 open",
    "explained": "已说明，不再作为疑点 explained",
    "confirmed": "属实 confirmed",
}
SEVERITIES = {
    "block": "不可能成立，已移出核实数 block",
    "quarantine": "核实前不计入核实数 quarantine",
    "flag": "提示 flag",
}
NAMES_SHOWN, SIMILAR_SHOWN = 8, 10
KEY = ("finding_id", "check_id", "district_code", "entity_type", "entity_id", "counterpart_id", "period")


@dataclass(frozen=True)
class Decided:
    """Decisions that were written: the file, and for each finding what a person reads."""

    path: Path
    effect: list[str] = field(default_factory=list)


def decide(settings: Settings, wanted: Sequence[str], decision: str, *, actor: str, reason: str, day: date) -> Decided:
    """Enter one decision about each finding, in `raw/_decisions/<day>/finding.csv`.

    `wanted` are ids or unique beginnings of ids. Raises ConfigError for an unknown one, for a decision that does
    not exist, and without an actor or a reason; nothing is written then.
    """
    if decision not in DECISIONS:
        names = "、".join(DECISIONS)
        raise ConfigError(
            f"没有结论 {decision}；可用：{names}。", f"there is no decision {decision}; use {', '.join(DECISIONS)}."
        )
    if not wanted:
        raise ConfigError("没有给出疑点标识。", "no finding was named.")
    rows, effect = [], []
    with published(settings) as con:
        for name in wanted:
            row = _finding(con, name)
            if row["figures_digest"] is None:
                raise ConfigError(
                    f"{row['finding_id']} 不是可以决定的疑点：它是检查 {row['check_id']} 对自身的报警或“通过/不适用”"
                    "的结果。报警请核对该检查的阈值。",
                    f"{row['finding_id']} cannot be decided: it is an alarm of {row['check_id']} about itself, a pass "
                    "or not applicable. Of an alarm, look at the check's parameters.",
                )
            rows.append({**{c: row[c] or "" for c in KEY}, "decision": decision, "actor": actor, "reason": reason,
                         "figures_digest": row["figures_digest"]})  # fmt: skip
            effect.append(
                f"{row['finding_id']} {row['check_id']} {row['name_zh']} {_unit(row)}："
                f"{DECISIONS[row['decision']]} -> {DECISIONS[decision]}"
            )
    path = settings.raw_dir
    for row in rows:
        path = append_decision(settings.raw_dir, day, "finding", row)
    return Decided(path, effect)


def describe(settings: Settings, wanted: Sequence[str]) -> list[str]:
    """One line a finding, with what is decided now. Raises ConfigError for an unknown one."""
    with published(settings) as con:
        found = [_finding(con, name) for name in wanted]
    return [
        f"{f['finding_id']} {f['check_id']} {f['name_zh']} {_unit(f)} [{DECISIONS[f['decision'] or 'open']}] "
        f"{f['explanation_zh'] or ''}".rstrip()
        for f in found
    ]


def explain(settings: Settings, wanted: str) -> str:
    """A finding in words for a person: rule, explanation, cells as they were written, decisions, what to hand in."""
    from zhixiao.trace import trace_cells

    with published(settings) as con:
        f = _finding(con, wanted)
        parts = [_head(f)]
        if f["outcome"] == "fail":
            parts.append(f"{f['explanation_zh']}\n\n{f['explanation_en']}")
            cells = [e for e in f["evidence"] if e["file_sha256"] is not None]
            if cells:
                parts.append("\n".join(["依据单元格 evidence cells", *trace_cells(settings, con, cells)]))
        parts += [_decisions(con, f), _ask(f), _similar(con, f)]
    return "\n\n".join(p for p in parts if p)


@contextmanager
def published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published release, when it holds findings."""
    with open_published(settings) as con:
        found = con.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'p' AND schema_name = 'checks' "
            "AND table_name IN ('finding', 'finding_decision', 'check_registry', 'fct_check_result')"
        ).fetchone()
        if found != (4,):
            raise ConfigError(
                "已发布的版本没有疑点表，请先运行 zhixiao run。",
                "the published release has no findings: run `zhixiao run` first.",
            )
        yield con


def _finding(con: duckdb.DuckDBPyConnection, wanted: str) -> dict[str, Any]:
    """The answer that an id or a unique beginning of one names, with its check, key, digest and decision."""
    name = wanted.strip().lower()
    ids = con.execute(
        "SELECT DISTINCT finding_id, outcome = 'fail' AS is_fail FROM checks.fct_check_result "
        "WHERE starts_with(finding_id, $1) ORDER BY is_fail DESC, finding_id",
        [name],
    ).fetchall()
    fails = [i for i, is_fail in ids if is_fail] or [i for i, _ in ids]
    if name not in fails and (not name or len(fails) != 1):
        if not fails or not name:
            raise ConfigError(
                f"没有疑点 {wanted}。标识见 checks.finding 的 finding_id（十六位，可只写开头几位）。",
                f"there is no finding {wanted}. The ids are checks.finding.finding_id (16 digits; the first few do).",
            )
        shown = "、".join(fails[:NAMES_SHOWN]) + ("…" if len(fails) > NAMES_SHOWN else "")
        raise ConfigError(
            f"{wanted} 是 {len(fails)} 条的开头：{shown}。请多写几位。",
            f"{wanted} begins {len(fails)} ids: {shown}. Give more digits.",
        )
    relation = con.execute(
        """
        SELECT r.* EXCLUDE (entity_id), coalesce(f.entity_id, r.entity_id) AS entity_id, f.district_code,
          f.project_id, f.counterpart_project_id, f.uscc, f.figures_digest, f.decision, f.decided_on, f.actor,
          c.name_zh, c.name_en, c.owner, c.rule_zh, c.rule_en, c.formula, c.ask_for_zh, c.ask_for_en
        FROM checks.fct_check_result AS r
        LEFT JOIN checks.finding AS f ON r.finding_id = f.finding_id AND r.outcome = 'fail'
        LEFT JOIN checks.check_registry AS c ON r.check_id = c.check_id
        WHERE r.finding_id = $1 ORDER BY r.reporting_unit LIMIT 1
        """,
        [name if name in fails else fails[0]],
    )
    return as_dicts(relation)[0]


def _unit(row: dict[str, Any]) -> str:
    sides = [row["entity_id"], row["counterpart_id"]]
    named = " / ".join(s for s in sides if s)
    return f"{named} {row['period'] or ''}".rstrip()


def _head(f: dict[str, Any]) -> str:
    outcome = {"fail": "疑点 finding", "pass": "通过 pass", "na": f"不适用 not applicable（{f['na_reason']}）"}
    lines = [
        f"{f['finding_id']}  {f['check_id']} {f['name_zh']} · {f['name_en']}",
        f"  对象 unit: {_unit(f)}（{f['entity_type']}），板块 board: {f['reporting_unit'] or '—'}",
        f"  结论 outcome: {outcome[f['outcome']]}",
    ]
    if f["outcome"] == "fail":
        lines.append(f"  等级 severity: {SEVERITIES[f['severity']]}")
        if f["effective_severity"] not in (None, f["severity"]):
            lines.append(f"  生效等级 in effect: {SEVERITIES[f['effective_severity']]}（没有第二项佐证 no second key）")
        lines.append("  这是需要核实的疑点，不是对任何人的认定。/ A question to be answered, not an accusation.")
    lines += [
        f"  规则 rule: {f['rule_zh']} / {f['rule_en']}",
        f"  公式 formula: {f['formula']}",
        f"  责任部门 owner: {f['owner']}",
    ]
    return "\n".join(lines)


def _decisions(con: duckdb.DuckDBPyConnection, f: dict[str, Any]) -> str:
    rows = con.execute(
        "SELECT decided_on, decision, actor, reason, state, state_zh FROM checks.finding_decision "
        "WHERE finding_id = $1 ORDER BY decided_on, decision_file, decision_row",
        [f["finding_id"]],
    ).fetchall()
    if f["outcome"] != "fail" and not rows:
        return ""
    lines = ["处置 decisions"]
    lines += [
        f"  {on} {DECISIONS.get(what, what)}，{who or '?'}：{why or '?'}（{zh} {state}）"
        for on, what, who, why, state, zh in rows
    ]
    if f["outcome"] == "fail":
        now = DECISIONS[f["decision"] or "open"]
        lines.append(f"  现在 now: {now}" + ("" if rows else "（还没有人处置 nobody has decided yet）"))
    return "\n".join(lines)


def _ask(f: dict[str, Any]) -> str:
    if f["outcome"] != "fail":
        return ""
    how = (
        f"zhixiao decide {f['finding_id']} --decision explained|confirmed|open --actor 姓名 --reason 理由"
        if f["figures_digest"]
        else "报警请核对阈值与口径 / of an alarm, look at the check's parameters"
    )
    return f"需补材料 hand in: {f['ask_for_zh']} / {f['ask_for_en']}\n处置 decide: {how}"


def _similar(con: duckdb.DuckDBPyConnection, f: dict[str, Any]) -> str:
    """Other open findings about the same project, firm or unit."""
    rows = con.execute(
        """
        SELECT f.finding_id, f.check_id, c.name_zh, f.entity_id, f.counterpart_id, f.period, f.effective_severity
        FROM checks.finding AS f INNER JOIN checks.check_registry AS c ON f.check_id = c.check_id
        WHERE f.finding_id <> $1 AND f.decision = 'open' AND f.district_code IS NOT DISTINCT FROM $5 AND (
          list_has_any([f.project_id, f.counterpart_project_id], list_filter([$2, $3], lambda x: x IS NOT NULL))
          OR f.uscc = $4 OR (f.entity_type = $6 AND f.entity_id = $7))
        ORDER BY f.effective_severity = 'flag', f.check_id, f.period, f.finding_id
        """,
        [f["finding_id"], f["project_id"], f["counterpart_project_id"], f["uscc"], f["district_code"],
         f["entity_type"], f["entity_id"]],
    ).fetchall()  # fmt: skip
    if not rows:
        return ""
    lines = [f"同一对象的其他待核实疑点 {len(rows)} 条 / {len(rows)} other open findings of the same unit"]
    lines += [
        f"  {i} {check} {name} {' / '.join(s for s in (entity, other) if s)} {period or ''} [{severity}]"
        for i, check, name, entity, other, period, severity in rows[:SIMILAR_SHOWN]
    ]
    return "\n".join(lines + (["  …"] if len(rows) > SIMILAR_SHOWN else []))
