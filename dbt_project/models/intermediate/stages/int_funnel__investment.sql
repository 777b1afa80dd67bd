-- What each report adds to the cumulative investment of a project: so months add up to the
-- cumulative figure of the last report, also where a month was restated.

with

projects as (

    select
        project_id,
        district_code
    from {{ ref('int_project') }}

),

project_codes as (

    select distinct
        project_id,
        key_value as project_code
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'project_code'
        -- A code that the ledger no longer shows is a closed link.
        and valid_to is null

),

reports as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        stat_period,
        investment_cum,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_fai__current') }}
    where
        investment_cum is not null
        and stat_period <= {{ as_of() }}

),

final as (

    select
        projects.project_id,
        reports.project_code,
        reports.stat_period,
        reports.investment_cum,
        reports.investment_cum - coalesce(lag(reports.investment_cum) over (
            partition by projects.project_id, reports.project_code
            order by reports.stat_period
        ), 0) as investment_added,
        reports.file_sha256,
        reports.sheet,
        reports.row_number
    from projects
    inner join project_codes on projects.project_id = project_codes.project_id
    inner join reports
        on
            projects.district_code = reports.district_code
            and project_codes.project_code = reports.project_code

)

select
    project_id,
    project_code,
    stat_period,
    investment_cum,
    investment_added,
    file_sha256,
    sheet,
    row_number
from final
