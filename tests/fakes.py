"""Stand-ins for the rooms behind the nightly steps: small, honest, and with faults on demand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from zhixiao.errors import PublicationRefused
from zhixiao.landing.discover import Discovery
from zhixiao.landing.report import Drop, FileReport, LandedPaths, RefusedDrop
from zhixiao.settings import Settings
from zhixiao.warehouse.files import read_json, write_json
from zhixiao.warehouse.lock import warehouse_lock
from zhixiao.warehouse.pair import resolve_pair

Json = dict[str, Any]
Progress = Callable[[str], None]


@dataclass
class FakeRooms:
    """A file's first word decides what becomes of it: REFUSE, CRASH, MEMORY, or it lands.

    `faults` maps a step to errors, raised one a call until none is left.
    """

    faults: dict[str, list[BaseException]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    audit_passes: bool = True
    waiting: list[Path] = field(default_factory=list)
    unassigned: list[RefusedDrop] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda name: None
    told: list[Json] = field(default_factory=list)

    def _enter(self, name: str) -> None:
        self.calls.append(name)
        self.on_call(name)
        if self.faults.get(name):
            raise self.faults[name].pop(0)

    @contextmanager
    def lock(self, settings: Settings, wait_seconds: float, what: str) -> Iterator[Any]:
        self._enter("lock")
        with warehouse_lock(settings, 0.0, what) as held:
            yield held

    def resolve(self, settings: Settings, known_on: str | None, as_of: str | None) -> Json:
        self._enter("resolve")
        return dict(resolve_pair(settings, known_on, as_of).to_json())

    def discover(self, settings: Settings) -> Discovery:
        self._enter("discover")
        drops = [
            Drop(
                "321204",
                p.parent.parent.name,
                date.fromisoformat(p.parent.name),
                p.name,
                hashlib.sha256(p.read_bytes()).hexdigest(),
                str(p),
            )
            for p in sorted(settings.raw_dir.glob("*/*/*"))
            if p not in self.waiting
        ]
        return Discovery(sorted(drops), list(self.unassigned), list(self.waiting))

    def report(self, settings: Settings, drop: Drop) -> FileReport | None:
        path = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256).report
        return FileReport.from_json(path.read_text(encoding="utf-8")) if path.exists() else None

    def land_drop(self, settings: Settings, drop: Drop) -> FileReport:
        self._enter("land")
        word = Path(drop.path).read_text(encoding="utf-8").split()[0]
        if word == "CRASH":
            raise TypeError("a bug in the reader")
        if word == "MEMORY":
            raise MemoryError("too big")
        report = FileReport(drop.source, drop.sha256, "1.0.0", "landed")
        if word == "REFUSE":
            report = FileReport(
                drop.source, drop.sha256, "1.0.0", "refused", "header_not_found", "没有表头", "no header row"
            )
        path = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256).report
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report.to_json(), encoding="utf-8")
        return report

    def gate(self, settings: Settings, drops: Sequence[Drop], known_on: date, new: Sequence[Drop]) -> Json:
        self._enter("gate")
        return {"judged": len(drops), "new": len(new)}

    def load(self, settings: Settings, found: Discovery, progress: Progress) -> Json:
        self._enter("load")
        files = sorted(p.name for p in settings.landed_dir.glob("*/*.json"))
        write_json(settings.warehouse_dir / "work" / "candidate.json", files)
        return {"files": len(files)}

    def build(self, settings: Settings, pair: Json, progress: Progress) -> Json:
        self._enter("build")
        return {"models": 1}

    def audit(self, settings: Settings, pair: Json) -> Json:
        self._enter("audit")
        if not self.audit_passes:
            raise PublicationRefused("关键规则未通过：主键重复", "a critical rule failed: duplicate keys")
        return {"may_publish": True}

    def publish(self, settings: Settings, pair: Json, progress: Progress) -> Json:
        self._enter("publish")
        candidate = read_json(settings.warehouse_dir / "work" / "candidate.json")
        write_json(settings.published_dir / "release.json", {**pair, "files": candidate})
        return {"release_id": "-".join(pair.values()), "path": str(settings.published_dir)}

    def answer(self, settings: Settings, since: date, only: Collection[tuple[str, str]], progress: Progress) -> Json:
        self._enter("answer")
        return {"files": len(only)}

    def tell(self, settings: Settings, result: Json) -> list[str]:
        self.told.append(result)
        return []

    def summary(self, settings: Settings, result: Json) -> str:
        return f"release {result['publish']['release_id']}"


def drop_file(settings: Settings, source: str, day: str, name: str, text: str) -> Path:
    """Put a file into the drop zone."""
    path = settings.raw_dir / source / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def published(settings: Settings) -> Json | None:
    """What the fake publication left."""
    path = settings.published_dir / "release.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
