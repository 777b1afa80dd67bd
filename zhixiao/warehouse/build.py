"""One `dbt build` for one pair, as a process of its own, and its outcome in words.

While, and only while, the work database holds a complete build, `state/build.json` says for which pair and
whether it was audited; publication asks for both. It is taken away before dbt starts, so a build that broke off
half-way is never published.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zhixiao import faults
from zhixiao.errors import ConfigError, DataError, LockError, PublicationRefused
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect
from zhixiao.warehouse.files import read_json, write_json
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, Lock, warehouse_lock
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.schema import quote

Progress = Callable[[str], None]
Json = dict[str, Any]

OWN_SCHEMAS = ("staging", "intermediate", "marts", "marts_public", "checks", "quality", "seeds", "audit")
_NODE = re.compile(r"(\d+) of (\d+) (OK|PASS|ERROR|FAIL \d+|FAIL|WARN \d+|WARN|SKIP)\b ?(.*?) \.{2,}")
_SAY_EVERY_SECONDS = 5.0
_TOLD_FAILURES = 8


@dataclass
class BuildResult:
    """What a build made. `build_id` is new with every build."""

    build_id: str
    known_on: str
    as_of: str
    models: int = 0
    tests: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class BuildState:
    """The complete build that the work database holds."""

    build_id: str
    pair: Pair
    audited: bool = False

    def to_json(self) -> Json:
        return {"build_id": self.build_id, **self.pair.to_json(), "audited": self.audited}


def build(
    settings: Settings,
    pair: Pair,
    *,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    progress: Progress | None = None,
) -> BuildResult:
    """Build all models for the pair.

    Raises DataError with the models and tests that failed, LockError when the work database is taken,
    MemoryError when dbt ran out of memory, ConfigError when the project itself is wrong.
    """
    begun = time.monotonic()
    with warehouse_lock(settings, wait_seconds, "build") as lock:
        if not settings.work_db.exists():
            raise ConfigError(
                f"工作库 {settings.work_db} 还不存在，请先运行 zhixiao load。",
                f"there is no work database {settings.work_db} yet: run `zhixiao load` first.",
            )
        forget_build(settings)
        faults.point("build_before_dbt")
        target = settings.state_dir / "dbt" / "target"
        (target / "run_results.json").unlink(missing_ok=True)
        code, tail = _dbt(settings, pair, lock, target, progress or (lambda _: None))
        results = read_json(target / "run_results.json")
        if code != 0:
            raise failure(results, tail, settings)
        faults.point("build_after_dbt")
        _drop_orphans(settings, read_json(target / "manifest.json") or {})
        result = BuildResult(secrets.token_hex(8), pair.known_on.isoformat(), pair.as_of.isoformat())
        _count(results or {}, result)
        result.seconds = round(time.monotonic() - begun, 1)
        write_json(_state_path(settings), BuildState(result.build_id, pair).to_json())
        faults.point("build_noted")
    return result


def build_state(settings: Settings) -> BuildState | None:
    """The complete build in the work database, or None."""
    d = read_json(_state_path(settings))
    return BuildState(d["build_id"], Pair.from_json(d), d["audited"]) if d else None


def forget_build(settings: Settings) -> None:
    """The work database is about to change: what stands in it may no longer be published."""
    _state_path(settings).unlink(missing_ok=True)


def mark_audited(settings: Settings, pair: Pair) -> BuildState:
    """Note that the present build passed the audit. Raises LockError when it is no longer the pair's."""
    state = require_build(settings, pair)
    audited = BuildState(state.build_id, state.pair, audited=True)
    write_json(_state_path(settings), audited.to_json())
    return audited


def require_build(settings: Settings, pair: Pair, audited: bool = False) -> BuildState:
    """The complete build of this pair. Raises ConfigError when there is none, LockError when another run
    has rebuilt the work database meanwhile, PublicationRefused when it was not audited."""
    state = build_state(settings)
    if state is None:
        raise ConfigError(
            f"工作库中没有 {pair.name} 的完整构建，请先运行 zhixiao build。",
            f"the work database holds no complete build for {pair.name}: run `zhixiao build` first.",
        )
    if state.pair != pair:
        raise LockError(
            f"工作库已被另一次运行改为 {state.pair.name} 的构建，而本次是 {pair.name}。请重新运行。",
            f"another run has rebuilt the work database for {state.pair.name}; this one is {pair.name}. Run again.",
        )
    if audited and not state.audited:
        raise PublicationRefused(
            f"{pair.name} 的构建尚未通过发布前检查，请先运行 zhixiao audit。",
            f"the build for {pair.name} has not passed the audit: run `zhixiao audit` first.",
        )
    return state


def _state_path(settings: Settings) -> Path:
    return settings.state_dir / "build.json"


def dbt_command(settings: Settings, pair: Pair, target: Path) -> list[str]:
    """The command line of the build."""
    project = settings.project_dir / "dbt_project"
    return [
        sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "build",
        "--project-dir", str(project), "--profiles-dir", str(project),
        "--target-path", str(target), "--log-path", str(target.parent / "logs"),
        "--exclude-resource-type", "unit_test", "--vars", json.dumps(pair.to_json()),
    ]  # fmt: skip


