"""Backup and restore: what goes in comes out, and what did not go in whole is never taken for a backup."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.fakes import drop_file
from tests.warehouse.house import House
from tests.warehouse.test_load import sale
from zhixiao.errors import ConfigError, DataError, LockError
from zhixiao.settings import Settings
from zhixiao.warehouse import releases
from zhixiao.warehouse.backup import backup, backups, read_manifest, restore, verify
from zhixiao.warehouse.files import write_json
from zhixiao.warehouse.publish import rollback

NOON = datetime(2026, 3, 2, 12)
BACKUP = """
import sys
from pathlib import Path
from zhixiao.settings import Settings
from zhixiao.warehouse.backup import backup, restore
{"backup": backup, "restore": restore}[sys.argv[1]](Settings.from_env(), Path(sys.argv[2]))
"""


def contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def elsewhere(settings: Settings, name: str = "new") -> Settings:
    base = settings.raw_dir.parent / name
    return Settings(base / "raw", base / "warehouse", settle_seconds=0)


def child(settings: Settings, what: str, folder: Path, at: str) -> int:
    env = {**os.environ, **settings.to_env(), "ZHIXIAO_KILL_AT": at}
    return subprocess.run([sys.executable, "-c", BACKUP, what, str(folder)], env=env, check=False).returncode


@pytest.fixture
def filled(settings: Settings) -> Settings:
    """Three deliveries (two of the same bytes), a decision, and what a run left."""
    drop_file(settings, "tax", "2026-01-05", "a.csv", "first")
    drop_file(settings, "tax", "2026-01-06", "b.csv", "first")
    drop_file(settings, "sales", "2026-01-06", "开票 一月.csv", "second")
    drop_file(settings, "_decisions", "2026-01-07", "quarantine.csv", "id,action")
    write_json(settings.state_dir / "told.json", ["x"])
    (settings.landed_dir / "tax").mkdir(parents=True)
    (settings.landed_dir / "tax" / f"{'a' * 64}.json").write_text("{}")
    return settings


def test_what_goes_in_comes_out(filled: Settings, tmp_path: Path) -> None:
    old = filled.raw_dir / "tax" / "2026-01-05" / "a.csv"
    os.utime(old, (1_700_000_000, 1_700_000_000))
    old.chmod(0o666)
    made = backup(filled, tmp_path / "b", now=NOON)
    assert (made.path, made.files, made.copied, made.linked) == (
        str(tmp_path / "b" / "000001-20260302T120000"),
        6,
        5,
        1,
    )
    assert verify(Path(made.path)) == []
    new = elsewhere(filled)
    new.raw_dir.mkdir(parents=True)
    done = restore(new, tmp_path / "b")
    assert done.files == 6
    assert contents(new.raw_dir) == contents(filled.raw_dir)
    assert contents(new.warehouse_dir) == {
        "state/told.json": b'[\n "x"\n]\n',
        f"state/before_restore/landed/tax/{'a' * 64}.json": b"{}",
    }
    again = new.raw_dir / "tax" / "2026-01-05" / "a.csv"
    assert again.stat().st_mtime == 1_700_000_000
    assert stat.S_IMODE(again.stat().st_mode) == 0o644


def test_a_backup_is_for_its_owner_only(filled: Settings, tmp_path: Path) -> None:
    made = Path(backup(filled, tmp_path / "b").path)
    assert {stat.S_IMODE(p.stat().st_mode) for p in made.rglob("*") if p.is_file()} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in [made, *made.rglob("*")] if p.is_dir()} == {0o700}


def test_only_new_content_is_copied_and_each_backup_is_whole(filled: Settings, tmp_path: Path) -> None:
    backup(filled, tmp_path / "b")
    drop_file(filled, "tax", "2026-01-08", "c.csv", "third")
    (filled.raw_dir / "sales" / "2026-01-06" / "开票 一月.csv").unlink()
    second = backup(filled, tmp_path / "b")
    assert (second.files, second.copied, second.linked) == (6, 1, 5)
    assert second.gone == ["raw/sales/2026-01-06/开票 一月.csv"]
    first, last = backups(tmp_path / "b")
    name = "raw/tax/2026-01-05/a.csv"
    assert (first / name).stat().st_ino == (last / name).stat().st_ino
    # What raw/ lost lies in the earlier one still.
    restore(elsewhere(filled), first)
    assert "sales/2026-01-06/开票 一月.csv" in contents(elsewhere(filled).raw_dir)


def test_a_flipped_byte_is_found_and_the_next_backup_mends_it(filled: Settings, tmp_path: Path) -> None:
    made = Path(backup(filled, tmp_path / "b").path)
    name = "raw/sales/2026-01-06/开票 一月.csv"
    (made / name).write_bytes(b"sEcond")
    assert verify(made) == [name]
    new = elsewhere(filled)
    with pytest.raises(DataError, match="1 files of the backup"):
        restore(new, made)
    assert not new.raw_dir.exists() and not new.warehouse_dir.exists()
    assert list(new.raw_dir.parent.iterdir()) == []
    second = backup(filled, tmp_path / "b")
    assert second.decayed == [str(made / name)]
    assert verify(Path(second.path)) == []


def test_a_missing_file_is_found(filled: Settings, tmp_path: Path) -> None:
    made = Path(backup(filled, tmp_path / "b").path)
    (made / "raw/tax/2026-01-05/a.csv").unlink()
    with pytest.raises(DataError, match=r"a\.csv"):
        restore(elsewhere(filled), made)


@pytest.mark.parametrize("at", ["backup_file:2", "backup_before_rename:1"])
def test_a_backup_that_broke_off_is_not_taken_for_one(filled: Settings, tmp_path: Path, at: str) -> None:
    folder = tmp_path / "b"
    whole = backup(filled, folder)
    assert child(filled, "backup", folder, at) == -9
    assert [str(p) for p in backups(folder)] == [whole.path]
    assert len(list(folder.glob(".part-*"))) == 1
    drop_file(filled, "tax", "2026-01-08", "c.csv", "third")
    backup(filled, folder)
    assert [p.name[:6] for p in sorted(folder.iterdir())] == ["000001", "000002"]


def test_nothing_but_a_broken_off_one_restores_nothing(filled: Settings, tmp_path: Path) -> None:
    assert child(filled, "backup", tmp_path / "b", "backup_file:1") == -9
    with pytest.raises(ConfigError, match="no complete backup"):
        restore(elsewhere(filled), tmp_path / "b")


def test_a_restore_that_broke_off_leaves_an_empty_drop_zone(filled: Settings, tmp_path: Path) -> None:
    backup(filled, tmp_path / "b")
    new = elsewhere(filled)
    assert child(new, "restore", tmp_path / "b", "restore_before_rename:1") == -9
    assert not new.raw_dir.exists() and not new.warehouse_dir.exists()
    assert child(new, "restore", tmp_path / "b", "restore_between:1") == -9
    assert new.warehouse_dir.exists() and not new.raw_dir.exists()


@pytest.mark.parametrize("which", ["raw", "warehouse"])
def test_only_into_an_empty_place(filled: Settings, tmp_path: Path, which: str) -> None:
    backup(filled, tmp_path / "b")
    new = elsewhere(filled)
    (new.raw_dir.parent / which).mkdir(parents=True)
    (new.raw_dir.parent / which / "mine").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        restore(new, tmp_path / "b")
    assert contents(new.raw_dir.parent) == {f"{which}/mine": b"mine"}


def test_not_while_a_run_holds_the_warehouse(filled: Settings, tmp_path: Path) -> None:
    hold = (
        "import time; from zhixiao.settings import Settings; from zhixiao.warehouse.lock import warehouse_lock\n"
        "with warehouse_lock(Settings.from_env(), 0): print('held', flush=True); time.sleep(30)"
    )
    env = {**os.environ, **filled.to_env()}
    run = subprocess.Popen([sys.executable, "-c", hold], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None and run.stdout.readline() == "held\n"
        with pytest.raises(LockError):
            backup(filled, tmp_path / "b", wait_seconds=0)
    finally:
        run.kill()
        run.wait()
    assert backups(tmp_path / "b") == []


@pytest.mark.parametrize("inside", ["raw/b", "warehouse/b", "raw"])
def test_not_into_what_it_is_to_save(filled: Settings, tmp_path: Path, inside: str) -> None:
    before = contents(filled.raw_dir)
    with pytest.raises(ConfigError, match="lies within"):
        backup(filled, tmp_path / inside)
    assert contents(filled.raw_dir) == before


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_saved(filled: Settings, tmp_path: Path) -> None:
    (filled.raw_dir / "tax" / "2026-01-05" / "dead.csv").symlink_to(tmp_path / "nowhere")
    made = backup(filled, tmp_path / "b")
    assert made.left_out == ["raw/tax/2026-01-05/dead.csv"]
    assert made.files == 6
    assert "dead.csv" in made.words


def test_a_name_that_leads_out_of_the_place_is_not_followed(filled: Settings, tmp_path: Path) -> None:
    made = Path(backup(filled, tmp_path / "b").path)
    manifest = read_manifest(made)
    manifest["files"]["raw/../../evil.csv"] = manifest["files"]["raw/tax/2026-01-05/a.csv"]
    write_json(made / "manifest.json", manifest)
    with pytest.raises(DataError, match="evil"):
        restore(elsewhere(filled), made)
    assert not list(tmp_path.rglob("evil.csv"))


def test_releases_and_a_rollback_come_back_when_they_were_saved(house: House, tmp_path: Path) -> None:
    for day, value in (("2025-01-20", 1), ("2025-02-20", 2)):
        house.drop("sales", day, "a.csv", [sale("U1", value, "2024-12-31")])
        house.publish(day)
    back = rollback(house.settings)
    backup(house.settings, tmp_path / "with", releases=True)
    backup(house.settings, tmp_path / "without")

    new = elsewhere(house.settings)
    restore(new, tmp_path / "with")
    now, hold = releases.published(new), releases.read_hold(new)
    assert now is not None and hold is not None
    assert (now.release_id, hold.release_id) == (back.release_id, back.release_id)
    assert len(releases.kept_releases(new)) == 2
    ledger = new.state_dir / "before_restore" / "ledger" / "load_log.parquet"
    assert duckdb.sql(f"SELECT file_name, count(*) FROM '{ledger}' GROUP BY ALL").fetchall() == [("a.csv", 2)]

    bare = elsewhere(house.settings, "bare")
    done = restore(bare, tmp_path / "without")
    assert releases.published(bare) is None and releases.read_hold(bare) is None
    assert back.release_id in done.words
