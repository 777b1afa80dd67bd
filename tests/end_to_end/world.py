"""A real warehouse as a test looks at it: run by the command line, read through the published file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import duckdb

from zhixiao.settings import PROJECT_DIR, Settings

COMMAND = [sys.executable, "-m", "zhixiao.cli"]


def child_env(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a run of its own: nothing of this process's ZHIXIAO_ settings but the given ones."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ZHIXIAO_")}
    return {**kept, **settings.to_env(), **more}


def run_cli(settings: Settings, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`zhixiao <arguments>` in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=PROJECT_DIR, env=child_env(settings, **env),
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def run_killed(settings: Settings, at: str | None = None, after: float | None = None, group: bool = False) -> bool:
    """`zhixiao run`, killed at a named point or after some seconds, alone or with all its children.

    Returns whether it was killed; a run may be over sooner.
    """
    env = child_env(settings, **({"ZHIXIAO_KILL_AT": at} if at else {}))
    process = subprocess.Popen(
        [*COMMAND, "run"], cwd=PROJECT_DIR, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    return process.returncode == -signal.SIGKILL


@dataclass
class World:
    """One warehouse and its drop zone."""

    settings: Settings

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_cli(self.settings, "run", *arguments)

    def read(self, sql: str, folder: str = "") -> list[tuple[Any, ...]]:
        """Ask a published file: of published/, or of a folder under releases/."""
        base = self.settings.releases_dir / folder if folder else self.settings.published_dir
        with duckdb.connect(str(base / "zhixiao.duckdb"), read_only=True) as con:
            return con.execute(sql).fetchall()

    def release(self, folder: str = "") -> str:
        return str(self.read("SELECT release_id FROM quality.release", folder)[0][0])

    def checksums(self, folder: str = "") -> dict[str, str]:
        out: dict[str, str] = json.loads(self.read("SELECT checksums FROM quality.release", folder)[0][0])
        return out

    def statuses(self) -> dict[tuple[str, str], int]:
        rows = self.read("SELECT source, status, count(*) FROM quality.load_log GROUP BY ALL")
        return {(s, t): n for s, t, n in rows}
