"""R23, R24, R26: what is planted fails by the reading of the rule, look-alikes do not, and a clean district hardly."""

from __future__ import annotations

import pytest

from tests.simulate.readings import cross_source as cs
from tests.simulate.readings.planted import Reading, check, quiet

READINGS: dict[str, tuple[Reading, set[str], set[str]]] = {
    "R23": (cs.r23, {"little_power", "no_power", "idle_plant"}, {"own_generation", "shared_meter", "unmapped_account"}),
    "R24": (cs.r24, {"output_leap"}, {"season", "own_generation"}),
    "R26": (cs.r26, {"little_tax", "little_land"}, {"tax_relief", "young_plant"}),
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    check(check_id, level, *READINGS[check_id])


@pytest.mark.parametrize("check_id", READINGS)
def test_a_clean_district_is_quiet(check_id: str) -> None:
    """Somebody is always in the bottom five per cent (R26)."""
    assert quiet(READINGS[check_id][0]) <= {"R23": 1, "R24": 1, "R26": 6}[check_id]
