"""What a person types: make, bin/setup, bin/zhixiao-run. The rooms behind a run are stand-ins here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes import drop_file
from zhixiao import airflow_local
from zhixiao.contracts import load_contracts
from zhixiao.settings import PROJECT_DIR, Settings
from zhixiao.warehouse.lock import warehouse_lock

RUN = """
import sys
from tests.fakes import FakeRooms
from zhixiao import airflow_local, nightly
nightly.backend = FakeRooms()
sys.exit(airflow_local.main(sys.argv[1:]))
"""


def run(*args: str, cwd: Path = PROJECT_DIR, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One `make run` with stand-ins, from `cwd`."""
    return subprocess.run(
        [sys.executable, "-c", RUN, "run", *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR), "ZHIXIAO_SETTLE_SECONDS": "0", **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.airflow
def test_a_run_elsewhere_with_spaces_and_chinese_in_every_path(tmp_path: Path) -> None:
    here = tmp_path / "别 处"
    settings = Settings(here / "投放 区", here / "数据 仓")
    drop_file(settings, "tax", "2026-01-05", "入库 税收.csv", "good")
    done = run("--raw", "投放 区", "--warehouse", "数据 仓", "--as-of", "2025-12-31", cwd=here)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert all(re.match(r"\[\d\d:\d\d\] ", line) for line in lines[:-1]), done.stdout
    assert lines[-1] == "release 2026-01-05-2025-12-31"
    assert "1 files found, 1 new" in done.stdout
    last = json.loads((settings.state_dir / "last_run.json").read_text(encoding="utf-8"))
    assert (last["exit_code"], last["as_of"]) == (0, "2025-12-31")
    [log] = (settings.state_dir / "logs").iterdir()
    assert "[DAG TEST] end task task_id=verdict" in log.read_text(encoding="utf-8")

    drop_file(settings, "tax", "2026-01-06", "坏.csv", "REFUSE")
    env = {"ZHIXIAO_RAW": str(settings.raw_dir), "ZHIXIAO_WAREHOUSE": str(settings.warehouse_dir)}
    again = run(cwd=tmp_path, env=env)
    assert again.returncode == 3
    assert again.stdout.splitlines()[-2].startswith("已发布，但需要处理：拒收 tax/2026-01-06/坏.csv：没有表头。")
    assert again.stdout.splitlines()[-1].endswith("What to do: docs/runbook.md.")

    empty = run("--raw", str(tmp_path / "nothing"), cwd=tmp_path, env=env)
    assert (empty.returncode, empty.stdout) == (1, "")
    assert "The drop zone does not exist" in empty.stderr

    wrong = run(cwd=tmp_path, env={**env, "KNOWN_ON": "31.12.2025"})
    assert wrong.returncode == 1
    assert "KNOWN_ON must be a date like 2026-01-31" in wrong.stderr


def test_a_second_run_says_who_holds_the_warehouse(settings: Settings) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    with warehouse_lock(settings, 0.0, "somebody"):
        done = run(env={**settings.to_env(), "ZHIXIAO_LOCK_WAIT": "1"})
    assert done.returncode == 1
    assert f"waiting for process {os.getpid()}" in done.stdout
    assert "somebody" in done.stdout.splitlines()[-1]


def test_a_fresh_clone_waits_until_its_files_are_settled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fakes import FakeRooms
    from zhixiao import nightly

    path = drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    fake = FakeRooms(waiting=[path])
    slept: list[float] = []
    said: list[str] = []
    monkeypatch.setattr(nightly, "backend", fake)
    monkeypatch.setattr(time, "sleep", slept.append)
    here = Settings(settings.raw_dir, settings.warehouse_dir, settle_seconds=60)
    airflow_local.settle(here, said.append)
    assert len(slept) == 1 and 50 < slept[0] <= 61
    assert "waiting" in said[0]
    os.utime(path, (1, 1))
    airflow_local.settle(here, said.append)
    fake.waiting = []
    airflow_local.settle(here, said.append)
    assert len(slept) == 1


# --- the scripts


def test_every_target_has_a_line_of_help() -> None:
    text = (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.M))
    assert targets >= {"help", "run", "up", "test", "test-long", "bench", "lint", "fmt", "clean"}
    done = subprocess.run(["make", "help"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")} >= targets
    phony = re.search(r"^\.PHONY: (.*)$", text, re.M)
    assert phony is not None and set(phony[1].split()) == targets


@pytest.mark.parametrize("path", ["bin/setup", "bin/check", "bin/zhixiao-run", ".ci/run"])
def test_scripts_are_executable_bash_without_faults(path: str) -> None:
    script = PROJECT_DIR / path
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", str(script)], check=True)


def fake_machine(tmp_path: Path, python: str) -> dict[str, str]:
    """A PATH with the usual tools and one interpreter that says what it is."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("bash", "env", "cat", "sha256sum", "cut", "dirname", "flock", "df", "awk", "mkdir", "rm"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    if python:
        (folder / "python3").write_text(f"#!/bin/bash\n{python}\n", encoding="utf-8")
        (folder / "python3").chmod(0o755)
    return {"PATH": str(folder)}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that bin/setup needs, without an environment."""
    clone = tmp_path / "clone"
    (clone / "bin").mkdir(parents=True)
    shutil.copy(PROJECT_DIR / "bin" / "setup", clone / "bin" / "setup")
    for name in ("requirements.lock", "requirements-bootstrap.lock"):
        shutil.copy(PROJECT_DIR / name, clone / name)
    return clone


@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("", "No Python 3.11, 3.12 or 3.13 was found"),
        ("exit 1", "No Python 3.11, 3.12 or 3.13 was found"),
        (
            'case "$2" in *ensurepip*) exit 1 ;; *print*) echo python3.12-venv ;; esac',
            "apt-get install python3.12-venv",
        ),
    ],
)
def test_setup_says_what_is_missing(tmp_path: Path, clone: Path, python: str, says: str) -> None:
    done = subprocess.run(
        [str(clone / "bin" / "setup")], env=fake_machine(tmp_path, python), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert not (clone / ".venv").exists()


def test_setup_is_done_when_the_stamp_fits(clone: Path) -> None:
    """Nothing is asked of the network, and nothing is said, when the lock files have not changed."""
    stamp = (
        'cd "$1"; { cat requirements.lock requirements-bootstrap.lock bin/setup; printf "%s" "$PWD"; } '
        '| sha256sum | cut -d" " -f1'
    )
    want = subprocess.run(["bash", "-c", stamp, "-", str(clone)], capture_output=True, text=True, check=True)
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (clone / ".venv" / ".zhixiao-setup").write_text(want.stdout.strip(), encoding="utf-8")
    done = subprocess.run([str(clone / "bin" / "setup")], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_sample_has_every_source_and_nothing_of_it_is_ignored(sample_raw: Path) -> None:
    """A fresh clone has to hold what lies here: `raw/target` looks like a build folder to many an ignore file."""
    assert {p.name for p in sample_raw.iterdir() if p.is_dir()} == set(load_contracts())
    if (PROJECT_DIR / ".git").exists():
        asked = ["git", "status", "--porcelain", "--ignored", "raw", "tests/data"]
        done = subprocess.run(asked, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
        assert done.stdout == ""


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-bootstrap.lock", "requirements-tools.lock"])
def test_locks_pin_with_hashes_and_name_no_host(name: str) -> None:
    text = (PROJECT_DIR / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert all("==" in e and "--hash=sha256:" in e for e in entries)
    assert "://" not in text


def test_the_web_page_listens_on_this_machine_only(settings: Settings) -> None:
    env = airflow_local.up_env(settings, 8123)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__API__PORT"] == "8123"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    assert env["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert (
        env["AIRFLOW_HOME"] != airflow_local.airflow_env(settings, settings.state_dir / "airflow-run")["AIRFLOW_HOME"]
    )
