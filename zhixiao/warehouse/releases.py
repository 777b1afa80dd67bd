"""Where releases lie, how one becomes the published one, and how that survives a crash at any instant.

    releases/<release id>/                    every published release, whole; the last 30 stay (ZHIXIAO_KEEP_RELEASES)
    releases/<known_on>_<as_of>/              a pair older than the published one, on demand
    published/                                copies of one of them; readers open zhixiao.duckdb here

A release is first written whole under releases/ and then copied to published/, file by file, each by rename:
zhixiao.duckdb first, manifest.json last. The database file alone says what is published; whatever else does
not agree with it is brought in step by `repair`, at the start of every publication.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from zhixiao import faults
from zhixiao.settings import Settings
from zhixiao.warehouse.db import open_published
from zhixiao.warehouse.export import MAIN_FILE, PUBLIC_FILE, inputs_of
from zhixiao.warehouse.files import copy_synced, fsync_path, fsync_tree, read_json, remove_tree, write_json
from zhixiao.warehouse.pair import Pair

Json = dict[str, Any]

MANIFEST = "manifest.json"
PARQUET = "parquet"
MARKER = "_release_id"


@dataclass(frozen=True)
class Release:
    """A kept release. `sequence` counts publications; it is 0 for one that was never published."""

    folder: Path
    release_id: str
    pair: Pair
    sequence: int

    @property
    def name(self) -> str:
        return self.folder.name


@dataclass(frozen=True)
class Published:
    """What the published database says of itself."""

    release_id: str
    pair: Pair


@dataclass(frozen=True)
class Hold:
    """A rollback in force: published/ stays at `release_id` until files arrive that `inputs` does not know.

    `pair` is the latest pair that was rolled back.
    """

    release_id: str
    pair: Pair
    inputs: frozenset[tuple[str, ...]]

    def to_json(self) -> Json:
        return {"release_id": self.release_id, **self.pair.to_json(), "inputs": sorted(map(list, self.inputs))}

    @classmethod
    def from_json(cls, d: Json) -> Hold:
        return cls(d["release_id"], Pair.from_json(d), frozenset(tuple(x) for x in d["inputs"]))


def kept_releases(settings: Settings) -> list[Release]:
    """All complete releases under releases/, the last published first, those on demand at the end."""
    out = []
    folders = settings.releases_dir.iterdir() if settings.releases_dir.is_dir() else ()
    for folder in folders:
        manifest = None if folder.name.startswith(".") else read_json(folder / MANIFEST)
        if manifest and (folder / MAIN_FILE).exists():
            pair = Pair.from_json(manifest)
            out.append(Release(folder, manifest["release_id"], pair, manifest.get("sequence", 0)))
    return sorted(out, key=lambda r: (-r.sequence, r.name))


def find_release(settings: Settings, release_id: str) -> Release | None:
    """A kept release by its id, or by the name of its folder."""
    kept = kept_releases(settings)
    return next((r for r in kept if r.name == release_id), None) or next(
        (r for r in kept if r.release_id == release_id), None
    )


def published(settings: Settings) -> Published | None:
    """What is published now, asked of the database file itself."""
    return read_published(settings, settings.published_db)


def read_published(settings: Settings, path: Path) -> Published | None:
    """The release that a published file holds; None when there is none."""
    if not path.exists():
        return None
    with open_published(settings, path) as con:
        row = con.execute("SELECT release_id, known_on, as_of FROM quality.release").fetchone()
    return Published(row[0], Pair(row[1], row[2])) if row else None


def inputs_of_published(settings: Settings) -> frozenset[tuple[str, ...]]:
    """Every file and decision that the published release rests on."""
    with open_published(settings) as con:
        files = inputs_of(con, "p")
    manifest = read_json(settings.published_dir / MANIFEST) or {}
    return frozenset(files | decision_inputs(manifest.get("decisions", [])))


def decision_inputs(decisions: Sequence[Sequence[str]]) -> set[tuple[str, ...]]:
    """Decision files in the form of inputs."""
    return {("_decisions", *d) for d in decisions}


def read_hold(settings: Settings) -> Hold | None:
    d = read_json(hold_path(settings))
    return Hold.from_json(d) if d else None


def write_hold(settings: Settings, hold: Hold | None) -> None:
    if hold is None:
        hold_path(settings).unlink(missing_ok=True)
    else:
        write_json(hold_path(settings), hold.to_json())


def hold_path(settings: Settings) -> Path:
    return settings.state_dir / "hold.json"


def keep(settings: Settings, folder: Path, name: str, replace: bool = False) -> Path:
    """Move a finished folder into releases/ under its name. One that is there already stays, unless replaced."""
    target = settings.releases_dir / name
    if target.exists() and not replace and read_json(target / MANIFEST):
        remove_tree(folder)
        return target
    fsync_tree(folder)
    faults.point("publish_before_keep")
    if target.exists():
        old = settings.releases_dir / f".old-{name}"
        remove_tree(old)
        target.rename(old)
        faults.point("publish_between_keep")
        folder.rename(target)
        remove_tree(old)
    else:
        folder.rename(target)
    fsync_path(settings.releases_dir)
    faults.point("publish_kept")
    return target


def switch(settings: Settings, release: Path) -> None:
    """Make a kept release the published one. Readers see the old database or the new one, whole."""
    settings.published_dir.mkdir(parents=True, exist_ok=True)
    _place_file(settings, release / MAIN_FILE)
    faults.point("publish_switched")
    _follow(settings, release)


def repair(settings: Settings) -> str | None:
    """Clear away what a crash left, and bring published/ in step with its database file, or with a rollback
    that broke off. Returns the release that had to be repaired."""
    for stray in (*settings.releases_dir.glob(".*"), *settings.published_dir.glob(".*")):
        remove_tree(stray)
    now = published(settings)
    if now is None:
        return None
    hold = read_hold(settings)
    if hold is not None and hold.release_id != now.release_id:
        release = find_release(settings, hold.release_id)
        if release is not None:
            switch(settings, release.folder)
            return hold.release_id
    if _in_step(settings, now.release_id):
        return None
    release = find_release(settings, now.release_id)
    if release is None:
        return None
    _follow(settings, release.folder)
    return now.release_id


def prune(settings: Settings, keep_count: int) -> list[str]:
    """Remove the oldest published releases beyond `keep_count`; never the published one, never one on demand."""
    now = published(settings)
    current = now.release_id if now else ""
    numbered = [r for r in kept_releases(settings) if r.sequence > 0]
    removed = []
    for r in numbered[keep_count:]:
        if r.release_id != current:
            hidden = r.folder.with_name(f".pruned-{r.name}")
            r.folder.rename(hidden)
            remove_tree(hidden)
            removed.append(r.name)
    return removed


def _in_step(settings: Settings, release_id: str) -> bool:
    """Whether all of published/ belongs to one release."""
    folder = settings.published_dir
    manifest = read_json(folder / MANIFEST) or {}
    marker = folder / PARQUET / MARKER
    if manifest.get("release_id") != release_id or not marker.exists() or marker.read_text().strip() != release_id:
        return False
    try:
        public = read_published(settings, folder / PUBLIC_FILE)
    except duckdb.Error:
        return False
    return public is not None and public.release_id == release_id


def _follow(settings: Settings, release: Path) -> None:
    """Place everything beside the database file: the public file, the Parquet files, the manifest."""
    _place_file(settings, release / PUBLIC_FILE)
    faults.point("publish_public")
    _place_parquet(settings, release / PARQUET)
    faults.point("publish_parquet")
    _place_file(settings, release / MANIFEST)
    faults.point("publish_done")


def _place_file(settings: Settings, source: Path) -> None:
    tmp = settings.published_dir / f".{source.name}"
    copy_synced(source, tmp)
    faults.point("publish_before_rename")
    tmp.replace(settings.published_dir / source.name)
    fsync_path(settings.published_dir)


def _place_parquet(settings: Settings, source: Path) -> None:
    folder = settings.published_dir
    new, old, target = folder / f".{PARQUET}-new", folder / f".{PARQUET}-old", folder / PARQUET
    remove_tree(new)
    remove_tree(old)
    shutil.copytree(source, new)
    fsync_tree(new)
    if target.exists():
        target.rename(old)
        faults.point("publish_between_parquet")
    new.rename(target)
    fsync_path(folder)
    remove_tree(old)
