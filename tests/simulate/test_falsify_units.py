"""R38, R39, R42 planted: other units, impossible codes, false totals; a file is named by its hash."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.simulate.falsified import Falsified, alarmed, check_nothing, check_seed, check_world, falsified, missed
from tests.simulate.readings.units import READINGS
from zhixiao.simulate.falsify.planting import Dial
from zhixiao.simulate.model import Config
from zhixiao.simulate.world_files import simulate

WAYS = {
    "R38": {"signed_in_another_unit", "land_in_another_unit", "agreed_in_another_unit", "file_in_another_unit"},
    "R39": {"project_code_check", "retired_division", "permit_date", "firm_code_check", "unknown_class"},
    "R42": {"total_row", "tax_summary"},
}
HONEST = {
    "R38": {"really_raised", "agreed_for_a_part", "one_large_month"},
    "R39": {"code_of_the_old_generation", "late_permit", "class_with_its_section"},
    "R42": {"total_row_that_adds_up", "booked_in_the_month_before"},
}


@pytest.fixture(scope="module")
def planted() -> Falsified:
    return falsified(READINGS, 41, 0.06, 100)


@pytest.mark.parametrize("check", READINGS)
def test_each_falsification_fails_and_no_honest_case_does(planted: Falsified, check: str) -> None:
    assert missed(planted, check) == []
    assert alarmed(planted, check) == []
    assert planted.unexplained(check) == []


def test_every_clause_at_every_level_on_a_unit_of_its_own(planted: Falsified) -> None:
    check_world(planted, WAYS, HONEST)


def test_nothing_is_planted_and_nothing_fails_where_nobody_falsifies() -> None:
    check_nothing(READINGS, 42, 0.04)


def test_the_seed_decides() -> None:
    check_seed(("R38", "R39", "R42"), 43, 0.08)


def test_a_false_total_stands_in_the_file_that_the_planting_names(tmp_path: Path) -> None:
    config = Config(seed=44, scale=0.05, since=date(2025, 1, 10), dial=Dial(20, ("R42",), "high"))
    made = simulate(config, tmp_path, sources=("fai", "tax", "tax_summary"))
    files = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in tmp_path.rglob("*") if p.is_file()}
    told = [p for p in made.world.plantings if p.way == "total_row"]
    assert told and {p.entity_id for p in made.world.plantings} <= set(files)
    for p in told:
        sheet = openpyxl.load_workbook(files[p.entity_id]).worksheets[0]
        rows = [[c.value for c in row] for row in sheet.iter_rows()]
        at = next(n for n, row in enumerate(rows) if "本年完成投资" in [str(c) for c in row])
        column = rows[at].index("本年完成投资")
        total = next(row for row in rows if row[0] == "合计")
        data = [Decimal(str(row[column])) for row in rows[at + 1 :] if row[0] and row[0] != "合计"]
        assert Decimal(str(total[column])) - sum(data) == (sum(data) * Decimal("0.4")).quantize(Decimal(1))
