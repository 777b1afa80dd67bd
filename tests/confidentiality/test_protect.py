"""Suppression: by hand, against an attacker on random tables, and on a simulated district."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.confidentiality.attacker import Attacker
from zhixiao.confidentiality import Decision, Member, Rules, protect

RULES = Rules()
DISTRICT = Path(__file__).parents[1] / "data" / "public_members.csv.gz"


def decide(cells: Mapping[str, Mapping[str, int | Decimal]], ranks: Mapping[str, int] | None = None) -> dict[str, str]:
    """The reason for every cell, empty where it is shown."""
    return {d.cell: d.reason for d in protect(_members(cells, ranks or {}), RULES)}


def _members(cells: Mapping[str, Mapping[str, int | Decimal]], ranks: Mapping[str, int]) -> list[Member]:
    return [Member(c, f, Decimal(v), ranks.get(c, 0)) for c, firms in cells.items() for f, v in firms.items()]


def test_three_firms_and_none_above_four_fifths() -> None:
    assert decide({"a": {"1": 40, "2": 40, "3": 20}}) == {"a": ""}
    assert decide({"a": {"1": 40, "2": 40}}) == {"a": "few_firms"}
    assert decide({"a": {"1": 80, "2": 10, "3": 10}}) == {"a": ""}
    assert decide({"a": {"1": 81, "2": 10, "3": 9}}) == {"a": "dominance"}
    assert decide({"a": {"1": 30, "2": 30, "3": -30}}) == {"a": "dominance"}
    assert decide({"a": {"1": 0, "2": 0, "3": 0, "4": 0}}) == {"a": "all_zero"}


def test_a_total_less_its_parts_gives_nothing_back() -> None:
    """c has one firm, so a second part has to go with it: the smaller one, b. Together they hide three firms."""
    a = {"1": 40, "2": 40, "3": 50}
    b = {"4": 20, "5": 20, "6": 20}
    c = {"7": 30}
    assert decide({"a": a, "b": b, "c": c, "all": {**a, **b, **c}}, {"all": 9}) == {
        "a": "", "b": "secondary", "c": "few_firms", "all": "",
    }  # fmt: skip


def test_two_firms_that_are_hidden_alone_know_each_other() -> None:
    """c and d, one firm each, would be told as one sum: each would take itself off. So a third part goes."""
    a = {"1": 40, "2": 40, "3": 50}
    b = {"4": 20, "5": 20, "6": 20}
    cells = {"a": a, "b": b, "c": {"7": 30}, "d": {"8": 30}, "all": {**a, **b, "7": 30, "8": 30}}
    assert decide(cells, {"all": 9}) == {
        "a": "", "b": "secondary", "c": "few_firms", "d": "few_firms", "all": "",
    }  # fmt: skip


def test_a_bound_that_is_too_close_is_as_good_as_the_figure() -> None:
    """Hiding b with firm 7 is not enough: it would be known to have 1000 to 1006, so a has to go as well. Then a,
    with 13,000, would be known to have at most 14,006: a tenth too little. So the total goes, the last one left."""
    a = {"1": 4000, "2": 4000, "3": 5000}
    b = {"4": 2, "5": 2, "6": 2}
    cells = {"a": a, "b": b, "c": {"7": 1000}, "all": {**a, **b, "7": 1000}}
    assert Attacker(_decimal(cells), {"a", "all"}).interval("c") == pytest.approx((0, 1006))
    assert Attacker(_decimal(cells), {"all"}).interval("a") == pytest.approx((0, 14006))
    assert set(decide(cells, {"all": 9, "a": 1}).values()) == {"secondary", "few_firms"}
    # With 1400 in b both stay inside their bounds, and the total can be told.
    b = {"4": 400, "5": 500, "6": 500}
    cells = {"a": a, "b": b, "c": {"7": 1000}, "all": {**a, **b, "7": 1000}}
    assert decide(cells, {"all": 9, "a": 1}) == {"a": "", "b": "secondary", "c": "few_firms", "all": ""}


def test_tables_are_attacked_together() -> None:
    """Each table is fine by itself; the second one leaves out firm 4 only, whose figure is the difference."""
    land = {"1": 40, "2": 40, "3": 50, "4": 30}
    growth = {"1": 40, "2": 40, "3": 50}
    assert decide({"land": land, "growth": growth}, {"land": 9}) == {"land": "", "growth": "secondary"}


def test_the_least_wanted_cell_goes_first_and_the_answer_is_always_the_same() -> None:
    a = {"1": 40, "2": 40, "3": 50}
    b = {"4": 20, "5": 20, "6": 20}
    cells = {"a": a, "b": b, "c": {"7": 30}, "all": {**a, **b, "7": 30}}
    assert decide(cells, {"all": 9, "b": 1}) == {"a": "secondary", "b": "", "c": "few_firms", "all": ""}
    members = _members(cells, {"all": 9, "b": 1})
    assert _sorted(protect(members, RULES)) == _sorted(protect(members[::-1], RULES))


def test_cells_of_the_same_firms_share_their_fate() -> None:
    a = {"1": 40, "2": 40, "3": 50}
    both = {**a, "4": 30}
    told = decide({"a": a, "again": a, "both": both, "twice": both}, {"both": 9})
    assert told == {"a": "secondary", "again": "secondary", "both": "", "twice": ""}


def test_nothing_is_nothing() -> None:
    assert protect([], RULES) == []


def _sorted(decisions: list[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda d: d.cell)


def _decimal(cells: Mapping[str, Mapping[str, int | Decimal]]) -> dict[str, dict[str, Decimal]]:
    return {c: {f: Decimal(v) for f, v in firms.items()} for c, firms in cells.items()}


def assert_safe(cells: Mapping[str, Mapping[str, Decimal]], shown: set[str], rules: Rules = RULES) -> None:
    """The claim of the module, tried on these cells."""
    attacker = Attacker(cells, shown)
    assert attacker.known_cells() == []
    assert attacker.known_firms() == []
    assert attacker.known_to_each_other() == []
    margin = float(rules.protection) * (1 - 1e-4)
    for cell in attacker.hidden:
        low, high = attacker.interval(cell)
        total = float(sum(cells[cell].values(), Decimal(0)))
        assert low <= total - margin * abs(total) and total + margin * abs(total) <= high, (cell, low, total, high)
    for cell in shown:
        values = [abs(v) for v in cells[cell].values()]
        assert len(values) >= rules.min_firms
        assert max(values) <= rules.max_share * abs(sum(cells[cell].values(), Decimal(0)))


@st.composite
def tables(draw: st.DrawFn) -> dict[str, dict[str, Decimal]]:
    """A total, a few ways to cut it, and tables of some of its firms; sizes from nothing to giants, some refunds."""
    amount = st.one_of(
        st.integers(0, 9), st.integers(0, 100_000), st.sampled_from([0, 1, 1_000_000]), st.integers(-50, 0)
    )
    amounts = draw(st.lists(amount, min_size=1, max_size=12))
    firms = {f"f{i:02}": Decimal(v) / 100 for i, v in enumerate(amounts)}
    cells: dict[str, dict[str, Decimal]] = {"total": firms}
    for cut in range(draw(st.integers(1, 3))):
        for firm, value in firms.items():
            cells.setdefault(f"{cut}-{draw(st.integers(0, 3))}", {})[firm] = value
    for table in range(draw(st.integers(0, 2))):
        chosen = {f: v for f, v in firms.items() if draw(st.booleans())}
        if chosen:
            cells[f"some-{table}"] = chosen
    return cells


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tables())
def test_no_random_table_gives_a_firm_away(cells: dict[str, dict[str, Decimal]]) -> None:
    assert_safe(cells, {d.cell for d in protect(_members(cells, {"total": 9}), RULES) if d.is_shown})


@pytest.mark.long
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables())
def test_no_random_table_gives_a_firm_away_long(cells: dict[str, dict[str, Decimal]]) -> None:
    assert_safe(cells, {d.cell for d in protect(_members(cells, {"total": 9}), RULES) if d.is_shown})


def district() -> dict[str, list[Member]]:
    """int_public__member of a simulated five-year district: every public table, firms by number."""
    with gzip.open(DISTRICT, "rt", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    return {
        quantity: [Member(r["cell"], r["firm"], Decimal(r["value"]), int(r["rank"])) for r in members]
        for quantity, members in groupby(rows, key=lambda r: r["quantity"])
    }


QUICK = ("tax 2025-12-31", "sales 2024-12-31", "tax increment")


@pytest.mark.parametrize(
    "quantity", [pytest.param(q, marks=() if q in QUICK else pytest.mark.long) for q in sorted(district())]
)
def test_all_published_cells_of_a_simulated_district_give_no_firm_away(quantity: str) -> None:
    members = district()[quantity]
    cells: dict[str, dict[str, Decimal]] = {}
    for m in members:
        cells.setdefault(m.cell, {})[m.firm] = m.value
    shown = {d.cell for d in protect(members, RULES) if d.is_shown}
    assert_safe(cells, shown)


def test_most_large_cells_of_a_simulated_district_are_shown() -> None:
    """Hiding everything would be safe, too."""
    decisions = protect(district()["tax 2025-12-31"], RULES)
    large = [d for d in decisions if d.firms >= 5]
    assert len(large) >= 20
    assert sum(d.is_shown for d in large) / len(large) > 0.75
    assert next(d for d in decisions if d.cell == "land|321204|district|全区").is_shown


def test_without_secondary_suppression_the_attack_succeeds() -> None:
    """The attacker is worth his salt: on primary suppression alone he gets through."""
    for quantity in ("sales 2024-12-31", "sales 2025-12-31", "tax 2024-12-31"):
        members = district()[quantity]
        cells: dict[str, dict[str, Decimal]] = {}
        for m in members:
            cells.setdefault(m.cell, {})[m.firm] = m.value
        primary = {d.cell for d in protect(members, RULES) if d.reason in ("", "secondary")}
        with pytest.raises(AssertionError):
            assert_safe(cells, primary)
