"""What a bulletin of the whole district says: sections of figures read from the release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from zhixiao.bulletin import charts
from zhixiao.bulletin.model import Cell, Document, Figure, Head, Note, Section, Table
from zhixiao.bulletin.release import WINDOW_KINDS, Release, Window
from zhixiao.bulletin.words import COUNTS, EXIT_RULES, KINDS, NOTES, RATES, READINGS, STAGES, VERDICTS

FUNNEL, CARD = "marts.mart_funnel", "marts.mart_board_scorecard"
BOTTLENECK, EXITS, QUALITY = "marts.mart_bottleneck", "marts.mart_exit_list", "marts.mart_data_quality"
RANKED_VARIANT = "with_withdrawn"
TREND_WINDOWS = {"monthly": 12, "quarterly": 8, "yearly": 6, "plan": 5}
ON_PAGE = 20
NAMES = ["project_id", "signing_row_no", "project_name", "company_name", "reporting_unit"]


def bulletin(release: Release, window: Window) -> Document:
    """The bulletin of a window."""
    readings = release.readings
    best = readings[-1]
    boards = release.boards(window)
    sections = [
        summary(release, window, readings),
        rates(release, window, readings),
        ranking(release, window, boards, best),
        quantities(release, window, boards, best),
        trend(release, window, readings),
        bottlenecks(release),
        exits(release),
        supervision(release, window, boards, best),
        quality(release, window),
    ]
    for number, s in zip("一二三四五六七八九", sections, strict=True):
        s.title = f"{number}、{s.title}"
    return Document(
        f"项目质效{KINDS[window.kind]}通报", window.label, "质效数据组", sections, used_notes(sections), release.facts
    )


def used_notes(sections: Sequence[Section], more: Sequence[str] = ("reading",)) -> list[Note]:
    """The definitions that the heads of the tables name, in the order of the page."""
    keys = [k for s in sections for t in s.tables for k in t.note_keys]
    return [NOTES[k] for k in dict.fromkeys([*more, *keys])]


def district(window: Window, **more: Any) -> dict[str, Any]:
    """The place of a figure of the whole district in the funnel."""
    return {
        "cut_kind": "district",
        "cut_value": "全区",
        "window_kind": WINDOW_KINDS[window.kind],
        "window_start": window.start,
        "form": "cohort",
        "variant": "main",
        **more,
    }


def summary(release: Release, window: Window, readings: Sequence[str]) -> Section:
    """How many and how much reached each stage in the window, in each reading."""
    found = release.figures(
        FUNNEL, ["measure", "reading", "basis"], {"numerator": "wan", "unsupported_value": "wan"}, district(window)
    )

    def at(measure: str, reading: str, basis: str, expr: str = "numerator") -> Figure:
        where = district(window, measure=measure, reading=reading, basis=basis)
        f = found.get((measure, reading, basis), {}).get(expr)
        return Figure(f.value if f else None, "count" if basis == "count" else "wan", FUNNEL, expr, where)

    head = [
        [
            Head("阶段", down=2, note="stages"),
            *(Head(READINGS[r], across=2, note="reading") for r in readings),
            Head("水分", across=2, note="unsupported"),
        ],
        [Head(t) for _ in range(len(readings) + 1) for t in ("项目数（个）", "金额（万元）")],
    ]
    rows: list[list[Cell]] = []
    for measure, label in COUNTS.items():
        row: list[Cell] = [label]
        for r in readings:
            row += [at(measure, r, "count"), at(measure, r, "amount")]
        row += [at(measure, "evidenced", b, "unsupported_value") for b in ("count", "amount")]
        rows.append(row)
    s = Section("summary", "总体情况")
    lead: list[Figure | str] = [f"{window.label}，全区签约项目 ", at("signed", "claimed", "count"), " 个、"]
    lead += [at("signed", "claimed", "amount"), " 万元"]
    for measure in ("started", "produced"):
        lead += [f"；认定{COUNTS[measure]} ", at(measure, "claimed", "count"), " 个"]
        lead += [x for r in readings[1:] for x in (f"、{READINGS[r]} ", at(measure, r, "count"), " 个")]
    s.leads.append([*lead, "。"])
    s.charts.append(
        charts.bars(
            f"{window.label}各阶段项目数（个）",
            list(COUNTS.values()),
            [(READINGS[r], charts.COLOURS[r], [at(m, r, "count") for m in COUNTS]) for r in readings],
            "个",
        )
    )
    s.tables.append(Table("总体情况", f"{window.label}各阶段完成情况", "个、万元", head, rows))
    return s


def rate_row(
    release: Release, table: str, base: dict[str, Any], measure: str, readings: Sequence[str]
) -> dict[str, dict[str, Figure]]:
    """One rate in every reading with numerator, denominator, 水分 and what is held back."""
    basis = RATES[measure][1]
    unit = "count" if basis == "count" else "wan"
    wanted = {"numerator": unit, "denominator": unit, "value": "rate", "unsupported_value": "rate"}
    if release.has(table, "held_back_value"):
        wanted["held_back_value"] = "rate"
    out = {}
    for r in readings:
        where = {**base, "measure": measure, "basis": basis, "reading": r}
        found = release.figures(table, (), wanted, where)
        out[r] = found.get((), {e: Figure(None, u, table, e, where) for e, u in wanted.items()})
    return out


def rates_table(
    release: Release, table: str, base: dict[str, Any], readings: Sequence[str], name: str, title: str
) -> tuple[Table, dict[str, dict[str, dict[str, Figure]]]]:
    """The five rates, claimed, evidenced and verified, with 水分."""
    held = "verified" in readings and release.has(table, "held_back_value")
    head = [
        [
            Head("指标", down=2),
            *(Head(READINGS[r], across=3, note="reading") for r in readings),
            Head("水分", down=2, note="unsupported"),
            *([Head("核减", down=2, note="held_back")] if held else []),
        ],
        [Head(t) for _ in readings for t in ("分子", "分母", "率")],
    ]
    rows: list[list[Cell]] = []
    found = {}
    for measure, (label, basis) in RATES.items():
        f = found[measure] = rate_row(release, table, base, measure, readings)
        row: list[Cell] = [Head(f"{label}（{'个' if basis == 'count' else '万元'}）", note=measure)]
        for r in readings:
            row += [f[r]["numerator"], f[r]["denominator"], f[r]["value"]]
        row.append(f["evidenced"]["unsupported_value"])
        if held:
            row.append(f["evidenced"]["held_back_value"])
        rows.append(row)
    return Table(name, title, "个、万元、%", head, rows, remark="水分、核减按百分点。"), found


def rates(release: Release, window: Window, readings: Sequence[str]) -> Section:
    """The district's five rates of the window."""
    s = Section("rates", "五率")
    for name, at in spans(window):
        base = {**district(at), "window_kind": WINDOW_KINDS[at.kind]}
        table, found = rates_table(release, FUNNEL, base, readings, name, f"{at.label}五率：认定、佐证与核实")
        s.tables.append(table)
        if sum(found[m][r]["value"].value is not None for m in RATES for r in readings) < len(readings) * 2:
            continue
        s.charts = [
            charts.bars(
                f"{at.label}五率（%）",
                [label for label, _ in RATES.values()],
                [(READINGS[r], charts.COLOURS[r], [found[m][r]["value"] for m in RATES]) for r in readings],
                "%",
            )
        ]
    return s


