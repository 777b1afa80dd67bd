"""The way down from the two differences beside a figure, on a release of three projects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from zhixiao.errors import DataError
from zhixiao.trace_marts import steps_below

CELL = "{'source': 's', 'file_sha256': %s, 'sheet': '', 'row_number': 7, 'column_name': 'm', 'value': '1'}"
RELEASE = f"""
create schema marts; create schema checks;
create table marts.mart_funnel as select 'filed' as measure, 'main' as variant, 'cohort' as form;
create table marts.bridge_project_cut as
  select unnest(['A', 'B', 'C']) as project_id, 'district' as cut_kind, '全区' as cut_value;
create table marts.dim_project as select 'A' as project_id, '甲' as project_name, null::date as valid_to;
create table marts.fct_figure_row as
  select 'filed' as measure, 'main' as variant, 'cohort' as form, r.reading, 'numerator' as part, r.project_id,
    r.day::date as placed_on, 1 as counted, 10.0 as amount, false as is_withdrawn, 2 as stage_no,
    r.day::date as event_date, 'filing' as source, 'f' as file_sha256, '' as sheet, 3 as row_number,
    'planned_investment' as amount_basis, [] as amount_rows
  from (values ('claimed', 'A', '2025-03-01'), ('evidenced', 'A', '2025-05-01'), ('claimed', 'B', '2025-03-01'),
    ('evidenced', 'C', '2025-03-01')) as r (reading, project_id, day);
create table marts.fct_figure_part as
  select gap, 'filed' as measure, 'main' as variant, 'cohort' as form, 'numerator' as part, project_id,
    day::date as placed_on, counted, 10.0 * counted as amount, ids as finding_ids
  from (values ('unsupported', 'A', '2025-03-01', 1, []), ('unsupported', 'A', '2025-05-01', -1, []),
    ('unsupported', 'B', '2025-03-01', 1, []), ('held_back', 'C', '2025-03-01', 1, ['f1', 'f2', 'f3'])
  ) as p (gap, project_id, day, counted, ids);
create table checks.fct_check_result as
  select check_id, finding_id, period, 'quarantine' as effective_severity, evidence
  from (values ('R03', 'f1', '2025-03', [{CELL % "'x'"}]), ('R03', 'f2', '2025-04', [{CELL % "null"}, {CELL % "'y'"}]),
    ('R07', 'f3', null, [{CELL % "'z'"}]), ('R09', 'f4', null, [{CELL % "'w'"}])
  ) as r (check_id, finding_id, period, evidence);
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as p; use p")
        con.execute(RELEASE)
        yield con


def figure(first: date, last: date) -> dict[str, Any]:
    return {
        "cut_kind": "district", "cut_value": "全区", "window_start": first, "window_end": last, "reading": "claimed",
        "measure": "filed", "variant": "main", "form": "cohort", "basis": "count",
    }  # fmt: skip


YEAR = figure(date(2025, 1, 1), date(2025, 12, 31))


def test_what_is_unsupported_is_who_is_claimed_only(con: duckdb.DuckDBPyConnection) -> None:
    """A is claimed in March and evidenced in May: of the year it is no difference, of March it is."""
    steps = steps_below(con, "marts", "mart_funnel", YEAR, "unsupported_value")
    assert [s.row["project_id"] for s in steps] == ["B"]
    march = figure(date(2025, 3, 1), date(2025, 3, 31))
    steps = steps_below(con, "marts", "mart_funnel", march, "unsupported_value")
    assert [s.row["project_id"] for s in steps] == ["A", "B"]


def test_what_is_held_back_names_its_findings(con: duckdb.DuckDBPyConnection) -> None:
    project, march, start = steps_below(con, "marts", "mart_funnel", YEAR, "held_back_value")
    assert project.row["project_id"] == "C" and project.row["reading"] == "evidenced"
    assert "R03 quarantine · f2（共 2 条 / 2 in all）" in march.words and march.row["file_sha256"] == "y"
    assert "R07 quarantine · f3" in start.words and start.column == "m"


def test_readings_that_agree_are_told(con: duckdb.DuckDBPyConnection) -> None:
    later = figure(date(2026, 1, 1), date(2026, 12, 31))
    with pytest.raises(DataError, match="the two readings agree"):
        steps_below(con, "marts", "mart_funnel", later, "held_back_value")
