"""The commands `zhixiao backup`, `restore` and `tidy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhixiao.settings import Settings

DONE_WITH_FAULTS = 3
Wait = Annotated[float, typer.Option("--wait", help="等待占用者的秒数 / seconds to wait for another run")]


def backup_command(
    folder: Annotated[Path, typer.Argument(help="备份目录，最好在另一块盘 / where to, best another disk")],
    releases: Annotated[bool, typer.Option("--releases", help="连同保留的版本 / the kept releases as well")] = False,
    wait: Wait = 600.0,
) -> None:
    """备份 raw/ 与台账，只复制新内容 / back up raw/ and the ledger; only what is new is copied."""
    from zhixiao.warehouse.backup import backup

    r = backup(Settings.from_env(), folder, releases=releases, wait_seconds=wait, progress=typer.echo)
    typer.echo(r.words)
    raise typer.Exit(DONE_WITH_FAULTS if r.left_out or r.decayed else 0)


def restore_command(
    folder: Annotated[Path, typer.Argument(help="备份目录（取最近一份）或其中一份 / all backups, or one of them")],
) -> None:
    """从备份恢复到空目录，逐个文件核对 / put a backup back into empty folders, every file verified."""
    from zhixiao.warehouse.backup import restore

    typer.echo(restore(Settings.from_env(), folder, progress=typer.echo).words)


def tidy_command(
    keep_releases: Annotated[
        int | None, typer.Option("--keep-releases", help="保留的版本数 / releases to keep [ZHIXIAO_KEEP_RELEASES]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不删除 / list, remove nothing")] = False,
    wait: Wait = 600.0,
) -> None:
    """清理过期的版本、日志、回执 / remove old releases, logs and receipts; never raw/."""
    from zhixiao.warehouse.tidy import tidy

    r = tidy(Settings.from_env(), keep_releases=keep_releases, dry_run=dry_run, wait_seconds=wait)
    typer.echo(r.words)