def spans(window: Window) -> list[tuple[str, Window]]:
    """The window, and beside a month or a quarter the year before and its own, whose cohorts are large enough."""
    own = [("五率", window)]
    if window.kind in ("monthly", "quarterly"):
        year = window.start.year
        own += [
            (name, Window("yearly", date(y, 1, 1), date(y, 12, 31), window.month_end))
            for name, y in (("上年五率", year - 1), ("本年五率", year))
        ]
    return own


def card(window: Window, reading: str, **more: Any) -> dict[str, Any]:
    """The place of a figure of the scorecard."""
    return {"month_end": window.month_end, "reading": reading, "form": "cohort", **more}


def ranking(release: Release, window: Window, boards: Sequence[str], reading: str) -> Section:
    """Boards by the five rates of the year so far, their ranks and moves."""
    wanted = {"value": "rate", "rank_no": "rank", "rank_move": "move"}
    found: dict[str, dict[tuple[Any, ...], dict[str, Figure]]] = {}
    for measure, (_, basis) in RATES.items():
        where = card(window, reading, measure=measure, variant=RANKED_VARIANT, basis=basis)
        found[measure] = release.figures(CARD, ["reporting_unit"], wanted, where)
    s = Section("ranking", "板块排名与升降")
    month = ""
    if window.month_end:
        until = f"—{window.month_end.month}月" if window.month_end.month > 1 else ""
        month = f"{window.month_end.year}年1月{until}"
    head = [
        [Head("板块", down=2), *(Head(label, across=3, note=m) for m, (label, _) in RATES.items())],
        [h for _ in RATES for h in (Head("率", note="card_rate"), Head("位次", note="rank"), Head("升降"))],
    ]
    rows: list[list[Cell]] = []
    moves: list[tuple[int, list[Cell]]] = []
    for b in boards:
        row: list[Cell] = [b]
        for measure, (label, _) in RATES.items():
            f = found[measure].get((b,), {})
            row += [f.get("value"), f.get("rank_no"), f.get("rank_move")]
            move = f.get("rank_move")
            if move is not None and move.value:
                moves.append((-abs(int(move.value)), [b, label, f["value"], f["rank_no"], move]))
        rows.append(row)
    remark = f"{month}累计，{READINGS[reading]}口径；率按撤出项目留在分母的变体。"
    s.tables.append(Table("板块排名", "板块五率排名", "%、位", head, rows, remark=remark))
    moves.sort(key=lambda m: (m[0], str(m[1][1]), str(m[1][0])))
    s.tables.append(
        Table(
            "位次升降",
            "位次比上月末变化的板块",
            "%、位",
            [
                [
                    Head("板块"),
                    Head("指标"),
                    Head("率", note="card_rate"),
                    Head("位次", note="rank"),
                    Head("升降", note="rank"),
                ]
            ],
            [r for _, r in moves],
            empty="没有板块位次变化（每年 1 月不与上年比）。",
            rows_on_page=12,
        )
    )
    detail(release, window, boards, s)
    for measure in ("filing_rate", "start_rate"):
        ranked = sorted(
            ((b, f["value"]) for (b,), f in found[measure].items() if f["rank_no"].value is not None),
            key=lambda x: (-(x[1].value or 0), boards.index(x[0])),
        )
        if len(ranked) > 1:
            title = f"板块{RATES[measure][0]}（%，{READINGS[reading]}，{month}）"
            s.charts.append(charts.ranked(title, ranked, "%", charts.COLOURS[reading]))
    if not any(f["rank_no"].value is not None for m in found.values() for f in m.values()):
        s.leads.append([f"{month}各板块的率都还没有分母，本期不排名。"])
    return s


