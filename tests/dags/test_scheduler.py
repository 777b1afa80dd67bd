"""`make up`: the real scheduler, its workers and the web page, on this machine. Minutes, so `make test-long`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.fakes import FakeRooms  # noqa: F401  (the stand-in DAG below imports it in the workers)
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


def test_a_triggered_run_goes_through_workers_and_publishes(settings: Settings, scheduler: Web) -> None:
    import shutil

    for source in ("social", "tax"):
        shutil.copytree(PROJECT_DIR / "raw" / source, settings.raw_dir / source)
    dag = "/api/v2/dags/nightly_load"
    until("the DAG", 120, lambda: scheduler.call("GET", dag)["is_paused"] is False)
    started = scheduler.call("POST", f"{dag}/dagRuns", {"logical_date": None, "conf": {"as_of": "2025-10-31"}})
    run = f"{dag}/dagRuns/{started['dag_run_id']}"

    def ended() -> dict[str, Any] | None:
        found = scheduler.call("GET", run)
        return found if found["state"] in ("success", "failed") else None

    found = until("the run", 600, ended)
    tasks = scheduler.call("GET", f"{run}/taskInstances")["task_instances"]
    states = {(t["task_id"], t["rendered_map_index"]): t["state"] for t in tasks}
    assert found["state"] == "success", states
    assert states[("land", "tax-1")] == "success"
    result = nightly.last_run(settings)
    assert result is not None and result["exit_code"] == 0
    assert settings.published_db.exists()
