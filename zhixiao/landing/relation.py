"""Relations of text cells: Parquet files that a reader wrote, the views over them, and their first rows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

Cell = str | None
Row = tuple[int, Sequence[Cell]]

_BATCH = 20_000


def new_name() -> str:
    """A relation name that no other reader in this connection uses."""
    return f"sheet_{uuid.uuid4().hex}"


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """A path as the SQL literal of one file: DuckDB would take `*`, `?` and `[` in a name for a pattern."""
    return quoted(re.sub(r"([*?\[])", r"[\1]", str(path)))


def columns(n: int) -> list[str]:
    """c1 .. cn"""
    return [f"c{i}" for i in range(1, n + 1)]


def write_parquet(rows: Iterable[Row], n_columns: int, target: Path) -> None:
    """Write rows (number, cells) as a relation file. Empty text becomes NULL; rows without text are left out."""
    schema = pa.schema([("row_number", pa.int64()), *((c, pa.string()) for c in columns(n_columns))])
    numbers: list[int] = []
    batch: list[list[Cell]] = []

    def flush() -> None:
        cells = zip(*batch, strict=True) if batch else ([] for _ in range(n_columns))
        arrays = [pa.array(numbers, pa.int64()), *(pa.array(c, pa.string()) for c in cells)]
        writer.write_batch(pa.record_batch(arrays, schema=schema))
        numbers.clear()
        batch.clear()

    with pq.ParquetWriter(target, schema, compression="lz4", write_statistics=["row_number"]) as writer:
        for number, row in rows:
            cells: list[Cell] = [text or None for text in row[:n_columns]]
            if any(cells):
                numbers.append(number)
                batch.append(cells + [None] * (n_columns - len(cells)))
                if len(batch) >= _BATCH:
                    flush()
        flush()


def view_parquet(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    """A view over a relation file."""
    name = new_name()
    con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({file_literal(path)}, hive_partitioning = false)")
    return name


def head_of(con: duckdb.DuckDBPyConnection, relation: str, n_columns: int, n_rows: int) -> list[list[Cell]]:
    """The first physical rows of a relation whose rows come in order; blank rows are filled in."""
    found = con.execute(f"SELECT * FROM {relation} LIMIT {n_rows}").fetchall()
    rows = {int(r[0]): list(r[1:]) for r in found if r[0] <= n_rows}
    last = max(rows, default=0)
    return [rows.get(i, [None] * n_columns) for i in range(1, last + 1)]
