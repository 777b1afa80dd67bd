"""R29, R30, R27, R44: what is planted fails by the reading of the rule, look-alikes do not."""

from __future__ import annotations

import pytest

from tests.simulate.readings import cross_source, money
from tests.simulate.readings.planted import Reading, check, quiet

READINGS: dict[str, tuple[Reading, set[str], set[str]]] = {
    "R27": (
        cross_source.r27,
        {"dear_square_metre", "beyond_contracts", "thin_on_land"},
        {"clean_room", "cold_store", "dear_but_paid"},
    ),
    "R29": (money.r29, {"straight_back", "chain", "sister"}, {"cash_pool", "repaid_later", "part_repaid"}),
    "R30": (
        money.r30,
        {"one_account", "one_factor", "last_hours"},
        {"registered_agent", "agent_corrects", "group_service", "three_alike", "late_but_no_lift"},
    ),
    "R44": (
        cross_source.r44,
        {"round_trip", "no_business", "no_premises"},
        {"vat_refund", "final_settlement", "land_buyer"},
    ),
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    check(check_id, level, *READINGS[check_id], scale=0.25)


@pytest.mark.parametrize("check_id", READINGS)
def test_a_clean_district_is_quiet(check_id: str) -> None:
    assert quiet(READINGS[check_id][0], scale=0.25) <= (1 if check_id == "R27" else 0)


def test_money_that_is_back_within_three_days_weighs_more() -> None:
    """The same circle: nine days ask for a flag, two for quarantine."""
    for level, asked in (("middle", "flag"), ("high", "quarantine")):
        answers = check("R29", level, *READINGS["R29"], scale=0.1)
        assert {a.severity for a in answers if a.outcome == "fail"} == {asked}
