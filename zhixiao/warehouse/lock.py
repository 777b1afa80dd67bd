"""One writer a warehouse: a lock file that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from zhixiao.errors import LockError
from zhixiao.settings import Settings

TOKEN_VARIABLE = "ZHIXIAO_LOCK_TOKEN"
DEFAULT_WAIT_SECONDS = 600.0
LOCAL_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Holder:
    """Who holds the warehouse, as written in the lock file."""

    pid: int
    host: str
    since: str
    what: str
    token: str = ""

    @property
    def zh(self) -> str:
        return f"{self.host} 上的进程 {self.pid}（{self.what}，自 {self.since} 起）"

    @property
    def en(self) -> str:
        return f"process {self.pid} on {self.host} ({self.what}, since {self.since})"


@dataclass(frozen=True)
class Lock:
    """A held lock. `fd` may be passed to a child, which then keeps the warehouse until it ends as well."""

    fd: int | None
    token: str

    @property
    def pass_fds(self) -> tuple[int, ...]:
        return () if self.fd is None else (self.fd,)

    @property
    def env(self) -> dict[str, str]:
        """What lets a child process take part in this lock instead of waiting for it."""
        return {TOKEN_VARIABLE: self.token}


_held: dict[Path, Lock] = {}


def lock_path(settings: Settings) -> Path:
    return settings.state_dir / "lock"


def holder_of(settings: Settings) -> Holder | None:
    """Who wrote the lock file last; only meaningful while the lock is held."""
    try:
        return Holder(**json.loads(lock_path(settings).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_locked(settings: Settings) -> bool:
    """Whether somebody holds the warehouse at this moment."""
    try:
        fd = os.open(lock_path(settings), os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(fd)
    finally:
        os.close(fd)


@contextmanager
def warehouse_lock(
    settings: Settings,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    what: str = "zhixiao",
    on_wait: Callable[[Holder | None], None] | None = None,
    poll_seconds: float = 0.2,
) -> Iterator[Lock]:
    """Hold the warehouse. Nested calls, in this process or in a child that got `Lock.env`, pass through.

    Waits up to `wait_seconds` for another holder, then raises LockError that names it.
    """
    path = lock_path(settings)
    if path in _held:
        yield _held[path]
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        if not _acquire(fd, settings, wait_seconds, on_wait, poll_seconds):
            yield Lock(None, os.environ[TOKEN_VARIABLE])
            return
        lock = Lock(fd, secrets.token_hex(8))
        _write_holder(fd, what, lock.token)
        _held[path] = lock
        try:
            yield lock
        finally:
            del _held[path]
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _acquire(
    fd: int,
    settings: Settings,
    wait_seconds: float,
    on_wait: Callable[[Holder | None], None] | None,
    poll_seconds: float,
) -> bool:
    """True when the lock is ours now, False when a parent of ours holds it for us."""
    deadline = time.monotonic() + wait_seconds
    told = False
    while not _try(fd):
        holder = holder_of(settings)
        token = os.environ.get(TOKEN_VARIABLE)
        if token and holder is not None and holder.token == token:
            return False
        if time.monotonic() >= deadline:
            zh = holder.zh if holder else "另一个进程"
            en = holder.en if holder else "another process"
            raise LockError(
                f"数据仓 {settings.warehouse_dir} 正被{zh}占用，已等待 {wait_seconds:g} 秒。等它结束后再运行。",
                f"the warehouse {settings.warehouse_dir} is held by {en}; waited {wait_seconds:g} s. "
                "Run again when it has ended.",
            )
        if on_wait is not None and not told:
            on_wait(holder)
            told = True
        time.sleep(poll_seconds)
    return True


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(fd: int, what: str, token: str) -> None:
    since = datetime.now(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    text = json.dumps(asdict(Holder(os.getpid(), socket.gethostname(), since, what, token)))
    os.ftruncate(fd, 0)
    os.pwrite(fd, text.encode(), 0)