def detail(release: Release, window: Window, boards: Sequence[str], section: Section) -> None:
    """Every board's five rates in every reading, for the workbook."""
    readings = release.readings
    head = [
        [Head("板块", down=2), *(Head(label, across=len(readings) + 1, note=m) for m, (label, _) in RATES.items())],
        [h for _ in RATES for h in [*(Head(READINGS[r]) for r in readings), Head("水分", note="unsupported")]],
    ]
    found: dict[tuple[str, str], dict[tuple[Any, ...], dict[str, Figure]]] = {}
    for measure, (_, basis) in RATES.items():
        for r in readings:
            where = card(window, r, measure=measure, variant=RANKED_VARIANT, basis=basis)
            found[measure, r] = release.figures(
                CARD, ["reporting_unit"], {"value": "rate", "unsupported_value": "rate"}, where
            )
    rows: list[list[Cell]] = []
    for b in boards:
        row: list[Cell] = [b]
        for measure in RATES:
            row += [found[measure, r].get((b,), {}).get("value") for r in readings]
            row.append(found[measure, "evidenced"].get((b,), {}).get("unsupported_value"))
        rows.append(row)
    section.tables.append(Table("板块五率对照", "板块五率：认定、佐证与核实", "%", head, rows, workbook_only=True))


def quantities(release: Release, window: Window, boards: Sequence[str], reading: str) -> Section:
    """Boards by what they signed, filed, started, produced, against the target, and their reserve, with 合计."""
    measures = [("signed", "签约"), ("filed", "备案"), ("started", "开工"), ("produced", "投产"), ("on_target", "达效")]
    head = [
        [
            Head("板块", down=2),
            *(Head(label, across=2, note="card_stage") for _, label in measures),
            Head("签约目标", across=2, note="target"),
            Head("储备", across=2, note="reserve"),
        ],
        [
            *(Head(t) for _ in measures for t in ("个", "万元")),
            Head("目标（个）"),
            Head("完成率"),
            Head("个"),
            Head("万元"),
        ],
    ]
    columns: list[tuple[str, str, str, str]] = []
    for m, _ in measures:
        columns += [(m, "count", "numerator", "count"), (m, "amount", "numerator", "wan")]
    columns += [("signed", "count", "target_value", "count"), ("signed", "count", "attainment", "rate")]
    columns += [("reserve", "count", "numerator", "count"), ("reserve", "amount", "numerator", "wan")]
    found, total = [], list[Cell](["合计"])
    for measure, basis, expr, unit in columns:
        where = card(window, reading, measure=measure, variant="main", basis=basis)
        found.append(release.figures(CARD, ["reporting_unit"], {expr: unit}, where))
        total.append(None if expr == "attainment" else release.figure(CARD, f"sum({expr})", unit, where))
    rows: list[list[Cell]] = [
        [b, *(f.get((b,), {}).get(c[2]) for f, c in zip(found, columns, strict=True))] for b in boards
    ]
    s = Section("quantities", "板块完成情况与储备")
    month = window.month_end.isoformat() if window.month_end else "—"
    s.tables.append(
        Table(
            "板块完成情况",
            "板块完成情况与储备项目",
            "个、万元、%",
            head,
            rows,
            total,
            remark=f"本年累计至 {month}，{READINGS[reading]}口径；储备为台账在谈项目。",
        )
    )
    return s


