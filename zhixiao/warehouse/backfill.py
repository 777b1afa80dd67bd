"""The month-end pairs of a plan under `releases/`: what was known at the end of every month, in one command.

Files are landed and loaded once. Then every pair (known_on = as_of = the month's last day) is built on a copy of
the work database, audited and kept as `releases/<known_on>_<as_of>/`, beside the published release and never
instead of it. A pair whose inputs and models have not changed since is left as it is, so a run that broke off goes
on where it stopped, and a second run changes nothing.

dbt reads the project once and runs it for every pair in this process. Its data tests, which look at every table
again, are left to the nightly build of the same models; the audit of the candidate judges every pair.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import time
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from zhixiao.contracts import load_contracts
from zhixiao.errors import ConfigError, DataError
from zhixiao.faults import point
from zhixiao.settings import Settings
from zhixiao.warehouse import releases
from zhixiao.warehouse.build import BuildState
from zhixiao.warehouse.db import connect
from zhixiao.warehouse.export import MAIN_FILE, export_candidate
from zhixiao.warehouse.files import read_json, remove_tree
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, warehouse_lock
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.publish import archive

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

Json = dict[str, Any]
Progress = Callable[[str], None]

FIRST_MONTH, LAST_MONTH = "2021-01", "2025-12"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_CODE_SUFFIXES = (".sql", ".yml", ".csv", ".py")


@dataclass
class BackfillResult:
    """What a backfill did: pairs built now, pairs that were as they should be, months without deliveries yet."""

    built: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    not_yet: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> Json:
        return asdict(self)

    @property
    def words(self) -> str:
        """One line for a person."""
        each = f"，平均每个 {self.seconds / len(self.built):.1f} 秒" if self.built else ""
        more = f"，{len(self.not_yet)} 个月尚无报送" if self.not_yet else ""
        lost = f"，失败 {len(self.failed)}" if self.failed else ""
        return (
            f"月末口径：新建 {len(self.built)}，已有且未变 {len(self.kept)}{more}{lost}；{self.seconds:.0f} 秒{each} / "
            f"{len(self.built)} built, {len(self.kept)} unchanged, {len(self.not_yet)} later than the last delivery, "
            f"{len(self.failed)} failed, {self.seconds:.0f} s"
        )


def month_ends(first: str = FIRST_MONTH, last: str = LAST_MONTH) -> list[Pair]:
    """The pairs known_on = as_of = month end, from one month to another. Raises ConfigError for a bad month."""
    for name, value in (("--from", first), ("--to", last)):
        if not _MONTH.fullmatch(value):
            raise ConfigError(
                f"{name} 应为 2021-01 这样的年月，收到的是“{value}”。",
                f"{name} must be a month like 2021-01: {value!r}.",
            )
    if first > last:
        raise ConfigError(f"--from {first} 晚于 --to {last}。", f"--from {first} is later than --to {last}.")
    (year, month), end = (int(x) for x in first.split("-")), tuple(int(x) for x in last.split("-"))
    out = []
    while (year, month) <= end:
        day = date(year, month, monthrange(year, month)[1])
        out.append(Pair(day, day))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return out


def backfill(
    settings: Settings,
    first: str = FIRST_MONTH,
    last: str = LAST_MONTH,
    *,
    progress: Progress | None = None,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
) -> BackfillResult:
    """Land, load, and build every month-end pair that is not there yet or rests on other files or models."""
    pairs = month_ends(first, last)
    say = progress or (lambda _: None)
    with warehouse_lock(settings, wait_seconds, "backfill"):
        prepare(settings, say)
        return build_pairs(settings, pairs, say)


def prepare(settings: Settings, say: Progress) -> Json:
    """Everything under raw/ into the work database, as a nightly run does. Returns counts."""
    from zhixiao.landing.discover import discover
    from zhixiao.nightly import backend, close_pools, land_all
    from zhixiao.warehouse.load import load

    if not settings.raw_dir.is_dir():
        raise ConfigError(f"投放目录不存在：{settings.raw_dir}。", f"there is no drop zone {settings.raw_dir}.")
    found = discover(settings)
    drops = {(d.source, d.sha256): d for d in found.drops}
    new = [d for d in drops.values() if backend.report(settings, d) is None]
    if new:
        say(f"落地 {len(new)} 个新文件… / landing {len(new)} new files ...")
    try:
        failed = [o.file_name for o in land_all(settings, new) if o.status == "failed"]
    finally:
        close_pools()
    result = load(settings, found, progress=say)
    return {"files": len(drops), "new": len(new), "failed": failed, "loaded": result.files_loaded}


def build_pairs(settings: Settings, pairs: Sequence[Pair], say: Progress) -> BackfillResult:
    """Build the pairs that need it, one after another; a pair that fails does not stop the others."""
    begun = time.monotonic()
    result = BackfillResult()
    with warehouse_lock(settings, DEFAULT_WAIT_SECONDS, "backfill"):
        received = _last_received(settings)
        code = code_hash(settings)
        todo: list[tuple[Pair, str]] = []
        for pair in pairs:
            if received is None or pair.known_on > received:
                result.not_yet.append(pair.name)
                continue
            inputs = inputs_hash(settings, pair, code)
            if _is_there(settings, pair, inputs):
                result.kept.append(pair.name)
            else:
                todo.append((pair, inputs))
        if todo:
            with _scratch(settings) as scratch, _dbt(scratch) as run:
                for n, (pair, inputs) in enumerate(todo, start=1):
                    started = time.monotonic()
                    try:
                        _build(settings, scratch, pair, inputs, run)
                        result.built.append(pair.name)
                        how = f"{time.monotonic() - started:.1f} s"
                    except DataError as e:
                        result.failed[pair.name] = str(e)
                        how = f"失败 failed: {e.zh} / {e.en}"
                    say(f"  {n}/{len(todo)} {pair.name} {how}")
                    point("backfill_pair")
    result.seconds = round(time.monotonic() - begun, 1)
    return result


def _build(settings: Settings, scratch: Settings, pair: Pair, inputs: str, run: Callable[[Pair], None]) -> None:
    """One pair: models, audit, and the folder under releases/."""
    from expectations.candidate import run_audit

    started = time.monotonic()
    run(pair)
    audit = run_audit(scratch, pair.known_on, pair.as_of)
    audit.require()
    settings.releases_dir.mkdir(parents=True, exist_ok=True)
    folder = settings.releases_dir / f".tmp-backfill-{os.getpid()}"
    remove_tree(folder)
    try:
        candidate = export_candidate(scratch, pair, folder)
        state = BuildState(secrets.token_hex(8), pair, audited=True)
        told = {"backfill": {"inputs": inputs, "seconds": round(time.monotonic() - started, 1)}}
        archive(settings, candidate, state, told)
    finally:
        remove_tree(folder)


def _is_there(settings: Settings, pair: Pair, inputs: str) -> bool:
    """Whether the pair's release rests on these very inputs and is whole."""
    folder = settings.releases_dir / pair.name
    manifest = read_json(folder / releases.MANIFEST) or {}
    told = (manifest.get("run") or {}).get("backfill") or {}
    return told.get("inputs") == inputs and (folder / MAIN_FILE).exists()


