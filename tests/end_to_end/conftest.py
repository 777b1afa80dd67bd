from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.end_to_end.world import World, run_cli
from zhixiao.settings import Settings


@pytest.fixture(scope="session")
def sample_world(tmp_path_factory: pytest.TempPathFactory, sample_raw: Path) -> World:
    """The small deliveries, landed, built, audited and published once for all workers of this test run.

    Not to be changed: take `world` for that.
    """
    common = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        common = common.parent
    base = common / "sample-world"
    world = World(Settings(base / "raw", base / "warehouse", settle_seconds=0))
    with FileLock(common / "sample-world.lock"):
        if not (base / "done").exists():
            shutil.copytree(sample_raw, base / "raw")
            done = run_cli(world.settings, "run")
            assert done.returncode == 0, done.stdout + done.stderr
            (base / "done").touch()
    return world


@pytest.fixture
def world(sample_world: World, tmp_path: Path) -> World:
    """A copy of the published sample district that a test may change."""
    for name in ("raw", "warehouse"):
        shutil.copytree(sample_world.settings.raw_dir.parent / name, tmp_path / name)
    return World(Settings(tmp_path / "raw", tmp_path / "warehouse", settle_seconds=0))


@pytest.fixture
def empty_world(tmp_path: Path) -> Callable[[str], World]:
    """A new warehouse beside a drop zone of a test's own."""

    def make(name: str) -> World:
        (tmp_path / name / "raw").mkdir(parents=True)
        return World(Settings(tmp_path / name / "raw", tmp_path / name / "warehouse", settle_seconds=0))

    return make
