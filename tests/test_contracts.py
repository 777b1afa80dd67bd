"""Contracts: valid by the Open Data Contract Standard, complete, and equal to the interface they were made from."""

from __future__ import annotations

import csv
from typing import Any

import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from tests.landing.shared import SHARED, needs_shared
from zhixiao.contracts import CONTRACT_DIR, load_contract, load_contracts, parse_contract
from zhixiao.errors import ConfigError
from zhixiao.landing.units import find_unit

SOURCES = [
    "above_scale", "acceptance", "agreement", "completion", "enterprise", "event", "expansion", "fai", "fdi",
    "filing", "fund", "land", "land_reserve", "milestone", "output", "payment", "permit", "power",
    "recognition", "sales", "scenario", "signing", "social", "submission_log", "supervision", "target", "tax",
    "tax_summary",
]  # fmt: skip


def test_there_is_a_contract_for_every_source() -> None:
    assert list(load_contracts()) == SOURCES


@pytest.mark.parametrize("source", SOURCES)
def test_a_contract_is_valid_by_the_standard(source: str) -> None:
    contract = OpenDataContractStandard.from_file(str(CONTRACT_DIR / f"{source}.yaml"))
    assert contract.kind == "DataContract"
    assert contract.schema_ is not None
    assert contract.schema_[0].name == source


@pytest.mark.parametrize("source", SOURCES)
def test_no_two_columns_share_a_name_or_a_label(source: str) -> None:
    contract = load_contract(source)
    assert len({c.name for c in contract.columns}) == len(contract.columns)
    assert len({c.label_zh for c in contract.columns}) == len(contract.columns)


@pytest.mark.parametrize("source", SOURCES)
def test_units_are_known_and_convertible(source: str) -> None:
    for column in load_contract(source).columns:
        if column.unit and not column.unit.startswith("("):
            unit, canonical = find_unit(column.unit), find_unit(column.canonical_unit)
            assert unit is not None and canonical is not None, column.name
            # 协议利用外资 is money in dollars: it is landed in 万元 at the platform's rate, and marked.
            assert canonical.dimension == ("money" if column.value_type == "money" else unit.dimension), column.name


def test_modes_keys_and_scopes() -> None:
    c = load_contracts()
    assert {s for s in c if c[s].mode == "events"} == {
        "filing", "land", "permit", "acceptance", "recognition", "payment", "fdi", "supervision", "submission_log",
    }  # fmt: skip
    assert {s for s in c if c[s].mode == "period"} == {
        "fai", "tax", "tax_summary", "output", "sales", "power", "social",
    }  # fmt: skip
    assert c["tax"].keys == () and c["tax"].scope_columns == ("stat_period", "collecting_office")
    assert c["fai"].keys == ("stat_period", "project_code")
    assert c["target"].scope_columns == ("stat_year",) and c["signing"].scope_columns == ()
    assert c["fai"].months_without_report == c["output"].months_without_report == (1,)
    assert (c["signing"].rhythm, c["signing"].due_day) == ("monthly", 15)
    assert (c["agreement"].rhythm, c["agreement"].due_day) == ("quarterly", 20)
    assert (c["target"].rhythm, c["target"].due_month, c["target"].due_day) == ("yearly", 3, 31)


def test_money_may_be_negative_only_where_the_interface_says() -> None:
    negative = {(s, c.name) for s, k in load_contracts().items() for c in k.columns if c.negative_allowed}
    assert {s for s, _ in negative} == {"tax", "tax_summary", "payment", "fai", "output"}
    assert {n for s, n in negative if s == "fai"} == {"investment_month"}


@needs_shared
def test_contracts_say_what_the_reference_says() -> None:
    with (SHARED / "reference" / "source_columns.csv").open(encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    seen = {(r["source"], r["column"]) for r in rows}
    for row in rows:
        column = load_contract(row["source"]).by_name[row["column"]]
        headers = [h for h in [row["header_zh"], *row["aliases_zh"].split("|")] if h]
        assert list(column.headers) == headers, row
        assert column.value_type == row["value_type"], row
        assert column.unit == row["unit"], row
        assert column.required_in_file == (row["required_in_file"] == "1"), row
        assert column.is_key == (row["is_key"] == "1"), row
        assert list(column.allowed) == [a for a in row["allowed_values"].split("|") if a], row
        assert load_contract(row["source"]).mode == row["mode"], row
    ours = {(s, c.name) for s, k in load_contracts().items() for c in k.columns}
    assert ours - seen == {("tax", "stat_period")}


def test_a_contract_without_its_mode_says_what_is_missing() -> None:
    doc: dict[str, Any] = yaml.safe_load((CONTRACT_DIR / "sales.yaml").read_text(encoding="utf-8"))
    doc["customProperties"] = []
    with pytest.raises(ConfigError, match="titleEn"):
        parse_contract(doc)


def test_an_unknown_source_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="signing"):
        load_contract("nonsense")
