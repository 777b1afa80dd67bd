"""What lies in the drop zone: every file, the source and day it came under, and its hash.

Layout (`sources.md` section 1): `raw/[<district code>/]<source>/<received YYYY-MM-DD>/<file>`. Nothing is
opened further than its bytes are hashed; hashes are remembered by size and time of change.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from zhixiao.contracts import load_contracts
from zhixiao.landing.container import list_members, printable
from zhixiao.landing.refusal import Refusal
from zhixiao.landing.report import Drop, RefusedDrop
from zhixiao.settings import Settings

DECISIONS = "_decisions"
READY = "_READY"
_DISTRICT = re.compile(r"\d{6}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass
class Discovery:
    """The drop zone as it stands: what can be landed, what cannot even be assigned, what is still written."""

    drops: list[Drop] = field(default_factory=list)
    refused: list[RefusedDrop] = field(default_factory=list)
    waiting: list[Path] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "drops": [d.to_json() for d in self.drops],
            "refused": [
                {**r.__dict__, "received_on": r.received_on.isoformat() if r.received_on else None}
                for r in self.refused
            ],
            "waiting": [str(p) for p in self.waiting],
        }

    @classmethod
    def from_json(cls, d: dict[str, Any]) -> Discovery:
        return cls(
            drops=[Drop.from_json(x) for x in d["drops"]],
            refused=[
                RefusedDrop(**{**x, "received_on": date.fromisoformat(x["received_on"]) if x["received_on"] else None})
                for x in d["refused"]
            ],
            waiting=[Path(p) for p in d["waiting"]],
        )


def discover(settings: Settings) -> Discovery:
    """Walk the drop zone. The order is by district, source, day and file name, by code point."""
    out = Discovery()
    if not settings.raw_dir.is_dir():
        return out
    cache = _HashCache(settings.state_dir / "hashes.json", settings.raw_dir)
    for district, source_dir in _source_dirs(settings.raw_dir, settings.district):
        if source_dir.name in load_contracts():
            _discover_source(settings, district, source_dir, cache, out)
        else:
            out.refused += _unknown_source(district, source_dir, settings)
    cache.save()
    out.drops.sort()
    return out


def received_days(raw_dir: Path) -> list[date]:
    """Every day under which something was received or decided, in order."""
    days: set[date] = set()
    for base in (raw_dir, *(d for d in _dirs(raw_dir) if _DISTRICT.fullmatch(d.name))):
        for source_dir in _dirs(base):
            if source_dir.name == DECISIONS or source_dir.name in load_contracts():
                days |= {day for d in _dirs(source_dir) if (day := parse_day(d.name)) and any(_files(d))}
    return sorted(days)


def parse_day(name: str) -> date | None:
    """A received day as its folder is named, or None."""
    if not _DAY.fullmatch(name):
        return None
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2099 else None


def _dirs(base: Path) -> list[Path]:
    if not base.is_dir():
        return []
    return sorted((p for p in base.iterdir() if p.is_dir() and not p.name.startswith(".")), key=lambda p: p.name)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*"), key=lambda p: str(p)):
        if not path.is_dir() and _is_delivery(path.relative_to(folder).parts):
            yield path


def _source_dirs(raw_dir: Path, district: str) -> Iterator[tuple[str, Path]]:
    for first in _dirs(raw_dir):
        if first.name == DECISIONS:
            continue
        if _DISTRICT.fullmatch(first.name):
            yield from ((first.name, second) for second in _dirs(first) if second.name != DECISIONS)
        else:
            yield district, first


def _discover_source(settings: Settings, district: str, source_dir: Path, cache: _HashCache, out: Discovery) -> None:
    source = source_dir.name
    home = source_dir.resolve()
    for path in sorted(p for p in source_dir.iterdir() if not p.is_dir() and _is_delivery((p.name,))):
        out.refused.append(_bad_date(district, source, path, path.name))
    for day_dir in _dirs(source_dir):
        day = parse_day(day_dir.name)
        files = list(_files(day_dir))
        if day is None:
            out.refused += [_bad_date(district, source, files[0], day_dir.name)] if files else []
            continue
        ready_at = _ready_at(day_dir)
        for path in files:
            name = _label(path.relative_to(day_dir).as_posix())
            if _leads_out(path, home):
                out.refused.append(_link(district, source, day, name, path))
                continue
            if _is_unsettled(path, settings.settle_seconds, ready_at):
                out.waiting.append(path)
                continue
            try:
                members = cache.members(path)
            except (Refusal, OSError) as e:
                out.refused.append(_unreadable(district, source, day, name, path, e))
                continue
            out.drops += [
                Drop(
                    district=district,
                    source=source,
                    received_on=day,
                    file_name=f"{name}!{inner}" if inner is not None else name,
                    sha256=sha256,
                    path=str(path),
                    member=inner,
                )
                for inner, sha256 in members
            ]


def _is_delivery(parts: tuple[str, ...]) -> bool:
    """Whether a path below a day folder is a delivery and no lock file, dot file, README or ready flag."""
    stem = parts[-1].upper().split(".")[0]
    return not any(p.startswith((".", "~$")) for p in parts) and stem not in ("README", READY)


def _leads_out(path: Path, home: Path) -> bool:
    """Whether a link, of the file or of a folder above it, shows what its sender did not put there.

    The folder of a source may itself be a link of the operator's; what lies below it is the sender's.
    """
    try:
        return not path.resolve(strict=True).is_relative_to(home)
    except (OSError, RuntimeError):
        return path.is_symlink()


def _label(name: str) -> str:
    """The name of a file in tables and messages. What cannot be shown is replaced, and the name stays unique."""
    shown = printable(name)
    if shown == name:
        return name
    return f"{shown}~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def _link(district: str, source: str, day: date, name: str, path: Path) -> RefusedDrop:
    return RefusedDrop(
        district, source, day, name, _sha256(path), str(path), "unreadable",
        f"这是指向别处的链接，不读取：{name}。请放入文件本身。",
        f"this is a link to somewhere else and is not read: {name}. Put the file itself there.",
    )  # fmt: skip


def _ready_at(day_dir: Path) -> float | None:
    """When the sender said that this day's folder is complete; None where no flag lies in it."""
    flags = [p for p in (day_dir / READY, day_dir / f"{READY}.txt") if p.is_file()]
    return max((p.stat().st_mtime for p in flags), default=None)


