"""What people decided: append-only CSV files under `raw/_decisions/<day>/`, read as rows and written by the CLI."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhixiao.errors import ConfigError
from zhixiao.harmless import csv_lines, csv_text_read
from zhixiao.landing.discover import DECISIONS, parse_day
from zhixiao.warehouse.files import write_atomic

FOLDER = DECISIONS
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True)
class DecisionFile:
    """One file of decisions. `problem` (zh, en) is set when it cannot be read; it then has no rows."""

    decided_on: date
    file_name: str
    sha256: str
    rows: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None

    @property
    def kind(self) -> str:
        """What the decisions are about: the file's name up to the first dot or hyphen."""
        return self.file_name.partition(".")[0].partition("-")[0]


def read_decisions(raw_dir: Path) -> list[DecisionFile]:
    """All decision files, by day and then name by code point."""
    out = [
        _read(day, path)
        for path in (raw_dir / FOLDER).glob("*/*.csv")
        if (day := parse_day(path.parent.name)) is not None and not path.name.startswith((".", "~$"))
    ]
    return sorted(out, key=lambda d: (d.decided_on, d.file_name))


def _read(day: date, path: Path) -> DecisionFile:
    if not path.is_file() or path.is_symlink():
        return DecisionFile(
            day,
            path.name,
            hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest(),
            problem=(
                f"{path} 不是普通文件（是链接、管道或文件夹），不读取。请放入文件本身。",
                f"{path} is no plain file (a link, a pipe or a folder) and is not read. Put the file itself there.",
            ),
        )
    content = path.read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    text = None
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\0" in text:
        return DecisionFile(
            day,
            path.name,
            sha,
            problem=(
                f"决定文件 {path} 不是 UTF-8 或 GB18030 的 CSV，无法读取。请另存为 CSV UTF-8。",
                f"the decision file {path} is neither UTF-8 nor GB18030 text. Save it as CSV UTF-8.",
            ),
        )
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="_extra", restval="")
    rows = []
    for row in reader:
        clean = {
            (k or "").strip(): csv_text_read(v.strip()).strip() if isinstance(v, str) else v for k, v in row.items()
        }
        if any(clean.values()):
            rows.append(json.dumps(clean, ensure_ascii=False, sort_keys=True))
    return DecisionFile(day, path.name, sha, tuple(rows))


def _clean(cell: str) -> str:
    return csv_text_read(cell.strip()).strip()


def append_decision(raw_dir: Path, day: date, kind: str, row: Mapping[str, str]) -> Path:
    """Add one decision to `raw/_decisions/<day>/<kind>.csv`. What stands there is never changed.

    Raises ConfigError when actor (or editor) or reason is missing, or when the file has other columns.
    """
    who = "editor" if "editor" in row else "actor"
    for needed, zh in ((who, f"决定人 {who}"), ("reason", "理由 reason")):
        if not row.get(needed, "").strip():
            raise ConfigError(f"缺少{zh}：每个决定都要写明谁、为什么。", f"a decision needs its {needed}.")
    path = raw_dir / FOLDER / day.isoformat() / f"{kind}.csv"
    with _one_at_a_time(path.parent):
        _append(path, row)
    return path


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two people who decide in the same moment write one after the other, and no row is lost."""
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _append(path: Path, row: Mapping[str, str]) -> None:
    header = list(row)
    old = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
    if old:
        found = next(csv.reader(io.StringIO(old, newline="")), [])
        if found != header:
            raise ConfigError(
                f"{path} 的列是 {'、'.join(found)}，与本命令写的 {'、'.join(header)} 不同。请换一个日期，或手工补写。",
                f"{path} has the columns {', '.join(found)}, this command writes {', '.join(header)}. "
                "Use another day or add the row by hand.",
            )
    rows = [[row[c] for c in header]] if old else [header, [row[c] for c in header]]
    gap = "\n" if old and not old.endswith("\n") else ""
    write_atomic(path, old + gap + csv_lines(rows))
