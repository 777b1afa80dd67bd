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
    since: Annotated[str | None, typer.Option("--since", help="首个收到日 / first received day YYYY-MM-DD")] = None,
) -> None:
    """生成虚构区的全部报送文件与真值 / write a made-up district's files, and the truth beside the folder."""
    from zhixiao.simulate.calibration import report
    from zhixiao.simulate.model import Config
    from zhixiao.simulate.world_files import simulate, write_truth

    if mess not in ("none", "light", "full"):
        raise typer.BadParameter("none, light, full", param_hint="--mess")
    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} 不是空目录 / is not empty", param_hint="--out")
    config = Config(seed, district, scale, mess, date.fromisoformat(since) if since else None)
    made = simulate(config, out)
    write_truth(made, out.parent / "truth")
    typer.echo(report(made.world))
    typer.echo(f"\n{len(made.files)} 个文件 / files -> {out}；真值 / truth -> {out.parent / 'truth'}")
