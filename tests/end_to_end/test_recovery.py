"""The whole warehouse lost: restored from a backup, the drop zone alone gives the release that was lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.world import World, run_cli


@pytest.mark.long
def test_a_restored_drop_zone_gives_the_release_that_was_lost(
    sample_world: World, empty_world: Callable[[str], World], tmp_path: Path
) -> None:
    done = run_cli(sample_world.settings, "backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stdout + done.stderr
    world = empty_world("restored")
    done = run_cli(world.settings, "restore", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stdout + done.stderr
    done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.checksums() == sample_world.checksums()
    assert world.release() == sample_world.release()
