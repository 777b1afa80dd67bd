"""Where a district lies: its name, towns and parks, from the seeds; towns are invented where no seed lists them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from zhixiao.simulate.calendar import SEEDS

HOME = "321204"


@dataclass(frozen=True)
class Place:
    """A county division."""

    code: str
    prefecture: str
    county: str
    towns: tuple[tuple[str, str], ...]
    """Code of nine digits, name."""
    parks: tuple[str, ...]
    """Their short names: what the ledger says where a park is assessed."""

    def address(self, town: str) -> str:
        """A town with what it lies in."""
        return f"{self.prefecture}{self.county}{town}"

    @property
    def bank(self) -> str:
        """The bank of the supervised accounts."""
        return f"江苏虚拟银行{self.county[:-1]}支行"

    @property
    def tax_offices(self) -> tuple[str, ...]:
        """The branches of the tax bureau."""
        return tuple(f"{self.county}税务局第{n}税务分局" for n in "一二三")

    @property
    def filing_prefix(self) -> str:
        """What filing numbers begin with."""
        return f"{'泰姜' if self.code == HOME else self.county[:-1]}数据备"


@cache
def place_of(district: str) -> Place:
    """The place of a division code."""
    names = {r["code"]: r["name"] for r in _rows("division_county")}
    towns = tuple(
        (r["code9"], r["name"])
        for r in _rows("division_town")
        if r["county_code"] == district and r["is_statutory"] == "true"
    )
    if not towns:
        towns = tuple((f"{district}{100 + i}", f"样{c}镇") for i, c in enumerate("甲乙丙丁戊己庚辛"))
    parks = tuple(r["reporting_unit"] for r in _rows("park") if r["district_code"] == district)[:4]
    prefecture = names.get(f"{district[:4]}00", "样例市")
    return Place(district, prefecture, names.get(district, "样例区"), towns, parks)


def retired_codes(district: str) -> list[str]:
    """Codes that were retired in favour of this district; of another county of the prefecture where there are none."""
    rows = [r for r in _rows("division_county") if r["status"] == "retired" and r["level"] == "county"]
    own = [r["code"] for r in rows if r["successor_codes"] == district]
    return own or [r["code"] for r in rows if r["code"][:2] == district[:2]]


def districts_of(home: str) -> list[str]:
    """The county divisions of a district's province that stand, the district itself first."""
    codes = sorted(
        r["code"]
        for r in _rows("division_county")
        if r["level"] == "county" and r["status"] == "current" and r["code"][:2] == home[:2]
    )
    return [home, *(c for c in codes if c != home)]


def _rows(seed: str) -> Iterator[dict[str, str]]:
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f)
