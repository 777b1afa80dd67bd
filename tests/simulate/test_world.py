"""The truth: the same for a seed, valid to the check digit, and adding up."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from zhixiao.contracts import load_contracts
from zhixiao.identifiers import (
    construction_permit_fault,
    industry_code_fault,
    organisation_code_ok,
    project_code_fault,
    supervision_no_fault,
    uscc_fault,
)
from zhixiao.simulate.build import make_world
from zhixiao.simulate.calendar import is_working
from zhixiao.simulate.calibration import compared
from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import Config, World
from zhixiao.simulate.views import HORIZON, SOURCES, deliveries
from zhixiao.simulate.world_files import simulate

SMALL = Config(seed=11, scale=0.05)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SMALL)


@pytest.fixture(scope="module")
def told(world: World) -> dict[str, list[Delivery]]:
    return {source: list(deliveries(world, source)) for source in SOURCES}


def test_draws_are_fixed() -> None:
    """Known values: a stream that moved would move every committed world."""
    draws = Draws(1, "321204", "firm/0")
    assert [draws.whole(0, 999) for _ in range(5)] == [926, 264, 195, 517, 603]
    assert Draws(1, "321204", "firm/1").whole(0, 10**9) != Draws(1, "321204", "firm/0").whole(0, 10**9)
    assert Draws(2, "321204", "firm/0").whole(0, 10**9) != Draws(1, "321205", "firm/0").whole(0, 10**9)


@pytest.mark.parametrize("mess", ["none", "full"])
def test_one_seed_gives_the_same_bytes(tmp_path: Path, mess: str) -> None:
    config = Config(seed=3, scale=0.02, mess=mess, since=date(2025, 6, 1))
    sums = []
    for name in ("a", "b"):
        simulate(config, tmp_path / name)
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        sums.append([(str(p.relative_to(tmp_path / name)), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files])
    assert len(sums[0]) > 100
    assert sums[0] == sums[1]


def test_another_seed_gives_another_world(world: World) -> None:
    other = make_world(Config(seed=12, scale=0.05))
    assert {f.uscc for f in other.firms} != {f.uscc for f in world.firms} or other.projects != world.projects
    assert [p.signed for p in other.projects] != [p.signed for p in world.projects]


def test_every_identifier_is_valid(world: World, told: dict[str, list[Delivery]]) -> None:
    faults = {
        "credit_code": uscc_fault, "taxpayer_id": uscc_fault, "project_code": project_code_fault,
        "construction_permit_no": construction_permit_fault, "land_supervision_no": supervision_no_fault,
        "industry_code": industry_code_fault,
    }  # fmt: skip
    seen: dict[str, int] = defaultdict(int)
    for source, made in told.items():
        for column in load_contracts()[source].file_columns:
            fault = faults.get(column.identifier)
            for line in (x for d in made for x in d.lines):
                value = line.values.get(column.name)
                if fault and value:
                    for code in str(value).split("、"):
                        assert fault(code) is None, (source, column.name, code)
                        seen[column.identifier] += 1
    assert set(seen) == set(faults) and min(seen.values()) > 20
    assert all(organisation_code_ok(f.uscc[8:17]) for f in world.firms)
    assert len({f.uscc for f in world.firms}) == len(world.firms)
    assert len({f.name for f in world.firms}) == len(world.firms)


def test_every_source_says_only_what_its_contract_knows(told: dict[str, list[Delivery]]) -> None:
    for source, contract in load_contracts().items():
        assert told[source], source
        for delivery in told[source]:
            assert delivery.received_on <= HORIZON and is_working(delivery.received_on)
            for line in delivery.lines:
                assert set(line.values) <= {c.name for c in contract.file_columns}, source
                for column in contract.columns:
                    value = line.values.get(column.name)
                    if column.is_key and column.required_in_file:
                        assert value not in (None, ""), (source, column.name)
                    if column.value_type == "enum" and value is not None:
                        assert not column.allowed or value in column.allowed, (source, column.name, value)


def test_keys_stand_once_in_a_register_or_period_delivery(told: dict[str, list[Delivery]]) -> None:
    for source, contract in load_contracts().items():
        if contract.mode == "events" or not contract.keys:
            continue
        for delivery in told[source]:
            keys = [tuple(line.values.get(k) for k in contract.keys) for line in delivery.lines]
            assert len(keys) == len(set(keys)), (source, delivery.stem)


def test_registers_are_received_one_after_the_other(told: dict[str, list[Delivery]]) -> None:
    for source, contract in load_contracts().items():
        if contract.mode == "register":
            days = [d.received_on for d in told[source]]
            assert days == sorted(set(days)), source


def test_investment_adds_up(told: dict[str, list[Delivery]]) -> None:
    """Year to date = the months; cumulative = December + year to date; build + equipment + other = year to date."""
    series: dict[str, list[dict[str, object]]] = defaultdict(list)
    for delivery in told["fai"]:
        for line in delivery.lines:
            v = dict(line.values)
            assert v["investment_ytd"] == v["investment_build"] + v["investment_equipment"] + v["investment_other"]
            series[str(v["project_code"])] = [
                x for x in series[str(v["project_code"])] if x["stat_period"] != v["stat_period"]
            ] + [v]
    checked = 0
    for rows in series.values():
        rows.sort(key=lambda r: r["stat_period"])  # type: ignore[arg-type,return-value]
        # What was invested before the first month that is reported.
        before = rows[0]["investment_cum"] - rows[0]["investment_ytd"]  # type: ignore[operator]
        assert before == 0 or rows[0]["stat_period"] == date(2021, 2, 28)
        ytd, year, cum = Decimal(0), 0, before
        for r in rows:
            month = r["stat_period"]
            assert isinstance(month, date) and month.month != 1
            ytd = ytd if month.year == year else Decimal(0)
            year = month.year
            ytd += r["investment_month"]  # type: ignore[operator]
            cum += r["investment_month"]  # type: ignore[operator]
            assert (r["investment_ytd"], r["investment_cum"]) == (ytd, cum)
            checked += 1
    assert checked > 200


def test_the_tax_summary_adds_up_the_detail(told: dict[str, list[Delivery]]) -> None:
    detail: dict[tuple[int, str, str], Decimal] = defaultdict(Decimal)
    for delivery in told["tax"]:
        for line in delivery.lines:
            v = line.values
            detail[delivery.period or 0, v["collecting_office"], v["tax_item"]] += v["tax_paid"] / 10000
    for delivery in told["tax_summary"]:
        for line in delivery.lines:
            v, period = line.values, delivery.period or 0
            assert v["tax_current"] == detail[period, v["collecting_office"], v["tax_item"]]
            months = range(period // 12 * 12, period + 1)
            assert v["tax_ytd"] == sum(detail[m, v["collecting_office"], v["tax_item"]] for m in months)
    assert any(x < 0 for x in (line.values["tax_paid"] for d in told["tax"] for line in d.lines))


def test_the_life_of_a_project_is_in_order() -> None:
    world = make_world(Config(seed=5, scale=0.2))
    others = make_world(Config(seed=8, scale=0.5))
    for p in [*world.all_projects, *others.all_projects]:
        for phase in p.phases:
            for m in phase.fai:
                assert min(m.build, m.equipment, m.other) >= 0 and m.month % 12 != 0
                assert m.month >= phase.filed_on.year * 12 + phase.filed_on.month - 1
            assert all(x.accepted_on is None or x.accepted_on > x.issued_on for x in phase.permits)
        assert not (p.produced_on and p.completed_on) or p.produced_on > p.completed_on
    kinds = [p for p in world.projects if p.withdrawn_on], [p for p in world.projects if p.signed_on is None]
    assert all(len(k) >= 2 for k in kinds)
    assert any(ph.withdrawn_on for p in world.projects for ph in p.phases)
    assert any(len(p.phases) == 2 for p in world.projects)


def test_the_scale_is_that_of_the_published_figures() -> None:
    """Within 12 % of every published figure; of counts below 30, within six of it (a quarter of a year scatters)."""
    lines = compared(make_world(Config(seed=1, scale=1.0)))
    assert len(lines) == 17
    for what, told, made in lines:
        assert abs(made - told) <= (6 if told < 30 and "firms" not in what else max(2, told * 12 / 100)), (what, made)


def test_a_small_world_has_the_same_shape() -> None:
    """At a twelfth of the scale the sums over five years hold, and the past is there before the first delivery."""
    world = make_world(Config(seed=4, scale=0.12))
    signed = [p for p in world.projects if p.signed_on]
    counts = [sum(p.signed_on is not None and p.signed_on.year == y for p in signed) for y in range(2017, 2026)]
    assert counts == [12, 14, 15, 17, 22, 24, 23, 22, 21]
    started = [p for p in world.projects if p.started_on and 2021 <= p.started_on.year <= 2025]
    completed = [p for p in started if p.completed_on and p.completed_on.year <= 2025]
    assert 40 <= len(started) <= 60 and 12 <= len(completed) <= 30
    early = [p for p in world.projects if p.completed_on and p.completed_on < date(2021, 1, 1)]
    assert len(early) >= 3
    figures = {what: made / told for what, told, made in compared(world)}
    assert 0.75 <= figures["2021 工业开票 亿元 sales"] <= 1.25
    assert 0.75 <= figures["2025 规上工业企业 above scale"] <= 1.25
    assert 0.93 <= figures["竣工项目投资完成率 % completed / planned"] <= 1.07


def test_the_first_deliveries_show_the_past(told: dict[str, list[Delivery]]) -> None:
    """The ledger of January 2021 holds what was signed since 2017; filings and money of before come with the first."""
    first = {source: made[0].lines for source, made in told.items()}
    years = {x.values["signing_date"].year for x in first["signing"] if x.values["signing_date"]}
    assert {2017, 2018, 2019, 2020} <= years
    assert {"竣工", "投产"} & {x.values["current_stage"] for x in first["signing"]}
    assert min(x.values["filing_date"] for x in first["filing"]) < date(2018, 12, 31)
    assert min(x.values["paid_at"].year for x in first["payment"]) < 2020
    assert min(x.values["recognised_date"].year for x in first["recognition"]) < 2021
    begun = [x for x in first["fai"] if x.values["investment_cum"] > x.values["investment_ytd"]]
    assert begun and all(x.values["stat_period"] == date(2021, 2, 28) for x in first["fai"])


def test_the_same_bytes_again_are_told_from_a_new_statement(tmp_path: Path) -> None:
    """A register in which nothing happened, and a form without rows, are unchanged when they come again."""
    made = simulate(Config(seed=10, scale=0.05), tmp_path / "a", sources=["event"])
    held = sorted(made.files, key=lambda f: str(f.received_on))
    again = [later for earlier, later in pairwise(held) if earlier.sha256 == later.sha256]
    assert len(again) > 5 and all(f.status == "unchanged" for f in again)
    assert sum(f.status == "unchanged" for f in held) == len(again)
    made = simulate(Config(seed=10, scale=0.05, mess="light"), tmp_path / "b", sources=["supervision"])
    empty = [f for f in made.files if f.status != "refused" and not f.rows_accepted]
    assert len({f.sha256 for f in empty}) == sum(f.status == "loaded" for f in empty) >= 2
