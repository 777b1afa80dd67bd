"""Digits of the figures of every board, series and year against chance: zhixiao.checks.digits and nulls."""

import pyarrow as pa

from zhixiao.checks.figures import Figures, FigureSet, Tested, judge


def model(dbt, session):
    sets = dbt.ref("int_check__figure_set").select(", ".join(FigureSet._fields))
    asked = [FigureSet(*row) for row in sets.order("district_code, reporting_unit, series, stat_year").fetchall()]
    rows = (
        dbt.ref("int_check__figure")
        .select("district_code, reporting_unit, series, stat_year, cast(figure as varchar), units")
        .order("all")
        .fetchall()
    )
    told = judge(asked, Figures(rows))
    return pa.table({name: pa.array([getattr(t, name) for t in told], kind) for name, kind in Tested.columns()})
