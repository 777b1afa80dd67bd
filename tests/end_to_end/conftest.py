from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.world import World, run_cli
from zhixiao.settings import Settings


@pytest.fixture(scope="session")
def sample_world(tmp_path_factory: pytest.TempPathFactory, sample_raw: Path) -> World:
    """The sample district, landed, built, audited and published once. Not to be changed: take `world` for that."""
    base = tmp_path_factory.mktemp("sample")
    shutil.copytree(sample_raw, base / "raw")
    world = World(Settings(base / "raw", base / "warehouse", settle_seconds=0))
    done = run_cli(world.settings, "run")
    assert done.returncode == 0, done.stdout + done.stderr
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
