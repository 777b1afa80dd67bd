"""Past days: `backfill` builds month ends beside the published release, and each agrees with what was known then."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.world import World, run_cli
from zhixiao.warehouse.files import read_json

# The gate looks at deliveries when they come; a backfilled release holds the audit of the candidate only.
ELSEWHERE = {"quality.expectation_result"}
DAY = "2025-06-30"


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and the time of its last change."""
    found = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): (p.stat().st_size, p.stat().st_mtime_ns) for p in found}


def built_on(day: str, world: World, make: Callable[[str], World]) -> World:
    """A warehouse that was built by `zhixiao run` when only the files of that day had been received."""
    early = make(f"built-{day}")
    for source in world.settings.raw_dir.iterdir():
        for received in source.iterdir() if source.is_dir() else ():
            if received.name <= day:
                shutil.copytree(received, early.settings.raw_dir / source.name / received.name)
    shutil.copytree(world.settings.landed_dir, early.settings.landed_dir)
    done = run_cli(early.settings, "run", "--known-on", day)
    assert done.returncode == 0, done.stdout + done.stderr
    return early


def tables_of(world: World, folder: str = "") -> dict[str, str]:
    return {n: c for n, c in world.checksums(folder).items() if n not in ELSEWHERE}


@pytest.mark.long
def test_month_ends_are_what_was_known_then_and_a_second_run_changes_nothing(
    world: World, empty_world: Callable[[str], World]
) -> None:
    """known_on is a filter on the received day, nothing else: a warehouse that never got the later files agrees."""
    published = files_of(world.settings.published_dir)
    months = ("backfill", "--from", "2025-05", "--to", "2025-06")
    done = run_cli(world.settings, *months)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 built, 0 unchanged" in done.stdout
    assert files_of(world.settings.published_dir) == published
    assert not (world.settings.warehouse_dir / "work" / "backfill").exists()

    early = built_on(DAY, world, empty_world)
    folder = f"{DAY}_{DAY}"
    assert tables_of(early) == tables_of(world, folder)
    assert tables_of(world, "2025-05-31_2025-05-31") != tables_of(world, folder)
    sql = "select max(received_on) from quality.load_log"
    assert str(world.read(sql, folder)[0][0]) <= DAY < str(world.read(sql)[0][0])

    before = files_of(world.settings.releases_dir)
    again = run_cli(world.settings, "backfill", "--from", "2025-05", "--to", "2025-06")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "0 built, 2 unchanged" in again.stdout
    assert files_of(world.settings.releases_dir) == before


@pytest.mark.long
@pytest.mark.parametrize("day", ["2024-03-31", "2024-09-30", "2024-12-31", "2025-09-30", "2025-12-31"])
def test_any_past_day_equals_a_warehouse_built_on_that_day(
    world: World, empty_world: Callable[[str], World], day: str
) -> None:
    done = run_cli(world.settings, "backfill", "--from", day[:7], "--to", day[:7])
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables_of(built_on(day, world, empty_world)) == tables_of(world, f"{day}_{day}")


@pytest.mark.long
def test_the_sixty_month_ends_of_the_plan(world: World) -> None:
    done = run_cli(world.settings, "backfill")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 built, 0 unchanged" in done.stdout
    print(done.stdout.splitlines()[-1])
    folders = sorted(p.name for p in world.settings.releases_dir.iterdir() if p.name.count("_") == 1)
    assert len(folders) == 60
    assert (folders[0], folders[-1]) == ("2021-01-31_2021-01-31", "2025-12-31_2025-12-31")
    assert all(read_json(world.settings.releases_dir / f / "manifest.json")["sequence"] == 0 for f in folders)
    before = files_of(world.settings.releases_dir)
    again = run_cli(world.settings, "backfill")
    assert "0 built, 60 unchanged" in again.stdout
    assert files_of(world.settings.releases_dir) == before
