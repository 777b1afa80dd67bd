"""What chance alone would show: tails of known laws, and simulated nulls seeded by (check, unit, period).

Every unit and period draws for itself, so that no row depends on which others are in the warehouse. A null of 20,000
draws costs 15 ms for nine digits and 0.2 s for ninety; the shuffles of R22 end where the answer is known (shuffle_p).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from zhixiao.checks import digits

ENOUGH = 25
"""Shuffles as concentrated as the figures after which a p-value is known well enough."""
BATCH = 50


def seeded(check_id: str, unit: str, period: str) -> np.random.Generator:
    """Draws of a simulated null: the same for (check, unit, period), on any machine."""
    digest = hashlib.sha256(f"{check_id}|{unit}|{period}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def benford_p(observed: float, n: int, k: int, draws: int, random: np.random.Generator) -> float:
    """Share of sets of n figures of Benford's law whose MAD reaches the observed one."""
    shares = digits.benford(k)
    null = digits.mad(random.multinomial(n, shares / shares.sum(), draws), shares)
    # The observed one is rounded to 8 digits: one that is equal must not fall short by the rounding.
    reached = int((null >= observed * (1 - 1e-8)).sum())
    return (1 + reached) / (1 + draws)


def shuffle_p(numbers: digits.Counts, shuffles: int, random: np.random.Generator) -> float:
    """Share of shuffles of the last two digits whose average frequency reaches that of the figures.

    Sequential (Besag and Clifford 1991): it ends with the 25th shuffle that does, after l shuffles with p = 25 / l. Far
    from 0.001 that is soon, and near it all shuffles are made: under 0.001 there are at most four in 5,000.
    """
    numbers = np.sort(np.abs(numbers))
    heads, tails = numbers // 100, numbers % 100
    # A head that occurs once repeats no figure, whatever follows it; its place takes a tail all the same.
    _, place, times = np.unique(heads, return_inverse=True, return_counts=True)
    shared = place[times[place] > 1].astype(np.int32) * 100
    if not len(shared):
        return 1.0
    pairs = _pairs(np.sort(shared + tails[times[place] > 1])[None, :])[0]
    reached = done = 0
    while done < shuffles:
        now = min(BATCH, shuffles - done)
        drawn = random.permuted(np.tile(tails.astype(np.int32), (now, 1)), axis=1)[:, : len(shared)]
        keys = np.sort(drawn + shared, axis=1)
        hits = np.flatnonzero(_pairs(keys) >= pairs)
        if reached + len(hits) >= ENOUGH:
            return ENOUGH / (done + int(hits[ENOUGH - reached - 1]) + 1)
        reached += len(hits)
        done += now
    return (1 + reached) / (1 + shuffles)


def _pairs(keys: NDArray[np.int32]) -> NDArray[np.int64]:
    """Pairs of equal figures in each sorted row: sum f^2 is n and twice as many."""
    out = np.zeros(len(keys), dtype=np.int64)
    apart = 1
    while apart < keys.shape[1]:
        equal = (keys[:, apart:] == keys[:, :-apart]).sum(axis=1)
        if not equal.any():
            break
        out += equal
        apart += 1
    return out


def at_least(k: int, n: int, share: float) -> float:
    """P(K >= k) of n trials."""
    return float(stats.binom.sf(k - 1, n, share))


def as_far(k: int, n: int, share: float) -> float:
    """P of a count as unlikely as k of n trials, on either side."""
    return float(stats.binomtest(k, n, share).pvalue)


def poisson_at_least(k: int, mean: float) -> float:
    """P(K >= k) of a Poisson count."""
    return float(stats.poisson.sf(k - 1, mean))


def chi_square_p(value: float, cells: int) -> float:
    """P of a statistic as large, over so many cells."""
    return float(stats.chi2.sf(value, cells - 1))


def whole_percent(near: int, n: int, width: float, draws: int, random: np.random.Generator) -> tuple[float, float]:
    """Of n percentages with uniform remainders: the 99.9 % point of how many lie within `width` of a whole one, and the
    share of draws with at least `near`."""
    count = (np.abs(random.random((draws, n)) - 0.5) <= width).sum(axis=1)
    point = float(np.quantile(count, 0.999, method="higher"))
    return point, (1 + int((count >= near).sum())) / (1 + draws)
