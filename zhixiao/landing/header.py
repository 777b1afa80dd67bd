"""Where the header of a sheet stands, and which of its columns is which.

Pure functions over the first rows of a sheet. A department's header may have one to three levels, title
rows and a banner above it, line breaks and spaces in it, a unit in brackets, a colon at its end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from zhixiao.contracts import Column, Contract
from zhixiao.landing.units import Unit, find_unit, fits

Row = Sequence[str | None]
Merge = tuple[int, int, int, int]

MAX_HEADER_ROW = 40
MAX_LEVELS = 3
# Fewer known columns than this is no header: two words of a title can look like labels.
MIN_MATCHED = 2

PERSONAL_HEADER = re.compile(
    r"联系人|联系电话|联系方式|电话|手机|邮箱|邮件|e-?mail|身份证|证件号|法定代表|法人代表|法人姓名"
    r"|经办人|填报人|填表人|制表人|审核人|复核人|负责人|姓名|传真|微信|护照|住址",
    re.IGNORECASE,
)
_MAX_HEADER_CHARS = 500
_PERSONS = re.compile(
    r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?!\d)"
    r"|[\w.%+-]{1,64}@[\w.-]{1,255}\.[A-Za-z]{2,}"
)
_BRACKETS = str.maketrans("〔〕[]【】{}", "()()()()")
_GROUP = re.compile(r"\(([^()]*)\)")
_UNIT_BANNER = re.compile(r"单位\s*[:：]\s*([^\s，,；;。)）|]+)")
_PERIOD_BANNER = re.compile(r"(?:报表期|报告期|所属期|数据期)\s*[:：]\s*([^，,；;。)）\s|]+)")
_INVISIBLE = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]")


@dataclass(frozen=True)
class Label:
    """A header text taken apart: the words, and the unit that its bracket names."""

    words: str
    unit: Unit | None


@dataclass(frozen=True)
class FoundColumn:
    """A contract column at a place in the sheet (1-based), under the header as the department wrote it."""

    column: Column
    index: int
    header: str
    unit: Unit | None


@dataclass(frozen=True)
class Banner:
    """What stands above the header: a unit a dimension, and the period that the sheet reports."""

    units: dict[str, Unit] = field(default_factory=dict)
    period: str | None = None


@dataclass(frozen=True)
class Header:
    """A header that was found. `bottom` is its last physical row (1-based); `nameless` columns have no header."""

    top: int
    bottom: int
    found: dict[str, FoundColumn]
    unknown: dict[int, str]
    personal: dict[int, str]
    nameless: tuple[int, ...]
    missing: tuple[Column, ...]
    headers_found: tuple[str, ...]
    repeats: tuple[tuple[str | None, ...], ...]
    banner: Banner


def tidy(text: str) -> str:
    """A header without width, spaces, line breaks, kinds of bracket and a closing colon."""
    s = unicodedata.normalize("NFKC", text).translate(_BRACKETS)
    return _INVISIBLE.sub("", s).rstrip(":;")


def without_persons(text: str) -> str:
    """A header as it may be stored: not a page long, and without the phone number that somebody wrote there."""
    return _PERSONS.sub("[已删除]", text[:_MAX_HEADER_CHARS])


def take_apart(text: str) -> Label:
    """Split `投资金额（亿元）` into its words and its unit; a bracket that is no unit stays in the words."""
    unit: Unit | None = None

    def drop(m: re.Match[str]) -> str:
        nonlocal unit
        named = find_unit(re.sub(r"^(金额)?单位:", "", m[1]))
        if named is None:
            return m[0]
        unit = unit or named
        return ""

    words = _GROUP.sub(drop, tidy(text.replace("㎡", "平方米").replace("m²", "平方米")))
    return Label(words.upper(), unit)


def read_banner(rows: Sequence[Row]) -> Banner:
    """Read units and period from the rows above a header."""
    found: dict[str, Unit] = {}
    period: str | None = None
    for row in rows:
        text = " ".join(c for c in row if c)
        for m in _UNIT_BANNER.finditer(text):
            for part in re.split(r"[、和及]|/(?!亩|公顷|千平方米|平方米)", m[1]):
                unit = find_unit(part)
                if unit is not None:
                    found.setdefault(unit.dimension, unit)
        named = _PERIOD_BANNER.search(text)
        if named and period is None:
            period = named[1]
    return Banner(found, period)


def find_header(head: Sequence[Row], merges: Sequence[Merge], contract: Contract) -> Header | None:
    """The best header among the first rows of a sheet, or None when nothing looks like one.

    `head[i]` is physical row i + 1. More known columns win, then fewer levels, then the earlier row.
    """
    best: tuple[tuple[int, int, int, int], int, int, dict[str, FoundColumn], list[list[str]]] | None = None
    index = _LabelIndex(contract)
    merges = [m for m in merges if m[0] <= MAX_HEADER_ROW + MAX_LEVELS]
    for top in range(1, min(len(head), MAX_HEADER_ROW) + 1):
        for levels in range(1, MAX_LEVELS + 1):
            bottom = top + levels - 1
            if bottom > len(head):
                break
            paths = _paths(head, merges, top, bottom)
            found = _assign(paths, index)
            required = sum(f.column.required_in_file for f in found.values())
            score = (required, len(found), -levels, -top)
            if len(found) >= MIN_MATCHED and (best is None or score > best[0]):
                best = (score, top, bottom, found, paths)
    if best is None:
        return None
    _, top, bottom, found, paths = best
    taken = {f.index for f in found.values()}
    unknown: dict[int, str] = {}
    personal: dict[int, str] = {}
    for i, path in enumerate(paths, start=1):
        if i in taken or not path:
            continue
        name = without_persons(" ".join("-".join(path).split()))
        (personal if PERSONAL_HEADER.search(tidy(name)) else unknown)[i] = name
    return Header(
        top=top,
        bottom=bottom,
        found=found,
        unknown=_distinct(unknown),
        personal=personal,
        nameless=tuple(i for i, path in enumerate(paths, start=1) if not path),
        missing=tuple(c for c in contract.file_columns if c.required_in_file and c.name not in found),
        headers_found=tuple(without_persons("-".join(p)) for p in paths if p),
        repeats=tuple(tuple(r) for r in head[max(0, top - 3) : bottom]),
        banner=read_banner(head[: top - 1]),
    )


def _distinct(names: dict[int, str]) -> dict[int, str]:
    """Two unknown columns under one name keep both: the second gets its place behind it."""
    seen: set[str] = set()
    out: dict[int, str] = {}
    for i, name in names.items():
        out[i] = name if name not in seen else f"{name}#{i}"
        seen.add(name)
    return out


class _LabelIndex:
    """Every way in which a contract's columns may be headed, by its words."""

    def __init__(self, contract: Contract) -> None:
        self.by_words: dict[str, list[tuple[int, Column]]] = {}
        for column in contract.file_columns:
            for rank, text in enumerate(column.headers):
                entry = self.by_words.setdefault(take_apart(text).words, [])
                if all(c.name != column.name for _, c in entry):
                    entry.append((rank, column))

    def lookup(self, text: str, inherited: Unit | None) -> list[tuple[int, Column, Unit | None]]:
        label = take_apart(text)
        out = []
        for rank, column in self.by_words.get(label.words, []):
            unit = label.unit or (inherited if inherited and fits(inherited, column.value_type) else None)
            if unit is not None and unit.name in column.ignored_header_units:
                unit = None
            if unit is None or fits(unit, column.value_type):
                out.append((rank, column, unit))
        return out


