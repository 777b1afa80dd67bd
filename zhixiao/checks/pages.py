"""A page a check, and their index, written from the registry: what a clerk reads about a finding.

python -m zhixiao.checks.pages          writes docs/checks/
python -m zhixiao.checks.pages --check  exits 1 when a page is stale
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from zhixiao.checks.registry import Check, Said, Threshold, load_checks, load_common
from zhixiao.contracts import load_contracts
from zhixiao.settings import PROJECT_DIR

FOLDER = Path("docs/checks")
FAMILIES = {
    "identities": Said(zh="恒等式与手续", en="Identities and documents"),
    "duplicates": Said(zh="重复", en="Duplicates"),
    "series": Said(zh="序列", en="Series"),
    "cross_source": Said(zh="跨来源", en="Cross-source"),
    "ordering": Said(zh="先后、窗口与状态", en="Ordering, windows and status"),
    "money": Said(zh="资金回流与填报行为", en="Money round trips and filing behaviour"),
    "populations": Said(zh="群体（只提示板块，不标记单个项目）", en="Populations: boards, never one project"),
    "identity_units": Said(zh="编码与量纲", en="Identity and units"),
}
SEVERITIES = {
    "block": Said(zh="不成立（立即移出核实数）", en="block: out of verified totals at once"),
    "quarantine": Said(zh="先不计入核实数，待人核实", en="quarantine: out of verified totals until a person decides"),
    "flag": Said(zh="提示", en="flag: a finding to look at"),
}
OUTCOMES = {
    "fail": Said(zh="疑点", en="finding"),
    "pass": Said(zh="通过", en="pass"),
    "exempt": Said(zh="豁免", en="exempt"),
    "na": Said(zh="不适用", en="not applicable"),
}
NOTICE = (
    "<!-- Generated from zhixiao/checks/registry by `python -m zhixiao.checks.pages`. Do not edit. -->\n"
    "<!-- 由检查目录生成，请勿手改。 -->"
)


def pages(checks: Sequence[Check] | None = None) -> dict[str, str]:
    """File name -> text of every page under docs/checks."""
    found = tuple(checks if checks is not None else load_checks())
    return {"README.md": index(found), **{f"{c.check_id}.md": page(c) for c in found}}


def page(c: Check) -> str:
    """The page of one check: Chinese first, English after."""
    titles = {source: contract.title_zh for source, contract in load_contracts().items()}
    inputs = [f"{titles[i]}（{i}）" if i in titles else i for i in c.inputs]
    facts = [
        ("类别", FAMILIES[c.family].zh),
        ("对象", _in_chinese(c.unit)),
        ("最高等级", SEVERITIES[c.most].zh),
        ("责任部门", c.owner),
        ("所用来源", "、".join(inputs)),
        ("最小样本", str(c.minimum_sample) if c.minimum_sample else "无"),
        ("版本", c.version),
    ]
    lines = [
        f"# {c.check_id} {c.name.zh} · {c.name.en}",
        "",
        NOTICE,
        "",
        "疑点是需要核实的问题，不是对任何单位或个人的认定。",
        "",
        "## 规则",
        "",
        f"{c.rule.zh}。",
        "",
        "```",
        c.formula,
        "```",
        "",
        *_table(("项目", "内容"), facts),
        *_notes_zh(c),
        "",
        "## 阈值与出处",
        "",
        *_thresholds(c),
        "",
        "## 例子",
        "",
        "每个例子都是一个在每次构建时运行的测试。",
        "",
        *_table(
            ("结论", "情形", "测试 test"),
            [(OUTCOMES[e.outcome].zh, e.zh, f"`{e.test}`") for e in c.examples],
        ),
        "",
        "## 为什么",
        "",
        c.why.zh,
        "",
        "## 不作为疑点的情形",
        "",
        *([f"- {e.zh}" for e in c.exemptions] or ["没有豁免情形；缺少资料时不适用。"]),
        "",
        "## 前提与口径",
        "",
        c.assumptions.zh,
        "",
        "## 需补材料",
        "",
        f"{c.ask_for.zh}。",
        "",
        f"查看一条疑点：`zhixiao explain 标识`；处置：`zhixiao decide 标识 --decision explained`。模型 `{c.model}`。",
        "",
        "---",
        "",
        "## In English",
        "",
        f"**{c.name.en}** ({FAMILIES[c.family].en}; {c.unit}). {_sentence(c.rule.en)}",
        "",
        f"- Strongest severity: {SEVERITIES[c.most].en}.",
        *[f"- {line}" for line in _notes_en(c)],
        f"- Why: {_sentence(c.why.en)}",
        f"- Not a finding: {'; '.join(e.en for e in c.exemptions) or 'no exemptions; no source, no answer'}.",
        f"- Assumptions: {_sentence(c.assumptions.en)}",
        f"- What to ask for: {_sentence(c.ask_for.en)}",
        f"- Answers for the figures: {c.owner}. A finding is a question, never an accusation.",
        "",
    ]
    return "\n".join(lines)


def index(checks: Sequence[Check]) -> str:
    """The checks by family."""
    lines = [
        "# 检查目录 · The checks",
        "",
        NOTICE,
        "",
        "检查只说明哪两个数不能同时成立，或哪个数难以成立，以及它们各在哪个文件的哪一行；它不认定任何人的行为。",
        "缺少来源时不适用，不是疑点。",
        "A check says which two figures cannot both be true and where they stand; it accuses nobody.",
        "",
        "★ 硬性检查，其“先不计入”单独生效；其余须有另一类别的第二项疑点佐证。/ ★ hard: effective alone.",
    ]
    for family, said in FAMILIES.items():
        rows = [
            (
                f"[{c.check_id}]({c.check_id}.md)",
                f"{c.name.zh}{' ★' if c.is_hard else ''}",
                c.name.en,
                SEVERITIES[c.most].zh,
                _in_chinese(c.unit),
                c.owner,
            )
            for c in checks
            if c.family == family
        ]
        if rows:
            header = ("编号", "名称", "Name", "最高等级", "对象", "责任部门")
            lines += ["", f"## {said.zh} · {said.en}", "", *_table(header, rows)]
    lines += ["", "## 各检查共用的参数 · Parameters of all checks", "", *_threshold_table(load_common()), ""]
    return "\n".join(lines)


def _in_chinese(unit: str) -> str:
    """Entity and period of a check, as checks.md gives them, for a Chinese reader."""
    words = {
        "pair of projects": "两个项目", "projects": "项目", "project": "项目", "enterprise": "企业",
        "reporting_unit": "板块", "file": "文件", "YYYY-MM": "月", "YYYY": "年", "null": "全期", " x ": " × ",
    }  # fmt: skip
    for en, zh in words.items():
        unit = unit.replace(en, zh)
    return unit


def _notes_zh(c: Check) -> list[str]:
    out = []
    if c.is_hard:
        out.append("硬性检查：“先不计入”单独生效，不需要第二项疑点。")
    if c.is_population:
        out.append("群体检查：只提示板块，不标记任何单个项目或企业。")
    if c.has_p_value:
        out.append("有显著性水平：在同一检查、同一月份内按 Benjamini-Hochberg 控制误报。")
    if not c.has_self_alarm:
        out.append("反映真实状态的检查：超过一成时不自我报警。")
    return ["", *(f"- {line}" for line in out)] if out else []


def _notes_en(c: Check) -> list[str]:
    out = []
    if c.is_hard:
        out.append("Hard: its quarantine is effective alone.")
    if c.is_population:
        out.append("About a board; it never marks one project.")
    if c.has_p_value:
        out.append("Benjamini-Hochberg within check and month.")
    if c.minimum_sample:
        out.append(f"Not applicable under {c.minimum_sample} observations.")
    return out


def _thresholds(c: Check) -> list[str]:
    return _threshold_table(c.thresholds) if c.thresholds else ["没有可调参数。"]


def _threshold_table(thresholds: Iterable[Threshold]) -> list[str]:
    rows = [
        (
            f"`{t.parameter}`",
            f"{t.value.normalize():f} {t.unit}".rstrip(),
            str(t.effective_from),
            "本项目设定，待用开发数据调校（T）" if t.source == "T" else t.source,
            t.note,
        )
        for t in thresholds
    ]
    return _table(("参数 parameter", "值 value", "起用 from", "出处 source", "说明 note"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [[" ".join(v.split()).replace("|", "\\|") for v in row] for row in rows]
    return [
        f"| {' | '.join(header)} |",
        f"|{'---|' * len(header)}",
        *(f"| {' | '.join(row)} |" for row in cells),
    ]


def _sentence(text: str) -> str:
    said = text.strip()
    return f"{said[0].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"


def stale(project_dir: Path = PROJECT_DIR) -> list[str]:
    """Names of pages that are not what the registry says, of missing ones and of those of no check."""
    folder = project_dir / FOLDER
    wanted = pages()
    have = {p.name: p.read_text(encoding="utf-8") for p in folder.glob("*.md")}
    return sorted(n for n in wanted.keys() | have.keys() if wanted.get(n) != have.get(n))


def main(argv: Sequence[str]) -> int:
    """Write the pages, or with --check say which are stale."""
    if "--check" in argv:
        old = stale()
        for name in old:
            print(f"{FOLDER / name} 已过时 / is stale: python -m zhixiao.checks.pages")
        return 1 if old else 0
    folder = PROJECT_DIR / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(folder.relative_to(PROJECT_DIR))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
