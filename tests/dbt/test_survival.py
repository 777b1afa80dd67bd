"""The compiled SQL of the landing curves and of the time in stage, on random projects, against lifelines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_times

from tests.dbt.landing_by_hand import Signed, assert_curve
from tests.dbt.runner import run_dbt
from zhixiao.settings import PROJECT_DIR

AS_OF = date(2026, 2, 28)
YEARS = (2023, 2024, 2025)
MODELS = {
    "int_retrospective__landing": "intermediate",
    "int_retrospective__survival": "intermediate",
    "mart_landing_cohort": "marts",
    "int_retrospective__stay": "intermediate",
    "int_retrospective__days": "intermediate",
}
# How many projects, and how likely each is to start and to be withdrawn.
WORLDS = [(120, 0.6, 0.2), (30, 1.0, 0.0), (30, 0.0, 0.5), (6, 0.5, 0.5)]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    scratch = tmp_path_factory.mktemp("compiled")
    told = run_dbt(scratch / "zhixiao.duckdb", scratch, AS_OF, AS_OF, "--quiet", "compile", "--select", *MODELS)
    assert told.returncode == 0, told.stdout + told.stderr
    files = {f.stem: f.read_text(encoding="utf-8") for f in (scratch / "target" / "compiled").rglob("*.sql")}
    return {name: files[name] for name in MODELS}


def make_projects(seed: int, count: int, starts: float, leaves: float) -> list[Signed]:
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        signed = date(rng.choice(YEARS), 1, 1) + timedelta(days=rng.randint(0, 364))
        # Now and then before it was signed, or on the very day of withdrawal.
        reached = signed + timedelta(days=rng.randint(-20, 1100)) if rng.random() < starts else None
        withdrawn = signed + timedelta(days=rng.randint(0, 900)) if rng.random() < leaves else None
        if reached and rng.random() < 0.1 and withdrawn:
            withdrawn = reached
        out.append(
            Signed(
                signed_on=signed,
                reached_on=reached if reached and reached <= AS_OF else None,
                withdrawn_on=withdrawn if withdrawn and withdrawn <= AS_OF else None,
                amount=Decimal(rng.randint(1, 99999)),
            )
        )
    return out


def build(con: duckdb.DuckDBPyConnection, compiled: dict[str, str], projects: list[Signed]) -> None:
    """The tables that the models read, then the models, in a database of the name that they were compiled for."""
    for schema in ("marts", "intermediate", "seeds"):
        con.execute(f"create schema {schema}")
    con.execute(
        "create table marts.fct_project_funnel (project_id varchar, signed_investment decimal(20, 4),"
        " withdrawn_on date, is_in_ledger boolean, is_leased boolean)"
    )
    con.execute(
        "create table intermediate.int_retrospective__reached"
        " (project_id varchar, reading varchar, stage varchar, reached_on date, complete_on date, valid_until date)"
    )
    con.execute("create table intermediate.int_funnel__cut (project_id varchar, cut_kind varchar, cut_value varchar)")
    for i, p in enumerate(projects):
        con.execute(
            "insert into marts.fct_project_funnel values (?, ?, ?, true, false)", [f"P{i}", p.amount, p.withdrawn_on]
        )
        con.execute("insert into intermediate.int_funnel__cut values (?, 'district', '全区')", [f"P{i}"])
        for stage, day in (("signed", p.signed_on), ("filed", p.reached_on), ("started", p.reached_on)):
            if day:
                con.execute(
                    "insert into intermediate.int_retrospective__reached values (?, 'verified', ?, ?, ?, null)",
                    [f"P{i}", stage, day, day],
                )
    con.execute(
        "create table intermediate.int_retrospective__definition as select 'landing_rate_36m' as measure,"
        " 'main' as variant, 'signed' as placing_stage, 'started' as numerator_stage, 36 as within_months,"
        " false as keeps_withdrawn"
    )
    con.execute(
        "create table intermediate.int_retrospective__point as select 'year' as span,"
        " make_date(y, 1, 1) as window_start, make_date(y, 12, 31) as window_end"
        f" from unnest({list(YEARS)}) as years (y)"
    )
    con.execute(
        "create table seeds.retrospective_rule as from read_csv(?, types = {'value': 'decimal(18,9)'})",
        [str(PROJECT_DIR / "dbt_project" / "seeds" / "retrospective_rule.csv")],
    )
    for name, schema in MODELS.items():
        con.execute(f"create table {schema}.{name} as {compiled[name]}")


@pytest.fixture(scope="module", params=range(len(WORLDS)))
def world(
    request: pytest.FixtureRequest, compiled: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[Signed]]]:
    projects = make_projects(request.param, *WORLDS[request.param])
    with duckdb.connect(str(tmp_path_factory.mktemp("world") / "zhixiao.duckdb")) as con:
        build(con, compiled, projects)
        yield con, projects


def records(con: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[dict[str, Any]]:
    cursor = con.execute(query, values)
    names = [d[0] for d in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_the_landing_curves_are_those_of_lifelines(
    world: tuple[duckdb.DuckDBPyConnection, list[Signed]],
) -> None:
    con, projects = world
    years = 0
    for year in YEARS:
        members = [p for p in projects if p.signed_on.year == year]
        rows = records(con, "from marts.mart_landing_cohort where signing_year = ? and reading = 'verified'", year)
        if not members:
            assert not rows
            continue
        assert_curve(rows, members, AS_OF)
        years += 1
    assert years >= 2


def test_the_time_in_stage_is_that_of_lifelines(world: tuple[duckdb.DuckDBPyConnection, list[Signed]]) -> None:
    con, projects = world
    for year in YEARS:
        stays = []
        for p in projects:
            seen_until = min(AS_OF, p.withdrawn_on or AS_OF)
            if p.signed_on.year != year:
                continue
            moved = p.reached_on is not None and p.reached_on <= seen_until
            last = p.reached_on if moved and p.reached_on else seen_until
            stays.append(((last - p.signed_on).days, moved))
        rows = {
            r["method"]: r
            for r in records(
                con,
                "from intermediate.int_retrospective__days where window_start = ? and to_stage = 'filed'",
                date(year, 1, 1),
            )
        }
        if not stays:
            assert not rows
            continue
        observed = sorted(days for days, moved in stays if moved)
        for name, share in (("quartile_1", 0.25), ("median", 0.5), ("quartile_3", 0.75)):
            found = rows["observed"][name]
            if not observed:
                assert found is None
                continue
            at = share * (len(observed) - 1)
            low = observed[int(at)]
            high = observed[min(int(at) + 1, len(observed) - 1)]
            assert abs(float(found) - (low + (high - low) * (at - int(at)))) < 0.000_001, (year, name)
        fitted = KaplanMeierFitter().fit([max(0, days) for days, _ in stays], [moved for _, moved in stays])
        for name, share in (("quartile_1", 0.75), ("median", 0.5), ("quartile_3", 0.25)):
            expected = qth_survival_times(share, fitted.survival_function_)
            found = rows["kaplan_meier"][name]
            assert found == (None if expected == float("inf") else Decimal(int(expected))), (year, name)
        assert rows["observed"]["entered"] == len(stays) and rows["observed"]["moved_on"] == len(observed)
