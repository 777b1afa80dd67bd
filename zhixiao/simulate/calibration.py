"""The simulated district beside the published figures: the scale is right when the columns are near."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from zhixiao.simulate.calendar import last_of
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, World

FIGURES = Path(__file__).with_name("calibration_figures.csv")


def published() -> dict[tuple[str, str, str], Decimal]:
    """(scope, period, metric) -> value of reference/calibration_figures.csv."""
    with FIGURES.open(encoding="utf-8", newline="") as f:
        return {(r["scope"], r["period"], r["metric"]): Decimal(r["value"]) for r in csv.DictReader(f)}


def compared(world: World) -> list[tuple[str, Decimal, Decimal]]:
    """(what, published, simulated at scale 1): counts are divided by the scale."""
    figures = published()
    scale = Decimal(round(world.config.scale * 1000)) / 1000

    def counted(year: int, name: str) -> Decimal:
        days = [getattr(p, name) for p in world.projects if p.signed >= 10000]
        return Decimal(sum(d is not None and d.year == year for d in days)) / scale

    def sold(year: int) -> Decimal:
        at = (year - FIRST_MONTH // 12) * 12
        return Decimal(sum(sum(f.sales[at : at + 12]) for f in world.firms)) / scale / 1000000

    done = [p for p in world.projects if p.completed_on and p.completed_on <= last_of(LAST_MONTH)]
    planned = sum(ph.planned for p in done for ph in p.phases) or 1
    invested = sum(m.total for p in done for ph in p.phases for m in ph.fai)
    listed = sum(f.above_scale_from is not None and f.above_scale_from <= 2025 for f in world.firms)
    here = "姜堰区"
    return [
        ("2022 新签约亿元以上 signed", figures[here, "2022", "新签约亿元以上"], counted(2022, "signed_on")),
        ("2022 新开工亿元以上 started", figures[here, "2022", "新开工亿元以上"], counted(2022, "started_on")),
        ("2022 新竣工亿元以上 completed", figures[here, "2022", "新竣工亿元以上"], counted(2022, "completed_on")),
        ("2025 新签约亿元以上 signed", figures[here, "2025预计", "新签约亿元以上"], counted(2025, "signed_on")),
        ("2025 新开工亿元以上 started", figures[here, "2025预计", "新开工亿元以上"], counted(2025, "started_on")),
        ("2025 新竣工亿元以上 completed", figures[here, "2025预计", "新竣工亿元以上"], counted(2025, "completed_on")),
        ("2021 工业开票 亿元 sales", figures[here, "2021", "工业开票销售"], sold(2021)),
        ("2025 工业开票 亿元 sales", figures[here, "2025", "工业开票"], sold(2025)),
        ("2025 规上工业企业 above scale", figures[here, "2025", "规上工业企业"], Decimal(listed) / scale),
        ("竣工项目投资完成率 % completed / planned", figures["泰州市", "2022-2024", "投资完成率"],
         Decimal(invested * 100) / planned),
    ]  # fmt: skip


def report(world: World) -> str:
    """The comparison as text."""
    lines = [f"{'published':>10}{'simulated':>11}  (at scale 1)"]
    lines += [f"{told:>10.0f}{made:>11.0f}  {what}" for what, told, made in compared(world)]
    return "\n".join(lines)
