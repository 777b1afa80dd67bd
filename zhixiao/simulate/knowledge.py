"""What had been stated, by whom and when: the rows that a faultless warehouse would hold, each tied to its project."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.repairs import Repairs

KEPT = frozenset(
    ["signing", "filing", "land", "permit", "acceptance", "recognition", "fai", "payment", "sales", "agreement"]
)  # what stages and figures rest on; tax is kept as sums
REGISTERS = frozenset(["milestone", "fund", "land_reserve", "expansion"])
"""What single marts rest on."""
STRENGTH = {"撤销": 4, "更正": 3, "变更": 2, "补报": 1}
BY_KEY = frozenset(STRENGTH)


@dataclass(frozen=True)
class Statement:
    """One accepted row, with the day on which it arrived and its place in that day's order."""

    received_on: date
    place: tuple[int, str, int]
    line: Line
    restates: bool

    def __getitem__(self, column: str) -> Any:
        return self.line.values.get(column)

    def is_after(self, other: Statement) -> bool:
        """Whether this was stated later, by received day and then by strength and place."""
        return (self.received_on, self.place) > (other.received_on, other.place)


@dataclass
class TaxSum:
    """What one delivery says was booked: (month of treasury, organisation code) -> 元."""

    received_on: date
    period: int
    office: str
    sums: dict[tuple[int, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))


class Knowledge:
    """Fed with every delivery that landed; asked for what was known on a day. One that keeps nothing knows nothing."""

    def __init__(self, keeps: bool = True) -> None:
        self.keeps = keeps
        self.statements: dict[str, list[Statement]] = defaultdict(list)
        self.days: dict[str, set[date]] = defaultdict(set)
        """Received days of a source on which something landed."""
        self.tax: list[TaxSum] = []
        self.repairs = Repairs()

    def add(self, delivery: Delivery, file_name: str, accepted: list[Line]) -> None:
        """A file that landed, with the rows of it that were accepted."""
        if not self.keeps:
            return
        source = delivery.source
        self.days[source].add(delivery.received_on)
        self.repairs.add(delivery, accepted)
        if source == "tax":
            self._add_tax(delivery, accepted)
        if source not in KEPT | REGISTERS:
            return
        restates = bool(accepted) and all(x.values.get("submission_kind") in BY_KEY for x in accepted)
        for n, line in enumerate(accepted):
            strength = STRENGTH.get(str(line.values.get("submission_kind")), 0)
            self.statements[source].append(Statement(delivery.received_on, (strength, file_name, n), line, restates))

    def _add_tax(self, delivery: Delivery, accepted: list[Line]) -> None:
        assert delivery.period is not None
        held: dict[str, TaxSum] = {}
        for line in accepted:
            v = line.values
            office = str(v["collecting_office"])
            if office not in held:
                held[office] = TaxSum(delivery.received_on, delivery.period, office)
                self.tax.append(held[office])
            if v["tax_item"] in ("教育费附加", "契税", "耕地占用税"):
                continue
            booked, paid, payer = v["tax_treasury_date"], v["tax_paid"], str(v["uscc"])
            assert isinstance(booked, date) and isinstance(paid, Decimal)
            key = (booked.year * 12 + booked.month - 1, payer[8:17] if len(payer) == 18 else payer[6:15])
            held[office].sums[key] += paid

    # What stood

    def events(self, source: str, known_on: date, *keys: str) -> dict[tuple[object, ...], list[Statement]]:
        """All statements of every key, the earliest first."""
        out: dict[tuple[object, ...], list[Statement]] = defaultdict(list)
        for s in self.statements[source]:
            if s.received_on <= known_on:
                out[tuple(s[k] for k in keys)].append(s)
        for held in out.values():
            held.sort(key=lambda s: (s.received_on, s.place))
        return out

    def register(self, source: str, known_on: date) -> list[tuple[date, list[Statement]]]:
        """The register as of every day on which it was delivered."""
        by_day: dict[date, list[Statement]] = {d: [] for d in sorted(self.days[source]) if d <= known_on}
        for s in self.statements[source]:
            if s.received_on in by_day:
                by_day[s.received_on].append(s)
        return list(by_day.items())

    def period(self, source: str, known_on: date, key: str) -> dict[tuple[object, object], Statement]:
        """(month, key) -> what stands: the latest whole delivery of the month, then what restates single keys."""
        latest: dict[object, date] = {}
        known = [s for s in self.statements[source] if s.received_on <= known_on]
        for s in known:
            if not s.restates:
                latest[s["stat_period"]] = max(s.received_on, latest.get(s["stat_period"], s.received_on))
        standing: dict[tuple[object, object], Statement] = {}
        for s in sorted(known, key=lambda s: (s.received_on, s.place)):
            since = latest.get(s["stat_period"])
            if s.restates and (since is None or s.received_on >= since):
                standing[s["stat_period"], s[key]] = s
            elif not s.restates and s.received_on == since:
                standing.setdefault((s["stat_period"], s[key]), s)
                if standing[s["stat_period"], s[key]].received_on <= s.received_on:
                    standing[s["stat_period"], s[key]] = s
        return {k: s for k, s in standing.items() if s["submission_kind"] != "撤销"}

    def treasury(self, known_on: date) -> dict[str, dict[int, Decimal]]:
        """Organisation code -> month of treasury -> 万元 of the items that count for 达效."""
        latest: dict[tuple[int, str], date] = {}
        for t in self.tax:
            if t.received_on <= known_on:
                key = (t.period, t.office)
                latest[key] = max(t.received_on, latest.get(key, t.received_on))
        out: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for t in self.tax:
            if latest.get((t.period, t.office)) == t.received_on:
                for (month, organisation), paid in t.sums.items():
                    out[organisation][month] += paid / 10000
        return out
