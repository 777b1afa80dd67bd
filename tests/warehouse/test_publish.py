from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.house import House
from tests.warehouse.test_load import decide, sale
from zhixiao.errors import ConfigError, LockError, PublicationRefused
from zhixiao.settings import Settings
from zhixiao.warehouse import releases
from zhixiao.warehouse.build import build_state, forget_build, mark_audited
from zhixiao.warehouse.files import read_json
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.publish import PublishResult, publish, rollback

JAN, FEB, MAR = "2025-01-20", "2025-02-20", "2025-03-20"


def deliver(house: House, day: str, value: int = 1, name: str = "a.csv") -> None:
    house.drop("sales", day, name, [sale("U1", value, "2024-12-31"), sale(f"U{day}", 5, "2024-12-31")])


def three_releases(house: House) -> list[PublishResult]:
    out = []
    for i, day in enumerate((JAN, FEB, MAR), start=1):
        deliver(house, day, i)
        out.append(house.publish(day))
    return out


def checksums(house: House) -> dict[str, str]:
    found: dict[str, str] = json.loads(house.read("SELECT checksums FROM quality.release")[0][0])
    return found


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_release_holds_what_section_3_asks_for(house: House) -> None:
    deliver(house, JAN)
    house.drop("fai", JAN, "bad.xlsx", refused="unreadable")
    result = house.publish(JAN, "2025-01-10")
    assert result.status == "published"
    assert house.read("SELECT uscc, sales FROM marts.fct_sales_month ORDER BY 1") == [
        ("U1", Decimal(1)),
        (f"U{JAN}", Decimal(5)),
    ]
    row = house.read(
        "SELECT release_id, known_on::VARCHAR, as_of::VARCHAR, files_loaded, files_refused, files_unchanged, "
        "rows_accepted, money_accepted, table_count FROM quality.release"
    )[0]
    assert row == (result.release_id, JAN, "2025-01-10", 1, 1, 0, 2, Decimal(6), 6)
    assert result.release_id.startswith(f"{JAN}_2025-01-10_")
    versions = json.loads(house.read("SELECT contract_versions FROM quality.release")[0][0])
    assert (len(versions), versions["fai"]) == (28, "1.0.0")
    assert set(checksums(house)) == {
        "marts.fct_sales_month",
        "marts.mart_total",
        "marts_public.mart_total",
        "quality.expectation_result",
        "quality.load_log",
        "quality.quarantine",
    }
    folder = house.settings.published_dir
    assert sorted(p.name for p in folder.iterdir()) == [
        "manifest.json", "parquet", "zhixiao.duckdb", "zhixiao_public.duckdb",
    ]  # fmt: skip
    parquet = folder / "parquet" / "marts" / "fct_sales_month.parquet"
    assert duckdb.sql(f"SELECT sum(sales) FROM '{parquet}'").fetchall() == [(Decimal(6),)]
    assert tree(folder) == tree(house.settings.releases_dir / result.release_id)


def test_comments_and_not_null_come_along_and_views_become_tables(house: House) -> None:
    deliver(house, JAN)
    house.publish(JAN)
    assert house.read("SELECT comment FROM duckdb_tables() WHERE table_name = 'fct_sales_month'") == [
        ("Each row is a firm's sales / 每行是一家企业的开票销售",)
    ]
    assert house.read(
        "SELECT column_name, is_nullable, comment FROM duckdb_columns() WHERE table_name = 'fct_sales_month' "
        "AND column_name <> 'known_on' ORDER BY 1"
    ) == [("sales", True, "开票销售（万元）"), ("uscc", False, None)]
    assert house.read("SELECT count(*) FROM duckdb_views() WHERE NOT internal") == [(0,)]
    assert house.read("SELECT total, n FROM marts.mart_total") == [(Decimal(6), 2)]
    with duckdb.connect(str(house.settings.published_dir / "parquet" / ".." / "zhixiao.duckdb"), read_only=True) as c:
        assert c.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'release'").fetchone() is not None


def test_the_public_file_has_only_the_public_schema(house: House) -> None:
    deliver(house, JAN)
    house.publish(JAN)
    with duckdb.connect(str(house.settings.published_dir / "zhixiao_public.duckdb"), read_only=True) as con:
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        assert tables == [("marts_public", "mart_total"), ("quality", "release")]
        told = con.execute("SELECT checksums, row_counts, table_count FROM quality.release").fetchone()
    assert told is not None
    assert (list(json.loads(told[0])), json.loads(told[1]), told[2]) == (
        ["marts_public.mart_total"],
        {"marts_public.mart_total": 1},
        1,
    )


