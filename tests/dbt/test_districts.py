"""Two districts in one warehouse: each is what it is alone, and together they are the whole.

The small form stands in test_models (one build for all of it); here whole districts are simulated.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.candidate import Clocks, build_rules
from tests.dbt.runner import run_dbt
from zhixiao.contracts import load_contracts
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.settings import Settings
from zhixiao.simulate.model import Config
from zhixiao.simulate.world_files import simulate
from zhixiao.warehouse.load import load

pytestmark = pytest.mark.long

NAMES = {"321204": "姜堰区", "321203": "高港区"}
DAY = date(2026, 1, 31)
SOURCES = (
    "signing", "filing", "permit", "acceptance", "recognition", "land", "fai", "sales", "tax", "payment",
    "agreement", "enterprise",
)  # fmt: skip
FACTS = ("fct_investment_month", "fct_sales_month", "fct_tax", "fct_payment", "fct_land", "fct_permit")

Figures = Mapping[tuple[Any, ...], tuple[Decimal, Decimal]]


def ask(db: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(db), read_only=True) as con:
        return con.execute(sql).fetchall()


def build(db: Path, scratch: Path) -> Path:
    """The funnel, the facts and the tests that hold on them."""
    told = run_dbt(
        db, scratch, DAY, DAY, "build", "--select", "+mart_funnel", "+conservation", "+mart_figure_vintage",
        "--indirect-selection", "cautious", "--exclude-resource-type", "unit_test",
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-6000:] + told.stderr
    return db


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same seed gives both districts the same numbers of projects: nothing but the district tells them apart."""
    home = tmp_path_factory.mktemp("both")
    for code in NAMES:
        config = Config(seed=5, district=code, scale=0.02, since=date(2024, 7, 1), workbooks_from=date.max)
        simulate(config, home / "raw" / code, SOURCES, keeps=False)
    settings = Settings(raw_dir=home / "raw", warehouse_dir=home / "wh", settle_seconds=0)
    found = discover(settings)
    assert not found.refused
    for drop in found.drops:
        land_drop(settings, drop)
    load(settings, found)
    return build(settings.work_db, home)


@pytest.fixture(scope="module", params=sorted(NAMES))
def alone(request: pytest.FixtureRequest, both: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What was received of one district, and nothing else."""
    home = tmp_path_factory.mktemp("alone")
    db = home / both.name
    shutil.copy(both, db)
    with duckdb.connect(str(db)) as con:
        for table in (*load_contracts(), "load_log", "quarantine", "control_total", "delivery_scope"):
            con.execute(f"DELETE FROM raw.{table} WHERE district_code <> '{request.param}'")
    return request.param, build(db, home)


def funnel(db: Path, cut_value: str) -> Figures:
    rows = ask(
        db,
        "SELECT window_kind, window_start, reading, form, measure, variant, basis, numerator, coalesce(denominator, 0)"
        f" FROM marts.mart_funnel WHERE cut_kind = 'district' AND cut_value = '{cut_value}'",
    )
    return {row[:-2]: row[-2:] for row in rows}


def test_the_keys_of_two_districts_are_apart(both: Path) -> None:
    shared = ask(
        both,
        "SELECT count(*) FROM (SELECT signing_row_no FROM marts.fct_project_funnel WHERE signing_row_no IS NOT NULL"
        " GROUP BY signing_row_no HAVING count(*) = 2 AND count(DISTINCT project_id) = 2)",
    )
    assert shared[0][0] > 10
    for table in ("bridge_project_key", *FACTS[:2], *FACTS[3:]):
        strangers = f"SELECT count(*) FROM marts.{table} WHERE left(project_id, 6) <> district_code"
        assert ask(both, strangers) == [(0,)]


def test_a_district_beside_another_is_what_it_is_alone(both: Path, alone: tuple[str, Path]) -> None:
    code, db = alone
    assert ask(db, "SELECT DISTINCT cut_value FROM marts.mart_funnel WHERE cut_kind = 'district'") == [("全区",)]
    # What is verified rests on checks, whose peers may be firms of the other district.
    own, beside = (
        {k: v for k, v in figures.items() if k[2] != "verified"}
        for figures in (funnel(db, "全区"), funnel(both, NAMES[code]))
    )
    # Windows begin with the first project of the warehouse, so the longer one may hold more empty windows.
    assert {k: v for k, v in own.items() if any(v)} == {k: v for k, v in beside.items() if any(v)}
    assert len(own) > 1000
    for fact in FACTS:
        counted = f"SELECT count(*) FROM marts.{fact} WHERE district_code = '{code}'"
        assert ask(db, counted) == ask(both, counted)
        assert ask(db, counted) != [(0,)]


def test_the_districts_add_up_to_the_whole(both: Path) -> None:
    whole = funnel(both, "全区")
    parts = [funnel(both, name) for name in NAMES.values()]
    zero = (Decimal(0), Decimal(0))
    for key, (numerator, denominator) in whole.items():
        found = [p.get(key, zero) for p in parts]
        assert (sum(n for n, _ in found), sum(d for _, d in found)) == (numerator, denominator), key
    signed = ("all", None, "claimed", "cohort", "signed", "main", "count")
    figures = [next(v for k, v in p.items() if (k[0], *k[2:]) == (signed[0], *signed[2:])) for p in (whole, *parts)]
    assert figures[0][0] == figures[1][0] + figures[2][0] > figures[1][0] > 0


def test_the_gate_before_publication_holds_on_several_districts(both: Path) -> None:
    with duckdb.connect(str(both), read_only=True) as con:
        rules = {r.rule_id: r for r in build_rules(con, Clocks(DAY, DAY)) if ".mart_funnel." in r.rule_id}
        assert "candidate.mart_funnel.cuts_add_up" in rules
        for rule in rules.values():
            assert con.execute(rule.failing_sql()).fetchall() == [], rule.rule_id
