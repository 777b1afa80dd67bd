"""Statistics of digits: Benford's law, last digits, how often figures repeat. Pure functions of text and numbers.

Digits come from the decimal text of a figure, never from a logarithm: 0.29 * 100 is 28 to a machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


def significant(value: float, digits: int = 8) -> float:
    """A statistic as it is compared and published."""
    return float(f"{value:.{digits}g}")


def leading(texts: Iterable[str], k: int) -> Counts:
    """The first k digits of each figure, from its decimal text; a figure of nothing but zeros has none."""
    bare = (text.replace(".", "").lstrip("-0") for text in texts)
    return np.array([int(digits[:k].ljust(k, "0")) for digits in bare if digits], dtype=np.int64)


def benford(k: int) -> Shares:
    """Share of every first k digits under Benford's law."""
    first = 10 ** (k - 1)
    return np.log10(1 + 1 / np.arange(first, 10 * first))


def leading_counts(texts: Iterable[str], k: int) -> Counts:
    """How many figures begin with each of 1-9, or of 10-99."""
    first = 10 ** (k - 1)
    return np.bincount(leading(texts, k), minlength=10 * first)[first:]


def last_counts(numbers: Counts, k: int) -> Counts:
    """How many whole numbers end in each of 0-9, or of 00-99."""
    return np.bincount(np.abs(numbers) % 10**k, minlength=10**k)


def chi_square(counts: Counts, shares: Shares | None = None) -> float:
    """Pearson's statistic against shares, equal ones unless given."""
    expected = counts.sum() * (np.full(len(counts), 1 / len(counts)) if shares is None else shares)
    return float(((counts - expected) ** 2 / expected).sum())


def mad(counts: Counts, shares: Shares) -> Shares:
    """Mean absolute deviation of the counted shares, along the last axis."""
    whole = counts.sum(axis=-1, keepdims=True)
    return np.asarray(np.abs(counts / whole - shares).mean(axis=-1))


def excess_mad(value: float, n: int, by_chance: float) -> float:
    """MAD less what n figures show by chance (0.2348 / sqrt n for the first digit, 0.07935 for two)."""
    return value - by_chance / float(np.sqrt(n))


def average_frequency(numbers: Sequence[int] | Counts) -> float:
    """How often the average figure occurs in its own set: sum f^2 / sum f."""
    counts = np.unique(np.asarray(numbers), return_counts=True)[1]
    return float((counts * counts).sum() / counts.sum())


def distortion(values: Shares) -> float:
    """Nigrini's distortion factor in per cent, of figures of at least 10: how far their mean, each scaled into 10-100,
    lies from 39.0865. The published figures divide by 39.0685, and so does this."""
    scaled = 10 * values / 10 ** np.floor(np.log10(values))
    return float((scaled.mean() - 39.0865) / 39.0685 * 100)


def multiples_index(numbers: Counts, of: int) -> float:
    """Multiples of a number against what chance gives: 1 where nobody rounds."""
    return float((numbers % of == 0).mean() * of)


def twins(rows: Counts, others: Counts, within: int) -> list[int]:
    """Of each row, the number of other rows that lie within a distance of it in every column."""
    near = (np.abs(rows[:, None, :] - others[None, :, :]) <= within).all(axis=2)
    if rows is others:
        np.fill_diagonal(near, False)
    return [int(n) for n in near.sum(axis=1)]
