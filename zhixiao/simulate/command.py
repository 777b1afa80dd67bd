"""The command `zhixiao simulate`: writes a made-up district, and prints its figures beside the published ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer


def simulate_command(
    out: Annotated[Path, typer.Option("--out", help="写到哪里（raw 目录） / the raw folder to write")],
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / seed")] = 1,
    scale: Annotated[
        float, typer.Option("--scale", help="规模，1.0 约每年签约 170 个 / 1.0 is about 170 signings")
    ] = 0.2,
    mess: Annotated[str, typer.Option("--mess", help="none | light | full：脏乱程度")] = "light",
    district: Annotated[str, typer.Option("--district", help="区划代码 / division code")] = "321204",
    falsify: Annotated[
        int, typer.Option("--falsify", help="每千个适用对象造假几个 / falsified units in a thousand, by check")
    ] = 0,
    checks: Annotated[str, typer.Option("--checks", help="只造哪些，如 R01,R14 / only these checks")] = "",
    level: Annotated[str, typer.Option("--level", help="low | middle | high | spread：强度 / how boldly")] = "spread",
    since: Annotated[str | None, typer.Option("--since", help="首个收到日 / first received day YYYY-MM-DD")] = None,
) -> None:
    """生成虚构区的全部报送文件与真值 / write a made-up district's files, and the truth beside the folder."""
    from zhixiao.simulate.calibration import report
    from zhixiao.simulate.falsify.planting import LEVELS, Dial
    from zhixiao.simulate.model import Config
    from zhixiao.simulate.world_files import simulate, write_truth

    if mess not in ("none", "light", "full"):
        raise typer.BadParameter("none, light, full", param_hint="--mess")
    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} 不是空目录 / is not empty", param_hint="--out")
    if level not in (*LEVELS, "spread"):
        raise typer.BadParameter("low, middle, high, spread", param_hint="--level")
    dial = Dial(falsify, tuple(c for c in checks.split(",") if c), level)
    config = Config(seed, district, scale, mess, date.fromisoformat(since) if since else None, dial)
    made = simulate(config, out)
    write_truth(made, out.parent / "truth")
    typer.echo(report(made.world))
    typer.echo(f"\n{len(made.files)} 个文件 / files -> {out}；真值 / truth -> {out.parent / 'truth'}")
