-- Every filing that is linked to a project and dated by as_of. Several codes of one signing row
-- are one project, and the first filing that stands counts (metrics.md "Precisely").

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

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        filing_date,
        approval_path,
        commitment_date,
        withdrawn_on,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_filing__current') }}
    where filing_date <= {{ as_of() }}

),

linked as (

    select
        projects.project_id,
        filings.project_code,
        filings.filing_date,
        filings.approval_path,
        filings.commitment_date,
        -- A 撤销 acts from its received day: until then the filing stood.
        coalesce(filings.withdrawn_on > {{ as_of() }}, true) as stands,
        filings.withdrawn_on,
        filings.file_sha256,
        filings.sheet,
        filings.row_number,
        filings.withdrawn_file_sha256,
        filings.withdrawn_sheet,
        filings.withdrawn_row_number
    from projects
    inner join project_codes on projects.project_id = project_codes.project_id
    inner join filings
        on
            projects.district_code = filings.district_code
            and project_codes.project_code = filings.project_code

),

final as (

    select
        project_id,
        project_code,
        filing_date,
        approval_path,
        commitment_date,
        stands,
        stands and row_number() over (
            partition by project_id
            order by stands desc, filing_date asc, project_code asc
        ) = 1 as is_first,
        withdrawn_on,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from linked

)

select
    project_id,
    project_code,
    filing_date,
    approval_path,
    commitment_date,
    stands,
    is_first,
    withdrawn_on,
    file_sha256,
    sheet,
    row_number,
    withdrawn_file_sha256,
    withdrawn_sheet,
    withdrawn_row_number
from final
