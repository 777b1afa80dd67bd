"""R01-R09, R41 planted: each falsification fails its rule, each honest case passes, and an honest world has none."""

from __future__ import annotations

import pytest

from tests.simulate.falsified import Falsified, alarmed, check_nothing, check_seed, check_world, falsified, missed
from tests.simulate.readings.identities import READINGS

WAYS = {
    "R01": {"year", "parts", "cumulative", "machines"},
    "R02": {"over_plan"},
    "R03": {"short", "hollow"},
    "R04": {"negative_month", "raised", "raised_after_closing"},
    "R05": {"early", "long_before", "no_permit"},
    "R06": {"before_filing"},
    "R07": {"no_witness", "one_witness"},
    "R08": {"standstill", "after_completion", "far_beyond"},
    "R09": {"struck_off", "revoked", "nobody", "output_outlives_the_firm"},
    "R41": {"withdrawn_filing", "revoked_recognition"},
}
HONEST = {
    "R01": {"empty_parts", "coarse_rounding"},
    "R02": {"amended_filing", "exactly_the_plan"},
    "R03": {"narrow_gap", "land_price"},
    "R04": {"reasoned_correction", "small_correction", "audited_reduction"},
    "R05": {"commitment_start", "equipment_only", "below_limit"},
    "R06": {"first_report_sums_up", "mended_filing_date"},
    "R07": {"leased_plant", "commitment_start", "two_witnesses_apply"},
    "R08": {"retention_money", "works_resumed"},
    "R09": {"merged_firm", "within_sixty_days", "renamed_firm", "staff_but_no_sales"},
    "R41": {"stage_taken_back", "recognised_again", "filed_again"},
}


@pytest.fixture(scope="module")
def planted() -> Falsified:
    return falsified(READINGS, 21, 0.15, 100)


@pytest.mark.parametrize("check", READINGS)
def test_each_falsification_fails_and_no_honest_case_does(planted: Falsified, check: str) -> None:
    assert missed(planted, check) == []
    assert alarmed(planted, check) == []
    assert planted.unexplained(check) == []


def test_every_clause_at_every_level_on_a_unit_of_its_own(planted: Falsified) -> None:
    check_world(planted, WAYS, HONEST)


def test_nothing_is_planted_and_nothing_fails_where_nobody_falsifies() -> None:
    check_nothing(READINGS, 22, 0.15)


def test_the_seed_decides() -> None:
    check_seed(("R02", "R04", "R08"), 23, 0.08)
