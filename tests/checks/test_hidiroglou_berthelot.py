"""The macro of R17 reproduces what is published of RiceFarms, and its two provisions for heaped ratios."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import jinja2
import numpy as np
import pytest

from tests.simulate.readings.series import _bounds
from zhixiao.settings import PROJECT_DIR

MACRO = PROJECT_DIR / "dbt_project" / "macros" / "hidiroglou_berthelot.sql"
FARMS = PROJECT_DIR / "tests" / "data" / "benford" / "ricefarms_y5_y6.csv"


def judge(con: duckdb.DuckDBPyConnection, c: float) -> duckdb.DuckDBPyRelation:
    """What the check's own SQL says of the table `pairs`, with U = 0.5 and A = 0.05."""
    macro: Any = jinja2.Environment().from_string(MACRO.read_text(encoding="utf-8")).module
    return con.sql(macro.hidiroglou_berthelot("pairs", "0.5", "0.05", str(c), "0.5", "0.25"))


def pairs(held: Iterable[tuple[str, float, float]]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create table pairs (stratum varchar, unit varchar, previous double, current double)")
    con.executemany("insert into pairs values ('all', ?, ?, ?)", list(held))
    return con


def bounds(con: duckdb.DuckDBPyConnection, c: float) -> tuple[float, float]:
    return judge(con, c).aggregate("min(low_bound), max(high_bound)").fetchall()[0]


@pytest.fixture
def farms() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "create table pairs as select 'all' as stratum, cast(id as varchar) as unit, y5 as previous, y6 as current"
        " from read_csv(?, header = true)",
        [str(FARMS)],
    )
    return con


def test_rice_farms_have_the_published_bounds_and_outliers(farms: duckdb.DuckDBPyConnection) -> None:
    answers = judge(farms, 4)
    assert answers.aggregate("count(*), max(stratum_size)").fetchall() == [(171, 171)]
    assert bounds(farms, 4) == (pytest.approx(-44.10808, abs=5e-6), pytest.approx(44.39336, abs=5e-6))
    sides = "count(*) filter (effect < low_bound), count(*) filter (effect > high_bound)"
    assert answers.aggregate(sides).fetchall() == [(22, 4)]


def test_the_check_s_own_width_agrees_with_the_plain_reading(farms: duckdb.DuckDBPyConnection) -> None:
    """C = 20, as R17 takes it: five times as far from the median effect, and what the reading in Python says."""
    (low4, high4), (low, high) = bounds(farms, 4), bounds(farms, 20)
    middle = (5 * low4 - low) / 4
    assert high - middle == pytest.approx(5 * (high4 - middle))
    rows = farms.execute("select unit, previous, current from pairs").fetchall()
    effect, read_low, read_high = _bounds({q: (float(a), float(b)) for q, a, b in rows})
    assert (low, high) == (pytest.approx(read_low), pytest.approx(read_high))
    out = judge(farms, 20).filter("effect not between low_bound and high_bound").project("unit").fetchall()
    assert {q for (q,) in out} == {q for q, e in effect.items() if not read_low <= e <= read_high}
    assert len(out) == 3


def test_equal_pairs_go_where_they_are_half() -> None:
    moving = [(f"m{i}", 100.0, 101.0 + i) for i in range(10)]
    for still, kept in ((9, 19), (10, 10)):
        con = pairs([*moving, *((f"s{i}", 100.0, 100.0) for i in range(still))])
        assert judge(con, 20).aggregate("count(*), max(stratum_size)").fetchall() == [(kept, 10 + still)]


def test_deciles_take_the_place_of_quartiles_where_a_ratio_is_heaped() -> None:
    """Of twenty pairs five with one ratio are a quarter, six are more: the bounds go from quartiles to deciles."""
    widths = []
    for heaped in (5, 6):
        held = [(f"u{i}", 100.0, 100.0 + (10 if i < heaped else 10 + i)) for i in range(20)]
        con = pairs(held)
        effects = [float(e) for (e,) in judge(con, 20).project("effect").fetchall()]
        low, middle, high = np.percentile(effects, (25, 50, 75) if heaped == 5 else (10, 50, 90))
        least = abs(0.05 * middle)
        told = bounds(con, 20)
        assert told == (
            pytest.approx(middle - 20 * max(middle - low, least)),
            pytest.approx(middle + 20 * max(high - middle, least)),
        )
        assert told == pytest.approx(_bounds({q: (a, b) for q, a, b in held})[1:])
        widths.append(told[1] - told[0])
    assert widths[1] > widths[0]