def trend(release: Release, window: Window, readings: Sequence[str]) -> Section:
    """The last windows of the same kind, of a plan its years: how many started and came into production."""
    kind = "yearly" if window.kind == "plan" else window.kind
    until = min(window.end, release.as_of) if window.kind == "plan" else window.start
    starts = [
        r["window_start"]
        for r in release.rows(
            FUNNEL,
            ["DISTINCT window_start"],
            {"cut_kind": "district", "window_kind": WINDOW_KINDS[kind]},
            "window_start",
        )
        if r["window_start"] <= until
    ][-TREND_WINDOWS[window.kind] :]
    labels = [Window(kind, s, s, None).slug for s in starts]
    base = {**district(window), "window_kind": WINDOW_KINDS[kind]}
    s = Section("trend", "走势")
    head = [
        [
            Head("期间", down=2),
            *(Head(label, across=len(readings), note="stages") for label in ("签约", "开工", "投产")),
        ],
        [Head(READINGS[r]) for _ in range(3) for r in readings],
    ]
    rows: list[list[Cell]] = [[label] for label in labels]
    for measure in ("signed", "started", "produced"):
        series = []
        for r in readings:
            figures = []
            for start in starts:
                where = {**base, "window_start": start, "measure": measure, "basis": "count", "reading": r}
                figures.append(release.figure(FUNNEL, "numerator", "count", where))
            series.append((READINGS[r], charts.COLOURS[r], figures))
        for i in range(len(starts)):
            rows[i] += [figures[i] for _, _, figures in series]
        if measure != "signed":
            s.charts.append(charts.bars(f"各期{COUNTS[measure]}项目数（个）", labels, series, "个", 2.5))
    s.tables.append(Table("走势", "各期签约、开工、投产项目数", "个", head, rows))
    return s