def _is_unsettled(path: Path, settle_seconds: int, ready_at: float | None = None) -> bool:
    """A file changed in the last seconds is still being written and waits for the next run, unless the sender
    set the flag after it. One dated a little ahead, by a server whose clock is ahead, waits as well; one dated
    far ahead does not, since it would wait for ever.
    """
    try:
        changed = path.stat().st_mtime
    except OSError:
        return True
    if ready_at is not None and changed <= ready_at:
        return False
    return abs(time.time() - changed) < settle_seconds


def _bad_date(district: str, source: str, path: Path, name: str) -> RefusedDrop:
    name = printable(name)
    return RefusedDrop(
        district, source, None, _label(path.name), _sha256(path), str(path), "bad_date",
        f"“{name}”不是接收日期。请把文件放到 raw/{source}/2026-01-31/ 这样的文件夹里。",
        f"“{name}” is no received day: put the file into a folder such as raw/{source}/2026-01-31/.",
    )  # fmt: skip


def _unknown_source(district: str, source_dir: Path, settings: Settings) -> list[RefusedDrop]:
    files = list(_files(source_dir))
    if not files:
        return []
    known = list(load_contracts())
    titles = {c.title_zh: s for s, c in load_contracts().items()}
    name = printable(source_dir.name)
    near = difflib.get_close_matches(name.lower(), known, 1, 0.5)
    near = near or [titles[t] for t in difflib.get_close_matches(name, list(titles), 1, 0.5)]
    zh = f"最接近的是 {near[0]}（{load_contracts()[near[0]].title_zh}）" if near else f"可用的有：{'、'.join(known)}"
    en = f"the nearest is {near[0]}" if near else f"known: {', '.join(known)}"
    days = sorted(d for f in files if (d := parse_day(f.relative_to(source_dir).parts[0])) is not None)
    label = _label(files[0].name) if len(files) == 1 else f"{name}/ ({len(files)} files)"
    return [
        RefusedDrop(
            district, name, days[0] if days else None, label, _sha256(files[0]), str(files[0]), "unknown_source",
            f"没有名为“{name}”的来源，{zh}。请移到正确的来源文件夹。",
            f"there is no source named “{name}”; {en}. Move the files into the folder of their source.",
        )
    ]  # fmt: skip


def _unreadable(district: str, source: str, day: date, name: str, path: Path, error: Refusal | OSError) -> RefusedDrop:
    if isinstance(error, Refusal):
        code, zh, en = error.reason_code, error.zh, error.en
    else:
        code = "unreadable"
        zh = f"文件打不开：{error.strerror}。请检查权限后重报。"
        en = f"the file cannot be opened: {error.strerror}. Check its permissions and send it again."
    return RefusedDrop(district, source, day, name, _sha256(path), str(path), code, zh, en)


def _sha256(path: Path) -> str:
    """The hash of a plain file; of anything else, and of a link, the hash of its name."""
    try:
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as f:
                return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError:
        pass
    return hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()


class _HashCache:
    """Hashes of files whose size and time of change have not moved since they were read."""

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self.root = root
        self.changed = False
        try:
            self.known: dict[str, list[Any]] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def members(self, path: Path) -> list[tuple[str | None, str]]:
        """(inner name or None, hash) of every file that this one brings."""
        stat = path.stat()
        key = os.fspath(path.absolute())
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        entry = self.known.get(key)
        if entry is None or entry[0] != stamp:
            entry = [stamp, [[m.inner, m.sha256] for m in list_members(path)]]
            self.known[key] = entry
            self.changed = True
        return [(inner, sha) for inner, sha in entry[1]]

    def save(self) -> None:
        if not self.changed:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        tmp = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        tmp.write_text(json.dumps(self.known, ensure_ascii=True, sort_keys=True), encoding="utf-8")
        tmp.replace(self.path)