def _dbt(settings: Settings, pair: Pair, lock: Lock, target: Path, progress: Progress) -> tuple[int, Sequence[str]]:
    """Run dbt, pass its progress on. Returns its exit code and its last lines.

    dbt inherits the lock: when this process is killed, the warehouse stays taken until dbt has ended too.
    """
    env = {**os.environ, **settings.to_env(), **lock.env}
    env |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    process = subprocess.Popen(
        dbt_command(settings, pair, target),
        cwd=settings.project_dir,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=lock.pass_fds,
    )
    tail: list[str] = []
    assert process.stdout is not None
    said = time.monotonic()
    try:
        for line in process.stdout:
            tail.append(line.rstrip())
            del tail[:-200]
            node = _NODE.search(line)
            if node is None:
                continue
            number, whole, status, name = node.groups()
            bad = status.startswith(("ERROR", "FAIL"))
            if bad or number == whole or time.monotonic() - said >= _SAY_EVERY_SECONDS:
                progress(f"  dbt {number}/{whole} {status} {name}")
                said = time.monotonic()
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process.wait(), tail


def failure(results: Json | None, tail: Sequence[str], settings: Settings) -> Exception:
    """Why a build failed, as the error to raise."""
    text = "\n".join(tail)
    failed = [r for r in (results or {}).get("results", []) if r["status"] in ("error", "fail", "runtime error")]
    said = "\n".join([text, *(str(r.get("message") or "") for r in failed)])
    if re.search(r"could not set lock|conflicting lock", said, re.IGNORECASE):
        return LockError(
            f"dbt 打不开工作库 {settings.work_db}：另一个程序正在使用它。请关闭后重试。",
            f"dbt cannot open the work database {settings.work_db}: another program uses it. Close it and run again.",
        )
    if re.search(r"out of memory", said, re.IGNORECASE):
        return MemoryError(
            f"dbt 内存不足（上限 {settings.memory_limit}）。请调大 ZHIXIAO_MEMORY_LIMIT。/ dbt ran out of memory "
            f"(limit {settings.memory_limit}): raise ZHIXIAO_MEMORY_LIMIT."
        )
    if not failed:
        last = _last_words(tail)
        return ConfigError(
            f"dbt 未能开始构建，数据没有变化。dbt 的说明：{last}。日志：{settings.state_dir / 'dbt' / 'logs'}。",
            f"dbt could not build; nothing has changed. It says: {last}. Log: {settings.state_dir / 'dbt' / 'logs'}.",
        )
    models = [r for r in failed if not _is_test(r)]
    tests = [r for r in failed if _is_test(r)]
    zh, en = ["构建失败，未发布，读者看到的仍是上一个版本。"], ["The build failed; readers keep the last release."]
    for r in models[:_TOLD_FAILURES]:
        zh.append(f"模型 {_name(r)} 出错：{_message(r)}。")
        en.append(f"Model {_name(r)} failed: {_message(r)}.")
    for r in tests[:_TOLD_FAILURES]:
        zh.append(f"检验 {_name(r)} 未通过：{_message(r)}。")
        en.append(f"Test {_name(r)} did not pass: {_message(r)}.")
    if len(failed) > len(models[:_TOLD_FAILURES]) + len(tests[:_TOLD_FAILURES]):
        zh.append(f"共 {len(models)} 个模型、{len(tests)} 个检验未通过。")
        en.append(f"{len(models)} models and {len(tests)} tests failed in all.")
    skipped = sum(r["status"] == "skipped" for r in (results or {}).get("results", []))
    if skipped:
        zh.append(f"其后的 {skipped} 个节点未执行。")
        en.append(f"{skipped} nodes behind them were not run.")
    zh.append(f"请交给数据工程师；日志：{settings.state_dir / 'dbt' / 'logs' / 'dbt.log'}。")
    en.append(f"Hand this to the data engineer; log: {settings.state_dir / 'dbt' / 'logs' / 'dbt.log'}.")
    return DataError("".join(zh), " ".join(en))


def _last_words(tail: Sequence[str]) -> str:
    """dbt's last lines without its clock."""
    lines = [re.sub(r"^\d\d:\d\d:\d\d\s*", "", x).strip() for x in tail if x.strip()]
    return " ".join(lines[-6:])[:600] or "(nothing)"


def _is_test(result: Json) -> bool:
    return str(result["unique_id"]).startswith(("test.", "unit_test."))


def _name(result: Json) -> str:
    parts = str(result["unique_id"]).split(".")
    return parts[2] if len(parts) > 2 else parts[-1]


def _message(result: Json) -> str:
    lines = [x.strip() for x in str(result.get("message") or result["status"]).splitlines() if x.strip()]
    return " ".join(lines)[:300].rstrip(".。")


def _count(results: Json, out: BuildResult) -> None:
    for r in results.get("results", []):
        if _is_test(r):
            out.tests += 1
            if r["status"] == "warn":
                out.warnings.append(f"{_name(r)}: {_message(r)}")
        else:
            out.models += 1


def _drop_orphans(settings: Settings, manifest: Json) -> None:
    """Drop tables and views of models that no longer exist: they would be published for ever."""
    known = {
        (n["schema"], n.get("alias") or n["name"])
        for n in manifest.get("nodes", {}).values()
        if n["resource_type"] in ("model", "seed", "test")
    }
    if not known:
        return
    with connect(settings, settings.work_db) as con:
        rows = con.execute(
            "SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables() UNION ALL "
            "SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        for schema, name, kind in rows:
            if schema in OWN_SCHEMAS and (schema, name) not in known:
                con.execute(f"DROP {kind} IF EXISTS {quote(schema)}.{quote(name)} CASCADE")
