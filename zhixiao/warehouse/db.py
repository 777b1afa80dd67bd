"""Connections to the work database: bounded memory, no network, local time, and a clear word when it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from zhixiao.errors import LockError
from zhixiao.settings import Settings

TIME_ZONE = "Asia/Shanghai"


def duckdb_config(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    """How every connection of ours is opened: nothing is fetched, what does not fit in memory goes to disk."""
    return {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.warehouse_dir / "work" / "tmp"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }


@contextmanager
def connect(settings: Settings, path: Path | None, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that is closed at the end. `path` None is a database in memory.

    Raises LockError when another process has the file open.
    """
    (settings.warehouse_dir / "work").mkdir(parents=True, exist_ok=True)
    config = duckdb_config(settings)
    try:
        con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    except duckdb.IOException as e:
        raise as_lock_error(e, path) from e
    try:
        con.execute(f"SET TimeZone = '{TIME_ZONE}'")
        yield con
    finally:
        con.close()


def as_lock_error(e: duckdb.IOException, path: Path | None) -> Exception:
    """Our LockError when DuckDB says that the file is taken, else the error itself."""
    if "lock" not in str(e).lower():
        return e
    return LockError(
        f"数据库 {path} 正被另一个程序打开。请关闭那个程序（BI 工具只应打开 published/ 下的文件）后重试。DuckDB：{e}",
        f"the database {path} is open in another program. Close it (BI tools should open the file under "
        f"published/ only) and run again. DuckDB: {e}",
    )
