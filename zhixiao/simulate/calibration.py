"""The simulated district beside the published figures: the scale is right when the columns are near."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from zhixiao.simulate.calendar import last_of
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, World
from zhixiao.simulate.taxes import industrial_tax

FIGURES = Path(__file__).with_name("calibration_figures.csv")


def published() -> dict[tuple[str, str, str], Decimal]:
    """(scope, period, metric) -> value of reference/calibration_figures.csv."""
    with FIGURES.open(encoding="utf-8", newline="") as f:
        return {(r["scope"], r["period"], r["metric"]): Decimal(r["value"]) for r in csv.DictReader(f)}


def compared(world: World) -> list[tuple[str, Decimal, Decimal]]:
    """(what, published, simulated at scale 1): counts are divided by the scale."""
    figures = published()
    scale = Decimal(round(world.config.scale * 1000)) / 1000

    def counted(first: date, last: date, name: str, below: int = 10**9) -> Decimal:
        days = [getattr(p, name) for p in world.projects if 10000 <= p.signed < below]
        return Decimal(sum(d is not None and first <= d <= last for d in days)) / scale

    def year_of(year: int, name: str) -> Decimal:
        return counted(date(year, 1, 1), date(year, 12, 31), name)

    def sold(year: int) -> list[int]:
        at = (year - FIRST_MONTH // 12) * 12
        return [sum(f.sales[at : at + 12]) for f in world.firms]

    def firms_of(amounts: Iterable[int], least: int) -> Decimal:
        return Decimal(sum(a >= least for a in amounts)) / scale

    taxed: dict[str, int] = defaultdict(int)
    for month in range(FIRST_MONTH, FIRST_MONTH + 12):
        for uscc, fen in industrial_tax(world, month):
            taxed[uscc] += fen
    done = [p for p in world.projects if p.completed_on and p.completed_on <= last_of(LAST_MONTH)]
    planned = sum(ph.planned for p in done for ph in p.phases) or 1
    invested = sum(m.total for p in done for ph in p.phases for m in ph.fai)
    listed = sum(f.above_scale_from is not None and f.above_scale_from <= 2025 for f in world.firms)
    here, city = "姜堰区", "泰州市"
    q1, h1 = (date(2019, 1, 1), date(2019, 3, 31)), (date(2021, 1, 1), date(2021, 6, 30))
    yi = 1000000
    return [
        ("2019Q1 新签约亿元以上 signed", figures[here, "2019Q1", "新签约亿元以上/千万美元以上"],
         counted(*q1, "signed_on")),
        ("2019Q1 新开工亿元以上 started", figures[here, "2019Q1", "新开工亿元以上项目(市认定)"],
         counted(*q1, "started_on")),
        ("2021H1 1-5亿元新开工 started", figures[here, "2021H1", "1-5亿元新开工项目"],
         counted(*h1, "started_on", 50000)),
        ("2022 新签约亿元以上 signed", figures[here, "2022", "新签约亿元以上"], year_of(2022, "signed_on")),
        ("2022 新开工亿元以上 started", figures[here, "2022", "新开工亿元以上"], year_of(2022, "started_on")),
        ("2022 新竣工亿元以上 completed", figures[here, "2022", "新竣工亿元以上"], year_of(2022, "completed_on")),
        ("2025 新签约亿元以上 signed", figures[here, "2025预计", "新签约亿元以上"], year_of(2025, "signed_on")),
        ("2025 新开工亿元以上 started", figures[here, "2025预计", "新开工亿元以上"], year_of(2025, "started_on")),
        ("2025 新竣工亿元以上 completed", figures[here, "2025预计", "新竣工亿元以上"], year_of(2025, "completed_on")),
        ("2021 工业开票 亿元 sales", figures[here, "2021", "工业开票销售"], Decimal(sum(sold(2021))) / scale / yi),
        ("2025 工业开票 亿元 sales", figures[here, "2025", "工业开票"], Decimal(sum(sold(2025))) / scale / yi),
        ("2021 工业入库税金 亿元 tax", figures[here, "2021", "工业入库税金"],
         Decimal(sum(taxed.values())) / scale / 10**10),
        ("2021 开票超10亿元企业 firms", figures[here, "2021", "开票超10亿元企业"], firms_of(sold(2021), 10 * yi)),
        ("2021 税金亿元以上企业 firms", figures[here, "2021", "入库税金亿元以上企业"],
         firms_of(taxed.values(), 10**10)),
        ("2025 亿元以上工业企业 firms", figures[here, "2025", "亿元以上工业企业"], firms_of(sold(2025), yi)),
        ("2025 规上工业企业 above scale", figures[here, "2025", "规上工业企业"], Decimal(listed) / scale),
        ("竣工项目投资完成率 % completed / planned", figures[city, "2022-2024", "投资完成率"],
         Decimal(invested * 100) / planned),
    ]  # fmt: skip


def report(world: World) -> str:
    """The comparison as text."""
    lines = [f"{'published':>10}{'simulated':>11}  (at scale 1)"]
    lines += [f"{told:>10.0f}{made:>11.0f}  {what}" for what, told, made in compared(world)]
    return "\n".join(lines)
