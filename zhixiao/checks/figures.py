"""The figures of boards against chance: which statistics of digits each board, series and year gets (R20-R22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from zhixiao.checks import digits, nulls


class FigureSet(NamedTuple):
    """A row of `int_check__figure_set`, as far as it is asked for."""

    district_code: str
    reporting_unit: str
    series: str
    stat_year: int
    period: str
    round_count: int
    digit_count: int
    peer_count: int
    peer_round_count: int
    draws: int
    shuffles: int
    has_chosen_digits: bool
    least_peers: int
    asks_benford: bool
    asks_two_digits: bool
    asks_last: bool
    asks_pair: bool
    asks_round: bool
    asks_frequency: bool


@dataclass
class Tested:
    """The statistics of a set; null where it is not asked for."""

    district_code: str
    reporting_unit: str
    series: str
    stat_year: int
    peer_mad: float | None = None
    """Of the other boards of the district, where their figures are as many."""
    first_mad: float | None = None
    first_p: float | None = None
    two_mad: float | None = None
    two_p: float | None = None
    last_chi2: float | None = None
    last_p: float | None = None
    pair_chi2: float | None = None
    pair_p: float | None = None
    round_p: float | None = None
    average_frequency: float | None = None
    frequency_p: float | None = None

    @classmethod
    def columns(cls) -> Iterator[tuple[str, pa.DataType]]:
        """Names and types of the table."""
        for name in cls.__dataclass_fields__:
            texts = ("district_code", "reporting_unit", "series")
            yield name, pa.string() if name in texts else pa.int32() if name == "stat_year" else pa.float64()


class Figures:
    """The figures of each board and series: year, decimal text, whole number of the reporter's unit."""

    def __init__(self, rows: Iterable[tuple[str, str, str, int, str, int]]) -> None:
        held: dict[tuple[str, str, str], list[tuple[int, str, int]]] = defaultdict(list)
        self._counted: dict[tuple[str, str, str, int], digits.Counts] = {}
        for district, board, series, year, text, units in rows:
            held[district, board, series].append((year, text, units))
        self._held = {
            key: (
                np.array([y for y, _, _ in figures]),
                [t for _, t, _ in figures],
                np.array([u for _, _, u in figures], dtype=np.int64),
            )
            for key, figures in held.items()
        }

    def peers(self, key: tuple[str, str, str], year: int) -> digits.Counts:
        """How many figures of the other boards, in the same series, begin with each of 1-9."""
        district, board, series = key
        return sum(
            (
                self._first_digits((district, other, series), year)
                for d, other, s in self._held
                if (d, s) == (district, series) and other != board
            ),
            np.zeros(9, dtype=np.int64),
        )

    def _first_digits(self, key: tuple[str, str, str], year: int) -> digits.Counts:
        at = (*key, year)
        if at not in self._counted:
            self._counted[at] = digits.leading_counts(self.until(key, year)[0], 1)
        return self._counted[at]

    def until(self, key: tuple[str, str, str], year: int) -> tuple[list[str], digits.Counts]:
        """Texts and whole numbers up to the end of a year."""
        if key not in self._held:
            return [], np.array([], dtype=np.int64)
        years, texts, units = self._held[key]
        kept = years <= year
        return [t for t, is_kept in zip(texts, kept, strict=True) if is_kept], units[kept]


def judge(asked: Iterable[FigureSet], figures: Figures) -> list[Tested]:
    """What each set is asked for. Every null is seeded by check, unit and period."""
    return [_judge(one, figures) for one in asked]


def _judge(one: FigureSet, figures: Figures) -> Tested:
    texts, units = figures.until(one[:3], one.stat_year)
    told = Tested(one.district_code, one.reporting_unit, one.series, one.stat_year)
    unit = f"{one.district_code}|{one.reporting_unit}|{one.series}"
    long = units[units >= 100]
    if one.asks_benford:
        peers = figures.peers(one[:3], one.stat_year)
        if peers.sum() >= one.least_peers:
            told.peer_mad = digits.significant(float(digits.mad(peers, digits.benford(1))))
        random = nulls.seeded("R20", unit, one.period)
        told.first_mad, told.first_p = _benford(texts, 1, one.draws, random)
        if one.asks_two_digits:
            told.two_mad, told.two_p = _benford(texts, 2, one.draws, random)
    if one.asks_last and one.has_chosen_digits:
        told.last_chi2 = digits.significant(digits.chi_square(digits.last_counts(long, 1)))
        told.last_p = nulls.chi_square_p(told.last_chi2, 10)
        if one.asks_pair:
            told.pair_chi2 = digits.significant(digits.chi_square(digits.last_counts(units[units >= 1000], 2)))
            told.pair_p = nulls.chi_square_p(told.pair_chi2, 100)
    if one.asks_last and one.asks_round:
        told.round_p = nulls.as_far(one.round_count, one.digit_count, one.peer_round_count / one.peer_count)
    if one.asks_frequency and one.has_chosen_digits:
        told.average_frequency = digits.significant(digits.average_frequency(long))
        told.frequency_p = nulls.shuffle_p(long, one.shuffles, nulls.seeded("R22", unit, one.period))
    return told


def _benford(texts: list[str], k: int, draws: int, random: np.random.Generator) -> tuple[float, float]:
    counts = digits.leading_counts(texts, k)
    value = digits.significant(float(digits.mad(counts, digits.benford(k))))
    return value, nulls.benford_p(value, int(counts.sum()), k, draws, random)
