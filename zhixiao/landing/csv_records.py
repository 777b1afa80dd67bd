"""Records of delimited text, read tolerantly and without losing any: the rules that every CSV reading follows.

A record ends at a line feed (with any carriage returns before it), or at a carriage return where more of these
than of line feeds stand alone; then a line feed is part of its cell. A field is quoted when it begins with a quote
and its closing quote stands before a delimiter or the end of the record; then it may hold delimiters, doubled quotes
and line ends. Any other quote is text: a quote that is never closed swallows nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import log2
from pathlib import Path

from zhixiao.landing.container import LIMITS, Limits
from zhixiao.landing.refusal import Refusal, too_large

DELIMITERS = (",", "\t", ";", "|")

_MAX_JOINED_LINES = 1000
_MAX_LINE_CHARS = 64 << 20
_SAMPLE_RECORDS = 300
_OPEN = re.compile(r'"(?:[^"]++|"")*+\Z', re.DOTALL)


@lru_cache(maxsize=8)
def _field(delimiter: str) -> re.Pattern[str]:
    d = re.escape(delimiter)
    return re.compile(rf'"((?:[^"]++|"")*+)"(?={d}|\Z)|([^{d}]*+)', re.DOTALL)


def split_record(text: str, delimiter: str) -> tuple[list[str], int]:
    """The fields of one record, and the open quote in it.

    An open quote begins a field and is not properly closed. 0: there is none. n: the n-th field has one, all
    before it are in order and no quote follows, so it may close on a later line. -1: there is one of another kind.
    """
    if '"' not in text:
        return text.split(delimiter), 0
    match = _field(delimiter).match
    fields: list[str] = []
    at, end, open_field = 0, len(text), 0
    while True:
        found = match(text, at)
        assert found is not None
        inside, plain = found.group(1), found.group(2)
        if inside is not None:
            fields.append(inside.replace('""', '"'))
        else:
            fields.append(plain)
            if not open_field and plain.startswith('"'):
                open_field = len(fields) if _OPEN.match(text, at) else -1
        at = found.end()
        if at >= end:
            return fields, open_field
        at += 1


def records_of(lines: Iterable[str], delimiter: str) -> Iterator[tuple[list[str], bool]]:
    """The records of physical lines (each with its line end): fields, and whether a quote was taken as text."""
    iterator = iter(lines)
    pending: list[str] = []
    while True:
        raw = pending.pop(0) if pending else next(iterator, None)
        if raw is None:
            return
        fields, open_field = split_record(_body(raw), delimiter)
        if open_field > 0:
            joined = _closed_later(raw, open_field, pending, iterator, delimiter)
            if joined is not None:
                yield joined, False
                continue
        yield fields, open_field != 0


def _body(raw: str) -> str:
    return raw.rstrip("\n").rstrip("\r") if raw.endswith("\n") else raw.rstrip("\r")


def _closed_later(
    raw: str, open_field: int, pending: list[str], iterator: Iterator[str], delimiter: str
) -> list[str] | None:
    """The record that results when the open quote of `raw` is closed on a later line; None when it is not.

    The first line with a lone quote must close it (and may open another last field); the lines looked at stay in
    `pending` unless they are used.
    """
    text, used = raw, 0
    while used < _MAX_JOINED_LINES and len(text) <= LIMITS.max_cell_chars * 2:
        if used == len(pending):
            following = next(iterator, None)
            if following is None:
                return None
            pending.append(following)
        following = pending[used]
        used += 1
        if '"' in following.replace('""', ""):
            fields, still_open = split_record(text + _body(following), delimiter)
            if still_open == 0:
                del pending[:used]
                return fields
            if still_open <= open_field:
                return None
            open_field = still_open
        text += following
    return None


def physical_lines(path: Path, encoding: str, newline: str) -> Iterator[str]:
    """The lines of a file with their ends. A line beyond all measure is refused."""
    with path.open(encoding=encoding, newline=newline) as f:
        while line := f.readline(_MAX_LINE_CHARS):
            if len(line) >= _MAX_LINE_CHARS:
                raise too_large("文件中有一行过长，可能不是表格。", "A line is beyond all measure: hardly a table.")
            yield line


def checked_records(lines: Iterable[str], delimiter: str, label: str, limits: Limits = LIMITS) -> Iterator[list[str]]:
    """The records, refused as a whole when a cell or the number of columns is beyond the limits."""
    for fields, _ in records_of(lines, delimiter):
        if len(fields) > limits.max_columns:
            raise too_wide(len(fields), label)
        if any(len(f) > limits.max_cell_chars for f in fields):
            raise too_large(f"有单元格内容过长：{label}。", f"A cell is too long: {label}.")
        yield fields


def too_wide(n: int, label: str) -> Refusal:
    """More columns than any delivery has."""
    return too_large(f"列数过多（{n} 列）：{label}。", f"Too many columns ({n}): {label}.")


def find_newline(text: str) -> str:
    """The line end of a text: a carriage return where more of them than of line feeds stand alone outside quotes.

    Read the other way, such a text is one record, and all of its rows become columns without a header.
    """
    if "\r" not in text:
        return "\n"
    if "\n" not in text:
        return "\r"
    outside = re.sub(r'"(?:[^"]++|"")*+"', "", text)
    alone = outside.count("\r") - outside.count("\r\n")
    return "\r" if alone > outside.count("\n") else "\n"


def find_delimiter(text: str, newline: str) -> str:
    """The delimiter under which most records have one and the same number of fields.

    Titles and banners above the header are few records, so that commas in them do not count for much; quotes
    that do not close under a candidate count against it.
    """
    lines = [line + newline for line in text.split(newline)][: _SAMPLE_RECORDS * 4]
    scored = [(_score(lines, d), -i, d) for i, d in enumerate(DELIMITERS)]
    best = max(scored)
    return best[2] if best[0] > 0 else ","


def _score(lines: list[str], delimiter: str) -> float:
    widths: Counter[int] = Counter()
    malformed = total = 0
    for fields, open_quote in records_of(lines, delimiter):
        if not any(fields):
            continue
        total += 1
        malformed += open_quote
        widths[len(fields)] += 1
        if total >= _SAMPLE_RECORDS:
            break
    usable = [(n, w) for w, n in widths.items() if w > 1]
    if not usable:
        return 0.0
    n, width = max(usable)
    return (n / total) ** 2 * log2(width) * (1 - malformed / total)
