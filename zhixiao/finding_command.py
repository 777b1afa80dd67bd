"""The commands `zhixiao explain` and `zhixiao decide`: what a finding rests on, and what a person says about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from zhixiao.settings import Settings

Actor = Annotated[str, typer.Option("--actor", help="决定人 / who decides")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why")]
Day = Annotated[
    str | None, typer.Option("--date", "--day", help="决定日期；不填为今天 / day of the decision; else today")
]


def explain_command(
    finding: Annotated[str, typer.Argument(help="疑点标识，或其开头几位 / finding id, or its first digits")],
) -> None:
    """说明一条疑点：规则、事实、原始单元格、处置、需补材料 / a finding with its cells as they were written."""
    from zhixiao.checks.findings import explain

    typer.echo(explain(Settings.from_env(), finding))


def decide_command(
    findings: Annotated[list[str], typer.Argument(help="疑点标识，可多条 / finding ids")],
    decision: Annotated[str, typer.Option("--decision", help="open | explained | confirmed")],
    actor: Actor,
    reason: Reason,
    day: Day = None,
) -> None:
    """处置疑点；数字变了才会重新提出 / decide about findings; they come back only when their figures change."""
    from zhixiao.checks.findings import decide
    from zhixiao.warehouse.lock import LOCAL_ZONE
    from zhixiao.warehouse.pair import parse_day

    on = parse_day(day, "--date") or datetime.now(LOCAL_ZONE).date()
    decided = decide(Settings.from_env(), findings, decision, actor=actor, reason=reason, day=on)
    for line in decided.effect:
        typer.echo(line)
    typer.echo(f"已记入 {decided.path}，下次运行生效 / written to {decided.path}; it counts from the next run on")
