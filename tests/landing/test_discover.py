"""The drop zone: layout, what is ignored, what is refused, what still waits."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest

from zhixiao.landing.discover import Discovery, discover, received_days
from zhixiao.settings import Settings


def put(settings: Settings, relative: str, content: bytes = b"x") -> Path:
    path = settings.raw_dir / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def test_files_lie_under_source_and_day_and_come_in_order(settings: Settings) -> None:
    put(settings, "sales/2025-02-15/乙.csv", b"2")
    put(settings, "sales/2025-02-15/甲.csv", b"1")
    put(settings, "power/2025-03-01/a.csv", b"3")
    drops = discover(settings).drops
    assert [(d.district, d.source, d.received_on, d.file_name) for d in drops] == [
        ("321204", "power", date(2025, 3, 1), "a.csv"),
        ("321204", "sales", date(2025, 2, 15), "乙.csv"),
        ("321204", "sales", date(2025, 2, 15), "甲.csv"),
    ]
    assert drops[0].sha256 == hashlib.sha256(b"3").hexdigest()


def test_a_district_may_stand_in_front(settings: Settings) -> None:
    put(settings, "321283/sales/2025-02-15/a.csv")
    put(settings, "sales/2025-02-15/a.csv")
    assert [d.district for d in discover(settings).drops] == ["321204", "321283"]


def test_lock_files_dot_files_and_readmes_are_ignored(settings: Settings) -> None:
    for name in ("~$a.xlsx", ".DS_Store", "README.md", "readme.txt"):
        put(settings, f"sales/2025-02-15/{name}")
    put(settings, "README.md")
    put(settings, "_decisions/2025-02-16/quarantine.csv")
    found = discover(settings)
    assert (found.drops, found.refused, found.waiting) == ([], [], [])


def test_every_file_in_a_zip_is_a_drop_of_its_own(settings: Settings) -> None:
    path = settings.raw_dir / "sales" / "2025-02-15" / "包.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("一月.csv", b"1")
        z.writestr("子目录/二月.csv", b"2")
        z.writestr("__MACOSX/._x", b"3")
    drops = discover(settings).drops
    assert [(d.file_name, d.member, d.sha256) for d in drops] == [
        ("包.zip!一月.csv", "一月.csv", hashlib.sha256(b"1").hexdigest()),
        ("包.zip!子目录/二月.csv", "子目录/二月.csv", hashlib.sha256(b"2").hexdigest()),
    ]


def test_an_unknown_source_is_one_refused_row_that_names_the_nearest(settings: Settings) -> None:
    put(settings, "sale/2025-02-15/a.csv")
    put(settings, "sale/2025-02-16/b.csv")
    (refused,) = discover(settings).refused
    assert (refused.reason_code, refused.source, refused.received_on) == (
        "unknown_source",
        "sale",
        date(2025, 2, 15),
    )
    assert "sales" in refused.reason_zh and "sales" in refused.reason_en


@pytest.mark.parametrize("day", ["2025-2-15", "2025-02-30", "20250215", "二月"])
def test_a_bad_day_is_refused(settings: Settings, day: str) -> None:
    put(settings, f"sales/{day}/a.csv")
    (refused,) = discover(settings).refused
    assert (refused.reason_code, refused.received_on, refused.file_name) == ("bad_date", None, "a.csv")
    assert "raw/sales/2026-01-31/" in refused.reason_zh


def test_a_file_without_a_day_folder_is_refused(settings: Settings) -> None:
    put(settings, "sales/a.csv")
    assert [r.reason_code for r in discover(settings).refused] == ["bad_date"]


def test_a_broken_zip_is_refused_and_the_others_stay(settings: Settings) -> None:
    put(settings, "sales/2025-02-15/a.zip", b"PK\x03\x04 not a zip")
    put(settings, "sales/2025-02-15/b.csv", b"1")
    found = discover(settings)
    assert [(r.reason_code, r.file_name) for r in found.refused] == [("unreadable", "a.zip")]
    assert [d.file_name for d in found.drops] == ["b.csv"]


def test_a_file_that_was_just_written_waits(settings: Settings) -> None:
    young = put(settings, "sales/2025-02-15/young.csv")
    put(settings, "sales/2025-02-15/old.csv")
    os.utime(young, (time.time(), time.time()))
    found = discover(Settings(settings.raw_dir, settings.warehouse_dir, settle_seconds=60))
    assert [p.name for p in found.waiting] == ["young.csv"]
    assert [d.file_name for d in found.drops] == ["old.csv"]


def test_hashes_are_remembered_until_the_file_changes(settings: Settings) -> None:
    path = put(settings, "sales/2025-02-15/a.csv", b"1")
    first = discover(settings).drops[0].sha256
    path.write_bytes(b"2")
    os.utime(path, (1_700_000_001, 1_700_000_001))
    second = discover(settings).drops[0].sha256
    assert (first, second) == (hashlib.sha256(b"1").hexdigest(), hashlib.sha256(b"2").hexdigest())


def test_received_days_hold_decisions_too(settings: Settings) -> None:
    put(settings, "sales/2025-02-15/a.csv")
    put(settings, "321283/sales/2025-02-20/a.csv")
    put(settings, "_decisions/2025-03-01/merge.csv")
    put(settings, "nonsense/2026-01-01/a.csv")
    assert received_days(settings.raw_dir) == [date(2025, 2, 15), date(2025, 2, 20), date(2025, 3, 1)]


def test_a_discovery_survives_json(settings: Settings) -> None:
    put(settings, "sales/2025-02-15/a.csv")
    put(settings, "sales/nonsense/a.csv")
    found = discover(settings)
    assert Discovery.from_json(found.to_json()) == found