def test_the_manifest_says_what_was_done_and_when(house: House) -> None:
    deliver(house, JAN)
    decide(house, JAN, "merge.csv", "a,actor\n1,王\n")
    result = house.publish(JAN)
    m = read_json(house.settings.published_dir / "manifest.json")
    assert (m["release_id"], m["known_on"], m["sequence"]) == (result.release_id, JAN, 1)
    assert m["tables"]["marts.fct_sales_month"]["rows"] == 2
    assert m["tables"]["marts.fct_sales_month"]["checksum"] == checksums(house)["marts.fct_sales_month"]
    assert m["pins"]["duckdb"] == duckdb.__version__
    assert len(m["pins"]["requirements.lock"]) == 64
    assert [d[:2] for d in m["decisions"]] == [[JAN, "merge.csv"]]
    assert "published_at" in m
    assert (m["counts"]["files_loaded"], m["counts"]["money_accepted"]) == (1, "6.000000")
    assert m["files"]["zhixiao.duckdb"]["bytes"] == house.settings.published_db.stat().st_size


def test_the_same_content_again_changes_no_file(house: House) -> None:
    deliver(house, JAN)
    first = house.publish(JAN)
    before = tree(house.settings.published_dir)
    again = house.publish(JAN)
    assert (again.status, again.release_id) == ("unchanged", first.release_id)
    assert "没有新内容" in again.zh
    assert tree(house.settings.published_dir) == before
    assert [r.name for r in releases.kept_releases(house.settings)] == [first.release_id]


def test_another_machine_and_another_order_give_the_same_release(house: House, tmp_path: Path) -> None:
    for day in (JAN, FEB):
        deliver(house, day)
    first = house.publish(FEB)
    other = House(Settings(tmp_path / "elsewhere" / "raw", tmp_path / "elsewhere" / "w", settle_seconds=0))
    shutil.copytree(house.settings.landed_dir, other.settings.landed_dir)
    for day in (FEB, JAN):
        shutil.copytree(
            house.settings.raw_dir / "sales" / day, other.settings.raw_dir / "sales" / day, dirs_exist_ok=True
        )
        other.load()
    second = other.publish(FEB)
    assert second.release_id == first.release_id
    assert checksums(other) == checksums(house)


def test_the_checksum_sees_every_value_name_type_and_count(house: House) -> None:
    from zhixiao.warehouse.export import content

    con = duckdb.connect()
    con.execute("CREATE SCHEMA s")

    def checksum(sql: str) -> str:
        con.execute(f"CREATE OR REPLACE TABLE s.t AS {sql}")
        return content(con, "memory", "s", "t").checksum

    base = checksum("SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(x, y)")
    assert base == checksum("SELECT * FROM (VALUES (2, NULL), (1, 'a')) v(x, y)")
    others = [
        "SELECT * FROM (VALUES (1, 'a'), (2, '')) v(x, y)",
        "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(x, z)",
        "SELECT * FROM (VALUES (1::BIGINT, 'a'), (2, NULL)) v(x, y)",
        "SELECT * FROM (VALUES (1, 'a'), (2, NULL), (2, NULL)) v(x, y)",
        "SELECT * FROM (VALUES (1, 'a'), (2, NULL), (1, 'a'), (1, 'a')) v(x, y)",
        "SELECT * FROM (VALUES (2, 'a'), (1, NULL)) v(x, y)",
    ]
    assert len({base, *(checksum(o) for o in others)}) == 7


def test_a_folder_may_be_named_like_a_pattern_or_a_partition(tmp_path: Path) -> None:
    base = tmp_path / "数[1] 仓*" / "source=zz"
    house = House(Settings(base / "raw", base / "warehouse", settle_seconds=0))
    deliver(house, JAN)
    again = [{"project_code": "P1"}]
    house.drop("filing", JAN, "f.csv", again)
    house.drop("filing", FEB, "g.csv", [{"project_code": "P1", "filing_no": "2"}])
    house.drop("filing", MAR, "f.csv", again)
    assert house.publish(MAR).status == "published"
    assert house.statuses()[f"{MAR}/f.csv"] == "loaded"
    assert house.read("SELECT sum(sales) FROM marts.fct_sales_month") == [(6,)]


# --- pairs


def test_an_earlier_known_on_gives_the_release_of_that_day_beside(house: House) -> None:
    first, _, last = three_releases(house)
    before = tree(house.settings.published_dir)
    result = house.publish(JAN)
    assert result.status == "archived"
    folder = house.settings.releases_dir / f"{JAN}_{JAN}"
    assert result.path == str(folder)
    assert result.release_id == first.release_id
    assert tree(house.settings.published_dir) == before
    kept = tree(house.settings.releases_dir / first.release_id)
    mine = tree(folder)
    assert set(mine) == set(kept)
    with duckdb.connect(str(folder / "zhixiao.duckdb"), read_only=True) as con:
        assert con.execute("SELECT release_id FROM quality.release").fetchall() == [(first.release_id,)]
    assert house.publish(JAN).status == "archived"
    assert house.publish(MAR, FEB).status == "archived"
    assert (house.settings.releases_dir / f"{MAR}_{FEB}" / "manifest.json").exists()
    assert house.read("SELECT release_id FROM quality.release") == [(last.release_id,)]


