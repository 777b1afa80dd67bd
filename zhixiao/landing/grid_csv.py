"""Delimited text as a relation: DuckDB's own reader, scanned lazily, wherever it reads the file faithfully.

One pass in Python settles what DuckDB's reader would otherwise guess or drop: the widest record, blank lines
(DuckDB skips them), quotes, stray carriage returns and the number of records, against which DuckDB's count is
checked. A file that DuckDB does not take as it stands is read record by record and kept as Parquet.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from zhixiao.landing import relation
from zhixiao.landing.container import LIMITS, Limits, Payload
from zhixiao.landing.csv_records import (
    checked_records,
    find_delimiter,
    find_newline,
    physical_lines,
    too_wide,
)
from zhixiao.landing.encoding import Utf8Text, chunks_of, to_utf8
from zhixiao.landing.refusal import too_large, unreadable
from zhixiao.landing.sheet import HEAD_ROWS, Sheet

log = logging.getLogger(__name__)

Positions = npt.NDArray[np.int64]

_LF, _CR, _QUOTE = 10, 13, 34
_HEAD_BYTES = 256 * 1024
_PIECE_LIMIT = 64 << 20
_MAX_LINE = 1 << 20
_MAX_BLANK_RUNS = 64


@dataclass
class CsvShape:
    """What one pass over the bytes shows. `blanks`: (records with text before, length) of each run of blank lines."""

    records: int = 0
    max_width: int = 1
    min_width: int = 1 << 30
    blanks: list[tuple[int, int]] = field(default_factory=list)
    n_blank: int = 0
    crlf: int = 0
    quoted: bool = False
    quoted_newlines: bool = False
    regular: bool = True


def read_csv_sheet(con: duckdb.DuckDBPyConnection, payload: Payload, workdir: Path, limits: Limits = LIMITS) -> Sheet:
    """The one grid of a delimited text file."""
    text = to_utf8(payload.path, payload.label, workdir)
    head = _head_text(text)
    if not head.strip('\r\n\t ,;|\x1a"\ufeff'):
        raise unreadable(
            f"文件中没有任何内容：{payload.label}。请重新导出后报送。",
            f"The file holds no content: {payload.label}. Export it again and resend.",
        )
    newline = find_newline(head)
    delimiter = find_delimiter(head, newline)
    shape = scan_shape(text, delimiter, newline)
    if shape.max_width > limits.max_columns:
        raise too_wide(shape.max_width, payload.label)
    name = _duckdb_view(con, text, delimiter, newline, shape) if shape.regular else None
    n_columns = shape.max_width
    if name is None:
        name, n_columns = _parsed_view(con, text, delimiter, newline, payload.label, workdir, limits)
    return Sheet(
        name="",
        hidden=False,
        relation=name,
        n_columns=n_columns,
        head=relation.head_of(con, name, n_columns, HEAD_ROWS),
        warnings=_warnings(text),
    )


def _warnings(text: Utf8Text) -> list[str]:
    found = []
    if text.dropped_tail:
        found.append("文件在最后一个字符中间被截断，可能不完整 / The file is cut inside its last character")
    if text.dropped_nuls:
        found.append(f"去掉了 {text.dropped_nuls} 个空字符 / {text.dropped_nuls} NUL characters were dropped")
    return found


def _head_text(text: Utf8Text) -> str:
    """The first lines as text, without a line that the sample cuts."""
    with text.path.open("rb") as f:
        raw = f.read(_HEAD_BYTES)
    cut = len(raw) == _HEAD_BYTES
    head = raw.decode("utf-8", "ignore").removeprefix("\ufeff")
    if cut:
        end = max(head.rfind("\n"), head.rfind("\r"))
        head = head[:end] if end > 0 else head
    return head


def scan_shape(text: Utf8Text, delimiter: str, newline: str) -> CsvShape:
    """One pass over the bytes, piece by piece, each ending at a line end."""
    scan = _Scan(ord(delimiter), ord(newline))
    with text.path.open("rb") as f:
        skip = 3 if f.read(3) == b"\xef\xbb\xbf" else 0
    end_of_line = newline.encode()
    rest = b""
    for chunk in chunks_of(text.path, skip):
        cut = chunk.rfind(end_of_line) + 1
        if not cut:
            rest += chunk
            if len(rest) > _PIECE_LIMIT:
                raise too_large("文件中有一行过长，可能不是表格。", "A line is beyond all measure: hardly a table.")
            continue
        scan.feed(rest + chunk[:cut] if rest else chunk[:cut])
        rest = chunk[cut:]
    if rest:
        scan.feed(rest + (b"\r\n" if scan.shape.crlf else end_of_line))
    return scan.finish()


class _Scan:
    """Counts records, widths, blank lines and quotes with numpy, on pieces that end at a line end."""

    def __init__(self, delimiter: int, newline: int) -> None:
        self.shape = CsvShape()
        self.delimiter = delimiter
        self.newline = newline
        self.inside = 0
        self.width_so_far = 0
        self.line_so_far = 0

    def feed(self, piece: bytes) -> None:
        a = np.frombuffer(piece, dtype=np.uint8)
        special = np.flatnonzero((a == self.newline) | (a == self.delimiter))
        if self.inside or b'"' in piece:
            special = self._outside(a, special)
        self._line_ends(a, piece)
        is_end = a[special] == self.newline
        ends = np.flatnonzero(is_end)
        if not len(ends):
            self.width_so_far += len(special)
            self.line_so_far += len(piece)
            return
        widths = np.diff(ends, prepend=-1)
        widths[0] += self.width_so_far
        self.width_so_far = len(special) - 1 - int(ends[-1])
        stops = special[ends]
        lengths = np.diff(stops, prepend=-1) - 1
        lengths[0] += self.line_so_far
        self.line_so_far = len(piece) - 1 - int(stops[-1])
        self._records(a, widths, lengths, stops)

    def _records(self, a: npt.NDArray[np.uint8], widths: Positions, lengths: Positions, stops: Positions) -> None:
        shape = self.shape
        if int(lengths.max()) > _MAX_LINE:
            shape.regular = False
        shape.max_width = max(shape.max_width, int(widths.max()))
        if self.newline == _LF:
            shape.crlf += int((a[stops - 1] == _CR).sum())
        blank = lengths == 0
        if self.newline == _LF and int(lengths.min()) <= 1:
            blank |= (lengths == 1) & (a[stops - 1] == _CR)
        if blank.any():
            indices = np.flatnonzero(blank)
            if len(indices) < len(widths):
                shape.min_width = min(shape.min_width, int(widths[~blank].min()))
            for i in indices.tolist()[: 4 * _MAX_BLANK_RUNS]:
                self._blank(shape.records + i)
            shape.n_blank += max(0, len(indices) - 4 * _MAX_BLANK_RUNS)
        else:
            shape.min_width = min(shape.min_width, int(widths.min()))
        shape.records += len(widths)

    def _blank(self, index: int) -> None:
        """A blank line is record number `index` (from 0)."""
        shape = self.shape
        before = index - shape.n_blank
        shape.n_blank += 1
        if shape.blanks and shape.blanks[-1][0] == before:
            shape.blanks[-1] = (before, shape.blanks[-1][1] + 1)
        else:
            shape.blanks.append((before, 1))

    def _line_ends(self, a: npt.NDArray[np.uint8], piece: bytes) -> None:
        """Carriage returns that end no line make the file irregular (also a line feed where they end lines)."""
        if self.newline == _LF:
            if b"\r" in piece:
                returns = np.flatnonzero(a == _CR)
                if bool((a[returns + 1] != _LF).any()):
                    self.shape.regular = False
        elif b"\n" in piece:
            self.shape.regular = False

    def _outside(self, a: npt.NDArray[np.uint8], special: Positions) -> Positions:
        """The delimiters and line ends outside quotes. Marks quotes that do not follow the rules."""
        self.shape.quoted = True
        quotes = np.flatnonzero(a == _QUOTE)
        opening = quotes[self.inside :: 2]
        closing = quotes[1 - self.inside :: 2]
        before = a[opening[opening > 0] - 1]
        after = a[closing + 1]
        ok_before = (before == self.delimiter) | (before == self.newline) | (before == _QUOTE)
        ok_after = (after == self.delimiter) | (after == self.newline) | (after == _QUOTE) | (after == _CR)
        if not (bool(ok_before.all()) and bool(ok_after.all())):
            self.shape.regular = False
        inside = (np.searchsorted(quotes, special) + self.inside) & 1
        self.inside = (self.inside + len(quotes)) & 1
        if bool((inside & (a[special] == self.newline)).any()):
            self.shape.quoted_newlines = True
        outside: Positions = special[inside == 0]
        return outside

    def finish(self) -> CsvShape:
        shape = self.shape
        if self.inside or len(shape.blanks) > _MAX_BLANK_RUNS or 0 < shape.crlf < shape.records:
            shape.regular = False
        return shape


def _duckdb_view(
    con: duckdb.DuckDBPyConnection, text: Utf8Text, delimiter: str, newline: str, shape: CsvShape
) -> str | None:
    """A lazily scanned view with DuckDB's reader, or None when its count of records is not ours."""
    names = relation.columns(shape.max_width)
    declared = ", ".join(f"{c}: 'VARCHAR'" for c in names)
    quote = '"' if shape.quoted else ""
    ragged = shape.min_width < shape.max_width
    # Without it DuckDB takes the first line end it sees, be it inside quotes; it does not know '\r\n' by name.
    named = {"\n": r"'\n'", "\r": r"'\r'"}[newline]
    line_end = [] if shape.crlf else [f"new_line = {named}"]
    options = [
        "auto_detect = false",
        "header = false",
        f"columns = {{{declared}}}",
        f"delim = {relation.quoted(delimiter)}",
        f"quote = '{quote}'",
        f"escape = '{quote}'",
        "strict_mode = true",
        f"null_padding = {str(ragged).lower()}",
        f"parallel = {str(not (ragged and shape.quoted_newlines)).lower()}",
        *line_end,
    ]
    scan = f"read_csv({relation.quoted(str(text.path))}, {', '.join(options)})"
    kept = shape.records - (shape.n_blank if shape.max_width > 1 else 0)
    try:
        row = con.execute(f"SELECT count(*) FROM {scan}").fetchone()
    except duckdb.Error as error:
        log.info("DuckDB does not take %s as it stands: %s", text.path.name, error)
        return None
    if row is None or row[0] != kept:
        log.info("DuckDB counts %s records in %s, we count %d", row, text.path.name, kept)
        return None
    number = "row_number() OVER ()"
    if shape.blanks and shape.max_width > 1:
        number = f"n + {' + '.join(f'CASE WHEN n > {r} THEN {k} ELSE 0 END' for r, k in shape.blanks)}"
        source = f"(SELECT row_number() OVER () AS n, * FROM {scan})"
    else:
        source = scan
    cells = ", ".join(names)
    view = relation.new_name()
    con.execute(
        f"CREATE VIEW {view} AS SELECT * FROM (SELECT CAST({number} AS BIGINT) AS row_number, {cells} FROM {source})"
        f" WHERE coalesce({cells}) IS NOT NULL"
    )
    return view


def _parsed_view(
    con: duckdb.DuckDBPyConnection,
    text: Utf8Text,
    delimiter: str,
    newline: str,
    label: str,
    workdir: Path,
    limits: Limits,
) -> tuple[str, int]:
    """The records as our own rules read them (csv_records.py), kept as Parquet."""

    def records() -> enumerate[list[str]]:
        lines = physical_lines(text.path, "utf-8-sig", newline)
        return enumerate(checked_records(lines, delimiter, label, limits), start=1)

    n_columns = max((len(fields) for _, fields in records()), default=1)
    target = workdir / f"{relation.new_name()}.parquet"
    relation.write_parquet(records(), n_columns, target)
    return relation.view_parquet(con, target), n_columns
