"""Reading a file that a test wrote, as plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from zhixiao.landing.container import list_members, open_member
from zhixiao.landing.grid import Sheet, read_sheets

Rows = dict[int, list[str | None]]


@dataclass
class ReadSheet:
    """A sheet with its rows fetched: {row number: cells}."""

    sheet: Sheet
    rows: Rows
    engine: str

    @property
    def grid(self) -> list[list[str | None]]:
        """The rows in order of their numbers."""
        return [self.rows[n] for n in sorted(self.rows)]


def read_file(path: Path, work: Path, inner: str | None = None) -> list[ReadSheet]:
    """Every sheet of a file (or of one member of a zip). Each relation is queried twice."""
    with duckdb.connect() as con:
        found = []
        for sheet in read_sheets(con, open_member(path, inner, work), work):
            rows = con.execute(f"SELECT * FROM {sheet.relation}").fetchall()
            assert con.execute(f"SELECT * FROM {sheet.relation}").fetchall() == rows
            numbers = [r[0] for r in rows]
            assert numbers == sorted(set(numbers)), "rows come in order, each number once"
            assert all(len(r) == sheet.n_columns + 1 for r in rows)
            described = con.execute(f"DESCRIBE {sheet.relation}").fetchall()
            assert [(d[0], d[1]) for d in described] == [
                ("row_number", "BIGINT"),
                *((f"c{i}", "VARCHAR") for i in range(1, sheet.n_columns + 1)),
            ]
            row = con.execute("SELECT sql FROM duckdb_views() WHERE view_name = ?", [sheet.relation]).fetchone()
            assert row is not None
            engine = "read_csv" if "read_csv" in row[0] else "parquet"
            by_number = {r[0]: list(r[1:]) for r in rows}
            for i, cells in enumerate(sheet.head, start=1):
                assert cells == by_number.get(i, [None] * sheet.n_columns)
            found.append(ReadSheet(sheet, by_number, engine))
        return found


def read_bytes(tmp_path: Path, data: bytes, name: str = "delivery.csv") -> list[ReadSheet]:
    """Drop bytes under a name and read them."""
    path = tmp_path / name
    path.write_bytes(data)
    return read_file(path, tmp_path / "work", list_members(path)[0].inner)


def expected_rows(table: list[list[str]], width: int) -> Rows:
    """What a table of texts must read as: blank rows left out, empty texts NULL, rows padded."""
    return {
        i: [c or None for c in row] + [None] * (width - len(row)) for i, row in enumerate(table, start=1) if any(row)
    }
