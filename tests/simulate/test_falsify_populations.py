"""R10, R18-R22: boards that were planted fail by the reading of the rule, look-alikes do not, nor does a clean one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.simulate.readings import populations as ps
from tests.simulate.readings.planted import Reading, check, quiet
from tests.simulate.readings.stated import Answer

Yearly = Callable[..., Iterator[Answer]]


def last_year(reading: Yearly) -> Reading:
    """The simulated ones are read for one year: the test is to be short."""
    return partial(reading, years=(2025,))


READINGS: dict[str, tuple[Reading, set[str], set[str]]] = {
    "R10": (ps.r10, {"just_above"}, {"round_numbers", "few_filings"}),
    "R18": (ps.r18, {"on_target", "whole_percent"}, {"target_after_the_year", "once_on_target"}),
    "R19": (ps.r19, {"shared_rate"}, {"three_alike", "small_board"}),
    "R20": (last_year(ps.r20), {"invented_digits"}, {"few_values", "firms_above_a_floor"}),
    "R21": (
        last_year(ps.r21),
        {"favourite_digits", "too_round", "never_round"},
        {"coarse_rounding", "few_values"},
    ),
    "R22": (last_year(ps.r22), {"copied_figures"}, {"coarse_rounding", "few_values"}),
}


@pytest.mark.parametrize("check_id", READINGS)
@pytest.mark.parametrize("level", ["middle", "high"])
def test_plantings_fail_and_look_alikes_pass(check_id: str, level: str) -> None:
    check(check_id, level, *READINGS[check_id])


@pytest.mark.parametrize("check_id", ["R18", "R19", "R21", "R22"])
def test_a_clean_district_is_quiet(check_id: str) -> None:
    assert quiet(READINGS[check_id][0]) == 0


def test_the_statistics_are_the_published_ones() -> None:
    """Benford's shares, first digits from text, and the average frequency of a known multiset."""
    assert ps.benford(1).round(6).tolist()[:2] == [0.30103, 0.176091]
    assert [ps.digits(v, n) for v, n in ((ps.Decimal("0.0470"), 1), (ps.Decimal("1200"), 2), (ps.Decimal("7"), 2))] == [
        4, 12, 70,
    ]  # fmt: skip
    assert ps._average_frequency(ps.np.array([5, 5, 5, 8])) == 2.5
