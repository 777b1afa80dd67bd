"""The funnel of random small districts, compared figure by figure with a recomputation in plain Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.funnel_by_hand import NAMES, ByHand, add_months, rounded
from tests.dbt.funnel_world import World, insert, make_world
from tests.dbt.gates_by_hand import Gates
from tests.dbt.landing_by_hand import Signed, assert_curve
from zhixiao.settings import PROJECT_DIR
from zhixiao.warehouse.schema import create_raw

PAIRS = [
    # Known later than it happened, in the middle of a month.
    pytest.param((date(2026, 2, 28), date(2025, 8, 15), 1), id="as_of_before_known_on"),
    pytest.param((date(2026, 2, 28), date(2026, 2, 28), 2), id="month_end", marks=pytest.mark.long),
    # Later deliveries, corrections and withdrawals are not there yet.
    pytest.param((date(2025, 3, 31), date(2025, 3, 31), 3), id="known_less", marks=pytest.mark.long),
]
READINGS = ("claimed", "evidenced", "verified")
FIGURE = ("numerator", "denominator", "value", "unsupported_value", "held_back_value", "withdrawn_count")
KEY = ("cut_kind", "cut_value", "window_kind", "window_start", "window_end", "form", "measure", "variant")

Mart = dict[tuple[Any, ...], dict[str, Any]]


class Built:
    """One world, built for one pair."""

    def __init__(self, work_db: Path, world: World, known_on: date, as_of: date) -> None:
        self.known_on, self.as_of = known_on, as_of
        self.by_hand = ByHand(world, known_on, as_of)
        with duckdb.connect(str(work_db), read_only=True) as con:
            self.funnel = _records(con, "marts.fct_project_funnel")
            self.events = _records(con, "marts.fct_stage_event")
            self.mart = _records(con, "marts.mart_funnel")
            self.landing = _records(con, "marts.mart_landing_cohort")
            self.gates = {
                name: _records(con, f"marts.{name}")
                for name in (
                    "mart_access_gate", "mart_growth_watch", "mart_exit_list", "mart_bottleneck",
                    "mart_project_profile",
                )
            }  # fmt: skip
            self.fails = [r for r in _records(con, "intermediate.int_check__controlled") if r["outcome"] == "fail"]
            self.effective = _records(con, "intermediate.int_check__effective")
            self.parts = _records(con, "marts.fct_figure_part")
            self.by_hand.hold_back(self.held_back())
            self.public = con.execute(
                "select count(*) from (from marts.mart_funnel except all from marts_public.mart_funnel)"
            ).fetchone()

    def held_back(self) -> set[str]:
        """Whom effective blocks and quarantines stand on: the project, both sides of a pair, the firm's projects.

        Of a repeat signing (R11) the later one alone; signed on one day, the larger number.
        """
        signed = {
            p.project_id: (p.row["signing_date"], p.row["signing_row_no"])
            for p in self.by_hand.projects
            if p.in_ledger and p.row["signing_date"]
        }
        keys = ("check_id", "entity_type", "entity_id", "counterpart_id", "period")
        strong = {
            tuple(r[k] for k in keys) for r in self.effective if r["effective_severity"] in ("block", "quarantine")
        }
        out = set()
        for fail in self.fails:
            if fail["is_population"] or tuple(fail[k] for k in keys) not in strong:
                continue
            sides = {p for p in (fail["project_id"], fail["counterpart_project_id"]) if p}
            if fail["check_id"] == "R11" and sides <= signed.keys():
                sides = {max(sides, key=signed.__getitem__)}
            out |= sides
            if fail["entity_type"] == "enterprise":
                out |= {p.project_id for p in self.by_hand.projects if p.uscc == fail["uscc"]}
        return out


def _records(con: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    cursor = con.execute(f"from {table}")
    names = [d[0] for d in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _dbt_build(work_db: Path, scratch: Path, known_on: date, as_of: date) -> None:
    env = os.environ | {
        "ZHIXIAO_WORK_DB": str(work_db),
        "DBT_PROFILES_DIR": str(PROJECT_DIR / "dbt_project"),
        "DBT_PROJECT_DIR": str(PROJECT_DIR / "dbt_project"),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
    }
    told = subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "--quiet", "build",
            "--select", "+mart_funnel_public", "+fct_stage_event", "+fct_figure_part", "+mart_landing_cohort",
            "+mart_project_profile",
            "--indirect-selection", "cautious", "--exclude-resource-type", "unit_test",
            "--vars", json.dumps({"known_on": known_on.isoformat(), "as_of": as_of.isoformat()}),
        ],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.fixture(scope="module", params=PAIRS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    known_on, as_of, seed = request.param
    scratch = tmp_path_factory.mktemp("funnel")
    work_db = scratch / "zhixiao.duckdb"
    world = make_world(seed=seed, projects=150, loose_codes=12)
    with duckdb.connect(str(work_db)) as con:
        create_raw(con)
        insert(con, world)
    _dbt_build(work_db, scratch, known_on, as_of)
    yield Built(work_db, world, known_on, as_of)


def test_every_stage_date_of_every_project(built: Built) -> None:
    by_id = {p.project_id: p for p in built.by_hand.projects}
    assert {r["project_id"] for r in built.funnel} == set(by_id)
    for row in built.funnel:
        p = by_id[row["project_id"]]
        for stage, name in NAMES.items():
            for reading in READINGS:
                expected = p.dates[reading].get(stage)
                assert row[f"{name}_{reading}_on"] == expected, (row["project_id"], name, reading)
        assert row["is_held_back"] == p.is_held_back == bool(row["held_back_by"])
        assert row["produced_evidenced_complete_on"] == p.complete_on
        assert row["on_target_gross_evidenced_on"] == p.gross_on
        assert row["withdrawn_on"] == p.withdrawn_on
        assert row["planned_investment"] == p.planned_amount
        assert row["scheduled_investment"] == p.scheduled
        assert row["investment_cum"] == sum(p.added.values(), Decimal(0))


def test_the_world_reaches_every_stage_in_every_reading(built: Built) -> None:
    """A comparison of empty stages would prove nothing."""
    for stage in NAMES:
        for reading in READINGS[:2]:
            assert sum(stage in p.dates[reading] for p in built.by_hand.projects) >= 3, (stage, reading)
    # The checks find much in a random world.
    started = [p.is_held_back for p in built.by_hand.projects if 3 in p.dates["evidenced"]]
    assert min(sum(started), len(started) - sum(started)) >= 3
    gross = [p.gross_on != p.dates["evidenced"].get(6) for p in built.by_hand.projects if p.complete_on]
    assert any(gross)
    assert sum(p.withdrawn_on is not None for p in built.by_hand.projects) >= 3
    assert any(p.leased and p.complete_on for p in built.by_hand.projects)


def test_stage_events_say_what_was_reached_skipped_and_turned_back(built: Built) -> None:
    expected: dict[tuple[Any, ...], date] = {}
    for p in built.by_hand.projects:
        for reading in READINGS[:2]:
            dates = p.dates[reading]
            for stage, day in dates.items():
                expected[p.project_id, stage, reading, "reached"] = day
                if any(s < stage and d > day for s, d in dates.items()):
                    expected[p.project_id, stage, reading, "regressed"] = day
            for stage in NAMES:
                later = [d for s, d in dates.items() if s > stage]
                if stage not in dates and later and not (stage == 4 and p.leased):
                    expected[p.project_id, stage, reading, "skipped"] = min(later)
    found = {
        (e["project_id"], e["stage_no"], e["reading"], e["event_kind"]): e["event_date"]
        for e in built.events
        if e["event_kind"] != "withdrawn"
    }
    assert found == expected
    withdrawn = [e for e in built.events if e["event_kind"] == "withdrawn"]
    gone = {(e["project_id"], e["event_date"]) for e in withdrawn if e["stage_no"] == 1}
    assert gone == {(p.project_id, p.withdrawn_on) for p in built.by_hand.projects if p.withdrawn_on}
    assert {e["stage_no"] for e in withdrawn} >= {1, 2} and len({e["stage_no"] for e in withdrawn}) > 2
    assert all(e["file_sha256"] and e["row_number"] for e in built.events)
    assert max(e["event_date"] for e in built.events) <= built.as_of
    assert max(e["complete_on"] for e in built.events) <= built.as_of


def _expected(figure: dict[str, Any], reading: str, basis: str, row: dict[str, Any]) -> tuple[Any, ...]:
    """(numerator, denominator, value, unsupported, held back, withdrawn) from the sums of every reading."""
    rate = row["measure"].endswith("_rate") or row["measure"].startswith("landing")
    keys = ("n", "dn") if basis == "count" else ("a", "da")
    sums = {r: tuple(Decimal(figure.get(f"{r}.{k}", 0)) for k in keys) for r in READINGS}
    values = {r: rounded(n / d, 6) if rate and d else None for r, (n, d) in sums.items()}
    told = values if rate else {r: n for r, (n, _) in sums.items()}
    unsupported, held_back = (
        None if upper is None or lower is None else upper - lower for upper, lower in pairwise(told.values())
    )
    numerator, denominator = sums[reading]
    gone = int(figure.get(f"{reading}.gone", 0))
    return numerator, denominator if rate else None, values[reading], unsupported, held_back, gone


def test_every_figure_of_the_mart(built: Built) -> None:
    figures = built.by_hand.figures()
    seen = set()
    for row in built.mart:
        key = tuple(row[c] for c in KEY)
        seen.add(key)
        found = tuple(row[c] for c in FIGURE)
        assert found == _expected(figures.get(key, {}), row["reading"], row["basis"], row), (key, row)
        assert (row["as_of"], row["known_on"]) == (built.as_of, built.known_on)
    # No figure is missing, and each has every reading of each of its bases.
    assert set(figures) <= seen
    assert len(built.mart) == sum(3 if _amount_only(key[6]) else 6 for key in seen)
    assert built.public == (0,)


def test_the_differences_name_their_projects(built: Built) -> None:
    """The start rate of every year of the district: who is claimed only, and whom the checks hold back."""
    readings = {"unsupported": ("claimed", "evidenced"), "held_back": ("evidenced", "verified")}
    seen = 0
    for gap, (upper, lower) in readings.items():
        expected: dict[tuple[int, str, str], int] = {}
        for p in built.by_hand.projects:
            if not p.in_ledger or p.withdrawn_on:
                continue
            for reading, sign in ((upper, 1), (lower, -1)):
                filed, started = p.dates[reading].get(2), p.dates[reading].get(3)
                for part in ("denominator", *(("numerator",) if started else ())) if filed else ():
                    key = (filed.year, p.project_id, part)
                    expected[key] = expected.get(key, 0) + sign
        found: dict[tuple[int, str, str], int] = {}
        for r in built.parts:
            if (r["gap"], r["measure"], r["variant"], r["form"]) == (gap, "start_rate", "main", "cohort"):
                key = (r["placed_on"].year, r["project_id"], r["part"])
                found[key] = found.get(key, 0) + r["counted"]
                assert bool(r["finding_ids"]) == (gap == "held_back")
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
        seen += len(found)
    assert seen > 20


def _amount_only(measure: str) -> bool:
    return measure in ("investment_cum", "investment_completion_rate")


def test_a_rate_without_a_denominator_is_null_and_never_zero(built: Built) -> None:
    empty = [r for r in built.mart if r["denominator"] == 0]
    assert empty
    assert {r["value"] for r in empty} == {None}


def test_landing_is_mature_36_months_after_the_end_of_the_year(built: Built) -> None:
    landing = [r for r in built.mart if r["measure"] == "landing_rate_36m"]
    assert {r["window_kind"] for r in landing} == {"year"}
    assert {r["form"] for r in landing} == {"cohort"}
    for row in landing:
        assert row["is_mature"] == (built.as_of >= add_months(row["window_end"], 36))
    assert {r["is_mature"] for r in landing} == {True, False}


def test_withdrawn_projects_stay_in_the_denominator_of_the_ranked_variant(built: Built) -> None:
    def district(variant: str) -> dict[str, Any]:
        return next(
            r for r in built.mart
            if (r["cut_kind"], r["window_kind"], r["measure"], r["variant"], r["form"], r["basis"], r["reading"])
            == ("district", "all", "start_rate", variant, "cohort", "count", "claimed")
        )  # fmt: skip

    main, ranked = district("main"), district("with_withdrawn")
    assert main["withdrawn_count"] == ranked["withdrawn_count"] > 0
    assert ranked["denominator"] == main["denominator"] + main["withdrawn_count"]
    assert ranked["numerator"] == main["numerator"]


def test_the_district_has_every_measure_in_every_window(built: Built) -> None:
    measures: dict[tuple[Any, ...], set[Any]] = {}
    for r in built.mart:
        if r["cut_kind"] == "district" and not r["measure"].startswith("landing"):
            told = measures.setdefault((r["window_kind"], r["window_start"]), set())
            told.add((r["measure"], r["variant"], r["form"]))
    assert len({frozenset(m) for m in measures.values()}) == 1
    assert {kind for kind, _ in measures} == {"month", "quarter", "year", "plan", "all"}


def test_landing_by_signing_year_is_that_of_lifelines(built: Built) -> None:
    numbers = {name: stage for stage, name in NAMES.items()}
    compared = 0
    for variant, stage in (("main", "started"), ("production", "produced")):
        for reading in READINGS:
            cohorts: dict[int, list[Signed]] = {}
            for p in built.by_hand.projects:
                dates = p.dates[reading]
                signed = dates.get(numbers["signed"])
                if p.in_ledger and signed:
                    cohorts.setdefault(signed.year, []).append(
                        Signed(signed, dates.get(numbers[stage]), p.withdrawn_on, p.signed_amount or Decimal(0))
                    )
            for year, members in cohorts.items():
                if year < 2021:
                    continue
                rows = [
                    r
                    for r in built.landing
                    if (r["signing_year"], r["reading"], r["variant"]) == (year, reading, variant)
                ]
                assert_curve(rows, members, built.as_of)
                compared += len(rows)
    assert compared > 100


def test_the_gates_say_of_every_project_what_its_dates_say(built: Built) -> None:
    expected = Gates(built.by_hand)
    expected.assert_requests(built.gates["mart_access_gate"])
    expected.assert_growth(built.gates["mart_growth_watch"])
    expected.assert_exits(built.gates["mart_exit_list"])
    expected.assert_waits(built.gates["mart_bottleneck"])
    expected.assert_profiles(built.gates["mart_project_profile"], built.fails)
