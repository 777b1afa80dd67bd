"""Backup and restore of what no run can make again: the drop zone, and what the warehouse remembers.

    DIR/000007-20260302T013000/
        raw/…            every file below raw/, decisions included
        state/…          history, verdict and what was told; a rollback in force
        ledger/…         the load log as Parquet
        landed/…         the report of every landed file
        releases/…       only with `releases=True`
        manifest.json    sha256, size, mode and time of each file; written last

A content that an earlier backup of DIR holds is linked, not copied, after its bytes have been read again: a
copy that decayed is replaced, and told. A backup is written under a dot name and renamed when all of it is on
disk, so one without its manifest is never taken for one. Files are 0600 and folders 0700, since deliveries
hold persons.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from zhixiao import faults
from zhixiao.errors import ConfigError, DataError
from zhixiao.settings import Settings
from zhixiao.warehouse.files import fsync_path, read_json, remove_tree, write_json
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, LOCAL_ZONE, warehouse_lock

Json = dict[str, Any]
Progress = Callable[[str], None]

MANIFEST = "manifest.json"
FORMAT = 1
REMEMBERED = ("history.jsonl", "last_run.json", "told.json", "digest.txt")
HOLD = "hold.json"
_NAME = re.compile(r"(\d{6})-\d{8}T\d{6}")
_CHUNK = 1 << 20


@dataclass
class BackupResult:
    """What a backup did. `files` counts all of it, `copied` and `linked` its parts.

    `left_out` names files that could not be read or were still being written, `decayed` copies of earlier
    backups that no longer hold what they held, `gone` files of the last backup that raw/ no longer has.
    """

    path: str = ""
    files: int = 0
    bytes: int = 0
    copied: int = 0
    linked: int = 0
    left_out: list[str] = field(default_factory=list)
    decayed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        lines = [
            f"备份完成：{self.path}，{self.files} 个文件，新复制 {self.copied} 个，沿用 {self.linked} 个。",
            f"backup {self.path}: {self.files} files, {self.copied} copied, {self.linked} as in an earlier backup.",
        ]
        for names, zh, en in (
            (self.left_out, "没有备份（读不出或正在写入）", "left out (unreadable or still being written)"),
            (self.decayed, "旧备份中已损坏，已重新复制", "decayed in an earlier backup, copied anew"),
            (self.gone, "上次备份有、现在 raw/ 没有", "in the last backup, no longer under raw/"),
        ):
            lines += [f"{zh} / {en}: {n}" for n in names[:20]]
            if len(names) > 20:
                lines.append(f"… 共 {len(names)} 个 / {len(names)} in all")
        return "\n".join(lines)


@dataclass
class RestoreResult:
    """What a restore did."""

    source: str
    files: int
    raw: str
    warehouse: str
    notes: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return "\n".join(
            [
                f"已恢复 {self.files} 个文件，逐个核对无误：{self.raw}，{self.warehouse}。请运行 zhixiao run 重建。",
                f"restored {self.files} files from {self.source}, each one verified. `zhixiao run` builds the rest.",
                *self.notes,
            ]
        )


# --- the folder of backups


def backups(folder: Path) -> list[Path]:
    """The complete backups in a folder, the oldest first."""
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if _NAME.fullmatch(p.name) and (p / MANIFEST).is_file()]
    return sorted(found, key=lambda p: p.name)


def read_manifest(backup: Path) -> Json:
    """The manifest of a backup. Raises ConfigError for a folder that is none."""
    manifest = read_json(backup / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ConfigError(
            f"{backup} 不是完整的备份（没有可读的 {MANIFEST}）。请选另一个备份。",
            f"{backup} is no complete backup (no readable {MANIFEST}). Choose another one.",
        )
    return manifest


def verify(backup: Path) -> list[str]:
    """The files of a backup that are missing or do not hold what they held."""
    return [
        name for name, told in sorted(read_manifest(backup)["files"].items())
        if _digest(backup / name) != told["sha256"]
    ]  # fmt: skip


# --- backup


def backup(
    settings: Settings,
    folder: Path,
    *,
    releases: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> BackupResult:
    """Write a backup into `folder`. Raises LockError while a run holds the warehouse, ConfigError for a folder
    that would be lost together with what it is to save."""
    folder = folder.absolute()
    _require_outside(settings, folder)
    say = progress or (lambda _: None)
    with warehouse_lock(settings, wait_seconds, "backup"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for stray in folder.glob(".part-*"):
            remove_tree(stray)
        earlier = backups(folder)
        number = 1 + (int(earlier[-1].name[:6]) if earlier else 0)
        stamp = (now or datetime.now(LOCAL_ZONE)).strftime("%Y%m%dT%H%M%S")
        name = f"{number:06d}-{stamp}"
        part = folder / f".part-{name}"
        try:
            result = _write(settings, part, earlier, releases, say)
            faults.point("backup_before_rename")
            part.rename(folder / name)
        except BaseException:
            remove_tree(part)
            raise
        fsync_path(folder)
        result.path = str(folder / name)
        return result


def _require_outside(settings: Settings, folder: Path) -> None:
    place = folder.resolve()
    for mine in (settings.raw_dir.resolve(), settings.warehouse_dir.resolve()):
        if place == mine or place.is_relative_to(mine):
            raise ConfigError(
                f"备份目录 {folder} 在 {mine} 里面，会随它一起丢失。请换到别处，最好是另一块盘。",
                f"{folder} lies within {mine} and would be lost together with it. Give another place, best another "
                "disk.",
            )
    if not settings.raw_dir.is_dir():
        raise ConfigError(
            f"投放目录不存在：{settings.raw_dir}。没有备份。", f"the drop zone does not exist: {settings.raw_dir}."
        )


def _write(settings: Settings, part: Path, earlier: list[Path], releases: bool, say: Progress) -> BackupResult:
    """The content of a backup, and its manifest last."""
    result = BackupResult()
    known = _Known(earlier)
    files: dict[str, Json] = {}
    part.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in _sources(settings, Path(scratch), releases):
            told = _take(path, part / name, known, result)
            if told is None:
                result.left_out.append(name)
                continue
            files[name] = told
            if len(files) % 1000 == 0:
                say(f"备份 {len(files)} 个文件… / {len(files)} files ...")
            faults.point("backup_file")
    result.files, result.bytes = len(files), sum(t["bytes"] for t in files.values())
    result.decayed = sorted(known.decayed)
    if earlier:
        before = read_manifest(earlier[-1])["files"]
        result.gone = sorted(n for n in before if n.startswith("raw/") and n not in files)
    for place, folders, _ in os.walk(part):
        for f in folders:
            (Path(place) / f).chmod(0o700)
            fsync_path(Path(place) / f)
    write_json(
        part / MANIFEST,
        {
            "format": FORMAT,
            "made_at": datetime.now(LOCAL_ZONE).strftime("%Y-%m-%dT%H:%M:%S"),
            "raw": str(settings.raw_dir),
            "district": settings.district,
            "published": (read_json(settings.published_dir / MANIFEST) or {}).get("release_id"),
            "releases": releases,
            "left_out": result.left_out,
            "files": files,
        },
    )
    (part / MANIFEST).chmod(0o600)
    return result


def _sources(settings: Settings, scratch: Path, releases: bool) -> Iterator[tuple[str, Path]]:
    """(name within the backup, where it lies) of everything that belongs into one."""
    yield from (("raw/" + name, path) for name, path in _walk(settings.raw_dir))
    for name in (*REMEMBERED, HOLD):
        if (settings.state_dir / name).is_file():
            yield f"state/{name}", settings.state_dir / name
    for path in sorted(settings.landed_dir.glob("*/*.json")):
        yield f"landed/{path.parent.name}/{path.name}", path
    ledger = _ledger(settings, scratch / "load_log.parquet")
    if ledger is not None:
        yield "ledger/load_log.parquet", ledger
    if releases and settings.releases_dir.is_dir():
        for name, path in _walk(settings.releases_dir):
            if not name.startswith("."):
                yield f"releases/{name}", path


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder in order, through links to folders, each folder once."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(root, followlinks=True):
        here = Path(place).stat()
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if path.is_file() or path.is_symlink():
                yield path.relative_to(root).as_posix(), path


def _ledger(settings: Settings, target: Path) -> Path | None:
    """The load log of the work database as Parquet; None where there is none yet."""
    from zhixiao.warehouse.db import connect
    from zhixiao.warehouse.schema import text

    if not settings.work_db.exists():
        return None
    with connect(settings, settings.work_db, read_only=True) as con:
        tables = con.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
        if ("raw.load_log",) not in tables:
            return None
        con.execute(f"COPY (SELECT * FROM raw.load_log ORDER BY ALL) TO {text(str(target))} (FORMAT parquet)")
    return target


@dataclass
class _Known:
    """Contents that earlier backups hold, by hash; found in the newest first."""

    earlier: list[Path]
    places: dict[str, list[Path]] = field(init=False)
    decayed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.places = {}
        for backup in reversed(self.earlier):
            manifest = read_json(backup / MANIFEST) or {}
            for name, told in manifest.get("files", {}).items():
                self.places.setdefault(told["sha256"], []).append(backup / name)

    def find(self, sha256: str) -> Path | None:
        """A file with this content, its bytes read again."""
        tried: set[tuple[int, int]] = set()
        for path in self.places.get(sha256, []):
            try:
                at = path.stat()
            except OSError:
                self.decayed.add(str(path))
                continue
            if (at.st_dev, at.st_ino) in tried:
                continue
            tried.add((at.st_dev, at.st_ino))
            if _digest(path) == sha256:
                self.places[sha256] = [path]
                return path
            self.decayed.add(str(path))
        return None


def _take(path: Path, target: Path, known: _Known, result: BackupResult) -> Json | None:
    """Bring one file into the backup; None when it cannot be read or changes while it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        before = path.stat()
        told = {"bytes": before.st_size, "mode": stat.S_IMODE(before.st_mode) & 0o755, "mtime_ns": before.st_mtime_ns}
        sha256 = _digest(path)
    except OSError:
        return None
    twin = known.find(sha256) if sha256 else None
    if twin is not None and _link(twin, target):
        result.linked += 1
    else:
        sha256 = _copy(path, target)
        result.copied += 1
    try:
        after = path.stat()
    except OSError:
        after = None
    if sha256 is None or after is None or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        target.unlink(missing_ok=True)
        return None
    if twin is None:
        known.places.setdefault(sha256, []).append(target)
    return {"sha256": sha256, **told}


