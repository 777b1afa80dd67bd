"""R11-R13, R43 planted: copies, shared papers and cut plans fail; phases, roofs and divided contracts pass."""

from __future__ import annotations

import pytest

from tests.simulate.falsified import Falsified, alarmed, check_nothing, check_seed, check_world, falsified, missed
from tests.simulate.readings.duplicates import READINGS

WAYS = {
    "R11": {"same_permit", "same_parcel", "signed_again", "filed_again"},
    "R12": {"two_owners", "one_owner", "scaled"},
    "R13": {"contract", "invoice", "bundled_owners", "bundled_name"},
    "R43": {"same_address", "same_parcel"},
}
HONEST = {
    "R11": {"phases", "standard_plants", "rooftop_series"},
    "R12": {"three_equal_months", "instalment_contract", "coarse_figures"},
    "R13": {"framework_contract", "small_contracts_of_one_owner", "name_alike"},
    "R43": {"phases", "other_amounts", "months_apart"},
}


@pytest.fixture(scope="module")
def planted() -> Falsified:
    return falsified(READINGS, 31, 0.25, 100)


@pytest.mark.parametrize("check", READINGS)
def test_each_falsification_fails_and_no_honest_case_does(planted: Falsified, check: str) -> None:
    assert missed(planted, check) == []
    assert alarmed(planted, check) == []
    assert planted.unexplained(check) == []


def test_every_clause_at_every_level_on_a_unit_of_its_own(planted: Falsified) -> None:
    check_world(planted, WAYS, HONEST)


def test_a_pair_names_the_smaller_id_first(planted: Falsified) -> None:
    pairs = [(p.entity_id, p.counterpart_id) for p in planted.world.plantings if p.counterpart_id]
    assert len(pairs) > 20 and all(a < (b or "") for a, b in pairs)


def test_nothing_is_planted_and_nothing_fails_where_nobody_falsifies() -> None:
    check_nothing(READINGS, 32, 0.2)


def test_the_seed_decides() -> None:
    check_seed(("R11", "R43"), 33, 0.08)
