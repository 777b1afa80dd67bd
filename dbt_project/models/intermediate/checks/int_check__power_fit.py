"""Output regressed on power, cell by cell (R24): zhixiao.checks.power_fit over int_check__power_panel."""

import math

import pyarrow as pa

from zhixiao.checks.power_fit import Point, fit


def model(dbt, session):
    panel = dbt.ref("int_check__power_panel").filter("cell is not null and output_value > 0 and covered_kwh > 0")
    rows = panel.project(
        "cell, district_code, uscc, cast(stat_period as varchar), cast(output_value as double),"
        " cast(covered_kwh as double), is_own_cell"
    ).fetchall()
    fitted = fit(Point(c, (d, u), m, math.log(made), math.log(kwh), own) for c, d, u, m, made, kwh, own in rows)
    table = pa.table(
        {
            "cell": pa.array([f.cell for f in fitted], pa.string()),
            "district_code": pa.array([f.firm[0] for f in fitted], pa.string()),
            "uscc": pa.array([f.firm[1] for f in fitted], pa.string()),
            "stat_period": pa.array([f.month for f in fitted], pa.string()),
            "firms": pa.array([f.firms for f in fitted], pa.int32()),
            "slope": pa.array([f.slope for f in fitted], pa.float64()),
            "residual": pa.array([f.residual for f in fitted], pa.float64()),
            "z": pa.array([f.z for f in fitted], pa.float64()),
        }
    )
    return session.from_arrow(table).project("* replace (cast(stat_period as date) as stat_period)")
