"""Corrections, merges and splits as people enter them: what stands, what would change, and the row that says so.

The rows go to `raw/_decisions/<day>/`; the models apply them (macros/decided.sql) and publish what became of each
as `quality.correction` and `quality.merge`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

import duckdb

from zhixiao.contracts import Column, Contract, load_contracts
from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse.db import as_lock_error, connect, open_published
from zhixiao.warehouse.decisions import append_decision
from zhixiao.warehouse.schema import quote, text

Entity = Literal["project", "firm"]
_PROJECT_ID = re.compile(r"\d{6}-.+")
_YES = {"是": "true", "否": "false", "true": "true", "false": "false"}


@dataclass(frozen=True)
class Entered:
    """A decision that was written: the file, and what a person reads about its effect."""

    path: Path
    effect: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """The row of a key that stands in the work database."""

    district: str
    value: str | None
    file: str
    file_sha256: str
    sheet: str
    row_number: int


def correct(
    settings: Settings,
    source: str,
    key: str,
    column: str,
    old: str,
    new: str,
    *,
    editor: str,
    reason: str,
    day: date,
    district: str | None = None,
) -> Entered:
    """Enter a correction of one cell. Values are in the unit of the contract (money in 万元).

    Raises ConfigError for a source, key or column that does not exist, a value that the column cannot hold, and
    when `old` is not what stands: such a correction would change nothing.
    """
    contract = _contract(source)
    c = _column(contract, column)
    was, becomes = _typed(c, old), _typed(c, new)
    if was == becomes:
        raise ConfigError("原值与新值相同，没有可更正的内容。", "old and new are the same value: nothing to correct.")
    with _work(settings) as con:
        standing = _standing(con, contract, key, c, district)
        if standing.value != was:
            raise ConfigError(
                f"{source} {key} 的 {c.name} 现值是“{_shown(standing.value)}”，不是“{old}”，更正不会生效，未记入。",
                f"{c.name} of {source} {key} is {_shown(standing.value)!r} now, not {old!r}: the correction would "
                "not act, and was not written.",
            )
        effect = [
            f"{c.label_zh} {c.name}（{c.canonical_unit or '-'}）：{_shown(was)} -> {_shown(becomes)}",
            f"来自 from raw/{standing.file} {standing.sheet} 第 {standing.row_number} 行 / row {standing.row_number}",
            *_rest_on(con, contract, key, standing),
        ]
    row = {
        "district_code": standing.district, "source": source, "key": key, "column": c.name, "old": old, "new": new,
        "reason": reason, "editor": editor, "date": day.isoformat(),
    }  # fmt: skip
    return Entered(append_decision(settings.raw_dir, day, "correction", row), effect)


def merge(
    settings: Settings,
    entity: Entity,
    goes: str,
    stays: str,
    *,
    actor: str,
    reason: str,
    day: date,
    undo: bool = False,
) -> Entered:
    """Enter that two projects or two firms are one (`undo`: no longer).

    A project code without a ledger row that belongs to a ledger project becomes a link decision. Raises
    ConfigError when one of them is unknown, both are the same, or the ledger row would go into a bare code.
    """
    if goes == stays:
        raise ConfigError("两个编号相同。", "both are the same.")
    with _work(settings) as con:
        sides = [_side(con, entity, x) for x in (goes, stays)]
    missing = [x for x, side in zip((goes, stays), sides, strict=True) if side is None]
    if missing and not undo:
        names = "、".join(missing)
        raise ConfigError(f"没有 {names}。", f"there is no {names}.")
    words = [s.words for s in sides if s is not None]
    if entity == "project" and not undo and sides[0] and sides[1]:
        if sides[0].in_ledger and not sides[1].in_ledger:
            raise ConfigError(
                f"{stays} 不在台账中，台账项目不能并入它。请反过来：zhixiao merge project {stays} {goes}。",
                f"{stays} has no ledger row, so a ledger project cannot go into it. The other way round: "
                f"zhixiao merge project {stays} {goes}.",
            )
        if not sides[0].in_ledger and sides[1].in_ledger:
            code = goes.partition("-")[2]
            return _link(settings, code, stays, "link", actor, reason, day, words)
    action = "unmerge" if undo else "merge"
    row = {"entity": entity, "from_id": goes, "into_id": stays, "action": action, "actor": actor, "reason": reason}
    path = append_decision(settings.raw_dir, day, f"merge-{entity}s", row)
    told = f"{goes} 的全部资料计入 {stays} / all that was delivered about {goes} counts for {stays}"
    undone = f"{goes} 与 {stays} 重新分开 / {goes} and {stays} are two again"
    return Entered(path, [*words, undone if undo else told])


def split(settings: Settings, code: str, project_id: str, *, actor: str, reason: str, day: date) -> Entered:
    """Enter that a project code was linked to the wrong project. It becomes a project of its own, or finds another.

    Raises ConfigError when the code is not linked to that project.
    """
    with _work(settings) as con:
        found = con.execute(
            "SELECT DISTINCT project_id, match_method, confidence FROM zhixiao.marts.bridge_project_key "
            "WHERE key_kind = 'project_code' AND key_value = $1 ORDER BY ALL",
            [code],
        ).fetchall()
    if project_id not in {p for p, _, _ in found}:
        linked = "、".join(p for p, _, _ in found) or "（没有 / nothing）"
        raise ConfigError(
            f"项目代码 {code} 并未关联到 {project_id}，现关联到 {linked}。",
            f"project code {code} is not linked to {project_id}; it is linked to {linked}.",
        )
    words = [f"{code} -> {p}（{m}，{c}）" for p, m, c in found]
    return _link(settings, code, project_id, "unlink", actor, reason, day, words)


def _link(
    settings: Settings, code: str, project_id: str, action: str, actor: str, reason: str, day: date, words: list[str]
) -> Entered:
    row = {
        "key_kind": "project_code", "key_value": code, "project_id": project_id, "action": action, "actor": actor,
        "reason": reason,
    }  # fmt: skip
    told = (
        f"{code} 归入 {project_id} / {code} belongs to {project_id}"
        if action == "link"
        else f"{code} 不再归入 {project_id} / {code} no longer belongs to {project_id}"
    )
    return Entered(append_decision(settings.raw_dir, day, "link", row), [*words, told])


@contextmanager
def _work(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The work database as `zhixiao` (its views name it so), read-only."""
    if not settings.work_db.exists():
        raise ConfigError("还没有运行过，请先 zhixiao run。", "nothing was ever built: run `zhixiao run` first.")
    with connect(settings, None) as con:
        try:
            con.execute(f"ATTACH {text(str(settings.work_db))} AS zhixiao (READ_ONLY)")
        except duckdb.IOException as e:
            raise as_lock_error(e, settings.work_db) from e
        yield con


