"""A project's page: stages claimed and evidenced, money against schedule and payments, power and sales, findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from zhixiao.bulletin import charts
from zhixiao.bulletin.district import used_notes
from zhixiao.bulletin.model import Cell, Document, Figure, Head, Section, Table
from zhixiao.bulletin.release import Release
from zhixiao.bulletin.words import STAGES
from zhixiao.errors import ConfigError
from zhixiao.warehouse.db import as_dicts

PROFILE, CHECKS = "marts.mart_project_profile", "checks.fct_check_result"
STEMS = {1: "signed", 2: "filed", 3: "started", 4: "completed", 5: "produced", 6: "on_target"}
SEVERITIES = {"block": "不可能成立", "quarantine": "先不计入", "flag": "提示"}
CELLS_SHOWN = 12
NAMES_SHOWN = 8
DAYS_BEFORE = 366
"""Days before production that the charts of power and sales begin with."""
Points = list[tuple[date, Decimal]]


def find(release: Release, wanted: str) -> dict[str, Any]:
    """The project that a project_id, a ledger number, a project code or a unique part of a name means."""
    text = wanted.strip()
    keys = "project_id = $1 OR signing_row_no = $1 OR project_code = $1"
    columns = "SELECT project_id, project_name, company_name"
    found = release.con.execute(f"{columns} FROM {PROFILE} WHERE {keys} ORDER BY project_id", [text]).fetchall()
    if not found and text:
        found = release.con.execute(
            f"{columns} FROM {PROFILE} WHERE contains(project_name, $1) OR contains(company_name, $1) "
            "ORDER BY project_id",
            [text],
        ).fetchall()
    if not found:
        found = release.con.execute(
            f"{columns} FROM {PROFILE} WHERE project_id IN "
            "(SELECT project_id FROM marts.bridge_project_key WHERE key_value = $1) ORDER BY project_id",
            [text],
        ).fetchall()
    if len(found) != 1:
        shown = "、".join(f"{i} {n or c or ''}" for i, n, c in found[:NAMES_SHOWN])
        more = "…" if len(found) > NAMES_SHOWN else ""
        raise ConfigError(
            f"{wanted} 对应 {len(found)} 个项目：{shown}{more}。请用项目编号。" if found else f"没有项目 {wanted}。",
            f"{wanted} names {len(found)} projects; give the number of one."
            if found
            else f"there is no project {wanted}.",
        )
    return release.rows(PROFILE, ["*"], {"project_id": found[0][0]})[0]


def page(release: Release, wanted: str) -> Document:
    """The page of one project."""
    p = find(release, wanted)
    sections = [
        _head(release, p),
        _stages(release, p),
        _money(release, p),
        _running(release, p),
        _findings(release, p),
        _milestones(release, p),
    ]
    for number, s in zip("一二三四五六", sections, strict=True):
        s.title = f"{number}、{s.title}"
    name = p["project_name"] or p["signing_row_no"] or p["project_code"] or p["project_id"]
    place = f"{p['company_name'] or ''}　{p['reporting_unit'] or ''}　{p['project_id']}"
    return Document(f"项目画像：{name}", place, "质效数据组", sections, used_notes(sections, ()), release.facts)


def _figure(p: dict[str, Any], column: str, unit: str) -> Figure:
    return Figure(p[column], unit, PROFILE, column, {"project_id": p["project_id"]})


def _head(release: Release, p: dict[str, Any]) -> Section:
    s = Section("head", "基本情况与下一步")
    action = f"下一步：{p['next_action_zh']}" if p["next_action_zh"] else "下一步：无待办阶段。"
    missing = f"（缺 {p['missing_zh']}）" if p["missing_zh"] else ""
    owner = f"责任单位 {p['responsible_unit']}" if p["responsible_unit"] else ""
    office = f"，协办 {p['office_zh']}" if p["office_zh"] else ""
    s.leads.append([f"{action}{missing}　{owner}{office}"])
    if p["is_withdrawn"]:
        s.leads.append([f"该项目已于 {p['withdrawn_on']} 撤出台账。"])
    claimed = STAGES.get(p["claimed_stage_no"] or 0, "—")
    words = [
        [
            Head("当前阶段（佐证）", note="profile"),
            Head("认定阶段"),
            Head("停留（天）"),
            Head("疑点（条）"),
            Head("签约投资（万元）"),
            Head("备案总投资（万元）"),
            Head("累计完成（万元）"),
            Head("投资完成率"),
            Head("序时差额（万元）"),
            Head("产业链"),
            Head("建设性质"),
        ],
    ]
    row: list[Cell] = [
        p["current_stage_zh"],
        claimed,
        _figure(p, "days_in_stage", "days"),
        _figure(p, "finding_count", "count"),
        _figure(p, "signed_investment", "wan"),
        _figure(p, "planned_investment", "wan"),
        _figure(p, "investment_cum", "wan"),
        _figure(p, "completion_rate", "rate"),
        _figure(p, "schedule_gap", "wan"),
        p["chain"],
        p["project_kind"],
    ]
    s.tables.append(Table("基本情况", "基本情况", "万元、天", words, [row]))
    for label, text in (
        ("堵点", p["bottleneck_kind"]),
        ("退出清单理由", p["exit_reasons_zh"]),
        ("存在问题", p["blockers"]),
        ("准入", p["access_reasons_zh"]),
        ("成长", p["growth_reasons_zh"]),
    ):
        if text:
            s.leads.append([f"{label}：{text}"])
    return s


def _files(release: Release, hashes: Sequence[str]) -> dict[str, str]:
    """File names by hash."""
    if not hashes or not release.has("marts.dim_source_file", "file_name"):
        return {}
    found = release.con.execute(
        "SELECT file_sha256, min(file_name) FROM marts.dim_source_file WHERE list_contains($1, file_sha256) GROUP BY 1",
        [sorted(set(hashes))],
    ).fetchall()
    return dict(found)


def _where(files: dict[str, str], cell: dict[str, Any]) -> str:
    """File, sheet and row of a cell, as a person looks it up."""
    name = files.get(cell["file_sha256"] or "", (cell["file_sha256"] or "")[:12] or cell["source"] or "—")
    sheet = f"「{cell['sheet']}」" if cell.get("sheet") else ""
    return f"{name}{sheet} 第 {cell['row_number']} 行" if cell.get("row_number") is not None else f"{name}{sheet}"


def _stages(release: Release, p: dict[str, Any]) -> Section:
    s = Section("stages", "阶段：认定在上，佐证在下")
    above = [(p[f"{stem}_claimed_on"], STAGES[n]) for n, stem in STEMS.items() if p[f"{stem}_claimed_on"]]
    below = [(p[f"{stem}_evidenced_on"], STAGES[n]) for n, stem in STEMS.items() if p[f"{stem}_evidenced_on"]]
    if above or below:
        s.charts.append(charts.timeline("阶段时间线", above, below, release.as_of))
    decided = {(x["stage_no"], x["reading"]): x for x in p["stages"] or []}
    files = _files(release, [x["file_sha256"] for x in decided.values() if x["file_sha256"]])
    rows: list[list[Cell]] = []
    for n, stem in STEMS.items():
        claimed, evidenced = p[f"{stem}_claimed_on"], p[f"{stem}_evidenced_on"]
        row: list[Cell] = [STAGES[n]]
        for reading, day in (("claimed", claimed), ("evidenced", evidenced)):
            found = decided.get((n, reading))
            row += [day, _where(files, found) if found and day else None]
        row.append(
            Figure(
                (evidenced - claimed).days,
                "days",
                PROFILE,
                f"{stem}_evidenced_on - {stem}_claimed_on",
                {"project_id": p["project_id"]},
            )
            if claimed and evidenced
            else None
        )
        rows.append(row)
    head = [
        [
            Head("阶段", down=2),
            Head("认定", across=2, note="stage_event"),
            Head("佐证", across=2, note="stage_event"),
            Head("佐证晚于认定（天）", down=2),
        ],
        [Head("日期"), Head("依据"), Head("日期"), Head("依据")],
    ]
    s.tables.append(Table("阶段", "各阶段日期与依据", "天", head, rows, wide=frozenset({2, 4})))
    return s


def _sums(
    release: Release, table: str, day: str, value: str, p: dict[str, Any], more: str = "", key: str = "project_id"
) -> Points:
    condition = f" AND {more}" if more else ""
    return release.con.execute(
        f"SELECT {day}, sum({value}) FROM {table} WHERE {key} = $1{condition} AND {day} <= $2 "
        f"GROUP BY {day} HAVING sum({value}) IS NOT NULL ORDER BY {day}",
        [p[key], release.as_of],
    ).fetchall()


def _running_total(points: Points) -> Points:
    total, out = Decimal(0), []
    for day, value in points:
        total += value
        out.append((day, total))
    return out


def _money(release: Release, p: dict[str, Any]) -> Section:
    s = Section("money", "投资：完成、序时与支付")
    invested = _sums(release, "marts.fct_investment_month", "stat_period", "investment_cum", p)
    series: list[tuple[str, str, Points]] = []
    if invested:
        series.append(("累计完成投资", "-", invested))
    begin, end, agreed = p["agreed_start_date"], p["agreed_completion_date"], p["agreed_investment"]
    if begin and end and agreed is not None and begin < end:
        series.append(("序时应完成", "--", [(begin, Decimal(0)), (end, agreed)]))
    for label, purposes in (("到位资金", "'到位资金'"), ("土建与设备支付", "'土建', '设备'")):
        paid = _running_total(_sums(release, "marts.fct_payment", "paid_on", "amount", p, f"purpose IN ({purposes})"))
        if paid:
            series.append((label, "steps", [*paid, (release.as_of, paid[-1][1])]))
    if series:
        s.charts.append(charts.curves("累计投资与支付（万元）", series, "万元"))
    else:
        s.leads.append(["没有投资报表，也没有监管账户流水。"])
    columns = {
        "investment_cum": "累计完成",
        "scheduled_investment": "序时应完成",
        "schedule_gap": "序时差额",
        "paid_in": "到位资金",
        "paid_works": "土建支付",
        "paid_equipment": "设备支付",
        "paid_land": "土地支付",
        "equipment_purchases": "设备进项（企业）",
    }
    s.tables.append(
        Table(
            "投资",
            "投资与支付",
            "万元",
            [
                [
                    Head(t, note={"investment_cum": "investment", "paid_in": "payment"}.get(c, ""))
                    for c, t in columns.items()
                ]
            ],
            [[_figure(p, c, "wan") for c in columns]],
            remark="序时差额为累计完成减序时应完成，负数为落后。",
        )
    )
    by_year: dict[int, Points] = defaultdict(list)
    for day, value in invested:
        by_year[day.year].append((day, value))
    rows: list[list[Cell]] = [
        [
            points[-1][0],
            Figure(
                points[-1][1],
                "wan",
                "marts.fct_investment_month",
                "sum(investment_cum)",
                {"project_id": p["project_id"], "stat_period": points[-1][0]},
            ),
        ]
        for _, points in sorted(by_year.items())
    ]
    if rows:
        s.tables.append(
            Table(
                "逐年投资",
                "各年最后一期累计完成投资",
                "万元",
                [[Head("报告期"), Head("累计完成投资", note="investment")]],
                rows,
            )
        )
    return s


def _running(release: Release, p: dict[str, Any]) -> Section:
    s = Section("running", "投产后的用电与销售")
    produced = p["produced_evidenced_on"] or p["produced_claimed_on"]
    if produced is None:
        s.leads.append(["尚未投产。"])
        return s
    marks = [(d, w) for d, w in ((p["produced_claimed_on"], "认定投产"), (p["produced_evidenced_on"], "佐证投产")) if d]
    if len(marks) == 2 and abs((marks[0][0] - marks[1][0]).days) < 120:
        marks = [(marks[1][0], "投产")]
    for table, value, title, axis, colour in (
        ("marts.fct_power_month", "consumed_kwh", "当月用电（千瓦时）", "千瓦时", charts.OTHERS[1]),
        ("marts.fct_sales_month", "invoiced_sales", "当月开票销售（万元）", "万元", charts.OTHERS[2]),
    ):
        points = _sums(release, table, "stat_period", value, p)
        if not points and p["uscc"]:
            points = _sums(release, table, "stat_period", value, p, key="uscc")
            title += (
                f"：企业合计，该企业有 {p['firm_project_count']} 个项目" if p["firm_project_count"] else "：企业合计"
            )
        begin = min(d for d, _ in marks) - timedelta(days=DAYS_BEFORE)
        points = [(d, v) for d, v in points if d >= begin]
        if points:
            s.charts.append(charts.months(title, points, axis, colour, marks))
        else:
            s.leads.append([f"{title.partition('：')[0]}：没有报送。"])
    columns = {
        "sales_12m": ("近12个月开票销售（万元）", "wan"),
        "tax_net_12m": ("近12个月入库税收（万元）", "wan"),
        "kwh_12m": ("近12个月用电（千瓦时）", "kwh"),
        "insured_headcount": ("参保人数（人）", "count"),
        "agreed_sales": ("约定年销售（万元）", "wan"),
        "agreed_tax": ("约定年税收（万元）", "wan"),
    }
    notes = {"sales_12m": "sales", "kwh_12m": "power"}
    s.tables.append(
        Table(
            "运行",
            "运行（企业）",
            "万元、千瓦时、人",
            [[Head(t, note=notes.get(c, "profile")) for c, (t, _) in columns.items()]],
            [[_figure(p, c, u) for c, (_, u) in columns.items()]],
        )
    )
    return s


def _findings(release: Release, p: dict[str, Any]) -> Section:
    s = Section("findings", "疑点与依据单元格")
    named = {}
    if release.has("checks.check_registry"):
        named = {
            r["check_id"]: r["name_zh"] for r in release.rows("checks.check_registry", ["check_id", "name_zh"], {})
        }
    mine = "entity_type = 'project' AND list_contains($1, entity_id)"
    firm = "entity_type = 'enterprise' AND entity_id = $2"
    if release.has("checks.finding", "project_id"):
        named_by = "SELECT finding_id FROM checks.finding WHERE project_id = $3 OR counterpart_project_id = $3"
        mine = f"({mine}) OR finding_id IN ({named_by})"
    else:
        mine = f"({mine}) OR entity_id = $3"
    keys = [k for k in (p["signing_row_no"], p["project_code"], p["project_id"]) if k]
    relation = release.con.execute(
        f"SELECT finding_id, check_id, entity_type, period, effective_severity, explanation_zh, evidence FROM {CHECKS} "
        f"WHERE outcome = 'fail' AND (({mine}) OR ({firm})) ORDER BY check_id, period NULLS FIRST, finding_id",
        [keys, p["uscc"] or "", p["project_id"]],
    )
    found = list({r["finding_id"]: r for r in as_dicts(relation)}.values())
    files = _files(release, [e["file_sha256"] for f in found for e in f["evidence"] or [] if e["file_sha256"]])
    decisions = {}
    if release.has("checks.finding", "decision"):
        decisions = {
            r["finding_id"]: r["decision"] for r in release.rows("checks.finding", ["finding_id", "decision"], {})
        }
    words = {"open": "待核实", "explained": "已说明", "confirmed": "属实"}
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for f in found:
        decision = words.get(decisions.get(f["finding_id"], ""), "待核实")
        groups[f["check_id"], f["entity_type"], f["effective_severity"], decision].append(f)
    rows: list[list[Cell]] = []
    for (check, entity, severity, decision), same in groups.items():
        f = same[-1]
        cells = f["evidence"] or []
        shown = "；".join(f"{_where(files, e)} {e['column_name'] or ''} = {e['value']}" for e in cells[:CELLS_SHOWN])
        if len(cells) > CELLS_SHOWN:
            shown += f"；另有 {len(cells) - CELLS_SHOWN} 处，见 zhixiao explain {f['finding_id']}"
        periods = f["period"] or "—"
        if len(same) > 1:
            periods += (
                f"（最近一条；另 {len(same) - 1} 条：{'、'.join(x['period'] or x['finding_id'] for x in same[:-1])}）"
            )
        rows.append(
            [
                f"{check} {named.get(check, '')}".strip(),
                "企业" if entity == "enterprise" else "项目",
                periods,
                SEVERITIES.get(severity, "—"),
                decision,
                _facts(f["explanation_zh"] or ""),
                shown or None,
            ]
        )
    head = [
        [
            Head("检查", note="finding"),
            *(Head(t) for t in ("对象", "期间", "等级", "处置", "规则、事实与需补材料", "依据单元格")),
        ]
    ]
    s.tables.append(
        Table(
            "疑点",
            "疑点（待核实，不是结论；同一检查的各期只列最近一条的依据）",
            "",
            head,
            rows,
            wide=frozenset({5, 6}),
            empty="没有疑点。",
        )
    )
    return s


def _facts(words: str) -> str:
    """An explanation without its list of cells, which has a column of its own."""
    before, found, after = words.partition("依据：")
    return before + after.partition("。")[2] if found and "。" in after else words


def _milestones(release: Release, p: dict[str, Any]) -> Section:
    s = Section("milestones", "节点")
    states = {"done_in_time": "按时完成", "done_late": "逾期完成", "overdue": "逾期未完成", "open": "未到期"}
    rows = release.rows(
        "marts.mart_milestone", ["*"], {"project_id": p["project_id"]}, "planned_date NULLS LAST, milestone, row_number"
    )
    head = [
        [
            Head("节点"),
            Head("计划"),
            Head("实际"),
            Head("逾期（天）", note="milestone"),
            Head("判定"),
            Head("责任单位"),
            Head("责任岗位"),
            Head("存在问题"),
        ]
    ]
    cells: list[list[Cell]] = []
    for r in rows:
        where = {
            "project_id": p["project_id"],
            "milestone": r["milestone"],
            "row_number": r["row_number"],
            "file_sha256": r["file_sha256"],
        }
        cells.append(
            [
                r["milestone"],
                r["planned_date"],
                r["done_on"],
                Figure(r["overdue_days"], "days", "marts.mart_milestone", "overdue_days", where),
                states.get(r["milestone_state"], r["milestone_state"]),
                r["responsible_unit"],
                r["lead_role"],
                r["blocker"],
            ]
        )
    s.tables.append(Table("节点", "节点责任", "天", head, cells, empty="没有节点。", wide=frozenset({7})))
    return s
