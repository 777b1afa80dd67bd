"""One grid of a delivered file."""

from __future__ import annotations

from dataclasses import dataclass, field

HEAD_ROWS = 60


@dataclass
class Sheet:
    """One grid of text cells.

    name: the worksheet's name; '' for CSV. hidden: the worksheet is hidden. relation: a view in the connection.
    merges: (first row, first column, last row, last column), 1-based and inclusive; only the top left cell of a
    merge holds text. date1904: spreadsheet serials count from 1904. in_memory: the relation is a table and not a
    file that is scanned again by every query. head: the first physical rows, blank ones included, so that
    `head[i]` is row i + 1; each has `n_columns` cells. last_row: the last physical row with text.
    warnings: what was done to make the file readable, in Chinese and English.
    """

    name: str
    hidden: bool
    relation: str
    n_columns: int
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    date1904: bool = False
    in_memory: bool = False
    head: list[list[str | None]] = field(default_factory=list)
    last_row: int = 0
    warnings: list[str] = field(default_factory=list)
