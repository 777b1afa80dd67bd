-- The cells that a project's money comes from: what each standing code filed (of withdrawn codes
-- only where none stands), what was signed, and what each code's last report adds up to.

with

projects as (

    select
        project_id,
        district_code,
        signed_investment,
        signing_row_no,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

project_codes as (

    select distinct
        project_id,
        district_code,
        key_value as project_code
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'project_code'
        -- A code that the ledger no longer shows is a closed link.
        and valid_to is null

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        planned_investment,
        coalesce(is_withdrawn, false) as is_withdrawn
    from {{ ref('int_filing__current') }}
    where planned_investment is not null

),

filing_rows as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        planned_investment,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('stg_filing') }}

),

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_cum,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_funnel__investment') }}

),

counted_filings as (

    select
        project_codes.project_id,
        project_codes.district_code,
        filings.project_code,
        filings.planned_investment
    from project_codes
    inner join filings
        on
            project_codes.district_code = filings.district_code
            and project_codes.project_code = filings.project_code
    qualify
        filings.is_withdrawn = bool_and(filings.is_withdrawn) over (
            partition by project_codes.project_id
        )

),

-- The last row that states the amount in force.
planned as (

    select
        counted_filings.project_id,
        counted_filings.planned_investment,
        filing_rows.file_sha256,
        filing_rows.sheet,
        filing_rows.row_number
    from counted_filings
    inner join filing_rows
        on
            counted_filings.district_code = filing_rows.district_code
            and counted_filings.project_code = filing_rows.project_code
            and counted_filings.planned_investment = filing_rows.planned_investment
    qualify row_number() over (
        partition by counted_filings.project_id, counted_filings.project_code
        order by
            filing_rows.received_on desc,
            filing_rows.file_sha256 asc,
            filing_rows.sheet asc,
            filing_rows.row_number asc
    ) = 1

),

last_reports as (

    select
        project_id,
        investment_cum,
        file_sha256,
        sheet,
        row_number
    from reports
    qualify stat_period = max(stat_period) over (partition by project_id, project_code)

),

final as (

    select
        project_id,
        'filing' as source,
        file_sha256,
        sheet,
        row_number,
        'planned_investment' as column_name,
        cast(planned_investment as varchar) as value
    from planned

    union all

    select
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        'signed_investment' as column_name,
        cast(signed_investment as varchar) as value
    from projects
    where
        signing_row_no is not null
        and signed_investment is not null

    union all

    select
        project_id,
        'fai' as source,
        file_sha256,
        sheet,
        row_number,
        'investment_cum' as column_name,
        cast(investment_cum as varchar) as value
    from last_reports

)

select
    project_id,
    source,
    file_sha256,
    sheet,
    row_number,
    column_name,
    value
from final
