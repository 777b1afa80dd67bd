"""How likely chance alone makes the counts of R10, R18 and R19: zhixiao.checks.nulls."""

import pyarrow as pa

from zhixiao.checks import nulls


def model(dbt, session):
    rows = []
    near = dbt.ref("int_check__filing_near").select(
        "district_code, reporting_unit, cast(cast(size as bigint) as varchar), cast(stat_year as varchar), above_count,"
        " below_count"
    )
    for district, board, size, period, above, below in near.order("all").fetchall():
        if above + below:
            rows.append(("R10", district, board, size, period, None, nulls.at_least(above, above + below, 0.5)))
    sets = dbt.ref("int_check__target_set").select(
        "district_code, reporting_unit, metric, period, year_count, whole_count, above_count, below_count,"
        " percent_width, draws"
    )
    for district, board, metric, period, years, whole, above, below, width, draws in sets.order("all").fetchall():
        if metric is None and above + below:
            rows.append(("R18", district, board, None, period, None, nulls.at_least(above, above + below, 0.5)))
        elif metric is not None and years:
            random = nulls.seeded("R18", f"{district}|{board}|{metric}", period)
            point, p = nulls.whole_percent(whole, years, width, draws, random)
            rows.append(("R18", district, board, metric, period, point, p))
    shared = (
        dbt.ref("int_check__growth")
        .filter("per_mille is not null")
        .select("district_code, reporting_unit, cast(per_mille as varchar), period, alike_count, expected_count")
    )
    for district, board, rate, period, alike, expected in shared.order("all").fetchall():
        rows.append(("R19", district, board, rate, period, None, nulls.poisson_at_least(alike, expected)))
    columns = {
        "check_id": pa.string(),
        "district_code": pa.string(),
        "reporting_unit": pa.string(),
        "counted": pa.string(),
        "period": pa.string(),
        "point": pa.float64(),
        "p_value": pa.float64(),
    }
    return pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(columns.items())})
