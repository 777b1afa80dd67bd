"""Many districts: CSV below their codes, the same bytes for any number of workers; and the fast way to write CSV."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from tests.simulate.test_command import app
from zhixiao.identifiers import uscc_fault
from zhixiao.simulate.build import make_world
from zhixiao.simulate.districts import SMALL_FIRMS, province, write_districts
from zhixiao.simulate.forms import Style, write
from zhixiao.simulate.model import Config
from zhixiao.simulate.places import districts_of, place_of
from zhixiao.simulate.plain_csv import write_plain
from zhixiao.simulate.taxes import tax_lines
from zhixiao.simulate.views import SOURCES, deliveries

CONFIG = Config(seed=9, scale=0.02, since=date(2025, 9, 1), small_firms=2000)


def test_the_province_has_95_districts_with_jiangyan_first() -> None:
    codes = districts_of("321204")
    assert (len(codes), len(set(codes)), codes[0], codes[1]) == (95, 95, "321204", "320102")
    assert place_of("321204").address("白米镇") == "泰州市姜堰区白米镇"
    assert place_of("320102").address("样甲镇") == "南京市玄武区样甲镇"
    assert [c.district for c in province(CONFIG, 2)] == ["321204", "320102"]
    with pytest.raises(ValueError, match="95"):
        province(CONFIG, 96)


def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for jobs in (1, 2):
        root = tmp_path / str(jobs)
        done = list(write_districts(province(replace(CONFIG, mess="full"), 3), root / "raw", root / "truth", jobs))
        assert sorted(d.code for d in done) == ["320102", "320104", "321204"]
        assert all(d.tax_rows > 200 and d.rows > 2 * d.tax_rows for d in done)
        files = sorted(p for p in root.rglob("*") if p.is_file())
        trees.append([(str(p.relative_to(root)), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files])
    assert trees[0] == trees[1]
    raw = [Path(name) for name, _ in trees[0] if name.startswith("raw/")]
    assert {p.parts[1] for p in raw} == {"320102", "320104", "321204"}
    left_behind = ("~$", ".DS_Store", "README")
    assert {p.suffix for p in raw if not p.name.startswith(left_behind)} == {".csv"}
    assert {p.parts[1] for p, _ in ((Path(n), h) for n, h in trees[0]) if p.parts[0] == "truth"} == {
        "320102", "320104", "321204",
    }  # fmt: skip


def test_districts_are_different_and_share_no_firm() -> None:
    here, there = (make_world(c) for c in province(CONFIG, 2))
    codes = [{f.uscc for f in [*w.firms, *w.small]} for w in (here, there)]
    assert not codes[0] & codes[1]
    assert [p.signed for p in here.projects] != [p.signed for p in there.projects]


def test_plain_csv_is_the_standard_form() -> None:
    """The fast writer gives what the form gives: bytes, name, truth and accepted rows, for every source."""
    world = make_world(replace(CONFIG, since=None, seed=2))
    money = Decimal(0)
    for source in SOURCES:
        for n, delivery in enumerate(deliveries(world, source)):
            if n % 7 == 0:
                slow, fast = write(delivery, Style(container="csv")), write_plain(delivery)
                assert fast.body == slow.body, (source, delivery.stem)
                assert (fast.path_name, fast.truths) == (slow.path_name, slow.truths)
                assert len(fast.accepted) == len(slow.accepted)
                money += fast.truths[0].money_read or 0
    assert money > 10**6


def test_small_firms_make_the_tax_detail_long() -> None:
    """About 76 rows of tax each in five years, so that 8,000 of them and the projects' firms give a million."""
    world = make_world(replace(CONFIG, scale=0.1, small_firms=1000))
    assert len(world.small) == 100 and all(uscc_fault(f.uscc) is None for f in world.small)
    assert len({f.name for f in [*world.firms, *world.small]}) == len(world.firms) + 100
    small = {f.uscc for f in world.small}
    rows = [x.values["uscc"] in small for m in range(2021 * 12, 2026 * 12 + 1) for x in tax_lines(world, m)]
    assert 7000 <= sum(rows) <= 8200
    per_district = (len(rows) - sum(rows)) * 10 + sum(rows) * SMALL_FIRMS // 100
    assert 900_000 <= per_district <= 1_150_000


def test_the_command_writes_a_province(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    options = ["--districts", "2", "--scale", "0.02", "--since", "2025-11-01", "--jobs", "1", "--small-firms", "500"]
    told = CliRunner().invoke(app, ["--out", str(raw), *options])
    assert told.exit_code == 0, told.output
    assert "321204 姜堰区" in told.output and "2 个区" in told.output
    assert {p.name for p in raw.iterdir()} == {"321204", "320102"}
    rows = duckdb.execute(
        f"select count(*), sum(rows_accepted) from '{tmp_path}/truth/*/files.parquet' where source = 'tax'"
    ).fetchone()
    assert rows is not None and rows[0] >= 4 and rows[1] > 100
    assert CliRunner().invoke(app, ["--out", str(tmp_path / "y"), "--districts", "96"]).exit_code == 2