def bottlenecks(release: Release, board: str | None = None) -> Section:
    """Who is stuck where, how long, with how much money waiting."""
    base: dict[str, Any] = {"is_in_ledger": True, **({"reporting_unit": board} if board else {})}
    s = Section("bottlenecks", "堵点")
    by_stage = release.figures(
        BOTTLENECK,
        ["stage_no"],
        {
            "count(*)": "count",
            "median(days_waiting)": "days1",
            "max(days_waiting)": "days",
            "sum(money_waiting)": "wan",
        },
        base,
    )
    names = ["等待阶段", "项目数（个）", "等待天数中位（天）", "最长等待（天）", "待用资金（万元）"]
    rows: list[list[Cell]] = [[f"等待{STAGES[n]}", *by_stage[(n,)].values()] for n in sorted(k for (k,) in by_stage)]
    total = release.figures(
        BOTTLENECK,
        (),
        {
            "count(*)": "count",
            "median(days_waiting)": "days1",
            "max(days_waiting)": "days",
            "sum(money_waiting)": "wan",
        },
        base,
    )[()]
    s.tables.append(
        Table(
            "堵点分阶段",
            "堵点：按等待的阶段",
            "个、天、万元",
            [[Head(n, note="bottleneck" if i == 1 else "") for i, n in enumerate(names)]],
            rows,
            ["合计", *total.values()],
        )
    )
    if board is None:
        beside = release.figure(BOTTLENECK, "count(*)", "count", {"is_in_ledger": False})
        s.leads.append(
            ["截至统计时点，台账项目堵点 ", total["count(*)"], " 处；另有台账外备案项目 ", beside, " 处，不列入板块。"]
        )
        counts = release.figures(BOTTLENECK, ["reporting_unit", "stage_no"], {"count(*)": "count"}, base)
        boards = sorted(
            {b for b, _ in counts},
            key=lambda b: (-sum(int(f["count(*)"].value or 0) for (x, _), f in counts.items() if x == b), b),
        )
        stages = sorted({n for _, n in counts})
        if boards:
            s.charts.append(
                charts.stacked(
                    "各板块堵点（处）",
                    boards,
                    [(f"等待{STAGES[n]}", [_or_none(counts, b, n, base) for b in boards]) for n in stages],
                    "处",
                )
            )
        s.tables.append(
            Table(
                "堵点分板块",
                "各板块堵点：按等待的阶段",
                "处",
                [[Head("板块"), *(Head(f"等待{STAGES[n]}", note="bottleneck") for n in stages)]],
                [[b, *(_or_none(counts, b, n, base) for n in stages)] for b in boards],
                ["合计", *(by_stage[n,]["count(*)"] for n in stages)],
                workbook_only=True,
            )
        )
    wanted = {
        "days_waiting": "days",
        "days_beyond_peers": "days1",
        "days_beyond_agreed": "days",
        "money_waiting": "wan",
    }
    listed = release.rows(
        BOTTLENECK,
        [*NAMES, "stage_no", "stage_zh", "missing_zh", "responsible_unit", "next_action_zh"],
        base,
        "money_waiting DESC NULLS LAST, days_waiting DESC, project_id, stage_no",
    )
    figures = release.figures(BOTTLENECK, ["project_id", "stage_no"], wanted, base)
    columns = {
        "项目": "project_name",
        "企业": "company_name",
        "板块": "reporting_unit",
        "等待": "stage_zh",
        "已等待（天）": "days_waiting",
        "超同类（天）": "days_beyond_peers",
        "超约定（天）": "days_beyond_agreed",
        "待用资金（万元）": "money_waiting",
        "缺什么": "missing_zh",
        "责任单位": "responsible_unit",
        "下一步": "next_action_zh",
    }
    if board:
        columns = {t: c for t, c in columns.items() if c not in ("company_name", "reporting_unit", "responsible_unit")}
    s.tables.append(
        Table(
            "堵点清单",
            "堵点清单（按待用资金）",
            "天、万元",
            [[Head(t, note="bottleneck" if c == "days_waiting" else "") for t, c in columns.items()]],
            [_listed(r, figures[r["project_id"], r["stage_no"]], columns.values()) for r in listed],
            wide=frozenset({len(columns) - 1}),
            rows_on_page=5 if board else ON_PAGE,
            empty="没有堵点。",
        )
    )
    return s


