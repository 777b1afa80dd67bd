"""The weights of R11's record linkage are what their shares say, and add up to the probabilities that R11 asks for."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from decimal import Decimal

import pytest

from zhixiao.settings import PROJECT_DIR

CAP = 10
"""No level decides alone: the prior odds are 2^-9.96."""


def _rows(name: str) -> list[dict[str, str]]:
    path = PROJECT_DIR / "dbt_project" / "seeds" / "checks" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


WEIGHTS = _rows("linkage_weight")
BY_LEVEL = {(r["field"], r["level"]): float(r["weight"]) for r in WEIGHTS}


def _probability(**levels: str) -> float:
    told = {"owner": "unknown", "amount": "unknown", "day": "unknown", "address": "unknown", **levels}
    bits = BY_LEVEL["prior", "candidate"] + sum(BY_LEVEL[f, v] for f, v in told.items())
    return 1 / (1 + 2**-bits)


@pytest.mark.parametrize("row", WEIGHTS, ids=lambda r: f"{r['field']}-{r['level']}")
def test_a_weight_is_log2_of_its_shares_and_says_where_they_are_from(row: dict[str, str]) -> None:
    exact = math.log2(Decimal(row["match_share"]) / Decimal(row["other_share"]))
    assert float(row["weight"]) == pytest.approx(max(-CAP, min(CAP, exact)), abs=0.005)
    assert row["source"] in ("T", "development worlds")
    assert row["note"]


def test_the_shares_of_a_comparison_are_at_most_all() -> None:
    told: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for r in WEIGHTS:
        if r["level"] != "unknown":
            told[r["field"]][0] += Decimal(r["match_share"])
            told[r["field"]][1] += Decimal(r["other_share"])
    assert sorted(told) == ["address", "amount", "day", "name", "owner", "prior"]
    for field, (match, other) in told.items():
        assert match <= Decimal("1.0001") and other <= Decimal("1.0001"), field


def test_agreement_weighs_more_than_disagreement() -> None:
    for field, levels in {
        "name": ("same", "alike", "other_brand", "apart"),
        "owner": ("same", "unknown", "other"),
        "amount": ("equal", "near", "unknown", "similar", "far"),
        "day": ("near", "unknown", "far"),
        "address": ("same", "unknown", "other"),
    }.items():
        weights = [BY_LEVEL[field, level] for level in levels]
        assert weights == sorted(weights, reverse=True), field


def test_what_the_model_says_of_cases() -> None:
    # A repeat signing at another event, under the same name and under one that is alike.
    assert _probability(name="same", owner="same", amount="equal", day="near") == pytest.approx(0.99847, abs=1e-5)
    assert 0.95 <= _probability(name="alike", owner="same", amount="near", day="near") < 0.96
    # A company that was set up for the project signs it again: a lead.
    assert 0.80 <= _probability(name="same", owner="other", amount="equal", day="near") < 0.95
    # Another project of the firm; the same trade at the same time by another firm; a name that comes back after years.
    assert _probability(name="apart", owner="same", amount="equal", day="near", address="same") < 0.01
    assert _probability(name="other_brand", owner="other", amount="equal", day="near") < 0.001
    assert _probability(name="same", owner="same", amount="far", day="far") < 0.05
    # A name alone decides nothing.
    assert _probability(name="same") < 0.80
