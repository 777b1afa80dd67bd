"""The command `zhixiao simulate`: writes a made-up district, and prints its figures beside the published ones."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zhixiao.simulate.model import Config


def simulate_command(
    out: Annotated[Path, typer.Option("--out", help="写到哪里（raw 目录） / the raw folder to write")],
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / seed")] = 1,
    scale: Annotated[
        float, typer.Option("--scale", help="规模，1.0 约每年签约 170 个 / 1.0 is about 170 signings")
    ] = 0.2,
    mess: Annotated[
        str | None,
        typer.Option("--mess", help="none | light | full：脏乱程度，默认 light / default light; none with --districts"),
    ] = None,
    district: Annotated[str, typer.Option("--district", help="区划代码 / division code")] = "321204",
    falsify: Annotated[
        int, typer.Option("--falsify", help="每千个适用对象造假几个 / falsified units in a thousand, by check")
    ] = 0,
    checks: Annotated[str, typer.Option("--checks", help="只造哪些，如 R01,R14 / only these checks")] = "",
    level: Annotated[str, typer.Option("--level", help="low | middle | high | spread：强度 / how boldly")] = "spread",
    since: Annotated[str | None, typer.Option("--since", help="首个收到日 / first received day YYYY-MM-DD")] = None,
    districts: Annotated[
        int, typer.Option("--districts", help="省内几个区，写到 raw/<区划代码>/ / how many of the province, as CSV")
    ] = 0,
    small_firms: Annotated[
        int | None,
        typer.Option(
            "--small-firms",
            help="规模 1.0 时的小微纳税户数，8000 约合百万行税收 / small taxpayers; 0, with --districts 8000",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", help="并行进程数，0 为全部核 / processes, 0 = all cores")] = 0,
) -> None:
    """生成虚构区的全部报送文件与真值 / write a made-up district's files, and the truth beside the folder."""
    from zhixiao.simulate.calibration import report
    from zhixiao.simulate.districts import SMALL_FIRMS
    from zhixiao.simulate.falsify.planting import LEVELS, Dial
    from zhixiao.simulate.model import Config
    from zhixiao.simulate.world_files import simulate, write_truth

    mess = mess or ("none" if districts else "light")
    if mess not in ("none", "light", "full"):
        raise typer.BadParameter("none, light, full", param_hint="--mess")
    if out.exists() and any(out.iterdir()):
        raise typer.BadParameter(f"{out} 不是空目录 / is not empty", param_hint="--out")
    if level not in (*LEVELS, "spread"):
        raise typer.BadParameter("low, middle, high, spread", param_hint="--level")
    dial = Dial(falsify, tuple(c for c in checks.split(",") if c), level)
    small = small_firms if small_firms is not None else SMALL_FIRMS if districts else 0
    config = Config(seed, district, scale, mess, date.fromisoformat(since) if since else None, dial, small)
    if districts:
        _write_province(config, districts, out, jobs or os.cpu_count() or 1)
        return
    made = simulate(config, out)
    write_truth(made, out.parent / "truth")
    typer.echo(report(made.world))
    typer.echo(f"\n{len(made.files)} 个文件 / files -> {out}；真值 / truth -> {out.parent / 'truth'}")


def _write_province(config: Config, n: int, out: Path, jobs: int) -> None:
    from zhixiao.simulate.districts import province, write_districts

    try:
        configs = province(config, n)
    except ValueError as e:
        raise typer.BadParameter(str(e), param_hint="--districts") from e
    rows = taxes = files = 0
    for done in write_districts(configs, out, out.parent / "truth", jobs):
        rows, taxes, files = rows + done.rows, taxes + done.tax_rows, files + done.files
        if done.code == config.district:
            typer.echo(done.calibration)
        typer.echo(
            f"{done.code} {done.name}：{done.files} 个文件 / files，{done.rows} 行 / rows，"
            f"税收 / tax {done.tax_rows}，{done.seconds:.0f} s，{done.peak_mib:.0f} MiB"
        )
    typer.echo(
        f"\n{n} 个区 / districts，{files} 个文件 / files，{rows} 行 / rows（税收 / tax {taxes}）-> {out}；"
        f"真值 / truth -> {out.parent / 'truth'}"
    )
