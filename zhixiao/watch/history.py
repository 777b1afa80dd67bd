"""How the nights went: a line a run in `state/history.jsonl`, and the last one as metrics for a collector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from zhixiao.settings import Settings
from zhixiao.warehouse.files import write_atomic

RUNS_KEPT = 400


@dataclass(frozen=True)
class Night:
    """One run, in figures."""

    run_id: str
    finished_at: str
    seconds: float
    exit_code: int
    known_on: str | None
    as_of: str | None
    files: int
    new_files: int
    refused: int
    failed_steps: int
    release_id: str | None
    step_seconds: dict[str, float]


def night_of(result: Mapping[str, Any]) -> Night:
    """The figures of a verdict."""
    files = result.get("files") or {}
    steps: dict[str, float] = {}
    for s in result.get("steps") or []:
        name = str(s["step"]).partition("-")[0]
        steps[name] = round(steps.get(name, 0.0) + float(s.get("seconds") or 0), 1)
    started, finished = (datetime.fromisoformat(str(result[k])) for k in ("started_at", "finished_at"))
    return Night(
        str(result["run_id"]), str(result["finished_at"]), round((finished - started).total_seconds(), 1),
        int(result["exit_code"]), result.get("known_on"), result.get("as_of"), int(files.get("files") or 0),
        int(files.get("new") or 0), len(result.get("refused") or []),
        sum(s.get("status") == "failed" for s in result.get("steps") or []),
        (result.get("publish") or {}).get("release_id"), steps,
    )  # fmt: skip


def remember(settings: Settings, night: Night) -> None:
    """Add a line; a run that is told twice (a cleared task) replaces its line."""
    kept = [n for n in nights(settings) if n.run_id != night.run_id][-(RUNS_KEPT - 1) :]
    lines = [json.dumps(asdict(n), ensure_ascii=False) for n in [*kept, night]]
    write_atomic(_path(settings), "\n".join(lines) + "\n")


def nights(settings: Settings) -> list[Night]:
    """The runs that are remembered, the oldest first. A line that cannot be read is left out."""
    out = []
    try:
        lines = _path(settings).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            out.append(Night(**json.loads(line)))
        except (TypeError, ValueError):
            continue
    return out


def write_metrics(settings: Settings, night: Night, matters: Mapping[str, int]) -> Path:
    """`state/metrics.prom`, in the text format that a Prometheus node exporter collects from a folder."""
    rows = [
        ("zhixiao_run_exit_code", "0 published, 3 published with faults, 1 not published", {}, night.exit_code),
        ("zhixiao_run_seconds", "wall time of the run", {}, night.seconds),
        ("zhixiao_run_finished_timestamp", "when the run ended", {}, _epoch(night.finished_at)),
        ("zhixiao_files", "delivered files", {}, night.files),
        ("zhixiao_files_new", "files that this run landed", {}, night.new_files),
        ("zhixiao_files_refused", "refused files that need an answer", {}, night.refused),
        *(("zhixiao_step_seconds", "time of a step", {"step": k}, v) for k, v in night.step_seconds.items()),
        *(("zhixiao_matters", "lines of the digest", {"kind": k}, v) for k, v in sorted(matters.items())),
    ]
    out: list[str] = []
    told: set[str] = set()
    for name, words, labels, value in rows:
        if name not in told:
            told.add(name)
            out += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
        shown = ",".join(f'{k}="{v}"' for k, v in labels.items())
        out.append(f"{name}{{{shown}}} {value}" if shown else f"{name} {value}")
    path = settings.state_dir / "metrics.prom"
    write_atomic(path, "\n".join(out) + "\n")
    return path


def _epoch(moment: str) -> int:
    from zhixiao.warehouse.lock import LOCAL_ZONE

    return int(datetime.fromisoformat(moment).replace(tzinfo=LOCAL_ZONE).timestamp())


def _path(settings: Settings) -> Path:
    return settings.state_dir / "history.jsonl"
