-- Every month in which a project could have reported investment: from its filing or its first
-- report on, without January (no report by design), up to its withdrawal. A month without a report
-- is na, never silence (checks.md).

with

projects as (

    select
        project_id,
        district_code,
        entity_id,
        uscc,
        reporting_unit,
        withdrawn_on,
        least(
            coalesce(filing_date, first_report_on),
            coalesce(first_report_on, filing_date)
        ) as begins_on
    from {{ ref('int_check__project') }}

),

months as (

    select distinct month_end
    from {{ ref('dim_date') }}
    where month_end <= {{ as_of() }} and month(month_end) <> 1

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit,
        months.month_end as stat_period,
        strftime(months.month_end, '%Y-%m') as period
    from projects
    inner join months
        on
            last_day(projects.begins_on) <= months.month_end
            and (
                projects.withdrawn_on is null
                or months.month_end <= last_day(projects.withdrawn_on)
            )

)

select
    project_id,
    district_code,
    entity_id,
    uscc,
    reporting_unit,
    stat_period,
    period
from final
