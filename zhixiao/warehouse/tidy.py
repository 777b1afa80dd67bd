"""Retention: what may go, and nothing else. raw/ is never touched, nor a landed file that anything rests on.

| what | goes when |
|---|---|
| releases | beyond the last `keep_releases`; never the published one, one on demand, or the one a rollback holds |
| notes and logs of runs | older than `keep_log_days`; the last ten stay whatever the clock says |
| receipts | of deliveries received more than `keep_receipt_days` ago; `zhixiao receipts` writes them again |
| landed files | of no file under raw/ and of no row of the load log, `keep_orphan_days` after `tidy` first saw that |
| what broke off | working folders and half-written releases, from the day before yesterday and earlier |

A delivery that was deleted under raw/ stays in the load log, so its landed copy, the last one, stays as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse import releases
from zhixiao.warehouse.files import read_json, remove_tree, write_json
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, LOCAL_ZONE, warehouse_lock

KEEP_AT_LEAST = 10
Key = tuple[str, str]


@dataclass
class TidyResult:
    """What went (or would go, with `dry_run`), relative to the warehouse, by kind."""

    dry_run: bool = False
    releases: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    landed: list[str] = field(default_factory=list)
    broken_off: list[str] = field(default_factory=list)
    waiting_orphans: int = 0
    bytes: int = 0

    @property
    def words(self) -> str:
        zh, en = ("将删除", "would remove") if self.dry_run else ("已删除", "removed")
        kinds = (
            ("版本", "releases", self.releases), ("日志", "logs", self.logs), ("回执", "receipts", self.receipts),
            ("无主的落地文件", "landed files of no delivery", self.landed), ("残留", "left-overs", self.broken_off),
        )  # fmt: skip
        lines = [f"{zh} / {en}: {self.bytes / 1e6:,.1f} MB"]
        for kind_zh, kind_en, names in kinds:
            lines.append(f"  {kind_zh} {kind_en}: {len(names)}")
            lines += [f"    {n}" for n in names] if self.dry_run else []
        if self.waiting_orphans:
            lines.append(
                f"  另有 {self.waiting_orphans} 份无主的落地文件，期满后删除 / "
                f"{self.waiting_orphans} more wait their time"
            )
        return "\n".join(lines)


def tidy(
    settings: Settings,
    *,
    keep_releases: int | None = None,
    dry_run: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    today: date | None = None,
) -> TidyResult:
    """Remove what has had its time. Raises LockError while a run holds the warehouse."""
    keep = settings.keep_releases if keep_releases is None else keep_releases
    if keep < 1:
        raise ConfigError("至少保留一个版本：--keep-releases 应不小于 1。", "--keep-releases must be 1 or more.")
    day = today or datetime.now(LOCAL_ZONE).date()
    with warehouse_lock(settings, wait_seconds, "tidy"):
        result = TidyResult(dry_run)
        going = [
            (result.releases, _old_releases(settings, keep)),
            (result.logs, _old_logs(settings, day)),
            (result.receipts, _old_receipts(settings, day)),
            (result.landed, _orphans(settings, day, result)),
            (result.broken_off, _broken_off(settings, day)),
        ]
        for names, paths in going:
            for path in paths:
                names.append(path.relative_to(settings.warehouse_dir).as_posix())
                result.bytes += _size(path)
                if not dry_run:
                    _remove(path)
    return result


def _old_releases(settings: Settings, keep: int) -> list[Path]:
    now, hold = releases.published(settings), releases.read_hold(settings)
    needed = {now.release_id if now else "", hold.release_id if hold else ""}
    numbered = [r for r in releases.kept_releases(settings) if r.sequence > 0]
    return [r.folder for r in numbered[keep:] if r.release_id not in needed]


def _old_logs(settings: Settings, day: date) -> Iterator[Path]:
    state = settings.state_dir
    for folder in (state / "runs", state / "logs"):
        yield from _older(_by_time(folder.glob("*")), day, settings.keep_log_days)
    airflow = [p for home in ("airflow", "airflow-run") for p in (state / home / "logs").rglob("*.log")]
    yield from _older(_by_time(airflow), day, settings.keep_log_days)


def _old_receipts(settings: Settings, day: date) -> Iterator[Path]:
    from zhixiao.landing.discover import parse_day

    before = day - timedelta(days=settings.keep_receipt_days)
    for folder in sorted((settings.warehouse_dir / "receipts").glob("*/*")):
        received = parse_day(folder.name)
        if received is not None and received < before:
            yield folder


def _orphans(settings: Settings, day: date, result: TidyResult) -> list[Path]:
    """Landed files that nothing rests on, and that were so `keep_orphan_days` ago already."""
    landed: dict[Key, list[Path]] = {}
    for path in sorted(settings.landed_dir.glob("*/*")):
        landed.setdefault((path.parent.name, path.name.partition(".")[0]), []).append(path)
    needed = _needed(settings)
    orphans = {k: v for k, v in landed.items() if k not in needed}
    notes = settings.state_dir / "orphans.json"
    seen: dict[str, str] = read_json(notes) or {}
    since = {"/".join(k): seen.get("/".join(k), day.isoformat()) for k in orphans}
    last = (day - timedelta(days=settings.keep_orphan_days)).isoformat()
    going = [k for k in orphans if since["/".join(k)] <= last]
    result.waiting_orphans = len(orphans) - len(going)
    if not result.dry_run:
        write_json(notes, {n: d for n, d in since.items() if n not in {"/".join(k) for k in going}})
    return [p for k in going for p in orphans[k]]


def _needed(settings: Settings) -> set[Key]:
    """Contents of files under raw/, and of every row of the load log."""
    from zhixiao.landing.discover import discover
    from zhixiao.warehouse.db import connect

    found = discover(settings)
    needed = {(d.source, d.sha256) for d in found.drops} | {(r.source, r.sha256) for r in found.refused}
    if settings.work_db.exists():
        with connect(settings, settings.work_db, read_only=True) as con:
            tables = con.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
            if ("raw.load_log",) in tables:
                needed |= set(con.execute("SELECT DISTINCT source, file_sha256 FROM raw.load_log").fetchall())
    if not needed and any(settings.landed_dir.glob("*/*.json")):
        raise ConfigError(
            f"{settings.raw_dir} 下没有任何文件，数据仓里却有落地的文件：投放目录可能没有挂载。没有删除任何东西。",
            f"nothing lies under {settings.raw_dir}, but files have landed: perhaps the drop zone is not mounted. "
            "Nothing was removed.",
        )
    return needed


def _broken_off(settings: Settings, day: date) -> list[Path]:
    """What a killed run left. Landing and `inspect` work without the lock, so what is young may be in use."""
    folders = [
        *(settings.state_dir / "tmp").glob("*"),
        *(settings.warehouse_dir / "work" / "tmp").glob("*"),
        *settings.releases_dir.glob(".*"),
    ]
    return sorted(_older(_by_time(folders), day, 1, at_least=0))


def _by_time(paths: Iterator[Path] | list[Path]) -> list[Path]:
    return sorted(paths, key=lambda p: (p.stat().st_mtime, p.name), reverse=True)


def _older(newest_first: list[Path], day: date, days: int, at_least: int = KEEP_AT_LEAST) -> Iterator[Path]:
    before = datetime.combine(day - timedelta(days=days), datetime.min.time(), LOCAL_ZONE).timestamp()
    yield from (p for p in newest_first[at_least:] if p.stat().st_mtime < before)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(p.lstat().st_size for p in files if not p.is_dir() or p.is_symlink())


def _remove(path: Path) -> None:
    """A folder is renamed first: one that is half gone is not taken for a whole one."""
    if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
        hidden = path.with_name(f".pruned-{path.name}")
        path.rename(hidden)
        path = hidden
    remove_tree(path)
