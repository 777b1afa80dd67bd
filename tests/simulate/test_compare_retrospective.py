"""The comparison of the retrospective: right rows equal the truth of one project, each wrong one is found."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.simulate.test_funnel import CODE, Told
from zhixiao.simulate.compare_retrospective import _quantile, compare_retrospective

COLUMNS = {
    "span": "varchar", "plan_year": "integer", "window_start": "date", "evaluated_on": "date", "cut_kind": "varchar",
    "cut_value": "varchar", "reading": "varchar", "form": "varchar", "measure": "varchar", "variant": "varchar",
    "basis": "varchar", "numerator": "decimal(20, 4)", "denominator": "decimal(20, 4)", "value": "decimal(18, 6)",
    "lower_value": "decimal(18, 6)", "upper_value": "decimal(18, 6)", "withdrawn_count": "integer",
}  # fmt: skip


@pytest.fixture
def told() -> Told:
    """Signed 1 March 2023 and filed 1 May, the filing withdrawn in 2025; recognised as started in November."""
    out = Told()
    out.ledger(date(2023, 4, 10), project_code=CODE, filing_date=None)
    out.filing(date(2023, 6, 12))
    out.say("recognition", date(2023, 12, 1), {"signing_row_no": out.project.row_no, "recognition_kind": "开工",
            "actual_date": date(2023, 11, 1), "recognised_date": date(2023, 11, 20), "result": "通过"})  # fmt: skip
    return out


def row(span: str, measure: str, value: tuple[Any, ...], **values: Any) -> dict[str, Any]:
    numerator, denominator, told = value
    day = date(2023, 12, 31) if span == "year_end" else date(2025, 12, 31)
    base: dict[str, Any] = dict.fromkeys(COLUMNS)
    base |= {"span": span, "plan_year": 2023, "window_start": date(2023, 1, 1), "evaluated_on": day,
             "cut_kind": "district", "cut_value": "全区", "reading": "claimed", "form": "cohort", "measure": measure,
             "variant": "main", "basis": "count", "numerator": numerator, "denominator": denominator,
             "value": told}  # fmt: skip
    return base | values


def right_rows() -> list[dict[str, Any]]:
    return [
        row("year_end", "filed", (1, None, 1), withdrawn_count=0),
        row("year_end", "start_rate", (1, 1, 1), withdrawn_count=0),
        row("year", "same_year_start_rate", (1, 1, 1), withdrawn_count=0),
        row("year", "days_in_stage", (1, 1, 61), variant="signed_to_filed", lower_value=61, upper_value=61),
        row("year", "output_input_ratio", (0, 0, None), basis="amount"),
    ]


def compared(tmp_path: Path, told: Told, rows: list[dict[str, Any]]) -> tuple[int, int]:
    database = tmp_path / f"{len(list(tmp_path.iterdir()))}.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema marts")
        columns = ", ".join(f"{n} {t}" for n, t in COLUMNS.items())
        con.execute(f"create table marts.mart_funnel_retrospective ({columns})")
        for r in rows:
            marks = ", ".join("?" for _ in COLUMNS)
            con.execute(f"insert into marts.mart_funnel_retrospective values ({marks})", list(r.values()))
    out = compare_retrospective(database, told.funnel())
    return out.compared, out.different


def test_right_rows_are_right_and_wrong_ones_found(tmp_path: Path, told: Told) -> None:
    rows = right_rows()
    # The stays that are not among the rows (other cuts, readings, steps) are missed one by one.
    count, missing = compared(tmp_path, told, rows)
    assert missing == count - len(rows) > 0
    for wrong in range(len(rows)):
        spoilt = right_rows()
        spoilt[wrong]["numerator"] += 1
        assert compared(tmp_path, told, spoilt) == (count, missing + 1)


def test_quantiles_lie_between_the_neighbours() -> None:
    assert _quantile([], 0.5) is None
    assert _quantile([7], 0.25) == 7
    assert [_quantile([10, 20, 40], share) for share in (0.25, 0.5, 0.75)] == [15, 20, 30]
    assert _quantile([1, 2], 0.25) == Decimal("1.25")