def _link(twin: Path, target: Path) -> bool:
    """Whether the file system could link; some cannot, and a file has no more than so many links."""
    try:
        os.link(twin, target)
    except OSError:
        return False
    return True


def _copy(path: Path, target: Path, mode: int = 0o600) -> str | None:
    """Copy, force to disk, and give the hash of what was written; None when the source cannot be read."""
    digest = hashlib.sha256()
    try:
        source = path.open("rb")
    except OSError:
        return None
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with source, os.fdopen(fd, "wb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fchmod(out.fileno(), mode)
        os.fsync(out.fileno())
    return digest.hexdigest()


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError:
        return None


# --- restore


def restore(settings: Settings, folder: Path, *, progress: Progress | None = None) -> RestoreResult:
    """Put a backup (or the last one of a folder of backups) back into an empty raw/ and an empty warehouse.

    Every file is compared with its hash before anything is put in place. Raises ConfigError for a place that
    is not empty, DataError when a file of the backup is missing or does not hold what it held.
    """
    say = progress or (lambda _: None)
    source = _chosen(folder.absolute())
    manifest = read_manifest(source)
    for place in (settings.raw_dir, settings.warehouse_dir):
        _require_empty(place)
    staged = {place: place.with_name(f".{place.name}.restore-{os.getpid()}")
              for place in (settings.raw_dir, settings.warehouse_dir)}  # fmt: skip
    notes: list[str] = []
    try:
        for place in staged.values():
            place.mkdir(parents=True, mode=0o755)
        bad = _bring_back(source, manifest["files"], staged[settings.raw_dir], staged[settings.warehouse_dir], say)
        if bad:
            raise DataError(
                f"备份 {source} 有 {len(bad)} 个文件缺失或已损坏，没有恢复任何文件：{'、'.join(bad[:5])}。"
                "请用更早的备份。",
                f"{len(bad)} files of the backup {source} are missing or damaged, nothing was restored: "
                f"{', '.join(bad[:5])}. Take an earlier backup.",
            )
        if not manifest["releases"]:
            notes += _forget_hold(staged[settings.warehouse_dir])
        for place in staged.values():
            for inner, _, _ in os.walk(place):
                fsync_path(Path(inner))
        faults.point("restore_before_rename")
        # The warehouse goes first: while raw/ is empty, a run does nothing with it.
        for target in (settings.warehouse_dir, settings.raw_dir):
            _place(staged[target], target)
            faults.point("restore_between")
    finally:
        for place in staged.values():
            remove_tree(place)
    if manifest["releases"]:
        notes += _publish_again(settings, manifest["published"])
    return RestoreResult(
        str(source), len(manifest["files"]), str(settings.raw_dir), str(settings.warehouse_dir), notes
    )  # fmt: skip


def _chosen(folder: Path) -> Path:
    if (folder / MANIFEST).is_file():
        return folder
    found = backups(folder)
    if not found:
        raise ConfigError(
            f"{folder} 里没有完整的备份。",
            f"there is no complete backup in {folder}; one that broke off does not count.",
        )
    return found[-1]


def _require_empty(place: Path) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    raise ConfigError(
        f"只能恢复到空目录，而 {place} 不是空的。请先把它移到别处，或用 --raw、--warehouse 指定新的目录。",
        f"a backup is restored into an empty place only, and {place} is not empty. Move it away, or give new "
        "folders with --raw and --warehouse.",
    )


def _bring_back(source: Path, files: Json, raw: Path, warehouse: Path, say: Progress) -> list[str]:
    """Copy every file to its place; the names of those that do not hold what the manifest says."""
    bad = []
    for n, (name, told) in enumerate(sorted(files.items()), start=1):
        target = _target(name, raw, warehouse)
        if target is None or not _is_within(source / name, source):
            bad.append(name)
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        mode = (told["mode"] & 0o755) | 0o600
        if _copy(source / name, target, mode) != told["sha256"]:
            bad.append(name)
            continue
        os.utime(target, ns=(time.time_ns(), told["mtime_ns"]))
        if n % 1000 == 0:
            say(f"恢复 {n} 个文件… / {n} files ...")
    return bad


def _target(name: str, raw: Path, warehouse: Path) -> Path | None:
    """Where a file of a backup goes; None for a name that leads elsewhere. What cannot be used as it is (reports
    without their rows, the load log) goes below state/ of the warehouse, to be compared with."""
    parts = PurePosixPath(name).parts
    if len(parts) < 2 or ".." in parts or PurePosixPath(name).is_absolute():
        return None
    places = {
        "raw": raw,
        "state": warehouse / "state",
        "releases": warehouse / "releases",
        "landed": warehouse / "state" / "before_restore" / "landed",
        "ledger": warehouse / "state" / "before_restore" / "ledger",
    }
    base = places.get(parts[0])
    return None if base is None else base.joinpath(*parts[1:])


def _is_within(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _place(staged: Path, target: Path) -> None:
    """Rename into place. The system refuses when something came to lie there meanwhile."""
    try:
        staged.rename(target)
    except OSError as e:
        raise ConfigError(
            f"无法放到 {target}：{e.strerror}。它必须是空目录，且不能是挂载点本身。",
            f"{target} cannot be put in place: {e.strerror}. It has to be empty, and no mount point itself.",
        ) from e
    with contextlib.suppress(OSError):
        fsync_path(target.parent)


def _forget_hold(warehouse: Path) -> list[str]:
    """A rollback names a release, which is not there without releases."""
    hold = warehouse / "state" / HOLD
    told = read_json(hold)
    hold.unlink(missing_ok=True)
    if not told:
        return []
    r = told.get("release_id")
    return [f"备份时正回退在 {r}；没有备份版本，回退不再有效 / a rollback to {r} was in force; it is over now"]


def _publish_again(settings: Settings, release_id: str | None) -> list[str]:
    """Give readers the release that they had."""
    from zhixiao.warehouse.releases import find_release, switch

    release = find_release(settings, release_id) if release_id else None
    if release is None:
        (settings.state_dir / HOLD).unlink(missing_ok=True)
        return []
    switch(settings, release.folder)
    return [f"已重新发布 {release_id} / published again: {release_id}"]
