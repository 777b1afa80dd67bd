"""Random draws, one independent stream for each name: a new stream changes none of the others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Draws:
    """The stream of (seed, district, name). Only uniform draws and integer arithmetic: no libm, no surprises."""

    def __init__(self, seed: int, district: str, name: str) -> None:
        digest = hashlib.sha256(f"{seed}|{district}|{name}".encode()).digest()
        self.generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))

    def whole(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        return int(self.generator.integers(low, high + 1))

    def chance(self, per_mille: int) -> bool:
        """True in so many of a thousand draws."""
        return self.whole(0, 999) < per_mille

    def pick(self, choices: Sequence[T]) -> T:
        """One of them, all equally likely."""
        return choices[self.whole(0, len(choices) - 1)]

    def weighted(self, choices: Sequence[tuple[T, int]]) -> T:
        """One of them by integer weight."""
        at = self.whole(0, sum(w for _, w in choices) - 1)
        for value, weight in choices:
            at -= weight
            if at < 0:
                return value
        raise AssertionError("weights add up")

    def bell(self, low: int, high: int) -> int:
        """An integer that is more often in the middle: the mean of three."""
        return sum(self.whole(low, high) for _ in range(3)) // 3

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The same items in another order."""
        return [items[int(i)] for i in self.generator.permutation(len(items))]

    def sample(self, items: Sequence[T], n: int) -> list[T]:
        """So many of them, each at most once."""
        return self.shuffled(items)[:n]

    def wholes(self, low: int, high: int, n: int) -> list[int]:
        """Many integers at once."""
        return [int(x) for x in self.generator.integers(low, high + 1, n)]


class Turns:
    """Shares that are kept: of any run of draws of one name, close to the asked part is true, in no visible order.

    The draws of a name walk through 0..999 in steps of 617, which is coprime to 1000, from a start of their own.
    """

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._at: dict[str, int] = {}

    def _next(self, name: str) -> int:
        at = self._at.get(name)
        self._at[name] = at = self._draws.whole(0, 999) if at is None else (at + 617) % 1000
        return at

    def chance(self, name: str, per_mille: int) -> bool:
        """True in so many of a thousand draws of this name."""
        return self._next(name) < per_mille

    def share(self, name: str, choices: Sequence[tuple[T, int]]) -> T:
        """One of them by weights that add up to a thousand."""
        at = self._next(name)
        for value, weight in choices:
            at -= weight
            if at < 0:
                return value
        raise AssertionError("weights add up to a thousand")
