with

reports as (

    select
        district_code,
        stat_period,
        uscc,
        company_name,
        insured_headcount,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_social__current') }}
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

final as (

    select
        reports.district_code,
        reports.stat_period,
        reports.uscc,
        firm_projects.project_id,
        coalesce(firm_projects.project_count, 0) as project_count,
        reports.company_name,
        cast(reports.insured_headcount as decimal(20, 4)) as insured_headcount,
        reports.received_on,
        'social' as source,
        reports.file_sha256,
        reports.sheet,
        reports.row_number
    from reports
    left join firm_projects
        on
            reports.district_code = firm_projects.district_code
            and reports.uscc = firm_projects.uscc

)

select
    district_code,
    stat_period,
    uscc,
    project_id,
    project_count,
    company_name,
    insured_headcount,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
