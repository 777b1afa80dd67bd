"""What each task of `dags/bulletin.py` does, without a line of Airflow. JSON in, JSON out.

A bulletin is due when its period is over, its day has come (by known_on, not by a clock) and it has not been written
yet. What was written stays as it is until somebody asks for it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from zhixiao.bulletin.command import Kind, folder_of, write_bulletin
from zhixiao.errors import ConfigError, DataError
from zhixiao.settings import Settings
from zhixiao.warehouse.files import read_json, write_json

if TYPE_CHECKING:
    from zhixiao.bulletin.release import Window

Json = dict[str, Any]
BULLETIN_DAY = 10
"""Days after a period's end from which its bulletin is due, unless the parameter says otherwise."""
MARKER = "bulletin.json"


def due(params: Mapping[str, Any] | None = None) -> list[Json]:
    """The bulletins to write now: those whose day has come, or the one that the parameters name."""
    from zhixiao.bulletin.release import open_release

    p = dict(params or {})
    day = p.get("day")
    after = BULLETIN_DAY if day in (None, "") else int(str(day))
    settings = Settings.from_env()
    with open_release(settings) as release:
        if p.get("kind"):
            kind = str(p["kind"])
            if kind not in list(Kind):
                raise ConfigError(f"没有 {kind} 通报。", f"there is no {kind} bulletin; there are {', '.join(Kind)}.")
            return [_item(release.window(kind, p.get("period") or None))]
        windows = [release.window(kind.value) for kind in Kind]
        ready = [w for w in windows if is_due(w, release.known_on, release.as_of, after)]
        return [_item(w) for w in ready if not _written(settings, w)]


def is_due(window: Window, known_on: date, as_of: date, after: int) -> bool:
    """Whether a period is over and its bulletin's day has come."""
    return window.end <= as_of and known_on >= window.end + timedelta(days=after)


def write(item: Mapping[str, str]) -> Json:
    """Write one bulletin with its board reports, and note that it was written and from which release."""
    settings = Settings.from_env()
    done = write_bulletin(settings, item["kind"], period=item["period"])
    folder = done.files[0].parent
    result = {
        "kind": item["kind"],
        "period": done.period,
        "release_id": done.release_id,
        "files": [str(f) for f in done.files],
        "faults": [f.zh for f in done.faults],
    }
    if not done.faults:
        write_json(folder / MARKER, {**result, "files": sorted(f.name for f in done.files)})
    return result


def verdict(items: Sequence[Mapping[str, Any]] | None, results: Sequence[Mapping[str, Any] | None] | None) -> str:
    """One sentence on what was written. Raises DataError when a bulletin failed or lacks a part."""
    written = [w for w in results or [] if w]
    lost = len(items) - len(written) if items is not None else 1
    faults = [f"{w['kind']} {w['period']}：{f}" for w in written for f in w["faults"]]
    if faults or lost:
        raise DataError(
            f"有 {lost} 份通报没有写成；{'；'.join(faults)} 处理后重新触发。",
            f"{lost} bulletins failed, {len(faults)} lack a part: {'; '.join(faults)} Trigger the DAG again.",
        )
    if not written:
        return "没有到期的通报 / no bulletin is due"
    names = "、".join(f"{w['kind']} {w['period']}" for w in written)
    return f"已写 {names} / written"


def _item(window: Window) -> Json:
    return {"kind": window.kind, "period": window.slug}


def _written(settings: Settings, window: Window) -> bool:
    return read_json(folder_of(settings, window.kind, window.slug) / MARKER) is not None
