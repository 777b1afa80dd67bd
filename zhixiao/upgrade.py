"""A changed contract: land every file of its source again, also the refused ones, and tell what came out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from zhixiao.contracts import load_contract, load_contracts
from zhixiao.landing.discover import discover
from zhixiao.landing.report import LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect
from zhixiao.warehouse.load import load
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, warehouse_lock

Progress = Callable[[str], None]
Log = dict[tuple[str, str, str, str], dict[str, Any]]

COMPARED = ("status", "reason_code", "rows_accepted", "rows_quarantined", "money_accepted", "money_quarantined")


@dataclass
class UpgradeResult:
    """What an upgrade did: the versions that changed, the files landed again, and those that came out otherwise."""

    versions: dict[str, list[str]] = field(default_factory=dict)
    files: int = 0
    failed: list[str] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def upgrade(
    settings: Settings,
    sources: Collection[str] = (),
    *,
    again: bool = False,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    progress: Progress | None = None,
) -> UpgradeResult:
    """Land the files of all sources whose contract version differs from the one they were landed under.

    `sources` limits it; `again` lands them also when the version is the same. Broken off, it goes on where it
    stopped: a file whose report is of the old version is landed by the next run.
    """
    from zhixiao.nightly import close_pools, land_all

    for s in sources:
        load_contract(s)
    say = progress or (lambda _: None)
    out = UpgradeResult()
    with warehouse_lock(settings, wait_seconds, "upgrade"):
        before = _log(settings)
        found = discover(settings)
        drops = {(d.source, d.sha256): d for d in found.drops if not sources or d.source in sources}
        if again:
            for source, sha in drops:
                LandedPaths.of(settings.landed_dir, source, sha).report.unlink(missing_ok=True)
        stale = [d for d in drops.values() if again or _landed_version(settings, d.source, d.sha256) != _now(d.source)]
        out.files = len(stale)
        for d in stale:
            was = before.get((d.source, d.received_on.isoformat(), d.district, d.file_name), {}).get("contract_version")
            if was and was != _now(d.source):
                out.versions[d.source] = [was, _now(d.source)]
        say(f"重新落地 {len(stale)} 个文件 / landing {len(stale)} files again")
        try:
            out.failed = [f"{o.file_name}: {o.error}" for o in land_all(settings, stale) if o.status == "failed"]
        finally:
            close_pools()
        load(settings, found, progress=progress)
        out.changed = compare(before, _log(settings))
    return out


def compare(before: Log, after: Log) -> list[dict[str, Any]]:
    """The files whose outcome or counts are not what they were."""
    out = []
    for key in sorted(before.keys() & after.keys()):
        old, new = before[key], after[key]
        changed = {c: [str(old[c]), str(new[c])] for c in COMPARED if old[c] != new[c]}
        if changed:
            source, day, district, name = key
            out.append({"file": f"{source}/{day}/{name}", "district": district, "changed": changed})
    return out


def _log(settings: Settings) -> Log:
    if not settings.work_db.exists():
        return {}
    columns = ("source", "received_on", "district_code", "file_name", "contract_version", *COMPARED)
    with connect(settings, settings.work_db) as con:
        names = {
            n for (n,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'").fetchall()
        }
        if "load_log" not in names:
            return {}
        rows = con.execute(f"SELECT {', '.join(columns)} FROM raw.load_log WHERE received_on IS NOT NULL").fetchall()
    return {(r[0], r[1].isoformat(), r[2], r[3]): dict(zip(columns[4:], r[4:], strict=True)) for r in rows}


def _landed_version(settings: Settings, source: str, sha256: str) -> str | None:
    from zhixiao.warehouse.files import read_json

    report = read_json(LandedPaths.of(settings.landed_dir, source, sha256).report)
    return report.get("contract_version") if report else None


def _now(source: str) -> str:
    return load_contracts()[source].version
