"""HTML tables (what many systems name .xls): every table a sheet, spans as merges, the text before it as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
from lxml import etree, html

from zhixiao.landing import relation
from zhixiao.landing.container import LIMITS, Limits, Payload
from zhixiao.landing.encoding import decode_page
from zhixiao.landing.refusal import too_large, unreadable
from zhixiao.landing.sheet import HEAD_ROWS, Sheet

_SPACES = re.compile(r"[ \t\r\n\f]+")
_BREAK = "\0"
_MAX_CELLS = 20_000_000
_SILENT = frozenset({"script", "style", "title", "template", "noscript"})
_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "center", "caption", "pre", "section"})

Merge = tuple[int, int, int, int]


def read_html_sheets(
    con: duckdb.DuckDBPyConnection, payload: Payload, workdir: Path, limits: Limits = LIMITS
) -> list[Sheet]:
    """The tables of an HTML file that hold any text."""
    if payload.path.stat().st_size > limits.max_html_bytes:
        raise too_large(
            f"网页格式的表格过大：{payload.label}。请另存为 xlsx 后报送。",
            f"The HTML table is too large: {payload.label}. Save it as xlsx and resend.",
        )
    page = decode_page(payload.path, payload.label)
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, no_network=True)
    root = html.document_fromstring(page.encode("utf-8"), parser=parser) if page.strip() else None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise too_large(
            f"网页格式的表格嵌套过深或单元格过长：{payload.label}。请另存为 xlsx 后报送。",
            f"The HTML is nested too deep or has too long a text: {payload.label}. Save it as xlsx and resend.",
        )
    sheets: list[Sheet] = []
    for number, (lines, table) in enumerate(_tables(root) if root is not None else (), start=1):
        grid, merges = _grid(table, limits, payload.label)
        if not any(any(row) for row in grid):
            continue
        shift = len(lines)
        rows = [[line] for line in lines] + grid
        width = max(len(row) for row in rows)
        target = workdir / f"{relation.new_name()}.parquet"
        relation.write_parquet(enumerate(rows, start=1), width, target)
        name = relation.view_parquet(con, target)
        sheets.append(
            Sheet(
                name=f"table{number}",
                hidden=False,
                relation=name,
                n_columns=width,
                merges=[(r1 + shift, c1, r2 + shift, c2) for r1, c1, r2, c2 in merges],
                head=relation.head_of(con, name, width, HEAD_ROWS),
            )
        )
    if not sheets:
        raise unreadable(
            f"网页文件中没有表格：{payload.label}。请报送 csv、xlsx 或 xls。",
            f"The HTML file holds no table: {payload.label}. Send csv, xlsx or xls.",
        )
    return sheets


def _tables(root: etree._Element) -> Iterator[tuple[list[str], etree._Element]]:
    """The tables in document order, each with the lines of text between it and the table before."""
    parts: list[str] = []
    depth = silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        step = 1 if event == "start" else -1
        silent += step * (tag in _SILENT)
        if tag == "table":
            if event == "start":
                caption = "\n".join(_cell_text(c) for c in element if c.tag == "caption")
                yield _lines("".join(parts)) + _lines(caption.replace("\n", _BREAK)), element
                parts = []
            depth += step
        if tag in _BLOCKS or tag == "br":
            parts.append(_BREAK)
        text = element.text if event == "start" else element.tail
        if text and not depth and not silent:
            parts.append(text)


def _lines(text: str) -> list[str]:
    return [line for line in (_SPACES.sub(" ", part).strip() for part in text.split(_BREAK)) if _visible(line)]


def _visible(text: str) -> bool:
    return bool(text.strip().strip("\xa0\u3000\u200b\ufeff"))


def _cell_text(cell: etree._Element) -> str:
    """The text of a cell; line breaks stay, other white space runs become one blank, nested tables are left out.

    The value that Excel keeps beside the shown text (`x:num`) is the exact one and is preferred.
    """
    exact = cell.get("x:num") or cell.get("num")
    if exact:
        return str(exact)
    parts: list[str] = []
    _collect(cell, parts)
    lines = (_SPACES.sub(" ", line).strip(" ") for line in "".join(parts).split(_BREAK))
    text = "\n".join(lines).strip("\n")
    return text if _visible(text) else ""


def _collect(element: etree._Element, parts: list[str]) -> None:
    parts.append(element.text or "")
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag == "br":
            parts.append(_BREAK)
        elif tag and tag not in _SILENT and tag != "table":
            if tag in _BLOCKS and "".join(parts).strip():
                parts.append(_BREAK)
            _collect(child, parts)
        parts.append(child.tail or "")


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def _span(cell: etree._Element, name: str) -> int:
    digits = re.match(r"\s*(\d{1,6})", cell.get(name) or "")
    return max(1, int(digits.group(1))) if digits else 1


def _grid(table: etree._Element, limits: Limits, label: str) -> tuple[list[list[str]], list[Merge]]:
    """The cells of a table in their physical places, and the merges that its spans make."""
    rows = list(_rows(table))
    grid: list[list[str]] = []
    merges: list[Merge] = []
    taken: dict[int, int] = {}
    cells = 0
    for r, row in enumerate(rows):
        line: list[str] = []
        blocked = {c for c, until in taken.items() if until > r}
        c = 0
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while c in blocked:
                c += 1
            across = _span(cell, "colspan")
            down = min(_span(cell, "rowspan"), len(rows) - r)
            if c + across > limits.max_columns:
                raise too_large(f"列数过多：{label}。", f"Too many columns: {label}.")
            cells += across
            line.extend([""] * (c + across - len(line)))
            line[c] = _cell_text(cell)
            if len(line[c]) > limits.max_cell_chars or cells > _MAX_CELLS:
                raise too_large(f"表格过大：{label}。", f"The table is too large: {label}.")
            if across > 1 or down > 1:
                merges.append((r + 1, c + 1, r + down, c + across))
            if down > 1:
                taken.update(dict.fromkeys(range(c, c + across), r + down))
            c += across
        grid.append(line)
    return grid, merges
