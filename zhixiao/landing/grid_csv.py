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
Flags = npt.NDArray[np.bool_]

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
        data = rest + chunk if rest else chunk
        cut = data.rfind(end_of_line) + 1
        if cut:
            scan.feed(data, cut)
        elif len(data) > _PIECE_LIMIT:
            raise too_large("文件中有一行过长，可能不是表格。", "A line is beyond all measure: hardly a table.")
        rest = data[cut:]
    if rest:
        rest += b"\r\n" if scan.shape.crlf else end_of_line
        scan.feed(rest, len(rest))
    return scan.finish()


class _Scan:
    """Counts records, widths, blank lines and quotes with numpy, on pieces that end at a line end."""

    def __init__(self, delimiter: int, newline: int) -> None:
        self.shape = CsvShape()
        self.delimiter = delimiter
        self.newline = newline
        self.inside = 0
        self.delimiters_so_far = 0
        self.line_so_far = 0

    def feed(self, data: bytes, cut: int) -> None:
        """Take the first `cut` bytes, which end with a line end (it may stand inside quotes)."""
        shape = self.shape
        a = np.frombuffer(data, dtype=np.uint8, count=cut)
        is_end = a == self.newline
        delimiters = a == self.delimiter
        stops = np.flatnonzero(is_end)
        self._line_ends(a, stops)
        if self.inside or data.find(b'"', 0, cut) >= 0:
            outside = self._outside(a, is_end | delimiters)
            delimiters &= outside
            before, stops = len(stops), np.flatnonzero(is_end & outside)
            shape.quoted_newlines = shape.quoted_newlines or len(stops) < before
        if not len(stops):
            self.delimiters_so_far += int(np.count_nonzero(delimiters))
            self.line_so_far += cut
            return
        starts = np.concatenate(([0], stops[:-1] + 1))
        widths = np.add.reduceat(delimiters, starts, dtype=np.uint16).astype(np.int64) + 1
        rest = int(np.count_nonzero(delimiters[stops[-1] :]))
        widths[-1] -= rest
        widths[0] += self.delimiters_so_far
        lengths = stops - starts
        lengths[0] += self.line_so_far
        self.delimiters_so_far, self.line_so_far = rest, cut - 1 - int(stops[-1])
        self._records(a, widths, lengths, stops)

    def _records(self, a: npt.NDArray[np.uint8], widths: Positions, lengths: Positions, stops: Positions) -> None:
        shape = self.shape
        if int(lengths.max()) > _MAX_LINE:
            shape.regular = False
        shape.max_width = max(shape.max_width, int(widths.max()))
        blank = lengths == 0
        if self.newline == _LF:
            returns = a[stops - 1] == _CR
            shape.crlf += int(np.count_nonzero(returns))
            blank |= returns & (lengths == 1)
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

    def _line_ends(self, a: npt.NDArray[np.uint8], stops: Positions) -> None:
        """Carriage returns that end no line make the file irregular (also a line feed where they end lines)."""
        strays = np.count_nonzero(a == (_CR if self.newline == _LF else _LF))
        if strays and (self.newline == _CR or strays != np.count_nonzero(a[stops - 1] == _CR)):
            self.shape.regular = False

    def _outside(self, a: npt.NDArray[np.uint8], special: Flags) -> Flags:
        """Where in the piece one is outside quotes. Marks quotes that do not follow the rules."""
        self.shape.quoted = True
        quotes = a == _QUOTE
        parity = np.bitwise_xor.accumulate(quotes.view(np.uint8))
        if self.inside:
            parity ^= 1
        inside = parity.view(np.bool_)
        beside = special | quotes
        opening, closing = quotes & inside, quotes & ~inside
        if bool((opening[1:] & ~beside[:-1]).any()) or bool((closing[:-1] & ~(beside | (a == _CR))[1:]).any()):
            self.shape.regular = False
        self.inside = int(parity[-1])
        outside: Flags = ~inside
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
        "hive_partitioning = false",
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
    scan = f"read_csv({relation.file_literal(text.path)}, {', '.join(options)})"
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
