"""Retention by value: what goes, what stays, and that nothing is lost that cannot be made again."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.warehouse.house import House
from tests.warehouse.test_load import sale
from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse import releases
from zhixiao.warehouse.files import write_json
from zhixiao.warehouse.lock import LOCAL_ZONE
from zhixiao.warehouse.publish import rollback
from zhixiao.warehouse.tidy import tidy

TODAY = date(2026, 3, 2)


def touch(path: Path, day: str, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    moment = datetime.fromisoformat(day).replace(tzinfo=LOCAL_ZONE).timestamp()
    os.utime(path, (moment, moment))
    return path


def deliver(house: House, day: str, value: int) -> str:
    return house.drop("sales", day, "a.csv", [sale("U1", value, "2024-12-31")])


def tree(settings: Settings) -> set[str]:
    base = settings.raw_dir.parent
    return {p.relative_to(base).as_posix() for p in base.rglob("*") if p.is_file()}


def test_old_releases_go_but_never_the_published_one(house: House) -> None:
    days = ["2025-01-20", "2025-02-20", "2025-03-20", "2025-04-20"]
    for value, day in enumerate(days, start=1):
        deliver(house, day, value)
        house.publish(day)
    names = [r.name for r in releases.kept_releases(house.settings)]
    rollback(house.settings, names[3])
    before = tree(house.settings)
    would = tidy(house.settings, keep_releases=1, dry_run=True, today=TODAY)
    assert tree(house.settings) == before
    assert would.releases == [f"releases/{names[1]}", f"releases/{names[2]}"]
    done = tidy(house.settings, keep_releases=1, today=TODAY)
    assert done.releases == would.releases and done.bytes == would.bytes > 0
    assert [r.name for r in releases.kept_releases(house.settings)] == [names[0], names[3]]
    now = releases.published(house.settings)
    assert now is not None and now.release_id == names[3]
    assert tidy(house.settings, keep_releases=1, today=TODAY).releases == []
    with pytest.raises(ConfigError):
        tidy(house.settings, keep_releases=0)


def test_a_landed_file_goes_only_when_nothing_rests_on_it_and_not_at_once(house: House) -> None:
    s = replace(house.settings, keep_orphan_days=30)
    house.settings = s
    loaded = deliver(house, "2025-01-20", 1)
    house.load()
    lost = deliver(house, "2025-02-20", 2)
    house.load()
    # Deleted under raw/: the landed copy is the last one, and the load log knows it.
    (s.raw_dir / "sales" / "2025-02-20" / "a.csv").unlink()
    house.load()
    # Landed, then replaced before any load: nobody will ever ask for it.
    orphan = deliver(house, "2025-03-20", 3)
    kept = deliver(house, "2025-03-20", 4)
    touch(s.landed_dir / "tax" / "half.json.123.tmp", "2026-01-01")

    first = tidy(s, today=date(2026, 1, 1))
    assert (first.landed, first.waiting_orphans) == ([], 2)
    assert tidy(s, today=date(2026, 1, 30)).landed == []
    assert tidy(s, today=date(2026, 1, 31), dry_run=True).landed == tidy(s, today=date(2026, 1, 31)).landed
    left = {p.name.partition(".")[0] for p in s.landed_dir.glob("*/*")}
    assert left == {loaded, lost, kept}
    assert orphan not in left
    result = house.load()
    assert result.not_landed == [] and len(result.removed_from_raw) == 1


def test_one_that_is_wanted_again_starts_anew(house: House) -> None:
    s = replace(house.settings, keep_orphan_days=30)
    deliver(house, "2025-01-20", 1)
    path = s.raw_dir / "sales" / "2025-03-20" / "a.csv"
    sha = deliver(house, "2025-03-20", 3)
    content = path.read_bytes()
    path.unlink()
    assert tidy(s, today=date(2026, 1, 1)).waiting_orphans == 1
    path.write_bytes(content)
    assert tidy(s, today=date(2026, 1, 20)).waiting_orphans == 0
    path.unlink()
    assert tidy(s, today=date(2026, 2, 10)).landed == []
    assert [n.partition(".")[0] for n in tidy(s, today=date(2026, 3, 12)).landed] == [f"landed/sales/{sha}"] * 4


def test_a_drop_zone_that_is_not_mounted_costs_nothing(house: House) -> None:
    deliver(house, "2025-01-20", 1)
    (house.settings.raw_dir / "sales" / "2025-01-20" / "a.csv").unlink()
    before = tree(house.settings)
    with pytest.raises(ConfigError, match="not mounted"):
        tidy(replace(house.settings, keep_orphan_days=0), today=TODAY)
    assert before <= tree(house.settings)


def test_logs_and_receipts_go_by_their_age_and_raw_never(settings: Settings) -> None:
    raw = touch(settings.raw_dir / "tax" / "1999-01-01" / "a.csv", "1999-01-01")
    runs = [touch(settings.state_dir / "runs" / f"r{i:02d}" / "plan.json", "2025-01-01") for i in range(12)]
    for i, path in enumerate(runs):
        os.utime(path.parent, (1_700_000_000 + i,) * 2)
    logs = settings.state_dir / "logs"
    for i in range(10):
        touch(logs / f"new{i}.log", "2026-03-01")
    touch(logs / "old.log", "2025-12-01")
    touch(logs / "ninety.log", "2025-12-02")
    receipts = settings.warehouse_dir / "receipts" / "税务局"
    touch(receipts / "2025-01-25" / "a.csv.回执.xlsx", "2026-03-01")
    touch(receipts / "2025-01-26" / "a.csv.回执.xlsx", "2026-03-01")
    for name, day in (("dead", "2026-02-28"), ("in-use", "2026-03-02")):
        touch(settings.state_dir / "tmp" / name, day)
    told = tidy(settings, today=TODAY)
    assert sorted(told.logs) == ["state/logs/old.log", "state/runs/r00", "state/runs/r01"]
    assert told.receipts == ["receipts/税务局/2025-01-25"]
    assert told.broken_off == ["state/tmp/dead"]
    assert (settings.state_dir / "tmp" / "in-use").exists()
    assert raw.exists() and (logs / "ninety.log").exists()
    assert not (settings.state_dir / "runs" / "r00").exists()
    assert (receipts / "2025-01-26").exists() and not (receipts / "2025-01-25").exists()


def test_a_clock_far_ahead_leaves_the_last_ten(settings: Settings) -> None:
    for i in range(12):
        touch(settings.state_dir / "logs" / f"{i:02d}.log", f"2026-03-{i + 1:02d}")
    assert tidy(settings, today=date(2099, 1, 1)).logs == ["state/logs/01.log", "state/logs/00.log"]


def test_the_parameters_come_from_the_environment() -> None:
    names = ("RELEASES", "LOG_DAYS", "RECEIPT_DAYS", "ORPHAN_DAYS")
    s = Settings.from_env({f"ZHIXIAO_KEEP_{n}": str(i) for i, n in enumerate(names, start=5)})
    assert (s.keep_releases, s.keep_log_days, s.keep_receipt_days, s.keep_orphan_days) == (5, 6, 7, 8)
    assert Settings.from_env(s.to_env()) == s
    plain = Settings.from_env({})
    assert (plain.keep_releases, plain.keep_log_days) == (30, 90)
    assert (plain.keep_receipt_days, plain.keep_orphan_days) == (400, 90)


def test_a_run_is_waited_for(settings: Settings) -> None:
    from tests.warehouse.test_lock import line, start
    from zhixiao.errors import LockError

    write_json(settings.state_dir / "told.json", [])
    other = start(settings, 0, 30)
    try:
        assert line(other) == "held"
        with pytest.raises(LockError):
            tidy(settings, wait_seconds=0)
    finally:
        other.kill()
        other.wait()
