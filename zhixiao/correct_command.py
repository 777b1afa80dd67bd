"""The commands `zhixiao correct`, `merge`, `split` and `corrections`: decisions about received rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zhixiao.settings import Settings

if TYPE_CHECKING:
    from zhixiao.warehouse.corrections import Entered

Actor = Annotated[str, typer.Option("--actor", help="决定人 / who decides")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why")]
Day = Annotated[str | None, typer.Option("--day", help="决定日期；不填为今天 / day of the decision; else today")]


def correct_command(
    source: Annotated[str, typer.Argument(help="来源 / source, e.g. signing")],
    key: Annotated[str, typer.Argument(help="主键，各部分用 | 连接 / key, its parts joined by |")],
    column: Annotated[str, typer.Argument(help="列名或中文表头 / column or its Chinese header")],
    old: Annotated[str, typer.Argument(help="现值；空单元格写 '' / the value that stands")],
    new: Annotated[str, typer.Argument(help="新值，单位按合同（万元） / the new value, in the contract's unit")],
    actor: Actor,
    reason: Reason,
    day: Day = None,
    district: Annotated[str | None, typer.Option("--district", help="区划代码 / division code")] = None,
) -> None:
    """更正一个单元格；原值仍在才生效 / correct a cell, where the old value still stands."""
    from zhixiao.warehouse.corrections import correct

    _tell(
        correct(
            Settings.from_env(), source, key, column, old, new,
            editor=actor, reason=reason, day=_day(day), district=district,
        )
    )  # fmt: skip


def merge_command(
    entity: Annotated[str, typer.Argument(help="project | firm")],
    goes: Annotated[str, typer.Argument(help="并入方：项目编号或信用代码 / the one that goes")],
    stays: Annotated[str, typer.Argument(help="保留方 / the one that stays")],
    actor: Actor,
    reason: Reason,
    day: Day = None,
    undo: Annotated[bool, typer.Option("--undo", help="撤回合并 / they are two again")] = False,
) -> None:
    """两个项目（或企业）是同一个 / two projects, or two firms, are one from that day on."""
    from zhixiao.warehouse.corrections import merge

    if entity not in ("project", "firm"):
        raise typer.BadParameter("project, firm", param_hint="ENTITY")
    kind: Literal["project", "firm"] = "project" if entity == "project" else "firm"
    _tell(merge(Settings.from_env(), kind, goes, stays, actor=actor, reason=reason, day=_day(day), undo=undo))


def split_command(
    code: Annotated[str, typer.Argument(help="项目代码 / project code")],
    project_id: Annotated[str, typer.Argument(help="误归的项目 / the project it does not belong to")],
    actor: Actor,
    reason: Reason,
    day: Day = None,
) -> None:
    """项目代码归错了项目，分开 / a project code was linked to the wrong project."""
    from zhixiao.warehouse.corrections import split

    _tell(split(Settings.from_env(), code, project_id, actor=actor, reason=reason, day=_day(day)))


def corrections_command() -> None:
    """列出更正与合并及其结果 / corrections and merges, and what became of them."""
    from zhixiao.warehouse.corrections import decided_rows

    settings = Settings.from_env()
    count = 0
    for table in ("correction", "merge"):
        for on, zh, en, what, editor, reason in decided_rows(settings, "merge" if table == "merge" else "correction"):
            count += 1
            typer.echo(f"{on}  {what}\n    {zh} / {en}；{editor or '?'}：{reason or '?'}")
    typer.echo(f"共 {count} 条 / {count} decisions")


def _day(value: str | None) -> date:
    from zhixiao.warehouse.lock import LOCAL_ZONE
    from zhixiao.warehouse.pair import parse_day

    return parse_day(value, "--day") or datetime.now(LOCAL_ZONE).date()


def _tell(entered: Entered) -> None:
    for line in entered.effect:
        typer.echo(line)
    typer.echo(f"已记入 {entered.path}，下次运行生效 / written to {entered.path}; it counts from the next run on")