def test_a_late_file_of_the_same_day_makes_a_new_release(house: House) -> None:
    deliver(house, JAN)
    first = house.publish(JAN)
    deliver(house, JAN, 9, "late.csv")
    second = house.publish(JAN)
    assert (first.status, second.status) == ("published", "published")
    assert first.release_id != second.release_id
    assert first.release_id[:21] == second.release_id[:21]


# --- the build must be the pair's, complete and audited


def test_no_build_another_build_or_no_audit(house: House) -> None:
    deliver(house, JAN)
    house.load()
    pair = house.build(JAN, audited=False)
    with pytest.raises(PublicationRefused, match="has not passed the audit"):
        publish(house.settings, pair)
    mark_audited(house.settings, pair)
    with pytest.raises(LockError, match=f"another run has rebuilt the work database for {pair.name}"):
        publish(house.settings, Pair.from_json({"known_on": FEB, "as_of": JAN}))
    assert publish(house.settings, pair).status == "published"
    forget_build(house.settings)
    assert build_state(house.settings) is None
    with pytest.raises(ConfigError, match="run `zhixiao build` first"):
        publish(house.settings, pair)


# --- readers


def test_an_open_reader_keeps_the_old_release_and_the_next_query_sees_the_new(house: House) -> None:
    deliver(house, JAN, 1)
    house.publish(JAN)
    code = """if True:
        import duckdb, sys
        c = duckdb.connect(sys.argv[1], read_only=True)
        q = "SELECT sum(sales) FROM marts.fct_sales_month"
        print(c.execute(q).fetchone()[0], flush=True)
        sys.stdin.readline()
        print(c.execute(q).fetchone()[0], flush=True)
        c.close()
        print(duckdb.connect(sys.argv[1], read_only=True).execute(q).fetchone()[0], flush=True)"""
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(house.settings.published_db)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    assert reader.stdin is not None
    assert reader.stdout.readline().strip() == "6.0000"
    deliver(house, FEB, 10)
    assert house.publish(FEB).status == "published"
    out, _ = reader.communicate("\n")
    assert out.split() == ["6.0000", "21.0000"]


# --- rollback


def test_rollback_goes_back_one_and_holds_until_new_files(house: House) -> None:
    first, second, third = three_releases(house)
    result = rollback(house.settings)
    assert (result.status, result.release_id) == ("rolled_back", second.release_id)
    assert house.read("SELECT release_id FROM quality.release") == [(second.release_id,)]
    assert tree(house.settings.published_dir) == tree(house.settings.releases_dir / second.release_id)
    held = house.publish(MAR)
    assert (held.status, held.release_id) == ("held", second.release_id)
    assert "没有新文件" in held.zh
    assert rollback(house.settings).release_id == first.release_id
    assert house.publish(MAR).release_id == first.release_id
    assert house.publish(FEB).status == "archived"
    deliver(house, "2025-03-10", 7, "late.csv")
    after = house.publish(MAR)
    assert after.status == "published"
    assert after.release_id not in {third.release_id, second.release_id, first.release_id}
    assert releases.read_hold(house.settings) is None
    assert [r.sequence for r in releases.kept_releases(house.settings) if r.sequence] == [4, 3, 2, 1]


def test_a_new_decision_ends_the_hold_too(house: House) -> None:
    three_releases(house)
    rollback(house.settings)
    assert house.publish(MAR).status == "held"
    decide(house, MAR, "merge.csv", "a,actor\n1,王\n")
    assert house.publish(MAR).status == "published"


def test_rollback_by_name_forward_and_what_cannot_be(house: House) -> None:
    first, _, third = three_releases(house)
    assert rollback(house.settings, first.release_id).release_id == first.release_id
    with pytest.raises(ConfigError, match="is the published one already"):
        rollback(house.settings, first.release_id)
    with pytest.raises(ConfigError, match="no release before"):
        rollback(house.settings)
    with pytest.raises(ConfigError, match="is not among the kept releases"):
        rollback(house.settings, "2020-01-01_2020-01-01_00000000")
    forward = rollback(house.settings, third.release_id)
    assert "publication goes on as usual" in forward.en
    assert house.publish(MAR).status == "unchanged"


def test_a_hold_can_be_lifted_by_hand(house: House) -> None:
    three_releases(house)
    rollback(house.settings)
    assert house.publish(MAR, lift_hold=True).status == "published"


