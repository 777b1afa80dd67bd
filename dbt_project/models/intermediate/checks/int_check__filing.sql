-- A filing that stands, and its board: the project's, else that of the firm in the register.

with

filings as (

    select
        district_code,
        project_code,
        uscc,
        filing_date,
        planned_investment,
        {{ evidence_cell('filing', 'filing', 'planned_investment') }} as planned_cell
    from {{ ref('int_filing__current') }} as filing
    where
        filing_date <= {{ as_of() }}
        and not coalesce(is_withdrawn and withdrawn_on <= {{ as_of() }}, false)

),

projects as (

    select
        project_id,
        reporting_unit
    from {{ ref('int_check__project') }}

),

keys as (

    select
        district_code,
        key_value as project_code,
        min(project_id) as project_id
    from {{ ref('bridge_project_key') }}
    where key_kind = 'project_code'
    group by district_code, key_value

),

firms as (

    select
        district_code,
        uscc,
        reporting_unit
    from {{ ref('int_enterprise__current') }}

),

final as (

    select
        filings.district_code,
        coalesce(projects.reporting_unit, firms.reporting_unit) as reporting_unit,
        filings.project_code,
        filings.filing_date,
        filings.planned_investment,
        filings.planned_cell
    from filings
    left join keys
        on
            filings.district_code = keys.district_code
            and filings.project_code = keys.project_code
    left join projects on keys.project_id = projects.project_id
    left join firms
        on
            filings.district_code = firms.district_code
            and filings.uscc = firms.uscc

)

select
    district_code,
    reporting_unit,
    project_code,
    filing_date,
    planned_investment,
    planned_cell
from final
