"""R14-R17: what is planted fails by the reading of the rule, look-alikes do not, and a clean district hardly does."""

from __future__ import annotations

import pytest

from tests.simulate.readings import series
from tests.simulate.readings.planted import Reading, check, quiet

READINGS: dict[str, tuple[Reading, set[str]]] = {
    "R14": (series.r14, {"equal_large", "equal_coarse", "equal_small", "straight_line"}),
    "R15": (series.r15, {"smooth_year", "copied_year"}),
    "R16": (series.r16, {"december_rush", "taken_back"}),
    "R17": (series.r17, {"jump", "drop"}),
}
HONEST = {
    "R14": {"instalment_contract", "coarse_rounding"},
    "R15": {"steady_site", "few_periods"},
    "R16": {"paid_in_december", "entered_late"},
    "R17": {"small_amounts", "restart_after_idle"},
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    reading, ways = READINGS[check_id]
    check(check_id, level, reading, ways, HONEST[check_id])


@pytest.mark.parametrize("check_id", READINGS)
def test_a_clean_district_is_quiet(check_id: str) -> None:
    assert quiet(READINGS[check_id][0]) <= {"R14": 1, "R15": 4, "R16": 4, "R17": 30}[check_id]
