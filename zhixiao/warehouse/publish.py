"""Publication and rollback: which release readers see."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from zhixiao import faults
from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse import releases
from zhixiao.warehouse.build import BuildState, require_build
from zhixiao.warehouse.export import MAIN_FILE, PUBLIC_FILE, Candidate, complete_candidate, export_candidate
from zhixiao.warehouse.files import read_json, remove_tree, write_atomic, write_json
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, LOCAL_ZONE, warehouse_lock
from zhixiao.warehouse.pair import Pair

Json = dict[str, Any]
Progress = Callable[[str], None]

PINNED = ("apache-airflow", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pyarrow")


@dataclass
class PublishResult:
    """What a publication did. `path` is the folder in which the release of this pair can be read.

    published: readers see a new release; unchanged: the same tables as before; archived: a pair older than the
    published one, kept under releases/ only; held: a rollback is in force; rolled_back.
    """

    status: Literal["published", "unchanged", "archived", "held", "rolled_back"]
    release_id: str
    known_on: str
    as_of: str
    path: str
    zh: str
    en: str
    tables: int = 0
    rows: int = 0

    def to_json(self) -> Json:
        return asdict(self)


def publish(
    settings: Settings,
    pair: Pair,
    *,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    progress: Progress | None = None,
    require_audit: bool = True,
    lift_hold: bool = False,
    run: Json | None = None,
) -> PublishResult:
    """Publish the audited build of the pair that the work database holds.

    `lift_hold` ends a rollback also without new files; `run` is what the run did so far, for the
    manifest. Raises what `require_build` raises, and LockError.
    """
    say = progress or (lambda _: None)
    with warehouse_lock(settings, wait_seconds, "publish"):
        state = require_build(settings, pair, audited=require_audit)
        settings.releases_dir.mkdir(parents=True, exist_ok=True)
        repaired = releases.repair(settings)
        if repaired:
            say(f"  补全上次中断的发布 {repaired} / completed the publication of {repaired} that had broken off")
        if lift_hold:
            releases.write_hold(settings, None)
        folder = settings.releases_dir / f".tmp-{os.getpid()}"
        try:
            candidate = export_candidate(settings, pair, folder)
            faults.point("publish_exported")
            return _place(settings, candidate, state, run or {})
        finally:
            remove_tree(folder)


def _place(settings: Settings, c: Candidate, state: BuildState, run: Json) -> PublishResult:
    """Decide what becomes of a candidate, and do it."""
    now = releases.published(settings)
    hold = releases.read_hold(settings)
    inputs = c.inputs | releases.decision_inputs(c.decisions)
    newest = max(now.pair, hold.pair) if now and hold else now.pair if now else None
    if newest is not None and c.pair < newest and (now is None or c.release_id != now.release_id):
        return archive(settings, c, state, run)
    if hold is not None and inputs <= hold.inputs:
        assert now is not None
        return _result(
            "held", c, now.release_id, settings.published_dir,
            f"已回退到 {now.release_id}，没有新文件，继续保持；新文件到来后恢复发布。",
            f"Rolled back to {now.release_id}, and no new file has come since: it stays published until one does.",
        )  # fmt: skip
    if now is not None and now.release_id == c.release_id:
        return _result(
            "unchanged", c, c.release_id, settings.published_dir,
            "没有新内容：各表与已发布的版本完全相同。", "Nothing is new: the same tables as published before.",
        )  # fmt: skip
    sequence = 1 + max((r.sequence for r in releases.kept_releases(settings)), default=0)
    _finish(settings, c, state, sequence, run)
    folder = releases.keep(settings, c.folder, c.release_id, replace=True)
    # A hold must be gone before the switch: one that is left over would look like a rollback that broke off.
    releases.write_hold(settings, None)
    faults.point("publish_before_switch")
    releases.switch(settings, folder)
    releases.prune(settings, settings.keep_releases)
    return _result(
        "published", c, c.release_id, settings.published_dir,
        f"已发布 {c.release_id}。", f"Published {c.release_id}.",
    )  # fmt: skip


def archive(settings: Settings, c: Candidate, state: BuildState, run: Json) -> PublishResult:
    """Keep a pair beside the published one under releases/<known_on>_<as_of>/; published/ is untouched."""
    _finish(settings, c, state, 0, run)
    folder = releases.keep(settings, c.folder, c.pair.name, replace=True)
    return _result(
        "archived", c, c.release_id, folder,
        f"该口径早于已发布的版本：已写入 {folder}，published/ 不变。",
        f"This pair is older than the published one: it lies in {folder}; published/ is untouched.",
    )  # fmt: skip


def _result(status: Any, c: Candidate, release_id: str, path: Path, zh: str, en: str) -> PublishResult:
    days = c.pair.to_json()
    rows = sum(t.rows for t in c.tables.values())
    return PublishResult(status, release_id, days["known_on"], days["as_of"], str(path), zh, en, len(c.tables), rows)


def _finish(settings: Settings, c: Candidate, state: BuildState, sequence: int, run: Json) -> None:
    """The other files, the marker beside the Parquet files, and the manifest: the only place with the time of day."""
    complete_candidate(settings, c)
    write_atomic(c.folder / releases.PARQUET / releases.MARKER, c.release_id + "\n")
    names = sorted(p for p in c.folder.rglob("*") if p.is_file())
    write_json(
        c.folder / releases.MANIFEST,
        {
            "release_id": c.release_id,
            **c.pair.to_json(),
            "sequence": sequence,
            "published_at": datetime.now(LOCAL_ZONE).strftime("%Y-%m-%dT%H:%M:%S"),
            "district": settings.district,
            "build_id": state.build_id,
            "content_checksum": c.content_checksum,
            "tables": {n: {"rows": t.rows, "checksum": t.checksum} for n, t in c.tables.items()},
            "files": {str(p.relative_to(c.folder)): {"bytes": p.stat().st_size, "sha256": _sha256(p)} for p in names},
            "counts": c.counts,
            "run": run,
            "decisions": c.decisions,
            "code_version": code_version(settings.project_dir),
            "pins": pins(settings.project_dir),
        },
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def code_version(project_dir: Path) -> str:
    """The version of the code, from git where there is one, else of the package."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "-C", str(project_dir), "describe", "--always", "--dirty", "--tags"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        return done.stdout.strip()
    with suppress(metadata.PackageNotFoundError):
        return metadata.version("zhixiao")
    return ""


