with

reports as (

    select
        district_code,
        stat_period,
        {{ project_code_key("project_code") }} as project_code,
        uscc,
        project_name,
        reporting_unit,
        planned_investment,
        investment_cum,
        investment_ytd,
        investment_month,
        investment_build,
        investment_equipment,
        investment_other,
        construction_stage,
        site_progress,
        submission_kind,
        revision_reason,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_fai__current') }}
    -- A month is in when its last day <= as_of (metrics.md, "Precisely").
    where stat_period <= {{ as_of() }}

),

code_links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}

),

final as (

    select
        reports.district_code,
        reports.stat_period,
        reports.project_code,
        code_links.project_id,
        reports.uscc,
        reports.project_name,
        reports.reporting_unit,
        cast(reports.planned_investment as decimal(20, 4)) as planned_investment,
        cast(reports.investment_cum as decimal(20, 4)) as investment_cum,
        cast(reports.investment_ytd as decimal(20, 4)) as investment_ytd,
        cast(reports.investment_month as decimal(20, 4)) as investment_month,
        cast(reports.investment_build as decimal(20, 4)) as investment_build,
        cast(reports.investment_equipment as decimal(20, 4)) as investment_equipment,
        cast(reports.investment_other as decimal(20, 4)) as investment_other,
        reports.construction_stage,
        reports.site_progress,
        reports.submission_kind,
        reports.revision_reason,
        reports.received_on,
        'fai' as source,
        reports.file_sha256,
        reports.sheet,
        reports.row_number
    from reports
    inner join code_links
        on
            reports.district_code = code_links.district_code
            and reports.project_code = code_links.project_code

)

select
    district_code,
    stat_period,
    project_code,
    project_id,
    uscc,
    project_name,
    reporting_unit,
    planned_investment,
    investment_cum,
    investment_ytd,
    investment_month,
    investment_build,
    investment_equipment,
    investment_other,
    construction_stage,
    site_progress,
    submission_kind,
    revision_reason,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
