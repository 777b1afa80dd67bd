{# The Chinese title of every published table, as YAML: for its comment and for the data dictionary
   (zhixiao/dictionary.py reads the same lines). #}
{% macro table_titles() %}
    {% set titles %}
bridge_project_cut: 项目所属分组
bridge_project_key: 项目与各类编号的关联
dim_date: 日期（节假日、工作日、规划年度）
dim_division: 行政区划
dim_enterprise: 企业（各版本）
dim_industry: 国民经济行业分类
dim_project: 项目（各版本）
dim_reporting_unit: 板块
dim_source_file: 来文
fct_acceptance: 竣工验收备案
fct_check_result: 检查结果
fct_delivery: 报送（应报、实报、迟报）
fct_figure_part: 漏斗差额的组成项目
fct_figure_revision: 数字改动
fct_figure_row: 漏斗数字的来源行
fct_insured_month: 参保人数（月）
fct_investment_month: 完成投资（月）
fct_land: 土地供应
fct_milestone: 项目节点
fct_output_month: 规上工业产值（月）
fct_payment: 监管账户资金流水
fct_permit: 施工许可
fct_power_month: 用电量（月）
fct_project_funnel: 项目漏斗快照
fct_sales_month: 开票销售（月）
fct_stage_event: 环节事件
fct_target: 年度目标
fct_tax: 入库税收
mart_access_gate: 准入
mart_board_scorecard: 板块成绩单
mart_bottleneck: 堵点（进度迟缓、投产失衡）
mart_data_quality: 数据质量
mart_exit_list: 退出清单
mart_expansion_library: 增资扩产项目库
mart_figure_vintage: 数字的知情史
mart_fund: 产业基金
mart_funnel: 五率漏斗
mart_funnel_retrospective: 十四五回顾
mart_growth_watch: 成长观察
mart_land_efficiency: 亩均效益
mart_land_reserve: 土地储备
mart_landing_cohort: 落地转化曲线
mart_lead_channel: 招引渠道成效
mart_milestone: 节点责任化
mart_project_profile: 项目画像
check_registry: 检查目录
finding: 疑点
finding_decision: 疑点处置
conservation: 守恒核对
correction: 更正及其结果
delivery: 报送情况
expectation_result: 来文与发布检查结果
load_log: 装载日志
merge: 合并及其结果
quarantine: 隔离区
release: 发布版本
unlinked_key: 未能关联的编号
    {% endset %}
    {{ return(fromyaml(titles)) }}
{% endmacro %}