def _contract(source: str) -> Contract:
    contracts = load_contracts()
    if source not in contracts:
        names = "、".join(sorted(contracts))
        raise ConfigError(f"没有来源 {source}；有：{names}。", f"there is no source {source}; there are {names}.")
    return contracts[source]


def _column(contract: Contract, name: str) -> Column:
    c = contract.by_name.get(name) or next((x for x in contract.columns if x.label_zh == name), None)
    if c is None:
        names = "、".join(contract.by_name)
        raise ConfigError(
            f"{contract.source} 没有列 {name}；有：{names}。", f"{contract.source} has no column {name}: {names}."
        )
    if c.is_key or c.name in contract.scope_columns:
        raise ConfigError(
            f"{c.name} 是主键的一部分，不能更正；请由部门改报，或用 zhixiao merge、split。",
            f"{c.name} is part of the key and cannot be corrected; ask for a new delivery, or use merge or split.",
        )
    return c


def _typed(c: Column, value: str) -> str | None:
    """The text of a value as the database writes it. Raises ConfigError when the column cannot hold it."""
    written = value.strip()
    if not written:
        return None
    kind = c.sql_type.lower()
    try:
        if kind.startswith("decimal"):
            return f"{Decimal(written.replace(',', '')):.6f}"
        if kind == "date":
            return date.fromisoformat(written).isoformat()
        if kind == "integer":
            return str(int(written))
        if kind == "boolean":
            return _YES[written.lower()]
    except (InvalidOperation, ValueError, KeyError):
        raise ConfigError(
            f"“{value}”不是 {c.label_zh}（{c.value_type}）能取的值；日期写 2025-03-01，金额用 {c.canonical_unit}。",
            f"{value!r} is no value of {c.name} ({c.value_type}); dates as 2025-03-01, money in 10k CNY.",
        ) from None
    if c.allowed and written not in c.allowed:
        names = "、".join(c.allowed)
        raise ConfigError(f"{c.label_zh} 只能是：{names}。", f"{c.name} must be one of {names}.")
    return written