def _paths(head: Sequence[Row], merges: Sequence[Merge], top: int, bottom: int) -> list[list[str]]:
    """For each column the header texts from the top level down, without repeats and blanks."""
    width = max((len(r) for r in head[top - 1 : bottom]), default=0)
    grid = [[(r[i] if i < len(r) else None) for i in range(width)] for r in head[top - 1 : bottom]]
    merged_rows: set[int] = set()
    for r1, c1, r2, c2 in merges:
        if r2 < top or r1 > bottom or c1 > width:
            continue
        text = head[r1 - 1][c1 - 1] if r1 <= len(head) and c1 <= len(head[r1 - 1]) else None
        for r in range(max(r1, top), min(r2, bottom) + 1):
            if c2 > c1:
                merged_rows.add(r)
            for c in range(c1, min(c2, width) + 1):
                grid[r - top][c - 1] = text
    # Without merges (CSV, or cells merged by eye only) a parent reaches over the blanks to its right.
    for r in range(len(grid) - 1):
        if r + top in merged_rows:
            continue
        for c in range(1, width):
            if not _text(grid[r][c]) and _text(grid[r + 1][c]):
                grid[r][c] = grid[r][c - 1]
    paths = []
    for c in range(width):
        path: list[str] = []
        for row in grid:
            text = _text(row[c])
            if text and (not path or path[-1] != text):
                path.append(text)
        paths.append(path)
    return paths


def _text(cell: str | None) -> str:
    return cell.strip() if cell else ""


def _assign(paths: list[list[str]], index: _LabelIndex) -> dict[str, FoundColumn]:
    """Give every place at most one contract column and every contract column at most one place."""
    offers: list[tuple[int, int, int, Column, Unit | None, str]] = []
    for i, path in enumerate(paths, start=1):
        if not path:
            continue
        child, parents = path[-1], path[:-1]
        inherited = next((u for u in (take_apart(p).unit for p in reversed(parents)) if u), None)
        texts = [child]
        for p in parents:
            bare = _GROUP.sub(lambda m: "" if find_unit(m[1]) else m[0], tidy(p))
            texts += [f"{bare}-{child}", f"{bare}{child}"]
        if len(parents) > 1:
            texts += ["-".join(path), "".join(path)]
        for specificity, text in enumerate(texts):
            for rank, column, unit in index.lookup(text, inherited):
                offers.append((-min(specificity, 1), rank, i, column, unit, child))
    offers.sort(key=lambda o: o[:3])
    found: dict[str, FoundColumn] = {}
    taken: set[int] = set()
    for _, _, i, column, unit, child in offers:
        if i not in taken and column.name not in found:
            found[column.name] = FoundColumn(column, i, " ".join(child.split()), unit)
            taken.add(i)
    return found
