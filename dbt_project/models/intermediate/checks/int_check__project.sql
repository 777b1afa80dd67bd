-- checks.md: entity_id is the signing_row_no where there is one, else the project_code.

with

projects as (

    select
        project_id,
        district_code,
        coalesce(signing_row_no, project_code) as entity_id,
        signing_row_no,
        project_code,
        uscc,
        company_name,
        project_name,
        reporting_unit,
        industry_code,
        industry_section,
        signed_investment,
        planned_investment,
        signing_date,
        filing_date,
        is_in_ledger,
        is_leased,
        involves_land,
        is_expansion,
        approval_path,
        commitment_date,
        withdrawn_on
    from {{ ref('int_project') }}

),

first_reports as (

    select
        project_id,
        min(stat_period) as first_report_on
    from {{ ref('fct_investment_month') }}
    where investment_month <> 0 or investment_cum <> 0
    group by project_id

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.entity_id,
        projects.signing_row_no,
        projects.project_code,
        projects.uscc,
        projects.company_name,
        projects.project_name,
        projects.reporting_unit,
        projects.industry_code,
        substr(projects.industry_code, 1, 2) as industry_division,
        projects.industry_section,
        projects.signed_investment,
        projects.planned_investment,
        projects.signing_date,
        projects.filing_date,
        projects.is_in_ledger,
        projects.is_leased,
        projects.involves_land,
        projects.is_expansion,
        projects.approval_path,
        projects.commitment_date,
        projects.withdrawn_on,
        first_reports.first_report_on
    from projects
    left join first_reports on projects.project_id = first_reports.project_id

)

select
    project_id,
    district_code,
    entity_id,
    signing_row_no,
    project_code,
    uscc,
    company_name,
    project_name,
    reporting_unit,
    industry_code,
    industry_division,
    industry_section,
    signed_investment,
    planned_investment,
    signing_date,
    filing_date,
    is_in_ledger,
    is_leased,
    involves_land,
    is_expansion,
    approval_path,
    commitment_date,
    withdrawn_on,
    first_report_on
from final