def _or_none(counts: dict[tuple[Any, ...], dict[str, Figure]], board: str, stage: int, base: dict[str, Any]) -> Figure:
    found = counts.get((board, stage))
    return (
        found["count(*)"]
        if found
        else Figure(0, "count", BOTTLENECK, "count(*)", {**base, "reporting_unit": board, "stage_no": stage})
    )


def _listed(row: dict[str, Any], figures: dict[str, Figure], columns: Iterable[str]) -> list[Cell]:
    """A project of a list: figures with their place, texts as they are, its number where it has no name."""
    cells: list[Cell] = [figures.get(c, row.get(c)) for c in columns]
    return [row["project_name"] or row["signing_row_no"] or row["project_id"], *cells[1:]]


def exits(release: Release, board: str | None = None) -> Section:
    """Projects to review, by rule and one by one."""
    base: dict[str, Any] = {"is_in_ledger": True, **({"reporting_unit": board} if board else {})}
    s = Section("exits", "退出清单")
    flags = {f"count(*) FILTER ({k})": "count" for k in EXIT_RULES}
    counts = release.figures(EXITS, (), {"count(*)": "count", **flags}, base)[()]
    s.tables.append(
        Table(
            "退出规则",
            "退出清单：按规则（一个项目可列多条）",
            "个",
            [[Head("项目数", note="exit"), *(Head(t) for t in EXIT_RULES.values())]],
            [list(counts.values())],
        )
    )
    listed = release.rows(
        EXITS,
        [*NAMES, "reasons_zh", "suggested_zh", "exit_action", "outcome"],
        base,
        "reason_count DESC, longest_days_over DESC NULLS LAST, project_id",
    )
    figures = release.figures(EXITS, ["project_id"], {"signed_investment": "wan", "investment_cum": "wan"}, base)
    columns = {
        "项目": "project_name",
        "企业": "company_name",
        "板块": "reporting_unit",
        "签约投资（万元）": "signed_investment",
        "累计完成（万元）": "investment_cum",
        "理由": "reasons_zh",
        "建议处置": "suggested_zh",
        "已处置": "exit_action",
        "结果": "outcome",
    }
    if board:
        columns = {t: c for t, c in columns.items() if c not in ("company_name", "reporting_unit")}
    names = list(columns.values())
    s.tables.append(
        Table(
            "退出清单",
            "退出清单（供研判）",
            "万元",
            [[Head(t, note="exit" if c == "signed_investment" else "") for t, c in columns.items()]],
            [_listed(r, figures[r["project_id"],], names) for r in listed],
            wide=frozenset({names.index("reasons_zh"), names.index("suggested_zh")}),
            rows_on_page=4 if board else ON_PAGE,
            empty="没有列入退出清单的项目。",
        )
    )
    return s


def supervision(release: Release, window: Window, boards: Sequence[str], reading: str) -> Section:
    """Positive and negative cases of 督查, and the three principles."""
    kinds = ("quantity_verdict", "quality_verdict", "contribution_verdict")
    verdicts = {
        r["reporting_unit"]: r
        for r in release.rows(
            CARD, ["DISTINCT reporting_unit", *kinds], {"month_end": window.month_end, "reading": reading}
        )
    }
    found = {
        m: release.figures(
            CARD,
            ["reporting_unit"],
            {"numerator": "count"},
            card(window, reading, measure=m, variant="main", basis="count"),
        )
        for m in ("supervision_positive", "supervision_negative")
    }
    rows: list[list[Cell]] = []
    for b in boards:
        v = verdicts.get(b, {})
        rows.append(
            [
                b,
                *(VERDICTS.get(v.get(k) or "", "—") for k in kinds),
                *(f.get((b,), {}).get("numerator") for f in found.values()),
            ]
        )
    total: list[Cell] = ["合计", "", "", ""]
    for m in found:
        where = card(window, reading, measure=m, variant="main", basis="count")
        total.append(release.figure(CARD, "sum(numerator)", "count", where))
    head = [
        [
            Head("板块", down=2),
            Head("三条原则", across=3, note="principle"),
            Head("督查通报", across=2, note="supervision"),
        ],
        [
            Head("数量只增不减"),
            Head("质量只高不低"),
            Head("贡献只强不弱"),
            Head("正面典型（个）"),
            Head("反面典型（个）"),
        ],
    ]
    s = Section("supervision", "督查正反面典型与三条原则")
    s.tables.append(Table("督查与三条原则", "督查正反面典型与三条原则", "个", head, rows, total))
    return s