def test_a_kept_release_that_was_changed_is_not_published_again(house: House) -> None:
    first, second, third = three_releases(house)
    with duckdb.connect(str(house.settings.releases_dir / second.release_id / "zhixiao.duckdb")) as con:
        con.execute("DELETE FROM marts.fct_sales_month")
    with pytest.raises(ConfigError, match="cannot be published again"):
        rollback(house.settings)
    assert house.read("SELECT release_id FROM quality.release") == [(third.release_id,)]
    assert rollback(house.settings, first.release_id).release_id == first.release_id


def test_nothing_to_roll_back(house: House) -> None:
    with pytest.raises(ConfigError, match="nothing was ever published"):
        rollback(house.settings)


# --- retention


def test_the_last_releases_are_kept_and_the_published_one_always(house: House) -> None:
    three_releases(house)
    house.publish(JAN)
    rollback(house.settings)
    rollback(house.settings)
    oldest = releases.published(house.settings)
    assert oldest is not None
    removed = releases.prune(house.settings, 1)
    kept = [r.name for r in releases.kept_releases(house.settings)]
    assert len(removed) == 1
    assert removed[0].startswith(FEB)
    assert oldest.release_id in kept
    assert f"{JAN}_{JAN}" in kept
    assert not list(house.settings.releases_dir.glob(".*"))


def test_thirty_is_the_number_unless_the_environment_gives_another(house: House) -> None:
    assert Settings.from_env({}).keep_releases == 30
    house.settings = Settings.from_env({**house.settings.to_env(), "ZHIXIAO_KEEP_RELEASES": "2"})
    three_releases(house)
    assert [r.sequence for r in releases.kept_releases(house.settings)] == [3, 2]


# --- crashes

_STEPS = "exported before_keep kept before_switch before_rename switched public between_parquet parquet done"
STEPS = [f"publish_{step}:1" for step in _STEPS.split()]

PUBLISH = """
import sys
from zhixiao.settings import Settings
from zhixiao.warehouse.pair import Pair
from zhixiao.warehouse.publish import publish, rollback
if sys.argv[1] == "rollback":
    rollback(Settings.from_env())
else:
    publish(Settings.from_env(), Pair.from_json({"known_on": sys.argv[1], "as_of": sys.argv[1]}))
"""


def killed(settings: Settings, at: str, argument: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PUBLISH, argument],
        env={**os.environ, **settings.to_env(), "ZHIXIAO_KILL_AT": at}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode


def consistent(house: House) -> dict[str, Any]:
    """Everything in published/ belongs to one release, whole."""
    folder = house.settings.published_dir
    manifest: dict[str, Any] = read_json(folder / "manifest.json")
    assert tree(folder) == tree(house.settings.releases_dir / manifest["release_id"])
    assert house.read("SELECT release_id FROM quality.release") == [(manifest["release_id"],)]
    return manifest


@pytest.mark.parametrize("at", STEPS)
def test_killed_at_any_step_readers_are_fine_and_the_next_run_completes(house: House, at: str) -> None:
    deliver(house, JAN, 1)
    first = house.publish(JAN)
    deliver(house, FEB, 2)
    house.load()
    pair = house.build(FEB)
    assert killed(house.settings, at, FEB) == -9
    seen = house.read("SELECT release_id, (SELECT sum(sales) FROM marts.fct_sales_month) FROM quality.release")
    assert seen[0][1] == (6 if seen[0][0] == first.release_id else 13)
    result = publish(house.settings, pair)
    assert result.status in ("published", "unchanged")
    assert consistent(house)["release_id"] == result.release_id
    assert house.read("SELECT sum(sales) FROM marts.fct_sales_month") == [(13,)]
    assert not list(house.settings.releases_dir.glob(".*"))
    assert rollback(house.settings).release_id == first.release_id


@pytest.mark.parametrize("at", ["rollback_noted:1", "publish_switched:1", "publish_parquet:1"])
def test_a_rollback_that_broke_off_is_completed(house: House, at: str) -> None:
    _, second, _ = three_releases(house)
    assert killed(house.settings, at, "rollback") == -9
    assert house.publish(MAR).status == "held"
    assert consistent(house)["release_id"] == second.release_id


def test_a_hold_that_ends_is_safe_against_a_crash_too(house: House) -> None:
    three_releases(house)
    rollback(house.settings)
    deliver(house, "2025-04-20", 4)
    house.load()
    pair = house.build("2025-04-20")
    assert killed(house.settings, "publish_before_switch:1", "2025-04-20") == -9
    assert publish(house.settings, pair).status == "published"
    assert consistent(house)["known_on"] == "2025-04-20"


def test_damaged_side_files_are_repaired(house: House) -> None:
    deliver(house, JAN)
    house.publish(JAN)
    folder = house.settings.published_dir
    shutil.rmtree(folder / "parquet")
    (folder / "zhixiao_public.duckdb").write_bytes(b"half")
    (folder / "manifest.json").unlink()
    assert house.publish(JAN).status == "unchanged"
    consistent(house)
