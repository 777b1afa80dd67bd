"""Which cells of the public tables are shown: zhixiao.confidentiality, quantity by quantity."""

from itertools import groupby

import pyarrow as pa

from zhixiao.confidentiality import Member, Rules, protect


def model(dbt, session):
    parameters = dbt.ref("int_public__rule").fetchall()
    rules = Rules(*parameters[0])
    members = dbt.ref("int_public__member").order("quantity, cell, firm, value").fetchall()
    told = [
        (quantity, d.cell, d.is_shown, d.reason, d.firms)
        for quantity, rows in groupby(members, key=lambda row: row[0])
        for d in protect((Member(*row[1:]) for row in rows), rules)
    ]
    columns = {
        "quantity": pa.string(),
        "cell": pa.string(),
        "is_shown": pa.bool_(),
        "reason": pa.string(),
        "firm_count": pa.int32(),
    }
    return pa.table({name: pa.array([row[i] for row in told], kind) for i, (name, kind) in enumerate(columns.items())})
