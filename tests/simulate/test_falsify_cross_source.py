"""R25, R28, R37, R40: what is planted fails by the reading of the rule, look-alikes do not, a clean district hardly."""

from __future__ import annotations

import pytest

from tests.simulate.readings import cross_source as cs
from tests.simulate.readings.planted import Reading, check, quiet

READINGS: dict[str, tuple[Reading, set[str], set[str]]] = {
    "R25": (cs.r25, {"above_invoices", "below_invoices"}, {"group_filing", "late_invoices", "merger"}),
    "R28": (cs.r28, {"unpaid", "no_machines"}, {"paid_late", "board_without_vouchers"}),
    "R37": (cs.r37, {"area", "money", "date"}, {"amended_filing", "restated_in_the_ledger", "weeks_apart"}),
    "R40": (cs.r40, {"beyond_insured", "nobody_insured"}, {"small_firm", "agency_workers", "first_months"}),
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    check(check_id, level, *READINGS[check_id])


@pytest.mark.parametrize("check_id", READINGS)
def test_a_clean_district_is_quiet(check_id: str) -> None:
    assert quiet(READINGS[check_id][0]) <= {"R25": 0, "R28": 1, "R37": 8, "R40": 0}[check_id]
