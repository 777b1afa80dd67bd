"""What a release says, on one screen, in plain words: read from the published file only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.settings import Settings
from zhixiao.texts import number, percent, table
from zhixiao.warehouse.db import open_published
from zhixiao.warehouse.export import MAIN_FILE

Json = dict[str, Any]

RATES = (
    ("filing_rate", "签约项目备案率"),
    ("start_rate", "备案项目开工率"),
    ("investment_completion_rate", "项目投资完成率"),
    ("production_rate", "开工项目投产率"),
    ("on_target_rate", "投产项目达效率"),
)
READINGS = (("claimed", "认定"), ("evidenced", "佐证"), ("verified", "核实"))
REFUSED_SHOWN = 10
OWNERS_SHOWN = 8


def summary(settings: Settings, result: Mapping[str, Any] | None = None) -> str:
    """The release as text in Chinese and English. `result` is the verdict of the run, as in state/last_run.json.

    A run whose pair is older than the published one is told from the folder it went to.
    """
    result = result or {}
    published = result.get("publish") or {}
    folder = Path(published.get("path") or settings.published_dir)
    if not (folder / MAIN_FILE).exists():
        return f"还没有发布任何版本。/ Nothing has been published yet. ({settings.published_dir})"
    with open_published(settings, folder / MAIN_FILE) as con:
        parts = [
            _head(con, published, folder),
            _files(con, result),
            _rates(con),
            _refused(con),
            _quarantine(con),
            _findings(con),
            _next(settings, folder),
        ]
    if "exit_code" in result:
        parts.append(_exit(int(result["exit_code"])))
    return "\n\n".join(p for p in parts if p)


def _head(con: duckdb.DuckDBPyConnection, published: Mapping[str, Any], folder: Path) -> str:
    row = con.execute("SELECT release_id, as_of::VARCHAR, known_on::VARCHAR FROM quality.release").fetchone()
    assert row is not None
    lines = []
    if published.get("zh"):
        lines += [f"{published['zh']}", f"{published['en']}", ""]
    facts = [
        ("版本 release", row[0]),
        ("统计时点 as_of", row[1]),
        ("资料截止 known_on", row[2]),
        ("所在目录 folder", str(folder)),
    ]
    return "\n".join([*lines, table(facts)])


def _files(con: duckdb.DuckDBPyConnection, result: Mapping[str, Any]) -> str:
    row = con.execute(
        "SELECT files_loaded, files_refused, files_unchanged, rows_accepted, rows_quarantined, money_accepted, "
        "money_quarantined FROM quality.release"
    ).fetchone()
    assert row is not None
    loaded, refused, unchanged, accepted, quarantined, money, money_quarantined = row
    found = result.get("files") or {}
    files = f"入库 landed {number(loaded)} · 拒收 refused {number(refused)} · 重复 unchanged {number(unchanged)}"
    if found:
        files += f" · 等待 waiting {found.get('waiting', 0)} · 本次新处理 new {found.get('new', 0)}"
    facts = [
        ("文件 files", files),
        ("行 rows", f"接收 accepted {number(accepted)} · 隔离 quarantined {number(quarantined)}"),
        (
            "金额 money（万元）",
            f"接收 accepted {number(money, 2)} · 隔离 quarantined {number(money_quarantined, 2)}",
        ),
    ]
    return table(facts)


def _rates(con: duckdb.DuckDBPyConnection) -> str:
    """The five rates of the whole district: cohort form, all years, main variant."""
    if not _has(con, "marts", "mart_funnel"):
        return ""
    rows = con.execute(
        """SELECT measure, reading, basis, numerator, denominator, value, cut_value FROM marts.mart_funnel
        WHERE cut_kind = 'district' AND window_kind = 'all' AND form = 'cohort' AND variant = 'main'
        ORDER BY cut_value"""
    ).fetchall()
    blocks = []
    for district in sorted({r[6] for r in rows}):
        found = {(m, r, b): (n, d, v) for m, r, b, n, d, v, c in rows if c == district}
        lines = []
        for basis, title in (("count", "五率 five rates · 按数量 by count"), ("amount", "按金额 by amount（万元）")):
            lines.append([title, *(f"{zh} {en}" for en, zh in READINGS)])
            for measure, label in RATES:
                if basis == "amount" or measure != "investment_completion_rate":
                    cells = [_rate(found.get((measure, r, basis))) for r, _ in READINGS]
                    lines.append([f"{label} {measure}", *cells])
        name = f"  {district}\n" if len({r[6] for r in rows}) > 1 else ""
        blocks.append(name + table(lines))
    note = (
        "  认定 = 部门认定或台账所载；佐证 = 有其他部门带日期的材料，两者之差即水分；\n"
        "  核实 = 佐证中没有生效疑点的项目。\n"
        "  claimed = as the departments say; evidenced = shown by dated documents of others, the gap is unsupported;\n"
        "  verified = evidenced, without the projects that effective findings hold back."
    )
    return "\n".join([*blocks, note]) if blocks else ""


def _rate(found: tuple[Any, Any, Any] | None) -> str:
    if found is None:
        return "·"
    numerator, denominator, value = found
    return f"{percent(value)} ({number(numerator)}/{number(denominator)})"


def _refused(con: duckdb.DuckDBPyConnection) -> str:
    if not _has(con, "quality", "load_log"):
        return ""
    rows = con.execute(
        """SELECT source, coalesce(received_on::VARCHAR, '?'), file_name, reason_code, reason_zh, reason_en
        FROM quality.load_log WHERE status = 'refused' ORDER BY received_on DESC NULLS FIRST, source, file_name"""
    ).fetchall()
    if not rows:
        return ""
    lines = [f"  被拒收的文件 refused files: {len(rows)}"]
    for source, day, name, code, zh, en in rows[:REFUSED_SHOWN]:
        lines += [f"    {source}/{day}/{name} [{code}]", f"      {zh}", f"      {en}"]
    if len(rows) > REFUSED_SHOWN:
        more = len(rows) - REFUSED_SHOWN
        lines.append(f"    …… 另有 {more} 个，见 quality.load_log / and {more} more in quality.load_log")
    return "\n".join(lines)


def _quarantine(con: duckdb.DuckDBPyConnection) -> str:
    if not _has(con, "quality", "quarantine"):
        return ""
    rows = con.execute(
        """SELECT owner, source, count(DISTINCT (file_sha256, received_on, sheet, row_number)) FROM quality.quarantine
        WHERE state = 'open' GROUP BY ALL ORDER BY 3 DESC, 1, 2"""
    ).fetchall()
    if not rows:
        return ""
    whole = sum(n for *_, n in rows)
    lines = [f"  待处理的隔离行 open quarantined rows: {whole}"]
    lines.append(table([(f"{o}", f"{s}", str(n)) for o, s, n in rows[:OWNERS_SHOWN]], "    ", (2,)))
    if len(rows) > OWNERS_SHOWN:
        lines.append("    ……")
    return "\n".join(lines)


def _findings(con: duckdb.DuckDBPyConnection) -> str:
    """The number of findings, by what they do to the figures; how many are decided; checks that alarm of themselves."""
    if not _has(con, "checks", "fct_check_result"):
        return ""
    row = con.execute(
        "SELECT count(*), count(*) FILTER (effective_severity = 'block'), "
        "count(*) FILTER (effective_severity = 'quarantine'), count(*) FILTER (effective_severity = 'flag') "
        "FROM checks.fct_check_result WHERE outcome = 'fail'"
    ).fetchone()
    whole, block, quarantine, flag = row or (0, 0, 0, 0)
    lines = [
        f"  疑点 findings: {number(whole)}（不能成立 block {number(block)}，先不计入 quarantine {number(quarantine)}，"
        f"提示 flag {number(flag)}；见 checks.fct_check_result）"
    ]
    if _has(con, "checks", "finding"):
        decided = con.execute(
            "SELECT count(*) FILTER (decision = 'explained'), count(*) FILTER (decision = 'confirmed') "
            "FROM checks.finding"
        ).fetchone()
        explained, confirmed = decided or (0, 0)
        if explained or confirmed:
            lines.append(f"    已说明 explained {number(explained)} · 属实 confirmed {number(confirmed)}")
        alarms = con.execute(
            "SELECT check_id, observed::BIGINT, n_used FROM checks.fct_check_result "
            "WHERE entity_type = 'source' AND entity_id = check_id AND outcome = 'fail' ORDER BY check_id"
        ).fetchall()
        if alarms:
            told = "、".join(f"{c}（{number(n)}/{number(of)}）" for c, n, of in alarms)
            lines.append(f"    检查对自身报警，先核对阈值 checks that alarm about themselves: {told}")
    return "\n".join(lines)


def _next(settings: Settings, folder: Path) -> str:
    facts = [
        ("看数 figures", f"{folder / MAIN_FILE}（marts.mart_funnel；只读打开 open read-only）"),
        ("隔离 quarantine", "zhixiao quarantine list"),
        ("疑点 a finding", "zhixiao explain ID"),
        ("来源 where a figure is from", "zhixiao trace TABLE KEY COLUMN"),
    ]
    pages = settings.docs_dir / "expectations" / "index.html"
    if pages.exists():
        facts.append(("来文与发布检查 checks", str(pages)))
    facts.append(("处理办法 what to do", str(settings.project_dir / "docs" / "runbook.md")))
    return "  接下来 where to look next\n" + table(facts, "    ")


def _exit(code: int) -> str:
    words = {
        0: "已发布，没有拒收或失败 / published, nothing refused or failed",
        3: "已发布，但有文件被拒收或有步骤出错 / published, but something was refused or failed",
        1: "没有发布 / nothing published",
    }
    return f"  退出码 exit code {code}: {words.get(code, '')}"


def _has(con: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    sql = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'p' AND schema_name = $1 AND table_name = $2"
    return con.execute(sql, [schema, name]).fetchone() is not None
