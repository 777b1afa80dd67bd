"""Arrivals during the day: is there anything that a load before the night would land?

A day's folder is ready when its sender has set the flag `_READY` in it, or when every file in it has settled. What
is ready and has no report yet is an arrival. The run that loads it is named after it, so that one set of arrivals
is tried once by day: what that run could not land waits for the night, and is told there.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhixiao import nightly
from zhixiao.settings import Settings

if TYPE_CHECKING:
    from zhixiao.landing.report import Drop

Json = dict[str, Any]
log = logging.getLogger("zhixiao.arrivals")


def look(loads_under_way: int = 0) -> Json | None:
    """What a load would land now, and the id of that run. None when there is nothing, or a run is going on: then
    the next look, in ten minutes, finds what it left."""
    settings = Settings.from_env()
    reason = _why_not(settings, loads_under_way)
    new = [] if reason else ready(settings)
    if not new:
        log.info(reason or "没有新到的文件 / nothing new")
        return None
    sources = dict(sorted(Counter(d.source for d in new).items()))
    words = ", ".join(f"{s} {n}" for s, n in sources.items())
    log.info("新到 %d 个文件：%s / %d files have arrived: %s", len(new), words, len(new), words)
    return {"files": len(new), "sources": sources, "run_id": f"arrivals__{digest(new)}"}


def _why_not(settings: Settings, loads_under_way: int) -> str | None:
    """Why nothing is to be loaded now, whatever has come."""
    from zhixiao.warehouse.lock import is_locked

    if loads_under_way:
        return "已有一次加载在排队或运行 / a load is queued or running"
    if not settings.raw_dir.is_dir():
        return f"投放目录不存在 / no drop zone: {settings.raw_dir}"
    if is_locked(settings):
        return "数据仓正被占用 / the warehouse is held by another run"
    return None


def ready(settings: Settings) -> list[Drop]:
    """Files without a report whose folder is complete, each content once, in order."""
    found = nightly.backend.discover(settings)
    incomplete = {day_folder(settings, p) for p in found.waiting}
    out: dict[tuple[str, str], Drop] = {}
    for drop in found.drops:
        key = (drop.source, drop.sha256)
        if key in out or day_folder(settings, Path(drop.path)) in incomplete:
            continue
        if nightly.backend.report(settings, drop) is None:
            out[key] = drop
    return list(out.values())


def day_folder(settings: Settings, path: Path) -> tuple[str, ...]:
    """`<source>/<received day>` of a file below raw/, with the district where there is one."""
    parts = path.relative_to(settings.raw_dir).parts
    return parts[: 3 if parts[0].isdigit() else 2]


def digest(drops: list[Drop]) -> str:
    """A name for a set of arrivals: the same files, the same name."""
    told = sorted(f"{d.district}/{d.source}/{d.received_on}/{d.file_name}/{d.sha256}" for d in drops)
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogateescape")).hexdigest()[:16]
