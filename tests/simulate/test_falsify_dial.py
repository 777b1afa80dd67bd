"""The dial: what is planted is fixed by the seed, names its units as the results do, and keeps the world whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from zhixiao.simulate.build import make_world
from zhixiao.simulate.falsify import cross_source, money, populations, series, status
from zhixiao.simulate.falsify.plant import PLANTERS
from zhixiao.simulate.falsify.planting import LEVELS, Dial
from zhixiao.simulate.model import Config, World
from zhixiao.simulate.views import deliveries

MINE = {
    **series.PLANTERS, **cross_source.PLANTERS, **status.PLANTERS, **money.PLANTERS, **populations.PLANTERS,
}  # fmt: skip
SMALL = Config(seed=5, scale=0.15, dial=Dial(20, tuple(sorted(MINE))))
QUIET = {"R26"}
"""Needs more plants of two years than a small district has."""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SMALL)


def test_the_checks_of_these_modules() -> None:
    assert sorted(MINE) == [
        "R10", *(f"R{n}" for n in range(14, 38)), "R40", "R44", "R45",
    ]  # fmt: skip
    assert set(MINE) <= set(PLANTERS)


def test_every_check_is_planted_in_a_small_district(world: World) -> None:
    false = {p.check_id for p in world.plantings if not p.is_lookalike}
    assert false >= set(MINE) - QUIET
    for check_id in set(MINE) - QUIET:
        honest = [p for p in world.plantings if p.check_id == check_id and p.is_lookalike]
        assert len(honest) >= 2, check_id
        assert {p.level for p in world.plantings if p.check_id == check_id and not p.is_lookalike} <= set(LEVELS)


def test_a_unit_carries_one_planting_of_a_check(world: World) -> None:
    units = [(p.check_id, p.entity_type, p.entity_id, p.counterpart_id) for p in world.plantings]
    assert len(units) == len(set(units))


def test_what_is_named_is_delivered(world: World) -> None:
    """Rows of the ledger, codes, credit codes and boards of the files; known before the last day; severities fit."""
    rows = {str(x.values["signing_row_no"]) for d in deliveries(world, "signing") for x in d.lines}
    codes = {str(x.values["project_code"]) for d in deliveries(world, "filing") for x in d.lines}
    firms = {str(x.values["uscc"]) for d in deliveries(world, "enterprise") for x in d.lines}
    boards = {*world.units, *(name for _, name in world.towns)}
    named = {"project": rows | codes, "enterprise": firms, "reporting_unit": boards}
    for p in world.plantings:
        assert p.entity_id in named[p.entity_type], p
        assert date(2021, 1, 1) < p.known_from, p
        assert (p.severity is None) == p.is_lookalike == (p.level is None)
        assert p.check_id not in p.also
    known = [p for p in world.plantings if p.known_from <= date(2026, 2, 27)]
    assert len(known) >= len(world.plantings) * 9 // 10


def test_the_seed_decides(world: World) -> None:
    again = make_world(SMALL)
    assert again.plantings == world.plantings
    for source in ("fai", "submission_log", "target"):
        one = [(d.received_on, d.stem, [x.values for x in d.lines]) for d in deliveries(world, source)]
        two = [(d.received_on, d.stem, [x.values for x in d.lines]) for d in deliveries(again, source)]
        assert one == two
        # A view that is read twice says the same: edits remember nothing.
        assert one == [(d.received_on, d.stem, [x.values for x in d.lines]) for d in deliveries(world, source)]
    other = make_world(replace(SMALL, seed=6))
    assert other.plantings != world.plantings


def test_one_level_alone() -> None:
    made = make_world(replace(SMALL, dial=Dial(20, ("R25", "R29"), "high")))
    false = [p for p in made.plantings if not p.is_lookalike]
    assert {p.level for p in false} == {"high"} and {p.check_id for p in made.plantings} == {"R25", "R29"}
    assert not make_world(replace(SMALL, dial=Dial(0))).plantings
