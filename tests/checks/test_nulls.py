"""What chance shows: known tails, simulated nulls, and the statistics of digits of a made and an honest board."""

from __future__ import annotations

import numpy as np
import pytest

from zhixiao.checks import digits, nulls
from zhixiao.checks.figures import Figures, FigureSet, judge

DRAWS, SHUFFLES = 20000, 5000


def test_digits_come_from_the_text() -> None:
    assert digits.leading(["0.0470", "1200", "7", "-0.29", "0.00", "1000000.0000"], 2).tolist() == [47, 12, 70, 29, 10]
    assert digits.leading_counts(["1", "12", "0.19", "9.5"], 1).tolist() == [3, 0, 0, 0, 0, 0, 0, 0, 1]
    assert digits.last_counts(np.array([120, 5, -15]), 1).tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 0, 0]
    assert digits.benford(1).round(6).tolist()[:2] == [0.30103, 0.176091]
    assert digits.average_frequency([5, 5, 5, 8]) == 2.5
    assert digits.significant(0.0123456789) == 0.012345679


def test_tails_are_the_known_ones() -> None:
    assert nulls.at_least(27, 40, 0.5) == pytest.approx(0.0192387, rel=1e-5)
    assert nulls.at_least(0, 40, 0.5) == 1
    assert nulls.as_far(2, 20, 0.5) == pytest.approx(0.000402451, rel=1e-5)
    assert nulls.poisson_at_least(4, 0.3) == pytest.approx(0.000265811, rel=1e-5)
    assert nulls.chi_square_p(21.666, 10) == pytest.approx(0.01, abs=1e-5)
    assert nulls.chi_square_p(134.642, 100) == pytest.approx(0.01, abs=1e-5)


def test_a_null_is_seeded_by_check_unit_and_period() -> None:
    first = nulls.seeded("R20", "d|A|fai", "2025").random(3)
    assert first.tolist() == nulls.seeded("R20", "d|A|fai", "2025").random(3).tolist()
    for other in (("R22", "d|A|fai", "2025"), ("R20", "d|B|fai", "2025"), ("R20", "d|A|fai", "2024")):
        assert first.tolist() != nulls.seeded(*other).random(3).tolist()


def test_benford_p_is_the_share_of_sets_that_deviate_as_far() -> None:
    random = nulls.seeded("R20", "x", "2025")
    assert nulls.benford_p(0.0, 800, 1, DRAWS, random) == 1
    assert nulls.benford_p(0.05, 800, 1, DRAWS, random) == pytest.approx(1 / 20001)
    # The mean deviation of 800 figures is 0.2348 / sqrt(800): half of the sets lie beyond it, more or less.
    assert nulls.benford_p(0.2348 / 800**0.5, 800, 1, DRAWS, random) == pytest.approx(0.45, abs=0.05)


def test_shuffles_tell_copies_from_chance_and_end_early() -> None:
    random = nulls.seeded("R22", "x", "2025")
    honest = random.integers(10000, 14000, 600)
    copied = honest.copy()
    copied[:120] = honest[:40].repeat(3)
    p = nulls.shuffle_p(honest, SHUFFLES, nulls.seeded("R22", "honest", ""))
    assert 0.02 < p < 0.98
    assert (nulls.ENOUGH / p) % 1 == pytest.approx(0, abs=1e-6), "25 of so many shuffles"
    assert nulls.shuffle_p(copied, SHUFFLES, nulls.seeded("R22", "copied", "")) == pytest.approx(1 / 5001)
    assert nulls.shuffle_p(np.arange(100, 50000, 100), SHUFFLES, random) == 1, "no two share what comes before"


def test_the_sequential_p_is_fair() -> None:
    """Of 300 honest sets a tenth have p <= 0.1, give or take what 300 give."""
    random = nulls.seeded("R22", "many", "")
    told = [nulls.shuffle_p(random.integers(1000, 6000, 120), SHUFFLES, random) for _ in range(300)]
    assert sum(p <= 0.1 for p in told) < 50
    assert min(told) > 0.0005


def test_whole_percentages_against_their_exact_law() -> None:
    point, p = nulls.whole_percent(4, 5, 0.05, DRAWS, nulls.seeded("R18", "x", "2025"))
    assert point == 3
    assert p == pytest.approx(0.00046, abs=0.0004)
    assert nulls.whole_percent(0, 5, 0.05, DRAWS, nulls.seeded("R18", "x", "2025"))[1] == 1


def _set(board: str, series: str = "fai.investment_month", **changes: object) -> FigureSet:
    asked = FigureSet(
        "d", board, series, 2025, "2025", round_count=90, digit_count=900, peer_count=9000, peer_round_count=900,
        draws=DRAWS, shuffles=SHUFFLES, has_chosen_digits=True, least_peers=750, asks_benford=True,
        asks_two_digits=False, asks_last=True, asks_pair=True, asks_round=True, asks_frequency=True,
    )  # fmt: skip
    return asked._replace(**changes)


def test_a_made_board_and_an_honest_one() -> None:
    random = nulls.seeded("R20", "boards", "")
    honest = np.exp(random.normal(7.5, 1.6, 900)).astype(int) + 100
    made = random.integers(1, 10, 900) * 1000 + random.choice([3, 7, 13, 17], 900)
    rows = [("d", "A", "fai.investment_month", 2024, str(v), int(v)) for v in made]
    rows += [("d", "B", "fai.investment_month", 2025, f"{v}.0000", int(v)) for v in honest]
    # What came later is not looked at.
    rows += [("d", "B", "fai.investment_month", 2026, "1", 1)] * 500
    a, b = judge([_set("A", round_count=0), _set("B")], Figures(rows))
    assert a.first_mad is not None and a.first_p is not None and a.last_chi2 is not None and a.pair_chi2 is not None
    assert b.first_mad is not None and b.first_p is not None and b.last_chi2 is not None and b.pair_chi2 is not None
    assert a.first_mad > 0.05
    assert a.first_p == pytest.approx(1 / 20001)
    assert a.two_p is None
    assert a.peer_mad == b.first_mad, "the other board"
    assert b.peer_mad == a.first_mad
    assert a.last_chi2 > 1000
    assert a.pair_chi2 > 1000
    assert a.round_p is not None and a.round_p < 1e-30
    # Four endings over nine heads repeat however they are dealt: that is R21's matter.
    assert a.frequency_p is not None and a.frequency_p > 0.05
    assert b.first_mad < 0.03
    assert b.last_chi2 < 27
    assert b.pair_chi2 < 160
    assert b.round_p is not None and b.round_p > 0.9
    assert b.frequency_p is not None and b.frequency_p > 0.001


def test_only_what_is_asked_is_told() -> None:
    rows = [("d", "A", "filing.planned_investment", 2025, "5000", 5000)] * 300
    plan = _set("A", "filing.planned_investment", has_chosen_digits=False, asks_benford=False, asks_round=False)
    none = _set("Z", asks_benford=False, asks_last=False, asks_frequency=False)
    for told in judge([plan, none], Figures(rows)):
        values = (told.first_p, told.two_p, told.last_p, told.pair_p, told.round_p, told.frequency_p)
        assert values == (None,) * 6
