-- What a project had invested by each day that is looked at, and what was due by then.

with

points as (

    select
        evaluated_on,
        closes_on
    from {{ ref('int_retrospective__point') }}

),

projects as (

    select
        project_id,
        district_code,
        signing_row_no
    from {{ ref('fct_project_funnel') }}

),

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_added,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_funnel__investment') }}

),

statements as (

    select
        stat_period,
        investment_equipment,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_fai__current') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_investment,
        agreed_start_date,
        agreed_completion_date
    from {{ ref('int_agreement__current') }}
    where
        agreed_investment is not null
        and agreed_start_date < agreed_completion_date

),

days as (

    select evaluated_on as invested_by from points

    union distinct

    select closes_on as invested_by from points

),

-- The equipment of a report is year-to-date: what it adds to the report before it of its year.
added as (

    select
        reports.project_id,
        reports.stat_period,
        reports.investment_added,
        case
            when statements.investment_equipment is null then 0
            else statements.investment_equipment - coalesce(
                lag(statements.investment_equipment ignore nulls) over (
                    partition by
                        reports.project_id, reports.project_code, year(reports.stat_period)
                    order by reports.stat_period
                ), 0
            )
        end as equipment_added
    from reports
    left join statements
        on
            reports.file_sha256 = statements.file_sha256
            and reports.sheet = statements.sheet
            and reports.row_number = statements.row_number
            and reports.stat_period = statements.stat_period

),

invested as (

    select
        added.project_id,
        days.invested_by,
        sum(added.investment_added) as investment_cum,
        sum(added.equipment_added) as equipment_cum
    from added
    inner join days on added.stat_period <= days.invested_by
    group by added.project_id, days.invested_by

),

spans as (

    select
        projects.project_id,
        days.invested_by,
        agreements.agreed_investment,
        agreements.agreed_completion_date - agreements.agreed_start_date as days_in_all,
        least(
            greatest(days.invested_by - agreements.agreed_start_date, 0),
            agreements.agreed_completion_date - agreements.agreed_start_date
        ) as days_gone
    from projects
    inner join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no
    cross join days

),

final as (

    select
        projects.project_id,
        days.invested_by,
        cast(coalesce(invested.investment_cum, 0) as decimal(20, 4)) as investment_cum,
        cast(coalesce(invested.equipment_cum, 0) as decimal(20, 4)) as equipment_cum,
        cast({{ exact_ratio(
            "(cast(spans.agreed_investment as decimal(24, 6)) * cast(spans.days_gone as integer))",
            "cast(spans.days_in_all as decimal(18, 6))",
        ) }} as decimal(20, 4)) as scheduled_investment,
        cast({{ exact_ratio(
            "spans.agreed_investment",
            "cast(spans.days_in_all as decimal(18, 6))",
        ) }} as decimal(18, 6)) as scheduled_a_day
    from projects
    cross join days
    left join invested
        on
            projects.project_id = invested.project_id
            and days.invested_by = invested.invested_by
    left join spans
        on
            projects.project_id = spans.project_id
            and days.invested_by = spans.invested_by

)

select
    project_id,
    invested_by,
    investment_cum,
    equipment_cum,
    scheduled_investment,
    scheduled_a_day
from final
