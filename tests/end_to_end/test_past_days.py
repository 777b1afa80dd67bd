"""What was known on a day, asked of everything, is what a warehouse built on that day from its files says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.world import World, run_cli

pytestmark = pytest.mark.long

DAYS = ("2024-10-12", "2025-02-20", "2025-06-12", "2025-10-15", "2026-01-14")


@pytest.mark.parametrize("day", DAYS)
def test_a_past_day_is_what_its_files_alone_say(
    empty_world: Callable[[str], World], sample_raw: Path, day: str
) -> None:
    everything, then = empty_world("everything"), empty_world("then")
    for world in (everything, then):
        shutil.copytree(sample_raw, world.settings.raw_dir, dirs_exist_ok=True)
    later = [p for p in then.settings.raw_dir.glob("*/*") if p.is_dir() and p.name > day]
    assert later
    for folder in later:
        shutil.rmtree(folder)
    for world in (everything, then):
        done = run_cli(world.settings, "run", "--known-on", day)
        assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect() as con:
        for name, world in (("a", everything), ("b", then)):
            con.execute(f"attach '{world.settings.published_db}' as {name} (read_only)")
        of = "select schema_name, table_name from duckdb_tables() where database_name = '{}' order by all"
        tables = con.execute(of.format("a")).fetchall()
        assert tables == con.execute(of.format("b")).fetchall() and len(tables) > 70
        for schema, table in tables:
            left, right = f"a.{schema}.{table}", f"b.{schema}.{table}"
            both = f"(from {left} except all from {right}) union all (from {right} except all from {left})"
            assert con.execute(f"select count(*) from ({both})").fetchone() == (0,), table