def _standing(
    con: duckdb.DuckDBPyConnection, contract: Contract, key: str, c: Column, district: str | None
) -> Standing:
    """The row of the key that stands now, as the last build left it."""
    rows = con.execute(
        f"SELECT s.district_code, s.{quote(c.name)}::VARCHAR, s.received_on::VARCHAR || '/' || s.file_name, "
        "s.file_sha256, s.sheet, s.row_number "
        f"FROM zhixiao.intermediate.int_{contract.source}__current AS s "
        f"INNER JOIN zhixiao.staging.stg_{contract.source} AS t "
        "USING (received_on, file_sha256, file_name, sheet, row_number) "
        "WHERE t.statement_key = $1 AND ($2 IS NULL OR s.district_code = $2) ORDER BY ALL",
        [key, district],
    ).fetchall()
    if not rows:
        parts = "|".join(contract.keys) or "file_sha256|sheet|row_number"
        raise ConfigError(
            f"{contract.source} 中没有主键为 {key} 的现行记录；主键写作 {parts}。",
            f"no row of {contract.source} with the key {key} stands; a key is written {parts}.",
        )
    if len({r[0] for r in rows}) > 1:
        names = "、".join(sorted({r[0] for r in rows}))
        raise ConfigError(f"几个区都有 {key}：{names}，请给出 --district。", f"several districts have {key}: {names}.")
    d, value, file, sha, sheet, number = rows[0]
    return Standing(d, value, f"{contract.source}/{file}", sha, sheet or "", number)


def _rest_on(con: duckdb.DuckDBPyConnection, contract: Contract, key: str, standing: Standing) -> list[str]:
    """The published tables with rows that rest on a delivered row of that key."""
    tables = con.execute(
        "SELECT schema_name, table_name FROM duckdb_columns() "
        "WHERE database_name = 'zhixiao' AND schema_name = 'marts' "
        "AND column_name IN ('file_sha256', 'sheet', 'row_number') GROUP BY ALL HAVING count(*) = 3 ORDER BY ALL"
    ).fetchall()
    con.execute(
        "CREATE OR REPLACE TEMP TABLE stated AS SELECT DISTINCT file_sha256, coalesce(sheet, '') AS sheet, row_number "
        f"FROM zhixiao.staging.stg_{contract.source} WHERE statement_key = $1 AND district_code = $2",
        [key, standing.district],
    )
    out = []
    for schema, table in tables:
        row = con.execute(
            f"SELECT count(*) FROM zhixiao.{quote(schema)}.{quote(table)} AS t SEMI JOIN stated AS s "
            "ON t.file_sha256 = s.file_sha256 AND coalesce(t.sheet, '') = s.sheet AND t.row_number = s.row_number"
        ).fetchone()
        if row and row[0]:
            out.append(f"  {schema}.{table}: {row[0]} 行以它为据 / rows rest on it")
    return out


@dataclass(frozen=True)
class _Side:
    words: str
    in_ledger: bool


def _side(con: duckdb.DuckDBPyConnection, entity: Entity, name: str) -> _Side | None:
    """One side of a merge in words; None when nobody knows it."""
    if entity == "firm":
        row: Any = con.execute(
            "SELECT company_name FROM zhixiao.intermediate.int_enterprise WHERE uscc = $1 ORDER BY ALL", [name]
        ).fetchone()
        return _Side(f"{name} {row[0] or ''}", False) if row else None
    if not _PROJECT_ID.fullmatch(name):
        raise ConfigError(f"项目编号写作 321204-Q12，不是 {name}。", f"a project id looks like 321204-Q12, not {name}.")
    row = con.execute(
        "SELECT project_name, company_name, signed_investment, planned_investment, is_in_ledger "
        "FROM zhixiao.intermediate.int_project WHERE project_id = $1 ORDER BY ALL",
        [name],
    ).fetchone()
    if row is None:
        return None
    project, company, signed, planned, in_ledger = row
    amounts = f"签约 signed {_shown(signed)}，备案 filed {_shown(planned)} 万元"
    return _Side(f"{name} {project or ''}（{company or '?'}；{amounts}）", bool(in_ledger))


def _shown(value: Any) -> str:
    return "（空 / empty）" if value is None else str(value)


def decided_rows(settings: Settings, table: Literal["correction", "merge"]) -> Sequence[tuple[Any, ...]]:
    """What the published release says became of corrections or merges, the latest first."""
    columns = {
        "correction": "outcome_zh, outcome_en, source || ' ' || statement_key || ' ' || column_name",
        "merge": "outcome_zh, outcome, entity || ' ' || from_id || ' -> ' || into_id",
    }[table]
    with open_published(settings) as con:
        return con.execute(
            f"SELECT decided_on, {columns}, editor, reason FROM quality.{table} "
            "ORDER BY decided_on DESC, decision_file, decision_row"
        ).fetchall()