def quality(release: Release, window: Window) -> Section:
    """What the figures rest on: deliveries, quarantine, findings."""
    year = window.end.year if window.end <= release.as_of else release.as_of.year
    s = Section("quality", "数据质量说明")
    facts = release.figures(
        "quality.release",
        (),
        {
            "files_loaded": "count",
            "files_refused": "count",
            "rows_accepted": "count",
            "rows_quarantined": "count",
            "money_accepted": "wan",
            "money_quarantined": "wan",
        },
        {},
    )[()]
    s.tables.append(
        Table(
            "入库",
            "本版本计入的材料",
            "个、行、万元",
            [
                [
                    Head(t, note="release" if i == 0 else "")
                    for i, t in enumerate(
                        (
                            "入库文件（个）",
                            "拒收文件（个）",
                            "接收行数",
                            "隔离行数",
                            "接收金额（万元）",
                            "隔离金额（万元）",
                        )
                    )
                ]
            ],
            [list(facts.values())],
        )
    )
    wanted = {
        f"sum({c}) FILTER (starts_with(period, '{year}'))": "count"
        for c in ("periods_due", "periods_received", "periods_late", "periods_missing")
    }
    delivered = release.figures(QUALITY, ["owner"], wanted, {"topic": "delivery"})
    total = release.figures(QUALITY, (), wanted, {"topic": "delivery"})[()]
    rows: list[list[Cell]] = [
        [o, *f.values()]
        for (o,), f in sorted(delivered.items(), key=lambda x: x[0][0] or "")
        if any(v.value for v in f.values())
    ]
    names = ("部门", "应报（期）", "已报（期）", "其中迟报（期）", "缺报（期）")
    s.tables.append(
        Table(
            "报送",
            f"{year}年各部门报送",
            "期",
            [[Head(t, note="delivery" if i == 1 else "") for i, t in enumerate(names)]],
            rows,
            ["合计", *total.values()],
        )
    )
    held = release.figures(
        QUALITY,
        ["owner"],
        {"sum(quarantined_rows)": "count", "sum(open_rows)": "count", "max(oldest_open_days)": "days"},
        {"topic": "quarantine"},
    )
    s.tables.append(
        Table(
            "待更正",
            "未通过接收检查的行",
            "行、天",
            [[Head("部门"), Head("隔离行数", note="quarantine"), Head("仍未处理（行）"), Head("最久未处理（天）")]],
            [[o, *f.values()] for (o,), f in sorted(held.items(), key=lambda x: x[0][0] or "")],
            empty="没有隔离的行。",
        )
    )
    names_zh = {}
    if release.has("checks.check_registry"):
        names_zh = {
            r["check_id"]: r["name_zh"] for r in release.rows("checks.check_registry", ["check_id", "name_zh"], {})
        }
    severities = ("block", "quarantine", "flag")
    wanted = {"count(*)": "count"} | {f"count(*) FILTER (effective_severity = '{x}')": "count" for x in severities}
    found = release.figures("checks.fct_check_result", ["check_id"], wanted, {"outcome": "fail"})
    total = release.figures("checks.fct_check_result", (), wanted, {"outcome": "fail"})[()]
    s.tables.append(
        Table(
            "疑点",
            "检查疑点",
            "条",
            [
                [
                    Head("检查"),
                    Head("名称"),
                    Head("疑点", note="check"),
                    Head("不可能成立"),
                    Head("先不计入"),
                    Head("提示"),
                ]
            ],
            [[c, names_zh.get(c, "—"), *f.values()] for (c,), f in sorted(found.items())],
            ["合计", "", *total.values()],
            empty="没有疑点。",
        )
    )
    return s
