"""Connections to the work database and to what is published: bounded memory, no network, local time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from zhixiao.errors import ConfigError, LockError
from zhixiao.settings import Settings
from zhixiao.warehouse.schema import text

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


@contextmanager
def open_published(settings: Settings, file: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published release (or another release's `file`), read-only, as the current catalog `p`.

    Attached, not connected to: a connection to the path may be an older one of this process, and show the release
    before. Raises ConfigError when nothing has been published yet.
    """
    path = file or settings.published_db
    if not path.exists():
        raise ConfigError(
            "还没有发布任何版本，请先运行 zhixiao run。", "nothing has been published yet: run `zhixiao run` first."
        )
    with connect(settings, None) as con:
        try:
            con.execute(f"ATTACH {text(str(path))} AS p (READ_ONLY)")
        except duckdb.IOException as e:
            raise as_lock_error(e, path) from e
        con.execute("USE p")
        yield con


def as_dicts(answer: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of a query that was just executed, column name -> value."""
    names = [d[0] for d in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def as_lock_error(e: duckdb.IOException, path: Path | None) -> Exception:
    """Our LockError when DuckDB says that the file is taken, else the error itself."""
    if "lock" not in str(e).lower():
        return e
    return LockError(
        f"数据库 {path} 正被另一个程序打开。请关闭那个程序（BI 工具只应打开 published/ 下的文件）后重试。DuckDB：{e}",
        f"the database {path} is open in another program. Close it (BI tools should open the file under "
        f"published/ only) and run again. DuckDB: {e}",
    )
