"""What would happen to a file, in plain words, without doing it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from zhixiao.contracts import Contract, load_contract, load_contracts
from zhixiao.errors import DataError
from zhixiao.landing.container import list_members
from zhixiao.landing.land import land_file
from zhixiao.landing.refusal import Refusal
from zhixiao.landing.report import FileReport, LandedPaths
from zhixiao.settings import Settings

REJECTS_SHOWN = 20


@dataclass(frozen=True)
class Inspection:
    """One file (or zip member) as the contract of `source` would land it."""

    label: str
    source: str
    report: FileReport
    rejects: list[tuple[str, int, str, str, str]]
    controls: list[tuple[str, int, str]]
    missing_optional: list[str]


def inspect_file(settings: Settings, path: Path, source: str | None = None) -> list[Inspection]:
    """Land `path` into a folder that is thrown away. Without `source` the folder it lies in says it,
    else the contract that knows most of its columns. Raises DataError when there is no such file."""
    if not path.is_file():
        raise DataError(f"没有这个文件：{path}。", f"there is no such file: {path}.")
    with tempfile.TemporaryDirectory(prefix="zhixiao-inspect-") as tmp:
        scratch = replace(settings, warehouse_dir=Path(tmp))
        try:
            members = list_members(path)
        except Refusal as r:
            report = FileReport("", "", "", "refused", r.reason_code, r.zh, r.en)
            return [Inspection(path.name, source or "", report, [], [], [])]
        out = []
        for member in members:
            label = path.name if member.inner is None else f"{path.name}!{member.inner}"
            names = [source] if source else _candidates(path)
            tries = [_inspect(scratch, load_contract(s), path, member.inner, member.sha256, label) for s in names]
            out.append(max(tries, key=_how_well))
        return out


def _candidates(path: Path) -> list[str]:
    known = load_contracts()
    named = [p for p in path.absolute().parts if p in known]
    return named[-1:] or list(known)


def _how_well(i: Inspection) -> tuple[bool, float]:
    """A source fits by the share of its required and of the file's columns that find each other."""
    columns = load_contract(i.source).file_columns
    share = len(i.report.columns) / len(columns) - 0.05 * len(i.report.unknown_columns)
    return i.report.status == "landed", share


def _inspect(
    settings: Settings, contract: Contract, path: Path, inner: str | None, sha256: str, label: str
) -> Inspection:
    paths = LandedPaths.of(settings.landed_dir, contract.source, sha256)
    report = land_file(settings, contract, path, inner, sha256, paths)
    if report.status == "refused":
        return Inspection(label, contract.source, report, [], [], [])
    rejects = duckdb.execute(
        "select sheet, row_number, column_name, cell_text, reason_zh || ' / ' || reason_en"
        " from read_parquet(?) order by sheet, row_number, column_name", [str(paths.rejects)],
    ).fetchall()  # fmt: skip
    controls = duckdb.execute(
        "select sheet, row_number, label from read_parquet(?) order by sheet, row_number", [str(paths.controls)]
    ).fetchall()
    missing = [c.label_zh for c in contract.file_columns if c.name not in report.columns]
    return Inspection(label, contract.source, report, rejects, controls, missing)


def describe(i: Inspection) -> str:
    """The inspection as lines for a person, Chinese first."""
    r = i.report
    if r.status == "refused":
        lines = [f"{i.label}：会被退回 / would be refused [{r.reason_code}]", f"  {r.reason_zh}", f"  {r.reason_en}"]
        if r.headers_found:
            lines.append(f"  读到的表头 / headers found: {'、'.join(r.headers_found)}")
        return "\n".join(lines)
    contract = load_contract(i.source)
    lines = [
        f"{i.label}：会按“{contract.title_zh}”接收 / would land as {i.source} (contract {contract.version})",
        f"  读取 {r.rows_read} 行 = 接收 {r.rows_accepted} + 隔离 {r.rows_quarantined} + 合计行 {r.rows_control}"
        f" + 注释空行 {r.rows_ignored} / rows read = accepted + quarantined + control + ignored",
        f"  金额 {r.money_read} 万元 = 接收 {r.money_accepted} + 隔离 {r.money_quarantined} / money, 万元",
    ]
    if any(r.sheets):
        lines.append(f"  工作表 / sheets: {'、'.join(r.sheets)}" + _named("；忽略 / ignored: ", r.ignored_sheets))
    lines.append("  列 / columns:")
    for name, use in r.columns.items():
        unit = f"（{use.unit} × {use.factor}）" if use.unit and use.factor not in ("", "1") else ""
        lines.append(f"    {use.header}{unit} -> {name}")
    for text, names in (
        ("没有的列（可不填） / absent columns: ", i.missing_optional),
        ("不认识的列（原样保留） / unknown columns, kept: ", r.unknown_columns),
        ("个人信息列（不入库） / personal columns, dropped: ", r.personal_columns),
        ("提示 / warnings: ", r.warnings),
    ):
        if names:
            lines.append(_named("  " + text, names))
    for sheet, row, label in i.controls:
        lines.append(f"  合计行 / control total: {_place(sheet, row)} {label}")
    for sheet, row, column, text, reason in i.rejects[:REJECTS_SHOWN]:
        lines.append(f"  隔离 / quarantined: {_place(sheet, row)} {column} = {json.dumps(text, ensure_ascii=False)}")
        lines.append(f"    {reason}")
    if len(i.rejects) > REJECTS_SHOWN:
        lines.append(f"  …… 还有 {len(i.rejects) - REJECTS_SHOWN} 处 / and {len(i.rejects) - REJECTS_SHOWN} more")
    return "\n".join(lines)


def _named(text: str, names: list[str]) -> str:
    return text + "、".join(n or "(CSV)" for n in names) if names else ""


def _place(sheet: str, row: int) -> str:
    return f"{sheet} 第 {row} 行" if sheet else f"第 {row} 行"
