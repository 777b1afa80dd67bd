"""What every drop amounts to: discovery, landing's reports and the ledger put together, before anything is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from zhixiao.contracts import Contract, load_contracts
from zhixiao.landing.land import stored_report
from zhixiao.landing.report import Drop, FileReport, LandedPaths, RefusedDrop
from zhixiao.settings import Settings
from zhixiao.warehouse import decisions
from zhixiao.warehouse.ledger import Statement, Status, decide, overlapping_scopes
from zhixiao.warehouse.schema import landed, quote

if TYPE_CHECKING:
    from zhixiao.landing.discover import Discovery

EntryKey = tuple[str, str, str, str]
CommonKeys = Callable[[Contract, Collection[str], Collection[str]], set[tuple[str, str]]]


@dataclass(frozen=True, order=True)
class DeliveryKey:
    """One delivery. `received_on` is None only for refused files in a folder that is not a day."""

    source: str
    district: str
    received_on: date | None


@dataclass(frozen=True)
class Entry:
    """One drop with what landing and the ledger say of it: a row of `raw.load_log` to be.

    `held` marks a drop whose delivery must stay as it is, since the source has a file that is not landed.
    """

    source: str
    district: str
    received_on: date | None
    file_name: str
    sha256: str
    status: Status
    reason_code: str | None = None
    reason_zh: str | None = None
    reason_en: str | None = None
    report: FileReport | None = None
    held: bool = False

    @property
    def delivery(self) -> DeliveryKey:
        return DeliveryKey(self.source, self.district, self.received_on)

    @property
    def day(self) -> str:
        return self.received_on.isoformat() if self.received_on else ""

    @property
    def key(self) -> EntryKey:
        return (self.source, self.district, self.day, self.file_name)

    @property
    def label(self) -> str:
        return f"{self.source}/{self.day or '?'}/{self.file_name}"


@dataclass
class Gathered:
    """All entries, and what people should hear about the files themselves."""

    entries: list[Entry] = field(default_factory=list)
    removed: list[Entry] = field(default_factory=list)
    replaced: list[Entry] = field(default_factory=list)
    not_landed: list[Drop] = field(default_factory=list)


def gather(
    settings: Settings, discovery: Discovery, before: Mapping[EntryKey, Entry], common_keys: CommonKeys
) -> Gathered:
    """Decide every drop of `discovery`, together with those of `before` that are no longer under raw/."""
    out = Gathered()
    reports = Reports(settings)
    groups: dict[tuple[str, str], list[Drop]] = defaultdict(list)
    for drop in (*discovery.drops, *_kept(settings, discovery, before, out)):
        groups[drop.source, drop.district].append(drop)
    out.entries.extend(_refused_entry(r) for r in discovery.refused)
    out.entries.extend(_refused_decisions(settings))
    for group, drops in sorted(groups.items()):
        _decide_group(group, drops, reports, before, common_keys, out)
    out.entries.sort(key=lambda e: e.key)
    return out


class Reports:
    """Landing's reports, read once each; None for a content that is not landed under today's contract."""

    def __init__(self, settings: Settings) -> None:
        self._dir = settings.landed_dir
        self._contracts = load_contracts()
        self._seen: dict[tuple[str, str], FileReport | None] = {}

    def of(self, drop: Drop) -> FileReport | None:
        key = (drop.source, drop.sha256)
        if key not in self._seen:
            self._seen[key] = self._read(*key)
        return self._seen[key]

    def _read(self, source: str, sha256: str) -> FileReport | None:
        return stored_report(LandedPaths.of(self._dir, source, sha256), self._contracts[source])


def common_keys_in(con: duckdb.DuckDBPyConnection, settings: Settings) -> CommonKeys:
    """Which of some landed files of an events source state a key that another one states: pairs of hashes."""

    def ask(contract: Contract, some: Collection[str], others: Collection[str]) -> set[tuple[str, str]]:
        def keys(hashes: Collection[str]) -> str:
            paths = [LandedPaths.of(settings.landed_dir, contract.source, h).rows for h in sorted(hashes)]
            columns = ", ".join(quote(k) for k in contract.keys)
            return f"SELECT DISTINCT file_sha256, {columns} FROM {landed(paths)}"

        same = " AND ".join(f"a.{quote(k)} IS NOT DISTINCT FROM b.{quote(k)}" for k in contract.keys)
        rows = con.execute(
            f"SELECT DISTINCT a.file_sha256, b.file_sha256 FROM ({keys(some)}) a JOIN ({keys(others)}) b "
            f"ON {same} WHERE a.file_sha256 <> b.file_sha256"
        ).fetchall()
        return {(a, b) for a, b in rows}

    return ask


def _decide_group(
    group: tuple[str, str],
    drops: Sequence[Drop],
    reports: Reports,
    before: Mapping[EntryKey, Entry],
    common_keys: CommonKeys,
    out: Gathered,
) -> None:
    """Decide one source of one district, up to the first day with a file that is not landed."""
    contract = load_contracts()[group[0]]
    not_landed = [d for d in drops if reports.of(d) is None]
    hold = min((d.received_on for d in not_landed), default=date.max)
    statements: dict[Statement, tuple[Drop, FileReport]] = {}
    for d in drops:
        report = reports.of(d)
        if report is not None and d.received_on < hold:
            scopes = frozenset(report.scopes)
            key = Statement(d.received_on, d.file_name, d.sha256, report.status == "refused", scopes)
            statements[key] = (d, report)

    times = Counter(x.sha256 for x in statements if not x.refused)
    pairs: set[tuple[str, str]] | None = None

    def overlaps(other: Statement, repeated: Statement) -> bool:
        nonlocal pairs
        if contract.mode != "events":
            return overlapping_scopes(other, repeated)
        if pairs is None:
            pairs = common_keys(contract, [h for h, n in times.items() if n > 1], list(times))
        return (repeated.sha256, other.sha256) in pairs

    for s, outcome in decide(statements, overlaps).items():
        out.entries.append(_landed_entry(*statements[s], outcome.status))
    out.not_landed.extend(sorted(not_landed))
    out.entries.extend(
        replace(e, held=True)
        for e in before.values()
        if (e.source, e.district) == group and e.received_on is not None and e.received_on >= hold
    )


def _kept(settings: Settings, discovery: Discovery, before: Mapping[EntryKey, Entry], out: Gathered) -> Iterable[Drop]:
    """Drops of earlier loads that discovery does not show: kept when gone, left out when replaced."""
    found = {(d.source, d.district, d.received_on.isoformat(), d.file_name): d.sha256 for d in discovery.drops}
    on_disk = {Path(d.path) for d in discovery.drops} | {Path(r.path) for r in discovery.refused}
    waiting = set(discovery.waiting)
    for key, e in sorted(before.items()):
        if e.received_on is None or e.source not in load_contracts() or found.get(key) == e.sha256:
            continue
        places = _places(settings, e)
        if key in found or any(p in on_disk for p in places):
            out.replaced.append(e)
            continue
        if not any(p in waiting for p in places):
            if e.status == "refused":
                continue
            out.removed.append(e)
        member = e.file_name.partition("!")[2] or None
        yield Drop(e.district, e.source, e.received_on, e.file_name, e.sha256, str(places[0]), member)


def _places(settings: Settings, e: Entry) -> tuple[Path, ...]:
    """Where the file of an entry lies or lay: with the district level, and without it for the house's own."""
    tail = Path(e.source) / e.day / e.file_name.partition("!")[0]
    within = settings.raw_dir / e.district / tail
    return (settings.raw_dir / tail, within) if e.district == settings.district else (within,)


def _landed_entry(drop: Drop, report: FileReport, status: Status) -> Entry:
    why = (report.reason_code, report.reason_zh, report.reason_en) if status == "refused" else (None,) * 3
    at = (drop.source, drop.district, drop.received_on, drop.file_name, drop.sha256)
    return Entry(*at, status, *why, report)


def _refused_entry(r: RefusedDrop) -> Entry:
    at = (r.source, r.district, r.received_on, r.file_name, r.sha256)
    return Entry(*at, "refused", r.reason_code, r.reason_zh, r.reason_en)


def _refused_decisions(settings: Settings) -> list[Entry]:
    """Decision files that cannot be read, as refused drops of `_decisions`."""
    return [
        Entry(
            decisions.FOLDER, settings.district, d.decided_on, d.file_name, d.sha256, "refused", "unreadable",
            d.problem[0], d.problem[1],
        )
        for d in decisions.read_decisions(settings.raw_dir)
        if d.problem is not None
    ]  # fmt: skip
