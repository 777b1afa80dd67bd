"""A whole nightly run in this process, without Airflow: the same steps in the same order, for debugging."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import duckdb

from zhixiao import nightly
from zhixiao.errors import ZhixiaoError
from zhixiao.settings import Settings
from zhixiao.warehouse.lock import DEFAULT_WAIT_SECONDS, Holder, warehouse_lock

Json = dict[str, Any]
Progress = Callable[[str], None]


@dataclass
class RunResult:
    """How a run ended: 0 published, 3 published with faults, 1 not published. `text` is what a person reads."""

    exit_code: int
    release_id: str | None
    known_on: str | None
    as_of: str | None
    text: str
    details: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        return asdict(self)


def run(
    settings: Settings,
    known_on: str | date | None = None,
    as_of: str | date | None = None,
    progress: Progress | None = None,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
) -> RunResult:
    """Land, load, build, audit and publish everything under raw/. Holds the warehouse for the whole run.

    Raises LockError when the warehouse is not free in time; every other fault is in the result.
    """
    say = progress or (lambda _: None)

    def waiting(holder: Holder | None) -> None:
        who = (holder.zh, holder.en) if holder else ("另一个进程", "another process")
        say(f"数据仓被{who[0]}占用，等待… / the warehouse is held by {who[1]}, waiting ...")

    with _environment(settings), warehouse_lock(settings, wait_seconds, "zhixiao run", waiting), _telling(say):
        run_id = nightly.now().strftime("run_%Y%m%dT%H%M%S") + f"_{os.getpid()}"
        params = {"known_on": known_on and str(known_on), "as_of": as_of and str(as_of)}
        outcome = _steps(run_id, params, say)
        try:
            nightly.verdict(run_id, outcome)
        except nightly.NightlyFailed:
            pass
        finally:
            nightly.close_pools()
        details = nightly.last_run(settings) or {}
        text = nightly.report_of(settings, details)
    published = details.get("publish") or {}
    release = published.get("release_id")
    return RunResult(details["exit_code"], release, details["known_on"], details["as_of"], text, details)


def _steps(run_id: str, params: Json, say: Progress) -> dict[str, Json | None]:
    """Run the steps until one that the next ones need fails. The reasons are in the run's folder."""
    outcome: dict[str, Json | None] = {}
    try:
        pair = outcome["resolve"] = nightly.resolve(run_id, params)
        for batch in nightly.discover(run_id):
            with _tolerant(say):
                nightly.land(run_id, batch)
        with _tolerant(say):
            outcome["gate"] = nightly.gate(run_id, pair)
        outcome["load"] = nightly.load(run_id)
        outcome["build"] = nightly.build(run_id, pair)
        outcome["audit"] = nightly.audit(run_id, pair)
        outcome["publish"] = nightly.publish(run_id, pair)
        with _tolerant(say):
            outcome["answer"] = nightly.answer(run_id, pair)
    except (ZhixiaoError, duckdb.Error, MemoryError, OSError) as e:
        say(str(e))
    return outcome


@contextmanager
def _tolerant(say: Progress) -> Iterator[None]:
    """A fault of these steps is told by the verdict and does not stop the others."""
    try:
        yield
    except Exception as e:
        say(str(e))


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """The steps read their settings from the environment, as tasks of a scheduler do."""
    before = dict(os.environ)
    os.environ.update(settings.to_env())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _telling(say: Progress) -> Iterator[None]:
    before = nightly.progress
    nightly.progress = say
    try:
        yield
    finally:
        nightly.progress = before
