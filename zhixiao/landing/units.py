"""Units as departments write them, and the exact factor from one to another.

The list is `reference/units_zh.csv`; what contracts use beside it (people, capacity, coal equivalent) is below.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

UNITS_CSV = Path(__file__).resolve().parent.parent / "reference" / "units_zh.csv"

# Local practice of the Taizhou platform, see units_zh.csv: 7.2 CNY a US dollar.
FX_CNY_PER_USD = Fraction(72, 10)

_EXTRA = {
    "人": ("count", Fraction(1)),
    "个": ("count", Fraction(1)),
    "户": ("count", Fraction(1)),
    "家": ("count", Fraction(1)),
    "条": ("count", Fraction(1)),
    "万人": ("count", Fraction(10_000)),
    "千伏安": ("capacity", Fraction(1)),
    "kVA": ("capacity", Fraction(1)),
    "KVA": ("capacity", Fraction(1)),
    "兆伏安": ("capacity", Fraction(1000)),
    "MVA": ("capacity", Fraction(1000)),
    "吨标煤": ("coal", Fraction(1)),
    "吨标准煤": ("coal", Fraction(1)),
    "万吨标煤": ("coal", Fraction(10_000)),
    "万吨标准煤": ("coal", Fraction(10_000)),
    "KWH": ("energy", Fraction(1)),
    "kwh": ("energy", Fraction(1)),
    "人民币元": ("money", Fraction(1, 10_000)),
    "人民币万元": ("money", Fraction(1)),
    "万元人民币": ("money", Fraction(1)),
    "万人民币": ("money", Fraction(1)),
    "亿元人民币": ("money", Fraction(10_000)),
    "万美金": ("money_fx", Fraction(1)),
    "小数": ("ratio", Fraction(1)),
}

_DIMENSION_OF_TYPE = {
    "money": ("money", "money_fx"),
    "money_fx": ("money_fx",),
    "area": ("area",),
    "intensity": ("intensity",),
    "energy": ("energy",),
    "ratio": ("ratio",),
    "number": ("count", "capacity", "coal"),
}


@dataclass(frozen=True)
class Unit:
    """A unit, its dimension, and how many of the dimension's base unit it is."""

    name: str
    dimension: str
    to_base: Fraction


def normalise_unit(text: str) -> str:
    """`（ 万 元 ）` as the list writes it: NFKC except for the squares, no spaces."""
    kept = text.replace("㎡", "平方米").replace("m²", "平方米").replace("m2", "平方米")
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", kept))


@cache
def units() -> dict[str, Unit]:
    """All known units by normalised name."""
    out = {name: Unit(name, dim, factor) for name, (dim, factor) in _EXTRA.items()}
    with UNITS_CSV.open(encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            # 666.6666666667 and 0.0666666667 stand for 2000/3 and 1/15.
            factor = Fraction(row["factor_to_base"]).limit_denominator(100_000)
            name = normalise_unit(row["unit_zh"])
            out[name] = Unit(name, row["dimension"], factor)
    return out


def find_unit(text: str) -> Unit | None:
    """The unit that a bracket or a banner names, or None. `亿元/亿美元` is read as its first part."""
    name = normalise_unit(text)
    known = units()
    if name in known:
        return known[name]
    first = re.split(r"[、,，;；或]|/(?=亿|万|美)", name)[0]
    return known.get(first)


def fits(unit: Unit, value_type: str) -> bool:
    """Whether a column of this value type may stand in this unit."""
    return unit.dimension in _DIMENSION_OF_TYPE.get(value_type, ())


def factor(unit: Unit, canonical: str) -> Fraction:
    """What a figure in `unit` is multiplied by to stand in `canonical` (dollars at the platform's rate)."""
    target = units().get(normalise_unit(canonical))
    if target is None or target.name == unit.name:
        return Fraction(1)
    ratio = unit.to_base / target.to_base
    if unit.dimension == "money_fx" and target.dimension == "money":
        return ratio * FX_CNY_PER_USD
    return ratio


def suffixes(value_type: str, canonical: str) -> dict[str, Fraction]:
    """What may stand behind a number in a cell of this type, with its factor to `canonical`.

    Bare 万 and 亿 multiply money to 万元 and 亿元; elsewhere they multiply the column's own unit and are
    left to the caller.
    """
    out = {
        u.name: factor(u, canonical)
        for u in units().values()
        if fits(u, value_type) and u.name not in ("小数", "小数形式")
    }
    if value_type == "money":
        out |= {"万": Fraction(1), "亿": Fraction(10_000)}
    if value_type == "money_fx":
        out |= {"万": Fraction(1), "亿": Fraction(10_000)}
    return out
