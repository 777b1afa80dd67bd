"""The words of a bulletin: measures, readings and stages, and what each means (metric_definition, in Chinese)."""

from __future__ import annotations

from zhixiao.bulletin.model import Note

READINGS = {"claimed": "认定", "evidenced": "佐证", "verified": "核实"}
STAGES = {1: "签约", 2: "备案", 3: "开工", 4: "竣工", 5: "投产", 6: "达效"}
KINDS = {"monthly": "月度", "quarterly": "季度", "yearly": "年度", "plan": "五年规划"}
VERDICTS = {"held": "保持", "broken": "未保持", "unknown": "不可比"}

RATES: dict[str, tuple[str, str]] = {
    "filing_rate": ("签约项目备案率", "count"),
    "start_rate": ("备案项目开工率", "count"),
    "investment_completion_rate": ("项目投资完成率", "amount"),
    "production_rate": ("开工项目投产率", "count"),
    "on_target_rate": ("投产项目达效率", "count"),
}
"""The five rates and the basis on which they are shown and ranked."""

COUNTS = {
    "signed": "签约",
    "filed": "备案",
    "started": "开工",
    "completed": "竣工",
    "produced": "投产",
    "on_target": "达效",
}

EXIT_RULES = {
    "is_filing_lapsed": "备案满两年未动",
    "is_long_not_started": "长期未开工",
    "is_start_overdue": "逾约定开工",
    "is_permit_void": "施工许可失效",
    "is_land_idle": "土地闲置",
    "is_investment_behind": "投资严重滞后",
    "is_investment_stalled": "投资停滞",
    "is_in_breach": "违约在案",
}

_FUNNEL, _CARD = "marts.mart_funnel", "marts.mart_board_scorecard"
_READINGS = "认定：部门认定或台账所载；佐证：其他部门有日期的材料所示；核实：佐证中减去检查先不计入的项目。"

NOTES = {
    n.key: n
    for n in (
        Note("filing_rate", "签约项目备案率", "窗口内签约且截至统计时点已备案的项目数 ÷ 窗口内签约的项目数。", _FUNNEL),
        Note("start_rate", "备案项目开工率", "窗口内备案且截至统计时点已开工的项目数 ÷ 窗口内备案的项目数。", _FUNNEL),
        Note(
            "investment_completion_rate",
            "项目投资完成率",
            "窗口内开工项目截至统计时点的累计完成投资 ÷ 其备案总投资；没有投资报表的按零计。",
            _FUNNEL,
        ),
        Note(
            "production_rate",
            "开工项目投产率",
            "窗口内开工且截至统计时点已投产的项目数 ÷ 窗口内开工的项目数。",
            _FUNNEL,
        ),
        Note(
            "on_target_rate", "投产项目达效率", "窗口内投产且截至统计时点已达效的项目数 ÷ 窗口内投产的项目数。", _FUNNEL
        ),
        Note(
            "stages",
            "签约、备案、开工、竣工、投产、达效",
            f"窗口内到达该阶段的项目数（个）与金额（万元；签约按签约投资额，其余按备案总投资）。{_READINGS}",
            _FUNNEL,
        ),
        Note(
            "reading",
            "认定、佐证、核实",
            f"{_READINGS}分子与分母同一口径；没有分母的不计算，以“—”表示，不记为零。",
            _FUNNEL,
        ),
        Note("unsupported", "水分", "认定数减佐证数：认定了而没有材料支持的部分；率按百分点，数按个或万元。", _FUNNEL),
        Note("held_back", "核减", "佐证数减核实数：有材料而检查先不计入的部分。疑点待人核实，不是结论。", _FUNNEL),
        Note(
            "rank",
            "位次、升降",
            "本年累计至月末，各板块按同一口径由高到低排，数值相同位次相同；率按“撤出项目留在分母”的变体排，防止删项目提高比率；"
            "升降为上月末位次减本月末位次；没有分母的不排。",
            _CARD,
        ),
        Note(
            "card_rate",
            "板块五率",
            "本年累计至月末：分母为本年到达前一阶段的项目，分子只算到月末，撤出项目留在分母；其余同各率定义。",
            _CARD,
        ),
        Note(
            "card_stage",
            "板块完成情况",
            "本年累计至月末到达该阶段的项目数（个）与金额（万元）；月末以后证据才齐的不计，所以合计可以小于总体情况。",
            _CARD,
        ),
        Note("target", "目标完成率", "本年累计数 ÷ 板块全年目标；没有目标的不计算。", _CARD),
        Note("reserve", "储备项目", "在谈、尚无签约日期的台账项目，以月末的台账为准：个数与金额（万元）。", _CARD),
        Note(
            "supervision",
            "督查正反面典型",
            "本年累计至月末督查通报中该板块的正面、反面典型数（个）；没有督查材料的不计算。",
            _CARD,
        ),
        Note("principle", "三条原则", "数量只增不减、质量只高不低、贡献只强不弱：与上年同期各项数值相比。", _CARD),
        Note(
            "bottleneck",
            "堵点",
            "上一阶段已有佐证、本阶段没有，且等待天数超过同类项目中位天数或已过约定日期的台账项目；"
            "一个项目在不同阶段可各计一次；“待用资金”为竣工前尚未完成的投资、竣工后尚未见效的投资（万元）。",
            "marts.mart_bottleneck",
        ),
        Note(
            "exit",
            "退出清单",
            "截至统计时点至少一条退出规则成立、协议登记违约或台账记为终止的台账项目，供人研判，不是结论。",
            "marts.mart_exit_list",
        ),
        Note(
            "delivery", "报送", "按合同应报、已报、迟报、缺报的期数；期间属于通报所在年度。", "marts.mart_data_quality"
        ),
        Note(
            "quarantine",
            "待更正",
            "未通过接收检查而隔离的行数；已被后一次报送更正的不再待办。",
            "marts.mart_data_quality",
        ),
        Note("check", "疑点", "检查不成立的条数，含已说明的；疑点待人核实，不是结论。", "checks.fct_check_result"),
        Note("release", "入库", "本版本计入的文件、行数与金额（万元）。", "quality.release"),
    )
}

NOTES |= {
    n.key: n
    for n in (
        Note(
            "profile",
            "项目画像",
            "项目当前的阶段、金额与期限；金额单位万元。税收、销售、用电、用工属于企业，多个项目的企业不能分摊。",
            "marts.mart_project_profile",
        ),
        Note("stage_event", "阶段日期", f"{_READINGS}", "marts.fct_stage_event"),
        Note(
            "investment",
            "投资",
            "月末自开始建设累计完成投资（万元）；多个代码的按月相加。序时线为约定投资额在约定开工与竣工之间的直线。",
            "marts.fct_investment_month",
        ),
        Note("payment", "支付", "监管账户流水按用途累计（万元）。", "marts.fct_payment"),
        Note(
            "power",
            "用电",
            "企业用电户当月电量（千瓦时）；企业有多个项目、不能分摊的列企业合计。",
            "marts.fct_power_month",
        ),
        Note(
            "sales",
            "开票销售",
            "企业当月开票销售（万元）；企业有多个项目、不能分摊的列企业合计。",
            "marts.fct_sales_month",
        ),
        Note("finding", "疑点", "检查不成立的条目与其原始单元格；疑点待人核实，不是结论。", "checks.fct_check_result"),
        Note("milestone", "节点", "节点的计划、实际与逾期天数。", "marts.mart_milestone"),
    )
}
