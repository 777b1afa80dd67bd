"""A board's page for its 述职: five rates, reserve, stuck projects, exits, cases. One A4 page."""

from __future__ import annotations

from typing import Any

from zhixiao.bulletin.district import CARD, RANKED_VARIANT, bottlenecks, card, exits, rate_row, used_notes
from zhixiao.bulletin.model import Cell, Document, Figure, Head, Section, Table
from zhixiao.bulletin.release import Release, Window
from zhixiao.bulletin.words import KINDS, RATES, READINGS
from zhixiao.errors import ConfigError


def report(release: Release, window: Window, board: str) -> Document:
    """The report of one board."""
    boards = release.boards(window)
    if board not in boards:
        raise ConfigError(
            f"本期成绩单里没有板块 {board}。有：{'、'.join(boards)}。",
            f"there is no board {board} in the scorecard of this period; there are {', '.join(boards)}.",
        )
    readings = release.readings
    best = readings[-1]
    stuck, leaving = bottlenecks(release, board), exits(release, board)
    sections = [_rates(release, window, board, best), _quantities(release, window, board, best), stuck, leaving]
    titles = ("五率与位次", "完成情况、储备与督查", "堵点", "退出清单")
    for number, title, s in zip("一二三四", titles, sections, strict=True):
        s.title = f"{number}、{title}"
    month = window.month_end.isoformat() if window.month_end else "—"
    return Document(
        f"{board}项目质效述职报告",
        f"{KINDS[window.kind]} {window.label}（本年累计至 {month}）",
        "质效数据组",
        sections,
        used_notes(sections),
        release.facts,
        one_page=True,
    )


def _rates(release: Release, window: Window, board: str, reading: str) -> Section:
    readings = release.readings
    held = "verified" in readings and release.has(CARD, "held_back_value")
    head = [
        [
            Head("指标", down=2),
            *(Head(READINGS[r], across=3, note="reading") for r in readings),
            Head("水分", down=2, note="unsupported"),
            *([Head("核减", down=2, note="held_back")] if held else []),
            Head("位次", down=2, note="rank"),
            Head("排名板块", down=2),
            Head("升降", down=2, note="rank"),
            Head("上年同期", down=2),
        ],
        [Head(t) for _ in readings for t in ("分子", "分母", "率")],
    ]
    rows: list[list[Cell]] = []
    for measure, (label, basis) in RATES.items():
        base = card(window, reading, variant=RANKED_VARIANT, reporting_unit=board)
        found = rate_row(release, CARD, base, measure, readings)
        row: list[Cell] = [Head(label, note=measure)]
        for r in readings:
            row += [found[r]["numerator"], found[r]["denominator"], found[r]["value"]]
        row.append(found["evidenced"]["unsupported_value"])
        if held:
            row.append(found["evidenced"]["held_back_value"])
        where = {**base, "measure": measure, "basis": basis, "reading": reading}
        row += [
            release.figure(CARD, e, u, where)
            for e, u in (
                ("rank_no", "rank"),
                ("ranked_boards", "count"),
                ("rank_move", "move"),
                ("previous_value", "rate"),
            )
        ]
        rows.append(row)
    s = Section("rates", "五率与位次")
    s.tables.append(
        Table(
            "五率",
            "五率（本年累计，撤出项目留在分母；投资完成率为万元，其余为个）",
            "个、万元、%",
            head,
            rows,
            remark=f"位次按{READINGS[reading]}口径。",
        )
    )
    return s


def _quantities(release: Release, window: Window, board: str, reading: str) -> Section:
    measures = {"signed": "签约", "filed": "备案", "started": "开工", "produced": "投产", "on_target": "达效"}

    def at(measure: str, basis: str, expr: str, unit: str) -> Figure:
        where = card(window, reading, measure=measure, variant="main", basis=basis, reporting_unit=board)
        return release.figure(CARD, expr, unit, where)

    head = [
        [
            Head("项目"),
            *(Head(t, note="card_stage") for t in measures.values()),
            Head("储备", note="reserve"),
            Head("督查正面", note="supervision"),
            Head("督查反面", note="supervision"),
        ],
    ]
    cases: list[Any] = [at(m, "count", "numerator", "count") for m in ("supervision_positive", "supervision_negative")]
    rows: list[list[Cell]] = [
        [
            "项目数（个）",
            *(at(m, "count", "numerator", "count") for m in measures),
            at("reserve", "count", "numerator", "count"),
            *cases,
        ],
        [
            "金额（万元）",
            *(at(m, "amount", "numerator", "wan") for m in measures),
            at("reserve", "amount", "numerator", "wan"),
            None,
            None,
        ],
        ["全年目标（个）", *(at(m, "count", "target_value", "count") for m in measures), None, None, None],
        ["目标完成率", *(at(m, "count", "attainment", "rate") for m in measures), None, None, None],
    ]
    s = Section("quantities", "完成情况")
    s.tables.append(
        Table("完成情况", f"完成情况（{READINGS[reading]}）、储备项目与督查典型", "个、万元、%", head, rows)
    )
    return s
