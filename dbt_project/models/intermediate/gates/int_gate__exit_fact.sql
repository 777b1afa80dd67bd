-- Of every project the dates and amounts that the exit rules ask for.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        register_current_stage,
        is_leased,
        withdrawn_on
    from {{ ref('int_project') }}

),

funnel as (

    select
        project_id,
        signed_claimed_on,
        filed_evidenced_on,
        started_evidenced_on,
        completed_evidenced_on,
        produced_evidenced_on,
        planned_investment,
        investment_cum,
        has_investment_report
    from {{ ref('fct_project_funnel') }}

),

filings as (

    select
        project_id,
        project_code,
        filing_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__filing') }}
    where is_first

),

filing_rows as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        planned_completion_date
    from {{ ref('int_filing__current') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_start_date,
        agreed_completion_date,
        breach,
        exit_action,
        exit_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_agreement__history') }}
    -- Also of an agreement that is gone from the register: what was done stays known.
    qualify row_number() over (
        partition by district_code, signing_row_no
        order by version_no desc
    ) = 1

),

permits as (

    select
        project_id,
        construction_permit_date
    from {{ ref('int_stage__permit') }}

),

activities as (

    select
        project_id,
        source,
        happened_on,
        is_works,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_gate__activity') }}

),

report_periods as (

    select distinct
        district_code,
        stat_period
    from {{ ref('fct_investment_month') }}

),

last_permits as (

    select
        project_id,
        max(construction_permit_date) as last_permit_on
    from permits
    group by project_id

),

procedures as (

    select
        activities.project_id,
        min(activities.happened_on) as first_procedure_on
    from activities
    inner join filings on activities.project_id = filings.project_id
    where activities.happened_on >= filings.filing_date
    group by activities.project_id

),

works as (

    select
        project_id,
        max(happened_on) as last_works_on,
        max(happened_on) filter (where source = 'fai') as last_investment_on
    from activities
    where is_works
    group by project_id

),

-- The reports that the district has delivered since the last investment: January has none, and a
-- month that has not come yet is no gap.
silences as (

    select
        projects.project_id,
        count(*) as silent_periods
    from projects
    inner join funnel on projects.project_id = funnel.project_id
    inner join report_periods on projects.district_code = report_periods.district_code
    left join works on projects.project_id = works.project_id
    where
        report_periods.stat_period
        > coalesce(works.last_investment_on, funnel.started_evidenced_on)
    group by projects.project_id

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        coalesce(projects.is_leased, false) as is_leased,
        case
            when projects.withdrawn_on <= {{ as_of() }} then projects.withdrawn_on
        end as withdrawn_on,
        coalesce(projects.register_current_stage = '终止', false) as is_terminated,
        funnel.signed_claimed_on as signed_on,
        funnel.filed_evidenced_on as filed_on,
        funnel.started_evidenced_on as started_on,
        funnel.completed_evidenced_on as completed_on,
        funnel.produced_evidenced_on as produced_on,
        funnel.planned_investment,
        funnel.investment_cum,
        funnel.has_investment_report,
        filings.project_code,
        filing_rows.planned_completion_date,
        filings.file_sha256 as filing_file_sha256,
        filings.sheet as filing_sheet,
        filings.row_number as filing_row_number,
        agreements.agreed_start_date,
        agreements.agreed_completion_date,
        nullif(trim(agreements.breach), '') as breach,
        case
            when coalesce(agreements.exit_date <= {{ as_of() }}, true)
                then nullif(trim(agreements.exit_action), '')
        end as exit_action,
        case
            when agreements.exit_date <= {{ as_of() }} then agreements.exit_date
        end as exit_date,
        agreements.signing_row_no is not null as has_agreement,
        agreements.file_sha256 as agreement_file_sha256,
        agreements.sheet as agreement_sheet,
        agreements.row_number as agreement_row_number,
        last_permits.last_permit_on,
        procedures.first_procedure_on,
        works.last_works_on,
        works.last_investment_on,
        coalesce(silences.silent_periods, 0) as silent_periods
    from projects
    inner join funnel on projects.project_id = funnel.project_id
    left join filings on projects.project_id = filings.project_id
    left join filing_rows
        on
            projects.district_code = filing_rows.district_code
            and filings.project_code = filing_rows.project_code
    left join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no
    left join last_permits on projects.project_id = last_permits.project_id
    left join procedures on projects.project_id = procedures.project_id
    left join works on projects.project_id = works.project_id
    left join silences on projects.project_id = silences.project_id

)

select
    project_id,
    district_code,
    signing_row_no,
    is_leased,
    withdrawn_on,
    is_terminated,
    signed_on,
    filed_on,
    started_on,
    completed_on,
    produced_on,
    planned_investment,
    investment_cum,
    has_investment_report,
    project_code,
    planned_completion_date,
    filing_file_sha256,
    filing_sheet,
    filing_row_number,
    agreed_start_date,
    agreed_completion_date,
    breach,
    exit_action,
    exit_date,
    has_agreement,
    agreement_file_sha256,
    agreement_sheet,
    agreement_row_number,
    last_permit_on,
    first_procedure_on,
    last_works_on,
    last_investment_on,
    silent_periods
from final
