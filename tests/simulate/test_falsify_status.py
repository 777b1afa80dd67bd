"""R31-R36, R45: what is planted fails by the reading of the rule, look-alikes do not."""

from __future__ import annotations

import pytest

from tests.simulate.readings import status
from tests.simulate.readings.planted import Reading, check, quiet

READINGS: dict[str, tuple[Reading, set[str], set[str]]] = {
    "R31": (status.r31, {"not_started", "stopped", "empty_permit"}, {"commitment", "within_the_year", "works_paid"}),
    "R32": (status.r32, {"nothing_follows", "filed_after_start", "backfilled"}, {"land_came", "corrected_date"}),
    "R33": (
        status.r33,
        {"late_started", "late_produced", "late_signing"},
        {"sent_back_first", "within_ninety_days"},
    ),
    "R34": (status.r34, {"too_soon", "below_agreed"}, {"tax_relief", "season"}),
    "R35": (status.r35, {"old_firm", "registered_after"}, {"founded_for_it", "corrected_date"}),
    "R36": (
        status.r36,
        {"beyond_agreed", "one_arrival_twice", "straight_out"},
        {"increase_on_record", "supplier_paid"},
    ),
    "R45": (status.r45, {"under_title", "falls"}, {"part_given_back", "plant_let_out"}),
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    check(check_id, level, *READINGS[check_id], scale=0.2)


@pytest.mark.parametrize("check_id", ["R33", "R34", "R35", "R36", "R45"])
def test_a_clean_district_is_quiet(check_id: str) -> None:
    """R31 and R32 show true states and are left out."""
    assert quiet(READINGS[check_id][0], scale=0.4 if check_id == "R34" else 0.2) <= 1
