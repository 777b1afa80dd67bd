with

reports as (

    select
        district_code,
        stat_period,
        uscc,
        company_name,
        reporting_unit,
        submission_kind,
        revision_reason,
        output_value,
        operating_income,
        headcount,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_output__current') }}
    -- A month is in when its last day <= as_of (metrics.md, "Precisely").
    where stat_period <= {{ as_of() }}

),

firm_projects as (

    select
        district_code,
        uscc,
        project_count,
        project_id
    from {{ ref('int_firm__project') }}

),

calendar as (

    select
        source,
        coalesce(months_without_report, cast([] as integer[])) as months_without_report
    from {{ ref('stg_contract') }}
    where source = 'output'

),

final as (

    select
        reports.district_code,
        reports.stat_period,
        reports.uscc,
        firm_projects.project_id,
        coalesce(firm_projects.project_count, 0) as project_count,
        reports.company_name,
        reports.reporting_unit,
        case
            when
                extract(month from reports.stat_period) = 2
                and list_contains(calendar.months_without_report, 1)
                then 2
            else 1
        end as months_covered,
        cast(reports.output_value as decimal(20, 4)) as output_value,
        cast(reports.operating_income as decimal(20, 4)) as operating_income,
        cast(reports.headcount as decimal(20, 4)) as headcount,
        reports.submission_kind,
        reports.revision_reason,
        reports.received_on,
        'output' as source,
        reports.file_sha256,
        reports.sheet,
        reports.row_number
    from reports
    left join firm_projects
        on
            reports.district_code = firm_projects.district_code
            and reports.uscc = firm_projects.uscc
    left join calendar on true

)

select
    district_code,
    stat_period,
    uscc,
    project_id,
    project_count,
    company_name,
    reporting_unit,
    months_covered,
    output_value,
    operating_income,
    headcount,
    submission_kind,
    revision_reason,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
