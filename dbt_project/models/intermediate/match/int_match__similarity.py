"""How alike two project names of one firm are: rapidfuzz, normalised indel similarity, 0 to 1."""

import pyarrow as pa
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist


def model(dbt, session):
    pairs = dbt.ref("int_match__name_pair").order("name_a, name_b").fetchall()
    left = [a for a, _ in pairs]
    right = [b for _, b in pairs]
    scores = cpdist(left, right, scorer=Indel.normalized_similarity) if pairs else []
    return pa.table(
        {
            "name_a": pa.array(left, pa.string()),
            "name_b": pa.array(right, pa.string()),
            "similarity": pa.array([float(s) for s in scores], pa.float64()),
        }
    )
