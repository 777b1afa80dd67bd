"""Killed at any moment, the next run completes and gives the tables of an undisturbed run.

The small form kills one warehouse four times in a row and then lets a run complete. The long form kills a new
warehouse for each point and compares after every one.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

import pytest

from tests.end_to_end.world import World, run_killed

SEED = 20260122
RANDOM_POINTS = 12
NAMED_POINTS = [
    "nightly.resolve:1",
    "nightly.discover:1",
    "nightly.land:3",
    "land_before_report:7",
    "nightly.gate:1",
    "load_source:5",
    "load_before_commit:1",
    "load_after_commit:1",
    "build_before_dbt:1",
    "build_after_dbt:1",
    "nightly.build:1",
    "nightly.audit:1",
    "publish_exported:1",
    "publish_kept:1",
    "publish_switched:1",
    "publish_done:1",
]


def same_tables(world: World, undisturbed: World) -> None:
    assert world.checksums() == undisturbed.checksums()
    assert world.release() == undisturbed.release()
    assert not list(world.settings.published_dir.glob(".*"))
    assert sorted(p.name for p in world.settings.published_dir.iterdir()) == [
        "manifest.json", "parquet", "zhixiao.duckdb", "zhixiao_public.duckdb",
    ]  # fmt: skip


def fresh(empty_world: Callable[[str], World], undisturbed: World, name: str) -> World:
    world = empty_world(name)
    shutil.copytree(undisturbed.settings.raw_dir, world.settings.raw_dir, dirs_exist_ok=True)
    return world


@pytest.mark.long
def test_four_kills_in_a_row(sample_world: World, empty_world: Callable[[str], World]) -> None:
    rng = random.Random(SEED)
    world = fresh(empty_world, sample_world, "kills")
    run_killed(world.settings, after=rng.uniform(2, 6), group=True)
    assert run_killed(world.settings, at="load_before_commit:1")
    run_killed(world.settings, after=rng.uniform(6, 14))
    assert run_killed(world.settings, at="publish_switched:1")
    done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    same_tables(world, sample_world)


@pytest.mark.long
@pytest.mark.parametrize("at", NAMED_POINTS)
def test_killed_at_a_named_point(sample_world: World, empty_world: Callable[[str], World], at: str) -> None:
    world = fresh(empty_world, sample_world, "named")
    assert run_killed(world.settings, at=at)
    done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    same_tables(world, sample_world)


@pytest.mark.long
@pytest.mark.parametrize("n", range(RANDOM_POINTS))
def test_killed_at_a_random_moment(sample_world: World, empty_world: Callable[[str], World], n: int) -> None:
    rng = random.Random(SEED + n)
    world = fresh(empty_world, sample_world, "random")
    run_killed(world.settings, after=rng.uniform(0.5, 60), group=bool(n % 2))
    done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    same_tables(world, sample_world)