def inputs_hash(settings: Settings, pair: Pair, code: str) -> str:
    """All that a pair's tables depend on: the drops and decisions known by then, contracts, and the models."""
    with connect(settings, settings.work_db, read_only=True) as con:
        drops = con.execute(
            "SELECT source, district_code, received_on::VARCHAR, file_name, file_sha256, status, contract_version "
            "FROM raw.load_log WHERE received_on IS NULL OR received_on <= $1 ORDER BY ALL",
            [pair.known_on],
        ).fetchall()
        decided = con.execute(
            "SELECT DISTINCT decided_on::VARCHAR, file_name, file_sha256 FROM raw.decision WHERE decided_on <= $1 "
            "ORDER BY ALL",
            [pair.known_on],
        ).fetchall()
    versions = {s: c.version for s, c in load_contracts().items()}
    told = [pair.to_json(), drops, decided, versions, code]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def code_hash(settings: Settings) -> str:
    """The content of the dbt project: models, macros, seeds, tests."""
    project = settings.project_dir / "dbt_project"
    h = hashlib.sha256()
    for path in sorted(p for p in project.rglob("*") if p.suffix in _CODE_SUFFIXES):
        place = path.relative_to(project)
        if place.parts[0] not in ("target", "logs"):
            h.update(f"{place}\0".encode() + path.read_bytes())
    return h.hexdigest()


def _last_received(settings: Settings) -> date | None:
    """The last day of which we have heard anything; a later month end is not over yet."""
    from zhixiao.landing.discover import received_days

    return max(received_days(settings.raw_dir), default=None)


@contextmanager
def _scratch(settings: Settings) -> Iterator[Settings]:
    """A copy of the work database beside it, so that the nightly build stands as it was. Gone at the end."""
    scratch = replace(settings, warehouse_dir=settings.warehouse_dir / "work" / "backfill")
    remove_tree(scratch.warehouse_dir)
    scratch.work_db.parent.mkdir(parents=True)
    shutil.copyfile(settings.work_db, scratch.work_db)
    try:
        yield scratch
    finally:
        remove_tree(scratch.warehouse_dir)


@contextmanager
def _dbt(scratch: Settings) -> Iterator[Callable[[Pair], None]]:
    """A function that builds all models for a pair. The project is read once, the seeds are written once."""
    from dbt.cli.main import dbtRunner

    project = scratch.project_dir / "dbt_project"
    target = scratch.warehouse_dir / "dbt" / "target"
    places = [
        "--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target),
        "--log-path", str(target.parent / "logs"),
    ]  # fmt: skip
    manifest: Manifest | None = None

    def invoke(command: str, pair: Pair) -> Any:
        words = ["--quiet", "--no-use-colors", "--log-level-file", "none", command, *places, "--no-version-check"]
        done = dbtRunner(manifest=manifest).invoke([*words, "--vars", json.dumps(pair.to_json())])
        if not done.success:
            raise _failure(done, pair)
        return done.result

    before = dict(os.environ)
    os.environ |= {**scratch.to_env(), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    logging.getLogger("dbt").setLevel(logging.ERROR)
    begun = Pair(date(2000, 1, 1), date(2000, 1, 1))
    try:
        manifest = cast("Manifest", invoke("parse", begun))
        invoke("seed", begun)
        yield lambda pair: invoke("run", pair)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _failure(done: Any, pair: Pair) -> DataError:
    """Why a dbt command failed, in one sentence."""
    results = getattr(done.result, "results", None) or []
    bad = [r for r in results if str(r.status) in ("error", "fail", "runtime error")]
    why = "; ".join(f"{r.node.name}: {' '.join(str(r.message).split())[:200]}" for r in bad[:3])
    why = why or str(done.exception or "?")[:400]
    return DataError(f"{pair.name} 构建失败：{why}。", f"{pair.name} could not be built: {why}.")
