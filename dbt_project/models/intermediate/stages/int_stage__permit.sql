-- The construction permits of a project that stand at as_of, each with its acceptance where there
-- is one.

with

permit_links as (

    select
        project_id,
        district_code,
        construction_permit_no,
        project_code
    from {{ ref('int_match__permit') }}
    where project_id is not null

),

permits as (

    select
        district_code,
        construction_permit_no,
        {{ project_code_key("project_code") }} as project_code,
        construction_permit_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}
    where
        construction_permit_date <= {{ as_of() }}
        and coalesce(withdrawn_on > {{ as_of() }}, true)

),

acceptances as (

    select
        district_code,
        {{ text_key("construction_permit_no") }} as permit_key,
        actual_completion_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_acceptance__current') }}
    where actual_completion_date <= {{ as_of() }}

),

-- "Has an acceptance" is true from the first one on; a later part acceptance does not move the day.
first_acceptances as (

    select
        district_code,
        permit_key,
        actual_completion_date,
        file_sha256,
        sheet,
        row_number
    from acceptances
    qualify row_number() over (
        partition by district_code, permit_key
        order by actual_completion_date, file_sha256, sheet, row_number
    ) = 1

),

-- One permit number may stand under the codes of two projects: each takes the rows of its own code.
linked as (

    select
        permit_links.project_id,
        permits.district_code,
        {{ text_key("permits.construction_permit_no") }} as permit_key,
        permits.construction_permit_no,
        permits.construction_permit_date,
        permits.file_sha256,
        permits.sheet,
        permits.row_number
    from permit_links
    inner join permits
        on
            permit_links.district_code = permits.district_code
            and permit_links.construction_permit_no = permits.construction_permit_no
            and permit_links.project_code is not distinct from permits.project_code

),

first_rows as (

    select
        project_id,
        district_code,
        permit_key,
        construction_permit_no,
        construction_permit_date,
        file_sha256,
        sheet,
        row_number
    from linked
    qualify row_number() over (
        partition by project_id, permit_key
        order by construction_permit_date, file_sha256, sheet, row_number
    ) = 1

),

final as (

    select
        first_rows.project_id,
        first_rows.construction_permit_no,
        first_rows.construction_permit_date,
        first_acceptances.actual_completion_date as accepted_on,
        first_rows.file_sha256,
        first_rows.sheet,
        first_rows.row_number,
        first_acceptances.file_sha256 as acceptance_file_sha256,
        first_acceptances.sheet as acceptance_sheet,
        first_acceptances.row_number as acceptance_row_number
    from first_rows
    left join first_acceptances
        on
            first_rows.district_code = first_acceptances.district_code
            and first_rows.permit_key = first_acceptances.permit_key

)

select
    project_id,
    construction_permit_no,
    construction_permit_date,
    accepted_on,
    file_sha256,
    sheet,
    row_number,
    acceptance_file_sha256,
    acceptance_sheet,
    acceptance_row_number
from final