def pins(project_dir: Path) -> Json:
    """The versions that matter, and the hash of the lock file they come from."""
    out: Json = {"python": platform.python_version()}
    for name in PINNED:
        with suppress(metadata.PackageNotFoundError):
            out[name] = metadata.version(name)
    lock = project_dir / "requirements.lock"
    if lock.exists():
        out["requirements.lock"] = _sha256(lock)
    return out


def rollback(
    settings: Settings, release_id: str | None = None, *, wait_seconds: float = DEFAULT_WAIT_SECONDS
) -> PublishResult:
    """Make an earlier kept release (the one before, or the named one) the published one again.

    It holds until a release with new files is published. Raises ConfigError when there is no such release.
    """
    with warehouse_lock(settings, wait_seconds, "rollback"):
        releases.repair(settings)
        now = releases.published(settings)
        if now is None:
            raise ConfigError(
                "还没有发布过任何版本，无可回退。", "nothing was ever published: there is nothing to roll back."
            )
        target = _target(settings, now.release_id, release_id)
        _require_intact(target)
        before = releases.read_hold(settings)
        inputs = releases.inputs_of_published(settings) | (before.inputs if before else frozenset())
        latest = max(now.pair, before.pair) if before else now.pair
        forward = target.sequence == max(r.sequence for r in releases.kept_releases(settings))
        hold = None if forward else releases.Hold(target.release_id, latest, inputs)
        releases.write_hold(settings, hold)
        faults.point("rollback_noted")
        releases.switch(settings, target.folder)
        days = target.pair.to_json()
        return PublishResult(
            "rolled_back", target.release_id, days["known_on"], days["as_of"], str(settings.published_dir),
            f"已从 {now.release_id} 换到 {target.release_id}。"
            + ("这是最近一次发布的版本，后续照常发布。" if forward else "保持到有新文件的下一次发布为止。"),
            f"published/ went from {now.release_id} to {target.release_id}. "
            + ("This is the last release: publication goes on as usual." if forward
               else "It holds until a release with new files."),
        )  # fmt: skip


def _require_intact(release: releases.Release) -> None:
    """A kept release that somebody changed is not published again."""
    told = (read_json(release.folder / releases.MANIFEST) or {}).get("files", {})
    for name in (MAIN_FILE, PUBLIC_FILE):
        path = release.folder / name
        if not path.exists() or _sha256(path) != told.get(name, {}).get("sha256"):
            raise ConfigError(
                f"保留的版本 {release.name} 中的 {name} 已被改动或缺失，不能回退到它。请选另一个版本。",
                f"{name} of the kept release {release.name} was changed or is gone: it cannot be published again. "
                "Choose another release.",
            )


def _target(settings: Settings, current: str, wanted: str | None) -> releases.Release:
    """The release to go to."""
    kept = releases.kept_releases(settings)
    names = "、".join(r.name for r in kept if r.release_id != current) or "无 / none"
    if wanted is not None:
        found = releases.find_release(settings, wanted)
        if found is None or found.release_id == current:
            zh = "已经是当前发布的版本" if found else "不在保留的版本中"
            en = "is the published one already" if found else "is not among the kept releases"
            raise ConfigError(f"{wanted} {zh}。可选：{names}。", f"{wanted} {en}. Kept: {names}.")
        return found
    mine = next((r.sequence for r in kept if r.release_id == current), None)
    earlier = [r for r in kept if r.sequence > 0 and r.release_id != current and (mine is None or r.sequence < mine)]
    if not earlier:
        raise ConfigError(
            f"{current} 之前没有保留的版本。可选：{names}。",
            f"no release before {current} is kept. Kept: {names}.",
        )
    return earlier[0]
