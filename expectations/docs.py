"""Pages for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from expectations.results import ResultRow
from zhixiao.settings import Settings


def write_gate_page(settings: Settings, known_on: date, rows: Sequence[ResultRow], files: int) -> Path:
    return settings.docs_dir / "expectations" / "gate.html"
