"""Faults of the machine, each one injected: what stands afterwards, what is lost (nothing), what is said.

Kills at every step: test_publish.py, test_load.py, tests/end_to_end/test_kill.py. A worker that dies:
tests/test_nightly.py. The lock: test_lock.py.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.house import House
from tests.warehouse.test_load import sale
from zhixiao import nightly
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.settings import PROJECT_DIR, Settings
from zhixiao.warehouse import publish as publishing
from zhixiao.warehouse import releases
from zhixiao.warehouse.backup import backup, backups, restore
from zhixiao.warehouse.load import load
from zhixiao.warehouse.publish import publish

JAN, FEB, MAR = "2025-01-20", "2025-02-20", "2025-03-20"

CHILD = """
import sys
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.settings import Settings
from zhixiao.warehouse.load import load
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.publish import publish

settings = Settings.from_env()
for what in sys.argv[1:]:
    if what == "land":
        [land_drop(settings, d) for d in discover(settings).drops]
    elif what == "load":
        load(settings)
    else:
        publish(settings, Pair.from_json({"known_on": what, "as_of": what}))
"""


@contextmanager
def full_disk(most: int) -> Iterator[None]:
    """No file may grow beyond `most` bytes: what a process meets when the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def without_rights(settings: Settings, *steps: str) -> subprocess.CompletedProcess[str]:
    """Steps in a process that has no rights but its user's: root writes everywhere otherwise."""
    command = [sys.executable, "-c", CHILD, *steps]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root without setpriv writes everywhere")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    env = {**os.environ, **settings.to_env(), "PYTHONPATH": str(PROJECT_DIR)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def deliver(house: House, day: str, rows: int) -> None:
    firms = [sale(f"U{day}{i:05d}", i % 90 + 1, "2024-12-31") for i in range(rows)]
    house.drop("sales", day, "a.csv", firms)


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def total(house: House) -> list[tuple[Any, ...]]:
    return house.read("SELECT known_on, count(*), sum(sales)::VARCHAR FROM marts.fct_sales_month GROUP BY ALL")


# --- a full disk


def test_a_full_disk_while_loading_and_publishing_loses_nothing(house: House) -> None:
    deliver(house, JAN, 3)
    first = house.publish(JAN)
    before, loaded = tree(house.settings.published_dir), house.query("SELECT count(*) FROM raw.sales")
    deliver(house, FEB, 3_000)

    with full_disk(300_000), pytest.raises(duckdb.Error, match="File too large"):
        house.load()
    assert house.query("SELECT count(*) FROM raw.sales") == loaded
    assert tree(house.settings.published_dir) == before

    house.load()
    pair = house.build(FEB)
    with full_disk(300_000), pytest.raises((OSError, duckdb.Error), match="File too large"):
        publish(house.settings, pair)
    assert tree(house.settings.published_dir) == before
    assert [r.release_id for r in releases.kept_releases(house.settings)] == [first.release_id]
    assert not list(house.settings.releases_dir.glob(".*"))

    publish(house.settings, pair)
    assert total(house)[0][:2] == (date(2025, 2, 20), 3_003)


def test_a_full_disk_is_no_fault_of_the_file(settings: Settings, sample_raw: Path) -> None:
    """It is not refused, and lands as ever when there is room again."""
    shutil.copytree(sample_raw / "social", settings.raw_dir / "social")
    for drop in discover(settings).drops:
        with full_disk(2000), pytest.raises(OSError, match="File too large"):
            land_drop(settings, drop)
    assert list(settings.landed_dir.glob("*/*.json")) == []
    reports = [land_drop(settings, d) for d in discover(settings).drops]
    assert reports and {r.status for r in reports} == {"landed"}


