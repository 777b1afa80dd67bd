"""`make up`: the real scheduler, its workers and the web page, on this machine. Minutes, so `make test-long`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest

from zhixiao import nightly
from zhixiao.settings import PROJECT_DIR, Settings

pytestmark = [pytest.mark.long, pytest.mark.airflow]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def until(what: str, seconds: float, ask: Callable[[], Any]) -> Any:
    """Ask again until there is an answer."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if answer := ask():
                return answer
        except (OSError, ValueError) as e:
            last = e
        time.sleep(1)
    raise AssertionError(f"{what}: no answer in {seconds} s ({last})")


class Web:
    """The few calls of the REST API that the test needs."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = ""

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return cast(dict[str, Any], json.load(answer))


@pytest.fixture
def scheduler(settings: Settings, tmp_path: Path) -> Iterator[Web]:
    for source in ("social", "tax"):
        shutil.copytree(PROJECT_DIR / "tests" / "data" / "raw" / source, settings.raw_dir / source)
    port = free_port()
    log = (tmp_path / "standalone.log").open("wb")
    env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    process = subprocess.Popen(
        [sys.executable, "-m", "zhixiao.airflow_local", "up", "--port", str(port)],
        cwd=tmp_path,
        env={**env, **settings.to_env()},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    web = Web(port)
    try:
        health = "/api/v2/monitor/health"
        until("scheduler", 180, lambda: web.call("GET", health)["scheduler"]["status"] == "healthy")
        home = settings.state_dir / "airflow"
        password = json.loads((home / "simple_auth_manager_passwords.json.generated").read_text())["admin"]
        web.token = web.call("POST", "/auth/token", {"username": "admin", "password": password})["access_token"]
        yield web
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


def test_the_missed_night_and_a_triggered_run(settings: Settings, scheduler: Web) -> None:
    """At the start the scheduler makes up for last night; a run with parameters waits for it (one at a time)."""
    dag = "/api/v2/dags/nightly_load"
    until("the DAG", 120, lambda: scheduler.call("GET", dag)["is_paused"] is False)
    scheduler.call("POST", f"{dag}/dagRuns", {"logical_date": None, "conf": {"as_of": "2025-10-31"}})

    by_arrivals: list[dict[str, Any]] = []

    def ended() -> dict[str, dict[str, Any]] | None:
        # `arrivals` may have been the first to see the files; it counts as neither of the two.
        runs = [r for r in scheduler.call("GET", f"{dag}/dagRuns")["dag_runs"] if r["state"] in ("success", "failed")]
        by_arrivals[:] = [r for r in runs if r["dag_run_id"].startswith("arrivals__")]
        done = {r["run_type"]: r for r in runs if r not in by_arrivals}
        return done if set(done) == {"scheduled", "manual"} else None

    runs = until("both runs", 900, ended)
    landed: set[str] = set()
    for run in (*runs.values(), *by_arrivals):
        tasks = scheduler.call("GET", f"{dag}/dagRuns/{quote(run['dag_run_id'])}/taskInstances")["task_instances"]
        assert {t["task_id"]: t["state"] for t in tasks} == dict.fromkeys([*nightly.STEPS, "verdict"], "success")
        landed |= {t["rendered_map_index"] for t in tasks if t["task_id"] == "land"}
    assert landed == {"social-1", "tax-1", "nothing-new"}
    assert runs["scheduled"]["end_date"] <= runs["manual"]["start_date"]
    published = json.loads((settings.published_dir / "manifest.json").read_text(encoding="utf-8"))
    assert (published["known_on"], published["as_of"]) == ("2025-11-10", "2025-11-10")
    result = nightly.last_run(settings)
    assert result is not None
    assert (result["exit_code"], result["as_of"]) == (0, "2025-10-31")
    assert Path(result["publish"]["path"]) == settings.releases_dir / "2025-11-10_2025-10-31"
