from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zhixiao.errors import LockError
from zhixiao.settings import Settings
from zhixiao.warehouse.lock import holder_of, is_locked, warehouse_lock

HOLD = """
import sys, time
from zhixiao.settings import Settings
from zhixiao.warehouse.lock import warehouse_lock
with warehouse_lock(Settings.from_env(), float(sys.argv[1]), "the other run"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
print("done", flush=True)
"""


def start(settings: Settings, wait: float, hold: float, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(wait), str(hold)],
        env={**os.environ, **settings.to_env(), **env},
        stdout=subprocess.PIPE,
        text=True,
    )


def line(p: subprocess.Popen[str]) -> str:
    assert p.stdout is not None
    return p.stdout.readline().strip()


def test_a_second_process_is_told_who_holds_the_lock(settings: Settings) -> None:
    other = start(settings, 0, 30)
    try:
        assert line(other) == "held"
        assert is_locked(settings)
        with pytest.raises(LockError) as e, warehouse_lock(settings, 0.3):
            pass
        assert f"process {other.pid} on " in e.value.en
        assert "the other run" in e.value.zh
        assert str(settings.warehouse_dir) in e.value.en
    finally:
        other.kill()
        other.wait()


def test_the_lock_of_a_killed_process_is_free(settings: Settings) -> None:
    other = start(settings, 0, 30)
    assert line(other) == "held"
    other.kill()
    other.wait()
    assert not is_locked(settings)
    with warehouse_lock(settings, 0):
        holder = holder_of(settings)
        assert holder is not None
        assert holder.pid == os.getpid()
    assert holder_of(settings) is None


def test_a_second_run_waits_and_says_for_whom(settings: Settings) -> None:
    other = start(settings, 0, 0.8)
    assert line(other) == "held"
    waited_for: list[int] = []
    begun = time.monotonic()
    with warehouse_lock(settings, 20, on_wait=lambda h: waited_for.append(h.pid if h else 0), poll_seconds=0.05):
        assert time.monotonic() - begun > 0.3
    assert waited_for == [other.pid]
    other.wait()


def test_nested_calls_pass_through_and_the_outer_one_keeps_it(settings: Settings) -> None:
    with warehouse_lock(settings, 0) as outer:
        with warehouse_lock(settings, 0) as inner:
            assert inner is outer
        assert is_locked(settings)
    assert not is_locked(settings)


def test_a_child_with_the_token_takes_part_and_one_without_does_not(settings: Settings) -> None:
    with warehouse_lock(settings, 0) as lock:
        child = start(settings, 0, 0, **lock.env)
        assert line(child) == "held"
        assert child.wait() == 0
        assert is_locked(settings)
        stranger = start(settings, 0, 0)
        assert line(stranger) == ""
        assert stranger.wait() == 1


def test_a_child_that_inherits_the_descriptor_keeps_the_warehouse(settings: Settings, tmp_path: Path) -> None:
    with warehouse_lock(settings, 0) as lock:
        child = subprocess.Popen(["sleep", "30"], pass_fds=lock.pass_fds)
    try:
        assert is_locked(settings)
    finally:
        child.kill()
        child.wait()
    assert not is_locked(settings)
