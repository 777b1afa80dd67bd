"""R23-R28, R37, R40, R44: what is planted fails by the reading of the rule, look-alikes do not."""

from __future__ import annotations

import pytest

from tests.simulate.readings import cross_source as cs
from tests.simulate.readings.planted import Reading, check

READINGS: dict[str, tuple[Reading, set[str], set[str]]] = {
    "R23": (cs.r23, {"little_power", "no_power", "idle_plant"}, {"own_generation", "shared_meter", "unmapped_account"}),
    "R24": (cs.r24, {"output_leap"}, {"season", "own_generation"}),
    "R25": (cs.r25, {"above_invoices", "below_invoices"}, {"group_filing", "late_invoices", "merger"}),
    "R26": (cs.r26, {"little_tax", "little_land"}, {"tax_relief", "young_plant"}),
    "R28": (cs.r28, {"unpaid", "no_machines"}, {"paid_late", "board_without_vouchers"}),
    "R37": (cs.r37, {"area", "money", "date"}, {"amended_filing", "restated_in_the_ledger", "weeks_apart"}),
    "R40": (cs.r40, {"beyond_insured", "nobody_insured"}, {"small_firm", "agency_workers", "first_months"}),
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    check(check_id, level, *READINGS[check_id])
