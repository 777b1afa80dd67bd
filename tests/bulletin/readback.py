"""Reads the figures of a page or workbook back and asks the published file for each of them."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
from lxml import html
from openpyxl import load_workbook

PLACES = {"count": 0, "rank": 0, "move": 0, "days": 0, "days1": 1, "rate": 1, "wan": 2, "kwh": 0}


def asked(con: duckdb.DuckDBPyConnection, address: str) -> tuple[Any, str]:
    """The value at an address, with its unit."""
    a = json.loads(address)
    terms = [f"{k} IS NOT DISTINCT FROM ${i}" for i, k in enumerate(a["where"], start=1)]
    sql = f"SELECT {a['expr']} FROM {a['table']}" + (f" WHERE {' AND '.join(terms)}" if terms else "")
    rows = con.execute(sql, list(a["where"].values())).fetchall()
    assert len(rows) <= 1, f"{len(rows)} rows at {address}"
    return (rows[0][0] if rows else None), a["unit"]


def written(value: Any, unit: str) -> str:
    """How a page has to show a value: worked out here once more, without the code of the pages."""
    if value is None:
        return "—"
    number = Decimal(str(value)) * (100 if unit == "rate" else 1)
    number = number.quantize(Decimal(10) ** -PLACES[unit], ROUND_HALF_UP)
    if unit == "move":
        return "持平" if number == 0 else f"{'↑' if number > 0 else '↓'}{abs(number)}"
    if number == 0:
        number = abs(number)
    return f"{number:,}" + ("%" if unit == "rate" else "")


def page_figures(page: Path) -> list[tuple[str, str]]:
    """Every figure of a page: its address and what the reader sees. No cell of numbers lacks an address."""
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    for cell in tree.xpath("//td[@class='n']"):
        assert cell.xpath("./span[@data-f]") or cell.text_content().strip() == "—", cell.text_content()
    return [(e.get("data-f"), e.text_content()) for e in tree.xpath("//*[@data-f]")]


def check_page(con: duckdb.DuckDBPyConnection, page: Path) -> int:
    """Every figure is the mart's. Returns how many there are that are not a dash."""
    figures = page_figures(page)
    wrong = [(a, text) for a, text in figures if written(*asked(con, a)) != text]
    assert not wrong, wrong[:3]
    return sum(text != "—" for _, text in figures)


def check_workbook(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Every number of every sheet stands in 依据 and is the mart's. Returns how many there are."""
    book = load_workbook(path)
    basis = {}
    for title, place, _, address in book["依据"].iter_rows(min_row=2, values_only=True):
        value, unit = asked(con, str(address))
        cell = book[title][place]
        basis[title, place] = cell
        if value is None:
            assert cell.value == "—", (title, place, cell.value)
        else:
            assert Decimal(str(cell.value)) == Decimal(str(value)), (title, place, cell.value, value)
            assert unit != "rate" or cell.number_format == "0.0%"
    for sheet in book.worksheets:
        if sheet.title in ("依据", "口径与来源"):
            continue
        numbers = [c.coordinate for row in sheet.iter_rows() for c in row if isinstance(c.value, int | float)]
        assert all((sheet.title, n) in basis for n in numbers), sheet.title
    return len(basis)
