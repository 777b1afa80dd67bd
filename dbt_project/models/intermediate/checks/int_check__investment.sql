-- One row a project and month with a report: all codes of the project together. A code that no
-- longer reports (finished, not yet begun) keeps its last cumulative figure.

with

reports as (

    select
        district_code,
        project_id,
        project_code,
        stat_period,
        planned_investment,
        investment_cum,
        investment_month,
        investment_equipment,
        investment_ytd,
        construction_stage,
        received_on,
        report_no,
        rounding_unit,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_check__fai') }}

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        planned_investment,
        received_on,
        submission_kind
    from {{ ref('stg_filing') }}

),

-- What the filings of a code had amended the plan to, by the day on which the report came in.
amended as (

    select
        reports.district_code,
        reports.project_code,
        reports.stat_period,
        max(filings.planned_investment) as amended_investment
    from reports
    inner join filings
        on
            reports.district_code = filings.district_code
            and reports.project_code = filings.project_code
            and reports.received_on >= filings.received_on
            and filings.submission_kind = '变更'
    group by reports.district_code, reports.project_code, reports.stat_period

),

project_months as (

    select distinct
        project_id,
        stat_period
    from reports

),

-- The latest report of each code up to the month.
standing as (

    select
        project_months.project_id,
        project_months.stat_period as month_end,
        reports.stat_period,
        reports.project_code,
        reports.planned_investment,
        reports.investment_cum,
        case
            when reports.stat_period = project_months.stat_period then reports.investment_month
        end as investment_month,
        reports.investment_equipment,
        reports.construction_stage,
        reports.received_on,
        reports.report_no,
        reports.rounding_unit,
        amended.amended_investment,
        reports.file_sha256,
        reports.sheet,
        reports.row_number
    from project_months
    inner join reports
        on
            project_months.project_id = reports.project_id
            and project_months.stat_period >= reports.stat_period
    left join amended
        on
            reports.district_code = amended.district_code
            and reports.project_code = amended.project_code
            and reports.stat_period = amended.stat_period
    qualify
        row_number() over (
            partition by project_months.project_id, project_months.stat_period, reports.project_code
            order by reports.stat_period desc
        ) = 1

),

final as (

    select
        project_id,
        month_end as stat_period,
        sum(investment_cum) as investment_cum,
        coalesce(sum(investment_month), 0) as investment_month,
        sum(planned_investment) as stated_plan,
        sum(greatest(planned_investment, coalesce(amended_investment, 0))) as planned_investment,
        bool_or(amended_investment is not null) as is_amended,
        max(received_on) as received_on,
        max(report_no) as report_no,
        max(rounding_unit) as rounding_unit,
        bool_and(construction_stage = '单纯购置') as is_equipment_only,
        bool_and(construction_stage = '全部停缓建') as is_stopped,
        min(project_code) as project_code,
        count(*) as codes,
        list({{ evidence_cell('fai', 'standing', 'investment_cum') }} order by project_code)
            as cum_cells,
        list({{ evidence_cell('fai', 'standing', 'planned_investment') }} order by project_code)
            as plan_cells,
        list(
            {{ evidence_cell('fai', 'standing', 'investment_month') }} order by project_code
        ) filter (where investment_month is not null) as month_cells,
        list(
            {{ evidence_cell('fai', 'standing', 'construction_stage') }} order by project_code
        ) as stage_cells
    from standing
    group by project_id, month_end

)

select
    project_id,
    stat_period,
    investment_cum,
    investment_month,
    stated_plan,
    planned_investment,
    is_amended,
    received_on,
    report_no,
    rounding_unit,
    is_equipment_only,
    is_stopped,
    project_code,
    codes,
    cum_cells,
    plan_cells,
    month_cells,
    stage_cells
from final