def test_a_lack_of_memory_is_no_fault_of_the_file(
    settings: Settings, sample_raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a MemoryError, which is tried again, and no refusal, which stands."""
    shutil.copytree(sample_raw / "social", settings.raw_dir / "social")
    drop = discover(settings).drops[0]

    def short(*_: Any) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")

    monkeypatch.setattr("zhixiao.landing.land._land_sheets", short)
    with pytest.raises(MemoryError, match="could not allocate block"):
        land_drop(settings, drop)
    monkeypatch.undo()
    assert land_drop(settings, drop).status == "landed"


def test_a_full_disk_leaves_no_half_backup(house: House, tmp_path: Path) -> None:
    deliver(house, JAN, 2000)
    with full_disk(20_000), pytest.raises((OSError, duckdb.Error), match="File too large"):
        backup(house.settings, tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []
    backup(house.settings, tmp_path / "b")
    assert len(backups(tmp_path / "b")) == 1


# --- folders that cannot be written


def test_a_drop_zone_that_nobody_may_write_is_enough(settings: Settings, sample_raw: Path) -> None:
    shutil.copytree(sample_raw / "social", settings.raw_dir / "social")
    folders = [settings.raw_dir, *(p for p in settings.raw_dir.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = without_rights(settings, "land", "load")
        assert done.returncode == 0, done.stderr
    finally:
        for folder in folders:
            folder.chmod(0o755)
    with duckdb.connect(str(settings.work_db), read_only=True) as con:
        assert con.execute("SELECT count(*) > 0 FROM raw.social").fetchall() == [(True,)]


def test_a_warehouse_that_cannot_be_written_keeps_its_release(house: House) -> None:
    deliver(house, JAN, 3)
    house.publish(JAN)
    before = tree(house.settings.published_dir)
    deliver(house, FEB, 4)
    house.load()
    pair = house.build(FEB)
    house.settings.published_dir.chmod(0o555)
    try:
        done = without_rights(house.settings, FEB)
    finally:
        house.settings.published_dir.chmod(0o755)
    assert done.returncode == 1 and "Permission denied" in done.stderr
    assert str(house.settings.published_dir) in done.stderr
    assert tree(house.settings.published_dir) == before
    publish(house.settings, pair)
    assert total(house)[0][:2] == (date(2025, 2, 20), 7)


def test_a_landed_folder_that_cannot_be_written_refuses_no_file(settings: Settings, sample_raw: Path) -> None:
    shutil.copytree(sample_raw / "social", settings.raw_dir / "social")
    settings.landed_dir.mkdir(parents=True)
    (settings.landed_dir / "social").mkdir(mode=0o555)
    done = without_rights(settings, "land")
    assert done.returncode == 1 and "Permission denied" in done.stderr
    assert list(settings.landed_dir.glob("*/*.json")) == []


# --- clocks


@pytest.mark.parametrize(
    ("ahead", "waits"), [(-61.0, False), (-5.0, True), (30.0, True), (90.0, False), (86400.0 * 4000, False)]
)
def test_a_file_from_the_future_waits_a_minute_and_never_for_ever(
    settings: Settings, ahead: float, waits: bool
) -> None:
    path = settings.raw_dir / "tax" / "2026-01-05" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("a")
    os.utime(path, (time.time() + ahead,) * 2)
    found = discover(Settings(settings.raw_dir, settings.warehouse_dir, settle_seconds=60))
    assert (len(found.waiting), len(found.drops)) == ((1, 0) if waits else (0, 1))


def test_a_clock_that_went_back_changes_no_order(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases are counted, not dated: the last one published is the last one, whatever the clock says."""
    deliver(house, JAN, 1)
    first = house.publish(JAN)

    class Back(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime(1999, 1, 1, tzinfo=tz)

    monkeypatch.setattr(publishing, "datetime", Back)
    deliver(house, FEB, 1)
    second = house.publish(FEB)
    assert [r.release_id for r in releases.kept_releases(house.settings)] == [second.release_id, first.release_id]
    assert publishing.rollback(house.settings).release_id == first.release_id


def test_a_folder_dated_in_the_future_is_told_and_can_be_undone(house: House, lines: list[str]) -> None:
    """A slip of the pen, 2062 for 2026, becomes the latest day. Nothing is lost by it, and it is told every night."""
    deliver(house, JAN, 1)
    house.publish(JAN)
    deliver(house, "2062-02-20", 2)
    nightly.resolve("r1")
    assert any("in the future" in line and "2062-02-20" in line for line in lines)
    wrong = house.publish("2062-02-20")

    (house.settings.raw_dir / "sales" / "2062-02-20").rename(house.settings.raw_dir / "sales" / FEB)
    # As the runbook says: the release goes, and published/ with it. The next run publishes the right one.
    shutil.rmtree(house.settings.releases_dir / wrong.release_id)
    shutil.rmtree(house.settings.published_dir)
    house.settings.work_db.unlink()
    lines.clear()
    nightly.resolve("r2")
    assert not any("in the future" in line for line in lines)
    assert house.publish(FEB).status == "published"
    assert total(house)[0][:2] == (date(2025, 2, 20), 3)


# --- two at once, and everything from raw/


def test_two_at_once_take_turns(settings: Settings, sample_raw: Path) -> None:
    shutil.copytree(sample_raw / "social", settings.raw_dir / "social")
    reports = [land_drop(settings, d) for d in discover(settings).drops]
    env = {**os.environ, **settings.to_env(), "PYTHONPATH": str(PROJECT_DIR)}
    command = [sys.executable, "-c", CHILD, "load"]
    both = [subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [p.communicate(timeout=120)[1] for p in both]
    assert [p.returncode for p in both] == [0, 0], ends
    with duckdb.connect(str(settings.work_db), read_only=True) as con:
        rows = con.execute("SELECT count(*), count(DISTINCT file_sha256) FROM raw.social").fetchall()
        files = con.execute("SELECT count(*), count(DISTINCT file_name) FROM raw.load_log").fetchall()
    assert rows == [(sum(r.rows_accepted or 0 for r in reports), len(reports))]
    assert files == [(len(reports), len(reports))]


def raw_tables(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of schema raw."""
    with duckdb.connect(str(settings.work_db), read_only=True) as con:
        found = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'").fetchall()
        names = [r[0] for r in found]
        return {n: con.execute(f'SELECT * FROM raw."{n}" ORDER BY ALL').fetchall() for n in sorted(names)}


def test_everything_from_a_restored_drop_zone_gives_the_same_rows(
    settings: Settings, sample_raw: Path, tmp_path: Path
) -> None:
    """Loaded day by day, then lost, restored from the backup and loaded at once."""
    days = sorted({p.name for s in ("social", "tax") for p in (sample_raw / s).iterdir()})
    for day in days:
        for source in ("social", "tax"):
            if (sample_raw / source / day).exists():
                shutil.copytree(sample_raw / source / day, settings.raw_dir / source / day)
        for drop in discover(settings).drops:
            land_drop(settings, drop)
        load(settings)
    before = raw_tables(settings)
    assert len(before["tax"]) > 0 and len(before["social"]) > 0 and len(days) > 1
    backup(settings, tmp_path / "b")
    shutil.rmtree(settings.raw_dir)
    shutil.rmtree(settings.warehouse_dir)
    restore(settings, tmp_path / "b")
    assert not settings.work_db.exists()
    for drop in discover(settings).drops:
        land_drop(settings, drop)
    load(settings)
    assert raw_tables(settings) == before
    told = settings.state_dir / "before_restore" / "landed"
    assert tree(told) == {n: b for n, b in tree(settings.landed_dir).items() if n.endswith(".json")}
